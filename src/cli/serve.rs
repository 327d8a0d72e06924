//! `hermes serve`.

use clap::Args;

use super::error::Error;
use super::session::{Exit, Session};
use super::settings::{self, Settings, Supervisor};
use super::{log, on_system};
use crate::app;

/// Run the supervisor
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings<Supervisor>,
}

impl Serve {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let loaded = self.settings.load()?;
        settings::warn(&loaded, session);
        log::start(&loaded.config.logging, session.log_colors);
        // A hint that nobody reads is no reason to stop.
        on_system(app::serve(loaded, |notice| {
            drop(writeln!(session.out, "{notice}").and_then(|()| session.out.flush()))
        }))?;
        Ok(Exit::Done)
    }
}
