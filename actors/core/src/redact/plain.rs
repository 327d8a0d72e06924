//! What may be hidden: a single plain word, in a command; anything that does not run, in a text.

use super::{MASK, scan::at};

/// What in a shell can mean more than itself.
const TELLING: [char; 16] = [';', '&', '|', '<', '>', '(', ')', '{', '}', '$', '`', '\\', '"', '\'', '\n', '\r'];

/// The quotes that a value begins with, and with which its mask ends.
pub(super) fn quotes_of(secret: &str) -> (&'static str, &'static str) {
    let quote = ["\\\"", "\"", "'"].into_iter().find(|quote| secret.starts_with(quote)).unwrap_or_default();
    (quote, quote)
}

/// The value without the quotes around the whole of it.
pub(super) fn unquoted(secret: &str) -> Option<&str> {
    ["\\\"", "\"", "'"].into_iter().find_map(|quote| secret.strip_prefix(quote)?.strip_suffix(quote))
}

/// There is nothing in it, or nothing but a mask.
pub(super) fn is_masked(secret: &str) -> bool {
    let inner = unquoted(secret).unwrap_or(secret);
    inner.is_empty() || (inner.len() >= MASK.len() && inner.bytes().all(|letter| letter == b'*'))
}

/// Code that would be run, and a mere reference to a variable.
pub(super) fn is_in_view(secret: &str) -> bool {
    let bare = secret.trim_matches('"');
    let name = bare.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).or_else(|| bare.strip_prefix('$'));
    let is_reference = name
        .is_some_and(|name| !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_'));
    is_reference || secret.contains("$(") || secret.contains('`')
}

/// One word of a shell command that can hide nothing. A blank is only hidden where quotes surely open before it.
pub(super) fn is_plain(secret: &str, quotes: &Phase) -> bool {
    let inner = unquoted(secret).unwrap_or(secret);
    if inner.contains(TELLING) {
        return false;
    }
    let opens_here = *quotes == Phase::Outside && inner.len() < secret.len();
    opens_here || !inner.contains(char::is_whitespace)
}

/// One word without quotes, blanks, and whatever can mean more than itself.
pub(super) fn is_bare(secret: &str) -> bool {
    !secret.contains(TELLING) && !secret.contains(char::is_whitespace)
}

/// Where in a command a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Outside of quotes: a quote opens.
    Outside,
    /// Within this quote.
    Within(u8),
    /// Behind something that makes it hard to say.
    Unsure,
}

/// Follows a command's quotes from its beginning, as far as this can be done for sure without reading shell.
pub(super) struct Quotes<'a> {
    text: &'a str,
    place: usize,
    phase: Phase,
}

impl<'a> Quotes<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, place: 0, phase: Phase::Outside }
    }

    /// The phase at a place that is not before any asked for earlier.
    pub(super) fn until(&mut self, place: usize) -> Phase {
        while self.place < place && self.phase != Phase::Unsure {
            self.phase = self.after(at(self.text, self.place));
            self.place += 1;
        }
        self.phase
    }

    const fn after(&self, letter: u8) -> Phase {
        match (self.phase, letter) {
            // Comments, escapes, here-documents, expansions within quotes: a quote there need not be one.
            (_, b'\\' | b'`' | b'\n') | (Phase::Outside, b'#' | b'<' | b'$') | (Phase::Within(b'"'), b'$') => {
                Phase::Unsure
            }
            (Phase::Outside, quote @ (b'"' | b'\'')) => Phase::Within(quote),
            (Phase::Within(open), quote) if open == quote => Phase::Outside,
            (phase, _) => phase,
        }
    }
}
