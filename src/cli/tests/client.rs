//! The client commands against a supervisor that follows a script.

use hermes_core::access::Actor;
use hermes_core::id::Version;
use hermes_core::task::{Outcome, State, Verdict};
use hermes_core::wire::task::{EventView, TaskView, VerificationView};
use serde_json::{Value, json};

use super::supervisor::{Reply, Request, Supervisor, run};
use super::{look, task};
use crate::cli::error::Error;
use crate::cli::session::Exit;

fn ok(task: &TaskView) -> Reply {
    (200, json!({"ok": true, "task": task}).to_string())
}

fn refused(status: u16, code: &str, error: &str) -> Reply {
    (status, json!({"ok": false, "error": error, "code": code}).to_string())
}

fn event(version: u64, kind: &str, by: &str, data: Value) -> EventView {
    let at = look().now.unix_seconds() + version as f64;
    EventView { version: Version(version), at, kind: kind.to_owned(), by: Actor::key(by), data }
}

/// The task after so many of its events.
fn lived(events: usize) -> TaskView {
    let all = [
        event(1, "created", "ci", json!({"risk": {"level": "high", "labels": ["recursive_delete"]}})),
        event(2, "approved", "lee", json!({})),
        event(3, "leased", "it-1", json!({"lease": {"worker": "it-1"}})),
        event(4, "started", "it-1", json!({})),
        event(5, "finished", "it-1", json!({"outcome": "completed", "done": true, "result": {"exit_code": 0}})),
    ];
    let status = [State::Pending, State::Approved, State::Approved, State::Executing, State::Done][events - 1];
    TaskView {
        status,
        version: Version(events as u64),
        outcome: (status == State::Done).then_some(Outcome::Completed),
        events: Some(all[..events].to_vec()),
        ..task()
    }
}

#[test]
fn approving_names_the_digest_of_what_is_there() {
    let there = TaskView { command: "id\u{1b}[2J".to_owned(), ..task() };
    let approved = TaskView { status: State::Approved, ..task() };
    let supervisor =
        Supervisor::start(move |request, _| if request.line.starts_with("GET") { ok(&there) } else { ok(&approved) });
    let ran = supervisor.run(&["approve", "TASK-0007", "--expect-version", "4"]);
    assert_eq!(ran.result.unwrap(), Exit::Done);
    assert_eq!(ran.out, "TASK-0007  approved  high risk\n");
    assert_eq!(ran.err, "approving revision 1: id⟨ESC⟩[2J\n");
    let asked = supervisor.asked();
    let [_, decision] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(decision.line, "POST /api/tasks/TASK-0007/decision");
    assert_eq!(decision.header("authorization"), Some("Bearer hk_0_0"));
    let sha = task().command_sha256;
    let body = json!({"action": "approve", "reason": null, "expected_version": 4, "command_sha256": sha});
    assert_eq!(decision.body, body);
}

#[test]
fn approving_what_was_seen_before_asks_nothing_first() {
    let supervisor = Supervisor::start(|_, _| refused(409, "stale_revision", "another revision is in force"));
    let sha = "ab".repeat(32);
    let ran = supervisor.run(&["approve", "TASK-0007", "--sha", &sha]);
    let error = ran.result.unwrap_err();
    assert_eq!(error.exit(), Exit::Failed);
    assert_eq!(error.chain(), "another revision is in force");
    let asked = supervisor.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body["command_sha256"], sha);
}

#[test]
fn rejecting_needs_a_reason_and_escalating_does_not() {
    let supervisor = Supervisor::start(|_, _| ok(&task()));
    for verb in ["reject", "modify"] {
        let error = supervisor.run(&[verb, "TASK-0007", "--reason", " "]).result.unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.chain().contains("--reason"), "{}", error.chain());
    }
    assert!(supervisor.asked().is_empty());
    supervisor.run(&["escalate", "TASK-0007"]).result.unwrap();
    assert_eq!(supervisor.asked()[0].body["action"], "escalate");
}

