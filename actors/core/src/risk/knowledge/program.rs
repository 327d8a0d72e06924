//! One program, or one of its sub-commands, ready to be asked.

use super::call::Call;
use super::condition::Condition;
use super::file::{self, Code, Named, Sql, Style, Trait, Variables};
use super::glob::Glob;
use super::opening::{Inner, Opening};
use super::options::Grammar;
use super::pattern::{Classes, Sense};
use super::words::check_effect;
use super::{Grade, Labels};
use crate::risk::statement::Dialect;
use crate::risk::{Level, Text};

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) grammar: Grammar,
    /// How many operands may stand among the options where the next one ends them.
    pub(super) leading: usize,
    pub(super) commands: Vec<Commands>,
    pub(super) otherwise: Option<Grade>,
    pub(super) harmless: Vec<String>,
    /// With one of these, what is harmless otherwise is not.
    harmful: Vec<String>,
    pub(crate) traits: Vec<Trait>,
    pub(crate) effect: Option<Text>,
    pub(crate) opens: Vec<Opening>,
    pub(crate) adds_operands: bool,
    pub(crate) skips_assignments: bool,
    pub(crate) user: Option<Named>,
    pub(crate) host: Option<Named>,
    pub(crate) container: Option<Named>,
    pub(crate) code: Option<Code>,
    pub(crate) sql: Option<Sql>,
    pub(crate) variables: Option<Variables>,
    pub(super) rules: Vec<Rule>,
}

/// A sub-command that needs no entry of its own.
#[derive(Debug)]
pub(super) struct Commands {
    pub(super) words: Vec<Glob>,
    pub(super) grade: Grade,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) label: String,
    pub(crate) level: Level,
    pub(crate) why: Text,
    pub(crate) effect: Option<Text>,
    when: Condition,
    unless: Option<Condition>,
}

impl Program {
    /// All but the rules, which are added one by one.
    pub(super) fn new(file: file::Program, labels: &Labels) -> Result<Self, String> {
        let grammar = Grammar::new(file.style, &file.options)?;
        let harmless = flags("harmless", &file.harmless, &grammar)?;
        let harmful = flags("harmful", &file.harmful, &grammar)?;
        if let Some(sql) = file.sql.as_ref().filter(|sql| Dialect::named(&sql.dialect).is_none()) {
            return Err(format!("there is no SQL dialect \"{}\"", sql.dialect));
        }
        if let Some(effect) = &file.effect {
            check_effect(effect, &grammar)?;
        }
        if let Some(unknown) = file.valued().find(|name| !grammar.takes_value(name)) {
            return Err(format!("the value of {unknown} is asked for, which is not among the options with a `=`"));
        }
        let mut commands = Vec::new();
        for (label, paths) in &file.commands {
            let grade = Grade::named(label, labels)?;
            for path in paths {
                let words = path.split_whitespace().map(Glob::new).collect::<Result<_, _>>()?;
                commands.push(Commands { words, grade: grade.clone() });
            }
        }
        Ok(Self {
            grammar,
            leading: file.leading,
            commands,
            otherwise: file.otherwise.map(|label| Grade::named(&label, labels)).transpose()?,
            harmless,
            harmful,
            traits: file.traits,
            effect: file.effect,
            opens: file.opens.into_iter().map(Opening::new).collect::<Result<_, _>>()?,
            adds_operands: file.adds_operands,
            skips_assignments: file.skips_assignments,
            user: file.user,
            host: file.host,
            container: file.container,
            code: file.code,
            sql: file.sql,
            variables: file.variables,
            rules: Vec::new(),
        })
    }

    /// Adds a rule behind the others.
    pub(super) fn add(&mut self, rule: file::Rule, labels: &Labels, classes: &Classes) -> Result<(), String> {
        for name in rule.value.keys().chain(rule.unless.iter().flat_map(|unless| unless.value.keys())) {
            if !self.grammar.takes_value(name) {
                return Err(format!("`value` names {name}, which is not among the options with a `=`"));
            }
        }
        if let Some(effect) = &rule.effect {
            check_effect(effect, &self.grammar)?;
        }
        self.rules.push(Rule::new(rule, labels, classes)?);
        Ok(())
    }

    pub(crate) fn is(&self, what: Trait) -> bool {
        self.traits.contains(&what)
    }

