//! A small history in which all is well, and one fault at a time planted in it.

use hermes_core::access::{Actor, Principal, Via};
use hermes_core::id::LeaseId;
use hermes_core::policy::Policy;
use hermes_core::risk::Assessment;
use hermes_core::task::{Action, Ballot, Command, Submission, Terms, decide};
use hermes_core::time::{Millis, Timestamp};
use hermes_core::wire::work::Finish;

use super::*;

fn terms() -> Terms {
    Terms {
        policy: Policy { auto_dispatch: true, ..Policy::default() },
        fallback_assignee: "ops".to_owned(),
        execution_timeout: Millis(1000),
        execution_grace: Millis(1000),
    }
}

/// Tasks in the making.
#[derive(Default)]
struct Workshop {
    evidence: Option<Evidence>,
    now: i64,
}

impl Workshop {
    fn evidence(&mut self) -> &mut Evidence {
        self.evidence.get_or_insert_with(|| Evidence {
            runs: Vec::new(),
            acks: Vec::new(),
            tasks: Vec::new(),
            lines: Vec::new(),
            file: Vec::new(),
            tally: Tally { kills: 2, points: ["a.b".to_owned()].into() },
        })
    }

    fn write(&mut self, entry: &Entry) {
        let evidence = self.evidence();
        let (seq, prev) = evidence.lines.last().map_or((Seq(0), Digest([0; 32])), |line| (line.seq, line.leaf));
        let line = entry.line(seq.next(), &prev, redact::mask);
        evidence.file.extend([line.text.as_bytes(), b"\n"].concat());
        evidence.lines.push(Line { seq: seq.next(), leaf: line.leaf, text: line.text });
    }

    fn create(&mut self, id: &str, mark: &str) -> usize {
        self.now += 1;
        let submission = Submission {
            command: format!("echo {mark} >> runs.log"),
            description: String::new(),
            source_ip: String::new(),
            operator_name: String::new(),
            source_agent: String::new(),
            target_executor: String::new(),
            submitter_open_id: String::new(),
            approval_id: String::new(),
            task_id: None,
            risk_level: None,
            risk_labels: Vec::new(),
            rerun_of: None,
        };
        let event = Event::Created {
            task_id: TaskId::parse(id).unwrap(),
            submission: Box::new(submission),
            peer_ip: String::new(),
            risk: Assessment::default(),
            deadlines: hermes_core::task::Deadlines::default(),
        };
        let by = Actor::key("agent");
        let first = Recorded { version: Version(1), at: Timestamp(self.now), by, via: Via::Api, event };
        let task = create(&first).unwrap();
        self.write(&audit_entry(None, &task, &first));
        self.ack(id, &["created"], Some(Version(1)), Some(mark));
        self.evidence().tasks.push((task, vec![first]));
        self.evidence().tasks.len() - 1
    }

    fn carry(&mut self, index: usize, action: Action) {
        self.carry_as(index, action, "root");
    }

    fn carry_as(&mut self, index: usize, action: Action, key: &str) {
        self.now += 1;
        let now = Timestamp(self.now);
        let by = Principal { actor: Actor::key(key), ..Principal::root() };
        let command = Command { by, via: Via::Api, now, expected_version: None, action };
        let (mut task, mut events) = self.evidence().tasks[index].clone();
        for event in decide(&task, &command, &terms()).unwrap() {
            let by = command.by.actor.clone();
            let recorded = Recorded { version: task.version.next(), at: now, by, via: Via::Api, event };
            let before = task.state;
            task = evolve(task, &recorded);
            self.write(&audit_entry(Some(before), &task, &recorded));
            events.push(recorded);
        }
        self.evidence().tasks[index] = (task, events);
    }

    fn ack(&mut self, task: &str, kinds: &'static [&'static str], version: Option<Version>, mark: Option<&str>) {
        let (task, mark) = (task.to_owned(), mark.map(str::to_owned));
        self.evidence().acks.push(Ack { task, kinds, fence: None, version, mark });
    }

    /// Approved, leased, started; its lease.
    fn start(&mut self, index: usize) -> LeaseId {
        self.carry(index, Action::Approve(Ballot::default()));
        self.carry(index, Action::Lease { worker: "w1".to_owned(), secret: [7; 16] });
        let task = self.evidence().tasks[index].0.clone();
        let lease = task.lease.unwrap().id;
        let start = Action::Start {
            lease: lease.clone(),
            fence: task.fence,
            revision: task.revision,
            command_sha256: task.command_sha256,
            timeout: Millis(1000),
        };
        self.carry(index, start);
        lease
    }

    fn finish(&mut self, index: usize, lease: LeaseId, report: Finish) {
        let report = Finish { worker: "w1".to_owned(), fence: Fence(1), ..report };
        self.carry(index, Action::Finish { lease, report, log: String::new() });
    }
}

