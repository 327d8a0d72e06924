//! Secrets that a name, a header or a call announces: `password=…`, `"token": "…"`, `Cookie: …`, `PASSWORD('…')`.

use super::{
    Found, Kind, names,
    scan::{at, before, closing, cut, is_name, is_space, skip, skip_back, skip_blanks, value_end},
    url,
};

/// What stands before a token in an `Authorization` header.
const SCHEMES: &[&str] = &[
    "basic",
    "bearer",
    "digest",
    "token",
    "negotiate",
    "ntlm",
    "apikey",
    "api-key",
    "key",
    "hawk",
    "hmac",
    "oauth",
    "sso-key",
    "sharedkey",
    "aws4-hmac-sha256",
    "genie-key",
];

/// Looks at a `=` or `:`; what it announces begins at `behind` or after it.
pub(super) fn after_sign(found: &mut Found<'_>, sign: usize, behind: usize) {
    let text = found.text;
    if cut(text, sign, sign + 3) == "://" {
        return url::user_info(found, sign);
    }
    if sign < found.until.value || is_after_no_name(text, sign) {
        return;
    }
    let end = name_end(text, sign);
    let from = skip_back(text, end, is_name);
    let name = cut(text, from, end);
    if names::is_secret(name) {
        let is_default = found.kind == Kind::Command && before(text, from) == b'{';
        // `https://token:…@host` is a matter of URLs, and `${TOKEN:-x}` may run.
        let is_folder = names::is_working_folder(name) && before(text, from) != b';' && begins_a_path(found, behind);
        if !(is_default || is_folder || at(text, sign) == b':' && cut(text, from.saturating_sub(2), from) == "//") {
            value(found, name, sign, behind);
        }
    } else if names::is_authorization(name) {
        authorization(found, behind);
    } else if names::is_cookie(name) && at(text, sign) == b':' {
        cookie(found, behind);
    }
}

/// Whether what is announced is an absolute path, as the shell has them: `PWD=/root`.
fn begins_a_path(found: &Found<'_>, behind: usize) -> bool {
    let start = skip(found.text, behind, |letter| matches!(letter, b' ' | b'"' | b'\'' | b'\\'));
    at(found.text, start) == b'/'
}

/// Most signs stand behind something that can be no name of a secret.
fn is_after_no_name(text: &str, sign: usize) -> bool {
    let last = before(text, skip_back(text, sign, |letter| letter.is_ascii_digit()));
    !(names::may_end(last) || last.is_ascii_whitespace() || matches!(last, b'"' | b'\'' | b']'))
}

/// Where the name before a sign ends: `name =`, `"name":`, `\"name\" =>`, `["name"] =`.
fn name_end(text: &str, sign: usize) -> usize {
    let mut end = skip_back(text, sign, |letter| letter.is_ascii_whitespace());
    if before(text, end) == b']' {
        end -= 1;
    }
    if matches!(before(text, end), b'"' | b'\'') {
        end -= 1;
        if before(text, end) == b'\\' {
            end -= 1;
        }
    }
    end
}

fn value(found: &mut Found<'_>, name: &str, sign: usize, behind: usize) {
    let (text, kind) = (found.text, found.kind);
    let (from, is_compared) = match (at(text, sign), at(text, behind)) {
        (b'=', b'>') | (b':', b'=') => (behind + 1, false),
        (b'=', b'=') => (skip(text, behind, |letter| letter == b'='), true),
        (b':', b':') => return,
        (_, _) => (behind, false),
    };
    let start = skip_blanks(text, from, kind);
    let quoted = matches!(at(text, start), b'"' | b'\'' | b'\\');
    // `PASSWORD= reboot` is an empty password and a command.
    let is_empty = kind == Kind::Command && at(text, sign) == b'=' && start > from && !is_space(before(text, sign));
    // `-v secrets:/run/secrets` names a path.
    let is_path = at(text, sign) == b':' && start == behind && at(text, start) == b'/';
    if is_empty || is_path || (is_compared && !quoted) || is_another_name(text, start, kind) {
        return;
    }
    let end = value_end(text, start, kind);
    if names::may_name_a_file(name) && names_a_file(cut(text, start, end)) {
        return;
    }
    let is_one_quote =
        matches!(at(text, start), b'"' | b'\'') && closing(text, start, end).is_some_and(|close| close + 1 == end);
    if !is_one_quote {
        // Signs within belong to the value, and each would be followed to the same end.
        found.until.value = end;
    }
    found.add(start, end);
}

