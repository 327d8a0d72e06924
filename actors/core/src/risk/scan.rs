//! Goes through a command as it would run: resolves words, opens wrappers, follows what flows from one command into the
//! next, and asks what is known about each program.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::knowledge::{Knowledge, Label};
use super::script::{self, Command, CommandKind, FaultKind, Flow, Script, Word};
use super::{Finding, Level, Text};

mod assign;
mod awk;
mod call;
mod code;
mod explain;
mod field;
mod files;
mod folder;
mod input;
mod open;
mod output;
mod place;
mod sed;
pub(super) mod summary;
mod tell;

use field::Field;
use output::Output;
use place::Spot;

/// Shells and substitutions inside each other that are followed; what lies deeper nobody would read either.
const MAX_DEPTH: usize = 12;
/// Bytes that are gone through for one command, however often its parts have to be looked at.
const BUDGET: usize = 512 * 1024;
/// What asking the rules about one command line costs of it, besides its bytes.
const LINE: usize = 32;
/// How much more a text costs that cannot be read to its end.
const BROKEN: usize = 7;
/// Findings of one label and level that are kept.
const ALIKE_AT_MOST: usize = 8;

/// What was found, with what it does and where it runs.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) finding: Finding,
    pub(super) effect: Option<Text>,
    pub(super) context: Context,
}

/// As whom and where a command runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) user: Option<String>,
    pub(super) host: Option<String>,
    pub(super) container: Option<String>,
    /// The wrappers around it.
    under: Vec<String>,
    /// What it reads if nothing else is given to it.
    stdin: Output,
    /// Who gets what it prints.
    audience: Audience,
}

/// Who gets what a command prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Audience {
    /// Whoever has it run.
    #[default]
    Caller,
    /// Another command.
    Command,
}

/// Whether a line that begins like an SQL statement is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statements {
    /// It is graded as a statement.
    Graded,
    /// The whole text has been graded as SQL; its lines are only parts of statements.
    Known,
}

/// Where what a command prints goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    On,
    IntoFile,
}

/// What going through a command found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) notes: Vec<Note>,
    /// The programs that only read, by name, each once.
    pub(super) readers: Vec<String>,
    /// How each command line was understood, if that was asked for.
    pub(super) steps: Option<Vec<String>>,
}

struct Scan<'k> {
    knowledge: &'k Knowledge,
    statements: Statements,
    found: Found,
    budget: usize,
    judged: usize,
    /// What the variables set in the text may hold; `None` for what is not known.
    variables: BTreeMap<String, Option<Vec<String>>>,
    functions: BTreeSet<String>,
    /// Functions that do nothing with what they are given but run it: `run() { echo "$@"; "$@"; }`.
    runners: BTreeSet<String>,
    /// What the text has written into files so far.
    files: Vec<files::Written>,
    /// What was put behind numbers: `3<<<text`.
    descriptors: BTreeMap<u32, Output>,
    /// What `exec <file` made of the input of the commands behind it.
    replaced: Option<Output>,
    /// Where variables are shown to the caller.
    displayed: BTreeSet<[usize; 2]>,
    /// What functions do, by name, for what is piped into them.
    bodies: BTreeMap<String, Rc<Script>>,
    /// How many commands are in them.
    kept: usize,
    /// Functions that are being gone through.
    running: Vec<String>,
    /// The folder that the text has entered, if it says which.
    folder: Option<String>,
}

/// Goes through shell text.
pub(super) fn shell(knowledge: &Knowledge, text: &str, statements: Statements) -> Found {
    found(knowledge, text, statements, None)
}

/// Goes through shell text and says how each command line in it was understood.
pub(super) fn explain(knowledge: &Knowledge, text: &str, statements: Statements) -> Vec<String> {
    found(knowledge, text, statements, Some(Vec::new())).steps.unwrap_or_default()
}

fn found(knowledge: &Knowledge, text: &str, statements: Statements, steps: Option<Vec<String>>) -> Found {
    let mut scan = Scan {
        knowledge,
        statements,
        found: Found { steps, ..Found::default() },
        budget: BUDGET,
        judged: 0,
        variables: BTreeMap::new(),
        functions: BTreeSet::new(),
        runners: BTreeSet::new(),
        files: Vec::new(),
        descriptors: BTreeMap::new(),
        replaced: None,
        displayed: BTreeSet::new(),
        bodies: BTreeMap::new(),
        kept: 0,
        running: Vec::new(),
        folder: None,
    };
    scan.text(text, Spot::whole(), &Context::default());
    if scan.judged == 0 && scan.found.notes.is_empty() && !is_comment(text) {
        scan.say("unknown_command", [0, text.len()], None);
    }
    scan.exfiltration();
    scan.found
}

