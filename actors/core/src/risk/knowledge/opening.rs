//! Where the command inside a wrapper is.

use super::file;
use super::glob::Glob;

/// A way into a wrapper, and the options with or without which it is one.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) inner: Inner,
    pub(crate) when: Vec<String>,
    pub(crate) unless: Vec<String>,
}

/// What stands inside, and where.
#[derive(Debug, Clone)]
pub(crate) enum Inner {
    /// A program and its arguments, from this operand on. If the first operand is not one of `before`, it is the program.
    /// If one of the options in `program` is given, its value is the program, and the operands are the arguments.
    Command { from: usize, before: Vec<Glob>, program: Vec<String> },
    /// Shell text: this operand and all behind it, with blanks between.
    Shell { from: usize },
    /// Shell text: this operand alone.
    ShellOperand(usize),
    /// Shell text: the value of one of these options.
    Value(Vec<String>),
    /// The value of one of these options is cut into words, and the operands come behind them.
    Split(Vec<String>),
    /// Programs and their arguments between one of the first and one of the second words.
    Between { after: Vec<String>, until: Vec<String> },
    /// Shell text behind the `=` of every operand.
    AfterEquals,
    /// The operand is cut into words, which this program takes as if they stood behind its name.
    OptionsOf(String),
}

impl Opening {
    /// If a command inside begins here, how many words belong to it, with those around it.
    pub(super) fn inner_words(&self, words: &[&str]) -> Option<usize> {
        let Inner::Between { after, until } = &self.inner else { return None };
        let (first, rest) = words.split_first()?;
        let is = |list: &[String], word: &str| list.iter().any(|known| known == word);
        let end = |rest: &[&str]| rest.iter().position(|word| is(until, word)).map_or(rest.len(), |end| end + 1);
        is(after, first).then(|| 1 + end(rest))
    }

    pub(super) fn new(file: file::Opening) -> Result<Self, String> {
        let before = file.before.iter().map(|text| Glob::new(text)).collect::<Result<Vec<_>, _>>()?;
        let ways = [
            file.command.map(|from| Inner::Command { from, before, program: file.program_value }),
            file.shell.map(|from| Inner::Shell { from }),
            file.shell_operand.map(Inner::ShellOperand),
            given(file.shell_value).map(Inner::Value),
            given(file.command_value).map(Inner::Value),
            given(file.split_value).map(Inner::Split),
            given(file.after).map(|after| Inner::Between { after, until: file.until }),
            file.each_shell_after_equals.then_some(Inner::AfterEquals),
            file.options_of.map(Inner::OptionsOf),
        ];
        let mut ways = ways.into_iter().flatten();
        match (ways.next(), ways.next()) {
            (Some(inner), None) => Ok(Self { inner, when: file.when, unless: file.unless }),
            (None, _) => Err("an entry of `opens` does not say where the command inside is".to_owned()),
            (Some(_), Some(_)) => Err("an entry of `opens` says two places; make two entries".to_owned()),
        }
    }
}

fn given(list: Vec<String>) -> Option<Vec<String>> {
    Some(list).filter(|list| !list.is_empty())
}
