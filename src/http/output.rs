//! What a run writes, while it writes.

use std::time::Duration;

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, get};
use hermes_core::id::Fence;
use hermes_core::task::Task;
use hermes_core::wire::task::Failure;
use serde::Deserialize;

use super::caller::Caller;
use super::error::ApiError;
use super::state::State;
use super::tasks::{load, number, task_id};

/// How far to look into a run's output.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct OutputQuery {
    /// Only chunks with a higher number.
    after: Option<String>,
    /// Seconds to wait for more, 0 to 30.
    wait: Option<String>,
}

/// What a run writes, while it writes.
#[utoipa::path(
    tag = "tasks",
    params(("id" = String, Path), OutputQuery),
    responses((status = 200, description = "`{ok, chunks: [{seq, stream, data}], next, done}`"), (status = 404, body = Failure))
)]
#[get("/api/tasks/{id}/output")]
pub(super) async fn read_output(
    state: Data<State>,
    mut caller: Caller,
    id: Path<String>,
    Query(query): Query<OutputQuery>,
) -> Result<HttpResponse, ApiError> {
    const PAGE: u32 = 64;
    let id = task_id(&id)?;
    let after = number("after", query.after.as_deref(), 0, u64::MAX)?.unwrap_or(0);
    let seconds = number("wait", query.wait.as_deref(), 0, 30)?.unwrap_or(0);
    let _permit = state.poll_permit(&mut caller)?;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let mut waiting = state.engine.feed.wait_for(&id);
    loop {
        let task = load(&state, &caller, &id).await?;
        let chunks = state.engine.store.output(&id, last_run(&task), after, PAGE).await?;
        let done = task.state.is_final() && chunks.len() < PAGE as usize;
        let is_late = tokio::time::Instant::now() >= deadline || state.engine.health.is_stopping();
        if !chunks.is_empty() || done || is_late {
            let next = chunks.last().map_or(after, |chunk| chunk.seq);
            let chunks: Vec<_> = chunks
                .into_iter()
                .map(|chunk| serde_json::json!({"seq": chunk.seq, "stream": chunk.stream, "data": chunk.data}))
                .collect();
            return Ok(
                HttpResponse::Ok().json(serde_json::json!({"ok": true, "chunks": chunks, "next": next, "done": done}))
            );
        }
        tokio::select! {
            () = waiting.changed() => {}
            () = tokio::time::sleep_until(deadline) => {}
            () = state.stopped() => {}
        }
    }
}

/// The run that the task shows: that of the lease in force, else of the one that ended.
pub(super) fn last_run(task: &Task) -> Fence {
    let ended = task.ended_lease.as_ref().map(|ended| ended.lease.fence);
    task.lease.as_ref().map(|lease| lease.fence).or(ended).unwrap_or(task.fence)
}
