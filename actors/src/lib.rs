//! The actors of the Hermes approval engine, and the store behind them.
//!
//! Calls go down one way only: HTTP → registry → task → store. What goes up is a nudge that carries nothing: whoever is
//! nudged reads what is due from the store, so that the happy path and the path after a crash are one piece of code.
#![deny(missing_docs)]

pub mod audit;
pub mod card;
pub mod clock;
pub mod crash;
pub mod death;
pub mod error;
pub mod feed;
pub mod health;
pub mod registry;
pub mod risk;
pub mod runtime;
pub mod settings;
pub mod store;
pub mod task;
pub mod timer;
pub mod work;

pub use error::Error;
