//! One place for one command at a time: claims, carries out, claims again.

use std::rc::Rc;
use std::time::Duration;

use super::retry::Backoff;
use super::{Agent, Stage, attempt};

/// However fast the supervisor says that there is nothing, it is not asked more often than this or the poll interval.
const SHORTEST_CLAIM: Duration = Duration::from_secs(1);

pub(super) async fn serve(agent: Rc<Agent>) {
    let mut backoff = Backoff::default();
    while !agent.is_at(Stage::Draining) {
        let pause = turn(&agent, &mut backoff).await;
        agent.pause(pause, Stage::Draining).await;
    }
}

/// Claims once and carries out what comes of it; says how long to wait before the next claim.
async fn turn(agent: &Rc<Agent>, backoff: &mut Backoff) -> Duration {
    let asked_at = tokio::time::Instant::now();
    let answer = tokio::select! {
        answer = agent.api.claim() => answer,
        // A grant that was on its way is not lost: it was not started, so its lease expires.
        () = agent.reached(Stage::Draining) => return Duration::ZERO,
    };
    let claimed = match answer {
        Ok(Some(claimed)) => claimed,
        Ok(None) => {
            *backoff = Backoff::default();
            return SHORTEST_CLAIM.min(agent.config.poll_interval).saturating_sub(asked_at.elapsed());
        }
        Err(error) => {
            let pause = backoff.pause(Some(&error));
            tracing::warn!(%error, retry_in_ms = pause.as_millis(), "no work could be claimed");
            return pause;
        }
    };
    for grant in &claimed.grants {
        if let Err(_distrusted) = attempt::carry_out(agent, grant, &claimed).await {
            return backoff.pause(None);
        }
    }
    *backoff = Backoff::default();
    Duration::ZERO
}
