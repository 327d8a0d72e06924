//! Words as the program gets them: variables that the text sets are filled in, blanks in them separate words.

use super::output::Output;
use super::place::Spot;
use super::{Audience, Context, Scan, Words};
use crate::risk::knowledge::Subject;
use crate::risk::script::{Fallback, Flow, Piece, Word};

/// Stands in a word for what a substitution prints.
pub(super) const SUBSTITUTED: &str = "$(:)";
/// Stands in a word for the name of what a process substitution prints.
const OPENED: &str = "/dev/fd/63";
/// So many values of variables are tried one after the other.
const MOST_ALTERNATIVES: usize = 8;

/// One word as a program gets it.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub(super) text: String,
    pub(super) span: [usize; 2],
    /// Where it stands in the command byte for byte.
    pub(super) exact: Option<usize>,
    /// What it will be is only known when it runs.
    pub(super) dynamic: bool,
    /// It may become other words, or the name of a file.
    pub(super) glob: bool,
    /// What a substitution in it gives.
    pub(super) flow: Output,
    /// The variables in it that the text does not set.
    pub(super) names: Vec<String>,
    /// What else it may be, see [`Subject::also`].
    pub(super) also: Vec<String>,
}

impl Field {
    pub(super) fn plain(text: &str, span: [usize; 2]) -> Self {
        Self { text: text.to_owned(), span, ..Self::default() }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { text: &self.text, dynamic: self.dynamic, also: &self.also }
    }
}

/// Puts one word together.
struct Maker {
    done: Vec<Field>,
    field: Field,
    started: bool,
    /// What `IFS` was set to in the text, if it was; inside, `None` if nobody knows.
    separators: Option<Option<String>>,
}

