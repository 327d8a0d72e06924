//! DROP, TRUNCATE, ALTER, CREATE and their like: what happens to tables and other objects.

use super::rows::Change;
use super::words::Words;
use super::{Found, Level, account, does};

/// What may stand between a verb and the kind of object.
const MODIFIERS: &[&str] = &[
    "OR",
    "REPLACE",
    "ALTER",
    "TEMPORARY",
    "TEMP",
    "MATERIALIZED",
    "FOREIGN",
    "EVENT",
    "UNIQUE",
    "GLOBAL",
    "LOCAL",
    "EXTERNAL",
    "UNLOGGED",
    "RECURSIVE",
    "VIRTUAL",
    "BITMAP",
    "FULLTEXT",
    "SPATIAL",
    "CLUSTERED",
    "NONCLUSTERED",
    "EDITIONABLE",
    "PUBLIC",
    "TRANSIENT",
    "ONLINE",
    "OFFLINE",
    "IGNORE",
    "TRUSTED",
    "CONSTRAINT",
    "SECURITY",
    "ROW",
];

/// Kinds of objects in both languages.
const KINDS: &[(&str, &str)] = &[
    ("TABLE", "表"),
    ("TABLES", "表"),
    ("DATABASE", "数据库"),
    ("SCHEMA", "模式"),
    ("VIEW", "视图"),
    ("INDEX", "索引"),
    ("SEQUENCE", "序列"),
    ("FUNCTION", "函数"),
    ("PROCEDURE", "存储过程"),
    ("PROC", "存储过程"),
    ("ROUTINE", "例程"),
    ("TRIGGER", "触发器"),
    ("TABLESPACE", "表空间"),
    ("EXTENSION", "扩展"),
    ("TYPE", "类型"),
    ("DOMAIN", "域"),
    ("POLICY", "策略"),
    ("ROLE", "角色"),
    ("USER", "用户"),
    ("LOGIN", "登录名"),
    ("GROUP", "用户组"),
    ("SERVER", "服务器"),
    ("AUDIT", "审计"),
    ("PUBLICATION", "发布"),
    ("SUBSCRIPTION", "订阅"),
    ("RULE", "规则"),
    ("LANGUAGE", "语言"),
    ("AGGREGATE", "聚合函数"),
    ("PACKAGE", "程序包"),
    ("SYNONYM", "同义词"),
    ("KEYSPACE", "键空间"),
    ("STAGE", "暂存区"),
    ("WAREHOUSE", "计算仓库"),
    ("DICTIONARY", "字典"),
    ("CONNECTION", "连接"),
    ("ASSEMBLY", "程序集"),
    ("OWNED", "其拥有的对象"),
    ("STATISTICS", "统计信息"),
    ("COLLATION", "排序规则"),
    ("CAST", "类型转换"),
    ("OPERATOR", "运算符"),
    ("SYSTEM", "系统"),
    ("PROFILE", "配置文件"),
    ("DIRECTORY", "目录"),
    ("CREDENTIAL", "凭据"),
    ("CERTIFICATE", "证书"),
    ("MACRO", "宏"),
    ("SECRET", "密钥"),
    ("MAPPING", "映射"),
    ("TEXT", "全文检索对象"),
    ("ACCESS", "访问方法"),
    ("TRANSFORM", "转换"),
    ("PARTITION", "分区"),
    ("INSTANCE", "实例"),
    ("SESSION", "会话"),
    ("LOGFILE", "日志文件组"),
    ("UNDO", "回滚表空间"),
    ("EVENT", "事件"),
    ("STREAM", "流"),
    ("TASK", "任务"),
    ("PIPE", "管道"),
    ("JOB", "作业"),
];

/// A kind of object, as it is said.
struct Kind {
    en: String,
    zh: &'static str,
    keyword: String,
    temporary: bool,
    replaced: bool,
}

