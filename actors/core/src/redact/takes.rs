//! Reads the words of one command for what its programs, flags and phrases take.

use super::{
    Found, Kind, named, names,
    programs::{self, Program, Takes},
    scan::{at, closing, cut, is_name, skip_back},
    words::Word,
};

/// Programs whose `-u a:b` is a user and a group.
const GROUPS: &[&str] =
    &["docker", "podman", "nerdctl", "docker-compose", "compose", "install", "setpriv", "systemd-run"];

/// Words that make a statement one in which `PASSWORD '…'` sets a password.
const ACCOUNTS: &[&str] = &["user", "role", "login", "encrypted"];

/// A program that is being read.
struct Active {
    program: &'static Program,
    told: bool,
    operands: usize,
    flags: [bool; 2],
}

/// Finds what the words of a command give away.
pub(super) fn read(found: &mut Found<'_>, words: &[Word]) {
    let mut reader = Reader { active: Vec::new(), has_group: false, has_account: false, identified: None };
    for place in 0..words.len() {
        reader.word(found, words.get(place..).unwrap_or_default(), place, words);
    }
}

struct Reader {
    active: Vec<Active>,
    has_group: bool,
    has_account: bool,
    identified: Option<usize>,
}

impl Reader {
    /// Reads the first of the words that are left.
    fn word(&mut self, found: &mut Found<'_>, left: &[Word], place: usize, all: &[Word]) {
        let text = found.text;
        let Some((word, rest)) = left.split_first() else { return };
        let (word, next) = (word.bare(text), rest.first().copied());
        let bare = word.of(text);
        if bare.starts_with('-') {
            flag(found, word, next);
            self.user_pair(found, word, next);
        }
        let name = bare.rsplit('/').next().unwrap_or_default();
        if !programs::may_matter(name) {
            return self.active.iter_mut().for_each(|active| active.word(found, word, next));
        }
        self.has_group |= GROUPS.contains(&name);
        if programs::rows(name).next().is_some() {
            self.active = programs::rows(name).map(Active::new).collect();
            return self.phrase(found, bare, place, all);
        }
        self.active.iter_mut().for_each(|active| active.word(found, word, next));
        self.phrase(found, bare, place, all);
    }

    /// `-u user:secret`, whoever takes it, unless it is a user and a group.
    fn user_pair(&self, found: &mut Found<'_>, word: Word, next: Option<Word>) {
        let flags = ["--proxy-user", "--user", "-u", "-U"];
        let value = flags.into_iter().find_map(|flag| value_of(found.text, flag, word, next));
        let Some(value) = value.filter(|_| !self.has_group) else { return };
        let bare = value.bare(found.text);
        let Some((user, secret)) = bare.of(found.text).split_once(':') else { return };
        let is_number = |text: &str| text.bytes().all(|letter| letter.is_ascii_digit());
        let is_user = !user.is_empty() && !user.contains(|letter: char| letter == '/' || letter.is_whitespace());
        if is_user && !secret.starts_with('/') && !(is_number(user) && is_number(secret)) {
            found.add(bare.from + user.len() + 1, bare.to);
        }
    }

    /// `IDENTIFIED BY '…'`, `USER x PASSWORD '…'`, `login x password …`.
    fn phrase(&mut self, found: &mut Found<'_>, bare: &str, place: usize, all: &[Word]) {
        let is = |word: &str| bare.eq_ignore_ascii_case(word);
        let next = all.get(place + 1).copied();
        self.has_account |= ACCOUNTS.iter().any(|word| is(word));
        if is("identified") {
            self.identified = Some(place);
        } else if is("by") || is("as") {
            let is_near = self.identified.is_some_and(|identified| place - identified <= 3);
            let is_hash = next.is_some_and(|word| word.of(found.text).eq_ignore_ascii_case("password"));
            let secret = all.get(place + 1 + usize::from(is_hash)).copied();
            secret.filter(|_| is_near).into_iter().for_each(|word| quoted(found, word));
        } else if is("password") {
            self.password(found, place, all);
        } else if is("send") && found.kind == Kind::Text {
            let to = all.get(place).map_or(0, |word| word.from);
            let head = cut(found.text, found.text.floor_char_boundary(to.saturating_sub(200)), to);
            let asked = head.contains("assword") || head.contains("assphrase");
            next.filter(|_| asked).into_iter().for_each(|word| quoted(found, word));
        }
    }
}

impl Reader {
    /// The word `password`: of a `.netrc`, whose lines may stand one by one, or of SQL.
    fn password(&self, found: &mut Found<'_>, place: usize, all: &[Word]) {
        let text = found.text;
        let Some(secret) = all.get(place + 1).copied() else { return };
        let word = |place: Option<usize>| place.and_then(|place| all.get(place)).map_or("", |word| word.of(text));
        let is_login = matches!(word(place.checked_sub(2)), "login" | "machine" | "account");
        let is_machine = word(Some(0)).trim_matches(['"', '\'']) == "machine" || word(Some(1)).ends_with("machine");
        let is_line = found.kind == Kind::Text && matches!((place, all.len()), (0, 2) | (2, 4)) && found.is_netrc();
        if is_line || (is_login && is_machine) {
            found.add(secret.from, secret.to);
        } else if self.has_account {
            quoted(found, secret);
        }
    }
}

