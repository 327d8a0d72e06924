//! What happens when nobody does anything.

use super::revise;
use crate::task::{Event, Outcome, RunResult, State, Task};
use crate::time::Timestamp;

/// The events that are due; none if the moment has not come, or the task went on meanwhile.
pub(super) fn reach(task: &Task, now: Timestamp) -> Vec<Event> {
    let due = |moment: Option<Timestamp>| moment.is_some_and(|moment| now >= moment);
    let deadlines = &task.deadlines;
    match task.state {
        State::Pending | State::Admin | State::Modify if due(deadlines.reject_at) => {
            let reason = "nobody decided in time".to_owned();
            revise::close(task, Event::Rejected { outcome: Outcome::Expired, reason }).unwrap_or_default()
        }
        State::Pending | State::Admin if due(deadlines.alert_at) => vec![Event::Alerted],
        State::Approved if due(deadlines.start_by) => {
            vec![ended(task, Outcome::Expired, "nobody started it before the approval lapsed; it did not run")]
        }
        State::Executing if due(deadlines.finish_by) => {
            vec![ended(task, Outcome::ExecutionTimeout, "no result in time; the command may have run")]
        }
        State::Pending
        | State::Approved
        | State::Rejected
        | State::Modify
        | State::Admin
        | State::Executing
        | State::Done
        | State::Failed => Vec::new(),
    }
}

fn ended(task: &Task, outcome: Outcome, why: &str) -> Event {
    Event::Finished {
        fence: task.lease.as_ref().map(|lease| lease.fence),
        outcome,
        done: false,
        result: RunResult { error: Some(why.to_owned()), ..Default::default() },
        log: String::new(),
        report: None,
    }
}
