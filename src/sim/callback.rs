//! The side that calls back: a click, sealed and signed, and what the person sees of the answer.

use std::time::Duration;

use awc::Client;
use awc::error::SendRequestError;
use hermes_core::feishu::envelope::{BLOCK, seal};
use hermes_core::feishu::signature::sign;
use serde_json::{Value, json};

use super::platform::{App, Clicked};
use super::{Sim, now};

/// So long the platform waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Bytes of an answer.
const MOST_BYTES: usize = 1024 * 1024;

/// Sends callbacks; one for each thread.
pub(super) struct Caller(Client);

impl Default for Caller {
    fn default() -> Self {
        Self(Client::builder().timeout(TIMEOUT).disable_redirects().finish())
    }
}

impl Caller {
    /// Sends a click; gives what the person sees: a notice, or the code of what went wrong.
    pub(super) async fn click(&self, sim: &Sim, click: &Clicked) -> Value {
        let made = sim.with(|platform| {
            let callback = platform.click(click, now());
            callback.map(|callback| (callback, platform.app.clone(), platform.faults.duplicate_clicks))
        });
        let Some((callback, app, twice)) = made else {
            return json!({"code": 200_080, "msg": "there is no such message"});
        };
        let id = callback.pointer("/header/event_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(answer) = super::socket::click(sim, &id, &callback).await {
            return self.seen(sim, click, answer);
        }
        let Some(url) = sim.callback_url() else { return failed(200_340, "no callback address is configured") };
        let answer = self.post(&url, &callback, &app).await;
        if twice {
            // The platform does not repeat clicks, but a proxy on the way may.
            let _same = self.post(&url, &callback, &app).await;
        }
        self.seen(sim, click, answer)
    }

    /// What the person sees of an answer.
    fn seen(&self, sim: &Sim, click: &Clicked, answer: Result<Value, (u32, String)>) -> Value {
        let answer = match answer {
            Ok(answer) => answer,
            Err((code, why)) => return failed(code, &why),
        };
        match sim.with(|platform| platform.answered(&click.message_id, &answer)) {
            Ok(()) => json!({"code": 0, "toast": answer.get("toast")}),
            Err(code) => failed(code, "the answer is not of the documented form"),
        }
    }

    async fn post(&self, url: &str, callback: &Value, app: &App) -> Result<Value, (u32, String)> {
        let body = json!({"encrypt": seal(&app.encrypt_key, chance(), &callback.to_string())}).to_string();
        let (timestamp, nonce) = ((now().0 / 1_000_000).to_string(), hex::encode(chance()));
        let signature = sign(&timestamp, &nonce, &app.encrypt_key, body.as_bytes());
        let request = self
            .0
            .post(url)
            .insert_header(("content-type", "application/json; charset=utf-8"))
            .insert_header(("x-lark-request-timestamp", timestamp))
            .insert_header(("x-lark-request-nonce", nonce))
            .insert_header(("x-lark-signature", signature));
        let mut answer = request.send_body(body).await.map_err(|error| match error {
            SendRequestError::Timeout => (200_341, "no answer within 3 s".to_owned()),
            other => (200_342, other.to_string()),
        })?;
        if answer.status().as_u16() != 200 {
            return Err((200_671, format!("HTTP {}", answer.status())));
        }
        let body = answer.body().limit(MOST_BYTES).await.map_err(|error| (200_672, error.to_string()))?;
        serde_json::from_slice::<Value>(&body)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| (200_672, "the answer is not JSON".to_owned()))
    }
}

fn failed(code: u32, why: &str) -> Value {
    json!({"code": code, "msg": why})
}

fn chance() -> [u8; BLOCK] {
    hermes_actors::clock::random().unwrap_or_default()
}
