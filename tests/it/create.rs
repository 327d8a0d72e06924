//! Submitting: what is taken, what is refused, and what a repeat gives.

use serde_json::{Value, json};

use crate::harness::Server;
use crate::script::*;

const LONGEST: usize = 64 * 1024;

#[test]
fn a_repeat_with_the_same_key_gives_the_same_task() {
    let server = Server::start();
    let people = server.people();
    let ci = people.submitter.header("idempotency-key", "build-17");
    let first = ci.post("/api/tasks", json!({"command": "uptime"}));
    assert_eq!((first.status, first.header("idempotent-replay")), (201, None));
    let again = ci.post("/api/tasks", json!({"command": "uptime"}));
    assert_eq!((again.status, again.header("idempotent-replay")), (200, Some("true")));
    assert_eq!(again["task"]["task_id"], first["task"]["task_id"]);
    ci.post("/api/tasks", json!({"command": "reboot"})).refused(409, "idempotency_mismatch");
    let neighbour = server.key("neighbour", &["submitter"]).header("idempotency-key", "build-17");
    let own = neighbour.post("/api/tasks", json!({"command": "uptime"})).expect(201);
    assert_ne!(own["task"]["task_id"], first["task"]["task_id"], "keys are each submitter's own");
    assert_eq!(people.auditor.get("/api/tasks").expect(200)["total"], json!(2));
    let long = people.submitter.header("idempotency-key", &"k".repeat(257));
    assert_eq!(
        long.post("/api/tasks", json!({"command": "x"})).refused(422, "invalid_field")["field"],
        json!("Idempotency-Key")
    );
}

#[test]
fn many_repeats_at_once_make_one_task() {
    let server = Server::start();
    let ci = server.people().submitter.header("idempotency-key", "once");
    let sending: Vec<_> = (0..12)
        .map(|_| {
            let ci = ci.clone();
            std::thread::spawn(move || {
                let answer = ci.post("/api/tasks", json!({"command": "uptime"}));
                (answer.status, answer["task"]["task_id"].clone())
            })
        })
        .collect();
    let answers: Vec<_> = sending.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|(status, id)| matches!(status, 200 | 201) && *id == answers[0].1), "{answers:?}");
    assert_eq!(server.root().get("/api/tasks").expect(200)["total"], json!(1));
}

#[test]
fn an_own_id_is_taken_once() {
    let server = Server::start();
    let people = server.people();
    let named = json!({"command": "uptime", "task_id": "deploy:17.a_b-c"});
    let first = people.submitter.post("/api/tasks", named.clone()).expect(201);
    assert_eq!(first["task"]["task_id"], json!("deploy:17.a_b-c"));
    let again = people.submitter.post("/api/tasks", named.clone());
    assert_eq!((again.status, again.header("idempotent-replay")), (200, Some("true")));
    let other = json!({"command": "reboot", "task_id": "deploy:17.a_b-c"});
    people.submitter.post("/api/tasks", other).refused(409, "task_exists");
    people.admin.post("/api/tasks", named).refused(409, "task_exists");
    for bad in ["..", ".", "a/b", "../etc", "a b", "ü", &"x".repeat(129)] {
        let answer = people.submitter.post("/api/tasks", json!({"command": "uptime", "task_id": bad}));
        assert_eq!(answer.refused(422, "invalid_field")["field"], json!("task_id"), "{bad}");
    }
}

#[test]
fn what_nobody_may_set_is_ignored() {
    let server = Server::start();
    let people = server.people();
    let greedy = json!({
        "command": "rm -rf /", "risk_level": "low", "risk_labels": [], "status": "approved", "created_at": 1,
        "submitted_by": "admin", "decided_by": "admin", "version": 99, "revision": 7, "peer_ip": "10.0.0.1",
        "votes": [{"person": "admin", "choice": "approve"}], "outcome": "completed", "no_such_field": {"x": [1]},
    });
    let task = people.submitter.post("/api/tasks", greedy).expect(201)["task"].take();
    for (field, value) in [
        ("status", json!("pending")),
        ("risk_level", json!("high")),
        ("submitted_by", json!("submitter")),
        ("decided_by", Value::Null),
        ("version", json!(1)),
        ("revision", json!(1)),
        ("peer_ip", json!("127.0.0.1")),
        ("votes", json!([])),
        ("outcome", Value::Null),
    ] {
        assert_eq!(task[field], value, "{field}");
    }
    assert!(task["created_at"].as_f64().unwrap() > 1.7e9);
    assert_eq!(show(&people.submitter, task["task_id"].as_str().unwrap()), task);
}

