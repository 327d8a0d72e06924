//! Says how a command was understood, step by step: outer commands first, what is inside them indented below.

use super::call::{Explained, Run};
use super::field::{Field, SUBSTITUTED};
use super::{Found, Scan};
use crate::risk::Level;
use crate::risk::knowledge::{Grade, Said};

impl Found {
    fn steps(&mut self) -> Option<&mut Vec<String>> {
        self.steps.as_mut()
    }
}

impl Scan<'_> {
    /// How many steps there are, so that others can be put before or behind those to come.
    pub(super) fn mark(&self) -> usize {
        self.found.steps.as_ref().map_or(0, Vec::len)
    }

    /// Adds a step, if they were asked for.
    pub(super) fn tell(&mut self, depth: usize, text: impl FnOnce() -> String) {
        self.tell_at(self.mark(), depth, text);
    }

    /// Puts a step before those that were added since a mark.
    pub(super) fn tell_at(&mut self, mark: usize, depth: usize, text: impl FnOnce() -> String) {
        if let Some(steps) = self.found.steps() {
            let step = format!("{}{}", "  ".repeat(depth), text());
            steps.insert(mark.min(steps.len()), step);
        }
    }

    /// Puts the steps since the second mark before those since the first.
    pub(super) fn swap_steps(&mut self, first: usize, second: usize) {
        if let Some(since) = self.found.steps().and_then(|steps| steps.get_mut(first..))
            && let Some(by) = second.checked_sub(first).filter(|by| *by <= since.len())
        {
            since.rotate_left(by);
        }
    }

    /// Takes back the steps since a mark.
    pub(super) fn forget_steps(&mut self, mark: usize) {
        if let Some(steps) = self.found.steps() {
            steps.truncate(mark);
        }
    }

    /// A command line, and what was said of it.
    pub(super) fn step(&mut self, run: Run<'_>, path: &str, said: impl FnOnce() -> String) {
        self.tell_at(run.mark, run.spot.depth, || {
            let line = written(run.words);
            match run.program.text.as_str() {
                "=" => format!("sets {line}: {}", said()),
                "<" => format!("reads from {line}: {}", said()),
                ">" => format!("writes to {line}: {}", said()),
                name if name.ends_with('=') => format!("the command in {name}{line}: {}", said()),
                _ => format!("{path}: {}   [{}]", said(), written([run.program].into_iter().chain(run.words))),
            }
        });
    }
}

/// Words as they could be written: those with blanks, and empty ones, in quotes.
fn written<'f>(fields: impl IntoIterator<Item = &'f Field>) -> String {
    let quoted = |field: &Field| {
        let text = field.text.replace(SUBSTITUTED, "$(…)");
        let plain = !text.is_empty() && !text.contains(char::is_whitespace);
        if plain { text } else { format!("'{text}'") }
    };
    fields.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// One finding.
pub(super) fn finding(label: &str, level: Level, why: &str) -> String {
    format!("{label} ({level}): {why}")
}

/// What the rules said of a command line.
pub(super) fn reasons(said: &Said<'_>, explained: Explained, is_program: bool) -> String {
    let rules = said.rules.iter().map(|(_, rule)| format!("{} ({})", rule.label, rule.level));
    let none = said.rules.is_empty();
    let inside = match explained {
        Explained::Not => None,
        Explained::Opened => Some("opens what is inside"),
        Explained::Whole => Some("what it is given is read"),
    };
    let otherwise = match &said.otherwise {
        Some(Grade::Labelled { label, level, .. }) if none && said.is_own && inside == Some("opens what is inside") => {
            Some(format!("no rule holds; otherwise {label} ({level})"))
        }
        _ if inside.is_some() => None,
        Some(Grade::Low) if !none => None,
        Some(Grade::Low) if is_program => Some("no rule holds; it only reads".to_owned()),
        Some(Grade::Low) => Some("no rule holds".to_owned()),
        Some(Grade::Labelled { label, level, .. }) if none => {
            Some(format!("no rule holds; otherwise {label} ({level})"))
        }
        Some(Grade::Labelled { label, level, .. }) => Some(format!("the sub-command is {label} ({level})")),
        None if none => Some("nothing is known about this form".to_owned()),
        None => None,
    };
    rules.chain(otherwise).chain(inside.map(str::to_owned)).collect::<Vec<_>>().join(", ")
}
