//! One command line: which program, what is known about it, what it opens, runs and prints.

use super::explain::{finding, reasons};
use super::field::Field;
use super::output::Output;
use super::place::Spot;
use super::{Context, Scan, Statements, base_name, files, flow_of, folder, joined, tell};
use crate::risk::knowledge::{Entry, Grade, Reading, Subject, Trait};
use crate::risk::{Level, Text, statement};

/// Where the programs of the system are; elsewhere a known name may be anybody's program.
const SYSTEM_FOLDERS: &[&str] =
    &["", "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];

/// Files named by options that are looked at for one rule.
const MOST_WRITTEN: usize = 8;

/// Where the scripts are that start and stop services.
const SERVICE_FOLDERS: &[&str] = &["/etc/init.d/", "/etc/rc.d/init.d/", "/etc/rc.d/", "/usr/local/etc/rc.d/"];

/// A command line on its way: the program, the words behind it, what it reads, where it stands and runs.
#[derive(Clone, Copy)]
pub(super) struct Run<'r> {
    pub(super) program: &'r Field,
    pub(super) words: &'r [Field],
    pub(super) input: &'r Output,
    pub(super) span: [usize; 2],
    pub(super) spot: Spot,
    pub(super) context: &'r Context,
    /// How many steps stand before it where it is explained.
    pub(super) mark: usize,
}

/// How far what a command carries says what it does.
#[derive(Clone, Copy)]
pub(super) enum Explained {
    Not,
    /// The command inside does; the wrapper may add to it.
    Opened,
    Whole,
}

/// What the rules said of a command line that matters to what flows through it.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// It reads a secret.
    pub(super) secret: bool,
    /// It sends something over the network.
    pub(super) sends: bool,
}

