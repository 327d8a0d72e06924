use super::*;
use crate::access::{Actor, Principal, Role, Via, WorkScope};
use crate::id::{Digest, Fence, Revision, TaskId, Version};
use crate::policy::Policy;
use crate::risk::{Assessment, Level};
use crate::time::{Millis, Timestamp};
use crate::wire::work::Finish;

const NOW: Timestamp = Timestamp(1_767_268_800_000_000);

fn terms() -> Terms {
    Terms {
        policy: Policy::default(),
        fallback_assignee: "it-ops-worker".to_owned(),
        execution_timeout: Millis::from_secs(600),
        execution_grace: Millis::from_secs(60),
    }
}

fn somebody(name: &str, roles: &[Role]) -> Principal {
    let work = if roles.contains(&Role::Worker) { WorkScope::Any } else { WorkScope::Nothing };
    Principal { actor: Actor::key(name), roles: roles.iter().copied().collect(), work }
}

fn command(by: &Principal, action: Action) -> Command {
    Command { by: by.clone(), via: Via::Api, now: NOW, expected_version: None, action }
}

fn created(submission: Submission) -> Recorded {
    let event = Event::Created {
        task_id: TaskId::parse("TASK-1").unwrap(),
        submission: Box::new(submission),
        peer_ip: "10.0.0.9".to_owned(),
        risk: Assessment::default(),
        deadlines: terms().policy.waiting(Level::Low, NOW),
    };
    Recorded { version: Version(1), at: NOW, by: Actor::key("mei"), via: Via::Api, event }
}

fn submitted() -> Task {
    create(&created(Submission { command: "uptime".to_owned(), ..Submission::default() })).unwrap()
}

/// The task after an action that is carried out, and what happened.
fn after(task: Task, by: &Principal, action: Action) -> (Task, Vec<Event>) {
    let command = command(by, action);
    let events = decide(&task, &command, &terms()).unwrap();
    let task = events.iter().fold(task, |task, event| {
        let (by, event) = (command.by.actor.clone(), event.clone());
        evolve(task.clone(), &Recorded { version: task.version.next(), at: NOW, by, via: Via::Api, event })
    });
    (task, events)
}

fn approved(task: Task) -> Task {
    after(task, &somebody("li", &[Role::Approver]), Action::Approve(Ballot::default())).0
}

fn leased() -> (Task, Principal) {
    let worker = somebody("w", &[Role::Worker]);
    let lease = Action::Lease { worker: "w".to_owned(), secret: [7; 16] };
    (after(approved(submitted()), &worker, lease).0, worker)
}

fn start(task: &Task, timeout: Millis) -> Action {
    let lease = task.lease.as_ref().unwrap();
    let (revision, command_sha256) = (task.revision, task.command_sha256);
    Action::Start { lease: lease.id.clone(), fence: lease.fence, revision, command_sha256, timeout }
}

fn finished(exit_code: i32) -> Task {
    let (task, worker) = leased();
    let start = start(&task, Millis::from_secs(1));
    let (task, _) = after(task, &worker, start);
    let lease = task.lease.clone().unwrap();
    let report = Finish { fence: lease.fence, exit_code: Some(exit_code), ..Finish::default() };
    after(task, &worker, Action::Finish { lease: lease.id, report, log: "out".to_owned() }).0
}

#[test]
fn there_are_twelve_steps_and_no_way_out_of_an_end() {
    let mut legal = 0;
    for from in State::ALL {
        assert_eq!(State::parse(from.as_str()), Some(from));
        for to in State::ALL {
            legal += usize::from(from.may_become(to));
            assert!(!(from.is_final() && from.may_become(to)), "{from} to {to}");
            assert!(!(from == to && from.may_become(to)), "{from} to itself");
        }
    }
    assert_eq!(legal, 12);
    assert_eq!(State::parse("PENDING"), None);
}

#[test]
fn a_history_with_a_gap_is_corrupt() {
    let first = created(Submission { command: "uptime".to_owned(), ..Submission::default() });
    let note = |version| Recorded {
        version: Version(version),
        event: Event::Noted { remark: "n".to_owned() },
        ..first.clone()
    };
    assert_eq!(replay(&[first.clone(), note(2), note(3)]).unwrap().version, Version(3));
    for (history, breaks_at) in [
        (vec![], 1),
        (vec![note(1)], 1),
        (vec![Recorded { version: Version(2), ..first.clone() }], 1),
        (vec![first.clone(), note(3)], 3),
        (vec![first.clone(), note(2), note(2)], 2),
    ] {
        assert_eq!(replay(&history), Err(Corrupt(Version(breaks_at))));
    }
}

