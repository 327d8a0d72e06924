//! What a card says. The six Feishu cards are pure functions of a task and live here, in card JSON 2.0, in English and
//! Chinese: the reader's client picks.
//!
//! All text of a submitter stands in `plain_text`, in which nothing is markup, with hidden characters made visible and
//! secrets masked. What does not fit is not cut silently: head and tail stay, what lies between is counted, and nobody can
//! approve from a card what the card does not show whole.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::access::Actor;
use crate::policy::Policy;
use crate::task::{State, Task};

mod audience;
mod body;
pub mod check;
pub mod choice;
pub mod delivery;
mod element;
mod fallback;
mod fit;
mod words;

pub use audience::{Audience, Recipient};
pub use fallback::{fallback, text};

/// Bytes of a card as it is sent, a string in JSON, that it stays below; the platform promises to take 30 KB.
pub const BUDGET: usize = 24 * 1024;
/// Bytes of the submitter's texts in a card: the first of these with which the card stays in its budget.
const ALLOWANCES: [usize; 7] = [12_000, 8_000, 5_000, 3_000, 1_500, 600, 200];

/// The six cards of a task's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Waits for a decision.
    Pending,
    /// Was approved.
    Approved,
    /// Was rejected.
    Rejected,
    /// Goes back to its submitter.
    Modify,
    /// Waits for an administrator.
    FinalReview,
    /// Has ended.
    Archived,
}

impl Kind {
    /// All six, in the order of a task's life.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Approved, Self::Rejected, Self::Modify, Self::FinalReview, Self::Archived];

    /// The card that shows a task in this state.
    pub const fn of(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Approved | State::Executing => Self::Approved,
            State::Rejected => Self::Rejected,
            State::Modify => Self::Modify,
            State::Admin => Self::FinalReview,
            State::Done | State::Failed => Self::Archived,
        }
    }

    /// The card's name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Modify => "modify",
            Self::FinalReview => "final_review",
            Self::Archived => "archived",
        }
    }

    /// Whether a decision can be made on it.
    const fn decides(self) -> bool {
        match self {
            Self::Pending | Self::FinalReview => true,
            Self::Approved | Self::Rejected | Self::Modify | Self::Archived => false,
        }
    }
}

/// What a card has to know beside the task.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Who has to decide.
    pub policy: &'a Policy,
    /// Names of people by their ids, as far as they were looked up.
    pub names: &'a BTreeMap<String, String>,
    /// Where the whole task can be read and decided on.
    pub link: Option<&'a str>,
}

impl View<'_> {
    /// Somebody's name, or the id if it is not known.
    fn name(&self, actor: &Actor) -> String {
        let name = self.names.get(&actor.id).map(|name| crate::visible::show_line(name));
        name.map_or_else(|| actor.id.clone(), |name| format!("{name} ({})", actor.id))
    }
}

/// The card of this kind for a task, in card JSON 2.0.
pub fn card(kind: Kind, task: &Task, view: &View<'_>) -> Value {
    let mut card = Value::Null;
    for allowance in ALLOWANCES {
        card = with_allowance(kind, task, view, allowance);
        if size(&card) <= BUDGET {
            break;
        }
    }
    card
}

/// Bytes of a card as it is sent: as a string in JSON.
pub fn size(card: &Value) -> usize {
    Value::String(card.to_string()).to_string().len()
}

fn with_allowance(kind: Kind, task: &Task, view: &View<'_>, allowance: usize) -> Value {
    let title = words::title(kind);
    let preview = words::preview(kind, task);
    json!({
        "schema": "2.0",
        "config": {
            "update_multi": true,
            "enable_forward": false,
            "width_mode": "fill",
            "summary": {"content": preview.en, "i18n_content": {"en_us": preview.en, "zh_cn": preview.zh}},
        },
        "header": {
            "title": element::both(&title),
            "subtitle": element::plain(&format!("{} · r{}", task.id, task.revision)),
            "template": words::colour(kind, task),
            "text_tag_list": words::tags(task),
        },
        "body": {"elements": body::elements(kind, task, view, allowance)},
    })
}

#[cfg(test)]
mod tests;
