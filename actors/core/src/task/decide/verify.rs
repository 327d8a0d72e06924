//! Somebody, or the engine in his place, judges a result.

use super::illegal;
use crate::access::Role;
use crate::task::action::Expectation;
use crate::task::{Command, Event, Outcome, Refusal, State, Task, Verdict};

/// Keeps a pattern from eating memory.
const REGEX_SIZE: usize = 1 << 20;

pub(super) fn verify(
    task: &Task,
    command: &Command,
    verdict: Option<Verdict>,
    note: &str,
    expect: Option<&Expectation>,
    stdout: &str,
) -> Result<Vec<Event>, Refusal> {
    if !command.by.has(Role::Approver) && !command.by.has(Role::Auditor) {
        return Err(Refusal::RoleRequired(Role::Approver));
    }
    match task.state {
        State::Done | State::Failed => {}
        State::Pending | State::Approved | State::Rejected | State::Modify | State::Admin | State::Executing => {
            return Err(illegal(task, "verify"));
        }
    }
    let (verdict, note) = match (expect, verdict) {
        (Some(expect), _) => judge(task, expect, note, stdout)?,
        (None, Some(verdict)) => (verdict, note.to_owned()),
        (None, None) => {
            let why = "give a verdict (\"pass\" or \"fail\"), or expect for the engine to judge";
            return Err(Refusal::invalid("verdict", why.to_owned()));
        }
    };
    Ok(vec![Event::Verified { verdict, note }])
}

fn judge(task: &Task, expect: &Expectation, note: &str, stdout: &str) -> Result<(Verdict, String), Refusal> {
    let mut failures = Vec::new();
    if task.outcome == Some(Outcome::OutcomeUnknown) {
        failures.push("nobody knows how the run ended".to_owned());
    }
    let exit_code = task.result.as_ref().and_then(|result| result.exit_code);
    if let Some(code) = expect.exit_code.filter(|code| Some(*code) != exit_code) {
        let found = exit_code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        failures.push(format!("exit code {code} expected, {found} found"));
    }
    if expect.stdout_contains.as_ref().is_some_and(|text| !stdout.contains(text.as_str())) {
        failures.push("standard output does not contain the text".to_owned());
    }
    if let Some(pattern) = &expect.stdout_regex {
        let regex = regex::RegexBuilder::new(pattern).size_limit(REGEX_SIZE).build();
        let regex = regex.map_err(|error| Refusal::invalid("expect.stdout_regex", error.to_string()))?;
        if !regex.is_match(stdout) {
            failures.push("standard output does not match the pattern".to_owned());
        }
    }
    let verdict = if failures.is_empty() { Verdict::Pass } else { Verdict::Fail };
    let notes = (!note.is_empty()).then(|| note.to_owned()).into_iter().chain(failures).collect::<Vec<_>>();
    Ok((verdict, notes.join("; ")))
}
