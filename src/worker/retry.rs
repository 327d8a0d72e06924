//! How the sub-agent waits before it asks again.

use std::time::Duration;

use super::{Agent, Stage};
use crate::client::Error;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// What a supervisor may ask for at most.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// Pauses that double from 0.5 s to 30 s, up to half as long again at random so that sub-agents do not come in step.
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The pause after a failure; not shorter than the supervisor asked for.
    pub(super) fn pause(&mut self, error: Option<&Error>) -> Duration {
        let jitter = getrandom::u32().map_or(0.0, |random| f64::from(random) / f64::from(u32::MAX));
        let pause = self.next.mul_f64(1.0 + jitter / 2.0).min(LONGEST);
        self.next = self.next.saturating_mul(2).min(LONGEST);
        let asked = error.and_then(Error::retry_after).unwrap_or_default();
        pause.max(asked.min(LONGEST_ASKED))
    }
}

/// Whether the same request may be answered better later.
pub(super) fn may_pass(error: &Error) -> bool {
    error.status().is_none_or(|status| matches!(status, 401 | 403 | 408 | 429) || status >= 500)
}

/// Repeats a request that may be repeated until it has a last answer, or until the sub-agent is that far on its way out.
pub(super) async fn persist<T>(
    agent: &Agent,
    until: Stage,
    request: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut backoff = Backoff::default();
    loop {
        match request().await {
            Err(error) if may_pass(&error) && !agent.is_at(until) => {
                let pause = backoff.pause(Some(&error));
                tracing::warn!(%error, retry_in_ms = pause.as_millis(), "the supervisor does not take this yet");
                agent.pause(pause, until).await;
            }
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, retry_after: Option<u64>) -> Error {
        let retry_after = retry_after.map(Duration::from_secs);
        Error::Refused { status, code: String::new(), error: String::new(), retry_after }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_keep_apart() {
        let mut backoff = Backoff::default();
        for shortest in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0] {
            let pause = backoff.pause(None).as_secs_f64();
            assert!(pause >= shortest && pause <= (shortest * 1.5).max(30.0), "{pause} after {shortest}");
        }
    }

    #[test]
    fn the_supervisor_may_ask_for_more_within_reason() {
        assert_eq!(Backoff::default().pause(Some(&refused(429, Some(60)))), Duration::from_secs(60));
        assert_eq!(Backoff::default().pause(Some(&refused(503, Some(1 << 40)))), LONGEST_ASKED);
        assert!(Backoff::default().pause(Some(&refused(503, Some(0)))) >= FIRST);
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        for status in [401, 403, 408, 429, 500, 502, 503, 504] {
            assert!(may_pass(&refused(status, None)), "{status}");
        }
        for status in [301, 400, 404, 409, 413, 415, 422] {
            assert!(!may_pass(&refused(status, None)), "{status}");
        }
        assert!(may_pass(&Error::NotSent(String::new())) && may_pass(&Error::Unknown(String::new())));
    }
}
