//! Stops floods: so many requests a second for one key, so many wrong keys a minute from one address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use hermes_core::error::Code;
use hermes_core::policy::Limits;

use super::error::ApiError;

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

const WRONG_KEYS_A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// The limits in force.
pub(crate) struct Limiter {
    requests: Option<Keyed<String>>,
    limits: Option<Limits>,
    wrong_keys: Keyed<IpAddr>,
    clock: DefaultClock,
}

impl Limiter {
    /// These limits, or none on requests.
    pub(crate) fn new(limits: Option<&Limits>) -> Self {
        let requests = limits.and_then(|limits| {
            let per_second = NonZeroU32::new(limits.requests_per_second)?;
            let burst = NonZeroU32::new(limits.burst)?;
            Some(RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(burst)))
        });
        let wrong_keys = RateLimiter::hashmap(Quota::per_minute(WRONG_KEYS_A_MINUTE));
        Self { requests, limits: limits.copied(), wrong_keys, clock: DefaultClock::default() }
    }

    /// Counts a request of a known caller.
    pub(super) fn request(&self, caller: &str) -> Result<(), ApiError> {
        let Some(requests) = &self.requests else { return Ok(()) };
        requests.check_key(&caller.to_owned()).map_err(|until| {
            let pause = until.wait_time_from(self.clock.now());
            limited("too many requests with this key", pause)
        })
    }

    /// How many requests of one key may be under way at once.
    pub(super) fn in_flight(&self) -> u32 {
        self.limits.map_or(u32::MAX, |limits| limits.requests_in_flight)
    }

    /// How many requests of one key may wait at once, in a room of which so many are a quarter.
    pub(super) fn waiting(&self, quarter: u32) -> u32 {
        self.limits.map_or(u32::MAX, |limits| limits.long_polls.unwrap_or(quarter))
    }

    /// Counts a wrong key; a right one is never held up by the wrong ones of a neighbour.
    pub(super) fn wrong_key(&self, address: IpAddr) -> Result<(), ApiError> {
        self.wrong_keys.check_key(&address).map_err(|until| {
            let pause = until.wait_time_from(self.clock.now());
            limited("too many wrong keys from this address", pause)
        })
    }

    /// Forgets callers that were quiet for long.
    pub(crate) fn tidy(&self) {
        if let Some(requests) = &self.requests {
            requests.retain_recent();
        }
        self.wrong_keys.retain_recent();
    }
}

/// A key has as many requests at once as it may.
pub(super) fn at_once(most: u32, how: &str) -> ApiError {
    limited(&format!("this key has {most} requests {how} already, as many as it may"), Duration::ZERO)
}

fn limited(what: &str, pause: Duration) -> ApiError {
    let seconds = pause.as_secs().saturating_add(1);
    ApiError::new(Code::RateLimited, format!("{what}; come back in {seconds} s"))
        .retry_after(Duration::from_secs(seconds))
}
