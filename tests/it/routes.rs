//! Every route, and who may use it. The table is held against the running server here, and the documentation is made
//! from it.

use serde_json::{Value, json};

use crate::harness::{Client, People, Server};
use crate::script::*;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// No key is needed.
    Anybody,
    /// The platform, by its signature; keys do not count.
    Platform,
    /// Anybody with a key.
    AnyKey,
    /// One of these roles; `admin` has those of submitter, approver and auditor too.
    Roles(&'static [&'static str]),
}

/// What has to be there before the route is called; `{id}` or `{lease}` stands for it in the path.
#[derive(Debug, Clone, Copy)]
enum Given {
    Nothing,
    Pending,
    Modify,
    Approved,
    Leased,
    Started,
    Done,
    Key,
}

pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) who: Who,
    given: Given,
    body: fn(&Fixture) -> Value,
    /// What somebody with the right gets.
    status: u16,
}

macro_rules! route {
    ($method:literal $path:literal, $who:expr, $given:ident, $status:literal $(, $body:expr)?) => {
        Route {
            method: $method,
            path: $path,
            who: $who,
            given: Given::$given,
            body: { let body: fn(&Fixture) -> Value = |_| Value::Null; $(let _none = body; let body: fn(&Fixture) -> Value = $body;)? body },
            status: $status,
        }
    };
}

use Who::{AnyKey, Anybody, Platform, Roles};

const SUBMITTER: Who = Roles(&["submitter"]);
const APPROVER: Who = Roles(&["approver"]);
const WORKER: Who = Roles(&["worker"]);
const AUDITOR: Who = Roles(&["auditor"]);
const ADMIN: Who = Roles(&["admin"]);
const ADMIN_READS: Who = Roles(&["admin", "auditor"]);

pub(crate) const ROUTES: &[Route] = &[
    route!("GET" "/health", Anybody, Nothing, 200),
    route!("GET" "/health/ready", Anybody, Nothing, 200),
    route!("GET" "/metrics", Anybody, Nothing, 200),
    route!("POST" "/api/tasks", SUBMITTER, Nothing, 201, |_| json!({"command": "uptime"})),
    route!("GET" "/api/tasks", AnyKey, Nothing, 200),
    route!("GET" "/api/tasks/{id}", AnyKey, Pending, 200),
    route!("GET" "/api/tasks/{id}/wait", AnyKey, Approved, 200),
    route!("GET" "/api/tasks/{id}/output", AnyKey, Done, 200),
    route!("POST" "/api/tasks/{id}", APPROVER, Pending, 200, |_| json!({"status": "approved"})),
    route!("POST" "/api/tasks/{id}/decision", APPROVER, Pending, 200, |_| json!({"action": "approve"})),
    route!("POST" "/api/tasks/{id}/resubmit", SUBMITTER, Modify, 200, |_| json!({"command": "date"})),
    route!("POST" "/api/tasks/{id}/withdraw", SUBMITTER, Pending, 200, |_| json!({})),
    route!("POST" "/api/tasks/{id}/dispatch", APPROVER, Approved, 200, |_| json!({})),
    route!("POST" "/api/tasks/{id}/verify", Roles(&["approver", "auditor"]), Done, 200, |_| json!({"verdict": "pass"})),
    route!("POST" "/api/risk/classify", AnyKey, Nothing, 200, |_| json!({"command": "uptime"})),
    route!("POST" "/api/work/claim", WORKER, Approved, 200, |_| json!({"worker": "w", "wait": 20})),
    route!("POST" "/api/work/{lease}/start", WORKER, Leased, 200, |fixture| fixture.start()),
    route!("POST" "/api/work/{lease}/heartbeat", WORKER, Leased, 200, |fixture| fixture.holder(json!({}))),
    route!("POST" "/api/work/{lease}/output", WORKER, Started, 200,
        |fixture| fixture.holder(json!({"seq": 1, "stream": "stdout", "data": "x"}))),
    route!("POST" "/api/work/{lease}/finish", WORKER, Started, 200, |fixture| fixture.holder(json!({"exit_code": 0}))),
    // Without an app there is no such thing; what it does with one is shown elsewhere.
    route!("POST" "/api/webhook/feishu", Platform, Nothing, 404, |_| json!({"encrypt": "x"})),
    route!("GET" "/api/events", AnyKey, Nothing, 200),
    route!("GET" "/api/audit/log", AUDITOR, Nothing, 200),
    route!("GET" "/api/audit/export", AUDITOR, Nothing, 200),
    route!("GET" "/api/audit/verify", AUDITOR, Nothing, 200),
    route!("POST" "/api/admin/keys", ADMIN, Nothing, 422, |_| json!({"name": "x", "roles": []})),
    route!("GET" "/api/admin/keys", ADMIN_READS, Nothing, 200),
    route!("DELETE" "/api/admin/keys/{name}", ADMIN, Key, 200),
    route!("GET" "/api/admin/whitelist", ADMIN_READS, Nothing, 200),
    route!("PUT" "/api/admin/whitelist", ADMIN, Nothing, 200, |_| json!({"open_ids": ["ou_1"]})),
    route!("GET" "/api/admin/policy", ADMIN_READS, Nothing, 200),
    route!("PUT" "/api/admin/policy", ADMIN, Nothing, 200, |_| json!({"toml": ""})),
    route!("POST" "/api/admin/reload", ADMIN, Nothing, 200, |_| json!({})),
    route!("POST" "/api/admin/cleanup", ADMIN, Nothing, 200, |_| json!({})),
];

