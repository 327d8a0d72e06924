//! Registry: finds or starts the actor of a task, and lets idle ones go.
//!
//! - Owns the addresses of the live task actors of its shard, at most so many; tasks live in the store, actors are a
//!   cache of it. An actor whose address is dropped finishes what it has and ends; should a second actor of the same
//!   task be started meanwhile, the version fence in the store decides.
//! - Takes `ToTask<M>`; awaits task actors.
//! - When it dies, the guard stops the process.
//! - Its queue is bounded by the permits of the requests that ask.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Context, Handler, Message, ResponseFuture};
use hermes_core::id::TaskId;
use lru::LruCache;

use crate::death::DeathWatch;
use crate::error::Error;
use crate::task::{Answer, TaskActor, Tools};

/// After so many deaths of its actor a task is left alone.
const MOST_DEATHS: u8 = 3;

/// One shard's live tasks.
pub struct Registry {
    live: LruCache<TaskId, Addr<TaskActor>>,
    deaths: HashMap<TaskId, u8>,
    tools: Tools,
    _guard: DeathWatch,
}

impl Registry {
    /// A registry that keeps at most so many actors.
    pub fn new(most_live: NonZeroUsize, tools: Tools) -> Self {
        let guard = DeathWatch::new("registry", tools.health.clone());
        Self { live: LruCache::new(most_live), deaths: HashMap::new(), tools, _guard: guard }
    }

    fn find(&mut self, id: &TaskId) -> Result<Addr<TaskActor>, Error> {
        if let Some(address) = self.live.get(id) {
            if address.connected() {
                return Ok(address.clone());
            }
            self.live.pop(id);
            self.note_death(id);
        }
        if self.deaths.get(id).is_some_and(|deaths| *deaths >= MOST_DEATHS) {
            return Err(Error::Quarantined);
        }
        let address = TaskActor::new(id.clone(), self.tools.clone()).start();
        self.live.put(id.clone(), address.clone());
        Ok(address)
    }

    fn note_death(&mut self, id: &TaskId) {
        let deaths = self.deaths.entry(id.clone()).or_default();
        *deaths = deaths.saturating_add(1);
        metrics::counter!("hermes_task_actor_deaths_total").increment(1);
        tracing::error!(task.id = %id, deaths = *deaths, "a task's actor died; it is loaded again from the store");
    }
}

impl Actor for Registry {
    type Context = Context<Self>;
}

/// A message for the actor of a task.
#[derive(Debug)]
pub struct ToTask<M> {
    /// The task.
    pub id: TaskId,
    /// The message.
    pub message: M,
}

impl<M: Message<Result = Answer> + Send + 'static> Message for ToTask<M> {
    type Result = Answer;
}

impl<M> Handler<ToTask<M>> for Registry
where
    M: Message<Result = Answer> + Send + 'static,
    TaskActor: Handler<M>,
    Context<TaskActor>: ToEnvelope<TaskActor, M>,
{
    type Result = ResponseFuture<Answer>;
    fn handle(&mut self, ToTask { id, message }: ToTask<M>, _: &mut Self::Context) -> Self::Result {
        let found = self.find(&id);
        Box::pin(async move { found?.send(message).await? })
    }
}

/// All shards: a task is always handled by the same one.
#[derive(Clone)]
pub struct Tasks {
    shards: Arc<[Addr<Registry>]>,
}

impl Tasks {
    /// The shards, at least one.
    pub fn new(shards: Vec<Addr<Registry>>) -> Self {
        Self { shards: shards.into() }
    }

    /// Sends a message to the actor of a task and waits for the answer.
    pub async fn send<M>(&self, id: TaskId, message: M) -> Answer
    where
        M: Message<Result = Answer> + Send + 'static,
        TaskActor: Handler<M>,
        Registry: Handler<ToTask<M>>,
        Context<Registry>: ToEnvelope<Registry, ToTask<M>>,
    {
        let shard = self.shard(&id).ok_or(Error::Stopping)?;
        shard.send(ToTask { id, message }).await?
    }

    fn shard(&self, id: &TaskId) -> Option<&Addr<Registry>> {
        let hash = id.as_str().bytes().fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        self.shards.get(hash.checked_rem(self.shards.len())?)
    }
}
