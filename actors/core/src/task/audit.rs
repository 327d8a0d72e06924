//! What the audit trail says of an event.

use serde_json::{Map, Value, json};

use super::{Event, Recorded, State, Submission, Task};
use crate::audit::{Entry, Subject};
use crate::redact;

/// The audit entry of one event; `before` is the state it was in, `after` the task with the event applied.
pub fn audit_entry(before: Option<State>, after: &Task, recorded: &Recorded) -> Entry {
    Entry {
        at: recorded.at,
        kind: format!("task.{}", recorded.event.kind()),
        task_id: Some(after.id.clone()),
        revision: Some(after.revision),
        actor: recorded.by.clone(),
        via: recorded.via,
        from: before.map(|state| state.as_str().to_owned()),
        to: Some(after.state.as_str().to_owned()),
        cmd_sha: Some(after.command_sha256),
        subject: Some(Subject {
            status: after.state.as_str().to_owned(),
            command: after.command.clone(),
            description: after.description.clone(),
            source_ip: after.source_ip.clone(),
            risk_level: after.risk.level.as_str().to_owned(),
            risk_labels: after.risk.labels.clone(),
            operator_open_id: operator_open_id(recorded),
            operator_name: recorded.by.id.clone(),
        }),
        data: data(after, &recorded.event),
    }
}

fn operator_open_id(recorded: &Recorded) -> String {
    match recorded.by.kind {
        crate::access::ActorKind::Feishu => recorded.by.id.clone(),
        crate::access::ActorKind::Key | crate::access::ActorKind::Worker | crate::access::ActorKind::System => {
            String::new()
        }
    }
}

/// The event's own fields, without what the line has elsewhere, without output, and without the lease's secret.
fn data(after: &Task, event: &Event) -> Map<String, Value> {
    match event {
        Event::Created { submission, peer_ip, risk, deadlines, .. } => {
            let data = json!({"peer_ip": peer_ip, "risk": risk, "deadlines": deadlines, "content": after.content});
            let mut data = object(data);
            claims(submission, &mut data);
            data
        }
        Event::Leased { lease, attempt } => {
            let known = json!({"worker": lease.worker, "key": lease.key, "fence": lease.fence, "attempt": attempt});
            let mut data = fields(event);
            data.insert("lease".to_owned(), known);
            data
        }
        Event::Finished { log, .. } => {
            let mut data = fields(event);
            data.insert("log".to_owned(), json!({"bytes": log.len()}));
            data
        }
        Event::Voted { .. }
        | Event::Approved { .. }
        | Event::Rejected { .. }
        | Event::ChangeRequested { .. }
        | Event::Escalated { .. }
        | Event::Resubmitted { .. }
        | Event::Reopened
        | Event::Alerted
        | Event::Dispatched { .. }
        | Event::LeaseReleased { .. }
        | Event::Started { .. }
        | Event::LateResult { .. }
        | Event::Verified { .. }
        | Event::Noted { .. } => fields(event),
    }
}

fn fields(event: &Event) -> Map<String, Value> {
    const ELSEWHERE: [&str; 5] = ["kind", "command", "description", "revision", "command_sha256"];
    let mut value = serde_json::to_value(event).unwrap_or_default();
    for elsewhere in ELSEWHERE {
        value.as_object_mut().and_then(|data| data.shift_remove(elsewhere));
    }
    // What an executor reports is any JSON: there a secret may be known by the name of its field alone.
    redact::mask_json(&mut value);
    object(value)
}

/// What the submitter says besides the command.
fn claims(submission: &Submission, data: &mut Map<String, Value>) {
    for (name, text) in [
        ("source_agent", &submission.source_agent),
        ("target_executor", &submission.target_executor),
        ("submitter_open_id", &submission.submitter_open_id),
        ("approval_id", &submission.approval_id),
        ("claimed_operator", &submission.operator_name),
    ] {
        if !text.is_empty() {
            data.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(task) = &submission.rerun_of {
        data.insert("rerun_of".to_owned(), json!(task));
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
