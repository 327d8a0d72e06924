//! The way of a command through the lease protocol, and every wrong turn on it.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Server, eventually, read};
use crate::script::*;

#[test]
fn a_command_goes_from_submission_to_a_verified_result() {
    let server = Server::start();
    let people = server.people();
    let submission =
        json!({"command": "systemctl status nginx", "description": "is it up?", "target_executor": "it-ops-worker"});
    let created = people.submitter.post("/api/tasks", submission).expect(201);
    let (task, id) = (&created["task"], created["task"]["task_id"].as_str().unwrap());
    assert_eq!(
        (&task["status"], &task["revision"], &task["submitted_by"]),
        (&json!("pending"), &json!(1), &json!("submitter"))
    );
    let sha256 = hermes_core::id::Digest::of(b"systemctl status nginx");
    assert_eq!(task["command_sha256"], json!(sha256));

    let approval = json!({"action": "approve", "expected_version": task["version"], "command_sha256": sha256});
    let approved = people.approver.post(&format!("/api/tasks/{id}/decision"), approval).expect(200);
    assert_eq!(
        (&approved["task"]["status"], &approved["task"]["decided_by"]),
        (&json!("approved"), &json!("approver"))
    );
    assert_eq!(approved["task"]["assignee"], json!("it-ops-worker"));

    let grant = claim(&people.worker, "w1");
    assert_eq!((grant.task_id.as_str(), grant.command.as_str()), (id, "systemctl status nginx"));
    assert_eq!((grant.command_sha256, grant.revision.0, grant.attempt), (sha256, 1, 1));
    let started = start(&people.worker, "w1", &grant).expect(200);
    assert_eq!((&started["task"]["status"], &started["task"]["lease"]["worker"]), (&json!("executing"), &json!("w1")));
    let beat = heartbeat(&people.worker, "w1", &grant).expect(200);
    assert_eq!((&beat["cancel"], &beat["drain"]), (&json!(false), &json!(false)));
    output(&people.worker, "w1", &grant, 1, "active (running)\n").expect(200);
    output(&people.worker, "w1", &grant, 2, "since today\n").expect(200);
    output(&people.worker, "w1", &grant, 1, "a number that is known changes nothing\n").expect(200);
    assert!(show(&people.submitter, id)["lease"]["expires_at"].as_f64().unwrap() > 1e9);
    finish(&people.worker, "w1", &grant, 0).expect(200);

    let done = show(&people.submitter, id);
    assert_eq!(
        (&done["status"], &done["outcome"], &done["lease"]),
        (&json!("done"), &json!("completed"), &Value::Null)
    );
    assert_eq!(done["execution_status"], json!("success"));
    assert_eq!(done["execution_log"], json!("active (running)\nsince today\n"));
    assert_eq!(done["execution_result"]["exit_code"], json!(0));
    let written = people.submitter.get(&format!("/api/tasks/{id}/output")).expect(200);
    assert_eq!((&written["chunks"][1]["data"], &written["done"]), (&json!("since today\n"), &json!(true)));

    let events = people.submitter.get(&format!("/api/tasks/{id}?include=events")).expect(200);
    let kinds: Vec<_> =
        events["task"]["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    let expected = ["created", "voted", "approved", "dispatched", "leased", "started", "finished"];
    assert_eq!(json!(kinds), json!(expected));
    assert!(!events.to_string().contains(grant.lease.as_str()), "the lease's secret is for its holder");

    let verify =
        |expect: Value| people.auditor.post(&format!("/api/tasks/{id}/verify"), json!({"expect": expect})).expect(200);
    let passed = verify(json!({"exit_code": 0, "stdout_contains": "running", "stdout_regex": "^active .*"}));
    assert_eq!(
        (&passed["task"]["verification"]["verdict"], &passed["task"]["verification"]["by"]),
        (&json!("pass"), &json!("auditor"))
    );
    for wrong in [json!({"exit_code": 1}), json!({"stdout_contains": "dead"}), json!({"stdout_regex": "^dead"})] {
        assert_eq!(verify(wrong)["task"]["verification"]["verdict"], json!("fail"));
    }
    let word = json!({"verdict": "pass", "note": "looked at it"});
    let judged = people.approver.post(&format!("/api/tasks/{id}/verify"), word).expect(200);
    assert_eq!(judged["task"]["verification"]["note"], json!("looked at it"));

    let audit = people.auditor.get("/api/audit/verify").expect(200);
    assert_eq!((&audit["intact"], &audit["report"]["verdict"]), (&json!(true), &json!("intact")));
}

#[test]
fn a_rerun_is_a_new_task_with_its_own_approval() {
    let server = Server::start();
    let people = server.people();
    let first = approved(&people.submitter, &people.approver, "uptime");
    let rerun = json!({"command": "uptime", "rerun_of": first});
    let early = people.submitter.post("/api/tasks", rerun.clone()).refused(422, "invalid_field");
    assert_eq!(early["field"], json!("rerun_of"));
    run(&people.worker, "w1", 1);
    assert_eq!(show(&people.submitter, &first)["outcome"], json!("exit_nonzero"));
    let second = people.submitter.post("/api/tasks", rerun).expect(201);
    assert_eq!((&second["task"]["rerun_of"], &second["task"]["status"]), (&json!(first), &json!("pending")));
    let foreign = server.key("other", &["submitter"]);
    foreign.post("/api/tasks", json!({"command": "uptime", "rerun_of": first})).refused(422, "invalid_field");
}

#[test]
fn nobody_but_the_holder_of_the_lease_reports_under_it() {
    let server = Server::start();
    let people = server.people();
    let other = server.key("other-worker", &["worker"]);
    approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w1");
    start(&other, "w1", &grant).refused(409, "lost_lease");
    heartbeat(&other, "w1", &grant).refused(409, "lost_lease");
    start(&people.worker, "w1", &grant).expect(200);
    output(&other, "w1", &grant, 1, "forged").refused(409, "lost_lease");
    finish(&other, "w1", &grant, 0).refused(409, "lost_lease");
    let mut guessed = grant.clone();
    guessed.lease = hermes_core::id::LeaseId::new(&grant.task_id, grant.fence, [0; 16]);
    finish(&people.worker, "w1", &guessed, 0).refused(409, "lost_lease");
    let mut late = grant.clone();
    late.fence = grant.fence.next();
    finish(&people.worker, "w1", &late, 0).refused(409, "lost_lease");
    people
        .worker
        .post("/api/work/no-lease/finish", json!({"worker": "w1", "fence": 1, "exit_code": 0}))
        .refused(404, "not_found");
    finish(&people.worker, "w1", &grant, 0).expect(200);
    assert_eq!(show(&people.submitter, grant.task_id.as_str())["execution_log"], json!(""));
}

#[test]
fn a_repeated_report_changes_nothing_and_another_one_is_refused() {
    let server = Server::start();
    let people = server.people();
    let id = approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w1");
    start(&people.worker, "w1", &grant).expect(200);
    let version = start(&people.worker, "w1", &grant).expect(200)["task"]["version"].clone();
    assert_eq!(show(&people.submitter, &id)["version"], version, "the same start again is only acknowledged again");
    let finished = finish(&people.worker, "w1", &grant, 3).expect(200)["task"]["version"].clone();
    finish(&people.worker, "w1", &grant, 3).expect(200);
    finish(&people.worker, "w1", &grant, 0).refused(409, "result_mismatch");
    let task = show(&people.submitter, &id);
    assert_eq!((&task["version"], &task["outcome"]), (&finished, &json!("exit_nonzero")));
    assert_eq!(
        heartbeat(&people.worker, "w1", &grant).expect(200)["cancel"],
        json!(true),
        "whatever still runs should end"
    );
}

#[test]
fn a_start_needs_the_digest_and_the_revision_that_were_approved() {
    let server = Server::start();
    let people = server.people();
    approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w1");
    let mut other_command = grant.clone();
    other_command.command = "reboot".to_owned();
    start(&people.worker, "w1", &other_command).refused(409, "stale_revision");
    let mut other_revision = grant.clone();
    other_revision.revision = grant.revision.next();
    start(&people.worker, "w1", &other_revision).refused(409, "stale_revision");
    output(&people.worker, "w1", &grant, 1, "nothing runs yet").refused(409, "lost_lease");
    start(&people.worker, "w1", &grant).expect(200);
}

#[test]
fn one_approval_is_dispatched_once() {
    let server = Server::with_policy("auto_dispatch = false");
    let people = server.people();
    let id = approved(&people.submitter, &people.approver, "uptime");
    let nothing = people.worker.post("/api/work/claim", json!({"worker": "w1", "wait": 0}));
    assert_eq!(nothing.status, 204);
    let dispatch = |body: Value| people.approver.post(&format!("/api/tasks/{id}/dispatch"), body);
    assert_eq!(dispatch(json!({"assignee": "a/b"})).refused(422, "invalid_field")["field"], json!("assignee"));
    assert_eq!(dispatch(json!({"assignee": "finance-worker"})).expect(200)["dispatched_to"], json!("finance-worker"));
    dispatch(json!({"assignee": "it-ops-worker"})).refused(409, "already_dispatched");
    dispatch(json!({})).refused(409, "already_dispatched");
    assert_eq!(claim(&people.worker, "w1").task_id.as_str(), id);

    let fallback = approved(&people.submitter, &people.approver, "uptime");
    let answer = people.approver.post(&format!("/api/tasks/{fallback}/dispatch"), json!({})).expect(200);
    assert_eq!(answer["dispatched_to"], json!("it-ops-worker"));
    let pending = submit(&people.submitter, "uptime");
    people.approver.post(&format!("/api/tasks/{pending}/dispatch"), json!({})).refused(409, "illegal_transition");
}

#[test]
fn a_worker_key_pulls_only_for_its_own_roles() {
    let server = Server::start();
    let people = server.people();
    let finance = server.key("finance", &["worker:finance-worker"]);
    finance
        .post("/api/work/claim", json!({"worker": "f", "roles": ["it-ops-worker"], "wait": 0}))
        .refused(403, "forbidden");
    let id = approved(&people.submitter, &people.approver, "uptime");
    let nothing = finance.post("/api/work/claim", json!({"worker": "f", "wait": 0}));
    assert_eq!(nothing.status, 204, "the task is for it-ops-worker: {}", nothing.text());
    assert_eq!(claim(&people.worker, "w1").task_id.as_str(), id);
    for (body, field) in [
        (json!({"worker": "a b"}), "worker"),
        (json!({"worker": "w", "wait": 31}), "wait"),
        (json!({"worker": "w", "max": 0}), "max"),
        (json!({"worker": "w", "max": 17}), "max"),
        (json!({"worker": "w", "roles": vec!["r"; 33]}), "roles"),
    ] {
        assert_eq!(people.worker.post("/api/work/claim", body).refused(422, "invalid_field")["field"], json!(field));
    }
}

#[test]
fn many_who_ask_at_once_get_each_command_once() {
    let server = Server::start();
    let people = server.people();
    let waiting: Vec<_> = (0..6)
        .map(|number| {
            let worker = people.worker.clone();
            let body = json!({"worker": format!("w{number}"), "wait": 3});
            std::thread::spawn(move || worker.post("/api/work/claim", body))
        })
        .collect();
    let mut ids: Vec<_> = (0..3).map(|_| approved(&people.submitter, &people.approver, "uptime")).collect();
    let answers: Vec<_> = waiting.into_iter().map(|thread| thread.join().unwrap()).collect();
    let given = answers.iter().filter(|answer| answer.status == 200);
    let mut got: Vec<_> = given.map(|answer| answer["grants"][0]["task_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    got.sort();
    assert_eq!(got, ids);
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 3);
}

#[test]
fn a_lease_that_runs_out_before_the_start_goes_to_the_next_one() {
    let server = Server::with(&[("HERMES_LEASE_TTL", "1s")]);
    let people = server.people();
    approved(&people.submitter, &people.approver, "uptime");
    let first = claim(&people.worker, "w1");
    let second = claim(&people.worker, "w2");
    assert_eq!((second.attempt, second.fence), (2, first.fence.next()));
    start(&people.worker, "w1", &first).refused(409, "lost_lease");
    start(&people.worker, "w2", &second).expect(200);
    finish(&people.worker, "w1", &first, 0).refused(409, "lost_lease");
    finish(&people.worker, "w2", &second, 0).expect(200);
}

#[test]
fn after_a_start_nothing_is_handed_out_again_and_a_late_result_is_kept() {
    let server = Server::with(&[("HERMES_LEASE_TTL", "1s")]);
    let people = server.people();
    let id = approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w1");
    start(&people.worker, "w1", &grant).expect(200);
    let wait = format!("/api/tasks/{id}/wait?until=finished&timeout=20");
    let ended = people.submitter.get(&wait).expect(200);
    assert_eq!((&ended["task"]["status"], &ended["task"]["outcome"]), (&json!("failed"), &json!("outcome_unknown")));
    let nothing = people.worker.post("/api/work/claim", json!({"worker": "w2", "wait": 0}));
    assert_eq!(nothing.status, 204);
    finish(&people.worker, "w1", &grant, 0).expect(200);
    finish(&people.worker, "w1", &grant, 0).expect(200);
    finish(&people.worker, "w1", &grant, 1).refused(409, "result_mismatch");
    let after = people.submitter.get(&format!("/api/tasks/{id}?include=events")).expect(200);
    assert_eq!((&after["task"]["status"], &after["task"]["outcome"]), (&json!("failed"), &json!("outcome_unknown")));
    let late = after["task"]["events"].as_array().unwrap().last().unwrap();
    assert_eq!((&late["kind"], &late["data"]["result"]["exit_code"]), (&json!("late_result"), &json!(0)));
    let unknown =
        people.auditor.post(&format!("/api/tasks/{id}/verify"), json!({"expect": {"exit_code": 0}})).expect(200);
    assert_eq!(unknown["task"]["verification"]["verdict"], json!("fail"));
}

#[test]
fn a_command_that_was_given_back_unrun_is_handed_out_again() {
    let server = Server::start();
    let people = server.people();
    approved(&people.submitter, &people.approver, "uptime");
    let first = claim(&people.worker, "w1");
    let body = json!({"worker": "w1", "fence": first.fence, "not_run": "draining"});
    let task = people.worker.post(&path(&first, "finish"), body).expect(200);
    assert_eq!((&task["task"]["status"], &task["task"]["lease"]), (&json!("approved"), &Value::Null));
    assert_eq!(claim(&people.worker, "w2").attempt, 2);
    let both = json!({"worker": "w1", "fence": 2, "exit_code": 0, "error": "x"});
    people.worker.post(&path(&first, "finish"), both).refused(422, "invalid_field");
}

#[test]
fn those_who_asked_and_left_take_no_place_from_others() {
    let server = Server::with(&[("HERMES_LONG_POLLS", "2")]);
    let people = server.people();
    let asking: Vec<_> = ["w1", "w2"]
        .into_iter()
        .map(|name| {
            let worker = server.key(name, &["worker"]);
            std::thread::spawn(move || worker.post("/api/work/claim", json!({"worker": "w", "wait": 0})).status)
        })
        .collect();
    assert!(asking.into_iter().all(|thread| thread.join().unwrap() == 204));
    eventually("there is room for the next one", || {
        let answer = people.worker.post("/api/work/claim", json!({"worker": "w", "wait": 0}));
        (answer.status == 204).then_some(())
    });
}

/// Runs the real sub-agent until it says this, then ends it; all that it said.
fn said_by_a_worker(server: &Server, env: &[(&str, &str)], what: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("worker.log");
    let mut worker = Command::new(env!("CARGO_BIN_EXE_hermes"))
        .arg("worker")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("APPROVAL_HOME", folder.path())
        .env("SUPERVISOR_URL", format!("http://{}", server.address))
        .env("SUBAGENT_ROLE", "it-ops-worker")
        .env("HEALTH_PORT", "off")
        .envs(env.iter().copied())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let said = eventually("the sub-agent says so", || {
        let has_ended = worker.try_wait().unwrap().is_some();
        let said = read(&log);
        (said.contains(what) || has_ended).then_some(said)
    });
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(said.contains(what), "{said}");
    said
}

#[test]
fn a_sub_agent_that_is_not_let_in_says_what_to_set() {
    let server = Server::start();
    let people = server.people();
    let make = "`hermes key create --name NAME --role worker:it-ops-worker`";
    let not_set = said_by_a_worker(&server, &[], "set API_SERVER_KEY, which is not set");
    assert!(not_set.contains(make) && not_set.contains("ERROR"), "{not_set}");
    said_by_a_worker(&server, &[("API_SERVER_KEY", "hk_0a1b2c3d_wrong")], "set API_SERVER_KEY to a key with the role");
    let submitter = people.submitter.key.clone().unwrap();
    said_by_a_worker(&server, &[("API_SERVER_KEY", &submitter)], "set API_SERVER_KEY to a key with the role");
}

#[test]
fn a_health_port_that_is_taken_is_named() {
    let server = Server::start();
    let port = server.address.port().to_string();
    let says = format!("the health page cannot be served on port {port}; set HEALTH_PORT");
    said_by_a_worker(&server, &[("HEALTH_PORT", &port)], &says);
}

#[test]
fn a_sub_agent_says_when_a_command_starts() {
    let server = Server::start();
    let people = server.people();
    let id = approved(&people.submitter, &people.approver, "uptime");
    let key = server.key("own-worker", &["worker"]).key.unwrap();
    let said = said_by_a_worker(&server, &[("API_SERVER_KEY", &key)], "the command starts");
    assert!(said.contains(&format!("task.id={id}")), "{said}");
}
