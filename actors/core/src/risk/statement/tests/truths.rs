//! Which conditions hold for every row.

use super::*;

fn assert_level(condition: &str, expected: Level) {
    for statement in ["DELETE FROM t WHERE ", "UPDATE t SET a = 1 WHERE "] {
        let text = format!("{statement}{condition}");
        let found = grade(&text, Dialect::Generic);
        assert_eq!(level(&found), expected, "{text} {found:?}");
    }
}

#[test]
fn always() {
    for condition in [
        "1=1",
        "(1 = 1)",
        "((true))",
        "true",
        "NOT false",
        "NOT (1 = 2)",
        "1",
        "'1'",
        "2 > 1",
        "1 < 2",
        "1 <= 1",
        "1 <> 2",
        "1 + 1 = 2",
        "'a'='a'",
        "'a' || 'b' = 'ab'",
        "id=id",
        "ID = id",
        "t.id = id",
        "id >= id",
        "id LIKE id OR id = id",
        "a = 5 OR 1=1",
        "1=1 OR a = 5",
        "a = 5 OR (b = 6 OR (true))",
        "1=1 AND 2=2",
        "a IS NOT NULL OR a IS NULL",
        "a IS NULL OR a IS NOT NULL",
        "a = 1 OR a <> 1",
        "a < 5 OR a >= 5",
        "a = 1 OR NOT (a = 1)",
        "name LIKE '%'",
        "name LIKE '%%'",
        "1 IN (1, 2)",
        "id IN (id)",
        "1 BETWEEN 0 AND 2",
        "id BETWEEN id AND id",
        "1 IS NOT NULL",
        "NULL IS NULL",
        "true IS TRUE",
        "id IS NOT DISTINCT FROM id",
        "CASE WHEN 1=1 THEN true ELSE false END",
        "now() > '2020-01-01'",
        "length('a') = 1",
        "EXISTS (SELECT 1)",
        "id IN (SELECT id FROM t)",
    ] {
        assert_level(condition, HIGH);
    }
}

#[test]
fn not_always() {
    for condition in [
        "a = 1",
        "a = b",
        "a.id = b.id",
        "id > 0",
        "id IS NOT NULL",
        "false",
        "0",
        "1=2",
        "NOT true",
        "1=1 AND a=2",
        "1=2 OR a = 3",
        "a >= b",
        "a LIKE ''",
        "a LIKE 'x%'",
        "a NOT LIKE '%'",
        "a = 1 OR a = 2",
        "a = 1 OR b <> 1",
        "a IN (1, 2)",
        "a = ?",
        "a = @x",
        "EXISTS (SELECT 1 FROM u WHERE u.id = t.id)",
        "id IN (SELECT id FROM u)",
        "id IN (SELECT id FROM t WHERE a = 1)",
        "CASE WHEN a = 1 THEN true ELSE false END",
        "a <> a",
        "NULL",
    ] {
        assert_level(condition, MEDIUM);
    }
}
