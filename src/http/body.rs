//! Reads a request's body: JSON only, so large and no larger, in so much time and no more.

mod strict;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use hermes_core::error::Code;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The largest body, in bytes.
pub(super) const LIMIT: usize = 256 * 1024;

/// A body that is not here by then is given up.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A body of JSON.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_head(request);
        let payload = payload.take();
        Box::pin(async move {
            checked?;
            parse(&raw(payload, LIMIT).await?).map(Self)
        })
    }
}

fn check_head(request: &HttpRequest) -> Result<(), ApiError> {
    let text = |name: header::HeaderName| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
    };
    let media_type = text(header::CONTENT_TYPE);
    if media_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(ApiError::new(Code::UnsupportedMediaType, "send JSON, with Content-Type: application/json"));
    }
    if !matches!(text(header::CONTENT_ENCODING).as_str(), "" | "identity") {
        return Err(ApiError::new(Code::UnsupportedMediaType, "send the body without compression"));
    }
    match text(header::CONTENT_LENGTH).parse::<usize>() {
        Ok(length) if length > LIMIT => Err(too_large(LIMIT)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(Code::TooLarge, format!("the body is larger than {limit} bytes"))
}

/// The bytes of a body as they came, so many and in so much time.
pub(super) async fn raw(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let late = |_| ApiError::new(Code::RequestTimeout, "the body took too long to arrive");
    tokio::time::timeout(TIMEOUT, collect(payload, limit)).await.map_err(late)?
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::new(Code::BadRequest, "the body could not be read to its end"))?;
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// 400 for what is not JSON, 422 with the field for what is JSON of another shape.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // A missing body is an empty object: every field that is needed is then missed by its name.
    let bytes = if bytes.iter().all(u8::is_ascii_whitespace) { b"{}" } else { bytes };
    // A struct could also be read from an array of its fields, which nobody means.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(match serde_json::from_slice::<serde_json::Value>(bytes) {
            Ok(_) => ApiError::new(Code::InvalidField, "the body has to be a JSON object"),
            Err(error) => ApiError::new(Code::BadRequest, format!("the body is not JSON: {error}")),
        });
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| explain(&error))?;
    // The fields that nobody asked for were only skipped; what another program would read differently is refused too.
    match reader.end().and_then(|()| serde_json::from_slice::<strict::Strict>(bytes)) {
        Ok(_) => Ok(value),
        Err(error) => Err(ApiError::new(Code::BadRequest, format!("the body is not JSON as it should be: {error}"))),
    }
}

fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let why = error.inner().to_string();
    // To the parser that is no number at all; to the caller it is a value that the field cannot take.
    let is_huge = why.starts_with("number out of range");
    let is_shape = is_huge || error.inner().classify() == serde_json::error::Category::Data;
    let is_twice = why.starts_with("duplicate field");
    if !is_shape || is_twice {
        return ApiError::new(Code::BadRequest, format!("the body is not JSON as it should be: {why}"));
    }
    let missing = why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match (missing, error.path().to_string().as_str()) {
        (Some(field), _) => ApiError::field(field, "this field is required"),
        (None, path) => ApiError::field(path, why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hermes_core::wire::task::{CreateTask, Decision};

    #[test]
    fn each_wrong_body_gets_its_code() {
        let code = |body: &[u8]| parse::<CreateTask>(body).unwrap_err().code;
        assert_eq!(code(b"{"), Code::BadRequest);
        assert_eq!(code(b"{} {}"), Code::BadRequest);
        assert_eq!(code(b"\xff"), Code::BadRequest);
        assert_eq!(code(br#"{"command":"a","command":"b"}"#), Code::BadRequest);
        assert_eq!(code(format!("{}1{}", "[".repeat(200), "]".repeat(200)).as_bytes()), Code::BadRequest);
        assert_eq!(code(br#"{"command":7}"#), Code::InvalidField);
        assert_eq!(code(br#"{"risk_level":"tiny"}"#), Code::InvalidField);
        assert_eq!(code(b"[]"), Code::InvalidField);
        assert!(parse::<CreateTask>(b"").is_ok());
        assert!(parse::<CreateTask>(br#"{"command":null,"unknown":1}"#).is_ok());
        let missing = parse::<Decision>(b"{}").unwrap_err();
        assert_eq!(missing, ApiError::field("action", "this field is required"));
        let huge = parse::<Decision>(br#"{"action":"approve","expected_version":1e400}"#).unwrap_err();
        assert_eq!(huge.code, Code::InvalidField);
        assert_eq!(code(br#"{"command":"a","unknown":[{"x":1,"x":1}]}"#), Code::BadRequest);
        assert_eq!(code(format!("{{\"x\":{}1{}}}", "[".repeat(200), "]".repeat(200)).as_bytes()), Code::BadRequest);
        assert!(parse::<CreateTask>(br#"{"x":[{"a":1,"b":{"a":-1.5}},{"a":null}],"command":"\u00e9"}"#).is_ok());
    }
}