#[test]
fn what_no_task_may_carry_is_refused_by_its_field() {
    let good = Submission { command: "uptime".to_owned(), ..Submission::default() };
    assert_eq!(good.check(), Ok(()));
    assert_eq!(Submission { command: "x".repeat(COMMAND_LIMIT), ..good.clone() }.check(), Ok(()));
    for (field, bad) in [
        ("command", Submission { command: " \n".to_owned(), ..good.clone() }),
        ("command", Submission { command: "x".repeat(COMMAND_LIMIT + 1), ..good.clone() }),
        ("command", Submission { command: "echo \0".to_owned(), ..good.clone() }),
        ("description", Submission { description: "x".repeat(16 * 1024 + 1), ..good.clone() }),
        ("source_ip", Submission { source_ip: "1".repeat(257), ..good.clone() }),
        ("approval_id", Submission { approval_id: "\0".to_owned(), ..good.clone() }),
        ("risk_labels", Submission { risk_labels: vec!["l".to_owned(); 17], ..good.clone() }),
        ("risk_labels", Submission { risk_labels: vec!["l".repeat(65)], ..good.clone() }),
    ] {
        assert_eq!(bad.check().unwrap_err().field(), Some(field));
        assert_ne!(bad.digest(), good.digest());
    }
}

#[test]
fn a_task_goes_where_its_submitter_says_else_to_the_fallback() {
    for (target, assignee) in [("", "it-ops-worker"), ("finance-worker", "finance-worker")] {
        let submission =
            Submission { command: "uptime".to_owned(), target_executor: target.to_owned(), ..Submission::default() };
        let task = approved(create(&created(submission)).unwrap());
        assert_eq!(task.ready_for(), Some(assignee));
        let to = Action::Dispatch { assignee: Some("life-assistant".to_owned()) };
        let (task, _) = after(task, &somebody("li", &[Role::Approver]), to.clone());
        assert_eq!(task.ready_for(), Some("life-assistant"), "a person may choose otherwise, once");
        let again = decide(&task, &command(&somebody("li", &[Role::Approver]), to), &terms()).unwrap_err();
        assert_eq!(again, Refusal::AlreadyDispatched { assignee: "life-assistant".to_owned() });
    }
}

#[test]
fn a_run_has_the_shorter_of_the_two_times() {
    for (asked, seconds) in [(10, 70), (600, 660), (9999, 660)] {
        let (task, worker) = leased();
        let start = start(&task, Millis::from_secs(asked));
        let (task, _) = after(task, &worker, start);
        assert_eq!(task.deadlines.finish_by, Some(NOW.plus(Millis::from_secs(seconds))));
    }
}

#[test]
fn a_result_is_judged_by_what_was_expected() {
    let judge = somebody("audit", &[Role::Auditor]);
    let expect = |exit_code, contains: Option<&str>, regex: Option<&str>| Expectation {
        exit_code,
        stdout_contains: contains.map(str::to_owned),
        stdout_regex: regex.map(str::to_owned),
    };
    for (expect, verdict, says) in [
        (expect(Some(0), Some("up 3"), Some("^up \\d+ days$")), Verdict::Pass, "checked"),
        (expect(Some(1), None, None), Verdict::Fail, "checked; exit code 1 expected, 0 found"),
        (expect(None, Some("UP"), None), Verdict::Fail, "checked; standard output does not contain the text"),
        (expect(None, None, Some("^down")), Verdict::Fail, "checked; standard output does not match the pattern"),
    ] {
        let (note, stdout) = ("checked".to_owned(), "up 3 days".to_owned());
        // What the judge says himself does not count against what was expected.
        let action = Action::Verify { verdict: Some(Verdict::Pass), note, expect: Some(expect), stdout };
        let (_, events) = after(finished(0), &judge, action);
        assert_eq!(events, [Event::Verified { verdict, note: says.to_owned() }]);
    }
    let verify = |verdict, expect| Action::Verify { verdict, note: String::new(), expect, stdout: String::new() };
    let bad = verify(None, Some(expect(None, None, Some("("))));
    for (action, field) in [(bad, "expect.stdout_regex"), (verify(None, None), "verdict")] {
        let refusal = decide(&finished(0), &command(&judge, action), &terms()).unwrap_err();
        assert_eq!(refusal.field(), Some(field));
    }
}

