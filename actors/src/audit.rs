//! AuditActor: brings committed audit lines into the JSONL file, each once, in order.
//!
//! - Owns the file. The file is its own cursor: its last whole line says where to go on.
//! - Takes `Look` (a nudge) and `Flush`; awaits the store. Blocks its own thread on the disk.
//! - When it dies, the guard stops the process; lines wait in the store.
//! - Works through bounded pages; when the file cannot be written, nothing more may change until it can.

mod denial;
mod file;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, AsyncContext as _, AtomicResponse, Context, Handler, Message, WrapFuture as _};
use hermes_core::id::Seq;
use hermes_core::time::Millis;

use crate::clock::SharedClock;
use crate::death::DeathWatch;
use crate::health::{Health, Part};
use crate::store::{AuditLine, Store};

pub use denial::{Denial, DenialActor, Sweep};
pub use file::{AuditFile, OpenError};

const PAGE: u32 = 512;

/// How often the file is looked at though nothing was nudged.
const PERIOD: Duration = Duration::from_millis(500);

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

/// Brings audit lines into the file.
pub struct AuditActor {
    file: Option<AuditFile>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    health: Arc<Health>,
    behind: Option<Behind>,
    _guard: DeathWatch,
}

impl AuditActor {
    /// An actor over an opened file.
    pub fn new(file: AuditFile, store: Arc<dyn Store>, clock: SharedClock, health: Arc<Health>) -> Self {
        let guard = DeathWatch::new("audit", health.clone());
        Self { file: Some(file), store, clock, health, behind: None, _guard: guard }
    }

    /// Appends what has come since; answers the number of the last line in the file.
    fn export(&mut self) -> impl Future<Output = Exported> + use<> {
        let file = self.file.take();
        let store = self.store.clone();
        async move {
            match file {
                Some(file) => append_all(file, store).await,
                None => Exported { file: None, trouble: Some("the audit file is not open".to_owned()) },
            }
        }
    }

    fn settle(&mut self, exported: Exported) -> Seq {
        let written = exported.file.as_ref().map_or(Seq(0), AuditFile::last);
        let newest = *self.store.position().borrow();
        self.file = exported.file;
        let waiting = newest.0.saturating_sub(written.0);
        let now = self.clock.monotonic();
        let behind = self.behind.take().filter(|behind| written < behind.newest);
        self.behind = behind.or_else(|| (waiting > 0).then_some(Behind { newest, since: now }));
        let late = self.behind.as_ref().is_some_and(|behind| now.0.saturating_sub(behind.since.0) > LONGEST_WAIT.0);
        let trouble = exported
            .trouble
            .or_else(|| (late || waiting > MOST_WAITING).then(|| format!("{waiting} lines wait for the audit file")));
        self.health.set(Part::Audit, trouble.map_or(Ok(()), Err));
        metrics::gauge!("hermes_audit_lines_waiting").set(waiting as f64);
        written
    }
}

impl Actor for AuditActor {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.notify(Tick);
    }
}

struct Exported {
    file: Option<AuditFile>,
    trouble: Option<String>,
}

async fn append_all(mut file: AuditFile, store: Arc<dyn Store>) -> Exported {
    let start = file.last();
    let trouble = loop {
        if let Err(why) = file.check() {
            break Some(why.to_string());
        }
        let lines: Vec<AuditLine> = match store.audit_lines(file.last(), PAGE).await {
            Ok(lines) => lines,
            // The store says itself how it is.
            Err(_) => break None,
        };
        if lines.is_empty() {
            break None;
        }
        if let Err(why) = file.append(&lines) {
            break Some(why.to_string());
        }
    };
    // The mark is a help to readers of the database; the file is its own cursor.
    if file.last() != start
        && let Err(error) = store.mark_exported(file.last()).await
    {
        tracing::debug!(error = %error, "the exported mark was not moved");
    }
    Exported { file: Some(file), trouble }
}

/// Something was committed.
#[derive(Debug)]
pub struct Look;

impl Message for Look {
    type Result = ();
}

impl Handler<Look> for AuditActor {
    type Result = AtomicResponse<Self, ()>;
    fn handle(&mut self, _: Look, _: &mut Self::Context) -> Self::Result {
        let work = self.export();
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|exported, actor, _| {
            actor.settle(exported);
        })))
    }
}

/// Appends everything that is committed; answers the number of the last line in the file.
#[derive(Debug)]
pub struct Flush;

impl Message for Flush {
    type Result = Seq;
}

impl Handler<Flush> for AuditActor {
    type Result = AtomicResponse<Self, Seq>;
    fn handle(&mut self, _: Flush, _: &mut Self::Context) -> Self::Result {
        let work = self.export();
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|exported, actor, _| actor.settle(exported))))
    }
}

struct Tick;

impl Message for Tick {
    type Result = ();
}

impl Handler<Tick> for AuditActor {
    type Result = ();
    fn handle(&mut self, _: Tick, ctx: &mut Self::Context) {
        ctx.notify(Look);
        ctx.notify_later(Self::tick(), PERIOD);
    }
}

impl AuditActor {
    const fn tick() -> Tick {
        Tick
    }

    /// Where the file of a data folder is.
    pub fn path(home: &std::path::Path) -> PathBuf {
        home.join("audit").join("approval_audit.jsonl")
    }
}
