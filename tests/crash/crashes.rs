//! The crash test.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::ScopedJoinHandle;
use std::time::{Instant, SystemTime};

use crate::checker::{Least, Tally, check};
use crate::crew::{self, Keys, Shared};
use crate::evidence::gather;
use crate::killer::{Field, Moment, Plan, WORKERS};
use crate::processes::{Process, Site};
use crate::random::Random;

/// So often processes are killed, unless `HERMES_CRASHES` says otherwise.
const CRASHES: usize = 24;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[test]
fn whatever_is_killed_and_whenever_nothing_runs_twice_and_nothing_answered_is_lost() {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    let seed = number("HERMES_CRASH_SEED").unwrap_or(u64::try_from(now).unwrap());
    let crashes = number("HERMES_CRASHES").map_or(CRASHES, |number| usize::try_from(number).unwrap());
    println!("{crashes} crashes; again with HERMES_CRASH_SEED={seed}");
    let mut random = Random::new(seed);
    let plan = Plan::new(crashes, &mut random);
    let least = Least { kills: crashes, points: plan.points().collect(), completed: crashes, acks: 4 * crashes };

    let site = Site::new();
    let supervisor = site.ready_supervisor();
    let keys = Keys::make(&site);
    supervisor.kill();
    let shared = Arc::<Shared>::default();
    let began = Instant::now();
    let tally = kill_and_recover(&site, &keys, &shared, &plan, &mut random);
    println!("{:.1?} of crashes; refusals: {:?}", began.elapsed(), shared.refusals.lock().unwrap());

    let evidence = gather(&site, shared.acks.take(), tally);
    let faults = check(&evidence, &least);
    let states = evidence.tasks.iter().map(|(task, _)| (task.state, task.outcome));
    let mut ends = std::collections::BTreeMap::new();
    states.for_each(|end| *ends.entry(format!("{end:?}")).or_insert(0) += 1);
    println!(
        "{} answers, {} lines, {} runs, {ends:#?}",
        evidence.acks.len(),
        evidence.lines.len(),
        evidence.runs.len()
    );
    assert!(faults.is_empty(), "{faults:#?}\nseed {seed}, kept in {}", site.keep().display());
    let refusals = shared.refusals.lock().unwrap();
    assert!(!refusals.contains_key("stale_version"), "nobody named a version, yet: {refusals:?}");
}

/// Lets everybody work while processes are killed; returns when all are well again, all tasks are final and all
/// processes have ended in good order.
fn kill_and_recover<'p>(site: &Site, keys: &Keys, shared: &Arc<Shared>, plan: &'p Plan, random: &mut Random) -> Tally {
    let field = Field { site, keys, shared, tally: Mutex::default() };
    let mut random = random.split();
    let (supervisor, workers, crew) = std::thread::scope(|threads| {
        let crew = threads.spawn(|| crew::work(site, keys, shared, &mut random));
        let supervisor = threads.spawn(|| field.supervisor(&plan.supervisor));
        let field = &field;
        let worker = |(name, moments): (_, &'p Vec<Moment>)| threads.spawn(move || field.worker(name, moments));
        let workers: Vec<_> = WORKERS.into_iter().zip(&plan.workers).map(worker).collect();
        let workers: Vec<_> = workers.into_iter().map(ScopedJoinHandle::join).collect();
        let supervisor = supervisor.join();
        // Whatever became of the others, people stop, so that a failure is seen.
        shared.enough.store(true, Ordering::SeqCst);
        (supervisor, workers, crew.join())
    });
    let workers: Vec<Process> = workers.into_iter().map(Result::unwrap).collect();
    let supervisor = supervisor.unwrap();
    crew.unwrap();
    crew::until_all_final(site);
    workers.into_iter().for_each(Process::stop);
    site.until_quiet();
    supervisor.stop();
    field.tally.into_inner().unwrap()
}
