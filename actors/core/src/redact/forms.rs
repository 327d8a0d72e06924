//! Secrets that are known by their own form, wherever they stand.

use super::{
    Found,
    scan::{at, cut, is_word, skip},
};

/// What such a secret is made of.
#[derive(Clone, Copy)]
enum Made {
    /// Letters, digits, `_`, `-`.
    Name,
    /// Letters, digits, `_`, `-`, `.`, and signs of Base64.
    Header,
    /// Letters and digits with a digit among them: anything else is a word.
    Mixed,
    /// As `Header`, of the length or marks that Basic has.
    Basic,
    /// A JSON web token.
    Jwt,
    /// The rest of a path.
    Path,
    /// A hash of a password, such as `/etc/shadow` has.
    Crypt,
}

/// The beginning, which is public and stays; what follows; how many bytes of it at least. A beginning that ends with a blank is a word of a header, in upper or lower case.
const FORMS: &[(&str, Made, usize)] = &[
    ("sk-", Made::Name, 16),
    ("sk_live_", Made::Name, 16),
    ("sk_test_", Made::Name, 16),
    ("rk_live_", Made::Name, 16),
    ("rk_test_", Made::Name, 16),
    ("whsec_", Made::Name, 16),
    ("ghp_", Made::Name, 10),
    ("gho_", Made::Name, 10),
    ("ghr_", Made::Name, 10),
    ("ghs_", Made::Name, 10),
    ("ghu_", Made::Name, 10),
    ("github_pat_", Made::Name, 10),
    ("glpat-", Made::Name, 10),
    ("gldt-", Made::Name, 10),
    ("glrt-", Made::Name, 10),
    ("npm_", Made::Name, 10),
    ("pypi-", Made::Name, 32),
    ("hf_", Made::Name, 10),
    ("dop_v1_", Made::Name, 10),
    ("dckr_pat_", Made::Name, 10),
    ("xapp-", Made::Name, 10),
    ("hvs.", Made::Name, 20),
    ("hvb.", Made::Name, 20),
    ("hk_", Made::Name, 20),
    ("AKIA", Made::Mixed, 16),
    ("ASIA", Made::Mixed, 16),
    ("AIza", Made::Name, 30),
    ("ya29.", Made::Name, 20),
    ("GOCSPX-", Made::Name, 20),
    ("AGE-SECRET-KEY-1", Made::Name, 20),
    ("SG.", Made::Header, 40),
    ("eyJ", Made::Jwt, 11),
    // What Feishu calls a tenant's, a user's and an app's access token.
    ("t-", Made::Mixed, 20),
    ("u-", Made::Mixed, 20),
    ("a-", Made::Mixed, 20),
    ("bearer ", Made::Header, 8),
    ("basic ", Made::Basic, 4),
    ("hooks.slack.com/services/", Made::Path, 1),
    ("hooks.slack.com/workflows/", Made::Path, 1),
    ("discord.com/api/webhooks/", Made::Path, 1),
    ("discordapp.com/api/webhooks/", Made::Path, 1),
    ("api.telegram.org/bot", Made::Path, 1),
    ("webhook.office.com/webhookb2/", Made::Path, 1),
    ("/open-apis/bot/v2/hook/", Made::Path, 1),
    ("/open-apis/bot/hook/", Made::Path, 1),
    ("/cgi-bin/webhook/send?key=", Made::Path, 1),
    ("$1$", Made::Crypt, 20),
    ("$2a$", Made::Crypt, 20),
    ("$2b$", Made::Crypt, 20),
    ("$2y$", Made::Crypt, 20),
    ("$5$", Made::Crypt, 20),
    ("$6$", Made::Crypt, 20),
    ("$y$", Made::Crypt, 20),
    ("$argon2id$", Made::Crypt, 20),
];

/// For each byte of ASCII, which of the forms have it first, and which second, as bits.
const STARTS: [u64; 128] = letters(0);
const SECONDS: [u64; 128] = letters(1);

#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a wrong index")]
const fn letters(place: usize) -> [u64; 128] {
    let mut starts = [0; 128];
    let mut form = 0;
    while form < FORMS.len() {
        let first = FORMS[form].0.as_bytes()[place];
        starts[first as usize] |= 1 << form;
        // A word of a header has no case.
        if FORMS[form].0.as_bytes()[FORMS[form].0.len() - 1] == b' ' {
            starts[first.to_ascii_uppercase() as usize] |= 1 << form;
        }
        form += 1;
    }
    starts
}

