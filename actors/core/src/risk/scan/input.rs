//! Programs that run what they read, and what flows into them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use super::Scan;
use super::call::Run;
use super::field::Field;
use super::output::Output;
use super::place::Spot;
use super::{Context, flow_of};
use crate::risk::knowledge::{Reading, Trait};
use crate::risk::script::{Command, CommandKind, Flow, Piece, Redirect, Script, Word};
use crate::risk::{Level, Text};

/// Commands of functions that are kept for what is piped into them.
const MOST_KEPT: usize = 4096;
/// Lines that are read as command lines of the program that reads them, at most.
const MOST_LINES: usize = 64;

impl Scan<'_> {
    /// What is read through a descriptor is there for later commands, too; without a number it is the command's input.
    pub(super) fn opened_as(&mut self, descriptor: Option<u32>, content: Output, input: &mut Output) {
        match descriptor.filter(|number| *number > 0) {
            Some(number) => drop(self.descriptors.insert(number, content)),
            None => *input = content,
        }
    }

    /// What compound commands read: their redirections stand behind the commands inside, which are gone through first.
    pub(super) fn around(
        &mut self,
        script: &Script,
        read: &BTreeSet<usize>,
        spot: Spot,
        context: &Context,
    ) -> BTreeMap<usize, Output> {
        let mut around = BTreeMap::new();
        for (at, command) in script.commands.iter().enumerate() {
            if command.kind != CommandKind::Data || !command.words.is_empty() || !read.contains(&at) {
                continue;
            }
            let mark = self.mark();
            let mut input = Output::default();
            for redirect in command.redirects.iter().filter(|redirect| redirect.flow != Flow::Write) {
                self.redirect(redirect, &mut input, spot, context);
            }
            self.forget_steps(mark);
            if input.any {
                around.insert(at, input);
            }
        }
        around
    }

    /// Runs what stands in `>( … )`: it reads what the command prints.
    pub(super) fn outlets(&mut self, command: &Command, printed: &Output, spot: Spot, context: &Context) {
        let targets = command.redirects.iter().map(|redirect| &redirect.target);
        let values = command.assignments.iter().map(|assignment| &assignment.value);
        for piece in command.words.iter().chain(targets).chain(values).flat_map(|word| &word.pieces) {
            if let Piece::Substitution { script, process: Some(Flow::Write), .. } = piece {
                let context = Context { stdin: printed.clone().piped(), ..context.clone() };
                self.script(script, spot.deeper(), &context);
            }
        }
    }

    /// Keeps the bodies of functions.
    pub(super) fn remember(&mut self, script: &Script) {
        for (at, command) in script.commands.iter().enumerate() {
            let CommandKind::Define { name } = &command.kind else { continue };
            let first = at + 1;
            let own = |command: &Command| {
                let reads = command.reads.iter().filter_map(|read| read.checked_sub(first)).collect();
                Command { reads, ..command.clone() }
            };
            let left = MOST_KEPT.saturating_sub(self.kept);
            let body = script.commands.iter().skip(first).take_while(|command| command.function.is_some());
            let commands: Vec<Command> = body.take(left).map(own).collect();
            // At least one, so that functions without a body come to an end as well.
            self.kept += commands.len().max(1);
            if left > 0 {
                self.bodies.insert(name.clone(), Rc::new(Script { commands, faults: Vec::new() }));
            }
        }
    }

    /// Goes through a function once more with what is piped into it. What it is by itself was told where it stands.
    pub(super) fn function(&mut self, name: &str, run: Run<'_>) -> Output {
        let body = self.bodies.get(name).cloned().filter(|_| run.input.any);
        if let Some(body) = body.filter(|_| !self.running.iter().any(|running| running == name)) {
            self.running.push(name.to_owned());
            let context = Context { stdin: run.input.clone(), ..run.context.clone() };
            self.script(&body, run.spot.within(run.span), &context);
            self.running.pop();
        }
        run.input.changed()
    }

    /// A wrapper without a command inside opens a shell, which runs what it reads; tells whether there is anything.
    pub(super) fn shell_input(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) -> bool {
        let opens = reading.entries.iter().any(|entry| entry.program.is(Trait::OpensShell));
        opens && self.runs(run.input, reading, run)
    }

    /// Reads each line of known input as what could stand behind the program; tells whether there is any.
    pub(super) fn lines(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) -> bool {
        let reads = reading.inner().filter(|entry| entry.program.is(Trait::ReadsCommands));
        let Some(text) = run.input.text.as_ref().filter(|_| reads.is_some()) else { return false };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines.take(MOST_LINES) {
            let words = line.split_whitespace().map(|word| Field::plain(word.trim_matches(['"', '\'']), run.span));
            let fields: Vec<Field> =
                std::iter::once(run.program.clone()).chain(run.words.iter().cloned()).chain(words).collect();
            self.call(&fields, &Output::default(), run.spot.deeper(), run.context);
        }
        true
    }

    /// Looks at what a program that runs its input is given; tells whether that explains what it does.
    pub(super) fn input(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) -> bool {
        let Some(entry) = reading.inner().filter(|entry| entry.program.is(Trait::RunsInput)) else { return false };
        let flow = flow_of(run.words);
        let names_script = |word: &usize| entry.call.subject(*word).is_some_and(|word| !is_own_input(word.text));
        // `python3 - arguments`: what comes first says where the code is.
        let from_input = entry.call.has("-s") || !entry.call.line.operands.first().is_some_and(names_script);
        let gives_code = ["-c", "-e", "-r", "-m", "-E", "-p"].iter().any(|flag| entry.call.has(flag));
        let later = matches!(reading.path.as_str(), "at" | "batch");
        let input =
            if (from_input && !gives_code || later) && run.input.any { run.input.clone() } else { Output::default() };
        // What comes by `<( … )` or in a word is run as well.
        let input = input.and(if gives_code { Output::default() } else { flow });
        let script = entry.call.line.operands.first().and_then(|word| entry.call.subject(*word));
        let script = script.filter(|_| !gives_code).and_then(|script| self.script_in(script.text, run));
        let input = input.and(script.unwrap_or_default());
        self.runs(&input, reading, run)
    }

    fn runs(&mut self, input: &Output, reading: &Reading<'_, '_>, run: Run<'_>) -> bool {
        if !input.any {
            return false;
        }
        if input.downloaded {
            self.find("remote_code", Level::High, run, None, None);
        } else if input.decoded {
            self.find("obfuscated_execution", Level::High, run, None, None);
        }
        let language = reading.inner().and_then(|entry| entry.program.code.as_ref()).map(|code| code.language.clone());
        match (&input.text, language) {
            (Some(text), None) => {
                let text = if reading.path.ends_with("crontab") { without_times(text) } else { text.clone() };
                let context = Context { stdin: Output::default(), ..run.context.clone() };
                self.text(&text, run.spot.within(run.span), &context);
            }
            (Some(text), Some(language)) => {
                if !self.language(&language, text, &Field::plain("", run.span), run) {
                    let level = self.label("inline_code").level;
                    self.find("inline_code", level, run, None, None);
                }
            }
            (None, _) if input.downloaded || input.decoded => {}
            (None, _) if input.file => {
                let level = self.label("script_run").level;
                self.find("script_run", level, run, None, None);
            }
            (None, _) => {
                let why = Text::new("Runs what another command prints.", "执行另一个命令输出的内容。");
                self.find("obfuscated_execution", Level::High, run, Some(why), None);
            }
        }
        true
    }
}

