//! Owns the one connection that writes, on a thread of its own.
//!
//! - Takes `Write`: a closure over the open transaction. Whatever waits when a transaction begins shares it, a savepoint
//!   each, so that one failure hurts only itself; all are answered after the one COMMIT. While it syncs, the next batch
//!   gathers: nothing ever waits for company.
//! - Awaits nothing: it blocks its own thread only.
//! - When it dies, the guard turns /health red and the process stops in stages; what was not answered is not promised.
//! - Its queue is bounded by the permits that each `Write` carries.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext as _, AsyncContext, Context, Handler, Message, SpawnHandle};
use hermes_core::id::{Digest, Seq};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use super::folder::{Lock, OpenError};
use super::point::PointReader;
use super::reserve::Reserve;
use super::transaction::Ledger;
use crate::death::DeathWatch;
use crate::health::{Health, Part};
use crate::store::Error;

const BATCH: usize = 256;
const IDLE_BEFORE_CHECKPOINT: Duration = Duration::from_secs(2);

/// A database that was opened, before its writer runs.
pub struct Opened {
    pub(super) path: PathBuf,
    pub(super) lock: Arc<Lock>,
    pub(super) connection: Option<Connection>,
    pub(super) head: (Seq, [u8; 32]),
    pub(super) position: watch::Sender<Seq>,
    pub(super) task_number: u64,
}

impl Opened {
    /// The reader of single things, to be started.
    ///
    /// # Errors
    /// When the database cannot be opened once more.
    pub fn point_reader(&self, health: Arc<Health>) -> Result<PointReader, OpenError> {
        PointReader::open(&self.path, health)
    }

    /// Takes the writer out; it can be started once.
    pub fn take_writer(&mut self, health: Arc<Health>) -> Option<StoreActor> {
        Some(StoreActor {
            connection: self.connection.take()?,
            seq: self.head.0,
            leaf: Digest(self.head.1),
            position: self.position.clone(),
            waiting: Vec::new(),
            flush_due: false,
            checkpoint: None,
            reserve: Reserve::beside(&self.path),
            _guard: DeathWatch::new("store", health.clone()),
            health,
        })
    }
}

/// The writer.
pub struct StoreActor {
    connection: Connection,
    seq: Seq,
    leaf: Digest,
    position: watch::Sender<Seq>,
    waiting: Vec<Write>,
    flush_due: bool,
    checkpoint: Option<SpawnHandle>,
    reserve: Reserve,
    health: Arc<Health>,
    _guard: DeathWatch,
}

impl Actor for StoreActor {
    type Context = Context<Self>;
}

/// What is to be told once the transaction is over.
type Settle = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Without a transaction there is only somebody to tell.
type Work = Box<dyn FnOnce(Option<&mut Ledger<'_>>) -> (Result<(), Error>, Settle) + Send>;

/// A closure over the open transaction, and whom to tell.
pub(super) struct Write {
    work: Work,
    _permit: OwnedSemaphorePermit,
}

impl Message for Write {
    type Result = ();
}

impl Write {
    pub(super) fn new<T: Send + 'static>(
        permit: OwnedSemaphorePermit,
        reply: oneshot::Sender<Result<T, Error>>,
        work: impl FnOnce(&mut Ledger<'_>) -> Result<T, Error> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Self {
        let work: Work = Box::new(move |ledger| {
            let result = ledger.map_or(Err(Error::Unavailable), work);
            let done = result.as_ref().map(drop).map_err(Clone::clone);
            let settle: Settle = Box::new(move |committed| {
                let answer = committed.and(result);
                if let Ok(value) = &answer {
                    then(value);
                }
                // A caller who has gone will find out by reading.
                let _gone = reply.send(answer);
            });
            (done, settle)
        });
        Self { work, _permit: permit }
    }
}

impl Handler<Write> for StoreActor {
    type Result = ();
    fn handle(&mut self, write: Write, ctx: &mut Self::Context) {
        self.waiting.push(write);
        self.flush_soon(ctx);
    }
}

/// Writes what has gathered. The mailbox is drained first, so everything that came meanwhile is in the batch.
struct Flush;

impl Message for Flush {
    type Result = ();
}

impl Handler<Flush> for StoreActor {
    type Result = ();
    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) {
        self.flush_due = false;
        let rest = self.waiting.split_off(self.waiting.len().min(BATCH));
        let batch = std::mem::replace(&mut self.waiting, rest);
        self.write(batch);
        if self.waiting.is_empty() {
            self.checkpoint_when_idle(ctx);
        } else {
            self.flush_soon(ctx);
        }
    }
}

