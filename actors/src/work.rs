//! WorkActor: the work list. Sub-agents wait here, leases end here.
//!
//! - Owns who waits for work, and when each live lease runs out by the monotonic clock. The leases themselves are in the
//!   tasks; after a restart every one of them gets a full time to live.
//! - Takes `Claim`, `Renew`, `Release`, `Look`; awaits the store and the tasks.
//! - When it dies, the guard stops the process; leases survive in the store.
//! - Its queue is bounded by the permits that waiting requests hold.

mod grant;
mod leases;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler, Message, WrapFuture as _};
use hermes_core::access::{Principal, Via, WorkScope};
use hermes_core::id::{Fence, TaskId};
use hermes_core::task::{Action, Command};
use hermes_core::time::Millis;
use hermes_core::wire::work::Grant;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::clock::{self, SharedClock};
use crate::death::DeathWatch;
use crate::health::Health;
use crate::registry::Tasks;
use crate::store::{Store, WorkFilter};
use crate::task::Carry;

use leases::Leases;

pub use grant::Signer;

/// How often leases are looked at.
const PERIOD: Duration = Duration::from_millis(250);

/// So many more tasks are looked at than asked for: one that cannot be leased does not hold up those behind it.
const SPARE: u32 = 16;

/// What the work list works with.
#[derive(Clone)]
pub struct Tools {
    /// Where tasks live.
    pub store: Arc<dyn Store>,
    /// The tasks.
    pub tasks: Tasks,
    /// The time.
    pub clock: SharedClock,
    /// Signs grants.
    pub signer: Arc<Signer>,
    /// How long a lease lives without a heartbeat.
    pub ttl: Millis,
    /// How long a command may run.
    pub execution_timeout: Millis,
}

/// The work list.
pub struct WorkActor {
    tools: Tools,
    waiting: VecDeque<Claim>,
    leases: Leases,
    matching: Matching,
    _guard: DeathWatch,
}

/// Only one match runs at a time; what happens meanwhile asks for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matching {
    Idle,
    Running,
    Again,
}

impl WorkActor {
    /// A work list on which these leases are in force.
    pub fn new(tools: Tools, leased: Vec<(TaskId, Fence)>, health: Arc<Health>) -> Self {
        let guard = DeathWatch::new("work", health);
        let leases = Leases::default();
        let mut list = Self { tools, waiting: VecDeque::new(), leases, matching: Matching::Idle, _guard: guard };
        list.renew_all(leased);
        list
    }

    /// A full time to live from now on.
    fn renew_all(&mut self, leased: Vec<(TaskId, Fence)>) {
        let expiry = self.expiry();
        for (task, fence) in leased {
            self.leases.renew(task, fence, expiry);
        }
    }

    fn expiry(&self) -> Millis {
        Millis(self.tools.clock.monotonic().0.saturating_add(self.tools.ttl.0))
    }

    fn match_soon(&mut self, ctx: &mut Context<Self>) {
        match self.matching {
            Matching::Idle => self.start_match(ctx),
            Matching::Running | Matching::Again => self.matching = Matching::Again,
        }
    }

    fn start_match(&mut self, ctx: &mut Context<Self>) {
        self.tidy();
        let claims = std::mem::take(&mut self.waiting);
        if claims.is_empty() {
            self.matching = Matching::Idle;
            return;
        }
        self.matching = Matching::Running;
        let work = serve(claims, self.tools.clone());
        ctx.spawn(work.into_actor(self).map(|served, actor, ctx| actor.end_match(served, ctx)));
    }

    fn end_match(&mut self, served: Served, ctx: &mut Context<Self>) {
        self.renew_all(served.leased);
        for claim in served.unserved.into_iter().rev() {
            self.waiting.push_front(claim);
        }
        self.tidy();
        match std::mem::replace(&mut self.matching, Matching::Idle) {
            Matching::Again => self.start_match(ctx),
            Matching::Idle | Matching::Running => {}
        }
    }

    /// Lets go of whoever no longer waits: his receiver is gone, a later claim took his slot, or he came to end one.
    fn tidy(&mut self) {
        let mut later = HashSet::new();
        let waiting = std::mem::take(&mut self.waiting);
        for claim in waiting.into_iter().rev() {
            let is_latest = claim.seat().is_none_or(|seat| later.insert(seat));
            if is_latest && claim.max > 0 && !claim.reply.is_closed() {
                self.waiting.push_front(claim);
            }
        }
    }

