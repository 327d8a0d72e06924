//! The eight states and the twelve steps between them.

use serde::{Deserialize, Serialize};

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for a decision.
    Pending,
    /// May run, once.
    Approved,
    /// Will not run. Final.
    Rejected,
    /// Waits for its submitter to change the command.
    Modify,
    /// Waits for an administrator's decision.
    Admin,
    /// A sub-agent was told to start it.
    Executing,
    /// Ran, and ended well. Final.
    Done,
    /// Ran and failed, or nobody knows, or was never run. Final.
    Failed,
}

use State::{Admin, Approved, Done, Executing, Failed, Modify, Pending, Rejected};

/// Every legal step; what is not here is refused.
pub const TRANSITIONS: [(State, State, &str); 12] = [
    (Pending, Approved, "enough people approved"),
    (Pending, Rejected, "enough people refused, the submitter withdrew it, or nobody decided in time"),
    (Pending, Modify, "a decider asked for a change"),
    (Pending, Admin, "a decider handed it to an administrator"),
    (Approved, Executing, "a sub-agent's start was acknowledged"),
    (Approved, Done, "a person reported that it was done elsewhere"),
    (Approved, Failed, "nobody started it in time, or it could not be delivered"),
    (Modify, Pending, "the submitter changed the command, or it was taken back to be closed"),
    (Admin, Approved, "enough administrators approved"),
    (Admin, Rejected, "enough administrators refused, the submitter withdrew it, or nobody decided in time"),
    (Executing, Done, "it ended with exit code 0"),
    (Executing, Failed, "it ended otherwise, or nobody knows how it ended"),
];

impl State {
    /// All states, in the order of a task's life.
    pub const ALL: [Self; 8] = [Pending, Approved, Rejected, Modify, Admin, Executing, Done, Failed];

    /// The state's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pending => "pending",
            Approved => "approved",
            Rejected => "rejected",
            Modify => "modify",
            Admin => "admin",
            Executing => "executing",
            Done => "done",
            Failed => "failed",
        }
    }

    /// Reads a state's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the step is one of the twelve.
    pub fn may_become(self, to: Self) -> bool {
        TRANSITIONS.iter().any(|(from, target, _)| *from == self && *target == to)
    }

    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        match self {
            Rejected | Done | Failed => true,
            Pending | Approved | Modify | Admin | Executing => false,
        }
    }

    /// Whether the decision is still open.
    pub const fn is_undecided(self) -> bool {
        match self {
            Pending | Modify | Admin => true,
            Approved | Rejected | Executing | Done | Failed => false,
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