/// Tells whether a word is a kind of object, or may stand before one.
pub(super) fn begins_object(words: Words<'_>, place: usize) -> bool {
    let keyword = words.keyword(place);
    MODIFIERS.contains(&keyword.as_str()) || KINDS.iter().any(|kind| kind.0 == keyword)
}

/// Reads the kind of object behind the verb.
fn kind(words: &mut Words<'_>) -> Kind {
    let mut said = Vec::new();
    let mut temporary = false;
    let mut replaced = false;
    while words.next_is(MODIFIERS) && !words.is_at_end() {
        temporary |= words.next_is(&["TEMPORARY", "TEMP"]);
        replaced |= words.next_is(&["REPLACE"]);
        if words.next_is(&["TEMPORARY", "TEMP", "MATERIALIZED", "FOREIGN", "SECURITY"]) {
            said.push(
                words.next().to_ascii_lowercase().replace("temp", "temporary").replace("temporaryorary", "temporary"),
            );
        }
        words.skip(1);
    }
    // MySQL puts the author of a trigger or a view in between.
    if words.next_is(&["DEFINER", "ALGORITHM", "SQL"]) {
        let known = |place: &usize| KINDS.iter().any(|kind| words.is(*place, &[kind.0]));
        let place = (words.at()..words.len()).find(known).unwrap_or(words.at());
        words.skip(place - words.at());
    }
    let keyword = words.next();
    let zh = KINDS.iter().find(|kind| kind.0 == keyword).map(|kind| kind.1);
    if zh.is_some() {
        words.skip(1);
        said.push(keyword.to_ascii_lowercase());
        if keyword == "SERVER" && words.eat(&["AUDIT"]) {
            said.push("audit".to_owned());
        }
        words.eat_all(&["SPECIFICATION", "BODY"]);
        if matches!(keyword.as_str(), "USER") && words.eat(&["MAPPING"]) {
            said.push("mapping".to_owned());
        }
    } else {
        said.push("object".to_owned());
    }
    words.eat_all(&["IF", "NOT", "EXISTS", "CONCURRENTLY", "ONLY", "BY"]);
    Kind { en: said.join(" "), zh: zh.unwrap_or("对象"), keyword, temporary, replaced }
}

fn named(words: &mut Words<'_>) -> String {
    words.names().unwrap_or_else(|| "?".to_owned())
}

/// `DROP …`
pub(super) fn drop(mut words: Words<'_>) -> Vec<Found> {
    words.skip(1);
    let kind = kind(&mut words);
    if kind.keyword == "PREPARE" {
        return Vec::new();
    }
    let name = named(&mut words);
    let span = words.span();
    let (en, zh) = (format!("drops the {} {name}", kind.en), format!("删除{} {name}", kind.zh));
    if matches!(kind.keyword.as_str(), "USER" | "ROLE" | "LOGIN" | "GROUP") && !kind.en.contains("mapping") {
        return vec![does("account_change", Level::High, span, en, zh)];
    }
    if kind.temporary || name.starts_with('#') {
        return vec![does("sql_write", Level::Medium, span, en, zh)];
    }
    let guard = matches!(kind.keyword.as_str(), "POLICY" | "AUDIT" | "TRIGGER") || kind.en.contains("audit");
    let weaker = guard.then(|| does("security_control_off", Level::High, span.clone(), en.clone(), zh.clone()));
    let everything =
        matches!(kind.keyword.as_str(), "TABLE" | "TABLES" | "DATABASE" | "SCHEMA" | "TABLESPACE" | "KEYSPACE");
    let (en, zh) = match everything {
        true => (format!("{en} with everything in it"), format!("{zh} 及其全部数据")),
        false => (en, zh),
    };
    [does("sql_drop", Level::High, span, en, zh)].into_iter().chain(weaker).collect()
}

