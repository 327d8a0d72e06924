//! What programs do, as rule files say: labels, kinds of paths, programs with their options and sub-commands, and what
//! inline code of a language does. Compiled in; an organisation's own file adds to it or replaces parts of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Level, Text};

mod call;
mod condition;
mod file;
mod glob;
mod load;
mod opening;
mod options;
mod path;
mod pattern;
mod program;
mod read;
mod words;

pub(crate) use call::Call;
pub(crate) use file::{Named, Trait};
pub(crate) use glob::Glob;
pub use load::Error;
pub(crate) use opening::{Inner, Opening};
pub(crate) use path::tidy;
pub(crate) use pattern::Subject;
use program::Program;
pub(crate) use read::{Entry, Reading, Said};

/// In place of a label: it only reads.
const LOW: &str = "low";
/// The language that is read by a grammar of its own, not by rules.
pub(crate) const SED: &str = "sed";
/// The language that is read by a grammar and by rules.
pub(crate) const AWK: &str = "awk";
/// Among the wrappers around a command: words of it may be replaced before it runs, as `xargs -I` does.
pub(crate) const REPLACED: &str = "words replaced";

/// All that is known.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    labels: Labels,
    programs: Vec<Program>,
    /// Which entry speaks about a name, or about the path of a sub-command.
    names: BTreeMap<String, usize>,
    /// Names that end with `*`, without it.
    beginnings: Vec<(String, usize)>,
    /// Paths behind which sub-commands with an entry come.
    parents: BTreeSet<String>,
    languages: BTreeMap<String, Vec<CodeRule>>,
}

/// What files say, and what whoever wrote them should hear.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) knowledge: Knowledge,
    /// What of the built-in files an organisation's own file takes away.
    pub(crate) warnings: Vec<String>,
    /// The examples of an organisation's own file; nobody has tried them.
    pub(crate) examples: Vec<Example>,
}

/// A command, and the level that a rule file says it has.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) command: String,
    pub(crate) level: Level,
    /// Where it stands in its file, from 1.
    pub(crate) line: usize,
}

type Labels = BTreeMap<String, Label>;

/// What a label means.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) level: Level,
    pub(crate) destructive: bool,
    pub(crate) why: Text,
}

/// A grade by label.
#[derive(Debug, Clone)]
pub(crate) enum Grade {
    Low,
    Labelled { label: String, level: Level, why: Text },
}

/// What code of a language does if these texts are in it.
#[derive(Debug)]
pub(crate) struct CodeRule {
    pub(crate) label: Option<String>,
    pub(crate) level: Level,
    pub(crate) why: Text,
    pub(crate) any: Vec<String>,
    pub(crate) all: Vec<String>,
    /// What gives its string literals to a shell.
    pub(crate) shell: Vec<String>,
    /// Behind what a string literal is a file that is written.
    pub(crate) writes: Vec<String>,
    /// Behind what shell text stands in brackets, or from `:` to the end.
    pub(crate) brackets: Vec<String>,
    /// What lines with shell text begin with.
    pub(crate) lines: Vec<String>,
}

impl Grade {
    fn named(label: &str, labels: &Labels) -> Result<Self, String> {
        if label == LOW {
            return Ok(Self::Low);
        }
        let known = labels.get(label).ok_or_else(|| format!("there is no label \"{label}\""))?;
        Ok(Self::Labelled { label: label.to_owned(), level: known.level, why: known.why.clone() })
    }
}

impl Knowledge {
    /// What a label means.
    pub(crate) fn label(&self, name: &str) -> Option<&Label> {
        self.labels.get(name)
    }

    /// All labels, by name.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&str, &Label)> {
        self.labels.iter().map(|(name, label)| (name.as_str(), label))
    }

    /// The rules for code of a language.
    pub(crate) fn language(&self, name: &str) -> &[CodeRule] {
        self.languages.get(name).map_or(&[], Vec::as_slice)
    }

    /// The entry of a program by its bare name.
    pub(crate) fn program(&self, name: &str) -> Option<&Program> {
        self.exact(name).or_else(|| {
            let longest = self.beginnings.iter().filter(|(beginning, _)| name.starts_with(beginning.as_str()));
            longest.max_by_key(|(beginning, _)| beginning.len()).and_then(|(_, at)| self.programs.get(*at))
        })
    }

    fn exact(&self, path: &str) -> Option<&Program> {
        self.names.get(path).and_then(|at| self.programs.get(*at))
    }

    fn has_sub_commands(&self, path: &str) -> bool {
        self.parents.contains(path)
    }
}

#[cfg(test)]
mod tests;
