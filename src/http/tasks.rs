//! Tasks: submit, list, show, wait.

use std::sync::Arc;

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse, get, post};
use hermes_actors::risk::Classify as Grade;
use hermes_actors::store::{self, Idempotency, NewTask};
use hermes_actors::task::{Carry, Submit};
use hermes_core::access::{ActorKind, Role, Via};
use hermes_core::error::Code;
use hermes_core::id::{TaskId, Version};
use hermes_core::risk::Assessment;
use hermes_core::task::{Action, Command, Declared, Report, State as TaskState, Submission, Task};
use hermes_core::time::{Millis, Timestamp};
use hermes_core::wire::task::{CreateTask, Failure, TaskAnswer, TaskList, UpdateTask};
use serde::Deserialize;

use super::body::Body;
use super::caller::Caller;
use super::error::ApiError;
use super::state::State;

/// An idempotency key is remembered for so long.
const REMEMBERED: Millis = Millis::from_secs(24 * 3600);
const LONGEST_KEY: usize = 256;

/// Submit a command. The answer is durable before it is given.
#[utoipa::path(
    tag = "tasks",
    request_body = CreateTask,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same task, for 24 h")),
    responses(
        (status = 201, body = TaskAnswer),
        (status = 200, description = "A repeat; header Idempotent-Replay: true", body = TaskAnswer),
        (status = 409, description = "The id or the idempotency key is in use with other content", body = Failure),
        (status = 422, body = Failure),
    )
)]
#[post("/api/tasks")]
pub(super) async fn create(
    state: Data<State>,
    caller: Caller,
    request: HttpRequest,
    Body(body): Body<CreateTask>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Submitter])?;
    let key = idempotency_key(&request)?;
    let submission = submission(body)?;
    submission.check()?;
    let _permit = state.write_permit()?;
    // Only what can be a repeat is compared with what there is.
    let can_repeat = key.is_some() || submission.task_id.is_some();
    let digest = can_repeat.then(|| submission.digest());
    if let Some(key) = &key
        && let Some(known) = state.engine.store.idempotency(&scope(&caller), key, state.engine.clock.now()).await?
    {
        return replay_key(&state, &caller, &known.task, digest == Some(known.body)).await;
    }
    check_rerun(&state, &caller, submission.rerun_of.as_ref()).await?;
    let risk = grade(&state, &caller, &submission.command, &submission.source_ip, &submission.declared()).await?;
    let own_id = submission.task_id.clone();
    let answer = submit(&state, &caller, submission, risk, key).await;
    match answer {
        Ok(task) => Ok(HttpResponse::Created().json(answer_of(&task))),
        Err(hermes_actors::Error::Store(store::Error::KeyUsed { task, body })) => {
            replay_key(&state, &caller, &task, digest == Some(body)).await
        }
        Err(hermes_actors::Error::Store(store::Error::TaskExists)) => {
            replay_id(&state, &caller, own_id.as_ref(), digest).await
        }
        Err(error) => Err(caller.denied(&state, None, error.into())),
    }
}

fn scope(caller: &Caller) -> String {
    caller.principal.actor.id.clone()
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > LONGEST_KEY {
        let why = format!("1 to {LONGEST_KEY} printable ASCII characters are allowed");
        return Err(ApiError::field("Idempotency-Key", why));
    }
    Ok(Some(text.to_owned()))
}

fn submission(body: CreateTask) -> Result<Submission, ApiError> {
    let id = |field: &str, text: Option<String>| match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => TaskId::parse(&text).map(Some).map_err(|error| ApiError::field(field, error)),
    };
    Ok(Submission {
        command: body.command.ok_or_else(|| ApiError::field("command", "this field is required"))?,
        description: body.description.unwrap_or_default(),
        source_ip: body.source_ip.unwrap_or_default(),
        operator_name: body.operator_name.unwrap_or_default(),
        source_agent: body.source_agent.unwrap_or_else(|| "xiaoqiang".to_owned()),
        target_executor: body.target_executor.unwrap_or_default(),
        submitter_open_id: body.submitter_open_id.unwrap_or_default(),
        approval_id: body.approval_id.unwrap_or_default(),
        task_id: id("task_id", body.task_id)?,
        risk_level: body.risk_level,
        risk_labels: body.risk_labels.unwrap_or_default(),
        rerun_of: id("rerun_of", body.rerun_of)?,
    })
}

/// A re-run is of a task that has ended, and that the submitter may see.
async fn check_rerun(state: &State, caller: &Caller, of: Option<&TaskId>) -> Result<(), ApiError> {
    let Some(id) = of else { return Ok(()) };
    let task = state.engine.store.task(id).await?.filter(|task| task.is_visible_to(&caller.principal));
    match task {
        Some(task) if task.state.is_final() => Ok(()),
        Some(_) => Err(ApiError::field("rerun_of", "this task has not ended yet")),
        None => Err(ApiError::field("rerun_of", "there is no such task")),
    }
}