impl Scan<'_> {
    pub(super) fn call(&mut self, fields: &[Field], input: &Output, spot: Spot, context: &Context) -> Output {
        let Some((program, words)) = fields.split_first() else { return input.clone() };
        let end = words.iter().map(|word| word.span[1]).fold(program.span[1], usize::max);
        let span = [program.span[0].min(end), end];
        self.judged += 1;
        if self.is_too_deep(spot, span) || !self.spend(cost(fields), span) {
            return Output::unknown();
        }
        let mark = self.mark();
        let run = Run { program, words, input, span, spot, context, mark };
        if self.is_hidden(run) {
            return Output::unknown();
        }
        let name = base_name(&program.text);
        if self.runners.contains(name) && !words.is_empty() {
            self.step(run, name, || "a function of the text that runs what it is given".to_owned());
            return self.call(words, input, spot.deeper(), context);
        }
        if self.functions.contains(name) {
            self.step(run, name, || "a function of the text".to_owned());
            return self.function(name, run);
        }
        if let Some(service) = service(program) {
            let fields: Vec<Field> = service.into_iter().chain(words.iter().cloned()).collect();
            return self.call(&fields, input, spot.deeper(), context);
        }
        self.run_file(run);
        if self.is_chain(name, words) {
            let parts = words.split(|word| word.text == ";").filter(|part| !part.is_empty());
            let outputs = parts.map(|part| {
                let fields: Vec<Field> = std::iter::once(program).chain(part).cloned().collect();
                self.call(&fields, input, spot.deeper(), context)
            });
            return outputs.reduce(Output::and).unwrap_or_default();
        }
        let known = self.knowledge;
        let subjects: Vec<Subject<'_>> = words.iter().map(Field::subject).collect();
        let under: Vec<&str> = context.under.iter().map(String::as_str).collect();
        let lower = name.to_ascii_lowercase();
        let read = |name: &str| known.read(name, &subjects, &under, input.any);
        match read(name).or_else(|| read(&lower)) {
            Some(reading) => self.known(&reading, run),
            None => self.unknown(run),
        }
    }

    /// Several commands of one program stand on one line.
    fn is_chain(&self, name: &str, words: &[Field]) -> bool {
        words.iter().any(|word| word.text == ";")
            && self.knowledge.program(name).is_some_and(|program| program.is(Trait::Chains))
    }

    /// A program's name that is not plainly written may become any program's.
    fn is_hidden(&mut self, run: Run<'_>) -> bool {
        let Field { text, span, dynamic, glob, .. } = run.program;
        let depth = run.spot.depth;
        let placeholder = text.contains("{}") && !run.context.under.is_empty();
        if *dynamic || placeholder || *glob && !matches!(text.as_str(), "[" | "[[") {
            let why = Text::new("Which command is run is only known when it runs.", "运行哪个命令要到执行时才知道。");
            self.say_told("obfuscated_execution", *span, depth, Some(why));
            return true;
        }
        if text.chars().any(is_lookalike) {
            let why =
                Text::new("The command's name holds letters that look like others.", "命令名中含有形似的其他文字。");
            self.say_told("obfuscated_execution", *span, depth, Some(why));
            return true;
        }
        false
    }

    fn unknown(&mut self, run: Run<'_>) -> Output {
        let line = format!("{} {}", run.program.text, joined(run.words));
        if self.statements == Statements::Graded && statement::looks_like_sql(&line) {
            self.sql(&line, statement::Dialect::Generic, run.spot.within(run.span), run.context);
            return Output::unknown();
        }
        let (label, effect) = if run.program.text.contains('/') {
            ("script_run", Text::new(format!("runs {}", run.program.text), format!("运行 {}", run.program.text)))
        } else {
            let name = &run.program.text;
            ("unknown_command", Text::new(format!("runs {name}, which is not known"), format!("运行未知程序 {name}")))
        };
        let known = self.label(label);
        self.note(label, known.level, run.span, known.why, Some(effect), run.context);
        self.named_files(run);
        self.named_command(run);
        if self.statements == Statements::Graded {
            self.step(run, &run.program.text, || format!("not known; {label} ({})", known.level));
        }
        run.input.changed()
    }

    pub(super) fn known(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) -> Output {
        let opened = self.opened(reading, run);
        if opened.is_none() && is_system_path(&run.program.text) && reading.is_harmless() {
            self.reader(&reading.path, true);
            self.step(run, &reading.path, || "with these options it only tells, or only tries".to_owned());
            return run.input.changed();
        }
        let coded = self.code(reading, run);
        let queried = self.client(reading, run);
        let ran = match &opened {
            Some(_) => self.input(reading, run),
            None => self.shell_input(reading, run) || self.lines(reading, run) || self.input(reading, run),
        };
        let explained = match opened {
            Some(_) => Explained::Opened,
            None if coded || queried || ran => Explained::Whole,
            None => Explained::Not,
        };
        let told = self.rules(reading, run, explained);
        self.tells(told, reading, run);
        self.shows(reading, run);
        self.writes(reading, run);
        self.sets(reading, run);
        self.enters(reading, run);
        if reading.path == "set"
            && run.words.first().is_some_and(|word| word.text == "--" || !word.text.starts_with(['-', '+']))
        {
            // What `$@` is from here on is not followed.
            self.variables.extend([("@".to_owned(), None), ("*".to_owned(), None)]);
        }
        let output = match opened {
            // What comes from another host is downloaded, whatever made it there.
            Some(output) if reading.entries.iter().any(|entry| entry.program.is(Trait::Downloads)) => {
                Output { any: true, downloaded: true, ..output }
            }
            Some(output) => output,
            None => self.output(reading, run),
        };
        let tells = run.words.iter().any(|word| files::tells_of_the_machine(&word.text));
        Output { secret: output.secret || told.secret || tells || self.shows_environment(reading), ..output }
    }

    /// Asks the rules about something that is no program: a redirection, an assignment.
    pub(super) fn ask(&mut self, fields: &[Field], span: [usize; 2], spot: Spot, context: &Context) {
        let Some((program, words)) = fields.split_first() else { return };
        if !self.spend(cost(fields), span) {
            return;
        }
        let known = self.knowledge;
        let subjects: Vec<Subject<'_>> = words.iter().map(Field::subject).collect();
        let mark = self.mark();
        let run = Run { program, words, input: &Output::default(), span, spot, context, mark };
        if let Some(reading) = known.read(&program.text, &subjects, &[], false) {
            let _ = self.rules(&reading, run, Explained::Not);
        }
    }

    fn rules(&mut self, reading: &Reading<'_, '_>, run: Run<'_>, explained: Explained) -> Told {
        let said = reading.said();
        let is_program = run.program.text.starts_with(|first: char| !matches!(first, '<' | '>' | '='));
        self.step(run, &reading.path, || reasons(&said, explained, is_program));
        let explained = match explained {
            Explained::Not => false,
            Explained::Opened => !said.is_own,
            Explained::Whole => true,
        };
        let anybodys = !is_system_path(&run.program.text);
        for (at, rule) in &said.rules {
            if rule.says_low() || self.is_enough(&rule.label, rule.level) {
                continue;
            }
            let Some(entry) = reading.entries.get(*at) else { continue };
            let effect = effect_of(rule.effect.as_ref(), entry, reading);
            self.note(&rule.label, rule.level, run.span, rule.why.clone(), effect, run.context);
            if rule.label == "file_write" {
                let written = rule.flags().iter().flat_map(|flag| entry.call.values(flag)).take(MOST_WRITTEN);
                for (_, path) in written {
                    self.target(path.text, run.span, run);
                }
            }
        }
        let says = |label: &str| said.rules.iter().any(|(_, rule)| rule.label == label);
        let told = Told { secret: says("secret_access"), sends: says("network_send") };
        match said.otherwise {
            Some(Grade::Labelled { label, level, .. }) if !explained && self.is_enough(&label, level) => {}
            Some(Grade::Labelled { label, level, why }) if !explained => {
                let effect = reading
                    .inner()
                    .and_then(|inner| Some(tell::fill(inner.program.effect.as_ref()?, &reading.path, &inner.call)));
                self.note(&label, level, run.span, why, effect, run.context);
            }
            None if said.rules.is_empty() && !explained => {
                self.say_told("unknown_command", run.span, run.spot.depth + 1, None);
            }
            _ if anybodys && !explained => self.say_told("script_run", run.span, run.spot.depth + 1, None),
            _ => self.reader(&reading.path, said.rules.is_empty() && !explained),
        }
        told
    }

    fn reader(&mut self, path: &str, reads: bool) {
        let named = reads && path.starts_with(|first: char| first.is_ascii_alphanumeric()) && !path.ends_with('=');
        if named && !self.found.readers.iter().any(|known| known == path) {
            self.found.readers.push(path.to_owned());
        }
    }

    /// What it prints, as far as that matters to what reads it.
    fn output(&self, reading: &Reading<'_, '_>, run: Run<'_>) -> Output {
        let is = |what| reading.entries.iter().any(|entry| entry.program.is(what));
        if let Some(entry) = reading.inner().filter(|_| is(Trait::NamesFiles)) {
            return Output { names: folder::named(entry), ..run.input.changed() };
        }
        if is(Trait::Prints) {
            return super::input::printed(&reading.path, run.words);
        }
        if is(Trait::Downloads) {
            return Output { any: true, downloaded: true, ..Output::default() };
        }
        if is(Trait::Decodes) {
            return Output { decoded: true, ..run.input.changed() };
        }
        let operands = reading.inner().map_or(0, |entry| entry.call.line.operands.len());
        match reading.path.as_str() {
            "cat" if operands == 0 => run.input.clone(),
            "cat" => {
                let file = |word: &Field| self.content(&word.text).unwrap_or_else(Output::of_file);
                run.words
                    .iter()
                    .filter(|word| !word.text.starts_with('-'))
                    .map(file)
                    .fold(flow_of(run.words), Output::and)
            }
            "tee" => run.input.clone(),
            _ => run.input.changed(),
        }
    }

    pub(super) fn sql(&mut self, text: &str, dialect: statement::Dialect, spot: Spot, context: &Context) {
        let findings = statement::grade(text, dialect);
        if findings.is_empty() {
            self.tell(spot.depth, || "SQL: it only reads".to_owned());
        }
        for found in findings {
            self.tell(spot.depth, || format!("SQL: {}", finding(found.label, found.level, &found.why.en)));
            let span = spot.span(&found.span);
            self.note(found.label, found.level, span, found.why, found.effect, context);
        }
    }

    /// Notes down what a rule outside the files found.
    pub(super) fn find(&mut self, label: &str, level: Level, run: Run<'_>, why: Option<Text>, effect: Option<Text>) {
        let why = why.unwrap_or_else(|| self.label(label).why);
        self.tell(run.spot.depth + 1, || finding(label, level, &why.en));
        self.note(label, level, run.span, why, effect, run.context);
    }
}

