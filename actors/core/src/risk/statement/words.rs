//! A place in the tokens of one statement, and what can be asked there.

use std::ops::Range;

use super::lex::{Kind, Token};

/// Letters of a name that are shown.
const NAME_AT_MOST: usize = 80;

/// The tokens of a statement, and how far they are read. Cheap to copy: a copy looks ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    text: &'a str,
    clean: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Words<'a> {
    pub(super) const fn new(text: &'a str, clean: &'a str, tokens: &'a [Token]) -> Self {
        Self { text, clean, tokens, at: 0 }
    }

    /// Only some of the tokens, counted from the first one of these.
    pub(super) fn within(self, range: Range<usize>) -> Self {
        Self { tokens: self.tokens.get(range).unwrap_or_default(), at: 0, ..self }
    }

    /// The tokens that are not read yet.
    pub(super) fn rest(self) -> Self {
        self.within(self.at..self.tokens.len())
    }

    pub(super) const fn len(self) -> usize {
        self.tokens.len()
    }

    pub(super) const fn at(self) -> usize {
        self.at
    }

    pub(super) const fn is_at_end(self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn kind(self, place: usize) -> Option<Kind> {
        self.tokens.get(place).map(|token| token.kind)
    }

    /// The token as it is written; nothing behind the end.
    pub(super) fn slice(self, place: usize) -> &'a str {
        self.tokens.get(place).and_then(|token| self.text.get(token.from..token.to)).unwrap_or_default()
    }

    /// The keyword at a place, in capitals; nothing if it is a quoted thing or a sign.
    pub(super) fn keyword(self, place: usize) -> String {
        match self.kind(place) {
            Some(Kind::Word) => self.slice(place).to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    pub(super) fn is(self, place: usize, words: &[&str]) -> bool {
        self.kind(place) == Some(Kind::Word) && words.iter().any(|word| self.slice(place).eq_ignore_ascii_case(word))
    }

    pub(super) fn is_sign(self, place: usize, sign: &str) -> bool {
        self.kind(place) == Some(Kind::Sign) && self.slice(place) == sign
    }

    /// Tells whether one of the words is next.
    pub(super) fn next_is(self, words: &[&str]) -> bool {
        self.is(self.at, words)
    }

    pub(super) fn next(self) -> String {
        self.keyword(self.at)
    }

    /// Reads one of the words, if it is next.
    pub(super) fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.next_is(words);
        self.at += usize::from(found);
        found
    }

    /// Reads as many of the words as are next.
    pub(super) fn eat_all(&mut self, words: &[&str]) {
        while self.eat(words) {}
    }

    pub(super) const fn skip(&mut self, tokens: usize) {
        self.at += tokens;
    }

    /// The first place from here where one of the words stands.
    pub(super) fn find(self, words: &[&str]) -> Option<usize> {
        (self.at..self.len()).find(|place| self.is(*place, words))
    }

    pub(super) fn has(self, words: &[&str]) -> bool {
        self.find(words).is_some()
    }

    /// Tells whether some words follow each other from here on.
    pub(super) fn has_in_a_row(self, words: &[&str]) -> bool {
        (self.at..self.len()).any(|place| self.follow(place, words))
    }

    /// Tells whether some words stand at a place, one after the other.
    pub(super) fn follow(self, place: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, word)| self.is(place + ahead, &[word]))
    }

    /// Reads a name with its dots, for a person to read.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        while let Some(Kind::Word | Kind::Name | Kind::Text) = self.kind(self.at) {
            name.push_str(unquoted(self.slice(self.at)));
            self.at += 1;
            if !self.is_sign(self.at, ".") {
                break;
            }
            while self.is_sign(self.at, ".") {
                name.push('.');
                self.at += 1;
            }
            if self.is_sign(self.at, "*") {
                name.push('*');
                self.at += 1;
                break;
            }
        }
        (!name.is_empty()).then(|| shown(&name))
    }

    /// Tells whether a bracket opens right behind the name that is next but one.
    pub(super) fn has_call(self) -> bool {
        let mut words = Self { at: 1, ..self };
        words.name().is_some() && words.is_sign(words.at, "(")
    }

    /// The name at a place, if one is there.
    pub(super) fn name_at(self, place: usize) -> Option<String> {
        let mut there = Self { at: place, ..self };
        there.name()
    }

    /// Reads names with commas between them; at least one, if there is one.
    pub(super) fn names(&mut self) -> Option<String> {
        let mut names = vec![self.name()?];
        while self.is_sign(self.at, ",") {
            self.at += 1;
            names.extend(self.name());
        }
        Some(shown(&names.join(", ")))
    }

    /// The bytes from the first token to the last one that was read.
    pub(super) fn span(self) -> Range<usize> {
        let last = self.at.clamp(1, self.tokens.len().max(1));
        self.bytes(0..last)
    }

    /// All bytes of the statement.
    pub(super) fn whole(self) -> Range<usize> {
        self.bytes(0..self.tokens.len())
    }

    /// The bytes of some tokens.
    pub(super) fn bytes(self, places: Range<usize>) -> Range<usize> {
        let tokens = self.tokens.get(places).unwrap_or_default();
        let from = tokens.first().map_or(0, |first| first.from);
        from..tokens.last().map_or(from, |last| last.to)
    }

    /// The statement without comments.
    pub(super) fn clean(self) -> &'a str {
        self.clean.get(self.whole()).unwrap_or_default()
    }

    /// The place behind the bracket that closes the one at a place, or the end.
    pub(super) fn behind_bracket(self, open: usize) -> usize {
        let mut depth = 0_usize;
        for place in open..self.len() {
            depth += usize::from(self.is_sign(place, "("));
            if self.is_sign(place, ")") {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1;
                }
            }
        }
        self.len()
    }
}

/// A name or a text without its quotes.
pub(super) fn unquoted(quoted: &str) -> &str {
    let inner = quoted.strip_prefix(['"', '`', '\'', '[']).unwrap_or(quoted);
    inner.strip_suffix(['"', '`', '\'', ']']).unwrap_or(inner)
}

/// A name as it can be put into a sentence: cut if it is long, without anything that could pass for something else.
pub(super) fn shown(name: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || " _.$#@-,*%:/".contains(letter);
    let mut letters = name.chars().map(|letter| if is_plain(letter) { letter } else { '?' });
    let mut shown: String = letters.by_ref().take(NAME_AT_MOST).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}
