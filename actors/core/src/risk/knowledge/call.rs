//! A command line, read by the grammar of the program it calls.

use super::options::{Given, Line};
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
            let also = if value.from == 0 { word.also } else { &[] };
            Some((value.word, Subject { text: word.text.get(value.from..)?, also, ..word }))
        })
    }

    /// An option is given, and is neither switched off nor taken back.
    pub(super) fn has_surely(&self, flag: &str) -> bool {
        // Words may be put in the place of what stands here.
        if self.under.contains(&super::REPLACED) {
            return false;
        }
        let mut given = self.line.given.iter().filter(|given| given.is(flag)).peekable();
        given.peek().is_some() && given.all(|given| !self.is_off(given)) && !self.is_taken_back(flag)
    }

    /// An option is there, but switched off: `--dry-run=false`, `-s=no`.
    fn is_off(&self, given: &Given) -> bool {
        const ON: &[&str] = &["", "1", "client", "on", "server", "t", "true", "y", "yes"];
        let attached = given.value.as_ref().filter(|value| value.word == given.word);
        let value = attached.and_then(|value| self.subject(value.word)?.text.get(value.from..));
        let written = self.subject(given.word).map_or("", |word| word.text);
        match value {
            Some(value) => !ON.contains(&value.trim_start_matches('=').to_ascii_lowercase().as_str()),
            None => written.contains('='),
        }
    }

    /// `--no-dry-run` or `-s=no` somewhere on the line.
    fn is_taken_back(&self, flag: &str) -> bool {
        let spellings = self.line.given.iter().find(|given| given.is(flag)).map(|given| given.spellings.clone());
        let names = spellings.unwrap_or_default();
        let negations: Vec<String> =
            names.iter().map(|name| format!("--no-{}", name.trim_start_matches('-'))).collect();
        let has = |text: &str| {
            negations
                .iter()
                .any(|no| text == no || text.strip_prefix(no.as_str()).is_some_and(|rest| rest.starts_with('=')))
        };
        let undone = self.words.iter().any(|word| has(word.text));
        // A letter among short ones with a value written on is not read further.
        let doubtful = names.iter().filter(|name| name.len() == 2);
        let doubtful = doubtful
            .flat_map(|name| [format!("{name}=")])
            .any(|start| self.words.iter().any(|word| word.text.starts_with(start.as_str()) && self.is_no(word.text)));
        undone || doubtful
    }

    fn is_no(&self, word: &str) -> bool {
        word.split_once('=').is_some_and(|(_, value)| !matches!(value, "" | "1" | "true" | "yes"))
    }

    pub(super) fn value_matches(&self, flag: &str, list: &[Pattern], sense: Sense) -> bool {
        self.values(flag).any(|(_, value)| list.iter().any(|pattern| pattern.matches(value, sense)))
    }
}
