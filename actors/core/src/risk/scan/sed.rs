//! Scripts of sed: which programs they run, which files they write and read.

use std::collections::BTreeSet;

use super::Scan;
use super::call::Run;
use super::field::Field;
use crate::risk::{Level, Text};

/// Acts of one script that are followed; more would tell nobody more.
const MOST_ACTS: usize = 64;

/// Variables that are filled in.
const MOST_NAMES: usize = 16;

/// What a sed script does beside editing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    /// `e command`.
    Runs(String),
    /// `e` alone, and `s/…/…/e`: runs the line as it then is; with what is put into it, if that is known.
    RunsLine(String),
    /// `w`, `W`, and `s/…/…/w`.
    Writes(String),
    /// `r`, `R`.
    Reads(String),
}

impl Scan<'_> {
    /// Says what a sed script does beside editing; tells whether there is anything.
    pub(super) fn sed(&mut self, script: &str, field: &Field, run: Run<'_>) -> bool {
        let span = if field.span == [0, 0] { run.span } else { field.span };
        if !self.spend(script.len(), span) {
            return true;
        }
        let acts: BTreeSet<Act> = acts(script).into_iter().chain(filled(script, field)).collect();
        for act in acts.iter().take(MOST_ACTS) {
            match act {
                Act::Runs(command) => {
                    let why = Text::new("Runs programs from within a sed script.", "在 sed 脚本中运行程序。");
                    self.find("inline_code", Level::High, run, Some(why), None);
                    self.text(command, run.spot.within(span), run.context);
                }
                Act::RunsLine(put) => {
                    let why = Text::new("Runs the lines that it reads as commands.", "将读取到的行作为命令执行。");
                    self.find("inline_code", Level::High, run, Some(why), None);
                    let (known, mark) = (self.found.notes.len(), self.mark());
                    self.text(put, run.spot.within(span), run.context);
                    self.keep_grave(known, mark);
                }
                Act::Writes(path) => self.sed_file(">", path, span, run),
                Act::Reads(path) => self.sed_file("<", path, span, run),
            }
        }
        !acts.is_empty()
    }

    fn sed_file(&mut self, sign: &str, path: &str, span: [usize; 2], run: Run<'_>) {
        self.ask(&[Field::plain(sign, span), Field::plain(path, span)], span, run.spot.deeper(), run.context);
    }
}

/// What a script does if its variables hold numbers: `${n}e reboot` reads as `$ne reboot`.
fn filled(script: &str, field: &Field) -> BTreeSet<Act> {
    if field.names.is_empty() {
        return BTreeSet::new();
    }
    let fill = |script: String, name: &String| script.replace(&format!("${name}"), "1");
    acts(&field.names.iter().take(MOST_NAMES).fold(script.to_owned(), fill))
}

/// All that a script does. Whether a delimiter in brackets ends an expression differs among versions: what either reading
/// finds counts, but not what comes of one that sed would refuse.
fn acts(script: &str) -> BTreeSet<Act> {
    let read = |brackets| {
        let mut reader = Reader { rest: script, brackets, acts: BTreeSet::new() };
        let whole = reader.script().is_some();
        (reader.acts, whole)
    };
    match (read(Brackets::Hide), read(Brackets::Plain)) {
        ((acts, true), (_, false)) | ((_, false), (acts, true)) => acts,
        ((mut acts, _), (mut more, _)) => {
            acts.append(&mut more);
            acts
        }
    }
}

/// Whether `[…]` in an expression hides its delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brackets {
    Hide,
    Plain,
}

/// What a substitution ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Flags,
    Line,
}

struct Reader<'s> {
    rest: &'s str,
    brackets: Brackets,
    acts: BTreeSet<Act>,
}

