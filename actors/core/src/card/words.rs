//! The words of the cards, in English and Chinese.

use serde_json::{Value, json};

use super::{Kind, element};
use crate::risk::{Level, Text};
use crate::task::{Outcome, State, Task, Verdict};
use crate::time::Timestamp;

/// What the card is about, in its header.
pub(super) fn title(kind: Kind) -> Text {
    match kind {
        Kind::Pending => Text::new("Approval needed", "待审批"),
        Kind::Approved => Text::new("Approved", "已批准"),
        Kind::Rejected => Text::new("Rejected", "已拒绝"),
        Kind::Modify => Text::new("Change requested", "需修改后重新提交"),
        Kind::FinalReview => Text::new("Final review by an administrator", "管理员终审"),
        Kind::Archived => Text::new("Finished and archived", "已完成并归档"),
    }
}

/// What the list of chats and the notification show: no command, no secret.
pub(super) fn preview(kind: Kind, task: &Task) -> Text {
    let Text { en, zh } = title(kind);
    let level = level(task.risk.level);
    Text::new(format!("{en}: {} ({})", task.id, level.en), format!("{zh}：{}（{}）", task.id, level.zh))
}

/// The header's colour: by risk as long as there is something to decide, by the end after that.
pub(super) const fn colour(kind: Kind, task: &Task) -> &'static str {
    match kind {
        Kind::Pending | Kind::FinalReview => match task.risk.level {
            Level::Low => "blue",
            Level::Medium => "orange",
            Level::High => "red",
        },
        Kind::Approved => "green",
        Kind::Rejected => "grey",
        Kind::Modify => "yellow",
        Kind::Archived => match task.state {
            State::Done => "turquoise",
            State::Pending
            | State::Approved
            | State::Rejected
            | State::Modify
            | State::Admin
            | State::Executing
            | State::Failed => "carmine",
        },
    }
}

/// The small labels beside the title: risk, state, outcome.
pub(super) fn tags(task: &Task) -> Vec<Value> {
    let tag = |text: &Text, colour: &str| json!({"tag": "text_tag", "text": element::both(text), "color": colour});
    let risk = match task.risk.level {
        Level::Low => "blue",
        Level::Medium => "orange",
        Level::High => "red",
    };
    let mut tags = vec![tag(&level(task.risk.level), risk), tag(&state(task.state), "neutral")];
    if let Some(ended) = task.outcome {
        let colour = if ended == Outcome::Completed { "green" } else { "carmine" };
        tags.push(tag(&outcome(ended), colour));
    }
    tags
}

/// A level of risk.
pub(super) fn level(level: Level) -> Text {
    match level {
        Level::Low => Text::new("low risk", "低风险"),
        Level::Medium => Text::new("medium risk", "中风险"),
        Level::High => Text::new("high risk", "高风险"),
    }
}

/// A state.
pub(super) fn state(state: State) -> Text {
    match state {
        State::Pending => Text::new("waiting", "待决定"),
        State::Approved => Text::new("approved", "已批准"),
        State::Rejected => Text::new("rejected", "已拒绝"),
        State::Modify => Text::new("to be changed", "待修改"),
        State::Admin => Text::new("waiting for an administrator", "待管理员决定"),
        State::Executing => Text::new("running", "执行中"),
        State::Done => Text::new("done", "已完成"),
        State::Failed => Text::new("failed", "失败"),
    }
}

/// Why a task ended.
pub(super) fn outcome(outcome: Outcome) -> Text {
    match outcome {
        Outcome::Completed => Text::new("completed", "执行成功"),
        Outcome::ExitNonzero => Text::new("ended with an error", "执行出错"),
        Outcome::RejectedByHuman => Text::new("refused by a person", "人工拒绝"),
        Outcome::Withdrawn => Text::new("withdrawn", "已撤回"),
        Outcome::Expired => Text::new("expired", "已过期"),
        Outcome::DeniedByPolicy => Text::new("forbidden by policy", "策略禁止"),
        Outcome::ExecutionTimeout => Text::new("timed out, may have run", "执行超时，可能已执行"),
        Outcome::OutcomeUnknown => Text::new("unknown, may have run", "结果未知，可能已执行"),
        Outcome::Undeliverable => Text::new("could not be delivered", "无法送达"),
        Outcome::NotRun => Text::new("not run", "未执行"),
    }
}

/// A word on a result.
pub(super) fn verdict(verdict: Verdict) -> Text {
    match verdict {
        Verdict::Pass => Text::new("as expected", "符合预期"),
        Verdict::Fail => Text::new("not as expected", "不符合预期"),
    }
}

/// A fact with its name.
pub(super) fn fact(en: &str, zh: &str, value: &str) -> Text {
    Text::new(format!("{en}: {value}"), format!("{zh}：{value}"))
}

/// A fact whose value is said in words, too.
pub(super) fn said(en: &str, zh: &str, value: &Text) -> Text {
    Text::new(format!("{en}: {}", value.en), format!("{zh}：{}", value.zh))
}

/// A moment to the second, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    let whole = at.rfc3339();
    let (date, time) = whole.split_once('T').unwrap_or((&whole, ""));
    format!("{date} {} UTC", time.get(..8).unwrap_or(time))
}
