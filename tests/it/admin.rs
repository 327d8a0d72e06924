//! Policy, allow-list and clean-up at run time.

use hermes_core::id::Digest;
use serde_json::json;

use crate::harness::{Home, Server};
use crate::script::*;

#[test]
fn a_policy_is_taken_as_a_whole_or_not_at_all() {
    let server = Server::start();
    let people = server.people();
    let put = |body| people.admin.put("/api/admin/policy", body);
    let before = people.admin.get("/api/admin/policy").expect(200);
    for (body, field) in [
        (json!({"toml": "allow_self_approval = true\nnonsense = 1"}), "toml"),
        (json!({"toml": "allow_self_approval = true\n[levels.low]\napprovals = 0"}), "toml"),
        (json!({"toml": "allow_self_approval = \"yes\""}), "toml"),
        (json!({"toml": "= ="}), "toml"),
        (json!({"policy": {"allow_self_approval": true, "limits": {"burst": 0}}}), "policy"),
        (json!({"policy": {"people": {"a": {"keys": ["k"]}, "b": {"keys": ["k"]}}}}), "policy"),
        (json!({"policy": {"trusted_networks": ["10.0.0."]}}), "policy"),
        (json!({"policy": {"trusted_lowers": ["recursive_delete"]}}), "policy"),
        (json!({"policy": {"trusted_lowers": ["no_such_label"]}}), "policy"),
        (json!({"policy": 7}), "policy"),
        (json!({}), "policy"),
        (json!({"toml": "", "policy": {}}), "policy"),
    ] {
        assert_eq!(put(body.clone()).refused(422, "invalid_field")["field"], json!(field), "{body}");
        assert_eq!(people.auditor.get("/api/admin/policy").expect(200), before, "{body}");
    }
    let both = server.key("both", &["submitter", "approver"]);
    let id = submit(&both, "uptime");
    decide(&both, &id, "approve").refused(403, "self_approval");
    put(json!({"policy": {"allow_self_approval": true}})).expect(200);
    approve(&both, &id);
}

#[test]
fn what_was_put_in_stays_over_a_restart_until_the_file_changes() {
    let home = Home::new();
    home.write("policy.toml", "start_within = \"1h\"");
    let server = Server::on(home, &[("APPROVAL_WHITELIST", "ou_env")]);
    let root = server.root();
    assert_eq!(root.get("/api/admin/whitelist").expect(200)["open_ids"], json!(["ou_env"]));
    root.put("/api/admin/whitelist", json!({"open_ids": ["ou_b", "ou_a", "ou_a"]})).expect(200);
    for bad in [json!({"open_ids": [""]}), json!({"open_ids": ["a b"]}), json!({"open_ids": "ou_a"}), json!({})] {
        root.put("/api/admin/whitelist", bad).refused(422, "invalid_field");
    }
    root.put("/api/admin/policy", json!({"toml": "start_within = \"2h\""})).expect(200);
    let within = |server: &Server| server.root().get("/api/admin/policy").expect(200)["policy"]["start_within"].clone();

    let server = Server::on(server.kill(), &[("APPROVAL_WHITELIST", "ou_env")]);
    assert_eq!(server.root().get("/api/admin/whitelist").expect(200)["open_ids"], json!(["ou_a", "ou_b"]));
    assert_eq!(within(&server), json!("2h"));

    let home = server.kill();
    home.write("policy.toml", "start_within = \"3h\"");
    let server = Server::on(home, &[("APPROVAL_WHITELIST", "ou_other")]);
    assert_eq!(server.root().get("/api/admin/whitelist").expect(200)["open_ids"], json!(["ou_other"]));
    assert_eq!(within(&server), json!("3h"), "whoever spoke last is heard");
}

#[test]
fn a_changed_policy_file_is_taken_in_on_request() {
    let server = Server::with_policy("start_within = \"1h\"");
    let root = server.root();
    let within = || root.get("/api/admin/policy").expect(200)["policy"]["start_within"].clone();
    server.home.write("policy.toml", "start_within = \"2h\"");
    assert_eq!(within(), json!("1h"));
    root.post("/api/admin/reload", json!({})).expect(200);
    assert_eq!(within(), json!("2h"));
    server.home.write("policy.toml", "start_within = \"3h\"\nnonsense = 1");
    let refused = root.post("/api/admin/reload", json!({})).refused(422, "invalid_field");
    assert!(refused["error"].as_str().unwrap().contains("nonsense"), "{refused}");
    assert!(!refused.to_string().contains(server.home.path().to_str().unwrap()), "{refused}");
    assert_eq!(within(), json!("2h"));
}

#[test]
fn cleaning_up_removes_what_ended_and_keeps_the_trail() {
    let server = Server::start();
    let people = server.people();
    let waiting = submit(&people.submitter, "uptime");
    let ended = json!({"command": "uptime", "task_id": "ended"});
    people.submitter.post("/api/tasks", ended.clone()).expect(201);
    decide(&people.approver, "ended", "reject").expect(200);
    assert_eq!(people.admin.post("/api/admin/cleanup?days=1", json!({})).expect(200)["deleted"], json!(0));
    assert_eq!(people.admin.post("/api/admin/cleanup?days=0", json!({})).expect(200)["deleted"], json!(1));
    assert_eq!(
        people.admin.post("/api/admin/cleanup?days=-1", json!({})).refused(422, "invalid_field")["field"],
        json!("days")
    );
    people.auditor.get("/api/tasks/ended").refused(404, "not_found");
    show(&people.auditor, &waiting);
    assert_eq!(people.auditor.get("/api/tasks").expect(200)["total"], json!(1));
    assert_eq!(people.auditor.get("/api/audit/export?task_id=ended").text().lines().count(), 3);
    people.submitter.post("/api/tasks", ended).refused(409, "task_exists");
}

