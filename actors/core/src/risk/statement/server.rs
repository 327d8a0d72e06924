//! What reaches beyond rows and objects: settings, sessions, logs, files, and the server itself.

use super::words::{self, Words};
use super::{Found, Level, does};

/// Variables of a session that change nothing but the session's own view.
const PLAIN_VARIABLES: &[&str] = &[
    "NAMES",
    "CHARACTER",
    "CHARSET",
    "STATEMENT_TIMEOUT",
    "LOCK_TIMEOUT",
    "TIMEZONE",
    "TIME",
    "DATESTYLE",
    "NOCOUNT",
    "CLIENT_ENCODING",
    "CLIENT_MIN_MESSAGES",
    "TRANSACTION",
    "STATISTICS",
    "DEADLOCK_PRIORITY",
    "ANSI_NULLS",
    "XACT_ABORT",
    "QUOTED_IDENTIFIER",
    "SQL_MODE",
    "TIME_ZONE",
    "WORK_MEM",
    "APPLICATION_NAME",
    "PAGESIZE",
    "LINESIZE",
    "TIMING",
    "HEADING",
    "FEEDBACK",
    "ECHO",
    "SERVEROUTPUT",
    "PAGES",
    "LINES",
];
/// Variables whose change weakens a safeguard or a record, with the values that do so; none means each value.
const SAFEGUARDS: &[(&str, &[&str])] = &[
    ("SQL_LOG_BIN", &["0", "OFF", "FALSE"]),
    ("LOG_BIN", &["0", "OFF", "FALSE"]),
    ("GENERAL_LOG", &["0", "OFF", "FALSE"]),
    ("SLOW_QUERY_LOG", &["0", "OFF", "FALSE"]),
    ("SQL_LOG_OFF", &["1", "ON", "TRUE"]),
    ("FOREIGN_KEY_CHECKS", &["0", "OFF", "FALSE"]),
    ("SESSION_REPLICATION_ROLE", &["REPLICA"]),
    ("ROW_SECURITY", &["0", "OFF", "FALSE"]),
    ("SQL_SAFE_UPDATES", &["0", "OFF", "FALSE"]),
    ("LOG_STATEMENT", &[]),
    ("PGAUDIT", &[]),
    ("AUDIT_LOG_POLICY", &[]),
    ("SERVER_AUDIT_LOGGING", &["0", "OFF", "FALSE"]),
    ("SECURE_FILE_PRIV", &[]),
    ("LOCAL_INFILE", &["1", "ON", "TRUE"]),
];

/// `SET …`
pub(super) fn set(mut words: Words<'_>) -> Vec<Found> {
    words.skip(1);
    let mut whole_server = words.eat(&["GLOBAL", "PERSIST", "PERSIST_ONLY", "@@GLOBAL", "@@PERSIST"]);
    words.eat_all(&["SESSION", "LOCAL", "@@SESSION", "@@LOCAL"]);
    if words.is_sign(words.at(), ".") {
        words.skip(1);
    }
    let place = words.at();
    let variable = words.keyword(place).trim_start_matches('@').to_owned();
    let name = words.name().unwrap_or_else(|| "?".to_owned());
    whole_server |= words.has(&["@@GLOBAL", "@@PERSIST", "GLOBAL"]);
    let mut found = Vec::new();
    let safeguard = |place: usize| {
        let variable = words.keyword(place).trim_start_matches('@').to_owned();
        let row = SAFEGUARDS.iter().find(|row| row.0 == variable)?;
        let value = (place + 1..place + 5).find(|at| words.is_sign(*at, "=") || words.is(*at, &["TO"]))? + 1;
        let value = words::unquoted(words.slice(value)).to_ascii_uppercase();
        (row.1.is_empty() || row.1.contains(&value.as_str())).then(|| words.slice(place))
    };
    if let Some(name) = (place..words.len()).find_map(safeguard) {
        let name = words::shown(name);
        let (en, zh) =
            (format!("switches off a safeguard or a record by {name}"), format!("通过 {name} 关闭保护或记录"));
        found.push(does("security_control_off", Level::High, words.whole(), en, zh));
    }
    if whole_server {
        let (en, zh) =
            (format!("changes the setting {name} of the whole server"), format!("修改整个服务器的设置 {name}"));
        found.push(does("system_config_write", Level::High, words.whole(), en, zh));
    }
    match variable.as_str() {
        "PASSWORD" => {
            found.push(does(
                "account_change",
                Level::High,
                words.whole(),
                "changes a password".into(),
                "修改密码".into(),
            ));
        }
        "ROLE" | "AUTHORIZATION" | "DEFAULT" if !words.is_at_end() || variable == "ROLE" => {
            let (en, zh) = ("takes another role in the session", "在会话中切换角色");
            found.push(does("account_change", Level::Medium, words.whole(), en.into(), zh.into()));
        }
        _ => {}
    }
    if found.is_empty() && !PLAIN_VARIABLES.contains(&variable.as_str()) {
        let (en, zh) = (format!("changes the setting {name} of the session"), format!("修改会话设置 {name}"));
        found.push(does("sql_write", Level::Medium, words.whole(), en, zh));
    }
    found
}

