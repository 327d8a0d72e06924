//! The state machine as a document. What it says of steps, rights and times is asked of the code itself: every cell of
//! the table of rights is what `decide` answers.

use std::fmt::Write as _;

use super::{
    Action, Ballot, Command, Event, Outcome, Recorded, State, Submission, TRANSITIONS, Task, Terms, Verdict, create,
    decide, evolve,
};
use crate::access::{Actor, Principal, Role, Via, WorkScope};
use crate::id::{Fence, LeaseId, TaskId, Version};
use crate::policy::Policy;
use crate::risk::{Assessment, Level};
use crate::time::{Millis, Timestamp};
use crate::wire::work::Finish;

const OUTCOMES: [Outcome; 10] = [
    Outcome::Completed,
    Outcome::ExitNonzero,
    Outcome::RejectedByHuman,
    Outcome::Withdrawn,
    Outcome::Expired,
    Outcome::DeniedByPolicy,
    Outcome::ExecutionTimeout,
    Outcome::OutcomeUnknown,
    Outcome::Undeliverable,
    Outcome::NotRun,
];

/// The document `docs/STATE-MACHINE.md`.
pub fn state_machine_markdown() -> String {
    let parts = [
        "# The life of a task\n\nMade from the code by `UPDATE_DOCS=1 cargo test --test tidy`; do not edit it.\n"
            .to_owned(),
        picture(),
        steps(),
        rights(),
        outcomes(),
        times(&Policy::default()),
    ];
    parts.join("\n")
}

fn picture() -> String {
    let mut text = "```mermaid\nstateDiagram-v2\n    [*] --> pending\n".to_owned();
    for (from, to, _) in TRANSITIONS {
        line(&mut text, format_args!("    {from} --> {to}"));
    }
    for state in State::ALL.into_iter().filter(|state| state.is_final()) {
        line(&mut text, format_args!("    {state} --> [*]"));
    }
    text + "```\n"
}

fn steps() -> String {
    let mut text = "## The twelve steps\n\nWhat is not here is refused with 409.\n\n".to_owned();
    text.push_str("| from | to | when |\n|---|---|---|\n");
    for (from, to, when) in TRANSITIONS {
        line(&mut text, format_args!("| {from} | {to} | {when} |"));
    }
    text
}

fn rights() -> String {
    let mut text = "## Who may do what, and when\n\n".to_owned();
    text.push_str(
        "The roles of a key that is accepted. A submitter has its own tasks only; nobody votes on a task that he put a \
         command into, unless the policy says `allow_self_approval = true`; a worker has the work that its key covers, \
         and only the holder of a lease starts and finishes under it. Who rejects or asks for a change says why.\n\n",
    );
    let states = State::ALL.map(State::as_str);
    line(&mut text, format_args!("| | {} |", states.join(" | ")));
    line(&mut text, format_args!("|---{}|", "|---".repeat(states.len())));
    for (name, level, action) in ACTIONS {
        let cells = State::ALL.map(|state| allowed(state, level, action).join(", "));
        line(&mut text, format_args!("| {name} | {} |", cells.join(" | ")));
    }
    text
}

fn outcomes() -> String {
    let mut text = "## Why it ended\n\n| outcome | meaning | may it have run? |\n|---|---|---|\n".to_owned();
    for outcome in OUTCOMES {
        let (meaning, ran) = meaning(outcome);
        line(&mut text, format_args!("| `{}` | {meaning} | {ran} |", outcome.as_str()));
    }
    text
}

fn times(policy: &Policy) -> String {
    let mut text = "## What happens by itself\n\n".to_owned();
    text.push_str(
        "Done by the engine, once, also after a restart or a jump of the clock; the policy file sets the times.\n\n",
    );
    text.push_str("| where | when | what |\n|---|---|---|\n");
    for level in Level::ALL {
        let rules = policy.level(level);
        line(
            &mut text,
            format_args!("| pending, admin ({level} risk) | {} after it was put in | told again |", rules.alert.0),
        );
        line(
            &mut text,
            format_args!(
                "| pending, modify, admin ({level} risk) | {} after it was put in | rejected, `expired` |",
                rules.reject.0
            ),
        );
    }
    line(&mut text, format_args!("| approved | {} without a start | failed, `expired` |", policy.start_within.0));
    text.push_str("| approved, leased | the sub-agent is silent for the lease's time | back on the list |\n");
    text.push_str("| executing, leased | the sub-agent is silent for the lease's time | failed, `outcome_unknown` |\n");
    text.push_str("| executing | no result in the time to run and a grace | failed, `execution_timeout` |\n");
    text.push_str(
        "\nA resubmission counts afresh. A result that comes after the end is kept as `late_result`; the end stands.\n",
    );
    text
}

/// What an outcome means, and whether the command may have run.
const fn meaning(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Completed => ("it ran and exited with 0", "yes"),
        Outcome::ExitNonzero => ("it ran and exited with something else, or by a signal", "yes"),
        Outcome::RejectedByHuman => ("a person said no", "no"),
        Outcome::Withdrawn => ("its submitter took it back", "no"),
        Outcome::Expired => ("nobody decided, or nobody started it, in time", "no"),
        Outcome::DeniedByPolicy => ("the policy forbids it", "no"),
        Outcome::ExecutionTimeout => ("it took longer than it may", "yes, and it may still run"),
        Outcome::OutcomeUnknown => ("it was started, and nobody knows how it ended", "perhaps"),
        Outcome::Undeliverable => ("it could not be handed to any executor", "no"),
        Outcome::NotRun => ("the executor says that it did not run it", "no"),
    }
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _written = writeln!(text, "{what}");
}

