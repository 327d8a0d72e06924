//! Grades shell text: every command in it, at any depth, against the rules.

use std::ops::Range;

use super::{Finding, Level, rules::Rules, sql};

mod balance;
mod lex;
mod wrapper;

use lex::{Command, Flow, Word};
use wrapper::Carried;

/// Substitutions and shells inside each other that are followed; what lies deeper nobody would read either.
const MAX_DEPTH: usize = 12;
/// Words at which a command carried somewhere may begin.
const MAX_STARTS: usize = 64;
/// Bytes matched against rules for one text, however often its parts have to be looked at.
const BUDGET: usize = 4 * 1024 * 1024;

/// Findings of one label and level that are kept.
const ALIKE_AT_MOST: usize = 8;

const DOWNLOADERS: &[&str] =
    &["curl", "wget", "fetch", "aria2c", "http", "https", "lwp-download", "axel", "nc", "ncat"];

/// Whether a line that begins like an SQL statement is one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Statements {
    /// It is graded as a statement.
    Graded,
    /// The whole text has been graded as SQL; its lines are only parts of statements.
    Known,
}

/// Where a text stands in the command as given.
#[derive(Clone, Copy)]
struct Spot {
    place: Place,
    depth: usize,
    /// Part of a guess at where a carried command begins; the guesses around it cover what it carries.
    guessed: bool,
    /// Part of a broken text that has been cut roughly as a whole.
    rough: bool,
}

#[derive(Clone, Copy)]
enum Place {
    /// Byte for byte, from this offset.
    At(usize),
    /// Somewhere within, after quote removal.
    Within([usize; 2]),
}

/// What a command reads.
#[derive(Default)]
struct Input {
    piped: bool,
    downloaded: bool,
    texts: Vec<String>,
}

struct Scan<'r> {
    rules: &'r Rules,
    statements: Statements,
    findings: Vec<Finding>,
    budget: usize,
    judged: usize,
}

/// Finds what shell text does.
pub(super) fn findings(rules: &Rules, text: &str, statements: Statements) -> Vec<Finding> {
    let mut scan = Scan { rules, statements, findings: Vec::new(), budget: BUDGET, judged: 0 };
    scan.text(text, Spot { place: Place::At(0), depth: 0, guessed: false, rough: false });
    if scan.judged == 0 {
        scan.find("unknown_command", Level::Medium, [0, text.len()], "Holds no command that can be judged.");
    }
    scan.exfiltration();
    scan.findings
}

impl Spot {
    fn span(self, local: &Range<usize>) -> [usize; 2] {
        match self.place {
            Place::At(base) => [base + local.start, base + local.end],
            Place::Within(span) => span,
        }
    }

    fn inside(self, local: &Range<usize>) -> Self {
        let place = match self.place {
            Place::At(base) => Place::At(base + local.start),
            Place::Within(span) => Place::Within(span),
        };
        Self { place, depth: self.depth + 1, ..self }
    }

    fn unquoted(self, word: &Word) -> Self {
        Self { place: Place::Within(self.span(&word.span)), depth: self.depth + 1, rough: false, ..self }
    }
}

