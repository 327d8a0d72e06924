//! Keeps one lease alive, on a task of its own, and hears what the supervisor wants of it.

use std::rc::Rc;
use std::time::Duration;

use hermes_core::id::{Fence, LeaseId};
use hermes_core::wire::work::Grant;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{Agent, Stage};

/// What the heartbeats have shown so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Beat {
    /// Heartbeats in a row that were not answered well.
    pub(super) misses: u32,
    /// Somebody wants the command ended.
    pub(super) cancel: bool,
    /// The lease is surely over: refused, or not renewed in its time.
    pub(super) lost: bool,
}

/// Beats until it is dropped.
pub(super) struct Pulse {
    beat: watch::Receiver<Beat>,
    _task: JoinSet<()>,
}

impl Pulse {
    pub(super) fn start(agent: &Rc<Agent>, grant: &Grant) -> Self {
        let (sender, beat) = watch::channel(Beat::default());
        let ttl = Duration::from(grant.ttl_ms);
        let heart = Heart {
            agent: agent.clone(),
            lease: grant.lease.clone(),
            fence: grant.fence,
            ttl,
            renewed_at: agent.now(),
            beat: sender,
        };
        let mut task = JoinSet::new();
        task.spawn_local(heart.run());
        Self { beat, _task: task }
    }

    pub(super) fn now(&self) -> Beat {
        *self.beat.borrow()
    }

    /// Returns when the heartbeats have shown this; never, if they never do.
    pub(super) async fn until(&self, shown: impl Fn(&Beat) -> bool) {
        if self.beat.clone().wait_for(shown).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

struct Heart {
    agent: Rc<Agent>,
    lease: LeaseId,
    fence: Fence,
    ttl: Duration,
    renewed_at: Duration,
    beat: watch::Sender<Beat>,
}

impl Heart {
    async fn run(mut self) {
        let period = (self.ttl / 3).max(Duration::from_millis(10));
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.beat(period).await;
        }
    }

    async fn beat(&mut self, limit: Duration) {
        let sent_at = self.agent.now();
        match self.agent.api.heartbeat(&self.lease, self.fence, limit).await {
            Ok(answer) => {
                self.renewed_at = sent_at;
                self.beat.send_modify(|beat| {
                    *beat = Beat { misses: 0, cancel: beat.cancel || answer.cancel, lost: false };
                });
                if answer.drain {
                    self.agent.go_to(Stage::Draining);
                }
            }
            Err(error) => {
                let expired = self.agent.now().saturating_sub(self.renewed_at) > self.ttl;
                let lost = expired || matches!(error.status(), Some(404 | 409));
                tracing::warn!(%error, lost, "a heartbeat was missed");
                self.beat.send_modify(|beat| {
                    *beat = Beat { misses: beat.misses.saturating_add(1), cancel: beat.cancel, lost };
                });
            }
        }
    }
}
