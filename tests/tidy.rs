//! Rules of the house that a test can hold: which crate knows what, how long a file is, what a test may not do, and that
//! the documents made from the code are those of the code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Without its tests, no file is longer.
const MOST_LINES: usize = 500;

struct Source {
    /// As it is written in the repository.
    path: String,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/") || self.path.starts_with("tests/")
    }

    /// Up to the tests that stand in the file itself.
    fn product(&self) -> &str {
        match self.text.find("#[cfg(test)]\nmod tests {") {
            Some(tests) => &self.text[..tests],
            None => &self.text,
        }
    }

    /// Line by line, without what is said about the code.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(number, line)| (number + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["src", "actors", "tests"] {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 100, "the sources were not found");
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source { path: path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(), text });
        }
    }
}

fn assert_none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}

/// The places where a pattern stands in the code of some files.
fn places(sources: &[Source], which: impl Fn(&Source) -> bool, patterns: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| which(source)) {
        for (number, line) in source.code() {
            for pattern in patterns.iter().filter(|pattern| line.contains(**pattern)) {
                found.push(format!("{}:{number}: {pattern}", source.path));
            }
        }
    }
    found
}

#[test]
fn core_depends_on_nothing_that_can_do_anything() {
    let manifest: toml::Table = fs::read_to_string(root().join("actors/core/Cargo.toml")).unwrap().parse().unwrap();
    let names = |section: &str| manifest[section].as_table().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let allowed = [
        "aes",
        "base64",
        "cbc",
        "ed25519-dalek",
        "hex",
        "ipnet",
        "jiff",
        "rable",
        "regex",
        "serde",
        "serde_json",
        "sha1",
        "sha2",
        "sqlparser",
        "subtle",
        "thiserror",
        "toml",
        "utoipa",
    ];
    let extra: Vec<_> = names("dependencies").into_iter().filter(|name| !allowed.contains(&name.as_str())).collect();
    assert_none(&extra, "core is pure; these crates are not on its list");
    assert_eq!(names("dev-dependencies"), ["criterion", "insta", "proptest"].map(str::to_owned).into());
    assert!(!manifest.contains_key("build-dependencies") && !manifest.contains_key("target"));
}

#[test]
fn core_reads_no_clock_no_file_and_no_chance() {
    let impure = [
        "std::fs",
        "std::env",
        "std::process",
        "std::thread",
        "std::net::Tcp",
        "std::net::Udp",
        "SystemTime",
        "Instant",
        "Timestamp::now",
        "Zoned::now",
        "rand::",
        "getrandom",
        "static mut",
        "thread_local!",
    ];
    let is_core = |source: &Source| source.path.starts_with("actors/core/src") && !source.is_test();
    assert_none(&places(&sources(), is_core, &impure), "core is pure");
}

#[test]
fn no_file_is_longer_than_a_person_can_hold() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let lines = source.product().lines().count();
        if lines > MOST_LINES {
            faults.push(format!("{}: {lines} lines", source.path));
        }
    }
    assert_none(&faults, "a file has at most 500 lines without its tests");
}

#[test]
fn nothing_is_left_for_later_and_no_test_is_left_out() {
    // Put together here, so that this file is not what it looks for.
    let later = [concat!("#[", "ignore"), concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
    assert_none(&places(&sources(), |_| true, &later), "no test is left out, nothing is left for later");
}

#[test]
fn no_test_sleeps() {
    let sleeps = [concat!("thread::", "sleep"), concat!("time::", "sleep("), concat!("sleep_", "until(")];
    let mut faults = places(&sources(), Source::is_test, &sleeps);
    for source in sources().iter().filter(|source| !source.is_test()) {
        let tests = &source.text[source.product().len()..];
        faults.extend(sleeps.iter().filter(|sleep| tests.contains(**sleep)).map(|_| source.path.clone()));
    }
    assert_none(&faults, "a test moves the clock, or waits for a thing with a bound");
}

#[test]
fn arrows_run_one_way() {
    let sources = sources();
    let in_actors = |source: &Source| source.path.starts_with("actors/");
    assert_none(&places(&sources, in_actors, &["hermes_approval"]), "the actors do not know the program");
    let in_core = |source: &Source| source.path.starts_with("actors/core/");
    assert_none(&places(&sources, in_core, &["hermes_actors"]), "core does not know the actors");
    // The sub-agent and the client commands see the wire and HTTP.
    let remote = ["src/worker", "src/client", "src/cli/client"];
    let is_remote = |source: &Source| {
        remote.iter().any(|place| source.path == format!("{place}.rs") || source.path.starts_with(&format!("{place}/")))
    };
    assert_none(
        &places(&sources, is_remote, &["hermes_actors"]),
        "sub-agent and client reach the engine over HTTP only",
    );
}

#[test]
fn every_actor_says_what_it_owns_takes_awaits_and_what_happens_when_it_dies() {
    let mut faults = Vec::new();
    let mut actors = 0;
    for source in sources().iter().filter(|source| source.path.starts_with("actors/src/")) {
        if !source.text.contains("impl Actor for ") {
            continue;
        }
        actors += 1;
        let header: String = source.text.lines().take_while(|line| line.starts_with("//!")).collect();
        for point in ["Owns", "- Takes", "wait", "When it dies", "bounded"] {
            let said = header.contains(point) || (point == "bounded" && header.contains("at most"));
            if !said {
                faults.push(format!("{}: nothing of \"{point}\"", source.path));
            }
        }
    }
    assert!(actors >= 8, "the actors were not found");
    assert_none(&faults, "an actor's file opens with what it owns, takes, awaits, its death and its bound");
}

#[test]
fn the_state_machine_document_is_that_of_the_code() {
    let path = root().join("docs/STATE-MACHINE.md");
    let made = hermes_core::task::state_machine_markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "docs/STATE-MACHINE.md is old: UPDATE_DOCS=1 cargo test --test tidy");
}

/// The lines of docs/ARCHITECTURE.md that begin with I1 to I12 and end with `(tests: a::b, c)`.
#[test]
fn every_invariant_names_tests_that_exist() {
    let Ok(text) = fs::read_to_string(root().join("docs/ARCHITECTURE.md")) else {
        return; // It is being written; from then on this holds.
    };
    let sources = sources();
    let exists = |name: &str| {
        let function = format!("fn {}(", name.rsplit("::").next().unwrap_or(name));
        sources.iter().any(|source| source.text.contains(&function))
    };
    let begins = |line: &str| line.trim_start_matches(['-', '*', '|', ' ', '#']).starts_with('I');
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        match blocks.last_mut() {
            Some(block) if !begins(line) && !line.trim().is_empty() => *block += line,
            Some(_) | None => blocks.push(line.trim_start_matches(['-', '*', '|', ' ', '#']).to_owned()),
        }
    }
    let mut faults = Vec::new();
    for number in 1..=12 {
        let is_it = |block: &&String| {
            let rest = block.strip_prefix(&format!("I{number}"));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let named = blocks.iter().filter(is_it).find_map(|block| block.split_once("(tests: ")?.1.split_once(')'));
        match named {
            None => faults.push(format!("I{number} names no tests")),
            Some((named, _)) => {
                let names = named.split(',').map(|name| name.trim().trim_matches('`'));
                faults.extend(names.filter(|name| !exists(name)).map(|name| format!("I{number}: no test {name}")));
            }
        }
    }
    assert_none(&faults, "docs/ARCHITECTURE.md: an invariant is a test");
}
