//! Puts the program together: settings, engine, HTTP; and takes it apart again in stages.

pub mod governance;
pub mod keys;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use arc_swap::ArcSwap;
use hermes_actors::card;
use hermes_actors::card::click::Deciders;
use hermes_actors::card::connection::{self, Link};
use hermes_actors::clock::{SharedClock, SystemClock};
use hermes_actors::runtime::{Engine, Foundation, Setup, StartError};
use hermes_actors::store;
use hermes_core::card::Audience;
use hermes_core::id::Digest;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, oneshot, watch};

use self::governance::Governance;
use self::keys::Keys;
use crate::config::{Config, Exposed, FeishuMode, HasKeys, Host, Loaded, Secret, Switch};
use crate::http::{self, Feishu, Front, Limiter, Room, Shape, Shares, State};

/// How often limits forget callers that were quiet.
const TIDYING: Duration = Duration::from_secs(60);

/// Why the server does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] StartError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] governance::Error),
    /// The data.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Listening to others without a key.
    #[error(transparent)]
    Exposed(#[from] Exposed),
    /// The address.
    #[error("cannot listen on {address}: {source}; set SUPERVISOR_HOST or SUPERVISOR_PORT to something free")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// HTTP.
    #[error("the server failed: {0}")]
    Server(#[from] std::io::Error),
    /// Figures.
    #[error("the figures for /metrics cannot be kept: {0}")]
    Metrics(String),
    /// A part that there is only one of died.
    #[error("a part of the engine died; the log says which; start the server again")]
    Died,
}

/// A server that takes requests.
pub struct Running {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Without any key it listens on loopback only, and trusts its machine.
    has_keys: HasKeys,
    state: Data<State>,
    stopping: watch::Sender<bool>,
    server: actix_web::dev::Server,
    signpost: Signpost,
}

/// A file in the data folder that says where its server listens; it is gone when the server has stopped.
struct Signpost(PathBuf);

impl Signpost {
    fn put_up(home: &Path, address: Option<&SocketAddr>) -> std::io::Result<Self> {
        let path = signpost_path(home);
        let url = address.map(|address| format!("http://{}\n", reachable(*address))).unwrap_or_default();
        std::fs::write(&path, url)?;
        Ok(Self(path))
    }
}

impl Drop for Signpost {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(error = %error, "the file with the server's address was not removed");
        }
    }
}

/// Where the server of a data folder says where it listens: one line, an http URL.
pub fn signpost_path(home: &Path) -> PathBuf {
    home.join("data").join("server.url")
}

/// An address that this machine can connect to: a server on all addresses is also on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

/// Runs the server until it is told to stop. `notice` is given what the person who started it should know.
///
/// # Errors
/// When it cannot start, or had to end.
pub async fn serve(loaded: Loaded<Config>, notice: impl FnOnce(&str)) -> Result<(), Error> {
    let running = start(loaded).await?;
    if let Some(address) = running.addresses.first().filter(|_| running.has_keys == HasKeys::No) {
        tracing::warn!(%address, "there is no key: listening on loopback only, and whoever is on this machine may do everything");
        notice(&format!(
            "No key: only this machine is let in, at http://{address}, and whoever is on it may do everything. \
             Set API_SERVER_KEY and start again, or make an admin's key with \
             `hermes key create --role admin --name NAME`."
        ));
    }
    for address in &running.addresses {
        tracing::info!(%address, "listening");
    }
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    running.until(asked_to_stop(interrupt, terminate)).await
}

/// Returns at the first signal. A second one ends the process at once, which has to be as safe as `kill -9`.
async fn asked_to_stop(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    actix_web::rt::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::warn!("told to stop a second time; ending at once");
        std::process::exit(130);
    });
}

/// Starts everything; when this returns, requests are taken.
///
/// # Errors
/// With a sentence that says what to do.
pub async fn start(loaded: Loaded<Config>) -> Result<Running, Error> {
    let config = &loaded.config;
    let clock: SharedClock = Arc::new(SystemClock);
    let foundation = Foundation::open(setup(config), clock)?;
    let keys = Keys::load(&*foundation.store).await?;
    let is_keyless = keys.are_none() && config.access.api_key.is_none();
    let has_keys = if is_keyless { HasKeys::No } else { HasKeys::Yes };
    let listener = listen(&loaded.listen_address(has_keys)?, config.listen.port)?;
    let addresses = vec![listener.local_addr()?];
    let governance = Governance::new(&loaded);
    let (in_force, rules, networks) = governance.load(&*foundation.store).await?;
    let engine = foundation.start(in_force, rules, networks).await?;
    let (stopping, stopped) = watch::channel(false);
    let limits = governance.limits(&engine.in_force.terms().policy);
    let state = Data::new(State {
        front: front(config),
        feishu: feishu(config),
        governance,
        keys,
        limiter: ArcSwap::from_pointee(Limiter::new(limits.as_ref())),
        writes: Arc::new(Semaphore::new(config.limits.write_permits)),
        polls: Room::new(config.limits.long_polls),
        claims: Room::new(config.limits.long_polls),
        in_flight: Arc::new(Shares::default()),
        metrics: metrics()?,
        stopping: stopped,
        engine,
    });
    let workers = match config.listen.http_workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        workers => workers,
    };
    let shape = Shape { workers, max_connections: config.limits.max_connections };
    let server = http::serve(state.clone(), vec![listener], shape)?;
    let signpost = Signpost::put_up(&config.data.home, addresses.first())?;
    tidy_regularly(state.clone());
    if let Some(link) = link(config) {
        actix_web::rt::spawn(connection::run(state.engine.clone(), link, state.stopping.clone()));
    }
    Ok(Running { addresses, has_keys, state, stopping, server, signpost })
}

