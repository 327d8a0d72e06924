//! Server-sent events: the audit trail as it grows, without a gap.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::stream;
use hermes_actors::store::AuditLine;
use hermes_core::access::{Principal, Role};
use hermes_core::id::Seq;
use tokio::sync::watch;

use super::caller::Caller;
use super::error::ApiError;
use super::room::Place;
use super::state::State;
use super::tasks::number;

const PAGE: u32 = 256;

/// Keeps proxies from closing a quiet stream.
const COMMENT_AFTER: Duration = Duration::from_secs(15);

/// Follow what happens: one event per audit line, `id` its number. `Last-Event-ID` goes on after that line.
#[utoipa::path(
    tag = "audit",
    params(("Last-Event-ID" = Option<u64>, Header, description = "Go on after this line; from now on if absent")),
    responses((status = 200, content_type = "text/event-stream", description = "`id: <seq>`, `event: audit`, `data: <line>`"))
)]
#[get("/api/events")]
pub(super) async fn events(
    state: Data<State>,
    mut caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let last = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    let position = state.engine.store.position();
    let newest = *position.borrow();
    let after = number("Last-Event-ID", last, 0, u64::MAX)?.map_or(newest, Seq);
    let place = state.poll_permit(&mut caller)?;
    let follower = Follower { after, position, ready: VecDeque::new(), principal: caller.principal, _place: place };
    let state = state.into_inner();
    let events = stream::unfold((follower, state), |(mut follower, state)| async move {
        let piece = follower.next(&state).await?;
        Some((Ok::<_, ApiError>(piece), (follower, state)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Box::pin(events)))
}

/// Somebody who follows.
struct Follower {
    after: Seq,
    position: watch::Receiver<Seq>,
    ready: VecDeque<Bytes>,
    principal: Principal,
    _place: Place,
}

impl Follower {
    /// The next piece of the stream; none when the key stops working, the server stops or the database cannot be read.
    async fn next(&mut self, state: &Arc<State>) -> Option<Bytes> {
        loop {
            if !state.keys.is_alive(&self.principal.actor.id, state.engine.clock.now()) {
                return None;
            }
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            let lines = state.engine.store.audit_lines(self.after, PAGE).await.ok()?;
            if let Some(last) = lines.last() {
                self.after = last.seq;
                self.ready = lines.iter().filter(|line| may_see(&self.principal, line)).map(event).collect();
                continue;
            }
            tokio::select! {
                changed = self.position.changed() => changed.ok()?,
                () = tokio::time::sleep(COMMENT_AFTER) => return Some(Bytes::from_static(b":\n\n")),
                () = state.stopped() => return None,
            }
        }
    }
}

/// A submitter follows his own tasks; what is about no task is for those who may read the trail.
fn may_see(principal: &Principal, line: &AuditLine) -> bool {
    let reads_all = principal.has(Role::Approver) || principal.has(Role::Auditor);
    reads_all || line.owner.as_deref() == Some(principal.actor.id.as_str())
}

fn event(line: &AuditLine) -> Bytes {
    Bytes::from(format!("id: {}\nevent: audit\ndata: {}\n\n", line.seq, line.text))
}
