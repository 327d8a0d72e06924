//! What the commands' tests share, and tests of the command line as a whole.

mod client;
mod supervisor;

use std::io::{self, Write};

use clap::CommandFactory as _;
use hermes_core::audit::{Chain, Entry};
use hermes_core::id::{Digest, Revision, Seq, Version};
use hermes_core::risk::{Finding, Level};
use hermes_core::task::State;
use hermes_core::time::Timestamp;
use hermes_core::wire::task::{DeadlinesView, RiskView, TaskView};
use jiff::tz::TimeZone;
use serde_json::json;

use super::Cli;
use super::look::{Colors, Look};

/// A terminal of 100 columns without colours, at noon of 2026-02-01 UTC.
pub(super) fn look() -> Look {
    let now = Timestamp::parse_rfc3339("2026-02-01T12:00:00Z").unwrap();
    Look { colors: Colors::Off, width: Some(100), zone: TimeZone::UTC, now }
}

/// What a printer writes.
pub(super) fn printed(print: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    print(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A task that waits for a decision.
pub(super) fn task() -> TaskView {
    let now = look().now.unix_seconds();
    let command = "cd /srv && rm -rf data";
    TaskView {
        task_id: "TASK-0007".to_owned(),
        command: command.to_owned(),
        description: "free some space".to_owned(),
        source_ip: "10.0.0.5".to_owned(),
        peer_ip: "10.0.0.5".to_owned(),
        risk_level: Level::High,
        risk_labels: vec!["recursive_delete".to_owned()],
        status: State::Pending,
        created_at: now - 200.0,
        modified_at: now - 200.0,
        resolved_at: None,
        operator_open_id: String::new(),
        operator_name: String::new(),
        execution_log: String::new(),
        execution_status: String::new(),
        execution_result: json!({}),
        result_card_msg_id: String::new(),
        source_agent: "xiaomei".to_owned(),
        target_executor: "it-ops-worker".to_owned(),
        submitter_open_id: String::new(),
        approval_id: String::new(),
        remark: String::new(),
        revision: Revision(1),
        command_sha256: Digest::of(command.as_bytes()).hex(),
        version: Version(1),
        submitted_by: "ci".to_owned(),
        decided_by: None,
        outcome: None,
        deadlines: DeadlinesView {
            alert_at: Some(now + 3400.0),
            reject_at: Some(now + 21_400.0),
            start_by: None,
            finish_by: None,
        },
        lease: None,
        assignee: None,
        votes: Vec::new(),
        verification: None,
        rerun_of: None,
        risk: RiskView {
            level: Level::High,
            findings: vec![Finding {
                label: "recursive_delete".to_owned(),
                level: Level::High,
                span: [11, 22],
                why: "Deletes a folder and everything in it.".to_owned(),
                why_zh: String::new(),
            }],
            summary: "Deletes data and everything below it.".to_owned(),
            summary_zh: String::new(),
        },
        events: None,
    }
}

/// The first lines of an audit file, each with its newline.
pub(super) fn audit_lines(count: u64) -> Vec<String> {
    let mut chain = Chain::default();
    let line = |seq: u64| {
        let kind = if seq == 1 { "log.open" } else { "engine.started" };
        let entry: Entry = hermes_actors::runtime::engine_entry(Timestamp(0), kind, json!({}));
        let line = entry.line(Seq(seq), &chain.head, |text| text.into());
        chain = Chain { head: line.leaf, next: Seq(seq + 1) };
        line.text + "\n"
    };
    (1..=count).map(line).collect()
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

/// What `--help` prints after these words, and after those of each command below.
fn help(command: &clap::Command, path: &[&str], all: &mut String) {
    let shown = Cli::command().term_width(100).try_get_matches_from(path.iter().chain(&["--help"]));
    all.push_str(&format!("===== {} =====\n{}\n", path.join(" "), shown.unwrap_err()));
    for below in command.get_subcommands() {
        help(below, &[path, &[below.get_name()]].concat(), all);
    }
}

#[test]
fn every_command_explains_itself() {
    let hermes = Cli::command();
    for command in hermes.get_subcommands() {
        let mut text = String::new();
        help(command, &["hermes", command.get_name()], &mut text);
        insta::assert_snapshot!(format!("help_{}", command.get_name()), text);
    }
    let overview = Cli::command().term_width(100).try_get_matches_from(["hermes", "--help"]);
    insta::assert_snapshot!("help", overview.unwrap_err().to_string());
}
