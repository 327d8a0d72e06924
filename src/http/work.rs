//! The lease protocol: claim, start, heartbeat, output, finish.

use std::time::Duration;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use hermes_actors::store::OutputChunk;
use hermes_actors::work::{self, Release, Renew};
use hermes_core::access::{ActorKind, Principal, Role};
use hermes_core::error::Code;
use hermes_core::id::{LeaseId, TaskId};
use hermes_core::task::{Action, Outcome, Task};
use hermes_core::wire::task::{Failure, TaskAnswer};
use hermes_core::wire::work::{Claim, Claimed, Finish, Heartbeat, Holder, Output, Start};
use tokio::sync::oneshot;

use super::body::Body;
use super::caller::Caller;
use super::error::ApiError;
use super::room::Place;
use super::state::State;
use super::tasks::{answer_of, carry};

const LONGEST_WAIT: u64 = 30;
const MOST_GRANTS: u32 = 16;
const MOST_ROLES: usize = 32;
const LONGEST_CHUNK: usize = 64 * 1024;

/// So much of a run's output is kept with the task: half from its beginning, half from its end.
const LOG_LIMIT: usize = 8 * 1024;

/// Ask for approved commands, and wait for them.
#[utoipa::path(
    tag = "work",
    request_body = Claim,
    responses((status = 200, body = Claimed), (status = 204, description = "Nothing to do"), (status = 403, body = Failure))
)]
#[post("/api/work/claim")]
pub(super) async fn claim(
    state: Data<State>,
    mut caller: Caller,
    Body(body): Body<Claim>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Worker])?;
    check(&body)?;
    if let Some(role) = body.roles.iter().find(|role| !caller.principal.work.covers(role)) {
        let why = format!("this key may not pull work for the sub-agent role {role}");
        return Err(caller.denied(&state, None, ApiError::new(Code::Forbidden, why)));
    }
    // Should the sub-agent leave, its key's share is free at once, the place as soon as the work list has noticed.
    let Place { permit, share: _share } = state.claim_permit(&mut caller)?;
    let (reply, grants) = oneshot::channel();
    let by = worker(&caller);
    let wait = Duration::from_secs(body.wait);
    let Claim { worker, roles, max, slot, .. } = body;
    state.engine.work.do_send(work::Claim { by, worker, roles, max, slot, reply, permit });
    let grants = tokio::select! {
        grants = tokio::time::timeout(wait, grants) => grants.ok().and_then(Result::ok),
        () = state.stopped() => None,
    };
    match grants {
        Some(grants) => {
            // What is not handed out goes back on the list when its lease runs out.
            caller.is_still_known(&state)?;
            let public_key = state.engine.signer.public_key();
            Ok(HttpResponse::Ok().json(Claimed { ok: true, grants, public_key }))
        }
        None => Ok(HttpResponse::NoContent().finish()),
    }
}

fn check(body: &Claim) -> Result<(), ApiError> {
    TaskId::parse(&body.worker)
        .map_err(|_| ApiError::field("worker", "a sub-agent's name has 1 to 128 characters of A-Z a-z 0-9 . _ : -"))?;
    if body.wait > LONGEST_WAIT {
        return Err(ApiError::field("wait", format!("at most {LONGEST_WAIT} seconds")));
    }
    let least = u32::from(body.slot.is_none());
    if !(least..=MOST_GRANTS).contains(&body.max) {
        return Err(ApiError::field("max", format!("1 to {MOST_GRANTS}, or 0 with a slot")));
    }
    if body.roles.len() > MOST_ROLES {
        return Err(ApiError::field("roles", format!("at most {MOST_ROLES}")));
    }
    Ok(())
}

/// The caller as events name a sub-agent.
fn worker(caller: &Caller) -> Principal {
    let mut principal = caller.principal.clone();
    principal.actor.kind = ActorKind::Worker;
    principal
}

fn as_worker(caller: Caller) -> Caller {
    let principal = worker(&caller);
    Caller { principal, ..caller }
}

