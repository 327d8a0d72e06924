//! The running engine on a clock that the test moves: deadlines, leases, restarts, crowds, and an audit file in trouble.
#![allow(dead_code, unreachable_pub, reason = "the support is shared with other tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "engine/audit.rs"]
mod audit;
#[path = "engine/crowds.rs"]
mod crowds;
#[path = "engine/deadlines.rs"]
mod deadlines;
#[path = "engine/leases.rs"]
mod leases;
#[path = "engine/successors.rs"]
mod successors;
#[path = "engine/tampering.rs"]
mod tampering;
#[path = "engine/trouble.rs"]
mod trouble;

#[path = "../core/tests/model/reference.rs"]
mod reference;
#[path = "../core/tests/model/script.rs"]
mod script;
mod support;
#[path = "../core/tests/model/words.rs"]
mod words;
