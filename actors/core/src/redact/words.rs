//! Cuts a text into the words of simple commands, as a shell would, as far as secrets go: words of one command are
//! read together, and what is quoted is read once more by itself (`ssh host "mysql -p…"`).

use super::{
    Found, Kind,
    scan::{at, before, closing, cut},
    takes,
};

/// Quotes within quotes are followed this deep.
const DEPTH: usize = 4;

/// Brackets within brackets are followed this deep.
const NESTED: usize = 32;

/// A word's place, with its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Word {
    /// The word without the quotes around the whole of it, or half of such.
    pub(super) fn bare(self, text: &str) -> Self {
        let raw = cut(text, self.from, self.to);
        for quote in ["\\\"", "\"", "'"] {
            let inner = raw.strip_prefix(quote);
            let from = self.from + inner.map_or(0, |_| quote.len());
            let rest = inner.unwrap_or(raw);
            let is_closed = inner.is_some() || quote.len() == 2;
            let to = self.to - if is_closed && rest.ends_with(quote) { quote.len() } else { 0 };
            if (from, to) != (self.from, self.to) {
                return Self { from, to };
            }
        }
        self
    }

    /// The text of the word.
    pub(super) fn of(self, text: &str) -> &str {
        cut(text, self.from, self.to)
    }
}

/// What stands between a command and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// The output of that one is the input of this one.
    Pipe,
    /// Anything else.
    Other,
}

/// Reads a text word by word.
pub(super) fn read(found: &mut Found<'_>) {
    let mut due = vec![(0, found.text.len(), 0)];
    while let Some((from, end, depth)) = due.pop() {
        let mut reader = Reader::new(found, end);
        reader.read(from);
        if depth < DEPTH {
            due.extend(reader.quoted.into_iter().map(|(from, end)| (from, end, depth + 1)));
        }
    }
}

struct Reader<'f, 'a> {
    found: &'f mut Found<'a>,
    end: usize,
    word: Option<usize>,
    words: Vec<Word>,
    feeding: Vec<Word>,
    nested: Vec<Vec<Word>>,
    quoted: Vec<(usize, usize)>,
}

impl<'f, 'a> Reader<'f, 'a> {
    fn new(found: &'f mut Found<'a>, end: usize) -> Self {
        let (words, feeding, nested, quoted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { found, end, word: None, words, feeding, nested, quoted }
    }

    fn read(&mut self, from: usize) {
        let mut place = from;
        while place < self.end {
            place = self.step(place);
        }
        self.end_word(self.end);
        self.end_command(Link::Other);
        while let Some(words) = self.nested.pop() {
            self.words = words;
            self.end_command(Link::Other);
        }
    }

    /// Reads what is at a place; gives the place behind it.
    fn step(&mut self, place: usize) -> usize {
        let text = self.found.text;
        let next = at(text, place + 1);
        match at(text, place) {
            b'\\' if next == b'\n' => self.blank(place) + 1,
            b'\\' => self.letter(place) + 1,
            b'\'' if self.is_apostrophe(place) => self.letter(place),
            b'"' | b'\'' => self.quote(place),
            b'\n' | b';' | b'`' => self.operator(place, Link::Other),
            b'|' if next == b'|' => self.operator(place, Link::Other) + 1,
            b'|' => self.operator(place, Link::Pipe) + usize::from(next == b'&'),
            b'&' if next == b'>' || matches!(before(text, place), b'<' | b'>') => self.letter(place),
            b'&' => self.operator(place, Link::Other),
            b'(' => self.open(place),
            b')' => self.close(place),
            letter if letter.is_ascii_whitespace() => self.blank(place),
            _ => self.letter(place),
        }
    }

    /// `it's`: in a text no quote begins between the letters of a plain word.
    fn is_apostrophe(&self, place: usize) -> bool {
        let text = self.found.text;
        let word = self.word.map_or("", |from| cut(text, from, place));
        self.found.kind == Kind::Text
            && at(text, place + 1).is_ascii_alphabetic()
            && word.bytes().next_back().is_some_and(|last| last.is_ascii_alphabetic())
            && word.len() < 16
            && word.bytes().all(|letter| letter.is_ascii_alphabetic() || letter == b'\'')
    }

    fn letter(&mut self, place: usize) -> usize {
        self.word.get_or_insert(place);
        place + 1
    }

    fn quote(&mut self, place: usize) -> usize {
        let behind = self.letter(place);
        match closing(self.found.text, place, self.end) {
            Some(close) => {
                if cut(self.found.text, behind, close).contains(char::is_whitespace) {
                    self.quoted.push((behind, close));
                }
                close + 1
            }
            None => behind,
        }
    }

    fn blank(&mut self, place: usize) -> usize {
        self.end_word(place);
        place + 1
    }

    fn operator(&mut self, place: usize, link: Link) -> usize {
        self.end_word(place);
        self.end_command(link);
        place + 1
    }

    fn open(&mut self, place: usize) -> usize {
        self.end_word(place);
        if self.nested.len() < NESTED {
            self.nested.push(std::mem::take(&mut self.words));
        } else {
            self.end_command(Link::Other);
        }
        place + 1
    }

    fn close(&mut self, place: usize) -> usize {
        let behind = self.operator(place, Link::Other);
        self.words = self.nested.pop().unwrap_or_default();
        behind
    }

    fn end_word(&mut self, place: usize) {
        if let Some(from) = self.word.take() {
            self.words.push(Word { from, to: place.min(self.end) });
        }
    }

    fn end_command(&mut self, link: Link) {
        let words = std::mem::take(&mut self.words);
        takes::read(self.found, &words);
        super::stdin::read(self.found, &self.feeding, &words);
        self.feeding = if link == Link::Pipe { words } else { Vec::new() };
    }
}
