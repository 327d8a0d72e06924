//! The rule set in force, and the grading that asks it.

use std::net::IpAddr;

use super::knowledge::{self, Example, Knowledge, Label, Loaded};
use super::scan::{self, Context, Found, Note, Statements, summary};
use super::{Assessment, Finding, Level, Networks, Text, characters, statement};

/// Bytes of a command that are read; what is longer is graded as if the rest hid something.
const READ_AT_MOST: usize = 64 * 1024;

/// What could not be read, whoever sends it.
const NEVER_LOWERED: &[&str] = &["hidden_characters", "loader_change", "unknown_command", "unparsed"];

/// Where a command comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Source<'a> {
    /// The address of the other end of the connection, proxies already seen through; `None` for a local caller.
    pub peer: Option<IpAddr>,
    /// The address the submitter claims to speak for, as written.
    pub claimed: Option<&'a str>,
}

/// A rule set; costs some memory, so one is shared by all who grade.
#[derive(Debug)]
pub struct Rules {
    knowledge: Knowledge,
    warnings: Vec<String>,
}

impl Rules {
    /// The rules the product comes with. A test holds them to be right, so there is no error to give.
    pub fn builtin() -> Self {
        Self { knowledge: Knowledge::builtin().unwrap_or_default(), warnings: Vec::new() }
    }

    /// The rules the product comes with, and those of a file on top of them.
    ///
    /// # Errors
    ///
    /// The file is refused whole, with the line and the reason; also if one of its examples has another level than it says.
    pub fn with(name: &str, text: &str) -> Result<Self, knowledge::Error> {
        let Loaded { knowledge, warnings, examples } = Knowledge::with(name, text)?;
        let rules = Self { knowledge, warnings };
        match examples.iter().find_map(|example| rules.is_wrong(example)) {
            Some((line, why)) => Err(knowledge::Error { file: name.to_owned(), line, why }),
            None => Ok(rules),
        }
    }

