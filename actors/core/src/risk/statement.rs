//! Grades SQL text by reading it: every statement in it, at any depth.
//!
//! The text is cut into tokens the way its database reads it, then into statements and commands of the client. What
//! reads or changes rows is parsed and its tree is walked; what has no tree, and everything else, is judged by its words.

use std::ops::Range;

use super::{Level, Text};

mod account;
mod calls;
mod client;
mod cut;
mod lex;
mod object;
mod opening;
mod parse;
mod rough;
#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of the parser's trees are many, and not ours")]
mod rows;
mod server;
#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of the parser's trees are many, and not ours")]
mod truth;
mod verb;
mod words;

use cut::Part;
use lex::{Lexed, Reading};
use parse::Budget;
use words::Words;

/// Bytes of a text that are parsed; of a longer one only the words are looked at.
const PARSED_AT_MOST: usize = 64 << 10;
/// Findings that a person can look at; the heaviest are kept.
const FOUND_AT_MOST: usize = 100;
/// Code in texts in code.
const NESTED_AT_MOST: u8 = 3;

/// The database that a text goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Not known: the text is read in each way.
    Generic,
    Sqlite,
    Postgres,
    Mysql,
    Mssql,
    Oracle,
    Clickhouse,
    Bigquery,
    Hive,
    Snowflake,
    Duckdb,
}

impl Dialect {
    /// The dialect of this name in a rule file.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "generic" => Self::Generic,
            "sqlite" => Self::Sqlite,
            "postgres" => Self::Postgres,
            "mysql" => Self::Mysql,
            "mssql" => Self::Mssql,
            "oracle" => Self::Oracle,
            "clickhouse" => Self::Clickhouse,
            "bigquery" => Self::Bigquery,
            "hive" => Self::Hive,
            "snowflake" => Self::Snowflake,
            "duckdb" => Self::Duckdb,
            _ => return None,
        })
    }
}

/// One thing that a text does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Stable id, snake_case.
    pub(super) label: &'static str,
    pub(super) level: Level,
    /// Bytes of the text, to be marked.
    pub(super) span: Range<usize>,
    /// One sentence that names the object.
    pub(super) why: Text,
    /// The same as a phrase, for a summary: `deletes every row of users`.
    pub(super) effect: Option<Text>,
}

/// Finds what a text does besides reading, in the order of its places; nothing if it only reads.
pub(super) fn grade(text: &str, dialect: Dialect) -> Vec<Found> {
    grade_nested(text, dialect, 0, &mut Budget::default())
}

/// Tells whether a whole command begins like a statement, and not like a shell command of the same name.
pub(super) fn looks_like_sql(text: &str) -> bool {
    opening::looks_like_sql(text)
}

fn grade_nested(text: &str, dialect: Dialect, depth: u8, budget: &mut Budget) -> Vec<Found> {
    let mut grading = Grading { dialect, depth, budget, found: Vec::new() };
    if text.len() > PARSED_AT_MOST {
        grading.found.push(oversized(text));
    }
    // Most texts are the same in each reading, and then they are judged once.
    let mut seen: Vec<(Lexed, Vec<Part>)> = Vec::new();
    for &reading in Reading::of(dialect) {
        let lexed = lex::lex(text, reading);
        let parts = cut::cut(text, &lexed, reading);
        let read = (lexed, parts);
        if !seen.contains(&read) {
            grading.read(text, &read.0, &read.1);
            seen.push(read);
        }
    }
    tidy(grading.found)
}

/// What is needed, and what is found, while one text is graded.
struct Grading<'a> {
    dialect: Dialect,
    depth: u8,
    budget: &'a mut Budget,
    found: Vec<Found>,
}

impl Grading<'_> {
    fn add(&mut self, found: Found) {
        self.found.push(found);
        // A hostile text must not fill the memory.
        if self.found.len() > 8 * FOUND_AT_MOST {
            self.found = tidy(std::mem::take(&mut self.found));
        }
    }

    fn add_all(&mut self, found: Vec<Found>) {
        found.into_iter().for_each(|one| self.add(one));
    }

    fn read(&mut self, text: &str, lexed: &Lexed, parts: &[Part]) {
        if !lexed.closed {
            let open = lexed.tokens.last().map_or(0, |last| last.from);
            self.add(unparsed(open..text.len(), "A quote or a comment is not closed.", "引号或注释没有结束。"));
        }
        for part in parts {
            match part {
                Part::Command(span) => client::judge(text, span.clone()).into_iter().for_each(|one| self.add(one)),
                Part::Statement(places) => {
                    let tokens = lexed.tokens.get(places.clone()).unwrap_or_default();
                    verb::judge(Words::new(text, &lexed.clean, tokens), self);
                }
            }
        }
    }

    /// Grades code that stands in a text, such as the body of a block; everything found in it is laid on one place.
    fn nested(&mut self, code: &str, span: &Range<usize>) -> Vec<Found> {
        if self.depth >= NESTED_AT_MOST {
            return vec![unparsed(span.clone(), "Code stands in code too deep to be read.", "代码嵌套过深,无法解读。")];
        }
        let mut found = grade_nested(code, self.dialect, self.depth + 1, self.budget);
        found.iter_mut().for_each(|one| one.span = span.clone());
        found
    }
}

/// A finding that says what happens: a phrase in each language, without an end.
fn does(label: &'static str, level: Level, span: Range<usize>, en: String, zh: String) -> Found {
    let mut letters = en.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let sentence = first.into_iter().chain(letters).chain(['.']).collect();
    let why = Text { en: sentence, zh: format!("{zh}。") };
    Found { label, level, span, why, effect: Some(Text { en, zh }) }
}

fn unparsed(span: Range<usize>, en: &str, zh: &str) -> Found {
    let why = Text { en: en.to_owned(), zh: zh.to_owned() };
    Found { label: "unparsed", level: Level::Medium, span, why, effect: None }
}

fn oversized(text: &str) -> Found {
    let kib = text.len() >> 10;
    let en = format!("The text is of {kib} KiB; only its words were looked at.");
    let zh = format!("文本长达 {kib} KiB,只检查了其中的关键词。");
    Found { label: "oversized", level: Level::Medium, span: 0..text.len(), why: Text { en, zh }, effect: None }
}

/// Puts findings in the order of their places, each once, and keeps the heaviest of too many.
fn tidy(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| place(a).cmp(&place(b))));
    found.dedup();
    found.truncate(FOUND_AT_MOST);
    found.sort_by(|a, b| place(a).cmp(&place(b)));
    found
}

fn place(found: &Found) -> (usize, usize, &str, &str) {
    (found.span.start, found.span.end, found.label, &found.why.en)
}

#[cfg(test)]
mod tests;