/// One that ran, one that was refused, one that was changed and ran, one that was started and not run.
fn all_is_well() -> Evidence {
    let mut workshop = Workshop::default();
    let ran = workshop.create("ran", "M1");
    let lease = workshop.start(ran);
    workshop.ack("ran", &["approved"], Some(Version(4)), None);
    workshop.finish(ran, lease, Finish { exit_code: Some(0), ..Finish::default() });
    workshop.ack("ran", &["finished", "late_result"], None, None);
    let refused = workshop.create("refused", "M2");
    workshop.carry(refused, Action::Reject(Ballot { reason: "no".to_owned(), command_sha256: None }));
    let changed = workshop.create("changed", "M3");
    workshop.carry(changed, Action::RequestChange(Ballot { reason: "no".to_owned(), command_sha256: None }));
    let command = "echo M4 >> runs.log".to_owned();
    let revised = Action::Resubmit { command, description: None, risk: Assessment::default() };
    // The submitter revises; whoever revises does not decide.
    workshop.carry_as(changed, revised, "agent");
    let lease = workshop.start(changed);
    workshop.finish(changed, lease, Finish { exit_code: Some(0), ..Finish::default() });
    let idle = workshop.create("idle", "M5");
    let lease = workshop.start(idle);
    workshop.finish(idle, lease, Finish { not_run: Some("late_start".to_owned()), ..Finish::default() });
    workshop.evidence().runs = ["M1", "M4"].map(str::to_owned).into();
    workshop.evidence.unwrap()
}

fn least() -> Least {
    Least { kills: 2, points: ["a.b".to_owned()].into(), completed: 2, acks: 4 }
}

fn names(evidence: &Evidence) -> BTreeSet<Wrong> {
    check(evidence, &least()).into_iter().map(|fault| fault.what).collect()
}

#[test]
fn nothing_is_wrong_where_all_is_well() {
    assert_eq!(check(&all_is_well(), &least()), []);
}

/// Plants a fault; the file follows the lines if it is said so.
type Plant = fn(&mut Evidence);

fn rewrite_file(evidence: &mut Evidence) {
    evidence.file = evidence.lines.iter().flat_map(|line| [line.text.as_bytes(), b"\n"].concat()).collect();
}

fn task<'a>(evidence: &'a mut Evidence, id: &str) -> &'a mut (Task, Vec<Recorded>) {
    evidence.tasks.iter_mut().find(|(task, _)| task.id.as_str() == id).unwrap()
}

