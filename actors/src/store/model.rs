//! What goes into a store and comes out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hermes_core::audit::{Draft, Entry};
use hermes_core::card::Recipient;
use hermes_core::id::{Digest, Fence, Seq, TaskId, Version};
use hermes_core::key;
use hermes_core::risk::Level;
use hermes_core::task::{Recorded, State, Task};
use hermes_core::time::Timestamp;
use hermes_core::wire::work::Stream;

/// A decided transition.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The task with the events applied.
    pub task: Arc<Task>,
    /// The version it was decided for, 0 for a new task.
    pub expected: Version,
    /// The state it was in; none for a new task.
    pub before: Option<State>,
    /// The events, at least one.
    pub events: Vec<Recorded>,
    /// Their audit lines, one each, that have no place in the log yet.
    pub drafts: Vec<Draft>,
    /// What a new task brings besides.
    pub new: Option<NewTask>,
    /// Who has to see the task as it is from now on; nobody, if no cards are sent.
    pub cards: Option<Cards>,
}

/// Whose copies of a task's card a commit concerns; all who have one get the new state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cards {
    /// Who has to have a copy.
    pub recipients: BTreeSet<Recipient>,
    /// Who has to be told again.
    pub reminded: BTreeSet<Recipient>,
    /// When.
    pub at: Timestamp,
}

/// What a new task brings besides.
#[derive(Debug, Clone, Default)]
pub struct NewTask {
    /// The number behind its id, if the engine chose it.
    pub number: Option<u64>,
    /// The request's idempotency key.
    pub idempotency: Option<Idempotency>,
    /// How many tasks of this submitter may wait for a decision.
    pub pending_limit: Option<u32>,
}

/// An idempotency key and what it is used for.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// Whose key it is.
    pub scope: String,
    /// The key.
    pub key: String,
    /// Digest of the request.
    pub body: Digest,
    /// It is forgotten then.
    pub expires_at: Timestamp,
}

/// What an idempotency key was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The task it made.
    pub task: TaskId,
    /// Digest of the request.
    pub body: Digest,
}

/// A change of something that is no task, with its audit entry.
#[derive(Debug, Clone)]
pub struct Change {
    /// The new key, if one is made.
    pub add_key: Option<key::Record>,
    /// The name of the key that is revoked, and when.
    pub revoke_key: Option<(String, Timestamp)>,
    /// The setting that is replaced.
    pub setting: Option<(String, Setting)>,
    /// What the audit trail says.
    pub entry: Entry,
}

impl Change {
    /// Only a line in the audit trail.
    pub const fn record(entry: Entry) -> Self {
        Self { add_key: None, revoke_key: None, setting: None, entry }
    }
}

/// A setting that was changed at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its value.
    pub value: String,
    /// Digest of the file or variable that was in force when it was changed: once that is another, it wins.
    pub origin: Digest,
}

/// Which tasks.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// In one of these states; any if empty.
    pub states: Vec<State>,
    /// Of this risk.
    pub risk: Option<Level>,
    /// By this key.
    pub submitted_by: Option<String>,
    /// With this text in id, command or description (secrets masked), upper and lower case alike.
    pub text: Option<String>,
    /// Submitted at or after.
    pub since: Option<Timestamp>,
    /// Submitted before.
    pub until: Option<Timestamp>,
    /// Older than the task with this number (keyset).
    pub before: Option<u64>,
    /// Leave out so many.
    pub offset: u32,
    /// At most so many.
    pub limit: u32,
}

/// A page of tasks.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Newest first.
    pub tasks: Vec<Task>,
    /// How many there are in all; counted up to 10,000 where no counter is kept.
    pub total: u64,
    /// Continue with `before` this number; none on the last page.
    pub next: Option<u64>,
}

/// Which work a sub-agent may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkFilter {
    /// All of it.
    Any,
    /// For these sub-agent roles.
    Roles(Vec<String>),
}

/// A piece of what a run wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputChunk {
    /// The run.
    pub fence: Fence,
    /// Its number, from 1.
    pub seq: u64,
    /// Which stream.
    pub stream: Stream,
    /// The text, secrets masked.
    pub data: String,
}

/// A line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its number.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// The key that submitted the task it is about, if it is about one.
    pub owner: Option<String>,
    /// The leaf hash of the line.
    pub leaf: Digest,
    /// The line, without the newline.
    pub text: String,
}

/// The newest audit line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPosition {
    /// Its number, 0 if there is none.
    pub seq: Seq,
    /// Its leaf hash, zeros if there is none.
    pub leaf: Digest,
    /// The newest line that is known to be in the file.
    pub exported: Seq,
}

/// How many tasks there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub total: u64,
    /// By state.
    pub by_state: BTreeMap<State, u64>,
}