    /// What the organisation's own file takes away from the built-in rules, one sentence without a dot each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn is_wrong(&self, example: &Example) -> Option<(usize, String)> {
        let found = self.assess(&example.command, &Source::default(), &Networks::default());
        let why = || {
            let labels = found.labels.join(", ");
            let by = if labels.is_empty() { labels } else { format!(" ({labels})") };
            format!("the example \"{}\" is {}{by}, not {}", example.command, found.level, example.level)
        };
        (found.level != example.level).then(|| (example.line, why()))
    }

    /// Grades a command. A trusted source lowers what the policy says and nothing else; any other raises the grade to
    /// high.
    pub fn assess(&self, command: &str, source: &Source<'_>, networks: &Networks) -> Assessment {
        let mut found = self.found(command);
        let known = |label: &str| self.knowledge.label(label).cloned();
        let mut add = |label: &str, level: Level, span: [usize; 2], why: Text| {
            let finding = Finding { label: label.to_owned(), level, span, why: why.en, why_zh: why.zh };
            found.notes.push(Note { finding, effect: None, context: Context::default() });
        };
        for place in characters::findings(command) {
            add(place.label, place.level, place.span, place.why);
        }
        if let Some(why) = foreign_source(source, networks) {
            add("cross_network", Level::High, [0, 0], why);
        }
        if command.len() > READ_AT_MOST
            && let Some(label) = known("oversized")
        {
            add("oversized", Level::High, [command.floor_char_boundary(READ_AT_MOST), command.len()], label.why);
        }
        if foreign_source(source, networks).is_none() {
            lower(&mut found, networks);
        }
        let summary = summary::sentence(&found);
        let umbrella = self.umbrella(&found);
        let findings = found.notes.into_iter().map(|note| note.finding).chain(umbrella).collect();
        Assessment::of(findings, summary)
    }

    /// Lists every label with its level and what it means, heaviest first, as a table for people.
    pub fn labels_markdown(&self) -> String {
        let mut labels: Vec<_> = self.knowledge.labels().collect();
        labels.sort_by_key(|(name, label)| (std::cmp::Reverse(label.level), *name));
        let row = |(name, label): (&str, &Label)| {
            format!("| `{name}` | {} | {} | {} |\n", label.level, label.why.en, label.why.zh)
        };
        let rows: String = labels.into_iter().map(row).collect();
        format!("| label | level | means | 含义 |\n|---|---|---|---|\n{rows}")
    }

    /// Refuses labels that no source may have lowered: unknown ones, those that are not of medium risk (so nothing that
    /// destroys), and those of what could not be read.
    ///
    /// # Errors
    ///
    /// With a sentence that names the label.
    pub fn check_lowers(&self, labels: &[String]) -> Result<(), String> {
        for name in labels {
            match self.knowledge.label(name) {
                None => return Err(format!("there is no label \"{name}\"")),
                Some(label) if label.level != Level::Medium || NEVER_LOWERED.contains(&name.as_str()) => {
                    return Err(format!("\"{name}\" may not be lowered: only what is medium and was understood may"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Says how each command line in a command was understood, in their order.
    pub fn explain(&self, command: &str) -> Vec<String> {
        let head = command.get(..command.floor_char_boundary(READ_AT_MOST)).unwrap_or_default();
        if !statement::looks_like_sql(head) {
            return scan::explain(&self.knowledge, head, Statements::Graded);
        }
        let graded = statement::grade(head, statement::Dialect::Generic);
        let told = graded.iter().map(|one| format!("SQL: {} ({}): {}", one.label, one.level, one.why.en));
        let steps: Vec<String> = told.chain(scan::explain(&self.knowledge, head, Statements::Known)).collect();
        if steps.is_empty() { vec!["SQL: it only reads".to_owned()] } else { steps }
    }

    fn found(&self, command: &str) -> Found {
        let head = command.get(..command.floor_char_boundary(READ_AT_MOST)).unwrap_or_default();
        if !statement::looks_like_sql(head) {
            return scan::shell(&self.knowledge, head, Statements::Graded);
        }
        let mut found = Found::default();
        for one in statement::grade(head, statement::Dialect::Generic) {
            let span = [one.span.start, one.span.end];
            let finding =
                Finding { label: one.label.to_owned(), level: one.level, span, why: one.why.en, why_zh: one.why.zh };
            found.notes.push(Note { finding, effect: one.effect, context: Context::default() });
        }
        // Whether it is really given to a database nobody knows: what a shell would run in it counts as well.
        let as_shell = scan::shell(&self.knowledge, head, Statements::Known).notes;
        found.notes.extend(as_shell.into_iter().filter(|note| !belongs_to_sql(&note.finding, head)));
        found
    }

    fn umbrella(&self, found: &Found) -> Option<Finding> {
        let destructive = |finding: &&Finding| {
            finding.level == Level::High && self.knowledge.label(&finding.label).is_some_and(|label| label.destructive)
        };
        let span = found.notes.iter().map(|note| &note.finding).filter(destructive).map(|found| found.span).min()?;
        let label = self.knowledge.label("destructive_command")?;
        let why = label.why.clone();
        Some(Finding { label: "destructive_command".to_owned(), level: Level::High, span, why: why.en, why_zh: why.zh })
    }
}

/// What the policy says of a trusted source: a medium finding of these labels is low. High ones stay.
fn lower(found: &mut Found, networks: &Networks) {
    let medium = found.notes.iter_mut().map(|note| &mut note.finding).filter(|finding| finding.level == Level::Medium);
    for finding in medium.filter(|finding| networks.lowers(&finding.label)) {
        finding.level = Level::Low;
        finding.why.push_str(" Lowered: it comes from a trusted network.");
        finding.why_zh.push_str("来自受信任的网络，已降级。");
    }
}

/// Words in the middle of statements that are programs, too, or could be.
const SQL_WORDS: &[&str] = &[
    "and", "as", "case", "distinct", "else", "end", "from", "group", "having", "in", "join", "limit", "not", "on",
    "or", "order", "then", "union", "using", "values", "when", "where",
];

/// A place between single quotes, which mean the same to SQL and to a shell where nothing else quotes.
fn is_in_a_string(text: &str, at: usize) -> bool {
    let is_plain = !text.contains(['"', '\\', '`', '\n', '#'])
        && !text.contains("$'")
        && text.matches('\'').count().is_multiple_of(2);
    is_plain && text.get(..at).is_some_and(|before| before.matches('\'').count() % 2 == 1)
}

/// Comparison signs, quotes, operators and names of SQL look odd to a shell. What only SQL can mean does not count; what a
/// shell would really do (write a file, run a program that is there) does.
fn belongs_to_sql(finding: &Finding, text: &str) -> bool {
    let [from, to] = finding.span;
    let place = text.get(from..to).unwrap_or_default();
    if is_in_a_string(text, from) {
        return true;
    }
    let first = place.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    if SQL_WORDS.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return true;
    }
    let is_word = |text: &str| !text.contains(['/', '~', '$', '`']) && !text.starts_with('.');
    match finding.label.as_str() {
        "unparsed" => true,
        "obfuscated_execution" => !text.contains("$(") && !place.contains('`'),
        "unknown_command" => place.split_whitespace().next().is_none_or(is_word),
        // `a > 5`, `a <> 'b'`, `t AS x`: a comparison, or a name.
        "file_write" => {
            let word = place.trim_start_matches(['>', '<', '=', ' ', '|', '&']).trim_end();
            is_word(word) && !word.contains(char::is_whitespace)
        }
        _ => false,
    }
}

/// A claim can only add suspicion: a trusted one does not make up for a foreign peer.
fn foreign_source(source: &Source<'_>, networks: &Networks) -> Option<Text> {
    let foreign_peer = source.peer.filter(|peer| !peer.to_canonical().is_loopback() && !networks.contains(*peer));
    let foreign_claim = source.claimed.filter(|claim| !claim.is_empty() && !networks.is_trusted_text(claim));
    match (foreign_peer, foreign_claim) {
        (None, None) => None,
        (Some(peer), _) => Some(Text::new(
            format!("Comes from {peer}, outside the trusted networks."),
            format!("来自 {peer}，不在受信任的网络内。"),
        )),
        (None, Some(_)) => Some(Text::new(
            "Claims a source that is not an address in the trusted networks.",
            "声称的来源不是受信任网络内的地址。",
        )),
    }
}

#[cfg(test)]
mod tests;