    fn take_expired(&mut self) -> Vec<(TaskId, Fence)> {
        self.leases.take_expired(self.tools.clock.monotonic())
    }
}

impl Actor for WorkActor {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.notify(Tick);
    }
}

/// Asks for work, and waits for it: the reply comes when there is some, or never.
#[derive(Debug)]
pub struct Claim {
    /// Who asks.
    pub by: Principal,
    /// The sub-agent's name for itself.
    pub worker: String,
    /// The sub-agent roles it serves; empty for all that its key covers.
    pub roles: Vec<String>,
    /// At most so many grants; 0 only ends the claim that waits for the same slot.
    pub max: u32,
    /// Which of the sub-agent's places it is for: the latest claim for one is the only one.
    pub slot: Option<u32>,
    /// Where the grants go.
    pub reply: oneshot::Sender<Vec<Grant>>,
    /// Bounds how many wait.
    pub permit: OwnedSemaphorePermit,
}

impl Claim {
    /// Whose place it is for: key, sub-agent, slot.
    fn seat(&self) -> Option<(String, String, u32)> {
        self.slot.map(|slot| (self.by.actor.id.clone(), self.worker.clone(), slot))
    }
}

impl Message for Claim {
    type Result = ();
}

impl Handler<Claim> for WorkActor {
    type Result = ();
    fn handle(&mut self, claim: Claim, ctx: &mut Self::Context) {
        self.waiting.push_back(claim);
        self.match_soon(ctx);
    }
}

/// Something was committed: there may be work.
#[derive(Debug)]
pub struct Look;

impl Message for Look {
    type Result = ();
}

impl Handler<Look> for WorkActor {
    type Result = ();
    fn handle(&mut self, _: Look, ctx: &mut Self::Context) {
        if !self.waiting.is_empty() || self.matching == Matching::Running {
            self.match_soon(ctx);
        }
    }
}

/// The holder of a live lease was heard of; answers how long the lease lives on.
#[derive(Debug)]
pub struct Renew(pub TaskId, pub Fence);

impl Message for Renew {
    type Result = ();
}

impl Handler<Renew> for WorkActor {
    type Result = ();
    fn handle(&mut self, Renew(task, fence): Renew, _: &mut Self::Context) {
        let expiry = self.expiry();
        self.leases.renew(task, fence, expiry);
    }
}

/// A lease ended in good order.
#[derive(Debug)]
pub struct Release(pub TaskId, pub Fence);

impl Message for Release {
    type Result = ();
}

impl Handler<Release> for WorkActor {
    type Result = ();
    fn handle(&mut self, Release(task, fence): Release, _: &mut Self::Context) {
        self.leases.release(&task, fence);
    }
}

/// Stops handing out work and ending leases; whoever waits is told that there is none.
#[derive(Debug)]
pub struct Stop;

impl Message for Stop {
    type Result = ();
}