/// A flag that says by its name that a secret follows: `--password X`.
fn flag(found: &mut Found<'_>, word: Word, next: Option<Word>) {
    let text = found.text;
    let name = word.of(text).trim_start_matches('-');
    let Some(next) = next.filter(|_| names::is_secret_flag(name) && name.bytes().all(is_name)) else { return };
    let value = next.bare(text).of(text);
    // `pass:X` is found by its own name; the others say where the secret is.
    let is_elsewhere = ["-", "pass:", "env:", "file:", "fd:", "id="].iter().any(|start| value.starts_with(start));
    let is_file = names::may_name_a_file(name) && named::names_a_file(value);
    if !(is_elsewhere || is_file || value == "stdin") {
        found.add(next.from, next.to);
    }
}

/// Only what is quoted at the beginning of a word.
fn quoted(found: &mut Found<'_>, word: Word) {
    if matches!(at(found.text, word.from), b'"' | b'\'')
        && let Some(close) = closing(found.text, word.from, word.to)
    {
        found.add(word.from, close + 1);
    }
}

/// The value of a flag: behind it, behind `=`, or for a short one glued to it.
fn value_of(text: &str, flag: &str, word: Word, next: Option<Word>) -> Option<Word> {
    let rest = word.of(text).strip_prefix(flag)?;
    let from = word.from + flag.len();
    if rest.is_empty() {
        return next.filter(|next| !next.of(text).starts_with('-'));
    }
    let is_short = flag.len() == 2;
    match rest.strip_prefix('=') {
        Some(_) => Some(Word { from: from + 1, to: word.to }),
        None => is_short.then_some(Word { from, to: word.to }),
    }
}

impl Active {
    fn new(program: &'static Program) -> Self {
        Self { program, told: program.told.is_empty(), operands: 0, flags: [false; 2] }
    }

    fn word(&mut self, found: &mut Found<'_>, word: Word, next: Option<Word>) {
        let bare = word.of(found.text);
        if !self.told {
            self.told = self.program.told.contains(&bare);
            return;
        }
        if !bare.starts_with('-') {
            self.operands += 1;
        } else if !bare.starts_with("--") {
            for (flag, letter) in self.flags.iter_mut().zip(['b', 'n']) {
                *flag |= bare.contains(letter);
            }
        }
        for takes in self.program.takes {
            self.take(*takes, found, word, next);
        }
    }

    fn take(&self, takes: Takes, found: &mut Found<'_>, word: Word, next: Option<Word>) {
        let text = found.text;
        let bare = word.of(text);
        let is_operand = !bare.starts_with('-');
        let secret = match takes {
            Takes::Value(flag) => value_of(text, flag, word, next),
            Takes::Next(flag) => next.filter(|_| bare == flag),
            Takes::Glued(flag) => value_of(text, flag, word, None),
            Takes::Behind(flag, sign) => value_of(text, flag, word, next).and_then(|value| behind(text, value, sign)),
            Takes::Operand(which) => (is_operand && self.operands == which && !bare.contains('=')).then_some(word),
            Takes::Batch => {
                let [batch, prints] = self.flags;
                (batch && is_operand && self.operands == 3 - usize::from(prints)).then_some(word)
            }
            Takes::Pairs => behind(text, word, b'=').filter(|value| is_operand && at(text, value.from) != b'@'),
            Takes::Named => next.filter(|next| is_secret_name(text, word) && !next.of(text).starts_with('-')),
            Takes::Login => login(text, word).filter(|_| is_operand && self.operands == 1),
            Takes::Input(_) | Takes::PairInput => None,
        };
        if let Some(secret) = secret {
            found.add(secret.from, secret.to);
        }
    }
}

/// What of a word is behind a sign.
fn behind(text: &str, word: Word, sign: u8) -> Option<Word> {
    let bare = word.bare(text);
    let before = bare.of(text).bytes().position(|letter| letter == sign)?;
    Some(Word { from: bare.from + before + 1, to: bare.to })
}

/// The secret of `user/X@host`.
fn login(text: &str, word: Word) -> Option<Word> {
    let secret = behind(text, word, b'/')?;
    let length = secret.of(text).find('@').unwrap_or(secret.to - secret.from);
    Some(Word { from: secret.from, to: secret.from + length })
}

/// A word that ends with the name of a secret and has no value of its own: `//host/:_authToken`.
fn is_secret_name(text: &str, word: Word) -> bool {
    let from = skip_back(text, word.to, is_name).max(word.from);
    !word.of(text).starts_with('-') && names::is_secret(cut(text, from, word.to))
}
