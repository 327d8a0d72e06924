//! Looks for statements in the words of one that could not be parsed, or that holds others.

use super::rows::{self, Change};
use super::truth::{self, Holds};
use super::words::Words;
use super::{Found, Grading, Level, account, does, object, parse, unparsed, verb};

/// Statements in a statement that are judged one by one.
const HEADS_AT_MOST: usize = 32;
/// Tokens from a verb to the word that makes it a statement.
const NEAR: usize = 200;
/// Opening brackets in a read that could not be parsed.
const BRACKETS_AT_MOST: usize = 1000;

/// Words of which one makes a statement that could not be parsed more than a plain read.
const WRITING: &[&str] = &[
    "DELETE",
    "UPDATE",
    "INSERT",
    "MERGE",
    "DROP",
    "TRUNCATE",
    "ALTER",
    "CREATE",
    "GRANT",
    "REVOKE",
    "DENY",
    "INTO",
    "EXEC",
    "EXECUTE",
    "CALL",
    "COPY",
    "LOAD",
    "SHUTDOWN",
    "KILL",
    "RENAME",
    "LOCK",
    "ATTACH",
    "OUTFILE",
    "DUMPFILE",
    "DO",
    "UPSERT",
    "BEGIN",
    "DECLARE",
    "BACKUP",
    "RESTORE",
    "DBCC",
    "BULK",
    "RECONFIGURE",
    "UNLOAD",
    "OPTIMIZE",
    "PURGE",
    "FLUSH",
    "RESET",
    "IMPORT",
    "EXPORT",
    "PREPARE",
    "OVERWRITE",
    "SET",
];

/// What stands before a verb that is no statement there: `ON DELETE CASCADE`, `FOR UPDATE`.
const NOT_BEHIND: &[&str] = &["ON", "FOR", "BEFORE", "AFTER", "OF", "OR", "INSTEAD", "KEY", "DO", "NO"];

pub(super) fn has_writing_word(words: Words<'_>) -> bool {
    words.has(WRITING)
}

/// Far more brackets than a read needs.
pub(super) fn is_crowded(words: Words<'_>) -> bool {
    (0..words.len()).filter(|place| words.is_sign(*place, "(")).nth(BRACKETS_AT_MOST).is_some()
}

/// What a statement in a statement begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    Delete,
    Update,
    Insert,
    Replace,
    Merge,
    Drop,
    Truncate,
    Alter,
    Create,
    Grant,
    Execute,
    Shutdown,
}

/// Judges each statement found from a place on; tells how many there are.
pub(super) fn scan(words: Words<'_>, from: usize, grading: &mut Grading<'_>) -> usize {
    let mut heads = (from..words.len()).filter_map(|place| Some((place, head(words, place)?)));
    let mut count = 0;
    for (place, head) in heads.by_ref().take(HEADS_AT_MOST) {
        let scope = words.within(place..scope_end(words, place));
        count += 1;
        let found = match head {
            Head::Delete | Head::Update => change(scope, head, grading),
            Head::Insert => {
                vec![named(scope, &["INSERT", "IGNORE", "INTO", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "TABLE"])]
            }
            Head::Replace => vec![named(scope, &["REPLACE", "UPSERT", "INTO"])],
            Head::Merge => vec![merged(scope)],
            Head::Drop => object::drop(scope),
            Head::Truncate => object::truncate(scope),
            Head::Alter => object::alter(scope),
            Head::Create => object::create(scope),
            Head::Grant => account::grant(scope),
            Head::Execute => verb::code(scope, grading),
            Head::Shutdown => vec![stopped(scope)],
        };
        grading.add_all(found);
    }
    if heads.next().is_some() {
        let (en, zh) = ("runs more statements in one than can be looked at", "单条语句中包含过多子语句,无法逐一检查");
        grading.add(does("oversized", Level::High, words.whole(), en.into(), zh.into()));
    }
    count
}

