//! Cards and clicks: the real supervisor beside the simulated Feishu, each a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use hermes_approval::sim::environment;
use hermes_core::feishu::envelope::seal;
use hermes_core::feishu::signature::sign;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Home, People, Server, eventually};
use crate::script::*;

const COMMANDER: &str = "ou_xiaoqiang";
const ADMIN: &str = "ou_peng";
const CHAT: &str = "oc_approvals";

/// The simulated platform; it is killed when the test ends.
pub(crate) struct Feishu {
    client: Client,
    child: Child,
    /// Kept open: it writes on.
    _said: BufReader<ChildStdout>,
}

impl Feishu {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hermes"))
            .args(["feishu-sim", "--port", "0", "--callback", "http://127.0.0.1:9/none"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let url = line.trim().rsplit_once("http://").unwrap().1;
        Self { client: Client::to(url.parse().unwrap()), child, _said: said }
    }

    /// A supervisor that this platform knows.
    fn supervisor(&self) -> Server {
        self.supervisor_on(Home::new())
    }

    fn supervisor_on(&self, home: Home) -> Server {
        self.supervisor_with(home, "http")
    }

    fn supervisor_with(&self, home: Home, mode: &str) -> Server {
        let settings = environment(&format!("http://{}", self.client.address));
        let settings = settings.iter().map(|(name, value)| (*name, value.as_str())).chain([("FEISHU_MODE", mode)]);
        let server = Server::on(home, &settings.collect::<Vec<_>>());
        if mode == "ws" {
            let says = || self.client.get("/sim/state").expect(200)["connections"] == 1;
            eventually("the supervisor is connected", || says().then_some(()));
            return server;
        }
        let url = format!("http://{}/api/webhook/feishu", server.address);
        self.client.put("/sim/callback", json!({"url": url})).expect(200);
        server
    }

    /// The page that people see.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.client.address)
    }

    fn faults(&self, faults: Value) {
        self.client.put("/sim/faults", faults).expect(200);
    }

    fn messages(&self) -> Vec<Value> {
        self.client.get("/sim/state").expect(200)["messages"].take().as_array().cloned().unwrap_or_default()
    }

    /// The card of a task that was sent to somebody, once it looks like this.
    fn card(&self, to: &str, task: &str, title: &str) -> Value {
        eventually(&format!("{to} sees \"{title}\" of {task}"), || {
            let is_it = |message: &Value| {
                message["receive_id"] == to
                    && message["content"]["header"]["subtitle"]["content"]
                        .as_str()
                        .is_some_and(|text| text.starts_with(task))
                    && message["content"]["header"]["title"]["content"] == title
            };
            self.messages().into_iter().find(is_it)
        })
    }

    /// Clicks a button of a card; what the person is told.
    fn click(&self, who: &str, message: &Value, choice: &str, form: Value) -> Value {
        let (value, name) = button(&message["content"], choice);
        let click = json!({
            "open_id": who, "message_id": message["message_id"], "value": value, "name": name, "form_value": form,
        });
        self.client.post("/sim/click", click).expect(200)
    }

    fn toast(&self, who: &str, message: &Value, choice: &str, form: Value) -> String {
        let answer = self.click(who, message, choice, form);
        assert_eq!(answer["code"], 0, "{answer}");
        answer["toast"]["content"].as_str().unwrap().to_owned()
    }
}