pub(super) async fn grade(
    state: &State,
    caller: &Caller,
    command: &str,
    source_ip: &str,
    declared: &Declared,
) -> Result<Assessment, ApiError> {
    let ask = Grade {
        command: command.to_owned(),
        peer: caller.peer,
        claimed: Some(source_ip.to_owned()).filter(|text| !text.is_empty()),
        declared_level: declared.level,
        declared_labels: declared.masked_labels(),
    };
    Ok(state.engine.risk.send(ask).await?)
}

async fn submit(
    state: &State,
    caller: &Caller,
    submission: Submission,
    risk: Assessment,
    key: Option<String>,
) -> Result<Arc<Task>, hermes_actors::Error> {
    let now = state.engine.clock.now();
    let idempotency = key.map(|key| Idempotency {
        scope: scope(caller),
        key,
        body: submission.digest(),
        expires_at: now.plus(REMEMBERED),
    });
    let pending_limit = state.governance.pending_limit(&state.engine.in_force.terms().policy, &caller.principal);
    let own_id = submission.task_id.clone();
    let mut message = Submit {
        by: caller.principal.clone(),
        via: Via::Api,
        now,
        submission,
        peer_ip: caller.peer.map(|peer| peer.to_string()).unwrap_or_default(),
        risk,
        new: NewTask { number: None, idempotency, pending_limit },
    };
    if let Some(id) = own_id {
        return state.engine.tasks.send(id, message).await;
    }
    loop {
        let number = state.engine.store.next_task_number();
        message.new.number = Some(number);
        let Ok(id) = TaskId::parse(&format!("TASK-{number:04}")) else {
            return Err(hermes_actors::Error::NoSuchTask);
        };
        match state.engine.tasks.send(id, message.clone()).await {
            // Somebody chose this very id for a task of his own: take the next number.
            Err(hermes_actors::Error::Store(store::Error::TaskExists)) => {}
            answer => return answer,
        }
    }
}

async fn replay_key(state: &State, caller: &Caller, task: &TaskId, same: bool) -> Result<HttpResponse, ApiError> {
    if !same {
        let why = "this Idempotency-Key was used with another body; use a new key for a new task";
        return Err(caller.denied(state, Some(task), ApiError::new(Code::IdempotencyMismatch, why)));
    }
    replay(&*load(state, caller, task).await?)
}

async fn replay_id(
    state: &State,
    caller: &Caller,
    id: Option<&TaskId>,
    content: Option<hermes_core::id::Digest>,
) -> Result<HttpResponse, ApiError> {
    let taken = || ApiError::new(Code::TaskExists, "a task of this id exists with other content; choose another id");
    let id = id.ok_or_else(taken)?;
    let task = state.engine.store.task(id).await?.filter(|task| content == Some(task.content));
    match task.filter(|task| task.submitted_by == caller.principal.actor) {
        Some(task) => replay(&task),
        None => Err(caller.denied(state, Some(id), taken())),
    }
}

fn replay(task: &Task) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().insert_header(("Idempotent-Replay", "true")).json(answer_of(task)))
}

pub(super) fn answer_of(task: &Task) -> TaskAnswer {
    TaskAnswer { ok: true, task: task.view(), timed_out: None, dispatched_to: None }
}

/// Loads a task that the caller may see; what he may not see does not exist for him.
pub(super) async fn load(state: &State, caller: &Caller, id: &TaskId) -> Result<Arc<Task>, ApiError> {
    caller.is_still_known(state)?;
    let task = state.engine.store.task(id).await?;
    let visible = task.filter(|task| task.is_visible_to(&caller.principal));
    visible.ok_or_else(|| ApiError::new(Code::NotFound, format!("there is no task {id}")))
}

pub(super) fn task_id(text: &str) -> Result<TaskId, ApiError> {
    TaskId::parse(text).map_err(|_| ApiError::not_found("task"))
}

/// Carries a caller's command to a task that he may see.
pub(super) async fn carry(
    state: &State,
    caller: &Caller,
    id: &TaskId,
    expected_version: Option<Version>,
    action: Action,
) -> Result<Arc<Task>, ApiError> {
    let _permit = state.write_permit()?;
    let now = state.engine.clock.now();
    let via = match caller.principal.actor.kind {
        ActorKind::Worker => Via::Work,
        ActorKind::Key | ActorKind::Feishu | ActorKind::System => Via::Api,
    };
    let command = Command { by: caller.principal.clone(), via, now, expected_version, action };
    let answer = state.engine.tasks.send(id.clone(), Carry(command)).await;
    answer.map_err(|error| caller.denied(state, Some(id), error.into()))
}

/// What a list can be narrowed by.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// One status, or several with commas between.
    status: Option<String>,
    /// `low`, `medium` or `high`.
    risk: Option<String>,
    /// A text in id, command or description.
    q: Option<String>,
    /// Submitted at or after: seconds since 1970, or RFC 3339.
    since: Option<String>,
    /// Submitted before: seconds since 1970, or RFC 3339.
    until: Option<String>,
    /// The name of the submitter's key.
    submitted_by: Option<String>,
    /// 1 to 500, 20 if absent.
    limit: Option<String>,
    /// Leaves out so many; a cursor is faster.
    offset: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List tasks, newest first. A submitter sees his own.
