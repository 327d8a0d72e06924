//! The real program, driven over HTTP as its users drive it.

mod harness;
mod script;

mod create;
mod decide;
mod work;
