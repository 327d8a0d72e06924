//! `hermes approve`, `reject`, `modify` and `escalate`.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;
use hermes_core::id::Digest;
use hermes_core::visible;
use hermes_core::wire::task::{Decision, DecisionAction, TaskAnswer};

use super::error::Error;
use super::session::{Exit, Session};
use super::task::Subject;

/// Approve exactly the command that the task now has
#[derive(Args)]
pub(super) struct Approve {
    #[command(flatten)]
    ballot: Ballot,
}

/// Refuse to let a command run
#[derive(Args)]
pub(super) struct Reject {
    #[command(flatten)]
    ballot: Ballot,
}

/// Ask the submitter for another command
#[derive(Args)]
pub(super) struct Modify {
    #[command(flatten)]
    ballot: Ballot,
}

/// Hand the decision to an administrator
#[derive(Args)]
pub(super) struct Escalate {
    #[command(flatten)]
    ballot: Ballot,
}

#[derive(Args)]
struct Ballot {
    #[command(flatten)]
    subject: Subject,
    /// Why; needed to reject and to ask for another command
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Refuse if the command is not the one with this SHA-256
    #[arg(long, value_name = "HEX", value_parser = Digest::parse)]
    sha: Option<Digest>,
}

impl Approve {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let command_sha256 = match self.ballot.sha {
            Some(sha) => sha.hex(),
            None => self.ballot.sha_in_force(session).await?,
        };
        self.ballot.cast(DecisionAction::Approve, Some(command_sha256), session).await
    }
}

impl Reject {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        self.ballot.cast_with_reason(DecisionAction::Reject, session).await
    }
}

impl Modify {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        self.ballot.cast_with_reason(DecisionAction::Modify, session).await
    }
}

impl Escalate {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let sha = self.ballot.sha.map(|sha| sha.hex());
        self.ballot.cast(DecisionAction::Escalate, sha, session).await
    }
}

impl Ballot {
    /// The digest of the command in force, so that nothing that comes after this moment is approved; says which it is.
    async fn sha_in_force(&self, session: &mut Session<'_>) -> Result<String, Error> {
        let remote = session.remote()?;
        let call = remote.get(&format!("/api/tasks/{}", self.subject.task));
        let task = remote.ask::<TaskAnswer>(call).await?.body.task;
        session.remark(&format!("approving revision {}: {}", task.revision, visible::show_line(&task.command)));
        Ok(task.command_sha256)
    }

    async fn cast_with_reason(mut self, action: DecisionAction, session: &mut Session<'_>) -> Result<Exit, Error> {
        if self.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
            self.reason = Some(ask_reason(session)?);
        }
        let sha = self.sha.map(|sha| sha.hex());
        self.cast(action, sha, session).await
    }

    async fn cast(
        self,
        action: DecisionAction,
        command_sha256: Option<String>,
        session: &mut Session<'_>,
    ) -> Result<Exit, Error> {
        let expected_version = self.subject.expected_version();
        let body = Decision { action, reason: self.reason, expected_version, command_sha256 };
        self.subject.change("decision", &body, session).await?;
        Ok(Exit::Done)
    }
}

/// Asks whoever sits at the terminal.
fn ask_reason(session: &mut Session<'_>) -> Result<String, Error> {
    let missing = || Error::Usage("this decision needs a reason: give it with --reason 'TEXT'".to_owned());
    if !std::io::stdin().is_terminal() {
        return Err(missing());
    }
    write!(session.err, "Reason: ")?;
    session.err.flush()?;
    let mut reason = String::new();
    std::io::stdin().lock().read_line(&mut reason).map_err(Error::file("the reason cannot be read"))?;
    let reason = reason.trim();
    if reason.is_empty() { Err(missing()) } else { Ok(reason.to_owned()) }
}
