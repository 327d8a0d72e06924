//! The HTTP client of the supervisor's API: JSON in and out, bearer key, a time limit on every request.
//!
//! Its errors keep apart what a caller must keep apart before it repeats anything: the supervisor refused, the request
//! never left, or nobody knows. Connections are pooled per client; requests in flight each have their own. A client
//! lives on one thread, inside an actix or tokio `LocalSet`.

use std::time::Duration;

use actix_web::web::Bytes;
use awc::error::{ConnectError, SendRequestError};
use awc::http::{Method, StatusCode, Uri, header};
use awc::{ClientRequest, ClientResponse};
use futures_util::{Stream, TryStreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An answer larger than this is refused: the largest, a list of 500 tasks, stays well below.
const ANSWER_LIMIT: usize = 64 << 20;
const TIMEOUT: Duration = Duration::from_secs(30);
const AGENT: &str = concat!("hermes/", env!("CARGO_PKG_VERSION"));

/// Why there is no good answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The answer is not a success. Below 500 and at 503 nothing of this request was done.
    #[error("refused: {error} ({code}, HTTP {status})")]
    Refused {
        /// The HTTP status, 300 to 599.
        status: u16,
        /// The machine-readable reason; empty if the answer was not the API's.
        code: String,
        /// The sentence for a person.
        error: String,
        /// When to come back, if the answer said so.
        retry_after: Option<Duration>,
    },
    /// No byte of the request reached the supervisor.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have been handled: the answer was lost, late or broken.
    #[error("no answer: {0}")]
    Unknown(String),
}

impl Error {
    /// The HTTP status of a refusal.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::NotSent(_) | Self::Unknown(_) => None,
        }
    }

    /// How long the supervisor asked to be left alone.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::NotSent(_) | Self::Unknown(_) => None,
        }
    }
}

/// A supervisor's address and the key to it.
pub struct Client {
    http: awc::Client,
    base: String,
    key: Option<String>,
}

impl Client {
    /// A client of the API at `base`, an http or https address that may end in a path.
    pub fn new(base: &str, key: Option<String>) -> Result<Self, Error> {
        let wrong = || Error::NotSent(format!("{base:?} is not an http:// or https:// address"));
        let uri: Uri = base.parse().map_err(|_| wrong())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() || uri.query().is_some() {
            return Err(wrong());
        }
        // An error only says that another client of this process installed it before.
        rustls::crypto::ring::default_provider().install_default().ok();
        // A redirect is not followed: it would carry the key, and a write, to an address nobody configured.
        let builder = awc::Client::builder().disable_timeout().disable_redirects();
        let http = builder.add_default_header((header::USER_AGENT, AGENT)).finish();
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), key })
    }

    /// Begins a GET of a path such as `/api/tasks`.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// Begins a POST.
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// Begins a PUT.
    pub fn put(&self, path: &str) -> Call {
        self.call(Method::PUT, path)
    }

    /// Begins a DELETE.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    fn call(&self, method: Method, path: &str) -> Call {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.insert_header((header::ACCEPT, "application/json"));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        Call { request, body: None, timeout: TIMEOUT }
    }
}

/// One request in the making.
#[must_use]
pub struct Call {
    request: ClientRequest,
    body: Option<Vec<u8>>,
    timeout: Duration,
}

impl Call {
    /// Limits the whole exchange (for a stream: until its head is there); 30 s unless said.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Adds the query, a flat struct or a list of pairs.
    pub fn query(mut self, query: &impl Serialize) -> Result<Self, Error> {
        self.request = self.request.query(query).map_err(not_sent)?;
        Ok(self)
    }

    /// Adds a header, such as `Idempotency-Key`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.insert_header((name, value));
        self
    }

    /// Sets the body.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        self.body = Some(serde_json::to_vec(body).map_err(not_sent)?);
        Ok(self)
    }

    /// Sends it and reads the answer.
    pub async fn answer<A: DeserializeOwned>(self) -> Result<A, Error> {
        self.answer_if_any().await?.ok_or_else(|| Error::Unknown("an answer without a body".into()))
    }

    /// Sends it and reads the answer; 204 is `None`.
    pub async fn answer_if_any<A: DeserializeOwned>(self) -> Result<Option<A>, Error> {
        let timeout = self.timeout;
        let exchange = async {
            let mut response = self.send().await?;
            if response.status() == StatusCode::NO_CONTENT {
                return Ok(None);
            }
            let body = response.body().limit(ANSWER_LIMIT).await.map_err(unknown)?;
            serde_json::from_slice(&body).map(Some).map_err(unknown)
        };
        within(timeout, exchange).await
    }

    /// Sends it and hands out the answer's bytes as they come, without a time limit.
    pub async fn stream(self) -> Result<impl Stream<Item = Result<Bytes, Error>> + use<>, Error> {
        let timeout = self.timeout;
        Ok(within(timeout, self.send()).await?.map_err(unknown))
    }

    /// Sends it; a status that is not 2xx is a refusal.
    async fn send(self) -> Result<ClientResponse, Error> {
        let sent = match self.body {
            Some(body) => self.request.insert_header((header::CONTENT_TYPE, "application/json")).send_body(body),
            None => self.request.send(),
        };
        let response = sent.await.map_err(failed)?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }
}

async fn within<T>(limit: Duration, exchange: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    // Boxed: the client's futures are large, and every caller would carry them.
    let late = |_| Err(Error::Unknown(format!("nothing for {} s", limit.as_secs_f32())));
    tokio::time::timeout(limit, Box::pin(exchange)).await.unwrap_or_else(late)
}

/// Reads the API's error body; what somebody else answered (a proxy) keeps its status only.
async fn refusal(mut response: ClientResponse) -> Error {
    #[derive(serde::Deserialize)]
    struct Body {
        error: String,
        code: String,
    }
    let status = response.status();
    let seconds = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response.body().limit(64 << 10).await.ok();
    let body = body.and_then(|bytes| serde_json::from_slice::<Body>(&bytes).ok());
    let (code, error) = body.map_or_else(
        || (String::new(), status.canonical_reason().unwrap_or("no reason given").to_owned()),
        |body| (body.code, body.error),
    );
    Error::Refused { status: status.as_u16(), code, error, retry_after: seconds.map(Duration::from_secs) }
}

fn failed(error: SendRequestError) -> Error {
    match error {
        // Also reported when an open connection ends before the answer.
        SendRequestError::Connect(ConnectError::Disconnected) => unknown("the connection ended"),
        SendRequestError::Connect(ConnectError::H2(error)) => unknown(error),
        SendRequestError::Connect(error) => not_sent(error),
        SendRequestError::Url(error) => not_sent(error),
        SendRequestError::Http(error) => not_sent(error),
        other => unknown(other),
    }
}

fn not_sent(error: impl ToString) -> Error {
    Error::NotSent(error.to_string())
}

fn unknown(error: impl ToString) -> Error {
    Error::Unknown(error.to_string())
}

#[cfg(test)]
mod tests;
