//! The platform's limits of requests, kept before it has to say so.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use hermes_core::card::Recipient;

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;
type Single = RateLimiter<governor::state::NotKeyed, governor::state::InMemoryState, DefaultClock>;

/// Requests a second to one chat, one person, one message; other bots in a chat share its five.
const A_SECOND_TO_ONE: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);
/// Requests a second and a minute of the whole app; the platform has 50 and 1000 for each kind.
const A_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(39);
const A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(899);

/// What may be asked now, and when the rest.
pub(super) struct Limits {
    sends: [Single; 2],
    updates: [Single; 2],
    recipients: Keyed<Recipient>,
    messages: Keyed<String>,
    clock: DefaultClock,
}

impl Default for Limits {
    fn default() -> Self {
        let of_one = || Quota::per_second(A_SECOND_TO_ONE).allow_burst(NonZeroU32::MIN);
        let of_app = || {
            [
                Single::direct(Quota::per_second(A_SECOND)),
                Single::direct(Quota::per_minute(A_MINUTE).allow_burst(A_SECOND)),
            ]
        };
        Self {
            sends: of_app(),
            updates: of_app(),
            recipients: RateLimiter::hashmap(of_one()),
            messages: RateLimiter::hashmap(of_one()),
            clock: DefaultClock::default(),
        }
    }
}

impl Limits {
    /// Waits until a message may be sent.
    pub(super) async fn send(&self, recipient: &Recipient) {
        self.until(|| self.recipients.check_key(recipient)).await;
        for limit in &self.sends {
            self.until(|| limit.check()).await;
        }
        self.recipients.retain_recent();
    }

    /// Waits until a message may be changed.
    pub(super) async fn update(&self, message_id: &str) {
        let message_id = message_id.to_owned();
        self.until(|| self.messages.check_key(&message_id)).await;
        for limit in &self.updates {
            self.until(|| limit.check()).await;
        }
        self.messages.retain_recent();
    }

    async fn until<F>(&self, check: F)
    where
        F: Fn() -> Result<(), NotUntil<<DefaultClock as governor::clock::Clock>::Instant>>,
    {
        while let Err(not_yet) = check() {
            let pause = not_yet.wait_time_from(self.clock.now());
            tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
        }
    }
}
