//! Administration: keys, allow-list, policy, reload, clean-up. Each change is validated as a whole, and is an event.

use std::collections::BTreeSet;

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, delete, get, post, put};
use hermes_core::access::Role;
use hermes_core::policy::Policy;
use hermes_core::redact;
use hermes_core::time::{Millis, Timestamp};
use hermes_core::wire::task::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::body::Body;
use super::caller::Caller;
use super::error::ApiError;
use super::limit::Limiter;
use super::state::State;
use super::tasks::number;
use crate::app::governance;
use crate::app::keys;

/// A new key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NewKey {
    /// Its name, the actor in the audit trail: `[A-Za-z0-9._-]{1,64}`.
    pub(crate) name: String,
    /// `submitter`, `approver`, `admin`, `auditor`, `worker`, `worker:<sub-agent role>`.
    pub(crate) roles: Vec<String>,
    /// Seconds until it stops working; never if absent.
    #[serde(default)]
    pub(crate) expires_in: Option<u64>,
    /// Make the first key of a server without a root key though it is not an admin's.
    #[serde(default)]
    pub(crate) without_admin: Option<bool>,
}

const SHUTS_OUT: &str = "the first key has to be an admin's: from then on everybody needs a key, and nobody could make \
    another (or set API_SERVER_KEY first)";

/// Make a key. The answer is the only time that it is shown.
#[utoipa::path(
    tag = "administration",
    request_body = NewKey,
    responses((status = 201, description = "`{ok, name, key, roles, first}`; `first`: until now nobody needed a key"), (status = 409, body = Failure), (status = 422, body = Failure))
)]
#[post("/api/admin/keys")]
pub(super) async fn create_key(
    state: Data<State>,
    caller: Caller,
    Body(body): Body<NewKey>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Admin])?;
    let _permit = state.audited_write_permit()?;
    let now = state.engine.clock.now();
    let expires_at = body.expires_in.map(|seconds| now.plus(Millis::from_secs(seconds)));
    let made = keys::make(&body.name, &body.roles, now, expires_at, &caller.principal.actor)?;
    let roles = made.record.role_names();
    let is_first = state.front.root_key.is_none() && state.keys.are_none();
    if is_first && body.without_admin != Some(true) && !roles.iter().any(|role| role == Role::Admin.as_str()) {
        return Err(ApiError::field("roles", SHUTS_OUT));
    }
    state.engine.store.apply(made.change).await?;
    state.keys.reload(&*state.engine.store).await?;
    Ok(HttpResponse::Created()
        .json(json!({"ok": true, "name": made.record.name, "key": made.text, "roles": roles, "first": is_first})))
}

/// List keys, without the keys.
#[utoipa::path(tag = "administration", responses((status = 200, description = "`{ok, keys: […]}`"), (status = 403, body = Failure)))]
#[get("/api/admin/keys")]
pub(super) async fn list_keys(state: Data<State>, caller: Caller) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Admin, Role::Auditor])?;
    let seconds = |moment: Option<Timestamp>| moment.map(Timestamp::unix_seconds);
    let keys: Vec<_> = state
        .engine
        .store
        .keys()
        .await?
        .iter()
        .map(|key| {
            json!({
                "name": key.name, "prefix": key.prefix, "roles": key.role_names(),
                "created_at": key.created_at.unix_seconds(),
                "expires_at": seconds(key.expires_at), "revoked_at": seconds(key.revoked_at),
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({"ok": true, "keys": keys})))
}

/// Revoke a key, at once; also while the audit trail cannot be written, since it only takes rights away.
#[utoipa::path(
    tag = "administration",
    params(("name" = String, Path)),
    responses((status = 200, description = "`{ok}`"), (status = 404, body = Failure))
)]
#[delete("/api/admin/keys/{name}")]
pub(super) async fn revoke_key(
    state: Data<State>,
    caller: Caller,
    name: Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Admin])?;
    let _permit = state.write_permit()?;
    let change = keys::revoke(&name, state.engine.clock.now(), &caller.principal.actor);
    state.engine.store.apply(change).await?;
    state.keys.reload(&*state.engine.store).await?;
    Ok(HttpResponse::Ok().json(json!({"ok": true})))
}

/// The Feishu users who may decide.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct AllowList {
    /// Their open_ids.
    open_ids: BTreeSet<String>,
}

/// Show the allow-list.
#[utoipa::path(tag = "administration", responses((status = 200, description = "`{ok, open_ids: […]}`"), (status = 403, body = Failure)))]
#[get("/api/admin/whitelist")]
pub(super) async fn show_allow_list(state: Data<State>, caller: Caller) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Admin, Role::Auditor])?;
    Ok(allow_list_answer(&state))
}

/// An open_id is no secret, but what was put in its place may be one.
fn allow_list_answer(state: &State) -> HttpResponse {
    let mut answer = json!({"ok": true, "open_ids": *state.engine.in_force.allow_list()});
    redact::mask_json(&mut answer);
    HttpResponse::Ok().json(answer)
}

/// Replace the allow-list.
#[utoipa::path(
    tag = "administration",
    request_body = AllowList,
    responses((status = 200, description = "`{ok, open_ids: […]}`"), (status = 422, body = Failure))
)]
#[put("/api/admin/whitelist")]
pub(super) async fn replace_allow_list(
    state: Data<State>,
    caller: Caller,
    Body(body): Body<AllowList>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Admin])?;
    let _permit = state.audited_write_permit()?;
    if let Some(bad) =
        body.open_ids.iter().find(|id| id.is_empty() || id.len() > 128 || id.contains(char::is_whitespace))
    {
        return Err(ApiError::field("open_ids", format!("\"{bad}\" is no open_id")));
    }
    state.governance.replace_allow_list(&state.engine, body.open_ids, &caller.principal.actor).await?;
    Ok(allow_list_answer(&state))
}

