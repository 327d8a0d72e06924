//! Grades SQL text: every statement in it, at any depth of brackets.
//!
//! What ends a comment or a string differs between databases, so the text is read both ways and the findings add up.

use std::sync::LazyLock;

use regex::Regex;

use super::{Finding, Level, rules::Rules};

const CLIENTS: &[&str] = &[
    "psql",
    "mysql",
    "mariadb",
    "mysqladmin",
    "sqlite3",
    "sqlite",
    "clickhouse-client",
    "clickhouse",
    "sqlcmd",
    "cockroach",
    "duckdb",
    "usql",
    "pgcli",
    "mycli",
    "isql",
    "bq",
    "snowsql",
    "tsql",
    "trino",
    "hive",
    "beeline",
    "impala-shell",
];

/// How comments and strings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// `--` always begins a comment, comments nest, double quotes hold names.
    Standard,
    /// `#` and `-- ` begin a comment, backslashes escape, double quotes hold text, `/*! */` is code.
    MySql,
}

/// A statement, or what stands in a pair of brackets in one; inner brackets are left as `()`.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    text: String,
    depth: usize,
}

/// Tells whether a program takes SQL statements as arguments or as input.
pub(super) fn is_client(program: &str) -> bool {
    CLIENTS.contains(&program)
}

/// Tells whether a text begins the way an SQL statement does.
pub(super) fn begins_like_statement(text: &str) -> bool {
    static BEGINNING: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?ixs)^(?: [\s(;] | --[^\n]*\n | /\*.*?\*/ )*
            (?: select [\s(*'] | with \s (?:recursive\s)? .+? \b as \s* (?:(?:not\s)?materialized\s*)? \( | values \s* \(
              | (?:insert|replace) \s+ (?:into|ignore|overwrite) \s | update \s .+? \s set \s | delete \s+ (?:from\s|.+?\sfrom\s)
              | merge \s+ into \s | truncate \s+ (?:table\s+)? [\x22`\[\w.]+ \s* (?:$|;|cascade|restart|,|\sif|\s[a-z.\x22`]+\s*(?:;|$))
              | (?:drop|create|alter) \s+ (?:or\s+replace\s+)? [a-z]+ (?:\s|;|$) | (?:grant|revoke) \s .+? \s (?:to|from|on) \s
              | explain \s | describe \s+ [\w.]+ \s* (?:;|$) | show \s+ [a-z] | copy \s .+? \s (?:to|from) \s | load \s+ data \s
              | vacuum (?:\s|;|$) | pragma \s | rename \s+ table \s | lock \s+ tables? \s | begin \s* (?:;|$|transaction) | start \s+ transaction )",
        )
        .ok()
    });
    BEGINNING.as_ref().is_some_and(|beginning| beginning.is_match(text))
}

/// Finds the statement in an argument of a client, with or without the option it is glued to.
pub(super) fn statement_in(argument: &str) -> Option<&str> {
    let value = match argument.strip_prefix("--") {
        Some(long) => long.split_once('=').map_or("", |(_, value)| value),
        None => argument,
    };
    let glued = value.strip_prefix(['-']).and_then(|rest| rest.get(1..)).unwrap_or_default();
    [value, glued].into_iter().find(|text| begins_like_statement(text) || text.contains(';'))
}

/// Finds what SQL text does; every finding carries the span given.
pub(super) fn findings(rules: &Rules, text: &str, span: [usize; 2]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for dialect in [Dialect::Standard, Dialect::MySql] {
        let (code, closed) = bare_code(text, dialect);
        let (pieces, balanced) = pieces(&code);
        if !closed || !balanced {
            let why = "A quote, a comment or a bracket in the SQL is not closed.";
            found.push(finding("unparsed", Level::Medium, span, why));
        }
        let changes = changes_rows(&code);
        for piece in pieces {
            judge(rules, &piece, span, &mut found);
            if changes && condition(&piece).is_some_and(|condition| is_always_true(&condition)) {
                let why = "Its WHERE holds for every row.";
                found.push(finding("sql_where_always_true", Level::High, span, why));
            }
        }
    }
    let mut unique: Vec<Finding> = Vec::with_capacity(found.len());
    for finding in found {
        if !unique.contains(&finding) {
            unique.push(finding);
        }
    }
    unique
}

fn judge(rules: &Rules, piece: &Piece, span: [usize; 2], found: &mut Vec<Finding>) {
    let Some(statement) = executed(&piece.text) else { return };
    let before = found.len();
    found.extend(rules.sql.matches(statement).map(|rule| rule.finding(span)));
    if found.len() == before && piece.depth == 0 && !rules.sql_reads.is_match(statement.as_bytes()) {
        let why = "This statement cannot be judged: it is not known to only read.";
        found.push(finding("unknown_command", Level::Medium, span, why));
    }
}

fn finding(label: &str, level: Level, span: [usize; 2], why: &str) -> Finding {
    Finding { label: label.to_owned(), level, span, why: why.to_owned() }
}

/// Gives the statement that is run: `EXPLAIN` runs its own only with `ANALYZE`, and nothing at all otherwise.
fn executed(statement: &str) -> Option<&str> {
    let lower = statement.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("explain ") else { return Some(statement) };
    if !rest.contains("analy") && !rest.starts_with("()") {
        return None;
    }
    let verbs = ["select ", "insert ", "update ", "delete ", "merge ", "with ", "create ", "replace "];
    let at = verbs.iter().filter_map(|verb| rest.find(verb)).min();
    statement.get(at.map_or(0, |at| at + "explain ".len())..)
}