/// `COPY …`
pub(super) fn copy(mut words: Words<'_>) -> Vec<Found> {
    words.skip(1);
    words.eat(&["INTO"]);
    let name = match words.is_sign(words.at(), "(") {
        true => {
            words.skip(words.behind_bracket(words.at()) - words.at());
            "a query".to_owned()
        }
        false => words.name().unwrap_or_else(|| "?".to_owned()),
    };
    let span = words.whole();
    if words.has(&["PROGRAM"]) {
        let (en, zh) = (
            format!("runs a program on the database's host to copy {name}"),
            format!("在数据库主机上运行程序以复制 {name}"),
        );
        return vec![does("sql_program", Level::High, span, en, zh)];
    }
    let std = words.has(&["STDIN", "STDOUT"]);
    match (words.has(&["TO"]) && !words.has(&["FROM"]), std) {
        (true, true) => Vec::new(),
        (true, false) => {
            let (en, zh) = (
                format!("writes {name} into a file on the database's host"),
                format!("把 {name} 写入数据库主机上的文件"),
            );
            vec![does("sql_program", Level::High, span, en, zh)]
        }
        (false, _) => vec![does(
            "sql_write",
            Level::Medium,
            span,
            format!("loads rows into {name}"),
            format!("向表 {name} 导入数据"),
        )],
    }
}

/// `LOAD DATA …`, `LOAD 'library'`, `LOAD EXTENSION …`
pub(super) fn load(mut words: Words<'_>) -> Vec<Found> {
    words.skip(1);
    let span = words.whole();
    if words.eat(&["DATA", "XML"]) {
        let into = words.find(&["INTO"]).unwrap_or(words.len());
        let mut table = words;
        table.skip(into - words.at() + 1);
        table.eat_all(&["TABLE"]);
        let name = table.name().unwrap_or_else(|| "?".to_owned());
        let (en, zh) = (format!("loads a file of the host into {name}"), format!("把主机上的文件导入表 {name}"));
        return vec![does("sql_program", Level::High, span, en, zh)];
    }
    let name = words.name().unwrap_or_else(|| "?".to_owned());
    let (en, zh) = (format!("loads the library {name} into the database"), format!("向数据库加载库 {name}"));
    vec![does("sql_program", Level::High, span, en, zh)]
}

/// What only reads of `PRAGMA name(argument)`: with other names, an argument sets.
const READING_PRAGMAS: &[&str] = &[
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "foreign_key_check",
    "integrity_check",
    "quick_check",
    "database_list",
    "compile_options",
    "function_list",
    "collation_list",
    "pragma_list",
    "module_list",
];

/// `PRAGMA …`
pub(super) fn pragma(mut words: Words<'_>) -> Vec<Found> {
    words.skip(1);
    let name = words.name().unwrap_or_else(|| "?".to_owned());
    let bare = name.rsplit('.').next().unwrap_or(&name).to_ascii_lowercase();
    let sets = words.is_sign(words.at(), "=") || words.is_sign(words.at(), "(");
    let value = words.keyword(words.at() + 1);
    let span = words.whole();
    let acts = ["incremental_vacuum", "optimize", "wal_checkpoint", "shrink_memory"].contains(&bare.as_str());
    if READING_PRAGMAS.contains(&bare.as_str()) || (!sets && !acts) {
        return Vec::new();
    }
    let off = ["0", "OFF", "FALSE", "NO"].contains(&value.as_str());
    let (label, level) = match (bare.as_str(), off) {
        ("foreign_keys" | "cell_size_check" | "trusted_schema" | "synchronous" | "defensive", true) => {
            ("security_control_off", Level::High)
        }
        ("writable_schema" | "ignore_check_constraints", false) => ("security_control_off", Level::High),
        ("key" | "rekey", _) => ("secret_access", Level::Medium),
        _ => ("sql_write", Level::Medium),
    };
    vec![does(
        label,
        level,
        span,
        format!("changes the setting {name} of the database file"),
        format!("修改数据库文件设置 {name}"),
    )]
}

/// `VACUUM …`
pub(super) fn vacuum(words: Words<'_>) -> Vec<Found> {
    let (label, en, zh) = match words.has(&["INTO"]) {
        true => ("file_write", "writes a copy of the database into a file", "把数据库副本写入文件"),
        false => ("sql_write", "rewrites tables to gain space", "整理表以回收空间"),
    };
    vec![does(label, Level::Medium, words.whole(), en.into(), zh.into())]
}