#[test]
fn every_planted_fault_is_found_by_its_name() {
    let planted: &[(&str, Plant, &[Wrong])] = &[
        ("a second run", |e| e.runs.push("M1".to_owned()), &[Wrong::RanTwice]),
        ("a run of nothing", |e| e.runs.push("M9".to_owned()), &[Wrong::RanUnknown]),
        ("a torn run", |e| e.runs[0] = "M".to_owned(), &[Wrong::RanUnknown, Wrong::CompletedWithoutRun]),
        (
            "a run of what was refused",
            |e| e.runs.push("M2".to_owned()),
            &[Wrong::RanUnapproved, Wrong::RanWithoutStart, Wrong::RanThoughNot],
        ),
        (
            "a run of the revision before the approved one",
            |e| e.runs.push("M3".to_owned()),
            &[Wrong::RanUnapproved, Wrong::RanWithoutStart],
        ),
        ("a run of what was reported as not run", |e| e.runs.push("M5".to_owned()), &[Wrong::RanThoughNot]),
        (
            "a run without its start",
            |e| task(e, "ran").1.retain(|recorded| recorded.event.kind() != "started"),
            &[Wrong::RanWithoutStart, Wrong::NotItsHistory, Wrong::LineWithoutEvent],
        ),
        ("completed without a run", |e| drop(e.runs.remove(0)), &[Wrong::CompletedWithoutRun]),
        ("no run at all", |e| e.runs.clear(), &[Wrong::CompletedWithoutRun]),
        ("an answered create is gone", |e| e.acks[0].task = "gone".to_owned(), &[Wrong::LostWrite]),
        ("an answered create with another command", |e| e.acks[0].mark = Some("M8".to_owned()), &[Wrong::LostWrite]),
        ("an answered decision came later than said", |e| e.acks[1].version = Some(Version(2)), &[Wrong::LostWrite]),
        ("an answered end under another lease", |e| e.acks[2].fence = Some(Fence(2)), &[Wrong::LostWrite]),
        (
            "a task with all its events is gone",
            |e| drop(e.tasks.remove(0)),
            &[Wrong::RanUnknown, Wrong::LostWrite, Wrong::LineWithoutEvent, Wrong::TooFewCompleted],
        ),
        (
            "one submission made two tasks",
            |e| {
                let (mut twin, mut events) = e.tasks[0].clone();
                twin.id = TaskId::parse("twin").unwrap();
                if let Event::Created { task_id, .. } = &mut events[0].event {
                    *task_id = twin.id.clone();
                }
                e.tasks.push((twin, events));
            },
            &[Wrong::SubmittedTwice, Wrong::EventWithoutLine],
        ),
        (
            "a task is stuck",
            |e| {
                let (task, events) = task(e, "refused");
                events.truncate(1);
                *task = replay(events).unwrap();
            },
            &[Wrong::Stuck, Wrong::LineWithoutEvent],
        ),
        (
            "a row is not its history",
            |e| task(e, "ran").0.execution_log = "changed".to_owned(),
            &[Wrong::NotItsHistory],
        ),
        (
            "a row is behind its history",
            |e| {
                let (task, events) = task(e, "refused");
                *task = replay(&events[..1]).unwrap();
            },
            &[Wrong::Stuck, Wrong::NotItsHistory],
        ),
        (
            "the last line is missing everywhere",
            |e| {
                e.lines.pop();
                rewrite_file(e);
            },
            &[Wrong::EventWithoutLine],
        ),
        (
            "a line in the middle is missing everywhere",
            |e| {
                e.lines.remove(2);
                rewrite_file(e);
            },
            &[Wrong::EventWithoutLine, Wrong::ChainBroken],
        ),
        (
            "the last line is missing in the file",
            |e| {
                let last = e.lines.pop().unwrap();
                rewrite_file(e);
                e.lines.push(last);
            },
            &[Wrong::FileNotDatabase, Wrong::ChainBroken],
        ),
        (
            "a line is in the file twice",
            |e| {
                let line = [e.lines.last().unwrap().text.as_bytes(), b"\n"].concat();
                e.file.extend(line);
            },
            &[Wrong::FileNotDatabase, Wrong::ChainBroken],
        ),
        (
            "a line is everywhere twice",
            |e| {
                let last = e.lines.last().unwrap().clone();
                e.lines.push(last);
                rewrite_file(e);
            },
            &[Wrong::LineWithoutEvent, Wrong::ChainBroken],
        ),
        (
            "a byte of the file is another",
            |e| {
                let middle = e.file.len() / 2;
                e.file[middle] ^= 1;
            },
            &[Wrong::FileNotDatabase, Wrong::ChainBroken],
        ),
        ("the file has a torn tail", |e| e.file.extend(b"{\"v\":1"), &[Wrong::FileNotDatabase, Wrong::ChainBroken]),
        ("the file is empty", |e| e.file.clear(), &[Wrong::FileNotDatabase, Wrong::ChainBroken]),
        (
            "a line says something else than its event, and the chain is made to fit",
            |e| {
                let last = e.lines.last_mut().unwrap();
                last.text = last.text.replace("late_start", "late_stars");
                last.leaf = hermes_core::audit::leaf(last.text.as_bytes());
                rewrite_file(e);
            },
            &[Wrong::LineNotItsEvent],
        ),
        (
            "nothing happened",
            |e| {
                let tally = Tally { kills: 2, points: ["a.b".to_owned()].into() };
                *e = Workshop::default().evidence().clone();
                e.tally = tally;
            },
            &[Wrong::TooFewCompleted, Wrong::TooFewAnswers],
        ),
        ("nobody was killed", |e| e.tally.kills = 1, &[Wrong::TooFewKills]),
        ("a point was never passed", |e| e.tally.points.clear(), &[Wrong::PointNotPassed]),
        ("nothing was answered", |e| e.acks.clear(), &[Wrong::TooFewAnswers]),
    ];
    for (name, plant, wrong) in planted {
        let mut evidence = all_is_well();
        plant(&mut evidence);
        assert_eq!(names(&evidence), wrong.iter().copied().collect(), "{name}");
    }
    let kinds: BTreeSet<_> = planted.iter().flat_map(|(_, _, wrong)| wrong.iter().copied()).collect();
    assert_eq!(kinds.len(), Wrong::TooFewAnswers as usize + 1, "a kind of fault was never planted");
}
