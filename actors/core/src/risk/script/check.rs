//! The other reading: what the `rable` parser sees in the same text.

use std::{borrow::Cow, ops::Range};

use rable::{Node, NodeKind};

use super::{
    Command, FaultKind, Script, Word, guard,
    reader::{Reader, Scope, Seen},
    word::Stop,
};

/// Bytes that are given to the parser at once: its lists are trees as deep as they are long.
const MAX_TEXT: usize = 32 * 1024;
/// Bytes that it may read once more for one text, besides as many as the text has.
const MAX_COST: usize = 32 * 1024;

/// How the two readings compare.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Same,
    Differs(Vec<Other>),
    /// The text is outside the grammar.
    Refused,
    TooDeep,
    TooLong,
}

/// A command that only one of the readings has; with its words if it is not ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) span: Range<usize>,
    pub(super) words: Vec<Range<usize>>,
}

impl Reader<'_> {
    /// Asks the other reading and takes in what it sees otherwise.
    pub(super) fn check(&mut self, range: Range<usize>, scope: &mut Scope) {
        if !self.asks {
            return;
        }
        let ends = scope.chunks.iter().copied().skip(1).chain([range.end]);
        let chunks: Vec<_> = scope.chunks.iter().copied().zip(ends).collect();
        let mut seen = scope.seen.as_slice();
        for (start, end) in chunks {
            let length = seen.partition_point(|command| command.start < end);
            let (here, later) = seen.split_at(length);
            seen = later;
            let text = self.slice(start..end);
            let found = compare(text, start, here, self.globs, &mut self.allowance);
            self.take_in(start..end, found, &mut scope.script);
        }
    }

    fn take_in(&mut self, range: Range<usize>, found: Found, script: &mut Script) {
        match found {
            Found::Same => {}
            Found::TooDeep => self.fault(FaultKind::TooDeep, range),
            Found::TooLong => self.fault(FaultKind::TooLong, range),
            Found::Refused => {
                self.at = self.at.max(range.end);
                self.unclosed(range.start);
            }
            Found::Differs(commands) => {
                for command in commands {
                    self.fault(FaultKind::Disagreement, command.span);
                    if !command.words.is_empty() {
                        script.commands.push(self.command_of(&command.words));
                    }
                }
            }
        }
    }

    /// Reads a command of which only the places of its words are known.
    fn command_of(&mut self, words: &[Range<usize>]) -> Command {
        let at = self.at;
        let asks = std::mem::replace(&mut self.asks, false);
        let read = |range: &Range<usize>| self.within(range.clone(), |reader| reader.expanded_word(Stop::End));
        let read: Vec<Word> = words.iter().flat_map(read).collect();
        self.asks = asks;
        self.at = at;
        let start = words.first().map_or(at, |word| word.start);
        let end = words.last().map_or(at, |word| word.end);
        Command { span: self.span(start..end), words: read, ..Command::default() }
    }
}

/// What the parser may cost for a text of so many bytes.
pub(super) const fn allowance(length: usize) -> usize {
    MAX_COST + length
}

/// Compares what we have seen in a text, which begins at an offset, with what the parser sees; takes what that costs off an allowance.
pub(super) fn compare(text: &str, base: usize, seen: &[Seen], globs: bool, allowance: &mut usize) -> Found {
    if is_plain(text) {
        return Found::Same;
    }
    if text.len() > MAX_TEXT {
        return Found::TooLong;
    }
    let Some(left) = guard::cost(text).and_then(|cost| allowance.checked_sub(cost)) else { return Found::TooDeep };
    *allowance = left;
    let Ok(nodes) = rable::parse(&without_returns(text), globs) else { return Found::Refused };
    let offsets = Offsets::of(text, base);
    let mut others = commands(nodes, &offsets);
    others.sort_by_key(|other| other.words.first().map_or(other.span.start, |word| word.start));
    let differing = differences(others, seen);
    if differing.is_empty() { Found::Same } else { Found::Differs(differing) }
}

/// Only letters that nothing can be made of but words: there is one way of reading it.
fn is_plain(text: &str) -> bool {
    let is_inert = |byte: u8| byte.is_ascii_alphanumeric() || b" \t_-./:,=+@%^~".contains(&byte);
    text.bytes().all(is_inert)
}

