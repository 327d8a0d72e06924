//! Cuts SQL text into words, texts and signs, the way one kind of database reads it.
//!
//! What ends a comment or a text differs between databases, and what is a comment for one is code for another. So a
//! text whose database is not known is read in each way.

use super::Dialect;

/// How one kind of database writes comments, texts and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Comments nest, `$$` and `E'…'` hold text.
    Postgres,
    /// `#` begins a comment and `--` only before a blank; backslashes escape; `"` holds text; `/*! */` is code.
    MySql,
    /// Comments nest, `[…]` holds a name.
    Mssql,
    /// `[…]` and backticks hold names, comments do not nest.
    Sqlite,
    /// `q'[…]'` holds text.
    Oracle,
    /// Backslashes escape, backticks hold names, `#` and `//` begin comments: ClickHouse, BigQuery, Hive, Snowflake.
    Warehouse,
}

impl Reading {
    /// The ways in which a text may be read by the databases of a dialect.
    pub(super) const fn of(dialect: Dialect) -> &'static [Self] {
        match dialect {
            Dialect::Generic => &[Self::Postgres, Self::MySql, Self::Mssql, Self::Oracle],
            Dialect::Postgres => &[Self::Postgres],
            Dialect::Mysql => &[Self::MySql],
            Dialect::Mssql => &[Self::Mssql],
            Dialect::Sqlite => &[Self::Sqlite],
            Dialect::Oracle => &[Self::Oracle],
            Dialect::Duckdb => &[Self::Postgres],
            Dialect::Clickhouse | Dialect::Bigquery | Dialect::Hive | Dialect::Snowflake => &[Self::Warehouse],
        }
    }

    const fn escapes(self) -> bool {
        matches!(self, Self::MySql | Self::Warehouse)
    }

    const fn nests(self) -> bool {
        matches!(self, Self::Postgres | Self::Mssql)
    }

    const fn has_bracket_names(self) -> bool {
        matches!(self, Self::Mssql | Self::Sqlite)
    }

    const fn has_backtick_names(self) -> bool {
        matches!(self, Self::MySql | Self::Sqlite | Self::Warehouse)
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, a name or a number.
    Word,
    /// A name in quotes.
    Name,
    /// A text in quotes.
    Text,
    /// One character of anything else.
    Sign,
}

/// A token and the bytes where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A text, cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    /// The text with blanks in place of comments; every byte that is left stands where it stood.
    pub(super) clean: String,
    /// Every quote and every comment is closed.
    pub(super) closed: bool,
}

/// Cuts a text. Takes time in proportion to its length.
pub(super) fn lex(text: &str, reading: Reading) -> Lexed {
    let mut lexer =
        Lexer { text, reading, at: 0, tokens: Vec::new(), comments: Vec::new(), closed: true, in_code: false };
    while lexer.step() {}
    lexer.closed &= !lexer.in_code;
    let clean = blanked(text, &lexer.comments);
    Lexed { tokens: lexer.tokens, clean, closed: lexer.closed }
}

/// Puts blanks in place of some ranges, which are in order and do not overlap; keeps the ends of lines.
fn blanked(text: &str, ranges: &[(usize, usize)]) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for &(from, to) in ranges {
        clean.push_str(text.get(done..from).unwrap_or_default());
        let comment = text.get(from..to).unwrap_or_default();
        clean.extend(comment.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        done = to;
    }
    clean.push_str(text.get(done..).unwrap_or_default());
    clean
}