/// `TRUNCATE …`
pub(super) fn truncate(mut words: Words<'_>) -> Vec<Found> {
    words.skip(1);
    words.eat_all(&["TABLE", "ONLY", "IF", "EXISTS", "DATABASE", "ALL", "TABLES", "FROM", "PARTITION", "CLUSTER"]);
    let name = named(&mut words);
    let (en, zh) = (format!("empties the table {name}"), format!("清空表 {name}"));
    vec![does("sql_truncate", Level::High, words.span(), en, zh)]
}

/// `ALTER …`
pub(super) fn alter(mut words: Words<'_>) -> Vec<Found> {
    words.skip(1);
    let kind = kind(&mut words);
    match kind.keyword.as_str() {
        "USER" | "ROLE" | "LOGIN" | "GROUP" | "PROFILE" if !kind.en.contains("mapping") => {
            return account::user(words, "changes", "修改", kind.zh);
        }
        "SYSTEM" => {
            let name = words.name().unwrap_or_default();
            let (en, zh) =
                (format!("changes the database server by ALTER SYSTEM {name}"), format!("修改数据库服务器设置 {name}"));
            return vec![does(
                "system_config_write",
                Level::High,
                words.whole(),
                en.trim_end().to_owned(),
                zh.trim_end().to_owned(),
            )];
        }
        _ => {}
    }
    let name = named(&mut words);
    let found: Vec<Found> =
        actions(words).into_iter().filter_map(|action| altered(action, words, &kind, &name)).collect();
    if !found.is_empty() {
        return found;
    }
    if words.has(&["OFFLINE", "EMERGENCY", "SINGLE_USER", "RESTRICTED_USER"]) {
        let (en, zh) =
            (format!("takes the {} {name} out of service", kind.en), format!("使{} {name} 停止服务", kind.zh));
        return vec![does("system_power", Level::High, words.whole(), en, zh)];
    }
    let (en, zh) = (format!("changes the {} {name}", kind.en), format!("修改{} {name}", kind.zh));
    let label = if words.has_in_a_row(&["OWNER", "TO"]) { "permission_change" } else { "sql_write" };
    vec![does(label, Level::Medium, words.span(), en, zh)]
}