/// A path that is said as one: a private key is more often named by its file than written out.
pub(super) fn names_a_file(value: &str) -> bool {
    ["/", "~/", "./", "../"].into_iter().any(|start| value.starts_with(start))
}

/// Another name with a value of its own begins here: `token: password: x`.
fn is_another_name(text: &str, from: usize, kind: Kind) -> bool {
    let end = skip(text, from, is_name);
    at(text, end) == b':'
        && names::is_secret(cut(text, from, end))
        && is_space(at(text, end + 1))
        && skip_blanks(text, end + 1, kind) < text.len()
}

/// The scheme of an `Authorization` header stays, what follows does not.
fn authorization(found: &mut Found<'_>, behind: usize) {
    let (text, kind) = (found.text, found.kind);
    let start = skip(text, skip_blanks(text, behind, kind), |letter| matches!(letter, b'"' | b'\'' | b'\\'));
    let (from, end) = header_word(text, start);
    let word = cut(text, from, end);
    let next = skip(text, end, is_space);
    let (second, behind_second) = header_word(text, next);
    let follows = next > end && second < behind_second;
    if SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word)) {
        if follows {
            found.add(second, behind_second);
        }
        return;
    }
    found.add(from, end);
    if follows && word.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        found.add(second, behind_second);
    }
}

fn header_word(text: &str, from: usize) -> (usize, usize) {
    (from, skip(text, from, |letter| !letter.is_ascii_whitespace() && !matches!(letter, b'"' | b'\'' | b',' | b'\\')))
}

/// A text loses the whole header, a command the value of the first cookie, since `;` could be the shell's.
fn cookie(found: &mut Found<'_>, behind: usize) {
    let text = found.text;
    let from = skip_blanks(text, behind, found.kind);
    match found.kind {
        Kind::Text => {
            let end = skip(text, from, |letter| !matches!(letter, b'\n' | b'"' | b'\''));
            found.until.value = end;
            found.add(from, end);
        }
        Kind::Command => {
            let name = skip(text, from, is_name);
            let start = if at(text, name) == b'=' { name + 1 } else { from };
            let ends = |letter: u8| letter.is_ascii_whitespace() || matches!(letter, b';' | b'"' | b'\'' | b'&' | b'|');
            let end = skip(text, start, |letter| !ends(letter));
            found.until.value = end;
            found.add(start, end);
        }
    }
}

/// A call: `PASSWORD('…')`.
pub(super) fn as_argument(found: &mut Found<'_>, open: usize) {
    let text = found.text;
    let name = cut(text, skip_back(text, open, is_name), open);
    let quote = at(text, open + 1);
    if matches!(quote, b'"' | b'\'')
        && names::is_secret(name)
        && let Some(end) = closing(text, open + 1, text.len())
    {
        found.add(open + 1, end + 1);
    }
}

/// An element: `<password>…</password>`. In a shell these signs open files, so that is only for texts.
pub(super) fn as_element(found: &mut Found<'_>, behind: usize) {
    let text = found.text;
    let from = skip_back(text, behind, is_name);
    let end = skip(text, behind + 1, |letter| !matches!(letter, b'<' | b'\n'));
    if before(text, from) == b'<' && cut(text, end, end + 2) == "</" && names::is_secret(cut(text, from, behind)) {
        found.add(behind + 1, end);
    }
}

/// A line of `.pgpass`: `host:port:database:user:password`, port and others may be `*`.
pub(super) fn pgpass(found: &mut Found<'_>, sign: usize) {
    let text = found.text;
    if sign < found.until.value || !matches!(at(text, sign + 1), b'0'..=b'9' | b'*') {
        return;
    }
    let port = skip(text, sign + 1, |letter| letter.is_ascii_digit() || letter == b'*');
    let is_port = (sign + 5..=sign + 6).contains(&port) || cut(text, sign + 1, port) == "*";
    if !is_port || at(text, port) != b':' || !(is_name(before(text, sign)) || before(text, sign) == b'*') {
        return;
    }
    let is_field = |letter| is_name(letter) || matches!(letter, b'*' | b'$' | b'@');
    let database = skip(text, port + 1, is_field);
    let user = skip(text, database + 1, is_field);
    if at(text, database) == b':' && at(text, user) == b':' && database > port + 1 && user > database + 1 {
        let ends = |letter: u8| letter.is_ascii_whitespace() || matches!(letter, b'"' | b'\'');
        found.until.value = skip(text, user + 1, |letter| !ends(letter));
        found.add(user + 1, found.until.value);
    }
}
