//! What somebody is told who clicked on a card: honestly, in a line, in both languages.

use super::choice::Choice;
use crate::access::Actor;
use crate::error::Code;
use crate::feishu::answer::{Toast, Tone};
use crate::task::{State, Task, VoteChoice};

/// Why a click did nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Whoever clicked may not decide at all.
    NotAllowed,
    /// It is no button of ours.
    UnknownButton,
    /// The message is not one that was sent for this task: the card was forwarded, or copied.
    ForeignMessage,
    /// There is no such task any longer.
    Gone,
    /// The card shows another command than the one in force.
    Stale,
    /// The same click came before.
    Repeated,
    /// A reason is needed and none was given.
    NoReason,
    /// It takes longer than the platform waits.
    Slow,
}

impl Idle {
    /// The code under which the audit trail notes it; none if it is no attempt to do what one may not.
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::NotAllowed | Self::ForeignMessage => Some(Code::Forbidden),
            Self::Stale => Some(Code::StaleRevision),
            Self::UnknownButton | Self::Gone | Self::Repeated | Self::NoReason | Self::Slow => None,
        }
    }

    /// What whoever clicked is told.
    pub fn toast(self) -> Toast {
        match self {
            Self::NotAllowed => Toast::new(
                Tone::Error,
                "You are not on the list of people who may decide. Nothing has happened.",
                "您不在审批人名单中，操作未生效。",
            ),
            Self::UnknownButton => Toast::new(
                Tone::Warning,
                "This button is not known here. Nothing has happened.",
                "无法识别此按钮，操作未生效。",
            ),
            Self::ForeignMessage => Toast::new(
                Tone::Error,
                "This copy of the card cannot decide anything; use the card that Hermes sent you.",
                "此卡片副本不能用于审批，请使用系统发送给您的原卡片。",
            ),
            Self::Gone => Toast::new(Tone::Warning, "This task is no longer kept.", "该任务已不再保留。"),
            Self::Stale => Toast::new(
                Tone::Warning,
                "The command has changed since. Look at it as it is now, and decide again.",
                "命令已变更，请查看最新内容后重新决定。",
            ),
            Self::Repeated => Toast::new(Tone::Info, "This click was taken already.", "该操作已处理。"),
            Self::NoReason => Toast::new(
                Tone::Warning,
                "Say why, so that the submitter can act on it.",
                "请填写理由，以便提交者处理。",
            ),
            Self::Slow => Toast::new(
                Tone::Info,
                "This takes longer than usual; the card will show what came of it.",
                "处理时间较长，卡片稍后会显示结果。",
            ),
        }
    }
}

/// What somebody is told whose choice was taken.
pub fn taken(choice: Choice, task: &Task, needed: u32) -> Toast {
    let votes = |said: VoteChoice| task.votes.iter().filter(|vote| vote.choice == said).count();
    match (choice, task.state) {
        (Choice::Approve, State::Pending | State::Admin) => {
            let votes = votes(VoteChoice::Approve);
            Toast::new(
                Tone::Success,
                format!("Your approval counts: {votes} of {needed}."),
                format!("已记录您的批准：{votes}/{needed}。"),
            )
        }
        (Choice::Reject, State::Pending | State::Admin) => {
            Toast::new(Tone::Success, "Your refusal counts; it takes others, too.", "已记录您的拒绝，尚需其他人决定。")
        }
        (Choice::Approve, _) => Toast::new(Tone::Success, "Approved.", "已批准。"),
        (Choice::Reject, _) => Toast::new(Tone::Success, "Rejected.", "已拒绝。"),
        (Choice::Modify, _) => Toast::new(Tone::Success, "Sent back to its submitter.", "已退回提交者修改。"),
        (Choice::Escalate, _) => Toast::new(Tone::Success, "Handed to an administrator.", "已转管理员终审。"),
    }
}

/// What somebody is told whose choice was refused, with the task as it is.
pub fn refused(code: Code, why: &str, task: &Task) -> Toast {
    let by = task.decided_by.as_ref().map(Actor::to_string).unwrap_or_default();
    match code {
        Code::IllegalTransition if !by.is_empty() => Toast::new(
            Tone::Warning,
            format!("Already decided by {by}: {}.", task.state),
            format!("已由 {by} 决定：{}。", super::words::state(task.state).zh),
        ),
        Code::IllegalTransition => Toast::new(
            Tone::Warning,
            format!("Too late: the task is {} already.", task.state),
            format!("操作过晚，任务当前状态：{}。", super::words::state(task.state).zh),
        ),
        Code::SelfApproval => Toast::new(
            Tone::Error,
            "You submitted this task, so somebody else has to decide on it.",
            "您是该任务的提交者，须由他人审批。",
        ),
        Code::AdminRequired => Toast::new(
            Tone::Error,
            "Only an administrator can decide on this task; you can hand it to one.",
            "该任务只能由管理员决定，您可以转交管理员。",
        ),
        Code::AlreadyVoted => {
            Toast::new(Tone::Info, "You have voted already; it waits for somebody else.", "您已表决，等待其他人决定。")
        }
        Code::StaleRevision => Idle::Stale.toast(),
        Code::AuditUnavailable | Code::Overloaded | Code::StoreUnavailable | Code::Stopping => Toast::new(
            Tone::Error,
            "Decisions cannot be recorded just now, so none is taken. Try again in a moment.",
            "当前无法记录决定，操作未生效，请稍后重试。",
        ),
        Code::BadRequest
        | Code::Unauthorized
        | Code::Forbidden
        | Code::ForeignOrigin
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::StaleVersion
        | Code::TaskExists
        | Code::IdempotencyMismatch
        | Code::AlreadyDispatched
        | Code::ApprovalExpired
        | Code::DigestMismatch
        | Code::LostLease
        | Code::ResultMismatch
        | Code::AlreadyExists
        | Code::TooLarge
        | Code::UnsupportedMediaType
        | Code::InvalidField
        | Code::RateLimited
        | Code::TooManyPending
        | Code::Internal => Toast::new(Tone::Error, format!("Refused: {why}."), format!("已拒绝：{why}。")),
    }
}
