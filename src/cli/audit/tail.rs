//! `hermes audit tail`.

use clap::Args;
use hermes_core::id::Seq;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::error::Error;
use crate::cli::events::Events;
use crate::cli::session::{Exit, Session};
use crate::cli::watch;

/// Show the newest lines of the audit trail
#[derive(Args)]
pub(super) struct Tail {
    /// Lines to begin with
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=500))]
    lines: u16,
    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,
}

#[derive(Deserialize)]
struct Newest {
    /// Newest first.
    logs: Vec<Value>,
}

impl Tail {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let remote = session.remote()?;
        let call = remote.get("/api/audit/log").query(&[("limit", self.lines)]);
        let call = call.map_err(|error| remote.failed(error))?;
        let logs = remote.ask::<Newest>(call).await?.body.logs;
        logs.iter().rev().try_for_each(|line| watch::print(line, session))?;
        if !self.follow {
            return Ok(Exit::Done);
        }
        let last = logs.first().and_then(|line| line.get("seq")).and_then(Value::as_u64);
        watch::show(Events::open(&remote, last.map(Seq)).await?, session).await
    }
}
