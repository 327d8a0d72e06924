//! What can be wrong with a log, in words for whoever has to look at it.

use serde::Serialize;

use crate::id::Seq;

/// The first thing found wrong in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}: {what}: expected {expected}, found {found}")]
pub struct Fault {
    /// Which line, counted from 1 in what was read.
    pub line: u64,
    /// The number that the line has or should have, where that is known.
    pub seq: Option<Seq>,
    /// What is wrong.
    pub what: FaultKind,
    /// What should be there.
    pub expected: String,
    /// What is there; never more than the start of it, in printable ASCII.
    pub found: String,
}

/// The ways a log can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The line has no bytes.
    #[error("blank line")]
    Blank,
    /// The line is longer than a line may be.
    #[error("line too long")]
    TooLong,
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A character that lines only hold escaped (control, line separator, bidirectional) stands there itself.
    #[error("raw control character")]
    RawControl,
    /// The line does not begin with its version and number.
    #[error("not an audit line")]
    WrongStart,
    /// The line does not end with the hash of the one before.
    #[error("no hash of the line before")]
    WrongEnd,
    /// The line is not one JSON object.
    #[error("not JSON")]
    NotJson,
    /// A key is unknown, repeated or not in its place.
    #[error("wrong keys")]
    WrongKeys,
    /// The number is not the next one: a line was removed, added, repeated or moved.
    #[error("wrong number")]
    WrongSeq,
    /// The hash is not that of the line before: that line was changed, or this one is of another log.
    #[error("broken chain")]
    BrokenChain,
    /// The database holds another line under this number, or none.
    #[error("differs from the database")]
    NotAsStored,
    /// The line where the log is known to end, or to pass, is another one.
    #[error("differs from the known head")]
    NotTheHead,
    /// The log goes on where it is known to end.
    #[error("longer than known")]
    TooMany,
    /// The log ends before the place it is known to have reached.
    #[error("shorter than known")]
    TooFew,
}

impl Fault {
    /// A fault in a line that stands alone.
    pub(super) fn new(what: FaultKind, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { line: 1, seq: None, what, expected: expected.into(), found: found.into() }
    }
}

/// The start of some bytes, in printable ASCII.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    const SHOWN: usize = 80;
    bytes.get(..SHOWN).unwrap_or(bytes).escape_ascii().to_string()
}
