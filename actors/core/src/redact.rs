//! Masks secrets: the one function that cards, logs, errors, audit, webhooks and worker output share.
//!
//! A mask keeps the secret's name and drops all of its value, so nothing of it can be got back. What a command would
//! run (`$(…)`, backticks) or only refers to (`$NAME`) is no secret and stays: nobody approves what he cannot see.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex, RegexSet};
use serde_json::Value;

/// What stands where a secret stood.
pub const MASK: &str = "***";

/// A pass may uncover what an earlier row masks, so passes are made until nothing changes, or this many.
const PASSES: usize = 6;

/// Names whose value is a secret, wherever such a name ends another one (`FEISHU_APP_SECRET`).
const NAMES: &str = r"(?:[\w.-]*(?:passwords?|passwd|passphrase|passcode|secrets?|token|credentials?|api[_-]?keys?|access[_-]?keys?|private[_-]?keys?|secret[_-]?keys?(?:_base)?|server[_-]?keys?|auth[_-]?keys?|encrypt(?:ion)?[_-]?keys?|signing[_-]?keys?|master[_-]?keys?|account[_-]?keys?|_pwd|_pass)|pwd|pass|pgpassword)\d*";

/// A shell word, quoted in part or whole, up to its end; an unclosed quote reaches to the end of the line.
const WORD: &str = r#"(?:\\"(?:[^"\\]|\\[^"])*\\"|(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'&;|<>\\,)}\]]|[,)}\]]+[^\s"'&;|<>\\,)}\]])+|"[^\n]*|'[^\n]*)"#;

/// Rows of a pattern each: `{names}` and `{word}` stand for the above, group 1 stays, group 2 is the secret, group 3 stays.
const ROWS: &[&str] = &[
    r"(?s)(-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----)(.*?)(-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z)",
    // Secrets that are known by their own form; the prefix is public.
    r"\b(sk-|sk_live_|sk_test_|rk_live_|rk_test_|whsec_)([A-Za-z0-9_-]{16,})()",
    r"\b(gh[oprsu]_|github_pat_|glpat-|npm_|pypi-|hf_|dop_v1_|xapp-|xox[a-z]-)([A-Za-z0-9_-]{10,})()",
    r"\b(hk_)([A-Za-z0-9_-]{20,})()",
    r"\b(AKIA|ASIA)([A-Z0-9]{16})()\b",
    r"\b(AIza)([A-Za-z0-9_-]{30,})()",
    r"\b(eyJ)([A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*)()",
    // Headers.
    r"(?i)\b(bearer\s+)([A-Za-z0-9._~+/:=-]{8,})()",
    r"(?i)\b(basic\s+)([A-Za-z0-9+/_-]{4,}={1,2}|[A-Za-z0-9+/_-]{12,})()",
    r#"(?i)\b(authorization\\?["']?\s*[:=]\s*\\?["']?(?:[a-z]+\s+)?)([^\s"',\\]+)()"#,
    r#"(?i)\b((?:set-)?cookie:\s*)([^\n"']+)()"#,
    // Names with values: environment, flags, JSON, YAML.
    r#"(?i)((?:\\?["'])?\b{names}\\?["']?\s*(?:=>|:=|[:=])\s*(?:{names}\s*[:=]\s*)*)({word})()"#,
    r"(?i)(\s--?(?:[\w-]*-)?{names}\s+)({word})()",
    r#"(?i)(\bsshpass\s+-p\s*)({word})()"#,
    r#"(\b(?:mysql|mariadb)\w*\b[^\n|;&]*?\s-p)({word})()"#,
    r#"(\bredis-cli\b[^\n|;&]*?\s-a\s*)({word})()"#,
    // `user:password` pairs.
    r#"(\s(?:-u|-U|--user|--proxy-user)(?:\s+|=)?"[^\s:"'/]+:)([^"\n]+)()"#,
    r#"(\s(?:-u|-U|--user|--proxy-user)(?:\s+|=)?'[^\s:"'/]+:)([^'\n]+)()"#,
    r#"(\s(?:-u|-U|--user|--proxy-user)(?:\s+|=)?[^\s:"'/]+:)([^\s"'/|;&]+)()"#,
    r#"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@"'<>]*:)([^\s/"'<>]+)(@)"#,
];

