//! What a `$`, a backtick, or a `<(` begins.

use std::{borrow::Cow, ops::Range};

use super::{
    Fallback, Fault, FaultKind, Flow, Piece, Script, Word,
    compound::name_length,
    reader::{Close, Reader, memchr},
    word::Build,
};

/// Bytes in which the end of an arithmetic expression is looked for.
const ARITHMETIC_AT_MOST: usize = 2048;
/// Bytes that are looked at for all such ends of a text.
const LOOK_AHEAD_AT_MOST: usize = 256 * 1024;

impl Reader<'_> {
    pub(super) fn dollar(&mut self, quoted: bool, build: &mut Build) {
        let dollar = self.at;
        // Line continuations may stand even here.
        while self.slice(self.at + 1..self.end).starts_with("\\\n") {
            self.at += 2;
        }
        let start = self.at;
        match self.byte(start + 1) {
            Some(b'(') => build.pieces.push(self.parenthesised(quoted)),
            Some(b'{') => self.parameter(quoted, build),
            Some(b'[') => self.old_arithmetic(quoted, build),
            Some(b'\'') if !quoted => self.ansi_quoted(build),
            Some(b'"') if !quoted => {
                self.at += 1;
                self.double_quoted(build);
            }
            Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => self.variable(1, quoted, build),
            _ => match name_length(self.slice(start + 1..self.end)) {
                0 => {
                    self.at += 1;
                    build.literal("$", quoted, self.place_of(dollar).filter(|_| start == dollar));
                }
                length => self.variable(length, quoted, build),
            },
        }
    }

    fn variable(&mut self, length: usize, quoted: bool, build: &mut Build) {
        let start = self.at;
        let name = self.slice(start + 1..start + 1 + length).to_owned();
        self.at = start + 1 + length;
        if name == "IFS" && !quoted {
            build.split(self, start);
        } else {
            build.pieces.push(Piece::Variable { name, quoted, default: None });
        }
    }

    fn parenthesised(&mut self, quoted: bool) -> Piece {
        let start = self.at;
        if self.looking_at("$((")
            && let Some(end) = self.arithmetic_end(start + 3)
            && !self.slice(start..end).contains(';')
        {
            let inner = self.scripts_in(start + 3..end);
            self.at = end + 2;
            return Piece::Unknown { raw: self.slice(start..self.at).to_owned(), quoted, inner };
        }
        self.doubled |= self.looking_at("$((");
        self.at += 2;
        let script = self.inner(start, Close::Parenthesis);
        Piece::Substitution { script, quoted, process: None }
    }

    /// Reads `<( … )` or `>( … )`.
    pub(super) fn process(&mut self, build: &mut Build) {
        let start = self.at;
        let flow = if self.looking_at("<") { Flow::Read } else { Flow::Write };
        self.at += 2;
        let script = self.inner(start, Close::Parenthesis);
        build.pieces.push(Piece::Substitution { script, quoted: false, process: Some(flow) });
    }

    /// Reads a script up to its closing bracket and takes that.
    fn inner(&mut self, start: usize, close: Close) -> Script {
        if !self.may_go_deeper() {
            return self.too_deep(start);
        }
        self.depth += 1;
        let script = self.script(close);
        self.depth -= 1;
        let closing = if close == Close::Brace { "}" } else { ")" };
        if close != Close::End && !self.eat(closing) {
            self.unclosed(start);
        }
        script
    }

    /// Reads no further; as the text is broken then, all of it is cut roughly.
    fn too_deep(&mut self, start: usize) -> Script {
        self.at = self.end;
        self.broken = true;
        let span = self.span(start..self.end);
        Script { commands: Vec::new(), faults: vec![Fault { kind: FaultKind::TooDeep, span }] }
    }

    pub(super) fn backtick(&mut self, quoted: bool, build: &mut Build) {
        let start = self.at;
        let length = backtick_length(self.slice(start + 1..self.end));
        let end = length.map_or(self.end, |length| start + 1 + length);
        let script = match unescaped(self.slice(start + 1..end), quoted) {
            Cow::Borrowed(_) => self.within(start + 1..end, |reader| reader.inner(start, Close::End)),
            Cow::Owned(text) => {
                let range = start..end + usize::from(length.is_some());
                self.elsewhere(&text, range, |reader| reader.inner(0, Close::End))
            }
        };
        self.at = end + usize::from(length.is_some());
        if length.is_none() {
            self.unclosed(start);
        }
        build.pieces.push(Piece::Substitution { script, quoted, process: None });
    }

    /// Reads a part of the text as if it were all.
    pub(super) fn within<T>(&mut self, range: Range<usize>, read: impl FnOnce(&mut Self) -> T) -> T {
        let end = std::mem::replace(&mut self.end, range.end);
        self.at = range.start;
        let result = read(self);
        self.end = end;
        result
    }

    /// Gives the offset of the `))` that ends an arithmetic expression.
    pub(super) fn arithmetic_end(&mut self, from: usize) -> Option<usize> {
        let window = self.text.as_bytes().get(from..self.end.min(from + ARITHMETIC_AT_MOST))?;
        if self.looked_ahead > LOOK_AHEAD_AT_MOST {
            self.broken = true;
            return None;
        }
        let end = closing_parentheses(window);
        self.looked_ahead += end.unwrap_or(window.len());
        end.map(|end| from + end)
    }

    /// Takes a whole arithmetic expression, given the range between its brackets.
    pub(super) fn arithmetic(&mut self, start: usize, range: Range<usize>) -> Word {
        let end = range.end + 2;
        let inner = self.scripts_in(range);
        self.at = end;
        let raw = self.slice(start..end).to_owned();
        Word { span: self.span(start..end), pieces: vec![Piece::Unknown { raw, quoted: false, inner }] }
    }

    /// Reads the substitutions in a range in which nothing else is run.
    pub(super) fn scripts_in(&mut self, range: Range<usize>) -> Vec<Script> {
        self.within(range, |reader| {
            let mut build = Build::default();
            while let Some(byte) = reader.peek() {
                match byte {
                    b'$' => reader.dollar(true, &mut build),
                    b'`' => reader.backtick(true, &mut build),
                    b'\\' => reader.at = (reader.at + 2).min(reader.end),
                    _ => reader.at += 1,
                }
            }
            scripts_of(build.pieces)
        })
    }

    /// Reads `$[ … ]`.
    fn old_arithmetic(&mut self, quoted: bool, build: &mut Build) {
        let start = self.at;
        self.at += 1;
        let inner = self.subscript();
        build.pieces.push(Piece::Unknown { raw: self.slice(start..self.at).to_owned(), quoted, inner });
    }

    /// Takes a subscript and gives the substitutions in it.
    pub(super) fn subscript(&mut self) -> Vec<Script> {
        let start = self.at;
        if !self.may_go_deeper() {
            return vec![self.too_deep(start)];
        }
        self.depth += 1;
        let mut build = Build::default();
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' | b'$' | b'`' | b'\'' | b'"' => self.part(byte, &mut build),
                _ => {
                    self.at += 1;
                    open = match byte {
                        b'[' => open + 1,
                        b']' => open - 1,
                        _ => open,
                    };
                    if open == 0 {
                        break;
                    }
                }
            }
        }
        self.depth -= 1;
        if open > 0 {
            self.unclosed(start);
        }
        scripts_of(build.pieces)
    }

    /// Reads `${ … }`.
    fn parameter(&mut self, quoted: bool, build: &mut Build) {
        let start = self.at;
        if !self.may_go_deeper() {
            let inner = vec![self.too_deep(start)];
            build.pieces.push(Piece::Unknown { raw: self.slice(start..self.at).to_owned(), quoted, inner });
            return;
        }
        self.at += 2;
        if matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'|')) {
            let _ = self.eat("|");
            let script = self.inner(start, Close::Brace);
            build.pieces.push(Piece::Substitution { script, quoted, process: None });
            return;
        }
        self.depth += 1;
        let parameter = self.parameter_parts(quoted);
        self.depth -= 1;
        if !self.eat("}") {
            self.unclosed(start);
        }
        let raw = self.slice(start..self.at);
        match parameter.piece(raw, quoted) {
            Some(piece) => build.pieces.push(piece),
            None => build.split(self, start),
        }
    }

    fn parameter_parts(&mut self, quoted: bool) -> Parameter {
        let start = self.at;
        let special = |byte: u8| matches!(byte, b'@' | b'*' | b'?' | b'-' | b'$') || byte.is_ascii_digit();
        self.at += match name_length(self.rest()) {
            0 if self.peek().is_some_and(special) => {
                let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
                digits.max(1)
            }
            0 if self.looking_at("#}") || self.looking_at("!}") => 1,
            length => length,
        };
        let mut name = self.slice(start..self.at).to_owned();
        let mut inner = Vec::new();
        let mut all = false;
        if self.peek() == Some(b'[') && !name.is_empty() {
            let open = self.at;
            inner = self.subscript();
            let subscript = self.slice(open..self.at);
            all = matches!(subscript, "[@]" | "[*]");
            if !all {
                name.push_str(subscript);
            }
        }
        let operator_at = self.at;
        let _ = self.eat(":") && self.peek().is_some_and(|byte| matches!(byte, b'-' | b'=' | b'+' | b'?'));
        let first = self.peek();
        let operator = match first {
            Some(b'}') if self.at == operator_at => Operator::None,
            Some(b'=') => Operator::Set,
            Some(b'-' | b'+') => Operator::Default,
            Some(b'?') => Operator::Fail,
            _ => Operator::Other,
        };
        if matches!(operator, Operator::Default | Operator::Set | Operator::Fail) {
            self.at += 1;
        }
        let from = self.at;
        let literal_quotes = quoted && matches!(operator, Operator::Default | Operator::Set | Operator::Fail);
        let pieces = self.parameter_word(quoted, literal_quotes);
        let word = Word { span: self.span(from..self.at), pieces };
        Parameter { name, all, inner, operator, word }
    }

    /// Reads up to the closing brace; in double quotes, single ones may stand for themselves.
    fn parameter_word(&mut self, quoted: bool, literal_quotes: bool) -> Vec<Piece> {
        let mut build = Build::new(self.at);
        while let Some(byte) = self.peek() {
            match byte {
                b'}' => break,
                b'\'' if literal_quotes => self.quoted_part(byte, b"", &mut build),
                b'<' | b'>' if !quoted && self.byte(self.at + 1) == Some(b'(') => self.process(&mut build),
                b'\'' | b'"' => self.part(byte, &mut build),
                _ if quoted => self.quoted_part(byte, b"\"\\$`}", &mut build),
                _ => self.part(byte, &mut build),
            }
        }
        build.joined()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    None,
    Default,
    Set,
    Fail,
    Other,
}

