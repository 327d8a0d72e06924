//! Time and randomness, behind traits so that tests decide them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hermes_core::time::{Millis, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock; it may jump.
    fn now(&self) -> Timestamp;
    /// A clock that only runs forward, suspension included; its zero is arbitrary.
    fn monotonic(&self) -> Millis;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clocks.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Millis {
        // A clock that cannot be read would stand still, and leases would live on: safe, and it cannot happen on Linux.
        nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).map_or(Millis(0), |t| {
            let seconds = u64::try_from(t.tv_sec()).unwrap_or(0);
            let nanos = u64::try_from(t.tv_nsec()).unwrap_or(0);
            Millis(seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000))
        })
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl ManualClock {
    /// A clock that shows this moment.
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self { wall: AtomicI64::new(now.0), monotonic: AtomicI64::new(0) })
    }

    /// Lets time pass.
    pub fn advance(&self, span: Millis) {
        self.wall.fetch_add(span.micros(), Ordering::SeqCst);
        self.monotonic.fetch_add(span.micros(), Ordering::SeqCst);
    }

    /// Moves the wall clock only, as an operator or NTP does.
    pub fn jump(&self, micros: i64) {
        self.wall.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Millis {
        Millis(u64::try_from(self.monotonic.load(Ordering::SeqCst) / 1000).unwrap_or(0))
    }
}

/// Random bytes from the operating system.
///
/// # Errors
/// When the system gives none; nothing that needs a secret may go on then.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;
