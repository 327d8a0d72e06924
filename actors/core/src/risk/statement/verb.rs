//! Judges one statement by its first word, and hands what reads or changes rows to the parser.

use super::lex::Kind;
use super::words::{self, Words, unquoted};
use super::{
    Dialect, Found, Grading, Level, account, calls, calls::Purpose, does, object, parse, rough, rows, server, unparsed,
};

/// Statements that are parsed.
const ROWS: &[&str] = &[
    "SELECT", "WITH", "VALUES", "TABLE", "FROM", "INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE", "UPSERT", "EXPLAIN",
];
/// Statements that only read when no writing word is in them.
const READS: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE", "FROM", "EXPLAIN"];
/// Statements that change nothing by themselves: they show, or they steer what stands beside them.
const PLAIN: &[&str] = &[
    "SHOW",
    "DESC",
    "DESCRIBE",
    "HELP",
    "USE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "END",
    "ABORT",
    "START",
    "BEGIN",
    "FETCH",
    "CLOSE",
    "CHECKSUM",
    "PRINT",
    "LISTEN",
    "UNLISTEN",
    "DEALLOCATE",
    "LIST",
    "SUMMARIZE",
    "DELIMITER",
];
/// What may stand behind BEGIN in the statement that begins a transaction.
const TRANSACTION: &[&str] = &[
    "TRANSACTION",
    "TRAN",
    "WORK",
    "ISOLATION",
    "READ",
    "DEFERRED",
    "IMMEDIATE",
    "EXCLUSIVE",
    "NOT",
    "CONCURRENT",
    "TRY",
    "CATCH",
    "ATOMIC",
    "DISTRIBUTED",
];
/// Words between a block's beginning and the statement in it.
const BLOCK: &[&str] = &["BEGIN", "THEN", "ELSE", "LOOP", "TRY", "CATCH", "ATOMIC"];

/// Judges a statement.
pub(super) fn judge(words: Words<'_>, grading: &mut Grading<'_>) {
    let words = inside_blocks(words);
    let first = first_word(words);
    let purpose = if READS.contains(&first.as_str()) { Purpose::Read } else { Purpose::Other };
    calls::scan(words, purpose, grading);
    if ROWS.contains(&first.as_str()) {
        return judge_rows(words, grading);
    }
    let before = grading.found.len();
    let found = by_verb(words, &first, grading);
    let known = !found.is_empty();
    grading.add_all(found);
    // What holds rights or a body names verbs without running them.
    if !matches!(first.as_str(), "GRANT" | "REVOKE" | "DENY" | "DROP" | "TRUNCATE" | "CREATE" | "ALTER" | "SHOW") {
        rough::scan(words, 1, grading);
    } else if first == "CREATE" {
        rough::scan(words, 2, grading);
    }
    let is_plain = PLAIN.contains(&first.as_str()) || is_quiet(words, &first);
    if !known && !is_plain && grading.found.len() == before {
        let name = words::shown(words.slice(0));
        let en = format!("begins with {name}, which is not known to only read");
        let zh = format!("以 {name} 开头,无法确认其只读");
        grading.add(does("unknown_command", Level::Medium, words.whole(), en, zh));
    }
}