/// Makes an action that fits a task.
type Ask = fn(&Task) -> Action;

const ACTIONS: [(&str, Level, Ask); 13] = [
    ("approve", Level::Low, |_| Action::Approve(ballot())),
    ("approve (high risk)", Level::High, |_| Action::Approve(ballot())),
    ("reject", Level::Low, |_| Action::Reject(ballot())),
    ("reject (high risk)", Level::High, |_| Action::Reject(ballot())),
    ("ask for a change", Level::Low, |_| Action::RequestChange(ballot())),
    ("escalate", Level::Low, |_| Action::Escalate(ballot())),
    ("resubmit", Level::Low, |_| Action::Resubmit {
        command: "true".to_owned(),
        description: None,
        risk: Assessment::default(),
    }),
    ("withdraw", Level::Low, |_| Action::Withdraw { reason: String::new() }),
    ("dispatch", Level::Low, |_| Action::Dispatch { assignee: None }),
    ("take (lease)", Level::Low, |_| lease()),
    ("start", Level::Low, start),
    ("finish", Level::Low, finish),
    ("verify", Level::Low, |_| Action::Verify {
        verdict: Some(Verdict::Pass),
        note: String::new(),
        expect: None,
        stdout: String::new(),
    }),
];

const NOW: Timestamp = Timestamp(0);

fn ballot() -> Ballot {
    Ballot { reason: "because".to_owned(), command_sha256: None }
}

fn lease() -> Action {
    Action::Lease { worker: "worker".to_owned(), secret: [0; 16] }
}

fn held(task: &Task) -> (LeaseId, Fence) {
    let held = task.lease.as_ref().map(|lease| (lease.id.clone(), lease.fence));
    held.unwrap_or_else(|| (LeaseId::new(&task.id, Fence(0), [0; 16]), Fence(0)))
}

fn start(task: &Task) -> Action {
    let (lease, fence) = held(task);
    let (revision, command_sha256) = (task.revision, task.command_sha256);
    Action::Start { lease, fence, revision, command_sha256, timeout: Millis::from_secs(1) }
}

fn finish(task: &Task) -> Action {
    let (lease, fence) = held(task);
    let report = Finish { fence, exit_code: Some(0), ..Finish::default() };
    Action::Finish { lease, report, log: String::new() }
}

/// The roles with which somebody may do this to a task in this state.
fn allowed(state: State, level: Level, action: Ask) -> Vec<&'static str> {
    let examples = examples(state, level);
    let may = |role: &Role| {
        examples.iter().any(|task| {
            let command = command(Some(*role), action(task));
            decide(task, &command, &terms()).is_ok_and(|events| !events.is_empty())
        })
    };
    Role::ALL.into_iter().filter(may).map(Role::as_str).collect()
}

/// Tasks in this state: as it comes there, and, where that is another thing, with a lease in force.
fn examples(state: State, level: Level) -> Vec<Task> {
    let approve: Ask = |_| Action::Approve(ballot());
    let take: Ask = |_| lease();
    let ways: &[&[Ask]] = match state {
        State::Pending => &[&[]],
        State::Approved => &[&[approve], &[approve, take]],
        State::Rejected => &[&[|_| Action::Reject(ballot())]],
        State::Modify => &[&[|_| Action::RequestChange(ballot())]],
        State::Admin => &[&[|_| Action::Escalate(ballot())]],
        State::Executing => &[&[approve, take, start]],
        State::Done => &[&[approve, take, start, finish]],
        State::Failed => &[&[approve, take, finish]],
    };
    ways.iter().filter_map(|way| way.iter().try_fold(submitted(level)?, step)).collect()
}

fn step(task: Task, action: &Ask) -> Option<Task> {
    let command = command(None, action(&task));
    let events = decide(&task, &command, &terms()).ok()?;
    Some(
        events
            .into_iter()
            .fold(task, |task, event| evolve(task.clone(), &recorded(task.version.next(), &command, event))),
    )
}

fn submitted(level: Level) -> Option<Task> {
    let command = command(Some(Role::Submitter), lease());
    let event = Event::Created {
        task_id: TaskId::parse("example").ok()?,
        submission: Box::new(Submission { command: "true".to_owned(), ..Submission::default() }),
        peer_ip: String::new(),
        risk: Assessment { level, ..Assessment::default() },
        deadlines: terms().policy.waiting(level, NOW),
    };
    create(&recorded(Version(1), &command, event))
}

fn recorded(version: Version, command: &Command, event: Event) -> Recorded {
    Recorded { version, at: NOW, by: command.by.actor.clone(), via: command.via, event }
}

/// Somebody with this role alone, or with all of them. The submitter is one, the holder of leases another.
fn command(role: Option<Role>, action: Action) -> Command {
    let name = match role {
        Some(Role::Submitter) => "submitter",
        Some(Role::Worker) | None => "worker",
        Some(Role::Approver | Role::Admin | Role::Auditor) => "another",
    };
    let work = if role.is_none_or(|role| role == Role::Worker) { WorkScope::Any } else { WorkScope::Nothing };
    let roles = role.map_or_else(|| Role::ALL.into(), |role| [role].into());
    let by = Principal { actor: Actor::key(name), roles, work };
    Command { by, via: Via::Api, now: NOW, expected_version: None, action }
}

fn terms() -> Terms {
    Terms {
        policy: Policy::default(),
        fallback_assignee: "worker".to_owned(),
        execution_timeout: Millis::from_secs(1),
        execution_grace: Millis::from_secs(1),
    }
}
