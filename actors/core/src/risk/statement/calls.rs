//! Functions, procedures and tables whose very names tell that more than rows is reached.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::lex::Kind;
use super::words::{self, Words, unquoted};
use super::{Grading, Level, does};

/// What the statement around a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To read: a call that is not known may do more.
    Read,
    Other,
}

/// Names of one kind: label, level, and what they do in both languages.
struct Group {
    names: &'static [&'static str],
    label: &'static str,
    level: Level,
    en: &'static str,
    zh: &'static str,
}

/// Functions: they count where a bracket follows.
const FUNCTIONS: &[Group] = &[
    Group {
        names: &[
            "load_file",
            "pg_read_file",
            "pg_read_binary_file",
            "pg_ls_dir",
            "pg_stat_file",
            "lo_import",
            "lo_get",
            "readfile",
            "read_csv",
            "read_csv_auto",
            "read_text",
            "read_blob",
            "read_parquet",
            "read_json",
            "file",
            "openrowset",
            "opendatasource",
            "bfilename",
            "pg_ls_logdir",
            "pg_ls_waldir",
            "pg_current_logfile",
            "fsdir",
            "xp_dirtree",
        ],
        label: "sql_program",
        level: Level::High,
        en: "reads a file on the database's host",
        zh: "读取数据库主机上的文件",
    },
    Group {
        names: &[
            "lo_export",
            "writefile",
            "pg_file_write",
            "pg_write_file",
            "pg_file_unlink",
            "pg_file_rename",
            "edit",
            "lo_put",
        ],
        label: "sql_program",
        level: Level::High,
        en: "writes a file on the database's host",
        zh: "写入数据库主机上的文件",
    },
    Group {
        names: &[
            "sys_exec",
            "sys_eval",
            "load_extension",
            "shell",
            "executable",
            "fts3_tokenizer",
            "pg_execute_server_program",
        ],
        label: "sql_program",
        level: Level::High,
        en: "runs foreign code on the database's host",
        zh: "在数据库主机上运行外部代码",
    },
    Group {
        names: &[
            "dblink_exec",
            "dblink",
            "dblink_connect",
            "dblink_send_query",
            "url",
            "s3",
            "remote",
            "mysql",
            "postgresql",
            "jdbc",
            "hdfs",
            "http_get",
            "http_post",
            "openquery",
            "httpuritype",
            "remotesecure",
            "mongodb",
            "odbc",
            "sys_http",
        ],
        label: "sql_program",
        level: Level::High,
        en: "reaches another server from the database",
        zh: "从数据库访问其他服务器",
    },
    Group {
        names: &[
            "query_to_xml",
            "table_to_xml",
            "database_to_xml",
            "schema_to_xml",
            "cursor_to_xml",
            "query_to_xmlschema",
            "query_to_xml_and_xmlschema",
            "xmltype_query",
        ],
        label: "inline_code",
        level: Level::High,
        en: "runs a statement that stands in a text",
        zh: "执行写在文本中的语句",
    },
    Group {
        names: &[
            "pg_terminate_backend",
            "pg_cancel_backend",
            "pg_drop_replication_slot",
            "pg_create_logical_replication_slot",
            "pg_create_physical_replication_slot",
            "pg_logical_slot_get_changes",
            "pg_stat_reset",
            "pg_stat_statements_reset",
        ],
        label: "process_kill",
        level: Level::Medium,
        en: "ends or resets something in the server",
        zh: "终止会话或重置服务器状态",
    },
    Group {
        names: &[
            "pg_reload_conf",
            "pg_rotate_logfile",
            "pg_promote",
            "pg_switch_wal",
            "pg_wal_replay_pause",
            "pg_backup_start",
            "pg_start_backup",
            "pg_create_restore_point",
        ],
        label: "system_config_write",
        level: Level::High,
        en: "commands the database server",
        zh: "向数据库服务器发出命令",
    },
    Group {
        names: &[
            "nextval",
            "setval",
            "lo_unlink",
            "lo_create",
            "lo_creat",
            "lo_from_bytea",
            "lowrite",
            "lo_truncate",
            "txid_current",
            "pg_notify",
            "create_hypertable",
            "drop_chunks",
        ],
        label: "sql_write",
        level: Level::Medium,
        en: "changes something by a function",
        zh: "通过函数修改数据",
    },
    Group {
        names: &["set_config"],
        label: "sql_write",
        level: Level::Medium,
        en: "changes a setting by a function",
        zh: "通过函数修改设置",
    },
    Group {
        names: &["pg_sleep", "pg_sleep_for", "pg_sleep_until", "sleep", "benchmark"],
        label: "sql_write",
        level: Level::Medium,
        en: "keeps a connection busy",
        zh: "长时间占用连接",
    },
    Group {
        names: &[
            "pg_advisory_lock",
            "pg_advisory_xact_lock",
            "pg_try_advisory_lock",
            "pg_advisory_unlock_all",
            "get_lock",
            "release_lock",
            "generate_bomb",
        ],
        label: "sql_write",
        level: Level::Medium,
        en: "holds the session or a lock",
        zh: "占用会话或锁",
    },
];

