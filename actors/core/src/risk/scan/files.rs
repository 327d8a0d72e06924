//! Files that the text itself writes, and what is in them when they are read or run.

use super::call::{Run, Told};
use super::field::Field;
use super::field::SUBSTITUTED;
use super::output::Output;
use super::{Audience, Scan, base_name, flow_of};
use crate::risk::knowledge::{Entry, Reading, Trait, tidy};
use crate::risk::{Level, Text};

/// Files that are remembered; a command that writes more is not followed further.
const MOST_FILES: usize = 64;
/// What running a file costs of the budget beside its length, so that files that run each other come to an end.
const RUN_COST: usize = 4096;
/// What the interpreters of shell text are called.
const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "ash"];

/// A file by the path it was written as.
#[derive(Debug, Clone)]
pub(super) struct Written {
    path: String,
    content: Output,
}

impl Scan<'_> {
    /// Remembers what was written into a file; what was in it before may still be there.
    pub(super) fn wrote(&mut self, path: &Field, content: &Output) {
        let nameless = path.text.contains(super::field::SUBSTITUTED) || path.text.starts_with("/dev/");
        if nameless || self.files.len() >= MOST_FILES {
            return;
        }
        let before = self.content(&path.text);
        let content = before.map_or_else(|| content.clone(), |before| before.and(content.clone()));
        self.files.push(Written { path: path.text.clone(), content });
    }

    /// What is in a file, if the text wrote it.
    pub(super) fn content(&self, path: &str) -> Option<Output> {
        if let Some(number) = descriptor(path) {
            return self.descriptors.get(&number).cloned();
        }
        let same = |written: &&Written| same_file(&written.path, path);
        self.files.iter().rev().find(same).map(|written| written.content.clone())
    }

    /// What is in a file that is about to be run.
    pub(super) fn script_in(&mut self, path: &str, run: Run<'_>) -> Option<Output> {
        let content = self.content(path)?;
        self.spend(RUN_COST, run.span).then_some(content)
    }

    /// Remembers the files that a program writes or passes on by itself.
    pub(super) fn writes(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) {
        let Some(entry) = reading.inner() else { return };
        let fields = run.words.get(entry.offset..).unwrap_or_default();
        let operands: Vec<&Field> = entry.call.line.operands.iter().filter_map(|word| fields.get(*word)).collect();
        if reading.entries.iter().any(|entry| entry.program.is(Trait::Downloads)) {
            let content = Output { downloaded: true, ..Output::of_file() };
            let named = ["-o", "-O"].iter().flat_map(|flag| entry.call.values(flag));
            let named: Vec<Field> = named.map(|(_, value)| Field::plain(value.text, run.span)).collect();
            for path in named.iter().chain(operands) {
                self.wrote(path, &content);
            }
            return;
        }
        match (reading.path.as_str(), operands.as_slice()) {
            ("tee", paths) => paths.iter().for_each(|path| self.wrote(path, run.input)),
            // What will come out of a pipe with a name is as good as unknown.
            ("mkfifo" | "mknod", paths) => paths.iter().for_each(|path| self.wrote(path, &Output::unknown())),
            ("cp" | "mv" | "install" | "ln", [from, to]) => {
                if let Some(content) = self.content(&from.text) {
                    self.wrote(to, &content);
                }
            }
            _ => {}
        }
    }

    /// A program about which nothing is known may read what it is given the name of; only what is high counts.
    pub(super) fn named_files(&mut self, run: Run<'_>) {
        let (known, mark) = (self.found.notes.len(), self.mark());
        for word in run.words.iter().take(MOST_FILES) {
            // `@file`, `--name=file`, `file:name`
            let path = word.text.rsplit(['@', '=', ':']).next().unwrap_or_default();
            if path.contains('/') {
                self.ask(
                    &[Field::plain("<", run.span), Field::plain(path, run.span)],
                    run.span,
                    run.spot.deeper(),
                    run.context,
                );
            }
        }
        self.keep_grave(known, mark);
    }

    /// So may what stands behind `--` be a command; only what is high counts.
    pub(super) fn named_command(&mut self, run: Run<'_>) {
        let ended = run.words.iter().position(|word| word.text == "--");
        let behind = ended.and_then(|at| run.words.get(at + 1..)).unwrap_or_default();
        // A single word is more often a name than a command.
        if behind.len() < 2 {
            return;
        }
        let (known, mark) = (self.found.notes.len(), self.mark());
        self.call(behind, run.input, run.spot.deeper(), run.context);
        self.keep_grave(known, mark);
    }

    /// What sends beside a secret that flows into it sends the secret.
    pub(super) fn tells(&mut self, told: Told, reading: &Reading<'_, '_>, run: Run<'_>) {
        let asks = reading.entries.iter().any(|entry| entry.program.is(Trait::AsksNetwork));
        if (told.sends || asks) && (run.input.secret || flow_of(run.words).secret) {
            self.find("secret_exfiltration", Level::High, run, None, None);
        } else if asks && run.words.iter().any(|word| word.text != SUBSTITUTED && word.text.contains(SUBSTITUTED)) {
            let why = Text::new(
                "Asks the network for a name made of what a command prints.",
                "以命令输出拼成的名称查询网络。",
            );
            let level = self.label("network_send").level;
            self.find("network_send", level, run, Some(why), None);
        }
    }

    /// Printing a variable is what `printenv` does with its name. What another command gets is that one's business.
    pub(super) fn shows(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) {
        if run.context.audience == Audience::Command
            || !reading.inner().is_some_and(|entry| entry.program.is(Trait::Prints))
        {
            return;
        }
        for name in run.words.iter().flat_map(|word| &word.names) {
            self.displayed.insert(run.span);
            let fields = [Field::plain("printenv", run.span), Field::plain(name, run.span)];
            self.ask(&fields, run.span, run.spot.deeper(), run.context);
        }
    }

    /// The whole environment, not one variable of it.
    pub(super) fn shows_environment(&self, reading: &Reading<'_, '_>) -> bool {
        let shows = |entry: &Entry<'_, '_>| entry.program.is(Trait::ShowsEnvironment);
        reading.inner().is_some_and(|entry| shows(entry) && entry.call.line.operands.is_empty())
    }

    /// Looks at what is in the file that is run as a program.
    pub(super) fn run_file(&mut self, run: Run<'_>) {
        let Some(content) =
            Some(&run.program.text).filter(|path| path.contains('/')).and_then(|path| self.content(path))
        else {
            return;
        };
        if content.downloaded {
            self.find("remote_code", Level::High, run, None, None);
        } else if content.decoded {
            self.find("obfuscated_execution", Level::High, run, None, None);
        }
        if let Some(text) = content.text.filter(|text| is_shell(text))
            && self.spend(RUN_COST, run.span)
        {
            self.text(&text, run.spot.within(run.span), run.context);
        }
    }
}

/// The number that an open file has in the shape of a path.
fn descriptor(path: &str) -> Option<u32> {
    ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| path.strip_prefix(folder))?.parse().ok()
}

/// Files that are no secret on the machine, but are one elsewhere: who may log in, what was run.
pub(super) fn tells_of_the_machine(path: &str) -> bool {
    tidy(path) == "/etc/passwd" || path.ends_with("_history")
}

/// The same path, or the same name where a folder may have been entered in between.
fn same_file(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim_start_matches("./"), other.trim_start_matches("./"));
    one == other || !(one.starts_with('/') && other.starts_with('/')) && base_name(one) == base_name(other)
}

fn is_shell(script: &str) -> bool {
    let Some(first) = script.strip_prefix("#!").and_then(|text| text.lines().next()) else { return true };
    first.split_whitespace().any(|word| SHELLS.contains(&base_name(word)))
}
