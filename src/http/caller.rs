//! Who calls: the key of a request becomes a principal here, and nowhere else.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use hermes_actors::audit::Denial;
use hermes_core::access::{Principal, Role};
use hermes_core::error::Code;
use hermes_core::id::{Digest, TaskId};
use hermes_core::key;

use super::error::ApiError;
use super::limit;
use super::room::{Enough, Share};
use super::state::State;

/// A caller whose key was checked and who is within his limits.
pub(super) struct Caller {
    pub(super) principal: Principal,
    pub(super) peer: Option<IpAddr>,
    pub(super) what: String,
    /// Counts him among the requests of his key, until he waits.
    pub(super) in_flight: Option<Share>,
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(state) = request.app_data::<Data<State>>() else {
            return ready(Err(ApiError::internal(&"the routes have no state")));
        };
        ready(identify(request, state))
    }
}

impl Caller {
    /// Refuses whoever has none of these roles.
    pub(super) fn require(&self, state: &State, roles: &[Role]) -> Result<(), ApiError> {
        if roles.iter().any(|role| self.principal.has(*role)) {
            return Ok(());
        }
        let names = roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" or ");
        Err(self.denied(state, None, ApiError::new(Code::Forbidden, format!("this needs a key with the role {names}"))))
    }

    /// Refuses whose key was revoked, or ran out, while he waited.
    pub(super) fn is_still_known(&self, state: &State) -> Result<(), ApiError> {
        if state.keys.is_alive(&self.principal.actor.id, state.engine.clock.now()) {
            return Ok(());
        }
        Err(ApiError::new(Code::Unauthorized, "this key was revoked, or has run out"))
    }

    /// Puts a refusal into the audit trail, and hands it on.
    pub(super) fn denied(&self, state: &State, task: Option<&TaskId>, error: ApiError) -> ApiError {
        if matches!(error.code.status(), 403 | 409) {
            let who = self.principal.actor.id.clone();
            let denial = Denial { code: error.code, who, what: self.what.clone(), task: task.cloned() };
            state.engine.denials.do_send(denial);
        }
        error
    }
}

fn identify(request: &HttpRequest, state: &State) -> Result<Caller, ApiError> {
    let connection = request.peer_addr().map(|address| address.ip());
    let forwarded = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let peer = state.peer(connection, forwarded);
    let route = request.match_pattern().unwrap_or_default();
    let what = format!("{} {route}", request.method());
    let principal = match presented(request) {
        Presented::Key(text) => recognise(state, text),
        Presented::Several => return Err(refuse(state, connection, what, SEVERAL_KEYS)),
        Presented::Nothing if state.front.root_key.is_none() && state.keys.are_none() => local(request, state)?,
        Presented::Nothing => None,
    };
    let Some(principal) = principal else {
        return Err(refuse(state, connection, what, NO_KEY));
    };
    let limiter = state.limiter.load();
    limiter.request(&principal.actor.id)?;
    let in_flight = state.in_flight.take(&principal.actor.id, limiter.in_flight());
    let in_flight = in_flight.map_err(|Enough(most)| limit::at_once(most, "in flight"))?;
    Ok(Caller { principal, peer, what, in_flight: Some(in_flight) })
}

/// What a request shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presented<'a> {
    Nothing,
    Key(&'a str),
    /// Which of them counts, another reader of the request (a proxy, a log) may see otherwise.
    Several,
}

fn presented(request: &HttpRequest) -> Presented<'_> {
    let all = |name: &'static str| request.headers().get_all(name);
    if all("authorization").count() > 1 || all("x-api-key").count() > 1 {
        return Presented::Several;
    }
    let text = |name: &'static str| all(name).next().and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
    let own = text("x-api-key").map(str::trim).filter(|key| !key.is_empty());
    match (bearer.filter(|key| !key.is_empty()), own) {
        (None, None) => Presented::Nothing,
        (Some(key), None) | (None, Some(key)) => Presented::Key(key),
        (Some(one), Some(other)) if one == other => Presented::Key(one),
        (Some(_), Some(_)) => Presented::Several,
    }
}

fn recognise(state: &State, text: &str) -> Option<Principal> {
    let digest = Digest::of(text.as_bytes());
    if state.front.root_key.is_some_and(|root| key::same(&root, &digest)) {
        return Some(Principal::root());
    }
    state.keys.find(text, state.engine.clock.now())
}

/// Without any key the server trusts its machine, but not every web page that is open on it.
fn local(request: &HttpRequest, state: &State) -> Result<Option<Principal>, ApiError> {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_known_host(host, state) {
        return Ok(Some(Principal::local()));
    }
    let why = "the Host header names another server; use a loopback address, or set HERMES_ALLOWED_HOSTS";
    Err(ApiError::new(Code::ForeignOrigin, why))
}

fn is_known_host(host: &str, state: &State) -> bool {
    let name = host_name(host);
    let is_loopback = name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    is_loopback || name == "localhost" || state.front.allowed_hosts.contains(name)
}

fn host_name(host: &str) -> &str {
    let v6 = host.strip_prefix('[').and_then(|rest| rest.split(']').next());
    v6.unwrap_or_else(|| host.rsplit_once(':').map_or(host, |(name, _)| name))
}

/// The same answer for no key, a wrong one and one that has run out.
const NO_KEY: &str = "this needs a valid key, sent as the bearer token of the Authorization header";
const SEVERAL_KEYS: &str =
    "the request carries more than one key; send one, once, in the Authorization header or in X-Api-Key";

fn refuse(state: &State, address: Option<IpAddr>, what: String, why: &str) -> ApiError {
    let who = address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
    state.engine.denials.do_send(Denial { code: Code::Unauthorized, who, what, task: None });
    if let Some(Err(limited)) = address.map(|address| state.limiter.load().wrong_key(address)) {
        return limited;
    }
    ApiError::new(Code::Unauthorized, why)
}

/// Refuses what a foreign web page sends. A page of this server names the host that it was loaded from.
pub(super) fn check_origin(request: &HttpRequest) -> Result<(), ApiError> {
    let text = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    if origin_host.is_some() && origin_host == text(header::HOST) {
        return Ok(());
    }
    Err(ApiError::new(Code::ForeignOrigin, "requests from another web page are not taken"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_header_is_read_without_its_port() {
        for (host, name) in
            [("localhost:8080", "localhost"), ("127.0.0.1", "127.0.0.1"), ("[::1]:80", "::1"), ("a.b:1", "a.b")]
        {
            assert_eq!(host_name(host), name);
        }
    }
}
