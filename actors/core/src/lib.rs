//! The pure heart of the Hermes approval engine.
//!
//! Everything that *decides* lives here: the task state machine, who may decide what, how risky a command is, what an
//! audit line says. Nothing here reads a clock, a file, a socket, a database or a random number: time and ids come in
//! as arguments, so the same input always gives the same answer.
#![deny(missing_docs)]
#![warn(clippy::wildcard_enum_match_arm)]

pub mod access;
pub mod audit;
pub mod card;
pub mod error;
pub mod feishu;
pub mod id;
pub mod key;
pub mod lease;
pub mod policy;
pub mod redact;
pub mod risk;
pub mod task;
pub mod time;
pub mod visible;
pub mod wire;
