//! Long poll: until a task is decided or finished.

use std::time::Duration;

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, get};
use hermes_core::task::State as TaskState;
use hermes_core::wire::task::{Failure, TaskAnswer};
use serde::Deserialize;

use super::caller::Caller;
use super::error::ApiError;
use super::state::State;
use super::tasks::{answer_of, load, number, task_id};

const LONGEST_WAIT: u64 = 300;

/// While somebody waits, the task is read again at least this often, whatever wakes him.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How long to wait, and for what.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct WaitQuery {
    /// `decided` (no longer waiting for a decision) or `finished` (final); `decided` if absent.
    until: Option<String>,
    /// Seconds, 0 to 300; 60 if absent.
    timeout: Option<String>,
}

/// Wait until a task is decided or finished.
#[utoipa::path(
    tag = "tasks",
    params(("id" = String, Path), WaitQuery),
    responses((status = 200, body = TaskAnswer), (status = 404, body = Failure))
)]
#[get("/api/tasks/{id}/wait")]
pub(super) async fn wait(
    state: Data<State>,
    mut caller: Caller,
    id: Path<String>,
    Query(query): Query<WaitQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = task_id(&id)?;
    let is_over: fn(TaskState) -> bool = match query.until.as_deref() {
        None | Some("" | "decided") => |state| !matches!(state, TaskState::Pending | TaskState::Admin),
        Some("finished") => TaskState::is_final,
        Some(_) => return Err(ApiError::field("until", "decided or finished")),
    };
    let seconds = number("timeout", query.timeout.as_deref(), 0, LONGEST_WAIT)?.unwrap_or(60);
    let _permit = state.poll_permit(&mut caller)?;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let mut waiting = state.engine.feed.wait_for(&id);
    loop {
        let task = load(&state, &caller, &id).await?;
        let is_late = tokio::time::Instant::now() >= deadline || state.engine.health.is_stopping();
        if is_over(task.state) || is_late {
            let timed_out = Some(!is_over(task.state));
            return Ok(HttpResponse::Ok().json(TaskAnswer { timed_out, ..answer_of(&task) }));
        }
        tokio::select! {
            () = waiting.changed() => {}
            () = tokio::time::sleep_until(deadline.min(tokio::time::Instant::now() + LOOK_AGAIN)) => {}
            () = state.stopped() => {}
        }
    }
}
