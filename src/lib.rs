//! The program: settings, HTTP routes, sub-agent and command line around the actors.

pub mod app;
pub mod cli;
pub mod client;
pub mod config;
pub mod crash;
pub mod demo;
pub mod http;
pub mod sim;
pub mod worker;
