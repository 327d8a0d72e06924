//! The audit trail: look, export, verify.

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpResponse, get};
use futures_util::stream;
use hermes_actors::audit::review;
use hermes_actors::store::AuditLine;
use hermes_core::access::Role;
use hermes_core::audit::Verdict;
use hermes_core::id::{Seq, TaskId};
use hermes_core::time::Timestamp;
use hermes_core::wire::task::Failure;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::caller::Caller;
use super::error::ApiError;
use super::state::State;
use super::tasks::{moment, number, task_id};

const PAGE: u32 = 512;

/// Which lines to show.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// 1 to 500, 50 if absent.
    limit: Option<String>,
    /// Only lines with a lower number.
    before: Option<String>,
    /// Only lines about this task.
    task_id: Option<String>,
}

/// The newest audit lines.
#[utoipa::path(
    tag = "audit",
    params(LogQuery),
    responses((status = 200, description = "`{ok, logs: [line, …]}`, newest first"), (status = 403, body = Failure))
)]
#[get("/api/audit/log")]
pub(super) async fn log(
    state: Data<State>,
    caller: Caller,
    Query(query): Query<LogQuery>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Auditor])?;
    let limit = number("limit", query.limit.as_deref(), 1, 500)?.unwrap_or(50);
    let before = number("before", query.before.as_deref(), 1, u64::MAX)?.map(Seq);
    let task = query.task_id.as_deref().filter(|text| !text.is_empty()).map(task_id).transpose()?;
    let lines = state.engine.store.audit_tail(task.as_ref(), before, limit).await?;
    let lines: Vec<Box<RawValue>> =
        lines.into_iter().filter_map(|line| RawValue::from_string(line.text).ok()).collect();
    Ok(HttpResponse::Ok().json(json!({"ok": true, "logs": lines})))
}

/// Which lines to export.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// Written at or after: seconds since 1970, or RFC 3339.
    since: Option<String>,
    /// Written before: seconds since 1970, or RFC 3339.
    until: Option<String>,
    /// Only lines about this task.
    task_id: Option<String>,
}

struct Export {
    after: Seq,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    task: Option<TaskId>,
}

/// All audit lines, or those of a time or a task, as JSONL in order.
#[utoipa::path(
    tag = "audit",
    params(ExportQuery),
    responses((status = 200, content_type = "application/x-ndjson", description = "One line each"), (status = 403, body = Failure))
)]
#[get("/api/audit/export")]
pub(super) async fn export(
    state: Data<State>,
    mut caller: Caller,
    Query(query): Query<ExportQuery>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Auditor])?;
    let export = Export {
        after: Seq(0),
        since: moment("since", query.since.as_deref())?,
        until: moment("until", query.until.as_deref())?,
        task: query.task_id.as_deref().filter(|text| !text.is_empty()).map(task_id).transpose()?,
    };
    let place = state.poll_permit(&mut caller)?;
    let state = state.into_inner();
    let pages = stream::unfold((export, state, place), |(mut export, state, place)| async move {
        let page = export.page(&state).await?;
        Some((page, (export, state, place)))
    });
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").streaming(Box::pin(pages)))
}

impl Export {
    /// The next page; a failure breaks the answer off, so that half an export is never taken for a whole one.
    async fn page(&mut self, state: &Arc<State>) -> Option<Result<Bytes, ApiError>> {
        let lines = match state.engine.store.audit_lines(self.after, PAGE).await {
            Ok(lines) => lines,
            Err(error) => return Some(Err(error.into())),
        };
        self.after = lines.last()?.seq;
        let mut text = String::new();
        for line in lines.iter().filter(|line| self.holds(line)) {
            text.push_str(&line.text);
            text.push('\n');
        }
        Some(Ok(Bytes::from(text)))
    }

    fn holds(&self, line: &AuditLine) -> bool {
        let about = |id: &TaskId| line.text.contains(&format!("\"task_id\":\"{id}\""));
        self.since.is_none_or(|since| line.at >= since)
            && self.until.is_none_or(|until| line.at < until)
            && self.task.as_ref().is_none_or(about)
    }
}

/// Check the chain of the audit file, and the file against the database.
#[utoipa::path(
    tag = "audit",
    responses((status = 200, description = "`{ok, intact, report}`"), (status = 403, body = Failure))
)]
#[get("/api/audit/verify")]
pub(super) async fn verify(state: Data<State>, mut caller: Caller) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Auditor])?;
    let _permit = state.poll_permit(&mut caller)?;
    let written = state.engine.flush_audit().await;
    let home = state.front.home.clone();
    let checked = actix_web::web::block(move || review(&home, written)).await;
    let report = checked.map_err(|error| ApiError::internal(&error))?.map_err(|error| ApiError::internal(&error))?;
    let intact = matches!(report.verdict, Verdict::Intact);
    Ok(HttpResponse::Ok().json(json!({"ok": true, "intact": intact, "report": report})))
}
