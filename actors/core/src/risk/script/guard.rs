//! Whether a text may be given to the recursive parser: what it opens, counted so that no quoting can hide it.

/// Brackets, quotes and compound commands that may be open at once. The parser takes about 6 KiB of stack for each.
const MAX_OPEN: usize = 32;
/// Operators that may be nested to the right in arithmetic and tests; about 2 KiB of stack for each.
const MAX_OPERATORS: usize = 256;

/// Tells whether a text stays within what the parser can take on a stack of 2 MiB.
pub(super) fn is_shallow(text: &str) -> bool {
    open_at_most(text) <= MAX_OPEN && operators(text) <= MAX_OPERATORS
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Bracket(u8),
    Quote(u8),
    Word(&'static str),
    /// Never closed: it can be read in two ways.
    Doubt,
}

/// An upper bound of what is open at once, in whatever state a parser comes to each place.
///
/// Something counts as closed only if what opened last is of its kind. What lies between a pair is then made of such
/// pairs too, so that a parser that reads them as quoted text, or not, is in the same state before and after. Whatever
/// breaks this stays open for good.
fn open_at_most(text: &str) -> usize {
    let mut open: Vec<Open> = Vec::new();
    let mut most = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => {
                // In single quotes, or in backticks, this would not be escaped.
                let next = bytes.get(at + 1);
                if matches!(next, Some(b'\'' | b'`')) || next == Some(&b'$') && open.contains(&Open::Quote(b'`')) {
                    open.push(Open::Doubt);
                }
                at += 1;
            }
            b'\'' | b'"' | b'`' => toggle(&mut open, Open::Quote(*byte)),
            b'(' | b'{' | b'[' => open.push(Open::Bracket(*byte)),
            b')' => pop(&mut open, Open::Bracket(b'(')),
            b'}' => pop(&mut open, Open::Bracket(b'{')),
            b']' => pop(&mut open, Open::Bracket(b'[')),
            b'a'..=b'z' => {
                let length = bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_lowercase());
                let length = length.count();
                keyword(text.get(at..at + length).unwrap_or_default(), &mut open);
                at += length - 1;
            }
            _ => {}
        }
        most = most.max(open.len());
        if most > MAX_OPEN {
            return most;
        }
        at += 1;
    }
    most
}

fn toggle(open: &mut Vec<Open>, quote: Open) {
    if open.last() == Some(&quote) {
        open.pop();
    } else {
        open.push(quote);
    }
}

fn pop(open: &mut Vec<Open>, bracket: Open) {
    if open.last() == Some(&bracket) {
        open.pop();
    }
}

fn keyword(word: &str, open: &mut Vec<Open>) {
    match word {
        "if" => open.push(Open::Word("fi")),
        "do" => open.push(Open::Word("done")),
        "case" => open.push(Open::Word("esac")),
        "elif" => open.push(Open::Doubt),
        "fi" | "done" | "esac" if matches!(open.last(), Some(Open::Word(end)) if *end == word) => {
            open.pop();
        }
        _ => {}
    }
}

/// Counts what nests to the right without any bracket, where arithmetic or tests may be.
fn operators(text: &str) -> usize {
    let negations = text.matches('!').count();
    let start = ["((", "$["].iter().filter_map(|open| text.find(open)).min();
    let arithmetic = start.and_then(|start| text.get(start..)).unwrap_or_default();
    let is_operator = |byte: &u8| matches!(byte, b'?' | b'=' | b'-' | b'+' | b'~' | b'*');
    negations + arithmetic.bytes().filter(is_operator).count()
}
