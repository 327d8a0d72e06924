//! Variables of the shell: what each may hold so far, and what runs because one is set, or read as a number.

use super::call::Run;
use super::field::{Field, SUBSTITUTED};
use super::output::Output;
use super::place::Spot;
use super::{Context, Scan, Words};
use crate::risk::Text;
use crate::risk::knowledge::{Reading, Subject, Trait};
use crate::risk::script::{self, Command, Piece, Script, Word};

/// Values that a variable may have had so far; more are as good as any.
const MOST_VALUES: usize = 8;
/// Values that a loop gives its variable which are looked at one by one.
const MOST_TURNS: usize = 64;

impl Scan<'_> {
    pub(super) fn assignments(&mut self, command: &Command, spot: Spot, context: &Context) {
        for assignment in &command.assignments {
            let before = self.mark();
            let fields = self.words(std::slice::from_ref(&assignment.value), spot, context, 0);
            let inner = self.mark();
            let known = fields.iter().all(|field| !field.dynamic);
            let value = fields.into_iter().map(|field| field.text).collect::<Vec<_>>().join(" ");
            self.assigned(&assignment.name, &value, spot.span(&assignment.span), spot, context);
            self.swap_steps(before, inner);
            if command.words.is_empty() {
                self.judged += 1;
                self.set(&assignment.name, known.then(|| vec![value]), assignment.append);
            }
        }
    }

    /// `for x in …`: each word becomes the variable's value.
    pub(super) fn goes_through(&mut self, variable: &str, words: Words<'_>, spot: Spot, context: &Context) {
        let fields = self.words(words, spot, context, 0);
        let span = fields.first().map_or([0, 0], |first| first.span);
        if fields.len() > MOST_TURNS {
            self.assigned(variable, SUBSTITUTED, span, spot, context);
        }
        for field in fields.iter().take(MOST_TURNS) {
            self.assigned(variable, &field.text, field.span, spot, context);
        }
        let known = fields.iter().all(|field| !field.dynamic);
        self.set(variable, known.then(|| fields.into_iter().map(|field| field.text).collect()), false);
    }

    /// `${x:=word}`.
    pub(super) fn fallback(&mut self, name: &str, word: &Word, spot: Spot, context: &Context) {
        let text = |piece: &Piece| match piece {
            Piece::Literal { text, .. } => text.clone(),
            Piece::Variable { .. } | Piece::Substitution { .. } | Piece::Unknown { .. } => SUBSTITUTED.to_owned(),
        };
        let value: String = word.pieces.iter().map(text).collect();
        self.assigned(name, &value, spot.span(&word.span), spot, context);
    }

    /// The variables that a command sets by their names: `export x=1`, `read x`, `printf -v x`.
    pub(super) fn sets(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) {
        let Some(entry) = reading.inner() else { return };
        let fields = run.words.get(entry.offset..).unwrap_or_default();
        let (spot, context) = (run.spot.deeper(), run.context);
        if entry.program.is(Trait::Evaluates) {
            for field in fields {
                self.evaluated(&field.text, field.span, spot, context);
            }
        }
        let operands = entry.call.line.operands.iter().filter_map(|word| fields.get(*word));
        if entry.program.is(Trait::Declares) {
            let refers = entry.call.has("-n");
            for field in operands.clone() {
                let Some((name, value)) = field.text.split_once('=') else { continue };
                let (name, appends) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
                self.assigned(name, value, field.span, spot, context);
                if refers {
                    // Whatever this name is given later, the other gets.
                    self.assigned(value, SUBSTITUTED, field.span, spot, context);
                    self.set(value, None, false);
                }
                let known = !field.dynamic && !refers;
                self.set(name, known.then(|| vec![value.to_owned()]), appends);
            }
        }
        let Some(variables) = &entry.program.variables else { return };
        let values = variables.value.iter().flat_map(|flag| entry.call.values(flag));
        let mut names: Vec<(&str, [usize; 2])> =
            values.map(|(word, value)| (value.text, fields.get(word).map_or(run.span, |field| field.span))).collect();
        if let Some(from) = variables.from {
            names.extend(operands.skip(from).map(|field| (field.text.as_str(), field.span)));
        }
        let value = run.input.text.as_deref().unwrap_or(SUBSTITUTED).trim_end();
        for (name, span) in names {
            self.assigned(name, value, span, spot, context);
            self.evaluated(name, span, spot, context);
            self.set(name, None, false);
        }
    }

    /// What the value of a variable does by itself, whoever gives it.
    pub(super) fn assigned(&mut self, name: &str, value: &str, span: [usize; 2], spot: Spot, context: &Context) {
        let name = name.split('[').next().unwrap_or(name);
        let told = Field::plain(&format!("{name}={value}"), span);
        self.ask(&[Field::plain("=", span), told], span, spot, context);
        self.setting(name, value, span, spot, context);
        self.evaluated(value, span, spot, context);
    }

    /// A variable whose value another program will take as a command, or as options, if it ever runs: only what is
    /// high counts.
    fn setting(&mut self, name: &str, value: &str, span: [usize; 2], spot: Spot, context: &Context) {
        let program = Field::plain(&format!("{name}="), span);
        let words = [Field::plain(value, span)];
        let known = self.knowledge;
        let subjects: Vec<Subject<'_>> = words.iter().map(Field::subject).collect();
        let Some(reading) = known.read(&program.text, &subjects, &[], false) else { return };
        let mark = self.mark();
        let spot = spot.within(span);
        let run = Run { mark, program: &program, words: &words, input: &Output::default(), span, spot, context };
        let before = self.found.notes.len();
        self.known(&reading, run);
        self.keep_grave(before, mark);
    }

    /// A text that may be read as a number or as a variable's name: then what is substituted in a subscript runs.
    pub(super) fn evaluated(&mut self, text: &str, span: [usize; 2], spot: Spot, context: &Context) {
        let Some(subscript) = subscript(text) else { return };
        if !self.spend(subscript.len(), span) {
            return;
        }
        let scripts = script::substitutions(&subscript.replace(SUBSTITUTED, ""));
        if !scripts.is_empty() {
            let why = Text::new(
                "A command hides in a subscript, and runs when that is read as a number.",
                "命令藏在数组下标中，按数值读取时就会执行。",
            );
            self.say_told("obfuscated_execution", span, spot.depth, Some(why));
        }
        self.hidden(&scripts, span, spot, context);
    }

    /// `${x@P}` expands what is in a variable once more.
    pub(super) fn transformed(&mut self, raw: &str, span: [usize; 2], spot: Spot, context: &Context) {
        let Some(name) = raw.strip_prefix("${").and_then(|rest| rest.strip_suffix("@P}")) else { return };
        let Some(values) = self.variables.get(name).cloned().flatten() else {
            let why = Text::new("Runs what a variable holds, whatever it is.", "执行变量中的内容，无论其为何。");
            return self.say_told("obfuscated_execution", span, spot.depth, Some(why));
        };
        for value in values {
            if self.spend(value.len(), span) {
                self.hidden(&script::substitutions(&value), span, spot, context);
            }
        }
    }

    fn hidden(&mut self, scripts: &[Script], span: [usize; 2], spot: Spot, context: &Context) {
        for script in scripts {
            if !self.is_too_deep(spot, span) {
                self.script(script, spot.within(span), context);
            }
        }
    }

    /// A variable may hold any value that it was given so far: which of them is decided when it runs.
    pub(super) fn set(&mut self, name: &str, values: Option<Vec<String>>, append: bool) {
        let entry = self.variables.entry(name.to_owned()).or_insert_with(|| Some(Vec::new()));
        let Some(known) = entry else { return };
        match values {
            Some(values) if known.len() + values.len() <= MOST_VALUES && !append => known.extend(values),
            Some(values) if append && known.len() == 1 => {
                let end = values.concat();
                known.iter_mut().for_each(|value| value.push_str(&end));
            }
            Some(_) | None => *entry = None,
        }
    }
}

/// What stands behind a name and a `[`, if something is substituted in it.
fn subscript(text: &str) -> Option<&str> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let opens = |(at, _): &(usize, &str)| text.get(..*at).is_some_and(|before| before.ends_with(is_name));
    let (at, _) = text.match_indices('[').find(opens)?;
    text.get(at..).filter(|rest| rest.contains("$(") || rest.contains('`'))
}
