//! What a button of a card stands for, as it is written into the card and read from a click.
//!
//! A choice names the task, the revision and the digest of the exact command, so that a click on an old card can be told
//! from one on the card in force. It carries no right: who may decide is asked of whoever clicked.

use serde_json::{Map, Value, json};

use crate::feishu::callback::Action;
use crate::id::{Digest, Revision, TaskId};
use crate::task::Task;

/// Hex digits of the digest in a component's name.
const SHORT: usize = 12;
/// The form's fields.
pub(super) const REASON: &str = "reason";
pub(super) const PROPOSAL: &str = "proposal";

/// What can be chosen on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// Let it run.
    Approve,
    /// Do not let it run.
    Reject,
    /// Ask for another command.
    Modify,
    /// Hand it to an administrator.
    Escalate,
}

impl Choice {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Reject, Self::Modify, Self::Escalate];

    /// The choice's name in a card.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Modify => "modify",
            Self::Escalate => "escalate",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }

    /// What the button carries.
    pub(super) fn value(self, task: &Task) -> Value {
        json!({
            "choice": self.as_str(), "task": task.id.as_str(), "revision": task.revision.0,
            "digest": task.command_sha256.hex(),
        })
    }

    /// The button's name, which some clients send alone: `reject_r3_0123456789ab`.
    pub(super) fn name(self, task: &Task) -> String {
        let digest = task.command_sha256.hex();
        format!("{}_r{}_{}", self.as_str(), task.revision, digest.get(..SHORT).unwrap_or_default())
    }
}

/// The command that a choice is about, as far as the click says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The digest of its bytes.
    Whole(Digest),
    /// The first digits of that.
    Short(String),
}

impl Seen {
    /// Whether it is this command.
    pub fn is(&self, digest: Digest) -> bool {
        match self {
            Self::Whole(seen) => *seen == digest,
            Self::Short(seen) => seen.len() == SHORT && digest.hex().starts_with(seen.as_str()),
        }
    }
}

/// A choice that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What was chosen.
    pub choice: Choice,
    /// On which task; that of the message, if the click does not say.
    pub task: Option<TaskId>,
    /// On which revision.
    pub revision: Revision,
    /// On which command.
    pub seen: Seen,
    /// Why.
    pub reason: String,
    /// The command that is asked for instead.
    pub proposal: String,
}

impl Made {
    /// Reads what was clicked; none if it is no button of ours.
    pub fn read(action: &Action) -> Option<Self> {
        let (choice, task, revision, seen) = by_value(&action.value).or_else(|| by_name(&action.name))?;
        let field =
            |name: &str| action.form_value.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        Some(Self { choice, task, revision, seen, reason: field(REASON), proposal: field(PROPOSAL) })
    }
}

type Parts = (Choice, Option<TaskId>, Revision, Seen);

fn by_value(value: &Value) -> Option<Parts> {
    // Strings are legal on the wire: some senders write the object into one.
    let written: Option<Map<String, Value>> = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    let fields = value.as_object().or(written.as_ref())?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let choice = Choice::parse(text("choice")?)?;
    let task = TaskId::parse(text("task")?).ok()?;
    let revision = Revision(fields.get("revision")?.as_u64()?);
    let seen = Seen::Whole(Digest::parse(text("digest")?).ok()?);
    Some((choice, Some(task), revision, seen))
}

fn by_name(name: &str) -> Option<Parts> {
    let (choice, rest) = name.split_once("_r")?;
    let (revision, digest) = rest.split_once('_')?;
    Some((Choice::parse(choice)?, None, Revision(revision.parse().ok()?), Seen::Short(digest.to_owned())))
}
