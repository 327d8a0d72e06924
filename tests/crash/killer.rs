//! Ends processes at random moments and at named points, and starts them again.

use std::sync::Mutex;

use crate::checker::Tally;
use crate::crew::{Keys, Shared};
use crate::processes::{Process, Site};
use crate::random::Random;

/// Where the supervisor ends itself.
const SUPERVISOR_POINTS: [&str; 6] = [
    "store.before_commit",
    "store.after_commit",
    "audit.before_append",
    "audit.within_append",
    "audit.after_append",
    "http.before_start_answer",
];

/// Where a sub-agent ends itself.
const WORKER_POINTS: [&str; 7] = [
    "worker.after_claim",
    "worker.after_journal",
    "worker.after_start",
    "worker.before_spawn",
    "worker.after_spawn",
    "worker.after_end",
    "worker.after_finish",
];

pub(crate) const WORKERS: [&str; 2] = ["worker-1", "worker-2"];

/// Commands that each sub-agent may run at once.
const SLOTS: usize = 4;

/// When a process ends.
#[derive(Debug, Clone)]
pub(crate) enum Moment {
    /// After so many answers, wherever it then is.
    AfterAcks(u64),
    /// When it passes a named point for the so-manieth time.
    At(&'static str, u64),
}

/// The ends that each process will come to.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) supervisor: Vec<Moment>,
    pub(crate) workers: [Vec<Moment>; 2],
}

impl Plan {
    /// So many ends: half of them the supervisor's; first each named point once, then points and random moments in turn.
    pub(crate) fn new(crashes: usize, random: &mut Random) -> Self {
        let of_workers = moments(crashes / 2, &WORKER_POINTS, random);
        let supervisor = moments(crashes - of_workers.len(), &SUPERVISOR_POINTS, random);
        let second = of_workers.len() / 2;
        Self { supervisor, workers: [of_workers[second..].to_vec(), of_workers[..second].to_vec()] }
    }

    pub(crate) fn points(&self) -> impl Iterator<Item = String> {
        let all = self.supervisor.iter().chain(self.workers.iter().flatten());
        all.filter_map(|moment| match moment {
            Moment::At(point, _) => Some((*point).to_owned()),
            Moment::AfterAcks(_) => None,
        })
    }
}

fn moments(count: usize, points: &[&'static str], random: &mut Random) -> Vec<Moment> {
    let moment = |index: usize| match index.checked_sub(points.len()) {
        None => Moment::At(points[index], random.between(1, 12)),
        Some(more) if more % 2 == 1 => Moment::At(points[more / 2 % points.len()], random.between(1, 12)),
        Some(_) => Moment::AfterAcks(random.between(1, 60)),
    };
    let mut moments: Vec<Moment> = (0..count).map(moment).collect();
    random.shuffle(&mut moments);
    moments
}

/// What the killers share.
pub(crate) struct Field<'a> {
    pub(crate) site: &'a Site,
    pub(crate) keys: &'a Keys,
    pub(crate) shared: &'a Shared,
    pub(crate) tally: Mutex<Tally>,
}

impl Field<'_> {
    /// Leads the supervisor from one end to the next; the last one lives.
    pub(crate) fn supervisor(&self, moments: &[Moment]) -> Process {
        for moment in moments {
            self.live(self.site.supervisor(arm(moment).as_deref()), moment);
        }
        self.site.ready_supervisor()
    }

    /// Leads a sub-agent from one end to the next; the last one lives.
    pub(crate) fn worker(&self, name: &str, moments: &[Moment]) -> Process {
        let (url, key) = (self.site.url(), &self.keys.worker);
        let start = |crash_at: Option<&str>| self.site.worker_with(name, &url, key, SLOTS, crash_at);
        for moment in moments {
            self.live(start(arm(moment).as_deref()), moment);
        }
        start(None)
    }

    fn live(&self, process: Process, moment: &Moment) {
        match moment {
            Moment::AfterAcks(acks) => {
                self.shared.acks.wait_for_more(*acks);
                process.kill();
            }
            Moment::At(point, _) => {
                process.until_crashed();
                self.tally.lock().unwrap().points.insert((*point).to_owned());
            }
        }
        self.tally.lock().unwrap().kills += 1;
    }
}

fn arm(moment: &Moment) -> Option<String> {
    match moment {
        Moment::At(point, pass) => Some(format!("{point}:{pass}")),
        Moment::AfterAcks(_) => None,
    }
}