impl Running {
    /// Serves until told to stop, or until a part dies; then stops in stages: nothing new is taken, long polls and
    /// streams end, requests end, the engine stops.
    ///
    /// # Errors
    /// When a part died or the server failed.
    pub async fn until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Self { state, stopping, server, signpost, .. } = self;
        let handle = server.handle();
        let (ended, mut end) = oneshot::channel();
        actix_web::rt::spawn(async move {
            let _nobody_waits = ended.send(server.await);
        });
        let mut fatal = state.engine.health.fatal();
        let cause = tokio::select! {
            () = stop => Ok(()),
            _ = fatal.wait_for(|fatal| *fatal) => Err(Error::Died),
            result = &mut end => result.map_or(Ok(()), |result| result.map_err(Error::from)),
        };
        tracing::info!("stopping");
        state.engine.health.stop();
        stopping.send_replace(true);
        handle.stop(true).await;
        state.engine.clone().stop().await;
        drop(signpost);
        cause
    }
}

fn setup(config: &Config) -> Setup {
    Setup {
        home: config.data.home.clone(),
        readers: config.store.readers,
        live_tasks: config.limits.live_tasks,
        lease_ttl: config.work.lease_ttl,
        retention: config.store.retention,
        cards: cards(config),
    }
}

fn listen(host: &Host, port: u16) -> Result<TcpListener, Error> {
    let address = match host {
        Host::Address(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        Host::Address(IpAddr::V4(_)) | Host::Name(_) => format!("{host}:{port}"),
    };
    let bound = address.to_socket_addrs().and_then(|addresses| TcpListener::bind(&*addresses.collect::<Vec<_>>()));
    bound.map_err(|source| Error::Listen { address, source })
}

/// How cards are sent, if there is an app to send them.
fn cards(config: &Config) -> Option<card::Setup> {
    let feishu = &config.feishu;
    Some(card::Setup {
        base_url: feishu.base_url.as_str().to_owned(),
        app_id: feishu.app_id.clone()?,
        app_secret: feishu.app_secret.as_ref()?.expose().to_owned(),
        audience: Arc::new(Audience {
            chat: feishu.chat_id.clone(),
            commander: feishu.commander_open_id.clone(),
            admin: feishu.admin_id.clone(),
            executor: feishu.executor_open_id.clone(),
        }),
        task_url: None,
    })
}

/// How clicks come in if not over HTTP.
fn link(config: &Config) -> Option<Link> {
    let settings = &config.feishu;
    if settings.mode != FeishuMode::LongConnection {
        return None;
    }
    let Feishu { app_id, verification_token, tenant_key, deciders, .. } = feishu(config)?;
    Some(Link {
        base_url: settings.base_url.as_str().to_owned(),
        app_id,
        app_secret: settings.app_secret.as_ref()?.expose().to_owned(),
        verification_token: verification_token.unwrap_or_default(),
        tenant_key,
        deciders,
    })
}

/// The app whose clicks are taken.
fn feishu(config: &Config) -> Option<Feishu> {
    let feishu = &config.feishu;
    let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    Some(Feishu {
        app_id: feishu.app_id.clone()?,
        encrypt_key: text(&feishu.encrypt_key),
        verification_token: text(&feishu.verify_token),
        tenant_key: feishu.tenant_key.clone(),
        deciders: Deciders {
            admin: feishu.admin_id.clone(),
            commander: feishu.commander_open_id.clone(),
            task_url: None,
        },
    })
}

fn front(config: &Config) -> Front {
    let executors = &config.executors;
    let base_url = config.listen.base_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
    Front {
        root_key: config.access.api_key.as_ref().map(|key| Digest::of(key.expose().as_bytes())),
        allowed_hosts: config.listen.allowed_hosts.iter().cloned().collect(),
        trusted_proxies: config.listen.trusted_proxies.clone(),
        feishu_configured: config.feishu.is_configured(),
        xiaomei_configured: executors.xiaomei_url.is_some(),
        desktop_configured: executors.desktop_url.is_some(),
        callback_configured: executors.callback_url.is_some(),
        report_endpoint: base_url.map(|url| format!("{url}/api/callback")),
        home: config.data.home.clone(),
    }
}

/// The recorder is the process's own; a second server in it shares the first one's figures.
fn metrics() -> Result<metrics_exporter_prometheus::PrometheusHandle, Error> {
    use std::sync::OnceLock;
    static HANDLE: OnceLock<metrics_exporter_prometheus::PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    let builder = metrics_exporter_prometheus::PrometheusBuilder::new();
    let builder = builder.set_buckets(&buckets).map_err(|error| Error::Metrics(error.to_string()))?;
    let handle = builder.install_recorder().map_err(|error| Error::Metrics(error.to_string()))?;
    Ok(HANDLE.get_or_init(|| handle).clone())
}

fn tidy_regularly(state: Data<State>) {
    actix_web::rt::spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(TIDYING) => {}
                () = state.stopped() => break,
            }
            state.limiter.load().tidy();
            state.metrics.run_upkeep();
        }
    });
}

impl Running {
    /// The engine, for those who are in the same process.
    pub fn engine(&self) -> Engine {
        self.state.engine.clone()
    }
}

/// Whether rate limits are off.
pub(crate) const fn is_off(switch: Switch) -> bool {
    matches!(switch, Switch::Off)
}
