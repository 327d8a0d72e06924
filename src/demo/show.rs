//! What the person at the terminal sees.

use std::io::Write;
use std::path::Path;

use hermes_core::audit::{Report, Verdict};
use hermes_core::risk::Level;
use hermes_core::task::{Outcome, State};
use hermes_core::time::Millis;
use hermes_core::visible;
use hermes_core::wire::task::TaskView;

use super::cast::Cast;
use super::scene::Played;
use super::{Color, Deciders, Error};

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// The terminal.
pub(super) struct Show<'a> {
    out: &'a mut dyn Write,
    color: Color,
}

impl<'a> Show<'a> {
    pub(super) fn new(out: &'a mut dyn Write, color: Color) -> Self {
        Self { out, color }
    }

    pub(super) fn line(&mut self, text: &str) -> Result<(), Error> {
        writeln!(self.out, "{text}")?;
        Ok(self.out.flush()?)
    }

    pub(super) fn stage(
        &mut self,
        url: &str,
        cards: &str,
        home: &Path,
        cast: &Cast,
        deciders: Deciders,
    ) -> Result<(), Error> {
        let title = self.paint(BOLD, "Hermes Approval Engine, demo");
        self.line(&title)?;
        self.line(&format!("  supervisor  {url}   (API: {url}/docs)"))?;
        self.line(&format!("  cards       {cards}   (a stand-in for Feishu: open it and click)"))?;
        self.line(&format!("  data        {}", home.display()))?;
        self.line(&format!("  sub-agents  {}", super::stage::ROLES.join(", ")))?;
        let (agent, commander, admin) = (&cast.agent.name, &cast.commander.name, &cast.admin.name);
        self.line(&format!(
            "  people      {agent} submits · {commander} decides on low and medium · {admin} decides on everything"
        ))?;
        if deciders == Deciders::Asked {
            let you = self.paint(BOLD, &format!("  you         are {admin}, the administrator"));
            self.line(&you)?;
        }
        let look = format!("  look in     HERMES_URL={url} HERMES_KEY={} hermes list", cast.admin.key);
        let look = self.paint(DIM, &look);
        self.line(&look)
    }

    /// Somebody decided elsewhere while the terminal waited.
    pub(super) fn clicked(&mut self, task: &TaskView) -> Result<(), Error> {
        let by = task.decided_by.as_deref().unwrap_or("somebody");
        self.line("")?;
        self.note(&format!("{by} has decided: {}", task.status))
    }

    pub(super) fn submitted(&mut self, task: &TaskView) -> Result<(), Error> {
        let level = self.level(task.risk_level);
        let id = self.paint(BOLD, &task.task_id);
        self.line("")?;
        self.line(&format!("{id}  {level}  for {}: {}", task.target_executor, visible::show_line(&task.description)))?;
        let command = visible::show(&task.command);
        for line in command.lines() {
            self.line(&format!("    $ {line}"))?;
        }
        let labels =
            if task.risk_labels.is_empty() { String::new() } else { format!(" ({})", task.risk_labels.join(", ")) };
        let summary = visible::show_line(&task.risk.summary);
        let effect = self.paint(DIM, &format!("    {summary}{labels}"));
        self.line(&effect)?;
        let who = match task.risk_level {
            Level::High => "an administrator has to decide",
            Level::Low | Level::Medium => "an approver has to decide",
        };
        // Counted from the command that is shown, which may have taken the place of another.
        let seconds = task.deadlines.reject_at.map_or(0.0, |at| at - task.modified_at);
        self.note(&format!("{who}, within {}", Millis::from_secs(seconds.round().max(1.0) as u64)))
    }

    pub(super) fn said(&mut self, who: &str, what: &str) -> Result<(), Error> {
        let who = self.paint(BOLD, who);
        self.line(&format!("  {who} {}", visible::show_line(what)))
    }

    pub(super) fn note(&mut self, text: &str) -> Result<(), Error> {
        let text = self.paint(DIM, &format!("  {}", visible::show_line(text)));
        self.line(&text)
    }

    pub(super) fn prompt(&mut self, text: &str) -> Result<(), Error> {
        write!(self.out, "  {text}")?;
        Ok(self.out.flush()?)
    }

    pub(super) fn ended(&mut self, task: &TaskView) -> Result<(), Error> {
        let output = visible::show(&task.execution_log);
        for line in output.lines() {
            self.line(&format!("    | {line}"))?;
        }
        let exit = task.execution_result.get("exit_code").and_then(serde_json::Value::as_i64);
        let exit = exit.map(|code| format!(", exit code {code}")).unwrap_or_default();
        let outcome = task.outcome.map_or("not ended", Outcome::as_str);
        let state = self.paint(color_of(task.status), task.status.as_str());
        self.line(&format!("  → {state}: {outcome}{exit}"))?;
        if let Some(verification) = &task.verification {
            let verdict = format!("{:?}", verification.verdict).to_lowercase();
            let note = [": ", verification.note.as_str()].concat();
            let note = if verification.note.is_empty() { "" } else { &note };
            self.note(&format!("verified for {}: {verdict}{note}", verification.by))?;
        }
        Ok(())
    }

    pub(super) fn ends(&mut self, played: &Played) -> Result<(), Error> {
        self.line("")?;
        for end in &played.ends {
            let (mark, color) = if end.is_as_planned() { ("✓", GREEN) } else { ("✗", RED) };
            let mark = self.paint(color, mark);
            let outcome = end.outcome.map_or("not ended", Outcome::as_str);
            let level = self.level(end.risk);
            let command = shortened(&visible::show_line(&end.command));
            self.line(&format!("{mark} {:<10} {level} {outcome:<18} {command}", end.task_id))?;
        }
        if !played.ends.is_empty() {
            self.note("✓ ended as it should, be that run, rejected, withdrawn, failed or expired")?;
        }
        match &played.left_open {
            None => Ok(()),
            Some(id) => self.line(&format!(
                "You left before the end: {id} was left open, undecided; {} more {} not submitted.",
                played.unplayed,
                if played.unplayed == 1 { "task was" } else { "tasks were" },
            )),
        }
    }

    pub(super) fn audit(&mut self, report: &Report) -> Result<(), Error> {
        let verdict = match &report.verdict {
            Verdict::Intact => self.paint(GREEN, "intact"),
            Verdict::TornTail { bytes } => self.paint(RED, &format!("torn tail of {bytes} bytes")),
            Verdict::Broken(fault) => self.paint(RED, &fault.to_string()),
        };
        self.line("")?;
        self.line(&format!("audit trail: {} lines, file and database alike, chain {verdict}", report.lines))
    }

    fn level(&self, level: Level) -> String {
        let color = match level {
            Level::Low => GREEN,
            Level::Medium => YELLOW,
            Level::High => RED,
        };
        self.paint(color, &format!("{:<6}", level.as_str()))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.color {
            Color::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Color::Off => text.to_owned(),
        }
    }
}

fn shortened(command: &str) -> String {
    const MOST: usize = 60;
    if command.chars().count() <= MOST {
        return command.to_owned();
    }
    command.chars().take(MOST - 1).chain(['…']).collect()
}

const fn color_of(state: State) -> &'static str {
    match state {
        State::Done => GREEN,
        State::Failed | State::Rejected => RED,
        State::Pending | State::Approved | State::Modify | State::Admin | State::Executing => YELLOW,
    }
}
