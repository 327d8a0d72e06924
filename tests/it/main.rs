//! The real program, driven over HTTP as its users drive it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests may stop where they stand"
)]

mod harness;
mod limits;
mod list;
mod routes;
mod script;

mod admin;
mod attacks;
mod audit;
mod auth;
mod browser;
mod create;
mod decide;
mod demo;
mod docs;
mod errors;
mod events;
mod faults;
mod feishu;
mod secrets;
mod tampering;
mod wait;
mod work;
