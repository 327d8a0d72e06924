//! What every route works with.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hermes_actors::runtime::Engine;
use hermes_core::id::Digest;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::caller::Caller;
use super::error::ApiError;
use super::feishu::Feishu;
use super::limit::{self, Limiter};
use super::room::{Enough, NoPlace, Place, Room, Shares};
use crate::app::governance::Governance;
use crate::app::keys::Keys;

/// What every route works with.
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) governance: Governance,
    pub(crate) keys: Keys,
    pub(crate) limiter: ArcSwap<Limiter>,
    pub(crate) front: Front,
    /// The Feishu app, if there is one.
    pub(crate) feishu: Option<Feishu>,
    pub(crate) writes: Arc<Semaphore>,
    pub(crate) polls: Room,
    pub(crate) claims: Room,
    pub(crate) in_flight: Arc<Shares>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// How the server looks from outside.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    /// SHA-256 of the root key, if there is one.
    pub(crate) root_key: Option<Digest>,
    /// Names that a Host header may carry while there is no key.
    pub(crate) allowed_hosts: BTreeSet<String>,
    /// Proxies whose X-Forwarded-For is believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) feishu_configured: bool,
    pub(crate) xiaomei_configured: bool,
    pub(crate) desktop_configured: bool,
    pub(crate) callback_configured: bool,
    pub(crate) report_endpoint: Option<String>,
    /// Where the audit file is, for the check of the chain.
    pub(crate) home: std::path::PathBuf,
}

impl State {
    /// Room for one change; none is 503 at once.
    pub(super) fn write_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        if self.engine.health.is_stopping() {
            return Err(ApiError::stopping());
        }
        self.writes.clone().try_acquire_owned().map_err(|_| ApiError::overloaded())
    }

    /// Room for a change of what is in force, which nobody may make while the audit trail cannot be written.
    pub(super) fn audited_write_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        if self.engine.health.audit_is_writable() {
            return self.write_permit();
        }
        Err(hermes_actors::Error::AuditUnavailable.into())
    }

    /// Room for somebody who waits: none is 503 at once, none left for this key 429.
    pub(super) fn poll_permit(&self, caller: &mut Caller) -> Result<Place, ApiError> {
        self.wait_in(&self.polls, caller)
    }

    /// Room for a sub-agent that waits for work: its own, so that nobody else's waiting keeps it out.
    pub(super) fn claim_permit(&self, caller: &mut Caller) -> Result<Place, ApiError> {
        self.wait_in(&self.claims, caller)
    }

    /// Whoever waits no longer counts among the requests in flight.
    fn wait_in(&self, room: &Room, caller: &mut Caller) -> Result<Place, ApiError> {
        if self.engine.health.is_stopping() {
            return Err(ApiError::stopping());
        }
        let most = self.limiter.load().waiting(room.quarter());
        let place = room.enter(&caller.principal.actor.id, most).map_err(|none| match none {
            NoPlace::Full => ApiError::overloaded(),
            NoPlace::Enough(Enough(most)) => limit::at_once(most, "waiting"),
        })?;
        caller.in_flight = None;
        Ok(place)
    }

    /// Returns when the server begins to stop.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        if stopping.wait_for(|stopping| *stopping).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The address a request came from: the connection's, unless a trusted proxy says more.
    pub(crate) fn peer(&self, connection: Option<IpAddr>, forwarded: Option<&str>) -> Option<IpAddr> {
        let connection = connection.map(|address| address.to_canonical());
        let trusted = |address: &IpAddr| self.front.trusted_proxies.iter().any(|network| network.contains(address));
        let (Some(first), Some(forwarded)) = (connection, forwarded) else { return connection };
        let mut peer = first;
        for entry in forwarded.rsplit(',') {
            if !trusted(&peer) {
                break;
            }
            match entry.trim().parse::<IpAddr>() {
                Ok(address) => peer = address.to_canonical(),
                Err(_) => break,
            }
        }
        Some(peer)
    }
}