fn lease_of(text: &str) -> Result<(LeaseId, TaskId), ApiError> {
    let lease = LeaseId::parse(text).map_err(|_| ApiError::not_found("lease"))?;
    let task = lease.task().ok_or_else(|| ApiError::not_found("lease"))?;
    Ok((lease, task))
}

/// Ask for leave to start. Without a 200 nothing may be run.
#[utoipa::path(
    tag = "work",
    params(("lease" = String, Path)),
    request_body = Start,
    responses((status = 200, body = TaskAnswer), (status = 409, body = Failure))
)]
#[post("/api/work/{lease}/start")]
pub(super) async fn start_run(
    state: Data<State>,
    caller: Caller,
    lease: Path<String>,
    Body(body): Body<Start>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Worker])?;
    let caller = as_worker(caller);
    let (lease, id) = lease_of(&lease)?;
    let timeout = state.engine.in_force.terms().execution_timeout;
    let action = Action::Start {
        lease,
        fence: body.fence,
        revision: body.revision,
        command_sha256: body.command_sha256,
        timeout,
    };
    let task = carry(&state, &caller, &id, None, action).await?;
    state.engine.work.do_send(Renew(id, body.fence));
    hermes_actors::crash::point("http.before_start_answer");
    Ok(HttpResponse::Ok().json(answer_of(&task)))
}

/// Say that the lease is still held.
#[utoipa::path(
    tag = "work",
    params(("lease" = String, Path)),
    request_body = Holder,
    responses((status = 200, body = Heartbeat), (status = 409, body = Failure))
)]
#[post("/api/work/{lease}/heartbeat")]
pub(super) async fn heartbeat(
    state: Data<State>,
    caller: Caller,
    lease: Path<String>,
    Body(body): Body<Holder>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Worker])?;
    let (lease, id) = lease_of(&lease)?;
    let task = state.engine.store.task(&id).await?.ok_or_else(|| ApiError::not_found("lease"))?;
    let key = &caller.principal.actor.id;
    if task.lease.as_ref().is_some_and(|live| live.id == lease && live.fence == body.fence && live.key == *key) {
        state.engine.work.do_send(Renew(id, body.fence));
        return Ok(HttpResponse::Ok().json(Heartbeat { ok: true, cancel: false, drain: false }));
    }
    let ended = task.ended_lease.as_ref().is_some_and(|ended| ended.lease.id == lease && ended.lease.key == *key);
    // The time to run is over: what still runs should end. A holder who was not heard of in time decides for himself.
    if ended && task.outcome != Some(Outcome::OutcomeUnknown) {
        return Ok(HttpResponse::Ok().json(Heartbeat { ok: true, cancel: true, drain: false }));
    }
    let error = ApiError::new(Code::LostLease, "this lease is not in force any more");
    Err(caller.denied(&state, Some(&id), error))
}

/// Hand in a piece of what the command wrote.
#[utoipa::path(
    tag = "work",
    params(("lease" = String, Path)),
    request_body = Output,
    responses((status = 200, description = "`{\"ok\":true}`"), (status = 409, body = Failure))
)]
#[post("/api/work/{lease}/output")]
pub(super) async fn add_output(
    state: Data<State>,
    caller: Caller,
    lease: Path<String>,
    Body(body): Body<Output>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Worker])?;
    let (lease, id) = lease_of(&lease)?;
    if body.data.len() > LONGEST_CHUNK {
        return Err(ApiError::field("data", format!("at most {LONGEST_CHUNK} bytes a chunk")));
    }
    if body.seq == 0 {
        return Err(ApiError::field("seq", "chunks are numbered from 1"));
    }
    let task = state.engine.store.task(&id).await?.ok_or_else(|| ApiError::not_found("lease"))?;
    let key = &caller.principal.actor.id;
    let live = task.lease.as_ref().filter(|live| live.id == lease && live.key == *key && live.started_at.is_some());
    if live.is_none_or(|live| live.fence != body.fence) {
        let error = ApiError::new(Code::LostLease, "this lease is not in force, or nothing was started under it");
        return Err(caller.denied(&state, Some(&id), error));
    }
    let _permit = state.write_permit()?;
    let data = hermes_core::redact::mask(&body.data).into_owned();
    let chunk = OutputChunk { fence: body.fence, seq: body.seq, stream: body.stream, data };
    state.engine.store.append_output(&id, chunk).await?;
    state.engine.feed.wake(&id, task.version);
    Ok(HttpResponse::Ok().json(serde_json::json!({"ok": true})))
}

