//! The work routes of the supervisor, and when they last answered.

use std::sync::Arc;
use std::time::Duration;

use hermes_core::id::{Digest, Fence, LeaseId};
use hermes_core::wire::work::{Claim, Claimed, Finish, Grant, Heartbeat, Holder, Output, Start};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::Config;
use super::health::Status;
use crate::client::{Client, Error};

/// The longest a claim may wait for work.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The time limit of a request that only has to be handled.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Api {
    client: Client,
    worker: String,
    role: String,
    wait: Duration,
    status: Arc<Status>,
}

impl Api {
    pub(super) fn new(client: Client, config: &Config, status: Arc<Status>) -> Self {
        let wait = config.poll_interval.min(LONGEST_WAIT);
        Self { client, worker: config.name.clone(), role: config.role.clone(), wait, status }
    }

    /// Waits for work for one slot.
    pub(super) async fn claim(&self, slot: u32) -> Result<Option<Claimed>, Error> {
        let claim = Claim { wait: self.wait.as_secs(), max: 1, ..self.nothing_for(slot) };
        self.post("/api/work/claim", &claim, self.wait + TIMEOUT).await
    }

    /// Ends the slot's claim that still waits, which is then answered at once.
    pub(super) async fn end_claim(&self, slot: u32) -> Result<(), Error> {
        self.post::<Claimed>("/api/work/claim", &self.nothing_for(slot), TIMEOUT).await.map(drop)
    }

    fn nothing_for(&self, slot: u32) -> Claim {
        let roles = vec![self.role.clone()];
        Claim { worker: self.worker.clone(), roles, wait: 0, max: 0, slot: Some(slot) }
    }

    /// Says that exactly this command is about to run.
    pub(super) async fn start(&self, grant: &Grant, timeout: Duration) -> Result<(), Error> {
        let start = Start {
            worker: self.worker.clone(),
            fence: grant.fence,
            revision: grant.revision,
            command_sha256: Digest::of(grant.command.as_bytes()),
        };
        self.report(&grant.lease, "start", &start, timeout).await
    }

    pub(super) async fn heartbeat(&self, lease: &LeaseId, fence: Fence, limit: Duration) -> Result<Heartbeat, Error> {
        let holder = Holder { worker: self.worker.clone(), fence };
        let answer = self.post(&path(lease, "heartbeat"), &holder, limit).await?;
        answer.ok_or_else(|| Error::Unknown("a heartbeat's answer without a body".into()))
    }

    pub(super) async fn output(&self, lease: &LeaseId, output: &Output) -> Result<(), Error> {
        self.report(lease, "output", output, TIMEOUT).await
    }

    pub(super) async fn finish(&self, lease: &LeaseId, finish: &Finish) -> Result<(), Error> {
        self.report(lease, "finish", finish, TIMEOUT).await
    }

    async fn report(&self, lease: &LeaseId, what: &str, body: &impl Serialize, limit: Duration) -> Result<(), Error> {
        self.post::<IgnoredAny>(&path(lease, what), body, limit).await.map(|_| ())
    }

    async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        timeout: Duration,
    ) -> Result<Option<A>, Error> {
        let answer = self.client.post(path).json(body)?.timeout(timeout).answer_if_any().await;
        // A supervisor that does not know the key, or cannot work itself, is no contact.
        let contact = match &answer {
            Ok(_) => true,
            Err(error) => error.status().is_some_and(|status| status < 500 && !matches!(status, 401 | 403)),
        };
        if contact {
            self.status.contact();
        }
        answer
    }
}

fn path(lease: &LeaseId, what: &str) -> String {
    format!("/api/work/{lease}/{what}")
}