/// Names that count wherever they stand: procedures, and packages with a dot behind.
const NAMES: &[Group] = &[
    Group {
        names: &[
            "xp_cmdshell",
            "sp_oacreate",
            "sp_oamethod",
            "xp_regwrite",
            "xp_regdeletekey",
            "xp_regread",
            "xp_dirtree",
            "xp_fileexist",
            "xp_subdirs",
            "xp_delete_file",
            "sp_execute_external_script",
            "xp_servicecontrol",
            "sp_addextendedproc",
            "dbms_java",
            "dbms_scheduler",
            "dbms_job",
            "utl_file",
            "utl_http",
            "utl_tcp",
            "utl_smtp",
            "utl_inaddr",
            "dbms_ldap",
            "dbms_xslprocessor",
            "dbms_advisor",
            "sp_start_job",
            "sp_add_job",
            "sp_add_jobstep",
        ],
        label: "sql_program",
        level: Level::High,
        en: "reaches the database's host",
        zh: "访问数据库主机",
    },
    Group {
        names: &["sp_configure", "sp_serveroption", "sp_addlinkedserver", "rds_superuser_grant"],
        label: "system_config_write",
        level: Level::High,
        en: "changes the database server's settings",
        zh: "修改数据库服务器设置",
    },
    Group {
        names: &[
            "sp_addsrvrolemember",
            "sp_addrolemember",
            "sp_addlogin",
            "sp_droplogin",
            "sp_adduser",
            "sp_dropuser",
            "sp_password",
            "sp_grantdbaccess",
            "sp_change_users_login",
        ],
        label: "account_change",
        level: Level::High,
        en: "changes who may use the database",
        zh: "修改数据库账户",
    },
    Group {
        names: &["sp_msforeachtable", "sp_msforeachdb", "sp_executesql", "dbms_sql", "sp_prepexec", "sp_prepare"],
        label: "inline_code",
        level: Level::High,
        en: "runs a statement that stands in a text",
        zh: "执行写在文本中的语句",
    },
    Group {
        names: &[
            "pg_shadow",
            "pg_authid",
            "pg_user_mapping",
            "sql_logins",
            "syslogins",
            "authentication_string",
            "pg_largeobject",
            "user$",
        ],
        label: "secret_access",
        level: Level::High,
        en: "reads password hashes or secrets",
        zh: "读取密码哈希或机密",
    },
];

/// First words of the names of functions that people write to change things.
const ACTING: &[&str] = &[
    "delete",
    "drop",
    "purge",
    "truncate",
    "remove",
    "create",
    "alter",
    "exec",
    "execute",
    "run",
    "kill",
    "grant",
    "revoke",
    "reset",
    "wipe",
    "clean",
    "cleanup",
    "archive",
    "refresh",
    "process",
    "apply",
    "sync",
    "send",
    "add",
    "do",
    "perform",
    "update",
    "insert",
    "merge",
    "move",
    "rename",
    "import",
    "export",
    "load",
    "write",
    "schedule",
    "unschedule",
    "cron",
];
/// Built-in functions that only look like that.
const NOT_ACTING: &[&str] =
    &["insert", "truncate", "add_months", "date_add", "updatexml", "adddate", "addtime", "run_length", "exec"];
/// Schemas whose functions are the database's own.
const OWN_SCHEMAS: &[&str] =
    &["pg_catalog", "information_schema", "sys", "safe", "net", "json", "st", "math", "regexp"];

