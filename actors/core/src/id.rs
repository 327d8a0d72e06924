//! Names and counters, each its own type so that one cannot stand in for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A text is not a valid id; the message says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(pub &'static str);

/// The name of a task: `[A-Za-z0-9._:-]{1,128}`, and neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

impl TaskId {
    /// Checks a text and makes it a task id.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        const RULE: &str = "a task id has 1 to 128 characters of A-Z a-z 0-9 . _ : - and is neither \".\" nor \"..\"";
        let known = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b':' | b'-');
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(known) && text != "." && text != "..";
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidId(RULE)) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TaskId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// Counts the commands a task has carried: 1 for the first, one more with each resubmission.
    Revision
}
counter! {
    /// Counts the events of one task; a change names the version it was made for.
    Version
}
counter! {
    /// Fencing token: grows with each lease of a task, so that a late holder of an older lease is told apart.
    Fence
}
counter! {
    /// The number of a line in the audit trail: 1, 2, … without gaps.
    Seq
}

/// A SHA-256 digest, written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of these exact bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let mut bytes = [0_u8; 32];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(InvalidId("a SHA-256 digest has 64 hex digits")),
        }
    }

    /// The digest as 64 hex digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.hex()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

/// Names one lease of one task: `<task id>~<fence>~<secret>`. Whoever reports under it must know the whole text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseId(String);

impl LeaseId {
    /// Puts a lease id together; `secret` is 128 random bits.
    pub fn new(task: &TaskId, fence: Fence, secret: [u8; 16]) -> Self {
        Self(format!("{task}~{fence}~{}", hex::encode(secret)))
    }

    /// Reads a lease id from a path; it need not name a lease that was ever given.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let id = Self(text.to_owned());
        if id.task().is_some() { Ok(id) } else { Err(InvalidId("this is not a lease id")) }
    }

    /// The task this lease is for.
    pub fn task(&self) -> Option<TaskId> {
        let (task, _) = self.0.split_once('~')?;
        TaskId::parse(task).ok()
    }

    /// The lease id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_ids_stay_out_of_paths() {
        for good in ["TASK-0001", "a", "x:1.2_3", &"z".repeat(128)] {
            assert!(TaskId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "../x", "a b", "é", "a\0", "a~b", &"z".repeat(129)] {
            assert!(TaskId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lease_ids_name_their_task() {
        let task = TaskId::parse("TASK-0001").unwrap();
        let lease = LeaseId::new(&task, Fence(3), [7; 16]);
        assert_eq!(LeaseId::parse(lease.as_str()).unwrap().task(), Some(task));
        assert!(LeaseId::parse("no-tilde").is_err());
    }
}
