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

/// What a caller says of himself and of others goes the same way as commands do, and so does what is refused.
#[test]
fn a_secret_in_any_field_of_any_request_is_nowhere_to_be_read() {
    let server = Server::start();
    let people = server.people();
    let text = format!("password={SECRET}");
    let all = format!("mysql -p{SECRET} https://lee:{SECRET}@h");
    let mut said = Vec::new();
    let mut say = |answer: crate::harness::Answer| said.push(answer.text());

    let id = submit(&people.submitter, "uptime");
    say(people.approver.post(&format!("/api/tasks/{id}/decision"), json!({"action": "modify", "reason": all})));
    let again = json!({"command": all, "description": all});
    say(people.submitter.post(&format!("/api/tasks/{id}/resubmit"), again));
    say(people.submitter.post(&format!("/api/tasks/{id}/withdraw"), json!({"reason": all})));
    let id = approved(&people.submitter, &people.approver, "uptime");
    say(people.admin.post(&format!("/api/tasks/{id}/dispatch"), json!({"assignee": text})));
    let expect = json!({"expect": {"stdout_contains": all, "stdout_regex": format!("({text}")}, "note": all});
    say(people.admin.post(&format!("/api/tasks/{id}/verify"), expect));
    say(people.submitter.post("/api/risk/classify", json!({"command": all, "source_ip": all})));
    for body in [
        json!({"command": "uptime", "rerun_of": text}),
        json!({"command": "uptime", "rerun_of": {"x": text}}),
        json!({"command": {text.clone(): text}}),
        json!({text.clone(): text}),
        json!({"command": "uptime", "risk_labels": {text.clone(): 1}}),
        json!([text]),
    ] {
        say(people.submitter.post("/api/tasks", body));
    }
    let id = submit(&people.submitter, "uptime");
    let report = json!({"status": "approved", "remark": all, "execution_result": {text.clone(): text}});
    say(people.approver.post(&format!("/api/tasks/{id}"), report));
    let report = json!({"status": "done", "execution_result": {text.clone(): [{all.clone(): all}]}});
    say(people.approver.post(&format!("/api/tasks/{id}"), report));
    for body in [
        json!({"worker": text}),
        json!({"worker": "w", "roles": [text], "wait": 0}),
        json!({"worker": "w", "wait": text}),
    ] {
        say(people.worker.post("/api/work/claim", body));
    }
    for verb in ["start", "heartbeat", "output", "finish"] {
        say(people.worker.post(&format!("/api/work/{text}/{verb}"), json!({"worker": text, "fence": text})));
    }
    say(people.admin.post("/api/admin/keys", json!({"name": text, "roles": ["submitter"]})));
    say(people.admin.post("/api/admin/keys", json!({"name": "n", "roles": [text]})));
    say(people.admin.put("/api/admin/whitelist", json!({"open_ids": [text, "a b"]})));
    say(people.admin.put("/api/admin/whitelist", json!({"open_ids": [text]})));
    say(people.admin.put("/api/admin/policy", json!({"toml": format!("{text} =")})));
    say(people.admin.put("/api/admin/policy", json!({"policy": {text.clone(): 1}})));
    for path in [
        "/api/tasks?include=events",
        "/api/tasks?limit=500",
        "/api/audit/log?limit=500",
        "/api/audit/export",
        "/api/admin/whitelist",
        "/api/admin/policy",
        "/metrics",
        "/health",
    ] {
        say(people.auditor.get(path));
    }
    for query in ["status", "risk_level", "q", "since", "until", "cursor", "limit", "offset", "source_agent"] {
        say(people.auditor.get(&format!("/api/tasks?{query}={text}")));
        say(people.auditor.get(&format!("/api/audit/log?{query}={text}")));
    }
    say(people.auditor.get(&format!("/api/tasks/{text}")));
    say(people.auditor.get(&format!("/api/tasks/{id}?include=events")));
    say(people.auditor.get(&format!("/api/tasks/{id}/wait?timeout={text}")));
    said.push(read(&server.home.audit_file()));
    let (_, home) = server.terminate();
    said.push(home.log());
    assert!(said.len() > 50);
    for text in said {
        assert!(!text.contains(SECRET), "{text}");
    }
}