const RULES: &str = r#"
[[label]]
name = "release_train"
level = "high"
en = "Starts a release."
zh = "启动发布。"

[[program]]
names = ["shipctl"]
options = ["-e --env="]
commands.low = ["status"]
otherwise = "service_control"

[[program.rule]]
label = "release_train"
first = ["release"]
value = { "--env" = ["prod*"] }
"#;

#[test]
fn an_organisations_rules_are_taken_in_at_run_time_or_refused_whole() {
    let home = Home::new();
    home.write("rules.toml", RULES);
    let server = Server::on(home, &[]);
    let root = server.root();
    let grade = |command: &str| {
        let answer = root.post("/api/risk/classify", json!({"command": command})).expect(200);
        (answer["level"].as_str().unwrap().to_owned(), answer["labels"].clone())
    };
    let release = "shipctl -e production release web";
    assert_eq!(grade(release), ("high".to_owned(), json!(["release_train"])));
    assert_eq!(grade("shipctl -e test release web"), ("medium".to_owned(), json!(["service_control"])));
    assert_eq!(grade("shipctl status"), ("low".to_owned(), json!([])));

    server.home.write("rules.toml", &RULES.replace("release_train\"\nfirst", "relase_train\"\nfirst"));
    let refused = root.post("/api/admin/reload", json!({})).refused(422, "invalid_field");
    assert_eq!(refused["field"], json!("rules"));
    let why = refused["error"].as_str().unwrap();
    assert!(why.contains("line ") && why.contains("relase_train"), "{why}");
    assert_eq!(grade(release).0, "high", "the old set stays");

    server.home.write("rules.toml", &RULES.replace("prod*", "live*"));
    root.post("/api/admin/reload", json!({})).expect(200);
    assert_eq!(grade(release).0, "medium");

    root.put("/api/admin/policy", json!({"policy": {"trusted_lowers": ["service_control"]}})).expect(200);
    assert_eq!(grade(release).0, "low", "asked from this host, which is trusted");
    assert_eq!(grade("rm -rf /srv").0, "high");
}

#[test]
fn a_file_that_somebody_named_has_to_be_there() {
    let home = Home::new();
    for (variable, file) in [("HERMES_RULES", "/nowhere/own.toml"), ("HERMES_POLICY", "/nowhere/policy.toml")] {
        let (_, said) = home.refused(&[(variable, file)]);
        let says = format!("{file} is refused");
        assert!(said.contains(&says) && said.contains(&format!("does not exist, but {variable} names it")), "{said}");
    }
    home.write("hermes.toml", "[rules]\nrisk = \"/nowhere/theirs.toml\"\n");
    let (_, said) = home.refused(&[]);
    assert!(
        said.contains("/nowhere/theirs.toml") && said.contains("rules.risk in the settings file names it"),
        "{said}"
    );
}

#[test]
fn a_server_says_which_policy_and_rules_are_in_force() {
    let server = Server::start();
    let log = server.home.log();
    assert!(log.contains(r#"policy="built-in" rules="built-in rules only""#), "{log}");
    assert_eq!(server.root().post("/api/admin/reload", json!({})).expect(200)["rules"], json!(null));

    let home = server.kill();
    let rules = home.path().join("own.toml");
    home.write("own.toml", RULES);
    home.write("policy.toml", "start_within = \"2h\"");
    let server = Server::on(home, &[("HERMES_RULES", rules.to_str().unwrap())]);
    let (log, policy) = (server.home.log(), server.home.path().join("policy.toml"));
    assert!(log.contains(&format!("policy={policy:?} rules={rules:?}")), "{log}");
    let root = server.root();
    let answer = root.post("/api/admin/reload", json!({})).expect(200);
    assert_eq!(answer["rules"], json!(Digest::of(RULES.as_bytes()).hex()));
    assert!(!answer.to_string().contains("own.toml"), "{answer}");

    std::fs::remove_file(&rules).unwrap();
    let refused = root.post("/api/admin/reload", json!({})).refused(422, "invalid_field");
    assert_eq!(refused["field"], json!("rules"));
    assert!(!refused.to_string().contains("own.toml"), "{refused}");
}

#[test]
fn a_server_does_not_start_with_rules_that_it_cannot_use() {
    let home = Home::new();
    home.write("rules.toml", "[[program]]\nnames = [\"x\"]\nnonsense = 1\n");
    let (status, said) = home.refused(&[]);
    assert!(!status.success() && said.contains("rules.toml, line 3") && said.contains("nonsense"), "{said}");
}

#[test]
fn a_rule_file_that_has_no_end_is_not_read() {
    let server = Server::start();
    let root = server.root();
    let reload = |why: &str| {
        let refused = root.post("/api/admin/reload", json!({})).refused(422, "invalid_field");
        assert!(refused["error"].as_str().unwrap().contains(why), "{refused}");
        assert_eq!(root.get("/health").status, 200);
    };
    let path = server.home.path().join("rules.toml");
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    reload("not a plain file");
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    reload("not a plain file");
    std::fs::remove_file(&path).unwrap();
    server.home.write("rules.toml", &"# x\n".repeat(300_000));
    reload("longer than 1 MiB");
}
