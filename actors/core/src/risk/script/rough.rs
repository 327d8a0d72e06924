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
    for end in ends(text) {
        let piece = text.get(start..end).unwrap_or_default();
        let command = command(piece, start, &place);
        if !command.words.is_empty() || !command.redirects.is_empty() {
            commands.push(command);
        }
        start = end + 1;
    }
    commands
}

/// Where separators stand, and the end.
fn ends(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let is_sign = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|byte| matches!(byte, b'<' | b'>'));
    let separates = move |(at, byte): (usize, &u8)| match byte {
        b';' | b'|' | b'\n' | b'(' | b')' | b'`' => true,
        b'&' => !is_sign(at.checked_sub(1)) && !is_sign(at.checked_add(1)),
        _ => false,
    };
    let positions = bytes.iter().enumerate().filter(move |found| separates(*found)).map(|(at, _)| at);
    positions.chain([text.len()])
}

fn command(piece: &str, start: usize, place: &impl Fn(Range<usize>) -> Range<usize>) -> Command {
    let mut command = Command { span: place(start..start + piece.len()), ..Command::default() };
    let mut from = start;
    for (number, part) in piece.split(['<', '>']).enumerate() {
        let mut found = words(part, from, place).into_iter();
        let sign = from.checked_sub(start + 1).and_then(|at| piece.as_bytes().get(at));
        if number > 0
            && let Some(target) = found.next()
        {
            let flow = if sign == Some(&b'<') { Flow::Read } else { Flow::Write };
            command.redirects.push(Redirect { flow, descriptor: None, span: target.span.clone(), target });
        }
        command.words.extend(found);
        from += part.len() + 1;
    }
    let skipped = command.words.iter().take_while(|word| leads(word)).count();
    command.words.drain(..skipped);
    command
}

/// Tells whether a command begins after a word: a reserved one, or the number of a redirection.
fn leads(word: &Word) -> bool {
    match word.pieces.as_slice() {
        [Piece::Literal { text, .. }] => {
            LEADING.contains(&text.as_str()) || text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'&')
        }
        _ => false,
    }
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
