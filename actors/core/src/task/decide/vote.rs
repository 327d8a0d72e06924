//! Decisions are votes: the state changes when enough people said the same.

use std::collections::BTreeSet;

use super::{Terms, dispatch, illegal, require_role, require_step};
use crate::access::Role;
use crate::policy::Policy;
use crate::risk::Level;
use crate::task::action::Ballot;
use crate::task::{Command, Event, Outcome, Refusal, State, Task, Vote, VoteChoice};

pub(super) fn approve(task: &Task, command: &Command, ballot: &Ballot, terms: &Terms) -> Result<Vec<Event>, Refusal> {
    require_role(command, Role::Approver)?;
    require_step(task, State::Approved, "approve")?;
    let voter = voter(task, command, ballot, &terms.policy)?;
    if !command.by.has(Role::Admin) {
        require_approver_suffices(task)?;
    }
    let vote = cast(task, &voter, VoteChoice::Approve, ballot, &terms.policy)?;
    let needed = terms.policy.level(task.risk.level).approvals;
    if count_with(task, &voter.person, VoteChoice::Approve, &terms.policy) < needed {
        return Ok(vec![vote]);
    }
    let start_by = command.now.plus(terms.policy.start_within.0);
    let approved = Event::Approved { revision: task.revision, command_sha256: task.command_sha256, start_by };
    Ok([vote, approved].into_iter().chain(dispatch::automatic(task, terms)).collect())
}

pub(super) fn reject(task: &Task, command: &Command, ballot: &Ballot, policy: &Policy) -> Result<Vec<Event>, Refusal> {
    require_role(command, Role::Approver)?;
    require_step(task, State::Rejected, "reject")?;
    let voter = voter(task, command, ballot, policy)?;
    require_reason(ballot)?;
    let vote = cast(task, &voter, VoteChoice::Reject, ballot, policy)?;
    if count_with(task, &voter.person, VoteChoice::Reject, policy) < policy.level(task.risk.level).refusals {
        return Ok(vec![vote]);
    }
    Ok(vec![vote, Event::Rejected { outcome: Outcome::RejectedByHuman, reason: ballot.reason.clone() }])
}

pub(super) fn request_change(
    task: &Task,
    command: &Command,
    ballot: &Ballot,
    policy: &Policy,
) -> Result<Vec<Event>, Refusal> {
    require_role(command, Role::Approver)?;
    require_step(task, State::Modify, "ask for a change of")?;
    voter(task, command, ballot, policy)?;
    require_reason(ballot)?;
    Ok(vec![Event::ChangeRequested { reason: ballot.reason.clone() }])
}

pub(super) fn escalate(
    task: &Task,
    command: &Command,
    ballot: &Ballot,
    policy: &Policy,
) -> Result<Vec<Event>, Refusal> {
    require_role(command, Role::Approver)?;
    require_step(task, State::Admin, "escalate")?;
    voter(task, command, ballot, policy)?;
    Ok(vec![Event::Escalated { reason: ballot.reason.clone() }])
}

struct Voter {
    person: String,
    self_approval: bool,
}

/// Checks what holds for every decision that is possible here: state `admin`, own task, exact command.
fn voter(task: &Task, command: &Command, ballot: &Ballot, policy: &Policy) -> Result<Voter, Refusal> {
    if task.state == State::Admin && !command.by.has(Role::Admin) {
        return Err(Refusal::AdminRequired { why: "it was escalated" });
    }
    let person = policy.person(&command.by.actor);
    let self_approval = is_author(task, &person, policy);
    if self_approval && !policy.allow_self_approval {
        return Err(Refusal::SelfApproval { person });
    }
    match ballot.command_sha256 {
        Some(seen) if seen != task.command_sha256 => Err(Refusal::StaleRevision { revision: task.revision }),
        Some(_) | None => Ok(Voter { person, self_approval }),
    }
}

/// The claimed Feishu user counts as an author too: a claim may take rights away, never give them.
fn is_author(task: &Task, person: &str, policy: &Policy) -> bool {
    let claimed = crate::access::Actor { kind: crate::access::ActorKind::Feishu, id: task.submitter_open_id.clone() };
    task.authors.iter().any(|author| policy.person(author) == person)
        || (!claimed.id.is_empty() && policy.person(&claimed) == person)
}

fn require_approver_suffices(task: &Task) -> Result<(), Refusal> {
    match task.risk.level {
        Level::High => Err(Refusal::AdminRequired { why: "its risk is high" }),
        Level::Low | Level::Medium => Ok(()),
    }
}

fn require_reason(ballot: &Ballot) -> Result<(), Refusal> {
    if ballot.reason.trim().is_empty() {
        return Err(Refusal::invalid("reason", "say why, so that the submitter can act on it".to_owned()));
    }
    Ok(())
}

/// One person has one vote; he may change his mind, not repeat himself.
fn cast(task: &Task, voter: &Voter, choice: VoteChoice, ballot: &Ballot, policy: &Policy) -> Result<Event, Refusal> {
    let repeats = |vote: &Vote| policy.person(&vote.by) == voter.person && vote.choice == choice;
    if task.votes.iter().any(repeats) {
        return Err(Refusal::AlreadyVoted { person: voter.person.clone() });
    }
    if !task.state.is_undecided() {
        return Err(illegal(task, "decide on"));
    }
    Ok(Event::Voted {
        person: voter.person.clone(),
        choice,
        reason: ballot.reason.clone(),
        revision: task.revision,
        command_sha256: task.command_sha256,
        self_approval: voter.self_approval,
    })
}

/// How many people say so, this one included. Who is the same person is asked of the policy in force, so that somebody
/// whose two names became known since he voted counts once.
fn count_with(task: &Task, person: &str, choice: VoteChoice, policy: &Policy) -> u32 {
    let same = task.votes.iter().filter(|vote| vote.choice == choice).map(|vote| policy.person(&vote.by));
    let people: BTreeSet<String> = same.chain([person.to_owned()]).collect();
    u32::try_from(people.len()).unwrap_or(u32::MAX)
}
