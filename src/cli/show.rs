//! `hermes show`: everything about one task.

use std::io::{self, Write};

use clap::Args;
use hermes_core::id::{Digest, TaskId};
use hermes_core::risk::{Finding, Level};
use hermes_core::task::{Outcome, State, Verdict, VoteChoice};
use hermes_core::visible;
use hermes_core::wire::task::{TaskAnswer, TaskView};
use serde_json::Value;

use super::error::Error;
use super::event::{ran, time_line};
use super::look::{Look, Tone};
use super::mark::mark;
use super::session::{Exit, Form, Session};
use super::text::pad;

/// Show everything about a task
#[derive(Args)]
pub(super) struct Show {
    /// The task
    #[arg(value_parser = TaskId::parse)]
    task: TaskId,
}

impl Show {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let remote = session.remote()?;
        let call = remote.get(&format!("/api/tasks/{}", self.task));
        let call = call.query(&[("include", "events")]).map_err(|error| remote.failed(error))?;
        let answer = remote.ask::<TaskAnswer>(call).await?;
        match session.form {
            Form::Json => return session.print_json(&answer.raw),
            Form::Text => print(&answer.body.task, &session.look, session.out)?,
        }
        Ok(Exit::Done)
    }
}

/// A task in one line: id, status, risk.
pub(super) fn heading(task: &TaskView, look: &Look) -> String {
    let outcome = task.outcome.map(|outcome| format!(" ({})", outcome.as_str())).unwrap_or_default();
    let id = look.paint(Tone::Strong, &visible::show_line(&task.task_id));
    let status = look.paint(Tone::of_state(task.status), &format!("{}{outcome}", task.status));
    let risk = look.paint(Tone::of_level(task.risk_level), &format!("{} risk", task.risk_level));
    format!("{id}  {status}  {risk}")
}

fn print(task: &TaskView, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", heading(task, look))?;
    command(task, look, out)?;
    rows(&facts(task, look), look, out)?;
    section("Output", &task.execution_log, look, out)?;
    earlier_commands(task, look, out)?;
    if let Some(events) = &task.events {
        writeln!(out, "\n{}", look.paint(Tone::Strong, "Time line"))?;
        events.iter().try_for_each(|event| {
            write!(out, "  ")?;
            time_line(event, look, out)
        })?;
    }
    if let Some(next) = next_step(task) {
        writeln!(out, "\n{next}")?;
    }
    Ok(())
}

/// What can be done about the task, and by whom.
fn next_step(task: &TaskView) -> Option<String> {
    let (id, submitter) = (visible::show_line(&task.task_id), visible::show_line(&task.submitted_by));
    let approve = |who: &str| {
        let digest = &task.command_sha256;
        Some(format!("{who} other than {submitter} approves exactly this with: hermes approve {id} --sha {digest}"))
    };
    let may_have_run = matches!(task.outcome, Some(Outcome::OutcomeUnknown | Outcome::ExecutionTimeout));
    match task.status {
        State::Pending if task.risk_level == Level::High => approve("An administrator"),
        State::Admin => approve("An administrator"),
        State::Pending => approve("An approver"),
        State::Modify => Some(format!("{submitter} goes on with: hermes resubmit {id} 'new command'")),
        State::Failed if may_have_run => Some(format!(
            "Look whether it ran, or still runs. If it should run again: hermes submit --rerun-of {id} 'command'"
        )),
        State::Approved | State::Executing | State::Done | State::Rejected | State::Failed => None,
    }
}

