//! Applies events. Total: an event that was recorded is a fact, whatever it says.

use super::{Dispatch, EndedLease, Event, Lease, Recorded, State, Task, Verification, Vote};
use crate::id::{Digest, Fence, Revision, Version};

/// A history does not begin with `Created`, or is not numbered 1, 2, 3 ….
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the task's history breaks at version {0}")]
pub struct Corrupt(pub Version);

/// The task that a `Created` event makes; any other event makes none.
pub fn create(first: &Recorded) -> Option<Task> {
    let Event::Created { task_id, submission, peer_ip, risk, deadlines } = &first.event else { return None };
    Some(Task {
        id: task_id.clone(),
        state: State::Pending,
        version: first.version,
        revision: Revision(1),
        command: submission.command.clone(),
        command_sha256: Digest::of(submission.command.as_bytes()),
        description: submission.description.clone(),
        source_ip: submission.source_ip.clone(),
        peer_ip: peer_ip.clone(),
        source_agent: submission.source_agent.clone(),
        operator_name: submission.operator_name.clone(),
        submitter_open_id: submission.submitter_open_id.clone(),
        approval_id: submission.approval_id.clone(),
        target_executor: submission.target_executor.clone(),
        risk: risk.clone(),
        declared: submission.declared(),
        submitted_by: first.by.clone(),
        authors: vec![first.by.clone()],
        content: submission.digest(),
        rerun_of: submission.rerun_of.clone(),
        created_at: first.at,
        modified_at: first.at,
        resolved_at: None,
        deadlines: *deadlines,
        votes: Vec::new(),
        decided_by: None,
        remark: String::new(),
        dispatch: None,
        fence: Fence(0),
        attempts: 0,
        lease: None,
        ended_lease: None,
        result: None,
        execution_log: String::new(),
        outcome: None,
        verification: None,
        result_card_msg_id: String::new(),
    })
}

/// The task after one more event.
#[must_use]
pub fn evolve(mut task: Task, recorded: &Recorded) -> Task {
    task.version = recorded.version;
    task.modified_at = recorded.at;
    decision(&mut task, recorded);
    run(&mut task, recorded);
    if task.state.is_final() && task.resolved_at.is_none() {
        task.resolved_at = Some(recorded.at);
        task.deadlines = super::Deadlines::default();
    }
    task
}

/// The task that a whole history makes.
pub fn replay(history: &[Recorded]) -> Result<Task, Corrupt> {
    let (first, rest) = history.split_first().ok_or(Corrupt(Version(1)))?;
    let start = create(first).filter(|task| task.version == Version(1)).ok_or(Corrupt(Version(1)))?;
    rest.iter().try_fold(start, |task, recorded| {
        if recorded.version == task.version.next() {
            Ok(evolve(task, recorded))
        } else {
            Err(Corrupt(recorded.version))
        }
    })
}

fn decision(task: &mut Task, recorded: &Recorded) {
    match &recorded.event {
        Event::Voted { person, choice, reason, .. } => {
            task.votes.retain(|vote| vote.person != *person);
            task.votes.push(Vote { person: person.clone(), by: recorded.by.clone(), choice: *choice });
            task.remark.clone_from(reason);
        }
        Event::Approved { start_by, .. } => {
            task.state = State::Approved;
            task.decided_by = Some(recorded.by.clone());
            task.deadlines = super::Deadlines { start_by: Some(*start_by), ..Default::default() };
        }
        Event::Rejected { outcome, reason } => {
            task.state = State::Rejected;
            task.outcome = Some(*outcome);
            task.decided_by = Some(recorded.by.clone());
            task.remark.clone_from(reason);
        }
        Event::ChangeRequested { reason } => {
            task.state = State::Modify;
            task.decided_by = Some(recorded.by.clone());
            task.remark.clone_from(reason);
        }
        Event::Escalated { reason } => {
            task.state = State::Admin;
            task.votes.clear();
            task.remark.clone_from(reason);
        }
        Event::Resubmitted { revision, command, description, risk, deadlines } => {
            task.state = State::Pending;
            task.revision = *revision;
            task.command.clone_from(command);
            task.command_sha256 = Digest::of(command.as_bytes());
            task.description.clone_from(description);
            task.risk = risk.clone();
            task.deadlines = *deadlines;
            task.votes.clear();
            task.decided_by = None;
            if !task.authors.contains(&recorded.by) {
                task.authors.push(recorded.by.clone());
            }
        }
        Event::Reopened => task.state = State::Pending,
        Event::Alerted => task.deadlines.alert_at = None,
        Event::Noted { remark } => task.remark.clone_from(remark),
        Event::Created { .. }
        | Event::Dispatched { .. }
        | Event::Leased { .. }
        | Event::LeaseReleased { .. }
        | Event::Started { .. }
        | Event::Finished { .. }
        | Event::LateResult { .. }
        | Event::Verified { .. } => {}
    }
}

fn run(task: &mut Task, recorded: &Recorded) {
    match &recorded.event {
        Event::Dispatched { assignee, automatic, .. } => {
            task.dispatch = Some(Dispatch { assignee: assignee.clone(), automatic: *automatic });
        }
        Event::Leased { lease, attempt } => {
            task.fence = lease.fence;
            task.attempts = *attempt;
            task.lease = Some(lease.clone());
        }
        Event::LeaseReleased { .. } => task.lease = None,
        Event::Started { finish_by, .. } => {
            task.state = State::Executing;
            task.deadlines = super::Deadlines { finish_by: Some(*finish_by), ..Default::default() };
            task.lease = task.lease.take().map(|lease| Lease { started_at: Some(recorded.at), ..lease });
        }
        Event::Finished { outcome, done, result, log, report, .. } => {
            task.state = if *done { State::Done } else { State::Failed };
            task.outcome = Some(*outcome);
            task.result = Some(result.clone());
            if !log.is_empty() {
                task.execution_log.clone_from(log);
            }
            task.ended_lease = task.lease.take().map(|lease| EndedLease { lease, result: *report, late_result: None });
        }
        Event::LateResult { report, .. } => {
            if let Some(ended) = &mut task.ended_lease {
                ended.late_result = Some(*report);
            }
        }
        Event::Verified { verdict, note } => {
            let (by, at) = (recorded.by.clone(), recorded.at);
            task.verification = Some(Verification { verdict: *verdict, by, at, note: note.clone() });
        }
        Event::Created { .. }
        | Event::Voted { .. }
        | Event::Approved { .. }
        | Event::Rejected { .. }
        | Event::ChangeRequested { .. }
        | Event::Escalated { .. }
        | Event::Resubmitted { .. }
        | Event::Reopened
        | Event::Alerted
        | Event::Noted { .. } => {}
    }
}
