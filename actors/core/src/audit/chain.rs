//! Lines in a row: each holds the hash of the one before it.

use sha2::{Digest as _, Sha256};

use super::{Entry, Line, Mask};
use crate::id::{Digest, Seq};

/// The hash of a line: SHA-256 over a zero byte and the line's bytes without its newline.
pub fn leaf(line: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update([0]).chain_update(line).finalize().into())
}

/// Where a log stands: what the next line must be called and must refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// The hash of the newest line; all zeros before the first.
    pub head: Digest,
    /// The number of the next line.
    pub next: Seq,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: Digest([0; 32]), next: Seq(1) }
    }
}

impl Chain {
    /// Goes on after the line of this number and hash.
    pub fn after(seq: Seq, leaf: Digest) -> Self {
        Self { head: leaf, next: seq.next() }
    }

    /// The number of the newest line; 0 before the first.
    pub fn last(&self) -> Seq {
        Seq(self.next.0.saturating_sub(1))
    }

    /// Makes the next line of an entry and moves on.
    pub fn append(&mut self, entry: &Entry, mask: Mask) -> Line {
        let line = entry.line(self.next, &self.head, mask);
        *self = Self::after(self.next, line.leaf);
        line
    }
}
