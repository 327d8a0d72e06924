//! The rough cut of a text that cannot be read: at everything that could separate commands, quoted or not.

use std::ops::Range;

use super::{Command, Flow, Piece, Redirect, Word};

/// Words after which a command begins.
const LEADING: &[&str] =
    &["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "coproc", "fi", "done", "esac", "}"];

/// Cuts a text; `place` gives the span in the whole text for a range of this one.
pub(super) fn cut(text: &str, place: impl Fn(Range<usize>) -> Range<usize>) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut start = 0;
    for piece in text.split([';', '|', '&', '\n', '(', ')', '`']) {
        let command = command(piece, start, &place);
        commands.extend(command.filter(|command| !command.words.is_empty() || !command.redirects.is_empty()));
        start += piece.len() + 1;
    }
    commands
}

fn command(piece: &str, start: usize, place: &impl Fn(Range<usize>) -> Range<usize>) -> Option<Command> {
    let mut parts = piece.split('>');
    let head = parts.next()?;
    let mut words = words(head, start, place);
    let leading = |word: &Word| matches!(word.pieces.as_slice(), [Piece::Literal { text, .. }] if LEADING.contains(&text.as_str()));
    let skipped = words.iter().take_while(|word| leading(word)).count();
    words.drain(..skipped);
    let mut from = start + head.len() + 1;
    let mut redirects = Vec::new();
    for part in parts {
        let target = self::words(part, from, place).into_iter().next();
        redirects.extend(target.map(|target| Redirect { flow: Flow::Write, span: target.span.clone(), target }));
        from += part.len() + 1;
    }
    let span = place(start..start + piece.len());
    Some(Command { span, words, redirects, ..Command::default() })
}

fn words(piece: &str, start: usize, place: &impl Fn(Range<usize>) -> Range<usize>) -> Vec<Word> {
    let mut words = Vec::new();
    for raw in piece.split_whitespace() {
        let text = raw.replace(['\'', '"', '\\'], "");
        if text.is_empty() || text == "$" {
            continue;
        }
        // The piece holds each of its words, so the distance is one within it.
        let from = start + (raw.as_ptr() as usize).saturating_sub(piece.as_ptr() as usize);
        let piece = if text.contains('$') {
            Piece::Unknown { raw: text, quoted: false, inner: Vec::new() }
        } else {
            Piece::Literal { text, quoted: false, at: None }
        };
        words.push(Word { span: place(from..from + raw.len()), pieces: vec![piece] });
    }
    words
}
