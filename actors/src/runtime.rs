//! Starts the actors, decides which thread each runs on, and stops them in stages. Nothing else decides that.
//!
//! Threads: the store, the audit file and the grading of risk have one each, because they block or compute; the tasks are
//! spread over shards; timer and work list share one.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Arbiter, Context, Handler, Message};
use hermes_core::access::{Actor as Who, Via};
use hermes_core::audit::Entry;
use hermes_core::id::Seq;
use hermes_core::risk::{Networks, Rules};
use hermes_core::time::Millis;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::audit::{self, AuditActor, AuditFile, DenialActor, review_beside};
use crate::card::{self, CardActor};
use crate::clock::SharedClock;
use crate::feed::Feed;
use crate::health::Health;
use crate::registry::{Registry, Tasks};
use crate::risk::RiskActor;
use crate::settings::InForce;
use crate::store::sqlite::{OpenError, Opened, Options, SqliteStore};
use crate::store::{Change, Store};
use crate::task;
use crate::timer::{self, TimerActor};
use crate::work::{self, Signer, WorkActor};

/// How long each stage of the stop may take.
const STAGE: Duration = Duration::from_secs(10);

/// How often ended tasks and used-up keys are looked for.
const CLEANING: Duration = Duration::from_secs(60);
const CLEANED_AT_ONCE: u32 = 500;

/// What the engine is started with.
#[derive(Clone)]
pub struct Setup {
    /// Where `data/` and `audit/` are.
    pub home: PathBuf,
    /// Read-only connections.
    pub readers: usize,
    /// Task actors kept in memory, over all shards.
    pub live_tasks: usize,
    /// How long a lease lives without a heartbeat.
    pub lease_ttl: Millis,
    /// How long ended tasks are kept.
    pub retention: Millis,
    /// How cards are sent, if they are.
    pub cards: Option<card::Setup>,
}

/// Why the engine does not start; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] OpenError),
    /// The audit file.
    #[error(transparent)]
    Audit(#[from] audit::OpenError),
    /// The store.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The key that signs grants.
    #[error("the key that signs grants ({path}) cannot be used: {source}")]
    Signer {
        /// Where it is.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The store, opened, before anything else runs: settings are read from it first.
pub struct Foundation {
    /// Where everything lives.
    pub store: Arc<dyn Store>,
    /// How each part is.
    pub health: Arc<Health>,
    setup: Setup,
    clock: SharedClock,
}

/// The running engine.
#[derive(Clone)]
pub struct Engine {
    /// Where everything lives.
    pub store: Arc<dyn Store>,
    /// The tasks.
    pub tasks: Tasks,
    /// Grades commands.
    pub risk: Addr<RiskActor>,
    /// The work list.
    pub work: Addr<WorkActor>,
    /// Writes refused attempts into the audit trail.
    pub denials: Addr<DenialActor>,
    /// Wakes those who wait for a task.
    pub feed: Arc<Feed>,
    /// How each part is.
    pub health: Arc<Health>,
    /// What is in force.
    pub in_force: Arc<InForce>,
    /// Signs grants.
    pub signer: Arc<Signer>,
    /// The time.
    pub clock: SharedClock,
    audit: Addr<AuditActor>,
    timer: Addr<TimerActor>,
    cards: Option<Addr<CardActor>>,
}

impl Foundation {
    /// Opens the data folder and starts the one writer.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn open(setup: Setup, clock: SharedClock) -> Result<Self, StartError> {
        let health = Arc::new(Health::default());
        let mut opened: Opened = SqliteStore::prepare(&setup.home.join("data"))?;
        let writer = opened.take_writer(health.clone()).ok_or(OpenError::Database("opened twice".to_owned()))?;
        let writer = on_own_thread(writer);
        let point = on_own_thread(opened.point_reader(health.clone())?);
        let store =
            SqliteStore::new(&opened, writer, point, Options { readers: setup.readers, hot_tasks: setup.live_tasks })?;
        Ok(Self { store: Arc::new(store), health, setup, clock })
    }

    /// Starts everything else: audit, risk, tasks, timer, work list.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub async fn start(self, in_force: Arc<InForce>, rules: Rules, networks: Networks) -> Result<Engine, StartError> {
        let Self { store, health, setup, clock } = self;
        let audit = open_audit(&setup, store.clone(), clock.clone(), health.clone()).await?;
        let audit = on_own_thread(audit);
        let risk = on_own_thread(RiskActor::new(rules, networks, health.clone()));
        let feed = Arc::new(Feed::default());
        let tools = task::Tools {
            store: store.clone(),
            in_force: in_force.clone(),
            feed: feed.clone(),
            health: health.clone(),
            audience: setup.cards.as_ref().map(|cards| cards.audience.clone()),
        };
        let tasks = start_shards(setup.live_tasks, &tools);
        let signer = Arc::new(open_signer(&setup)?);
        let work_tools = work::Tools {
            store: store.clone(),
            tasks: tasks.clone(),
            clock: clock.clone(),
            signer: signer.clone(),
            ttl: setup.lease_ttl,
            execution_timeout: in_force.terms().execution_timeout,
        };
        let leased = store.leased().await?;
        let shared = Arbiter::new().handle();
        let work_actor = WorkActor::new(work_tools, leased, health.clone());
        let work = WorkActor::start_in_arbiter(&shared, |_| work_actor);
        let timer_actor = TimerActor::new(store.clone(), tasks.clone(), clock.clone(), health.clone());
        let timer = TimerActor::start_in_arbiter(&shared, |_| timer_actor);
        let denial_actor = DenialActor::new(store.clone(), clock.clone(), health.clone());
        let denials = DenialActor::start_in_arbiter(&shared, |_| denial_actor);
        let cards = setup.cards.clone().map(|cards| {
            let (store, in_force, clock, health) = (store.clone(), in_force.clone(), clock.clone(), health.clone());
            // Its client belongs to its thread, so the actor is made there.
            CardActor::start_in_arbiter(&Arbiter::new().handle(), |_| {
                CardActor::new(cards, store, in_force, clock, health)
            })
        });
        if let Some(cards) = &cards {
            nudge(store.position(), cards.clone(), || card::Look);
        }
        nudge(store.position(), audit.clone(), || audit::Look);
        nudge(store.position(), work.clone(), || work::Look);
        clean_regularly(store.clone(), clock.clone(), setup.retention);
        Ok(Engine { store, tasks, risk, work, denials, feed, health, in_force, signer, clock, audit, timer, cards })
    }
}

