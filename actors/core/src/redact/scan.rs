//! Goes through a text byte by byte, once; and the small steps that all readers of it take.

#[cfg(test)]
use super::tests::steps;
use super::{Found, Kind, forms, interest::Interest, named, programs};

/// The byte at a place, 0 behind the end.
pub(super) fn at(text: &str, place: usize) -> u8 {
    text.as_bytes().get(place).copied().unwrap_or(0)
}

/// The byte before a place, 0 at the beginning.
pub(super) fn before(text: &str, place: usize) -> u8 {
    place.checked_sub(1).map_or(0, |place| at(text, place))
}

/// A part of a text; nothing if there is no such part.
pub(super) fn cut(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}

/// The first place from here on whose byte is not such a one.
pub(super) fn skip(text: &str, from: usize, is: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let length = rest.iter().position(|letter| !is(*letter)).unwrap_or(rest.len());
    steps::add(length);
    from + length
}

/// As `skip`, for runs that are looked at from many places: what is longer than this is nothing that is looked for.
pub(super) fn skip_most(text: &str, from: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(from..text.len().min(from + most)).unwrap_or_default();
    let length = rest.iter().position(|letter| !is(*letter)).unwrap_or(rest.len());
    steps::add(length);
    from + length
}

/// The place where the run of such bytes that ends here begins.
pub(super) fn skip_back(text: &str, to: usize, is: impl Fn(u8) -> bool) -> usize {
    let head = text.as_bytes().get(..to).unwrap_or_default();
    let start = head.iter().rposition(|letter| !is(*letter)).map_or(0, |last| last + 1);
    steps::add(to - start.min(to));
    start
}

/// A letter, a digit, `_`, or part of a letter beyond ASCII.
pub(super) const fn is_word(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || letter == b'_' || letter >= 128
}

/// What names are made of.
pub(super) const fn is_name(letter: u8) -> bool {
    is_word(letter) || matches!(letter, b'-' | b'.')
}

pub(super) const fn is_space(letter: u8) -> bool {
    matches!(letter, b' ' | b'\t')
}

/// Skips blanks; in a command never to another line, which would be another command.
pub(super) fn skip_blanks(text: &str, from: usize, kind: Kind) -> usize {
    match kind {
        Kind::Text => skip(text, from, |letter| letter.is_ascii_whitespace()),
        Kind::Command => skip(text, from, is_space),
    }
}

/// What a byte is to the reader of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// It begins or goes on with a word.
    Word,
    /// Something may be announced by it.
    Sign,
    /// Neither.
    Other,
}

