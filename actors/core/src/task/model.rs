//! A task as it is now: the sum of its events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Declared, State};
use crate::access::{Actor, Principal, Role};
use crate::id::{Digest, Fence, LeaseId, Revision, TaskId, Version};
use crate::risk::Assessment;
use crate::time::{Millis, Timestamp};

/// Why a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran and exited with 0.
    Completed,
    /// It ran and exited with something else, or by a signal.
    ExitNonzero,
    /// A person said no.
    RejectedByHuman,
    /// Its submitter took it back.
    Withdrawn,
    /// Nobody decided, or nobody started it, in time.
    Expired,
    /// The policy forbids it.
    DeniedByPolicy,
    /// It took longer than it may; it was ended, or may still run.
    ExecutionTimeout,
    /// It was started, and nobody knows how it ended: it may have run.
    OutcomeUnknown,
    /// It could not be handed to any executor.
    Undeliverable,
    /// It was handed over and the executor says that it did not run it.
    NotRun,
}

/// The moments at which something happens by itself; absent once passed or no longer in question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Deadlines {
    /// Deciders are told again.
    #[schema(value_type = Option<i64>)]
    pub alert_at: Option<Timestamp>,
    /// It is rejected as expired.
    #[schema(value_type = Option<i64>)]
    pub reject_at: Option<Timestamp>,
    /// The approval lapses unless it was started.
    #[schema(value_type = Option<i64>)]
    pub start_by: Option<Timestamp>,
    /// The run counts as timed out.
    #[schema(value_type = Option<i64>)]
    pub finish_by: Option<Timestamp>,
}

/// What a vote says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VoteChoice {
    /// Let it run.
    Approve,
    /// Do not let it run.
    Reject,
}

/// One person's vote on the revision in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The person, however many names he has.
    pub person: String,
    /// The name he used.
    pub by: Actor,
    /// What he said.
    pub choice: VoteChoice,
}

/// Where an approved task goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// The sub-agent role that may pull it.
    pub assignee: String,
    /// The engine chose it; once a person has, it cannot be dispatched again.
    pub automatic: bool,
}

/// A lease in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Its id, known to the holder only.
    pub id: LeaseId,
    /// The holder's name for itself.
    pub worker: String,
    /// The key the holder used.
    pub key: String,
    /// The fencing token.
    pub fence: Fence,
    /// When the start was acknowledged.
    pub started_at: Option<Timestamp>,
}

/// The last lease under which something was started, kept so that repeats and late results are known for what they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedLease {
    /// The lease as it was.
    pub lease: Lease,
    /// The digest of the result that was accepted, if one was.
    pub result: Option<Digest>,
    /// The digest of a result that came after the end.
    pub late_result: Option<Digest>,
}

/// How a run ended, as its executor says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunResult {
    /// The exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// What went wrong besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Milliseconds it ran.
    pub duration_ms: Millis,
    /// Bytes written to standard output.
    pub stdout_bytes: u64,
    /// Bytes written to standard error.
    pub stderr_bytes: u64,
    /// Whether some output was left out.
    pub truncated: bool,
    /// What else the executor said (the reference's free `execution_result`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<Value>,
}

/// Whether a result is what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As expected.
    Pass,
    /// Not as expected.
    Fail,
}

/// Somebody's word on a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The word.
    pub verdict: Verdict,
    /// Whose.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub note: String,
}

/// A task as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// Where it stands.
    pub state: State,
    /// Counts its events.
    pub version: Version,
    /// Counts its commands.
    pub revision: Revision,
    /// The exact command in force.
    pub command: String,
    /// SHA-256 of the command's bytes.
    pub command_sha256: Digest,
    /// What the submitter says about it.
    pub description: String,
    /// The address the submitter claims for the source.
    pub source_ip: String,
    /// The address the request came from.
    pub peer_ip: String,
    /// The agent that the submitter claims to be.
    pub source_agent: String,
    /// Display text only.
    pub operator_name: String,
    /// The Feishu user behind the submission, as claimed; it can only take rights away.
    pub submitter_open_id: String,
    /// The submitter's own reference.
    pub approval_id: String,
    /// The sub-agent role asked for.
    pub target_executor: String,
    /// The grade of the command in force.
    pub risk: Assessment,
    /// What the submitter declared of the risk; rows from before it was kept declare nothing.
    #[serde(default)]
    pub declared: Declared,
    /// Who submitted it.
    pub submitted_by: Actor,
    /// Everybody who put a command into it; none of them decides on it.
    pub authors: Vec<Actor>,
    /// Digest of the submission, to tell a repeat from a clash.
    pub content: Digest,
    /// The task that this one repeats.
    pub rerun_of: Option<TaskId>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// What happens by itself, and when.
    pub deadlines: Deadlines,
    /// The votes on the revision in force.
    pub votes: Vec<Vote>,
    /// Who decided last.
    pub decided_by: Option<Actor>,
    /// The last remark or reason given.
    pub remark: String,
    /// Where it goes once approved.
    pub dispatch: Option<Dispatch>,
    /// Counts all leases: the fencing token.
    pub fence: Fence,
    /// Counts the leases of this approval.
    pub attempts: u64,
    /// The lease in force.
    pub lease: Option<Lease>,
    /// The lease under which it was started, once that is over.
    pub ended_lease: Option<EndedLease>,
    /// How the run ended.
    pub result: Option<RunResult>,
    /// Head and tail of what the run wrote, or what a person reported.
    pub execution_log: String,
    /// Why it ended.
    pub outcome: Option<Outcome>,
    /// Whether the result was found right.
    pub verification: Option<Verification>,
    /// The Feishu message that shows the result.
    pub result_card_msg_id: String,
}

impl Task {
    /// The next moment at which `Action::ReachDeadline` has something to do.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let due = &self.deadlines;
        match self.state {
            State::Pending | State::Admin => earliest(due.alert_at, due.reject_at),
            State::Modify => due.reject_at,
            State::Approved => due.start_by,
            State::Executing => due.finish_by,
            State::Rejected | State::Done | State::Failed => None,
        }
    }

    /// The sub-agent role that may pull it now.
    pub fn ready_for(&self) -> Option<&str> {
        let ready = self.state == State::Approved && self.lease.is_none();
        self.dispatch.as_ref().filter(|_| ready).map(|dispatch| dispatch.assignee.as_str())
    }

    /// Whether this principal may see the task: a submitter sees only what he submitted.
    pub fn is_visible_to(&self, who: &Principal) -> bool {
        [Role::Approver, Role::Auditor, Role::Worker].into_iter().any(|role| who.has(role))
            || self.submitted_by == who.actor
    }
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}
