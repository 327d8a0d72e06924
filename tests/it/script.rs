//! What people and sub-agents do, in one line each.

use hermes_core::id::Digest;
use hermes_core::wire::work::{Claimed, Grant};
use serde_json::{Value, json};

use crate::harness::{Answer, Client};

/// Submits a harmless command; answers the task's id.
pub(crate) fn submit(by: &Client, command: &str) -> String {
    let task = by.post("/api/tasks", json!({"command": command})).expect(201);
    task["task"]["task_id"].as_str().unwrap().to_owned()
}

pub(crate) fn show(by: &Client, id: &str) -> Value {
    by.get(&format!("/api/tasks/{id}")).expect(200)["task"].take()
}

pub(crate) fn decide(by: &Client, id: &str, action: &str) -> Answer {
    by.post(&format!("/api/tasks/{id}/decision"), json!({"action": action, "reason": "because"}))
}

pub(crate) fn approve(by: &Client, id: &str) -> Value {
    decide(by, id, "approve").expect(200)
}

/// Submits and approves; answers the task's id.
pub(crate) fn approved(submitter: &Client, approver: &Client, command: &str) -> String {
    let id = submit(submitter, command);
    approve(approver, &id);
    id
}

/// Claims one command, which has to be there.
pub(crate) fn claim(worker: &Client, name: &str) -> Grant {
    let answer = worker.post("/api/work/claim", json!({"worker": name, "wait": 20})).expect(200);
    let claimed: Claimed = serde_json::from_value(answer).unwrap();
    hermes_core::lease::verify(&claimed.grants[0], name, &claimed.public_key).unwrap();
    claimed.grants.into_iter().next().unwrap()
}

pub(crate) fn start(worker: &Client, name: &str, grant: &Grant) -> Answer {
    let digest = Digest::of(grant.command.as_bytes());
    let body = json!({"worker": name, "fence": grant.fence, "revision": grant.revision, "command_sha256": digest});
    worker.post(&path(grant, "start"), body)
}

pub(crate) fn output(worker: &Client, name: &str, grant: &Grant, seq: u64, text: &str) -> Answer {
    let body = json!({"worker": name, "fence": grant.fence, "seq": seq, "stream": "stdout", "data": text});
    worker.post(&path(grant, "output"), body)
}

pub(crate) fn finish(worker: &Client, name: &str, grant: &Grant, exit_code: i32) -> Answer {
    let body = json!({"worker": name, "fence": grant.fence, "exit_code": exit_code, "duration_ms": 12});
    worker.post(&path(grant, "finish"), body)
}

pub(crate) fn heartbeat(worker: &Client, name: &str, grant: &Grant) -> Answer {
    worker.post(&path(grant, "heartbeat"), json!({"worker": name, "fence": grant.fence}))
}

/// Claims, starts and ends one command with this exit code.
pub(crate) fn run(worker: &Client, name: &str, exit_code: i32) -> Grant {
    let grant = claim(worker, name);
    start(worker, name, &grant).expect(200);
    finish(worker, name, &grant, exit_code).expect(200);
    grant
}

pub(crate) fn path(grant: &Grant, verb: &str) -> String {
    format!("/api/work/{}/{verb}", grant.lease)
}
