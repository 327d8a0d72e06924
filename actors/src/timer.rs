//! TimerActor: sees to it that what is due happens, once, also right after a restart or a jump of the clock.
//!
//! - Owns one timer. Deadlines are a column of the tasks in the store, with an index: the ordered queue is there, and the
//!   task itself decides what is due, so a firing that comes late or twice does nothing.
//! - Takes `Look`; awaits the store and the tasks.
//! - When it dies, the guard stops the process.
//! - Works through one bounded page at a time, and goes on behind those that fail: however many tasks are in trouble, the
//!   others' deadlines are seen to.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler, Message, WrapFuture as _};
use hermes_core::access::{Principal, Via};
use hermes_core::id::TaskId;
use hermes_core::task::{Action, Command};

use crate::clock::SharedClock;
use crate::death::DeathWatch;
use crate::error::Error;
use crate::health::Health;
use crate::registry::Tasks;
use crate::store::{self, Store};
use crate::task::Carry;

const PAGE: u32 = 256;

/// Short, so that a jump of the clock is noticed; one look costs one read of an index.
const PERIOD: Duration = Duration::from_millis(500);

/// Sees to deadlines.
pub struct TimerActor {
    store: Arc<dyn Store>,
    tasks: Tasks,
    clock: SharedClock,
    period: Duration,
    _guard: DeathWatch,
}

impl TimerActor {
    /// A timer over these tasks.
    pub fn new(store: Arc<dyn Store>, tasks: Tasks, clock: SharedClock, health: Arc<Health>) -> Self {
        Self { store, tasks, clock, period: PERIOD, _guard: DeathWatch::new("timer", health) }
    }
}

impl Actor for TimerActor {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.notify(Tick);
    }
}

/// Looks once for what is due; answers how many tasks were told.
#[derive(Debug)]
pub struct Look;

impl Message for Look {
    type Result = usize;
}

impl Handler<Look> for TimerActor {
    type Result = actix::ResponseFuture<usize>;
    fn handle(&mut self, _: Look, _: &mut Self::Context) -> Self::Result {
        Box::pin(look(self.store.clone(), self.tasks.clone(), self.clock.clone()))
    }
}

/// Stops looking.
#[derive(Debug)]
pub struct Stop;

impl Message for Stop {
    type Result = ();
}

impl Handler<Stop> for TimerActor {
    type Result = ();
    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

struct Tick;

impl Message for Tick {
    type Result = ();
}

impl Handler<Tick> for TimerActor {
    type Result = ();
    fn handle(&mut self, _: Tick, ctx: &mut Self::Context) {
        let work = look(self.store.clone(), self.tasks.clone(), self.clock.clone());
        ctx.spawn(work.into_actor(self).map(|told, actor, ctx| {
            // A full page means that there is more.
            let pause = if told < PAGE as usize { actor.period } else { Duration::ZERO };
            ctx.notify_later(Tick, pause);
        }));
    }
}

/// Tells the tasks whose deadline has passed; a failure leaves them due.
async fn look(store: Arc<dyn Store>, tasks: Tasks, clock: SharedClock) -> usize {
    let (mut told, mut failed) = (0, HashSet::new());
    loop {
        // Those that failed are still due, and were due first: so many more are asked for.
        let limit = PAGE.saturating_add(u32::try_from(failed.len()).unwrap_or(u32::MAX));
        let due = store.due(clock.now(), limit).await.unwrap_or_default();
        let (is_full, failed_before) = (due.len() >= limit as usize, failed.len());
        for id in due {
            if failed.contains(&id) {
                continue;
            }
            match tell(&id, &tasks, &clock).await {
                Ok(()) => told += 1,
                Err(error) if is_everybodys(&error) => return told,
                Err(_) => drop(failed.insert(id)),
            }
        }
        if !is_full || failed.len() == failed_before {
            return told;
        }
    }
}

async fn tell(id: &TaskId, tasks: &Tasks, clock: &SharedClock) -> Result<(), Error> {
    let command = Command {
        by: Principal::system("deadline"),
        via: Via::Engine,
        now: clock.now(),
        expected_version: None,
        action: Action::ReachDeadline,
    };
    let told = tasks.send(id.clone(), Carry(command)).await.map(drop);
    match &told {
        // Said, and loudly, when its actor died.
        Ok(()) | Err(Error::Quarantined) => {}
        Err(error) => tracing::warn!(task.id = %id, error = %error, "a deadline could not be acted on yet"),
    }
    told
}

/// Whether the next task would only hear the same. An actor that died says `Stopping`, and that is its own affair.
const fn is_everybodys(error: &Error) -> bool {
    match error {
        Error::AuditUnavailable => true,
        Error::Store(error) => {
            matches!(error, store::Error::Overloaded | store::Error::DiskFull | store::Error::Unavailable)
        }
        Error::Refused(_) | Error::NoSuchTask | Error::Quarantined | Error::Stopping => false,
    }
}
