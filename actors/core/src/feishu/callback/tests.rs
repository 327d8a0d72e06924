#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::feishu::signature::{sign, sign_legacy};

const CHALLENGE: &str = "AAECAwQFBgcICQoLDA0OD1h8ktnSI59RrLlgpkYQSXxQXwidASYwT1hRO83KIGxdTRmJEO9JEO33stlRsCej8H69nZ+t2mMyNyaQdQvDt/A+vKmsKf6Zd4SwUirPNVuU";
const CLICK: &str = "EBESExQVFhcYGRobHB0eH8F/aCnwfZGZM1ULIBe/nmDXnTKSS6zLu/uA+eNQYoMMDARHwAoLNGtzZkc9uzCLIsMZizoDkUBL28yD/lDG9sTo6CFrIRdk2F6wLGJJzCzNctAOqsJmlzCSrEqolaZORqgeLU85bd+Km/tElS7FCNWPHdgL5wzXO2t6/qVkuLk/FoKK23YL19SElwYyfSUBYukCFVNwp9nUtV44P1lbyrfkc9jsnsUdvaeGiMUHTKHmiVh85CwmxmRsvw2vhcIMXjWVkFwAiK+u0dLOlWl4l3qZKp7Kp4NozQGlsEN/SPO2q/qLYvwNpRHcvE4jXUSMX0bVTHJIUZ6Zy1qdbiJNOlJ49Q/A2ftl6C15wmVoVfddR+WlNID+E2s3I4R5nXZeG+QONWUXpov2Jv5vwLYemkyoNiVA/XUZxcT40neSd20VG8W2vMQhpHlXc0sfDsf/oNDJf4FIPrzeazKyMTjsgjY3igmVCOFDn5w5rwHRATjCYNzdUcPZwCwg5mR2GHt3cqzkr7VVlInirHiI3aKWgQ00k5Vgr48rRTqwNBfOKI5wONBP4KF9GBQmej9L/8lScA==";
const SIGNATURE: &str = "450b705f7fa8f947356bc17347df9372ad184d919402c894bbcb54e86b4ffd53";
const SECONDS: &str = "1790000000";
const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

const SECRETS: Secrets<'static> = Secrets {
    encrypt_key: "kYq3fV7wT2pZ9sLd",
    verification_token: "vt_4f1c9e2b7a",
    app_id: "cli_test",
    tenant_key: Some("tk1"),
};

fn body(sealed: &str) -> String {
    format!("{{\"encrypt\":\"{sealed}\"}}")
}

fn signed(signature: &str) -> Option<Signed<'_>> {
    Some(Signed { timestamp: SECONDS, nonce: "n0nce-42", signature })
}

/// Sealed and signed as the platform does.
fn sent(whole: &Value) -> Result<Callback, Refused> {
    let body = body(&envelope::seal(SECRETS.encrypt_key, [7; 16], &whole.to_string()));
    over_http(SECRETS, signed(&sign(SECONDS, "n0nce-42", SECRETS.encrypt_key, body.as_bytes())), body.as_bytes(), NOW)
}