/// The parser takes the return before a newline for part of a word.
fn without_returns(text: &str) -> Cow<'_, str> {
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", " \n")) } else { Cow::Borrowed(text) }
}

fn differences(others: Vec<Other>, seen: &[Seen]) -> Vec<Other> {
    let mut found = Vec::new();
    let mut ours = seen.iter().peekable();
    for other in others {
        let start = other.words.first().map_or(other.span.start, |word| word.start);
        while let Some(only) = ours.next_if(|ours| ours.start < start) {
            found.push(Other { span: only.start..only.start, words: Vec::new() });
        }
        match ours.next_if(|ours| ours.start == start) {
            Some(same) if same.words == other.words.len() => {}
            _ => found.push(other),
        }
    }
    found.extend(ours.map(|only| Other { span: only.start..only.start, words: Vec::new() }));
    found
}

/// The parser counts characters; this gives bytes.
enum Offsets {
    Ascii(usize, usize),
    Table(Vec<usize>, usize),
}

impl Offsets {
    fn of(text: &str, base: usize) -> Self {
        let end = base + text.len();
        if text.is_ascii() {
            return Self::Ascii(base, end);
        }
        Self::Table(text.char_indices().map(|(at, _)| base + at).collect(), end)
    }

    fn byte(&self, character: usize) -> usize {
        match self {
            Self::Ascii(base, end) => (base + character).min(*end),
            Self::Table(table, end) => table.get(character).copied().unwrap_or(*end),
        }
    }

    fn range(&self, node: &Node) -> Range<usize> {
        let start = self.byte(node.span.start);
        start..self.byte(node.span.end).max(start)
    }
}

/// Lists the simple commands of some trees, those in words left out. The trees are taken apart on the way: dropping them
/// whole would take stack.
#[expect(clippy::wildcard_enum_match_arm, reason = "of the parser's sixty kinds, these few hold commands")]
fn commands(mut nodes: Vec<Node>, offsets: &Offsets) -> Vec<Other> {
    let mut found = Vec::new();
    while let Some(node) = nodes.pop() {
        let span = offsets.range(&node);
        match node.kind {
            NodeKind::Coproc { command, .. } if is_without_place(&command) => {}
            NodeKind::Command { assignments, words, redirects } => {
                let words: Vec<_> = words.iter().map(|word| offsets.range(word)).collect();
                let unread = words.is_empty() && assignments.is_empty() && redirects.is_empty();
                if !words.is_empty() || unread && !span.is_empty() {
                    found.push(Other { span, words });
                }
            }
            other => nodes.extend(inside(other)),
        }
    }
    found
}

/// The words of a simple command after `coproc` have no places.
fn is_without_place(command: &Node) -> bool {
    let NodeKind::Command { words, .. } = &command.kind else { return false };
    words.first().is_none_or(|word| word.span.is_empty())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of the parser's sixty kinds, these few hold commands")]
fn inside(kind: NodeKind) -> Vec<Node> {
    match kind {
        NodeKind::Pipeline { commands, .. } => commands,
        NodeKind::List { items } => items.into_iter().map(|item| item.command).collect(),
        NodeKind::If { condition, then_body, else_body, .. } => {
            [Some(condition), Some(then_body), else_body].into_iter().flatten().map(|node| *node).collect()
        }
        NodeKind::While { condition, body, .. } | NodeKind::Until { condition, body, .. } => vec![*condition, *body],
        NodeKind::For { body, .. }
        | NodeKind::ForArith { body, .. }
        | NodeKind::Select { body, .. }
        | NodeKind::Function { body, .. }
        | NodeKind::Subshell { body, .. }
        | NodeKind::BraceGroup { body, .. } => vec![*body],
        NodeKind::Case { patterns, .. } => patterns.into_iter().filter_map(|pattern| pattern.body).collect(),
        NodeKind::Coproc { command, .. } => vec![*command],
        NodeKind::Negation { pipeline } | NodeKind::Time { pipeline, .. } => vec![*pipeline],
        _ => Vec::new(),
    }
}
