//! Our own reading: commands, compound commands and lists, in one pass that never refuses.
//!
//! Compound commands are kept on a stack of our own, so only substitutions inside each other take stack, up to
//! [`MAX_DEPTH`].

use std::ops::Range;

use super::{
    Command, CommandKind, Fault, FaultKind, Script, Word, check,
    flow::{Pipes, Stage},
    heredoc::Pending,
};

/// Substitutions inside each other that are followed; deeper ones are cut roughly.
const MAX_DEPTH: usize = 16;
/// Bytes after which the other reading is given the next piece.
const CHUNK: usize = 4096;
/// Bytes of a function's name that are kept with each command of its body.
const MAX_NAME: usize = 128;

/// Where a text stands in the whole one.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Byte for byte, from this offset.
    At(usize),
    /// Somewhere within, after escapes were removed.
    Within(Range<usize>),
}

/// What ends a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    End,
    Parenthesis,
    Brace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Subshell,
    Brace,
    If,
    /// `while`, `until`, and `for` after its `do`.
    Loop,
    /// `for` before its `do` or `{`.
    Head,
    Case,
}

#[derive(Debug)]
pub(super) struct Frame {
    pub(super) block: Block,
    /// Number of the first command in it.
    pub(super) first: usize,
    pub(super) function: Option<String>,
    /// The pipeline that it is part of.
    outer: Stage,
}

/// A command with words as it was read, before braces make more of them: what the two readings are compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) start: usize,
    pub(super) words: usize,
}

