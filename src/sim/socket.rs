//! The long connection, as the platform keeps it: an address for whoever knows the app, pings answered, each click sent to
//! one of those who are connected, and acknowledged within three seconds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::web::{self, Bytes, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, Session};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use hermes_core::feishu::connection::ENDPOINT;
use hermes_core::feishu::frame::{Frame, method};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::Sim;

/// The number of this platform's service.
const SERVICE: i32 = 33_554_678;
/// So long the platform waits for an acknowledgement.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Frames that wait for one connection.
const MOST_WAITING: usize = 64;
/// Seconds between two pings, and until a client comes back; a real platform has more.
const PING: u64 = 30;
const RECONNECT: u64 = 1;

/// Who is connected, and who waits for an acknowledgement.
#[derive(Default)]
pub(super) struct Connections {
    open: Mutex<Vec<mpsc::Sender<Frame>>>,
    awaited: Mutex<HashMap<String, oneshot::Sender<Value>>>,
}

impl Connections {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|one| !one.is_closed());
        open.len()
    }

    /// Ends all of them.
    pub(super) fn cut(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route(ENDPOINT, web::post().to(endpoint)).route("/ws/v2", web::get().to(connect));
}

async fn endpoint(sim: Data<Sim>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (known, is_down) = sim.look(|platform| {
        let app = &platform.app;
        (text("AppID") == app.app_id && text("AppSecret") == app.app_secret, platform.faults.down)
    });
    if is_down {
        return HttpResponse::Ok().json(json!({"code": 1, "msg": "system busy"}));
    }
    if !known {
        return HttpResponse::Ok().json(json!({"code": 1_000_040_344, "msg": "invalid app credential"}));
    }
    let host = request.connection_info().host().to_owned();
    let url = format!("ws://{host}/ws/v2?device_id=1&service_id={SERVICE}&access_key=sim&ticket=sim");
    HttpResponse::Ok().json(json!({"code": 0, "msg": "", "data": {"URL": url, "ClientConfig": config()}}))
}

fn config() -> Value {
    json!({"ReconnectCount": -1, "ReconnectInterval": RECONNECT, "ReconnectNonce": 0, "PingInterval": PING})
}

async fn connect(sim: Data<Sim>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, actix_web::Error> {
    let (answer, session, stream) = actix_ws::handle(&request, payload)?;
    let (sender, frames) = mpsc::channel(MOST_WAITING);
    let lock = |sim: &Sim| sim.connections.open.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
    lock(&sim);
    actix_web::rt::spawn(keep(sim, session, stream.aggregate_continuations(), frames));
    Ok(answer)
}

/// Answers pings, sends what has to be sent, and hands acknowledgements on.
async fn keep(
    sim: Data<Sim>,
    mut session: Session,
    mut stream: actix_ws::AggregatedMessageStream,
    mut frames: mpsc::Receiver<Frame>,
) {
    loop {
        let sent = tokio::select! {
            frame = frames.recv() => match frame {
                Some(frame) => session.binary(frame.encode()).await,
                None => break,
            },
            message = stream.next() => match message {
                Some(Ok(AggregatedMessage::Binary(bytes))) => match heard(&sim, &bytes) {
                    Some(answer) => session.binary(answer.encode()).await,
                    None => Ok(()),
                },
                Some(Ok(AggregatedMessage::Ping(bytes))) => session.pong(&bytes).await,
                Some(Ok(AggregatedMessage::Text(_) | AggregatedMessage::Pong(_))) => Ok(()),
                Some(Ok(AggregatedMessage::Close(_)) | Err(_)) | None => break,
            },
        };
        if sent.is_err() {
            break;
        }
    }
    drop(frames);
    let _gone = session.close(None).await;
}

fn heard(sim: &Sim, bytes: &[u8]) -> Option<Frame> {
    let frame = Frame::decode(bytes).ok()?;
    if frame.method == method::CONTROL {
        let is_ping = frame.header("type") == Some("ping");
        let pong = Frame { payload: Some(config().to_string().into_bytes()), ..Frame::control(frame.service, "pong") };
        return is_ping.then_some(pong);
    }
    let id = frame.header("message_id")?;
    let awaited = sim.connections.awaited.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    let answer = serde_json::from_slice(frame.payload.as_deref()?).ok()?;
    // Whoever waited may have given up.
    let _late = awaited?.send(answer);
    None
}

/// Sends a click to one who is connected; none if nobody is. The answer is the one that the person sees something of.
pub(super) async fn click(sim: &Sim, id: &str, callback: &Value) -> Option<Result<Value, (u32, String)>> {
    let headers = [("type", "event"), ("message_id", id), ("sum", "1"), ("seq", "0"), ("trace_id", id)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let payload = Some(callback.to_string().into_bytes());
    let frame =
        Frame { seq_id: 1, log_id: 1, service: SERVICE, method: method::DATA, headers, payload, ..Frame::default() };
    let (sender, answer) = oneshot::channel();
    sim.connections.awaited.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), sender);
    loop {
        let open = || sim.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        let one = open().last().cloned()?;
        if one.try_send(frame.clone()).is_ok() {
            break;
        }
        open().retain(|other| !other.same_channel(&one));
    }
    let Ok(Ok(answer)) = tokio::time::timeout(TIMEOUT, answer).await else {
        return Some(Err((200_341, "no acknowledgement within 3 s".to_owned())));
    };
    if answer.get("code").and_then(Value::as_i64) != Some(200) {
        return Some(Err((200_671, "the acknowledgement is no success".to_owned())));
    }
    let data = answer.get("data").and_then(Value::as_str).and_then(|data| STANDARD.decode(data).ok());
    let body = data.and_then(|data| serde_json::from_slice::<Value>(&data).ok());
    Some(body.ok_or_else(|| (108_002, "the acknowledgement carries no data".to_owned())))
}