impl Scan<'_> {
    fn find(&mut self, label: &str, level: Level, span: [usize; 2], why: &str) {
        self.keep(Finding { label: label.to_owned(), level, span, why: why.to_owned() });
    }

    /// Keeps a finding unless there are enough of its kind: a thousand would tell nobody more.
    fn keep(&mut self, finding: Finding) {
        let alike = |known: &&Finding| known.level == finding.level && known.label == finding.label;
        let known = self.findings.iter().filter(alike);
        if known.clone().count() < ALIKE_AT_MOST && !known.into_iter().any(|known| *known == finding) {
            self.findings.push(finding);
        }
    }

    fn high(&mut self, label: &str, span: [usize; 2], why: &str) {
        self.find(label, Level::High, span, why);
    }

    fn medium(&mut self, label: &str, span: [usize; 2], why: &str) {
        self.find(label, Level::Medium, span, why);
    }

    /// Takes work off the budget; what there is none left for is not read, and graded as if it hid something.
    fn spend(&mut self, bytes: usize, span: [usize; 2]) -> bool {
        let left = self.budget.checked_sub(bytes);
        self.budget = left.unwrap_or(0);
        if left.is_none() {
            self.high("oversized", span, "Holds more commands within commands than can be read.");
        }
        left.is_some()
    }

    fn text(&mut self, text: &str, spot: Spot) {
        let span = spot.span(&(0..text.len()));
        if spot.depth > MAX_DEPTH {
            return self.high("obfuscated_execution", span, "Commands within commands, deeper than anybody reads.");
        }
        if !self.spend(text.len(), span) {
            return;
        }
        for rule in self.rules.text.matches(text) {
            self.keep(rule.finding(span));
        }
        let script = lex::read(text);
        let look_again = script.broken && !spot.rough;
        let spot = Spot { rough: spot.rough || script.broken, ..spot };
        for inner in &script.inner {
            self.text(text.get(inner.clone()).unwrap_or_default(), spot.inside(inner));
        }
        self.commands(&script.commands, spot);
        if look_again {
            self.medium(
                "unparsed",
                span,
                "A quote or a bracket is not closed, so the command cannot be read for certain.",
            );
            self.commands(&lex::rough(text), spot);
        }
    }

    fn commands(&mut self, commands: &[Command], spot: Spot) {
        let mut input = Input::default();
        for command in commands {
            if !command.piped {
                input = Input::default();
            }
            input.piped = command.piped;
            let here = command.redirects.iter().filter(|(flow, _)| *flow == Flow::Here);
            input.texts.extend(here.map(|(_, word)| word.text.clone()));
            self.redirects(command, spot);
            self.command(&command.words, &input, spot);
            input.pass_on(command);
        }
    }

    fn redirects(&mut self, command: &Command, spot: Spot) {
        for (flow, word) in &command.redirects {
            let sign = match flow {
                Flow::Read => "<",
                Flow::Write => ">",
                Flow::Here => continue,
            };
            self.rows(&format!("{sign}{}", word.text), spot.span(&word.span));
        }
    }

    /// Matches one line against the table, and tells whether anything was found.
    fn rows(&mut self, line: &str, span: [usize; 2]) -> bool {
        if !self.spend(line.len(), span) {
            return true;
        }
        let mut found = false;
        for rule in self.rules.shell.matches(line) {
            found = true;
            self.keep(rule.finding(span));
        }
        found
    }

    fn command(&mut self, words: &[Word], input: &Input, spot: Spot) {
        let (prefix, words) = wrapper::prefix(words);
        for word in prefix.iter().filter(|word| wrapper::is_assignment(word)) {
            self.rows(&word.text, spot.span(&word.span));
        }
        let Some((program, arguments)) = words.split_first() else { return };
        self.judged += 1;
        self.command_word(program, spot);
        let name = base_name(&program.text);
        let explained = match wrapper::carried(&name, arguments) {
            Carried::Nothing => false,
            Carried::Instead(rest) => return self.command(rest, input, spot),
            Carried::Also(carried) => {
                carried.into_iter().for_each(|rest| self.command(rest, input, spot));
                false
            }
            Carried::Texts(texts) => {
                for (text, word) in texts {
                    self.carried_text(&text, word, spot);
                }
                true
            }
            Carried::Anywhere => {
                self.anywhere(arguments, spot);
                false
            }
        };
        self.line(&name, words, explained, input, spot);
    }

    /// A command word that is not plainly written may become any command.
    fn command_word(&mut self, word: &Word, spot: Spot) {
        let span = spot.span(&word.span);
        let test = matches!(word.text.as_str(), "[" | "[[" | "{");
        if word.dynamic || word.glob && !test {
            self.high("obfuscated_execution", span, "Which command is run is only known when it runs.");
        } else if word.text.chars().any(is_lookalike) {
            self.high("obfuscated_execution", span, "The command's name holds letters that look like others.");
        }
    }

    fn carried_text(&mut self, text: &str, word: &Word, spot: Spot) {
        if word.dynamic {
            let span = spot.span(&word.span);
            self.medium("unknown_command", span, "Runs text as code that is only known when it runs.");
        }
        self.text(text, spot.unquoted(word));
    }

    /// Tries every word as the beginning of the carried command and keeps what is dangerous.
    fn anywhere(&mut self, arguments: &[Word], spot: Spot) {
        if spot.guessed {
            return;
        }
        let known = self.findings.len();
        let spot = Spot { guessed: true, ..spot };
        for (at, word) in arguments.iter().enumerate().take(MAX_STARTS) {
            if word.text.contains(char::is_whitespace) {
                self.text(&word.text, spot.unquoted(word));
            }
            self.command(arguments.get(at..).unwrap_or_default(), &Input::default(), spot);
        }
        let found = self.findings.split_off(known);
        self.findings.extend(found.into_iter().filter(is_kept_from_guess));
        if let Some(word) = arguments.get(MAX_STARTS) {
            self.high("unparsed", spot.span(&word.span), "Runs a command elsewhere, too long to tell where it begins.");
        }
    }

    fn line(&mut self, name: &str, words: &[Word], explained: bool, input: &Input, spot: Spot) {
        let (Some(program), Some(last)) = (words.first(), words.last()) else { return };
        let arguments = words.get(1..).unwrap_or_default();
        let span = spot.span(&(program.span.start..last.span.end.max(program.span.start)));
        let mut line = join(name, wrapper::after_global_options(name, arguments));
        if wrapper::is_interpreter(name) && !input.texts.is_empty() {
            line = format!("{line} -c {}", input.texts.join("\n"));
        }
        let mut found = self.rows(&line, span);
        found |= self.input(name, arguments, input, span, spot);
        found |= self.client(name, arguments, input, span);
        if self.statements == Statements::Graded && sql::begins_like_statement(&line) {
            found = true;
            sql::findings(self.rules, &line, span).into_iter().for_each(|finding| self.keep(finding));
        }
        let full = join(name, arguments);
        found |= full != line && self.rows(&full, span);
        let reads = is_system_path(&program.text) && self.rules.reads.is_match(full.as_bytes());
        if !found && !explained && !reads {
            self.medium("unknown_command", span, "This command cannot be judged: it is not known to only read.");
        }
    }

    /// Looks at what a program that runs its input is given.
    fn input(&mut self, name: &str, arguments: &[Word], input: &Input, span: [usize; 2], spot: Spot) -> bool {
        if !wrapper::runs_input(name, arguments) {
            return false;
        }
        if input.piped && input.downloaded {
            self.high("remote_code", span, "Runs what it downloads.");
        } else if input.piped {
            self.high("obfuscated_execution", span, "Runs what another command prints.");
        }
        if wrapper::reads_shell(name) {
            let spot = Spot { place: Place::Within(span), depth: spot.depth + 1, ..spot };
            input.texts.iter().for_each(|text| self.text(text, spot));
        }
        input.piped || !input.texts.is_empty() && wrapper::reads_shell(name)
    }

    /// Grades the statements that a database client is given.
    fn client(&mut self, name: &str, arguments: &[Word], input: &Input, span: [usize; 2]) -> bool {
        if !sql::is_client(name) {
            return false;
        }
        let given = arguments.iter().filter_map(|word| sql::statement_in(&word.text));
        let mut statements = given.chain(input.texts.iter().map(String::as_str)).peekable();
        let any = statements.peek().is_some() && (!input.piped || !input.texts.is_empty());
        for statement in statements {
            if self.spend(statement.len(), span) {
                sql::findings(self.rules, statement, span).into_iter().for_each(|finding| self.keep(finding));
            }
        }
        any
    }

    fn exfiltration(&mut self) {
        let sends = |finding: &Finding| matches!(finding.label.as_str(), "network_send" | "remote_code");
        let secret = self.findings.iter().find(|finding| finding.label == "secret_access").map(|finding| finding.span);
        if let Some(span) = secret.filter(|_| self.findings.iter().any(sends)) {
            self.high("secret_exfiltration", span, "Reads a secret and sends something over the network.");
        }
    }
}

