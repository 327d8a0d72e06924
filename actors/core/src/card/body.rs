//! What stands in a card, from top to bottom: what the command does, the command, what was found in it, who asks and
//! who decides, how it went, and the buttons.

use serde_json::Value;

use super::choice::{Choice, PROPOSAL, REASON};
use super::element::{self, Look};
use super::{Kind, View, fit, words};
use crate::policy::Policy;
use crate::redact;
use crate::risk::{Finding, Level, Text};
use crate::task::{State, Task, VoteChoice};

/// Findings that are shown; the rest is counted.
const MOST_FINDINGS: usize = 8;
/// Bytes of a piece of the command that a finding points to.
const PIECE: usize = 120;
/// Bytes of a short text, such as a name.
const SHORT: usize = 160;

pub(super) fn elements(kind: Kind, task: &Task, view: &View<'_>, allowance: usize) -> Vec<Value> {
    let command = fit::command(&task.command, allowance);
    let mut elements = vec![element::heading(effect(task)), element::block(element::plain(&command.text))];
    elements.extend(findings(task));
    elements.push(element::line());
    elements.push(element::facts(facts(kind, task, view)));
    elements.extend(described(task, allowance / 4));
    elements.extend(result(task, allowance / 2));
    if kind.decides() {
        elements.push(element::line());
        elements.extend(decision(kind, task, command.is_cut));
    }
    if let Some(link) = view.link {
        let text = Text::new("Open the whole task", "查看完整任务");
        elements.push(element::row(vec![element::link(&text, link)]));
    }
    elements
}

/// One sentence about what the command does.
fn effect(task: &Task) -> Value {
    let Text { en, zh } = Text::new(&*task.risk.summary, &*task.risk.summary_zh);
    let shown = |text: &str| fit::line(text, SHORT * 2);
    match (en.is_empty(), zh.is_empty()) {
        (true, _) => element::both(&Text::new("What it does is not known.", "无法判断其作用。")),
        (false, true) => element::plain(&shown(&en)),
        (false, false) => element::both(&Text::new(shown(&en), shown(&zh))),
    }
}

fn findings(task: &Task) -> Vec<Value> {
    let findings = &task.risk.findings;
    let masked = redact::mask_command(&task.command);
    let mut lines: Vec<Value> =
        findings.iter().take(MOST_FINDINGS).map(|found| finding(found, task, &masked)).collect();
    if let Some(more) = findings.len().checked_sub(MOST_FINDINGS).filter(|more| *more > 0) {
        lines.push(element::note(element::both(&Text::new(
            format!("… and {more} more findings"),
            format!("……另有 {more} 项"),
        ))));
    }
    lines
}

/// What was found, why it matters, and the piece of the command that it is about.
fn finding(finding: &Finding, task: &Task, masked: &str) -> Value {
    let [from, to] = finding.span;
    // Where something is masked, a piece that is cut out of the command might show it.
    let piece = task.command.get(from..to).filter(|piece| !piece.is_empty() && masked.contains(*piece));
    let piece = piece.map(|piece| format!("  «{}»", fit::line(piece, PIECE))).unwrap_or_default();
    let level = words::level(finding.level);
    let why = |text: &str| fit::line(text, SHORT * 2);
    let zh = if finding.why_zh.is_empty() { &finding.why } else { &finding.why_zh };
    let label = fit::line(&finding.label, SHORT);
    element::note(element::both(&Text::new(
        format!("{} · {label}: {}{piece}", level.en, why(&finding.why)),
        format!("{} · {label}：{}{piece}", level.zh, why(zh)),
    )))
}

