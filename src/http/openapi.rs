//! The API's own description, made from the code.

use actix_web::{HttpResponse, get};
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use super::{admin, audit, decisions, events, feishu, health, output, tasks, wait, work};

/// OpenAPI 3.1.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hermes Approval Engine",
        description = "Holds a command until somebody with the right to say yes has said yes.",
        license(name = "MIT")
    ),
    paths(
        health::health, health::ready, health::metrics,
        tasks::create, tasks::list, tasks::show, wait::wait, tasks::update, output::read_output,
        decisions::decide, decisions::resubmit, decisions::withdraw, decisions::dispatch, decisions::verify,
        decisions::classify,
        work::claim, work::start_run, work::heartbeat, work::add_output, work::finish,
        events::events, feishu::webhook, audit::log, audit::export, audit::verify,
        admin::create_key, admin::list_keys, admin::revoke_key, admin::show_allow_list, admin::replace_allow_list,
        admin::show_policy, admin::replace_policy, admin::reload, admin::cleanup,
    ),
    modifiers(&Keys),
    security(("key" = []))
)]
pub(crate) struct Description;

struct Keys;

impl utoipa::Modify for Keys {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The description as a text, for the one in `docs/`.
pub fn description() -> String {
    Description::openapi().to_pretty_json().unwrap_or_default()
}

#[get("/openapi.json")]
pub(super) async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok().json(Description::openapi())
}
