//! The rule set: tables of patterns, compiled once, and the grading that asks them.

use std::net::IpAddr;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::{Assessment, Finding, Level, Networks, shell, sql};
use crate::visible::{self, Kind};

mod cloud;
mod code;
mod database;
mod files;
mod host;
mod reading;
mod version_control;

/// Bytes of a command that are read; what is longer is graded as if the rest hid something.
const READ_AT_MOST: usize = 64 * 1024;

/// The labels next to which `destructive_command` stands.
const DESTRUCTIVE: &[&str] = &[
    "account_change",
    "audit_tamper",
    "cloud_destructive",
    "container_destructive",
    "critical_target",
    "datastore_wipe",
    "disk_write",
    "fork_bomb",
    "iac_destructive",
    "k8s_destructive",
    "kill_all",
    "mass_delete",
    "permission_change",
    "recursive_delete",
    "registry_unpublish",
    "security_control_off",
    "sql_alter_drop",
    "sql_drop",
    "sql_no_where",
    "sql_truncate",
    "sql_where_always_true",
    "system_config_write",
    "system_power",
    "vcs_destructive",
];

/// One row of a table.
///
/// The pattern is matched from the start of a line: the program's bare name, then its arguments with quotes removed,
/// one blank between words, a tab for every blank within a word; `>target` and `<target` for redirections, `NAME=value` for assignments. Upper and lower
/// case are the same unless the pattern says `(?-i:…)`.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) label: &'static str,
    pub(super) level: Level,
    pub(super) why: &'static str,
    pattern: &'static str,
    unless: Option<&'static str>,
}

const fn high(label: &'static str, pattern: &'static str, why: &'static str) -> Rule {
    Rule { label, level: Level::High, why, pattern, unless: None }
}

const fn medium(label: &'static str, pattern: &'static str, why: &'static str) -> Rule {
    Rule { label, level: Level::Medium, why, pattern, unless: None }
}

impl Rule {
    const fn unless(self, pattern: &'static str) -> Self {
        Self { unless: Some(pattern), ..self }
    }

    pub(super) fn finding(&self, span: [usize; 2]) -> Finding {
        Finding { label: self.label.to_owned(), level: self.level, span, why: self.why.to_owned() }
    }
}

/// Where a command comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Source<'a> {
    /// The address of the other end of the connection, proxies already seen through; `None` for a local caller.
    pub peer: Option<IpAddr>,
    /// The address the submitter claims to speak for, as written.
    pub claimed: Option<&'a str>,
}

/// A compiled rule set; costs some memory, so one is shared by all who grade.
#[derive(Debug)]
pub struct Rules {
    pub(super) shell: Tables,
    pub(super) text: Tables,
    pub(super) sql: Tables,
    pub(super) reads: RegexSet,
    pub(super) sql_reads: RegexSet,
}

impl Rules {
    /// Compiles the rules the product comes with.
    pub fn builtin() -> Self {
        Self {
            shell: Tables::new(&[
                files::RULES,
                host::RULES,
                code::RULES,
                version_control::RULES,
                cloud::RULES,
                database::CLIENT_RULES,
            ]),
            text: Tables::new(&[code::TEXT_RULES]),
            sql: Tables::new(&[database::STATEMENT_RULES]),
            reads: compile_set(reading::PROGRAMS.iter().copied(), Case::Matters),
            sql_reads: compile_set(reading::STATEMENTS.iter().copied(), Case::Ignored),
        }
    }

    /// Grades a command. A trusted source lowers nothing; any other raises the grade to high.
    pub fn assess(&self, command: &str, source: &Source<'_>, networks: &Networks) -> Assessment {
        let mut findings = hidden_characters(command);
        findings.extend(foreign_source(source, networks));
        let head = command.get(..command.floor_char_boundary(READ_AT_MOST)).unwrap_or_default();
        if head.len() < command.len() {
            let why = "Too long to be read to its end; what follows may be anything.";
            findings.push(finding("oversized", Level::High, [head.len(), command.len()], why));
        }
        findings.extend(self.commands(head));
        findings.extend(umbrella(&findings));
        Assessment::of(findings)
    }

    fn commands(&self, text: &str) -> Vec<Finding> {
        if !sql::begins_like_statement(text) {
            return shell::findings(self, text, shell::Statements::Graded);
        }
        let as_shell = shell::findings(self, text, shell::Statements::Known);
        let mut findings = sql::findings(self, text, [0, text.len()]);
        let substitutes = text.contains("$(");
        findings.extend(as_shell.into_iter().filter(|finding| substitutes || !belongs_to_sql(finding)));
        findings
    }
}

