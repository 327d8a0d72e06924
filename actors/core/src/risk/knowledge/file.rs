//! What a rule file says, as it is written. Unknown keys are refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::super::{Level, Text};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) label: Vec<Spanned<Label>>,
    pub(super) class: Vec<Spanned<Class>>,
    pub(super) program: Vec<Spanned<Program>>,
    pub(super) code: Vec<Spanned<Language>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Label {
    pub(super) name: String,
    pub(super) level: Level,
    #[serde(default)]
    pub(super) destructive: bool,
    pub(super) en: String,
    pub(super) zh: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) any: Vec<String>,
    #[serde(default)]
    pub(super) except: Vec<String>,
}

/// How a command line is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Style {
    /// Options and operands in any order; short ones bundle, long ones may be abbreviated.
    #[default]
    Gnu,
    /// The first operand ends the options.
    Posix,
    /// An option is one word with one or two dashes.
    Single,
    /// Every word is an operand.
    Words,
}

/// What is special about what a program prints or reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trait {
    /// What it prints comes from the network.
    Downloads,
    /// It prints what it decodes.
    Decodes,
    /// It prints its own operands.
    Prints,
    /// It runs what it reads.
    RunsInput,
    /// Without a command inside, it opens a shell, which runs what it reads.
    OpensShell,
    /// What it reads is code of its language, if that is known.
    ReadsCode,
    /// `;` as a word begins another of its commands.
    Chains,
    /// Each line that it reads could stand behind it on the command line.
    ReadsCommands,
    /// Without operands it prints the environment.
    ShowsEnvironment,
    /// What it is given goes over the network as a question.
    AsksNetwork,
    /// Its operands are names of variables, or numbers: a subscript in one runs what is substituted in it.
    Evaluates,
    /// Its operands set variables, where they have a `=`.
    Declares,
    /// What stands behind it runs in the folder that it is given.
    EntersFolder,
    /// It prints the names of the files that it is given, or asked for.
    NamesFiles,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Program {
    pub(super) names: Vec<String>,
    pub(super) style: Style,
    pub(super) leading: usize,
    pub(super) options: Vec<String>,
    pub(super) commands: BTreeMap<String, Vec<String>>,
    pub(super) otherwise: Option<String>,
    pub(super) harmless: Vec<String>,
    pub(super) harmful: Vec<String>,
    pub(super) traits: Vec<Trait>,
    pub(super) effect: Option<Text>,
    pub(super) opens: Vec<Opening>,
    pub(super) adds_operands: bool,
    pub(super) skips_assignments: bool,
    pub(super) user: Option<Named>,
    pub(super) host: Option<Named>,
    pub(super) container: Option<Named>,
    pub(super) code: Option<Code>,
    pub(super) sql: Option<Sql>,
    pub(super) variables: Option<Variables>,
    pub(super) rule: Vec<Spanned<Rule>>,
    pub(super) low: Vec<Spanned<String>>,
    pub(super) medium: Vec<Spanned<String>>,
    pub(super) high: Vec<Spanned<String>>,
    /// In an organisation's file: the built-in entry of the same name is put aside whole.
    pub(super) replace: bool,
}

impl Program {
    /// The options whose values say what runs, as whom and where.
    pub(super) fn valued(&self) -> impl Iterator<Item = &String> {
        let opens = self
            .opens
            .iter()
            .flat_map(|open| [&open.shell_value, &open.command_value, &open.split_value, &open.program_value]);
        let named = [&self.user, &self.host, &self.container].into_iter().flatten().map(|named| &named.value);
        let code = self.code.iter().flat_map(|code| [&code.value, &code.files]);
        let sql = self.sql.iter().map(|sql| &sql.value);
        let variables = self.variables.iter().map(|variables| &variables.value);
        opens.chain(named).chain(code).chain(sql).chain(variables).flatten()
    }
}

