//! `hermes watch`.

use clap::Args;
use hermes_core::id::TaskId;
use serde_json::Value;

use super::error::Error;
use super::event::audit_line;
use super::events::{Events, Signal};
use super::follow::follow;
use super::json;
use super::session::{Exit, Form, Repeated, Session};

/// Show what happens, as it happens
#[derive(Args)]
pub(super) struct Watch {
    /// Only this task, with its output, until it is over
    #[arg(value_parser = TaskId::parse)]
    task: Option<TaskId>,
}

impl Watch {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let remote = session.remote()?;
        if let Some(task) = self.task {
            follow(&remote, &task, session).await?;
            return Ok(Exit::Done);
        }
        let events = Events::open(&remote, None).await?;
        show(events, session).await
    }
}

/// Prints each event until somebody ends the process.
pub(super) async fn show(mut events: Events<'_>, session: &mut Session<'_>) -> Result<Exit, Error> {
    let mut trouble = Repeated::default();
    loop {
        match events.next().await? {
            Signal::Line(line) => {
                trouble = Repeated::default();
                print(&line, session)?;
            }
            Signal::Lost(error) => trouble.remark(format!("{error}; trying again"), session),
        }
    }
}

/// Prints a line of the audit trail.
pub(super) fn print(line: &Value, session: &mut Session<'_>) -> Result<(), Error> {
    match session.form {
        Form::Text => audit_line(line, &session.look, session.out)?,
        Form::Json => writeln!(session.out, "{}", json::line(line))?,
    }
    Ok(session.out.flush()?)
}
