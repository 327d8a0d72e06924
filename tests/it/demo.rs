//! The demo as a newcomer runs it: to its end, twice on one folder, and broken off.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{eventually, read};

/// `hermes demo` with this folder for what is thrown away; what it says goes to `out` in it.
fn demo(temporary: &Path, arguments: &[&str], input: Stdio) -> Child {
    let out = std::fs::File::create(temporary.join("out")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_hermes"))
        .arg("demo")
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TMPDIR", temporary)
        .env("HOME", temporary)
        .stdin(input)
        .stderr(out.try_clone().unwrap())
        .stdout(out)
        .spawn()
        .unwrap()
}

/// Folders and files, but for `out`.
fn left(temporary: &Path) -> Vec<String> {
    let names = std::fs::read_dir(temporary).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "out").collect()
}

#[test]
fn the_demo_can_be_repeated_on_one_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("kept");
    let data = folder.to_str().unwrap();
    for people in ["xiaomei submits", "xiaomei-2 submits"] {
        let mut child = demo(temporary.path(), &["--auto", "--data", data], Stdio::null());
        let status = eventually("the demo ends", || child.try_wait().unwrap());
        let said = read(&temporary.path().join("out"));
        assert!(status.success() && said.contains(people), "{said}");
        assert!(said.contains("chain intact") && said.contains("everything is kept in"), "{said}");
    }
    assert_eq!(left(temporary.path()), ["kept"]);
}

#[test]
fn a_demo_that_is_broken_off_removes_what_it_made_and_nothing_else() {
    for (arguments, stays) in [(&[][..], &[][..]), (&["--data", "named"], &["named"])] {
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            let temporary = tempfile::tempdir().unwrap();
            let named = temporary.path().join("named");
            let arguments: Vec<_> =
                arguments.iter().map(|text| if *text == "named" { named.to_str().unwrap() } else { *text }).collect();
            let mut child = demo(temporary.path(), &arguments, Stdio::piped());
            eventually("somebody is asked", || read(&temporary.path().join("out")).contains("[a]pprove").then_some(()));
            assert_eq!(left(temporary.path()).len(), 1, "there is a folder");
            kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
            let status = eventually("the demo ends", || child.try_wait().unwrap());
            let said = read(&temporary.path().join("out"));
            assert_eq!(status.code(), Some(1), "{said}");
            let end = if stays.is_empty() {
                "broken off; everything was stopped and removed"
            } else {
                "broken off; everything was stopped"
            };
            assert!(said.lines().any(|line| line == end) && !said.contains("error"), "{said}");
            assert_eq!(left(temporary.path()), stays, "{said}");
        }
    }
}

/// Runs the demo with these lines from the person at the terminal; what it says.
fn answered(temporary: &Path, answers: &str) -> String {
    let mut child = demo(temporary, &[], Stdio::piped());
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let status = eventually("the demo ends", || child.try_wait().unwrap());
    let said = read(&temporary.join("out"));
    assert!(status.success(), "{said}");
    said
}

#[test]
fn whoever_leaves_early_is_told_what_is_left_open() {
    for answers in ["", "q\n", "r\n", "m\nbecause\n"] {
        let temporary = tempfile::tempdir().unwrap();
        let said = answered(temporary.path(), answers);
        assert!(said.contains("  you         are peng, the administrator\n"), "{said}");
        assert!(said.contains("TASK-0001 was left open, undecided; 12 more tasks were not submitted."), "{said}");
        assert!(!said.contains("ended as it should"), "{said}");
    }
}

#[test]
fn a_person_is_asked_until_he_has_said_why_and_what() {
    let temporary = tempfile::tempdir().unwrap();
    let said = answered(temporary.path(), "m\n\ntoo much\n\nuname -r\nr\n\n\nnot today\nq\n");
    assert_eq!(said.matches("within 6h").count(), 3, "{said}");
    assert_eq!(said.matches("why? ").count(), 5, "{said}");
    assert_eq!(said.matches("which command instead? ").count(), 2, "{said}");
    assert!(said.contains("    $ uname -r\n") && said.contains("rejected: rejected_by_human"), "{said}");
    assert!(
        said.contains("ended as it should") && said.contains("TASK-0002 was left open, undecided; 11 more"),
        "{said}"
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = demo(temporary.path(), &["--data", "/proc/nothing"], Stdio::null());
    eventually("the demo ends", || child.try_wait().unwrap());
    let said = read(&temporary.path().join("out"));
    assert!(said.contains("the folder /proc/nothing cannot be used"), "{said}");
}
