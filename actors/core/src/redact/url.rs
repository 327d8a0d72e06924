//! What a URL says before its host: `scheme://user:secret@host`, `https://token@host`.

use super::{
    Found, Kind,
    scan::{at, cut, is_name, skip, skip_back},
};

/// Looks at the `://` of a URL. In a command all that a program might take for the host stays in view.
pub(super) fn user_info(found: &mut Found<'_>, sign: usize) {
    let text = found.text;
    let scheme = cut(text, skip_back(text, sign, |letter| is_name(letter) || letter == b'+'), sign);
    let from = sign + 3;
    let end = skip(text, from, |letter| !ends_authority(letter, found.kind));
    let authority = cut(text, from, end);
    let sign = match found.kind {
        Kind::Text => authority.rfind('@'),
        Kind::Command => authority.find('@'),
    };
    let Some(at_sign) = sign.filter(|_| !scheme.is_empty()) else { return };
    let user_info = cut(authority, 0, at_sign);
    match user_info.find(':') {
        Some(colon) => found.add(from + colon + 1, from + at_sign),
        None if is_token(scheme, user_info) => found.add(from, from + at_sign),
        None => {}
    }
}

const fn ends_authority(letter: u8, kind: Kind) -> bool {
    let ends = letter.is_ascii_whitespace() || matches!(letter, b'/' | b'"' | b'\'' | b'<' | b'>');
    match kind {
        Kind::Text => ends,
        Kind::Command => ends || matches!(letter, b'?' | b'#' | b'\\'),
    }
}

/// A lone user of a web address is a token unless it reads like somebody's name.
fn is_token(scheme: &str, user: &str) -> bool {
    let is_web = ["http", "https", "git+https", "git+http"].iter().any(|web| web.eq_ignore_ascii_case(scheme));
    let has_digit = user.bytes().any(|letter| letter.is_ascii_digit());
    is_web && (user.len() >= 20 || (user.len() >= 8 && has_digit)) && at(user, 0) != b'$'
}