const CLASSES: [Class; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a wrong index")]
const fn classes() -> [Class; 256] {
    let mut classes = [Class::Other; 256];
    let mut letter = 0;
    while letter < 256 {
        classes[letter] = match letter as u8 {
            b'=' | b':' | b'(' | b'>' | b'-' | b'/' | b'$' | 0x9A => Class::Sign,
            b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => Class::Word,
            _ => Class::Other,
        };
        letter += 1;
    }
    classes
}

/// Looks at each place for what announces a secret there and then. Says whether the text has to be read word by word
/// as well, since it has a program, a flag or a phrase that takes a secret.
pub(super) fn each_place(found: &mut Found<'_>) -> bool {
    let mut interest = Interest::default();
    let mut last = Class::Other;
    for (place, letter) in found.text.bytes().enumerate() {
        let class = CLASSES.get(usize::from(letter)).copied().unwrap_or(Class::Other);
        match class {
            Class::Word if last != Class::Word && may_matter(letter, at(found.text, place + 1)) => {
                forms::token(found, place);
                interest.word(found.text, place);
            }
            Class::Sign => sign(found, &mut interest, place, letter),
            Class::Word | Class::Other => {}
        }
        last = class;
    }
    interest.is_met()
}

/// For each letter that a form or a word that matters begins with, which may be its second, as bits.
const BEGINNINGS: [u64; 128] = programs::with_beginnings(forms::beginnings());

fn may_matter(first: u8, second: u8) -> bool {
    BEGINNINGS.get(usize::from(first)).is_some_and(|seconds| seconds >> (second % 64) & 1 == 1)
}

fn sign(found: &mut Found<'_>, interest: &mut Interest, place: usize, letter: u8) {
    let text = found.text;
    match letter {
        b'=' => named::after_sign(found, place, place + 1),
        b':' => {
            named::pgpass(found, place);
            named::after_sign(found, place, place + 1);
        }
        b'(' => named::as_argument(found, place),
        b'>' if found.kind == Kind::Text => named::as_element(found, place),
        // The last byte of a full-width colon.
        0x9A if text.get(place.saturating_sub(2)..=place) == Some(":") => {
            named::after_sign(found, place - 2, place + 1);
        }
        b'-' if !is_name(before(text, place)) => {
            forms::private_key(found, place);
            interest.flag(text, place);
        }
        b'/' | b'$' => forms::token(found, place),
        _ => {}
    }
}

/// Where a value ends that begins here: a shell word, quoted in part or whole. An unclosed quote reaches to the end of
/// the line.
pub(super) fn value_end(text: &str, from: usize, kind: Kind) -> usize {
    if text.get(from..).is_some_and(|rest| rest.starts_with("\\\"")) {
        let end = escaped_end(text, from + 2);
        if end > from {
            return end;
        }
    }
    let end = word_end(text, from, kind);
    steps::add(end - from);
    let is_open = end == from && matches!(at(text, from), b'"' | b'\'');
    if is_open { skip(text, from, |letter| letter != b'\n') } else { end }
}

/// Behind the next `\"`; 0 if there is none, or a quote without a backslash first.
fn escaped_end(text: &str, from: usize) -> usize {
    let mut place = skip(text, from, |letter| !matches!(letter, b'"' | b'\\'));
    while at(text, place) == b'\\' && at(text, place + 1) != b'"' && place < text.len() {
        place = skip(text, place + 2, |letter| !matches!(letter, b'"' | b'\\'));
    }
    if at(text, place) == b'\\' { place + 2 } else { 0 }
}

fn word_end(text: &str, from: usize, kind: Kind) -> usize {
    let mut place = from;
    loop {
        place = match at(text, place) {
            b'"' | b'\'' => match closing(text, place, text.len()) {
                Some(close) => close + 1,
                None => return place,
            },
            b'\\' if place + 1 < text.len() => place + 2,
            0 | b'\\' | b'&' | b';' | b'|' | b'<' | b'>' | b'`' => return place.min(text.len()),
            letter if letter.is_ascii_whitespace() => return place,
            b',' | b')' | b'}' | b']' => match behind_closers(text, place, kind) {
                Some(behind) => behind,
                None => return place,
            },
            _ => place + 1,
        }
    }
}

/// Where a word goes on behind commas and closing brackets, if it does: `--set password=x,image=y` is two values.
fn behind_closers(text: &str, place: usize, kind: Kind) -> Option<usize> {
    let behind = skip(text, place, |letter| matches!(letter, b',' | b')' | b'}' | b']'));
    let letter = at(text, behind);
    let ends = matches!(letter, 0 | b'"' | b'\'' | b'&' | b';' | b'|' | b'<' | b'>' | b'\\' | b'`');
    if ends || letter.is_ascii_whitespace() {
        return None;
    }
    let name = skip(text, behind, is_name);
    let is_next = kind == Kind::Command && before(text, behind) == b',' && matches!(at(text, name), b'=' | b':');
    (!is_next).then_some(behind)
}

/// The place of the quote that closes the one at this place, before the end.
pub(super) fn closing(text: &str, place: usize, end: usize) -> Option<usize> {
    let quote = at(text, place);
    let mut close = place + 1;
    while close < end {
        match at(text, close) {
            b'\\' if quote == b'"' => close += 2,
            letter if letter == quote => break,
            _ => close += 1,
        }
    }
    steps::add(close - place);
    (close < end).then_some(close)
}

/// Only tests count the bytes that are gone over.
#[cfg(not(test))]
mod steps {
    pub(super) const fn add(_: usize) {}
}
