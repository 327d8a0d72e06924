//! One grant from the claim to the acknowledged end.
//!
//! Order is everything here: journal `claimed` → ask to start → acknowledged in time → journal `started` → make the
//! process → journal `ended` → report → journal `done`. Whatever breaks off before the process is made is reported as
//! not run, whatever may have broken off after it as unknown, and nothing is ever run a second time.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;

use hermes_core::time::Millis;
use hermes_core::wire::work::{Claimed, Finish, Grant};
use tokio::time::Instant;
use tracing::Instrument;

use super::journal::{Entry, Phase};
use super::output::{Capture, Sent};
use super::pin::Distrust;
use super::process::Process;
use super::pulse::{Beat, Pulse};
use super::retry::{Backoff, may_pass, persist};
use super::{Agent, OnLeaseLoss, Stage, api};
use crate::client::Error;
use crate::crash;

/// What is known of a command that was started before a restart.
const RESTARTED: &str =
    "outcome_unknown: the sub-agent was restarted while it ran; the command may have run, or may still run";

/// A log line about a report, with each thing that it says as a field of its own.
macro_rules! say {
    ($level:ident, $finish:expr, $what:literal) => {{
        let finish: &Finish = &$finish;
        tracing::$level!(
            exit_code = finish.exit_code,
            signal = finish.signal,
            error = finish.error,
            not_run = finish.not_run,
            timed_out = finish.timed_out,
            duration_ms = finish.duration_ms.0,
            stdout_bytes = finish.stdout_bytes,
            stderr_bytes = finish.stderr_bytes,
            truncated = finish.truncated,
            $what
        )
    }};
}

/// Carries out one grant of a claim's answer; refuses what its supervisor did not sign.
pub(super) async fn carry_out(agent: &Rc<Agent>, grant: &Grant, claimed: &Claimed) -> Result<(), Distrust> {
    let span = tracing::info_span!("lease", task.id = %grant.task_id, lease.fence = grant.fence.0);
    Box::pin(checked(agent, grant, claimed).instrument(span)).await
}

async fn checked(agent: &Rc<Agent>, grant: &Grant, claimed: &Claimed) -> Result<(), Distrust> {
    let checked = agent.pin.borrow_mut().check(grant, claimed, &agent.config.name);
    if let Err(distrust) = checked {
        tracing::error!(reason = distrust.code(), "REFUSED: this grant is not what the known supervisor signed");
        give_back(agent, grant, distrust.code()).await;
        return Err(distrust);
    }
    if agent.journal.holds(&grant.lease) {
        tracing::error!("granted a second time; it is in hand already");
        return Ok(());
    }
    if agent.is_at(Stage::Draining) {
        give_back(agent, grant, "draining").await;
        return Ok(());
    }
    crash::point("worker.after_claim");
    let entry = Entry::claimed(grant, &agent.config.name);
    if agent.record(&entry).await.is_err() {
        give_back(agent, grant, "journal_unwritable").await;
        return Ok(());
    }
    crash::point("worker.after_journal");
    Attempt { agent, grant, entry, pulse: Pulse::start(agent, grant) }.run().await;
    Ok(())
}

/// Says that a grant is not made use of; if that is lost, the lease expires.
async fn give_back(agent: &Agent, grant: &Grant, reason: &str) {
    let finish = not_run(&Entry::claimed(grant, &agent.config.name), reason);
    if let Err(error) = agent.api.finish(&grant.lease, &finish).await {
        tracing::warn!(%error, reason, "a grant could not be given back; it will expire");
    }
}

/// Reports what an earlier process of this sub-agent left open, and runs none of it.
pub(super) async fn recover(agent: Rc<Agent>, mut entry: Entry) {
    let span = tracing::info_span!("lease", task.id = %entry.task, lease.fence = entry.fence.0);
    let report = async {
        let finish = match &entry.phase {
            Phase::Claimed => not_run(&entry, "worker_restarted"),
            Phase::Started => Finish { error: Some(RESTARTED.to_owned()), ..entry.report() },
            Phase::Ended { finish } => finish.clone(),
            Phase::Done => return,
        };
        say!(warn, finish, "left open by an earlier run; reported now, not run again");
        close(&agent, &mut entry, &finish, Stage::Draining).await;
    };
    Box::pin(report.instrument(span)).await;
}

