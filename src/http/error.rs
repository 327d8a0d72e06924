//! The only place where an error becomes an answer.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use hermes_actors::{Error as EngineError, store};
use hermes_core::error::Code;
use hermes_core::redact;
use hermes_core::task::Refusal;
use hermes_core::wire::task::Failure;

/// An error on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: Code,
    message: String,
    field: Option<String>,
    retry_after: Option<Duration>,
}

impl ApiError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        let retry_after = match code.status() {
            429 | 503 => Some(Duration::from_secs(1)),
            _ => None,
        };
        Self { code, message: message.into(), field: None, retry_after }
    }

    pub(super) fn field(field: &str, message: impl std::fmt::Display) -> Self {
        let error = Self::new(Code::InvalidField, format!("{field}: {message}"));
        Self { field: Some(field.to_owned()), ..error }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    pub(super) fn overloaded() -> Self {
        Self::new(Code::Overloaded, "too much is going on just now; try again shortly")
    }

    pub(super) fn stopping() -> Self {
        Self::new(Code::Stopping, "the server is stopping; try again shortly")
    }

    /// Something that the caller can do nothing about: he gets a number, the log the rest.
    pub(super) fn internal(cause: &dyn std::fmt::Display) -> Self {
        let id = hermes_actors::clock::random::<4>().map_or(0, u32::from_be_bytes);
        tracing::error!(incident = format!("{id:08x}"), error = %cause, "a request failed inside");
        Self::new(Code::Internal, format!("something failed inside (incident {id:08x}); the server's log says what"))
    }

    pub(super) fn retry_after(self, pause: Duration) -> Self {
        Self { retry_after: Some(pause), ..self }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponseBuilder::new(self.status_code());
        if let Some(pause) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, pause.as_secs().max(1)));
        }
        if self.code == Code::Unauthorized {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        answer.json(Failure {
            ok: false,
            error: redact::mask(&self.message).into_owned(),
            code: self.code.as_str().to_owned(),
            field: self.field.as_deref().map(|field| redact::mask(field).into_owned()),
        })
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self { field: refusal.field().map(str::to_owned), ..Self::new(refusal.code(), refusal.to_string()) }
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        match error.code() {
            Code::Internal => Self::internal(&error),
            code => Self::new(code, error.to_string()),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Store(error) => error.into(),
            EngineError::NoSuchTask
            | EngineError::AuditUnavailable
            | EngineError::Quarantined
            | EngineError::Stopping => Self::new(error.code(), error.to_string()),
        }
    }
}

impl From<actix::MailboxError> for ApiError {
    fn from(_: actix::MailboxError) -> Self {
        Self::stopping()
    }
}

impl From<crate::app::keys::Error> for ApiError {
    fn from(error: crate::app::keys::Error) -> Self {
        match error {
            crate::app::keys::Error::Invalid(invalid @ hermes_core::key::Invalid::Name) => Self::field("name", invalid),
            crate::app::keys::Error::Invalid(invalid) => Self::field("roles", invalid),
            crate::app::keys::Error::NoRandomness(error) => Self::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_status_of_its_code_and_no_secret() {
        for code in Code::ALL {
            assert_eq!(ApiError::new(*code, "x").error_response().status().as_u16(), code.status());
        }
        let error = ApiError::internal(&"password=hunter2 at /var/lib/x");
        assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("/var"));
    }
}