fn a_click() -> Value {
    json!({
        "schema": "2.0",
        "header": {"event_id": "ev-0001", "token": "vt_4f1c9e2b7a", "create_time": "1790000000000000",
                   "event_type": "card.action.trigger", "tenant_key": "tk1", "app_id": "cli_test"},
        "event": {"operator": {"tenant_key": "tk1", "open_id": "ou_u1", "union_id": "on_u1"}, "token": "c-tok1",
                  "action": {"value": {"rid": "r1", "d": "approve"}, "tag": "button"}, "host": "im_message",
                  "context": {"open_message_id": "om_m1", "open_chat_id": "oc_c1"}}
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut click = a_click();
    *click.pointer_mut(path).unwrap() = value;
    click
}

#[test]
fn the_unsigned_check_of_the_address_is_answered() {
    let answer = over_http(SECRETS, None, body(CHALLENGE).as_bytes(), NOW);
    assert_eq!(answer, Ok(Callback::Challenge("c-7d1f0b52".to_owned())));
    let foreign = Secrets { verification_token: "another", ..SECRETS };
    assert_eq!(over_http(foreign, None, body(CHALLENGE).as_bytes(), NOW), Err(Refused::WrongToken));
    let clear = r#"{"challenge":"c-7d1f0b52","token":"vt_4f1c9e2b7a","type":"url_verification"}"#;
    assert_eq!(over_http(SECRETS, None, clear.as_bytes(), NOW), Err(Refused::NotSealed));
}

#[test]
fn a_signed_click_counts_and_says_who_clicked_what_where() {
    let body = body(CLICK);
    assert_eq!(body.len(), 614);
    let Ok(Callback::Click(click)) = over_http(SECRETS, signed(SIGNATURE), body.as_bytes(), NOW) else {
        panic!("no click")
    };
    assert_eq!((click.event_id.as_str(), click.token.as_str()), ("ev-0001", "c-tok1"));
    assert_eq!(click.operator.id(), Some("ou_u1"));
    assert_eq!((click.message_id.as_str(), click.chat_id.as_str()), ("om_m1", "oc_c1"));
    assert_eq!(click.action.value, json!({"rid": "r1", "d": "approve"}));
    assert!(!click.is_legacy);
}

#[test]
fn a_click_without_the_right_signature_does_nothing() {
    let body = body(CLICK);
    let send = |signed| over_http(SECRETS, signed, body.as_bytes(), NOW);
    assert_eq!(send(None), Err(Refused::Unsigned));
    // HMAC-SHA-256 with the Verification Token in base64, as one might guess it.
    assert_eq!(send(signed("VWLwQCVsbt74Djz8SMbi7QqO3IiWGOiqIYuzjSjkqmg=")), Err(Refused::WrongSignature));
    assert_eq!(send(signed("")), Err(Refused::WrongSignature));
    let spaced = body.replace(':', ": ");
    assert_eq!(over_http(SECRETS, signed(SIGNATURE), spaced.as_bytes(), NOW), Err(Refused::WrongSignature));
    for late in [NOW.0 + 300_000_001, NOW.0 - 300_000_001] {
        let answer = over_http(SECRETS, signed(SIGNATURE), body.as_bytes(), Timestamp(late));
        assert_eq!(answer, Err(Refused::Stale));
    }
}

#[test]
fn a_body_in_clear_does_nothing_even_if_it_is_signed() {
    let clear = a_click().to_string();
    let signature = sign(SECONDS, "n0nce-42", SECRETS.encrypt_key, clear.as_bytes());
    assert_eq!(over_http(SECRETS, signed(&signature), clear.as_bytes(), NOW), Err(Refused::NotSealed));
}

#[test]
fn another_app_tenant_or_token_does_nothing() {
    let foreign = json!("foreign");
    assert!(matches!(sent(&a_click()), Ok(Callback::Click(_))));
    assert_eq!(sent(&with("/header/token", foreign.clone())), Err(Refused::WrongToken));
    assert_eq!(sent(&with("/header/app_id", foreign.clone())), Err(Refused::WrongApp));
    assert_eq!(sent(&with("/header/tenant_key", foreign.clone())), Err(Refused::WrongTenant));
    assert_eq!(sent(&with("/event/operator/tenant_key", foreign)), Err(Refused::WrongTenant));
    assert_eq!(sent(&with("/event/operator", json!({"tenant_key": "tk1"}))), Err(Refused::Nobody));
    assert_eq!(sent(&with("/header/event_id", json!(""))), Err(Refused::Malformed));
    assert_eq!(sent(&json!([1])), Err(Refused::Malformed));
    assert_eq!(sent(&with("/event", json!("x"))), Err(Refused::Malformed));
}

#[test]
fn somebody_without_an_open_id_is_known_by_the_user_id() {
    let Ok(Callback::Click(click)) = sent(&with("/event/operator", json!({"tenant_key": "tk1", "user_id": "u7"})))
    else {
        panic!("no click")
    };
    assert_eq!(click.operator.id(), Some("u7"));
}

#[test]
fn other_events_are_answered_and_forgotten() {
    let event = with("/header/event_type", json!("im.message.receive_v1"));
    assert_eq!(sent(&event), Ok(Callback::Other { event_type: "im.message.receive_v1".to_owned() }));
}

#[test]
fn the_long_connection_needs_no_signature_but_the_right_names() {
    let read = |whole: Value| over_connection(SECRETS, whole.to_string().as_bytes());
    assert!(matches!(read(a_click()), Ok(Callback::Click(_))));
    assert_eq!(read(with("/header/token", json!("x"))), Err(Refused::WrongToken));
    assert_eq!(over_connection(SECRETS, b"{"), Err(Refused::Malformed));
}

#[test]
fn a_click_of_the_first_version_is_proven_by_its_own_signature() {
    let body = br#"{"open_id":"ou_u1","open_message_id":"om_m1","tenant_key":"tk1","token":"c-tok1","action":{"value":{"rid":"r1","d":"approve"},"tag":"button"}}"#;
    let good = sign_legacy(SECONDS, "n0nce-42", SECRETS.verification_token, body);
    let Ok(Callback::Click(click)) = over_http(SECRETS, signed(&good), body, NOW) else { panic!("no click") };
    assert!(click.is_legacy && click.event_id.starts_with("v1-"));
    assert_eq!((click.operator.id(), click.message_id.as_str()), (Some("ou_u1"), "om_m1"));
    assert_eq!(over_http(SECRETS, None, body, NOW), Err(Refused::Unsigned));
    let other = sign(SECONDS, "n0nce-42", SECRETS.encrypt_key, body);
    assert_eq!(over_http(SECRETS, signed(&other), body, NOW), Err(Refused::WrongSignature));
    let without = Secrets { verification_token: "", ..SECRETS };
    let anybodys = sign_legacy(SECONDS, "n0nce-42", "", body);
    assert_eq!(over_http(without, signed(&anybodys), body, NOW), Err(Refused::NotSealed));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = over_http(SECRETS, signed(SIGNATURE), &bytes, NOW);
        let _ = over_connection(SECRETS, &bytes);
    }
}