#[test]
fn a_lost_answer_to_a_submission_is_asked_for_again_with_the_same_key() {
    let supervisor = Supervisor::start(|_, before| if before == 0 { (0, String::new()) } else { ok(&task()) });
    let ran = supervisor.run(&["submit", "id", "--role", "it-ops-worker", "--risk-level", "high"]);
    assert_eq!(ran.result.unwrap(), Exit::Done);
    let asked = supervisor.asked();
    assert_eq!(asked.len(), 2);
    let key = |n: usize| asked[n].header("idempotency-key").unwrap();
    assert_eq!(key(0), key(1));
    assert_eq!(key(0).len(), 32);
    assert_eq!(asked[0].body, json!({"command": "id", "target_executor": "it-ops-worker", "risk_level": "high"}));
}

#[test]
fn a_submission_that_stays_unanswered_says_how_to_repeat_it() {
    let supervisor = Supervisor::start(|_, _| (0, String::new()));
    let error = supervisor.run(&["submit", "id", "--idempotency-key", "k1"]).result.unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error:?}");
    assert!(error.chain().contains("--idempotency-key k1 is safe"), "{}", error.chain());
    assert_eq!(error.json()["code"], "no_answer");
}

#[test]
fn a_submission_that_is_waited_for_shows_what_happens_until_the_end() {
    let script = |request: &Request, before: usize| match request.line.split_once("/api/").unwrap().1 {
        "tasks" => ok(&task()),
        // Whatever the stream says, the task's own time line is what is shown.
        "events" => (200, "id: 1\nevent: audit\ndata: {\"task_id\":\"TASK-0007\"}\n\n".repeat(8)),
        "tasks/TASK-0007?include=events" => ok(&lived([1, 1, 2, 4, 5][before.min(4)])),
        "tasks/TASK-0007/output?after=0&wait=25" | "tasks/TASK-0007/output?after=0&wait=0" => {
            let chunk = json!({"seq": 1, "stream": "stdout", "data": "hello\n"});
            (200, json!({"ok": true, "chunks": [chunk], "next": 1, "done": false}).to_string())
        }
        _ => (200, json!({"ok": true, "chunks": [], "next": 1, "done": true}).to_string()),
    };
    let supervisor = Supervisor::start(script);
    let ran = supervisor.run(&["submit", "cd /srv && rm -rf data", "--wait"]);
    assert_eq!(ran.result.unwrap(), Exit::Done);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn a_time_line_ahead_of_its_task_is_shown_once() {
    // The task was read a moment before its events were.
    let behind = |task: usize, events: usize| TaskView { events: lived(events).events, ..lived(task) };
    let script = move |request: &Request, before: usize| match request.line.split_once("/api/").unwrap().1 {
        "events" => (200, "id: 1\nevent: audit\ndata: {\"task_id\":\"TASK-0007\"}\n\n".repeat(8)),
        "tasks/TASK-0007?include=events" => ok(&[behind(1, 3), behind(2, 4), behind(4, 5), lived(5)][before.min(3)]),
        _ => (200, json!({"ok": true, "chunks": [], "next": 0, "done": true}).to_string()),
    };
    let ran = Supervisor::start(script).run(&["watch", "TASK-0007"]);
    assert_eq!(ran.result.unwrap(), Exit::Done);
    let shown = |kind: &str| ran.out.lines().filter(|line| line.contains(kind)).count();
    for kind in ["created", "approved", "leased", "started", "finished"] {
        assert_eq!(shown(kind), 1, "{kind} in\n{}", ran.out);
    }
}

#[test]
fn a_submission_that_is_over_already_is_told_once() {
    let over = || TaskView { events: None, ..lived(5) };
    let supervisor = Supervisor::start(move |request, _| match request.line.split_once("/api/").unwrap().1 {
        "tasks" => ok(&over()),
        "tasks/TASK-0007?include=events" => ok(&lived(5)),
        _ => (200, json!({"ok": true, "chunks": [], "next": 0, "done": true}).to_string()),
    });
    let ran = supervisor.run(&["submit", "id", "--task-id", "TASK-0007", "--wait"]);
    assert_eq!(ran.result.unwrap(), Exit::Done);
    assert_eq!(ran.out.matches("TASK-0007  done (completed)").count(), 1, "{}", ran.out);
    assert_eq!(ran.out.matches("finished").count(), 1, "{}", ran.out);
}

#[test]
fn what_a_terminal_obeys_is_escaped_for_programs() {
    let hostile = TaskView { command: "id\u{9b}2J\u{202e}\u{2028}".to_owned(), ..task() };
    let there = hostile.clone();
    let supervisor = Supervisor::start(move |_, _| ok(&there));
    let ran = supervisor.run(&["show", "TASK-0007", "--json"]);
    assert!(ran.out.is_ascii() && ran.out.contains("id\\u009b2J\\u202e\\u2028"), "{}", ran.out);
    let printed: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(printed["task"]["command"], json!(hostile.command));
}

#[test]
fn waiting_ends_with_1_unless_the_command_did_what_it_should() {
    let failed = |outcome| TaskView { status: State::Failed, outcome: Some(outcome), ..task() };
    for (end, exit) in [(lived(5), Exit::Done), (failed(Outcome::ExitNonzero), Exit::Failed)] {
        let supervisor = Supervisor::start(move |request, before| match request.line.as_str() {
            "POST /api/tasks" => ok(&task()),
            "GET /api/tasks/TASK-0007/wait?until=finished&timeout=60" if before == 0 => ok(&task()),
            "GET /api/tasks/TASK-0007/wait?until=finished&timeout=60" => ok(&end),
            other => panic!("{other}"),
        });
        let ran = supervisor.run(&["submit", "id", "--wait", "--json"]);
        assert_eq!(ran.result.unwrap(), exit);
        let printed: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(printed["task"]["task_id"], "TASK-0007");
    }
}

#[test]
fn a_wait_that_takes_too_long_says_how_to_go_on() {
    let supervisor = Supervisor::start(|request, _| match request.line.as_str() {
        "GET /api/events" => refused(503, "overloaded", "too many streams"),
        _ => ok(&lived(1)),
    });
    let ran = supervisor.run(&["submit", "id", "--wait", "--timeout", "50ms"]);
    let error = ran.result.unwrap_err();
    assert_eq!(error.chain(), "TASK-0007 is not over; go on with `hermes watch TASK-0007`");
    assert!(ran.out.contains("waits for an administrator's decision"), "{}", ran.out);
}

#[test]
fn every_page_is_listed_if_all_are_wanted() {
    let supervisor = Supervisor::start(|request, _| {
        let (id, next) = if request.line.contains("cursor=c2") { ("T-1", None) } else { ("T-2", Some("c2")) };
        let tasks = [TaskView { task_id: id.to_owned(), ..task() }];
        let page = json!({"ok": true, "total": 2, "offset": 0, "limit": 20, "tasks": tasks, "next_cursor": next});
        (200, page.to_string())
    });
    let ran = supervisor.run(&["list", "--all", "--status", "pending,admin", "--q", "rm &"]);
    ran.result.unwrap();
    assert_eq!(ran.out.lines().count(), 3);
    assert_eq!(ran.err, "2 of 2\n");
    let lines: Vec<String> = supervisor.asked().into_iter().map(|request| request.line).collect();
    let first = "GET /api/tasks?status=pending%2Cadmin&q=rm+%26&limit=20";
    assert_eq!(lines, [first.to_owned(), format!("{first}&cursor=c2")]);
    let one = supervisor.run(&["list"]);
    assert_eq!(one.err, "1 of 2; go on with --cursor c2, or --all\n");
}

#[test]
fn a_result_that_the_supervisor_finds_wrong_ends_with_1() {
    let judged = |verdict| {
        let found = VerificationView { verdict, by: "kim".into(), at: 0.0, note: "exit code 0 expected".into() };
        TaskView { verification: Some(found), ..lived(5) }
    };
    let supervisor = Supervisor::start(move |_, _| ok(&judged(Verdict::Fail)));
    let by_engine = supervisor.run(&["verify", "TASK-0007", "--expect-exit", "-1", "--expect-stdout", "ok"]);
    assert_eq!(by_engine.result.unwrap(), Exit::Failed);
    assert!(by_engine.out.ends_with("fail  exit code 0 expected\n"), "{}", by_engine.out);
    let by_person = supervisor.run(&["verify", "TASK-0007", "--fail"]);
    assert_eq!(by_person.result.unwrap(), Exit::Done);
    let asked = supervisor.asked();
    assert_eq!(asked[0].body["expect"], json!({"exit_code": -1, "stdout_contains": "ok", "stdout_regex": null}));
    assert_eq!(asked[0].body["verdict"], json!(null));
    assert_eq!((&asked[1].body["verdict"], &asked[1].body["expect"]), (&json!("fail"), &json!(null)));
}

#[test]
fn a_result_that_needs_no_note_is_one_word() {
    let found = VerificationView { verdict: Verdict::Pass, by: "kim".into(), at: 0.0, note: String::new() };
    let judged = TaskView { verification: Some(found), ..lived(5) };
    let supervisor = Supervisor::start(move |_, _| ok(&judged));
    let ran = supervisor.run(&["verify", "TASK-0007", "--pass"]);
    assert!(ran.out.ends_with("\npass\n"), "{:?}", ran.out);
}

#[test]
fn a_dispatch_to_where_the_engine_has_put_the_task_says_so() {
    let assigned = TaskView { status: State::Approved, assignee: Some("it-ops-worker".into()), ..task() };
    let supervisor = Supervisor::start(move |request, _| match request.line.as_str() {
        "GET /api/tasks/TASK-0007" => ok(&assigned),
        _ => (200, json!({"ok": true, "task": assigned, "dispatched_to": "it-ops-worker"}).to_string()),
    });
    let ran = supervisor.run(&["dispatch", "TASK-0007"]);
    assert!(ran.out.contains("it was on the work list of it-ops-worker already, and stays there"), "{}", ran.out);
}

#[test]
fn the_tail_goes_on_after_its_last_line() {
    let line = |seq: u64| json!({"seq": seq, "ts": "2026-02-01T12:00:00Z", "kind": "engine.started"});
    let supervisor = Supervisor::start(move |request, before| match request.line.as_str() {
        "GET /api/audit/log?limit=2" => (200, json!({"ok": true, "logs": [line(8), line(7)]}).to_string()),
        "GET /api/events" if before == 0 => (200, format!("id: 9\nevent: audit\ndata: {}\n\n", line(9))),
        _ => refused(403, "forbidden", "enough"),
    });
    let ran = supervisor.run(&["audit", "tail", "-n", "2", "-f"]);
    assert_eq!(ran.result.unwrap_err().chain(), "enough");
    let seqs: Vec<&str> = ran.out.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(seqs, ["7", "8", "9"]);
    let asked = supervisor.asked();
    let ids: Vec<_> = asked.iter().filter(|r| r.line.ends_with("events")).map(|r| r.header("last-event-id")).collect();
    assert_eq!(ids, [Some("8"), Some("9")], "taken up where it broke off");
}

#[test]
fn an_export_is_passed_on_as_it_is() {
    let supervisor = Supervisor::start(|_, _| (200, "{\"seq\":1}\n{\"seq\":2}\n".to_owned()));
    let ran = supervisor.run(&["audit", "export", "--since", "1h", "--task", "TASK-0007"]);
    ran.result.unwrap();
    assert_eq!(ran.out, "{\"seq\":1}\n{\"seq\":2}\n");
    let line = &supervisor.asked()[0].line;
    assert_eq!(line, "GET /api/audit/export?since=2026-02-01T11%3A00%3A00.000000Z&task_id=TASK-0007");
}

#[test]
fn a_named_supervisor_keeps_the_keys() {
    let supervisor = Supervisor::start(|request, _| match request.line.as_str() {
        "POST /api/admin/keys" => {
            (201, json!({"ok": true, "name": "ci", "key": "hk_1_2", "roles": ["submitter"]}).to_string())
        }
        "DELETE /api/admin/keys/ci" => (200, "{\"ok\":true}".to_owned()),
        other => panic!("{other}"),
    });
    let ran = supervisor.run(&["key", "create", "--name", "ci", "--role", "submitter", "--expires", "30d", "--json"]);
    ran.result.unwrap();
    assert_eq!(ran.out, "{\"name\":\"ci\",\"key\":\"hk_1_2\",\"roles\":[\"submitter\"]}\n");
    let body = json!({"name": "ci", "roles": ["submitter"], "expires_in": 2_592_000});
    assert_eq!(supervisor.asked()[0].body, body);
    let ran = supervisor.run(&["key", "revoke", "ci"]);
    assert_eq!(ran.out, "ci is revoked\n");
}

#[test]
fn where_nobody_listens_it_is_said_what_to_set() {
    // Port 1 is reserved and not served.
    let error = run("http://127.0.0.1:1", &["list"]).result.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
    let error = run("ftp://x", &["list"]).result.unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.chain().starts_with("HERMES_URL"), "{}", error.chain());
}
