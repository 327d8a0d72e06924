//! Decides: a command, the task as it is and the policy give events, or a refusal. Nothing else is asked, nothing is
//! changed. A repeat of what was done already gives no events.

mod deadline;
mod dispatch;
mod report;
mod revise;
mod run;
mod verify;
mod vote;

use super::{Action, Command, Event, Refusal, State, Task};
use crate::access::Role;
use crate::policy::Policy;
use crate::time::Millis;

/// What the engine's settings add to the policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The policy in force.
    pub policy: Policy,
    /// The work list of what names no executor.
    pub fallback_assignee: String,
    /// How long a command may run.
    pub execution_timeout: Millis,
    /// How long an executor may be silent before its run counts as timed out, on top of the time to run.
    pub execution_grace: Millis,
}

/// Decides what a command does to a task.
pub fn decide(task: &Task, command: &Command, terms: &Terms) -> Result<Vec<Event>, Refusal> {
    if let Some(expected) = command.expected_version.filter(|expected| *expected != task.version) {
        return Err(Refusal::StaleVersion { expected, actual: task.version });
    }
    match &command.action {
        Action::Approve(ballot) => vote::approve(task, command, ballot, terms),
        Action::Reject(ballot) => vote::reject(task, command, ballot, &terms.policy),
        Action::RequestChange(ballot) => vote::request_change(task, command, ballot, &terms.policy),
        Action::Escalate(ballot) => vote::escalate(task, command, ballot, &terms.policy),
        Action::Resubmit { command: text, description, risk } => {
            revise::resubmit(task, command, text, description.as_deref(), risk, &terms.policy)
        }
        Action::Withdraw { reason } => revise::withdraw(task, command, reason),
        Action::Dispatch { assignee } => dispatch::by_person(task, command, assignee.as_deref(), terms),
        Action::Lease { worker, secret } => run::lease(task, command, worker, *secret),
        Action::Start { lease, fence, revision, command_sha256, timeout } => {
            let claim = run::Claim { lease, fence: *fence, revision: *revision, command_sha256, timeout: *timeout };
            run::start(task, command, &claim, terms)
        }
        Action::Finish { lease, report, log } => run::finish(task, command, lease, report, log),
        Action::ExpireLease { fence } => Ok(run::expire(task, *fence)),
        Action::Verify { verdict, note, expect, stdout } => {
            verify::verify(task, command, *verdict, note, expect.as_ref(), stdout)
        }
        Action::Report(report) => report::report(task, command, report, terms),
        Action::ReachDeadline => Ok(deadline::reach(task, command.now)),
    }
}

/// The refusal of a step that the state machine does not have from here.
fn illegal(task: &Task, action: &'static str) -> Refusal {
    Refusal::Illegal { action, state: task.state, outcome: task.outcome, decided_by: task.decided_by.clone() }
}

fn require_role(command: &Command, role: Role) -> Result<(), Refusal> {
    if command.by.has(role) { Ok(()) } else { Err(Refusal::RoleRequired(role)) }
}

fn require_step(task: &Task, to: State, action: &'static str) -> Result<(), Refusal> {
    if task.state.may_become(to) { Ok(()) } else { Err(illegal(task, action)) }
}
