//! `hermes audit`.

mod export;
mod hash;
mod rebuild;
mod tail;
mod verify;

use clap::{Args, Subcommand};

use super::error::Error;
use super::on_system;
use super::session::{Exit, Session};

/// Prove, read and export the audit trail
#[derive(Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Verify(verify::Verify),
    Tail(tail::Tail),
    Export(export::Export),
    Rebuild(rebuild::Rebuild),
    Hash(hash::Hash),
}

impl Audit {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        match self.command {
            Command::Verify(command) => command.run(session),
            Command::Tail(command) => on_system(command.run(session)),
            Command::Export(command) => on_system(command.run(session)),
            Command::Rebuild(command) => command.run(session),
            Command::Hash(command) => command.run(session),
        }
    }
}