/// Finds the statement that stops the server, where no name can be spelt so.
pub(super) fn shutdown(words: Words<'_>, grading: &mut Grading<'_>) {
    if let Some(place) = words.find(&["SHUTDOWN"]) {
        grading.add(stopped(words.within(place..place + 1)));
    }
}

fn stopped(words: Words<'_>) -> Found {
    does("system_power", Level::High, words.whole(), "stops the database".into(), "停止数据库".into())
}

fn head(words: Words<'_>, place: usize) -> Option<Head> {
    let dotted = words.is_sign(place + 1, ".") || place.checked_sub(1).is_some_and(|before| words.is_sign(before, "."));
    let behind = place.checked_sub(1).is_some_and(|before| words.is(before, NOT_BEHIND) || words.is_sign(before, ","));
    if dotted {
        return None;
    }
    // Not to the end: that would take time in proportion to the square of the text's length.
    let near = || words.within(place..(place + NEAR).min(words.len()));
    let next = |expected: &[&str]| words.is(place + 1, expected);
    let object = || object::begins_object(words, place + 1);
    match words.keyword(place).as_str() {
        // A rule or a trigger may run a statement behind DO or INSTEAD; then its table follows.
        "DELETE" if next(&["FROM"]) || (!behind && !is_end_of_name(words, place + 1)) => Some(Head::Delete),
        "UPDATE" if !behind && near().has(&["SET"]) => Some(Head::Update),
        "INSERT" if next(&["INTO", "IGNORE", "OVERWRITE"]) => Some(Head::Insert),
        "REPLACE" | "UPSERT" if next(&["INTO"]) => Some(Head::Replace),
        "MERGE" if next(&["INTO"]) || near().has(&["MATCHED"]) => Some(Head::Merge),
        "DROP" if object() => Some(Head::Drop),
        "TRUNCATE" if next(&["TABLE"]) || place == 0 => Some(Head::Truncate),
        "ALTER" if object() && !next(&["COLUMN", "INDEX"]) => Some(Head::Alter),
        "CREATE" if object() => Some(Head::Create),
        "GRANT" if near().has(&["TO"]) && !next(&["OPTION"]) => Some(Head::Grant),
        "EXEC" | "EXECUTE" if !next(&["ON", "FUNCTION", "PROCEDURE"]) && !behind => Some(Head::Execute),
        "SHUTDOWN" if !behind && is_end_of_name(words, place + 1) => Some(Head::Shutdown),
        _ => None,
    }
}

/// No name follows.
fn is_end_of_name(words: Words<'_>, place: usize) -> bool {
    words.is(place, &["ON", "FROM", "AS", "AND", "OR", "WITH"]) || words.name_at(place).is_none()
}

/// The end of a statement in another: its bracket closes, or the next one begins beside it.
fn scope_end(words: Words<'_>, from: usize) -> usize {
    let mut depth = 0_usize;
    for place in from + 1..words.len() {
        depth += usize::from(words.is_sign(place, "("));
        if words.is_sign(place, ")") {
            let Some(less) = depth.checked_sub(1) else { return place };
            depth = less;
        }
        let begins = words.is(place, &["DELETE", "INSERT", "DROP", "TRUNCATE", "MERGE"]) && depth == 0;
        if begins && (words.is(place + 1, &["FROM", "INTO", "TABLE", "DATABASE"])) {
            return place;
        }
    }
    words.len()
}

