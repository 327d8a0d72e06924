//! Somebody edits the database while the server is down.

use hermes_core::id::Digest;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::harness::{Client, Home, Server, eventually};
use crate::script::*;

const OTHER: &str = "rm -rf /srv";

/// Another command and its digest in the row of a task.
fn edit(home: &Home, task: &str) {
    let database = Connection::open(home.path().join("data").join("hermes.db")).unwrap();
    let sql = "UPDATE task SET body = json_set(body, '$.command', ?2, '$.command_sha256', ?3) WHERE id = ?1";
    let values = params![task, OTHER, Digest::of(OTHER.as_bytes()).to_string()];
    assert_eq!(database.execute(sql, values).unwrap(), 1);
}

fn assert_void(by: &Client, id: &str) {
    let task = by.get(&format!("/api/tasks/{id}?include=events")).expect(200)["task"].take();
    assert_eq!((&task["status"], &task["outcome"]), (&json!("failed"), &json!("undeliverable")));
    let text = task["events"].to_string();
    assert!(text.contains("digest_mismatch"), "{text}");
}

#[test]
fn a_command_that_was_edited_in_the_database_is_neither_handed_out_nor_started_and_that_is_seen() {
    let server = Server::start();
    let people = server.people();
    let leased = approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w");
    let bad: Vec<_> = (0..20).map(|_| approved(&people.submitter, &people.approver, "uptime")).collect();
    let good = approved(&people.submitter, &people.approver, "uptime");
    let (_, home) = server.terminate();
    edit(&home, &leased);
    bad.iter().for_each(|task| edit(&home, task));

    let server = Server::on(home, &[]);
    let again = |client: &Client| server.client(client.key.as_deref());
    let (worker, auditor) = (again(&people.worker), again(&people.auditor));
    let refused = start(&worker, "w", &grant).refused(409, "digest_mismatch");
    assert!(refused["error"].as_str().unwrap().contains("hermes audit verify --db"), "{refused}");
    // More of them than the work list looks at in one go: the good one is handed out all the same.
    let next = claim(&worker, "w");
    assert_eq!((next.task_id.as_str(), next.command.as_str()), (good.as_str(), "uptime"));
    start(&worker, "w", &next).expect(200);
    for task in bad.iter().chain([&leased]) {
        assert_void(&auditor, task);
    }

    let metrics = server.root().get("/metrics").text();
    assert!(metrics.contains("hermes_digest_mismatch_total 21"), "{metrics}");
    assert_eq!(server.home.log().matches("the database was edited").count(), 21);
    let denied = |line: &Value| line["kind"] == "access.denied" && line["data"]["code"] == "digest_mismatch";
    eventually("the refusal is in the trail", || {
        let log = auditor.get("/api/audit/log?limit=500").expect(200);
        log["logs"].as_array().unwrap().iter().any(denied).then_some(())
    });
    assert_eq!(auditor.get("/api/audit/verify").expect(200)["intact"], json!(true));
}

#[test]
fn a_trail_that_was_edited_while_the_server_was_down_closes_it() {
    let server = Server::start();
    submit(&server.root(), "uptime");
    let (_, home) = server.terminate();
    let database = Connection::open(home.path().join("data").join("hermes.db")).unwrap();
    let sql = "UPDATE audit SET leaf = zeroblob(32) WHERE line LIKE '%task.created%'";
    assert_eq!(database.execute(sql, []).unwrap(), 1);
    drop(database);
    let server = Server::on(home, &[]);
    let root = server.root();
    let parts = eventually("it is found", || {
        Some(root.get("/health/ready")).filter(|answer| answer.status == 503).map(|answer| answer.expect(503))
    });
    assert_eq!((&parts["parts"]["audit"], &parts["parts"]["store"]), (&json!("ok"), &json!("ok")));
    assert!(parts["parts"]["trail"].as_str().unwrap().contains("hermes audit verify --db"), "{parts}");
    root.post("/api/tasks", json!({"command": "uptime"})).refused(503, "audit_unavailable");
    root.get("/api/tasks").expect(200);
}
