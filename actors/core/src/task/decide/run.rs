//! The lease protocol. Before an acknowledged start a lease may come and go; after it nothing is handed out again.

use super::{Terms, illegal};
use crate::access::Role;
use crate::id::{Digest, Fence, LeaseId, Revision};
use crate::task::{Command, Event, Lease, Mismatch, Outcome, Refusal, ReleaseReason, RunResult, State, Task};
use crate::time::Millis;
use crate::wire::work;

/// After so many leases that came back without a start, the task is given up.
const MOST_ATTEMPTS: u64 = 10;

/// What a sub-agent says when it asks for leave to start.
pub(super) struct Claim<'a> {
    pub(super) lease: &'a LeaseId,
    pub(super) fence: Fence,
    pub(super) revision: Revision,
    pub(super) command_sha256: &'a Digest,
    pub(super) timeout: Millis,
}

pub(super) fn lease(task: &Task, command: &Command, worker: &str, secret: [u8; 16]) -> Result<Vec<Event>, Refusal> {
    let assignee = task.ready_for().ok_or_else(|| illegal(task, "lease"))?;
    if !command.by.work.covers(assignee) {
        return Err(Refusal::RoleRequired(Role::Worker));
    }
    require_fresh_approval(task, command)?;
    if Digest::of(task.command.as_bytes()) != task.command_sha256 {
        return Err(Refusal::DigestMismatch(Mismatch::Command));
    }
    let fence = task.fence.next();
    let lease = Lease {
        id: LeaseId::new(&task.id, fence, secret),
        worker: worker.to_owned(),
        key: command.by.actor.id.clone(),
        fence,
        started_at: None,
    };
    Ok(vec![Event::Leased { lease, attempt: task.attempts.saturating_add(1) }])
}

pub(super) fn start(task: &Task, command: &Command, claim: &Claim<'_>, terms: &Terms) -> Result<Vec<Event>, Refusal> {
    let lease = task.lease.as_ref().ok_or(Refusal::LostLease("it ended, or the task went another way"))?;
    require_holder(lease, command, claim.lease, claim.fence)?;
    if claim.revision != task.revision || *claim.command_sha256 != task.command_sha256 {
        return Err(Refusal::StaleRevision { revision: task.revision });
    }
    if lease.started_at.is_some() {
        return Ok(Vec::new());
    }
    require_fresh_approval(task, command)?;
    let limit = claim.timeout.min(terms.execution_timeout);
    let finish_by = command.now.plus(limit).plus(terms.execution_grace);
    Ok(vec![Event::Started { fence: Some(claim.fence), finish_by }])
}

pub(super) fn finish(
    task: &Task,
    command: &Command,
    lease: &LeaseId,
    report: &work::Finish,
    log: &str,
) -> Result<Vec<Event>, Refusal> {
    check(report)?;
    let digest = Digest::of(&serde_json::to_vec(report).unwrap_or_default());
    if let Some(live) = task.lease.as_ref().filter(|live| live.id == *lease) {
        require_holder(live, command, lease, report.fence)?;
        return Ok(vec![end(task, live, report, log, digest)]);
    }
    let ended = task.ended_lease.as_ref().filter(|ended| ended.lease.id == *lease);
    let ended = ended.ok_or(Refusal::LostLease("it is not known, or it ended before it was started"))?;
    require_holder(&ended.lease, command, lease, report.fence)?;
    match (ended.result, ended.late_result) {
        (Some(known), _) | (None, Some(known)) if known == digest => Ok(Vec::new()),
        (Some(_), _) | (None, Some(_)) => Err(Refusal::ResultMismatch),
        (None, None) => Ok(vec![Event::LateResult { fence: report.fence, result: result(report), report: digest }]),
    }
}

pub(super) fn expire(task: &Task, fence: Fence) -> Vec<Event> {
    let Some(lease) = task.lease.as_ref().filter(|lease| lease.fence == fence) else { return Vec::new() };
    if lease.started_at.is_none() {
        return vec![Event::LeaseReleased { fence, why: ReleaseReason::Expired, note: String::new() }];
    }
    vec![Event::Finished {
        fence: Some(fence),
        outcome: Outcome::OutcomeUnknown,
        done: false,
        result: RunResult {
            error: Some("the sub-agent was not heard of in time; the command may have run".to_owned()),
            ..Default::default()
        },
        log: String::new(),
        report: None,
    }]
}

fn require_fresh_approval(task: &Task, command: &Command) -> Result<(), Refusal> {
    match task.deadlines.start_by {
        Some(start_by) if command.now >= start_by => Err(Refusal::ApprovalExpired),
        Some(_) | None => Ok(()),
    }
}

fn require_holder(lease: &Lease, command: &Command, id: &LeaseId, fence: Fence) -> Result<(), Refusal> {
    if lease.key != command.by.actor.id {
        return Err(Refusal::LostLease("another key holds it"));
    }
    if lease.id != *id || lease.fence != fence {
        return Err(Refusal::LostLease("a later lease has taken its place"));
    }
    Ok(())
}

fn check(report: &work::Finish) -> Result<(), Refusal> {
    const FIELDS: &str = "give exactly one of exit_code, signal, error, not_run";
    let said = [report.exit_code.is_some(), report.signal.is_some(), report.error.is_some(), report.not_run.is_some()];
    if said.into_iter().filter(|said| *said).count() == 1 {
        return Ok(());
    }
    Err(Refusal::invalid("exit_code", FIELDS.to_owned()))
}

/// What the end of a lease in force means.
fn end(task: &Task, lease: &Lease, report: &work::Finish, log: &str, digest: Digest) -> Event {
    let fence = report.fence;
    let ran_without_leave = lease.started_at.is_none() && (report.exit_code.is_some() || report.signal.is_some());
    if lease.started_at.is_none() && !ran_without_leave {
        let note = report.not_run.clone().or_else(|| report.error.clone()).unwrap_or_default();
        // Another sub-agent would find the same: what was approved is not what the engine holds.
        let is_hopeless = report.not_run.as_deref() == Some("digest_mismatch");
        if task.attempts < MOST_ATTEMPTS && task.state == State::Approved && !is_hopeless {
            return Event::LeaseReleased { fence, why: ReleaseReason::Returned, note };
        }
    }
    let outcome = match (lease.started_at, &report.not_run) {
        // It must not be handed out again, and nobody approved this run: people have to look.
        (None, _) if ran_without_leave => Outcome::OutcomeUnknown,
        (None, _) => Outcome::Undeliverable,
        (Some(_), Some(_)) => Outcome::NotRun,
        (Some(_), None) => ran(report),
    };
    let done = outcome == Outcome::Completed;
    Event::Finished {
        fence: Some(fence),
        outcome,
        done,
        result: result(report),
        log: log.to_owned(),
        report: Some(digest),
    }
}

fn ran(report: &work::Finish) -> Outcome {
    match report.exit_code {
        _ if report.timed_out => Outcome::ExecutionTimeout,
        Some(0) => Outcome::Completed,
        Some(_) => Outcome::ExitNonzero,
        None if report.signal.is_some() => Outcome::ExitNonzero,
        None => Outcome::OutcomeUnknown,
    }
}

fn result(report: &work::Finish) -> RunResult {
    RunResult {
        exit_code: report.exit_code,
        signal: report.signal,
        error: report.error.clone().or_else(|| report.not_run.clone()),
        duration_ms: report.duration_ms,
        stdout_bytes: report.stdout_bytes,
        stderr_bytes: report.stderr_bytes,
        truncated: report.truncated,
        extra: None,
    }
}
