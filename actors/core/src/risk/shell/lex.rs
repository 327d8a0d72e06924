//! Cuts shell text into commands and words as far as quotes, separators, redirections and substitutions go.
//!
//! Not a parser: compound commands are cut at their parentheses and separators, and what is inside a substitution is
//! handed back as a range to be read the same way. What does not balance is said to be broken, never guessed away.

use std::ops::Range;

use super::balance;

/// A word after quote removal; substitutions stay in it as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Range<usize>,
    /// Holds a parameter or a substitution: what it will be is not known here.
    pub(super) dynamic: bool,
    /// Holds an unquoted glob or brace: may become other words.
    pub(super) glob: bool,
    quoted: bool,
}

/// What a redirection does with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Read,
    Write,
    /// The target is the input itself: here-string or heredoc body.
    Here,
}

/// One command: its words, its redirections, and whether it reads from the command before it.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<(Flow, Word)>,
    pub(super) piped: bool,
}

/// A text cut into commands.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    /// What stands inside `$( )`, backticks, `<( )` and `>( )`.
    pub(super) inner: Vec<Range<usize>>,
    /// A quote or a bracket is not closed, so the cut is not to be trusted.
    pub(super) broken: bool,
}

#[derive(Clone, Copy)]
enum Target {
    File(Flow),
    Duplicate,
    Heredoc { tabs_stripped: bool },
}

struct Heredoc {
    command: usize,
    delimiter: String,
    tabs_stripped: bool,
    literal: bool,
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    script: Script,
    command: Command,
    word: Option<Word>,
    target: Option<Target>,
    heredocs: Vec<Heredoc>,
    open: usize,
}

/// Cuts a text into commands.
pub(super) fn read(text: &str) -> Script {
    let mut lexer = Lexer {
        text,
        at: 0,
        script: Script::default(),
        command: Command::default(),
        word: None,
        target: None,
        heredocs: Vec::new(),
        open: 0,
    };
    while let Some(character) = lexer.bump() {
        lexer.step(character);
    }
    lexer.end_command(false);
    lexer.script.broken |= lexer.open > 0 || !lexer.heredocs.is_empty();
    lexer.script
}

/// Cuts a text at everything that could separate commands, quoted or not: the second look at a broken text.
pub(super) fn rough(text: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut start = 0;
    for piece in text.split([';', '|', '&', '\n', '(', ')', '`']) {
        let mut parts = piece.split('>');
        let words = rough_words(parts.next().unwrap_or_default(), start..start + piece.len());
        let targets = parts.filter_map(|part| rough_words(part, start..start + piece.len()).into_iter().next());
        let redirects = targets.map(|target| (Flow::Write, target)).collect();
        commands.push(Command { words, redirects, piped: false });
        start += piece.len() + 1;
    }
    commands
}

fn rough_words(piece: &str, span: Range<usize>) -> Vec<Word> {
    let words =
        piece.split_whitespace().map(|word| word.replace(['\'', '"', '\\'], "")).filter(|word| !word.is_empty());
    words.map(|text| Word { dynamic: text.contains('$'), text, span: span.clone(), ..Word::default() }).collect()
}