impl Who {
    fn admits(self, role: &str) -> bool {
        let Roles(roles) = self else { return true };
        roles.contains(&role) || (role == "admin" && roles.iter().any(|role| *role != "worker"))
    }

    /// As the documentation says it.
    pub(crate) fn text(self) -> String {
        match self {
            Anybody => "–".to_owned(),
            Platform => "Feishu's signature".to_owned(),
            AnyKey => "any".to_owned(),
            Roles(roles) => roles.join(", "),
        }
    }
}

/// What a call is about.
struct Fixture {
    id: String,
    grant: Option<hermes_core::wire::work::Grant>,
    key: String,
}

impl Fixture {
    fn new(given: Given, server: &Server, people: &People) -> Self {
        let mut fixture = Self { id: String::new(), grant: None, key: String::new() };
        let approved = || approved(&people.submitter, &people.approver, "uptime");
        match given {
            Given::Nothing => {}
            Given::Pending => fixture.id = submit(&people.submitter, "uptime"),
            Given::Modify => {
                fixture.id = submit(&people.submitter, "uptime");
                decide(&people.approver, &fixture.id, "modify").expect(200);
            }
            Given::Approved => fixture.id = approved(),
            Given::Leased | Given::Started | Given::Done => {
                fixture.id = approved();
                // What other calls approved is on the list as well.
                let mut grant = claim(&people.worker, "w");
                while grant.task_id.as_str() != fixture.id {
                    grant = claim(&people.worker, "w");
                }
                if !matches!(given, Given::Leased) {
                    start(&people.worker, "w", &grant).expect(200);
                }
                if matches!(given, Given::Done) {
                    finish(&people.worker, "w", &grant, 0).expect(200);
                }
                fixture.grant = Some(grant);
            }
            Given::Key => {
                let secret = server.root().get("/api/admin/keys").expect(200)["keys"].as_array().unwrap().len();
                fixture.key = format!("key-{secret}");
                server.key(&fixture.key, &["auditor"]);
            }
        }
        fixture
    }

    fn path(&self, path: &str) -> String {
        let lease = self.grant.as_ref().map_or("", |grant| grant.lease.as_str());
        path.replace("{id}", &self.id).replace("{lease}", lease).replace("{name}", &self.key)
    }

    fn holder(&self, mut body: Value) -> Value {
        body["worker"] = json!("w");
        body["fence"] = json!(self.grant.as_ref().unwrap().fence);
        body
    }

    fn start(&self) -> Value {
        let grant = self.grant.as_ref().unwrap();
        self.holder(json!({"revision": grant.revision, "command_sha256": grant.command_sha256}))
    }
}

