//! What happens when the disk, an operator or another process does something unkind.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::harness::{Answer, Client, Home, Server, eventually};
use crate::script::*;

fn is_ready(client: &Client) -> Option<()> {
    (client.get("/health/ready").status == 200).then_some(())
}

fn is_not_ready(client: &Client) -> Option<()> {
    (client.get("/health/ready").status == 503).then_some(())
}

#[test]
fn without_its_audit_file_nothing_changes_until_it_is_back() {
    let server = Server::start();
    let people = server.people();
    let pending = submit(&people.submitter, "uptime");
    let approved = approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w");
    people.auditor.get("/api/audit/verify").expect(200);
    let (file, aside) = (server.home.audit_file(), server.home.path().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    let noticed = std::time::Instant::now();
    eventually("it is noticed", || is_not_ready(&people.submitter));
    // Half a second is the engine's own; the rest is for a busy machine.
    assert!(noticed.elapsed().as_secs() < 3, "{:?}", noticed.elapsed());
    let parts = people.submitter.get("/health/ready").expect(503);
    assert_ne!(parts["parts"]["audit"], json!("ok"));
    assert_eq!(parts["parts"]["store"], json!("ok"));

    let refused = people.submitter.post("/api/tasks", json!({"command": "uptime"}));
    assert!(refused.header("retry-after").is_some());
    refused.refused(503, "audit_unavailable");
    decide(&people.approver, &pending, "approve").refused(503, "audit_unavailable");
    start(&people.worker, "w", &grant).refused(503, "audit_unavailable");
    let withdrawn = people.submitter.post(&format!("/api/tasks/{pending}/withdraw"), json!({}));
    withdrawn.refused(503, "audit_unavailable");
    assert_eq!(people.submitter.get("/health").status, 200);
    assert_eq!(show(&people.submitter, &pending)["status"], json!("pending"));
    assert_eq!(people.auditor.get("/api/tasks").expect(200)["total"], json!(2));
    assert!(!file.exists(), "it is never made anew");

    std::fs::rename(&aside, &file).unwrap();
    eventually("it is back", || is_ready(&people.submitter));
    approve(&people.approver, &pending);
    start(&people.worker, "w", &grant).expect(200);
    assert_eq!(show(&people.submitter, &approved)["status"], json!("executing"));
    assert_eq!(people.auditor.get("/api/audit/verify").expect(200)["intact"], json!(true));
}

#[test]
fn another_file_in_the_place_of_the_audit_file_is_not_written_to() {
    let server = Server::start();
    let root = server.root();
    root.get("/api/audit/verify").expect(200);
    let file = server.home.audit_file();
    let text = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, &text).unwrap();
    eventually("it is noticed", || is_not_ready(&root));
    root.post("/api/tasks", json!({"command": "uptime"})).refused(503, "audit_unavailable");
    assert_eq!(std::fs::read(&file).unwrap(), text);
}

#[test]
fn a_missing_or_changed_audit_file_is_refused_at_the_start() {
    let server = Server::start();
    submit(&server.root(), "uptime");
    server.root().get("/api/audit/verify").expect(200);
    let (_, home) = server.terminate();
    let text = std::fs::read_to_string(home.audit_file()).unwrap();
    std::fs::write(home.audit_file(), text.replace("engine.stopped", "engine.stepped")).unwrap();
    let (_, log) = home.refused(&[]);
    assert!(log.contains("hermes audit verify"), "{log}");
    std::fs::remove_file(home.audit_file()).unwrap();
    let (_, log) = home.refused(&[]);
    assert!(log.contains("is missing"), "{log}");
    assert!(!home.audit_file().exists());
    std::fs::write(home.audit_file(), text).unwrap();
    Server::on(home, &[]).root().get("/api/tasks").expect(200);
}

#[test]
fn one_folder_has_one_server() {
    let server = Server::start();
    let home = server.home.path();
    let second = Home::new();
    let (_, log) = second.refused(&[("APPROVAL_HOME", home.to_str().unwrap())]);
    assert!(log.contains("another hermes"), "{log}");
    submit(&server.root(), "uptime");
}