fn changes_rows(code: &str) -> bool {
    let lower = code.to_ascii_lowercase();
    lower
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|word| matches!(word, "delete" | "update"))
}

/// Gives the condition of a statement, or what may be a part of one because it stands in brackets.
fn condition(piece: &Piece) -> Option<String> {
    let lower = piece.text.to_ascii_lowercase();
    match lower.split_once(" where ") {
        Some((_, condition)) => Some(condition.to_owned()),
        None => (piece.depth > 0 && lower.contains(['=', '<'])).then_some(lower),
    }
}

/// Tells whether a condition compares a thing with itself or is a truth.
fn is_always_true(condition: &str) -> bool {
    let ends = [" limit ", " order by ", " returning "].into_iter().filter_map(|word| condition.find(word)).min();
    let condition = condition.get(..ends.unwrap_or(condition.len())).unwrap_or_default();
    condition.split(" or ").any(|branch| branch.split(" and ").all(|term| is_truth(term.trim())))
}

fn is_truth(term: &str) -> bool {
    let bare = term.trim_matches(|letter: char| letter == '(' || letter == ')' || letter == ' ');
    let same = |sign: &str| bare.split_once(sign).is_some_and(|(left, right)| left.trim() == right.trim());
    let number = bare.parse::<f64>().is_ok_and(|number| number != 0.0);
    matches!(bare, "true" | "not false")
        || number
        || same("<=>")
        || same(">=")
        || same("==")
        || same("=")
        || same(" like ")
}

/// Cuts code into statements and bracket contents, blanks collapsed; also tells whether the brackets balance.
fn pieces(code: &str) -> (Vec<Piece>, bool) {
    let mut done = Vec::new();
    let mut balanced = true;
    let mut open = vec![String::new()];
    for character in code.chars() {
        let depth = open.len().saturating_sub(1);
        let Some(current) = open.last_mut() else { break };
        match character {
            '(' => {
                current.push_str("()");
                open.push(String::new());
            }
            ')' if depth == 0 => balanced = false,
            ')' => done.extend(open.pop().map(|text| Piece { text, depth })),
            ';' => done.push(Piece { text: std::mem::take(current), depth }),
            blank if blank.is_whitespace() => {
                if !current.is_empty() && !current.ends_with(' ') {
                    current.push(' ');
                }
            }
            other => current.push(other),
        }
    }
    balanced &= open.len() == 1;
    done.extend(open.into_iter().enumerate().map(|(depth, text)| Piece { text, depth }));
    done.retain_mut(|piece| {
        piece.text.truncate(piece.text.trim_end().len());
        !piece.text.is_empty()
    });
    (done, balanced)
}

/// Blanks out comments and string contents; also tells whether all of them were closed.
fn bare_code(text: &str, dialect: Dialect) -> (String, bool) {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut closed = true;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        let (replacement, length) = match character {
            _ if begins_line_comment(rest, dialect) => (" ", Some(rest.find('\n').unwrap_or(rest.len()))),
            '/' if dialect == Dialect::MySql && rest.starts_with("/*!") => {
                let digits =
                    after.trim_start_matches(['*', '!']).trim_start_matches(|digit: char| digit.is_ascii_digit());
                (" ", Some(rest.len() - digits.len()))
            }
            '/' if rest.starts_with("/*") => (" ", comment_length(rest, dialect)),
            '*' if dialect == Dialect::MySql && after.starts_with('/') => (" ", Some(2)),
            '\'' => ("''", quoted_length(after, '\'', dialect).map(|length| length + 1)),
            '"' if dialect == Dialect::MySql => ("''", quoted_length(after, '"', dialect).map(|length| length + 1)),
            '"' | '`' => {
                let length = quoted_length(after, character, Dialect::Standard);
                push_name(&mut code, after.get(..length.unwrap_or(after.len()).saturating_sub(1)).unwrap_or_default());
                ("", length.map(|length| length + 1))
            }
            other => {
                code.push(other);
                ("", Some(other.len_utf8()))
            }
        };
        code.push_str(replacement);
        closed &= length.is_some();
        rest = length.and_then(|length| rest.get(length..)).unwrap_or_default();
    }
    (code, closed)
}

fn push_name(code: &mut String, name: &str) {
    code.extend(name.chars().map(|letter| if letter.is_alphanumeric() || letter == '.' { letter } else { '_' }));
}

fn begins_line_comment(rest: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Standard => rest.starts_with("--"),
        Dialect::MySql => {
            rest.starts_with('#')
                || rest
                    .strip_prefix("--")
                    .is_some_and(|after| after.is_empty() || after.starts_with(char::is_whitespace))
        }
    }
}

fn comment_length(rest: &str, dialect: Dialect) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(next) = rest.get(at..).and_then(|ahead| ahead.find(['/', '*'])) {
        at += next;
        match rest.get(at..at + 2) {
            Some("/*") if depth == 0 || dialect == Dialect::Standard => {
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

/// Gives the length up to and with the closing quote; a doubled quote does not close.
fn quoted_length(after: &str, quote: char, dialect: Dialect) -> Option<usize> {
    let mut characters = after.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && dialect == Dialect::MySql {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + quote.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests;