/// For each first letter of a form the second ones, as bits.
#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a wrong index")]
pub(super) const fn beginnings() -> [u64; 128] {
    let mut seconds = [0; 128];
    let mut form = 0;
    while form < FORMS.len() {
        let letters = FORMS[form].0.as_bytes();
        let (first, second) = (letters[0], letters[1]);
        let bits = 1 << (second % 64) | 1 << (second.to_ascii_uppercase() % 64);
        seconds[first as usize] |= bits;
        seconds[first.to_ascii_uppercase() as usize] |= bits;
        form += 1;
    }
    // Slack's are apart.
    seconds[b'x' as usize] |= 1 << (b'o' % 64);
    seconds
}

/// Finds a secret of a known form that begins here.
pub(super) fn token(found: &mut Found<'_>, place: usize) {
    if place < found.until.form {
        return;
    }
    let (first, second) = (at(found.text, place), at(found.text, place + 1));
    let bits = |table: &[u64; 128], letter: u8| table.get(usize::from(letter)).copied().unwrap_or(0);
    let mut which = bits(&STARTS, first) & bits(&SECONDS, second);
    while which != 0 {
        let form = FORMS.get(which.trailing_zeros() as usize);
        which &= which - 1;
        if let Some((from, to)) = form.and_then(|form| place_of(found, place, form)) {
            found.until.form = to;
            found.add(from, to);
            return;
        }
    }
    if first == b'x' && second == b'o' {
        slack(found, place);
    }
}

fn place_of(found: &mut Found<'_>, place: usize, (start, made, least): &(&str, Made, usize)) -> Option<(usize, usize)> {
    let text = found.text;
    let from = behind(text, place, start)?;
    let is_token = matches!(made, Made::Jwt);
    if is_token && place < found.until.token {
        // What is no token from the beginning of a run is none from the middle of it either.
        return None;
    }
    let to = match made {
        Made::Name => skip(text, from, is_name),
        Made::Mixed => skip(text, from, |letter| letter.is_ascii_alphanumeric()),
        Made::Header | Made::Basic => skip(text, from, is_header),
        Made::Jwt => skip(text, from, |letter| is_name(letter) || letter == b'.'),
        Made::Path => skip(text, from, |letter| is_name(letter) || matches!(letter, b'/' | b'.' | b'@' | b':')),
        Made::Crypt => skip(text, from, |letter| is_header(letter) || matches!(letter, b'$' | b',')),
    };
    let secret = cut(text, from, to);
    if is_token {
        found.until.token = to;
    }
    (secret.len() >= *least && fits(secret, *made, at(text, to))).then_some((from, to))
}

fn behind(text: &str, place: usize, start: &str) -> Option<usize> {
    let from = place + start.len();
    let head = text.as_bytes().get(place..from)?;
    match start.strip_suffix(' ') {
        None => (head == start.as_bytes()).then_some(from),
        Some(word) => {
            let (name, blank) = head.split_at_checked(word.len())?;
            let is_same = name.eq_ignore_ascii_case(word.as_bytes()) && blank.iter().all(u8::is_ascii_whitespace);
            is_same.then(|| skip(text, from, |letter| letter.is_ascii_whitespace()))
        }
    }
}

fn fits(secret: &str, made: Made, next: u8) -> bool {
    let has_digit = || secret.bytes().any(|letter| letter.is_ascii_digit());
    match made {
        Made::Mixed => has_digit() && !is_word(next) && next != b'-',
        Made::Basic => secret.len() >= 12 || secret.ends_with('='),
        Made::Jwt => secret.split('.').take(2).filter(|part| part.len() >= 5).count() == 2,
        Made::Name | Made::Header | Made::Path | Made::Crypt => true,
    }
}

/// Slack's tokens have a letter of their kind: `xoxb-…`.
fn slack(found: &mut Found<'_>, place: usize) {
    let text = found.text;
    let is_one =
        cut(text, place, place + 3) == "xox" && at(text, place + 3).is_ascii_lowercase() && at(text, place + 4) == b'-';
    let to = skip(text, place + 5, is_name);
    if is_one && to >= place + 15 {
        found.until.form = to;
        found.add(place + 5, to);
    }
}

/// Finds a private key that begins here, up to its end or the text's.
pub(super) fn private_key(found: &mut Found<'_>, place: usize) {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let text = found.text;
    if place < found.until.key {
        return;
    }
    let rest = cut(text, place, text.len());
    let Some(label) = rest.strip_prefix(BEGIN) else { return };
    let Some((label, body)) = label.split_once("-----") else { return };
    let is_label = label.bytes().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b' ');
    if is_label && label.contains("PRIVATE KEY") {
        let from = text.len() - body.len();
        found.until.key = body.find(END).map_or(text.len(), |end| from + end);
        found.add(from, found.until.key);
    }
}

const fn is_name(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-')
}

const fn is_header(letter: u8) -> bool {
    is_name(letter) || matches!(letter, b'.' | b'~' | b'+' | b'/' | b':' | b'=')
}
