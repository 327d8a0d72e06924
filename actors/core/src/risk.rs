//! How risky a command is: a level, stable labels, and findings that say where and why.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

mod characters;
mod knowledge;
pub mod network;
mod rules;
mod scan;
mod script;
mod statement;
mod text;

pub use knowledge::Error as RulesError;
pub use network::Networks;
pub use rules::{Rules, Source};
pub use text::Text;

/// Labels that one submission may add.
const DECLARED_AT_MOST: usize = 16;
/// Characters of a label.
const LABEL_AT_MOST: usize = 64;

/// How much harm a command can do.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Only reads, or changes nothing that matters.
    #[default]
    Low,
    /// Changes state in a bounded, recoverable way, or cannot be judged.
    Medium,
    /// Destroys, opens access, leaks, or runs what nobody can see.
    High,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The level's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Reads a level's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing found in a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// Stable id of what was found, snake_case.
    pub label: String,
    /// How much harm it can do by itself.
    pub level: Level,
    /// From and to, in bytes of the command as given; `[0, 0]` if it is not about a place in the text.
    pub span: [usize; 2],
    /// One sentence that a person understands, in English.
    pub why: String,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why_zh: String,
}

/// The grade of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Assessment {
    /// The highest level found.
    pub level: Level,
    /// The labels found, each once, heaviest first.
    pub labels: Vec<String>,
    /// What was found, heaviest first.
    pub findings: Vec<Finding>,
    /// One sentence about what the command does, in English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary_zh: String,
}

impl Assessment {
    /// Sorts findings, heaviest first, and takes level and labels from them.
    fn of(mut findings: Vec<Finding>, summary: Text) -> Self {
        findings.sort_by_key(|finding| (Reverse(finding.level), finding.span));
        let level = findings.first().map_or(Level::Low, |heaviest| heaviest.level);
        let mut labels: Vec<String> = Vec::new();
        for finding in &findings {
            add_label(&mut labels, &finding.label);
        }
        Self { level, labels, findings, summary: summary.en, summary_zh: summary.zh }
    }

    /// Takes in what the submitter says about its own command: a level that raises, labels that add; nothing lowers.
    pub fn raise(&mut self, level: Option<Level>, labels: &[String]) {
        if let Some(level) = level.filter(|level| *level > self.level) {
            let why = format!("The submitter declares the command to be of {level} risk.");
            let why_zh = format!("提交者声明该命令的风险级别为 {level}。");
            let label = "declared_by_submitter".to_owned();
            let mut findings = std::mem::take(&mut self.findings);
            findings.insert(0, Finding { label, level, span: [0, 0], why, why_zh });
            let summary = Text::new(std::mem::take(&mut self.summary), std::mem::take(&mut self.summary_zh));
            let known = std::mem::replace(self, Self::of(findings, summary)).labels;
            known.iter().for_each(|label| add_label(&mut self.labels, label));
        }
        for label in labels.iter().filter_map(|label| clean_label(label)).take(DECLARED_AT_MOST) {
            add_label(&mut self.labels, &label);
        }
    }
}

fn add_label(labels: &mut Vec<String>, label: &str) {
    if !labels.iter().any(|known| known == label) {
        labels.push(label.to_owned());
    }
}

/// Brings a foreign label into the form of our own: lower-case letters, digits, underscores, 64 at most.
fn clean_label(label: &str) -> Option<String> {
    let letters = label.trim().chars().take(LABEL_AT_MOST).map(|letter| match letter.to_ascii_lowercase() {
        kept @ ('a'..='z' | '0'..='9') => kept,
        _ => '_',
    });
    Some(letters.collect::<String>()).filter(|clean| clean.contains(|letter| letter != '_'))
}

#[cfg(test)]
mod tests;
