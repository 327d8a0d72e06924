//! A supervisor that does what a test's script says, and remembers every call.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use ed25519_dalek::SigningKey;
use futures_util::stream;
use hermes_core::id::{Digest, Fence, LeaseId, Revision, TaskId};
use hermes_core::lease::sign;
use hermes_core::time::Millis;
use hermes_core::wire::work::{Claimed, Finish, Grant};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Far more than anything here takes; a test that waits so long has failed.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
pub(super) const WORKER: &str = "w1";

#[derive(Debug, Clone)]
pub(super) struct Call {
    /// `claim`, `start`, `heartbeat`, `output` or `finish`.
    pub(super) route: String,
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) authorization: Option<String>,
}

/// What the script wants answered.
pub(super) enum Reply {
    Json(u16, Value),
    /// The request was handled, the answer breaks off.
    Lost,
    /// Answered only when the calls so far fulfil this.
    After(fn(&[Call]) -> bool, Box<Reply>),
}

impl Reply {
    pub(super) fn refused(status: u16) -> Option<Self> {
        Some(Self::Json(status, json!({"ok": false, "error": "No.", "code": "no"})))
    }

    pub(super) fn heartbeat(cancel: bool, drain: bool) -> Option<Self> {
        Some(Self::Json(200, json!({"ok": true, "cancel": cancel, "drain": drain})))
    }
}

/// Decides about a call, the last of these; `None` is the usual answer.
pub(super) type Script = dyn Fn(&[Call]) -> Option<Reply> + Send + Sync;

struct State {
    key: SigningKey,
    grants: Mutex<VecDeque<Grant>>,
    calls: watch::Sender<Vec<Call>>,
    script: Box<Script>,
}

pub(super) struct Fake {
    pub(super) url: String,
    state: Arc<State>,
    server: ServerHandle,
}

pub(super) fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

pub(super) fn public_key(key: &SigningKey) -> String {
    hex::encode(key.verifying_key().to_bytes())
}

/// A signed grant of `command`.
pub(super) fn grant(task: &str, command: &str) -> Grant {
    signed(Grant {
        task_id: TaskId::parse(task).unwrap(),
        revision: Revision(1),
        attempt: 1,
        lease: LeaseId::new(&TaskId::parse(task).unwrap(), Fence(4), [1; 16]),
        fence: Fence(4),
        command: command.to_owned(),
        command_sha256: Digest::of(command.as_bytes()),
        timeout: 60,
        ttl_ms: Millis(20_000),
        signature: String::new(),
    })
}

pub(super) fn signed(mut grant: Grant) -> Grant {
    grant.signature = sign(&grant, WORKER, &key());
    grant
}

impl Fake {
    pub(super) fn start(grants: Vec<Grant>, script: impl Fn(&[Call]) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::signing_with(key(), grants, script)
    }

    pub(super) fn signing_with(
        key: SigningKey,
        grants: Vec<Grant>,
        script: impl Fn(&[Call]) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let (calls, _) = watch::channel(Vec::new());
        let state = State { key, grants: Mutex::new(grants.into()), calls, script: Box::new(script) };
        let state = web::Data::new(state);
        let data = state.clone();
        let app = move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(1 << 20))
                .route("/api/work/{tail:.*}", web::post().to(handle))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::task::spawn_local(server);
        Self { url, state: state.into_inner(), server: handle }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.state.calls.borrow().clone()
    }

    pub(super) fn of(&self, route: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.route == route).collect()
    }

    pub(super) fn finishes(&self) -> Vec<Finish> {
        self.of("finish").into_iter().map(|call| serde_json::from_value(call.body).unwrap()).collect()
    }

    /// All text sent of a stream.
    pub(super) fn output(&self, stream: &str) -> String {
        let of_stream = self.of("output").into_iter().filter(|call| call.body["stream"] == stream);
        of_stream.map(|call| call.body["data"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the calls are as wanted.
    pub(super) async fn until(&self, wanted: impl Fn(&[Call]) -> bool) {
        let mut calls = self.state.calls.subscribe();
        let seen = tokio::time::timeout(LIMIT, calls.wait_for(|calls| wanted(calls))).await.is_ok();
        assert!(seen, "never came: {:#?}", self.calls());
    }

    pub(super) async fn until_calls(&self, route: &str, count: usize) {
        self.until(|calls| number(calls, route) >= count).await;
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

pub(super) fn number(calls: &[Call], route: &str) -> usize {
    calls.iter().filter(|call| call.route == route).count()
}

/// How many calls there were of the route that was called last, that one included; 0 if it was another route.
pub(super) fn nth(calls: &[Call], route: &str) -> usize {
    if calls.last().is_some_and(|call| call.route == route) { number(calls, route) } else { 0 }
}

/// Whether it is a claim that takes nothing.
pub(super) fn ends_claim(call: &Call) -> bool {
    call.route == "claim" && call.body["max"] == 0
}

async fn handle(request: HttpRequest, body: web::Json<Value>, state: web::Data<State>) -> HttpResponse {
    let path = request.path().to_owned();
    let route = path.rsplit('/').next().unwrap().to_owned();
    let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let call = Call { route, path, body: body.into_inner(), authorization };
    // Decided before it is shown: a test that sees the call can rely on its answer being fixed.
    let mut calls = state.calls.borrow().clone();
    calls.push(call.clone());
    let reply = (state.script)(&calls);
    state.calls.send_modify(|calls| calls.push(call.clone()));
    answer(reply.unwrap_or_else(|| usual(&call, &state)), &state).await
}

fn usual(call: &Call, state: &State) -> Reply {
    match call.route.as_str() {
        "claim" if ends_claim(call) => Reply::Json(204, Value::Null),
        "claim" => match state.grants.lock().unwrap().pop_front() {
            Some(grant) => {
                let claimed = Claimed { ok: true, grants: vec![grant], public_key: public_key(&state.key) };
                Reply::Json(200, serde_json::to_value(claimed).unwrap())
            }
            None => Reply::Json(204, Value::Null),
        },
        "heartbeat" => Reply::heartbeat(false, false).unwrap(),
        _ => Reply::Json(200, json!({"ok": true})),
    }
}

async fn answer(reply: Reply, state: &State) -> HttpResponse {
    let reply = match reply {
        Reply::After(wanted, reply) => {
            state.calls.subscribe().wait_for(|calls| wanted(calls)).await.unwrap();
            *reply
        }
        reply => reply,
    };
    match reply {
        Reply::Json(204, _) => HttpResponse::NoContent().finish(),
        Reply::Json(status, body) => {
            HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).json(body)
        }
        Reply::Lost => HttpResponse::Ok()
            .streaming(stream::iter([Ok(web::Bytes::from("{")), Err(std::io::Error::other("the connection breaks"))])),
        Reply::After(..) => HttpResponse::InternalServerError().finish(),
    }
}
