//! `hermes resubmit`, `withdraw`, `dispatch` and `verify`.

use clap::Args;
use hermes_core::id::{TaskId, Version};
use hermes_core::task::Verdict;
use hermes_core::visible;
use hermes_core::wire::task::Withdraw as WithdrawBody;
use hermes_core::wire::task::{
    DispatchTask, Expect, Resubmit as ResubmitBody, TaskAnswer, TaskView, Verify as VerifyBody,
};
use serde::Serialize;

use super::error::Error;
use super::session::{Exit, Form, Session};
use super::{show, values};

/// A task, and the version of it that was looked at.
#[derive(Args)]
pub(super) struct Subject {
    /// The task
    #[arg(value_parser = TaskId::parse)]
    pub(super) task: TaskId,
    /// Refuse if the task is no longer at this version
    #[arg(long, value_name = "N")]
    pub(super) expect_version: Option<u64>,
}

impl Subject {
    pub(super) fn expected_version(&self) -> Option<Version> {
        self.expect_version.map(Version)
    }

    /// The task as it is now.
    pub(super) async fn look(&self, session: &Session<'_>) -> Result<TaskView, Error> {
        let remote = session.remote()?;
        Ok(remote.ask::<TaskAnswer>(remote.get(&format!("/api/tasks/{}", self.task))).await?.body.task)
    }

    /// Sends a change of the task and prints what became of it; hands out the answer.
    pub(super) async fn change(
        &self,
        verb: &str,
        body: &impl Serialize,
        session: &mut Session<'_>,
    ) -> Result<TaskAnswer, Error> {
        let remote = session.remote()?;
        let call = remote.post(&format!("/api/tasks/{}/{verb}", self.task)).json(body);
        let call = call.map_err(|error| remote.failed(error))?;
        let advice = format!("look with `hermes show {}`", self.task);
        let answer = remote.change::<TaskAnswer>(call, &advice).await?;
        match session.form {
            Form::Json => session.print_json(&answer.raw)?,
            Form::Text => {
                let task = &answer.body.task;
                writeln!(session.out, "{}", show::heading(task, &session.look))?;
                if task.status.is_undecided() && !task.votes.is_empty() {
                    writeln!(session.out, "more votes are needed; so far: {}", visible::show_line(&show::votes(task)))?;
                }
                Exit::Done
            }
        };
        Ok(answer.body)
    }
}

/// Put another command into a task that waits for one
#[derive(Args)]
pub(super) struct Resubmit {
    #[command(flatten)]
    subject: Subject,
    /// The exact command; - reads standard input
    command: String,
    /// What it is for; the old text otherwise
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

impl Resubmit {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let body = ResubmitBody {
            command: Some(values::command(self.command)?),
            description: self.description,
            expected_version: self.subject.expected_version(),
        };
        self.subject.change("resubmit", &body, session).await?;
        Ok(Exit::Done)
    }
}

/// Take a task back before it is decided
#[derive(Args)]
pub(super) struct Withdraw {
    #[command(flatten)]
    subject: Subject,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Withdraw {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let body = WithdrawBody { reason: self.reason, expected_version: self.subject.expected_version() };
        self.subject.change("withdraw", &body, session).await?;
        Ok(Exit::Done)
    }
}

/// Hand an approved task to a sub-agent role
#[derive(Args)]
#[command(after_help = "\
An approved task goes on the work list of its own role by itself, unless the policy has auto_dispatch = false. \
A person may say otherwise once, until a sub-agent has taken it.")]
pub(super) struct Dispatch {
    #[command(flatten)]
    subject: Subject,
    /// The sub-agent role; the task's own otherwise
    #[arg(long, value_name = "ROLE")]
    assignee: Option<String>,
}

impl Dispatch {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let before = match session.form {
            Form::Text => self.subject.look(session).await?.assignee,
            Form::Json => None,
        };
        let body = DispatchTask { assignee: self.assignee, expected_version: self.subject.expected_version() };
        let answer = self.subject.change("dispatch", &body, session).await?;
        if let (Form::Text, Some(to)) = (session.form, answer.dispatched_to) {
            writeln!(session.out, "{}", dispatched(before.as_deref(), &to))?;
        }
        Ok(Exit::Done)
    }
}

/// What a dispatch has changed: the engine may have made one of its own before.
fn dispatched(before: Option<&str>, to: &str) -> String {
    const ONCE: &str = "it cannot be dispatched again";
    let shown = visible::show_line(to);
    match before {
        None => format!("dispatched to {shown}; {ONCE}"),
        Some(before) if before == to => format!("it was on the work list of {shown} already, and stays there; {ONCE}"),
        Some(before) => {
            format!("moved from the work list of {} to that of {shown}; {ONCE}", visible::show_line(before))
        }
    }
}

/// Say whether the result of a finished task is right
#[derive(Args)]
#[command(after_help = "With an expectation the supervisor judges, and the exit status is 1 if the result is wrong.")]
pub(super) struct Verify {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    judgement: Judgement,
    /// Why
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Who judges, and by what.
#[derive(Args)]
#[group(required = true, multiple = true)]
struct Judgement {
    /// It is right
    #[arg(long, conflicts_with_all = ["fail", "expect_exit", "expect_stdout", "expect_regex"])]
    pass: bool,
    /// It is wrong
    #[arg(long, conflicts_with_all = ["expect_exit", "expect_stdout", "expect_regex"])]
    fail: bool,
    /// Right if this is the exit code
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    expect_exit: Option<i32>,
    /// Right if standard output contains this
    #[arg(long, value_name = "TEXT")]
    expect_stdout: Option<String>,
    /// Right if standard output matches this
    #[arg(long, value_name = "REGEX")]
    expect_regex: Option<String>,
}

impl Judgement {
    fn verdict(&self) -> Option<Verdict> {
        match (self.pass, self.fail) {
            (true, _) => Some(Verdict::Pass),
            (_, true) => Some(Verdict::Fail),
            (false, false) => None,
        }
    }
}

impl Verify {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let verdict = self.judgement.verdict();
        let Judgement { expect_exit, expect_stdout, expect_regex, .. } = self.judgement;
        let expect = Expect { exit_code: expect_exit, stdout_contains: expect_stdout, stdout_regex: expect_regex };
        let body = VerifyBody {
            verdict,
            note: self.note,
            expect: verdict.is_none().then_some(expect),
            expected_version: self.subject.expected_version(),
        };
        let task = self.subject.change("verify", &body, session).await?.task;
        let Some(found) = task.verification else { return Ok(Exit::Done) };
        let (word, exit) = match found.verdict {
            Verdict::Pass => ("pass", Exit::Done),
            Verdict::Fail => ("fail", Exit::Failed),
        };
        if session.form == Form::Text {
            let note = visible::show_line(&found.note);
            let gap = if note.is_empty() { "" } else { "  " };
            writeln!(session.out, "{word}{gap}{note}")?;
        }
        // Whoever said himself that it failed has succeeded in saying so.
        Ok(if verdict.is_some() { Exit::Done } else { exit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatch_says_what_it_has_changed() {
        assert_eq!(dispatched(None, "it"), "dispatched to it; it cannot be dispatched again");
        assert_eq!(
            dispatched(Some("it"), "it"),
            "it was on the work list of it already, and stays there; it cannot be dispatched again"
        );
        assert_eq!(
            dispatched(Some("it"), "life"),
            "moved from the work list of it to that of life; it cannot be dispatched again"
        );
    }
}
