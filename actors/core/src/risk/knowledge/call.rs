//! A command line, read by the grammar of the program it calls.

use super::options::Line;
use super::pattern::{Pattern, Sense, Subject};

/// A command line as rules see it. Words are those behind the program (and, in an entry of its own, the sub-command).
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) words: Vec<Subject<'a>>,
    pub(crate) line: Line,
    /// The wrappers it runs under, by name.
    pub(crate) under: &'a [&'a str],
    /// Something is piped or redirected into it.
    pub(crate) input: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn subject(&self, word: usize) -> Option<Subject<'a>> {
        self.words.get(word).copied()
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.line.given.iter().any(|given| given.is(flag))
    }

    /// The values given to an option: the word each stands in, and its text.
    pub(crate) fn values(&self, flag: &str) -> impl Iterator<Item = (usize, Subject<'a>)> {
        self.line.given.iter().filter(move |given| given.is(flag)).filter_map(|given| {
            let value = given.value.as_ref()?;
            let word = self.subject(value.word)?;
            Some((value.word, Subject { text: word.text.get(value.from..)?, ..word }))
        })
    }

    pub(super) fn value_matches(&self, flag: &str, list: &[Pattern], sense: Sense) -> bool {
        self.values(flag).any(|(_, value)| list.iter().any(|pattern| pattern.matches(value, sense)))
    }
}