/// The statement behind the words that begin a block.
fn inside_blocks(mut words: Words<'_>) -> Words<'_> {
    while words.next_is(BLOCK) && words.at() + 1 < words.len() && !words.is(words.at() + 1, TRANSACTION) {
        words.skip(1);
    }
    words.rest()
}

/// Statements that are known and of which nothing was found.
fn is_quiet(words: Words<'_>, first: &str) -> bool {
    match first {
        "SET" | "COPY" | "PRAGMA" | "DROP" | "EXEC" | "EXECUTE" => true,
        "CHECK" => words.is(1, &["TABLE"]),
        _ => false,
    }
}

fn by_verb(words: Words<'_>, first: &str, grading: &mut Grading<'_>) -> Vec<Found> {
    match first {
        "DROP" => object::drop(words),
        "TRUNCATE" => object::truncate(words),
        "ALTER" => object::alter(words),
        "CREATE" => object::create(words),
        "GRANT" => account::grant(words),
        "REVOKE" | "DENY" => account::revoke(words),
        "SET" => server::set(words),
        "COPY" => server::copy(words),
        "LOAD" => server::load(words),
        "PRAGMA" => server::pragma(words),
        "VACUUM" => server::vacuum(words),
        "EXEC" | "EXECUTE" | "PREPARE" | "DO" => code(words, grading),
        _ => server::by_first_words(words).into_iter().collect(),
    }
}

/// `EXEC`, `EXECUTE`, `PREPARE`, `DO`: code that stands in a text, or is put together when it runs.
pub(super) fn code(words: Words<'_>, grading: &mut Grading<'_>) -> Vec<Found> {
    let span = words.whole();
    let first = words.keyword(0);
    let mut ahead = words;
    ahead.skip(1);
    let immediate = ahead.eat(&["IMMEDIATE"]);
    if first == "PREPARE" {
        ahead.name();
        if !ahead.eat(&["FROM"]) {
            return prepared(words, grading);
        }
    }
    if first == "DO" {
        ahead.eat_all(&["LANGUAGE", "PLPGSQL", "SQL"]);
    }
    let bracket = ahead.is_sign(ahead.at(), "(");
    ahead.skip(usize::from(bracket));
    if first != "DO" && ahead.next_is(&["SP_EXECUTESQL", "SYS"]) {
        ahead.name();
    } else if first.starts_with("EXEC") && !bracket && !immediate && ahead.kind(ahead.at()) != Some(Kind::Text) {
        // In a block the word runs a text, and this one is put together there.
        if grading.depth == 0 && !ahead.next_is(&["FORMAT", "CONCAT", "CONCAT_WS", "REPLACE"]) {
            return procedure(ahead, span);
        }
    }
    // A text of N'…' or E'…'.
    ahead.eat(&["N", "E"]);
    let text = ahead.kind(ahead.at()) == Some(Kind::Text);
    let end = ahead.at() + 1;
    if first == "DO" && !text {
        // MySQL's DO computes an expression; its calls are looked at as all calls are.
        let (en, zh) = ("computes an expression for what it does besides", "为副作用而计算表达式");
        return vec![does("sql_write", Level::Medium, span, en.into(), zh.into())];
    }
    let glued = words.is_sign(end, "|") || words.is_sign(end, "+") || words.is_sign(end, "&");
    if !text || glued {
        let (en, zh) = ("runs a statement that is only known when it runs", "执行运行时才能确定的语句");
        return vec![does("inline_code", Level::High, span, en.into(), zh.into())];
    }
    let (en, zh) = ("runs code that stands in a text", "执行写在文本中的代码");
    let mut found = vec![does("inline_code", Level::Medium, span.clone(), en.into(), zh.into())];
    found.extend(grading.nested(&body(words.slice(ahead.at())), &span));
    found
}

/// The code in a text: quotes are taken off, doubled ones are halved.
fn body(text: &str) -> String {
    match text.strip_prefix('$') {
        Some(rest) => {
            let mark = rest.find('$').map_or(0, |at| at + 2);
            text.get(mark..text.len().saturating_sub(mark)).unwrap_or_default().to_owned()
        }
        None => unquoted(text).replace("''", "'"),
    }
}

/// `PREPARE name AS …` runs nothing yet, but is judged as what it will run.
fn prepared(words: Words<'_>, grading: &mut Grading<'_>) -> Vec<Found> {
    if let Some(place) = words.find(&["AS"]) {
        let inner = words.within(place + 1..words.len());
        if inner.next_is(ROWS) {
            judge_rows(inner, grading);
        } else {
            rough::scan(inner, 0, grading);
        }
    }
    let (en, zh) = ("prepares a statement", "预备一条语句");
    vec![does("sql_write", Level::Medium, words.whole(), en.into(), zh.into())]
}

/// A procedure or a prepared statement that is named.
fn procedure(mut words: Words<'_>, span: std::ops::Range<usize>) -> Vec<Found> {
    // `EXEC @result = name`
    if words.slice(words.at()).starts_with('@') && words.is_sign(words.at() + 1, "=") {
        words.skip(2);
    }
    if words.slice(words.at()).starts_with('@') {
        let (en, zh) = ("runs a procedure whose name is only known when it runs", "执行运行时才能确定名称的存储过程");
        return vec![does("inline_code", Level::High, span, en.into(), zh.into())];
    }
    let name = words.name().unwrap_or_else(|| "?".to_owned());
    let bare = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let reads = [
        "sp_help",
        "sp_helptext",
        "sp_who",
        "sp_who2",
        "sp_columns",
        "sp_tables",
        "sp_helpdb",
        "sp_helpindex",
        "sp_spaceused",
        "sp_lock",
    ];
    if reads.contains(&bare.as_str()) {
        return Vec::new();
    }
    let (en, zh) = (format!("runs {name}, which may change anything"), format!("执行 {name},可能修改任何内容"));
    vec![does("sql_write", Level::Medium, span, en, zh)]
}

/// Judges what reads or changes rows.
fn judge_rows(words: Words<'_>, grading: &mut Grading<'_>) {
    if grading.dialect == Dialect::Mssql {
        // There it is no name, and statements need no mark between them.
        rough::shutdown(words, grading);
    }
    if let Some(tree) = parse::statement(words, grading.dialect, grading.budget) {
        return grading.add_all(rows::judge(words, &tree));
    }
    let first = first_word(words);
    if first == "EXPLAIN" && !analyzes(words) && is_balanced(words) {
        return;
    }
    let writes = rough::scan(words, 0, grading);
    let reads = READS.contains(&first.as_str()) && !rough::has_writing_word(words) && !rough::is_crowded(words);
    let known = writes > 0 || reads;
    if !known || !is_balanced(words) {
        let (en, zh) = ("This statement could not be read in full.", "无法完整解读该语句。");
        grading.add(unparsed(words.whole(), en, zh));
    }
}

/// The first keyword behind opening brackets.
fn first_word(words: Words<'_>) -> String {
    let brackets = (0..words.len()).take_while(|place| words.is_sign(*place, "(")).count();
    words.keyword(brackets)
}

/// EXPLAIN runs the statement; the option may be quoted.
fn analyzes(words: Words<'_>) -> bool {
    let is = |place: usize, name: &str| unquoted(words.slice(place)).eq_ignore_ascii_case(name);
    (0..words.len()).any(|place| is(place, "analyze") || is(place, "analyse"))
}

fn is_balanced(words: Words<'_>) -> bool {
    let mut depth = 0_usize;
    for place in 0..words.len() {
        depth += usize::from(words.is_sign(place, "("));
        if words.is_sign(place, ")") {
            let Some(less) = depth.checked_sub(1) else { return false };
            depth = less;
        }
    }
    depth == 0
}
