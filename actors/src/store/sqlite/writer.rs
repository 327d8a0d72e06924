//! Owns the one connection that writes, on a thread of its own.
//!
//! - Takes `Write`: a closure over the open transaction. Whatever waits when a transaction begins shares it, and a failure
//!   hurts only itself; all are answered after the one COMMIT. While it syncs, the next batch gathers: nothing ever waits
//!   for company.
//! - Awaits nothing: it blocks its own thread only.
//! - When it dies, the guard turns /health red and the process stops in stages; what was not answered is not promised.
//! - Its queue is bounded by the permits that each `Write` carries.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext as _, AsyncContext, Context, Handler, Message, SpawnHandle};
use hermes_core::id::{Digest, Seq};
use rusqlite::{Connection, params};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use super::folder::{Lock, OpenError};
use super::point::PointReader;
use super::reserve::Reserve;
use super::tally::Tally;
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

/// Something to be done inside the open transaction, and somebody to be told.
trait Job: Send {
    /// Does it; a second time if the first was rolled back.
    fn run(&mut self, ledger: &mut Ledger<'_>) -> Result<(), Error>;
    /// Tells, once the transaction is over.
    fn settle(self: Box<Self>, committed: Result<(), Error>);
}

struct Asked<T, W, N> {
    work: W,
    then: N,
    result: Result<T, Error>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, W, N> Job for Asked<T, W, N>
where
    T: Send,
    W: FnMut(&mut Ledger<'_>) -> Result<T, Error> + Send,
    N: FnOnce(&T) + Send,
{
    fn run(&mut self, ledger: &mut Ledger<'_>) -> Result<(), Error> {
        self.result = (self.work)(ledger);
        self.result.as_ref().map(drop).map_err(Clone::clone)
    }

    fn settle(self: Box<Self>, committed: Result<(), Error>) {
        let answer = committed.and(self.result);
        if let Ok(value) = &answer {
            (self.then)(value);
        }
        // A caller who has gone will find out by reading.
        let _gone = self.reply.send(answer);
    }
}

/// A job, and the permit that bounds how many wait.
pub(super) struct Write {
    job: Box<dyn Job>,
    _permit: OwnedSemaphorePermit,
}

impl Message for Write {
    type Result = ();
}

impl Write {
    pub(super) fn new<T: Send + 'static>(
        permit: OwnedSemaphorePermit,
        reply: oneshot::Sender<Result<T, Error>>,
        work: impl FnMut(&mut Ledger<'_>) -> Result<T, Error> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Self {
        let job = Asked { work, then, result: Err(Error::Unavailable), reply };
        Self { job: Box::new(job), _permit: permit }
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
    fn write(&mut self, mut batch: Vec<Write>) {
        let before = (self.seq, self.leaf);
        let committed = self.transaction(&mut batch);
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
        for write in batch {
            write.job.settle(committed.as_ref().map_or(Err(Error::Unavailable), |()| Ok(())));
        }
    }

    /// A savepoint costs as much as what it guards, and hardly any write fails: only when one has is everything rolled
    /// back and done once more, with a savepoint each.
    fn transaction(&mut self, batch: &mut [Write]) -> rusqlite::Result<()> {
        let before = (self.seq, self.leaf);
        let ended = self.attempt(batch, Self::all);
        if !matches!(ended, Ok(Outcome::Abandoned)) {
            return ended.map(drop);
        }
        (self.seq, self.leaf) = before;
        self.attempt(batch, Self::each).map(drop)
    }

    fn attempt(&mut self, batch: &mut [Write], fill: Fill) -> rusqlite::Result<Outcome> {
        if self.reserve.is_full() {
            return Err(disk_full());
        }
        self.run("BEGIN IMMEDIATE")?;
        let ended = self.finish(batch, fill);
        if !matches!(ended, Ok(Outcome::Whole)) && !self.connection.is_autocommit() {
            self.run("ROLLBACK")?;
        }
        ended
    }

    fn finish(&mut self, batch: &mut [Write], fill: Fill) -> rusqlite::Result<Outcome> {
        let before = self.seq;
        let mut tally = Tally::default();
        if fill(self, batch, &mut tally)? == Outcome::Abandoned {
            return Ok(Outcome::Abandoned);
        }
        tally.write(&self.connection)?;
        if self.seq != before {
            let mut head = self.connection.prepare_cached("UPDATE audit_head SET seq = ?1, leaf = ?2")?;
            head.execute(params![self.seq.0, self.leaf.0])?;
        }
        crate::crash::point("store.before_commit");
        self.run("COMMIT")?;
        Ok(Outcome::Whole)
    }

    /// One after another, as long as none fails.
    fn all(&mut self, batch: &mut [Write], tally: &mut Tally) -> rusqlite::Result<Outcome> {
        for write in batch {
            match self.one(write, tally) {
                Ok(()) => {}
                Err(Error::DiskFull) => return Err(disk_full()),
                Err(_) => return Ok(Outcome::Abandoned),
            }
        }
        Ok(Outcome::Whole)
    }

    /// Each in a savepoint of its own. One that finds the disk full ends the transaction for all.
    fn each(&mut self, batch: &mut [Write], tally: &mut Tally) -> rusqlite::Result<Outcome> {
        for write in batch {
            self.run("SAVEPOINT one")?;
            match self.one(write, tally) {
                Ok(()) => {}
                Err(Error::DiskFull) => return Err(disk_full()),
                Err(_) => self.run("ROLLBACK TO one")?,
            }
            self.run("RELEASE one")?;
        }
        Ok(Outcome::Whole)
    }

    fn one(&mut self, write: &mut Write, tally: &mut Tally) -> Result<(), Error> {
        let (seq, leaf) = (self.seq, self.leaf);
        let mut ledger = Ledger { connection: &self.connection, seq, leaf, others: tally, own: Tally::default() };
        write.job.run(&mut ledger)?;
        let Ledger { seq, leaf, own, .. } = ledger;
        (self.seq, self.leaf) = (seq, leaf);
        tally.take_in(own);
        Ok(())
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

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Whole,
    /// One write failed, so none of them may stay.
    Abandoned,
}

/// Does the writes of a batch, and adds up what they change.
type Fill = fn(&mut StoreActor, &mut [Write], &mut Tally) -> rusqlite::Result<Outcome>;

fn disk_full() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None)
}
