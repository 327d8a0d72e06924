//! The built binary: exit statuses, standard input and output, and what it does to a data folder.
#![expect(clippy::unwrap_used, reason = "tests may stop where they stand")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// `hermes` on a data folder, with nothing of this process's environment.
fn hermes(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hermes"));
    command.args(arguments).env_clear().env("APPROVAL_HOME", home).env("HOME", home).stdin(Stdio::null());
    command
}

fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    told(&hermes(home, arguments).output().unwrap())
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn fed(mut command: Command, input: &str) -> (i32, String, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    told(&child.wait_with_output().unwrap())
}

#[test]
fn wrong_usage_and_wrong_settings_exit_with_2() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [&["list", "--limit", "0"][..], &["frobnicate"], &["approve", "../x"], &["submit"]] {
        assert_eq!(run(home.path(), arguments).0, 2, "{arguments:?}");
    }
    let (status, out, err) = run(home.path(), &["reject", "TASK-1"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.starts_with("error: this decision needs a reason"), "{err}");
    let (status, _, err) = told(&hermes(home.path(), &["config"]).env("SUPERVISOR_PORT", "http").output().unwrap());
    assert_eq!(status, 2);
    assert!(err.contains("SUPERVISOR_PORT (environment): \"http\" is refused"), "{err}");
}

#[test]
fn a_failure_is_an_object_for_programs_and_a_sentence_for_people() {
    let home = tempfile::tempdir().unwrap();
    let (status, out, err) =
        told(&hermes(home.path(), &["list", "--json"]).env("HERMES_URL", "http://127.0.0.1:1").output().unwrap());
    assert_eq!(status, 1);
    let failure: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&failure["ok"], &failure["code"]), (&Value::Bool(false), &Value::from("not_sent")));
    assert!(err.starts_with("error: no supervisor at http://127.0.0.1:1"), "{err}");
    assert!(err.contains("HERMES_URL"), "{err}");
}

#[test]
fn rules_that_somebody_named_have_to_be_there() {
    let home = tempfile::tempdir().unwrap();
    let graded = |variables: &[(&str, &str)], arguments: &[&str]| {
        let arguments = [&["classify", "ls"], arguments].concat();
        told(&hermes(home.path(), &arguments).envs(variables.iter().copied()).output().unwrap())
    };
    assert_eq!(graded(&[], &[]).0, 0, "at the usual place there need be none");
    let (status, _, err) = graded(&[("HERMES_RULES", "/nowhere/own.toml")], &[]);
    assert_eq!(status, 1);
    assert!(err.contains("/nowhere/own.toml") && err.contains("but HERMES_RULES names it"), "{err}");
    let (status, _, err) = graded(&[], &["--rules", "/nowhere/own.toml"]);
    assert_eq!(status, 1);
    assert!(err.contains("/nowhere/own.toml: No such file"), "{err}");
}

#[test]
fn commands_are_graded_without_a_supervisor() {
    let home = tempfile::tempdir().unwrap();
    let lines = "{\"command\":\"rm -rf /\"}\n{\"command\":\"ls\"}\n";
    let (status, out, err) = fed(hermes(home.path(), &["classify", "--jsonl"]), lines);
    assert_eq!(status, 0, "{err}");
    let graded: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| graded.iter().map(|line| line[name].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(of("command"), ["rm -rf /", "ls"]);
    assert_eq!(of("level"), ["high", "low"]);
    let (status, out, _) = fed(hermes(home.path(), &["classify", "-", "--json"]), "rm -rf /\n");
    let graded: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, graded["command"].as_str()), (0, Some("rm -rf /\n")), "exactly what came in");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let mut child = hermes(home.path(), &["classify", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    // The write may fail, too, once the other side is gone.
    child.stdin.take().unwrap().write_all("{\"command\":\"ls\"}\n".repeat(1000).as_bytes()).ok();
    let (status, _, err) = told(&child.wait_with_output().unwrap());
    assert_eq!((status, err.as_str()), (0, ""));
}

#[test]
fn a_key_can_be_made_before_anything_else_exists() {
    let home = tempfile::tempdir().unwrap();
    let create = ["key", "create", "--name", "ci", "--role", "submitter", "--role", "auditor", "--json"];
    let (status, out, err) = run(home.path(), &create);
    assert_eq!(status, 0, "{err}");
    let made: Value = serde_json::from_str(&out).unwrap();
    let fields: Vec<&String> = made.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["name", "key", "roles"]);
    assert!(made["key"].as_str().unwrap().starts_with("hk_"));
    assert_eq!(run(home.path(), &create).0, 1, "the name is taken");
    let (status, out, _) = run(home.path(), &["key", "list", "--json"]);
    let keys: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, keys["keys"][0]["name"].as_str()), (0, Some("ci")));
    assert_eq!(run(home.path(), &["key", "revoke", "ci"]).0, 0);
}