/// A policy: as the text of the file, or its content as JSON.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewPolicy {
    /// The text of the policy file (TOML).
    #[serde(default)]
    toml: Option<String>,
    /// The policy file's content as JSON.
    #[serde(default)]
    policy: Option<Value>,
}

/// Show the policy in force.
#[utoipa::path(tag = "administration", responses((status = 200, description = "`{ok, policy, toml}`"), (status = 403, body = Failure)))]
#[get("/api/admin/policy")]
pub(super) async fn show_policy(state: Data<State>, caller: Caller) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Admin, Role::Auditor])?;
    Ok(policy_answer(&state))
}

fn policy_answer(state: &State) -> HttpResponse {
    HttpResponse::Ok().json(policy_in_force(state))
}

fn policy_in_force(state: &State) -> Value {
    let terms = state.engine.in_force.terms();
    json!({"ok": true, "policy": terms.policy, "toml": terms.policy.to_toml()})
}

/// Replace the policy as a whole.
#[utoipa::path(
    tag = "administration",
    request_body = NewPolicy,
    responses((status = 200, description = "`{ok, policy, toml}`"), (status = 422, body = Failure))
)]
#[put("/api/admin/policy")]
pub(super) async fn replace_policy(
    state: Data<State>,
    caller: Caller,
    Body(body): Body<NewPolicy>,
) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Admin])?;
    let policy = match (body.toml, body.policy) {
        (Some(text), None) => Policy::from_toml(&text).map_err(|error| ApiError::field("toml", error))?,
        (None, Some(value)) => read_policy(value)?,
        (None, None) | (Some(_), Some(_)) => return Err(ApiError::field("policy", "give either toml or policy")),
    };
    let _permit = state.audited_write_permit()?;
    state.governance.replace_policy(&state.engine, policy, &caller.principal.actor).await.map_err(refused)?;
    renew_limits(&state);
    Ok(policy_answer(&state))
}

/// Where the files are, is nothing for an answer.
fn refused(error: governance::Error) -> ApiError {
    match error {
        governance::Error::Policy { why, .. } => ApiError::field("policy", why),
        governance::Error::RuleFile { why, .. } => ApiError::field("rules", why),
        governance::Error::Rules(error) => ApiError::field("rules", format!("line {}: {}", error.line, error.why)),
        governance::Error::Store(error) => error.into(),
    }
}

fn read_policy(value: Value) -> Result<Policy, ApiError> {
    let policy: Policy = serde_json::from_value(value).map_err(|error| ApiError::field("policy", error))?;
    policy.check().map_err(|error| ApiError::field("policy", error))?;
    Ok(policy)
}

fn renew_limits(state: &State) {
    let terms = state.engine.in_force.terms();
    let limits = state.governance.limits(&terms.policy);
    state.limiter.store(std::sync::Arc::new(Limiter::new(limits.as_ref())));
}

/// Take in the policy file, the rule file and the keys again. A bad file is refused as a whole, and what was in force
/// stays.
#[utoipa::path(
    tag = "administration",
    responses((status = 200, description = "`{ok, policy, toml, rules}`; `rules` is the SHA-256 of the rule file, null if only the built-in rules are in force"), (status = 422, body = Failure))
)]
#[post("/api/admin/reload")]
pub(super) async fn reload(state: Data<State>, caller: Caller) -> Result<HttpResponse, ApiError> {
    caller.require(&state, &[Role::Admin])?;
    let _permit = state.audited_write_permit()?;
    state.keys.reload(&*state.engine.store).await?;
    let taken = state.governance.reload(&state.engine, &caller.principal.actor).await;
    let rules = taken.map_err(refused)?;
    renew_limits(&state);
    let mut answer = policy_in_force(&state);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("rules".to_owned(), json!(rules));
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// How much to keep.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct CleanupQuery {
    /// Ended tasks older than so many days go; the retention time of the settings if absent.
    days: Option<String>,
}

/// Remove tasks that ended long ago. Their events and audit lines stay.
#[utoipa::path(
    tag = "administration",
    params(CleanupQuery),
    responses((status = 200, description = "`{ok, deleted}`"), (status = 422, body = Failure))
)]
#[post("/api/admin/cleanup")]
pub(super) async fn cleanup(
    state: Data<State>,
    caller: Caller,
    Query(query): Query<CleanupQuery>,
) -> Result<HttpResponse, ApiError> {
    const AT_ONCE: u32 = 500;
    caller.require(&state, &[Role::Admin])?;
    let _permit = state.audited_write_permit()?;
    let days: Option<u64> = number("days", query.days.as_deref(), 0, 36_500)?;
    let age = days.map_or(state.governance.retention(), |days| Millis::from_secs(days * 86_400));
    let now = state.engine.clock.now();
    let before = Timestamp(now.0.saturating_sub(age.micros()));
    let mut deleted = 0;
    loop {
        let count = state.engine.store.clean(before, now, AT_ONCE).await?;
        deleted += count;
        if count < u64::from(AT_ONCE) {
            break;
        }
    }
    let entry = governance::entry(now, "admin.cleanup", &caller.principal.actor, json!({"deleted": deleted}));
    state.engine.store.apply(hermes_actors::store::Change::record(entry)).await?;
    Ok(HttpResponse::Ok().json(json!({"ok": true, "deleted": deleted})))
}
