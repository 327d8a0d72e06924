//! Shell text as a list of commands: the words they are made of, what they read and write, and how far that is certain.

use std::{collections::HashSet, ops::Range};

mod brace;
mod check;
mod compound;
mod escape;
mod expansion;
mod flow;
mod guard;
mod heredoc;
mod reader;
mod rough;
mod simple;
mod word;

use reader::{Close, Place, Reader};

/// What a text does, command by command, in the order of the text. Commands inside substitutions are in the words that
/// hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    /// Why the reading is not to be trusted wholly.
    pub(super) faults: Vec<Fault>,
}

/// A reason for not trusting a reading, and the bytes that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// A quote or a bracket is open or the grammar is broken: the text is cut roughly as well.
    Unclosed,
    /// The two readings see different commands; both are in the list.
    Disagreement,
    /// Nested deeper than is followed; what lies deeper is cut roughly.
    TooDeep,
    /// Longer than is read.
    TooLong,
}

/// One command, or what stands in the place of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) span: Range<usize>,
    /// `NAME=value` before the program (or alone), `NAME+=`, `NAME=(…)`, `NAME[i]=`.
    pub(super) assignments: Vec<Assignment>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
    /// Numbers (in [`Script::commands`]) of the commands whose output it reads: `a | b`, `{ a; b; } | c`,
    /// `a | while read x; do b; done`.
    pub(super) reads: Vec<usize>,
    /// The function whose body it is in, innermost.
    pub(super) function: Option<String>,
    pub(super) kind: CommandKind,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum CommandKind {
    /// A program and its arguments, assignments alone, or redirections alone.
    #[default]
    Simple,
    /// `for`/`select` with its variable; the words are what it goes through.
    Loop { variable: String },
    /// `[[ … ]]`, `(( … ))`, the words of a `case`: nothing is run but the substitutions in them. Without words it stands
    /// for the redirections of a compound command; the commands in there that read them name it in `reads`.
    Data,
    /// A function definition; the commands of its body follow and name it in `function`.
    Define { name: String },
}

/// `NAME=value`; elements of an array are joined by unquoted blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// With its subscript, if it has one: `a`, `a[1]`.
    pub(super) name: String,
    pub(super) value: Word,
    pub(super) append: bool,
    pub(super) span: Range<usize>,
}

/// A redirection; `2>&1` and `<&-` are left out. `<&3` reads `/dev/fd/3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) flow: Flow,
    /// The number before it, if there is one: `3<`.
    pub(super) descriptor: Option<u32>,
    pub(super) target: Word,
    pub(super) span: Range<usize>,
}

/// What a redirection does with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// `<`
    Read,
    /// `>`, `>>`, `>|`, `&>`, `<>`
    Write,
    /// The target is the text itself: a here-string, or the body of a here-document (one quoted literal if the delimiter
    /// is quoted).
    Here,
}

/// A word after quote removal. Braces are expanded already, so one word as written may be several here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) span: Range<usize>,
    pub(super) pieces: Vec<Piece>,
}

/// The word that may stand for a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fallback {
    pub(super) word: Word,
    /// `:=`: the variable is set to it.
    pub(super) sets: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text after quote removal (`$'…'` decoded, line continuations gone); unquoted `*`, `?`, `[` and `~` stay in it.
    /// `at`: where its first byte stands, if it stands byte for byte in the text.
    Literal { text: String, quoted: bool, at: Option<usize> },
    /// `$x`, `${x}`, `$1`, `$@`; with `default` for `${x:-word}`, `${x:=word}`, `${x:+word}`. All elements of an array
    /// (`${x[@]}`, quoted or not) are the unquoted variable `x`, one of them (`${x[1]}`) is `x[1]`.
    Variable { name: String, quoted: bool, default: Option<Box<Fallback>> },
    /// `$( … )`, backticks, `${ …; }`, and `<( … )`, `>( … )`. Spans inside are those of the whole text where possible.
    Substitution { script: Script, quoted: bool, process: Option<Flow> },
    /// Anything else that is only known when it runs: `${x//a/b}`, `$(( … ))`, `${!x}`, `${x:0:1}`; substitutions inside
    /// it are in `inner`.
    Unknown { raw: String, quoted: bool, inner: Vec<Script> },
}

/// Reads shell text; never fails, but says in [`Script::faults`] what it could not read for certain.
pub(super) fn read(text: &str) -> Script {
    let mut reader = Reader::new(text, Place::At(0), 0);
    let mut script = reader.script(Close::End);
    script.faults.append(&mut reader.faults);
    if reader.broken {
        let known: HashSet<(usize, String)> = script.commands.iter().filter_map(outline).collect();
        let is_new = |command: &Command| outline(command).is_none_or(|outline| !known.contains(&outline));
        script.commands.extend(rough::cut(text, |range| range).into_iter().filter(is_new));
    }
    script
}

/// What would run in a text in which nothing but substitutions is: a subscript, a prompt.
pub(super) fn substitutions(text: &str) -> Vec<Script> {
    let mut reader = Reader::new(text, Place::At(0), 0);
    reader.scripts_in(0..text.len())
}

/// Where a command begins and what its words are, if they are nothing but text.
fn outline(command: &Command) -> Option<(usize, String)> {
    let first = command.words.first().filter(|_| command.redirects.is_empty())?;
    let texts: Option<Vec<String>> = command.words.iter().map(compound::plain_text).collect();
    Some((first.span.start, texts?.join(" ")))
}

#[cfg(test)]
mod tests;