/// What is known of the script that is being read.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) script: Script,
    pub(super) frames: Vec<Frame>,
    pub(super) pipes: Pipes,
    pub(super) pending: Vec<Pending>,
    /// The function whose body comes next.
    pub(super) defined: Option<String>,
    /// A compound command has just ended, so only redirections and separators may follow.
    pub(super) closed: bool,
    pub(super) broken: bool,
    /// After `coproc`: the other reading does not say where such a command stands.
    pub(super) coprocess: bool,
    pub(super) seen: Vec<Seen>,
    /// Offsets at which the other reading begins anew.
    pub(super) chunks: Vec<usize>,
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Nothing is read from here on.
    pub(super) end: usize,
    pub(super) place: Place,
    pub(super) depth: usize,
    /// Whether the other reading is asked; not while its own words are read.
    pub(super) asks: bool,
    /// Something did not balance: the text as a whole has to be cut roughly too.
    pub(super) broken: bool,
    /// A pattern like `@(a|b)` was read, which the grammar has only with `extglob`.
    pub(super) globs: bool,
    /// Subshells opened by `((`: the shell reads them twice, and a here-document in there the second time as commands.
    pub(super) doubled: bool,
    /// What the other reading may still cost.
    pub(super) allowance: usize,
    /// Bytes in which ends of arithmetic were looked for.
    pub(super) looked_ahead: usize,
    pub(super) faults: Vec<Fault>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, place: Place, depth: usize) -> Self {
        Self {
            text,
            at: 0,
            end: text.len(),
            place,
            depth,
            asks: true,
            broken: false,
            globs: false,
            doubled: false,
            allowance: check::allowance(text.len()),
            looked_ahead: 0,
            faults: Vec::new(),
        }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.slice(self.at..self.end)
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied().filter(|_| at < self.end)
    }

    pub(super) fn looking_at(&self, prefix: &str) -> bool {
        self.text.as_bytes().get(self.at..self.end).is_some_and(|rest| rest.starts_with(prefix.as_bytes()))
    }

    pub(super) fn eat(&mut self, prefix: &str) -> bool {
        let found = self.looking_at(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    /// Steps over one character, whatever it is.
    pub(super) fn bump(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }

    /// The place in the whole text of a range of this one.
    pub(super) fn span(&self, range: Range<usize>) -> Range<usize> {
        match &self.place {
            Place::At(base) => base + range.start..base + range.end,
            Place::Within(span) => span.clone(),
        }
    }

    pub(super) fn place_of(&self, at: usize) -> Option<usize> {
        match &self.place {
            Place::At(base) => Some(base + at),
            Place::Within(_) => None,
        }
    }

    pub(super) fn fault(&mut self, kind: FaultKind, range: Range<usize>) {
        let span = self.span(range);
        self.faults.push(Fault { kind, span });
    }

    /// Says that what began at an offset is not closed.
    pub(super) fn unclosed(&mut self, start: usize) {
        if !self.broken {
            self.fault(FaultKind::Unclosed, start..self.at);
        }
        self.broken = true;
    }

    /// Tells whether one more substitution may be followed.
    pub(super) fn may_go_deeper(&self) -> bool {
        self.depth < MAX_DEPTH
    }

    /// Steps over blanks, line continuations, and a comment.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\r') if self.ends_line() => self.at += 1,
                Some(b'\\') if self.eat("\\\n") || self.eat("\\\r\n") => {}
                Some(b'#') => {
                    self.at += memchr(b'\n', self.rest().as_bytes()).unwrap_or(self.end - self.at);
                    return;
                }
                _ => return,
            }
        }
    }

    pub(super) fn ends_line(&self) -> bool {
        matches!(self.byte(self.at + 1), None | Some(b'\n'))
    }

    /// Steps over blanks, comments and newlines; here-documents begin after a newline.
    pub(super) fn skip_lines(&mut self, scope: &mut Scope) {
        self.skip_blanks();
        while self.eat("\n") {
            self.heredoc_bodies(scope, Close::End);
            self.skip_blanks();
        }
    }

    /// Reads commands up to what closes them, which is left to be taken.
    pub(super) fn script(&mut self, close: Close) -> Script {
        let start = self.at;
        let outer = std::mem::take(&mut self.faults);
        let outer_globs = std::mem::take(&mut self.globs);
        let mut scope = Scope { chunks: vec![start], ..Scope::default() };
        self.commands(close, &mut scope);
        self.heredoc_bodies(&mut scope, close);
        if scope.broken || !scope.frames.is_empty() {
            self.unclosed(start);
        }
        self.check(start..self.at, &mut scope);
        if scope.pipes.is_full() {
            self.fault(FaultKind::TooLong, start..self.at);
        }
        self.globs |= outer_globs;
        scope.script.faults = std::mem::replace(&mut self.faults, outer);
        scope.script
    }

    fn commands(&mut self, close: Close, scope: &mut Scope) {
        loop {
            self.skip_blanks();
            let before = self.at;
            match self.peek() {
                None => return,
                Some(b'\n') => {
                    self.at += 1;
                    self.end_list(scope);
                    self.heredoc_bodies(scope, close);
                    self.mark_chunk(close, scope);
                }
                Some(b';') => self.semicolon(scope),
                Some(b'&') if !self.looking_at("&>") => {
                    let _ = self.eat("&&") || self.eat("&");
                    self.end_list(scope);
                }
                Some(b'|') => self.bar(scope),
                Some(b'(') => self.open_parenthesis(scope),
                Some(b')') => {
                    if self.close_parenthesis(close, scope) {
                        return;
                    }
                }
                Some(b'}') if close == Close::Brace && self.closes_brace(scope) => return,
                Some(_) => self.command(scope),
            }
            if self.at == before {
                // Nothing takes this character; without it the rest can be read.
                scope.broken = true;
                self.bump();
            }
        }
    }

    fn closes_brace(&self, scope: &Scope) -> bool {
        scope.frames.iter().all(|frame| frame.block != Block::Brace)
    }

    fn mark_chunk(&self, close: Close, scope: &mut Scope) {
        let open = close != Close::End || !scope.frames.is_empty() || scope.defined.is_some();
        let last = scope.chunks.last().copied().unwrap_or_default();
        if !open && self.at - last >= CHUNK {
            scope.chunks.push(self.at);
        }
    }

    fn semicolon(&mut self, scope: &mut Scope) {
        let next_pattern = self.eat(";;&") || self.eat(";;") || self.eat(";&");
        if !next_pattern {
            self.at += 1;
        }
        self.end_list(scope);
        if next_pattern {
            let is_block = |frame: &Frame| matches!(frame.block, Block::Case | Block::Subshell);
            match scope.frames.iter().rposition(is_block) {
                Some(at) if scope.frames.get(at).is_some_and(|frame| frame.block == Block::Case) => {
                    scope.broken |= at + 1 < scope.frames.len();
                    scope.frames.truncate(at + 1);
                    self.case_patterns(scope);
                }
                _ => scope.broken = true,
            }
        }
    }

    fn bar(&mut self, scope: &mut Scope) {
        if self.eat("||") {
            self.end_list(scope);
        } else {
            let _ = self.eat("|&") || self.eat("|");
            scope.pipes.pipe();
        }
        scope.closed = false;
        self.skip_lines(scope);
    }

    /// Ends a pipeline.
    pub(super) fn end_list(&self, scope: &mut Scope) {
        scope.pipes.end();
        scope.closed = false;
    }

    fn open_parenthesis(&mut self, scope: &mut Scope) {
        scope.broken |= scope.closed;
        let start = self.at;
        let end = if self.looking_at("((") { self.arithmetic_end(start + 2) } else { None };
        match end.filter(|end| !self.slice(start..*end).contains(';')) {
            Some(end) => {
                let word = self.arithmetic(start, start + 2..end);
                self.data(scope, start, vec![word]);
                self.after_compound(scope);
            }
            None => {
                self.doubled |= self.looking_at("((");
                self.at += 1;
                self.open(scope, Block::Subshell);
            }
        }
    }

    /// Takes a closing parenthesis, or tells that it closes the script.
    fn close_parenthesis(&mut self, close: Close, scope: &mut Scope) -> bool {
        let subshell = scope.frames.iter().any(|frame| frame.block == Block::Subshell);
        if !subshell && close == Close::Parenthesis {
            return true;
        }
        self.at += 1;
        self.close(scope, Block::Subshell);
        false
    }

    /// Begins a compound command.
    pub(super) fn open(&mut self, scope: &mut Scope, block: Block) {
        scope.coprocess = false;
        let function = scope.defined.take().or_else(|| function_of(scope));
        let outer = scope.pipes.enter();
        let first = scope.script.commands.len();
        scope.frames.push(Frame { block, first, function, outer });
        scope.closed = false;
    }

    /// Ends the innermost compound command of a kind; those in it that are still open make the text a broken one.
    pub(super) fn close(&mut self, scope: &mut Scope, block: Block) {
        let barrier = |frame: &Frame| frame.block == block || frame.block == Block::Subshell;
        let found = scope.frames.iter().rposition(barrier);
        let found = found.filter(|at| scope.frames.get(*at).is_some_and(|frame| frame.block == block));
        let Some(at) = found else {
            scope.broken = true;
            return self.end_list(scope);
        };
        scope.broken |= at + 1 < scope.frames.len();
        scope.frames.truncate(at + 1);
        if let Some(frame) = scope.frames.pop() {
            scope.pipes.leave(frame.outer);
            self.compound_redirects(scope, frame.first);
            scope.closed = true;
        }
    }

    /// Ends a compound command that has no commands in it.
    pub(super) fn after_compound(&mut self, scope: &mut Scope) {
        scope.defined = None;
        let first = scope.script.commands.len();
        self.compound_redirects(scope, first);
        scope.closed = true;
    }

    /// The redirections of a compound command are a command of their own, which the ones in it read.
    fn compound_redirects(&mut self, scope: &mut Scope, first: usize) {
        let start = self.at;
        let mut command = Command { kind: CommandKind::Data, ..Command::default() };
        while self.redirection(&mut command, scope) {}
        if command.redirects.is_empty() && !self.awaits_body(scope) {
            return;
        }
        let number = scope.script.commands.len();
        command.span = self.span(start..self.at);
        self.push(scope, command);
        scope.pipes.feed(&mut scope.script.commands, first..number, number);
    }

    pub(super) fn awaits_body(&self, scope: &Scope) -> bool {
        scope.pending.iter().any(|pending| pending.command == scope.script.commands.len())
    }

    pub(super) fn data(&mut self, scope: &mut Scope, start: usize, words: Vec<Word>) {
        let span = self.span(start..self.at);
        self.push(scope, Command { span, words, kind: CommandKind::Data, ..Command::default() });
    }

    pub(super) fn push(&mut self, scope: &mut Scope, mut command: Command) {
        command.reads = scope.pipes.add();
        command.function = scope.defined.clone().or_else(|| function_of(scope));
        scope.script.commands.push(command);
    }
}

impl Reader<'_> {
    /// Reads text that does not stand in this one as it is, but somewhere in a range of it.
    pub(super) fn elsewhere<T>(
        &mut self,
        text: &str,
        range: Range<usize>,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> T {
        let mut reader = Reader::new(text, Place::Within(self.span(range)), self.depth);
        reader.asks = self.asks;
        reader.allowance = self.allowance;
        reader.looked_ahead = self.looked_ahead;
        let result = read(&mut reader);
        self.allowance = reader.allowance;
        self.looked_ahead = reader.looked_ahead;
        self.broken |= reader.broken;
        self.faults.append(&mut reader.faults);
        result
    }
}

fn function_of(scope: &Scope) -> Option<String> {
    scope.frames.last().and_then(|frame| frame.function.clone())
}

/// A function's name as it is kept with its commands.
pub(super) fn short_name(name: &str) -> String {
    name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or_default().to_owned()
}

pub(super) fn memchr(wanted: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == wanted)
}
