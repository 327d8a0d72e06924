//! What a submitter hands in, checked.

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::id::{Digest, TaskId};
use crate::redact;
use crate::risk::{Assessment, Level};

/// The longest command, in bytes.
pub const COMMAND_LIMIT: usize = 64 * 1024;
const DESCRIPTION_LIMIT: usize = 16 * 1024;
const NAME_LIMIT: usize = 256;
const LABEL_LIMIT: usize = 16;

/// A task as submitted. Two submissions with the same content have the same digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The exact command.
    pub command: String,
    /// What it is for.
    pub description: String,
    /// The source address claimed.
    pub source_ip: String,
    /// Display text only.
    pub operator_name: String,
    /// The agent claimed.
    pub source_agent: String,
    /// The sub-agent role asked for; empty leaves it to the engine.
    pub target_executor: String,
    /// The Feishu user claimed.
    pub submitter_open_id: String,
    /// The submitter's own reference.
    pub approval_id: String,
    /// The submitter's own task id.
    pub task_id: Option<TaskId>,
    /// May raise what the classifier finds.
    pub risk_level: Option<Level>,
    /// May add to what the classifier finds.
    pub risk_labels: Vec<String>,
    /// The finished task that this one repeats.
    pub rerun_of: Option<TaskId>,
}

/// What a submitter says of the risk. It raises the grade of every command that is put into the task, and lowers none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The level that no grade falls below.
    pub level: Option<Level>,
    /// Labels, as they were handed in.
    pub labels: Vec<String>,
}

impl Declared {
    /// Labels are words that everybody sees: they are masked before they are made words.
    pub fn masked_labels(&self) -> Vec<String> {
        self.labels.iter().map(|label| redact::mask(label).into_owned()).collect()
    }

    /// Takes it into what the classifier found.
    pub fn raise(&self, risk: &mut Assessment) {
        risk.raise(self.level, &self.masked_labels());
    }
}

impl Submission {
    /// Refuses what no task may carry, naming the field.
    pub fn check(&self) -> Result<(), Refusal> {
        check_command(&self.command)?;
        limit("description", &self.description, DESCRIPTION_LIMIT)?;
        for (field, text) in [
            ("source_ip", &self.source_ip),
            ("operator_name", &self.operator_name),
            ("source_agent", &self.source_agent),
            ("target_executor", &self.target_executor),
            ("submitter_open_id", &self.submitter_open_id),
            ("approval_id", &self.approval_id),
        ] {
            limit(field, text, NAME_LIMIT)?;
        }
        if self.risk_labels.len() > LABEL_LIMIT {
            return Err(Refusal::invalid("risk_labels", format!("at most {LABEL_LIMIT} labels")));
        }
        self.risk_labels.iter().try_for_each(|label| limit("risk_labels", label, 64))
    }

    /// What it says of the risk.
    pub fn declared(&self) -> Declared {
        Declared { level: self.risk_level, labels: self.risk_labels.clone() }
    }

    /// The digest of all of it.
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Refuses an empty command, one over the limit, and one with a NUL byte, which no shell could be given.
pub fn check_command(command: &str) -> Result<(), Refusal> {
    if command.trim().is_empty() {
        return Err(Refusal::invalid("command", "the command is empty".to_owned()));
    }
    limit("command", command, COMMAND_LIMIT)
}

fn limit(field: &'static str, text: &str, bytes: usize) -> Result<(), Refusal> {
    if text.len() > bytes {
        return Err(Refusal::invalid(field, format!("{} bytes are too many, the limit is {bytes}", text.len())));
    }
    if text.contains('\0') {
        return Err(Refusal::invalid(field, "a NUL character is not allowed".to_owned()));
    }
    Ok(())
}
