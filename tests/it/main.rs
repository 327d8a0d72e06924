//! The real program, driven over HTTP as its users drive it.

mod harness;
mod limits;
mod list;
mod routes;
mod script;

mod attacks;
mod auth;
mod create;
mod decide;
mod events;
mod wait;
mod work;