struct Lexer<'a> {
    text: &'a str,
    reading: Reading,
    at: usize,
    tokens: Vec<Token>,
    comments: Vec<(usize, usize)>,
    closed: bool,
    /// Inside `/*! … */`.
    in_code: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return false };
        let length = first.len_utf8();
        if first.is_whitespace() {
            self.at += length;
        } else if !self.comment() && !self.quoted(first) {
            let (kind, length) = match word_length(rest, self.reading) {
                0 => (Kind::Sign, length),
                // A command of mysql is one letter; what follows is the next statement.
                _ if self.reading == Reading::MySql && self.follows_backslash() => (Kind::Word, length),
                word => (Kind::Word, word),
            };
            self.push(kind, length);
        }
        true
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let to = (self.at + length).min(self.text.len());
        self.tokens.push(Token { kind, from: self.at, to });
        self.at = to;
    }

    fn skip(&mut self, length: Option<usize>) -> bool {
        self.closed &= length.is_some();
        let to = length.map_or(self.text.len(), |length| (self.at + length).min(self.text.len()));
        self.comments.push((self.at, to));
        self.at = to;
        true
    }

    /// Skips a comment, or the marks around code that looks like one.
    fn comment(&mut self) -> bool {
        let rest = self.rest();
        let mysql = self.reading == Reading::MySql;
        if begins_line_comment(rest, self.reading) {
            // Where a return alone does not end a line, what follows it is still in the comment.
            let ends: &[char] = match self.reading {
                Reading::Postgres | Reading::Mssql => &['\n', '\r'],
                Reading::MySql | Reading::Sqlite | Reading::Oracle | Reading::Warehouse => &['\n'],
            };
            let length = rest.find(ends).unwrap_or(rest.len());
            return self.skip(Some(length));
        }
        if mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
            let mark = rest.find('!').map_or(3, |at| at + 1);
            let digits = rest.bytes().skip(mark).take_while(u8::is_ascii_digit).count();
            self.in_code = true;
            return self.skip(Some(mark + digits));
        }
        if self.in_code && rest.starts_with("*/") {
            self.in_code = false;
            return self.skip(Some(2));
        }
        if rest.starts_with("/*") {
            let length = comment_length(rest, self.reading.nests());
            return self.skip(length);
        }
        false
    }

    fn quoted(&mut self, first: char) -> bool {
        let reading = self.reading;
        let rest = self.rest();
        let (kind, length) = match first {
            '\'' => match self.oracle_quote() {
                Some(length) => (Kind::Text, length),
                None => (Kind::Text, quoted_length(rest, '\'', reading.escapes() || self.follows_e())),
            },
            '"' if reading == Reading::MySql => (Kind::Text, quoted_length(rest, '"', true)),
            '"' => (Kind::Name, quoted_length(rest, '"', reading == Reading::Warehouse)),
            '`' if reading.has_backtick_names() => (Kind::Name, quoted_length(rest, '`', false)),
            '[' if reading.has_bracket_names() => (Kind::Name, quoted_length(rest, ']', false)),
            '$' if reading == Reading::Postgres => match dollar_quote(rest) {
                Some(length) => (Kind::Text, length),
                None => return false,
            },
            _ => return false,
        };
        self.closed &= length.is_some();
        self.push(kind, length.unwrap_or(self.text.len()));
        true
    }

    /// The last token, if the quote here is glued to it.
    fn glued_word(&self) -> Option<&str> {
        let last = self.tokens.last().filter(|last| last.kind == Kind::Word && last.to == self.at)?;
        self.text.get(last.from..last.to)
    }

    fn follows_backslash(&self) -> bool {
        self.text.get(..self.at).is_some_and(|before| before.ends_with('\\'))
    }

    fn follows_e(&self) -> bool {
        self.reading == Reading::Postgres && self.glued_word().is_some_and(|word| word.eq_ignore_ascii_case("e"))
    }

    /// The length of the quoted part of `q'[…]'`, if this is one.
    fn oracle_quote(&self) -> Option<Option<usize>> {
        let word = self.glued_word().filter(|_| self.reading == Reading::Oracle)?;
        if !word.eq_ignore_ascii_case("q") && !word.eq_ignore_ascii_case("nq") {
            return None;
        }
        let inner = self.rest().get(1..)?;
        let open = inner.chars().next()?;
        let close = match open {
            '[' => ']',
            '(' => ')',
            '{' => '}',
            '<' => '>',
            other => other,
        };
        let end = format!("{close}'");
        let start = 1 + open.len_utf8();
        Some(self.rest().get(start..)?.find(&end).map(|at| start + at + end.len()))
    }
}

/// The length of a keyword, a name, the digits of a number, `@name` or `@@name`; 0 if none begins here.
fn word_length(rest: &str, reading: Reading) -> usize {
    let marks = rest.bytes().take_while(|byte| *byte == b'@').count().min(2);
    let body = rest.get(marks..).unwrap_or_default();
    let hash = matches!(reading, Reading::Mssql | Reading::Oracle);
    let begins = |letter: char| letter.is_alphanumeric() || letter == '_' || (hash && letter == '#');
    let Some(first) = body.chars().next().filter(|first| begins(*first)) else { return 0 };
    let end = match first.is_ascii_digit() {
        true => body.find(|letter: char| !letter.is_ascii_digit()),
        false => body.find(|letter: char| !begins(letter) && letter != '$'),
    };
    marks + end.unwrap_or(body.len())
}

fn begins_line_comment(rest: &str, reading: Reading) -> bool {
    match reading {
        Reading::MySql => {
            let after = rest.strip_prefix("--");
            rest.starts_with('#')
                || after.is_some_and(|after| {
                    after.chars().next().is_none_or(|next| next.is_whitespace() || next.is_control())
                })
        }
        Reading::Warehouse => ["--", "#", "//"].iter().any(|mark| rest.starts_with(mark)),
        Reading::Postgres | Reading::Mssql | Reading::Sqlite | Reading::Oracle => rest.starts_with("--"),
    }
}

/// The length of a comment that begins here, if it ends.
fn comment_length(rest: &str, nests: bool) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(next) = rest.get(at..).and_then(|ahead| ahead.find(['/', '*'])) {
        at += next;
        match rest.get(at..at + 2) {
            Some("/*") if depth == 0 || nests => {
                depth += 1;
                at += 2;
            }
            Some("*/") if depth <= 1 => return Some(at + 2),
            Some("*/") => {
                depth -= 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    None
}

/// The length with both quotes, if the closing one is there; a doubled quote does not close.
fn quoted_length(rest: &str, close: char, escapes: bool) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if escapes && character == '\\' {
            characters.next();
        } else if character == close && characters.next_if(|(_, next)| *next == close).is_none() {
            return Some(at + close.len_utf8());
        }
    }
    None
}

/// The length of `$tag$ … $tag$`, if a tag begins here.
fn dollar_quote(rest: &str) -> Option<Option<usize>> {
    let tag = rest.get(1..)?;
    let end = tag.find(|letter: char| !letter.is_alphanumeric() && letter != '_')?;
    if !tag.get(end..)?.starts_with('$') || tag.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let mark = rest.get(..end + 2)?;
    Some(rest.get(mark.len()..)?.find(mark).map(|at| at + 2 * mark.len()))
}
