//! AuditActor: brings committed audit lines into the JSONL file, each once, in order.
//!
//! - Owns the file. The file is its own cursor: its last whole line says where to go on.
//! - Takes `Look` (a nudge) and `Flush`; awaits the store. Blocks its own thread on the disk.
//! - When it dies, the guard stops the process; lines wait in the store.
//! - Works through bounded pages; when the file cannot be written, nothing more may change until it can.

mod denial;
mod file;
mod review;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, AsyncContext as _, Context, Handler, Message, ResponseFuture, WrapFuture as _};
use hermes_core::id::Seq;
use hermes_core::time::Millis;
use tokio::sync::oneshot;

use crate::clock::SharedClock;
use crate::death::DeathWatch;
use crate::health::{Health, Part};
use crate::store::{AuditLine, Store};

pub use denial::{Denial, DenialActor, Sweep};
pub use file::{AuditFile, OpenError};
pub(crate) use review::review_beside;
pub use review::{ReviewError, review};

const PAGE: u32 = 512;

/// So many pages are written before the actor looks up again.
const PAGES: usize = 8;

/// How often the file is looked at though nothing was nudged.
const PERIOD: Duration = Duration::from_millis(500);

/// After a round the next one waits so long. What comes meanwhile shares a sync, and leaves the disk to the store.
const REST: Duration = Duration::from_millis(20);

/// The mark in the database is moved this often, and when everything has to be on the disk.
const MARKING: Millis = Millis::from_secs(1);

/// So many lines may wait for the file before nothing more may change.
const MOST_WAITING: u64 = 10_000;

/// So long may a line wait for the file before nothing more may change.
const LONGEST_WAIT: Millis = Millis::from_secs(60);

/// Up to which line the file was found behind, and when. Under load there is always some line on its way: what counts is
/// whether these ones arrive.
struct Behind {
    newest: Seq,
    since: Millis,
}

/// What the actor does; what comes while it does not stand ready asks for another round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Ready,
    Busy { again: bool },
}

/// Brings audit lines into the file.
pub struct AuditActor {
    file: Option<AuditFile>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    health: Arc<Health>,
    behind: Option<Behind>,
    round: Round,
    flushes: Vec<oneshot::Sender<Seq>>,
    marked: (Seq, Millis),
    _guard: DeathWatch,
}

impl AuditActor {
    /// An actor over an opened file.
    pub fn new(file: AuditFile, store: Arc<dyn Store>, clock: SharedClock, health: Arc<Health>) -> Self {
        let guard = DeathWatch::new("audit", health.clone());
        let marked = (file.last(), clock.monotonic());
        Self {
            file: Some(file),
            store,
            clock,
            health,
            behind: None,
            round: Round::Ready,
            flushes: Vec::new(),
            marked,
            _guard: guard,
        }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        match (self.round, self.file.take()) {
            (Round::Ready, Some(file)) => self.start(file, ctx),
            (_, file) => {
                self.file = file;
                self.round = Round::Busy { again: true };
            }
        }
    }

    fn start(&mut self, file: AuditFile, ctx: &mut Context<Self>) {
        self.round = Round::Busy { again: false };
        let work = append(file, self.store.clone());
        ctx.spawn(work.into_actor(self).map(|exported, actor, ctx| actor.settle(exported, ctx)));
    }

    fn settle(&mut self, exported: Exported, ctx: &mut Context<Self>) {
        let written = exported.file.last();
        let waiting = self.judge(written, exported.trouble.clone());
        if !self.flushes.is_empty() && waiting > 0 && exported.trouble.is_none() {
            self.start(exported.file, ctx);
            return;
        }
        self.mark(written, ctx);
        self.file = Some(exported.file);
        if waiting > 0 && exported.trouble.is_none() {
            self.round = Round::Busy { again: true };
        }
        ctx.run_later(REST, Self::rested);
    }

    fn rested(&mut self, ctx: &mut Context<Self>) {
        // A flush may have begun a round of its own meanwhile; that one rests, too.
        if self.file.is_some() && std::mem::replace(&mut self.round, Round::Ready) == (Round::Busy { again: true }) {
            self.look(ctx);
        }
    }

