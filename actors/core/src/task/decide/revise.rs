//! What a submitter does with his own task.

use super::{illegal, require_role};
use crate::access::Role;
use crate::policy::Policy;
use crate::risk::Assessment;
use crate::task::{Command, Event, Outcome, Refusal, State, Task, check_command};

pub(super) fn resubmit(
    task: &Task,
    command: &Command,
    text: &str,
    description: Option<&str>,
    risk: &Assessment,
    policy: &Policy,
) -> Result<Vec<Event>, Refusal> {
    require_own(task, command)?;
    check_command(text)?;
    let mut risk = risk.clone();
    task.declared.raise(&mut risk);
    match task.state {
        State::Modify => Ok(vec![Event::Resubmitted {
            revision: task.revision.next(),
            command: text.to_owned(),
            description: description.unwrap_or(&task.description).to_owned(),
            deadlines: policy.waiting(risk.level, command.now),
            risk,
        }]),
        State::Pending
        | State::Approved
        | State::Rejected
        | State::Admin
        | State::Executing
        | State::Done
        | State::Failed => Err(illegal(task, "resubmit")),
    }
}

pub(super) fn withdraw(task: &Task, command: &Command, reason: &str) -> Result<Vec<Event>, Refusal> {
    require_own(task, command)?;
    let rejected = Event::Rejected { outcome: Outcome::Withdrawn, reason: reason.to_owned() };
    close(task, rejected).ok_or_else(|| illegal(task, "withdraw"))
}

/// Ends an undecided task. From `modify` there is no step to `rejected`, so it is taken back to `pending` first.
pub(super) fn close(task: &Task, rejected: Event) -> Option<Vec<Event>> {
    match task.state {
        State::Pending | State::Admin => Some(vec![rejected]),
        State::Modify => Some(vec![Event::Reopened, rejected]),
        State::Approved | State::Rejected | State::Executing | State::Done | State::Failed => None,
    }
}

/// The submitter himself, or an administrator in his place.
fn require_own(task: &Task, command: &Command) -> Result<(), Refusal> {
    require_role(command, Role::Submitter)?;
    if task.submitted_by == command.by.actor || command.by.has(Role::Admin) {
        return Ok(());
    }
    Err(Refusal::NotTheSubmitter)
}