/// Reports an end until it is acknowledged or no longer wanted, and closes the journal's entry.
async fn close(agent: &Agent, entry: &mut Entry, finish: &Finish, until: Stage) {
    let report = persist(agent, until, async || agent.api.finish(&entry.lease, finish).await).await;
    match report {
        Ok(()) => tracing::info!("reported"),
        Err(error) if may_pass(&error) => {
            tracing::warn!(%error, "not reported; the next start of this sub-agent will");
            return;
        }
        Err(error) => tracing::warn!(%error, "the supervisor has had the last word on this lease"),
    }
    crash::point("worker.after_finish");
    entry.phase = Phase::Done;
    agent.record(entry).await.ok();
}

fn not_run(entry: &Entry, reason: &str) -> Finish {
    Finish { not_run: Some(reason.to_owned()), ..entry.report() }
}

/// What came of asking to start.
enum Start {
    /// Acknowledged; it counts until then, by the boot clock.
    Acknowledged(Duration),
    /// Somebody else decides about this task now.
    Refused,
    NotRun(&'static str),
}

/// Why a command was ended before its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    TimeIsUp,
    Cancelled,
    LeaseLost,
    Ending,
}

impl Cut {
    const fn as_str(self) -> &'static str {
        match self {
            Self::TimeIsUp => "time_is_up",
            Self::Cancelled => "cancelled",
            Self::LeaseLost => "lease_lost",
            Self::Ending => "ending",
        }
    }
}

/// How a command ended, and the sending of its output that may still be going on.
struct Ran {
    finish: Finish,
    sending: Option<Sent>,
}

impl From<Finish> for Ran {
    fn from(finish: Finish) -> Self {
        Self { finish, sending: None }
    }
}

struct Attempt<'a> {
    agent: &'a Rc<Agent>,
    grant: &'a Grant,
    entry: Entry,
    pulse: Pulse,
}

