//! Tasks as the API shows and takes them. Times are seconds since 1970 as a float, as in the reference.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::Actor;
use crate::id::{Revision, Version};
use crate::risk::{Finding, Level};
use crate::task::{Outcome, State, Verdict};

/// `POST /api/tasks`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CreateTask {
    /// The exact command, 1 byte to 64 KiB, without NUL.
    pub command: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The source address claimed; it may raise the risk, never lower it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// Display text only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<String>,
    /// The agent that asks; `xiaoqiang` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_agent: Option<String>,
    /// The sub-agent role that should run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_executor: Option<String>,
    /// The Feishu user who asks; he cannot decide on the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitter_open_id: Option<String>,
    /// The submitter's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// The submitter's own task id, `[A-Za-z0-9._:-]{1,128}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// May raise the level found, never lower it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_level: Option<Level>,
    /// May add labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_labels: Option<Vec<String>>,
    /// The finished task that this one repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<String>,
}

/// `POST /api/tasks/:id`: the reference's update.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UpdateTask {
    /// The status asked for; it goes through the same state machine and rights as every other way in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<State>,
    /// A remark, or the reason of a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// What the run wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_log: Option<String>,
    /// What the executor says, any JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_result: Option<Value>,
    /// The version looked at; 409 if the task has changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

/// What a decider can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionAction {
    /// Let it run.
    Approve,
    /// Do not let it run.
    Reject,
    /// Ask for another command.
    Modify,
    /// Hand it to an administrator.
    Escalate,
}

/// `POST /api/tasks/:id/decision`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// What the decider says.
    pub action: DecisionAction,
    /// Why; needed to reject and to ask for a change.
    #[serde(default)]
    pub reason: Option<String>,
    /// The version looked at; 409 if the task has changed since.
    #[serde(default)]
    pub expected_version: Option<Version>,
    /// The digest of the command looked at, hex; 409 if another revision is in force.
    #[serde(default)]
    pub command_sha256: Option<String>,
}

/// `POST /api/tasks/:id/resubmit`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Resubmit {
    /// The new command.
    pub command: Option<String>,
    /// What it is for; the old text if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The version looked at; 409 if the task has changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

/// `POST /api/tasks/:id/withdraw`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Withdraw {
    /// Why.
    pub reason: Option<String>,
    /// The version looked at; 409 if the task has changed since.
    pub expected_version: Option<Version>,
}

/// `POST /api/tasks/:id/dispatch`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DispatchTask {
    /// The sub-agent role; the task's own, else the fallback, if absent.
    pub assignee: Option<String>,
    /// The version looked at; 409 if the task has changed since.
    pub expected_version: Option<Version>,
}

/// What a result has to look like.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Expect {
    /// The exit code.
    pub exit_code: Option<i32>,
    /// A text that standard output contains.
    pub stdout_contains: Option<String>,
    /// A regular expression that matches somewhere in standard output.
    pub stdout_regex: Option<String>,
}

/// `POST /api/tasks/:id/verify`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Verify {
    /// The judge's word; not needed with `expect`.
    pub verdict: Option<Verdict>,
    /// Why.
    pub note: Option<String>,
    /// What the engine compares with.
    pub expect: Option<Expect>,
    /// The version looked at; 409 if the task has changed since.
    pub expected_version: Option<Version>,
}

/// The grade of the command, with reasons.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RiskView {
    /// The level.
    pub level: Level,
    /// What was found, heaviest first.
    pub findings: Vec<Finding>,
    /// One sentence about what the command does, in English; secrets are masked.
    #[serde(default)]
    pub summary: String,
    /// The same in Chinese.
    #[serde(default)]
    pub summary_zh: String,
}

/// What happens by itself, and when; null once passed or no longer in question.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeadlinesView {
    /// Deciders are told again.
    pub alert_at: Option<f64>,
    /// It is rejected as expired.
    pub reject_at: Option<f64>,
    /// The approval lapses.
    pub start_by: Option<f64>,
    /// The run counts as timed out.
    pub finish_by: Option<f64>,
}

/// Who holds the task's lease.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LeaseView {
    /// The sub-agent.
    pub worker: String,
    /// When its start was acknowledged.
    pub started_at: Option<f64>,
    /// When the lease ends unless it is heard of; only in the answer to `GET /api/tasks/:id`.
    pub expires_at: Option<f64>,
}