fn facts(kind: Kind, task: &Task, view: &View<'_>) -> Vec<Text> {
    let short = |text: &str| fit::line(text, SHORT);
    let mut facts = vec![words::fact("Asked by", "提交者", &short(&view.name(&task.submitted_by)))];
    let optional = [
        ("Agent", "来源代理", &task.source_agent),
        ("From", "来源地址", &task.peer_ip),
        ("Claimed address", "声称地址", &task.source_ip),
        ("For", "执行者", &task.target_executor),
    ];
    facts.extend(
        optional
            .iter()
            .filter(|(_, _, value)| !value.is_empty())
            .map(|(en, zh, value)| words::fact(en, zh, &short(value))),
    );
    if let Some(dispatch) = &task.dispatch {
        facts.push(words::fact("Goes to", "派发至", &short(&dispatch.assignee)));
    }
    facts.push(words::fact("Revision", "版本", &task.revision.to_string()));
    let digest = task.command_sha256.hex();
    facts.push(words::fact("SHA-256", "SHA-256", digest.get(..16).unwrap_or(&digest)));
    facts.push(words::fact("Submitted", "提交时间", &words::moment(task.created_at)));
    facts.extend(deadline(task));
    if kind.decides() {
        facts.push(deciders(task, view.policy));
    }
    if let Some(by) = &task.decided_by {
        facts.push(words::fact("Decided by", "决定者", &short(&view.name(by))));
    }
    if let Some(ended) = task.resolved_at {
        facts.push(words::fact("Ended", "结束时间", &words::moment(ended)));
    }
    facts
}

fn deadline(task: &Task) -> Option<Text> {
    let due = &task.deadlines;
    let (en, zh, at) = match task.state {
        State::Pending | State::Admin => ("Decide by", "决定期限", due.reject_at?),
        State::Modify => ("Change by", "修改期限", due.reject_at?),
        State::Approved => ("Start by", "启动期限", due.start_by?),
        State::Executing => ("Has to end by", "结束期限", due.finish_by?),
        State::Rejected | State::Done | State::Failed => return None,
    };
    Some(words::fact(en, zh, &words::moment(at)))
}

/// Who has to decide, and how many have so far.
fn deciders(task: &Task, policy: &Policy) -> Text {
    let needed = policy.level(task.risk.level).approvals;
    let votes = task.votes.iter().filter(|vote| vote.choice == VoteChoice::Approve).count();
    let only_admins = task.state == State::Admin || task.risk.level == Level::High;
    let (en, zh) = match (only_admins, needed) {
        (true, 1) => ("an administrator".to_owned(), "一位管理员".to_owned()),
        (true, _) => (format!("{needed} administrators"), format!("{needed} 位管理员")),
        (false, 1) => ("an approver".to_owned(), "一位审批人".to_owned()),
        (false, _) => (format!("{needed} approvers"), format!("{needed} 位审批人")),
    };
    let (en, zh) = match votes {
        0 => (en, zh),
        _ => (format!("{en}; approvals so far: {votes}"), format!("{zh}；已有 {votes} 人批准")),
    };
    words::said("Decides", "决定人", &Text::new(en, zh))
}

/// What the submitter says, and the last remark.
fn described(task: &Task, allowance: usize) -> Vec<Value> {
    let told = [("Purpose", "用途", &task.description), ("Remark", "备注", &task.remark)];
    let told = told.iter().filter(|(_, _, text)| !text.trim().is_empty());
    told.flat_map(|(en, zh, text)| titled(&Text::new(*en, *zh), &fit::text(text, allowance).text)).collect()
}

/// A text of somebody else's, with what it is above it.
fn titled(title: &Text, text: &str) -> [Value; 2] {
    [element::note(element::both(title)), element::block(element::plain(text))]
}

