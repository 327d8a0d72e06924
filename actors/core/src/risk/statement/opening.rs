//! Tells whether a whole command is SQL, or a line for a shell.

use super::lex::{self, Kind, Reading};
use super::object;
use super::words::Words;

/// Bytes of the text that are looked at.
const LOOKED_AT: usize = 8 << 10;

/// Tells whether a text begins like a statement, and not like a shell command of the same name.
pub(super) fn looks_like_sql(text: &str) -> bool {
    let end = (0..=text.len().min(LOOKED_AT)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let text = text.get(..end).unwrap_or_default();
    [Reading::Postgres, Reading::MySql].into_iter().any(|reading| {
        let lexed = lex::lex(text, reading);
        let words = Words::new(text, &lexed.clean, &lexed.tokens);
        let Some(first) = (0..words.len()).find(|place| !words.is_sign(*place, ";") && !words.is_sign(*place, "("))
        else {
            return false;
        };
        // A bracket opens a query, or a shell in the shell: `(update x)`.
        let is_query = || words.is(first, &["SELECT", "WITH", "VALUES"]);
        let in_brackets = (0..first).any(|place| words.is_sign(place, "("));
        (!in_brackets || is_query()) && begins(words.within(first..words.len()))
    })
}

/// Tells whether the words are those of a statement's beginning.
fn begins(words: Words<'_>) -> bool {
    // `update-grub`, `drop=1`, `set.sh`, `show/x`: a word of a shell goes on where a keyword ends.
    let sign = words.kind(1) == Some(Kind::Sign) && glued_at(words, 0) && !";(*,".contains(words.slice(1));
    if sign || words.kind(0) != Some(Kind::Word) {
        return false;
    }
    let first = words.keyword(0);
    match FIRST_TWO.iter().find(|row| row.0 == first) {
        Some((_, seconds)) if words.is(1, seconds) => true,
        _ => rows(words, &first) || objects(words, &first) || sessions(words, &first),
    }
}

/// First words, and the second words that make them SQL.
const FIRST_TWO: &[(&str, &[&str])] = &[
    ("INSERT", &["INTO", "IGNORE", "OVERWRITE", "OR", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY"]),
    ("REPLACE", &["INTO"]),
    ("DELETE", &["FROM", "LOW_PRIORITY", "QUICK", "IGNORE", "TOP"]),
    ("MERGE", &["INTO"]),
    ("TRUNCATE", &["TABLE"]),
    (
        "EXPLAIN",
        &[
            "SELECT", "ANALYZE", "ANALYSE", "VERBOSE", "EXTENDED", "FORMAT", "QUERY", "PLAN", "INSERT", "UPDATE",
            "DELETE", "WITH", "MERGE", "TABLE",
        ],
    ),
    ("LOAD", &["DATA", "XML"]),
    ("LOCK", &["TABLE", "TABLES"]),
    ("UNLOCK", &["TABLE", "TABLES"]),
    (
        "BEGIN",
        &[
            "TRANSACTION",
            "TRAN",
            "WORK",
            "IMMEDIATE",
            "EXCLUSIVE",
            "DEFERRED",
            "ISOLATION",
            "DELETE",
            "UPDATE",
            "INSERT",
        ],
    ),
    ("START", &["TRANSACTION", "SLAVE", "REPLICA", "GROUP_REPLICATION"]),
    ("EXEC", &["IMMEDIATE"]),
    ("EXECUTE", &["IMMEDIATE"]),
    ("DO", &["LANGUAGE"]),
    ("COMMENT", &["ON"]),
    ("PURGE", &["BINARY", "MASTER", "RECYCLEBIN", "TABLE"]),
    ("RESET", &["MASTER", "SLAVE", "REPLICA"]),
    ("FLUSH", &["TABLES", "LOGS", "PRIVILEGES", "BINARY", "STATUS", "HOSTS"]),
    ("ATTACH", &["DATABASE"]),
    ("REFRESH", &["MATERIALIZED"]),
    ("REASSIGN", &["OWNED"]),
    ("IMPORT", &["FOREIGN"]),
    ("ANALYZE", &["TABLE", "LOCAL"]),
    ("OPTIMIZE", &["TABLE", "LOCAL"]),
    ("REPAIR", &["TABLE", "LOCAL"]),
];

/// What MySQL and PostgreSQL show; a program named `show` is seldom asked for one of these.
const SHOWN: &[&str] = &[
    "TABLES",
    "DATABASES",
    "SCHEMAS",
    "COLUMNS",
    "FULL",
    "GRANTS",
    "CREATE",
    "INDEX",
    "INDEXES",
    "KEYS",
    "STATUS",
    "VARIABLES",
    "GLOBAL",
    "SESSION",
    "PROCESSLIST",
    "TABLE",
    "ENGINE",
    "ENGINES",
    "WARNINGS",
    "ERRORS",
    "ALL",
    "MASTER",
    "SLAVE",
    "REPLICA",
    "BINARY",
    "PLUGINS",
    "TRIGGERS",
    "EVENTS",
    "USERS",
    "VIEWS",
    "FUNCTIONS",
    "SERVER_VERSION",
    "SEARCH_PATH",
];

fn named(words: Words<'_>, place: usize) -> bool {
    matches!(words.kind(place), Some(Kind::Word | Kind::Name))
}

fn ends(words: Words<'_>, place: usize) -> bool {
    place >= words.len() || words.is_sign(place, ";")
}

/// Statements that read or change rows.
fn rows(words: Words<'_>, first: &str) -> bool {
    match first {
        "SELECT" => selects(words),
        "WITH" => {
            let at = 1 + usize::from(words.is(1, &["RECURSIVE"]));
            let table = words.is(at + 1, &["AS"]) || words.is_sign(at + 1, "(") && words.has(&["AS"]);
            let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "VALUES", "MERGE", "TABLE"];
            named(words, at) && table && words.has(&verbs)
        }
        "VALUES" => words.is_sign(1, "("),
        "INSERT" => named(words, 1) && words.has(&["VALUES", "SELECT"]),
        "UPDATE" => named(words, 1) && words.has(&["SET"]),
        "DELETE" => named(words, 1) && words.has(&["FROM", "WHERE"]),
        "MERGE" => named(words, 1) && words.has(&["USING"]),
        "EXPLAIN" => words.is_sign(1, "("),
        "DESCRIBE" | "TRUNCATE" | "TABLE" => named(words, 1) && name_ends(words),
        "SHOW" => words.is(1, SHOWN) && words.kind(2).is_none_or(|kind| kind != Kind::Sign || ends(words, 2)),
        "COPY" => {
            let source = named(words, 1) || words.is_sign(1, "(");
            let ends = words.has(&["PROGRAM", "STDIN", "STDOUT", "WITH", "CSV"]);
            source && words.has(&["FROM", "TO"]) && ends || copies_file(words)
        }
        _ => false,
    }
}

/// Statements about objects and rights.
fn objects(words: Words<'_>, first: &str) -> bool {
    match first {
        "DROP" | "CREATE" | "ALTER" => {
            object::begins_object(words, 1)
                && (named(words, 2) || words.kind(2) == Some(Kind::Text) || words.is_sign(2, "`"))
        }
        "GRANT" | "REVOKE" => words.has(&["TO", "FROM"]) && !ends(words, 2),
        "VACUUM" | "CHECKPOINT" | "REINDEX" => ends(words, 1) || named(words, 1),
        "RENAME" => words.is(1, &["TABLE", "USER"]) && words.has(&["TO"]),
        _ => false,
    }
}

/// Statements about the session and the server, and code in texts.
fn sessions(words: Words<'_>, first: &str) -> bool {
    let text = words.kind(1) == Some(Kind::Text);
    match first {
        "LOAD" => text && ends(words, 2),
        "PRAGMA" => named(words, 1),
        "BEGIN" | "COMMIT" | "ROLLBACK" => ends(words, 1),
        "SET" => {
            let scopes = [
                "GLOBAL",
                "SESSION",
                "LOCAL",
                "PASSWORD",
                "NAMES",
                "ROLE",
                "PERSIST",
                "TRANSACTION",
                "@@GLOBAL",
                "@@SESSION",
            ];
            let assigns = words.is_sign(2, "=") || words.is(2, &["TO"]);
            words.is(1, &scopes) && !ends(words, 2) || named(words, 1) && assigns && !glued_at(words, 1)
        }
        "CALL" => named(words, 1) && words.has_call(),
        "EXEC" | "EXECUTE" => {
            // `exec sp_who`, `exec master..xp_cmdshell`, `exec [master].[dbo].[xp_cmdshell]`
            let of_the_server = |place: usize| {
                let name = words.slice(place).trim_start_matches(['[', '"']).to_ascii_lowercase();
                name.starts_with("sp_") || name.starts_with("xp_")
            };
            let mut name = (1..words.len().min(10)).take_while(|place| *place == 1 || glued_at(words, place - 1));
            words.is_sign(1, "(") || name.any(of_the_server)
        }
        "DO" => text,
        "PREPARE" => named(words, 1) && words.has(&["AS", "FROM"]),
        "DECLARE" => words.slice(1).starts_with('@') || words.has(&["CURSOR"]),
        "ATTACH" => text && words.has(&["AS"]),
        _ => false,
    }
}

/// `select` of a query; not `select x in a b; do` of a shell.
fn selects(words: Words<'_>) -> bool {
    let loops =
        words.is(2, &["IN"]) && words.find(&["DO"]).is_some_and(|place| words.is_sign(place - 1, ";") || place > 3);
    let stands_alone = words.len() < 2 || words.is_sign(1, ";");
    let option = words.is_sign(1, "-")
        && words.kind(2) == Some(Kind::Word)
        && !words.slice(2).starts_with(|c: char| c.is_ascii_digit());
    !stands_alone && (words.has(&["FROM"]) || !(loops || option))
}

/// `COPY t FROM '/file'`
fn copies_file(words: Words<'_>) -> bool {
    words.find(&["FROM", "TO"]).is_some_and(|place| words.kind(place + 1) == Some(Kind::Text))
}

/// A name follows, and then nothing, or what ends a TRUNCATE.
fn name_ends(words: Words<'_>) -> bool {
    let mut words = words;
    words.skip(1);
    words.names();
    words.is_at_end()
        || words.is_sign(words.at(), ";")
        || words.next_is(&["CASCADE", "RESTART", "CONTINUE", "RESTRICT"])
}

/// No blank stands between a token and the next one.
fn glued_at(words: Words<'_>, place: usize) -> bool {
    words.bytes(place..place + 2).len() == words.slice(place).len() + words.slice(place + 1).len()
}
