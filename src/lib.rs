//! The program around the actors: its HTTP routes, its command line, its sub-agent.

pub mod client;
pub mod crash;
pub mod worker;