/// A DELETE or an UPDATE: its own WHERE is the one that stands in no brackets.
fn change(words: Words<'_>, head: Head, grading: &mut Grading<'_>) -> Vec<Found> {
    let mut name = words;
    name.skip(1);
    name.eat_all(&["LOW_PRIORITY", "QUICK", "IGNORE", "FROM", "ONLY", "OR", "ROLLBACK", "ABORT", "REPLACE", "FAIL"]);
    let table = name.name().unwrap_or_else(|| "?".to_owned());
    let change = if head == Head::Delete { Change::Delete } else { Change::Update };
    let span = name.span();
    let Some(place) = own_where(words) else { return vec![change.of_all(span, &table)] };
    let end = condition_end(words, place + 1);
    let condition = words.within(place + 1..end);
    if condition.len() == 0 {
        return vec![change.of_all(span, &table)];
    }
    match holds(condition, &table, grading) {
        Some(Holds::Always) => vec![change.of_all_in_fact(condition.whole(), &table)],
        Some(Holds::Never | Holds::Sometimes) => vec![change.of_some(span, &table)],
        // Of so many statements, one with a condition that always holds is easily hidden among the others.
        None if grading.budget.is_spent_for(condition.clean().len()) => {
            let (en, zh) = ("changes more rows than can be looked at", "修改的内容过多,无法逐一检查");
            let all = does("oversized", Level::High, condition.whole(), en.into(), zh.into());
            vec![change.of_some(span, &table), all]
        }
        None => {
            let (en, zh) = ("The condition could not be read in full.", "无法完整解读该条件。");
            vec![change.of_some(span, &table), unparsed(condition.whole(), en, zh)]
        }
    }
}

/// Judges a condition whole, or, if it is too long for that, by the alternatives in it; nothing if one cannot be read.
fn holds(condition: Words<'_>, table: &str, grading: &mut Grading<'_>) -> Option<Holds> {
    if let Some(tree) = parse::condition(condition, grading.dialect, grading.budget) {
        return Some(truth::holds(&tree, table));
    }
    let mut all_read = true;
    let mut from = 0;
    while from < condition.len() {
        let end = outside(condition, from, &["OR"]).unwrap_or(condition.len());
        let part = condition.within(from..end);
        match parse::condition(part, grading.dialect, grading.budget).map(|tree| truth::holds(&tree, table)) {
            Some(Holds::Always) => return Some(Holds::Always),
            Some(Holds::Never | Holds::Sometimes) => {}
            None => all_read = false,
        }
        from = end + 1;
    }
    all_read.then_some(Holds::Sometimes)
}

fn own_where(words: Words<'_>) -> Option<usize> {
    outside(words, 0, &["WHERE"])
}

fn condition_end(words: Words<'_>, from: usize) -> usize {
    outside(words, from, &["RETURNING", "ORDER", "LIMIT", "OPTION", "WINDOW", "SETTINGS", "END"]).unwrap_or(words.len())
}

/// The first place of a word that stands in no brackets.
fn outside(words: Words<'_>, from: usize, sought: &[&str]) -> Option<usize> {
    let mut depth = 0_usize;
    for place in from..words.len() {
        depth += usize::from(words.is_sign(place, "("));
        depth = depth.saturating_sub(usize::from(words.is_sign(place, ")")));
        if depth == 0 && words.is(place, sought) {
            return Some(place);
        }
    }
    None
}

fn named(mut words: Words<'_>, before: &[&str]) -> Found {
    let replaces = words.next_is(&["REPLACE", "UPSERT"]);
    words.eat_all(before);
    let overwrites = words.eat(&["OVERWRITE"]);
    words.eat_all(before);
    let name = words.name().unwrap_or_else(|| "?".to_owned());
    match (overwrites, replaces) {
        (true, _) => rows::overwrote(words.span(), &name),
        (false, true) => rows::replaced(words.span(), &name),
        (false, false) => rows::inserted(words.span(), &name),
    }
}

fn merged(mut words: Words<'_>) -> Found {
    words.eat_all(&["MERGE", "INTO"]);
    let name = words.name().unwrap_or_else(|| "?".to_owned());
    let rest = words.has_in_a_row(&["MATCHED", "BY", "SOURCE"]) && words.has(&["DELETE"]);
    if rest { Change::Delete.of_all(words.span(), &name) } else { rows::merged(words.span(), &name) }
}
