//! One line for each thing that happened, from a task's time line or from the audit trail.

use std::borrow::Cow;
use std::io::{self, Write};

use hermes_core::time::{Millis, Timestamp};
use hermes_core::visible;
use hermes_core::wire::task::EventView;
use serde_json::Value;

use super::look::{Look, Tone, span};
use super::text::{cut, pad};

/// What is told of an event's data, in this order, and the words around it.
const DETAILS: [(&str, &str, &str); 21] = [
    ("/code", "", ""),
    ("/what", "", ""),
    ("/risk/level", "graded ", ""),
    ("/risk/labels", "", ""),
    ("/choice", "", ""),
    ("/outcome", "", ""),
    ("/result/exit_code", "exit code ", ""),
    ("/result/signal", "signal ", ""),
    ("/result/error", "", ""),
    ("/assignee", "to ", ""),
    ("/lease/worker", "to ", ""),
    ("/why", "", ""),
    ("/verdict", "", ""),
    ("/reason", "\"", "\""),
    ("/note", "\"", "\""),
    ("/remark", "\"", "\""),
    ("/name", "", ""),
    ("/roles", "", ""),
    ("/torn_bytes", "", " torn bytes"),
    ("/version", "version ", ""),
    ("/count", "count ", ""),
];

/// What an event's data say, in few words.
fn details(data: &Value) -> String {
    let mut told: Vec<String> = Vec::new();
    for (place, before, after) in DETAILS {
        let text = data.pointer(place).map(words).unwrap_or_default();
        let text = if before.is_empty() { news(&text, &told) } else { &text };
        if !text.is_empty() {
            told.push(format!("{before}{text}{after}"));
        }
    }
    told.into_iter().chain(data.get("result").and_then(ran)).collect::<Vec<_>>().join(", ")
}

/// How long a command ran, by its result; nothing where nobody saw it end.
pub(super) fn ran(result: &Value) -> Option<String> {
    let seen = ["exit_code", "signal"].into_iter().any(|field| result.get(field).is_some_and(Value::is_number));
    let ms = result.get("duration_ms").and_then(Value::as_u64).filter(|ms| seen || *ms > 0)?;
    Some(format!("ran {}", span(Millis(ms))))
}

/// What a text says beyond what was told: an executor's error may be the outcome's very name, or begin with it.
fn news<'a>(text: &'a str, told: &[String]) -> &'a str {
    let beyond = |known: &String| match text.strip_prefix(known.as_str())? {
        "" => Some(""),
        rest => rest.strip_prefix(": "),
    };
    told.iter().find_map(beyond).unwrap_or(text)
}

/// A value in one line, hidden characters made visible; what is no plain value says nothing.
fn words(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => visible::show_line(text),
        Value::Number(number) => number.to_string().into(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", ").into(),
        Value::Bool(_) | Value::Null | Value::Object(_) => "".into(),
    }
}

fn tone(kind: &str, data: &Value) -> Tone {
    match kind.strip_prefix("task.").unwrap_or(kind) {
        "approved" => Tone::Good,
        "finished" if data.get("done") == Some(&Value::Bool(true)) => Tone::Good,
        "rejected" | "finished" | "access.denied" => Tone::Bad,
        "change_requested" | "escalated" | "alerted" | "lease_released" | "late_result" => Tone::Warning,
        "created" | "resubmitted" => Tone::Strong,
        "leased" | "started" | "dispatched" => Tone::Busy,
        _ => Tone::Plain,
    }
}

/// A line of a task's time line.
pub(super) fn time_line(event: &EventView, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let kind = look.paint(tone(&event.kind, &event.data), &pad(&visible::show_line(&event.kind), 16));
    let (at, by) = (look.clock(event.at), event.by.to_string());
    let details = details(&event.data);
    let gap = if details.is_empty() { "" } else { "  " };
    writeln!(out, "{at}  {kind}  {}{gap}{details}", visible::show_line(&by))
}

/// A line of the audit trail, cut to the terminal. Any object will do: what it lacks is left out.
pub(super) fn audit_line(line: &Value, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let field = |place: &str| line.pointer(place).map(words).unwrap_or_default();
    let at = line.get("ts").and_then(Value::as_str).and_then(Timestamp::parse_rfc3339);
    let at = at.map_or_else(|| "-".to_owned(), |at| look.clock(at.unix_seconds()));
    let data = line.get("data").unwrap_or(&Value::Null);
    let (from, to) = (field("/from"), field("/to"));
    let step = if from == to || to.is_empty() { Cow::default() } else { format!("{from} -> {to}").into() };
    let step = step.trim_start_matches(" -> ").to_owned();
    let rest = [field("/task_id").into_owned(), field("/actor/id").into_owned(), step, details(data)];
    let rest = rest.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("  ");
    let kind = pad(&field("/kind"), 21);
    let start = format!("{at}  {:>6}  ", field("/seq"));
    let room = look.width.map(|width| width.saturating_sub(start.len() + kind.len() + 2));
    writeln!(out, "{start}{}  {}", look.paint(tone(kind.trim_end(), data), &kind), cut(&rest, room))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::tests::{look, printed};

    #[test]
    fn the_outcome_is_named_once() {
        let finished = |error: &str| details(&json!({"outcome": "outcome_unknown", "result": {"error": error}}));
        assert_eq!(finished("outcome_unknown"), "outcome_unknown");
        assert_eq!(finished("outcome_unknown: no such process"), "outcome_unknown, no such process");
        assert_eq!(finished("outcome_unknowns"), "outcome_unknown, outcome_unknowns");
        assert_eq!(finished("gone"), "outcome_unknown, gone");
        let result = json!({"error": "gone", "duration_ms": 0});
        assert_eq!(details(&json!({"outcome": "outcome_unknown", "result": result})), "outcome_unknown, gone");
        assert_eq!(details(&json!({"result": {"exit_code": 0, "duration_ms": 0}})), "exit code 0, ran 0s");
        assert_eq!(details(&json!({"choice": "approve", "reason": "approve"})), "approve, \"approve\"");
    }

    #[test]
    fn an_audit_line_is_one_line_whatever_it_holds() {
        let line = |kind: &str, from: &str, to: &str, data: Value| {
            json!({"v": 1, "seq": 7, "ts": "2026-02-01T12:00:00.000000Z", "kind": kind, "task_id": "TASK-0001",
                   "actor": {"type": "key", "id": "ci"}, "from": from, "to": to, "data": data})
        };
        let lines = [
            line("task.created", "", "pending", json!({"risk": {"level": "high", "labels": ["a", "b"]}})),
            line("task.voted", "pending", "pending", json!({"choice": "approve", "reason": "ok\n\u{1b}[2Jgo"})),
            line("task.approved", "pending", "approved", json!({})),
            line("task.leased", "approved", "approved", json!({"lease": {"worker": "it-1"}})),
            line(
                "task.finished",
                "executing",
                "failed",
                json!({"outcome": "exit_nonzero", "result": {"exit_code": 3, "duration_ms": 61_000}}),
            ),
            json!({"seq": 8, "ts": "x", "kind": "log.recovered", "data": {"torn_bytes": 13}}),
            json!({"seq": {"cut": true}, "kind": 5}),
            json!(null),
        ];
        let shown = printed(|out| lines.iter().try_for_each(|line| audit_line(line, &look(), out)));
        assert_eq!(shown.lines().count(), lines.len());
        insta::assert_snapshot!(shown);
    }
}