#[test]
fn the_time_line_names_each_command_by_its_exact_bytes() {
    let command = "deploy --token abcdef0123456789";
    let event = created(Submission { command: command.to_owned(), ..Submission::default() }).view();
    let digest = serde_json::json!(Digest::of(command.as_bytes()).hex());
    assert_eq!((&event.data["revision"], &event.data["command_sha256"]), (&serde_json::json!(1), &digest));
    assert_eq!(event.data["submission"]["command"], serde_json::json!("deploy --token ***"));
    let resubmitted = Event::Resubmitted {
        revision: Revision(3),
        command: command.to_owned(),
        description: String::new(),
        risk: Assessment::default(),
        deadlines: Deadlines::default(),
    };
    let event = Recorded { event: resubmitted, ..created(Submission::default()) }.view();
    assert_eq!((&event.data["revision"], &event.data["command_sha256"]), (&serde_json::json!(3), &digest));
}

#[test]
fn nobody_sees_the_secret_of_a_lease() {
    let (task, worker) = leased();
    let secret = "07".repeat(16);
    let lease = task.lease.clone().unwrap();
    assert!(lease.id.as_str().contains(&secret));
    let event = Event::Leased { lease, attempt: 1 };
    let recorded = Recorded { version: task.version, at: NOW, by: worker.actor, via: Via::Work, event };
    let line = audit_entry(Some(State::Approved), &task, &recorded);
    for shown in [
        serde_json::to_string(&task.view()).unwrap(),
        serde_json::to_string(&recorded.view()).unwrap(),
        line.line(crate::id::Seq(1), &Digest([0; 32]), crate::redact::mask).text,
    ] {
        assert!(!shown.contains(&secret), "{shown}");
    }
}

#[test]
fn a_submitter_sees_his_own_tasks_only() {
    let task = submitted();
    for (who, sees) in [
        (somebody("mei", &[Role::Submitter]), true),
        (somebody("other", &[Role::Submitter]), false),
        (somebody("other", &[]), false),
        (somebody("li", &[Role::Approver]), true),
        (somebody("boss", &[Role::Admin]), true),
        (somebody("audit", &[Role::Auditor]), true),
        (somebody("w", &[Role::Worker]), true),
    ] {
        assert_eq!(task.is_visible_to(&who), sees, "{who:?}");
    }
}

#[test]
fn a_refusal_says_what_a_person_can_do_about_it() {
    let li = somebody("li", &[Role::Approver]);
    let refused = |task: &Task, by: &Principal, action: Action| {
        decide(task, &command(by, action), &terms()).unwrap_err().to_string()
    };
    let approve = || Action::Approve(Ballot::default());
    for (says, shown) in [
        ("cannot approve this task: it is approved (decided by li)", refused(&approved(submitted()), &li, approve())),
        ("this needs the role approver", refused(&submitted(), &somebody("w", &[Role::Worker]), approve())),
        (
            "mei submitted this task and cannot decide on it; another person has to (or the policy file sets \
             allow_self_approval = true)",
            refused(&submitted(), &somebody("mei", &[Role::Admin]), approve()),
        ),
        (
            "reason: say why, so that the submitter can act on it",
            refused(&submitted(), &li, Action::Reject(Ballot::default())),
        ),
        (
            "only the submitter of a task can do this",
            refused(&submitted(), &somebody("other", &[Role::Submitter]), Action::Withdraw { reason: String::new() }),
        ),
    ] {
        assert_eq!(shown, says);
    }
    let escalated = after(submitted(), &li, Action::Escalate(Ballot::default())).0;
    let why = Ballot { reason: "another".to_owned(), command_sha256: None };
    let to_change = after(submitted(), &li, Action::RequestChange(why)).0;
    let mei = somebody("mei", &[Role::Submitter]);
    let withdrawn = after(submitted(), &mei, Action::Withdraw { reason: String::new() }).0;
    for (says, shown) in [
        (
            "cannot escalate this task: it waits for an administrator already",
            refused(&escalated, &li, Action::Escalate(Ballot::default())),
        ),
        ("cannot approve this task: it waits for its submitter to resubmit", refused(&to_change, &li, approve())),
        ("cannot approve this task: it was withdrawn (decided by mei)", refused(&withdrawn, &li, approve())),
    ] {
        assert_eq!(shown, says);
    }
    let stale = Command { expected_version: Some(Version(9)), ..command(&li, approve()) };
    assert_eq!(
        decide(&submitted(), &stale, &terms()).unwrap_err().to_string(),
        "the task has changed: you looked at version 9, it is at version 1; read it again"
    );
}

