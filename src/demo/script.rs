//! Plays the scenes, one after another.

use hermes_core::policy::{LevelRules, Levels, Policy, Span};
use hermes_core::task::State;
use hermes_core::time::Millis;
use hermes_core::wire::task::TaskView;

use super::cast::Cast;
use super::input::Lines;
use super::scene::{self, End, Play, Played, Scene};
use super::show::Show;
use super::stage::Stage;
use super::{Deciders, Error};
use crate::client;

pub(super) async fn play(
    stage: &Stage,
    deciders: Deciders,
    input: &mut Lines,
    show: &mut Show<'_>,
) -> Result<Played, Error> {
    let cast = &stage.cast;
    let mut played = Played::default();
    let mut scenes = scene::all().into_iter();
    while let Some(scene) = scenes.next() {
        let asked = deciders == Deciders::Asked && !matches!(scene.play, Play::Withdraw(_) | Play::Ignore);
        let task = open(cast, &scene, show).await?;
        let id = task.task_id.clone();
        let decided =
            if asked { ask(cast, task, input, show).await? } else { Some(act(cast, &scene.play, task, show).await?) };
        let Some(task) = decided else {
            return Ok(Played { left_open: Some(id), unplayed: scenes.len(), ..played });
        };
        let task = close(cast, &scene, task, asked, show).await?;
        played.ends.push(End {
            task_id: task.task_id,
            risk: task.risk_level,
            command: task.command,
            outcome: task.outcome,
            planned: (!asked).then_some(scene.ends),
        });
    }
    Ok(played)
}

async fn open(cast: &Cast, scene: &Scene, show: &mut Show<'_>) -> Result<TaskView, Error> {
    if matches!(scene.play, Play::Ignore) {
        cast.admin.put_policy(&impatient()).await?;
    }
    let task = cast.agent.submit(scene.command, scene.why, scene.executor).await?;
    if matches!(scene.play, Play::Ignore) {
        cast.admin.put_policy(&Policy::default()).await?;
    }
    show.submitted(&task)?;
    Ok(task)
}

/// A policy under which nobody has long to decide.
fn impatient() -> Policy {
    let rules = LevelRules { alert: Span(Millis(500)), reject: Span(Millis(1500)), ..LevelRules::default() };
    Policy { levels: Levels { low: rules, medium: rules, high: rules }, ..Policy::default() }
}

/// The deciders, as the script has them.
async fn act(cast: &Cast, play: &Play, task: TaskView, show: &mut Show<'_>) -> Result<TaskView, Error> {
    match play {
        Play::Approve => {
            show.said(&cast.commander.name, "approves")?;
            Ok(cast.commander.decide(&task, "approve", "").await?)
        }
        Play::Escalate => escalate(cast, task, show).await,
        Play::Refuse(reason) => {
            show.said(&cast.admin.name, &format!("rejects: {reason}"))?;
            Ok(cast.admin.decide(&task, "reject", reason).await?)
        }
        Play::Change(reason, command) => {
            show.said(&cast.admin.name, &format!("asks for a change: {reason}"))?;
            let task = cast.admin.decide(&task, "modify", reason).await?;
            let task = cast.agent.resubmit(&task.task_id, command).await?;
            show.said(&cast.agent.name, &format!("resubmits: {command}"))?;
            show.said(&cast.admin.name, "approves")?;
            Ok(cast.admin.decide(&task, "approve", "").await?)
        }
        Play::Withdraw(reason) => {
            show.said(&cast.agent.name, &format!("withdraws: {reason}"))?;
            Ok(cast.agent.withdraw(&task.task_id, reason).await?)
        }
        Play::Ignore => {
            show.note("nobody looks at it; its deadline was set to 1.5 s")?;
            Ok(task)
        }
    }
}

async fn escalate(cast: &Cast, task: TaskView, show: &mut Show<'_>) -> Result<TaskView, Error> {
    show.said(&cast.commander.name, "tries to approve")?;
    match cast.commander.decide(&task, "approve", "").await {
        Err(client::Error::Refused { error, .. }) => show.note(&format!("refused: {error}"))?,
        Err(error) => return Err(error.into()),
        Ok(_) => return Err(Error::Surprise),
    }
    show.said(&cast.commander.name, "escalates it")?;
    let task = cast.commander.decide(&task, "escalate", "please look at this").await?;
    show.said(&cast.admin.name, "approves")?;
    Ok(cast.admin.decide(&task, "approve", "the folder is an old release").await?)
}

/// The person at the terminal, as administrator; none if he has seen enough.
async fn ask(
    cast: &Cast,
    mut task: TaskView,
    input: &mut Lines,
    show: &mut Show<'_>,
) -> Result<Option<TaskView>, Error> {
    loop {
        show.prompt("[a]pprove, [r]eject, [m]odify, or [q]uit? (or click on its card) ")?;
        let line = tokio::select! {
            line = input.next() => line?,
            decided = cast.admin.decided(&task.task_id) => {
                let decided = decided?;
                show.clicked(&decided)?;
                if decided.status != State::Modify {
                    return Ok(Some(decided));
                }
                let proposed = decided.remark.split_once("\nProposed: ").map(|(_, command)| command.to_owned());
                let command = match proposed {
                    Some(command) => Some(command),
                    None => words("which command instead? ", input, show).await?,
                };
                let Some(command) = command else { return Ok(None) };
                task = cast.agent.resubmit(&task.task_id, &command).await?;
                show.submitted(&task)?;
                continue;
            }
        };
        let Some(answer) = line else { return Ok(None) };
        match answer.as_str() {
            "a" | "approve" => return Ok(Some(cast.admin.decide(&task, "approve", "").await?)),
            "r" | "reject" => {
                let Some(reason) = words("why? ", input, show).await? else { return Ok(None) };
                match cast.admin.decide(&task, "reject", &reason).await {
                    Err(client::Error::Refused { error, .. }) => show.note(&error)?,
                    decided => return Ok(Some(decided?)),
                }
            }
            "m" | "modify" => {
                let Some(reason) = words("why? ", input, show).await? else { return Ok(None) };
                let Some(command) = words("which command instead? ", input, show).await? else { return Ok(None) };
                task = cast.admin.decide(&task, "modify", &reason).await?;
                task = cast.agent.resubmit(&task.task_id, &command).await?;
                show.submitted(&task)?;
            }
            "q" | "quit" => return Ok(None),
            _ => show.note("answer with a, r, m or q")?,
        }
    }
}

/// An answer that says something; none at the end of the input.
async fn words(text: &str, input: &mut Lines, show: &mut Show<'_>) -> Result<Option<String>, Error> {
    loop {
        match prompt(text, input, show).await? {
            Some(answer) if answer.is_empty() => show.note("this needs an answer")?,
            answer => return Ok(answer),
        }
    }
}

async fn prompt(text: &str, input: &mut Lines, show: &mut Show<'_>) -> Result<Option<String>, Error> {
    show.prompt(text)?;
    Ok(input.next().await?)
}

/// Waits for the end, shows what was written, and has the result judged.
async fn close(
    cast: &Cast,
    scene: &Scene,
    task: TaskView,
    asked: bool,
    show: &mut Show<'_>,
) -> Result<TaskView, Error> {
    let mut task = if task.status.is_final() { task } else { cast.agent.wait(&task.task_id).await? };
    let ran = task.execution_result.get("exit_code").is_some();
    if let Some(expect) = scene.expect.as_ref().filter(|_| ran && !asked) {
        task = cast.commander.verify(&task.task_id, expect).await?;
    }
    show.ended(&task)?;
    Ok(task)
}
