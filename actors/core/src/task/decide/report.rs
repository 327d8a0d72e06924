//! The reference's status update, led through the same door as every other way in.

use super::{Terms, illegal, require_role, require_step, vote};
use crate::access::Role;
use crate::task::action::{Ballot, Report};
use crate::task::{Command, Event, Outcome, Refusal, RunResult, State, Task};

pub(super) fn report(task: &Task, command: &Command, report: &Report, terms: &Terms) -> Result<Vec<Event>, Refusal> {
    require_role(command, Role::Approver)?;
    let ballot = || Ballot { reason: report.remark.clone(), command_sha256: None };
    let reasoned = || match report.remark.trim() {
        "" => Ballot { reason: "no reason given".to_owned(), command_sha256: None },
        _ => ballot(),
    };
    match report.status {
        None => Ok(note(report)),
        Some(State::Approved) => vote::approve(task, command, &ballot(), terms),
        Some(State::Rejected) => vote::reject(task, command, &reasoned(), &terms.policy),
        Some(State::Modify) => vote::request_change(task, command, &reasoned(), &terms.policy),
        Some(State::Admin) => vote::escalate(task, command, &ballot(), &terms.policy),
        Some(State::Pending) => Err(illegal(task, "reopen")),
        Some(State::Executing) => start(task, command, terms),
        Some(State::Done) => finish(task, report, Outcome::Completed, State::Done),
        Some(State::Failed) => finish(task, report, Outcome::ExitNonzero, State::Failed),
    }
}

fn note(report: &Report) -> Vec<Event> {
    if report.remark.is_empty() {
        return Vec::new();
    }
    vec![Event::Noted { remark: report.remark.clone() }]
}

/// A person says that he, or an executor of his, has started it: no sub-agent may get it any more.
fn start(task: &Task, command: &Command, terms: &Terms) -> Result<Vec<Event>, Refusal> {
    require_step(task, State::Executing, "start")?;
    if let Some(lease) = &task.lease {
        return Err(Refusal::AlreadyDispatched { assignee: lease.worker.clone() });
    }
    let finish_by = command.now.plus(terms.execution_timeout).plus(terms.execution_grace);
    Ok(vec![Event::Started { fence: None, finish_by }])
}

/// A person reports the end. While a sub-agent holds the lease, the word is the sub-agent's.
fn finish(task: &Task, report: &Report, outcome: Outcome, to: State) -> Result<Vec<Event>, Refusal> {
    require_step(task, to, "report the end of")?;
    if let Some(lease) = &task.lease {
        return Err(Refusal::AlreadyDispatched { assignee: lease.worker.clone() });
    }
    let mut events = note(report);
    events.push(Event::Finished {
        fence: None,
        outcome,
        done: to == State::Done,
        result: RunResult { extra: report.execution_result.clone(), ..Default::default() },
        log: report.execution_log.clone(),
        report: None,
    });
    Ok(events)
}