#[test]
fn a_persons_report_is_kept_with_its_texts() {
    let report = Report {
        status: Some(State::Done),
        remark: "the sub-agent is away".to_owned(),
        execution_log: "done by hand".to_owned(),
        execution_result: Some(serde_json::json!({"rows": 3})),
    };
    let (task, _) = after(approved(submitted()), &somebody("li", &[Role::Approver]), Action::Report(report));
    assert_eq!((task.state, task.execution_log.as_str()), (State::Done, "done by hand"));
    assert_eq!(task.remark, "the sub-agent is away");
    assert_eq!(task.result.unwrap().extra, Some(serde_json::json!({"rows": 3})));
    assert_eq!((task.revision, task.fence), (Revision(1), Fence(0)));
}

#[test]
fn what_was_declared_of_the_risk_counts_for_the_next_command_too() {
    let declared = Submission {
        command: "uptime".to_owned(),
        risk_level: Some(Level::Medium),
        risk_labels: vec!["prod".to_owned(), "token=abcdef0123456789".to_owned()],
        ..Submission::default()
    };
    let resubmitted = |level| {
        let task = create(&created(declared.clone())).unwrap();
        let change = Ballot { reason: "another".to_owned(), command_sha256: None };
        let (task, _) = after(task, &somebody("li", &[Role::Approver]), Action::RequestChange(change));
        let risk = Assessment { level, ..Assessment::default() };
        let resubmit = Action::Resubmit { command: "date".to_owned(), description: None, risk };
        after(task, &somebody("mei", &[Role::Submitter]), resubmit).0
    };
    for (found, graded) in [(Level::Low, Level::Medium), (Level::Medium, Level::Medium), (Level::High, Level::High)] {
        let task = resubmitted(found);
        assert_eq!((task.risk.level, task.deadlines), (graded, terms().policy.waiting(graded, NOW)));
        let labels = task.risk.labels.join(" ");
        assert!(labels.contains("prod") && !labels.contains("abcdef"), "{labels}");
    }
    let mut row = serde_json::to_value(submitted()).unwrap();
    row.as_object_mut().unwrap().remove("declared");
    assert_eq!(serde_json::from_value::<Task>(row).unwrap(), submitted(), "a row from before declares nothing");
}

/// One event of every kind that holds a time, the time one that no other number comes near.
fn with_times() -> Vec<Event> {
    let deadlines = Deadlines { alert_at: Some(NOW), reject_at: Some(NOW), start_by: Some(NOW), finish_by: Some(NOW) };
    let Event::Created { task_id, submission, peer_ip, risk, .. } = created(Submission::default()).event else {
        panic!("it was created");
    };
    let lease = Lease { started_at: Some(NOW), ..leased().0.lease.unwrap() };
    vec![
        Event::Created { task_id, submission, peer_ip, risk: risk.clone(), deadlines },
        Event::Resubmitted {
            revision: Revision(2),
            command: "date".to_owned(),
            description: String::new(),
            risk,
            deadlines,
        },
        Event::Approved { revision: Revision(1), command_sha256: Digest::of(b""), start_by: NOW },
        Event::Leased { lease, attempt: 1 },
        Event::Started { fence: None, finish_by: NOW },
    ]
}

#[test]
fn the_time_line_tells_times_in_seconds_like_the_task() {
    let seconds = NOW.unix_seconds();
    for event in with_times() {
        let stored = serde_json::to_string(&event).unwrap();
        let times = stored.matches(&NOW.0.to_string()).count();
        assert!(times > 0, "{stored}");
        let view = Recorded { event, ..created(Submission::default()) }.view();
        let shown = serde_json::to_string(&view.data).unwrap();
        assert!(!shown.contains(&NOW.0.to_string()), "microseconds in {shown}");
        assert_eq!(shown.matches(&format!("{seconds:?}")).count(), times, "{shown}");
        assert!(!shown.contains(leased().0.lease.unwrap().id.as_str()), "the lease's secret is for its holder");
    }
}
