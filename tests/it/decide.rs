//! Decisions: whose word counts, on what, and when.

use serde_json::json;

use crate::harness::Server;
use crate::script::*;

#[test]
fn nobody_decides_on_his_own_task() {
    let server = Server::with_policy("[people.zhang]\nkeys = [\"laptop\", \"phone\"]\nopen_ids = [\"ou_zhang\"]\n");
    let people = server.people();
    let laptop = server.key("laptop", &["submitter", "approver"]);
    let phone = server.key("phone", &["approver", "admin"]);
    let own = submit(&laptop, "uptime");
    let by_admin = submit(&people.admin, "uptime");
    let claimed =
        people.submitter.post("/api/tasks", json!({"command": "uptime", "submitter_open_id": "ou_zhang"})).expect(201);
    let claimed = claimed["task"]["task_id"].as_str().unwrap();
    for (who, id) in [(&laptop, own.as_str()), (&phone, &own), (&people.admin, &by_admin), (&phone, claimed)] {
        for action in ["approve", "reject", "modify", "escalate"] {
            decide(who, id, action).refused(403, "self_approval");
        }
        who.post(&format!("/api/tasks/{id}"), json!({"status": "approved"})).refused(403, "self_approval");
    }
    for id in [own.as_str(), &by_admin, claimed] {
        assert_eq!(approve(&people.approver, id)["task"]["status"], json!("approved"));
    }
}

#[test]
fn the_policy_may_allow_self_approval_and_the_event_says_so() {
    let server = Server::with_policy("allow_self_approval = true");
    let both = server.key("both", &["submitter", "approver"]);
    let id = submit(&both, "uptime");
    approve(&both, &id);
    let events = both.get(&format!("/api/tasks/{id}?include=events")).expect(200);
    assert_eq!(events["task"]["events"][1]["data"]["self_approval"], json!(true));
}

#[test]
fn high_risk_is_an_administrators_to_approve() {
    let server = Server::start();
    let people = server.people();
    let id = submit(&people.submitter, "rm -rf /");
    decide(&people.approver, &id, "approve").refused(403, "admin_required");
    people.approver.post(&format!("/api/tasks/{id}"), json!({"status": "approved"})).refused(403, "admin_required");
    assert_eq!(decide(&people.approver, &id, "escalate").expect(200)["task"]["status"], json!("admin"));
    decide(&people.approver, &id, "reject").refused(403, "admin_required");
    assert_eq!(approve(&people.admin, &id)["task"]["status"], json!("approved"));
    let refused = submit(&people.submitter, "rm -rf /");
    assert_eq!(decide(&people.approver, &refused, "reject").expect(200)["task"]["outcome"], json!("rejected_by_human"));
}

#[test]
fn one_person_behind_two_keys_counts_once() {
    let server = Server::with_policy(
        "[people.zhang]\nkeys = [\"laptop\", \"phone\"]\n[levels.low]\napprovals = 2\n[levels.medium]\napprovals = 2\n",
    );
    let people = server.people();
    let (laptop, phone) = (server.key("laptop", &["approver"]), server.key("phone", &["approver"]));
    let id = submit(&people.submitter, "uptime");
    let once = approve(&laptop, &id);
    assert_eq!(once["task"]["status"], json!("pending"));
    assert_eq!(once["task"]["votes"], json!([{"person": "zhang", "choice": "approve"}]));
    decide(&phone, &id, "approve").refused(409, "already_voted");
    decide(&laptop, &id, "approve").refused(409, "already_voted");
    assert_eq!(show(&people.submitter, &id)["status"], json!("pending"));
    assert_eq!(approve(&people.approver, &id)["task"]["status"], json!("approved"));
}

