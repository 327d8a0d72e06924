//! The demo as a newcomer runs it: to its end, twice on one folder, and broken off.

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
            assert!(said.contains("interrupted"), "{said}");
            assert_eq!(left(temporary.path()), stays, "{said}");
        }
    }
}
