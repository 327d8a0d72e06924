//! Words: quotes, literals, and where a word ends.

use super::{
    Piece, Word, brace, escape,
    reader::{Reader, memchr},
};

/// What ends a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// A blank or an operator.
    Blank,
    /// A blank outside brackets: a regular expression.
    Pattern,
    /// Only the end of what is read.
    End,
}

/// A word that is being put together; an unquoted `$IFS` makes several of it.
#[derive(Debug, Default)]
pub(super) struct Build {
    words: Vec<Word>,
    pub(super) pieces: Vec<Piece>,
    from: usize,
}

impl Build {
    pub(super) fn new(from: usize) -> Self {
        Self { from, ..Self::default() }
    }

    /// Adds text that stands at an offset (of the whole text) or nowhere.
    pub(super) fn literal(&mut self, text: &str, quoted: bool, at: Option<usize>) {
        if let Some(Piece::Literal { text: known, quoted: before, at: place }) = self.pieces.last_mut() {
            let follows = place.map(|place| place + known.len()) == at && at.is_some();
            if *before == quoted && (follows || place.is_none() && at.is_none()) {
                known.push_str(text);
                return;
            }
        }
        self.pieces.push(Piece::Literal { text: text.to_owned(), quoted, at });
    }

    fn ends_in_glob(&self) -> bool {
        match self.pieces.last() {
            Some(Piece::Literal { text, quoted: false, .. }) => text.ends_with(['?', '*', '+', '@', '!']),
            _ => false,
        }
    }

    /// Ends a word at a field separator.
    pub(super) fn split(&mut self, reader: &Reader<'_>, before: usize) {
        self.end_word(reader, before);
        self.from = reader.at;
    }

    fn end_word(&mut self, reader: &Reader<'_>, end: usize) {
        if !self.pieces.is_empty() {
            let span = reader.span(self.from..end.max(self.from));
            self.words.push(Word { span, pieces: std::mem::take(&mut self.pieces) });
        }
    }

    /// The pieces of all words, a blank between words.
    pub(super) fn joined(self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for word in self.words {
            pieces.extend(word.pieces);
            pieces.push(Piece::Literal { text: " ".to_owned(), quoted: false, at: None });
        }
        pieces.extend(self.pieces);
        pieces
    }

    fn finish(mut self, reader: &Reader<'_>) -> Vec<Word> {
        self.end_word(reader, reader.at);
        self.words
    }
}