impl Attempt<'_> {
    async fn run(mut self) {
        let ran = match self.start().await {
            Start::Acknowledged(valid_until) => self.execute(valid_until).await,
            Start::NotRun(reason) => self.not_run(reason).into(),
            Start::Refused => {
                self.entry.phase = Phase::Done;
                self.agent.record(&self.entry).await.ok();
                return;
            }
        };
        let Ran { finish, sending } = ran;
        say!(info, finish, "ended");
        self.entry.phase = Phase::Ended { finish: finish.clone() };
        self.agent.record(&self.entry).await.ok();
        crash::point("worker.after_end");
        if let Some(sending) = sending {
            sending.wait().await;
        }
        close(self.agent, &mut self.entry, &finish, Stage::Ending).await;
    }

    fn not_run(&self, reason: &str) -> Finish {
        tracing::warn!(reason, "not run");
        not_run(&self.entry, reason)
    }

    /// Asks to start, again and again under the same fence, while the lease may live.
    async fn start(&self) -> Start {
        let mut backoff = Backoff::default();
        let valid_until = self.agent.now().saturating_add(self.grant.ttl_ms.into());
        loop {
            if let Some(reason) = self.obstacle() {
                return Start::NotRun(reason);
            }
            let left = valid_until.saturating_sub(self.agent.now());
            let answer = self.agent.api.start(self.grant, left.min(api::TIMEOUT)).await;
            let pause = match answer {
                Ok(()) => return self.acknowledged(valid_until),
                Err(error) if !may_pass(&error) => {
                    tracing::warn!(%error, "not allowed to start");
                    return Start::Refused;
                }
                Err(error) => self.unanswered(&error, &mut backoff),
            };
            if self.agent.now().saturating_add(pause) >= valid_until {
                return Start::NotRun("start_unacknowledged");
            }
            self.agent.pause(pause, Stage::Draining).await;
        }
    }

    fn unanswered(&self, error: &Error, backoff: &mut Backoff) -> Duration {
        let pause = backoff.pause(Some(error));
        tracing::warn!(%error, retry_in_ms = pause.as_millis(), "start is not acknowledged");
        pause
    }

    /// The acknowledgement says what was true when it was sent: read too late, by a clock that counts suspension, it
    /// says nothing about now.
    fn acknowledged(&self, valid_until: Duration) -> Start {
        if self.agent.now() >= valid_until {
            return Start::NotRun("late_start");
        }
        if self.pulse.now().cancel { Start::NotRun("cancelled") } else { Start::Acknowledged(valid_until) }
    }

    fn obstacle(&self) -> Option<&'static str> {
        let Beat { misses, cancel, lost } = self.pulse.now();
        if cancel {
            Some("cancelled")
        } else if lost || misses >= 2 {
            Some("heartbeats_missed")
        } else if self.agent.is_at(Stage::Draining) {
            Some("draining")
        } else {
            None
        }
    }

    /// Runs the command to its end.
    async fn execute(&mut self, valid_until: Duration) -> Ran {
        crash::point("worker.after_start");
        self.entry.phase = Phase::Started;
        if self.agent.record(&self.entry).await.is_err() {
            return self.not_run("journal_unwritable").into();
        }
        if self.agent.now() >= valid_until {
            return self.not_run("late_start").into();
        }
        let config = &self.agent.config;
        crash::point("worker.before_spawn");
        tracing::info!(command.sha256 = %self.grant.command_sha256, "the command starts");
        tracing::debug!(command = %(config.mask)(&self.grant.command), "running");
        let mut process = match Process::spawn(&self.grant.command, config) {
            Ok(process) => process,
            Err(error) => return self.not_run(&format!("spawn_failed: {error}")).into(),
        };
        crash::point("worker.after_spawn");
        let _running = self.agent.status.running();
        let began = Instant::now();
        let output = Capture::start(self.agent, &self.entry, &mut process);
        let (status, cut) = self.supervise(&mut process).await;
        let duration_ms = Millis(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        let (totals, sending) = output.close().await;
        let finish = Finish {
            timed_out: cut == Some(Cut::TimeIsUp),
            duration_ms,
            ..ended(totals.add_to(self.entry.report()), status)
        };
        Ran { finish, sending: Some(sending) }
    }

    async fn supervise(&self, process: &mut Process) -> (std::io::Result<ExitStatus>, Option<Cut>) {
        let limit = Duration::from_secs(self.grant.timeout).min(self.agent.config.task_timeout);
        let cut = tokio::select! {
            status = process.wait() => return (status, None),
            () = tokio::time::sleep(limit) => Cut::TimeIsUp,
            () = self.pulse.until(|beat| beat.cancel) => Cut::Cancelled,
            () = self.lease_lost() => Cut::LeaseLost,
            () = self.agent.reached(Stage::Ending) => Cut::Ending,
        };
        tracing::warn!(why = cut.as_str(), "terminating the command");
        (process.terminate().await, Some(cut))
    }

    /// Returns when the lease is lost and the command has to go with it.
    async fn lease_lost(&self) {
        match self.agent.config.on_lease_loss {
            OnLeaseLoss::Kill => self.pulse.until(|beat| beat.lost).await,
            OnLeaseLoss::Keep => std::future::pending().await,
        }
    }
}

fn ended(finish: Finish, status: std::io::Result<ExitStatus>) -> Finish {
    match status {
        Ok(status) => Finish { exit_code: status.code(), signal: status.signal(), ..finish },
        Err(error) => Finish { error: Some(format!("outcome_unknown: {error}")), ..finish },
    }
}
