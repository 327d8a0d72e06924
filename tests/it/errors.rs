//! Every error answer, word for word; none of them gives anything away.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, People, ROOT_KEY, Server};
use crate::script::*;

struct Seen(Vec<Value>);

impl Seen {
    fn add(&mut self, what: &str, answer: &Answer) {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| json!(answer.text()));
        self.0.push(json!({"when": what, "status": answer.status, "body": body}));
    }
}

fn requests(server: &Server, people: &People, seen: &mut Seen) {
    let nobody = server.client(None);
    let post = |by: &Client, path: &str, body: &str| by.call("POST", path, Some(body.as_bytes()));
    seen.add("no key", &nobody.get("/api/tasks"));
    seen.add("wrong key", &server.client(Some("guess")).get("/api/tasks"));
    seen.add("two keys", &server.root().header("x-api-key", "another").get("/api/tasks"));
    seen.add("no such route", &nobody.get("/api/nothing"));
    seen.add("wrong method", &people.submitter.delete("/api/tasks"));
    seen.add("no such task", &people.submitter.get("/api/tasks/none"));
    seen.add("a path for an id", &people.submitter.get("/api/tasks/..%2f..%2fetc%2fpasswd"));
    seen.add("foreign page", &people.submitter.header("origin", "https://evil.example").get("/api/tasks"));
    seen.add("missing role", &people.submitter.get("/api/audit/log"));
    seen.add("not JSON", &post(&people.submitter, "/api/tasks", "{"));
    seen.add("no object", &post(&people.submitter, "/api/tasks", "[]"));
    seen.add("a name twice", &post(&people.submitter, "/api/tasks", r#"{"command":"a","command":"b"}"#));
    seen.add("no command", &post(&people.submitter, "/api/tasks", "{}"));
    seen.add("wrong type", &post(&people.submitter, "/api/tasks", r#"{"command":7}"#));
    seen.add("unknown word", &post(&people.submitter, "/api/tasks", r#"{"command":"a","risk_level":"tiny"}"#));
    seen.add("NUL", &post(&people.submitter, "/api/tasks", r#"{"command":"a\u0000"}"#));
    seen.add("too long", &people.submitter.post("/api/tasks", json!({"command": "x".repeat(65537)})));
    seen.add("wrong id", &people.submitter.post("/api/tasks", json!({"command": "a", "task_id": "a/b"})));
    seen.add("no JSON type", &people.submitter.header("content-type", "text/plain").post("/api/tasks", json!({})));
    seen.add("compressed", &people.submitter.header("content-encoding", "gzip").post("/api/tasks", json!({})));
    seen.add("too large", &post(&people.submitter, "/api/tasks", &"x".repeat(256 * 1024 + 1)));
    seen.add("wrong query", &people.submitter.get("/api/tasks?limit=1e9"));
    seen.add("query twice", &people.submitter.get("/api/tasks?limit=1&limit=2"));
    seen.add("wrong status", &people.submitter.get("/api/tasks?status=x'%20OR%201=1--"));
    seen.add("wrong time", &people.submitter.get("/api/tasks?since=x"));
    seen.add("wrong wait", &people.submitter.get("/api/tasks/none/wait?until=x"));
}

fn tasks(server: &Server, people: &People, seen: &mut Seen) {
    let ci = people.submitter.header("idempotency-key", "k");
    let id =
        ci.post("/api/tasks", json!({"command": "uptime"})).expect(201)["task"]["task_id"].as_str().unwrap().to_owned();
    seen.add("idempotency mismatch", &ci.post("/api/tasks", json!({"command": "date"})));
    seen.add("id taken", &people.submitter.post("/api/tasks", json!({"command": "date", "task_id": id})));
    let high = submit(&people.submitter, "rm -rf /");
    seen.add("high risk", &decide(&people.approver, &high, "approve"));
    let own = submit(&people.admin, "uptime");
    seen.add("own task", &decide(&people.admin, &own, "approve"));
    let say = |id: &str, body: Value| people.approver.post(&format!("/api/tasks/{id}/decision"), body);
    seen.add("no reason", &say(&id, json!({"action": "reject"})));
    seen.add("stale version", &say(&id, json!({"action": "approve", "expected_version": 9})));
    seen.add("stale digest", &say(&id, json!({"action": "approve", "command_sha256": "0".repeat(64)})));
    seen.add("no digest", &say(&id, json!({"action": "approve", "command_sha256": "/etc/passwd"})));
    submit(&people.submitter, "uptime");
    seen.add("too many pending", &people.submitter.post("/api/tasks", json!({"command": "date"})));
    approve(&people.approver, &id);
    seen.add("decided already", &decide(&people.approver, &id, "reject"));
    seen.add("too late to withdraw", &people.submitter.post(&format!("/api/tasks/{id}/withdraw"), json!({})));
    seen.add("not finished", &people.auditor.post(&format!("/api/tasks/{id}/verify"), json!({"verdict": "pass"})));
    seen.add("not his to withdraw", &people.approver.post(&format!("/api/tasks/{high}/withdraw"), json!({})));
    let out_of_scope = server.key("finance", &["worker:finance-worker"]);
    let claim_other = json!({"worker": "w", "roles": ["it-ops-worker"]});
    seen.add("out of scope", &out_of_scope.post("/api/work/claim", claim_other));
    let grant = claim(&people.worker, "w");
    seen.add("another's lease", &start(&out_of_scope, "w", &grant));
    seen.add("no such lease", &people.worker.post("/api/work/x/start", start_body()));
    start(&people.worker, "w", &grant).expect(200);
    seen.add("dispatched", &people.approver.post(&format!("/api/tasks/{id}"), json!({"status": "done"})));
    finish(&people.worker, "w", &grant, 0).expect(200);
    seen.add("another result", &finish(&people.worker, "w", &grant, 1));
    let regex = json!({"expect": {"stdout_regex": "("}});
    seen.add("wrong pattern", &people.auditor.post(&format!("/api/tasks/{id}/verify"), regex));
    seen.add("no verdict", &people.auditor.post(&format!("/api/tasks/{id}/verify"), json!({})));
}

fn administration(people: &People, seen: &mut Seen) {
    seen.add("wrong policy", &people.admin.put("/api/admin/policy", json!({"toml": "nonsense = 1"})));
    seen.add("wrong key name", &people.admin.post("/api/admin/keys", json!({"name": "root", "roles": ["admin"]})));
    seen.add("wrong role", &people.admin.post("/api/admin/keys", json!({"name": "x", "roles": ["king"]})));
    seen.add("key exists", &people.admin.post("/api/admin/keys", json!({"name": "admin", "roles": ["admin"]})));
    seen.add("no such key", &people.admin.delete("/api/admin/keys/nobody"));
}

#[test]
fn every_error_says_what_to_do_and_gives_nothing_away() {
    let server = Server::with_policy("[limits]\npending_per_submitter = 3\n");
    let people = server.people();
    let mut seen = Seen(Vec::new());
    requests(&server, &people, &mut seen);
    tasks(&server, &people, &mut seen);
    administration(&people, &mut seen);
    let keys = [&people.submitter, &people.approver, &people.admin, &people.worker, &people.auditor];
    let keys: Vec<_> = keys.iter().filter_map(|client| client.key.clone()).collect();
    let home = server.home.path().to_str().unwrap().to_owned();
    let telling = ["rusqlite", "SQL", "SELECT", "panicked", ".rs:", "/home", "/tmp", "actix", home.as_str(), ROOT_KEY];
    for answer in &seen.0 {
        let text = answer["body"].to_string();
        for word in telling.into_iter().chain(keys.iter().map(String::as_str)) {
            assert!(!text.contains(word), "{word} is in {answer}");
        }
        assert!(answer["body"]["code"].is_string(), "{answer}");
    }
    let word_for_word = seen
        .0
        .iter()
        .map(|answer| format!("{}: {}\n  {}\n", answer["when"].as_str().unwrap(), answer["status"], answer["body"]));
    insta::assert_snapshot!("errors", word_for_word.collect::<String>());
}

fn start_body() -> Value {
    json!({"worker": "w", "fence": 1, "revision": 1, "command_sha256": "0".repeat(64)})
}
