//! `hermes classify`: grades commands without a supervisor.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use hermes_core::id::Digest;
use hermes_core::risk::{Assessment, Level, Networks, Rules, Source};
use hermes_core::visible;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::look::{Look, Tone};
use super::session::{Exit, Form, Session};
use super::settings::{Folder, Settings};
use super::{json, show, values};

/// Grade a command here and now; nothing is sent or stored
#[derive(Args)]
pub(super) struct Classify {
    /// The command; - reads standard input
    #[arg(required_unless_present = "jsonl", conflicts_with = "jsonl")]
    command: Option<String>,
    /// Address that the command claims to come from
    #[arg(long, value_name = "IP")]
    source_ip: Option<String>,
    /// Read one {"command":…} a line and write one {"command","level","labels"} a line, in the same order; a line may
    /// have its own "source_ip"
    #[arg(long)]
    jsonl: bool,
    /// A rule file on top of the built-in rules, in place of HERMES_RULES
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Say how each command line in the command was understood, and which rules hold
    #[arg(long, conflicts_with = "jsonl")]
    explain: bool,
    #[command(flatten)]
    settings: Settings<Folder>,
}

impl Classify {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let loaded = self.settings.load()?;
        let networks =
            Networks::parse(&loaded.config.rules.trusted_networks).map_err(|error| Error::Failed(error.to_string()))?;
        let rules = match &self.rules {
            Some(file) => rules(file, std::fs::read_to_string(file).map(Some).map_err(|error| error.to_string()))?,
            None => {
                let file = loaded.rule_file();
                rules(file.path(), file.text().map_err(|error| error.to_string()))?
            }
        };
        for warning in rules.warnings() {
            session.remark(&format!("warning: {}", visible::show_line(warning)));
        }
        let grader = Grader { rules, networks, source_ip: self.source_ip };
        match self.command {
            None => grader.grade_lines(std::io::stdin().lock(), session.out),
            Some(command) if self.explain => {
                let command = values::command(command)?;
                let exit = grader.grade(&command, session)?;
                writeln!(session.out)?;
                for step in grader.rules.explain(&command) {
                    writeln!(session.out, "  {}", visible::show_line(&step))?;
                }
                Ok(exit)
            }
            Some(command) => grader.grade(&values::command(command)?, session),
        }
    }
}

/// The built-in rules, with this text of a file on top if there is one.
fn rules(file: &Path, text: Result<Option<String>, String>) -> Result<Rules, Error> {
    let file = file.display().to_string();
    match text {
        Ok(Some(text)) => Rules::with(&file, &text).map_err(|error| Error::Failed(error.to_string())),
        Ok(None) => Ok(Rules::builtin()),
        Err(why) => Err(Error::Failed(format!("the rule file {file}: {why}"))),
    }
}

struct Grader {
    rules: Rules,
    networks: Networks,
    source_ip: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    command: String,
    source_ip: Option<String>,
}

#[derive(Serialize)]
struct Graded<'a> {
    command: &'a str,
    level: Level,
    labels: &'a [String],
}

impl Grader {
    fn assess(&self, command: &str, source_ip: Option<&str>) -> Assessment {
        self.rules.assess(command, &Source { peer: None, claimed: source_ip }, &self.networks)
    }

    fn grade(&self, command: &str, session: &mut Session<'_>) -> Result<Exit, Error> {
        let assessment = self.assess(command, self.source_ip.as_deref());
        match session.form {
            Form::Text => print(command, &assessment, &session.look, session.out)?,
            Form::Json => {
                let Assessment { level, labels, findings, summary, summary_zh } = &assessment;
                let graded = serde_json::json!({
                    "command": command, "level": level, "labels": labels, "findings": findings,
                    "summary": summary, "summary_zh": summary_zh,
                });
                session.print_json(&graded)?;
            }
        }
        Ok(Exit::Done)
    }

    /// Answers line by line, so that a program can ask and wait for the answer.
    fn grade_lines(&self, lines: impl BufRead, out: &mut dyn Write) -> Result<Exit, Error> {
        for (number, line) in (1..).zip(lines.lines()) {
            let line = line.map_err(Error::file(format!("standard input, line {number}")))?;
            if line.trim().is_empty() {
                continue;
            }
            let asked: Asked = serde_json::from_str(&line).map_err(|error| {
                Error::Failed(format!("standard input, line {number} is not an object with a \"command\": {error}"))
            })?;
            let Assessment { level, labels, .. } =
                self.assess(&asked.command, asked.source_ip.as_deref().or(self.source_ip.as_deref()));
            writeln!(out, "{}", json::line(Graded { command: &asked.command, level, labels: &labels }))?;
        }
        Ok(Exit::Done)
    }
}

fn print(command: &str, assessment: &Assessment, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let level = look.paint(Tone::of_level(assessment.level), &format!("{} risk", assessment.level));
    writeln!(out, "{level}  sha256 {}\n", Digest::of(command.as_bytes()))?;
    for line in visible::show(command).lines() {
        writeln!(out, "  {line}")?;
    }
    if !assessment.summary.is_empty() {
        writeln!(out, "\n{}", visible::show_line(&assessment.summary))?;
    }
    if !assessment.findings.is_empty() {
        writeln!(out)?;
    }
    show::findings(&assessment.findings, Some(command), look, out)
}

#[cfg(test)]
mod tests {
    use hermes_core::risk::Finding;

    use super::*;
    use crate::cli::tests::{look, printed};

    fn grader() -> Grader {
        let networks = Networks::parse(&["10.0.0.0/24".to_owned()]).unwrap();
        Grader { rules: Rules::builtin(), networks, source_ip: None }
    }

    #[test]
    fn lines_are_answered_in_their_order() {
        let commands = ["rm -rf /", "ls", "echo \u{202e}", "rm -rf /"];
        let asked: String =
            commands.map(|command| serde_json::json!({"command": command, "x": 1}).to_string() + "\n").concat();
        let mut out = Vec::new();
        grader().grade_lines(format!("\n{asked}").as_bytes(), &mut out).unwrap();
        let answers: Vec<serde_json::Value> =
            std::str::from_utf8(&out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), commands.len());
        for (answer, command) in answers.iter().zip(commands) {
            let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["command", "level", "labels"]);
            assert_eq!(answer["command"], command);
        }
        assert_eq!(answers[0]["level"], "high");
        assert_eq!(answers[1]["level"], "low");
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        let mut out = Vec::new();
        let lines = "{\"command\":\"ls\"}\n{\"cmd\":\"ls\"}\n";
        let error = grader().grade_lines(lines.as_bytes(), &mut out).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
    }

    #[test]
    fn findings_are_marked_below() {
        let finding = |label: &str, level, span, why: &str| Finding {
            label: label.to_owned(),
            level,
            span,
            why: why.to_owned(),
            why_zh: String::new(),
        };
        let command = "cd /srv\nsudo rm -rf \u{202e}data";
        let assessment = Assessment {
            level: Level::High,
            labels: vec!["recursive_delete".to_owned()],
            findings: vec![
                finding("recursive_delete", Level::High, [13, 26], "Deletes a folder and everything in it."),
                finding("destructive_command", Level::High, [13, 26], "Destroys what is hard to get back."),
                finding("cross_network", Level::Medium, [0, 0], "Comes from a network that is not trusted."),
            ],
            summary: "Deletes data and everything below it, as root.".to_owned(),
            summary_zh: String::new(),
        };
        insta::assert_snapshot!(printed(|out| print(command, &assessment, &look(), out)));
    }
}
