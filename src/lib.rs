//! The program: settings, HTTP routes, sub-agent and command line around the actors.

pub mod app;
pub mod config;
pub mod http;
