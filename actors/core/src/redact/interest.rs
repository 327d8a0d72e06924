//! Whether a text is worth reading word by word: most are not, and this is told by their first letters.

use super::{
    names, programs,
    scan::{at, cut, is_name, skip_most},
};

/// Phrases that announce a secret without any program.
const PHRASES: &[&str] = &["identified", "password", "send"];

/// Programs and flags are not longer than this.
const LONGEST: usize = 64;

/// A user and a password follow their flag within so many bytes.
const NEAR: usize = 256;

/// What was met so far.
#[derive(Default)]
pub(super) struct Interest {
    /// The first letters of the flags with which the programs met take a secret, as bits.
    flags: u128,
    /// A program was met that takes one once it is told so.
    waits: bool,
    met: bool,
}

impl Interest {
    pub(super) const fn is_met(&self) -> bool {
        self.met
    }

    /// Looks at the word that begins here.
    pub(super) fn word(&mut self, text: &str, place: usize) {
        if self.met {
            return;
        }
        let end = skip_most(text, place, LONGEST, is_name);
        let ends = matches!(at(text, end), 0 | b'"' | b'\'' | b'\\' | b'|' | b')' | b'`' | b';')
            || at(text, end).is_ascii_whitespace();
        let word = cut(text, place, end);
        if ends && programs::may_matter(word) {
            self.whole_word(word);
        }
    }

    fn whole_word(&mut self, word: &str) {
        self.met = PHRASES.iter().any(|phrase| phrase.eq_ignore_ascii_case(word));
        if self.waits && !self.met {
            self.met = programs::tells(word);
        }
        for row in programs::rows(word) {
            if row.told.is_empty() {
                row.takes.iter().for_each(|takes| self.takes(takes.flag()));
            } else {
                self.waits = true;
            }
        }
    }

    fn takes(&mut self, flag: Option<&str>) {
        match flag {
            Some(flag) => self.flags |= bit(flag),
            None => self.met = true,
        }
    }

    /// Looks at the dash that begins a flag here.
    pub(super) fn flag(&mut self, text: &str, place: usize) {
        if self.met {
            return;
        }
        let from = skip_most(text, place, 2, |letter| letter == b'-');
        let name = cut(text, from, skip_most(text, from, LONGEST, is_name));
        self.met = self.flags & bit(name) != 0 || is_pair(text, from, name) || names::is_secret_flag(name);
    }
}

/// `-u` with a `:` in what follows.
fn is_pair(text: &str, from: usize, flag: &str) -> bool {
    let is_user = flag.starts_with(['u', 'U']) || flag == "proxy-user";
    let is_near = |letter: u8| !matches!(letter, b'\n' | b':');
    is_user && at(text, skip_most(text, from, NEAR, is_near)) == b':'
}

fn bit(flag: &str) -> u128 {
    match flag.trim_start_matches('-').bytes().next() {
        Some(letter) if letter < 128 => 1 << letter,
        Some(_) | None => 0,
    }
}
