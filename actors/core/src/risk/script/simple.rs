//! Simple commands: assignments, words, redirections.

use super::{
    Assignment, Command, Flow, Piece, Redirect, Word,
    compound::name_length,
    reader::{Reader, Scope, Seen},
    word::Stop,
};

/// Commands whose arguments may be assignments, array literals included.
const DECLARE: &[&str] = &["declare", "typeset", "local", "export", "readonly", "alias", "eval", "let"];

impl Reader<'_> {
    pub(super) fn simple(&mut self, scope: &mut Scope) {
        let start = self.at;
        let mut command = Command::default();
        let mut seen = Seen { start, words: 0 };
        let mut declares = false;
        loop {
            self.skip_blanks();
            let before = self.at;
            if self.at_command_end() {
                break;
            }
            if self.redirection(&mut command, scope) {
                continue;
            }
            match self.part_of_command(&mut command, seen.words, declares) {
                Part::Assignment => continue,
                Part::Nothing => break,
                Part::Word => seen.words += 1,
            }
            if seen.words == 1 {
                seen.start = before;
                declares = DECLARE.contains(&self.slice(before..self.at));
                if self.defines(&command) {
                    return self.define(start, command.words, scope);
                }
            }
        }
        self.finish(scope, command, start, seen);
    }

    fn part_of_command(&mut self, command: &mut Command, words: usize, declares: bool) -> Part {
        let start = self.at;
        let part = match words {
            0 => self.assignment(command),
            _ if declares && self.declared(command) => Part::Word,
            _ => Part::Nothing,
        };
        if part == Part::Nothing {
            command.words.extend(self.expanded_word(Stop::Blank));
            return if self.at == start { Part::Nothing } else { Part::Word };
        }
        part
    }

    fn finish(&mut self, scope: &mut Scope, mut command: Command, start: usize, seen: Seen) {
        let empty = command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty();
        if empty && !self.awaits_body(scope) && seen.words == 0 {
            return;
        }
        scope.broken |= self.peek() == Some(b'(');
        if seen.words > 0 && !std::mem::take(&mut scope.coprocess) {
            scope.seen.push(seen);
        }
        // A function needs a compound command for its body here; other shells take this one.
        scope.broken |= scope.defined.is_some();
        command.span = self.span(start..self.at);
        self.push(scope, command);
        scope.defined = None;
    }

    fn at_command_end(&self) -> bool {
        match self.peek() {
            None | Some(b'\n' | b';' | b'|' | b'(' | b')') => true,
            Some(b'&') => !self.looking_at("&>"),
            Some(_) => false,
        }
    }

    /// Takes the `()` that makes a definition of the one word before it.
    fn defines(&mut self, command: &Command) -> bool {
        let start = self.at;
        self.skip_blanks();
        if command.assignments.is_empty() && command.redirects.is_empty() && self.eat("(") {
            self.skip_blanks();
            if self.eat(")") {
                return true;
            }
        }
        self.at = start;
        false
    }

    /// An argument of `declare` and its like that is an array literal: all of it is one word.
    fn declared(&mut self, command: &mut Command) -> bool {
        let start = self.at;
        let name = name_length(self.rest());
        self.at += name;
        let _ = self.eat("+");
        if name == 0 || !self.eat("=(") {
            self.at = start;
            return false;
        }
        let value = self.array();
        let text = self.slice(start..start + name).to_owned() + "=";
        let literal = Piece::Literal { text, quoted: false, at: self.place_of(start) };
        let pieces = std::iter::once(literal).chain(value).collect();
        let span = self.span(start..self.at);
        command.words.push(Word { span, pieces });
        true
    }

    /// Reads `NAME=value` and its like, if that is what stands here, or a first word with a subscript.
    fn assignment(&mut self, command: &mut Command) -> Part {
        let start = self.at;
        self.at += name_length(self.rest());
        if self.at == start {
            return Part::Nothing;
        }
        let subscripted = self.peek() == Some(b'[');
        let inner = if subscripted { self.subscript() } else { Vec::new() };
        let name = self.slice(start..self.at).to_owned();
        let mut pieces = Vec::new();
        if !inner.is_empty() {
            pieces.push(Piece::Unknown { raw: name.clone(), quoted: false, inner });
        }
        let append = self.looking_at("+=");
        if !(self.eat("+=") || self.eat("=")) {
            if !subscripted {
                self.at = start;
                return Part::Nothing;
            }
            if pieces.is_empty() {
                pieces.push(Piece::Literal { text: name, quoted: false, at: self.place_of(start) });
            }
            pieces.extend(self.value());
            command.words.push(Word { span: self.span(start..self.at), pieces });
            return Part::Word;
        }
        let from = self.at;
        pieces.extend(if self.eat("(") { self.array() } else { self.value() });
        let value = Word { span: self.span(from..self.at), pieces };
        let span = self.span(start..self.at);
        command.assignments.push(Assignment { name, value, append, span });
        Part::Assignment
    }

    /// The value of an assignment: not cut at `$IFS`.
    fn value(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (number, word) in self.word(Stop::Blank).into_iter().enumerate() {
            if number > 0 {
                pieces.push(blank());
            }
            pieces.extend(word.pieces);
        }
        pieces
    }

    /// Reads the elements of an array literal, after its opening.
    fn array(&mut self) -> Vec<Piece> {
        let start = self.at;
        let mut pieces = Vec::new();
        loop {
            self.skip_blanks();
            let before = self.at;
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return pieces;
                }
                Some(b'\n') => {
                    self.at += 1;
                    continue;
                }
                None => break,
                Some(_) => {}
            }
            if self.peek() == Some(b'[') {
                let inner = self.subscript();
                if !inner.is_empty() {
                    let raw = self.slice(before..self.at).to_owned();
                    pieces.push(Piece::Unknown { raw, quoted: false, inner });
                }
                let _ = self.eat("+=") || self.eat("=");
            }
            for word in self.expanded_word(Stop::Blank) {
                if !pieces.is_empty() {
                    pieces.push(blank());
                }
                pieces.extend(word.pieces);
            }
            if self.at == before {
                break;
            }
        }
        self.unclosed(start);
        pieces
    }

    /// Reads a redirection, if that is what stands here.
    pub(super) fn redirection(&mut self, command: &mut Command, scope: &mut Scope) -> bool {
        self.skip_blanks();
        let start = self.at;
        self.at += descriptor(self.rest());
        let Some(operator) = self.redirect_operator() else {
            self.at = start;
            return false;
        };
        self.skip_blanks();
        let from = self.at;
        if let Operator::Document { strip } = operator {
            self.here_document(start, strip, scope);
        } else {
            let words = self.word(Stop::Blank);
            let raw = self.slice(from..self.at);
            let span = self.span(start..self.at);
            let descriptor = number(self.slice(start..from));
            match operator {
                Operator::File(flow) => command.redirects.extend(redirect(flow, descriptor, words, &span)),
                Operator::Duplicate(flow) if !is_descriptor(raw) => {
                    command.redirects.extend(redirect(flow, descriptor, words, &span));
                }
                Operator::Duplicate(Flow::Read) => {
                    let open = number(raw).filter(|open| *open > 0).map(|open| format!("/dev/fd/{open}"));
                    let word = |text| Word {
                        span: span.clone(),
                        pieces: vec![Piece::Literal { text, quoted: true, at: None }],
                    };
                    command.redirects.extend(redirect(
                        Flow::Read,
                        descriptor,
                        open.map(word).into_iter().collect(),
                        &span,
                    ));
                }
                Operator::Duplicate(_) | Operator::Document { .. } => {}
            }
        }
        if self.at == from {
            self.unclosed(start);
        }
        true
    }

    fn redirect_operator(&mut self) -> Option<Operator> {
        use Operator::{Document, Duplicate, File};
        const OPERATORS: &[(&str, Operator)] = &[
            ("<<<", File(Flow::Here)),
            ("<<-", Document { strip: true }),
            ("<<", Document { strip: false }),
            ("<&", Duplicate(Flow::Read)),
            ("<>", File(Flow::Write)),
            ("<", File(Flow::Read)),
            (">>", File(Flow::Write)),
            (">&", Duplicate(Flow::Write)),
            (">|", File(Flow::Write)),
            (">", File(Flow::Write)),
            ("&>>", File(Flow::Write)),
            ("&>", File(Flow::Write)),
        ];
        if self.looking_at("<(") || self.looking_at(">(") {
            return None;
        }
        OPERATORS.iter().find(|(text, _)| self.eat(text)).map(|(_, operator)| *operator)
    }
}