impl Scan<'_> {
    /// How many values the variables of some words may have.
    pub(super) fn alternatives(&self, words: Words<'_>) -> usize {
        let pieces = words.iter().flat_map(|word| &word.pieces);
        let values = pieces.filter_map(|piece| match piece {
            Piece::Variable { name, .. } => self.variables.get(name)?.as_ref().map(Vec::len),
            Piece::Literal { .. } | Piece::Substitution { .. } | Piece::Unknown { .. } => None,
        });
        values.max().unwrap_or(1).clamp(1, MOST_ALTERNATIVES)
    }

    /// Resolves words; substitutions in them are gone through.
    pub(super) fn words(&mut self, words: Words<'_>, spot: Spot, context: &Context, alternative: usize) -> Vec<Field> {
        let mut fields = Vec::with_capacity(words.len());
        for word in words {
            let span = spot.span(&word.span);
            let field = Field { span, exact: spot.exact(word), ..Field::default() };
            let separators = self.variables.get("IFS").map(|sets| sets.as_ref().map(|sets| sets.concat()));
            let mut maker = Maker { done: Vec::new(), field, started: word.pieces.is_empty(), separators };
            self.pieces(word, &mut maker, spot, context, alternative);
            maker.finish(&mut fields);
        }
        fields
    }

    fn pieces(&mut self, word: &Word, maker: &mut Maker, spot: Spot, context: &Context, alternative: usize) {
        for piece in &word.pieces {
            match piece {
                Piece::Literal { text, quoted, .. } => {
                    maker.started = true;
                    maker.field.glob |= !quoted && text.contains(['*', '?', '[']);
                    maker.field.text.push_str(text);
                }
                Piece::Variable { name, quoted, default } => {
                    self.variable(name, *quoted, default.as_deref(), maker, spot, context, alternative);
                }
                // What flows into it is only known when the command is.
                Piece::Substitution { process: Some(Flow::Write), .. } => maker.unknown(SUBSTITUTED),
                Piece::Substitution { script, quoted, process } => {
                    let context = Context { stdin: Output::default(), audience: Audience::Command, ..context.clone() };
                    let output = self.script(script, spot.deeper(), &context);
                    match process {
                        Some(_) => maker.opened(output),
                        None => maker.substituted(output, *quoted),
                    }
                }
                Piece::Unknown { raw, inner, .. } => {
                    let context = Context { stdin: Output::default(), audience: Audience::Command, ..context.clone() };
                    for script in inner {
                        self.script(script, spot.deeper(), &context);
                    }
                    self.transformed(raw, spot.span(&word.span), spot, &context);
                    maker.unknown(raw);
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a variable and where it stands")]
    fn variable(
        &mut self,
        name: &str,
        quoted: bool,
        default: Option<&Fallback>,
        maker: &mut Maker,
        spot: Spot,
        context: &Context,
        alternative: usize,
    ) {
        if let Some(Fallback { word: default, sets }) = default {
            if *sets {
                self.fallback(name, default, spot, context);
            }
            if self.variables.contains_key(name) {
                // Either may be meant; the default is gone through for what it runs.
                self.words(std::slice::from_ref(default), spot, context, alternative);
            } else {
                maker.field.dynamic |= !matches!(default.pieces.as_slice(), [Piece::Literal { .. }]);
                return self.pieces(default, maker, spot, context, alternative);
            }
        }
        match self.variables.get(name) {
            Some(Some(values)) if !values.is_empty() => {
                let value = values.get(alternative.min(values.len() - 1)).cloned().unwrap_or_default();
                maker.value(&value, quoted);
            }
            Some(_) => maker.unknown(&format!("${name}")),
            None => match name {
                "HOME" => maker.value("~", true),
                "$" | "?" | "#" | "!" | "RANDOM" | "UID" | "EUID" | "PPID" | "SECONDS" | "LINENO" => {
                    maker.value("0", true);
                }
                // Inside `sh -c` and functions these are what the caller gives.
                "0" if context.under.is_empty() => maker.value("sh", true),
                "@" | "*"
                    if context.under.is_empty()
                        && self.functions.is_empty()
                        && (!quoted || !maker.field.text.is_empty()) =>
                {
                    maker.started = true;
                }
                _ => {
                    maker.field.names.push(name.to_owned());
                    maker.unknown(&format!("${name}"));
                }
            },
        }
    }
}

impl Maker {
    /// A known value: unquoted, its blanks separate words.
    fn value(&mut self, value: &str, quoted: bool) {
        if quoted {
            self.started = true;
            self.field.text.push_str(value);
            return;
        }
        self.field.glob |= value.contains(['*', '?', '[']);
        self.field.dynamic |= self.separators == Some(None);
        let separators = self.separators.clone().flatten().unwrap_or_default();
        let mut parts = value.split(|letter: char| matches!(letter, ' ' | '\t' | '\n') || separators.contains(letter));
        if let Some(first) = parts.next() {
            self.started |= !first.is_empty();
            self.field.text.push_str(first);
        }
        for part in parts {
            self.next();
            self.started = !part.is_empty();
            self.field.text.push_str(part);
        }
    }

    fn unknown(&mut self, raw: &str) {
        self.started = true;
        self.field.dynamic = true;
        self.field.text.push_str(raw);
    }

    /// `<( … )` is the name of something to read.
    fn opened(&mut self, output: Output) {
        self.started = true;
        self.field.text.push_str(OPENED);
        self.field.flow = std::mem::take(&mut self.field.flow).and(output.piped());
    }

    fn substituted(&mut self, output: Output, quoted: bool) {
        match &output.text {
            Some(text) => {
                let text = text.trim_end_matches('\n').to_owned();
                self.value(&text, quoted);
            }
            None => self.unknown(SUBSTITUTED),
        }
        self.field.flow = std::mem::take(&mut self.field.flow).and(output.piped());
    }

    fn next(&mut self) {
        let fresh = Field { span: self.field.span, flow: self.field.flow.clone(), ..Field::default() };
        let done = std::mem::replace(&mut self.field, fresh);
        if self.started {
            self.done.push(done);
        }
        self.started = false;
    }

    fn finish(mut self, fields: &mut Vec<Field>) {
        self.next();
        fields.append(&mut self.done);
    }
}
