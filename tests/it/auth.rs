//! Keys: which are taken, which are not, and how long.

use serde_json::json;

use crate::harness::{Home, ROOT_KEY, Server, eventually};
use crate::script::*;

#[test]
fn keys_come_and_go_while_the_server_runs() {
    let server = Server::start();
    let root = server.root();
    let made = root
        .post("/api/admin/keys", json!({"name": "ci", "roles": ["submitter", "worker:finance-worker"]}))
        .expect(201);
    let ci = server.client(made["key"].as_str());
    assert_eq!(made["roles"], json!(["submitter", "worker:finance-worker"]));
    submit(&ci, "uptime");
    root.post("/api/admin/keys", json!({"name": "ci", "roles": ["admin"]})).refused(409, "already_exists");
    let listed = root.get("/api/admin/keys");
    assert!(!listed.text().contains(made["key"].as_str().unwrap()), "a key is shown once");
    assert_eq!(listed["keys"][0]["name"], json!("ci"));
    root.delete("/api/admin/keys/ci").expect(200);
    ci.get("/api/tasks").refused(401, "unauthorized");
    assert!(root.get("/api/admin/keys").expect(200)["keys"][0]["revoked_at"].as_f64().is_some());
    root.delete("/api/admin/keys/nobody").refused(404, "not_found");
    for (body, field) in [
        (json!({"roles": ["submitter"]}), "name"),
        (json!({"name": "", "roles": ["submitter"]}), "name"),
        (json!({"name": "root", "roles": ["submitter"]}), "name"),
        (json!({"name": "local", "roles": ["submitter"]}), "name"),
        (json!({"name": "a/b", "roles": ["submitter"]}), "name"),
        (json!({"name": "x", "roles": []}), "roles"),
        (json!({"name": "x", "roles": ["king"]}), "roles"),
        (json!({"name": "x", "roles": ["submitter"], "expires_in": -1}), "expires_in"),
    ] {
        assert_eq!(
            root.post("/api/admin/keys", body.clone()).refused(422, "invalid_field")["field"],
            json!(field),
            "{body}"
        );
    }
}

#[test]
fn a_key_works_until_it_expires() {
    let server = Server::start();
    let body = json!({"name": "short", "roles": ["auditor"], "expires_in": 1});
    let made = server.root().post("/api/admin/keys", body).expect(201);
    let short = server.client(made["key"].as_str());
    eventually("the key has run out", || (short.get("/api/tasks").status == 401).then_some(()));
}

#[test]
fn keys_outlive_a_restart_and_a_revoked_one_does_not_come_back() {
    let server = Server::start();
    let (keeps, loses) = (server.key("keeps", &["auditor"]), server.key("loses", &["auditor"]));
    server.root().delete("/api/admin/keys/loses").expect(200);
    let server = Server::on(server.kill(), &[("API_SERVER_KEY", "")]);
    server.client(keeps.key.as_deref()).get("/api/tasks").expect(200);
    server.client(loses.key.as_deref()).get("/api/tasks").refused(401, "unauthorized");
    server.root().get("/api/tasks").refused(401, "unauthorized");
    server.client(None).get("/api/tasks").refused(401, "unauthorized");
}

#[test]
fn a_wrong_key_is_like_an_unknown_one() {
    let server = Server::start();
    let real = server.key("real", &["auditor"]).key.unwrap();
    let mut wrong = real.clone();
    wrong.replace_range(real.len() - 1.., if real.ends_with('0') { "1" } else { "0" });
    let unknown = format!("hk_{}_{}", "0".repeat(8), "0".repeat(64));
    let answers: Vec<_> = [None, Some(wrong.as_str()), Some(&unknown), Some(&ROOT_KEY[1..]), Some("x")]
        .into_iter()
        .map(|key| server.client(key).get("/api/tasks"))
        .collect();
    // Headers come in no fixed order.
    let lines = |head: &str| -> std::collections::BTreeSet<String> {
        head.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned).collect()
    };
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (401, &answers[0].body));
        assert_eq!(lines(&answer.head), lines(&answers[0].head));
        assert_eq!(answer.header("www-authenticate"), Some("bearer"));
    }
    let by_other_header = server.client(None).header("x-api-key", &real);
    by_other_header.get("/api/tasks").expect(200);
}

#[test]
fn a_request_with_more_than_one_key_is_refused() {
    let server = Server::start();
    let (weak, strong) = (server.key("weak", &["submitter"]), server.root());
    let bearer = |key: &str| format!("Bearer {key}");
    let (weak_key, strong_key) = (weak.key.clone().unwrap(), strong.key.clone().unwrap());
    let twice = [
        weak.header("authorization", &bearer(&strong_key)),
        strong.header("authorization", &bearer(&weak_key)),
        strong.header("authorization", &bearer(&strong_key)),
        strong.header("authorization", "Basic eDp5"),
        weak.header("x-api-key", &strong_key),
        strong.header("x-api-key", &weak_key),
        server.client(None).header("x-api-key", &weak_key).header("x-api-key", &strong_key),
    ];
    for client in twice {
        let refused = client.get("/api/tasks").refused(401, "unauthorized");
        assert!(refused["error"].as_str().unwrap().contains("more than one key"), "{refused}");
    }
    strong.header("x-api-key", &strong_key).get("/api/tasks").expect(200);
    let through_a_proxy = server.client(None).header("authorization", "Basic eDp5").header("x-api-key", &weak_key);
    through_a_proxy.get("/api/tasks").expect(200);
    let open = Server::with(&[("API_SERVER_KEY", "")]);
    let two = open.client(None).header("authorization", "a").header("authorization", "b");
    two.get("/api/tasks").refused(401, "unauthorized");
}