/// How the run ended, and what it wrote.
fn result(task: &Task, allowance: usize) -> Vec<Value> {
    let mut facts = Vec::new();
    if let Some(outcome) = task.outcome {
        facts.push(words::said("Outcome", "结果", &words::outcome(outcome)));
    }
    if let Some(result) = &task.result {
        let numbers = [("Exit code", "退出码", result.exit_code), ("Signal", "信号", result.signal)];
        facts.extend(numbers.iter().filter_map(|(en, zh, number)| Some(words::fact(en, zh, &(*number)?.to_string()))));
        let seconds = format!("{}.{:03} s", result.duration_ms.0 / 1000, result.duration_ms.0 % 1000);
        facts.push(words::fact("Ran for", "耗时", &seconds));
        if let Some(error) = &result.error {
            facts.push(words::fact("Error", "错误", &fit::line(error, SHORT * 2)));
        }
    }
    if let Some(verification) = &task.verification {
        let verdict = words::verdict(verification.verdict);
        let note = fit::line(&verification.note, SHORT * 2);
        let note = if note.is_empty() { note } else { format!(" ({note})") };
        let by = &verification.by.id;
        facts.push(words::said(
            "Verified",
            "核验",
            &Text::new(format!("{} by {by}{note}", verdict.en), format!("{}，{by}{note}", verdict.zh)),
        ));
    }
    let mut elements = Vec::new();
    if !facts.is_empty() {
        elements.push(element::line());
        elements.push(element::facts(facts));
    }
    if !task.execution_log.trim().is_empty() {
        let output = fit::text(task.execution_log.trim_end(), allowance).text;
        elements.extend(titled(&Text::new("Output", "输出"), &output));
    }
    elements
}

/// The buttons, and the form for what needs a reason.
fn decision(kind: Kind, task: &Task, is_cut: bool) -> Vec<Value> {
    let value = |choice: Choice| choice.value(task);
    let mut buttons = Vec::new();
    let mut elements = Vec::new();
    if is_cut {
        elements.push(element::block(element::both(&Text::new(
            format!("The command is longer than a card can show, so it cannot be approved here. Read it whole: hermes show {}", task.id),
            format!("命令过长，卡片无法完整显示，不能在此批准。请先查看全文：hermes show {}", task.id),
        ))));
    } else {
        let look = if task.risk.level == Level::High { Look::Danger } else { Look::Primary };
        let text = Text::new("Approve", "批准");
        buttons.push(element::button(&Choice::Approve.name(task), &text, look, &value(Choice::Approve), confirm(task)));
    }
    if kind == Kind::Pending {
        let text = Text::new("Hand to an administrator", "转管理员终审");
        buttons.push(element::button(&Choice::Escalate.name(task), &text, Look::Plain, &value(Choice::Escalate), None));
    }
    if !buttons.is_empty() {
        elements.push(element::row(buttons));
    }
    elements.push(refusal(kind, task));
    elements
}

/// The question before high risk is let through.
fn confirm(task: &Task) -> Option<[Text; 2]> {
    let sentence = |text: &str| fit::line(text, SHORT * 2);
    (task.risk.level == Level::High).then(|| {
        [
            Text::new("Approve this high-risk command?", "确定批准此高风险命令？"),
            Text::new(
                format!("It will run as it stands. {}", sentence(&task.risk.summary)),
                format!("批准后将按原样执行。{}", sentence(&task.risk.summary_zh)),
            ),
        ]
    })
}

/// The form for what needs a reason: a refusal, a change.
fn refusal(kind: Kind, task: &Task) -> Value {
    let submit =
        |choice: Choice, text: Text, look: Look| element::submit(&choice.name(task), &text, look, &choice.value(task));
    let reason = element::input(
        REASON,
        &Text::new("Reason", "理由"),
        &Text::new("Why not, or what has to change", "拒绝或需要修改的原因"),
        2,
        true,
    );
    let mut fields = vec![reason];
    let mut buttons = vec![submit(Choice::Reject, Text::new("Reject", "拒绝"), Look::Danger)];
    if kind == Kind::Pending {
        fields.push(element::input(
            PROPOSAL,
            &Text::new("Proposed command", "建议的命令"),
            &Text::new("Only if you ask for a change", "仅在要求修改时填写"),
            2,
            false,
        ));
        buttons.push(submit(Choice::Modify, Text::new("Ask for a change", "要求修改"), Look::Plain));
    }
    fields.push(element::row(buttons));
    element::form("decision", fields)
}