/// Where the command inside a wrapper is: one of these places, and when.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Opening {
    pub(super) command: Option<usize>,
    pub(super) program_value: Vec<String>,
    pub(super) shell: Option<usize>,
    pub(super) shell_operand: Option<usize>,
    pub(super) shell_value: Vec<String>,
    pub(super) command_value: Vec<String>,
    pub(super) split_value: Vec<String>,
    pub(super) after: Vec<String>,
    pub(super) each_shell_after_equals: bool,
    pub(super) until: Vec<String>,
    pub(super) options_of: Option<String>,
    /// What the operand before the command has to be; if it is something else, it is the command.
    pub(super) before: Vec<String>,
    pub(super) when: Vec<String>,
    pub(super) unless: Vec<String>,
}

/// Where a name is found: whom the inner command runs as, or where.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Named {
    pub(crate) always: Option<String>,
    pub(crate) value: Vec<String>,
    pub(crate) operand: Option<usize>,
    pub(crate) otherwise: Option<String>,
}

/// Where an interpreter takes code from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Code {
    pub(crate) language: String,
    /// Options whose value is code.
    pub(crate) value: Vec<String>,
    /// Options whose value is a file with code.
    pub(crate) files: Vec<String>,
    /// What only edits text says nothing by being there.
    pub(crate) edits: bool,
    /// Every word is code.
    pub(crate) words: bool,
    /// Which operand is code, but not with one of these options.
    pub(crate) operand: Option<usize>,
    pub(crate) unless: Vec<String>,
}

/// Where a database client takes statements from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sql {
    pub(crate) dialect: String,
    pub(crate) value: Vec<String>,
    pub(crate) operand: Option<usize>,
    pub(crate) input: bool,
}

/// Which variables of the shell a command sets, with `=` and a value or without.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Variables {
    pub(crate) value: Vec<String>,
    /// The first operand that names one; all behind it do as well.
    pub(crate) from: Option<usize>,
}

/// A rule is a condition with more beside it; serde's `flatten` would let unknown keys pass.
macro_rules! with_condition {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name {
            $($(#[$note])* pub(super) $field: $type,)*
            pub(super) flag: Vec<String>,
            pub(super) all_flags: Vec<String>,
            pub(super) no_flag: Vec<String>,
            pub(super) value: BTreeMap<String, Vec<String>>,
            pub(super) operand: Vec<String>,
            pub(super) operands: Vec<String>,
            pub(super) no_operand: Vec<String>,
            pub(super) first: Vec<String>,
            pub(super) last: Vec<String>,
            pub(super) word: Vec<String>,
            pub(super) count: Option<String>,
            pub(super) under: Vec<String>,
            pub(super) input: Option<bool>,
        }
    };
}

with_condition!(
    /// What has to hold: all keys given, and within a list any entry.
    Condition {}
);

with_condition!(
    /// When a call deserves a label.
    Rule {
        label: String,
        level: Option<Level>,
        en: Option<String>,
        zh: Option<String>,
        effect: Option<Text>,
        unless: Option<Condition>,
        /// The number of the file that it stands in; its place there is told by what is around it.
        #[serde(skip)]
        file: usize,
    }
);

impl Rule {
    /// Takes the condition out of the rule.
    pub(super) fn condition(&mut self) -> Condition {
        use std::mem::take;
        Condition {
            flag: take(&mut self.flag),
            all_flags: take(&mut self.all_flags),
            no_flag: take(&mut self.no_flag),
            value: take(&mut self.value),
            operand: take(&mut self.operand),
            operands: take(&mut self.operands),
            no_operand: take(&mut self.no_operand),
            first: take(&mut self.first),
            last: take(&mut self.last),
            word: take(&mut self.word),
            count: take(&mut self.count),
            under: take(&mut self.under),
            input: self.input.take(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Language {
    pub(super) language: String,
    #[serde(default)]
    pub(super) rule: Vec<Spanned<CodeRule>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CodeRule {
    pub(super) label: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) en: Option<String>,
    pub(super) zh: Option<String>,
    pub(super) any: Vec<String>,
    pub(super) all: Vec<String>,
    pub(super) shell: Vec<String>,
    pub(super) writes: Vec<String>,
    pub(super) brackets: Vec<String>,
    pub(super) lines: Vec<String>,
}
