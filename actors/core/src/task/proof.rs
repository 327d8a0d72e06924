//! Whether a task is what its own records say. Asked before the points of no return, so that an edited database neither
//! hands out nor starts anything: the row has to be the sum of its events, the approval has to name the revision and the
//! digest of the command, and the audit trail has to tell the same story line by line.

use super::{Event, Outcome, Recorded, RunResult, State, Task, replay};
use crate::audit;
use crate::id::{Digest, Seq, Version};

/// What is kept of a task beside its row, read in one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// The version that its row had then.
    pub version: Version,
    /// Its events, oldest first.
    pub events: Vec<Recorded>,
    /// The audit lines of its events, oldest first.
    pub lines: Vec<Kept>,
    /// The hash of the newest audit line of all.
    pub head: Digest,
}

/// An audit line as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The number it is kept under.
    pub seq: Seq,
    /// The hash it is kept with.
    pub leaf: Digest,
    /// The line, without the newline.
    pub text: String,
    /// The end of the next line of all, with the hash of this one; none if this is the newest.
    pub next: Option<String>,
}

/// What disagrees with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The command's digest is another.
    #[error("its digest is not that of its command")]
    Command,
    /// Replaying the events gives another task.
    #[error("the task is not what its events make of it")]
    Row,
    /// No approval names this revision and this command.
    #[error("no approval names this revision of the command and its digest")]
    Approval,
    /// The audit trail has other lines.
    #[error("the audit trail tells another story than the task's events")]
    Trail,
}

/// Holds a task against its records.
pub fn prove(task: &Task, records: &Records) -> Result<(), Mismatch> {
    if Digest::of(task.command.as_bytes()) != task.command_sha256 {
        return Err(Mismatch::Command);
    }
    if records.version != task.version || replay(&records.events).as_ref() != Ok(task) {
        return Err(Mismatch::Row);
    }
    if !records.events.iter().any(|recorded| approves(&recorded.event, task)) {
        return Err(Mismatch::Approval);
    }
    let same_length = records.lines.len() == records.events.len();
    let pairs = records.lines.iter().zip(&records.events);
    if same_length && pairs.into_iter().all(|(line, recorded)| tells(line, &recorded.event, task, &records.head)) {
        return Ok(());
    }
    Err(Mismatch::Trail)
}

/// How a task ends whose records disagree; none if nothing can be started from where it stands.
pub fn void(task: &Task, mismatch: Mismatch) -> Option<Event> {
    let outcome = match task.state {
        State::Approved => Outcome::Undeliverable,
        // Whatever was started may have run.
        State::Executing => Outcome::OutcomeUnknown,
        State::Pending | State::Admin | State::Modify | State::Rejected | State::Done | State::Failed => return None,
    };
    let error = format!("digest_mismatch: {mismatch}");
    Some(Event::Finished {
        fence: task.lease.as_ref().map(|lease| lease.fence),
        outcome,
        done: false,
        result: RunResult { error: Some(error), ..RunResult::default() },
        log: String::new(),
        report: None,
    })
}

fn approves(event: &Event, task: &Task) -> bool {
    matches!(event, Event::Approved { revision, command_sha256, .. }
        if *revision == task.revision && *command_sha256 == task.command_sha256)
}

/// Whether a line is whole, stands in the chain, and is the one of this event.
fn tells(line: &Kept, event: &Event, task: &Task, head: &Digest) -> bool {
    let Some(said) = audit::Statement::of(&line.text) else { return false };
    let is_whole = said.seq == line.seq && audit::leaf(line.text.as_bytes()) == line.leaf;
    let is_chained = match &line.next {
        Some(next) => audit::names(next, &line.leaf),
        None => line.leaf == *head,
    };
    let is_about = said.kind.strip_prefix("task.") == Some(event.kind()) && said.task_id == task.id.as_str();
    let approval = matches!(event, Event::Approved { .. });
    let is_same = !approval || (said.revision == Some(task.revision) && said.cmd_sha == Some(task.command_sha256));
    is_whole && is_chained && is_about && is_same
}

#[cfg(test)]
mod tests;