#[test]
fn a_lost_audit_file_comes_back_and_is_proven_against_the_database() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("audit/approval_audit.jsonl");
    for name in ["a", "b", "c"] {
        assert_eq!(run(home.path(), &["key", "create", "--name", name, "--role", "auditor"]).0, 0);
    }
    assert_eq!(run(home.path(), &["audit", "verify"]).0, 1, "there is no file yet");
    let (status, out, err) = run(home.path(), &["audit", "rebuild"]);
    assert_eq!(status, 0, "{err}");
    assert!(out.starts_with("3 lines written to "), "{out}");
    let again = run(home.path(), &["audit", "rebuild"]);
    assert_eq!(again.0, 1);
    assert!(again.2.contains("move it away first"), "{}", again.2);
    assert!(std::fs::read_dir(file.parent().unwrap()).unwrap().count() == 1, "nothing else is left behind");

    let verify = |arguments: &[&str]| run(home.path(), &[&["audit", "verify", "--json"], arguments].concat());
    let (status, out, _) = verify(&["--db"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &report["verdict"], &report["lines"]), (0, &Value::from("intact"), &Value::from(3)));
    assert_eq!(report["compared_with_database"], true);

    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}{{\"v\":1")).unwrap();
    let (status, out, _) = verify(&[]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &report["verdict"]["torn_tail"]["bytes"]), (3, &Value::from(6)));

    std::fs::write(&file, whole.replacen("key.created", "key.cre4ted", 1)).unwrap();
    let (status, out, _) = verify(&[]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &report["verdict"]["broken"]["line"]), (1, &Value::from(2)));
    assert_eq!(report["verdict"]["broken"]["what"], "broken_chain");
    assert_eq!(report["file"], file.to_str().unwrap());

    let newest = whole.lines().last().unwrap();
    std::fs::write(&file, whole.replace(newest, &newest.replace("\"c\"", "\"x\""))).unwrap();
    assert_eq!(verify(&[]).0, 0, "nothing vouches for the last line of a file that stands alone");
    let (status, out, _) = verify(&["--db"]);
    assert_eq!(status, 1, "{out}");
}

#[test]
fn nothing_is_rebuilt_beside_a_supervisor() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run(home.path(), &["key", "create", "--name", "a", "--role", "auditor"]).0, 0);
    let lock = std::fs::File::open(home.path().join("data/hermes.lock")).unwrap();
    lock.lock().unwrap();
    let (status, _, err) = run(home.path(), &["audit", "rebuild"]);
    assert_eq!(status, 1);
    assert!(err.contains("a supervisor runs on"), "{err}");
    // Keys are then asked of the supervisor, where it says that it is.
    std::fs::write(home.path().join("data/server.url"), "http://127.0.0.1:1\n").unwrap();
    let (status, _, err) = run(home.path(), &["key", "list"]);
    assert_eq!(status, 1);
    assert!(err.contains("no supervisor at http://127.0.0.1:1"), "{err}");
}

#[test]
fn shells_get_their_completions() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let (status, out, _) = run(home.path(), &["completions", shell]);
        assert_eq!(status, 0);
        assert!(out.contains("hermes") && out.contains("classify"), "{shell}");
    }
}
