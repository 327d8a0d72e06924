//! TaskActor: one live task, and the only one who changes it.
//!
//! - Owns the right to change the task: every change of it is decided here, one after another, awaits included. What the
//!   task is, is asked of the store, which has the tasks of late in memory.
//! - Takes `Carry` (a command) and `Submit` (the first one); answers after the commit.
//! - May await the store, and nothing above itself.
//! - When it dies another takes its place; three deaths quarantine the task.
//! - Its queue is bounded by the permits of the requests that ask.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix::{Actor, AtomicResponse, Context, Handler, Message, WrapFuture as _};
use hermes_core::access::{Actor as Who, Principal, Via};
use hermes_core::card::Audience;
use hermes_core::id::{TaskId, Version};
use hermes_core::redact;
use hermes_core::risk::Assessment;
use hermes_core::task::{self, Command, Event, Mismatch, Recorded, Records, Refusal, Submission, Task};
use hermes_core::time::{Millis, Timestamp};

use crate::error::Error;
use crate::feed::Feed;
use crate::health::Health;
use crate::settings::InForce;
use crate::store::{self, Cards, Commit, NewTask, Store};

/// So long after a click the platform has the answer to it.
const AFTER_A_CLICK: Millis = Millis(3000);

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
    /// Who is shown the cards of tasks; nobody, if no cards are sent.
    pub audience: Option<Arc<Audience>>,
}

impl Tools {
    /// Whom a step concerns.
    fn cards(&self, task: &Task, events: &[Recorded]) -> Option<Cards> {
        let audience = self.audience.as_ref()?;
        let alerted = events.iter().any(|recorded| matches!(recorded.event, Event::Alerted));
        let reminded = if alerted { audience.deciders(task) } else { BTreeSet::new() };
        // A card that somebody has just clicked on changes by the answer to the click; an update beside it may be undone.
        let is_clicked = events.iter().any(|recorded| recorded.via == Via::Card);
        let pause = if is_clicked { AFTER_A_CLICK } else { Millis(0) };
        Some(Cards { recipients: audience.of(task), reminded, at: task.modified_at.plus(pause) })
    }
}

/// One live task.
pub struct TaskActor {
    id: TaskId,
    tools: Tools,
}

impl TaskActor {
    /// An actor for the task of this id.
    pub const fn new(id: TaskId, tools: Tools) -> Self {
        Self { id, tools }
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
        let work = carry(self.id.clone(), command, self.tools.clone());
        AtomicResponse::new(Box::pin(work.into_actor(self)))
    }
}

impl Handler<Submit> for TaskActor {
    type Result = AtomicResponse<Self, Answer>;
    fn handle(&mut self, message: Submit, _: &mut Self::Context) -> Self::Result {
        let work = submit(self.id.clone(), message, self.tools.clone());
        AtomicResponse::new(Box::pin(work.into_actor(self)))
    }
}

/// How often a command is decided anew because another actor of the task, on its way out, went on meanwhile.
const MOST_TRIES: u8 = 3;

/// Another actor of this task may be on its way out, so a change that comes too late is decided again.
async fn carry(id: TaskId, command: Command, tools: Tools) -> Answer {
    let mut tries = 1;
    loop {
        let task = tools.store.task(&id).await?.ok_or(Error::NoSuchTask)?;
        match step(&task, &command, &tools).await {
            Err(Error::Store(store::Error::Stale { .. })) if tries < MOST_TRIES => tries += 1,
            answer => return answer,
        }
    }
}

/// Decide, make durable, evolve, tell.
async fn step(task: &Arc<Task>, command: &Command, tools: &Tools) -> Answer {
    if command.action.leads_to_a_run() && !task.state.is_final() {
        prove(task, command, tools).await?;
    }
    let terms = tools.in_force.terms();
    let events = task::decide(task, command, &terms)?;
    if events.is_empty() {
        return Ok(Arc::clone(task));
    }
    if !tools.health.audit_is_writable() {
        return Err(Error::AuditUnavailable);
    }
    let commit = transition(task, &Stamp::of(command), events, tools);
    let after = Arc::clone(&commit.task);
    tools.store.commit(commit).await?;
    tools.feed.wake(&after.id, after.version);
    Ok(after)
}