/// Whether the result was found right.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VerificationView {
    /// The word.
    pub verdict: Verdict,
    /// Whose.
    pub by: String,
    /// When.
    pub at: f64,
    /// Why.
    pub note: String,
}

/// How far the vote on the revision in force is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VoteView {
    /// The person.
    pub person: String,
    /// `approve` or `reject`.
    pub choice: crate::task::VoteChoice,
}

/// A task. Secrets in texts are masked; `command_sha256` is over the exact bytes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskView {
    /// Its name.
    pub task_id: String,
    /// The command in force, secrets masked.
    pub command: String,
    /// What it is for.
    pub description: String,
    /// The source address claimed.
    pub source_ip: String,
    /// The address the request came from.
    pub peer_ip: String,
    /// The level of risk.
    pub risk_level: Level,
    /// What was found.
    pub risk_labels: Vec<String>,
    /// Where it stands.
    pub status: State,
    /// When it was submitted.
    pub created_at: f64,
    /// When it last changed.
    pub modified_at: f64,
    /// When it ended.
    pub resolved_at: Option<f64>,
    /// The Feishu operator who decided, if one did.
    pub operator_open_id: String,
    /// Display text only.
    pub operator_name: String,
    /// Head and tail of the run's output, secrets masked.
    pub execution_log: String,
    /// `success`, `failed`, or empty while it has not ended.
    pub execution_status: String,
    /// What the executor said, any JSON.
    pub execution_result: Value,
    /// The Feishu message that shows the result.
    pub result_card_msg_id: String,
    /// The agent claimed.
    pub source_agent: String,
    /// The sub-agent role asked for.
    pub target_executor: String,
    /// The Feishu user claimed.
    pub submitter_open_id: String,
    /// The submitter's own reference.
    pub approval_id: String,
    /// The last remark or reason.
    pub remark: String,
    /// Counts its commands.
    pub revision: Revision,
    /// SHA-256 of the exact command, hex.
    pub command_sha256: String,
    /// Counts its events.
    pub version: Version,
    /// The name of the key that submitted it.
    pub submitted_by: String,
    /// Who decided; null while nobody has.
    pub decided_by: Option<String>,
    /// Why it ended; null while it has not.
    pub outcome: Option<Outcome>,
    /// What happens by itself.
    pub deadlines: DeadlinesView,
    /// Who holds its lease.
    pub lease: Option<LeaseView>,
    /// Where it was dispatched to.
    pub assignee: Option<String>,
    /// The votes on the revision in force.
    pub votes: Vec<VoteView>,
    /// Whether the result was found right.
    pub verification: Option<VerificationView>,
    /// The task that this one repeats.
    pub rerun_of: Option<String>,
    /// The grade, with reasons.
    pub risk: RiskView,
    /// The time line, with `?include=events`; its times are seconds, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventView>>,
}

/// One line of a task's time line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// The task's version after it.
    pub version: Version,
    /// When.
    pub at: f64,
    /// What happened.
    pub kind: String,
    /// Who caused it.
    pub by: Actor,
    /// The event's own fields, secrets masked; times are seconds since 1970, as in the task.
    pub data: Value,
}

/// One task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskAnswer {
    /// Always true.
    pub ok: bool,
    /// The task.
    pub task: TaskView,
    /// In the answer to a long poll: whether the time was up first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed_out: Option<bool>,
    /// In the answer to a dispatch: where it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatched_to: Option<String>,
}

/// A page of tasks, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskList {
    /// Always true.
    pub ok: bool,
    /// How many there are; with `q`, `since`, `until` at most 10,000 are counted.
    pub total: u64,
    /// Where this page begins.
    pub offset: u64,
    /// At most so many.
    pub limit: u64,
    /// The tasks.
    pub tasks: Vec<TaskView>,
    /// Names the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// `POST /api/risk/classify`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Classify {
    /// The command.
    pub command: Option<String>,
    /// The source address claimed.
    pub source_ip: Option<String>,
}

/// The grade of a command.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Classified {
    /// Always true.
    pub ok: bool,
    /// The level.
    pub level: Level,
    /// The labels, heaviest first.
    pub labels: Vec<String>,
    /// What was found, heaviest first.
    pub findings: Vec<Finding>,
    /// One sentence about what the command does, in English.
    pub summary: String,
    /// The same in Chinese.
    pub summary_zh: String,
}

/// A failure.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// Always false.
    pub ok: bool,
    /// A sentence that a person understands.
    pub error: String,
    /// A stable name for what went wrong.
    pub code: String,
    /// The field that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