/// What is already open is what was given, whatever its number.
pub(super) fn is_own_input(path: &str) -> bool {
    matches!(path, "-" | "/dev/stdin") || path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/")
}

/// What `echo` and `printf` print, if that can be told.
pub(super) fn printed(program: &str, words: &[Field]) -> Output {
    let flow = flow_of(words);
    if words.iter().any(|word| word.dynamic) {
        return Output { text: None, ..Output::unknown().and(flow) };
    }
    let options =
        words.iter().take_while(|word| matches!(word.text.as_str(), "-n" | "-e" | "-E" | "-ne" | "-en" | "--"));
    let escapes = program.ends_with("printf") || options.clone().any(|word| word.text.contains('e'));
    let words = words.get(options.count()..).unwrap_or_default();
    let text = if program.ends_with("printf") { formatted(words) } else { super::joined(words) };
    let plain = if escapes { unescaped(&text) } else { text.clone() };
    let decoded = plain != text && ["\\x", "\\0", "\\1", "\\u"].iter().any(|mark| text.contains(mark));
    Output { text: Some(plain), decoded: decoded || flow.decoded, downloaded: flow.downloaded, ..Output::unknown() }
}

fn formatted(words: &[Field]) -> String {
    let Some((format, values)) = words.split_first() else { return String::new() };
    let mut values = values.iter();
    let mut text = String::new();
    let mut rest = format.text.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let end = after.find(|letter: char| letter.is_ascii_alphabetic() || letter == '%').unwrap_or(after.len());
        if after.get(end..).is_some_and(|kind| kind.starts_with('%')) {
            text.push('%');
        } else if let Some(value) = values.next() {
            text.push_str(&value.text);
        }
        rest = after.get(end + 1..).unwrap_or_default();
    }
    text + rest
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('x') => plain.push(number(&mut letters, 0, 16, 2)),
            Some('u') => plain.push(number(&mut letters, 0, 16, 4)),
            Some('0') => plain.push(number(&mut letters, 0, 8, 3)),
            Some(octal @ '1'..='7') => plain.push(number(&mut letters, octal.to_digit(8).unwrap_or(0), 8, 2)),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