/// Nothing is handed out or started that its own records do not bear out: somebody edited the database. Such a task ends.
async fn prove(task: &Task, command: &Command, tools: &Tools) -> Result<(), Error> {
    let records = tools.store.records(&task.id).await?.ok_or(Error::NoSuchTask)?;
    let Err(mismatch) = task::prove(task, &records) else { return Ok(()) };
    let now = tools.store.task(&task.id).await?.ok_or(Error::NoSuchTask)?;
    if now.version != task.version {
        // Another actor of this task, on its way out, went on between the two reads.
        return Err(store::Error::Stale { actual: now.version }.into());
    }
    tracing::error!(
        task.id = %task.id, mismatch = %mismatch, command.sha256 = %task.command_sha256,
        "the database was edited: this command is neither handed out nor started; run `hermes audit verify --db`, and \
         compare the task with its time line"
    );
    metrics::counter!("hermes_digest_mismatch_total").increment(1);
    if tools.health.audit_is_writable() {
        end(task, &records, mismatch, command.now, tools).await;
    }
    Err(Refusal::DigestMismatch(mismatch).into())
}

/// Ends a task whose records disagree. Its row may be of another version than its last event: the end comes after both.
async fn end(task: &Task, records: &Records, mismatch: Mismatch, at: Timestamp, tools: &Tools) {
    let Some(event) = task::void(task, mismatch) else { return };
    let last = records.events.iter().map(|recorded| recorded.version).max().unwrap_or_default();
    let found = Task { version: task.version.max(records.version).max(last), ..task.clone() };
    let stamp = Stamp { at, by: Principal::system("engine").actor, via: Via::Engine };
    let commit = Commit { expected: records.version, ..transition(&found, &stamp, vec![event], tools) };
    let after = Arc::clone(&commit.task);
    match tools.store.commit(commit).await {
        Ok(()) => tools.feed.wake(&after.id, after.version),
        Err(error) => tracing::error!(task.id = %task.id, error = %error, "the edited task could not be ended"),
    }
}

/// When, by whom and through which door.
struct Stamp {
    at: Timestamp,
    by: Who,
    via: Via,
}

impl Stamp {
    fn of(command: &Command) -> Self {
        Self { at: command.now, by: command.by.actor.clone(), via: command.via }
    }
}

fn transition(before: &Task, stamp: &Stamp, events: Vec<Event>, tools: &Tools) -> Commit {
    let mut task = before.clone();
    let mut drafts = Vec::with_capacity(events.len());
    let mut recorded = Vec::with_capacity(events.len());
    for event in events {
        let by = stamp.by.clone();
        let event = Recorded { version: task.version.next(), at: stamp.at, by, via: stamp.via, event };
        let state = task.state;
        task = task::evolve(task, &event);
        drafts.push(task::audit_entry(Some(state), &task, &event).draft(redact::mask));
        recorded.push(event);
    }
    let cards = tools.cards(&task, &recorded);
    Commit {
        task: Arc::new(task),
        expected: before.version,
        before: Some(before.state),
        events: recorded,
        drafts,
        new: None,
        cards,
    }
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
    let drafts = vec![task::audit_entry(None, &task, &recorded).draft(redact::mask)];
    let cards = tools.cards(&task, std::slice::from_ref(&recorded));
    let after = Arc::new(task);
    let commit = Commit {
        task: Arc::clone(&after),
        expected: Version(0),
        before: None,
        events: vec![recorded],
        drafts,
        new: Some(message.new),
        cards,
    };
    tools.store.commit(commit).await?;
    tools.feed.wake(&after.id, after.version);
    Ok(after)
}
