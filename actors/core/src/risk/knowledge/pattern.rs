//! What a rule compares words with: globs, classes of paths, prefixes before a class.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::glob::{Glob, Globs};
use super::path::tidy;

/// A kind of path or word.
#[derive(Debug, Clone, Default)]
pub(super) struct Class {
    pub(super) any: Globs,
    pub(super) except: Globs,
}

impl Class {
    fn holds(&self, word: &str) -> bool {
        let word = tidy(word);
        self.any.match_any(&word) && !self.except.match_any(&word)
    }
}

/// The classes by name; hundreds of patterns share each.
pub(super) type Classes = BTreeMap<String, Arc<Class>>;

/// A word as patterns see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) text: &'a str,
    /// What it will be is only known when it runs.
    pub(crate) dynamic: bool,
    /// What else it may be: the path of a file in the folder that was entered, a file whose name fits.
    pub(crate) also: &'a [String],
}

/// Whether a match accuses or excuses: what is not known for certain excuses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    Accuses,
    Excuses,
}

#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Word(Glob),
    Class { prefix: String, class: Arc<Class> },
    Dynamic,
}

impl Pattern {
    /// Reads a pattern; the error says which class does not exist, or is not closed.
    pub(super) fn new(text: &str, classes: &Classes) -> Result<Self, String> {
        let Some((prefix, name)) = text.rsplit_once('@').filter(|(_, name)| is_name(name)) else {
            return Ok(Self::Word(Glob::new(text)?));
        };
        if text == "@dynamic" {
            return Ok(Self::Dynamic);
        }
        match classes.get(name) {
            Some(class) => Ok(Self::Class { prefix: prefix.to_owned(), class: Arc::clone(class) }),
            None if prefix.is_empty() => Err(format!("there is no class \"{name}\"")),
            None => Ok(Self::Word(Glob::new(text)?)),
        }
    }

    pub(super) fn matches(&self, word: Subject<'_>, sense: Sense) -> bool {
        match self {
            Self::Dynamic => word.dynamic,
            _ if word.dynamic && sense == Sense::Excuses => false,
            _ if sense == Sense::Accuses && word.also.iter().any(|text| self.holds(text)) => true,
            Self::Word(_) | Self::Class { .. } => self.holds(word.text),
        }
    }

    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Dynamic => false,
            Self::Word(glob) => glob.matches(text) || glob.matches(&tidy(text)),
            Self::Class { prefix, class } => text.strip_prefix(prefix).is_some_and(|rest| class.holds(rest)),
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// Reads a list of patterns.
pub(super) fn patterns(texts: &[String], classes: &Classes) -> Result<Vec<Pattern>, String> {
    texts.iter().map(|text| Pattern::new(text, classes)).collect()
}
