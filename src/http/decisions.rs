//! What people do with a task: decide, revise, dispatch, verify; and ask how risky a command would be.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use hermes_core::id::Digest;
use hermes_core::task::{Action, Ballot, Declared, Expectation};
use hermes_core::wire::task::{
    Classified, Classify, Decision, DecisionAction, DispatchTask, Failure, Resubmit, TaskAnswer, Verify, Withdraw,
};
use hermes_core::wire::work::Stream;

use super::body::Body;
use super::caller::Caller;
use super::error::ApiError;
use super::output::last_run;
use super::state::State;
use super::tasks::{answer_of, carry, grade, load, task_id};

/// So much of a run's output is looked at to judge it.
const MOST_JUDGED: usize = 2 << 20;

/// Decide on a task: a vote, which takes effect when enough people said the same.
#[utoipa::path(
    tag = "decisions",
    params(("id" = String, Path)),
    request_body = Decision,
    responses((status = 200, body = TaskAnswer), (status = 403, body = Failure), (status = 409, body = Failure))
)]
#[post("/api/tasks/{id}/decision")]
pub(super) async fn decide(
    state: Data<State>,
    caller: Caller,
    id: Path<String>,
    Body(body): Body<Decision>,
) -> Result<HttpResponse, ApiError> {
    let id = load(&state, &caller, &task_id(&id)?).await?.id.clone();
    let digest = body.command_sha256.as_deref().map(Digest::parse).transpose();
    let command_sha256 = digest.map_err(|error| ApiError::field("command_sha256", error))?;
    let ballot = Ballot { reason: body.reason.unwrap_or_default(), command_sha256 };
    let action = match body.action {
        DecisionAction::Approve => Action::Approve(ballot),
        DecisionAction::Reject => Action::Reject(ballot),
        DecisionAction::Modify => Action::RequestChange(ballot),
        DecisionAction::Escalate => Action::Escalate(ballot),
    };
    let task = carry(&state, &caller, &id, body.expected_version, action).await?;
    Ok(HttpResponse::Ok().json(answer_of(&task)))
}

/// Put another command into a task that was sent back.
#[utoipa::path(
    tag = "decisions",
    params(("id" = String, Path)),
    request_body = Resubmit,
    responses((status = 200, body = TaskAnswer), (status = 409, body = Failure), (status = 422, body = Failure))
)]
#[post("/api/tasks/{id}/resubmit")]
pub(super) async fn resubmit(
    state: Data<State>,
    caller: Caller,
    id: Path<String>,
    Body(body): Body<Resubmit>,
) -> Result<HttpResponse, ApiError> {
    let task = load(&state, &caller, &task_id(&id)?).await?;
    let command = body.command.ok_or_else(|| ApiError::field("command", "this field is required"))?;
    hermes_core::task::check_command(&command)?;
    let risk = grade(&state, &caller, &command, &task.source_ip, &task.declared).await?;
    let action = Action::Resubmit { command, description: body.description, risk };
    let task = carry(&state, &caller, &task.id, body.expected_version, action).await?;
    Ok(HttpResponse::Ok().json(answer_of(&task)))
}

/// Take a task back that is not decided yet.
#[utoipa::path(
    tag = "decisions",
    params(("id" = String, Path)),
    request_body = Withdraw,
    responses((status = 200, body = TaskAnswer), (status = 409, body = Failure))
)]
#[post("/api/tasks/{id}/withdraw")]
pub(super) async fn withdraw(
    state: Data<State>,
    caller: Caller,
    id: Path<String>,
    Body(body): Body<Withdraw>,
) -> Result<HttpResponse, ApiError> {
    let id = load(&state, &caller, &task_id(&id)?).await?.id.clone();
    let action = Action::Withdraw { reason: body.reason.unwrap_or_default() };
    let task = carry(&state, &caller, &id, body.expected_version, action).await?;
    Ok(HttpResponse::Ok().json(answer_of(&task)))
}

/// Put an approved task on a work list.
#[utoipa::path(
    tag = "decisions",
    params(("id" = String, Path)),
    request_body = DispatchTask,
    responses((status = 200, body = TaskAnswer), (status = 409, body = Failure))
)]
#[post("/api/tasks/{id}/dispatch")]
pub(super) async fn dispatch(
    state: Data<State>,
    caller: Caller,
    id: Path<String>,
    Body(body): Body<DispatchTask>,
) -> Result<HttpResponse, ApiError> {
    let id = load(&state, &caller, &task_id(&id)?).await?.id.clone();
    let assignee = body.assignee.filter(|text| !text.is_empty());
    let task = carry(&state, &caller, &id, body.expected_version, Action::Dispatch { assignee }).await?;
    let dispatched_to = task.dispatch.as_ref().map(|dispatch| dispatch.assignee.clone());
    Ok(HttpResponse::Ok().json(TaskAnswer { dispatched_to, ..answer_of(&task) }))
}

/// Judge the result of a finished task, or have the engine judge it.
#[utoipa::path(
    tag = "decisions",
    params(("id" = String, Path)),
    request_body = Verify,
    responses((status = 200, body = TaskAnswer), (status = 409, body = Failure), (status = 422, body = Failure))
)]
#[post("/api/tasks/{id}/verify")]
pub(super) async fn verify(
    state: Data<State>,
    caller: Caller,
    id: Path<String>,
    Body(body): Body<Verify>,
) -> Result<HttpResponse, ApiError> {
    let task = load(&state, &caller, &task_id(&id)?).await?;
    let expect = body.expect.map(|expect| Expectation {
        exit_code: expect.exit_code,
        stdout_contains: expect.stdout_contains,
        stdout_regex: expect.stdout_regex,
    });
    let stdout = if expect.is_some() { stdout(&state, &task).await? } else { String::new() };
    let action = Action::Verify { verdict: body.verdict, note: body.note.unwrap_or_default(), expect, stdout };
    let task = carry(&state, &caller, &task.id, body.expected_version, action).await?;
    Ok(HttpResponse::Ok().json(answer_of(&task)))
}

/// What the run wrote to standard output; what a person reported, if nothing ran here.
async fn stdout(state: &State, task: &hermes_core::task::Task) -> Result<String, ApiError> {
    let mut text = String::new();
    let mut after = 0;
    loop {
        let chunks = state.engine.store.output(&task.id, last_run(task), after, 64).await?;
        let Some(last) = chunks.last() else { break };
        after = last.seq;
        text.extend(chunks.iter().filter(|chunk| chunk.stream == Stream::Stdout).map(|chunk| chunk.data.as_str()));
        if text.len() > MOST_JUDGED {
            break;
        }
    }
    Ok(if after == 0 { task.execution_log.clone() } else { text })
}

/// Grade a command; nothing is stored.
#[utoipa::path(
    tag = "risk",
    request_body = Classify,
    responses((status = 200, body = Classified), (status = 422, body = Failure))
)]
#[post("/api/risk/classify")]
pub(super) async fn classify(
    state: Data<State>,
    caller: Caller,
    Body(body): Body<Classify>,
) -> Result<HttpResponse, ApiError> {
    let command = body.command.ok_or_else(|| ApiError::field("command", "this field is required"))?;
    hermes_core::task::check_command(&command)?;
    let source_ip = body.source_ip.unwrap_or_default();
    let risk = grade(&state, &caller, &command, &source_ip, &Declared::default()).await?;
    Ok(HttpResponse::Ok().json(Classified {
        ok: true,
        level: risk.level,
        labels: risk.labels,
        findings: risk.findings,
        summary: risk.summary,
        summary_zh: risk.summary_zh,
    }))
}
