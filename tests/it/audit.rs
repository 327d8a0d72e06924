//! The audit trail as an auditor gets it.

use serde_json::{Value, json};

use crate::harness::{Server, eventually, read};
use crate::script::*;

/// The audit file, once every line that was committed is in it.
fn file(server: &Server) -> String {
    server.root().get("/api/audit/verify").expect(200);
    read(&server.home.audit_file())
}

#[test]
fn the_export_is_the_file_byte_for_byte() {
    let server = Server::start();
    let people = server.people();
    (0..30).for_each(|_| drop(submit(&people.submitter, "uptime")));
    let id = approved(&people.submitter, &people.approver, "df -h");
    run(&people.worker, "w", 0);
    let (file, export) = (file(&server), people.auditor.get("/api/audit/export"));
    assert_eq!(export.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(export.text(), file);
    let about = |line: &&str| line.contains(&format!("\"task_id\":\"{id}\""));
    let own: Vec<_> = file.lines().filter(about).collect();
    assert_eq!(own.len(), 7, "created, voted, approved, dispatched, leased, started, finished");
    let of_task = people.auditor.get(&format!("/api/audit/export?task_id={id}")).text();
    assert_eq!(of_task.lines().collect::<Vec<_>>(), own);
    assert_eq!(people.auditor.get("/api/audit/export?until=1000000000").text(), "");
    assert_eq!(people.auditor.get("/api/audit/export?since=2020-01-01T00:00:00Z").text(), file);
    assert_eq!(people.auditor.get("/api/audit/export?since=x").refused(422, "invalid_field")["field"], json!("since"));
    let log = people.auditor.get(&format!("/api/audit/log?task_id={id}&limit=2")).expect(200);
    assert_eq!((&log["logs"][0]["kind"], &log["logs"][1]["kind"]), (&json!("task.finished"), &json!("task.started")));
    let before = log["logs"][1]["seq"].as_u64().unwrap();
    let earlier = people.auditor.get(&format!("/api/audit/log?limit=1&before={before}")).expect(200);
    assert_eq!(earlier["logs"][0]["seq"], json!(before - 1));
}

#[test]
fn each_change_has_one_line_and_each_line_its_number() {
    let server = Server::start();
    let people = server.people();
    let id = approved(&people.submitter, &people.approver, "uptime");
    people.admin.put("/api/admin/whitelist", json!({"open_ids": ["ou_1"]})).expect(200);
    people.admin.put("/api/admin/policy", json!({"toml": "auto_dispatch = false"})).expect(200);
    people.admin.post("/api/admin/reload", json!({})).expect(200);
    people.admin.delete("/api/admin/keys/worker").expect(200);
    let file = file(&server);
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], json!(number + 1));
    }
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    for (kind, count) in [
        ("engine.started", 1),
        ("key.created", 5),
        ("key.revoked", 1),
        ("whitelist.replaced", 1),
        ("policy.replaced", 1),
        ("policy.reloaded", 1),
        ("task.created", 1),
        ("task.approved", 1),
    ] {
        assert_eq!(kinds.iter().filter(|known| **known == kind).count(), count, "{kind}");
    }
    let approval = lines.iter().find(|line| line["kind"] == json!("task.approved")).unwrap();
    let expected = json!({"type": "key", "id": "approver"});
    assert_eq!((&approval["task_id"], &approval["actor"], &approval["via"]), (&json!(id), &expected, &json!("api")));
    assert_eq!((&approval["from"], &approval["to"]), (&json!("pending"), &json!("approved")));
}

#[test]
fn what_a_sub_agent_does_comes_in_by_the_work_list() {
    let server = Server::start();
    let people = server.people();
    approved(&people.submitter, &people.approver, "uptime");
    run(&people.worker, "w", 0);
    for line in file(&server).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if ["task.leased", "task.started", "task.finished"].contains(&line["kind"].as_str().unwrap()) {
            let by = json!({"type": "worker", "id": "worker"});
            assert_eq!((&line["actor"], &line["via"]), (&by, &json!("work")), "{line}");
        }
    }
}

#[test]
fn a_changed_byte_is_found() {
    let server = Server::start();
    let people = server.people();
    submit(&people.submitter, "uptime");
    let text = file(&server);
    assert_eq!(people.auditor.get("/api/audit/verify").expect(200)["intact"], json!(true));
    let changed = text.replace("\"command\":\"uptime\"", "\"command\":\"reboot\"");
    assert_ne!(changed, text);
    let path = server.home.audit_file();
    // In place, so that only the content tells.
    let mut file = std::fs::File::options().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, changed.as_bytes()).unwrap();
    let verdict = people.auditor.get("/api/audit/verify").expect(200);
    assert_eq!(verdict["intact"], json!(false));
    let line = text.lines().position(|line| line.contains("uptime")).unwrap() + 1;
    assert_eq!(verdict["report"]["verdict"]["broken"]["seq"], json!(line), "{verdict}");
}

#[test]
fn the_chain_goes_on_over_a_restart() {
    let server = Server::start();
    submit(&server.root(), "uptime");
    let before = file(&server);
    let server = Server::on(server.kill(), &[]);
    submit(&server.root(), "date");
    let after = file(&server);
    assert!(after.starts_with(&before));
    assert_eq!(server.root().get("/api/audit/verify").expect(200)["intact"], json!(true));
    let started = after.lines().filter(|line| line.contains("\"kind\":\"engine.started\"")).count();
    assert_eq!(started, 2);
}

#[test]
fn a_flood_of_refusals_is_counted_and_not_written_out() {
    let server = Server::start();
    let people = server.people();
    for _ in 0..30 {
        people.submitter.get("/api/audit/log").refused(403, "forbidden");
    }
    let denied = eventually("the refusal is in the trail", || {
        let log = people.auditor.get("/api/audit/log").expect(200);
        let denied = |line: &&Value| line["kind"] == json!("access.denied");
        Some(log["logs"].as_array().unwrap().iter().filter(denied).cloned().collect::<Vec<_>>())
            .filter(|d| !d.is_empty())
    });
    assert_eq!(denied.len(), 1);
    assert_eq!((&denied[0]["actor"]["id"], &denied[0]["data"]["code"]), (&json!("submitter"), &json!("forbidden")));
    assert_eq!(denied[0]["data"]["what"], json!("GET /api/audit/log"));
}