    /// Words of its command line are another program's, or code.
    pub(super) fn runs_others(&self) -> bool {
        // The value of an option is told from the words around it.
        let opens = self.opens.iter().any(|opening| !matches!(opening.inner, Inner::Value(_)));
        let code = self.code.as_ref().filter(|code| !code.edits);
        let ends = self.grammar.style != Style::Gnu || self.is(Trait::RunsInput);
        opens || code.is_some_and(|code| code.operand.is_some() || ends)
    }

    /// With these options it only tells, or only tries.
    pub(super) fn is_harmless(&self, call: &Call<'_>) -> bool {
        // Behind a sub-command, or with a value, `--version` names the version to install or to delete.
        let asks_version = call.line.operands.is_empty()
            && call.line.given.iter().any(|given| given.is("--version") && given.value.is_none());
        let asks_help = call.line.given.iter().any(|given| given.is("--help") && !self.may_be_value(call, given.word));
        let asks = !self.runs_others() && (asks_help && call.has_surely("--help") || asks_version);
        let harmless = asks || self.harmless.iter().any(|flag| call.has_surely(flag));
        let code = self.code.iter().flat_map(|code| code.value.iter().chain(&code.files));
        harmless && !self.harmful.iter().chain(code).any(|flag| call.has(flag))
    }

    /// Nobody knows whether an option that is not written down takes the next word.
    fn may_be_value(&self, call: &Call<'_>, word: usize) -> bool {
        let before = word.checked_sub(1).and_then(|before| call.subject(before)).map(|word| word.text);
        before.is_some_and(|before| {
            before.len() > 2 && before.starts_with("--") && !before.contains('=') && !self.grammar.knows(before)
        })
    }

    /// The rules that hold for a call.
    pub(crate) fn rules_for<'p>(&'p self, call: &Call<'_>) -> impl Iterator<Item = &'p Rule> {
        self.rules.iter().filter(|rule| {
            rule.when.holds(call, Sense::Accuses)
                && !rule.unless.as_ref().is_some_and(|unless| unless.holds(call, Sense::Excuses))
        })
    }

    /// The sub-command that fits a call best: most words, then most letters written out; how many words it has.
    pub(super) fn command(&self, call: &Call<'_>) -> Option<(usize, &Grade)> {
        let operand = |at: usize| call.line.operands.get(at).and_then(|word| call.subject(*word));
        let fits = |command: &&Commands| {
            let mut words = command.words.iter().enumerate();
            words.all(|(at, glob)| operand(at).is_some_and(|word| !word.dynamic && glob.matches(word.text)))
        };
        let weight = |command: &&Commands| {
            let literals: usize = command.words.iter().map(Glob::literals).sum();
            (command.words.len(), literals)
        };
        let best = self.commands.iter().filter(fits).max_by_key(weight)?;
        Some((best.words.len(), &best.grade))
    }
}

/// The spellings in a list of options, each of which the program has to have.
fn flags(key: &str, lines: &[String], grammar: &Grammar) -> Result<Vec<String>, String> {
    let flags: Vec<String> = lines.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned).collect();
    match flags.iter().find(|flag| !grammar.knows(flag)) {
        Some(unknown) => Err(format!("`{key}` names {unknown}, which is not among the options")),
        None => Ok(flags),
    }
}

impl Rule {
    fn new(mut file: file::Rule, labels: &Labels, classes: &Classes) -> Result<Self, String> {
        if file.label.is_empty() {
            return Err("a rule needs `label`".to_owned());
        }
        let condition = file.condition();
        let (level, said) = match Grade::named(&file.label, labels)? {
            Grade::Low => (Level::Low, Text::default()),
            Grade::Labelled { level, why, .. } => (level, why),
        };
        let why = match (file.en, file.zh) {
            (Some(en), Some(zh)) => Text { en, zh },
            (None, None) => said,
            _ => return Err(format!("the rule \"{}\" gives its reason in one language only", file.label)),
        };
        Ok(Self {
            label: file.label,
            level: file.level.unwrap_or(level),
            why,
            effect: file.effect,
            when: Condition::new(condition, classes)?,
            unless: file.unless.map(|unless| Condition::new(unless, classes)).transpose()?,
        })
    }

    /// The options of which it asks for one.
    pub(crate) fn flags(&self) -> &[String] {
        &self.when.flag
    }

    /// It says that the call only reads.
    pub(crate) fn says_low(&self) -> bool {
        self.label == super::LOW
    }
}
