//! Reserved words, and the heads of compound commands.

use super::{
    Command, CommandKind, Piece, Word,
    reader::{Block, Reader, Scope, short_name},
    word::Stop,
};

impl Reader<'_> {
    /// Reads what stands at the beginning of a command: a reserved word, or a simple command.
    pub(super) fn command(&mut self, scope: &mut Scope) {
        let start = self.at;
        let word = self.bare_word();
        self.at = start + word.len();
        if !self.reserved(word, start, scope) {
            self.at = start;
            scope.broken |= scope.closed;
            scope.closed = false;
            self.simple(scope);
        }
    }

    /// The word here if it is written plainly; reserved words are only such.
    pub(super) fn bare_word(&self) -> &'static str {
        const RESERVED: &[&str] = &[
            "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "for", "select", "case", "esac", "{",
            "}", "!", "[[", "function", "time", "coproc",
        ];
        let is_here = |word: &&&str| self.looking_at(word) && ends_word(self.byte(self.at + word.len()));
        RESERVED.iter().find(is_here).copied().unwrap_or_default()
    }

    /// Reads what a reserved word (taken already) begins; tells whether it was one.
    fn reserved(&mut self, word: &str, start: usize, scope: &mut Scope) -> bool {
        match word {
            "if" => self.open_after_closed(scope, Block::If),
            "while" | "until" => self.open_after_closed(scope, Block::Loop),
            "then" | "elif" | "else" => {
                scope.broken |= !scope.frames.last().is_some_and(|frame| frame.block == Block::If);
                self.end_list(scope);
            }
            "do" => self.loop_body(scope),
            "fi" => self.close(scope, Block::If),
            "done" => self.close(scope, Block::Loop),
            "esac" => self.close(scope, Block::Case),
            "{" => self.open_brace(scope),
            "}" => self.close(scope, Block::Brace),
            "!" => {}
            "time" => return self.time(),
            "coproc" => {
                scope.coprocess = true;
                self.coproc_name();
            }
            "for" | "select" => self.loop_head(start, scope),
            "case" => self.case_head(start, scope),
            "function" => self.function(start, scope),
            "[[" => self.test(start, scope),
            _ => return false,
        }
        true
    }

    fn open_after_closed(&mut self, scope: &mut Scope, block: Block) {
        scope.broken |= scope.closed;
        self.open(scope, block);
    }

    fn open_brace(&mut self, scope: &mut Scope) {
        match scope.frames.last_mut() {
            Some(frame) if frame.block == Block::Head => frame.block = Block::Brace,
            _ => self.open_after_closed(scope, Block::Brace),
        }
    }

    fn loop_body(&mut self, scope: &mut Scope) {
        match scope.frames.last_mut() {
            Some(frame) if frame.block == Block::Head => frame.block = Block::Loop,
            Some(frame) if frame.block == Block::Loop => {}
            _ => scope.broken = true,
        }
        self.end_list(scope);
    }

    /// `time` with options that the shell does not know is a program.
    fn time(&mut self) -> bool {
        let start = self.at;
        self.skip_blanks();
        let _ = self.eat("-p") && self.ends_here();
        self.skip_blanks();
        let _ = self.eat("-- ");
        if self.peek() == Some(b'-') {
            self.at = start;
            return false;
        }
        true
    }

    fn ends_here(&self) -> bool {
        ends_word(self.peek())
    }

    /// A coprocess has a name only before a compound command.
    fn coproc_name(&mut self) {
        self.skip_blanks();
        let start = self.at;
        self.at += name_length(self.rest());
        self.skip_blanks();
        let compound = matches!(self.bare_word(), "if" | "while" | "until" | "for" | "select" | "case" | "{" | "[[");
        if self.at == start || !compound && self.peek() != Some(b'(') {
            self.at = start;
        }
    }

    fn loop_head(&mut self, start: usize, scope: &mut Scope) {
        scope.broken |= scope.closed;
        self.skip_blanks();
        if self.looking_at("((") {
            self.arithmetic_loop(start, scope);
        } else {
            self.named_loop(start, scope);
        }
        self.open(scope, Block::Head);
    }

    fn arithmetic_loop(&mut self, start: usize, scope: &mut Scope) {
        let open = self.at;
        let Some(end) = self.arithmetic_end(open + 2) else {
            scope.broken = true;
            return;
        };
        let word = self.arithmetic(open, open + 2..end);
        self.data(scope, start, vec![word]);
    }

    fn named_loop(&mut self, start: usize, scope: &mut Scope) {
        let name = self.word(Stop::Blank);
        let variable = name.first().and_then(plain_text).unwrap_or_default();
        scope.broken |= variable.is_empty();
        self.skip_lines(scope);
        let words = if self.looking_at("in") && ends_word(self.byte(self.at + 2)) {
            self.at += 2;
            self.words(scope)
        } else {
            let pieces = vec![Piece::Variable { name: "@".to_owned(), quoted: true, default: None }];
            vec![Word { span: self.span(self.at..self.at), pieces }]
        };
        let kind = CommandKind::Loop { variable };
        let span = self.span(start..self.at);
        self.push(scope, Command { span, words, kind, ..Command::default() });
    }

    /// Reads words up to the end of the line or of the command.
    fn words(&mut self, scope: &mut Scope) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            let before = self.at;
            match self.peek() {
                None | Some(b'\n' | b';') => return words,
                Some(_) => words.extend(self.expanded_word(Stop::Blank)),
            }
            if self.at == before {
                scope.broken = true;
                return words;
            }
        }
    }

    fn case_head(&mut self, start: usize, scope: &mut Scope) {
        scope.broken |= scope.closed;
        self.skip_blanks();
        let words = self.word(Stop::Blank);
        self.data(scope, start, words);
        self.open(scope, Block::Case);
        self.skip_lines(scope);
        if self.looking_at("in") && ends_word(self.byte(self.at + 2)) {
            self.at += 2;
            self.case_patterns(scope);
        } else {
            scope.broken = true;
        }
    }

    /// Reads the patterns before a case's commands, or its end.
    pub(super) fn case_patterns(&mut self, scope: &mut Scope) {
        self.skip_lines(scope);
        if self.bare_word() == "esac" {
            return; // The list of commands ends the case.
        }
        let start = self.at;
        let _ = self.eat("(");
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            let before = self.at;
            words.extend(self.word(Stop::Blank));
            self.skip_blanks();
            if self.eat(")") {
                break;
            }
            if !self.eat("|") || self.at == before {
                scope.broken = true;
                break;
            }
        }
        words.retain(|word| plain_text(word).is_none());
        if !words.is_empty() {
            self.data(scope, start, words);
        }
        self.end_list(scope);
    }

    fn function(&mut self, start: usize, scope: &mut Scope) {
        scope.broken |= scope.closed;
        self.skip_blanks();
        let words = self.word(Stop::Blank);
        self.skip_blanks();
        if self.eat("(") {
            self.skip_blanks();
            scope.broken |= !self.eat(")");
        }
        self.define(start, words, scope);
    }

    /// Notes down a definition; the compound command that comes next is its body.
    pub(super) fn define(&mut self, start: usize, words: Vec<Word>, scope: &mut Scope) {
        let name = words.first().map(|word| short_name(&self.text_of(word))).unwrap_or_default();
        let kind = CommandKind::Define { name: name.clone() };
        let span = self.span(start..self.at);
        self.push(scope, Command { span, words, kind, ..Command::default() });
        scope.defined = Some(name);
        self.skip_lines(scope);
    }

    fn text_of(&self, word: &Word) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Literal { text, .. } => text.clone(),
            Piece::Variable { name, .. } => format!("${name}"),
            Piece::Unknown { raw, .. } => raw.clone(),
            Piece::Substitution { .. } => "$()".to_owned(),
        };
        word.pieces.iter().map(text).collect()
    }

    /// Reads `[[ … ]]` after its opening.
    fn test(&mut self, start: usize, scope: &mut Scope) {
        scope.broken |= scope.closed;
        let mut words = Vec::new();
        loop {
            self.skip_lines(scope);
            if self.looking_at("]]") && ends_word(self.byte(self.at + 2)) {
                self.at += 2;
                break;
            }
            match self.peek() {
                None => {
                    scope.broken = true;
                    break;
                }
                Some(b'<' | b'>') if self.byte(self.at + 1) == Some(b'(') => words.extend(self.word(Stop::Blank)),
                Some(b'(' | b')' | b'<' | b'>' | b'&' | b'|' | b';') => self.at += 1,
                Some(b'=') if self.eat("=~") => {
                    self.skip_blanks();
                    words.extend(self.word(Stop::Pattern));
                }
                Some(_) => words.extend(self.word(Stop::Blank)),
            }
        }
        self.data(scope, start, words);
        self.after_compound(scope);
    }
}

/// The text of a word that is nothing but text.
pub(super) fn plain_text(word: &Word) -> Option<String> {
    let text = |piece: &Piece| match piece {
        Piece::Literal { text, .. } => Some(text.clone()),
        Piece::Variable { .. } | Piece::Substitution { .. } | Piece::Unknown { .. } => None,
    };
    word.pieces.iter().map(text).collect()
}

/// Length of the variable name at the beginning of a text.
pub(super) fn name_length(text: &str) -> usize {
    match text.as_bytes() {
        [first, ..] if first.is_ascii_digit() => 0,
        bytes => bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count(),
    }
}

/// Tells whether a reserved word ends before a byte.
fn ends_word(next: Option<u8>) -> bool {
    matches!(next, None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>'))
}
