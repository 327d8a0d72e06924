//! The long connection, as far as it can be decided without one: where to connect and at what pace, which parts make an
//! event, how one is acknowledged.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer;
use super::frame::Frame;
use crate::time::Millis;

/// Where a connection is asked for.
pub const ENDPOINT: &str = "/callback/ws/endpoint";
/// Parts of one event that are kept, and for how long.
const MOST_PARTS: usize = 64;
const PARTS_LIFE: Millis = Millis::from_secs(5);
/// Bytes of all parts that are kept.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// The shortest and the longest span that the platform may set.
const SHORTEST: Millis = Millis::from_secs(1);
const LONGEST: Millis = Millis::from_secs(3600);

/// The body that asks for a connection.
pub fn endpoint_request(app_id: &str, app_secret: &str) -> Value {
    json!({"AppID": app_id, "AppSecret": app_secret})
}

/// How often to ping, and how to come back; the platform may change it at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two pings.
    pub ping: Millis,
    /// Between two attempts to come back.
    pub reconnect: Millis,
    /// The first attempt is made at any time within this.
    pub spread: Millis,
}

impl Default for Pace {
    fn default() -> Self {
        Self { ping: Millis::from_secs(120), reconnect: Millis::from_secs(120), spread: Millis::from_secs(30) }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ClientConfig {
    ping_interval: Option<u64>,
    reconnect_interval: Option<u64>,
    reconnect_nonce: Option<u64>,
}

impl Pace {
    /// What the platform says, where it says something.
    #[must_use]
    pub fn with(self, config: &Value) -> Self {
        let config: ClientConfig = serde_json::from_value(config.clone()).unwrap_or_default();
        let span = |seconds: Option<u64>, otherwise: Millis| {
            seconds.map_or(otherwise, |seconds| Millis(seconds.saturating_mul(1000).clamp(SHORTEST.0, LONGEST.0)))
        };
        let spread = config.reconnect_nonce.map(|seconds| Millis(seconds.saturating_mul(1000).min(LONGEST.0)));
        Self {
            ping: span(config.ping_interval, self.ping),
            reconnect: span(config.reconnect_interval, self.reconnect),
            spread: spread.unwrap_or(self.spread),
        }
    }
}

/// What the platform answers to somebody who asks for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Connect here. The address holds credentials: it is not logged.
    Ready {
        /// `ws://…` or `wss://…`.
        url: String,
        /// The number that stands in every frame.
        service: i32,
        /// How.
        pace: Pace,
    },
    /// Later.
    Busy(String),
    /// Not with these settings.
    Refused(String),
}

/// Reads the answer.
pub fn endpoint(body: &[u8]) -> Endpoint {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return Endpoint::Busy("no JSON".to_owned()) };
    let code = answer.get("code").and_then(Value::as_i64).unwrap_or(1);
    let msg = answer.get("msg").and_then(Value::as_str).unwrap_or_default();
    let said = || format!("{code}: {}", crate::visible::show_line(msg));
    match code {
        0 => {}
        1 | 1_000_040_343 => return Endpoint::Busy(said()),
        _ => return Endpoint::Refused(said()),
    }
    let url = answer.pointer("/data/URL").and_then(Value::as_str).unwrap_or_default();
    let parameter = |name: &str| url.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let service = parameter("service_id").and_then(|id| id.parse().ok());
    let config = answer.pointer("/data/ClientConfig").cloned().unwrap_or_default();
    match service {
        Some(service) if url.starts_with("ws") => {
            Endpoint::Ready { url: url.to_owned(), service, pace: Pace::default().with(&config) }
        }
        Some(_) | None => Endpoint::Refused("the answer names no address to connect to".to_owned()),
    }
}

struct Parts {
    parts: Vec<Option<Vec<u8>>>,
    since: Millis,
}

/// Events that come in parts, until they are whole.
#[derive(Default)]
pub struct Fragments {
    events: BTreeMap<String, Parts>,
}

impl Fragments {
    /// Takes a frame in; gives the payload once it is whole. What is not of a sensible form is dropped.
    pub fn add(&mut self, frame: &Frame, now: Millis) -> Option<Vec<u8>> {
        self.events.retain(|_, parts| now.0.saturating_sub(parts.since.0) <= PARTS_LIFE.0);
        let number = |name: &str| frame.header(name).and_then(|text| text.parse::<usize>().ok());
        let payload = frame.payload.clone().unwrap_or_default();
        let (sum, seq) = (number("sum").unwrap_or(1), number("seq").unwrap_or(0));
        if sum <= 1 {
            return Some(payload);
        }
        let held: usize = self.events.values().flat_map(|event| event.parts.iter().flatten()).map(Vec::len).sum();
        if sum > MOST_PARTS || seq >= sum || held.saturating_add(payload.len()) > MOST_BYTES {
            return None;
        }
        let id = frame.header("message_id")?.to_owned();
        let event = self.events.entry(id.clone()).or_insert_with(|| Parts { parts: vec![None; sum], since: now });
        if event.parts.len() != sum {
            return None;
        }
        *event.parts.get_mut(seq)? = Some(payload);
        if event.parts.iter().any(Option::is_none) {
            return None;
        }
        let event = self.events.remove(&id)?;
        Some(event.parts.into_iter().flatten().flatten().collect())
    }
}

