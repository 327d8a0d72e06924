//! The audit trail: what a line says, how lines are chained, and how a log is proven whole.
//!
//! A line is one JSON object, hashed as the bytes it is written in; nothing is ever parsed and written again to be
//! compared. Each line names the hash of the one before it, and the same hashes are the leaves of an RFC 6962 tree.

mod chain;
mod entry;
mod fault;
mod fold;
mod format;
mod statement;
pub mod tail;
pub mod tree;
pub mod verify;

pub use chain::{Chain, leaf};
pub use entry::{Draft, Entry, Line, Mask, Subject};
pub use fault::{Fault, FaultKind};
pub use format::MAX_LINE;
pub use statement::{Statement, names};
pub use verify::{Expect, Head, Report, Verdict, verify};

#[cfg(test)]
mod vectors;
