//! The program around the actors: settings, HTTP routes, command line, sub-agent.

pub mod cli;
pub mod client;
pub mod config;
pub mod crash;
pub mod worker;
