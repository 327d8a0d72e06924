//! The store on SQLite: one group-committing writer, a pool of read-only connections.
//!
//! Only one process may have a folder open: a lock file sees to that. The folder must be on a local file system.

mod cards;
mod folder;
mod hot;
mod inspect;
mod point;
mod read;
mod reserve;
mod schema;
mod tally;
mod transaction;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::Addr;
use async_trait::async_trait;
use deadpool_sqlite::{Hook, HookError, Pool, Runtime};
use hermes_core::card::delivery::Copy;
use hermes_core::id::{Fence, Seq, TaskId};
use hermes_core::key;
use hermes_core::task::{Recorded, Records, Task};
use hermes_core::time::Timestamp;
use rusqlite::Connection;
use tokio::sync::{OnceCell, Semaphore, oneshot, watch};

use self::folder::Lock;
use self::hot::Hot;
use self::transaction::{Ledger, Ready};
pub use self::writer::{Opened, StoreActor};
use super::{
    AuditLine, AuditPosition, Change, Commit, Counts, Error, Known, OutputChunk, Page, Query, Setting, Store,
    WorkFilter,
};

pub use self::folder::OpenError;
pub use self::inspect::AuditReader;
pub use self::point::PointReader;

/// Writes that may wait; beyond that the caller hears so at once.
const MOST_WAITING_WRITES: usize = 4096;

/// So long a read may take to end when the store is closed.
const LONGEST_READ: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// How a folder is opened.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Read-only connections, 1 to 64.
    pub readers: usize,
    /// Tasks kept in memory.
    pub hot_tasks: usize,
}

/// The store on SQLite.
pub struct SqliteStore {
    writer: Addr<StoreActor>,
    waiting: Arc<Semaphore>,
    point: Addr<PointReader>,
    readers: Pool,
    position: watch::Receiver<Seq>,
    task_number: AtomicU64,
    hot: Arc<Hot>,
    /// Set when the writer has ended as it was asked to. Its address says so only some time later.
    sealed: OnceCell<()>,
    _lock: Arc<Lock>,
}

impl SqliteStore {
    /// Opens (or makes) the database in a folder: takes the lock, checks the file system, the SQLite version and the
    /// schema, and recovers what a crash left.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn prepare(folder: &Path) -> Result<Opened, OpenError> {
        folder::prepare(folder)
    }

    /// The store over a writer that was started with what `prepare` gave.
    ///
    /// # Errors
    /// When the pool of readers cannot be made.
    pub fn new(
        opened: &Opened,
        writer: Addr<StoreActor>,
        point: Addr<PointReader>,
        options: Options,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            writer,
            point,
            waiting: Arc::new(Semaphore::new(MOST_WAITING_WRITES)),
            readers: readers(&opened.path, options.readers)?,
            position: opened.position.subscribe(),
            task_number: AtomicU64::new(opened.task_number),
            hot: Arc::new(Hot::new(options.hot_tasks)),
            sealed: OnceCell::new(),
            _lock: opened.lock.clone(),
        })
    }

    /// Runs a closure inside the next group commit; answers when it is durable. It may be run again after a rollback, so
    /// it changes nothing but the ledger.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Ledger<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.write_and(work, |_| ()).await
    }

    /// The same, and `then` once it is durable, before anything else is written.
    async fn write_and<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Ledger<'_>) -> Result<T, Error> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.waiting.clone().try_acquire_owned().map_err(|_| Error::Overloaded)?;
        let (reply, answer) = oneshot::channel();
        self.writer.do_send(writer::Write::new(permit, reply, work, then));
        answer.await.unwrap_or(Err(Error::Unavailable))
    }

    /// Looks one thing up.
    async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.point.do_send(point::Read(Box::new(move |connection| {
            // Whoever has gone does not need to know.
            let _gone = reply.send(work(connection));
        })));
        answer.await.map_err(|_| Error::Unavailable)?.map_err(|error| unavailable(&error))
    }

    /// Runs a closure on a read-only connection of the pool.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = self.readers.get().await.map_err(|error| unavailable(&error))?;
        let result =
            connection.interact(move |connection| work(connection)).await.map_err(|error| unavailable(&error))?;
        result.map_err(|error| unavailable(&error))
    }
}

fn unavailable(error: &dyn std::error::Error) -> Error {
    tracing::error!(error = %error, "reading the database failed");
    Error::Unavailable
}

fn readers(path: &Path, size: usize) -> Result<Pool, OpenError> {
    let escaped: String = path.to_string_lossy().chars().flat_map(escape_uri).collect();
    let config = deadpool_sqlite::Config::new(format!("file:{escaped}?mode=ro"));
    let builder = config.builder(Runtime::Tokio1).map_err(|error| OpenError::Database(error.to_string()))?;
    let hook = Hook::sync_fn(|connection, _| match connection.lock() {
        Ok(connection) => schema::reader_pragmas(&connection).map_err(HookError::Backend),
        Err(_) => Err(HookError::message("a connection's lock is poisoned")),
    });
    builder.max_size(size).post_create(hook).build().map_err(|error| OpenError::Database(error.to_string()))
}

