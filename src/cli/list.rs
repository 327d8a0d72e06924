//! `hermes list`.

use std::io::{self, Write};

use clap::Args;
use hermes_core::risk::Level;
use hermes_core::task::State;
use hermes_core::visible;
use hermes_core::wire::task::{TaskList, TaskView};
use serde_json::{Value, json};

use super::error::Error;
use super::look::{Look, Tone};
use super::remote::{Answer, Remote};
use super::session::{Exit, Form, Session};
use super::text::{columns, cut, pad};
use super::values;

/// List tasks, newest first
#[derive(Args)]
pub(super) struct List {
    /// Only tasks of these statuses, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = values::state())]
    status: Vec<State>,
    /// Only tasks of this risk
    #[arg(long, value_name = "LEVEL", value_parser = values::level())]
    risk: Option<Level>,
    /// Only tasks with this text in their id, command or description
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// Only tasks that this key submitted
    #[arg(long, value_name = "NAME")]
    submitted_by: Option<String>,
    /// Tasks on a page
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Where to go on, as the page before said
    #[arg(long)]
    cursor: Option<String>,
    /// All pages
    #[arg(long, conflicts_with = "cursor")]
    all: bool,
}

impl List {
    pub(super) async fn run(mut self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let remote = session.remote()?;
        let Answer { mut raw, body: mut list } = self.page(&remote).await?;
        while let (true, Some(cursor)) = (self.all, list.next_cursor.clone()) {
            self.cursor = Some(cursor);
            let next = self.page(&remote).await?;
            list.tasks.extend(next.body.tasks);
            list.next_cursor = next.body.next_cursor;
            join(&mut raw, next.raw);
        }
        match session.form {
            Form::Json => session.print_json(&raw),
            Form::Text => {
                table(&list.tasks, &session.look, session.out)?;
                session.remark(&foot(&list));
                Ok(Exit::Done)
            }
        }
    }

    async fn page(&self, remote: &Remote) -> Result<Answer<TaskList>, Error> {
        let states = self.status.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(",");
        let query = [
            ("status", Some(states).filter(|states| !states.is_empty())),
            ("risk", self.risk.map(|level| level.as_str().to_owned())),
            ("q", self.q.clone()),
            ("submitted_by", self.submitted_by.clone()),
            ("limit", Some(self.limit.to_string())),
            ("cursor", self.cursor.clone()),
        ];
        let query: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let call = remote.get("/api/tasks").query(&query).map_err(|error| remote.failed(error))?;
        remote.ask(call).await
    }
}

/// Puts the tasks of another page into an answer.
fn join(answer: &mut Value, mut next: Value) {
    let more = next.get_mut("tasks").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    if let Some(tasks) = answer.get_mut("tasks").and_then(Value::as_array_mut) {
        tasks.extend(more);
    }
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("next_cursor".to_owned(), next.get("next_cursor").cloned().unwrap_or_else(|| json!(null)));
    }
}

const HEADING: [&str; 6] = ["TASK", "STATUS", "RISK", "AGE", "BY", "COMMAND"];

fn table(tasks: &[TaskView], look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let cells = |task: &TaskView| {
        let line = |text: &str| visible::show_line(text).into_owned();
        [
            line(&task.task_id),
            task.status.to_string(),
            task.risk_level.to_string(),
            look.age(task.created_at),
            line(&task.submitted_by),
        ]
    };
    let rows: Vec<[String; 5]> = tasks.iter().map(cells).collect();
    let width = |n: usize| {
        let cells = rows.iter().filter_map(|row| row.get(n)).map(|cell| columns(cell));
        cells.chain(HEADING.get(n).map(|heading| heading.len())).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let room = look.width.map(|all| all.saturating_sub(widths.iter().map(|width| width + 2).sum()).max(1));
    let heading: Vec<String> = HEADING.iter().zip(&widths).map(|(text, width)| pad(text, *width)).collect();
    writeln!(out, "{}", look.paint(Tone::Faint, &format!("{}  COMMAND", heading.join("  "))))?;
    for (task, row) in tasks.iter().zip(&rows) {
        let tones =
            [Tone::Strong, Tone::of_state(task.status), Tone::of_level(task.risk_level), Tone::Plain, Tone::Plain];
        let cells =
            row.iter().zip(&widths).zip(tones).map(|((cell, width), tone)| look.paint(tone, &pad(cell, *width)));
        let cells = cells.collect::<Vec<_>>().join("  ");
        writeln!(out, "{cells}  {}", cut(&visible::show_line(&task.command), room))?;
    }
    Ok(())
}

/// How much of all there is was shown.
fn foot(list: &TaskList) -> String {
    let shown = list.tasks.len();
    match &list.next_cursor {
        Some(cursor) => format!("{shown} of {}; go on with --cursor {cursor}, or --all", list.total),
        None => format!("{shown} of {}", list.total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::{look, printed, task};

    #[test]
    fn a_task_is_one_line_that_fits_the_terminal() {
        let long = TaskView { command: "echo x\n".repeat(40) + "\u{1b}[2J", ..task() };
        let done = TaskView { task_id: "deploy:42".into(), status: State::Done, risk_level: Level::Low, ..task() };
        let hidden = TaskView { command: "rm \u{202e}重启 -rf".into(), ..task() };
        let tasks = [long, done, hidden];
        let narrow = Look { width: Some(72), ..look() };
        let shown = printed(|out| table(&tasks, &narrow, out));
        assert!(shown.lines().all(|line| columns(line) <= 72), "{shown}");
        insta::assert_snapshot!(shown);
        let whole = Look { width: None, ..look() };
        let shown = printed(|out| table(&tasks, &whole, out));
        assert!(shown.contains("echo x⏎⟨ESC⟩[2J"), "without a terminal nothing is cut: {shown}");
    }

    #[test]
    fn pages_become_one_answer() {
        let mut answer = json!({"ok": true, "total": 3, "tasks": [1, 2], "next_cursor": "a"});
        join(&mut answer, json!({"ok": true, "total": 3, "tasks": [3], "next_cursor": null}));
        assert_eq!(answer, json!({"ok": true, "total": 3, "tasks": [1, 2, 3], "next_cursor": null}));
    }
}
