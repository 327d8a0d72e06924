//! Secrets that a command is fed with: `echo X | passwd --stdin root`, `chpasswd <<< 'root:X'`.

use super::{
    Found, Kind,
    programs::{self, Takes},
    words::Word,
};

/// What `sudo -S` may start without a command's own input being run: it reads the password, the program the rest, and
/// where no password is asked for, all of it.
const READ_NO_CODE: &[&str] = &[
    "apt",
    "apt-get",
    "dnf",
    "yum",
    "zypper",
    "apk",
    "systemctl",
    "service",
    "mkdir",
    "rmdir",
    "chown",
    "chmod",
    "cp",
    "mv",
    "rm",
    "ls",
    "ln",
    "touch",
    "mount",
    "umount",
    "id",
    "whoami",
    "true",
    "reboot",
    "shutdown",
    "ufw",
    "sysctl",
    "useradd",
    "usermod",
    "userdel",
    "hostnamectl",
    "timedatectl",
];

/// In a text the program is looked for among the first words.
const SOON: usize = 64;

/// What a program's input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// The secret.
    Secret,
    /// `user:secret`.
    Pair,
}

/// Finds what a command is fed with by the one before it, or by a here-string.
pub(super) fn read(found: &mut Found<'_>, feeding: &[Word], words: &[Word]) {
    let has_string = || words.iter().any(|word| word.of(found.text).starts_with("<<<"));
    if feeding.is_empty() && !has_string() {
        return;
    }
    let Some(input) = input_of(found, words) else { return };
    for word in fed(found, feeding) {
        secrets_of(found, word, input);
    }
    for (word, next) in words.iter().zip(words.iter().skip(1).map(Some).chain([None])) {
        let Some(rest) = word.of(found.text).strip_prefix("<<<") else { continue };
        match (rest.is_empty(), next) {
            (true, Some(next)) => secrets_of(found, *next, input),
            (false, _) => secrets_of(found, Word { from: word.from + 3, to: word.to }, input),
            (true, None) => {}
        }
    }
}

/// What the program that runs reads; in a text any word may be it.
fn input_of(found: &Found<'_>, words: &[Word]) -> Option<Input> {
    let text = found.text;
    let bare = |word: &Word| word.bare(text).of(text);
    match found.kind {
        Kind::Text => {
            let from = |place: usize| input_from(found, words.get(place..).unwrap_or_default());
            (0..words.len().min(SOON)).find_map(from)
        }
        Kind::Command if words.first().is_some_and(|word| bare(word) == "sudo") => {
            let program = words.iter().skip(1).position(|word| !bare(word).starts_with('-')).map(|place| place + 1);
            let told = words.get(program.unwrap_or(words.len())..).unwrap_or_default();
            let reads_no_code = told.first().is_none_or(|word| READ_NO_CODE.contains(&bare(word)));
            input_from(found, told).or_else(|| input_from(found, words).filter(|_| reads_no_code))
        }
        Kind::Command => input_from(found, words),
    }
}

/// What the program reads that is the first of these words.
fn input_from(found: &Found<'_>, words: &[Word]) -> Option<Input> {
    let text = found.text;
    let (program, rest) = words.split_first()?;
    let name = program.bare(text).of(text).rsplit('/').next().unwrap_or_default();
    let has = |wanted: &str| rest.iter().any(|word| is_told(word.bare(text).of(text), wanted));
    programs::rows(name).filter(|row| row.told.is_empty() || row.told.iter().any(|told| has(told))).find_map(|row| {
        row.takes.iter().find_map(|takes| match takes {
            Takes::Input(wanted) => (wanted.is_empty() || has(wanted)).then_some(Input::Secret),
            Takes::PairInput => Some(Input::Pair),
            Takes::Value(_)
            | Takes::Next(_)
            | Takes::Glued(_)
            | Takes::Behind(..)
            | Takes::Operand(_)
            | Takes::Batch
            | Takes::Pairs
            | Takes::Named
            | Takes::Login => None,
        })
    })
}

/// A word is the one wanted, or a cluster of short flags with the one wanted among them.
fn is_told(word: &str, wanted: &str) -> bool {
    let is_cluster = || wanted.len() == 2 && word.len() <= 4 && word.starts_with('-') && !word.starts_with("--");
    let letter = wanted.trim_start_matches('-');
    word == wanted || (wanted.starts_with('-') && is_cluster() && word.contains(letter))
}

/// What `echo` or `printf` writes. In a command nothing is hidden that is written to a file as well.
fn fed(found: &Found<'_>, words: &[Word]) -> Vec<Word> {
    let text = found.text;
    let is_writer = |word: &Word| matches!(word.of(text), "echo" | "printf");
    let writer = match found.kind {
        Kind::Text => words.iter().position(is_writer),
        Kind::Command => words.first().filter(|word| is_writer(word)).map(|_| 0),
    };
    let Some(rest) = writer.and_then(|writer| words.get(writer + 1..)) else { return Vec::new() };
    if found.kind == Kind::Command && rest.iter().any(|word| word.of(text).contains(['<', '>'])) {
        return Vec::new();
    }
    rest.iter().copied().filter(|word| !word.of(text).starts_with('-') && !word.of(text).contains('%')).collect()
}

/// Each line of a word is a secret, or has one.
fn secrets_of(found: &mut Found<'_>, word: Word, input: Input) {
    let bare = word.bare(found.text);
    let lines = bare.of(found.text);
    if input == Input::Secret && !lines.contains("\\n") {
        return found.add(word.from, word.to);
    }
    let mut from = bare.from;
    for line in lines.split("\\n") {
        let to = from + line.len();
        match (input, line.split_once(':')) {
            (Input::Secret, _) => found.add(from, to),
            (Input::Pair, Some((user, _))) => found.add(from + user.len() + 1, to),
            (Input::Pair, None) => {}
        }
        from = to + 2;
    }
}
