//! `hermes submit`.

use std::time::Duration;

use clap::Args;
use hermes_actors::clock::random;
use hermes_core::id::TaskId;
use hermes_core::risk::Level;
use hermes_core::task::Outcome;
use hermes_core::time::Millis;
use hermes_core::wire::task::{CreateTask, TaskAnswer, TaskView};
use serde_json::Value;

use super::error::Error;
use super::follow::follow;
use super::remote::{Answer, Remote};
use super::session::{Exit, Form, Session};
use super::{show, values};

/// An answer that got lost is asked for so often; the key makes that safe.
const TRIES: u32 = 3;

/// Seconds that one question for the end may wait.
const WAIT: u64 = 60;

/// Submit a command for approval
#[derive(Args)]
#[command(after_help = "With --wait the exit status is 0 only if the command ran and exited with 0.")]
pub(super) struct Submit {
    /// The exact command; - reads standard input
    command: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Address that the command comes from; it may raise the risk, never lower it
    #[arg(long, value_name = "IP")]
    source_ip: Option<String>,
    /// Sub-agent role that should run it
    #[arg(long, visible_alias = "role", value_name = "ROLE")]
    target_executor: Option<String>,
    /// Your own id for the task
    #[arg(long, value_name = "ID", value_parser = TaskId::parse)]
    task_id: Option<TaskId>,
    /// Raise the risk to this
    #[arg(long, value_name = "LEVEL", value_parser = values::level())]
    risk_level: Option<Level>,
    /// Makes repeating this very submission safe; one is made up otherwise
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// The finished task that this one repeats
    #[arg(long, value_name = "TASK", value_parser = TaskId::parse)]
    rerun_of: Option<TaskId>,
    /// Show what happens until the task is over
    #[arg(long)]
    wait: bool,
    /// Wait no longer than this, such as 90s, 15m or 6h
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = values::span)]
    timeout: Option<Millis>,
}

impl Submit {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let remote = session.remote()?;
        let (wait, timeout) = (self.wait, self.timeout);
        let Answer { raw, body } = self.create(&remote).await?;
        match session.form {
            Form::Text => writeln!(session.out, "{}", show::heading(&body.task, &session.look))?,
            Form::Json if wait => {}
            Form::Json => return session.print_json(&raw),
        }
        if wait { wait_for(&remote, &body.task, timeout, session).await } else { Ok(Exit::Done) }
    }

    async fn create(self, remote: &Remote) -> Result<Answer<TaskAnswer>, Error> {
        let key = match self.idempotency_key {
            Some(key) => key,
            None => hex::encode(random::<16>()?),
        };
        let body = CreateTask {
            command: Some(values::command(self.command)?),
            description: self.description,
            source_ip: self.source_ip,
            target_executor: self.target_executor,
            task_id: self.task_id.map(String::from),
            risk_level: self.risk_level,
            rerun_of: self.rerun_of.map(String::from),
            ..CreateTask::default()
        };
        let advice = format!("look with `hermes list`; to repeat it with --idempotency-key {key} is safe");
        let mut tries = 1;
        loop {
            let call = remote.post("/api/tasks").header("Idempotency-Key", &key).json(&body);
            let call = call.map_err(|error| remote.failed(error))?;
            match remote.change(call, &advice).await {
                Err(Error::Unknown { .. }) if tries < TRIES => tries += 1,
                created => return created,
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Waits until the task is over, and tells how it went.
async fn wait_for(
    remote: &Remote,
    task: &TaskView,
    timeout: Option<Millis>,
    session: &mut Session<'_>,
) -> Result<Exit, Error> {
    let id = TaskId::parse(&task.task_id).map_err(|error| Error::Failed(error.to_string()))?;
    let (form, ended_before) = (session.form, task.status.is_final());
    let ended = async {
        match form {
            Form::Text => Ok((follow(remote, &id, session).await?, None)),
            Form::Json => end_of(remote, &id).await.map(|answer| (answer.body.task, Some(answer.raw))),
        }
    };
    let limit = timeout.map_or(Duration::MAX, Duration::from);
    let Ok(ended) = tokio::time::timeout(limit, Box::pin(ended)).await else {
        return Err(Error::Failed(format!("{id} is not over; go on with `hermes watch {id}`")));
    };
    let (task, raw) = ended?;
    match raw {
        Some(raw) => session.print_json(&raw)?,
        // Of a task that was over when it was found, the first line has said it.
        None if ended_before => Exit::Done,
        None => {
            writeln!(session.out, "{}", show::heading(&task, &session.look))?;
            Exit::Done
        }
    };
    Ok(if task.outcome == Some(Outcome::Completed) { Exit::Done } else { Exit::Failed })
}

/// The task once it is over.
async fn end_of(remote: &Remote, task: &TaskId) -> Result<Answer<TaskAnswer>, Error> {
    loop {
        let call = remote.get(&format!("/api/tasks/{task}/wait")).timeout(Duration::from_secs(WAIT + 30));
        let query = [("until", Value::from("finished")), ("timeout", Value::from(WAIT))];
        let call = call.query(&query).map_err(|error| remote.failed(error))?;
        match remote.ask::<TaskAnswer>(call).await {
            Ok(answer) if answer.body.task.status.is_final() => return Ok(answer),
            Ok(_) => {}
            Err(error) if error.is_passing() => tokio::time::sleep(Duration::from_secs(5)).await,
            Err(error) => return Err(error),
        }
    }
}