/// A statement that its first words tell: the words, label, level, and what it does in both languages.
struct Row(&'static [&'static str], &'static str, Level, &'static str, &'static str);

const ROWS: &[Row] = &[
    Row(&["SHUTDOWN"], "system_power", Level::High, "stops the database", "停止数据库"),
    Row(&["SYSTEM", "SHUTDOWN"], "system_power", Level::High, "stops the database", "停止数据库"),
    Row(&["SYSTEM", "KILL"], "system_power", Level::High, "stops the database", "停止数据库"),
    Row(&["SYSTEM"], "sql_write", Level::Medium, "commands the database server", "向数据库服务器发出命令"),
    Row(&["RESTART"], "system_power", Level::High, "starts the database anew", "重启数据库"),
    Row(&["PURGE", "BINARY"], "audit_tamper", Level::High, "deletes binary logs", "删除二进制日志"),
    Row(&["PURGE", "MASTER"], "audit_tamper", Level::High, "deletes binary logs", "删除二进制日志"),
    Row(&["PURGE"], "sql_drop", Level::High, "deletes dropped objects for good", "彻底清除已删除的对象"),
    Row(&["RESET", "MASTER"], "audit_tamper", Level::High, "deletes all binary logs", "删除所有二进制日志"),
    Row(&["RESET", "BINARY"], "audit_tamper", Level::High, "deletes all binary logs", "删除所有二进制日志"),
    Row(
        &["RESET", "SLAVE"],
        "system_config_write",
        Level::High,
        "makes the server forget its replication",
        "重置复制配置",
    ),
    Row(
        &["RESET", "REPLICA"],
        "system_config_write",
        Level::High,
        "makes the server forget its replication",
        "重置复制配置",
    ),
    Row(&["RESET"], "sql_write", Level::Medium, "puts settings of the session back", "重置会话设置"),
    Row(&["FLUSH", "LOGS"], "system_config_write", Level::High, "begins new log files", "轮换日志文件"),
    Row(&["FLUSH", "BINARY"], "system_config_write", Level::High, "begins new log files", "轮换日志文件"),
    Row(&["FLUSH", "TABLES"], "system_config_write", Level::High, "closes or locks all tables", "关闭或锁定所有表"),
    Row(&["FLUSH", "PRIVILEGES"], "system_config_write", Level::High, "loads the rights anew", "重新加载权限"),
    Row(&["FLUSH"], "sql_write", Level::Medium, "empties caches of the server", "清空服务器缓存"),
    Row(&["CHANGE"], "system_config_write", Level::High, "changes the replication", "修改复制配置"),
    Row(&["STOP"], "system_config_write", Level::High, "stops the replication", "停止复制"),
    Row(&["START", "SLAVE"], "system_config_write", Level::High, "starts the replication", "启动复制"),
    Row(&["START", "REPLICA"], "system_config_write", Level::High, "starts the replication", "启动复制"),
    Row(&["START", "GROUP_REPLICATION"], "system_config_write", Level::High, "starts the replication", "启动复制"),
    Row(
        &["RECONFIGURE"],
        "system_config_write",
        Level::High,
        "puts settings of the server in force",
        "使服务器设置生效",
    ),
    Row(&["INSTALL"], "sql_program", Level::High, "brings foreign code into the database", "向数据库引入外部代码"),
    Row(&["UNINSTALL"], "security_control_off", Level::High, "takes a plugin out of the database", "卸载数据库插件"),
    Row(&["NOAUDIT"], "security_control_off", Level::High, "switches off the audit", "关闭审计"),
    Row(
        &["DISABLE"],
        "security_control_off",
        Level::High,
        "switches off triggers or another safeguard",
        "关闭触发器或其他保护",
    ),
    Row(&["ENABLE"], "sql_write", Level::Medium, "switches on triggers", "启用触发器"),
    Row(&["KILL"], "process_kill", Level::Medium, "ends a session or a query of somebody", "终止他人的会话或查询"),
    Row(&["LOCK"], "sql_write", Level::Medium, "locks tables", "锁定表"),
    Row(&["UNLOCK"], "sql_write", Level::Medium, "unlocks tables", "解锁表"),
    Row(
        &["ATTACH"],
        "sql_write",
        Level::Medium,
        "opens another database file, which it may create",
        "打开(可能新建)另一个数据库文件",
    ),
    Row(&["DETACH"], "sql_write", Level::Medium, "closes a database or a table", "分离数据库或表"),
    Row(&["REINDEX"], "sql_write", Level::Medium, "builds indexes anew", "重建索引"),
    Row(&["ANALYZE"], "sql_write", Level::Medium, "renews statistics", "更新统计信息"),
    Row(&["ANALYSE"], "sql_write", Level::Medium, "renews statistics", "更新统计信息"),
    Row(&["CLUSTER"], "sql_write", Level::Medium, "rewrites a table", "重写表"),
    Row(&["REFRESH"], "sql_write", Level::Medium, "fills a view anew", "刷新视图"),
    Row(&["OPTIMIZE"], "sql_write", Level::Medium, "rewrites a table", "重写表"),
    Row(&["REPAIR"], "sql_write", Level::Medium, "repairs a table", "修复表"),
    Row(&["CHECKPOINT"], "sql_write", Level::Medium, "writes all changes to disk", "将所有更改写入磁盘"),
    Row(&["COMMENT"], "sql_write", Level::Medium, "changes a comment on an object", "修改对象注释"),
    Row(&["RENAME", "USER"], "account_change", Level::High, "renames an account", "重命名账户"),
    Row(&["RENAME"], "sql_write", Level::Medium, "renames a table", "重命名表"),
    Row(&["EXCHANGE"], "sql_write", Level::Medium, "exchanges two tables", "交换两张表"),
    Row(
        &["REASSIGN"],
        "permission_change",
        Level::High,
        "gives all objects of a role to another",
        "把一个角色的所有对象转给另一个角色",
    ),
    Row(&["SECURITY"], "permission_change", Level::Medium, "changes a security label", "修改安全标签"),
    Row(&["IMPORT"], "sql_write", Level::Medium, "brings tables into the database", "导入表"),
    Row(
        &["EXPORT"],
        "sql_program",
        Level::High,
        "writes data into files on the database's host",
        "把数据写入数据库主机上的文件",
    ),
    Row(&["UNLOAD"], "sql_program", Level::High, "writes data into files", "把数据写入文件"),
    Row(&["BULK"], "sql_program", Level::High, "loads a file of the host", "导入主机上的文件"),
    Row(&["BACKUP"], "file_write", Level::Medium, "writes a copy of the database", "备份数据库"),
    Row(&["RESTORE"], "sql_drop", Level::High, "puts a copy in place of the database", "用备份覆盖数据库"),
    Row(&["FLASHBACK"], "sql_drop", Level::High, "puts an object back to an earlier state", "将对象回退到早先状态"),
    Row(&["DBCC"], "sql_write", Level::Medium, "commands the database server", "向数据库服务器发出命令"),
    Row(&["HANDLER"], "sql_write", Level::Medium, "opens a table past the usual ways", "绕过常规方式访问表"),
    Row(&["BINLOG"], "sql_write", Level::Medium, "applies an event of a binary log", "应用二进制日志事件"),
    Row(&["NOTIFY"], "sql_write", Level::Medium, "sends a notification", "发送通知"),
    Row(&["DISCARD"], "sql_write", Level::Medium, "drops the session's state", "丢弃会话状态"),
    Row(&["UNDROP"], "sql_write", Level::Medium, "brings a dropped object back", "恢复已删除的对象"),
    Row(&["COMMIT", "PREPARED"], "sql_write", Level::Medium, "commits a prepared transaction", "提交预备事务"),
    Row(&["ROLLBACK", "PREPARED"], "sql_write", Level::Medium, "rolls a prepared transaction back", "回滚预备事务"),
    Row(&["WAITFOR"], "sql_write", Level::Medium, "waits and holds the session", "等待并占用会话"),
    Row(
        &["CALL"],
        "sql_write",
        Level::Medium,
        "calls a procedure, which may change anything",
        "调用存储过程,可能修改任何内容",
    ),
];

