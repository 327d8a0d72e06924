//! Secrets show up nowhere where a person or a file can read them.

use serde_json::json;

use crate::harness::{ROOT_KEY, Server, read};
use crate::script::*;

const SECRET: &str = "Planted7Secret";

#[test]
fn a_planted_secret_is_nowhere_to_be_read() {
    let server = Server::start();
    let people = server.people();
    let text = format!("deploy --password {SECRET} DB_TOKEN={SECRET} -H 'Authorization: Bearer {SECRET}'");
    let mut seen = Vec::new();
    let follower = people.auditor.header("last-event-id", "0");
    let body = json!({
        "command": text, "description": text, "operator_name": text, "source_agent": text, "approval_id": text,
        "source_ip": text, "risk_labels": [format!("token={SECRET}")], "target_executor": text,
        "submitter_open_id": text,
    });
    let id =
        people.submitter.post("/api/tasks", body.clone()).expect(201)["task"]["task_id"].as_str().unwrap().to_owned();
    decide(&people.admin, &id, "escalate").expect(200);
    let vote = json!({"action": "approve", "reason": text});
    people.admin.post(&format!("/api/tasks/{id}/decision"), vote).expect(200);
    let grant = claim(&people.worker, "w");
    assert!(grant.command.contains(SECRET), "the sub-agent gets the exact command");
    start(&people.worker, "w", &grant).expect(200);
    output(&people.worker, "w", &grant, 1, &text).expect(200);
    let end = json!({"worker": "w", "fence": grant.fence, "error": text});
    people.worker.post(&path(&grant, "finish"), end).expect(200);
    people.admin.post(&format!("/api/tasks/{id}/verify"), json!({"verdict": "fail", "note": text})).expect(200);
    let reported = submit(&people.submitter, "uptime");
    let report = json!({"status": "approved", "remark": text});
    people.approver.post(&format!("/api/tasks/{reported}"), report).expect(200);
    let report =
        json!({"status": "done", "execution_log": text, "execution_result": {"out": text, "password": SECRET}});
    people.approver.post(&format!("/api/tasks/{reported}"), report).expect(200);
    people.admin.put("/api/admin/whitelist", json!({"open_ids": [format!("token={SECRET}")]})).expect(200);

    for (field, value) in [("risk_level", json!(text)), ("task_id", json!(text)), ("expected_version", json!(text))] {
        let mut wrong = body.clone();
        wrong[field] = value;
        seen.push((field.to_owned(), people.submitter.post("/api/tasks", wrong).text()));
    }
    seen.push(("not JSON".to_owned(), people.submitter.call("POST", "/api/tasks", Some(text.as_bytes())).text()));
    for path in [
        format!("/api/tasks/{id}?include=events"),
        format!("/api/tasks/{reported}?include=events"),
        format!("/api/tasks/{id}/output"),
        format!("/api/tasks/{id}/wait?timeout=0"),
        "/api/tasks?limit=500".to_owned(),
        "/api/audit/log?limit=500".to_owned(),
        "/api/audit/export".to_owned(),
        "/api/admin/keys".to_owned(),
        format!("/api/tasks?status=token={SECRET}"),
        "/metrics".to_owned(),
    ] {
        seen.push((path.clone(), people.auditor.get(&path).text()));
    }
    assert_eq!(people.auditor.get(&format!("/api/tasks?q={SECRET}")).expect(200)["total"], json!(0));
    let newest = people.auditor.get("/api/audit/log?limit=1").expect(200)["logs"][0]["seq"].as_u64().unwrap();
    let mut lines = follower.follow("/api/events");
    let events: Vec<_> = std::iter::repeat_with(|| lines.event().unwrap()).take_while(|(id, _)| *id < newest).collect();
    assert!(events.len() > 10);
    seen.push(("events".to_owned(), json!(events).to_string()));
    people.auditor.get("/api/audit/verify").expect(200);
    seen.push(("audit file".to_owned(), read(&server.home.audit_file())));
    let (_, home) = server.terminate();
    seen.push(("log".to_owned(), home.log()));
    let keys = [&people.submitter, &people.auditor].map(|client| client.key.clone().unwrap());
    for (place, text) in seen {
        assert!(!text.is_empty(), "{place}");
        for secret in [SECRET, ROOT_KEY, keys[0].as_str(), &keys[1], grant.lease.as_str()] {
            assert!(!text.contains(secret), "{secret} is in {place}: {text}");
        }
    }
}