impl<'t> Lexer<'t> {
    fn step(&mut self, character: char) {
        match character {
            ' ' | '\t' | '\r' => self.end_word_before(1),
            '\n' => {
                self.end_word_before(1);
                self.end_command(false);
                self.heredoc_bodies();
            }
            '#' if self.word.is_none() => self.skip_line(),
            ';' | '&' | '|' | '(' | ')' => self.operator(character),
            '<' | '>' => self.redirection(character),
            '\'' => self.single_quoted(),
            '"' => self.double_quoted(),
            '\\' => self.escaped(),
            '$' | '`' => self.expansion(character, false),
            '*' | '?' | '[' | '{' => {
                self.push(character).glob = true;
            }
            other => {
                self.push(other);
            }
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    /// Gives the word being read, or begins one at an offset.
    fn word(&mut self, start: usize) -> &mut Word {
        self.word.get_or_insert_with(|| Word { span: start..start, ..Word::default() })
    }

    fn push(&mut self, character: char) -> &mut Word {
        let word = self.word(self.at - character.len_utf8());
        word.text.push(character);
        word
    }

    fn end_word(&mut self) {
        let Some(mut word) = self.word.take() else { return };
        word.span.end = self.at.max(word.span.start);
        match self.target.take() {
            None => self.command.words.push(word),
            Some(Target::File(flow)) => self.command.redirects.push((flow, word)),
            Some(Target::Duplicate) if is_descriptor(&word.text) => {}
            Some(Target::Duplicate) => self.command.redirects.push((Flow::Write, word)),
            Some(Target::Heredoc { tabs_stripped }) => {
                let command = self.script.commands.len();
                self.heredocs.push(Heredoc { command, delimiter: word.text, tabs_stripped, literal: word.quoted });
            }
        }
    }

    fn end_command(&mut self, pipe: bool) {
        self.end_word();
        self.target = None;
        let awaited = self.heredocs.iter().any(|heredoc| heredoc.command == self.script.commands.len());
        let command = std::mem::replace(&mut self.command, Command { piped: pipe, ..Command::default() });
        if awaited || !command.words.is_empty() || !command.redirects.is_empty() {
            self.script.commands.push(command);
        } else {
            // A newline or a bracket after a pipe does not end the pipeline.
            self.command.piped |= command.piped;
        }
    }

    fn operator(&mut self, character: char) {
        self.end_word_before(1);
        match character {
            '&' if self.eat(">>") || self.eat(">") => self.target = Some(Target::File(Flow::Write)),
            '|' if self.eat("|") => self.end_command(false),
            '|' => {
                self.eat("&");
                self.end_command(true);
            }
            '(' => {
                self.open += 1;
                self.end_command(self.command.piped && self.command.words.is_empty());
            }
            ')' => {
                self.script.broken |= self.open == 0;
                self.open = self.open.saturating_sub(1);
                self.end_command(false);
            }
            _ => self.end_command(false),
        }
    }

    /// Ends the word at a character that has been taken already and is not part of it.
    fn end_word_before(&mut self, taken: usize) {
        self.at -= taken;
        self.end_word();
        self.at += taken;
    }

    fn redirection(&mut self, character: char) {
        if self.word.as_ref().is_some_and(|word| !word.quoted && word.text.bytes().all(|byte| byte.is_ascii_digit())) {
            self.word = None;
        }
        if self.peek() == Some('(') {
            return self.expansion(character, false);
        }
        self.end_word_before(1);
        self.target = Some(match character {
            '<' if self.eat("<<") => Target::File(Flow::Here),
            '<' if self.eat("<-") => Target::Heredoc { tabs_stripped: true },
            '<' if self.eat("<") => Target::Heredoc { tabs_stripped: false },
            '<' if self.eat("&") => Target::Duplicate,
            '<' if self.eat(">") => Target::File(Flow::Write),
            '<' => Target::File(Flow::Read),
            _ if self.eat("&") => Target::Duplicate,
            _ => {
                let _ = self.eat(">") || self.eat("|");
                Target::File(Flow::Write)
            }
        });
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn escaped(&mut self) {
        match self.bump() {
            Some('\n') => {}
            Some('\r') if self.eat("\n") => {}
            Some(character) => {
                let start = self.at - 1 - character.len_utf8();
                self.word(start).quoted = true;
                self.push(character);
            }
            None => self.script.broken = true,
        }
    }

    fn single_quoted(&mut self) {
        let start = self.at;
        self.word(start - 1).quoted = true;
        let end = self.rest().find('\'').map(|length| start + length);
        self.script.broken |= end.is_none();
        let content = self.text.get(start..end.unwrap_or(self.text.len())).unwrap_or_default();
        self.at = start + content.len() + end.map_or(0, |_| 1);
        self.word(start).text.push_str(content);
    }

    fn double_quoted(&mut self) {
        self.word(self.at - 1).quoted = true;
        while let Some(character) = self.bump() {
            match character {
                '"' => return,
                '\\' => match self.peek() {
                    Some('\n') => self.at += 1,
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => {
                        self.at += 1;
                        self.push(escaped);
                    }
                    _ => {
                        self.push('\\');
                    }
                },
                '$' | '`' => self.expansion(character, true),
                other => {
                    self.push(other);
                }
            }
        }
        self.script.broken = true;
    }

    /// Reads what a `$`, a backtick or a `<(` starts; its first character has been taken.
    fn expansion(&mut self, character: char, in_quotes: bool) {
        let start = self.at - 1;
        match (character, self.peek()) {
            ('$', Some('\'')) if !in_quotes => return self.ansi_quoted(),
            ('$', Some('"')) if !in_quotes => return,
            ('$', Some('{')) => self.parameter(),
            ('`', _) => self.inside(balance::backtick),
            (_, Some('(')) => {
                self.at += 1;
                self.inside(balance::parenthesis);
            }
            ('$', Some(next)) if next.is_alphanumeric() || "_@*#?$!-".contains(next) => self.name(),
            _ => {
                self.push(character);
                return;
            }
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        if !in_quotes && is_field_separator(raw) {
            return self.end_word_before(raw.len());
        }
        let word = self.word(start);
        word.dynamic = true;
        word.text.push_str(raw);
    }

    fn name(&mut self) {
        let name =
            self.rest().find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(self.rest().len());
        // `$@`, `$?` and their like are one character long.
        let single = self.peek().map_or(0, char::len_utf8);
        self.at += name.max(single);
    }

    /// Steps over the inside of a substitution and notes it down for being read itself.
    fn inside(&mut self, end_of: fn(&str) -> Option<usize>) {
        let start = self.at;
        match end_of(self.rest()) {
            Some(length) => {
                self.at += length + 1;
                self.note(start..start + length);
            }
            None => {
                self.script.broken = true;
                self.at = self.text.len();
                self.note(start..self.at);
            }
        }
    }

    /// Arithmetic runs nothing itself; only what is substituted inside it does.
    fn note(&mut self, range: Range<usize>) {
        let inside = self.text.get(range.clone()).unwrap_or_default();
        let bracketed = inside.strip_prefix('(').and_then(balance::parenthesis);
        if bracketed.is_some_and(|length| length + 2 == inside.len()) {
            self.substitutions(range);
        } else {
            self.script.inner.push(range);
        }
    }

    fn parameter(&mut self) {
        let start = self.at + 1;
        let length = balance::brace(self.text.get(start..).unwrap_or_default());
        self.script.broken |= length.is_none();
        let end = length.map_or(self.text.len(), |length| start + length);
        self.substitutions(start..end);
        self.at = (end + 1).min(self.text.len());
    }

    /// Notes down the substitutions in a stretch of text that is otherwise data.
    fn substitutions(&mut self, range: Range<usize>) {
        let inside = self.text.get(range.clone()).unwrap_or_default();
        for (start, length) in balance::substitutions(inside) {
            let start = range.start + start;
            self.script.inner.push(start..start + length);
        }
    }

    fn ansi_quoted(&mut self) {
        let start = self.at - 1;
        self.at += 1;
        let (decoded, length) = balance::ansi_quoted(self.rest());
        self.script.broken |= length.is_none();
        self.at = length.map_or(self.text.len(), |length| self.at + length);
        let word = self.word(start);
        word.quoted = true;
        word.text.push_str(&decoded);
    }

    fn heredoc_bodies(&mut self) {
        for heredoc in std::mem::take(&mut self.heredocs) {
            let start = self.at;
            let end = self.heredoc_end(&heredoc);
            if !heredoc.literal {
                self.substitutions(start..end);
            }
            let text = self.text.get(start..end).unwrap_or_default().to_owned();
            let word = Word { text, span: start..end, quoted: true, ..Word::default() };
            if let Some(command) = self.script.commands.get_mut(heredoc.command) {
                command.redirects.push((Flow::Here, word));
            }
        }
    }

    /// Moves behind the delimiter line and gives the end of the body before it.
    fn heredoc_end(&mut self, heredoc: &Heredoc) -> usize {
        loop {
            let start = self.at;
            let line = self.rest().split('\n').next().unwrap_or_default();
            self.at = (start + line.len() + 1).min(self.text.len());
            let bare = if heredoc.tabs_stripped { line.trim_start_matches('\t') } else { line };
            if bare.trim_end_matches('\r') == heredoc.delimiter {
                return start;
            }
            if self.at >= self.text.len() {
                self.script.broken = true;
                return self.text.len();
            }
        }
    }
}

fn is_descriptor(text: &str) -> bool {
    text == "-" || text.trim_end_matches('-').bytes().all(|byte| byte.is_ascii_digit())
}

/// An unquoted `$IFS` separates words as a blank does.
fn is_field_separator(raw: &str) -> bool {
    raw == "$IFS" || raw.strip_prefix("${IFS").is_some_and(|rest| rest.starts_with(['}', ':', '%', '#', '/']))
}

#[cfg(test)]
mod tests;
