use super::*;

#[test]
fn comments_and_texts_are_blanked_as_each_dialect_reads_them() {
    let table = [
        ("a 'b;c' d", "a '' d", "a '' d"),
        ("a 'b''c' d", "a '' d", "a '' d"),
        ("a 'b\\'c' d", "a ''c''", "a '' d"),
        ("a --b\nc", "a  \nc", "a --b\nc"),
        ("a -- b\nc", "a  \nc", "a  \nc"),
        ("a # b", "a # b", "a  "),
        ("a /* b /* c */ d */ e", "a   e", "a   d   e"),
        ("/*!50000 drop */ x", "  x", "  drop   x"),
        ("\"a b\" `c`", "a_b c", "'' c"),
    ];
    for (text, standard, mysql) in table {
        assert_eq!(bare_code(text, Dialect::Standard).0, standard, "{text:?}");
        assert_eq!(bare_code(text, Dialect::MySql).0, mysql, "{text:?}");
    }
}

#[test]
fn statements_and_brackets_are_pieces() {
    let (found, balanced) = pieces("select  (a (b)) ;\n delete");
    let found: Vec<(&str, usize)> = found.iter().map(|piece| (piece.text.as_str(), piece.depth)).collect();
    assert_eq!(found, [("b", 2), ("a ()", 1), ("select ()", 0), ("delete", 0)]);
    assert!(balanced);
    for text in ["(a", "a)", ")("] {
        assert!(!pieces(text).1, "{text}");
    }
}

#[test]
fn beginnings() {
    for text in [
        "SELECT 1",
        "select*from t",
        "  -- x\n /* y */ delete from t",
        "(select 1)",
        "with a as (select 1) select 2",
        "TRUNCATE t",
        "update t set a = 1",
        "drop table x",
        "GRANT ALL ON x TO y",
        "show tables",
        "Begin; select 1",
    ] {
        assert!(begins_like_statement(text), "{text}");
    }
    for text in [
        "truncate -s 0 f",
        "select",
        "update-grub",
        "drop",
        "echo select 1",
        "show",
        "copy a b",
        "dropdb x",
        "create-react-app x",
    ] {
        assert!(!begins_like_statement(text), "{text}");
    }
}

#[test]
fn statements_are_found_in_arguments() {
    let table = [
        ("select 1", Some("select 1")),
        ("-eselect 1", Some("select 1")),
        ("--command=drop table t", Some("drop table t")),
        ("-U", None),
        ("--host=x", None),
        ("é", None),
        ("-é", None),
    ];
    for (argument, expected) in table {
        assert_eq!(statement_in(argument), expected, "{argument}");
    }
}

#[test]
fn truths() {
    for condition in
        ["1=1", "true", "not false", "a = a", "''=''", "x = 1 or 1=1", "1", "1=1 and 2=2", "1=1 limit 5", "(1=1)"]
    {
        assert!(is_always_true(condition), "{condition}");
    }
    for condition in ["a = 1", "a = b", "false", "0", "1=1 and a=2", "a >= b", "a like ''", ""] {
        assert!(!is_always_true(condition), "{condition}");
    }
}