/// What a command goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Nothing,
    Assignment,
    Word,
}

#[derive(Clone, Copy)]
enum Operator {
    File(Flow),
    Duplicate(Flow),
    Document { strip: bool },
}

/// A target of several words would be refused; each is looked at.
fn redirect(
    flow: Flow,
    descriptor: Option<u32>,
    words: Vec<Word>,
    span: &std::ops::Range<usize>,
) -> impl Iterator<Item = Redirect> {
    words.into_iter().map(move |target| Redirect { flow, descriptor, target, span: span.clone() })
}

/// The number at the beginning of a text, as of a descriptor.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits)?.parse().ok()
}

/// Length of the `2` or `{name}` right before a redirection.
fn descriptor(text: &str) -> usize {
    let bytes = text.as_bytes();
    let length = match bytes {
        [b'{', ..] => 2 + name_length(text.get(1..).unwrap_or_default()),
        _ => bytes.iter().take_while(|byte| byte.is_ascii_digit()).count(),
    };
    let named = bytes.first() == Some(&b'{');
    let whole = !named || length > 2 && bytes.get(length - 1) == Some(&b'}');
    if whole && matches!(bytes.get(length), Some(b'<' | b'>')) { length } else { 0 }
}

fn is_descriptor(raw: &str) -> bool {
    raw == "-" || !raw.is_empty() && raw.trim_end_matches('-').bytes().all(|byte| byte.is_ascii_digit())
}

fn blank() -> Piece {
    Piece::Literal { text: " ".to_owned(), quoted: false, at: None }
}