/// Each step gives `None` where sed would refuse the script.
impl<'s> Reader<'s> {
    fn script(&mut self) -> Option<()> {
        loop {
            self.skip(|letter| letter.is_whitespace() || matches!(letter, ';' | '{' | '}'));
            if self.rest.is_empty() {
                return Some(());
            }
            self.addresses()?;
            self.command()?;
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        Some(letter)
    }

    fn skip(&mut self, is: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(is);
    }

    fn blanks(&mut self) {
        self.skip(|letter| matches!(letter, ' ' | '\t'));
    }

    /// `2`, `2,/x/I`, `1~2`, `$!`, `\,x,+3`.
    fn addresses(&mut self) -> Option<()> {
        self.address()?;
        self.blanks();
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            self.blanks();
            self.skip(|letter| matches!(letter, '+' | '~'));
            self.address()?;
        }
        self.skip(|letter| matches!(letter, ' ' | '\t' | '!'));
        Some(())
    }

    fn address(&mut self) -> Option<()> {
        match self.rest.chars().next() {
            Some('/') => {
                self.next();
                self.expression('/')?;
            }
            Some('\\') => {
                self.next();
                let delimiter = self.next()?;
                self.expression(delimiter)?;
            }
            Some('$') => self.rest = self.rest.get(1..)?,
            _ => {
                self.skip(|letter| letter.is_ascii_digit() || letter == '~');
                return Some(());
            }
        }
        self.skip(|letter| matches!(letter, 'I' | 'M'));
        Some(())
    }

    fn command(&mut self) -> Option<()> {
        match self.next()? {
            '{' | '}' => return Some(()),
            command @ ('#' | 'a' | 'i' | 'c' | 'e' | 'r' | 'R' | 'w' | 'W') => {
                self.rest_of_line(command);
                return Some(());
            }
            '=' | 'd' | 'D' | 'F' | 'g' | 'G' | 'h' | 'H' | 'n' | 'N' | 'p' | 'P' | 'x' | 'z' => {}
            'l' | 'L' | 'q' | 'Q' => self.skip(|letter| matches!(letter, ' ' | '\t') || letter.is_ascii_digit()),
            ':' | 'b' | 't' | 'T' | 'v' => {
                self.blanks();
                self.skip(|letter| !letter.is_whitespace() && !matches!(letter, ';' | '}'));
            }
            's' => {
                if self.substitution()? == End::Line {
                    return Some(());
                }
            }
            'y' => {
                let delimiter = self.next()?;
                self.put(delimiter)?;
                self.put(delimiter)?;
            }
            _ => return None,
        }
        self.end()
    }

    /// Commands that have the rest of the line, or more.
    fn rest_of_line(&mut self, command: char) {
        if matches!(command, 'a' | 'i' | 'c') {
            return self.text();
        }
        let rest = self.line().trim().to_owned();
        match command {
            'e' if rest.is_empty() => self.act(Act::RunsLine(rest)),
            'e' => self.act(Act::Runs(rest)),
            'r' | 'R' => self.act(Act::Reads(rest)),
            'w' | 'W' => self.act(Act::Writes(rest)),
            _ => {}
        }
    }

    /// Behind a command comes the next one or nothing.
    fn end(&mut self) -> Option<()> {
        self.blanks();
        let ends = |letter: char| letter.is_whitespace() || matches!(letter, ';' | '}' | '#');
        self.rest.chars().next().is_none_or(ends).then_some(())
    }

    fn act(&mut self, act: Act) {
        if self.acts.len() < MOST_ACTS {
            self.acts.insert(act);
        }
    }

