//! What a command sent to the engine can come back with, other than its answer.

use hermes_core::error::Code;
use hermes_core::task::Refusal;

use crate::store;

/// What a command can come back with, other than its answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The task's rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store says no.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no such task.
    #[error("there is no such task")]
    NoSuchTask,
    /// The audit trail cannot be written, so nothing may change.
    #[error(
        "the audit trail cannot be written or was edited (/health/ready says which), so nothing can be created, decided or started; reading goes on"
    )]
    AuditUnavailable,
    /// The task's actor died three times.
    #[error("this task is quarantined: handling it failed three times; an operator has to look at the log")]
    Quarantined,
    /// The engine is stopping, or the part that was asked has died.
    #[error("the server is stopping")]
    Stopping,
}

impl Error {
    /// The code of the answer.
    pub const fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Store(error) => error.code(),
            Self::NoSuchTask => Code::NotFound,
            Self::AuditUnavailable => Code::AuditUnavailable,
            Self::Quarantined => Code::Internal,
            Self::Stopping => Code::Stopping,
        }
    }
}

impl From<actix::MailboxError> for Error {
    fn from(_: actix::MailboxError) -> Self {
        Self::Stopping
    }
}
