//! Users, roles and rights.

use super::words::{Words, unquoted};
use super::{Found, Level, does};

/// Attributes that make a role mighty.
const MIGHTY: &[&str] = &["SUPERUSER", "CREATEROLE", "BYPASSRLS", "REPLICATION", "SYSDBA", "SYSADMIN"];
/// Parts of the names of roles and rights that give nearly everything.
const WIDE: &[&str] = &[
    "super",
    "postgres",
    "root",
    "dba",
    "admin",
    "owner",
    "pg_execute",
    "pg_write",
    "pg_read_server",
    "securityadmin",
    "replication",
];
/// Rights that reach beyond tables.
const WIDE_RIGHTS: &[&str] = &["ALL", "FILE", "PROCESS", "SHUTDOWN", "RELOAD", "IMPERSONATE", "CONTROL", "ANY"];

/// `CREATE USER`, `ALTER ROLE` and their like, read up to the name.
pub(super) fn user(mut words: Words<'_>, en: &str, zh: &str, kind: &str) -> Vec<Found> {
    let name = words.name().unwrap_or_else(|| "?".to_owned());
    let span = words.span();
    let might = words.find(MIGHTY).map(|place| words.keyword(place));
    let rises = might.map(|might| {
        let (en, zh) = (format!("gives the account {name} the right {might}"), format!("授予账户 {name} {might} 权限"));
        does("privilege_escalation", Level::High, words.whole(), en, zh)
    });
    let change =
        does("account_change", Level::High, span, format!("{en} the account {name}"), format!("{zh}{kind} {name}"));
    [change].into_iter().chain(rises).collect()
}

/// `GRANT … TO …`
pub(super) fn grant(words: Words<'_>) -> Vec<Found> {
    let to = (0..words.len()).rev().find(|place| words.is(*place, &["TO"])).unwrap_or(words.len());
    let mut grantee = words;
    grantee.skip((to + 1).min(words.len()));
    let who = grantee.names().unwrap_or_else(|| "?".to_owned());
    let mut object = words;
    object.skip(words.find(&["ON"]).map_or(words.len(), |place| place + 1));
    object.eat_all(&["TABLE", "SCHEMA", "DATABASE", "FUNCTION", "SEQUENCE"]);
    let on = object.name().filter(|name| name != "?");
    let rights = words.within(1..words.find(&["ON"]).unwrap_or(to).max(1).min(words.len()));
    let is_wide = |place: usize| {
        let name = unquoted(rights.slice(place)).to_ascii_lowercase();
        rights.is(place, WIDE_RIGHTS) || WIDE.iter().any(|part| name.contains(part))
    };
    let mighty = (0..rights.len()).any(|place| {
        let name = unquoted(rights.slice(place)).to_ascii_lowercase();
        ["super", "dba", "sysadmin", "pg_execute"].iter().any(|part| name.contains(part))
    });
    let wide = (0..rights.len()).any(is_wide)
        || words.has_in_a_row(&["WITH", "GRANT"])
        || words.has_in_a_row(&["WITH", "ADMIN"])
        || grantee_is_public(words, to);
    let level = if wide { Level::High } else { Level::Medium };
    let (en, zh) = match (wide, on) {
        (true, Some(on)) => (format!("gives {who} wide rights on {on}"), format!("授予 {who} 对 {on} 的广泛权限")),
        (true, None) => (format!("gives {who} wide rights in the database"), format!("授予 {who} 数据库的广泛权限")),
        (false, Some(on)) => (format!("gives {who} rights on {on}"), format!("授予 {who} 对 {on} 的权限")),
        (false, None) => (format!("gives {who} rights or a role"), format!("授予 {who} 权限或角色")),
    };
    let rises = mighty.then(|| does("privilege_escalation", Level::High, words.whole(), en.clone(), zh.clone()));
    [does("permission_change", level, words.whole(), en, zh)].into_iter().chain(rises).collect()
}

fn grantee_is_public(words: Words<'_>, to: usize) -> bool {
    (to..words.len()).any(|place| words.is(place, &["PUBLIC", "GUEST", "ANONYMOUS"]))
}

/// `REVOKE … FROM …`, `DENY … TO …`
pub(super) fn revoke(words: Words<'_>) -> Vec<Found> {
    let from = (0..words.len()).rev().find(|place| words.is(*place, &["FROM", "TO"])).unwrap_or(words.len());
    let mut whom = words;
    whom.skip((from + 1).min(words.len()));
    let whom = whom.names().unwrap_or_else(|| "?".to_owned());
    let (en, zh) = (format!("takes rights from {whom}"), format!("收回 {whom} 的权限"));
    vec![does("permission_change", Level::Medium, words.whole(), en, zh)]
}
