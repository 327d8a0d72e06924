//! `hermes audit export`.

use clap::Args;
use futures_util::StreamExt as _;
use hermes_core::id::TaskId;
use hermes_core::time::{Millis, Timestamp};

use crate::cli::error::Error;
use crate::cli::session::{Exit, Session};

/// Write the audit trail, one JSON object a line, as it is in the file
#[derive(Args)]
pub(super) struct Export {
    /// Only what happened then or later: RFC 3339 (2026-01-31T12:00:00Z), or how long ago (90s, 15m, 6h, 30d)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Moment>,
    /// Only what happened before then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Moment>,
    /// Only this task
    #[arg(long, value_parser = TaskId::parse)]
    task: Option<TaskId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    At(Timestamp),
    Ago(Millis),
}

fn moment(text: &str) -> Result<Moment, &'static str> {
    let ago = || Millis::parse(text).filter(|_| text.ends_with(|c: char| c.is_ascii_alphabetic())).map(Moment::Ago);
    let at = Timestamp::parse_rfc3339(text).map(Moment::At);
    at.or_else(ago).ok_or("a time such as 2026-01-31T12:00:00Z, or 6h for six hours ago")
}

impl Moment {
    /// The time as the API takes it.
    fn text(self, now: Timestamp) -> String {
        match self {
            Self::At(at) => at.rfc3339(),
            Self::Ago(span) => Timestamp(now.0.saturating_sub(span.micros())).rfc3339(),
        }
    }
}

impl Export {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let remote = session.remote()?;
        let time = |moment: Option<Moment>| moment.map(|moment| moment.text(session.look.now));
        let query =
            [("since", time(self.since)), ("until", time(self.until)), ("task_id", self.task.map(String::from))];
        let query: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let call = remote.get("/api/audit/export").query(&query).map_err(|error| remote.failed(error))?;
        let mut pieces = Box::pin(call.stream().await.map_err(|error| remote.failed(error))?);
        while let Some(piece) = pieces.next().await {
            session.out.write_all(&piece.map_err(|error| remote.failed(error))?)?;
        }
        session.out.flush()?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_moments_or_how_long_ago() {
        let now = Timestamp::parse_rfc3339("2026-02-01T12:00:00Z").unwrap();
        let text = |text| moment(text).map(|moment| moment.text(now));
        assert_eq!(text("2026-01-31T12:00:00+08:00").unwrap(), "2026-01-31T04:00:00.000000Z");
        assert_eq!(text("6h").unwrap(), "2026-02-01T06:00:00.000000Z");
        for bad in ["", "6", "yesterday", "-1h", "2026-01-31"] {
            assert!(text(bad).is_err(), "{bad}");
        }
    }
}
