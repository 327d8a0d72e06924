//! Every way in which the network between a sub-agent and the supervisor can fail, and a sub-agent that stands still.

use hermes_core::task::Outcome;
use hermes_core::wire::task::{CreateTask, Decision, DecisionAction, EventView, TaskAnswer, TaskView};
use nix::sys::signal::Signal;

use crate::checker::{Least, Tally, check};
use crate::crew::{self, Keys};
use crate::evidence::gather;
use crate::processes::{Process, ROLE, ROOT_KEY, Site, until};
use crate::proxy::{Proxy, Trouble};

const MARK: &str = "M1";

/// A supervisor, a sub-agent with one slot, the network between them, and one approved task.
struct Scene {
    site: Site,
    keys: Keys,
    proxy: Proxy,
    supervisor: Process,
    worker: Process,
    task: String,
}

/// How it ended.
struct End {
    outcome: Option<Outcome>,
    events: Vec<EventView>,
    runs: usize,
    starts: Vec<u16>,
    finishes: Vec<u16>,
}

impl End {
    fn count(&self, kind: &str) -> usize {
        count(&self.events, kind)
    }
}

fn count(events: &[EventView], kind: &str) -> usize {
    events.iter().filter(|event| event.kind == kind).count()
}

impl Scene {
    /// The troubles are planned before the sub-agent asks for the first time.
    fn set(command: impl FnOnce(&Site) -> String, troubles: &[(&'static str, Trouble)]) -> Self {
        let site = Site::new();
        let supervisor = site.ready_supervisor();
        let keys = Keys::make(&site);
        let proxy = Proxy::start(site.port(), troubles);
        let task = approve(&site, &keys, command(&site));
        let worker = site.worker("worker-1", &proxy.url, &keys.worker);
        Self { site, keys, proxy, supervisor, worker, task }
    }

    fn look(&self) -> TaskView {
        let path = format!("/api/tasks/{}?include=events", self.task);
        actix_web::rt::System::new()
            .block_on(async { self.site.client(ROOT_KEY).get(&path).answer::<TaskAnswer>().await.unwrap().task })
    }

    /// Waits until an event of this kind has happened.
    fn until_event(&self, kind: &str) {
        until(&format!("{kind} does not happen"), || (count(&self.look().events.unwrap(), kind) > 0).then_some(()));
    }

    /// Waits for the end, stops everybody, and holds all that is left against what was promised.
    fn end(self) -> End {
        crew::until_all_final(&self.site);
        self.proxy.until_happened();
        self.proxy.open();
        // What the sub-agent still owes it reports before it ends.
        let TaskView { outcome, .. } = self.look();
        let Self { site, proxy, supervisor, worker, task, .. } = self;
        worker.stop();
        site.until_quiet();
        supervisor.stop();
        let evidence = gather(&site, Vec::new(), Tally::default());
        assert_eq!(check(&evidence, &Least::default()), []);
        let (_, events) = evidence.tasks.iter().find(|(known, _)| known.id.as_str() == task).unwrap();
        let events = events.iter().map(hermes_core::task::Recorded::view).collect();
        let (starts, finishes) = (proxy.statuses("/start"), proxy.statuses("/finish"));
        End { outcome, events, runs: evidence.runs.len(), starts, finishes }
    }
}

/// The id of an approved task.
fn approve(site: &Site, keys: &Keys, command: String) -> String {
    actix_web::rt::System::new().block_on(async {
        let role = Some(ROLE.to_owned());
        let body = CreateTask { command: Some(command), target_executor: role, ..CreateTask::default() };
        let created = site.client(&keys.agent).post("/api/tasks").json(&body).unwrap();
        let task = created.answer::<TaskAnswer>().await.unwrap().task.task_id;
        let body =
            Decision { action: DecisionAction::Approve, reason: None, expected_version: None, command_sha256: None };
        let decided = site.client(&keys.chief).post(&format!("/api/tasks/{task}/decision")).json(&body).unwrap();
        decided.answer::<TaskAnswer>().await.unwrap();
        task
    })
}

fn one_line(site: &Site) -> String {
    site.command(MARK)
}

/// Runs until a file is there.
fn long_one(site: &Site) -> String {
    format!("{}; until [ -e {} ]; do sleep 0.02; done", site.command(MARK), site.home().join("go").display())
}

#[test]
fn a_request_or_answer_that_is_lost_or_doubled_changes_nothing() {
    use Trouble::{Duplicate, LoseAnswer, LoseRequest};
    // Whether a lease ran out before a start, and what the supervisor answered to starts and finishes.
    let table: [(&str, Trouble, usize, &[u16], &[u16]); 9] = [
        ("/claim", LoseRequest, 0, &[200], &[200]),
        ("/claim", LoseAnswer, 1, &[200], &[200]),
        ("/claim", Duplicate, 1, &[200], &[200]),
        ("/start", LoseRequest, 0, &[200], &[200]),
        ("/start", LoseAnswer, 0, &[200, 200], &[200]),
        ("/start", Duplicate, 0, &[200, 200], &[200]),
        ("/finish", LoseRequest, 0, &[200], &[200]),
        ("/finish", LoseAnswer, 0, &[200], &[200, 200]),
        ("/finish", Duplicate, 0, &[200], &[200, 200]),
    ];
    std::thread::scope(|threads| {
        for (path, trouble, released, starts, finishes) in table {
            threads.spawn(move || {
                let end = Scene::set(one_line, &[(path, trouble)]).end();
                let what = format!("{trouble:?} of {path}");
                assert_eq!((end.outcome, end.runs), (Some(Outcome::Completed), 1), "{what}");
                assert_eq!((end.starts.as_slice(), end.finishes.as_slice()), (starts, finishes), "{what}");
                assert_eq!(end.count("lease_released"), released, "{what}");
                assert_eq!(
                    (end.count("started"), end.count("finished"), end.count("late_result")),
                    (1, 1, 0),
                    "{what}"
                );
            });
        }
    });
}

#[test]
fn a_grant_that_arrives_after_its_lease_is_not_followed() {
    let scene = Scene::set(one_line, &[("/claim", Trouble::HoldAnswer)]);
    scene.until_event("lease_released");
    scene.proxy.open();
    let end = scene.end();
    assert_eq!((end.outcome, end.runs), (Some(Outcome::Completed), 1));
    assert_eq!(end.starts, [409, 200]);
}

#[test]
fn an_acknowledgement_that_does_not_arrive_in_time_starts_nothing() {
    let scene = Scene::set(one_line, &[("/start", Trouble::HoldAnswer)]);
    scene.until_event("finished");
    let end = scene.end();
    assert_eq!((end.outcome, end.runs), (Some(Outcome::NotRun), 0));
    assert_eq!((end.count("leased"), end.count("started"), end.count("finished")), (1, 1, 1));
}

#[test]
fn the_answer_to_a_report_may_take_longer_than_a_lease() {
    let scene = Scene::set(one_line, &[("/finish", Trouble::HoldAnswer)]);
    scene.proxy.until_happened();
    let beats = || scene.proxy.statuses("/heartbeat").len();
    let before = beats();
    until("no heartbeats", || (beats() > before + 3).then_some(()));
    let end = scene.end();
    assert_eq!((end.outcome, end.runs), (Some(Outcome::Completed), 1));
    assert_eq!((end.finishes.as_slice(), end.count("late_result")), ([200].as_slice(), 0));
}

#[test]
fn who_sleeps_through_his_acknowledgement_does_not_run_when_he_wakes() {
    let scene = Scene::set(one_line, &[("/start", Trouble::HoldAnswer)]);
    scene.proxy.until_happened();
    scene.worker.signal(Signal::SIGSTOP);
    scene.until_event("finished");
    scene.proxy.open();
    scene.worker.signal(Signal::SIGCONT);
    scene.until_event("late_result");
    let end = scene.end();
    assert_eq!((end.outcome, end.runs), (Some(Outcome::OutcomeUnknown), 0));
    let late = end.events.iter().find(|event| event.kind == "late_result").unwrap();
    assert_eq!(late.data["result"]["exit_code"], serde_json::Value::Null, "{late:?}");
}

#[test]
fn who_sleeps_through_his_lease_does_not_run_what_another_has_run() {
    let scene = Scene::set(one_line, &[("/claim", Trouble::HoldAnswer)]);
    scene.proxy.until_happened();
    scene.worker.signal(Signal::SIGSTOP);
    let other = scene.site.worker("worker-2", &scene.site.url(), &scene.keys.worker);
    scene.until_event("finished");
    other.stop();
    scene.proxy.open();
    scene.worker.signal(Signal::SIGCONT);
    until("the sleeper does not ask", || (!scene.proxy.statuses("/start").is_empty()).then_some(()));
    let end = scene.end();
    assert_eq!((end.outcome, end.runs), (Some(Outcome::Completed), 1));
    assert_eq!((end.starts.as_slice(), end.count("leased")), ([409].as_slice(), 2));
}

#[test]
fn a_command_runs_on_while_its_sub_agent_sleeps_and_its_result_comes_late() {
    let scene = Scene::set(long_one, &[]);
    until("it does not run", || (!scene.site.runs().is_empty()).then_some(()));
    scene.worker.signal(Signal::SIGSTOP);
    scene.until_event("finished");
    let beats = || scene.proxy.statuses("/heartbeat").len();
    let before = beats();
    scene.worker.signal(Signal::SIGCONT);
    // The sub-agent hears that its lease is lost; it was not told to end what runs then.
    until("no heartbeats", || (beats() > before + 1).then_some(()));
    std::fs::write(scene.site.home().join("go"), "").unwrap();
    scene.until_event("late_result");
    let end = scene.end();
    assert_eq!((end.outcome, end.runs), (Some(Outcome::OutcomeUnknown), 1));
    let late = end.events.iter().find(|event| event.kind == "late_result").unwrap();
    assert_eq!(late.data["result"]["exit_code"], 0, "{late:?}");
    assert_eq!((end.count("leased"), end.count("started")), (1, 1));
}
