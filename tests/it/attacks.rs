//! What no honest client sends.

use serde_json::json;

use crate::harness::Server;
use crate::script::*;

#[test]
fn what_is_not_json_is_refused_as_such() {
    let server = Server::start();
    let root = server.root();
    let deep = |inside: &str| format!("{{\"command\":\"x\",{inside}{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    for body in [
        "{".to_owned(),
        "{} {}".to_owned(),
        "uptime".to_owned(),
        "{\"command\":\"a\",}".to_owned(),
        "{\"command\":NaN}".to_owned(),
        "{'command':'a'}".to_owned(),
        "{\"command\":\"a\",\"command\":\"b\"}".to_owned(),
        "{\"command\":\"a\",\"unknown\":{\"x\":1,\"x\":2}}".to_owned(),
        "{\"command\":\"a\",\"unknown\":1,\"unknown\":2}".to_owned(),
        "{\"command\":\"\\ud800\"}".to_owned(),
        deep("\"unknown\":"),
    ] {
        let answer = root.call("POST", "/api/tasks", Some(body.as_bytes()));
        assert_eq!(answer.status, 400, "{}: {}", body.chars().take(60).collect::<String>(), answer.text());
        answer.refused(400, "bad_request");
    }
    root.call("POST", "/api/tasks", Some(b"{\"command\":\"\xff\"}")).refused(400, "bad_request");
    for body in ["[]", "null", "7", "\"uptime\""] {
        root.call("POST", "/api/tasks", Some(body.as_bytes())).refused(422, "invalid_field");
    }
    let id = submit(&root, "uptime");
    for number in ["1e400", "-1", "18446744073709551616", "1.5", "\"1\""] {
        let body = format!("{{\"action\":\"reject\",\"reason\":\"x\",\"expected_version\":{number}}}");
        let answer = root.call("POST", &format!("/api/tasks/{id}/decision"), Some(body.as_bytes()));
        assert_eq!(answer.refused(422, "invalid_field")["field"], json!("expected_version"), "{number}");
    }
    assert_eq!(root.get("/api/tasks").expect(200)["total"], json!(1));
}

#[test]
fn only_json_without_compression_is_read() {
    let server = Server::start();
    let root = server.root();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp"] {
        let answer = root.header("content-type", kind).post("/api/tasks", json!({"command": "x"}));
        answer.refused(415, "unsupported_media_type");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        root.header("content-type", kind).post("/api/tasks", json!({"command": "x"})).expect(201);
    }
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, identity"] {
        let answer = root.header("content-encoding", encoding).post("/api/tasks", json!({"command": "x"}));
        answer.refused(415, "unsupported_media_type");
    }
}

#[test]
fn another_web_page_reaches_nothing() {
    let server = Server::start();
    let root = server.root();
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "file://"] {
        let page = root.header("origin", origin);
        page.post("/api/tasks", json!({"command": "x"})).refused(403, "foreign_origin");
        let answer = page.get("/api/tasks");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        answer.refused(403, "foreign_origin");
        page.call("OPTIONS", "/api/tasks", None).refused(403, "foreign_origin");
    }
    let own = root.header("origin", &format!("http://{}", server.address));
    own.post("/api/tasks", json!({"command": "x"})).expect(201);
    let head = root.get("/api/tasks");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(head.header(name), Some(value));
    }
    let refused = root.header("origin", "https://evil.example").get("/api/tasks");
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn an_address_is_believed_only_from_a_trusted_proxy() {
    let peer = |server: &Server, forwarded: &str| {
        let client = server.root().header("x-forwarded-for", forwarded);
        client.post("/api/tasks", json!({"command": "uptime"})).expect(201)["task"]["peer_ip"].clone()
    };
    let direct = Server::start();
    assert_eq!(peer(&direct, "10.0.0.5"), json!("127.0.0.1"));
    let behind = Server::with(&[("HERMES_TRUSTED_PROXIES", "127.0.0.0/8,192.0.2.0/24")]);
    assert_eq!(peer(&behind, "203.0.113.7"), json!("203.0.113.7"));
    assert_eq!(peer(&behind, "10.0.0.5, 203.0.113.7, 192.0.2.1"), json!("203.0.113.7"), "what was forged stands left");
    assert_eq!(peer(&behind, "rubbish"), json!("127.0.0.1"));
}

#[test]
fn names_in_a_body_give_no_rights() {
    let server = Server::start();
    let people = server.people();
    let body =
        json!({"command": "uptime", "operator_name": "root", "source_agent": "admin", "submitter_open_id": "ou_boss"});
    let id = people.submitter.post("/api/tasks", body).expect(201)["task"]["task_id"].as_str().unwrap().to_owned();
    let vote =
        json!({"action": "approve", "operator_name": "admin", "operator_open_id": "ou_admin", "roles": ["admin"]});
    people.submitter.post(&format!("/api/tasks/{id}/decision"), vote).refused(403, "forbidden");
    assert_eq!(show(&people.auditor, &id)["submitted_by"], json!("submitter"));
}

#[test]
fn text_cannot_forge_lines() {
    let server = Server::start();
    let people = server.people();
    let forged = "x\n{\"v\":1,\"seq\":1,\"kind\":\"task.approved\"}\r\n\u{1b}[31m\u{2028}\u{85}";
    let body = json!({"command": forged, "description": forged, "operator_name": forged, "source_agent": forged});
    let id = people.submitter.post("/api/tasks", body).expect(201)["task"]["task_id"].as_str().unwrap().to_owned();
    let why = json!({"action": "reject", "reason": forged});
    people.admin.post(&format!("/api/tasks/{id}/decision"), why).expect(200);
    assert_eq!(people.auditor.get("/api/audit/verify").expect(200)["intact"], json!(true));
    let export = people.auditor.get("/api/audit/export").text();
    for line in export.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_ne!((&line["kind"], &line["task_id"]), (&json!("task.approved"), &json!(null)));
    }
    assert!(!export.contains(['\u{1b}', '\r', '\u{2028}', '\u{85}']), "{export}");
}
