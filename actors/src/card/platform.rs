//! Requests to the platform: one token for all of them, fetched by one, dropped when it is refused.

use std::time::Duration;

use awc::Client;
use awc::http::Method;
use hermes_core::feishu::api::{self, Meaning, Request};
use hermes_core::time::Millis;
use serde_json::Value;
use tokio::sync::Mutex;

use super::Setup;
use crate::clock::SharedClock;

/// A request that takes longer is given up: whether it was done is not known, and its id tells the platform.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const MOST_BYTES: usize = 256 * 1024;
/// A token that lives no longer than this is replaced.
const MARGIN: Millis = Millis::from_secs(600);
/// The header in which the platform says how long to wait, in seconds.
const RESET: &str = "x-ogw-ratelimit-reset";
/// The header by which the platform's support finds a request.
const LOG_ID: &str = "x-tt-logid";

struct Token {
    text: String,
    /// On the clock that only runs forward.
    ends_at: Millis,
}

/// The platform, as this app reaches it.
pub(super) struct Platform {
    client: Client,
    base: String,
    app_id: String,
    app_secret: String,
    clock: SharedClock,
    token: Mutex<Option<Token>>,
}

impl Platform {
    pub(super) fn new(setup: &Setup, clock: SharedClock) -> Self {
        // An error only says that another client of this process installed it before.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder().timeout(TIMEOUT).disable_redirects().finish();
        Self {
            client,
            base: setup.base_url.trim_end_matches('/').to_owned(),
            app_id: setup.app_id.clone(),
            app_secret: setup.app_secret.clone(),
            clock,
            token: Mutex::new(None),
        }
    }

    /// Asks, a second time if the token was refused.
    pub(super) async fn ask(&self, request: &Request) -> Meaning {
        let token = match self.token().await {
            Ok(token) => token,
            Err(meaning) => return meaning,
        };
        let meaning = self.once(request, Some(&token)).await;
        if !matches!(meaning, Meaning::TokenRefused(_)) {
            return meaning;
        }
        self.forget(&token).await;
        match self.token().await {
            Ok(token) => self.once(request, Some(&token)).await,
            Err(meaning) => meaning,
        }
    }

    /// The token in force. Whoever comes while one is fetched waits for that one.
    async fn token(&self) -> Result<String, Meaning> {
        let mut held = self.token.lock().await;
        let now = self.clock.monotonic();
        if let Some(token) = held.as_ref().filter(|token| token.ends_at.0 > now.0 + MARGIN.0) {
            return Ok(token.text.clone());
        }
        match self.fetch().await {
            Ok((text, life)) => {
                let token = held.insert(Token { text, ends_at: Millis(now.0 + life.0) });
                Ok(token.text.clone())
            }
            // The old one may live on for some minutes.
            Err(meaning) => match held.as_ref().filter(|token| token.ends_at.0 > now.0) {
                Some(token) => Ok(token.text.clone()),
                None => Err(meaning),
            },
        }
    }

    async fn fetch(&self) -> Result<(String, Millis), Meaning> {
        let body = api::token_request(&self.app_id, &self.app_secret);
        let request = Request { method: "POST", path: api::TOKEN.to_owned(), body: Some(body) };
        let answer = self.exchange(&request, None).await.map_err(Meaning::Failed)?;
        match api::meaning(answer.status, answer.reset, &answer.body) {
            Meaning::Done(_) => serde_json::from_slice::<Value>(&answer.body)
                .ok()
                .and_then(|answer| api::token(&answer))
                .ok_or_else(|| Meaning::Failed("the platform gave no token".to_owned())),
            meaning => Err(meaning),
        }
    }

    async fn forget(&self, token: &str) {
        let mut held = self.token.lock().await;
        held.take_if(|held| held.text == token);
    }

    async fn once(&self, request: &Request, token: Option<&str>) -> Meaning {
        match self.exchange(request, token).await {
            Ok(answer) => {
                let meaning = api::meaning(answer.status, answer.reset, &answer.body);
                if !matches!(meaning, Meaning::Done(_)) {
                    tracing::debug!(feishu.log_id = answer.log_id, status = answer.status, "Feishu refused a request");
                }
                meaning
            }
            Err(why) => Meaning::Failed(why),
        }
    }

    async fn exchange(&self, request: &Request, token: Option<&str>) -> Result<Answer, String> {
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|error| error.to_string())?;
        let mut call = self.client.request(method, format!("{}{}", self.base, request.path));
        if let Some(token) = token {
            call = call.bearer_auth(token);
        }
        let sent = match &request.body {
            Some(body) => {
                call.insert_header(("content-type", "application/json; charset=utf-8"))
                    .send_body(body.to_string())
                    .await
            }
            None => call.send().await,
        };
        let mut answer = sent.map_err(|error| format!("no answer: {error}"))?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (reset, log_id) = (header(RESET).and_then(|text| text.parse().ok()), header(LOG_ID));
        let status = answer.status().as_u16();
        let body = answer.body().limit(MOST_BYTES).await.map_err(|error| format!("the answer broke off: {error}"))?;
        Ok(Answer { status, reset, log_id, body: body.to_vec() })
    }
}

struct Answer {
    status: u16,
    reset: Option<u64>,
    log_id: Option<String>,
    body: Vec<u8>,
}
