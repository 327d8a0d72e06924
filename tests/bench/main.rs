//! Measures the supervisor from outside, and the reference beside it, in one run: `cargo bench --bench supervisor`.
//!
//! Set `REFERENCE_PYTHON` to a Python that has `hermes-approval-engine==1.0.0` installed to measure the reference, too.
//! These machines are shared and noisy: read the ratios, not the figures.
#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot be made should stop"
)]

mod load;
mod server;

use std::io::Write as _;
use std::time::{Duration, Instant};

use load::{Load, Request};
use server::Server;

const SPAN: Duration = Duration::from_secs(4);
const MANY: usize = 100_000;

fn main() {
    let ours = measure(&Server::ours(), MANY);
    let sync = sync_time();
    println!("\none synced append of 4 KiB on this disk: p50 {} µs", sync.as_micros());
    println!("\n| | hermes | ratio to its hello | budget |\n|---|---|---|---|");
    for (name, figure, budget) in [
        ("hello (GET /health), 64 connections", &ours.hello, ""),
        ("durable create, 1 connection", &ours.create_1, "p50 ≤ 3 synced commits"),
        ("durable create, 16 connections", &ours.create_16, ""),
        ("durable create, 64 connections", &ours.create_64, "≥ 17 %, p99 ≤ 20 ms"),
        ("read by id, 64 connections", &ours.read, "≥ 30 %"),
        ("list of 20 at 100,000 tasks, 1 connection", &ours.list, "p50 ≤ 1 ms"),
    ] {
        println!("| {name} | {figure} | {:.0} % | {budget} |", 100.0 * figure.rate / ours.hello.rate);
    }
    println!("| memory idle | {:.1} MiB | | ≤ 20 MiB |", ours.idle_mib);
    println!("| memory at 100,000 tasks | {:.1} MiB | | ≤ 60 MiB |", ours.full_mib);
    println!("| time to ready | {:.0} ms | | ≤ 100 ms |", ours.ready.as_secs_f64() * 1e3);
    if let Ok(python) = std::env::var("REFERENCE_PYTHON") {
        compare(&ours, &measure(&Server::reference(&python), 5_000));
    }
}

fn compare(ours: &Figures, theirs: &Figures) {
    println!("\n| | reference 1.0.0 | hermes is faster by |\n|---|---|---|");
    for (name, ours, theirs) in [
        ("hello, 64 connections", &ours.hello, &theirs.hello),
        ("create, 1 connection", &ours.create_1, &theirs.create_1),
        ("create, 16 connections", &ours.create_16, &theirs.create_16),
        ("create, 64 connections", &ours.create_64, &theirs.create_64),
        ("read by id, 64 connections", &ours.read, &theirs.read),
        ("list of 20 (reference: at 5,000 tasks)", &ours.list, &theirs.list),
    ] {
        println!("| {name} | {theirs} | {:.1} × |", ours.rate / theirs.rate);
    }
    println!("| memory idle | {:.1} MiB | {:.1} × |", theirs.idle_mib, theirs.idle_mib / ours.idle_mib);
    println!("| memory after | {:.1} MiB | {:.1} × |", theirs.full_mib, theirs.full_mib / ours.full_mib);
    println!(
        "| time to ready | {:.0} ms | {:.0} × |",
        theirs.ready.as_secs_f64() * 1e3,
        theirs.ready.as_secs_f64() / ours.ready.as_secs_f64()
    );
}

struct Figures {
    ready: Duration,
    idle_mib: f64,
    full_mib: f64,
    hello: load::Figure,
    create_1: load::Figure,
    create_16: load::Figure,
    create_64: load::Figure,
    read: load::Figure,
    list: load::Figure,
}

fn measure(recipe: &server::Recipe, many: usize) -> Figures {
    let (server, ready) = Server::start(recipe);
    let load = Load { address: server.address };
    let idle_mib = server.resident_mib();
    let create =
        |n: usize| Request::post("/api/tasks", &format!(r#"{{"command":"echo {n}","description":"benchmark"}}"#));
    let hello = load.run(64, SPAN, &|_| Request::get("/health"));
    let create_1 = load.run(1, SPAN, &create);
    let create_16 = load.run(16, SPAN, &create);
    let create_64 = load.run(64, SPAN, &create);
    let read = load.run(64, SPAN, &|n| Request::get(&format!("/api/tasks/TASK-{:04}", n % 1000 + 1)));
    let made = create_1.count + create_16.count + create_64.count;
    load.run_times(64, many.saturating_sub(made), &create);
    let list = load.run(1, SPAN, &|_| Request::get("/api/tasks?limit=20"));
    let full_mib = server.resident_mib();
    Figures { ready, idle_mib, full_mib, hello, create_1, create_16, create_64, read, list }
}

/// What one durable write costs the disk.
fn sync_time() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(folder.path().join("sync")).unwrap();
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[0; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