/// What a call does, as a rule of one of its entries says; else as the sub-command says, which knows it best.
fn effect_of(own: Option<&Text>, entry: &Entry<'_, '_>, reading: &Reading<'_, '_>) -> Option<Text> {
    let inner = reading.inner().and_then(|inner| Some((inner.program.effect.as_ref()?, inner)));
    let outer = || Some((entry.program.effect.as_ref()?, entry));
    let (template, entry) = own.map(|template| (template, entry)).or(inner).or_else(outer)?;
    Some(tell::fill(template, reading.path_of(entry), &entry.call))
}

/// `/etc/init.d/NAME` is `service NAME`.
fn service(program: &Field) -> Option<[Field; 2]> {
    let name = SERVICE_FOLDERS.iter().find_map(|folder| program.text.strip_prefix(folder))?;
    Some([Field::plain("service", program.span), Field::plain(name, program.span)])
}

fn cost(fields: &[Field]) -> usize {
    fields.iter().map(|field| field.text.len() + 1).sum::<usize>() + super::LINE
}

fn is_system_path(program: &str) -> bool {
    let folder = program.strip_suffix(base_name(program)).unwrap_or_default();
    SYSTEM_FOLDERS.contains(&folder)
}

/// Letters outside ASCII that are drawn like ASCII ones; East Asian scripts are not mistaken for them.
const fn is_lookalike(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{2E7F}' | '\u{A640}'..='\u{ABFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{1D000}'..='\u{1FFFF}')
}