impl Reader<'_> {
    /// Reads a word and expands its braces.
    pub(super) fn expanded_word(&mut self, stop: Stop) -> Vec<Word> {
        let start = self.at;
        let words = self.word(stop);
        if memchr(b'{', self.slice(start..self.at).as_bytes()).is_none() {
            return words;
        }
        words.into_iter().flat_map(brace::expand).collect()
    }

    /// Reads a word as it is written: none if nothing is there, several if `$IFS` cuts it.
    pub(super) fn word(&mut self, stop: Stop) -> Vec<Word> {
        let start = self.at;
        let mut build = Build::new(start);
        let mut groups = 0_usize;
        while let Some(byte) = self.peek() {
            if self.stops(byte, stop, groups, &build) {
                break;
            }
            match byte {
                b'(' => {
                    self.globs |= stop == Stop::Blank;
                    groups += 1;
                    self.one(&mut build);
                }
                b')' => {
                    groups = groups.saturating_sub(1);
                    self.one(&mut build);
                }
                b'<' | b'>' if self.byte(self.at + 1) == Some(b'(') => self.process(&mut build),
                _ => self.part(byte, &mut build),
            }
        }
        if groups > 0 {
            self.unclosed(start);
        }
        build.finish(self)
    }

    fn stops(&self, byte: u8, stop: Stop, groups: usize, build: &Build) -> bool {
        match (stop, byte) {
            (Stop::End, _) => false,
            (_, _) if groups > 0 => false,
            (_, b' ' | b'\t' | b'\n') => true,
            (_, b'\r') => self.ends_line(),
            (Stop::Pattern, b'(') => false,
            (_, b')') => true,
            (Stop::Pattern, _) => false,
            (Stop::Blank, b';' | b'&' | b'|') => true,
            (Stop::Blank, b'<' | b'>') => self.byte(self.at + 1) != Some(b'('),
            (Stop::Blank, b'(') => !build.ends_in_glob(),
            (Stop::Blank, _) => false,
        }
    }

    /// Reads one part of a word outside quotes.
    pub(super) fn part(&mut self, byte: u8, build: &mut Build) {
        match byte {
            b'\\' => self.escaped(build),
            b'\'' => self.single_quoted(build),
            b'"' => self.double_quoted(build),
            b'$' => self.dollar(false, build),
            b'`' => self.backtick(false, build),
            _ => self.run(build),
        }
    }

    /// Takes one character as it is.
    fn one(&mut self, build: &mut Build) {
        let start = self.at;
        self.bump();
        build.literal(self.slice(start..self.at), false, self.place_of(start));
    }

    /// Takes plain characters, at least one.
    fn run(&mut self, build: &mut Build) {
        let start = self.at;
        self.bump();
        let bytes = self.rest().as_bytes();
        self.at += bytes.iter().position(|byte| is_special(*byte)).unwrap_or(bytes.len());
        build.literal(self.slice(start..self.at), false, self.place_of(start));
    }

    fn escaped(&mut self, build: &mut Build) {
        let start = self.at;
        self.at += 1;
        if self.eat("\n") || self.eat("\r\n") {
            return;
        }
        match self.bump() {
            Some(_) => build.literal(self.slice(start + 1..self.at), true, self.place_of(start + 1)),
            // A backslash at the very end stands for itself.
            None => build.literal("\\", true, self.place_of(start)),
        }
    }

    pub(super) fn single_quoted(&mut self, build: &mut Build) {
        let start = self.at + 1;
        let length = memchr(b'\'', self.slice(start..self.end).as_bytes());
        let end = length.map_or(self.end, |length| start + length);
        build.literal(self.slice(start..end), true, self.place_of(start));
        self.at = end + usize::from(length.is_some());
        if length.is_none() {
            self.unclosed(start - 1);
        }
    }

    pub(super) fn double_quoted(&mut self, build: &mut Build) {
        let open = self.at;
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    if self.slice(open + 1..self.at).trim_start_matches("\\\n").is_empty() {
                        build.literal("", true, self.place_of(self.at));
                    }
                    self.at += 1;
                    return;
                }
                _ => self.quoted_part(byte, b"\"\\$`", build),
            }
        }
        self.unclosed(open);
    }

    /// Reads one part of what stands in double quotes or a here-document; a backslash escapes the bytes given.
    pub(super) fn quoted_part(&mut self, byte: u8, escapable: &[u8], build: &mut Build) {
        match byte {
            b'\\' if self.eat("\\\n") => {}
            b'\\' => {
                let escapes = self.byte(self.at + 1).is_some_and(|next| escapable.contains(&next));
                let start = self.at + usize::from(escapes);
                self.at = start + 1;
                build.literal(self.slice(start..self.at), true, self.place_of(start));
            }
            b'$' => self.dollar(true, build),
            b'`' => self.backtick(true, build),
            _ => {
                let start = self.at;
                self.bump();
                let bytes = self.rest().as_bytes();
                let is_end = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\' | b'$' | b'`' | b'}');
                self.at += bytes.iter().position(is_end).unwrap_or(bytes.len());
                build.literal(self.slice(start..self.at), true, self.place_of(start));
            }
        }
    }

    /// Reads `$'…'`; the dollar is here.
    pub(super) fn ansi_quoted(&mut self, build: &mut Build) {
        let open = self.at;
        let (text, length) = escape::decode(self.slice(open + 2..self.end));
        build.literal(&text, true, None);
        self.at = length.map_or(self.end, |length| open + 2 + length);
        if length.is_none() {
            self.unclosed(open);
        }
    }
}

const fn is_special(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b'\\'
            | b'\''
            | b'"'
            | b'$'
            | b'`'
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b';'
            | b'&'
            | b'|'
            | b'}'
    )
}
