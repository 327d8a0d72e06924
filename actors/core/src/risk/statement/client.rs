//! Judges lines that the client itself carries out: `\!`, `\copy`, `.shell`, `source`.

use std::ops::Range;

use super::{Found, Level, does, words};

/// Commands that only show things, or change how they are shown.
const READING: &[&str] = &[
    "\\d",
    "\\l",
    "\\z",
    "\\?",
    "\\h",
    "\\x",
    "\\timing",
    "\\q",
    "\\conninfo",
    "\\pset",
    "\\a",
    "\\t",
    "\\echo",
    "\\encoding",
    "\\errverbose",
    "\\sf",
    "\\sv",
    "\\watch",
    "\\p",
    "\\g",
    "\\gx",
    "\\f",
    "\\if",
    "\\elif",
    "\\else",
    "\\endif",
    "\\qecho",
    "\\warn",
    "\\crosstabview",
    "\\c",
    "\\connect",
    "\\set",
    "\\unset",
    "\\prompt",
    "\\u",
    "\\s",
    ".tables",
    ".schema",
    ".headers",
    ".header",
    ".mode",
    ".databases",
    ".indexes",
    ".indices",
    ".dump",
    ".width",
    ".separator",
    ".nullvalue",
    ".help",
    ".exit",
    ".quit",
    ".show",
    ".stats",
    ".timer",
    ".echo",
    ".explain",
    ".eqp",
    ".print",
    ".changes",
    ".fullschema",
    ".bail",
    ".timeout",
    ".version",
    ":setvar",
    ":list",
    ":help",
    ":quit",
    "delimiter",
];

/// A kind of command: label, level, what it does in both languages.
struct Row(&'static [&'static str], &'static str, Level, &'static str, &'static str);

const ROWS: &[Row] = &[
    Row(
        &["\\!", ".shell", ".system", "system", "host", "!", ":!!", "!!", "pager"],
        "sql_program",
        Level::High,
        "runs a program from the database client",
        "通过数据库客户端运行程序",
    ),
    Row(&["\\gexec"], "inline_code", Level::High, "runs the result of a query as statements", "把查询结果当作语句执行"),
    Row(
        &["\\i", "\\ir", "\\include", "\\.", ".read", "source", "start", "@", "@@", ":r"],
        "script_run",
        Level::Medium,
        "runs the statements of a file",
        "执行文件中的语句",
    ),
    Row(&[".load"], "sql_program", Level::High, "loads foreign code into the database", "向数据库加载外部代码"),
    Row(
        &[".import", "\\copy", ".restore"],
        "sql_write",
        Level::Medium,
        "moves rows between a table and a file",
        "在表和文件之间传输数据",
    ),
    Row(
        &[
            "\\o", "\\out", "\\w", "\\write", ".output", ".once", ".backup", ".save", ".clone", ".log", "tee", "spool",
            ":out", ":error", ".excel",
        ],
        "file_write",
        Level::Medium,
        "writes a file",
        "写入文件",
    ),
    Row(&["\\password"], "account_change", Level::High, "changes a password", "修改密码"),
    Row(
        &["\\lo_import", "\\lo_unlink", "\\lo_export"],
        "sql_write",
        Level::Medium,
        "moves a large object",
        "操作大对象",
    ),
];

/// Judges one command; nothing if it only shows.
pub(super) fn judge(text: &str, span: Range<usize>) -> Option<Found> {
    let line = text.get(span.clone()).unwrap_or_default();
    let (name, rest) = split(line);
    let lower = rest.to_ascii_lowercase();
    let has_pipe = rest.trim_start().starts_with('|');
    if has_pipe || (name == "\\copy" && lower.split_whitespace().any(|word| word == "program")) || rest.contains('`') {
        let (en, zh) = ("runs a program from the database client", "通过数据库客户端运行程序");
        return Some(does("sql_program", Level::High, span, en.to_owned(), zh.to_owned()));
    }
    let writes_file = matches!(name.as_str(), "\\g" | "\\gx") && !rest.trim().is_empty();
    let name = if writes_file { "\\o" } else { name.as_str() };
    match ROWS.iter().find(|row| row.0.contains(&name)) {
        Some(row) => Some(does(row.1, row.2, span, row.3.to_owned(), row.4.to_owned())),
        None if READING.contains(&name) || (name.starts_with("\\d") && name.len() <= 5) => None,
        None => {
            let name = words::shown(&name.replace('\\', ""));
            let en = format!("gives the client the command {name}, which is not known");
            let zh = format!("向客户端发出未知命令 {name}");
            Some(does("unknown_command", Level::Medium, span, en, zh))
        }
    }
}

/// The command's name in small letters, with its mark, and what follows.
fn split(line: &str) -> (String, &str) {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '+' | '?');
    let end = match ["\\!", "\\.", ":!!", "!!", "@@", "@", "!"].iter().find(|mark| line.starts_with(**mark)) {
        Some(mark) => mark.len(),
        None => line.get(1..).and_then(|rest| rest.find(|c| !is_part(c))).map_or(line.len(), |at| at + 1),
    };
    let (name, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    (name.to_ascii_lowercase().replace('+', ""), rest)
}