#[utoipa::path(tag = "tasks", params(ListQuery), responses((status = 200, body = TaskList), (status = 422, body = Failure)))]
#[get("/api/tasks")]
pub(super) async fn list(
    state: Data<State>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut query = store_query(query)?;
    let sees_all = [Role::Approver, Role::Auditor, Role::Worker].into_iter().any(|role| caller.principal.has(role));
    if !sees_all {
        query.submitted_by = Some(caller.principal.actor.id.clone());
    }
    let (offset, limit) = (u64::from(query.offset), u64::from(query.limit));
    let page = state.engine.store.tasks(query).await?;
    Ok(HttpResponse::Ok().json(TaskList {
        ok: true,
        total: page.total,
        offset,
        limit,
        tasks: page.tasks.iter().map(Task::view).collect(),
        next_cursor: page.next.map(|next| next.to_string()),
    }))
}

fn store_query(query: ListQuery) -> Result<store::Query, ApiError> {
    let states = query.status.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty());
    let states = states
        .map(|text| {
            let names = TaskState::ALL.map(TaskState::as_str).join(", ");
            TaskState::parse(text).ok_or_else(|| ApiError::field("status", format!("\"{text}\" is none of {names}")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let risk = query.risk.filter(|text| !text.is_empty()).map(|text| {
        hermes_core::risk::Level::parse(&text).ok_or_else(|| ApiError::field("risk", "low, medium or high"))
    });
    Ok(store::Query {
        states,
        risk: risk.transpose()?,
        submitted_by: query.submitted_by.filter(|text| !text.is_empty()),
        text: query.q.filter(|text| !text.is_empty()),
        since: moment("since", query.since.as_deref())?,
        until: moment("until", query.until.as_deref())?,
        before: number("cursor", query.cursor.as_deref(), 1, u64::MAX)?,
        offset: number("offset", query.offset.as_deref(), 0, 1_000_000)?.unwrap_or(0),
        limit: number("limit", query.limit.as_deref(), 1, 500)?.unwrap_or(20),
    })
}

/// Reads a number of a query; one outside the bounds is refused by its name.
pub(super) fn number<T: TryFrom<u64>>(
    field: &str,
    text: Option<&str>,
    least: u64,
    most: u64,
) -> Result<Option<T>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let number = text.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
    let number = number.and_then(|number| T::try_from(number).ok());
    number.map(Some).ok_or_else(|| ApiError::field(field, format!("a whole number from {least} to {most}")))
}

/// Reads a moment of a query.
pub(super) fn moment(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..1e11).contains(seconds));
    let moment = seconds.map(Timestamp::from_unix_seconds).or_else(|| Timestamp::parse_rfc3339(text));
    moment.map(Some).ok_or_else(|| ApiError::field(field, "seconds since 1970, or a time like 2026-01-31T12:00:00Z"))
}

/// What one task can be shown with.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ShowQuery {
    /// `events` adds the time line.
    include: Option<String>,
}

/// Show a task.
#[utoipa::path(
    tag = "tasks",
    params(("id" = String, Path), ShowQuery),
    responses((status = 200, body = TaskAnswer), (status = 404, body = Failure))
)]
#[get("/api/tasks/{id}")]
pub(super) async fn show(
    state: Data<State>,
    caller: Caller,
    id: Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<HttpResponse, ApiError> {
    let task = load(&state, &caller, &task_id(&id)?).await?;
    let mut answer = answer_of(&task);
    if let Some(lease) = &mut answer.task.lease {
        let left = state.engine.work.send(hermes_actors::work::TimeLeft(task.id.clone())).await?;
        lease.expires_at = left.map(|left| state.engine.clock.now().plus(left).unix_seconds());
    }
    if query.include.as_deref() == Some("events") {
        let events = state.engine.store.events(&task.id).await?;
        // What happened since the task was read is of a later task.
        let told = events.iter().take_while(|event| event.version <= task.version);
        answer.task.events = Some(told.map(hermes_core::task::Recorded::view).collect());
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// Update a task in the reference's form: the status goes through the same state machine as everything else.
#[utoipa::path(
    tag = "tasks",
    params(("id" = String, Path)),
    request_body = UpdateTask,
    responses((status = 200, body = TaskAnswer), (status = 403, body = Failure), (status = 409, body = Failure))
)]
#[post("/api/tasks/{id}")]
pub(super) async fn update(
    state: Data<State>,
    caller: Caller,
    id: Path<String>,
    Body(body): Body<UpdateTask>,
) -> Result<HttpResponse, ApiError> {
    let id = load(&state, &caller, &task_id(&id)?).await?.id.clone();
    let report = Report {
        status: body.status,
        remark: body.remark.unwrap_or_default(),
        execution_log: hermes_core::redact::mask(&body.execution_log.unwrap_or_default()).into_owned(),
        execution_result: body.execution_result,
    };
    let task = carry(&state, &caller, &id, body.expected_version, Action::Report(report)).await?;
    Ok(HttpResponse::Ok().json(answer_of(&task)))
}