impl Engine {
    /// Appends every committed line to the audit file; answers the number of the last one there.
    pub async fn flush_audit(&self) -> Seq {
        self.audit.send(audit::Flush).await.unwrap_or_default()
    }

    /// Looks for deadlines now; answers how many tasks were told.
    pub async fn look_for_deadlines(&self) -> usize {
        self.timer.send(timer::Look).await.unwrap_or_default()
    }

    /// Puts a line into the audit trail that is about the engine itself.
    pub async fn record(&self, kind: &str, data: Value) -> Result<(), crate::store::Error> {
        self.store.apply(Change::record(engine_entry(self.clock.now(), kind, data))).await
    }

    /// Stops in stages, after HTTP has been drained: whoever acts by himself, what is committed, the audit file, the
    /// store. The file then holds every line.
    pub async fn stop(self) {
        self.timer.do_send(timer::Stop);
        if let Some(cards) = &self.cards {
            cards.do_send(card::Stop);
        }
        self.work.do_send(work::Stop);
        let counted = tokio::time::timeout(STAGE, self.denials.send(audit::Sweep)).await;
        let recorded = self.record("engine.stopped", json!({})).await;
        // Twice: what was still on its way to the store when the first began is in the file after the second.
        let _mostly = tokio::time::timeout(STAGE, self.flush_audit()).await;
        let sealed = tokio::time::timeout(STAGE, self.store.seal()).await;
        let flushed = tokio::time::timeout(STAGE, self.flush_audit()).await;
        let closed = tokio::time::timeout(STAGE, self.store.close()).await;
        tracing::info!(
            counted = counted.is_ok(),
            recorded = recorded.is_ok(),
            audit.seq = flushed.map(|seq| seq.0).ok(),
            store.sealed = matches!(sealed, Ok(Ok(()))),
            store.closed = closed.is_ok(),
            "the engine has stopped"
        );
    }
}

/// An audit entry about the engine itself.
pub fn engine_entry(at: hermes_core::time::Timestamp, kind: &str, data: Value) -> Entry {
    Entry::new(at, kind, Who::system("engine"), Via::Engine, data)
}

fn on_own_thread<A: Actor<Context = Context<A>> + Send>(actor: A) -> Addr<A> {
    A::start_in_arbiter(&Arbiter::new().handle(), |_| actor)
}

fn start_shards(live_tasks: usize, tools: &task::Tools) -> Tasks {
    let shards = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
    let most_live = NonZeroUsize::new(live_tasks.div_ceil(shards)).unwrap_or(NonZeroUsize::MIN);
    Tasks::new((0..shards).map(|_| on_own_thread(Registry::new(most_live, tools.clone()))).collect())
}

fn open_signer(setup: &Setup) -> Result<Signer, StartError> {
    let path = setup.home.join("grant.key");
    Signer::open(&path).map_err(|source| StartError::Signer { path: path.display().to_string(), source })
}

async fn open_audit(
    setup: &Setup,
    store: Arc<dyn Store>,
    clock: SharedClock,
    health: Arc<Health>,
) -> Result<AuditActor, StartError> {
    let path = AuditActor::path(&setup.home);
    let now = clock.now();
    let (file, torn) = AuditFile::open(&path, &*store, &now.0.to_string()).await?;
    if let Some(torn) = torn {
        tracing::warn!(bytes = torn.bytes, kept.at = %torn.kept_at.display(), "the audit file had a torn tail");
        store.apply(Change::record(engine_entry(now, "log.recovered", json!({"torn_bytes": torn.bytes})))).await?;
    }
    let started = json!({"version": env!("CARGO_PKG_VERSION")});
    store.apply(Change::record(engine_entry(now, "engine.started", started))).await?;
    // Its end was compared; the rest may take its time.
    review_beside(setup.home.clone(), file.last(), health.clone())
        .map_err(|source| audit::OpenError::Io { path: path.display().to_string(), source })?;
    Ok(AuditActor::new(file, store, clock, health))
}

/// Tells an actor that something was committed. It is told again only after it has looked, so nothing piles up.
fn nudge<A, M>(mut position: watch::Receiver<Seq>, address: Addr<A>, message: fn() -> M)
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Send + 'static,
{
    actix::spawn(async move { while position.changed().await.is_ok() && address.send(message()).await.is_ok() {} });
}

fn clean_regularly(store: Arc<dyn Store>, clock: SharedClock, retention: Millis) {
    actix::spawn(async move {
        loop {
            tokio::time::sleep(CLEANING).await;
            let now = clock.now();
            let ended_before = hermes_core::time::Timestamp(now.0.saturating_sub(retention.micros()));
            while matches!(store.clean(ended_before, now, CLEANED_AT_ONCE).await, Ok(n) if n == u64::from(CLEANED_AT_ONCE))
            {
            }
        }
    });
}
