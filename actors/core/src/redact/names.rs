//! Names whose value is a secret.

/// Wherever such a word ends a name (`FEISHU_APP_SECRET`).
const ENDINGS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "_pwd",
    "_pass",
    "_auth",
    "密码",
    "口令",
    "密钥",
    "令牌",
];

/// Whole names, and what follows the last `.` or `-` of one.
const WHOLE: &[&str] = &["pwd", "pass", "pw", "psk", "pgpassword", "sshpass", "requirepass", "masterauth"];

/// What comes before `key`, `keys` or `key_base`.
const KEYS: &[&str] = &[
    "api",
    "access",
    "private",
    "secret",
    "server",
    "auth",
    "encrypt",
    "encryption",
    "signing",
    "master",
    "account",
    "subscription",
];

/// A flag that begins so takes no secret: it asks for one, makes one, or has none.
const VERBS: &[&str] = &[
    "ask", "prompt", "no", "show", "print", "gen", "generate", "random", "reset", "require", "skip", "with", "use",
    "enable", "disable", "allow", "without", "read",
];

/// Whether a name (letters, digits, `_`, `.`, `-`) says that its value is a secret. Upper and lower case are the same.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).as_bytes();
    let [.., before, last] = name else { return false };
    // The last two letters tell most names apart.
    match (before.to_ascii_lowercase(), last.to_ascii_lowercase()) {
        (b'e', b'y') | (b'y', b's') => is_key(name),
        (b's', b'e') => is_key(name) || is_listed(name),
        (b'r' | b'w', b'd') | (b'd', b'e') | (b'e', b't' | b'n') | (b'a', b'l') | (b's' | b'd' | b't' | b'l', b's') => {
            is_listed(name)
        }
        (b't', b'h') | (b's', b'k') | (b'p', b'w') | (_, 128..) => is_listed(name),
        (_, _) => false,
    }
}

/// Whether a byte may be the last of such a name, digits apart, or of a header's.
pub(super) const fn may_end(letter: u8) -> bool {
    letter >= 128
        || matches!(letter.to_ascii_lowercase(), b'y' | b's' | b'e' | b'd' | b't' | b'n' | b'l' | b'h' | b'k' | b'w')
}

/// Whether the value of this member of a document is a secret.
pub(super) fn is_secret_member(name: &str) -> bool {
    is_secret(name) || is_authorization(name) || is_cookie(name)
}

pub(super) fn is_authorization(name: &str) -> bool {
    ends_with(name.as_bytes(), "authorization")
}

pub(super) fn is_cookie(name: &str) -> bool {
    ["cookie", "set-cookie"].into_iter().any(|cookie| name.eq_ignore_ascii_case(cookie))
}

/// Whether a flag (without its dashes) is followed by a secret.
pub(super) fn is_secret_flag(flag: &str) -> bool {
    let verb = flag.split(['-', '_']).next().unwrap_or_default();
    is_secret(flag) && !(verb.len() < flag.len() && VERBS.contains(&verb))
}

/// Whether this is the shell's own variable for the folder it is in. In the string of a connection it is a password:
/// `UID=sa;PWD=…`.
pub(super) fn is_working_folder(name: &str) -> bool {
    name == "PWD"
}

/// Whether such a value may as well be the name of a file.
pub(super) fn may_name_a_file(name: &str) -> bool {
    let name = name.as_bytes();
    is_key(name) || ends_with(name, "credential") || ends_with(name, "credentials")
}

fn is_listed(name: &[u8]) -> bool {
    let last = name.rsplit(|letter| matches!(letter, b'.' | b'-')).next().unwrap_or_default();
    ENDINGS.iter().any(|ending| ends_with(name, ending))
        || WHOLE.iter().any(|whole| last.eq_ignore_ascii_case(whole.as_bytes()))
}

fn is_key(name: &[u8]) -> bool {
    let before = ["key", "keys", "key_base"].into_iter().find_map(|key| without(name, key)).unwrap_or_default();
    let before = before.strip_suffix(b"_").or_else(|| before.strip_suffix(b"-")).unwrap_or(before);
    KEYS.iter().any(|key| ends_with(before, key))
}

fn ends_with(name: &[u8], ending: &str) -> bool {
    without(name, ending).is_some()
}

fn without<'a>(name: &'a [u8], ending: &str) -> Option<&'a [u8]> {
    let (before, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
    end.eq_ignore_ascii_case(ending.as_bytes()).then_some(before)
}
