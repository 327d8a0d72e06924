//! What can be asked of a task.

use serde_json::Value;

use super::{State, Verdict};
use crate::access::{Principal, Via};
use crate::id::{Digest, Fence, LeaseId, Revision, Version};
use crate::risk::Assessment;
use crate::time::{Millis, Timestamp};
use crate::wire::work;

/// Something asked of a task, by whom, and when.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who asks, verified.
    pub by: Principal,
    /// Through which door.
    pub via: Via,
    /// When.
    pub now: Timestamp,
    /// The version the caller looked at; any if absent.
    pub expected_version: Option<Version>,
    /// What is asked.
    pub action: Action,
}

/// A decider's word: why, and on which exact command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ballot {
    /// Why.
    pub reason: String,
    /// The digest of the command he saw; the one in force if absent.
    pub command_sha256: Option<Digest>,
}

/// What the result has to look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The exit code.
    pub exit_code: Option<i32>,
    /// A text that standard output contains.
    pub stdout_contains: Option<String>,
    /// A regular expression that matches somewhere in standard output.
    pub stdout_regex: Option<String>,
}

/// A status update in the reference's form, by a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The status asked for; none changes only the texts.
    pub status: Option<State>,
    /// Why.
    pub remark: String,
    /// What the run wrote.
    pub execution_log: String,
    /// What the executor says.
    pub execution_result: Option<Value>,
}

/// What can be asked.
#[derive(Debug, Clone)]
pub enum Action {
    /// Vote for it.
    Approve(Ballot),
    /// Vote against it.
    Reject(Ballot),
    /// Ask the submitter for another command.
    RequestChange(Ballot),
    /// Hand it to an administrator.
    Escalate(Ballot),
    /// Put in another command, already graded; what the submitter declared at first raises the grade.
    Resubmit {
        /// The command.
        command: String,
        /// What it is for; the old text if absent.
        description: Option<String>,
        /// Its grade.
        risk: Assessment,
    },
    /// Take it back.
    Withdraw {
        /// Why.
        reason: String,
    },
    /// Put it on a work list.
    Dispatch {
        /// The sub-agent role; the engine chooses if absent.
        assignee: Option<String>,
    },
    /// Lease it to a sub-agent.
    Lease {
        /// The sub-agent's name for itself.
        worker: String,
        /// 128 random bits.
        secret: [u8; 16],
    },
    /// Ask for leave to start.
    Start {
        /// Under which lease.
        lease: LeaseId,
        /// The fencing token.
        fence: Fence,
        /// What the sub-agent holds.
        revision: Revision,
        /// What the sub-agent computed.
        command_sha256: Digest,
        /// How long it may run.
        timeout: Millis,
    },
    /// Report the end of a lease.
    Finish {
        /// Under which lease.
        lease: LeaseId,
        /// The report as sent.
        report: work::Finish,
        /// Head and tail of the output, masked.
        log: String,
    },
    /// The holder of a lease was not heard of in time.
    ExpireLease {
        /// Which.
        fence: Fence,
    },
    /// Judge the result.
    Verify {
        /// The judge's word; with `expect` the engine's.
        verdict: Option<Verdict>,
        /// Why.
        note: String,
        /// What the engine compares with.
        expect: Option<Expectation>,
        /// What the run wrote to standard output.
        stdout: String,
    },
    /// Update in the reference's form.
    Report(Report),
    /// A deadline may have passed.
    ReachDeadline,
}

impl Action {
    /// Whether a command is handed out or started by it: then the task is first held against its records.
    pub const fn leads_to_a_run(&self) -> bool {
        match self {
            Self::Lease { .. } | Self::Start { .. } => true,
            Self::Report(report) => matches!(report.status, Some(State::Executing)),
            Self::Approve(_)
            | Self::Reject(_)
            | Self::RequestChange(_)
            | Self::Escalate(_)
            | Self::Resubmit { .. }
            | Self::Withdraw { .. }
            | Self::Dispatch { .. }
            | Self::Finish { .. }
            | Self::ExpireLease { .. }
            | Self::Verify { .. }
            | Self::ReachDeadline => false,
        }
    }
}
