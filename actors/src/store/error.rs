//! What a store cannot do.

use hermes_core::error::Code;
use hermes_core::id::{Digest, TaskId, Version};

/// What a store cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The task is not at the version that the transition was decided for.
    #[error("the task has changed meanwhile")]
    Stale {
        /// The version in force, 0 if there is no such task.
        actual: Version,
    },
    /// There is, or was, a task of this id.
    #[error("there is a task of this id already")]
    TaskExists,
    /// The idempotency key was used before.
    #[error("the idempotency key was used before")]
    KeyUsed {
        /// For this task.
        task: TaskId,
        /// With a body of this digest.
        body: Digest,
    },
    /// Too many tasks of this submitter wait for a decision.
    #[error("{waiting} of your tasks wait for a decision, the limit is {limit}; wait until some are decided")]
    TooManyPending {
        /// So many.
        waiting: u64,
        /// The limit.
        limit: u32,
    },
    /// A key of this name exists.
    #[error("a key of this name exists already")]
    KeyExists,
    /// No such key.
    #[error("there is no such key")]
    NoSuchKey,
    /// Too many writes wait.
    #[error("too many writes are waiting")]
    Overloaded,
    /// The disk is full.
    #[error("the disk is full; nothing can be written until there is room again")]
    DiskFull,
    /// The database cannot be written or read now; the log says why.
    #[error("the data cannot be written or read now")]
    Unavailable,
    /// What was read is not what was written.
    #[error("a stored record cannot be read")]
    Corrupt,
}

impl Error {
    /// The code of the answer.
    pub const fn code(&self) -> Code {
        match self {
            Self::Stale { .. } => Code::StaleVersion,
            Self::TaskExists => Code::TaskExists,
            Self::KeyUsed { .. } => Code::IdempotencyMismatch,
            Self::TooManyPending { .. } => Code::TooManyPending,
            Self::KeyExists => Code::AlreadyExists,
            Self::NoSuchKey => Code::NotFound,
            Self::Overloaded => Code::Overloaded,
            Self::DiskFull | Self::Unavailable => Code::StoreUnavailable,
            Self::Corrupt => Code::Internal,
        }
    }
}