fn escape_uri(c: char) -> Vec<char> {
    match c {
        '%' | '?' | '#' => format!("%{:02X}", c as u32).chars().collect(),
        _ => vec![c],
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        let ready = Ready::of(commit)?;
        let (before, after, task) = (self.hot.clone(), self.hot.clone(), ready.task().clone());
        let work = move |ledger: &mut Ledger<'_>| {
            // From here until the commit is over the database alone knows which state is the true one.
            before.forget(std::slice::from_ref(&ready.task().id));
            ledger.commit(&ready)
        };
        self.write_and(work, move |()| after.put(task)).await
    }

    async fn apply(&self, change: Change) -> Result<(), Error> {
        self.write(move |ledger| ledger.apply(&change)).await
    }

    fn next_task_number(&self) -> u64 {
        self.task_number.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn position(&self) -> watch::Receiver<Seq> {
        self.position.clone()
    }

    async fn task(&self, id: &TaskId) -> Result<Option<Arc<Task>>, Error> {
        if let Some(task) = self.hot.get(id) {
            return Ok(Some(task));
        }
        let id = id.clone();
        let task = self.look_up(move |connection| read::task(connection, &id)).await?;
        Ok(task.map(Arc::new))
    }

    async fn events(&self, id: &TaskId) -> Result<Vec<Recorded>, Error> {
        let id = id.clone();
        self.read(move |connection| read::events(connection, &id)).await
    }

    async fn records(&self, id: &TaskId) -> Result<Option<Records>, Error> {
        let id = id.clone();
        self.look_up(move |connection| read::records(connection, &id)).await
    }

    async fn tasks(&self, query: Query) -> Result<Page, Error> {
        self.read(move |connection| read::tasks(connection, &query)).await
    }

    async fn idempotency(&self, scope: &str, key: &str, now: Timestamp) -> Result<Option<Known>, Error> {
        let (scope, key) = (scope.to_owned(), key.to_owned());
        self.look_up(move |connection| read::idempotency(connection, &scope, &key, now)).await
    }

    async fn ready_work(&self, filter: WorkFilter, limit: u32) -> Result<Vec<TaskId>, Error> {
        self.look_up(move |connection| read::ready_work(connection, &filter, limit)).await
    }

    async fn leased(&self) -> Result<Vec<(TaskId, Fence)>, Error> {
        self.read(read::leased).await
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<TaskId>, Error> {
        self.look_up(move |connection| read::due(connection, now, limit)).await
    }

    async fn append_output(&self, task: &TaskId, chunk: OutputChunk) -> Result<(), Error> {
        let task = task.clone();
        self.write(move |ledger| ledger.append_output(&task, &chunk)).await
    }

    async fn output(&self, task: &TaskId, fence: Fence, after: u64, limit: u32) -> Result<Vec<OutputChunk>, Error> {
        let task = task.clone();
        self.read(move |connection| read::output(connection, &task, fence, after, limit)).await
    }

    async fn audit_lines(&self, after: Seq, limit: u32) -> Result<Vec<AuditLine>, Error> {
        self.read(move |connection| read::audit_lines(connection, after, limit)).await
    }

    async fn audit_tail(
        &self,
        task: Option<&TaskId>,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, Error> {
        let task = task.cloned();
        self.read(move |connection| read::audit_tail(connection, task.as_ref(), before, limit)).await
    }

    async fn audit_position(&self) -> Result<AuditPosition, Error> {
        self.read(read::audit_position).await
    }

    async fn mark_exported(&self, seq: Seq) -> Result<(), Error> {
        self.write(move |ledger| ledger.mark_exported(seq)).await
    }

    async fn cards_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Copy>, Error> {
        self.look_up(move |connection| cards::due(connection, now, limit)).await
    }

    async fn next_card(&self) -> Result<Option<Timestamp>, Error> {
        self.look_up(cards::next).await
    }

    async fn card_delivered(&self, copy: Copy, now: Timestamp) -> Result<(), Error> {
        self.write(move |ledger| ledger.card_delivered(&copy, now)).await
    }

    async fn cards_of(&self, task: &TaskId) -> Result<Vec<Copy>, Error> {
        let task = task.clone();
        self.look_up(move |connection| cards::of(connection, &task)).await
    }

    async fn card_in(&self, message_id: &str) -> Result<Option<Copy>, Error> {
        let message_id = message_id.to_owned();
        self.look_up(move |connection| cards::in_message(connection, &message_id)).await
    }

    async fn cards_dead(&self, limit: u32) -> Result<Vec<Copy>, Error> {
        self.read(move |connection| cards::dead(connection, limit)).await
    }

    async fn callback_is_new(&self, id: &str, now: Timestamp, until: Timestamp) -> Result<bool, Error> {
        let id = id.to_owned();
        self.write(move |ledger| ledger.callback_is_new(&id, now, until)).await
    }

    async fn keys(&self) -> Result<Vec<key::Record>, Error> {
        self.read(read::keys).await
    }

    async fn setting(&self, name: &str) -> Result<Option<Setting>, Error> {
        let name = name.to_owned();
        self.read(move |connection| read::setting(connection, &name)).await
    }

    async fn counts(&self) -> Result<Counts, Error> {
        self.read(read::counts).await
    }

    async fn clean(&self, ended_before: Timestamp, now: Timestamp, limit: u32) -> Result<u64, Error> {
        let hot = self.hot.clone();
        let clean = move |ledger: &mut Ledger<'_>| ledger.clean(ended_before, now, limit);
        let removed = self.write_and(clean, move |removed: &Vec<TaskId>| hot.forget(removed)).await?;
        Ok(removed.len() as u64)
    }

    async fn seal(&self) -> Result<(), Error> {
        let end = || async { self.writer.send(writer::Close).await };
        if let Err(error) = self.sealed.get_or_try_init(end).await {
            tracing::error!(%error, "the writer had ended before it was closed");
            return Err(Error::Unavailable);
        }
        Ok(())
    }

    async fn close(&self) {
        // A writer that died is told of in the log; what it left is closed all the same.
        let _told = self.seal().await;
        self.readers.close();
        // A connection that comes back after the runtime has ended would take the process down with it.
        let end = tokio::time::Instant::now() + LONGEST_READ;
        while self.readers.status().size > 0 && tokio::time::Instant::now() < end {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
