//! Ends and beginnings: a stop in good order, a stop that is cut short, a first start that is cut short.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hermes_actors::audit::AuditActor;
use nix::sys::signal::Signal;

use crate::checker::{Least, Tally, check};
use crate::crew::{self, Keys, Shared};
use crate::evidence::{gather, lines};
use crate::killer::WORKERS;
use crate::processes::{Process, ROOT_KEY, Site, until};
use crate::random::Random;

/// So much is answered before the supervisor is stopped.
const ACKS: u64 = 60;

/// Lets everybody work, has the supervisor stopped in between, starts another, and checks what is left in the end.
fn stop_amid_work(stop: impl FnOnce(&Site, Process) + Send) {
    let site = Site::new();
    let supervisor = site.ready_supervisor();
    let keys = Keys::make(&site);
    let shared = Arc::<Shared>::default();
    let mut random = Random::new(1);
    let worker = site.worker_with(WORKERS[0], &site.url(), &keys.worker, 4, None);
    let supervisor = std::thread::scope(|threads| {
        let crew = threads.spawn(|| crew::work(&site, &keys, &shared, &mut random));
        let restarted = threads.spawn(|| {
            shared.acks.wait_for_more(ACKS);
            stop(&site, supervisor);
            let supervisor = site.ready_supervisor();
            shared.acks.wait_for_more(ACKS);
            supervisor
        });
        let supervisor = restarted.join();
        shared.enough.store(true, Ordering::SeqCst);
        crew.join().unwrap();
        supervisor.unwrap()
    });
    crew::until_all_final(&site);
    worker.stop();
    supervisor.stop();
    let evidence = gather(&site, shared.acks.take(), Tally::default());
    let least = Least { completed: 20, acks: 2 * usize::try_from(ACKS).unwrap(), ..Least::default() };
    assert_eq!(check(&evidence, &least), []);
}

#[test]
fn a_stop_in_good_order_leaves_every_line_in_the_file() {
    stop_amid_work(|site, supervisor| {
        supervisor.stop();
        let stored: String = lines(site).into_iter().map(|line| line.text + "\n").collect();
        assert_eq!(std::fs::read_to_string(AuditActor::path(&site.home())).unwrap(), stored);
        assert!(stored.lines().last().unwrap().contains("engine.stopped"), "{:?}", stored.lines().last());
        assert!(!site.home().join("data/server.url").exists());
    });
}

#[test]
fn a_second_signal_ends_at_once_and_is_as_safe_as_a_kill() {
    stop_amid_work(|site, mut supervisor| {
        // A body that does not come holds the first stop up.
        let mut slow = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
        let head = format!(
            "POST /api/tasks HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ROOT_KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        );
        slow.write_all(head.as_bytes()).unwrap();
        supervisor.signal(Signal::SIGTERM);
        until("the first signal is not heard", || supervisor.has_said("stopping").then_some(()));
        assert!(supervisor.ended().is_none());
        supervisor.signal(Signal::SIGTERM);
        let status = supervisor.until_ended();
        assert_eq!((status.code(), status.signal()), (Some(130), None), "{}", supervisor.last_words());
    });
}

#[test]
fn a_first_start_that_breaks_off_anywhere_can_be_made_again() {
    let points = ["grant.before_rename", "store.before_commit", "store.after_commit"];
    let points = points.into_iter().chain(["audit.before_append", "audit.within_append", "audit.after_append"]);
    for point in points {
        let site = Site::new();
        site.supervisor(Some(point)).until_crashed();
        site.ready_supervisor().stop();
        assert_eq!(check(&gather(&site, Vec::new(), Tally::default()), &Least::default()), [], "{point}");
    }
    // And as soon as each of its files is there.
    for file in ["data", "data/hermes.lock", "data/hermes.db", "data/hermes.reserve", "audit", "grant.key"] {
        let site = Site::new();
        let supervisor = site.supervisor(None);
        until(&format!("{file} is not made"), || site.home().join(file).exists().then_some(()));
        supervisor.kill();
        site.ready_supervisor().stop();
        assert_eq!(check(&gather(&site, Vec::new(), Tally::default()), &Least::default()), [], "{file}");
    }
}
