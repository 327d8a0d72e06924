//! Who is shown a task's card.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::risk::Level;
use crate::task::Task;

/// Where a card goes: `chat_id:oc_…` or `open_id:ou_…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Recipient {
    /// A chat.
    Chat(String),
    /// A person.
    Person(String),
}

impl Recipient {
    /// The kind of id, as the platform names it.
    pub const fn id_type(&self) -> &'static str {
        match self {
            Self::Chat(_) => "chat_id",
            Self::Person(_) => "open_id",
        }
    }

    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Self::Chat(id) | Self::Person(id) => id,
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id_type(), self.id())
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.to_string()
    }
}

impl TryFrom<String> for Recipient {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let known = text.split_once(':').filter(|(_, id)| !id.is_empty());
        match known {
            Some(("chat_id", id)) => Ok(Self::Chat(id.to_owned())),
            Some(("open_id", id)) => Ok(Self::Person(id.to_owned())),
            Some(_) | None => Err("a recipient is chat_id:oc_… or open_id:ou_…"),
        }
    }
}

/// The people and the chat that the settings name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// Where approvers are.
    pub chat: Option<String>,
    /// Who decides if there is no chat.
    pub commander: Option<String>,
    /// Who decides on high risk.
    pub admin: Option<String>,
    /// Who sees to it that what is approved is done.
    pub executor: Option<String>,
}

impl Audience {
    /// Who has to see the task as it is now; whoever was shown it before goes on seeing it.
    pub fn of(&self, task: &Task) -> BTreeSet<Recipient> {
        let people: Vec<Recipient> = match Kind::of(task.state) {
            Kind::Pending | Kind::FinalReview => return self.deciders(task),
            Kind::Approved => self.executor.clone().map(Recipient::Person).into_iter().collect(),
            Kind::Rejected | Kind::Modify | Kind::Archived => submitter(task).into_iter().collect(),
        };
        people.into_iter().collect()
    }

    /// Who has to decide on it now, and is told again if nobody does.
    pub fn deciders(&self, task: &Task) -> BTreeSet<Recipient> {
        let kind = Kind::of(task.state);
        let chat = self.chat.clone().map(Recipient::Chat);
        let first = chat.or_else(|| self.commander.clone().map(Recipient::Person)).filter(|_| kind == Kind::Pending);
        let is_grave = kind == Kind::FinalReview || kind == Kind::Pending && task.risk.level == Level::High;
        let admin = self.admin.clone().map(Recipient::Person).filter(|_| is_grave);
        first.into_iter().chain(admin).collect()
    }
}

/// The person behind a submission, as claimed: told how it ended, which gives no right.
fn submitter(task: &Task) -> Option<Recipient> {
    let id = &task.submitter_open_id;
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    is_id.then(|| Recipient::Person(id.clone()))
}
