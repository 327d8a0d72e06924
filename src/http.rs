//! The HTTP API: routes, who may call them, and what an error looks like.

mod admin;
mod audit;
mod body;
mod caller;
mod decisions;
mod error;
mod events;
mod feishu;
mod health;
mod limit;
mod openapi;
mod output;
mod room;
mod state;
mod tasks;
mod wait;
mod work;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{App, Error, HttpServer};
use hermes_core::error::Code;
use utoipa_swagger_ui::SwaggerUi;

use self::error::ApiError;
pub(crate) use self::feishu::Feishu;
pub(crate) use self::limit::Limiter;
pub use self::openapi::description;
pub(crate) use self::room::{Room, Shares};
pub(crate) use self::state::{Front, State};

/// A head that is not here by then is given up (408).
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long requests may take to end when the server stops.
const DRAIN: u64 = 10;

/// How the server runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Threads.
    pub(crate) workers: usize,
    /// Connections that may be open at once.
    pub(crate) max_connections: usize,
}

/// Starts the server on sockets that are bound already.
pub(crate) fn serve(state: Data<State>, listeners: Vec<TcpListener>, shape: Shape) -> std::io::Result<Server> {
    let per_worker = shape.max_connections.div_ceil(shape.workers).max(1);
    let mut server = HttpServer::new(move || {
        App::new().app_data(state.clone()).wrap(from_fn(around)).configure(routes).default_service(web::to(no_route))
    })
    .workers(shape.workers)
    .max_connections(per_worker)
    .client_request_timeout(HEAD_TIMEOUT)
    .shutdown_timeout(DRAIN)
    .disable_signals();
    for listener in listeners {
        server = server.listen(listener)?;
    }
    Ok(server.run())
}

fn routes(config: &mut ServiceConfig) {
    config
        .app_data(QueryConfig::default().error_handler(|error, _| not_understood("query", &error).into()))
        .app_data(PathConfig::default().error_handler(|error, _| not_understood("path", &error).into()))
        .service(health::health)
        .service(health::ready)
        .service(health::metrics)
        .service(tasks::create)
        .service(tasks::list)
        .service(wait::wait)
        .service(output::read_output)
        .service(tasks::show)
        .service(decisions::decide)
        .service(decisions::resubmit)
        .service(decisions::withdraw)
        .service(decisions::dispatch)
        .service(decisions::verify)
        .service(tasks::update)
        .service(decisions::classify)
        .service(work::claim)
        .service(work::start_run)
        .service(work::heartbeat)
        .service(work::add_output)
        .service(work::finish)
        .service(events::events)
        .service(feishu::webhook)
        .service(audit::log)
        .service(audit::export)
        .service(audit::verify)
        .service(admin::create_key)
        .service(admin::list_keys)
        .service(admin::revoke_key)
        .service(admin::show_allow_list)
        .service(admin::replace_allow_list)
        .service(admin::show_policy)
        .service(admin::replace_policy)
        .service(admin::reload)
        .service(admin::cleanup)
        .service(openapi::openapi_json)
        .service(web::redirect("/docs", "/docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json")));
}

fn not_understood(what: &str, error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(Code::BadRequest, format!("the {what} cannot be understood: {error}"))
}

async fn no_route(request: actix_web::HttpRequest) -> Result<actix_web::HttpResponse, ApiError> {
    let known = request.resource_map().match_pattern(request.path()).is_some();
    if known {
        let why = format!("{} is not possible here", request.method());
        return Err(ApiError::new(Code::MethodNotAllowed, why));
    }
    Err(ApiError::new(Code::NotFound, "there is no such route; /docs shows the API"))
}

/// What happens around every request: foreign pages are refused, answers carry their protective headers, and each
/// request is counted.
async fn around(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let method = request.method().clone();
    let mut answer = match caller::check_origin(request.request()) {
        Ok(()) => next.call(request).await?.map_into_left_body(),
        Err(error) => request.error_response(error).map_into_right_body(),
    };
    let route = answer.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(policy_for(&route)));
    let status = answer.status().as_u16();
    let labels = [("method", method.to_string()), ("route", route), ("status", status.to_string())];
    metrics::counter!("hermes_http_requests_total", &labels).increment(1);
    metrics::histogram!("hermes_http_request_seconds", &labels).record(started.elapsed().as_secs_f64());
    Ok(answer)
}

/// The page that shows the API brings its own styles and draws its icons from data; nothing else is a page at all.
fn policy_for(route: &str) -> &'static str {
    if route.starts_with("/docs") {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    }
}
