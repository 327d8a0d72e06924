//! Whether a text may be given to the recursive parser: what it opens, counted so that no quoting can hide it.

/// Brackets, quotes and compound commands that may be open at once. The parser takes about 6 KiB of stack for each.
const MAX_OPEN: usize = 64;
/// Operators that may be nested to the right in arithmetic and tests; about 2 KiB of stack for each.
const MAX_OPERATORS: usize = 256;

/// Tells what a text costs the parser beyond its length, in bytes read again; none if it goes too deep.
///
/// The parser reads what stands in substitutions again for each one around it, and for each pair of them.
pub(super) fn cost(text: &str) -> Option<usize> {
    let nesting = Nesting::of(text);
    (nesting.most <= MAX_OPEN && operators(text) <= MAX_OPERATORS).then_some(nesting.cost)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Bracket(u8),
    Substitution,
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
#[derive(Default)]
struct Nesting {
    open: Vec<Open>,
    most: usize,
    substitutions: usize,
    cost: usize,
}

impl Nesting {
    fn of(text: &str) -> Self {
        let mut nesting = Self::default();
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            let length = match byte {
                b'\\' => nesting.escape(bytes.get(at + 1)),
                b'a'..=b'z' => nesting.word(text, at),
                _ => nesting.sign(*byte, before),
            };
            nesting.most = nesting.most.max(nesting.open.len());
            if nesting.most > MAX_OPEN {
                return nesting;
            }
            let again = (nesting.substitutions + 1).pow(2) - 1;
            nesting.cost = nesting.cost.saturating_add(again.saturating_mul(length));
            at += length;
        }
        nesting
    }

    /// In single quotes, or in backticks, this would not be escaped.
    fn escape(&mut self, next: Option<&u8>) -> usize {
        if matches!(next, Some(b'\'' | b'`')) || next == Some(&b'$') && self.open.contains(&Open::Quote(b'`')) {
            self.open.push(Open::Doubt);
        }
        2
    }

    fn sign(&mut self, byte: u8, before: Option<&u8>) -> usize {
        match byte {
            b'\'' | b'"' | b'`' => toggle(&mut self.open, Open::Quote(byte)),
            b'(' if matches!(before, Some(b'$' | b'<' | b'>')) => {
                self.substitutions += 1;
                self.open.push(Open::Substitution);
            }
            b'(' | b'{' | b'[' => self.open.push(Open::Bracket(byte)),
            b')' if self.open.last() == Some(&Open::Substitution) => {
                self.substitutions -= 1;
                self.open.pop();
            }
            b')' => pop(&mut self.open, Open::Bracket(b'(')),
            b'}' => pop(&mut self.open, Open::Bracket(b'{')),
            b']' => pop(&mut self.open, Open::Bracket(b'[')),
            _ => {}
        }
        1
    }

    fn word(&mut self, text: &str, at: usize) -> usize {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        keyword(text.get(at..at + length).unwrap_or_default(), &mut self.open);
        length
    }
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
