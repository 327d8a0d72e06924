//! What a card says. The six Feishu cards are pure functions of a task and live here.

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
    /// The card that shows a task in this state.
    pub const fn of(state: crate::task::State) -> Self {
        use crate::task::State;
        match state {
            State::Pending => Self::Pending,
            State::Approved | State::Executing => Self::Approved,
            State::Rejected => Self::Rejected,
            State::Modify => Self::Modify,
            State::Admin => Self::FinalReview,
            State::Done | State::Failed => Self::Archived,
        }
    }
}
