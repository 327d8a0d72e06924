//! The life of a task: what it is, which steps it may take, who may make it take them.
//!
//! `decide` turns a command into events or a refusal, `evolve` applies an event. Nothing else changes a task.

mod action;
mod audit;
mod decide;
mod diagram;
mod event;
mod evolve;
mod model;
mod proof;
mod refusal;
mod state;
mod submission;
mod view;

pub use action::{Action, Ballot, Command, Expectation, Report};
pub use audit::audit_entry;
pub use decide::{Terms, decide};
pub use diagram::state_machine_markdown;
pub use event::{Event, Recorded, ReleaseReason};
pub use evolve::{Corrupt, create, evolve, replay};
pub use model::{
    Deadlines, Dispatch, EndedLease, Lease, Outcome, RunResult, Task, Verdict, Verification, Vote, VoteChoice,
};
pub use proof::{Kept, Mismatch, Records, prove, void};
pub use refusal::Refusal;
pub use state::{State, TRANSITIONS};
pub use submission::{COMMAND_LIMIT, Declared, Submission, check_command};

#[cfg(test)]
mod tests;
