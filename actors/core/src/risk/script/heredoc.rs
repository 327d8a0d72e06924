//! Here-documents: their delimiters, and their bodies after the next newline.

use std::ops::Range;

use super::{
    Flow, Piece, Redirect, Word,
    reader::{Close, Place, Reader, Scope},
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
        scope.pending.push(Pending { command: scope.script.commands.len(), delimiter, strip, literal, span });
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
                command.redirects.push(Redirect { flow: Flow::Here, target, span: pending.span });
            }
        }
    }

    fn heredoc_body(&mut self, pending: &Pending, range: Range<usize>) -> Word {
        let text = self.slice(range.clone());
        let span = self.span(range.clone());
        let tabs = pending.strip && (text.starts_with('\t') || text.contains("\n\t"));
        let pieces = match (tabs, pending.literal) {
            (false, true) => {
                vec![Piece::Literal { text: text.to_owned(), quoted: true, at: self.place_of(range.start) }]
            }
            (false, false) => self.within(range, Self::heredoc_pieces),
            (true, true) => vec![Piece::Literal { text: without_tabs(text), quoted: true, at: None }],
            (true, false) => {
                let text = without_tabs(text);
                let mut reader = Reader::new(&text, Place::Within(span.clone()), self.depth);
                reader.asks = self.asks;
                let pieces = reader.heredoc_pieces();
                self.broken |= reader.broken;
                self.faults.append(&mut reader.faults);
                pieces
            }
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
            let rest = bare.strip_prefix(&pending.delimiter).filter(|_| joined.is_empty());
            if close == Close::Parenthesis && rest.is_some_and(|rest| rest.starts_with(')')) {
                self.at = start + line.len() - rest.map_or(0, str::len);
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