fn index(groups: &'static [Group]) -> HashMap<&'static str, &'static Group> {
    groups.iter().flat_map(|group| group.names.iter().map(move |name| (*name, group))).collect()
}

/// Finds calls and names in a statement that tell of more than rows.
pub(super) fn scan(words: Words<'_>, purpose: Purpose, grading: &mut Grading<'_>) {
    static FUNCTION: LazyLock<HashMap<&str, &Group>> = LazyLock::new(|| index(FUNCTIONS));
    static NAME: LazyLock<HashMap<&str, &Group>> = LazyLock::new(|| index(NAMES));
    for place in 0..words.len() {
        let Some(Kind::Word | Kind::Name) = words.kind(place) else { continue };
        let name = unquoted(words.slice(place)).to_ascii_lowercase();
        let called = words.is_sign(place + 1, "(");
        let group = NAME.get(name.as_str()).or_else(|| FUNCTION.get(name.as_str()).filter(|_| called));
        let span = words.bytes(place..place + 1);
        if let Some(group) = group {
            let name = words::shown(&name);
            let (en, zh) = (format!("{} by {name}", group.en), format!("通过 {name} {}", group.zh));
            grading.add(does(group.label, group.level, span, en, zh));
        } else if called && purpose == Purpose::Read && is_foreign(words, place, &name) {
            let name = words::shown(&name);
            let (en, zh) =
                (format!("calls {name}, which may change anything"), format!("调用 {name},可能修改任何内容"));
            grading.add(does("unknown_command", Level::Medium, span, en, zh));
        }
    }
    pairs(words, grading);
}

/// A function that somebody wrote: it has a schema, or a name that says it acts.
fn is_foreign(words: Words<'_>, place: usize, name: &str) -> bool {
    let before = |tokens: usize| place.checked_sub(tokens);
    let schema = before(1).filter(|dot| words.is_sign(*dot, ".")).and_then(|_| before(2));
    if let Some(schema) = schema {
        let is_table = before(3).is_some_and(|verb| words.is(verb, &["INTO", "TABLE"]));
        let schema = unquoted(words.slice(schema)).to_ascii_lowercase();
        return !is_table && !OWN_SCHEMAS.contains(&schema.as_str());
    }
    let first = name.split('_').next().unwrap_or_default();
    let is_keyword = before(1).is_some_and(|verb| words.is(verb, &["INTO", "TABLE", "WITH", "ON", "AS", "UPDATE"]));
    name.contains('_') && ACTING.contains(&first) && !NOT_ACTING.contains(&name) && !is_keyword
}

/// What two or three words tell together.
fn pairs(words: Words<'_>, grading: &mut Grading<'_>) {
    for place in 0..words.len() {
        let quoted = |at: usize, text: &str| unquoted(words.slice(at)).eq_ignore_ascii_case(text);
        if words.is(place, &["INTO"]) && words.is(place + 1, &["OUTFILE", "DUMPFILE"]) {
            let (en, zh) = ("writes a file on the database's host", "写入数据库主机上的文件");
            grading.add(does("sql_program", Level::High, words.bytes(place..place + 3), en.into(), zh.into()));
        }
        if quoted(place, "mysql") && words.is_sign(place + 1, ".") && quoted(place + 2, "user") {
            let (en, zh) = ("reaches the accounts in mysql.user", "访问 mysql.user 中的账户信息");
            let hashes =
                words.has(&["PASSWORD", "AUTHENTICATION_STRING"]) || (0..words.len()).any(|at| words.is_sign(at, "*"));
            let level = if hashes { Level::High } else { Level::Medium };
            grading.add(does("secret_access", level, words.bytes(place..place + 3), en.into(), zh.into()));
        }
        // PostgreSQL reads `U&"\0064rop"` as a name that cannot be seen here.
        let glued = words.bytes(place..place + 3).len() == words.slice(place).len() + 1 + words.slice(place + 2).len();
        if words.is(place, &["U"])
            && words.is_sign(place + 1, "&")
            && words.kind(place + 2) == Some(Kind::Name)
            && glued
        {
            let (en, zh) = ("writes a name in code numbers, which hides it", "用编码书写名称以隐藏其内容");
            grading.add(does("obfuscated_execution", Level::High, words.bytes(place..place + 3), en.into(), zh.into()));
        }
    }
}
