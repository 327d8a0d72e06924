//! The sub-agent: claims approved commands, runs them, reports how they ended.
//!
//! One approval starts at most one process. Four things hold that: a line in the journal before the supervisor is
//! asked to start, the supervisor's acknowledgement, which counts only while the lease may live, a second line before
//! the process is made, and a restart that never runs what the journal names. Everything happens on one thread; only
//! the journal's disk writes and the health page have their own.

mod api;
mod attempt;
mod disk;
mod health;
mod journal;
mod output;
mod pin;
mod process;
mod pulse;
mod retry;
mod slot;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{self, Client};
use api::Api;
use health::Status;
use journal::{Entry, Journal};
use pin::Pin;

/// What a sub-agent is told.
#[derive(Clone)]
pub struct Config {
    /// The role whose work it takes.
    pub role: String,
    /// Its own name, unique among the sub-agents, `[A-Za-z0-9._:-]{1,128}`.
    pub name: String,
    /// The supervisor's http or https address.
    pub supervisor_url: String,
    /// The key with role `worker`.
    pub key: Option<String>,
    /// How long one claim waits for work, at most 30 s.
    pub poll_interval: Duration,
    /// The longest a command may run; a grant may allow less.
    pub task_timeout: Duration,
    /// The address `/health` is bound to.
    pub health_host: String,
    /// The port of `/health`; none without.
    pub health_port: Option<u16>,
    /// Holds the journal and the supervisor's pinned key.
    pub state_dir: PathBuf,
    /// The working directory of every command.
    pub work_dir: PathBuf,
    /// Names of the environment variables that commands may see.
    pub env_allow: Vec<String>,
    /// Commands that may run at once.
    pub slots: usize,
    /// What happens to a running command whose lease is lost.
    pub on_lease_loss: OnLeaseLoss,
    /// The supervisor's Ed25519 public key, hex; without it the first one seen is kept.
    pub supervisor_key: Option<String>,
    /// Bytes of each output stream that are sent: the first and the last half.
    pub output_limit: usize,
    /// Time between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// Makes secrets in output and logs unreadable, also one that the text ends in the middle of.
    pub mask: fn(&str) -> Cow<'_, str>,
    /// Time since the machine started; [`boot_clock`] outside tests.
    pub clock: Clock,
}

/// Time since the machine started, suspension included.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The kernel's CLOCK_BOOTTIME. A machine without it is told the end of time, at which every acknowledgement is late.
pub fn boot_clock() -> Duration {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME);
    time.map_or(Duration::MAX, Duration::from)
}

/// What happens to a running command when the supervisor no longer holds its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLeaseLoss {
    /// It runs on; its result is reported as a late one.
    Keep,
    /// It is terminated.
    Kill,
}

/// How far a sub-agent is on its way out; it only ever goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Takes work.
    Running,
    /// Takes no more, lets what runs come to its end, and reports it.
    Draining,
    /// Terminates what runs, tries once more to report it, and leaves the rest to the next start.
    Ending,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Ending => "ending",
        }
    }
}

/// Tells a sub-agent from outside to go a stage further.
pub type Stop = watch::Receiver<Stage>;