/// The actions of an ALTER: they begin behind the name and behind each comma that is not in brackets.
fn actions(words: Words<'_>) -> Vec<Words<'_>> {
    let mut actions = Vec::new();
    let mut from = words.at();
    let mut depth = 0_usize;
    for place in words.at()..words.len() {
        depth += usize::from(words.is_sign(place, "("));
        depth = depth.saturating_sub(usize::from(words.is_sign(place, ")")));
        if depth == 0 && words.is_sign(place, ",") {
            actions.push(words.within(from..place));
            from = place + 1;
        }
    }
    actions.push(words.within(from..words.len()));
    actions
}

/// Switches off a trigger, row security, a constraint's check, or an audit.
fn disarms(words: Words<'_>, kind: &Kind) -> bool {
    let disabled = words.find(&["DISABLE", "NOCHECK"]).is_some_and(|place| {
        kind.keyword != "TABLE" || words.is(place, &["NOCHECK"]) || words.is(place + 1, &["TRIGGER", "ROW", "RULE"])
    });
    disabled || words.has_in_a_row(&["NO", "FORCE", "ROW"]) || kind.en.contains("audit") && words.has(&["OFF"])
}

fn altered(action: Words<'_>, all: Words<'_>, kind: &Kind, name: &str) -> Option<Found> {
    let mut words = action;
    words.eat_all(&["ON", "CLUSTER"]);
    if disarms(words, kind) {
        let (en, zh) = (format!("switches off a safeguard of {name}"), format!("关闭 {name} 的保护机制"));
        return Some(does("security_control_off", Level::High, action.whole(), en, zh));
    }
    let column = words.next_is(&["ALTER", "MODIFY", "CHANGE"]);
    let place = words.find(&["DROP", "DETACH", "DISCARD", "TRUNCATE", "CLEAR", "DELETE", "UPDATE", "REMOVE"])?;
    let verb = words.keyword(place);
    let mut object = words;
    object.skip(place + 1 - words.at());
    if column || object.next_is(&["NOT", "DEFAULT", "IDENTITY", "EXPRESSION"]) {
        return None;
    }
    if matches!(verb.as_str(), "DELETE" | "UPDATE") {
        let change = if verb == "DELETE" { Change::Delete } else { Change::Update };
        return (place == words.at()).then(|| match words.has(&["WHERE"]) {
            true if words.follow(words.len() - 2, &["WHERE", "1"]) => change.of_all_in_fact(all.whole(), name),
            true => change.of_some(all.whole(), name),
            false => change.of_all(all.whole(), name),
        });
    }
    let kinds = [
        "COLUMN",
        "CONSTRAINT",
        "PARTITION",
        "INDEX",
        "KEY",
        "FOREIGN",
        "PRIMARY",
        "CHECK",
        "TABLESPACE",
        "VALUE",
        "FILE",
        "MEMBER",
    ];
    let what = if object.next_is(&kinds) { object.next().to_ascii_lowercase() } else { "column".to_owned() };
    object.eat_all(&kinds);
    object.eat_all(&["IF", "EXISTS"]);
    let part = object.name().unwrap_or_default();
    let en = format!("{} the {what} {part} of {name}", if verb == "DETACH" { "detaches" } else { "drops" });
    let zh = format!("从{} {name} 中移除 {part}", kind.zh);
    let span = action.bytes(place..object.at().min(action.len()));
    Some(does("sql_alter_drop", Level::High, span, en.replace("  ", " "), zh.trim_end().to_owned()))
}

/// `CREATE …`
pub(super) fn create(mut words: Words<'_>) -> Vec<Found> {
    words.skip(1);
    let kind = kind(&mut words);
    if matches!(kind.keyword.as_str(), "USER" | "ROLE" | "LOGIN" | "GROUP") && !kind.en.contains("mapping") {
        return account::user(words, "creates", "创建", kind.zh);
    }
    let name = named(&mut words);
    let span = words.span();
    let foreign = [
        "C",
        "INTERNAL",
        "JAVA",
        "PLPYTHONU",
        "PLPYTHON2U",
        "PLPYTHON3U",
        "PLPERLU",
        "PLTCLU",
        "PLSHU",
        "PLSH",
        "PLRUSTU",
        "PYTHON",
    ];
    let runs_code = matches!(kind.keyword.as_str(), "EXTENSION" | "LANGUAGE" | "ASSEMBLY")
        || words.has(&["SONAME"])
        || words
            .find(&["LANGUAGE"])
            .is_some_and(|place| words.is(place + 1, &foreign) || is_quoted(words, place + 1, &foreign));
    if runs_code {
        let (en, zh) =
            (format!("brings foreign code into the database as {name}"), format!("向数据库引入外部代码 {name}"));
        return vec![does("sql_program", Level::High, span, en, zh)];
    }
    if kind.replaced && matches!(kind.keyword.as_str(), "TABLE" | "DATABASE" | "SCHEMA") {
        let en = format!("replaces the {} {name} with everything in it", kind.en);
        return vec![does("sql_drop", Level::High, span, en, format!("替换{} {name} 及其全部数据", kind.zh))];
    }
    let mut found = Vec::new();
    if words.has_in_a_row(&["SECURITY", "DEFINER"]) {
        let (en, zh) =
            (format!("lets {name} run with the rights of its owner"), format!("让 {name} 以其所有者的权限运行"));
        found.push(does("privilege_escalation", Level::Medium, span.clone(), en, zh));
    }
    let (en, zh) = (format!("creates the {} {name}", kind.en), format!("创建{} {name}", kind.zh));
    found.push(does("sql_write", Level::Medium, span, en, zh));
    found
}

fn is_quoted(words: Words<'_>, place: usize, names: &[&str]) -> bool {
    let name = super::words::unquoted(words.slice(place));
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
