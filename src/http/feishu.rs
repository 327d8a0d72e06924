//! Clicks on Feishu cards, as the platform posts them. Nobody else is let in: the bytes are signed, or nothing happens.

use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use hermes_actors::audit::Denial;
use hermes_actors::card::click::{self, Deciders};
use hermes_core::error::Code;
use hermes_core::feishu::answer::{to_click, to_legacy_click};
use hermes_core::feishu::callback::{self, Callback, Click, Secrets};
use hermes_core::feishu::signature::Signed;
use serde_json::{Value, json};

use super::body;
use super::error::ApiError;
use super::state::State;

/// The largest callback, in bytes.
const LIMIT: usize = 1024 * 1024;

/// The app whose callbacks are taken, and who may decide by one.
pub(crate) struct Feishu {
    pub(crate) app_id: String,
    pub(crate) encrypt_key: Option<String>,
    pub(crate) verification_token: Option<String>,
    pub(crate) tenant_key: Option<String>,
    pub(crate) deciders: Deciders,
}

impl Feishu {
    /// What proves a callback; none without an Encrypt Key, since then nothing is signed.
    fn secrets(&self) -> Option<Secrets<'_>> {
        Some(Secrets {
            encrypt_key: self.encrypt_key.as_deref()?,
            verification_token: self.verification_token.as_deref().unwrap_or_default(),
            app_id: &self.app_id,
            tenant_key: self.tenant_key.as_deref(),
        })
    }
}

/// What Feishu posts: the check of the address, and clicks on cards. Signed with the app's Encrypt Key.
#[utoipa::path(
    tag = "feishu",
    request_body(content = String, content_type = "application/json", description = "`{\"encrypt\": \"…\"}`, as the platform seals it"),
    params(
        ("X-Lark-Request-Timestamp" = Option<String>, Header, description = "Seconds since 1970"),
        ("X-Lark-Request-Nonce" = Option<String>, Header),
        ("X-Lark-Signature" = Option<String>, Header, description = "hex(SHA-256(timestamp + nonce + Encrypt Key + body))")
    ),
    responses(
        (status = 200, description = "`{\"challenge\": …}`, or a notice and the card as it is from now on", body = Object),
        (status = 401, description = "Not proven; nothing has happened", body = hermes_core::wire::task::Failure)
    ),
    security(())
)]
#[post("/api/webhook/feishu")]
pub(super) async fn webhook(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let feishu = state.feishu.as_ref().ok_or_else(|| ApiError::not_found("Feishu app: FEISHU_APP_ID is not set"))?;
    let bytes = body::raw(payload.into_inner(), LIMIT).await?;
    let received = match feishu.secrets() {
        Some(secrets) => callback::over_http(secrets, signed(&request), &bytes, state.engine.clock.now()),
        None => Err(callback::Refused::Unsigned),
    };
    let answer = match received {
        Ok(Callback::Challenge(challenge)) => json!({"challenge": challenge}),
        Ok(Callback::Other { event_type }) => {
            tracing::debug!(event_type, "a callback that nobody here asked for");
            json!({})
        }
        Ok(Callback::Click(click)) => {
            let _permit = state.write_permit()?;
            answer(&state, feishu, &click).await
        }
        Err(why) => return Err(refuse(&state, &request, why)),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

async fn answer(state: &State, feishu: &Feishu, click: &Click) -> Value {
    let click::Answer { toast, card } = click::answer(&state.engine, &feishu.deciders, click).await;
    if click.is_legacy { to_legacy_click(&toast, card) } else { to_click(&toast, card) }
}

fn signed(request: &HttpRequest) -> Option<Signed<'_>> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    Some(Signed {
        timestamp: text("x-lark-request-timestamp")?,
        nonce: text("x-lark-request-nonce")?,
        signature: text("x-lark-signature")?,
    })
}

/// Whoever sent it hears that it does not count, and the log why.
fn refuse(state: &State, request: &HttpRequest, why: callback::Refused) -> ApiError {
    let peer = request.peer_addr().map(|address| address.ip());
    tracing::warn!(peer = peer.map(tracing::field::display), why = %why, "a callback was refused");
    let who = peer.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
    let what = "POST /api/webhook/feishu".to_owned();
    state.engine.denials.do_send(Denial { code: Code::Unauthorized, who, what, task: None });
    if let Some(Err(limited)) = peer.map(|address| state.limiter.load().wrong_key(address)) {
        return limited;
    }
    ApiError::new(Code::Unauthorized, "this is not a callback of the Feishu app that is configured here")
}
