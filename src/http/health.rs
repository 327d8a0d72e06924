//! How the server is.

use std::fmt::Write as _;

use actix_web::web::Data;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, get};
use hermes_core::access::Role;
use serde_json::json;

use super::caller::Caller;
use super::error::ApiError;
use super::state::State;

/// Whether the server is there.
#[utoipa::path(tag = "health", responses((status = 200, description = "`{ok, service, version, timestamp, feishu_configured, …}`")))]
#[get("/health")]
pub(super) async fn health(state: Data<State>) -> HttpResponse {
    let front = &state.front;
    HttpResponse::Ok().json(json!({
        "ok": true,
        "service": "hermes-supervisor",
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": state.engine.clock.now().unix_seconds(),
        "feishu_configured": front.feishu_configured,
        "xiaomei_configured": front.xiaomei_configured,
        "desktop_configured": front.desktop_configured,
        "callback_configured": front.callback_configured,
        "report_endpoint": front.report_endpoint,
    }))
}

/// Whether the server can take changes: a line for each part.
#[utoipa::path(tag = "health", responses((status = 200, description = "`{ok, parts}`"), (status = 503, description = "`{ok: false, parts}`")))]
#[get("/health/ready")]
pub(super) async fn ready(state: Data<State>) -> HttpResponse {
    let report = state.engine.health.report();
    let stopping = state.engine.health.is_stopping();
    let ok = !stopping && report.iter().all(|(_, state)| state.is_ok());
    let mut parts: serde_json::Map<_, _> = report
        .into_iter()
        .map(|(part, state)| (part.as_str().to_owned(), json!(state.map_or_else(|why| why, |()| "ok".to_owned()))))
        .collect();
    if stopping {
        parts.insert("server".to_owned(), json!("stopping"));
    }
    let body = json!({"ok": ok, "parts": parts});
    if ok { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

/// Figures for Prometheus.
#[utoipa::path(tag = "health", responses((status = 200, content_type = "text/plain", description = "Prometheus text format")))]
#[get("/metrics")]
pub(super) async fn metrics(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let is_near = request.peer_addr().is_some_and(|address| address.ip().to_canonical().is_loopback());
    if !is_near || request.headers().contains_key("x-forwarded-for") {
        let caller = Caller::extract(&request).await?;
        caller.require(&state, &[Role::Auditor])?;
    }
    let counts = state.engine.store.counts().await?;
    let mut text = state.metrics.render();
    text.push_str("# TYPE hermes_tasks gauge\n");
    for (name, count) in counts.by_state {
        let _infallible = writeln!(text, "hermes_tasks{{state=\"{name}\"}} {count}");
    }
    let position = state.engine.store.audit_position().await?;
    let _infallible =
        writeln!(text, "# TYPE hermes_audit_lines_total counter\nhermes_audit_lines_total {}", position.seq);
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
