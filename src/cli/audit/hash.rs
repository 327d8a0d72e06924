//! `hermes audit hash`.

use std::io::Read as _;

use clap::Args;
use hermes_core::id::Digest;

use crate::cli::error::Error;
use crate::cli::session::{Exit, Form, Session};

/// Print the digest that audit lines name a command by
#[derive(Args)]
#[command(after_help = "Compare it with `cmd_sha` of an audit line to see whether the line is about this very text.")]
pub(super) struct Hash {
    /// The exact text, or - for standard input
    text: String,
}

impl Hash {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let mut bytes = self.text.into_bytes();
        if bytes == b"-" {
            bytes.clear();
            std::io::stdin().lock().read_to_end(&mut bytes)?;
        }
        let digest = Digest::of(&bytes);
        match session.form {
            Form::Json => session.print_json(&serde_json::json!({"cmd_sha": digest})),
            Form::Text => {
                writeln!(session.out, "{digest}")?;
                Ok(Exit::Done)
            }
        }
    }
}
