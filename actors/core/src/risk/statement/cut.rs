//! Cuts the tokens of a text into statements and commands of the client, as the clients do.

use std::ops::Range;

use super::lex::{Kind, Lexed, Reading, Token};

/// A statement, or a line that the client itself carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Places in the list of tokens, never empty.
    Statement(Range<usize>),
    /// Bytes of the text, from the mark or the first word to the end of the line.
    Command(Range<usize>),
}

/// First words of lines that mysql carries out itself.
const MYSQL_WORDS: &[&str] = &["system", "source", "tee", "pager", "edit", "delimiter"];
/// First words of lines that SQL*Plus carries out itself.
const ORACLE_WORDS: &[&str] = &["host", "spool", "start", "edit", "get", "save"];
/// What makes `start` a statement.
const STARTED: &[&str] = &["transaction", "slave", "replica", "group_replication"];
/// Commands of mysql, by their one letter, that take the rest of the line.
const LONG_BACKSLASHES: &str = "!.durToPR";

/// Cuts a text.
pub(super) fn cut(text: &str, lexed: &Lexed, reading: Reading) -> Vec<Part> {
    let mut cutter = Cutter {
        text,
        tokens: &lexed.tokens,
        reading,
        parts: Vec::new(),
        from: 0,
        at: 0,
        delimiter: None,
        line_end: 0,
    };
    while let Some(token) = cutter.token(0) {
        cutter.step(token);
    }
    cutter.end_statement(0);
    cutter.parts
}

struct Cutter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    reading: Reading,
    parts: Vec<Part>,
    /// Where the statement began.
    from: usize,
    at: usize,
    delimiter: Option<&'a str>,
    /// The end of the line that was looked at last.
    line_end: usize,
}

impl<'a> Cutter<'a> {
    fn token(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn slice(&self, token: Token) -> &'a str {
        self.text.get(token.from..token.to).unwrap_or_default()
    }

    fn step(&mut self, token: Token) {
        let begins = self.from == self.at;
        let sign = if token.kind == Kind::Sign { self.slice(token) } else { "" };
        let ahead = self.text.get(token.from..).unwrap_or_default();
        if sign == ";" {
            self.end_statement(1);
        } else if sign == "\\" {
            self.backslash(token);
        } else if let Some(delimiter) = self.delimiter.filter(|delimiter| ahead.starts_with(delimiter)) {
            let end = token.from + delimiter.len();
            let tokens = self.tokens.iter().skip(self.at).take_while(|token| token.from < end).count();
            self.end_statement(tokens);
        } else if self.is_alone(token) && (sign == "/" || self.slice(token).eq_ignore_ascii_case("go")) {
            self.end_statement(1);
        } else if self.begins_line() && self.is_command(token, begins) {
            self.set_delimiter(token);
            self.command(token, "\n");
        } else {
            self.at += 1;
        }
    }

    /// Ends the statement before this place and goes on behind some tokens.
    fn end_statement(&mut self, tokens: usize) {
        if self.from < self.at {
            self.parts.push(Part::Statement(self.from..self.at));
        }
        self.at += tokens;
        self.from = self.at;
    }

    /// Takes a command of the client, up to a mark or the end of the line.
    fn command(&mut self, token: Token, mark: &str) {
        self.end_statement(0);
        let ahead = self.text.get(token.from..).unwrap_or_default();
        if self.line_end <= token.from {
            self.line_end = token.from + ahead.find(['\n', '\r']).unwrap_or(ahead.len());
        }
        let line = self.line_end - token.from;
        // The mark is looked for behind the command's own first signs.
        let marked = ahead.get(2..line).and_then(|rest| rest.find(mark)).map_or(line, |at| at + 2);
        let end = token.from + marked;
        self.parts.push(Part::Command(token.from..end));
        while self.token(0).is_some_and(|token| token.from < end) {
            self.at += 1;
        }
        self.from = self.at;
    }

    /// `\` outside of quotes: psql takes the line, mysql mostly one letter.
    fn backslash(&mut self, token: Token) {
        let next = self.text.get(token.to..).and_then(|rest| rest.chars().next());
        if self.reading == Reading::MySql && !next.is_some_and(|letter| LONG_BACKSLASHES.contains(letter)) {
            let end = token.to + next.map_or(0, char::len_utf8);
            let tokens = self.tokens.iter().skip(self.at).take_while(|token| token.to <= end).count();
            return self.end_statement(tokens.max(1));
        }
        self.command(token, "\\\\");
    }

    /// Only blanks stand before it in its line.
    fn begins_line(&self) -> bool {
        let Some(token) = self.token(0) else { return false };
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |before| before.to);
        before == 0 || self.text.get(before..token.from).is_some_and(|between| between.contains(['\n', '\r']))
    }

    /// Nothing else stands in its line.
    fn is_alone(&self, token: Token) -> bool {
        let next = self.token(1).map_or(self.text.len(), |next| next.from);
        let after = self.text.get(token.to..next).unwrap_or_default();
        self.begins_line() && (next == self.text.len() || after.contains(['\n', '\r']))
    }

    fn is_command(&self, token: Token, begins: bool) -> bool {
        let word = self.slice(token);
        let glued = self.token(1).filter(|next| next.from == token.to);
        match word {
            "." => begins && glued.is_some_and(|next| next.kind == Kind::Word),
            ":" => self.reading == Reading::Mssql && glued.is_some(),
            "!" => begins && matches!(self.reading, Reading::Oracle | Reading::Mssql),
            _ if token.kind != Kind::Word || !begins => false,
            _ if word.starts_with('@') => self.reading == Reading::Oracle,
            _ => {
                let words = match self.reading {
                    Reading::MySql => MYSQL_WORDS,
                    Reading::Oracle => ORACLE_WORDS,
                    Reading::Postgres | Reading::Mssql | Reading::Sqlite | Reading::Warehouse => return false,
                };
                let lower = word.to_ascii_lowercase();
                let next = self.token(1).map(|next| self.slice(next).to_ascii_lowercase()).unwrap_or_default();
                words.contains(&lower.as_str()) && !(lower == "start" && STARTED.contains(&next.as_str()))
            }
        }
    }

    fn set_delimiter(&mut self, token: Token) {
        if self.slice(token).eq_ignore_ascii_case("delimiter") {
            let line = self.text.get(token.to..).and_then(|rest| rest.lines().next());
            self.delimiter = line.and_then(|line| line.split_whitespace().next()).filter(|mark| *mark != ";");
        }
    }
}