#[test]
fn a_claimed_risk_or_source_raises_and_never_lowers() {
    let server = Server::start();
    let by = server.people().submitter;
    let level = |body: Value| by.post("/api/tasks", body).expect(201)["task"]["risk_level"].clone();
    assert_eq!(level(json!({"command": "uptime", "risk_level": "high"})), json!("high"));
    assert_eq!(level(json!({"command": "rm -rf /", "source_ip": "10.0.0.5"})), json!("high"));
    let labelled = by.post("/api/tasks", json!({"command": "uptime", "risk_labels": ["friday"]})).expect(201);
    assert!(labelled["task"]["risk_labels"].as_array().unwrap().contains(&json!("friday")));
}

#[test]
fn a_command_may_have_64_kib_and_not_a_byte_more() {
    let server = Server::start();
    let by = server.people().submitter;
    let longest = format!("echo {}", "x".repeat(LONGEST - 5));
    let task = by.post("/api/tasks", json!({"command": longest})).expect(201);
    assert_eq!(task["task"]["command"].as_str().unwrap().len(), LONGEST);
    assert_eq!(task["task"]["command_sha256"], json!(hermes_core::id::Digest::of(longest.as_bytes())));
    let refused = by.post("/api/tasks", json!({"command": longest + "x"})).refused(422, "invalid_field");
    assert!(refused["error"].as_str().unwrap().contains("65536"), "{refused}");
}

#[test]
fn a_wrong_field_is_named() {
    let server = Server::start();
    let by = server.people().submitter;
    for (body, field) in [
        (json!({}), "command"),
        (json!({"command": ""}), "command"),
        (json!({"command": " \n\t"}), "command"),
        (json!({"command": null}), "command"),
        (json!({"command": 7}), "command"),
        (json!({"command": ["uptime"]}), "command"),
        (json!({"command": "a\u{0}b"}), "command"),
        (json!({"command": "a", "description": 1}), "description"),
        (json!({"command": "a", "description": "x".repeat(16 * 1024 + 1)}), "description"),
        (json!({"command": "a", "source_ip": "x".repeat(257)}), "source_ip"),
        (json!({"command": "a", "operator_name": "a\u{0}"}), "operator_name"),
        (json!({"command": "a", "risk_level": "tiny"}), "risk_level"),
        (json!({"command": "a", "risk_labels": "x"}), "risk_labels"),
        (json!({"command": "a", "risk_labels": [1]}), "risk_labels[0]"),
        (json!({"command": "a", "risk_labels": vec!["x"; 17]}), "risk_labels"),
        (json!({"command": "a", "rerun_of": "no-such-task"}), "rerun_of"),
    ] {
        let answer = by.post("/api/tasks", body.clone()).refused(422, "invalid_field");
        assert_eq!(answer["field"], json!(field), "{}", body.to_string().chars().take(80).collect::<String>());
    }
    assert_eq!(server.root().get("/api/tasks").expect(200)["total"], json!(0));
}

#[test]
fn bytes_are_kept_as_they_came() {
    let server = Server::start();
    let by = server.people().submitter;
    for command in ["echo 'a\u{202e}b'", "echo \u{1b}[2J", "\techo  x \r\n", "echo e\u{301} \u{e9}", "echo \u{e0100}"] {
        let task = by.post("/api/tasks", json!({"command": command})).expect(201)["task"].take();
        assert_eq!(task["command_sha256"], json!(hermes_core::id::Digest::of(command.as_bytes())), "{command:?}");
    }
}

#[test]
fn grading_alone_stores_nothing() {
    let server = Server::start();
    let people = server.people();
    let graded = people.submitter.post("/api/risk/classify", json!({"command": "DROP TABLE users"})).expect(200);
    assert_eq!(graded["level"], json!("high"));
    assert!(!graded["findings"].as_array().unwrap().is_empty());
    people.submitter.post("/api/risk/classify", json!({})).refused(422, "invalid_field");
    assert_eq!(people.auditor.get("/api/tasks").expect(200)["total"], json!(0));
}