impl Input {
    /// Turns what a command read into what the next one in the pipeline reads.
    fn pass_on(&mut self, command: &Command) {
        let mut names = command.words.iter().map(|word| base_name(&word.text));
        self.downloaded |= names.any(|name| DOWNLOADERS.contains(&name.as_str()));
        let (_, words) = wrapper::prefix(&command.words);
        if let Some((_, said)) = words.split_first().filter(|(word, _)| matches!(&*word.text, "echo" | "printf")) {
            self.texts.push(said.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "));
        }
    }
}

/// Writes a command as the tables read it: one blank between words, a tab for every blank within one.
fn join(name: &str, arguments: &[Word]) -> String {
    arguments.iter().fold(name.to_owned(), |mut line, word| {
        line.push(' ');
        line.extend(word.text.chars().map(|letter| if letter.is_whitespace() { '\t' } else { letter }));
        line
    })
}

fn base_name(program: &str) -> String {
    program.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Elsewhere a known name may be anybody's program.
fn is_system_path(program: &str) -> bool {
    const FOLDERS: &[&str] = &["", "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/"];
    let folder = program.strip_suffix(&base_name(program)).unwrap_or_default();
    FOLDERS.contains(&folder)
}

/// Letters outside ASCII that are drawn like ASCII ones; East Asian scripts are not mistaken for them.
const fn is_lookalike(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{2E7F}' | '\u{A640}'..='\u{ABFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{1D000}'..='\u{1FFFF}')
}

/// What a guess at the beginning of a command tells only if the guess is right does not count.
fn is_kept_from_guess(finding: &Finding) -> bool {
    finding.level == Level::High && finding.label != "obfuscated_execution"
}