    /// The rest of the line.
    fn line(&mut self) -> &'s str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        line
    }

    /// The text of `a`, `i` and `c`: the line, and those that a `\` joins to it.
    fn text(&mut self) {
        self.blanks();
        loop {
            let line = self.line();
            let slashes = line.len() - line.trim_end_matches('\\').len();
            if slashes.is_multiple_of(2) || self.rest.is_empty() {
                return;
            }
        }
    }

    /// An expression up to its delimiter.
    fn expression(&mut self, delimiter: char) -> Option<()> {
        let mut within = false;
        let mut first = false;
        loop {
            let letter = self.next()?;
            match letter {
                _ if within => {
                    within = letter != ']' || first;
                    first = first && letter == '^';
                }
                '\\' => drop(self.next()),
                _ if letter == delimiter => return Some(()),
                '[' if self.brackets == Brackets::Hide => (within, first) = (true, true),
                '\n' if self.brackets == Brackets::Plain => return None,
                _ => {}
            }
        }
    }

    /// What is put in place, up to the delimiter.
    fn put(&mut self, delimiter: char) -> Option<&'s str> {
        let from = self.rest;
        loop {
            let left = self.rest.len();
            match self.next()? {
                '\\' => drop(self.next()),
                letter if letter == delimiter => return from.get(..from.len() - left),
                _ => {}
            }
        }
    }

    fn substitution(&mut self) -> Option<End> {
        let delimiter = self.next()?;
        self.expression(delimiter)?;
        let put = self.put(delimiter)?;
        loop {
            match self.rest.chars().next() {
                Some('e') => self.act(Act::RunsLine(put.to_owned())),
                Some('w') => {
                    self.next();
                    let path = self.line().trim().to_owned();
                    self.act(Act::Writes(path));
                    return Some(End::Line);
                }
                Some('g' | 'p' | 'i' | 'I' | 'm' | 'M' | '0'..='9') => {}
                _ => return Some(End::Flags),
            }
            self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(script: &str) -> String {
        let act = |act: Act| match act {
            Act::Runs(text) => format!("e {text}"),
            Act::RunsLine(text) => format!("e! {text}"),
            Act::Writes(path) => format!("w {path}"),
            Act::Reads(path) => format!("r {path}"),
        };
        acts(script).into_iter().map(act).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_runs_writes_and_reads_is_found() {
        for (script, expected) in [
            ("1e reboot", "e reboot"),
            ("$!e reboot", "e reboot"),
            ("1,/x/I e reboot", "e reboot"),
            ("\\,x,e reboot", "e reboot"),
            ("0~3!{e reboot", "e reboot"),
            ("/x/I,+3e reboot", "e reboot"),
            ("e", "e! "),
            ("s/x/reboot/e", "e! reboot"),
            ("s|x|a\\|b|2ge;p", "e! a\\|b"),
            ("s/[/]/x/e", "e! x"),
            ("/[]/]/e reboot", "e reboot"),
            ("/[^]/]/e reboot", "e reboot"),
            ("a\\\ntext\ne reboot", "e reboot"),
            ("y/a/e/;w out", "w out"),
            ("s/a/b/gpw /etc/passwd", "w /etc/passwd"),
            ("5r x\nW y", "w y, r x"),
            ("/a/,/b/{s/x/y/;e reboot\n}", "e reboot"),
        ] {
            assert_eq!(told(script), expected, "{script}");
        }
    }

    #[test]
    fn what_only_edits_does_nothing_else() {
        for script in [
            "",
            "s/we/he/p",
            "s/ e / w /g",
            "/e w/d;/^w /p",
            "1i\\e reboot",
            "1i e reboot",
            "a\\\ne reboot",
            ":e;N;$!be;s/\\n/ /g",
            "y/we/ab/",
            "s/a/b/ # e",
            "# e reboot",
            "/[/]e/d",
            "$=;10q;l 3",
            "s/x/\\\ne reboot/",
            "not sed e reboot",
        ] {
            assert_eq!(told(script), "", "{script}");
        }
    }

    #[test]
    fn a_script_that_is_cut_short_comes_to_an_end() {
        let script = "1,/[^]/]/I!{s|[|]|a\\|b|2gw x\n};\\,y,e z";
        for length in 0..script.len() {
            acts(&script[..length]);
            acts(&script[length..]);
        }
    }
}
