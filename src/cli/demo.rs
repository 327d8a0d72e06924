//! `hermes demo`.

use std::path::PathBuf;

use clap::Args;

use super::error::Error;
use super::session::{Exit, Session};
use crate::demo::{self, Color, Deciders};

/// See the whole product at work on this machine: a supervisor, three sub-agents, a dozen real commands
#[derive(Args)]
#[command(
    after_help = "With --auto the exit status is 0 only if every task ended as it should and the audit trail is intact."
)]
pub(super) struct Demo {
    /// Play the deciders, too
    #[arg(long)]
    auto: bool,
    /// Keep everything in this folder; without it a throw-away folder is used
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Demo {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let end = if self.data.is_some() { "everything was stopped" } else { "everything was stopped and removed" };
        let options = demo::Options {
            data: self.data,
            deciders: if self.auto { Deciders::Played } else { Deciders::Asked },
            color: match session.look.colors {
                super::look::Colors::On => Color::On,
                super::look::Colors::Off => Color::Off,
            },
            program: std::env::current_exe()?,
        };
        match demo::run(options, std::io::BufReader::new(std::io::stdin()), session.out).await {
            // Whoever breaks it off means to.
            Err(demo::Error::Interrupted) => {
                session.remark(&format!("broken off; {end}"));
                Ok(Exit::Failed)
            }
            ended => {
                ended?;
                Ok(Exit::Done)
            }
        }
    }
}