impl Scan<'_> {
    fn label(&self, name: &str) -> Label {
        let unknown = || Label { level: Level::High, destructive: false, why: Text::new(name, name) };
        self.knowledge.label(name).cloned().unwrap_or_else(unknown)
    }

    /// Notes a label down, with its own reason or another.
    fn say(&mut self, label: &str, span: [usize; 2], why: Option<Text>) {
        let known = self.label(label);
        self.note(label, known.level, span, why.unwrap_or(known.why), None, &Context::default());
    }

    /// Notes a label down and makes a step of it.
    fn say_told(&mut self, label: &str, span: [usize; 2], depth: usize, why: Option<Text>) {
        let known = self.label(label);
        let why = why.unwrap_or(known.why);
        self.tell(depth, || explain::finding(label, known.level, &why.en));
        self.note(label, known.level, span, why, None, &Context::default());
    }

    fn note(
        &mut self,
        label: &str,
        level: Level,
        span: [usize; 2],
        why: Text,
        effect: Option<Text>,
        context: &Context,
    ) {
        if self.is_enough(label, level) {
            return;
        }
        let finding = Finding { label: label.to_owned(), level, span, why: why.en, why_zh: why.zh };
        if !self.found.notes.iter().any(|known| known.finding == finding) {
            let context =
                Context { under: Vec::new(), stdin: Output::default(), audience: Audience::Caller, ..context.clone() };
            self.found.notes.push(Note { finding, effect, context });
        }
    }

    /// There are enough findings of a kind: more would tell nobody more.
    fn is_enough(&self, label: &str, level: Level) -> bool {
        let findings = self.found.notes.iter().map(|note| &note.finding);
        findings.filter(|known| known.level == level && known.label == label).count() >= ALIKE_AT_MOST
    }

    /// Takes work off the budget; what there is none left for is not read, and graded as if it hid something.
    fn spend(&mut self, bytes: usize, span: [usize; 2]) -> bool {
        let left = self.budget.checked_sub(bytes);
        self.budget = left.unwrap_or(0);
        if left.is_none() {
            self.say("oversized", span, None);
        }
        left.is_some()
    }

    /// What lies too deep is not followed, and graded as if it hid something.
    fn is_too_deep(&mut self, spot: Spot, span: [usize; 2]) -> bool {
        let too_deep = spot.depth > MAX_DEPTH;
        if too_deep {
            let why = Text::new("Commands within commands, deeper than anybody reads.", "命令层层嵌套，深到无人能读。");
            self.say_told("obfuscated_execution", span, spot.depth, Some(why));
        }
        too_deep
    }

    /// Goes through shell text, wherever it was found, and gives what it prints.
    fn text(&mut self, text: &str, spot: Spot, context: &Context) -> Output {
        let span = spot.span(&(0..text.len()));
        if self.is_too_deep(spot, span) || !self.spend(text.len() + 1, span) {
            return Output::unknown();
        }
        let script = script::read(text);
        // What is broken was read more than once; one such text is no harm, many inside each other are.
        if spot.depth > 0 && !script.faults.is_empty() && !self.spend(text.len().saturating_mul(BROKEN), span) {
            return Output::unknown();
        }
        self.script(&script, spot, context)
    }

    fn script(&mut self, script: &Script, spot: Spot, context: &Context) -> Output {
        self.faults(script, spot);
        if let Some(span) = input::fork_bomb(script) {
            self.say_told("fork_bomb", spot.span(&span), spot.depth, None);
        }
        let names = script.commands.iter().filter_map(|command| match &command.kind {
            CommandKind::Define { name } => Some(name.clone()),
            CommandKind::Simple | CommandKind::Loop { .. } | CommandKind::Data => None,
        });
        self.functions.extend(names);
        self.runners.extend(input::runners(script));
        self.remember(script);
        let read: BTreeSet<usize> = script.commands.iter().flat_map(|command| command.reads.iter().copied()).collect();
        let piped = Context { audience: Audience::Command, ..context.clone() };
        let around = self.around(script, &read, spot, context);
        let mut stdin = context.stdin.clone();
        let mut outputs: Vec<Output> = Vec::with_capacity(script.commands.len());
        for (at, command) in script.commands.iter().enumerate() {
            let context = if read.contains(&at) { &piped } else { context };
            let fed = command.reads.iter().filter_map(|at| outputs.get(*at).or_else(|| around.get(at)));
            let fed = fed.cloned().reduce(Output::and);
            let input = fed.map_or_else(|| stdin.clone(), Output::piped);
            let output = self.command(command, input, spot, context);
            outputs.push(output);
            stdin = self.replaced.take().unwrap_or(stdin);
        }
        let shown = outputs.into_iter().enumerate().filter(|(at, _)| !read.contains(at)).map(|(_, output)| output);
        shown.reduce(Output::and).unwrap_or_default()
    }

    fn faults(&mut self, script: &Script, spot: Spot) {
        for fault in &script.faults {
            let label = match fault.kind {
                FaultKind::Unclosed | FaultKind::Disagreement => "unparsed",
                FaultKind::TooDeep => "obfuscated_execution",
                FaultKind::TooLong => "oversized",
            };
            self.say_told(label, spot.span(&fault.span), spot.depth, None);
        }
    }

    fn command(&mut self, command: &Command, input: Output, spot: Spot, context: &Context) -> Output {
        let (printed, goes) = self.carried_out(command, input, spot, context);
        self.outlets(command, &printed, spot, context);
        match goes {
            Goes::On => printed,
            Goes::IntoFile => Output::default(),
        }
    }

    fn carried_out(&mut self, command: &Command, mut input: Output, spot: Spot, context: &Context) -> (Output, Goes) {
        match &command.kind {
            CommandKind::Define { .. } => return (Output::default(), Goes::On),
            CommandKind::Loop { variable } => {
                self.goes_through(variable, &command.words, spot, context);
                return (Output::default(), Goes::On);
            }
            CommandKind::Simple | CommandKind::Data => {}
        }
        let first = self.mark();
        let mut written = Vec::new();
        for redirect in &command.redirects {
            written.extend(self.redirect(redirect, &mut input, spot, context));
        }
        if input::replaces_input(command) {
            self.replaced = Some(input.clone());
        }
        self.assignments(command, spot, context);
        let settled = self.mark();
        if command.kind == CommandKind::Data {
            self.judged += 1;
            for field in self.words(&command.words, spot, context, 0) {
                self.evaluated(&field.text, field.span, spot, context);
            }
            return (input, Goes::On);
        }
        if input::runs_what_it_is_given(command)
            && command.function.as_ref().is_some_and(|name| self.runners.contains(name))
        {
            // What that is stands where the function is called.
            self.judged += 1;
            return (Output::unknown(), Goes::On);
        }
        let mut output = Output::default();
        for alternative in 0..self.alternatives(&command.words) {
            let before = self.mark();
            let mut fields = self.words(&command.words, spot, context, alternative);
            self.name_files(&mut fields);
            let inner = self.mark();
            output = self.call(&fields, &input, spot, context);
            self.swap_steps(before, inner);
        }
        self.swap_steps(first, settled);
        for path in &written {
            self.wrote(path, &output.clone().stored());
        }
        (output, if written.is_empty() { Goes::On } else { Goes::IntoFile })
    }

    /// Follows a redirection; gives the file that is written.
    fn redirect(
        &mut self,
        redirect: &script::Redirect,
        input: &mut Output,
        spot: Spot,
        context: &Context,
    ) -> Option<Field> {
        let before = self.mark();
        let fields = self.words(std::slice::from_ref(&redirect.target), spot, context, 0);
        let inner = self.mark();
        let sign = match redirect.flow {
            Flow::Here => {
                let text = fields.into_iter().map(|field| field.text).collect::<Vec<_>>().join(" ");
                self.opened_as(redirect.descriptor, Output::of_text(text), input);
                return None;
            }
            Flow::Read => "<",
            Flow::Write => ">",
        };
        let span = spot.span(&redirect.span);
        if redirect.flow == Flow::Read {
            let from = fields.iter().map(|field| field.flow.clone()).reduce(Output::and).unwrap_or_default();
            let file = fields.first().and_then(|field| self.content(&field.text)).unwrap_or_else(Output::of_file);
            let secret = fields.iter().any(|field| files::tells_of_the_machine(&field.text));
            let file = Output { secret: secret || file.secret, ..file };
            self.opened_as(redirect.descriptor, if from.any { from } else { file }, input);
        }
        let program = Field::plain(sign, span);
        let mut fields: Vec<Field> = std::iter::once(program).chain(fields).collect();
        self.name_files(&mut fields);
        self.ask(&fields, span, spot, context);
        self.swap_steps(before, inner);
        fields.into_iter().nth(1).filter(|_| redirect.flow == Flow::Write)
    }

    /// Sending something beside reading a secret is sending the secret.
    fn exfiltration(&mut self) {
        // What is only shown to the caller is not what is sent.
        let shown = |note: &Note| note.finding.label == "secret_access" && self.displayed.contains(&note.finding.span);
        let is = |label: &str| self.found.notes.iter().find(|note| note.finding.label == label && !shown(note));
        let sends = is("network_send").is_some() || is("remote_code").is_some();
        let told = is("secret_exfiltration").is_some();
        if let Some(span) = is("secret_access").filter(|_| sends).map(|note| note.finding.span) {
            if !told {
                self.tell(0, || "a secret is read beside something that sends".to_owned());
            }
            self.say("secret_exfiltration", span, None);
        }
    }
}

/// Says in so many words that it does nothing, where an empty text may be a mistake.
fn is_comment(text: &str) -> bool {
    let mut lines =
        text.split('\n').map(|line| line.trim_matches([' ', '\t'])).filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| line.starts_with('#'))
}

/// What a program is called without its folder.
fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn joined(fields: &[Field]) -> String {
    fields.iter().map(|field| field.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn flow_of(fields: &[Field]) -> Output {
    fields.iter().map(|field| field.flow.clone()).reduce(Output::and).unwrap_or_default()
}

/// Words as they are written.
type Words<'w> = &'w [Word];