/// Report how it ended. A repeat with the same content is answered the same way.
#[utoipa::path(
    tag = "work",
    params(("lease" = String, Path)),
    request_body = Finish,
    responses((status = 200, body = TaskAnswer), (status = 409, body = Failure))
)]
#[post("/api/work/{lease}/finish")]
pub(super) async fn finish(
    state: Data<State>,
    caller: Caller,
    lease: Path<String>,
    Body(body): Body<Finish>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Worker])?;
    let caller = as_worker(caller);
    let (lease, id) = lease_of(&lease)?;
    let task = state.engine.store.task(&id).await?.ok_or_else(|| ApiError::not_found("lease"))?;
    let log = log(&state, &task).await?;
    let fence = body.fence;
    let action = Action::Finish { lease, report: body, log };
    let task = carry(&state, &caller, &id, None, action).await?;
    if task.lease.is_none() {
        state.engine.work.do_send(Release(id, fence));
    }
    Ok(HttpResponse::Ok().json(answer_of(&task)))
}

/// Head and tail of everything the run wrote.
async fn log(state: &State, task: &Task) -> Result<String, ApiError> {
    let Some(fence) = task.lease.as_ref().map(|lease| lease.fence) else { return Ok(String::new()) };
    let mut excerpt = Excerpt::default();
    let mut after = 0;
    loop {
        let chunks = state.engine.store.output(&task.id, fence, after, 64).await?;
        let Some(last) = chunks.last() else { break };
        after = last.seq;
        for chunk in &chunks {
            excerpt.push(&chunk.data);
        }
    }
    Ok(excerpt.text())
}

/// The first and the last of a long text, with a word on what is between.
#[derive(Debug, Default)]
struct Excerpt {
    head: String,
    tail: String,
    left_out: usize,
}

impl Excerpt {
    fn push(&mut self, text: &str) {
        let room = (LOG_LIMIT / 2).saturating_sub(self.head.len());
        let room = if self.tail.is_empty() { room } else { 0 };
        let (head, rest) = text.split_at_checked(text.floor_char_boundary(room)).unwrap_or((text, ""));
        self.head.push_str(head);
        self.tail.push_str(rest);
        let over = self.tail.len().saturating_sub(LOG_LIMIT / 2);
        if over > LOG_LIMIT {
            self.cut(over);
        }
    }

    fn cut(&mut self, over: usize) {
        let over = self.tail.ceil_char_boundary(over);
        self.left_out += over;
        self.tail.drain(..over);
    }

    fn text(mut self) -> String {
        self.cut(self.tail.len().saturating_sub(LOG_LIMIT / 2));
        if self.left_out == 0 {
            return self.head + &self.tail;
        }
        format!("{}\n[… {} bytes left out …]\n{}", self.head, self.left_out, self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_head_and_tail_and_says_what_is_missing() {
        let mut excerpt = Excerpt::default();
        let lines: Vec<String> = (0..5000).map(|n| format!("line {n} é\n")).collect();
        for line in &lines {
            excerpt.push(line);
        }
        let text = excerpt.text();
        assert!(text.starts_with("line 0 é\n") && text.ends_with("line 4999 é\n"));
        assert!(text.len() < LOG_LIMIT + 100);
        let total: usize = lines.iter().map(String::len).sum();
        let (kept, note) = (text.len(), text.lines().find(|line| line.contains("left out")).unwrap());
        let left_out: usize = note.split(' ').nth(1).unwrap().parse().unwrap();
        assert_eq!(kept - note.len() - 2 + left_out, total);
    }

    #[test]
    fn a_short_log_is_whole() {
        let mut excerpt = Excerpt::default();
        excerpt.push("a\n");
        excerpt.push("b\n");
        assert_eq!(excerpt.text(), "a\nb\n");
    }
}