/// The frame that answers an event: the same one, with the answer in the place of the event.
#[must_use]
pub fn acknowledged(mut frame: Frame, body: Option<&Value>, took: Millis) -> Frame {
    frame.headers.push(("biz_rt".to_owned(), took.0.to_string()));
    let answer = body.map_or_else(|| json!({"code": 500, "headers": null, "data": null}), answer::over_connection);
    frame.payload = Some(answer.to_string().into_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feishu::frame::method;

    fn part(id: &str, sum: usize, seq: usize, text: &str) -> Frame {
        let headers = [("message_id", id.to_owned()), ("sum", sum.to_string()), ("seq", seq.to_string())];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Frame { method: method::DATA, headers, payload: Some(text.as_bytes().to_vec()), ..Frame::default() }
    }

    #[test]
    fn an_answer_says_where_and_at_what_pace() {
        let body = br#"{"code":0,"msg":"","data":{"URL":"wss://h/ws/v2?device_id=d&service_id=33554678&ticket=t","ClientConfig":{"ReconnectCount":-1,"ReconnectInterval":90,"ReconnectNonce":25,"PingInterval":90}}}"#;
        let pace =
            Pace { ping: Millis::from_secs(90), reconnect: Millis::from_secs(90), spread: Millis::from_secs(25) };
        let url = "wss://h/ws/v2?device_id=d&service_id=33554678&ticket=t".to_owned();
        assert_eq!(endpoint(body), Endpoint::Ready { url, service: 33_554_678, pace });
        assert!(matches!(endpoint(br#"{"code":1,"msg":"busy"}"#), Endpoint::Busy(_)));
        assert!(matches!(endpoint(b"<html>"), Endpoint::Busy(_)));
        assert!(matches!(endpoint(br#"{"code":1000040344,"msg":"no"}"#), Endpoint::Refused(_)));
        assert!(matches!(endpoint(br#"{"code":0,"data":{"URL":"http://h"}}"#), Endpoint::Refused(_)));
    }

    #[test]
    fn a_pace_stays_within_reason() {
        let odd = json!({"PingInterval": 0, "ReconnectInterval": u64::MAX, "ReconnectNonce": 0});
        let pace = Pace::default().with(&odd);
        assert_eq!((pace.ping, pace.reconnect, pace.spread), (SHORTEST, LONGEST, Millis(0)));
        assert_eq!(Pace::default().with(&json!("x")), Pace::default());
    }

    #[test]
    fn parts_make_an_event_in_any_order_and_only_in_time() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.add(&part("a", 1, 0, "whole"), Millis(0)).as_deref(), Some(b"whole".as_slice()));
        assert_eq!(fragments.add(&part("b", 3, 2, "c"), Millis(0)), None);
        assert_eq!(fragments.add(&part("b", 3, 0, "a"), Millis(0)), None);
        assert_eq!(fragments.add(&part("x", 2, 0, "x"), Millis(0)), None);
        assert_eq!(fragments.add(&part("b", 3, 1, "b"), Millis(9)).as_deref(), Some(b"abc".as_slice()));
        assert_eq!(fragments.add(&part("x", 2, 1, "y"), Millis(5001)), None, "the first part was forgotten");
        for (sum, seq) in [(2, 2), (65, 0)] {
            assert_eq!(fragments.add(&part("z", sum, seq, "z"), Millis(0)), None);
        }
        assert_eq!(fragments.add(&part("w", 2, 0, "z"), Millis(6000)), None);
        assert_eq!(fragments.add(&part("w", 3, 1, "z"), Millis(6000)), None, "another sum");
    }

    #[test]
    fn an_acknowledgement_is_the_frame_with_the_answer() {
        let frame = part("a", 1, 0, "{}");
        let done = acknowledged(frame.clone(), Some(&json!({})), Millis(12));
        assert_eq!((done.header("biz_rt"), done.header("message_id")), (Some("12"), Some("a")));
        assert_eq!(done.payload.as_deref(), Some(br#"{"code":200,"headers":null,"data":"e30="}"#.as_slice()));
        let failed = acknowledged(frame, None, Millis(0));
        assert!(failed.payload.is_some_and(|payload| payload.starts_with(b"{\"code\":500")));
    }
}
