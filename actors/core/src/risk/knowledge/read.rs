//! Finds the entry that speaks about a command line: the program's, and those of its sub-commands.

use super::call::Call;
use super::file::Style;
use super::options::Line;
use super::pattern::Subject;
use super::program::{Program, Rule};
use super::{Grade, Knowledge};

/// What is known about one command line.
#[derive(Debug)]
pub(crate) struct Reading<'k, 'w> {
    /// The program, then the sub-command, and so on; each with its view of the words behind it.
    pub(crate) entries: Vec<Entry<'k, 'w>>,
    /// Program and sub-commands.
    pub(crate) path: String,
}

/// An entry, and the call as it sees it.
#[derive(Debug)]
pub(crate) struct Entry<'k, 'w> {
    pub(crate) program: &'k Program,
    pub(crate) call: Call<'w>,
    /// How many words stand before its own.
    pub(crate) offset: usize,
    /// How much of the path is its own: program and sub-commands down to it.
    path: usize,
}

/// What the entries say.
#[derive(Debug)]
pub(crate) struct Said<'k> {
    /// The rules that hold, with the number of the entry.
    pub(crate) rules: Vec<(usize, &'k Rule)>,
    /// The grade of what no rule says anything about.
    pub(crate) otherwise: Option<Grade>,
    /// It is written in the innermost entry itself: it holds for a wrapper whatever it opens.
    pub(crate) is_own: bool,
}

impl Knowledge {
    /// Reads a command line; `None` if the program is not known.
    pub(crate) fn read<'k, 'w>(
        &'k self,
        name: &str,
        words: &[Subject<'w>],
        under: &'w [&'w str],
        input: bool,
    ) -> Option<Reading<'k, 'w>> {
        let mut program = self.program(name)?;
        let mut reading = Reading { entries: Vec::new(), path: name.to_owned() };
        let mut offset = 0;
        loop {
            let own = words.get(offset..).unwrap_or_default();
            let next = self.sub_command(&reading.path, program, own);
            let call = Call { words: own.to_vec(), line: parse(program, own, next.is_some()), under, input };
            reading.entries.push(Entry { program, call, offset, path: reading.path.len() });
            let Some((path, found, taken)) = next else { return Some(reading) };
            (reading.path, program) = (path, found);
            offset += taken;
        }
    }

    /// Looks for an entry of a sub-command: its path, itself, and how many words come before those behind it.
    fn sub_command(&self, path: &str, program: &Program, words: &[Subject<'_>]) -> Option<(String, &Program, usize)> {
        if !self.has_sub_commands(path) {
            return None;
        }
        let texts: Vec<&str> = words.iter().map(|word| word.text).collect();
        let (mut path, mut at, mut line) = (path.to_owned(), 0, Line::default());
        while let Some(word) = words.get(at) {
            if let Some(taken) = program.grammar.option(&texts, at, &mut line) {
                at += taken;
                continue;
            }
            path = format!("{path} {}", word.text);
            at += 1;
            match self.exact(&path) {
                Some(found) => return Some((path, found, at)),
                None if self.has_sub_commands(&path) => {}
                None => return None,
            }
        }
        None
    }
}

/// Reads the words by a program's grammar. Options of a program may come behind its sub-command.
fn parse<'w>(program: &Program, words: &[Subject<'w>], has_sub_command: bool) -> Line {
    let texts: Vec<&'w str> = words.iter().map(|word| word.text).collect();
    let first_ends = program.grammar.style == Style::Posix && !has_sub_command;
    let (mut line, mut at) = (Line::default(), 0);
    while at < words.len() {
        let only_operands = line.ended || first_ends && line.operands.len() > program.leading;
        if let Some(length) = program.opens.iter().find_map(|opening| opening.inner_words(texts.get(at..)?)) {
            program.grammar.option(&texts, at, &mut line);
            at += length;
            continue;
        }
        let taken = if only_operands { None } else { program.grammar.option(&texts, at, &mut line) };
        match taken {
            Some(taken) => at += taken,
            None => {
                line.operands.push(at);
                at += 1;
            }
        }
    }
    line
}

impl Entry<'_, '_> {
    /// Its first operand is there, and ends the options.
    fn ends_options(&self) -> bool {
        self.program.grammar.style == Style::Posix && self.call.line.operands.len() > self.program.leading
    }
}

impl<'k> Reading<'k, '_> {
    /// The innermost entry.
    pub(crate) fn inner(&self) -> Option<&Entry<'k, '_>> {
        self.entries.last()
    }

    /// Program and sub-commands down to an entry.
    pub(crate) fn path_of(&self, entry: &Entry<'_, '_>) -> &str {
        self.path.get(..entry.path).unwrap_or(&self.path)
    }

    /// It only tells, or only tries. An option behind what a sub-command opens or runs is not the program's own.
    pub(crate) fn is_harmless(&self) -> bool {
        let opens = self.inner().is_some_and(|entry| entry.program.runs_others() || entry.ends_options());
        let skipped = if opens { self.entries.len().saturating_sub(1) } else { 0 };
        self.entries.iter().skip(skipped).any(|entry| entry.program.is_harmless(&entry.call))
    }

    /// Asks every entry.
    pub(crate) fn said(&self) -> Said<'k> {
        if self.is_harmless() {
            return Said { rules: Vec::new(), otherwise: Some(Grade::Low), is_own: false };
        }
        let rules: Vec<(usize, &Rule)> = self
            .entries
            .iter()
            .enumerate()
            .flat_map(|(at, entry)| entry.program.rules_for(&entry.call).map(move |rule| (at, rule)))
            .collect();
        let otherwise = if rules.is_empty() { self.otherwise() } else { self.graver_than(&rules) };
        let is_own = self.inner().is_some_and(|entry| entry.program.otherwise.is_some());
        Said { rules, otherwise, is_own }
    }

    /// What the sub-command is by itself, if no rule says that it is less and none weighs as much.
    fn graver_than(&self, rules: &[(usize, &Rule)]) -> Option<Grade> {
        let inner = self.inner()?;
        let (_, grade) = inner.program.command(&inner.call)?;
        let Grade::Labelled { level, .. } = grade else { return None };
        let weighs_less = |(_, rule): &(usize, &Rule)| !rule.says_low() && rule.level < *level;
        rules.iter().all(weighs_less).then(|| grade.clone())
    }

    fn otherwise(&self) -> Option<Grade> {
        let mut entries = self.entries.iter().rev();
        let inner = entries.next()?;
        if let Some((_, grade)) = inner.program.command(&inner.call) {
            return Some(grade.clone());
        }
        if let Some(grade) = &inner.program.otherwise {
            return Some(grade.clone());
        }
        let by_outer = entries.find_map(|entry| {
            let command = entry.program.command(&entry.call).map(|(_, grade)| grade);
            command.or(entry.program.otherwise.as_ref()).cloned()
        });
        by_outer.or_else(|| (self.asks_nothing()).then_some(Grade::Low))
    }

    /// A program with sub-commands that is given none tells how it is used.
    fn asks_nothing(&self) -> bool {
        self.entries.last().is_some_and(|entry| {
            entry.call.words.is_empty() && (!entry.program.commands.is_empty() || self.entries.len() > 1)
        })
    }
}