fn number(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, first: u32, radix: u32, at_most: usize) -> char {
    let mut value = first;
    for _ in 0..at_most {
        let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(radix)) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        letters.next();
    }
    char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Lines of a cron table without the five fields, or the word, that say when.
fn without_times(table: &str) -> String {
    let command = |line: &str| {
        let fields = if line.trim_start().starts_with('@') { 1 } else { 5 };
        let mut rest = line.trim_start();
        for _ in 0..fields {
            rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
        }
        rest.to_owned()
    };
    table.lines().filter(|line| !line.trim_start().starts_with('#')).map(command).collect::<Vec<_>>().join("\n")
}

/// `exec <file`: without a program, for all that comes behind it.
pub(super) fn replaces_input(command: &Command) -> bool {
    let reads =
        |redirect: &Redirect| redirect.flow != Flow::Write && redirect.descriptor.is_none_or(|number| number == 0);
    let is_exec = |word: &Word| matches!(word.pieces.as_slice(), [Piece::Literal { text, .. }] if text == "exec");
    matches!(command.words.as_slice(), [word] if is_exec(word)) && command.redirects.iter().any(reads)
}

/// `"$@"` and nothing else.
pub(super) fn runs_what_it_is_given(command: &Command) -> bool {
    let [word] = command.words.as_slice() else { return false };
    matches!(word.pieces.as_slice(), [Piece::Variable { name, default: None, .. }] if matches!(name.as_str(), "@" | "*"))
}

/// The functions of a script that run what they are given, as it is given.
pub(super) fn runners(script: &Script) -> Vec<String> {
    let changes = |command: &Command| match command.words.first().map(|word| word.pieces.as_slice()) {
        Some([Piece::Literal { text, .. }]) => matches!(text.as_str(), "shift" | "set" | "eval" | "." | "source"),
        Some(_) => !runs_what_it_is_given(command),
        None => command.assignments.iter().any(|assignment| assignment.name == "IFS"),
    };
    let runs = script.commands.iter().filter(|command| runs_what_it_is_given(command));
    let names: Vec<&String> = runs.filter_map(|command| command.function.as_ref()).collect();
    let plain = |name: &&&String| {
        let mut body = script.commands.iter().filter(|command| command.function.as_ref() == Some(**name));
        !body.any(changes)
    };
    names.iter().filter(plain).map(|name| (*name).clone()).collect()
}

/// A function that pipes itself into itself.
pub(super) fn fork_bomb(script: &Script) -> Option<Range<usize>> {
    let calls = |command: &&crate::risk::script::Command| {
        let called = match command.words.first().map(|word| word.pieces.as_slice()) {
            Some([crate::risk::script::Piece::Literal { text, .. }]) => text.as_str(),
            _ => return false,
        };
        command.kind == CommandKind::Simple && command.function.as_deref() == Some(called)
    };
    let inner: Vec<_> = script.commands.iter().filter(calls).collect();
    inner.iter().find(|command| !command.reads.is_empty() || inner.len() > 1).map(|command| command.span.clone())
}
