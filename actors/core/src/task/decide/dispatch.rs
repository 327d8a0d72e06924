//! Where an approved task goes.

use super::{Terms, illegal, require_role};
use crate::access::Role;
use crate::task::{Command, Event, Refusal, State, Task};

/// The dispatch that follows an approval by itself, if the policy has it so.
pub(super) fn automatic(task: &Task, terms: &Terms) -> Option<Event> {
    let (assignee, why) = choose(task, terms);
    terms.policy.auto_dispatch.then(|| Event::Dispatched { assignee, why: why.to_owned(), automatic: true })
}

pub(super) fn by_person(
    task: &Task,
    command: &Command,
    assignee: Option<&str>,
    terms: &Terms,
) -> Result<Vec<Event>, Refusal> {
    require_role(command, Role::Approver)?;
    if task.state != State::Approved {
        return Err(illegal(task, "dispatch"));
    }
    match &task.dispatch {
        Some(before) if !before.automatic || task.lease.is_some() => {
            return Err(Refusal::AlreadyDispatched { assignee: before.assignee.clone() });
        }
        Some(_) | None => {}
    }
    let (assignee, why) = match assignee {
        Some(assignee) => (checked(assignee)?, "asked for"),
        None => choose(task, terms),
    };
    Ok(vec![Event::Dispatched { assignee, why: why.to_owned(), automatic: false }])
}

fn choose(task: &Task, terms: &Terms) -> (String, &'static str) {
    if task.target_executor.is_empty() {
        (terms.fallback_assignee.clone(), "no executor was named: the fallback")
    } else {
        (task.target_executor.clone(), "named by the submitter")
    }
}

fn checked(assignee: &str) -> Result<String, Refusal> {
    crate::id::TaskId::parse(assignee).map(String::from).map_err(|_| {
        Refusal::invalid("assignee", "a sub-agent role has 1 to 128 characters of A-Z a-z 0-9 . _ : -".to_owned())
    })
}
