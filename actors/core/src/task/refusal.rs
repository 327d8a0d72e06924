//! Why a command was not carried out.

use super::{Mismatch, Outcome, State};
use crate::access::{Actor, Role};
use crate::error::Code;
use crate::id::{Revision, Version};

/// Why a command was not carried out; each says what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The state machine has no such step from here.
    #[error("{}", illegal(.action, *.state, .outcome.as_ref(), .decided_by.as_ref()))]
    Illegal {
        /// What was asked for.
        action: &'static str,
        /// Where the task stands.
        state: State,
        /// How it ended, if it did.
        outcome: Option<Outcome>,
        /// Who decided, if somebody did.
        decided_by: Option<Actor>,
    },
    /// The caller looked at an older version.
    #[error("the task has changed: you looked at version {expected}, it is at version {actual}; read it again")]
    StaleVersion {
        /// The version named.
        expected: Version,
        /// The version in force.
        actual: Version,
    },
    /// The digest is not that of the revision in force.
    #[error("the command has changed since: revision {revision} has another digest; read the task again")]
    StaleRevision {
        /// The revision in force.
        revision: Revision,
    },
    /// Nobody decides on his own task.
    #[error(
        "{person} submitted this task and cannot decide on it; another person has to (or the policy file sets \
         allow_self_approval = true)"
    )]
    SelfApproval {
        /// The person who is both.
        person: String,
    },
    /// High risk, or escalated.
    #[error("only an administrator decides on this task ({why}); an approver can escalate it")]
    AdminRequired {
        /// Why.
        why: &'static str,
    },
    /// The right is missing.
    #[error("this needs the role {}", .0.as_str())]
    RoleRequired(Role),
    /// The task is the submitter's.
    #[error("only the submitter of a task can do this")]
    NotTheSubmitter,
    /// One person, one vote.
    #[error("{person} has voted on this revision already; it waits for somebody else")]
    AlreadyVoted {
        /// The person.
        person: String,
    },
    /// A field is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong, and what is allowed.
        why: String,
    },
    /// One approval is dispatched once.
    #[error("this approval was dispatched to {assignee} already")]
    AlreadyDispatched {
        /// Where it went.
        assignee: String,
    },
    /// The lease is not the one in force.
    #[error("this lease is not in force: {0}")]
    LostLease(&'static str),
    /// The approval is too old.
    #[error("the approval has lapsed: nobody started the command in time; submit it again")]
    ApprovalExpired,
    /// The database was edited: what was approved is not what it holds.
    #[error(
        "what was approved is not what the database holds now ({0}); nothing is handed out or started, an operator has \
         to look (hermes audit verify --db)"
    )]
    DigestMismatch(Mismatch),
    /// A finished lease has its result.
    #[error("this lease was finished with another result, which stands")]
    ResultMismatch,
}

impl Refusal {
    /// A field is wrong.
    pub fn invalid(field: &'static str, why: String) -> Self {
        Self::Invalid { field, why }
    }

    /// The code of the answer.
    pub const fn code(&self) -> Code {
        match self {
            Self::Illegal { .. } => Code::IllegalTransition,
            Self::StaleVersion { .. } => Code::StaleVersion,
            Self::StaleRevision { .. } => Code::StaleRevision,
            Self::SelfApproval { .. } => Code::SelfApproval,
            Self::AdminRequired { .. } => Code::AdminRequired,
            Self::RoleRequired(_) | Self::NotTheSubmitter => Code::Forbidden,
            Self::AlreadyVoted { .. } => Code::AlreadyVoted,
            Self::Invalid { .. } => Code::InvalidField,
            Self::AlreadyDispatched { .. } => Code::AlreadyDispatched,
            Self::LostLease(_) => Code::LostLease,
            Self::ApprovalExpired => Code::ApprovalExpired,
            Self::DigestMismatch(_) => Code::DigestMismatch,
            Self::ResultMismatch => Code::ResultMismatch,
        }
    }

    /// The field that is wrong, if one is.
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::Illegal { .. }
            | Self::StaleVersion { .. }
            | Self::StaleRevision { .. }
            | Self::SelfApproval { .. }
            | Self::AdminRequired { .. }
            | Self::RoleRequired(_)
            | Self::NotTheSubmitter
            | Self::AlreadyVoted { .. }
            | Self::AlreadyDispatched { .. }
            | Self::LostLease(_)
            | Self::ApprovalExpired
            | Self::DigestMismatch(_)
            | Self::ResultMismatch => None,
        }
    }
}

fn illegal(action: &str, state: State, outcome: Option<&Outcome>, decided_by: Option<&Actor>) -> String {
    let place = match (state, outcome) {
        (_, Some(Outcome::Expired)) => "it expired",
        (_, Some(Outcome::Withdrawn)) => "it was withdrawn",
        (State::Pending, _) => "it waits for a decision",
        (State::Admin, _) if action == "escalate" => "it waits for an administrator already",
        (State::Admin, _) => "it waits for an administrator",
        (State::Modify, _) => "it waits for its submitter to resubmit",
        (State::Approved, _) => "it is approved",
        (State::Rejected, _) => "it is rejected",
        (State::Executing, _) => "its command is running",
        (State::Done, _) => "it is done",
        (State::Failed, _) => "it has failed",
    };
    let passed_by_itself = outcome == Some(&Outcome::Expired);
    // While it waits again, whoever asked for that has not decided it.
    let by = decided_by.filter(|_| !passed_by_itself && !state.is_undecided());
    let by = by.map(|actor| format!(" (decided by {actor})")).unwrap_or_default();
    format!("cannot {action} this task: {place}{by}")
}
