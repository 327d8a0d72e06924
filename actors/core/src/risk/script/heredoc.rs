//! Here-documents: their delimiters, and their bodies after the next newline.

use std::ops::Range;

use super::{
    Flow, Piece, Redirect, Word,
    reader::{Close, Reader, Scope},
    simple::number,
    word::{Build, Stop},
};

/// A here-document whose body comes after the line.
#[derive(Debug)]
pub(super) struct Pending {
    /// Number of the command that reads it.
    pub(super) command: usize,
    delimiter: String,
    strip: bool,
    literal: bool,
    /// The number before the operator.
    descriptor: Option<u32>,
    /// Of the operator and the delimiter, in the whole text.
    span: Range<usize>,
}

impl Reader<'_> {
    /// Reads the delimiter after `<<`; the operator began at `start`.
    pub(super) fn here_document(&mut self, start: usize, strip: bool, scope: &mut Scope) {
        let from = self.at;
        let faults = self.faults.len();
        self.word(Stop::Blank);
        // A delimiter is text, whatever it looks like.
        self.faults.truncate(faults);
        let raw = self.slice(from..self.at);
        let literal = raw.contains(['\'', '"', '\\']);
        scope.broken |= self.doubled;
        let delimiter = unquoted(raw);
        let span = self.span(start..self.at);
        let descriptor = number(self.slice(start..from));
        let command = scope.script.commands.len();
        scope.pending.push(Pending { command, delimiter, strip, literal, descriptor, span });
    }

    /// Reads the bodies of the documents that the line before has announced.
    pub(super) fn heredoc_bodies(&mut self, scope: &mut Scope, close: Close) {
        for pending in std::mem::take(&mut scope.pending) {
            let start = self.at;
            let end = match self.heredoc_end(&pending, close) {
                Some(end) => end,
                None => {
                    scope.broken = true;
                    self.end
                }
            };
            let after = self.at;
            let target = self.heredoc_body(&pending, start..end);
            self.at = after;
            if let Some(command) = scope.script.commands.get_mut(pending.command) {
                let Pending { descriptor, span, .. } = pending;
                command.redirects.push(Redirect { flow: Flow::Here, descriptor, target, span });
            }
        }
    }

    fn heredoc_body(&mut self, pending: &Pending, range: Range<usize>) -> Word {
        let text = self.slice(range.clone());
        let span = self.span(range.clone());
        let tabs = pending.strip && (text.starts_with('\t') || text.contains("\n\t"));
        let changed = tabs || !pending.literal && text.contains("\\\n");
        let pieces = match (changed, pending.literal) {
            (false, true) => {
                vec![Piece::Literal { text: text.to_owned(), quoted: true, at: self.place_of(range.start) }]
            }
            (false, false) => self.within(range, |reader| reader.heredoc_pieces()),
            (true, true) => vec![Piece::Literal { text: without_tabs(text), quoted: true, at: None }],
            (true, false) => self.elsewhere(&joined_lines(text, tabs), range, |reader| reader.heredoc_pieces()),
        };
        Word { span, pieces }
    }

    fn heredoc_pieces(&mut self) -> Vec<Piece> {
        let mut build = Build::new(self.at);
        while let Some(byte) = self.peek() {
            self.quoted_part(byte, b"\\$`", &mut build);
        }
        build.joined()
    }

    /// Moves behind the delimiter and gives the end of the body before it.
    fn heredoc_end(&mut self, pending: &Pending, close: Close) -> Option<usize> {
        let mut joined = String::new();
        while self.at < self.end {
            let start = self.at;
            let line = self.rest().split('\n').next().unwrap_or_default();
            let bare = if pending.strip { line.trim_start_matches('\t') } else { line };
            let whole = bare.trim_end_matches('\r');
            if joined.is_empty() && whole == pending.delimiter {
                self.at = (start + line.len() + 1).min(self.end);
                return Some(start);
            }
            if close == Close::Parenthesis
                && bare.contains(')')
                && format!("{joined}{bare}").starts_with(&pending.delimiter)
            {
                // What comes after the delimiter goes on with the substitution.
                let delimiter = pending.delimiter.len().saturating_sub(joined.len());
                self.at = start + line.len() - bare.len() + delimiter;
                return Some(start);
            }
            self.at = (start + line.len() + 1).min(self.end);
            if pending.literal || !continues(line) {
                if !joined.is_empty() && joined + bare == pending.delimiter {
                    return Some(start);
                }
                joined = String::new();
            } else if joined.len() <= pending.delimiter.len() {
                joined.push_str(bare.strip_suffix('\\').unwrap_or_default());
            }
        }
        None
    }
}

/// Tells whether a line goes on in the next one.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Joins lines at the backslashes between them, as the shell does before it looks for anything else in the text.
fn joined_lines(text: &str, tabs: bool) -> String {
    let stripped = |line: &str| if tabs { line.trim_start_matches('\t') } else { line }.to_owned();
    text.split_inclusive('\n').map(stripped).fold(String::new(), |mut joined, line| {
        let content = line.strip_suffix('\n').filter(|content| continues(content));
        joined.push_str(content.and_then(|content| content.strip_suffix('\\')).unwrap_or(&line));
        joined
    })
}

fn without_tabs(text: &str) -> String {
    text.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
}

/// Removes the quotes of a delimiter.
fn unquoted(raw: &str) -> String {
    let mut result = String::new();
    let mut quote = None;
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (Some('\''), _) => result.push(character),
            (_, '\\') => result.extend(characters.next().filter(|next| *next != '\n')),
            _ => result.push(character),
        }
    }
    result
}