impl Drop for Feishu {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// What the button of this choice carries, and its name.
fn button(card: &Value, choice: &str) -> (Value, Value) {
    fn walk(value: &Value, choice: &str) -> Option<(Value, Value)> {
        if value["behaviors"][0]["value"]["choice"] == choice {
            return Some((value["behaviors"][0]["value"].clone(), value["name"].clone()));
        }
        match value {
            Value::Object(fields) => fields.values().find_map(|field| walk(field, choice)),
            Value::Array(items) => items.iter().find_map(|item| walk(item, choice)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
    walk(card, choice).unwrap_or_else(|| panic!("there is no button to {choice}: {card}"))
}

fn status_is(by: &Client, id: &str, status: &str) {
    eventually(&format!("{id} is {status}"), || (show(by, id)["status"] == status).then_some(()));
}

pub(crate) fn house() -> (Feishu, Server, People) {
    let feishu = Feishu::start();
    let server = feishu.supervisor();
    let people = server.people();
    (feishu, server, people)
}

#[test]
fn a_command_is_approved_by_a_click_and_the_card_follows_it_to_its_end() {
    let (feishu, _server, people) = house();
    let id = submit(&people.submitter, "uptime");
    let card = feishu.card(CHAT, &id, "Approval needed");
    assert!(card["content"].to_string().contains("uptime"));
    assert_eq!(feishu.toast(COMMANDER, &card, "approve", json!({})), "Approved.");
    let approved = feishu.card(CHAT, &id, "Approved");
    assert_eq!(approved["message_id"], card["message_id"], "the same message, changed in place");
    let task = show(&people.auditor, &id);
    assert_eq!((&task["status"], &task["operator_open_id"]), (&json!("approved"), &json!(COMMANDER)));
    feishu.card("ou_executor", &id, "Approved");
    run(&people.worker, "w", 0);
    let ended = feishu.card(CHAT, &id, "Finished and archived");
    assert_eq!(ended["message_id"], card["message_id"]);
    assert!(ended["content"].to_string().contains("小强"), "names are shown once they are known: {ended}");
    eventually("one message for each who has to see it", || (feishu.messages().len() == 2).then_some(()));
}

#[test]
fn a_refusal_and_a_change_need_a_reason_and_high_risk_an_administrator() {
    let (feishu, _server, people) = house();
    let refused = submit(&people.submitter, "uptime");
    let card = feishu.card(CHAT, &refused, "Approval needed");
    assert!(feishu.toast(COMMANDER, &card, "reject", json!({"reason": "  "})).starts_with("Say why"));
    assert_eq!(show(&people.auditor, &refused)["status"], "pending");
    assert_eq!(feishu.toast(COMMANDER, &card, "reject", json!({"reason": "not now"})), "Rejected.");
    assert_eq!(show(&people.auditor, &refused)["remark"], "not now");

    let changed = submit(&people.submitter, "date");
    let card = feishu.card(CHAT, &changed, "Approval needed");
    let form = json!({"reason": "in UTC", "proposal": "date -u"});
    assert_eq!(feishu.toast(COMMANDER, &card, "modify", form), "Sent back to its submitter.");
    assert_eq!(show(&people.auditor, &changed)["remark"], "in UTC\nProposed: date -u");

    let grave = submit(&people.submitter, "rm -rf /srv/data");
    let card = feishu.card(CHAT, &grave, "Approval needed");
    assert!(feishu.toast(COMMANDER, &card, "approve", json!({})).starts_with("Only an administrator"));
    assert_eq!(feishu.toast(COMMANDER, &card, "escalate", json!({"reason": ""})), "Handed to an administrator.");
    let review = feishu.card(ADMIN, &grave, "Final review by an administrator");
    assert_eq!(feishu.toast(ADMIN, &review, "approve", json!({})), "Approved.");
    assert_eq!(show(&people.auditor, &grave)["status"], "approved");
}

#[test]
fn who_may_not_or_comes_too_late_is_told_so_and_changes_nothing() {
    let (feishu, server, people) = house();
    let id = submit(&people.submitter, "uptime");
    let card = feishu.card(CHAT, &id, "Approval needed");
    assert!(feishu.toast("ou_bystander", &card, "approve", json!({})).starts_with("You are not on the list"));
    assert_eq!(show(&people.auditor, &id)["status"], "pending");

    // Somebody whose list changes meanwhile.
    server.root().put("/api/admin/whitelist", json!({"open_ids": ["ou_bystander"]})).expect(200);
    assert_eq!(feishu.toast("ou_bystander", &card, "approve", json!({})), "Approved.");
    assert!(feishu.toast(COMMANDER, &card, "approve", json!({})).starts_with("Already decided by feishu:ou_bystander"));

    // The command changed since the card was drawn.
    let changed = submit(&people.submitter, "date");
    let old = feishu.card(CHAT, &changed, "Approval needed");
    decide(&people.approver, &changed, "modify").expect(200);
    let again = json!({"command": "rm -rf /srv/data"});
    people.submitter.post(&format!("/api/tasks/{changed}/resubmit"), again).expect(200);
    assert!(feishu.toast(ADMIN, &old, "approve", json!({})).starts_with("The command has changed since"));
    assert_eq!(show(&people.auditor, &changed)["status"], "pending");

    // Nobody decides on what he says that he submitted himself.
    let own = json!({"command": "uptime", "submitter_open_id": COMMANDER});
    let own = people.submitter.post("/api/tasks", own).expect(201)["task"]["task_id"].as_str().unwrap().to_owned();
    let card = feishu.card(CHAT, &own, "Approval needed");
    assert!(feishu.toast(COMMANDER, &card, "approve", json!({})).starts_with("You submitted this task"));

    // A card of another task in a message: forwarded, or forged.
    let (value, name) = button(&card["content"], "approve");
    let message = feishu.card(CHAT, &id, "Approved")["message_id"].clone();
    let forged = json!({"open_id": ADMIN, "message_id": message, "value": value, "name": name});
    let told = feishu.client.post("/sim/click", forged).expect(200);
    assert!(told["toast"]["content"].as_str().unwrap().starts_with("This copy of the card"), "{told}");
    assert_eq!(show(&people.auditor, &own)["status"], "pending");
    let trail = people.auditor.get("/api/audit/log?limit=200").expect(200).to_string();
    assert!(trail.contains("feishu:ou_bystander") && trail.contains("self_approval"), "{trail}");
}

/// A click as the platform would post it, but for what a test changes.
struct Forged {
    server: Client,
    key: String,
    timestamp: String,
}

impl Forged {
    fn new(server: &Server) -> Self {
        let key = environment("").iter().find(|(name, _)| *name == "FEISHU_ENCRYPT_KEY").unwrap().1.clone();
        let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        Self { server: server.client(None), key, timestamp: seconds.to_string() }
    }

    fn click(task: &Value, message: &Value, event: &str) -> Value {
        json!({
            "schema": "2.0",
            "header": {
                "event_id": event, "token": "token-of-the-simulated-app", "event_type": "card.action.trigger",
                "tenant_key": "tenant_sim", "app_id": "cli_sim",
            },
            "event": {
                "operator": {"tenant_key": "tenant_sim", "open_id": COMMANDER}, "token": "c-1",
                "action": {"tag": "button", "value": {
                    "choice": "approve", "task": task["task_id"], "revision": task["revision"],
                    "digest": task["command_sha256"],
                }},
                "context": {"open_message_id": message["message_id"], "open_chat_id": CHAT},
            },
        })
    }

    fn body(&self, callback: &Value) -> String {
        json!({"encrypt": seal(&self.key, [9; 16], &callback.to_string())}).to_string()
    }

    fn send(&self, body: &str, signature: &str) -> Answer {
        let client = self.server.header("x-lark-request-timestamp", &self.timestamp);
        let client = client.header("x-lark-request-nonce", "n-1").header("x-lark-signature", signature);
        client.call("POST", "/api/webhook/feishu", Some(body.as_bytes()))
    }

    fn signature(&self, body: &str) -> String {
        sign(&self.timestamp, "n-1", &self.key, body.as_bytes())
    }
}

#[test]
fn i10_no_click_counts_without_the_platforms_signature_and_each_counts_once() {
    let (feishu, server, people) = house();
    let id = submit(&people.submitter, "uptime");
    let card = feishu.card(CHAT, &id, "Approval needed");
    let task = show(&people.auditor, &id);
    let forged = Forged::new(&server);
    let click = Forged::click(&task, &card, "ev-1");
    let body = forged.body(&click);
    let good = forged.signature(&body);
    // Without a signature, with a wrong one, over other bytes, in clear, for another app, too old.
    forged.server.call("POST", "/api/webhook/feishu", Some(body.as_bytes())).refused(401, "unauthorized");
    forged.send(&body, &good.replace(['0', '1'], "2")).refused(401, "unauthorized");
    forged.send(&body.replace(':', ": "), &good).refused(401, "unauthorized");
    let clear = click.to_string();
    forged.send(&clear, &forged.signature(&clear)).refused(401, "unauthorized");
    let mut foreign = click.clone();
    foreign["header"]["app_id"] = json!("cli_other");
    let foreign = forged.body(&foreign);
    forged.send(&foreign, &forged.signature(&foreign)).refused(401, "unauthorized");
    let late = Forged { timestamp: "1700000000".to_owned(), ..Forged::new(&server) };
    late.send(&body, &late.signature(&body)).refused(401, "unauthorized");
    assert_eq!(show(&people.auditor, &id)["status"], "pending");
    // The real one counts, once.
    assert_eq!(forged.send(&body, &good).expect(200)["toast"]["content"], "Approved.");
    let other = submit(&people.submitter, "date");
    let replayed = forged.send(&body, &good).expect(200);
    assert_eq!(replayed["toast"]["content"], "This click was taken already.");
    assert_eq!(show(&people.auditor, &other)["status"], "pending");
    // The check of the address is answered, and does nothing else.
    let challenge = json!({"challenge": "c-9", "token": "token-of-the-simulated-app", "type": "url_verification"});
    let challenge = forged.body(&challenge);
    let answer = forged.server.call("POST", "/api/webhook/feishu", Some(challenge.as_bytes()));
    assert_eq!(answer.expect(200), json!({"challenge": "c-9"}));
}

#[test]
fn a_platform_that_is_down_delays_cards_and_nothing_else() {
    let (feishu, _server, people) = house();
    feishu.faults(json!({"down": true}));
    let ids: Vec<String> = (0..5).map(|_| submit(&people.submitter, "uptime")).collect();
    for id in &ids {
        approve(&people.approver, id);
    }
    for _ in &ids {
        run(&people.worker, "w", 0);
    }
    assert_eq!(feishu.messages(), [] as [Value; 0]);
    feishu.faults(json!({}));
    for id in &ids {
        feishu.card(CHAT, id, "Finished and archived");
    }
    // One message each to the chat and the executor, none for what has passed.
    eventually("all are told", || (feishu.messages().len() == 10).then_some(()));
    let updates: Vec<Value> = feishu.messages().into_iter().map(|mut message| message["updates"].take()).collect();
    assert_eq!(updates, vec![json!(0); 10], "what piled up is one card");
}

#[test]
fn an_answer_that_is_lost_makes_no_second_card() {
    let (feishu, _server, people) = house();
    feishu.faults(json!({"lose_answers": 1}));
    let id = submit(&people.submitter, "uptime");
    let card = feishu.card(CHAT, &id, "Approval needed");
    decide(&people.approver, &id, "reject").expect(200);
    let rejected = feishu.card(CHAT, &id, "Rejected");
    assert_eq!(rejected["message_id"], card["message_id"]);
    assert_eq!(feishu.messages().len(), 1);
}

#[test]
fn a_token_that_ends_and_a_platform_that_throttles_cost_time_only() {
    let (feishu, _server, people) = house();
    let first = submit(&people.submitter, "uptime");
    feishu.card(CHAT, &first, "Approval needed");
    feishu.faults(json!({"expire_tokens": true, "throttle": 3}));
    let second = submit(&people.submitter, "date");
    feishu.card(CHAT, &second, "Approval needed");
    decide(&people.approver, &first, "reject").expect(200);
    feishu.card(CHAT, &first, "Rejected");
}

#[test]
fn a_click_that_is_sent_twice_counts_once() {
    let (feishu, _server, people) = house();
    feishu.faults(json!({"duplicate_clicks": true}));
    let id = submit(&people.submitter, "uptime");
    let card = feishu.card(CHAT, &id, "Approval needed");
    assert_eq!(feishu.toast(COMMANDER, &card, "approve", json!({})), "Approved.");
    let events =
        people.auditor.get(&format!("/api/tasks/{id}?include=events")).expect(200)["task"]["events"].to_string();
    assert_eq!(events.matches("\"voted\"").count(), 1, "{events}");
}

#[test]
fn what_was_committed_before_a_kill_is_shown_after_it() {
    let feishu = Feishu::start();
    feishu.faults(json!({"down": true}));
    let server = feishu.supervisor();
    let submitter = server.key("submitter", &["submitter"]);
    let id = submit(&submitter, "uptime");
    let home = server.kill();
    feishu.faults(json!({}));
    let server = feishu.supervisor_on(home);
    let card = feishu.card(CHAT, &id, "Approval needed");
    assert_eq!(feishu.toast(COMMANDER, &card, "approve", json!({})), "Approved.");
    status_is(&server.root(), &id, "approved");
}

#[test]
fn clicks_come_over_the_long_connection_too_and_again_after_it_was_cut() {
    let feishu = Feishu::start();
    let server = feishu.supervisor_with(Home::new(), "ws");
    let people = server.people();
    let first = submit(&people.submitter, "uptime");
    let card = feishu.card(CHAT, &first, "Approval needed");
    assert_eq!(feishu.toast(COMMANDER, &card, "approve", json!({})), "Approved.");
    feishu.card(CHAT, &first, "Approved");
    assert!(
        feishu
            .toast("ou_bystander", &card_of(&feishu, &people, "date"), "approve", json!({}))
            .starts_with("You are not")
    );
    feishu.client.put("/sim/connections", json!({"cut": true})).expect(200);
    eventually("it has come back", || (feishu.client.get("/sim/state").expect(200)["connections"] == 1).then_some(()));
    let card = card_of(&feishu, &people, "uname");
    assert_eq!(feishu.toast(COMMANDER, &card, "approve", json!({})), "Approved.");
}

fn card_of(feishu: &Feishu, people: &People, command: &str) -> Value {
    let id = submit(&people.submitter, command);
    feishu.card(CHAT, &id, "Approval needed")
}
