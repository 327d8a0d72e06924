//! `/health`: whether this sub-agent runs and hears from its supervisor.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};
use serde_json::json;
use tokio::sync::watch;

use super::{Clock, Config, Error, Stage};

/// Time without contact that is normal, beyond three claims.
const SLACK: Duration = Duration::from_secs(30);

pub(super) struct Status {
    role: String,
    name: String,
    silence_limit: Duration,
    clock: Clock,
    stage: watch::Receiver<Stage>,
    running: AtomicUsize,
    /// Milliseconds of the clock.
    last_contact: AtomicU64,
}

impl Status {
    pub(super) fn new(config: &Config, stage: watch::Receiver<Stage>) -> Self {
        let status = Self {
            role: config.role.clone(),
            name: config.name.clone(),
            silence_limit: config.poll_interval.saturating_mul(3).saturating_add(SLACK),
            clock: config.clock.clone(),
            stage,
            running: AtomicUsize::new(0),
            last_contact: AtomicU64::new(0),
        };
        status.contact();
        status
    }

    /// The supervisor has just answered.
    pub(super) fn contact(&self) {
        self.last_contact.store(millis((self.clock)()), Relaxed);
    }

    /// Counts a command as running until the answer is dropped.
    pub(super) fn running(self: &Arc<Self>) -> RunningCommand {
        self.running.fetch_add(1, Relaxed);
        RunningCommand(self.clone())
    }

    fn answer(&self) -> HttpResponse {
        let silent_for = Duration::from_millis(millis((self.clock)()).saturating_sub(self.last_contact.load(Relaxed)));
        let ok = silent_for <= self.silence_limit;
        let mut answer = if ok { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
        answer.json(json!({
            "ok": ok,
            "service": "hermes-subagent",
            "role": self.role,
            "name": self.name,
            "version": env!("CARGO_PKG_VERSION"),
            "running": self.running.load(Relaxed),
            "draining": *self.stage.borrow() > Stage::Running,
            "last_contact_seconds": silent_for.as_secs(),
        }))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(super) struct RunningCommand(Arc<Status>);

impl Drop for RunningCommand {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Relaxed);
    }
}

/// Binds the page; it is served while the answer is polled.
pub(super) fn serve(status: Arc<Status>, host: &str, port: u16) -> Result<(Server, SocketAddr), Error> {
    let status = web::Data::from(status);
    let app = move || App::new().app_data(status.clone()).route("/health", web::get().to(page));
    let failed = |source| Error::Health { port, source };
    let server = HttpServer::new(app).workers(1).disable_signals().bind((host, port)).map_err(failed)?;
    let address = server.addrs().first().copied().ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))?;
    Ok((server.run(), address))
}

async fn page(status: web::Data<Status>) -> HttpResponse {
    status.answer()
}