/// The commands that another one took the place of, as far as the time line was asked for.
fn earlier_commands(task: &TaskView, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let text = |data: &Value, place: &str| data.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
    let earlier = task.events.iter().flatten().filter_map(|event| {
        let place = match event.kind.as_str() {
            "created" => "/submission/command",
            "resubmitted" => "/command",
            _ => return None,
        };
        let revision = event.data.get("revision").and_then(Value::as_u64).filter(|number| *number < task.revision.0)?;
        Some((revision, text(&event.data, "/command_sha256"), text(&event.data, place)))
    });
    for (revision, digest, command) in earlier {
        let head = look.paint(Tone::Strong, &format!("Earlier command, revision {revision}"));
        writeln!(out, "\n{head}  {}", look.paint(Tone::Faint, &format!("SHA-256 {}", visible::show_line(&digest))))?;
        visible::show(&command).lines().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    Ok(())
}

fn command(task: &TaskView, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let is_exact = Digest::of(task.command.as_bytes()).hex() == task.command_sha256;
    let place = format!("revision {}, version {}", task.revision, task.version);
    let masked = if is_exact { "" } else { "; secrets are masked" };
    writeln!(out, "{}  {}", look.paint(Tone::Strong, "Command"), look.paint(Tone::Faint, &format!("{place}{masked}")))?;
    for line in visible::show(&task.command).lines() {
        writeln!(out, "  {line}")?;
    }
    if !task.risk.summary.is_empty() {
        writeln!(out, "\n  {}", visible::show_line(&task.risk.summary))?;
    }
    if !task.risk.findings.is_empty() {
        writeln!(out, "\n{}", look.paint(Tone::Strong, "Findings"))?;
    }
    // Places are of the command as it was submitted.
    let text = is_exact.then_some(task.command.as_str());
    findings(&task.risk.findings, text, look, out)?;
    writeln!(out)
}

/// What was found, and below each finding its place in the command.
pub(super) fn findings(
    findings: &[Finding],
    command: Option<&str>,
    look: &Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    const INDENT: usize = 10;
    let width = findings.iter().map(|finding| finding.label.len()).max().unwrap_or_default();
    for finding in findings {
        let Finding { label, level, span, why, .. } = finding;
        let tone = Tone::of_level(*level);
        let head = look.paint(tone, &pad(level.as_str(), INDENT - 4));
        writeln!(out, "  {head}  {}  {}", pad(&visible::show_line(label), width), visible::show_line(why))?;
        let room = look.width.map(|all| all.saturating_sub(INDENT));
        if is_repeated(finding, findings) {
            continue;
        }
        if let Some([line, marks]) = command.and_then(|command| mark(command, *span, room)) {
            writeln!(out, "{:INDENT$}{line}\n{:INDENT$}{}", "", "", look.paint(tone, &marks))?;
        }
    }
    Ok(())
}

/// The umbrella stands where another finding stands; the place is marked there.
fn is_repeated(finding: &Finding, all: &[Finding]) -> bool {
    const UMBRELLA: &str = "destructive_command";
    finding.label == UMBRELLA && all.iter().any(|other| other.label != UMBRELLA && other.span == finding.span)
}

type Fact = (&'static str, String);

/// What else there is to say; facts without a text are left out when they are printed.
fn facts(task: &TaskView, look: &Look) -> Vec<Fact> {
    let moment = |at: Option<f64>| at.map(|at| look.moment(at)).unwrap_or_default();
    let due = &task.deadlines;
    vec![
        ("SHA-256", task.command_sha256.clone()),
        ("Submitted", submitted(task, look)),
        ("For", task.description.clone()),
        ("Reference", task.approval_id.clone()),
        ("Repeats", task.rerun_of.clone().unwrap_or_default()),
        ("Alert", moment(due.alert_at)),
        ("Expires", moment(due.reject_at)),
        ("Votes", votes(task)),
        (decided(task.status), task.decided_by.clone().unwrap_or_default()),
        ("Remark", task.remark.clone()),
        ("Runs on", task.assignee.clone().unwrap_or_else(|| task.target_executor.clone())),
        ("Start by", moment(due.start_by)),
        ("Lease", lease(task, look)),
        ("Finish by", moment(due.finish_by)),
        ("Ended", moment(task.resolved_at)),
        ("Result", result(&task.execution_result)),
        ("Verified", verification(task, look)),
    ]
}

/// What whoever spoke last has done: a task that waits again is not decided.
const fn decided(status: State) -> &'static str {
    if status.is_undecided() { "Change asked by" } else { "Decided by" }
}

fn submitted(task: &TaskView, look: &Look) -> String {
    let claimed = if task.source_ip == task.peer_ip { "" } else { &task.source_ip };
    let from = [("as", task.source_agent.as_str()), ("from", &task.peer_ip), ("on behalf of", claimed)];
    let from = from.into_iter().filter(|(_, text)| !text.is_empty()).map(|(word, text)| format!(" {word} {text}"));
    format!("{} by {}{}", look.moment(task.created_at), task.submitted_by, from.collect::<String>())
}

/// The votes, each with its person.
pub(super) fn votes(task: &TaskView) -> String {
    let vote = |choice| match choice {
        VoteChoice::Approve => "approve",
        VoteChoice::Reject => "reject",
    };
    task.votes.iter().map(|v| format!("{}: {}", v.person, vote(v.choice))).collect::<Vec<_>>().join(", ")
}

fn lease(task: &TaskView, look: &Look) -> String {
    let Some(lease) = &task.lease else { return String::new() };
    let part = |word, at: Option<f64>| at.map(|at| format!(", {word} {}", look.moment(at))).unwrap_or_default();
    format!("{}{}{}", lease.worker, part("started", lease.started_at), part("expires", lease.expires_at))
}

/// The result in words, if it is one of the engine's; any other JSON as it is.
fn result(value: &Value) -> String {
    let Some(fields) = value.as_object().filter(|fields| !fields.is_empty()) else {
        return if value.is_object() || value.is_null() { String::new() } else { value.to_string() };
    };
    if !fields.contains_key("duration_ms") {
        return value.to_string();
    }
    let number = |name: &str, word: &str| fields.get(name).and_then(Value::as_i64).map(|n| format!("{word} {n}"));
    let bytes = |name: &str, word: &str| number(name, "").filter(|n| n != " 0").map(|n| format!("{} {word}", n.trim()));
    let parts = [
        number("exit_code", "exit code"),
        number("signal", "signal"),
        fields.get("error").and_then(Value::as_str).map(str::to_owned),
        ran(value),
        bytes("stdout_bytes", "bytes of output"),
        bytes("stderr_bytes", "bytes of errors"),
        (fields.get("truncated") == Some(&Value::Bool(true))).then(|| "some left out".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn verification(task: &TaskView, look: &Look) -> String {
    let Some(found) = &task.verification else { return String::new() };
    let verdict = match found.verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
    };
    let note = if found.note.is_empty() { String::new() } else { format!(": {}", found.note) };
    format!("{verdict} by {}, {}{note}", found.by, look.moment(found.at))
}

/// Names on the left, texts on the right; hidden characters are made visible.
fn rows(facts: &[Fact], look: &Look, out: &mut dyn Write) -> io::Result<()> {
    const WIDTH: usize = 10;
    let told = || facts.iter().filter(|(_, text)| !text.is_empty());
    let width = told().map(|(name, _)| name.len()).max().unwrap_or_default().max(WIDTH);
    for (name, text) in told() {
        let text = visible::show(text);
        let mut lines = text.lines();
        let name = look.paint(Tone::Faint, &pad(name, width));
        writeln!(out, "{name}  {}", lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(out, "{:width$}  {line}", ""))?;
    }
    Ok(())
}

fn section(name: &str, text: &str, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", look.paint(Tone::Strong, name))?;
    visible::show(text).lines().try_for_each(|line| writeln!(out, "  | {line}"))
}

#[cfg(test)]
mod tests {
    use hermes_core::access::Actor;
    use hermes_core::id::{Revision, Version};
    use hermes_core::wire::task::{EventView, LeaseView, VerificationView, VoteView};
    use serde_json::json;

    use super::*;
    use crate::cli::tests::{look, printed, task};

    #[test]
    fn a_waiting_task_shows_the_exact_command_and_how_to_approve_it() {
        let waiting = task();
        insta::assert_snapshot!(printed(|out| print(&waiting, &look(), out)));
    }

    #[test]
    fn a_finished_task_shows_all_that_happened() {
        let now = look().now.unix_seconds();
        let event = |version, ago: f64, kind: &str, by: Actor, data| EventView {
            version: Version(version),
            at: now - ago,
            kind: kind.to_owned(),
            by,
            data,
        };
        let finished = TaskView {
            status: State::Done,
            outcome: Some(Outcome::Completed),
            revision: Revision(2),
            version: Version(9),
            command: "deploy --token ***\n\u{202e}next".to_owned(),
            decided_by: Some("lee".to_owned()),
            remark: "go ahead,\nbut carefully".to_owned(),
            assignee: Some("it-ops-worker".to_owned()),
            votes: vec![VoteView { person: "lee".to_owned(), choice: VoteChoice::Approve }],
            lease: Some(LeaseView {
                worker: "it-1".to_owned(),
                started_at: Some(now - 60.0),
                expires_at: Some(now + 20.0),
            }),
            resolved_at: Some(now - 30.0),
            execution_result: json!({"exit_code": 0, "duration_ms": 30_000, "stdout_bytes": 12, "stderr_bytes": 0}),
            execution_log: "all\u{1b}[31m well\ndone".to_owned(),
            verification: Some(VerificationView {
                verdict: Verdict::Pass,
                by: "kim".to_owned(),
                at: now - 5.0,
                note: "looks right".to_owned(),
            }),
            events: Some(vec![
                event(
                    1,
                    200.0,
                    "created",
                    Actor::key("ci"),
                    json!({"risk": {"level": "high", "labels": ["x"]}, "revision": 1, "command_sha256": "0a1b",
                           "submission": {"command": "deploy --token *** \u{202e}now\nnext"}}),
                ),
                event(
                    2,
                    150.0,
                    "resubmitted",
                    Actor::key("ci"),
                    json!({"risk": {"level": "high"}, "revision": 2, "command_sha256": "2c3d", "command": "deploy"}),
                ),
                event(3, 90.0, "approved", Actor::key("lee"), json!({})),
                event(4, 60.0, "started", Actor::system("work"), json!({"fence": 1})),
            ]),
            ..task()
        };
        insta::assert_snapshot!(printed(|out| print(&finished, &look(), out)));
    }

    #[test]
    fn whoever_has_to_act_next_is_told_how() {
        let at = |status, risk_level, outcome| {
            let decided_by = Some("lee".to_owned());
            let task = TaskView { status, risk_level, outcome, decided_by, ..task() };
            printed(|out| print(&task, &look(), out))
        };
        let sha = task().command_sha256;
        for (status, risk, who) in [
            (State::Pending, Level::Low, "An approver"),
            (State::Pending, Level::High, "An administrator"),
            (State::Admin, Level::Low, "An administrator"),
        ] {
            let says =
                format!("\n{who} other than ci approves exactly this with: hermes approve TASK-0007 --sha {sha}\n");
            assert!(at(status, risk, None).ends_with(&says));
        }
        let to_change = at(State::Modify, Level::Low, None);
        assert!(to_change.ends_with("\nci goes on with: hermes resubmit TASK-0007 'new command'\n"), "{to_change}");
        assert!(to_change.contains("\nChange asked by  lee\n") && !to_change.contains("Decided by"), "{to_change}");
        let unknown = at(State::Failed, Level::Low, Some(Outcome::OutcomeUnknown));
        assert!(unknown.contains("hermes submit --rerun-of TASK-0007") && unknown.contains("Decided by  lee"));
        let done = at(State::Done, Level::Low, Some(Outcome::Completed));
        assert!(!done.contains("hermes "), "{done}");
    }

    #[test]
    fn results_of_other_programs_are_shown_as_they_are() {
        for (value, shown) in [
            (json!({}), ""),
            (json!(null), ""),
            (json!("ok"), "\"ok\""),
            (json!({"rows": 3}), "{\"rows\":3}"),
            (json!({"signal": 9, "duration_ms": 1500, "truncated": true}), "signal 9, ran 1s, some left out"),
            (json!({"error": "outcome_unknown: gone", "duration_ms": 0}), "outcome_unknown: gone"),
        ] {
            assert_eq!(result(&value), shown);
        }
    }
}
