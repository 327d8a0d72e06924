//! What is asked of the platform's API, and what its answers mean. Business errors come with any HTTP status: what counts
//! is the `code` in the body.

use serde_json::{Value, json};

use crate::card::Recipient;
use crate::time::Millis;

/// The pause if the platform asks for one and does not say how long.
const PAUSE: Millis = Millis(1000);
/// The longest pause that the platform is granted.
const LONGEST_PAUSE: Millis = Millis::from_secs(600);

/// Where a token is fetched.
pub const TOKEN: &str = "/open-apis/auth/v3/tenant_access_token/internal";

/// The body that asks for a token.
pub fn token_request(app_id: &str, app_secret: &str) -> Value {
    json!({"app_id": app_id, "app_secret": app_secret})
}

/// A token, and how long it lives; none if the answer has none.
pub fn token(answer: &Value) -> Option<(String, Millis)> {
    let token = answer.get("tenant_access_token")?.as_str().filter(|token| !token.is_empty())?;
    let seconds = answer.get("expire").and_then(Value::as_u64)?;
    Some((token.to_owned(), Millis::from_secs(seconds)))
}

/// What a message holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A card.
    Card(Value),
    /// A line of text.
    Text(Value),
}

impl Content {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Card(_) => "interactive",
            Self::Text(_) => "text",
        }
    }

    /// The content is a string that holds JSON.
    fn written(&self) -> String {
        match self {
            Self::Card(content) | Self::Text(content) => content.to_string(),
        }
    }
}

/// A request to the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// `POST`, `PATCH` or `GET`.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// The body, if there is one.
    pub body: Option<Value>,
}

/// Sends a message; within an hour the platform makes one message of all requests with the same `uuid`.
pub fn send(recipient: &Recipient, content: &Content, uuid: &str) -> Request {
    let body = json!({
        "receive_id": recipient.id(), "msg_type": content.kind(), "content": content.written(), "uuid": uuid,
    });
    let path = format!("/open-apis/im/v1/messages?receive_id_type={}", recipient.id_type());
    Request { method: "POST", path, body: Some(body) }
}

/// Changes a card in place.
pub fn update(message_id: &str, content: &Content) -> Request {
    let body = json!({"content": content.written()});
    Request { method: "PATCH", path: format!("/open-apis/im/v1/messages/{message_id}"), body: Some(body) }
}

/// Tells somebody again of a message, until he has read it.
pub fn remind(message_id: &str, open_id: &str) -> Request {
    let path = format!("/open-apis/im/v1/messages/{message_id}/urgent_app?user_id_type=open_id");
    Request { method: "PATCH", path, body: Some(json!({"user_id_list": [open_id]})) }
}

/// Asks for somebody's name.
pub fn person(open_id: &str) -> Request {
    let path = format!("/open-apis/contact/v3/users/{open_id}?user_id_type=open_id");
    Request { method: "GET", path, body: None }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// It was done; the answer's `data`.
    Done(Value),
    /// The token does not count any longer.
    TokenRefused(String),
    /// Too many requests.
    Throttled(Millis),
    /// It may work later.
    Failed(String),
    /// What is in the message is not taken.
    ContentRefused(String),
    /// The message is gone, or too old.
    MessageGone(String),
    /// It will never work for this recipient.
    Undeliverable(String),
    /// The app is not set up as it has to be: an administrator has to act.
    Misconfigured(String),
}

/// Reads an answer. `reset` is the header `x-ogw-ratelimit-reset`, in seconds.
pub fn meaning(status: u16, reset: Option<u64>, body: &[u8]) -> Meaning {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let code = answer.as_ref().and_then(|answer| answer.get("code")).and_then(Value::as_i64);
    let message = answer.as_ref().and_then(|answer| answer.get("msg")).and_then(Value::as_str).unwrap_or_default();
    let said = || {
        format!("{}: {}", code.map_or_else(|| format!("HTTP {status}"), |code| code.to_string()), shortened(message))
    };
    let pause = || reset.map_or(PAUSE, |seconds| Millis::from_secs(seconds.clamp(1, LONGEST_PAUSE.0 / 1000)));
    if status == 429 {
        return Meaning::Throttled(pause());
    }
    let Some(code) = code else { return Meaning::Failed(said()) };
    match code {
        0 => Meaning::Done(answer.and_then(|mut answer| Some(answer.get_mut("data")?.take())).unwrap_or_default()),
        99_991_661 | 99_991_663 | 99_991_665 | 99_991_671 => Meaning::TokenRefused(said()),
        99_991_400 | 230_020 => Meaning::Throttled(pause()),
        99_991_672 | 99_991_673 | 99_991_662 | 99_991_401 | 99_991_403 | 99_991_543 | 10_003 | 10_014 | 10_015
        | 230_006 => Meaning::Misconfigured(said()),
        230_099 | 230_022 | 230_025 | 230_028 | 230_054 => Meaning::ContentRefused(said()),
        230_011 | 230_031 | 230_034 | 230_110 | 99_992_354 => Meaning::MessageGone(said()),
        230_001 | 230_002 | 230_013 | 230_018 | 230_027 | 230_029 | 230_035 | 230_038 | 230_053 | 230_075 | 232_009
        | 99_992_351 | 99_992_361 | 41_050 => Meaning::Undeliverable(said()),
        _ => Meaning::Failed(said()),
    }
}

