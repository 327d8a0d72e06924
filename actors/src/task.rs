//! TaskActor: one live task, and the only one who changes it.
//!
//! - Owns the task as it is after its last durable event; loads it from the store at the first message.
//! - Takes `Carry` (a command) and `Submit` (the first one); answers after the commit.
//! - May await the store, and nothing above itself. Commands are handled one at a time, awaits included.
//! - When it dies it is loaded again from the store; three deaths quarantine the task.
//! - Its queue is bounded by the permits of the requests that ask.

use std::sync::Arc;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, AtomicResponse, Context, Handler, Message, WrapFuture as _};
use hermes_core::access::{Principal, Via};
use hermes_core::id::{TaskId, Version};
use hermes_core::risk::Assessment;
use hermes_core::task::{self, Command, Event, Recorded, Submission, Task};
use hermes_core::time::Timestamp;

use crate::error::Error;
use crate::feed::Feed;
use crate::health::Health;
use crate::settings::InForce;
use crate::store::{self, Commit, NewTask, Store};

/// What task actors work with.
#[derive(Clone)]
pub struct Tools {
    /// Where tasks live.
    pub store: Arc<dyn Store>,
    /// The terms of decisions.
    pub in_force: Arc<InForce>,
    /// Wakes those who wait for a task.
    pub feed: Arc<Feed>,
    /// Says whether the audit trail can be written.
    pub health: Arc<Health>,
}

/// One live task.
pub struct TaskActor {
    id: TaskId,
    tools: Tools,
    task: Option<Arc<Task>>,
}

impl TaskActor {
    /// An actor for the task of this id, which is loaded when it is first needed.
    pub const fn new(id: TaskId, tools: Tools) -> Self {
        Self { id, tools, task: None }
    }
}

impl Actor for TaskActor {
    type Context = Context<Self>;
}

/// The task after a command.
pub type Answer = Result<Arc<Task>, Error>;

/// Carries a command to a task.
#[derive(Debug, Clone)]
pub struct Carry(pub Command);

impl Message for Carry {
    type Result = Answer;
}

/// Makes the task.
#[derive(Debug, Clone)]
pub struct Submit {
    /// Who submits.
    pub by: Principal,
    /// Through which door.
    pub via: Via,
    /// When.
    pub now: Timestamp,
    /// What.
    pub submission: Submission,
    /// Where the request came from.
    pub peer_ip: String,
    /// The grade of the command.
    pub risk: Assessment,
    /// What the store has to know besides.
    pub new: NewTask,
}

impl Message for Submit {
    type Result = Answer;
}

impl Handler<Carry> for TaskActor {
    type Result = AtomicResponse<Self, Answer>;
    fn handle(&mut self, Carry(command): Carry, _: &mut Self::Context) -> Self::Result {
        let work = carry(self.id.clone(), self.task.clone(), command, self.tools.clone());
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|answer, actor, _| actor.keep(answer))))
    }
}

impl Handler<Submit> for TaskActor {
    type Result = AtomicResponse<Self, Answer>;
    fn handle(&mut self, message: Submit, _: &mut Self::Context) -> Self::Result {
        let work = submit(self.id.clone(), message, self.tools.clone());
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|answer, actor, _| actor.keep(answer))))
    }
}

impl TaskActor {
    /// After a failure nobody knows whether the store has the change: the next command loads the task again.
    fn keep(&mut self, answer: Answer) -> Answer {
        match &answer {
            Ok(task) => self.task = Some(Arc::clone(task)),
            Err(Error::Refused(_)) => {}
            Err(_) => self.task = None,
        }
        answer
    }
}

/// How often a command is decided anew because another actor of the task, on its way out, went on meanwhile.
const MOST_TRIES: u8 = 3;

/// What is remembered of a task only saves reading it: a change is fenced by its version, and whatever else comes of a
/// command (a refusal, or that there is nothing to do) is said of the task as the store has it.
async fn carry(id: TaskId, known: Option<Arc<Task>>, command: Command, tools: Tools) -> Answer {
    if let Some(task) = known {
        match step(&task, &command, &tools).await {
            Ok(after) if after.version == task.version => {}
            Err(Error::Refused(_) | Error::Store(store::Error::Stale { .. })) => {}
            answer => return answer,
        }
    }
    let mut tries = 1;
    loop {
        let task = tools.store.task(&id).await?.ok_or(Error::NoSuchTask)?;
        match step(&Arc::new(task), &command, &tools).await {
            Err(Error::Store(store::Error::Stale { .. })) if tries < MOST_TRIES => tries += 1,
            answer => return answer,
        }
    }
}

/// Decide, make durable, evolve, tell.
async fn step(task: &Arc<Task>, command: &Command, tools: &Tools) -> Answer {
    let terms = tools.in_force.terms();
    let events = task::decide(task, command, &terms)?;
    if events.is_empty() {
        return Ok(Arc::clone(task));
    }
    if !tools.health.audit_is_writable() {
        return Err(Error::AuditUnavailable);
    }
    let commit = transition(task, command, events);
    let after = Arc::new(commit.task.clone());
    tools.store.commit(commit).await?;
    tools.feed.wake(&after.id, after.version);
    Ok(after)
}

fn transition(before: &Task, command: &Command, events: Vec<Event>) -> Commit {
    let mut task = before.clone();
    let mut entries = Vec::with_capacity(events.len());
    let mut recorded = Vec::with_capacity(events.len());
    for event in events {
        let by = command.by.actor.clone();
        let event = Recorded { version: task.version.next(), at: command.now, by, via: command.via, event };
        let state = task.state;
        task = task::evolve(task, &event);
        entries.push(task::audit_entry(Some(state), &task, &event));
        recorded.push(event);
    }
    Commit { task, expected: before.version, before: Some(before.state), events: recorded, entries, new: None }
}

async fn submit(id: TaskId, message: Submit, tools: Tools) -> Answer {
    if !tools.health.audit_is_writable() {
        return Err(Error::AuditUnavailable);
    }
    let deadlines = tools.in_force.terms().policy.waiting(message.risk.level, message.now);
    let event = Event::Created {
        task_id: id,
        submission: Box::new(message.submission),
        peer_ip: message.peer_ip,
        risk: message.risk,
        deadlines,
    };
    let recorded = Recorded { version: Version(1), at: message.now, by: message.by.actor, via: message.via, event };
    let task = task::create(&recorded).ok_or(Error::NoSuchTask)?;
    let entries = vec![task::audit_entry(None, &task, &recorded)];
    let after = Arc::new(task.clone());
    let commit =
        Commit { task, expected: Version(0), before: None, events: vec![recorded], entries, new: Some(message.new) };
    tools.store.commit(commit).await?;
    tools.feed.wake(&after.id, after.version);
    Ok(after)
}
