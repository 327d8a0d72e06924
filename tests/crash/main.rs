//! The real supervisor and real sub-agents are killed at random moments and at named points, again and again, and the
//! network between them fails in every way; what is left is held against what was promised: nothing runs twice, nothing
//! that was answered is lost, every change has its audit line.
//!
//! `HERMES_CRASHES` says how often to kill, `HERMES_CRASH_SEED` repeats a run's choices.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests"
)]

mod acks;
mod checker;
mod crashes;
mod crew;
mod evidence;
mod hand;
mod killer;
mod network;
mod processes;
mod proxy;
mod random;
mod stopping;
mod worker;