impl Handler<Stop> for WorkActor {
    type Result = ();
    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

/// Asks how long a lease lives on.
#[derive(Debug)]
pub struct TimeLeft(pub TaskId);

impl Message for TimeLeft {
    type Result = Option<Millis>;
}

impl Handler<TimeLeft> for WorkActor {
    type Result = Option<Millis>;
    fn handle(&mut self, TimeLeft(task): TimeLeft, _: &mut Self::Context) -> Self::Result {
        let now = self.tools.clock.monotonic();
        self.leases.expiry(&task).map(|expiry| Millis(expiry.0.saturating_sub(now.0)))
    }
}

/// Ends the leases whose time is up; answers how many.
#[derive(Debug)]
pub struct ExpireLeases;

impl Message for ExpireLeases {
    type Result = usize;
}

impl Handler<ExpireLeases> for WorkActor {
    type Result = actix::ResponseFuture<usize>;
    fn handle(&mut self, _: ExpireLeases, ctx: &mut Self::Context) -> Self::Result {
        Box::pin(expire(self.take_expired(), self.tools.clone(), ctx.address()))
    }
}

struct Tick;

impl Message for Tick {
    type Result = ();
}

impl Handler<Tick> for WorkActor {
    type Result = ();
    fn handle(&mut self, _: Tick, ctx: &mut Self::Context) {
        // Whoever has gone gives his permit back, though nothing happens that would ask for a match.
        if self.matching == Matching::Idle {
            self.tidy();
        }
        let work = expire(self.take_expired(), self.tools.clone(), ctx.address());
        ctx.spawn(work.into_actor(self).map(|_, _, ctx| {
            ctx.notify_later(Tick, PERIOD);
        }));
    }
}

/// Tells the tasks that their lease is over. One that could not be told is put back, to be tried again.
async fn expire(over: Vec<(TaskId, Fence)>, tools: Tools, list: actix::Addr<WorkActor>) -> usize {
    let mut ended = 0;
    for (task, fence) in over {
        match tools.tasks.send(task.clone(), Carry(system(&tools, Action::ExpireLease { fence }))).await {
            Ok(_) => ended += 1,
            Err(error) => {
                tracing::warn!(task.id = %task, error = %error, "a lease could not be ended yet");
                list.do_send(Renew(task, fence));
            }
        }
    }
    ended
}

fn system(tools: &Tools, action: Action) -> Command {
    let now = tools.clock.now();
    Command { by: Principal::system("lease"), via: Via::Engine, now, expected_version: None, action }
}

struct Served {
    leased: Vec<(TaskId, Fence)>,
    unserved: VecDeque<Claim>,
}

/// First come, first served. Each task is offered to its own actor, which alone decides who gets it.
async fn serve(claims: VecDeque<Claim>, tools: Tools) -> Served {
    let mut served = Served { leased: Vec::new(), unserved: VecDeque::new() };
    for claim in claims {
        let grants = lease(&claim, &tools).await;
        if grants.is_empty() {
            served.unserved.push_back(claim);
            continue;
        }
        let leases: Vec<_> = grants.iter().map(|grant| (grant.task_id.clone(), grant.fence)).collect();
        match claim.reply.send(grants) {
            Ok(()) => served.leased.extend(leases),
            // The sub-agent has gone: nothing was started, so nothing is lost by taking it back at once.
            Err(_) => take_back(leases, &tools).await,
        }
    }
    served
}

async fn lease(claim: &Claim, tools: &Tools) -> Vec<Grant> {
    let mut grants = Vec::new();
    let Some(filter) = filter(&claim.by.work, &claim.roles) else { return grants };
    let ready = tools.store.ready_work(filter, claim.max.saturating_add(SPARE)).await.unwrap_or_default();
    for id in ready {
        if grants.len() >= claim.max as usize {
            break;
        }
        let Ok(secret) = clock::random() else { continue };
        let action = Action::Lease { worker: claim.worker.clone(), secret };
        let (by, now) = (claim.by.clone(), tools.clock.now());
        let command = Command { by, via: Via::Work, now, expected_version: None, action };
        match tools.tasks.send(id.clone(), Carry(command)).await {
            Ok(task) => grants.extend(tools.signer.grant(&task, tools.execution_timeout, tools.ttl)),
            Err(error) => tracing::debug!(task.id = %id, error = %error, "not leased"),
        }
    }
    grants
}

async fn take_back(leases: Vec<(TaskId, Fence)>, tools: &Tools) {
    for (task, fence) in leases {
        if let Err(error) = tools.tasks.send(task.clone(), Carry(system(tools, Action::ExpireLease { fence }))).await {
            tracing::warn!(task.id = %task, error = %error, "a lease that nobody took could not be taken back");
        }
    }
}

/// What is asked for, as far as the key covers it.
fn filter(scope: &WorkScope, roles: &[String]) -> Option<WorkFilter> {
    let named: Vec<String> = match scope {
        WorkScope::Nothing => return None,
        WorkScope::Any if roles.is_empty() => return Some(WorkFilter::Any),
        WorkScope::Any => roles.to_vec(),
        WorkScope::Only(own) if roles.is_empty() => own.iter().cloned().collect(),
        WorkScope::Only(own) => roles.iter().filter(|role| own.contains(*role)).cloned().collect(),
    };
    (!named.is_empty()).then_some(WorkFilter::Roles(named))
}
