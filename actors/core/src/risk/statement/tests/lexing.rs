//! How each kind of database cuts a text.

use super::lex::{Kind, lex};
use super::*;

fn cut_up(text: &str, reading: Reading) -> (Vec<(Kind, &str)>, String) {
    let lexed = lex(text, reading);
    (lexed.tokens.iter().map(|token| (token.kind, &text[token.from..token.to])).collect(), lexed.clean)
}

#[test]
fn comments_and_texts_end_where_each_database_ends_them() {
    let table = [
        ("a 'b;c' d", Reading::Postgres, "a 'b;c' d"),
        ("a --b\nc", Reading::Postgres, "a    \nc"),
        ("a --b\nc", Reading::MySql, "a --b\nc"),
        ("a -- b\nc", Reading::MySql, "a     \nc"),
        ("a # b", Reading::Postgres, "a # b"),
        ("a # b", Reading::MySql, "a    "),
        ("a /* b /* c */ d */ e", Reading::Postgres, "a                     e"),
        ("a /* b /* c */ d */ e", Reading::MySql, "a              d */ e"),
        ("/*!50000 drop */ x", Reading::Postgres, "                 x"),
        ("/*!50000 drop */ x", Reading::MySql, "         drop    x"),
        ("/* é */x", Reading::Sqlite, "        x"),
        ("a // b", Reading::Warehouse, "a     "),
        ("a --b\rc", Reading::Postgres, "a    \rc"),
        ("a --b\rc", Reading::Sqlite, "a      "),
    ];
    for (text, reading, clean) in table {
        let found = cut_up(text, reading).1;
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((words(&found), found.len()), (words(clean), text.len()), "{text:?} {reading:?}");
    }
}

#[test]
fn tokens_are_those_of_each_database() {
    let table = [
        ("'a\\'b'", Reading::MySql, vec![(Kind::Text, "'a\\'b'")]),
        ("\"a\"", Reading::MySql, vec![(Kind::Text, "\"a\"")]),
        ("\"a\"", Reading::Postgres, vec![(Kind::Name, "\"a\"")]),
        ("[a]]b]", Reading::Mssql, vec![(Kind::Name, "[a]]b]")]),
        ("E'a\\'b'", Reading::Postgres, vec![(Kind::Word, "E"), (Kind::Text, "'a\\'b'")]),
        ("$x$a'b$x$", Reading::Postgres, vec![(Kind::Text, "$x$a'b$x$")]),
        ("q'[a'b]'", Reading::Oracle, vec![(Kind::Word, "q"), (Kind::Text, "'[a'b]'")]),
        (
            "@@x 1or #t",
            Reading::Mssql,
            vec![(Kind::Word, "@@x"), (Kind::Word, "1"), (Kind::Word, "or"), (Kind::Word, "#t")],
        ),
        ("\\Gdrop", Reading::MySql, vec![(Kind::Sign, "\\"), (Kind::Word, "G"), (Kind::Word, "drop")]),
    ];
    for (text, reading, tokens) in table {
        let lexed = lex(text, reading);
        assert!(lexed.closed, "{text:?}");
        assert_eq!(cut_up(text, reading).0, tokens, "{text:?} {reading:?}");
    }
    for (text, reading) in
        [("'a", Reading::Oracle), ("/* a", Reading::Mssql), ("$$a", Reading::Postgres), ("/*! a", Reading::MySql)]
    {
        assert!(!lex(text, reading).closed, "{text:?}");
    }
}
