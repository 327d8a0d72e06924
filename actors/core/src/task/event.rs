//! What happened to a task. Events are kept for ever, so a variant or field that was once written stays readable.

use serde::{Deserialize, Serialize};

use super::{Deadlines, Lease, Outcome, RunResult, Submission, Verdict, VoteChoice};
use crate::access::{Actor, Via};
use crate::id::{Digest, Fence, Revision, TaskId, Version};
use crate::risk::Assessment;
use crate::time::Timestamp;

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A command was submitted.
    Created {
        /// The task's name.
        task_id: TaskId,
        /// What was handed in.
        submission: Box<Submission>,
        /// Where the request came from.
        peer_ip: String,
        /// Its grade.
        risk: Assessment,
        /// What happens by itself.
        deadlines: Deadlines,
    },
    /// Somebody voted on the revision in force.
    Voted {
        /// The person behind the name.
        person: String,
        /// What he said.
        choice: VoteChoice,
        /// Why.
        reason: String,
        /// The revision he saw.
        revision: Revision,
        /// The digest of the command he saw.
        command_sha256: Digest,
        /// The policy let him decide on his own task.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        self_approval: bool,
    },
    /// Enough approved: this revision may run once.
    Approved {
        /// The revision.
        revision: Revision,
        /// The digest of its command.
        command_sha256: Digest,
        /// The approval lapses then.
        start_by: Timestamp,
    },
    /// It will not run.
    Rejected {
        /// Why it ended.
        outcome: Outcome,
        /// What was said.
        reason: String,
    },
    /// A decider wants another command.
    ChangeRequested {
        /// What should change.
        reason: String,
    },
    /// An administrator has to decide.
    Escalated {
        /// Why.
        reason: String,
    },
    /// The submitter put in another command; earlier votes are void.
    Resubmitted {
        /// The new revision.
        revision: Revision,
        /// The new command.
        command: String,
        /// What it is for.
        description: String,
        /// Its grade.
        risk: Assessment,
        /// What happens by itself, counted afresh.
        deadlines: Deadlines,
    },
    /// It was taken back from its submitter so that it could be closed.
    Reopened,
    /// Deciders were told again.
    Alerted,
    /// It was put on the work list of a sub-agent role.
    Dispatched {
        /// The role.
        assignee: String,
        /// Why this one.
        why: String,
        /// The engine chose; a person may still choose otherwise, once.
        #[serde(default)]
        automatic: bool,
    },
    /// A sub-agent took it; it may ask to start.
    Leased {
        /// The lease.
        lease: Lease,
        /// Counts the leases of this approval.
        attempt: u64,
    },
    /// The lease ended before a start: back on the list.
    LeaseReleased {
        /// Which.
        fence: Fence,
        /// Why.
        why: ReleaseReason,
        /// What the sub-agent said.
        #[serde(default)]
        note: String,
    },
    /// The point of no return: from here on it may have run.
    Started {
        /// Which lease, none if a person reported it.
        fence: Option<Fence>,
        /// The run counts as timed out then.
        finish_by: Timestamp,
    },
    /// The run is over.
    Finished {
        /// Which lease, none if a person reported it.
        fence: Option<Fence>,
        /// How it ended.
        outcome: Outcome,
        /// Whether it counts as done.
        done: bool,
        /// What the executor said.
        result: RunResult,
        /// Head and tail of its output, masked.
        log: String,
        /// The digest of the report, to know it again.
        report: Option<Digest>,
    },
    /// A result came after the end; the end stands.
    LateResult {
        /// Which lease.
        fence: Fence,
        /// What the executor said.
        result: RunResult,
        /// The digest of the report, to know it again.
        report: Digest,
    },
    /// Somebody judged the result.
    Verified {
        /// The word.
        verdict: Verdict,
        /// Why.
        note: String,
    },
    /// A remark was added.
    Noted {
        /// The remark.
        remark: String,
    },
}

/// Why a lease ended before anything was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// The holder was not heard of in time.
    Expired,
    /// The holder gave it back.
    Returned,
}

impl Event {
    /// The event's name, as audit lines have it behind `task.`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Voted { .. } => "voted",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::ChangeRequested { .. } => "change_requested",
            Self::Escalated { .. } => "escalated",
            Self::Resubmitted { .. } => "resubmitted",
            Self::Reopened => "reopened",
            Self::Alerted => "alerted",
            Self::Dispatched { .. } => "dispatched",
            Self::Leased { .. } => "leased",
            Self::LeaseReleased { .. } => "lease_released",
            Self::Started { .. } => "started",
            Self::Finished { .. } => "finished",
            Self::LateResult { .. } => "late_result",
            Self::Verified { .. } => "verified",
            Self::Noted { .. } => "noted",
        }
    }
}

/// An event with its place in the task's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The task's version after it.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// Who caused it.
    pub by: Actor,
    /// Through which door.
    pub via: Via,
    /// What happened.
    pub event: Event,
}
