//! A task as the API shows it: secrets masked, times as the reference writes them.

use serde_json::{Map, Value, json};

use super::{Deadlines, Event, Outcome, Recorded, State, Task};
use crate::access::ActorKind;
use crate::id::{Digest, Revision};
use crate::redact;
use crate::risk::{Assessment, Finding};
use crate::time::Timestamp;
use crate::wire::task::{DeadlinesView, EventView, LeaseView, RiskView, TaskView, VerificationView, VoteView};

impl Task {
    /// The task as the API shows it.
    pub fn view(&self) -> TaskView {
        let mask = |text: &str| redact::mask(text).into_owned();
        TaskView {
            task_id: self.id.to_string(),
            command: redact::mask_command(&self.command).into_owned(),
            description: mask(&self.description),
            source_ip: mask(&self.source_ip),
            peer_ip: self.peer_ip.clone(),
            risk_level: self.risk.level,
            risk_labels: self.risk.labels.clone(),
            status: self.state,
            created_at: self.created_at.unix_seconds(),
            modified_at: self.modified_at.unix_seconds(),
            resolved_at: self.resolved_at.map(Timestamp::unix_seconds),
            operator_open_id: self.operator_open_id(),
            operator_name: mask(&self.operator_name),
            execution_log: mask(&self.execution_log),
            execution_status: self.execution_status().to_owned(),
            execution_result: self.execution_result(),
            result_card_msg_id: mask(&self.result_card_msg_id),
            source_agent: mask(&self.source_agent),
            target_executor: mask(&self.target_executor),
            submitter_open_id: mask(&self.submitter_open_id),
            approval_id: mask(&self.approval_id),
            remark: mask(&self.remark),
            revision: self.revision,
            command_sha256: self.command_sha256.hex(),
            version: self.version,
            submitted_by: self.submitted_by.id.clone(),
            decided_by: self.decided_by.as_ref().map(ToString::to_string),
            outcome: self.outcome,
            deadlines: self.deadlines.view(),
            lease: self.lease.as_ref().map(|lease| LeaseView {
                worker: mask(&lease.worker),
                started_at: lease.started_at.map(Timestamp::unix_seconds),
                expires_at: None,
            }),
            assignee: self.dispatch.as_ref().map(|dispatch| mask(&dispatch.assignee)),
            votes: self.votes.iter().map(|v| VoteView { person: v.person.clone(), choice: v.choice }).collect(),
            verification: self.verification_view(),
            rerun_of: self.rerun_of.as_ref().map(ToString::to_string),
            risk: risk_view(&self.risk),
            events: None,
        }
    }

    fn operator_open_id(&self) -> String {
        let by = self.decided_by.as_ref().filter(|actor| actor.kind == ActorKind::Feishu);
        by.map(|actor| actor.id.clone()).unwrap_or_default()
    }

    fn execution_status(&self) -> &'static str {
        match self.state {
            State::Done => "success",
            State::Failed => "failed",
            State::Pending | State::Approved | State::Rejected | State::Modify | State::Admin | State::Executing => "",
        }
    }

    fn execution_result(&self) -> Value {
        let Some(result) = &self.result else { return json!({}) };
        let mut value = result.extra.clone().unwrap_or_else(|| json!(result));
        redact::mask_json(&mut value);
        value
    }

    fn verification_view(&self) -> Option<VerificationView> {
        self.verification.as_ref().map(|verification| VerificationView {
            verdict: verification.verdict,
            by: verification.by.to_string(),
            at: verification.at.unix_seconds(),
            note: redact::mask(&verification.note).into_owned(),
        })
    }
}

impl Outcome {
    /// The outcome's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::ExitNonzero => "exit_nonzero",
            Self::RejectedByHuman => "rejected_by_human",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::DeniedByPolicy => "denied_by_policy",
            Self::ExecutionTimeout => "execution_timeout",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Undeliverable => "undeliverable",
            Self::NotRun => "not_run",
        }
    }
}

impl Deadlines {
    fn view(&self) -> DeadlinesView {
        let seconds = |moment: Option<Timestamp>| moment.map(Timestamp::unix_seconds);
        DeadlinesView {
            alert_at: seconds(self.alert_at),
            reject_at: seconds(self.reject_at),
            start_by: seconds(self.start_by),
            finish_by: seconds(self.finish_by),
        }
    }
}

impl Recorded {
    /// The event as a task's time line shows it.
    pub fn view(&self) -> EventView {
        let mut data = serde_json::to_value(&self.event).unwrap_or_default();
        if let Some(fields) = data.as_object_mut() {
            fields.remove("kind");
            self.event.tell_times(fields);
            self.event.tell_command(fields);
        }
        redact::mask_json(&mut data);
        EventView {
            version: self.version,
            at: self.at.unix_seconds(),
            kind: self.event.kind().to_owned(),
            by: self.by.clone(),
            data,
        }
    }
}

impl Event {
    /// A command is shown with its revision and the digest of its exact bytes, since its secrets are masked.
    fn tell_command(&self, fields: &mut Map<String, Value>) {
        let (command, revision) = match self {
            Self::Created { submission, .. } => (&submission.command, Revision(1)),
            Self::Resubmitted { command, revision, .. } => (command, *revision),
            Self::Voted { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::ChangeRequested { .. }
            | Self::Escalated { .. }
            | Self::Reopened
            | Self::Alerted
            | Self::Dispatched { .. }
            | Self::Leased { .. }
            | Self::LeaseReleased { .. }
            | Self::Started { .. }
            | Self::Finished { .. }
            | Self::LateResult { .. }
            | Self::Verified { .. }
            | Self::Noted { .. } => return,
        };
        fields.insert("revision".to_owned(), json!(revision));
        fields.insert("command_sha256".to_owned(), json!(Digest::of(command.as_bytes()).hex()));
    }

    /// Puts in the place of stored microseconds what the task object has: seconds. A lease is shown without its secret.
    fn tell_times(&self, fields: &mut Map<String, Value>) {
        let (name, shown) = match self {
            Self::Created { deadlines, .. } | Self::Resubmitted { deadlines, .. } => {
                ("deadlines", json!(deadlines.view()))
            }
            Self::Approved { start_by, .. } => ("start_by", json!(start_by.unix_seconds())),
            Self::Started { finish_by, .. } => ("finish_by", json!(finish_by.unix_seconds())),
            Self::Leased { lease, .. } => {
                let started_at = lease.started_at.map(Timestamp::unix_seconds);
                let (worker, key, fence) = (&lease.worker, &lease.key, lease.fence);
                ("lease", json!({"worker": worker, "key": key, "fence": fence, "started_at": started_at}))
            }
            Self::Voted { .. }
            | Self::Rejected { .. }
            | Self::ChangeRequested { .. }
            | Self::Escalated { .. }
            | Self::Reopened
            | Self::Alerted
            | Self::Dispatched { .. }
            | Self::LeaseReleased { .. }
            | Self::Finished { .. }
            | Self::LateResult { .. }
            | Self::Verified { .. }
            | Self::Noted { .. } => return,
        };
        fields.insert(name.to_owned(), shown);
    }
}

/// Reasons and summary name what a command is about, so what must not be read in the command is masked in them.
fn risk_view(risk: &Assessment) -> RiskView {
    let mask = |text: &str| redact::mask(text).into_owned();
    let masked =
        |finding: &Finding| Finding { why: mask(&finding.why), why_zh: mask(&finding.why_zh), ..finding.clone() };
    RiskView {
        level: risk.level,
        findings: risk.findings.iter().map(masked).collect(),
        summary: mask(&risk.summary),
        summary_zh: mask(&risk.summary_zh),
    }
}
