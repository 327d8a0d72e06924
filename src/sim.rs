//! `hermes feishu-sim`: a stand-in for the Feishu platform on this machine, for developers, tests and `hermes demo`.
//!
//! The side that bots see (`api`) is true to the platform's documentation: tokens, messages, limits, refusals. The side
//! that people see (`page`) shows the chats and the cards as the client does, and its buttons send callbacks (`callback`)
//! as the platform does, sealed and signed. Faults come on demand.

mod api;
mod callback;
mod cast;
mod page;
mod platform;
mod socket;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App as Web, HttpServer};
use hermes_actors::clock::{Clock as _, SystemClock};
use hermes_core::time::Timestamp;
use tokio::sync::watch;

pub use self::cast::{company, environment};
pub use self::platform::{App, Chat, Faults, Person, Platform};

/// Bytes of a request.
const MOST_BYTES: usize = 1024 * 1024;

/// The platform, and where clicks go.
pub struct Sim {
    platform: Mutex<Platform>,
    callback_url: Mutex<Option<String>>,
    connections: socket::Connections,
    changed: watch::Sender<u64>,
}

impl Sim {
    /// A platform that sends clicks to this address.
    pub fn new(platform: Platform, callback_url: Option<String>) -> Arc<Self> {
        let (changed, _) = watch::channel(0);
        Arc::new(Self {
            platform: Mutex::new(platform),
            callback_url: Mutex::new(callback_url),
            connections: socket::Connections::default(),
            changed,
        })
    }

    /// Looks at the platform.
    pub fn look<T>(&self, look: impl FnOnce(&Platform) -> T) -> T {
        look(&self.platform.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something with the platform, and wakes whoever looks at it.
    pub fn with<T>(&self, work: impl FnOnce(&mut Platform) -> T) -> T {
        let result = work(&mut self.platform.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_modify(|version| *version += 1);
        result
    }

    /// Sends clicks to another address.
    pub fn call_back_at(&self, url: String) {
        *self.callback_url.lock().unwrap_or_else(PoisonError::into_inner) = Some(url);
    }

    fn callback_url(&self) -> Option<String> {
        self.callback_url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// A simulator that takes requests.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Stops it.
    pub handle: ServerHandle,
    /// To be awaited.
    pub server: Server,
}

/// Starts the simulator on a socket that is bound already.
///
/// # Errors
/// When the socket cannot be used.
pub fn serve(sim: Arc<Sim>, listener: TcpListener) -> std::io::Result<Running> {
    let address = listener.local_addr()?;
    let sim = Data::from(sim);
    let server = HttpServer::new(move || {
        Web::new()
            .app_data(sim.clone())
            .app_data(Data::new(callback::Caller::default()))
            .app_data(PayloadConfig::new(MOST_BYTES))
            .configure(api::routes)
            .configure(socket::routes)
            .configure(page::routes)
            .default_service(web::to(api::no_route))
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(Running { address, handle: server.handle(), server })
}