struct Parameter {
    name: String,
    all: bool,
    inner: Vec<Script>,
    operator: Operator,
    word: Word,
}

impl Parameter {
    /// The piece it becomes; none if it separates words.
    fn piece(self, raw: &str, quoted: bool) -> Option<Piece> {
        let mut inner = self.inner;
        let known = !self.name.is_empty();
        let sets = self.operator == Operator::Set;
        let defaults = sets || self.operator == Operator::Default;
        if known && inner.is_empty() && defaults && self.name != "IFS" {
            let default = Some(Box::new(Fallback { word: self.word, sets }));
            return Some(Piece::Variable { name: self.name, quoted: quoted && !self.all, default });
        }
        inner.extend(scripts_of(self.word.pieces));
        if self.name == "IFS" && !quoted && inner.is_empty() && !defaults {
            return None;
        }
        if known && inner.is_empty() && matches!(self.operator, Operator::None | Operator::Fail) {
            return Some(Piece::Variable { name: self.name, quoted: quoted && !self.all, default: None });
        }
        Some(Piece::Unknown { raw: raw.to_owned(), quoted, inner })
    }
}

/// The scripts in pieces of which nothing else is kept.
pub(super) fn scripts_of(pieces: Vec<Piece>) -> Vec<Script> {
    let mut scripts = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Literal { .. } | Piece::Variable { default: None, .. } => {}
            Piece::Variable { default: Some(default), .. } => scripts.extend(scripts_of(default.word.pieces)),
            Piece::Substitution { script, .. } => scripts.push(script),
            Piece::Unknown { inner, .. } => scripts.extend(inner),
        }
    }
    scripts
}

/// Length of the text before the next backtick that is not escaped.
fn backtick_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'`' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Removes the backslashes that only keep a character from what it does in backticks.
fn unescaped(text: &str, quoted: bool) -> Cow<'_, str> {
    let is_removed = |next: char| matches!(next, '$' | '`' | '\\') || quoted && next == '"';
    let mut result = String::new();
    let mut from = 0;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character != '\\' {
            continue;
        }
        let Some((_, next)) = characters.next() else { break };
        if is_removed(next) {
            result.push_str(text.get(from..at).unwrap_or_default());
            from = at + 1;
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    result.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(result)
}

/// Finds the `))` that closes what was opened before a text.
fn closing_parentheses(window: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = window.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\'' | b'"' => at += 1 + memchr(*byte, window.get(at + 1..)?)?,
            b'(' => depth += 1,
            b')' if depth == 0 => return (window.get(at + 1) == Some(&b')')).then_some(at),
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}
