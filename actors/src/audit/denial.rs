//! DenialActor: refused attempts go into the audit trail too, without letting a flood of them in.
//!
//! - Owns a count for each kind of refusal and who caused it. The first is written at once; what follows within ten
//!   seconds is one line with a count.
//! - Takes `Denial` and `Sweep`; awaits the store.
//! - When it dies, the guard stops the process.
//! - Remembers at most so many; beyond that refusals are counted under one name.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext as _, Context, Handler, Message, WrapFuture as _};
use futures_util::FutureExt as _;
use hermes_core::access::{Actor as Who, Via};
use hermes_core::audit::Entry;
use hermes_core::error::Code;
use hermes_core::id::TaskId;
use serde_json::json;

use crate::clock::SharedClock;
use crate::death::DeathWatch;
use crate::health::Health;
use crate::store::{Change, Store};

const PERIOD: Duration = Duration::from_secs(10);
const MOST_REMEMBERED: usize = 1000;

/// An attempt that was refused.
#[derive(Debug, Clone)]
pub struct Denial {
    /// Why.
    pub code: Code,
    /// Who tried: a key's name, or the address of somebody without one.
    pub who: String,
    /// What he tried: method and route.
    pub what: String,
    /// On which task.
    pub task: Option<TaskId>,
}

impl Message for Denial {
    type Result = ();
}

/// Writes refused attempts into the audit trail.
pub struct DenialActor {
    seen: HashMap<(Code, String), (Denial, u64)>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    _guard: DeathWatch,
}

impl DenialActor {
    /// An actor that has seen nothing yet.
    pub fn new(store: Arc<dyn Store>, clock: SharedClock, health: Arc<Health>) -> Self {
        Self { seen: HashMap::new(), store, clock, _guard: DeathWatch::new("denial", health) }
    }

    fn write(&self, denial: &Denial, count: u64) -> impl Future<Output = ()> + use<> {
        let data = json!({"code": denial.code.as_str(), "what": denial.what, "count": count});
        let entry = Entry::new(self.clock.now(), "access.denied", Who::key(&denial.who), Via::Api, data);
        let entry = Entry { task_id: denial.task.clone(), ..entry };
        let store = self.store.clone();
        async move {
            if let Err(error) = store.apply(Change::record(entry)).await {
                tracing::warn!(error = %error, "a refused attempt could not be written to the audit trail");
            }
        }
    }

    /// Writes what was only counted, and forgets who was quiet.
    fn sweep(&mut self) -> impl Future<Output = ()> + use<> {
        let mut writes = Vec::new();
        for (key, (denial, count)) in std::mem::take(&mut self.seen) {
            if count > 0 {
                writes.push(self.write(&denial, count));
                self.seen.insert(key, (denial, 0));
            }
        }
        futures_util::future::join_all(writes).map(drop)
    }
}

impl Actor for DenialActor {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(PERIOD, |actor, ctx| {
            let work = actor.sweep();
            ctx.spawn(work.into_actor(actor));
        });
    }
}

/// Writes what was only counted so far.
#[derive(Debug)]
pub struct Sweep;

impl Message for Sweep {
    type Result = ();
}

impl Handler<Sweep> for DenialActor {
    type Result = actix::ResponseFuture<()>;
    fn handle(&mut self, _: Sweep, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.sweep())
    }
}

impl Handler<Denial> for DenialActor {
    type Result = ();
    fn handle(&mut self, mut denial: Denial, ctx: &mut Self::Context) {
        if self.seen.len() >= MOST_REMEMBERED {
            "many".clone_into(&mut denial.who);
        }
        let key = (denial.code, denial.who.clone());
        if let Some((_, count)) = self.seen.get_mut(&key) {
            *count += 1;
        } else {
            let work = self.write(&denial, 1);
            ctx.spawn(work.into_actor(self));
            self.seen.insert(key, (denial, 0));
        }
    }
}
