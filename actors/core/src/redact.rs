//! Masks secrets: the one function that cards, logs, errors, audit, webhooks and worker output share.
//!
//! A mask keeps the secret's name and drops all of its value, so nothing of it can be got back. What a command would
//! run (`$(…)`, backticks) or only refers to (`$NAME`) is no secret and stays: nobody approves what he cannot see.
//!
//! Found are secrets that have a form of their own (`forms`), that a name, a header or a URL announces (`named`), and
//! that a program takes (`programs` is the table, `words` cuts a text into words, `takes` reads them). All of it is
//! written out rather than made of regular expressions: it costs no memory, and each step is linear in the text.

mod forms;
mod interest;
mod named;
mod names;
mod plain;
mod programs;
mod runs;
mod scan;
mod stdin;
mod takes;
mod url;
mod words;

use std::borrow::Cow;

use serde_json::{Map, Value};

use plain::Quotes;
use runs::Assignments;
use scan::cut;

/// What stands where a secret stood.
pub const MASK: &str = "***";

/// A mask may uncover another secret, so passes are made until nothing changes, or this many.
const PASSES: usize = 6;

/// What is masked, and so how much may be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text, a log, a document: no secret may stay.
    Text,
    /// A command that somebody decides on: nothing that could run may be hidden.
    Command,
}

/// The place of a secret in a text, in bytes, with the quotes around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    from: usize,
    to: usize,
}

/// A text, and what was found in it so far.
struct Found<'a> {
    text: &'a str,
    kind: Kind,
    hits: Vec<Hit>,
    until: Until,
    netrc: Option<bool>,
}

/// How far a text was read for this and that, so that nothing of it is gone through again and again.
#[derive(Default)]
struct Until {
    form: usize,
    token: usize,
    key: usize,
    value: usize,
}

impl Found<'_> {
    fn add(&mut self, from: usize, to: usize) {
        if from < to {
            self.hits.push(Hit { from, to });
        }
    }

    /// Whether the text has the words of a `.netrc`.
    fn is_netrc(&mut self) -> bool {
        let text = self.text;
        *self.netrc.get_or_insert_with(|| text.contains("machine ") && text.contains("login "))
    }
}

/// Replaces the secrets in a text; gives the text itself back when there are none. Masking twice changes nothing more.
pub fn mask(text: &str) -> Cow<'_, str> {
    mask_as(text, Kind::Text)
}

/// Replaces the secrets in a command that somebody decides on. Only a single plain word is ever hidden: whatever could
/// hold an operator, a quote, a blank line's end or an expansion stays, since nobody approves what he cannot see.
pub fn mask_command(command: &str) -> Cow<'_, str> {
    mask_as(command, Kind::Command)
}

/// Replaces the secrets in every string of a document, names of members included, and whole values under names that
/// say so.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => mask_string(text),
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(members) => mask_members(members),
    }
}

fn mask_string(text: &mut String) {
    if let Cow::Owned(masked) = mask(text) {
        *text = masked;
    }
}

fn mask_members(members: &mut Map<String, Value>) {
    members.iter_mut().for_each(|(name, member)| mask_member(name, member));
    if members.keys().any(|name| matches!(mask(name), Cow::Owned(_))) {
        let all = std::mem::take(members);
        members.extend(all.into_iter().map(|(name, member)| (mask(&name).into_owned(), member)));
    }
}

fn mask_member(name: &str, member: &mut Value) {
    match member {
        Value::Null | Value::Bool(_) => {}
        Value::String(path) if names::is_working_folder(name) && path.starts_with('/') => mask_string(path),
        _ if names::is_secret_member(name) => *member = Value::String(MASK.to_owned()),
        Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => mask_json(member),
    }
}

fn mask_as(text: &str, kind: Kind) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    for _ in 0..PASSES {
        let Some(next) = pass(&masked, kind) else { break };
        masked = Cow::Owned(next);
    }
    masked
}

/// One pass; nothing if there is nothing to mask.
fn pass(text: &str, kind: Kind) -> Option<String> {
    let mut found = Found { text, kind, hits: Vec::new(), until: Until::default(), netrc: None };
    if scan::each_place(&mut found) {
        words::read(&mut found);
    }
    let Found { mut hits, .. } = found;
    hits.sort_unstable();
    let spans = hidden(text, kind, hits);
    (!spans.is_empty()).then(|| replaced(text, &spans))
}

/// What of the hits is hidden, in order, without overlaps, without what stays in view.
fn hidden(text: &str, kind: Kind, hits: Vec<Hit>) -> Vec<Hit> {
    let mut quotes = Quotes::new(text);
    let mut assignments = Assignments::of(text);
    let mut spans: Vec<Hit> = Vec::new();
    for hit in hits {
        let may_hide = match kind {
            Kind::Text => !plain::is_in_view(cut(text, hit.from, hit.to)),
            Kind::Command => {
                plain::is_plain(cut(text, hit.from, hit.to), &quotes.until(hit.from)) && !assignments.may_run(hit.from)
            }
        };
        if !may_hide {
            continue;
        }
        match spans.last_mut() {
            Some(last) if hit.to <= last.to => {}
            Some(last) if hit.from < last.to => last.to = joined(text, kind, *last, hit),
            Some(_) | None => spans.push(hit),
        }
    }
    spans.retain(|span| !plain::is_masked(cut(text, span.from, span.to)));
    spans
}

/// The end of two hits that overlap; a command hides both only where they are one plain word.
fn joined(text: &str, kind: Kind, first: Hit, second: Hit) -> usize {
    let to = first.to.max(second.to);
    let is_one_word = || plain::is_bare(cut(text, first.from, to));
    if kind == Kind::Text || is_one_word() { to } else { first.to }
}

fn replaced(text: &str, spans: &[Hit]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        let (open, close) = plain::quotes_of(cut(text, span.from, span.to));
        for part in [cut(text, at, span.from), open, MASK, close] {
            masked.push_str(part);
        }
        at = span.to;
    }
    masked.push_str(cut(text, at, text.len()));
    masked
}

#[cfg(test)]
mod tests;