/// Comparison signs, quotes and names of SQL look odd to a shell; only the rest of what it sees counts.
fn belongs_to_sql(finding: &Finding) -> bool {
    matches!(finding.label.as_str(), "unknown_command" | "file_write" | "unparsed" | "obfuscated_execution")
}

/// Tables with their patterns compiled; one set each, since a set takes memory to compile out of proportion to its size.
#[derive(Debug)]
pub(super) struct Tables(Vec<Table>);

#[derive(Debug)]
struct Table {
    set: RegexSet,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    rule: &'static Rule,
    unless: Option<Regex>,
}

impl Tables {
    fn new(families: &[&'static [Rule]]) -> Self {
        Self(families.iter().map(|rules| Table::new(rules)).collect())
    }

    /// Lists the rules that a line meets, in the order of the tables.
    pub(super) fn matches(&self, line: &str) -> impl Iterator<Item = &'static Rule> {
        self.0.iter().flat_map(|table| table.matches(line.as_bytes()))
    }
}

impl Table {
    fn new(rules: &'static [Rule]) -> Self {
        let rows = rules.iter().map(|rule| Row { rule, unless: rule.unless.and_then(compile) }).collect();
        Self { set: compile_set(rules.iter().map(|rule| rule.pattern), Case::Ignored), rows }
    }

    fn matches(&self, line: &[u8]) -> impl Iterator<Item = &'static Rule> {
        let rows = self.set.matches(line).into_iter().filter_map(|at| self.rows.get(at));
        rows.filter(|row| !row.unless.as_ref().is_some_and(|unless| unless.is_match(line))).map(|row| row.rule)
    }
}

/// Whether upper and lower case are the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Ignored,
    Matters,
}

/// The patterns are constants and a test compiles them all, so nothing is ever missing from the set.
fn compile_set(patterns: impl Iterator<Item = &'static str>, case: Case) -> RegexSet {
    RegexSetBuilder::new(patterns.map(|pattern| format!("^(?:{pattern})")))
        .case_insensitive(case == Case::Ignored)
        .dot_matches_new_line(true)
        .unicode(false)
        .build()
        .unwrap_or_else(|_| RegexSet::empty())
}

fn compile(pattern: &str) -> Option<Regex> {
    let pattern = format!("^(?:{pattern})");
    RegexBuilder::new(&pattern).case_insensitive(true).dot_matches_new_line(true).unicode(false).build().ok()
}

fn finding(label: &str, level: Level, span: [usize; 2], why: &str) -> Finding {
    Finding { label: label.to_owned(), level, span, why: why.to_owned() }
}

/// One finding for what terminals obey or draw in another order, and one for what is merely not seen.
fn hidden_characters(command: &str) -> Vec<Finding> {
    let is_grave = |kind: Kind| match kind {
        Kind::Bidi | Kind::Control => true,
        Kind::Invisible | Kind::Blank => false,
    };
    let describe = |grave: bool| {
        let mut places = visible::hidden(command).filter(|(_, _, kind)| is_grave(*kind) == grave);
        let (at, character, _) = places.next()?;
        let (label, level, what) = match grave {
            true => ("obfuscated_execution", Level::High, "control the terminal or the direction of the text"),
            false => ("hidden_characters", Level::Medium, "cannot be seen"),
        };
        let why = format!("Holds {} characters that {what}, first ⟨{}⟩.", places.count() + 1, visible::name(character));
        Some(finding(label, level, [at, at + character.len_utf8()], &why))
    };
    [true, false].into_iter().filter_map(describe).collect()
}

/// A claim can only add suspicion: a trusted one does not make up for a foreign peer.
fn foreign_source(source: &Source<'_>, networks: &Networks) -> Option<Finding> {
    let foreign_peer = source.peer.filter(|peer| !peer.to_canonical().is_loopback() && !networks.contains(*peer));
    let foreign_claim = source.claimed.filter(|claim| !claim.is_empty() && !networks.is_trusted_text(claim));
    let why = match (foreign_peer, foreign_claim) {
        (None, None) => return None,
        (Some(peer), _) => format!("Comes from {peer}, outside the trusted networks."),
        (None, Some(_)) => "Claims a source that is not an address in the trusted networks.".to_owned(),
    };
    Some(finding("cross_network", Level::High, [0, 0], &why))
}

fn umbrella(findings: &[Finding]) -> Option<Finding> {
    let destructive = |found: &&Finding| found.level == Level::High && DESTRUCTIVE.contains(&found.label.as_str());
    let span = findings.iter().filter(destructive).map(|found| found.span).min()?;
    Some(finding(
        "destructive_command",
        Level::High,
        span,
        "Destroys what is hard to get back, or opens what was closed.",
    ))
}

#[cfg(test)]
mod tests;