#[test]
fn wrong_settings_are_refused_at_the_start_by_their_names() {
    for (name, value) in [
        ("SUPERVISOR_PORT", "http"),
        ("SUPERVISOR_PORT", "65536"),
        ("SUPERVISOR_HOST", "not a host"),
        ("TRUSTED_NETWORK", "10.0.0."),
        ("HERMES_READERS", "65"),
        ("HERMES_WRITE_PERMITS", "0"),
        ("HERMES_LEASE_TTL", "soon"),
        ("EXECUTION_TIMEOUT", "-5"),
        ("LOG_LEVEL", "LOUD"),
        ("HERMES_RATE_LIMIT", "perhaps"),
        ("SUPERVISOR_BASE_URL", "ftp://x"),
        ("API_SERVER_KEY", "with blanks in it"),
    ] {
        let (_, log) = Home::new().refused(&[(name, value)]);
        assert!(log.contains(name) && !log.contains("panicked"), "{name}={value}: {log}");
        assert!(!log.contains("with blanks"), "a secret is not shown: {log}");
    }
    for (text, says) in [
        ("[listen]\nprot = 1", "prot"),
        ("[listen]\nport = \"x\"", "listen.port"),
        ("[listen", "hermes.toml"),
        ("[nonsense]\nx = 1", "nonsense"),
    ] {
        let home = Home::new();
        home.write("hermes.toml", text);
        // What the environment says is stronger than the file.
        let (_, log) = home.refused(&[("SUPERVISOR_PORT", "")]);
        assert!(log.contains(says), "{text}: {log}");
    }
    let home = Home::new();
    home.write("policy.toml", "[levels.low]\napprovals = 0");
    let (_, log) = home.refused(&[]);
    assert!(log.contains("policy.toml") && log.contains("levels.low.approvals"), "{log}");
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let server = Server::start();
    let people = server.people();
    let approved = approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w");
    start(&people.worker, "w", &grant).expect(200);
    let last =
        people.submitter.header("idempotency-key", "k").post("/api/tasks", json!({"command": "date"})).expect(201);
    let server = Server::on(server.kill(), &[]);
    let again = |client: &Client| server.client(client.key.as_deref());
    assert_eq!(show(&again(&people.submitter), &approved)["status"], json!("executing"));
    finish(&again(&people.worker), "w", &grant, 0).expect(200);
    let replay = again(&people.submitter).header("idempotency-key", "k").post("/api/tasks", json!({"command": "date"}));
    assert_eq!((replay.status, &replay["task"]), (200, &last["task"]));
    let next = submit(&again(&people.submitter), "uptime");
    assert_eq!(next, "TASK-0003", "numbers go on");
    assert_eq!(again(&people.auditor).get("/api/audit/verify").expect(200)["intact"], json!(true));
}

#[test]
fn asked_to_stop_it_ends_in_good_order() {
    let server = Server::start();
    let people = server.people();
    let id = submit(&people.submitter, "uptime");
    let mut waiting = people.submitter.connect();
    let wait = people.submitter.head("GET", &format!("/api/tasks/{id}/wait?timeout=300"), "");
    waiting.write_all(wait.as_bytes()).unwrap();
    let claim = r#"{"worker":"w","wait":30}"#;
    let head = people.worker.head("POST", "/api/work/claim", &format!("content-length: {}\r\n", claim.len()));
    let mut claiming = people.worker.connect();
    claiming.write_all((head + claim).as_bytes()).unwrap();
    let mut stream = people.auditor.header("last-event-id", "0").follow("/api/events");
    stream.event().unwrap();
    let idle = people.submitter.connect();
    // Whoever is answered now came after those who wait.
    for _ in 0..4 {
        show(&people.submitter, &id);
    }
    let (status, home) = server.terminate();
    assert!(status.success(), "{status}: {}", home.log());
    assert_eq!(Answer::read(&mut waiting, "wait").expect(200)["timed_out"], json!(true));
    assert_eq!(Answer::read(&mut claiming, "claim").status, 204);
    while stream.event().is_some() {}
    drop(idle);
    assert!(!home.path().join("data").join("server.url").exists());
    let trail = std::fs::read_to_string(home.audit_file()).unwrap();
    assert!(trail.lines().last().unwrap().contains("\"kind\":\"engine.stopped\""), "{trail}");
    let server = Server::on(home, &[]);
    assert_eq!(show(&server.root(), &id)["status"], json!("pending"));
}