#[test]
fn another_command_voids_earlier_votes() {
    let two = "approvals = 2\n";
    let server = Server::with_policy(&format!("[levels.low]\n{two}[levels.medium]\n{two}[levels.high]\n{two}"));
    let people = server.people();
    let second = server.key("second", &["approver"]);
    let id = submit(&people.submitter, "uptime");
    let old_digest = approve(&people.approver, &id)["task"]["command_sha256"].clone();
    decide(&second, &id, "modify").expect(200);
    let resubmit =
        |by: &crate::harness::Client| by.post(&format!("/api/tasks/{id}/resubmit"), json!({"command": "rm -rf /srv"}));
    resubmit(&people.approver).refused(403, "forbidden");
    let other = server.key("other", &["submitter"]);
    resubmit(&other).refused(404, "not_found");
    let revised = resubmit(&people.submitter).expect(200)["task"].take();
    assert_eq!(
        (&revised["revision"], &revised["status"], &revised["votes"]),
        (&json!(2), &json!("pending"), &json!([]))
    );
    assert_eq!(revised["risk_level"], json!("high"), "it is graded afresh");
    assert_ne!(revised["command_sha256"], old_digest);
    let stale = json!({"action": "approve", "command_sha256": old_digest});
    people.admin.post(&format!("/api/tasks/{id}/decision"), stale).refused(409, "stale_revision");
    approve(&people.admin, &id);
    assert_eq!(show(&people.submitter, &id)["status"], json!("pending"), "one vote is not two");
    resubmit(&people.submitter).refused(409, "illegal_transition");
}

#[test]
fn what_was_declared_of_the_risk_holds_for_the_next_command() {
    let server = Server::start();
    let people = server.people();
    let body = json!({"command": "uptime", "risk_level": "high", "risk_labels": ["prod"]});
    let task = people.submitter.post("/api/tasks", body).expect(201)["task"].take();
    let id = task["task_id"].as_str().unwrap();
    decide(&people.admin, id, "modify").expect(200);
    let resubmit = json!({"command": "date", "risk_level": "low", "risk_labels": []});
    let revised = people.submitter.post(&format!("/api/tasks/{id}/resubmit"), resubmit).expect(200)["task"].take();
    assert_eq!((&revised["risk_level"], &revised["revision"]), (&json!("high"), &json!(2)));
    assert_eq!(revised["risk_labels"], json!(["declared_by_submitter", "prod"]));
    decide(&people.approver, id, "approve").refused(403, "admin_required");
}

#[test]
fn a_submitter_withdraws_what_is_not_decided() {
    let server = Server::start();
    let people = server.people();
    let withdraw =
        |id: &str| people.submitter.post(&format!("/api/tasks/{id}/withdraw"), json!({"reason": "never mind"}));
    for before in [None, Some("modify"), Some("escalate")] {
        let id = submit(&people.submitter, "uptime");
        before.map(|action| decide(&people.approver, &id, action).expect(200));
        let task = withdraw(&id).expect(200)["task"].take();
        assert_eq!((&task["status"], &task["outcome"]), (&json!("rejected"), &json!("withdrawn")), "{before:?}");
        decide(&people.approver, &id, "approve").refused(409, "illegal_transition");
    }
    let late = approved(&people.submitter, &people.approver, "uptime");
    withdraw(&late).refused(409, "illegal_transition");
    let foreign = submit(&people.admin, "uptime");
    withdraw(&foreign).refused(404, "not_found");
    people.approver.post(&format!("/api/tasks/{foreign}/withdraw"), json!({})).refused(403, "forbidden");
}

#[test]
fn a_decision_names_what_it_is_about() {
    let server = Server::start();
    let people = server.people();
    let id = submit(&people.submitter, "uptime");
    let path = format!("/api/tasks/{id}/decision");
    let say = |body| people.approver.post(&path, body);
    say(json!({"action": "approve", "expected_version": 9})).refused(409, "stale_version");
    let other = hermes_core::id::Digest::of(b"reboot");
    say(json!({"action": "approve", "command_sha256": other})).refused(409, "stale_revision");
    for (body, field) in [
        (json!({}), "action"),
        (json!({"action": "allow"}), "action"),
        (json!({"action": "approve", "command_sha256": "xyz"}), "command_sha256"),
        (json!({"action": "approve", "expected_version": -1}), "expected_version"),
        (json!({"action": "approve", "expected_version": 1.5}), "expected_version"),
        (json!({"action": "reject"}), "reason"),
        (json!({"action": "modify", "reason": " "}), "reason"),
    ] {
        assert_eq!(say(body.clone()).refused(422, "invalid_field")["field"], json!(field), "{body}");
    }
    assert_eq!(show(&people.submitter, &id)["version"], json!(1));
    say(json!({"action": "approve", "expected_version": 1})).expect(200);
}

