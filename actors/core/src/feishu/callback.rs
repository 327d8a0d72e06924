//! What the platform posts to the webhook, or sends over the long connection: proven, opened and read.
//!
//! Over HTTP a callback counts if its bytes are signed with the Encrypt Key; only the check of the address is not signed,
//! and it does nothing but answer. The long connection is proven by itself.

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::envelope;
use super::signature::{Signed, is_same};
use crate::time::Timestamp;

/// What both sides know, and what a callback has to name.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    /// Seals and signs bodies over HTTP.
    pub encrypt_key: &'a str,
    /// Stands in every callback; empty if none is configured.
    pub verification_token: &'a str,
    /// The app's own id.
    pub app_id: &'a str,
    /// The company; any, if none is configured.
    pub tenant_key: Option<&'a str>,
}

/// What came, once it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callback {
    /// The platform checks the address: this text goes back as `{"challenge":…}`.
    Challenge(String),
    /// Somebody clicked on a card.
    Click(Box<Click>),
    /// Another event; it is answered with `{}`.
    Other {
        /// What kind of event.
        event_type: String,
    },
}

/// A click on a card, whoever made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Click {
    /// The same for every delivery of one click.
    pub event_id: String,
    /// Who clicked.
    pub operator: Operator,
    /// With it the card can be updated twice in 30 minutes; a secret, never logged.
    pub token: String,
    /// The message that the card is in (`om_…`).
    pub message_id: String,
    /// The chat that the message is in (`oc_…`).
    pub chat_id: String,
    /// What was clicked.
    pub action: Action,
    /// It came in the form of the first version and is answered in it.
    pub is_legacy: bool,
}

/// Who clicked, as the platform proves it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Operator {
    /// The company of the person.
    pub tenant_key: String,
    /// The person, for this app (`ou_…`).
    pub open_id: String,
    /// The person's number in the company; only with a scope for it.
    pub user_id: String,
    /// The person, for all apps of one maker (`on_…`).
    pub union_id: String,
}

impl Operator {
    /// The id that people are known by here: the open id, else the user id.
    pub fn id(&self) -> Option<&str> {
        [&self.open_id, &self.user_id].into_iter().map(String::as_str).find(|id| !id.is_empty())
    }
}

/// What was clicked, and what was written into the form around it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Action {
    /// What the button carries: an object, or a text.
    pub value: Value,
    /// The kind of component.
    pub tag: String,
    /// The component's name.
    pub name: String,
    /// The fields of the form, by name.
    pub form_value: serde_json::Map<String, Value>,
    /// What was written into an input that stands alone.
    pub input_value: String,
    /// What was chosen of a list.
    pub option: String,
}

/// Why a callback does not count. Whoever sent it is told no more than the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// A signature header is missing.
    #[error("the callback is not signed")]
    Unsigned,
    /// The signature is of other bytes, or made with another key.
    #[error("the callback's signature is wrong")]
    WrongSignature,
    /// It was signed too long ago, or in the future.
    #[error("the callback was not signed within five minutes of now")]
    Stale,
    /// A body in clear, although there is an Encrypt Key.
    #[error("the callback is not sealed with the Encrypt Key")]
    NotSealed,
    /// The body cannot be opened with the Encrypt Key.
    #[error("the callback cannot be opened with the Encrypt Key")]
    Unopened,
    /// Another Verification Token.
    #[error("the callback names another Verification Token")]
    WrongToken,
    /// Another app.
    #[error("the callback is for another app")]
    WrongApp,
    /// Another company.
    #[error("the callback is from another tenant")]
    WrongTenant,
    /// Nobody is named who clicked.
    #[error("the callback does not say who clicked")]
    Nobody,
    /// It is not of the documented form.
    #[error("the callback is not of the documented form")]
    Malformed,
}

/// Proves and reads a callback that came over HTTP.
pub fn over_http(
    secrets: Secrets<'_>,
    signed: Option<Signed<'_>>,
    body: &[u8],
    now: Timestamp,
) -> Result<Callback, Refused> {
    let whole: Value = serde_json::from_slice(body).map_err(|_| Refused::Malformed)?;
    let Some(sealed) = whole.get("encrypt") else { return legacy(secrets, signed, body, &whole, now) };
    let sealed = sealed.as_str().ok_or(Refused::Malformed)?;
    let opened = || envelope::open(secrets.encrypt_key, sealed).map_err(|_| Refused::Unopened);
    if signed.is_none() {
        let whole: Value = serde_json::from_str(&opened()?).map_err(|_| Refused::Malformed)?;
        return challenge(secrets, &whole).unwrap_or(Err(Refused::Unsigned));
    }
    proven(signed, now, |signed| signed.is_by(secrets.encrypt_key, body))?;
    let whole: Value = serde_json::from_str(&opened()?).map_err(|_| Refused::Malformed)?;
    challenge(secrets, &whole).unwrap_or_else(|| event(secrets, whole))
}