/// Judges a statement by its first words; nothing if they are not on the list.
pub(super) fn by_first_words(words: Words<'_>) -> Option<Found> {
    let start = words.at();
    // MySQL allows these behind FLUSH.
    let mut plain = words;
    plain.skip(1);
    plain.eat_all(&["NO_WRITE_TO_BINLOG", "LOCAL"]);
    let is_row = |row: &&Row| match row.0 {
        [first] => words.is(start, &[first]),
        [first, second] => words.is(start, &[first]) && plain.next_is(&[second]),
        _ => false,
    };
    let row = ROWS.iter().find(is_row)?;
    let mut object = words;
    object.skip(row.0.len());
    object.eat_all(&["TABLE", "TABLES", "DATABASE", "INDEX", "VIEW", "MATERIALIZED", "CONCURRENTLY", "VERBOSE", "ON"]);
    let name = object.name().filter(|_| {
        matches!(
            row.0,
            ["CALL" | "KILL" | "REINDEX" | "REFRESH" | "CLUSTER" | "OPTIMIZE" | "LOCK" | "RESTORE" | "BACKUP"]
        )
    });
    let end = name.map(|name| format!(": {name}")).unwrap_or_default();
    Some(does(row.1, row.2, words.whole(), format!("{}{end}", row.3), format!("{}{end}", row.4)))
}
