//! Whether a command may run the value that it gives a variable: `TOKEN=reboot; $TOKEN`.

use super::{
    names,
    scan::{at, before, cut, is_space, is_word, skip_back},
};

/// So many assignments are looked at in one command; the values of further ones stay in view.
const MOST: usize = 32;

/// Looks after the assignments of one command.
pub(super) struct Assignments<'a> {
    command: &'a str,
    seen: usize,
}

impl<'a> Assignments<'a> {
    pub(super) const fn of(command: &'a str) -> Self {
        Self { command, seen: 0 }
    }

    /// Whether the value at this place is that of a variable that the command uses as more than a secret.
    pub(super) fn may_run(&mut self, value: usize) -> bool {
        let Some(name) = assigned(self.command, value) else { return false };
        self.seen += 1;
        self.seen > MOST || !self.command.match_indices(name).all(|(place, _)| is_harmless(self.command, place, name))
    }
}

/// The variable whose value begins at this place.
fn assigned(command: &str, value: usize) -> Option<&str> {
    let value = if matches!(before(command, value), b'"' | b'\'') { value - 1 } else { value };
    let sign = value.checked_sub(1).filter(|sign| at(command, *sign) == b'=')?;
    let from = skip_back(command, sign, is_word);
    let is_shell = matches!(before(command, from), 0 | b';' | b'&' | b'|' | b'(' | b'{' | b'"' | b'\'' | b'`')
        || before(command, from).is_ascii_whitespace();
    (is_shell && from < sign).then(|| cut(command, from, sign))
}

/// A place where the name stands for itself, is given a value, or is handed on as a secret: `-p$NAME`, `--token $NAME`.
fn is_harmless(command: &str, place: usize, name: &str) -> bool {
    let end = place + name.len();
    if is_word(before(command, place)) || is_word(at(command, end)) {
        return true;
    }
    let mut sign = place;
    if before(command, sign) == b'{' {
        sign -= 1;
    }
    if before(command, sign) != b'$' {
        return at(command, end) == b'=' && before(command, place) != b'{';
    }
    sign -= 1;
    let from =
        skip_back(command, sign, |letter| !is_space(letter) && !matches!(letter, b'\n' | b';' | b'|' | b'&' | b'('));
    let word = cut(command, from, sign).trim_start_matches(['"', '\'']);
    match word.strip_prefix('-') {
        // `-pX`, `--token=X`, but not `-cX`, which a shell runs.
        Some(flag) => flag.starts_with(['p', 'a', 'u', 'P', 'w']) || names::is_secret_flag(long_flag(flag)),
        None if word.is_empty() => is_secret_flag_before(command, from),
        None => false,
    }
}

fn long_flag(flag: &str) -> &str {
    flag.trim_start_matches('-').split('=').next().unwrap_or_default()
}

fn is_secret_flag_before(command: &str, from: usize) -> bool {
    let end = skip_back(command, from, is_space);
    let start = skip_back(command, end, |letter| !letter.is_ascii_whitespace());
    let flag = cut(command, start, end).strip_prefix('-');
    flag.is_some_and(|flag| names::is_secret_flag(flag.trim_start_matches('-')))
}