/// A file system of its own that is gone after the test. None where nobody may mount one.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        if status.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned()));
        }
        let must_run = nix::unistd::Uid::effective().is_root() && std::env::var_os("CI").is_some();
        assert!(!must_run, "mounting a file system is not permitted here");
        eprintln!("skipped: mounting a file system is not permitted here");
        None
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily, since the server may still have files open here.
        let _unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_that_was_answered() {
    let home = Home::new();
    let Some(disk) = Tmpfs::mount(&home.path(), "size=24m") else { return };
    let server = Server::on(home, &[("HERMES_RATE_LIMIT", "off")]);
    let (root, approver) = (server.root(), server.key("approver", &["approver"]));
    let command = format!("echo {}", "x".repeat(60_000));
    let mut taken = Vec::new();
    let refused = eventually("the disk is full", || {
        let answer = root.post("/api/tasks", json!({"command": command}));
        if answer.status == 201 {
            taken.push(answer["task"]["task_id"].as_str().unwrap().to_owned());
            return None;
        }
        Some(answer)
    });
    assert!(taken.len() > 5, "{taken:?}");
    assert!(refused.header("retry-after").is_some());
    refused.refused(503, "store_unavailable");
    for _ in 0..3 {
        root.post("/api/tasks", json!({"command": command})).refused(503, "store_unavailable");
    }
    decide(&approver, &taken[0], "reject").refused(503, "store_unavailable");
    assert_eq!(root.get("/health").status, 200);
    root.get("/health/ready").expect(503);
    assert_eq!(root.get("/api/tasks?limit=1").expect(200)["total"], json!(taken.len()));
    taken.iter().for_each(|id| drop(show(&root, id)));

    disk.remount("size=256m");
    let after = eventually("there is room again", || {
        let answer = root.post("/api/tasks", json!({"command": "date"}));
        (answer.status == 201).then(|| answer["task"]["task_id"].as_str().unwrap().to_owned())
    });
    eventually("it is ready again", || is_ready(&root));
    taken.push(after);
    let server = Server::on(server.kill(), &[]);
    taken.iter().for_each(|id| drop(show(&server.root(), id)));
    assert_eq!(server.root().get("/api/tasks?limit=1").expect(200)["total"], json!(taken.len()));
    assert_eq!(server.root().get("/api/audit/verify").expect(200)["intact"], json!(true));
    drop(server);
    drop(disk);
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_at_the_start() {
    let home = Home::new();
    let Some(disk) = Tmpfs::mount(&home.path(), "size=64m") else { return };
    disk.remount("ro");
    let (_, log) = home.refused(&[]);
    assert!(log.contains("Read-only file system") && !log.contains("panicked"), "{log}");
}

#[test]
fn a_disk_that_turns_read_only_is_noticed() {
    let home = Home::new();
    let Some(disk) = Tmpfs::mount(&home.path(), "size=64m") else { return };
    let server = Server::on(home, &[]);
    let root = server.root();
    let id = submit(&root, "uptime");
    // A disk with open files does not turn read-only by remounting; what stands for the whole is the audit trail.
    root.get("/api/audit/verify").expect(200);
    let folder = server.home.audit_file().parent().unwrap().to_owned();
    let hidden = Tmpfs::mount(&folder, "size=1m,ro").unwrap();
    eventually("it is noticed", || is_not_ready(&root));
    root.post("/api/tasks", json!({"command": "uptime"})).refused(503, "audit_unavailable");
    assert_eq!(show(&root, &id)["status"], json!("pending"));
    drop(hidden);
    eventually("it is back", || is_ready(&root));
    submit(&root, "uptime");
    drop(server);
    drop(disk);
}
