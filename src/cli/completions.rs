//! `hermes completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::error::Error;
use super::session::{Exit, Session};

/// Print a script that completes arguments in a shell
#[derive(Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        // Gathered first: the generator panics if it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "hermes", &mut script);
        session.out.write_all(&script)?;
        Ok(Exit::Done)
    }
}
