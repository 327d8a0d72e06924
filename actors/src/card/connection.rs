//! Clicks over the long connection: no public address is needed, the supervisor connects to the platform.
//!
//! It connects, pings, takes events, answers each within three seconds, and comes back when it is cut off, for as long as
//! the engine runs. What is decided without a connection is in `hermes_core::feishu::connection`.

use std::pin::pin;
use std::time::{Duration, Instant};

use actix_http::ws::Item;
use awc::Client;
use awc::ws::{Frame as Socket, Message as Out};
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use hermes_core::feishu::answer::to_click;
use hermes_core::feishu::callback::{Callback, Secrets, over_connection};
use hermes_core::feishu::connection::{ENDPOINT, Endpoint, Fragments, Pace, acknowledged, endpoint, endpoint_request};
use hermes_core::feishu::frame::{Frame, method};
use hermes_core::time::Millis;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::click::{self, Deciders};
use crate::runtime::Engine;

/// A request for a connection, and the connection itself, are given up after this.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest frame.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Events that are worked on at once.
const MOST_AT_ONCE: usize = 64;
/// So many pings without a word from the platform mean that nobody is there.
const SILENT_PINGS: u64 = 3;
/// How long settings that the platform refuses are left alone.
const REFUSED_PAUSE: Millis = Millis::from_secs(300);
/// The pause after a failure, before the platform has said how long.
const FIRST_PAUSE: Millis = Millis::from_secs(5);

/// Whom to connect to, and as what.
#[derive(Clone)]
pub struct Link {
    /// The platform's address, without a slash at its end.
    pub base_url: String,
    /// The app.
    pub app_id: String,
    /// Its secret.
    pub app_secret: String,
    /// Stands in every event; empty if none is configured.
    pub verification_token: String,
    /// The company; any, if none is configured.
    pub tenant_key: Option<String>,
    /// Who may decide by a click.
    pub deciders: Deciders,
}

/// Takes clicks until it is told to stop.
pub async fn run(engine: Engine, link: Link, mut stopping: watch::Receiver<bool>) {
    let mut stopped = pin!(async move {
        // Nobody left to tell is a stop, too.
        let _told = stopping.wait_for(|stopping| *stopping).await;
    });
    loop {
        let pause = tokio::select! {
            pause = connect(&engine, &link) => pause,
            () = &mut stopped => return,
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause.0)) => {}
            () = &mut stopped => return,
        }
    }
}

/// Connects, and takes clicks until it is cut off; gives the pause before the next attempt.
async fn connect(engine: &Engine, link: &Link) -> Millis {
    // An error only says that another client of this process installed it before.
    rustls::crypto::ring::default_provider().install_default().ok();
    let client =
        Client::builder().timeout(TIMEOUT).disable_redirects().max_http_version(awc::http::Version::HTTP_11).finish();
    let (url, service, pace) = match ask(&client, link).await {
        Endpoint::Ready { url, service, pace } => (url, service, pace),
        Endpoint::Busy(why) => {
            tracing::warn!(feishu.answer = %why, "Feishu gives no long connection just now");
            return FIRST_PAUSE;
        }
        Endpoint::Refused(why) => {
            tracing::error!(feishu.answer = %why, "Feishu refuses a long connection: check FEISHU_APP_ID and FEISHU_APP_SECRET");
            return REFUSED_PAUSE;
        }
    };
    match client.ws(&url).max_frame_size(MOST_BYTES).connect().await {
        Ok((_, socket)) => {
            tracing::info!("the long connection to Feishu stands");
            let session = Session { engine, link, service, pace, fragments: Fragments::default() };
            let pace = session.run(socket).await;
            tracing::warn!("the long connection to Feishu was cut off");
            Millis(u64::from(super::chance()) % (pace.spread.0 + 1))
        }
        Err(error) => {
            tracing::warn!(error = %error, "the long connection to Feishu cannot be made");
            pace.reconnect.min(REFUSED_PAUSE)
        }
    }
}

async fn ask(client: &Client, link: &Link) -> Endpoint {
    let request =
        client.post(format!("{}{ENDPOINT}", link.base_url.trim_end_matches('/'))).insert_header(("locale", "zh"));
    let sent = request.send_json(&endpoint_request(&link.app_id, &link.app_secret)).await;
    let mut answer = match sent {
        Ok(answer) => answer,
        Err(error) => return Endpoint::Busy(error.to_string()),
    };
    match answer.body().await {
        Ok(body) => endpoint(&body),
        Err(error) => Endpoint::Busy(error.to_string()),
    }
}