/// The platform's words, which may be long.
fn shortened(message: &str) -> String {
    let end = message.floor_char_boundary(300);
    crate::visible::show_line(message.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &Value) -> Meaning {
        meaning(status, None, body.to_string().as_bytes())
    }

    #[test]
    fn requests_are_of_the_documented_form() {
        let chat = Recipient::Chat("oc_1".to_owned());
        let sent = send(&chat, &Content::Card(json!({"schema": "2.0"})), "u-1");
        assert_eq!((sent.method, sent.path.as_str()), ("POST", "/open-apis/im/v1/messages?receive_id_type=chat_id"));
        let body =
            json!({"receive_id": "oc_1", "msg_type": "interactive", "content": "{\"schema\":\"2.0\"}", "uuid": "u-1"});
        assert_eq!(sent.body, Some(body));
        let changed = update("om_1", &Content::Card(json!({})));
        assert_eq!((changed.method, changed.path.as_str()), ("PATCH", "/open-apis/im/v1/messages/om_1"));
        assert_eq!(changed.body, Some(json!({"content": "{}"})));
        let told = remind("om_1", "ou_1");
        assert_eq!(told.path, "/open-apis/im/v1/messages/om_1/urgent_app?user_id_type=open_id");
        assert_eq!(told.body, Some(json!({"user_id_list": ["ou_1"]})));
        assert_eq!(person("ou_1").path, "/open-apis/contact/v3/users/ou_1?user_id_type=open_id");
    }

    #[test]
    fn a_token_lives_as_long_as_the_answer_says() {
        let answer = json!({"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 1800});
        assert_eq!(token(&answer), Some(("t-1".to_owned(), Millis::from_secs(1800))));
        assert_eq!(token(&json!({"code": 10003, "msg": "wrong"})), None);
        assert_eq!(token(&json!({"tenant_access_token": "", "expire": 1})), None);
    }

    #[test]
    fn answers_mean_what_the_platform_says() {
        assert_eq!(
            read(200, &json!({"code": 0, "data": {"message_id": "om_1"}})),
            Meaning::Done(json!({"message_id": "om_1"}))
        );
        assert_eq!(read(200, &json!({"code": 0})), Meaning::Done(Value::Null));
        assert!(matches!(read(400, &json!({"code": 99_991_663, "msg": "expired"})), Meaning::TokenRefused(_)));
        assert!(
            matches!(read(400, &json!({"code": 230_099, "msg": "ErrCode: 200621"})), Meaning::ContentRefused(why) if why.contains("200621"))
        );
        assert!(matches!(read(400, &json!({"code": 230_011})), Meaning::MessageGone(_)));
        assert!(matches!(read(400, &json!({"code": 230_002})), Meaning::Undeliverable(_)));
        assert!(matches!(read(400, &json!({"code": 99_991_672})), Meaning::Misconfigured(_)));
        assert!(matches!(read(400, &json!({"code": 230_049})), Meaning::Failed(_)));
        assert!(matches!(read(500, &json!({"code": 12_345})), Meaning::Failed(_)));
        assert!(matches!(meaning(502, None, b"<html>"), Meaning::Failed(why) if why.starts_with("HTTP 502")));
    }

    #[test]
    fn a_pause_is_as_long_as_the_platform_asks_within_reason() {
        let throttled = json!({"code": 99_991_400}).to_string();
        assert_eq!(meaning(429, Some(7), throttled.as_bytes()), Meaning::Throttled(Millis::from_secs(7)));
        assert_eq!(meaning(400, None, throttled.as_bytes()), Meaning::Throttled(PAUSE));
        assert_eq!(meaning(429, Some(u64::MAX), b""), Meaning::Throttled(LONGEST_PAUSE));
        assert_eq!(meaning(429, Some(0), b""), Meaning::Throttled(Millis::from_secs(1)));
        assert!(matches!(read(400, &json!({"code": 230_020})), Meaning::Throttled(_)));
    }
}
