//! One place for one command at a time: claims, carries out, claims again.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use hermes_core::wire::work::Claimed;

use super::retry::Backoff;
use super::{Agent, Stage, attempt};
use crate::client::Error;

/// However fast the supervisor says that there is nothing, it is not asked more often than this or the poll interval.
const SHORTEST_CLAIM: Duration = Duration::from_secs(1);

/// How long a claim may take to be ended.
const LEAVING: Duration = Duration::from_secs(2);

pub(super) async fn serve(agent: Rc<Agent>, slot: u32) {
    let mut backoff = Backoff::default();
    while !agent.is_at(Stage::Draining) {
        let pause = turn(&agent, slot, &mut backoff).await;
        agent.pause(pause, Stage::Draining).await;
    }
}

/// Claims once and carries out what comes of it; says how long to wait before the next claim.
async fn turn(agent: &Rc<Agent>, slot: u32, backoff: &mut Backoff) -> Duration {
    let asked_at = tokio::time::Instant::now();
    let claimed = match claim(agent, slot).await {
        None => return Duration::ZERO,
        Some(Ok(Some(claimed))) => {
            agent.shut_out.set(false);
            claimed
        }
        Some(Ok(None)) => {
            agent.shut_out.set(false);
            *backoff = Backoff::default();
            return SHORTEST_CLAIM.min(agent.config.poll_interval).saturating_sub(asked_at.elapsed());
        }
        Some(Err(error)) => {
            let pause = backoff.pause(Some(&error));
            match advice(agent, &error) {
                Some(_) if agent.shut_out.get() => tracing::debug!(%error, "still not let in"),
                Some(advice) => {
                    agent.shut_out.set(true);
                    tracing::error!(%error, "the supervisor does not let this sub-agent take work; {advice}");
                }
                None => tracing::warn!(%error, retry_in_ms = pause.as_millis(), "no work could be claimed"),
            }
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

/// What a person has to set before this supervisor gives work; nothing if time may help.
fn advice(agent: &Agent, error: &Error) -> Option<String> {
    let role = &agent.config.role;
    let key = format!("a key with the role worker:{role} (`hermes key create --name NAME --role worker:{role}`)");
    match (error.status()?, &agent.config.key) {
        (401, None) => Some(format!("set API_SERVER_KEY, which is not set, to {key}; it goes on trying")),
        (401 | 403, _) => Some(format!("set API_SERVER_KEY to {key} and start it again; it goes on trying")),
        _ => None,
    }
}

/// Claims. On the way out the claim is ended, since the supervisor does not see who has left, and what it was answered
/// after all is handed on, to be given back; none if there is no time for that: the lease of a grant then expires.
async fn claim(agent: &Agent, slot: u32) -> Option<Result<Option<Claimed>, Error>> {
    let mut claim = pin!(agent.api.claim(slot));
    tokio::select! {
        answer = &mut claim => return Some(answer),
        () = agent.reached(Stage::Draining) => {}
    }
    let end = async {
        match agent.api.end_claim(slot).await {
            Ok(()) => Some(claim.await),
            Err(error) => {
                tracing::warn!(%error, "the claim for work could not be ended; what it is given will expire");
                None
            }
        }
    };
    tokio::select! {
        answer = tokio::time::timeout(LEAVING, end) => answer.ok().flatten(),
        () = agent.reached(Stage::Ending) => None,
    }
}