struct Masks {
    any: RegexSet,
    rows: Vec<Regex>,
    name: Option<Regex>,
}

static MASKS: LazyLock<Masks> = LazyLock::new(|| {
    let patterns: Vec<String> = ROWS.iter().map(|row| row.replace("{names}", NAMES).replace("{word}", WORD)).collect();
    Masks {
        // A test compiles every row, so nothing is ever missing here.
        any: RegexSet::new(&patterns).unwrap_or_else(|_| RegexSet::empty()),
        rows: patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect(),
        name: Regex::new(&format!("(?i)^(?:{NAMES}|authorization|cookie|set-cookie)$")).ok(),
    }
});

/// Replaces the secrets in a text; gives the text itself back when there are none. Masking twice changes nothing more.
pub fn mask(text: &str) -> Cow<'_, str> {
    mask_with(text, masked)
}

/// Replaces the secrets in a command that somebody decides on. Only a single plain word is ever hidden: whatever could
/// hold an operator, a quote, a blank line's end or an expansion stays, since nobody approves what he cannot see.
pub fn mask_command(command: &str) -> Cow<'_, str> {
    mask_with(command, masked_in_command)
}

type Replace = fn(&Captures<'_>) -> String;

fn mask_with(text: &str, replace: Replace) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    for _ in 0..PASSES {
        let next = pass(&masked, replace);
        if next == masked {
            break;
        }
        masked = Cow::Owned(next.into_owned());
    }
    masked
}

/// Replaces the secrets in every string of a document, and whole values under names that say so.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => {
            if let Cow::Owned(masked) = mask(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| mask_member(name, member)),
    }
}

fn mask_member(name: &str, member: &mut Value) {
    let is_secret = MASKS.name.as_ref().is_none_or(|names| names.is_match(name));
    match member {
        Value::Null | Value::Bool(_) => {}
        _ if is_secret => *member = Value::String(MASK.to_owned()),
        Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => mask_json(member),
    }
}

fn pass(text: &str, replace: Replace) -> Cow<'_, str> {
    let rows = MASKS.any.matches(text);
    rows.into_iter().filter_map(|row| MASKS.rows.get(row)).fold(Cow::Borrowed(text), |text, row| {
        match row.replace_all(&text, replace) {
            Cow::Borrowed(_) => text,
            Cow::Owned(replaced) => Cow::Owned(replaced),
        }
    })
}

fn masked(found: &Captures<'_>) -> String {
    let group = |at| found.get(at).map_or("", |group: regex::Match<'_>| group.as_str());
    let secret = group(2);
    if is_visible(secret) {
        return group(0).to_owned();
    }
    let quote = ["\\\"", "\"", "'"].into_iter().find(|quote| secret.starts_with(quote)).unwrap_or_default();
    format!("{}{quote}{MASK}{quote}{}", group(1), group(3))
}

fn masked_in_command(found: &Captures<'_>) -> String {
    let group = |at| found.get(at).map_or("", |group: regex::Match<'_>| group.as_str());
    if !group(1).contains(['\n', '\r']) && is_plain(group(2)) {
        return masked(found);
    }
    group(0).to_owned()
}

/// One word of a shell command that can hide nothing: in quotes of its own, or without any.
fn is_plain(secret: &str) -> bool {
    const TELLING: [char; 16] = [';', '&', '|', '<', '>', '(', ')', '{', '}', '$', '`', '\\', '"', '\'', '\n', '\r'];
    let unquoted = ['"', '\''].into_iter().find_map(|quote| secret.strip_prefix(quote)?.strip_suffix(quote));
    let inner = unquoted.unwrap_or(secret);
    !inner.contains(TELLING) && (unquoted.is_some() || !inner.contains(char::is_whitespace))
}

/// Code that would be run, and a mere reference to a variable.
fn is_visible(secret: &str) -> bool {
    let bare = secret.trim_matches('"');
    let name = bare.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).or_else(|| bare.strip_prefix('$'));
    let is_reference = name
        .is_some_and(|name| !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_'));
    is_reference || secret.contains("$(") || secret.contains('`')
}

#[cfg(test)]
mod tests;
