//! Data stores: SQL statements, and the programs that talk to stores.

use super::{Rule, high, medium};

/// Rules for lines of a shell.
pub(super) const CLIENT_RULES: &[Rule] = &[
    high("datastore_wipe", r"(redis|valkey|keydb)-cli (.* )?(flushall|flushdb|shutdown|script flush|debug|config set|replicaof|slaveof|module load)( |$)", "Empties or stops the store."),
    medium("sql_write", r"(redis|valkey|keydb)-cli( |$)", "Talks to a store.").unless(r"\S+-cli (.* )?(ping|info|get|mget|keys|scan|ttl|type|exists|dbsize|llen|lrange|hget\w*|smembers|zrange|strlen|client list|slowlog get|memory usage)( |$)"),
    high("datastore_wipe", r"mongo(sh)? .*(drop(database|index\w*|user|role)?\b|deletemany|remove\(|deleteone|shutdownserver|renamecollection)", "Deletes data."),
    high("datastore_wipe", r"(mongorestore .*--drop|mysqladmin (.* )?(drop|shutdown|flush-\S+)|dropdb|dropuser|pg_resetwal|pg_dropcluster|pg_restore .*(-c|--clean)|influx .*(drop|delete)|cqlsh .*(drop|truncate)|nodetool (decommission|removenode|assassinate|clearsnapshot)|rabbitmqctl (reset|force_reset|delete_\S+|purge_queue|stop\S*))( |$|\b)", "Deletes data or stops the store."),
    high("datastore_wipe", r"(curl|http|https|wget|xh) (.* )?(-x ?delete|--request[= ]delete|delete|--method[= ]delete)( |$)", "Deletes by request."),
    high("datastore_wipe", r"(curl|http) .*(_delete_by_query|/_all|_cluster/settings|/_shutdown)", "Deletes by request."),
    high("datastore_wipe", r"(kafka-\S+|kafkactl|kcat|rpk|pulsar-admin|nats|rabbitmqadmin) (.* )?(--delete|delete|purge|rm|--reset-offsets|topic delete)( |$)", "Deletes messages or topics."),
    high("datastore_wipe", r"(etcdctl|consul kv|consul|zkcli\S*|nomad|vault) (.* )?(del|delete|rmr|deleteall|leave|force-leave|stop|purge|destroy|disable|-purge)( |$)", "Deletes from the store."),
    high("datastore_wipe", r"(rails|rake|bin/rails|bundle exec \w+) (.* )?db:(drop|reset|purge|schema:load|migrate:reset|truncate_all)|(\S+ )*manage\.py (flush|reset_db|sqlflush)|artisan (migrate:(fresh|reset|refresh)|db:wipe)|php artisan (migrate:(fresh|reset|refresh)|db:wipe)|(npx )?prisma (migrate reset|db push .*--(force|accept))|python[\d.]* \S*manage\.py (flush|reset_db)|mix ecto\.(drop|reset)|sequelize db:drop|alembic downgrade|flyway (.* )?clean|liquibase (.* )?drop", "Empties the database."),
    high("sql_program", r"(psql|mysql|mariadb|sqlite3?) (.* )?\S*(\\!|\.shell|\.system|\\copy .*program|system )", "Runs a program from a database client."),
    medium("script_run", r"(psql|mysql|mariadb|sqlite3?|sqlcmd|duckdb) (.* )?(-f|--file|-i|--init-command|\\i|\.read)( |=|$)", "Runs statements from a file."),
];

/// Rules for statements, which begin like a statement does and hold `''` for every text and `()` for every bracket.
pub(super) const STATEMENT_RULES: &[Rule] = &[
    high("sql_drop", r"(.*\bas )?drop ", "Deletes a whole object with everything in it.")
        .unless(r"drop (prepare|temporary table)"),
    high("sql_truncate", r"truncate( |$)", "Empties a whole table."),
    high("sql_alter_drop", r"alter .* (drop|detach|discard|truncate) ", "Deletes a part of an object with its data.")
        .unless(r"alter .* (alter|modify)( column)? \S+ drop (not null|default|identity|expression)$"),
    high(
        "sql_no_where",
        r"((with|begin) .*)?\b(delete (\w+ )?(from|\S+ from)|delete from)( |$)",
        "Deletes every row of a table.",
    )
    .unless(r".* where( |\()"),
    high("sql_no_where", r"((with|begin) .*)?\bupdate (\S+ )*.*\bset ", "Changes every row of a table.")
        .unless(r".* where( |\()|.*on (conflict|duplicate key)|select .*for update"),
    high("sql_no_where", r"merge .*not matched by source.* delete", "Deletes rows that are not in the source."),
    high("sql_program", r"copy .*\bprogram\b", "Runs a program on the database's host."),
    high(
        "sql_program",
        r".*\b(xp_cmdshell|sp_oacreate|load_file|pg_read_file|pg_read_binary_file|pg_ls_dir|lo_import|lo_export|sys_exec|sys_eval|dblink_exec|pg_execute_server_program|load_extension|writefile|readfile|utl_file|utl_http|dbms_scheduler|dbms_java|openrowset|pg_write_file|edit\b ?\()\b",
        "Reaches the database's host.",
    ),
    high("sql_program", r".*\binto (outfile|dumpfile)\b", "Writes a file on the database's host."),
    high(
        "sql_program",
        r"(create .*\b(language (c|plpython\w*|plperlu|pltclu)|soname|extension)\b|load '|load data )",
        "Brings code or files into the database.",
    ),
    high("system_power", r"shutdown( |$)", "Stops the database."),
    high(
        "account_change",
        r"(create|alter|drop|rename) (user|role|login|group)( .*)?(identified|password|superuser|with|createrole|bypassrls|$)",
        "Changes who may use the database.",
    ),
    high(
        "permission_change",
        r"grant .*(all|super|dba|admin|owner|replication|file|option|public)",
        "Gives wide rights in the database.",
    ),
    high(
        "system_config_write",
        r"(alter system|set (global|persist)|reset master|purge (binary|master) logs|flush (logs|privileges|tables)|change (master|replication)|stop (slave|replica))",
        "Changes the database server's settings.",
    ),
    high("sql_drop", r"exec(ute)?( immediate)?( |\()+.*(drop|truncate|delete|xp_)", "Builds a statement that deletes."),
    high(
        "obfuscated_execution",
        r"(exec(ute)? immediate|prepare .* from|execute ''|exec ?\(\)|do )",
        "Runs a statement that is only known when it runs.",
    ),
    medium("sql_write", r"(with .*)?\b(insert|update|delete|merge|upsert|replace)\b ", "Changes rows.")
        .unless(r"(select|show|values) .*"),
    medium(
        "sql_write",
        r"(create|alter|comment|grant|revoke|rename|reindex|vacuum|analyze|cluster|refresh|import|load|copy|call|lock|set|reset|attach|detach|optimize|repair|pragma .*=|use|exec|execute|prepare|deallocate|do|declare|begin|commit|rollback|start|savepoint|security|reassign|flush|kill|handler|install|uninstall|change)( |$)",
        "Changes the database or the session.",
    ),
    medium("sql_write", r"select .*\b(into|for (no key )?update|for share)\b", "Writes or locks rows."),
    medium(
        "sql_write",
        r".*\b(nextval|setval|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_sleep|sleep|benchmark|dblink|pg_advisory_lock|set_config|lo_unlink|pg_switch_wal|pg_promote|pg_rotate_logfile|txid_current|query_to_xml|sqlite_dbpage)\b ?\(",
        "Calls a function that changes or holds something.",
    ),
];
