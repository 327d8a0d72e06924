//! The store's face: what the engine asks of a database. Nothing above it knows which one.
//!
//! A commit is one transaction: the task's row (fenced by its version), its events, its audit lines and the counters
//! stand together or not at all, and it is answered only when it is durable.

mod error;
mod model;
pub mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use hermes_core::card::delivery::Copy;
use hermes_core::id::{Fence, Seq, TaskId};
use hermes_core::task::{Recorded, Records, Task};
use hermes_core::time::Timestamp;
use tokio::sync::watch;

pub use error::Error;
pub use model::{
    AuditLine, AuditPosition, Cards, Change, Commit, Counts, Idempotency, Known, NewTask, OutputChunk, Page, Query,
    Setting, WorkFilter,
};

/// What the engine asks of a database.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Makes a decided transition durable.
    async fn commit(&self, commit: Commit) -> Result<(), Error>;

    /// Makes a change of keys or settings durable, with its audit line.
    async fn apply(&self, change: Change) -> Result<(), Error>;

    /// A number for a task that brought no id of its own.
    fn next_task_number(&self) -> u64;

    /// Shows the number of the newest audit line, and wakes whoever waits for another.
    fn position(&self) -> watch::Receiver<Seq>;

    /// Loads a task.
    async fn task(&self, id: &TaskId) -> Result<Option<Arc<Task>>, Error>;

    /// A task's history, oldest first.
    async fn events(&self, id: &TaskId) -> Result<Vec<Recorded>, Error>;

    /// What is kept of a task beside its row; none if it has no row.
    async fn records(&self, id: &TaskId) -> Result<Option<Records>, Error>;

    /// A page of tasks, newest first.
    async fn tasks(&self, query: Query) -> Result<Page, Error>;

    /// What an idempotency key was used for.
    async fn idempotency(&self, scope: &str, key: &str, now: Timestamp) -> Result<Option<Known>, Error>;

    /// Tasks that a sub-agent may lease, oldest first.
    async fn ready_work(&self, filter: WorkFilter, limit: u32) -> Result<Vec<TaskId>, Error>;

    /// Tasks with a lease in force.
    async fn leased(&self) -> Result<Vec<(TaskId, Fence)>, Error>;

    /// Tasks with a deadline that has passed, earliest first.
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<TaskId>, Error>;

    /// Appends a piece of a run's output; a number that is known already changes nothing.
    async fn append_output(&self, task: &TaskId, chunk: OutputChunk) -> Result<(), Error>;

    /// The output of a run after a chunk number, in order; at most `limit` chunks.
    async fn output(&self, task: &TaskId, fence: Fence, after: u64, limit: u32) -> Result<Vec<OutputChunk>, Error>;

    /// Audit lines after a number, in order.
    async fn audit_lines(&self, after: Seq, limit: u32) -> Result<Vec<AuditLine>, Error>;

    /// Audit lines of a task, newest first, or of all tasks.
    async fn audit_tail(&self, task: Option<&TaskId>, before: Option<Seq>, limit: u32)
    -> Result<Vec<AuditLine>, Error>;

    /// The newest audit line.
    async fn audit_position(&self) -> Result<AuditPosition, Error>;

    /// Notes how far the audit file has come.
    async fn mark_exported(&self, seq: Seq) -> Result<(), Error>;

    /// Copies of cards that are due, earliest first.
    async fn cards_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Copy>, Error>;

    /// When the next copy is due after a moment.
    async fn next_card(&self) -> Result<Option<Timestamp>, Error>;

    /// Notes what came of a step for a copy. What the task's own commits asked of it meanwhile stays asked.
    async fn card_delivered(&self, copy: Copy, now: Timestamp) -> Result<(), Error>;

    /// All copies of a task's card.
    async fn cards_of(&self, task: &TaskId) -> Result<Vec<Copy>, Error>;

    /// The copy that a message shows.
    async fn card_in(&self, message_id: &str) -> Result<Option<Copy>, Error>;

    /// Copies that nobody tries to deliver any longer.
    async fn cards_dead(&self, limit: u32) -> Result<Vec<Copy>, Error>;

    /// Remembers a callback until a moment; tells whether it is the first of its id.
    async fn callback_is_new(&self, id: &str, now: Timestamp, until: Timestamp) -> Result<bool, Error>;

    /// All keys, revoked ones included.
    async fn keys(&self) -> Result<Vec<hermes_core::key::Record>, Error>;

    /// A setting that was changed at run time.
    async fn setting(&self, name: &str) -> Result<Option<Setting>, Error>;

    /// How many tasks there are.
    async fn counts(&self) -> Result<Counts, Error>;

    /// Removes terminal tasks that ended before a moment (their events and audit lines stay), and idempotency keys that
    /// have run out; returns how many tasks. At most `limit` a call.
    async fn clean(&self, ended_before: Timestamp, now: Timestamp, limit: u32) -> Result<u64, Error>;

    /// Finishes what was accepted; from then on nothing is written, what is there can still be read. Once
    /// is enough; a writer that ended by itself is `Unavailable`.
    async fn seal(&self) -> Result<(), Error>;

    /// Finishes what was accepted and closes the database.
    async fn close(&self);
}