#[test]
fn the_eleventh_wrong_key_of_a_minute_has_to_wait_and_the_right_one_does_not() {
    let server = Server::start();
    let forging = |n: u8| server.client(Some("guess")).header("x-forwarded-for", &format!("192.0.2.{n}"));
    for n in 0..10 {
        forging(n).get("/api/tasks").refused(401, "unauthorized");
    }
    let limited = forging(11).get("/api/tasks");
    assert!(limited.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    limited.refused(429, "rate_limited");
    server.root().get("/api/tasks").expect(200);
    let denied = eventually("refused attempts are in the audit trail", || {
        let log = server.root().get("/api/audit/log").expect(200);
        log["logs"].as_array().unwrap().iter().find(|line| line["kind"] == json!("access.denied")).cloned()
    });
    assert_eq!((&denied["data"]["code"], &denied["actor"]["id"]), (&json!("unauthorized"), &json!("127.0.0.1")));
}

#[test]
fn without_any_key_only_this_machine_is_let_in() {
    let server = Server::with(&[("API_SERVER_KEY", "")]);
    assert!(server.address.ip().is_loopback());
    for told in
        ["API_SERVER_KEY is set, but empty", "there is no key: listening on loopback only", "No key: only this machine"]
    {
        assert_eq!(server.home.log().matches(told).count(), 1, "{told} in {}", server.home.log());
    }
    assert!(!Server::start().home.log().contains("loopback only"));
    let nobody = server.client(None);
    let id = submit(&nobody, "uptime");
    assert_eq!(show(&nobody, &id)["submitted_by"], json!("local"));
    for host in ["localhost", "localhost:1", "127.0.0.1", "127.9.9.9:8080", "[::1]:9"] {
        nobody.header("host", host).get("/api/tasks").expect(200);
    }
    for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "10.0.0.1", ""] {
        nobody.header("host", host).get("/api/tasks").refused(403, "foreign_origin");
        nobody.header("host", host).post("/api/tasks", json!({"command": "x"})).refused(403, "foreign_origin");
    }
    let (status, log) = Home::new().refused(&[("API_SERVER_KEY", ""), ("SUPERVISOR_HOST", "0.0.0.0")]);
    assert!(!status.success() && log.contains("API_SERVER_KEY") && log.contains("SUPERVISOR_HOST"), "{log}");
}

#[test]
fn another_name_of_the_host_is_let_in_where_it_is_set() {
    let server = Server::with(&[("API_SERVER_KEY", ""), ("HERMES_ALLOWED_HOSTS", "hermes.lan")]);
    server.client(None).header("host", "hermes.lan:80").get("/api/tasks").expect(200);
    server.client(None).header("host", "other.lan").get("/api/tasks").refused(403, "foreign_origin");
}

#[test]
fn figures_are_open_on_loopback_only() {
    let server = Server::start();
    let figures = server.client(None).get("/metrics");
    assert!(figures.status == 200 && figures.text().contains("hermes_audit_lines_total"), "{}", figures.text());
    let through_proxy = server.client(None).header("x-forwarded-for", "203.0.113.9");
    through_proxy.get("/metrics").refused(401, "unauthorized");
    let people = server.people();
    people.submitter.header("x-forwarded-for", "203.0.113.9").get("/metrics").refused(403, "forbidden");
    assert_eq!(people.auditor.header("x-forwarded-for", "203.0.113.9").get("/metrics").status, 200);
}

#[test]
fn the_first_key_of_a_server_without_any_is_an_admins() {
    let server = Server::with(&[("API_SERVER_KEY", "")]);
    let nobody = server.client(None);
    let make = |body| nobody.post("/api/admin/keys", body);
    let refused = make(json!({"name": "ci", "roles": ["submitter"]})).refused(422, "invalid_field");
    assert_eq!(refused["field"], json!("roles"));
    assert!(refused["error"].as_str().unwrap().contains("the first key has to be an admin's"), "{refused}");
    let first = make(json!({"name": "boss", "roles": ["admin"]})).expect(201);
    assert_eq!(first["first"], json!(true));
    let boss = server.client(first["key"].as_str());
    let second = boss.post("/api/admin/keys", json!({"name": "ci", "roles": ["submitter"]})).expect(201);
    assert_eq!(second["first"], json!(false));
    make(json!({"name": "late", "roles": ["admin"]})).refused(401, "unauthorized");

    let server = Server::with(&[("API_SERVER_KEY", "")]);
    let meant = json!({"name": "ci", "roles": ["submitter"], "without_admin": true});
    assert_eq!(server.client(None).post("/api/admin/keys", meant).expect(201)["first"], json!(true));
}