    /// Says how the file is; answers how many lines wait for it.
    fn judge(&mut self, written: Seq, trouble: Option<String>) -> u64 {
        let newest = *self.store.position().borrow();
        let waiting = newest.0.saturating_sub(written.0);
        let now = self.clock.monotonic();
        let behind = self.behind.take().filter(|behind| written < behind.newest);
        self.behind = behind.or_else(|| (waiting > 0).then_some(Behind { newest, since: now }));
        let late = self.behind.as_ref().is_some_and(|behind| now.0.saturating_sub(behind.since.0) > LONGEST_WAIT.0);
        let trouble = trouble
            .or_else(|| (late || waiting > MOST_WAITING).then(|| format!("{waiting} lines wait for the audit file")));
        self.health.set(Part::Audit, trouble.map_or(Ok(()), Err));
        metrics::gauge!("hermes_audit_lines_waiting").set(waiting as f64);
        waiting
    }

    /// The mark says which lines were in the file once; the file itself is the cursor, so it may lag behind. Whoever
    /// waits for a flush waits for the mark, too.
    fn mark(&mut self, written: Seq, ctx: &mut Context<Self>) {
        let now = self.clock.monotonic();
        let flushes = std::mem::take(&mut self.flushes);
        let is_time = now.0.saturating_sub(self.marked.1.0) >= MARKING.0 || !flushes.is_empty();
        if !is_time {
            return;
        }
        let is_new = written != self.marked.0;
        self.marked = (written, now);
        let store = self.store.clone();
        let work = async move {
            if is_new && let Err(error) = store.mark_exported(written).await {
                tracing::debug!(error = %error, "the exported mark was not moved");
            }
            for flush in flushes {
                // Whoever has gone does not need to know.
                let _gone = flush.send(written);
            }
        };
        ctx.spawn(work.into_actor(self));
    }
}

impl Actor for AuditActor {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.notify(Tick);
    }
}

struct Exported {
    file: AuditFile,
    trouble: Option<String>,
}

/// Appends what has come since, up to a bound.
async fn append(mut file: AuditFile, store: Arc<dyn Store>) -> Exported {
    for _ in 0..PAGES {
        if let Err(why) = file.check() {
            return Exported { file, trouble: Some(why.to_string()) };
        }
        // The store says itself how it is.
        let lines: Vec<AuditLine> = store.audit_lines(file.last(), PAGE).await.unwrap_or_default();
        if lines.is_empty() {
            break;
        }
        if let Err(why) = file.append(&lines) {
            return Exported { file, trouble: Some(why.to_string()) };
        }
    }
    Exported { file, trouble: None }
}

/// Something was committed.
#[derive(Debug)]
pub struct Look;

impl Message for Look {
    type Result = ();
}

impl Handler<Look> for AuditActor {
    type Result = ();
    fn handle(&mut self, _: Look, ctx: &mut Self::Context) {
        self.look(ctx);
    }
}

/// Appends everything that is committed, without rest; answers the number of the last line in the file.
#[derive(Debug)]
pub struct Flush;

impl Message for Flush {
    type Result = Seq;
}

impl Handler<Flush> for AuditActor {
    type Result = ResponseFuture<Seq>;
    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) -> Self::Result {
        let (flushed, answer) = oneshot::channel();
        self.flushes.push(flushed);
        if let Some(file) = self.file.take() {
            self.start(file, ctx);
        }
        Box::pin(async move { answer.await.unwrap_or_default() })
    }
}

struct Tick;

impl Message for Tick {
    type Result = ();
}

impl Handler<Tick> for AuditActor {
    type Result = ();
    fn handle(&mut self, _: Tick, ctx: &mut Self::Context) {
        self.look(ctx);
        ctx.notify_later(Tick, PERIOD);
    }
}

impl AuditActor {
    /// Where the file of a data folder is.
    pub fn path(home: &std::path::Path) -> PathBuf {
        home.join("audit").join("approval_audit.jsonl")
    }
}