/// Answers when everything that was accepted before is written; then nothing more is.
pub(super) struct Close;

impl Message for Close {
    type Result = ();
}

impl Handler<Close> for StoreActor {
    type Result = ();
    fn handle(&mut self, _: Close, ctx: &mut Self::Context) {
        while !self.waiting.is_empty() {
            let rest = self.waiting.split_off(self.waiting.len().min(BATCH));
            let batch = std::mem::replace(&mut self.waiting, rest);
            self.write(batch);
        }
        self.run_checkpoint();
        ctx.stop();
    }
}

impl StoreActor {
    fn flush_soon(&mut self, ctx: &mut Context<Self>) {
        if !self.flush_due {
            self.flush_due = true;
            ctx.notify(Flush);
        }
    }

    /// One transaction for the whole batch.
    fn write(&mut self, batch: Vec<Write>) {
        let before = (self.seq, self.leaf);
        let mut settles = Vec::with_capacity(batch.len());
        let committed = self.transaction(batch, &mut settles);
        match &committed {
            Ok(()) => {
                self.health.set(Part::Store, Ok(()));
                crate::crash::point("store.after_commit");
                if self.seq != before.0 {
                    self.position.send_replace(self.seq);
                }
            }
            Err(error) => {
                (self.seq, self.leaf) = before;
                self.report(error);
            }
        }
        for settle in settles {
            settle(committed.as_ref().map_or(Err(Error::Unavailable), |()| Ok(())));
        }
    }

    fn transaction(&mut self, batch: Vec<Write>, settles: &mut Vec<Settle>) -> rusqlite::Result<()> {
        let begun = if self.reserve.is_full() { Err(disk_full()) } else { self.run("BEGIN IMMEDIATE") };
        if begun.is_err() {
            settles.extend(batch.into_iter().map(|write| (write.work)(None).1));
            return begun;
        }
        let ended = self.fill(batch, settles).and_then(|()| {
            crate::crash::point("store.before_commit");
            self.run("COMMIT")
        });
        if ended.is_err() && !self.connection.is_autocommit() {
            self.run("ROLLBACK")?;
        }
        ended
    }

    /// Each write in a savepoint of its own. One that finds the disk full ends the transaction for all.
    fn fill(&mut self, batch: Vec<Write>, settles: &mut Vec<Settle>) -> rusqlite::Result<()> {
        let mut full = false;
        for write in batch {
            if full {
                settles.push((write.work)(None).1);
                continue;
            }
            self.run("SAVEPOINT one")?;
            let mut ledger = Ledger { connection: &self.connection, seq: self.seq, leaf: self.leaf };
            let (done, settle) = (write.work)(Some(&mut ledger));
            let after = (ledger.seq, ledger.leaf);
            settles.push(settle);
            match done {
                Ok(()) => (self.seq, self.leaf) = after,
                Err(Error::DiskFull) => full = true,
                Err(_) => self.run("ROLLBACK TO one")?,
            }
            if !full {
                self.run("RELEASE one")?;
            }
        }
        if full { Err(disk_full()) } else { Ok(()) }
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// After a failed sync nobody knows what is on the disk: only a fresh start from it can tell.
    fn report(&mut self, error: &rusqlite::Error) {
        tracing::error!(error = %error, "writing the database failed");
        if let rusqlite::Error::SqliteFailure(failure, _) = error {
            if failure.code == rusqlite::ErrorCode::DiskFull {
                self.reserve.release();
            }
            let failed_sync = [rusqlite::ffi::SQLITE_IOERR_FSYNC, rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC];
            if failed_sync.contains(&failure.extended_code) {
                tracing::error!("a sync failed; the process ends to recover from what is on the disk");
                std::process::abort();
            }
        }
        self.health.set(Part::Store, Err("the database cannot be written".to_owned()));
    }

    fn checkpoint_when_idle(&mut self, ctx: &mut Context<Self>) {
        if let Some(handle) = self.checkpoint.take() {
            ctx.cancel_future(handle);
        }
        self.checkpoint = Some(ctx.run_later(IDLE_BEFORE_CHECKPOINT, |actor, _| {
            actor.checkpoint = None;
            actor.run_checkpoint();
        }));
    }

    fn run_checkpoint(&self) {
        let done = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = done {
            tracing::warn!(error = %error, "the write-ahead log could not be folded back now");
        }
    }
}

fn disk_full() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None)
}