impl Route {
    fn call(&self, by: &Client, fixture: &Fixture) -> u16 {
        let body = (self.body)(fixture);
        let body = (!body.is_null()).then(|| body.to_string());
        by.status(self.method, &fixture.path(self.path), body.as_deref().map(str::as_bytes))
    }
}

#[test]
fn every_route_takes_the_right_roles_and_no_other() {
    let policy = "[limits]\npending_per_submitter = 1000\n";
    let server = Server::with_policy(policy);
    let people = server.people();
    let roles = [
        ("submitter", &people.submitter),
        ("approver", &people.approver),
        ("admin", &people.admin),
        ("worker", &people.worker),
        ("auditor", &people.auditor),
    ];
    let mut wrong = Vec::new();
    for route in ROUTES {
        for (role, client) in roles {
            let fixture = Fixture::new(route.given, &server, &people);
            let expected = if route.who.admits(role) { route.status } else { 403 };
            let status = route.call(client, &fixture);
            if status != expected {
                wrong.push(format!("{} {} as {role}: {expected} expected, {status} found", route.method, route.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_a_key_every_route_but_the_open_ones_is_closed() {
    let server = Server::start();
    let people = server.people();
    for route in ROUTES {
        let fixture = Fixture::new(route.given, &server, &people);
        let expected = match route.who {
            Anybody | Platform => route.status,
            AnyKey | Roles(_) => 401,
        };
        for nobody in [server.client(None), server.client(Some("hk_00000000_")), server.client(Some("wrong"))] {
            let status = route.call(&nobody, &fixture);
            let limited = expected == 401 && status == 429;
            assert!(status == expected || limited, "{} {}: {status}", route.method, route.path);
        }
    }
    for open in ["/openapi.json", "/docs/", "/docs/swagger-ui.css"] {
        assert_eq!(server.client(None).get(open).status, 200, "{open}");
    }
}

#[test]
fn a_submitter_sees_his_own_tasks_only() {
    let server = Server::start();
    let people = server.people();
    let own = submit(&people.submitter, "uptime");
    let other = server.key("other", &["submitter"]);
    let foreign = submit(&other, "uptime");
    let visible = people.submitter.get("/api/tasks?limit=500").expect(200);
    assert_eq!((&visible["total"], &visible["tasks"][0]["task_id"]), (&json!(1), &json!(own)));
    let asked = people.submitter.get("/api/tasks?submitted_by=other").expect(200);
    assert!(!asked.to_string().contains(&foreign), "{asked}");
    for route in ROUTES.iter().filter(|route| route.path.contains("{id}")) {
        let fixture = Fixture { id: foreign.clone(), grant: None, key: String::new() };
        assert_eq!(route.call(&people.submitter, &fixture), 404, "{} {}", route.method, route.path);
    }
    assert_eq!(people.auditor.get("/api/tasks").expect(200)["total"], json!(2));
}

#[test]
fn a_task_that_is_not_there_is_404_whatever_its_name() {
    let server = Server::start();
    let root = server.root();
    for id in
        ["no-such-task", "..%2f..%2fetc", "%2e%2e", "..", "a%00b", "%ff", "a%20b", &"x".repeat(129), "%F0%9F%92%A9"]
    {
        for route in ROUTES.iter().filter(|route| route.path.contains("{id}")) {
            let fixture = Fixture { id: id.to_owned(), grant: None, key: String::new() };
            let body = (route.body)(&fixture);
            let body = (!body.is_null()).then(|| body.to_string());
            let path = route.path.replace("{id}", id);
            root.call(route.method, &path, body.as_deref().map(str::as_bytes)).refused(404, "not_found");
        }
    }
    for (method, path, status, code) in [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("PUT", "/api/tasks", 405, "method_not_allowed"),
        ("DELETE", "/api/tasks/x", 405, "method_not_allowed"),
        ("PATCH", "/health", 405, "method_not_allowed"),
    ] {
        root.call(method, path, None).refused(status, code);
    }
}