#[test]
fn of_two_who_decide_at_once_one_is_heard() {
    let server = Server::start();
    let people = server.people();
    for _ in 0..5 {
        let id = submit(&people.submitter, "uptime");
        let yes = std::thread::spawn({
            let (approver, id) = (people.approver.clone(), id.clone());
            move || decide(&approver, &id, "approve").status
        });
        let no = decide(&people.admin, &id, "reject").status;
        let mut both = [yes.join().unwrap(), no];
        both.sort_unstable();
        assert_eq!(both, [200, 409]);
    }
}

#[test]
fn the_references_update_goes_through_the_same_door() {
    let server = Server::start();
    let people = server.people();
    let id = submit(&people.submitter, "uptime");
    let path = format!("/api/tasks/{id}");
    let update = |body| people.approver.post(&path, body);
    update(json!({"status": "done"})).refused(409, "illegal_transition");
    update(json!({"status": "pending"})).refused(409, "illegal_transition");
    assert_eq!(update(json!({"status": "flying"})).refused(422, "invalid_field")["field"], json!("status"));
    update(json!({"status": "approved", "expected_version": 7})).refused(409, "stale_version");
    assert_eq!(update(json!({"remark": "a note"})).expect(200)["task"]["remark"], json!("a note"));
    let approved =
        update(json!({"status": "approved", "operator_name": "the boss", "operator_open_id": "ou_boss"})).expect(200);
    assert_eq!(
        (&approved["task"]["decided_by"], &approved["task"]["operator_open_id"]),
        (&json!("approver"), &json!(""))
    );
    assert_eq!(update(json!({"status": "executing"})).expect(200)["task"]["status"], json!("executing"));
    let nothing = people.worker.post("/api/work/claim", json!({"worker": "w", "wait": 0}));
    assert_eq!(nothing.status, 204, "what a person runs is on nobody's list");
    let body = json!({"status": "done", "execution_log": "fine", "execution_result": {"rows": 3}, "execution_status": "success"});
    let done = update(body).expect(200)["task"].take();
    assert_eq!(
        (&done["status"], &done["execution_log"], &done["execution_result"]),
        (&json!("done"), &json!("fine"), &json!({"rows": 3}))
    );
    update(json!({"status": "failed"})).refused(409, "illegal_transition");
    for (status, after) in [("rejected", "rejected"), ("modify", "modify"), ("admin", "admin")] {
        let id = submit(&people.submitter, "uptime");
        let task = people.approver.post(&format!("/api/tasks/{id}"), json!({"status": status})).expect(200);
        assert_eq!(task["task"]["status"], json!(after));
    }
}

#[test]
fn deadlines_run() {
    let rules = "alert = \"1s\"\nreject = \"2s\"\n";
    let server = Server::with_policy(&format!("[levels.low]\n{rules}[levels.medium]\n{rules}[levels.high]\n{rules}"));
    let people = server.people();
    let id = submit(&people.submitter, "uptime");
    let ended = people.submitter.get(&format!("/api/tasks/{id}/wait?timeout=20")).expect(200);
    assert_eq!((&ended["task"]["status"], &ended["task"]["outcome"]), (&json!("rejected"), &json!("expired")));
    let events = people.submitter.get(&format!("/api/tasks/{id}?include=events")).expect(200);
    let kinds: Vec<_> = events["task"]["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(json!(kinds), json!(["created", "alerted", "rejected"]));
    decide(&people.approver, &id, "approve").refused(409, "illegal_transition");
}