/// One connection.
struct Session<'a> {
    engine: &'a Engine,
    link: &'a Link,
    service: i32,
    pace: Pace,
    fragments: Fragments,
}

impl Session<'_> {
    /// Until it is cut off; gives the pace in force then.
    async fn run<E>(mut self, socket: impl Stream<Item = Result<Socket, E>> + Sink<Out>) -> Pace {
        let (sink, stream) = socket.split();
        let (mut sink, mut stream) = (pin!(sink), pin!(stream));
        let (answers, mut answered) = mpsc::channel::<Frame>(MOST_AT_ONCE);
        let mut heard = Instant::now();
        let mut next_ping = tokio::time::Instant::now();
        let mut parts = Vec::new();
        loop {
            let out = tokio::select! {
                () = tokio::time::sleep_until(next_ping) => {
                    next_ping = tokio::time::Instant::now() + Duration::from_millis(self.pace.ping.0);
                    if heard.elapsed() > Duration::from_millis(self.pace.ping.0.saturating_mul(SILENT_PINGS)) {
                        return self.pace;
                    }
                    Some(Out::Binary(Frame::control(self.service, "ping").encode().into()))
                }
                answer = answered.recv() => answer.map(|frame| Out::Binary(frame.encode().into())),
                frame = stream.next() => {
                    heard = Instant::now();
                    match frame {
                        Some(Ok(Socket::Binary(bytes))) => self.take(&bytes, &answers),
                        Some(Ok(Socket::Continuation(item))) => match whole(&mut parts, item) {
                            Some(bytes) => self.take(&bytes, &answers),
                            None => None,
                        },
                        Some(Ok(Socket::Ping(bytes))) => Some(Out::Pong(bytes)),
                        Some(Ok(Socket::Text(_) | Socket::Pong(_))) => None,
                        Some(Ok(Socket::Close(_)) | Err(_)) | None => return self.pace,
                    }
                }
            };
            if let Some(out) = out
                && sink.send(out).await.is_err()
            {
                return self.pace;
            }
        }
    }

    /// Takes a frame in. A click is worked on beside, so that pings go on.
    fn take(&mut self, bytes: &[u8], answers: &mpsc::Sender<Frame>) -> Option<Out> {
        let frame = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::warn!(error = %error, "a frame of the long connection cannot be read");
                return None;
            }
        };
        if frame.method == method::CONTROL {
            let config = frame.payload.as_deref().and_then(|payload| serde_json::from_slice::<Value>(payload).ok());
            self.pace = config.map_or(self.pace, |config| self.pace.with(&config));
            return None;
        }
        let payload = self.fragments.add(&frame, self.engine.clock.monotonic())?;
        // One place for each that is worked on; none left is an answer at once.
        let Ok(place) = answers.clone().try_reserve_owned() else {
            return Some(Out::Binary(acknowledged(frame, None, Millis(0)).encode().into()));
        };
        let (engine, link) = (self.engine.clone(), self.link.clone());
        actix::spawn(async move {
            let started = Instant::now();
            let body = answer(&engine, &link, &payload).await;
            let took = Millis(u64::try_from(started.elapsed().as_millis()).unwrap_or(0));
            place.send(acknowledged(frame, body.as_ref(), took));
        });
        None
    }
}

/// The answer to an event; none if it does not count.
async fn answer(engine: &Engine, link: &Link, payload: &[u8]) -> Option<Value> {
    let secrets = Secrets {
        encrypt_key: "",
        verification_token: &link.verification_token,
        app_id: &link.app_id,
        tenant_key: link.tenant_key.as_deref(),
    };
    match over_connection(secrets, payload) {
        Ok(Callback::Click(click)) => {
            let click::Answer { toast, card } = click::answer(engine, &link.deciders, &click).await;
            Some(to_click(&toast, card))
        }
        Ok(Callback::Challenge(_) | Callback::Other { .. }) => Some(json!({})),
        Err(why) => {
            tracing::warn!(why = %why, "an event of the long connection was refused");
            None
        }
    }
}

/// A message that came in pieces, once it is whole.
fn whole(parts: &mut Vec<u8>, item: Item) -> Option<Vec<u8>> {
    let (bytes, is_last) = match item {
        Item::FirstBinary(bytes) | Item::FirstText(bytes) => {
            parts.clear();
            (bytes, false)
        }
        Item::Continue(bytes) => (bytes, false),
        Item::Last(bytes) => (bytes, true),
    };
    if parts.len().saturating_add(bytes.len()) <= MOST_BYTES {
        parts.extend_from_slice(&bytes);
    }
    is_last.then(|| std::mem::take(parts))
}