/// Reads a callback that came over the long connection, which nobody else can write to.
pub fn over_connection(secrets: Secrets<'_>, payload: &[u8]) -> Result<Callback, Refused> {
    event(secrets, serde_json::from_slice(payload).map_err(|_| Refused::Malformed)?)
}

fn proven(signed: Option<Signed<'_>>, now: Timestamp, is_by: impl Fn(Signed<'_>) -> bool) -> Result<(), Refused> {
    let signed = signed.ok_or(Refused::Unsigned)?;
    if !is_by(signed) {
        return Err(Refused::WrongSignature);
    }
    if signed.is_recent(now) { Ok(()) } else { Err(Refused::Stale) }
}

/// The check of the address, if that is what it is.
fn challenge(secrets: Secrets<'_>, whole: &Value) -> Option<Result<Callback, Refused>> {
    let text = |name: &str| whole.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("type") != "url_verification" {
        return None;
    }
    let is_ours = is_same(secrets.verification_token, text("token"));
    Some(if is_ours { Ok(Callback::Challenge(text("challenge").to_owned())) } else { Err(Refused::WrongToken) })
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Header {
    event_id: String,
    token: String,
    event_type: String,
    tenant_key: String,
    app_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Clicked {
    operator: Operator,
    token: String,
    action: Action,
    context: Context,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    open_message_id: String,
    open_chat_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Legacy {
    open_id: String,
    user_id: String,
    open_message_id: String,
    open_chat_id: String,
    tenant_key: String,
    token: String,
    action: Action,
}

fn event(secrets: Secrets<'_>, whole: Value) -> Result<Callback, Refused> {
    let Value::Object(mut whole) = whole else { return Err(Refused::Malformed) };
    let mut part = |name: &str| whole.remove(name).unwrap_or_default();
    let header: Header = serde_json::from_value(part("header")).map_err(|_| Refused::Malformed)?;
    if !is_same(secrets.verification_token, &header.token) {
        return Err(Refused::WrongToken);
    }
    if header.app_id != secrets.app_id {
        return Err(Refused::WrongApp);
    }
    if header.event_type != "card.action.trigger" {
        return Ok(Callback::Other { event_type: header.event_type });
    }
    let Clicked { operator, token, action, context } =
        serde_json::from_value(part("event")).map_err(|_| Refused::Malformed)?;
    let of_tenant = |tenant: &str| secrets.tenant_key.is_none_or(|ours| ours == tenant);
    if !of_tenant(&header.tenant_key) || !of_tenant(&operator.tenant_key) || header.tenant_key != operator.tenant_key {
        return Err(Refused::WrongTenant);
    }
    if header.event_id.is_empty() {
        return Err(Refused::Malformed);
    }
    click(Click {
        event_id: header.event_id,
        operator,
        token,
        message_id: context.open_message_id,
        chat_id: context.open_chat_id,
        action,
        is_legacy: false,
    })
}

/// The form of the first version: never sealed, and signed with the Verification Token.
fn legacy(
    secrets: Secrets<'_>,
    signed: Option<Signed<'_>>,
    body: &[u8],
    whole: &Value,
    now: Timestamp,
) -> Result<Callback, Refused> {
    let is_legacy = whole.get("action").is_some() && whole.get("header").is_none() && whole.get("type").is_none();
    if !is_legacy || secrets.verification_token.is_empty() {
        return Err(Refused::NotSealed);
    }
    proven(signed, now, |signed| signed.is_by_legacy(secrets.verification_token, body))?;
    let Legacy { open_id, user_id, open_message_id, open_chat_id, tenant_key, token, action } =
        serde_json::from_slice(body).map_err(|_| Refused::Malformed)?;
    if secrets.tenant_key.is_some_and(|ours| ours != tenant_key) {
        return Err(Refused::WrongTenant);
    }
    // It has no id of its own; its token is another one for every click.
    let event_id = format!("v1-{}", hex::encode(Sha256::digest(token.as_bytes())));
    let operator = Operator { tenant_key, open_id, user_id, ..Operator::default() };
    click(Click {
        event_id,
        operator,
        token,
        message_id: open_message_id,
        chat_id: open_chat_id,
        action,
        is_legacy: true,
    })
}

fn click(click: Click) -> Result<Callback, Refused> {
    if click.operator.id().is_none() {
        return Err(Refused::Nobody);
    }
    Ok(Callback::Click(Box::new(click)))
}

#[cfg(test)]
mod tests;