/// Why a sub-agent cannot work, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not usable.
    #[error("the supervisor's address")]
    Address(#[source] client::Error),
    /// A file or folder of the sub-agent fails.
    #[error("{}", path.display())]
    State {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the state folder.
    #[error("another sub-agent works on {}", .0.display())]
    Locked(PathBuf),
    /// The journal holds a line that was never written by a sub-agent.
    #[error("{}, line {line}: not a journal line; move the file away to start without it", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// The pinned key is no key.
    #[error("the supervisor's key (setting or {}) is not 64 hex digits of an Ed25519 public key", .0.display())]
    Key(PathBuf),
    /// The health page cannot be served.
    #[error("the health page cannot be served on port {port}; set HEALTH_PORT to one that is free, or to off")]
    Health {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The process cannot be told to leave no core dump.
    #[error("no core dumps")]
    CoreDumps(#[source] nix::Error),
    /// The journal could not be written; nothing was started since.
    #[error("the journal could not be written")]
    Unwritable,
    /// A part of the sub-agent ended by a panic.
    #[error("a part of the sub-agent broke down")]
    Broken,
}

/// What all parts of one sub-agent share.
struct Agent {
    config: Config,
    api: Api,
    journal: Journal,
    pin: RefCell<Pin>,
    status: Arc<Status>,
    stage: watch::Sender<Stage>,
    /// Whether it was said that the supervisor does not let this sub-agent in; until it does.
    shut_out: Cell<bool>,
}

/// Works until told to stop, by the caller or by the supervisor. Needs an actix system around it.
pub async fn run(config: Config, stop: Stop) -> Result<(), Error> {
    harden()?;
    let (agent, unfinished) = Agent::open(config).await?;
    let health = agent.serve_health()?;
    let mut background = JoinSet::new();
    background.spawn_local(follow(agent.clone(), stop));
    let mut parts = JoinSet::new();
    for entry in unfinished {
        parts.spawn_local(attempt::recover(agent.clone(), entry));
    }
    for slot in (1..).take(agent.config.slots.max(1)) {
        parts.spawn_local(slot::serve(agent.clone(), slot));
    }
    tracing::info!(
        agent.id = agent.config.name,
        role = agent.config.role,
        supervisor = agent.config.supervisor_url,
        "asking for work"
    );
    let mut result = Ok(());
    while let Some(ended) = parts.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a part of the sub-agent broke down");
            agent.go_to(Stage::Draining);
            result = Err(Error::Broken);
        }
    }
    if let Some(health) = health {
        health.stop(false).await;
    }
    tracing::info!("took no more work and reported what there was");
    if agent.journal.is_writable() { result } else { Err(Error::Unwritable) }
}

/// What commands and files inherit from this process: private files, no core dumps.
fn harden() -> Result<(), Error> {
    use nix::sys::{resource, stat};
    stat::umask(stat::Mode::from_bits_truncate(0o077));
    resource::setrlimit(resource::Resource::RLIMIT_CORE, 0, 0).map_err(Error::CoreDumps)
}

async fn follow(agent: Rc<Agent>, mut stop: Stop) {
    loop {
        let stage = *stop.borrow_and_update();
        agent.go_to(stage);
        if stop.changed().await.is_err() {
            return;
        }
    }
}

impl Agent {
    async fn open(config: Config) -> Result<(Rc<Self>, Vec<Entry>), Error> {
        let client = Client::new(&config.supervisor_url, config.key.clone()).map_err(Error::Address)?;
        disk::make_folder(&config.state_dir)?;
        disk::make_folder(&config.work_dir)?;
        let (journal, unfinished) = Journal::open(&config.state_dir).await?;
        let pin = RefCell::new(Pin::open(&config)?);
        let (stage, seen) = watch::channel(Stage::Running);
        let status = Arc::new(Status::new(&config, seen));
        let api = Api::new(client, &config, status.clone());
        let shut_out = Cell::new(false);
        Ok((Rc::new(Self { config, api, journal, pin, status, stage, shut_out }), unfinished))
    }

    fn serve_health(&self) -> Result<Option<actix_web::dev::ServerHandle>, Error> {
        let Some(port) = self.config.health_port else { return Ok(None) };
        let (server, address) = health::serve(self.status.clone(), &self.config.health_host, port)?;
        tracing::info!(%address, "health page");
        let handle = server.handle();
        tokio::task::spawn_local(server);
        Ok(Some(handle))
    }

    fn now(&self) -> Duration {
        (self.config.clock)()
    }

    fn is_at(&self, stage: Stage) -> bool {
        *self.stage.borrow() >= stage
    }

    fn go_to(&self, stage: Stage) {
        let went = self.stage.send_if_modified(|now| {
            let further = stage > *now;
            *now = stage.max(*now);
            further
        });
        if went {
            tracing::warn!(stage = stage.as_str(), "on the way out");
        }
    }

    /// Returns when the sub-agent is that far on its way out.
    async fn reached(&self, stage: Stage) {
        // The sender is `self`: it cannot be gone.
        self.stage.subscribe().wait_for(|now| *now >= stage).await.ok();
    }

    /// Waits, but no longer than until that stage.
    async fn pause(&self, length: Duration, until: Stage) {
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.reached(until) => {}
        }
    }

    /// Puts a line into the journal. If that fails, nothing more is started.
    async fn record(&self, entry: &Entry) -> Result<(), Error> {
        let written = self.journal.write(entry).await;
        if let Err(error) = &written {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(%error, cause, "the journal cannot be written; no more work is taken");
            self.go_to(Stage::Draining);
        }
        written
    }
}

#[cfg(test)]
mod tests;
