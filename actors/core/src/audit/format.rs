//! The form of a line, held by the writer and demanded by the reader.

use std::{fmt, slice, str};

use serde::Serialize;
use serde::de::{self, Deserializer as _, IgnoredAny};

use super::fault::{Fault, FaultKind, excerpt};
use crate::id::Seq;

/// The most bytes a line has, without its newline.
pub const MAX_LINE: usize = 16 * 1024;

/// Every key a line of version 1 may have, in the order they stand; from `timestamp` on, those of older readers.
pub(super) const KEYS: [&str; 24] = [
    "v",
    "seq",
    "ts",
    "kind",
    "task_id",
    "revision",
    "actor",
    "via",
    "from",
    "to",
    "cmd_sha",
    "data",
    "timestamp",
    "unix_ts",
    "action",
    "status",
    "command",
    "description",
    "source_ip",
    "risk_level",
    "risk_labels",
    "operator_open_id",
    "operator_name",
    "prev",
];

pub(super) const START: &str = r#"{"v":1,"seq":"#;
pub(super) const PREV: &str = r#","prev":""#;
pub(super) const END: &str = r#""}"#;

/// The most bytes between the number of a line and the hash before it: a number has up to 20 digits, and a comma after it.
pub(super) const MAX_DRAFT: usize = MAX_LINE - START.len() - 21 - PREV.len() - 64 - END.len();

/// Writes a value the way lines have it: compact JSON in which nothing hides or moves other text.
pub(super) fn written(value: &(impl Serialize + ?Sized)) -> String {
    // What is written here has texts for keys and so cannot fail.
    let json = serde_json::to_string(value).unwrap_or_default();
    if is_plain(json.as_bytes()) {
        return json;
    }
    let mut text = String::with_capacity(json.len());
    // Outside of its strings JSON is ASCII without controls, so whatever is escaped here stands inside one.
    for c in json.chars() {
        if is_escaped(c) {
            let mut units = [0; 2];
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text
}

/// Whether there is nothing but printable ASCII, as in most lines. Without an early exit the compiler can look at many
/// bytes at once.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
}

/// Whether lines hold this character only escaped, `\u` and four hex digits. The set belongs to version 1: widening it would condemn lines
/// that were right when they were written.
fn is_escaped(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// What a line says about its place in the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) seq: Seq,
    /// The hash of the line before, as its 64 lower-case hex digits: to write the expected ones is quicker than to read
    /// these.
    pub(super) prev: &'a str,
}

/// Checks all of a line that can be checked without its neighbours, and gives its place.
pub(super) fn place(line: &[u8]) -> Result<Place<'_>, Fault> {
    if line.is_empty() {
        return Err(Fault::new(FaultKind::Blank, "an audit line", "nothing"));
    }
    if line.len() > MAX_LINE {
        return Err(too_long());
    }
    let text = visible_text(line)?;
    let wrong = |what, expected: &str, found: &[u8]| Fault::new(what, expected, excerpt(found));
    let seq = number(text).ok_or_else(|| wrong(FaultKind::WrongStart, "{\"v\":1,\"seq\":<number>,", line))?;
    let placed = |fault: Fault| Fault { seq: Some(seq), ..fault };
    keys_in_order(text).map_err(placed)?;
    let tail = line.get(line.len().saturating_sub(80)..).unwrap_or(line);
    let prev = prev(text).ok_or_else(|| placed(wrong(FaultKind::WrongEnd, ",\"prev\":\"<64 hex digits>\"}", tail)))?;
    Ok(Place { seq, prev })
}

pub(super) fn too_long() -> Fault {
    Fault::new(FaultKind::TooLong, format!("at most {MAX_LINE} bytes"), "more")
}

fn visible_text(line: &[u8]) -> Result<&str, Fault> {
    let text = str::from_utf8(line).map_err(|e| {
        let rest = line.get(e.valid_up_to()..).unwrap_or_default();
        Fault::new(FaultKind::NotUtf8, "UTF-8", excerpt(rest))
    })?;
    if is_plain(line) {
        return Ok(text);
    }
    match text.chars().find(|c| is_escaped(*c)) {
        Some(c) => Err(Fault::new(FaultKind::RawControl, "an escaped character", format!("U+{:04X}", u32::from(c)))),
        None => Ok(text),
    }
}

fn number(text: &str) -> Option<Seq> {
    let (digits, _) = text.strip_prefix(START)?.split_once(',')?;
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| canonical).map(Seq)
}

/// Upper-case digits name the same hash in other bytes, so only lower case will do.
pub(super) fn prev(text: &str) -> Option<&str> {
    let body = text.strip_suffix(END)?;
    let (rest, hex) = body.split_at_checked(body.len().checked_sub(64)?)?;
    let lower = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (lower && rest.ends_with(PREV)).then_some(hex)
}

fn keys_in_order(text: &str) -> Result<(), Fault> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Keys).and_then(|()| json.end()).map_err(|e| {
        let (what, expected) = if e.is_data() {
            (FaultKind::WrongKeys, "the known keys, each once, in their order")
        } else {
            (FaultKind::NotJson, "one JSON object")
        };
        Fault::new(what, expected, excerpt(e.to_string().as_bytes()))
    })
}

/// Walks through an object whose keys are some of [`KEYS`] in their order, and so are also unique.
struct Keys;

impl<'de> de::Visitor<'de> for Keys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut ahead = KEYS.iter();
        while map.next_key_seed(NextKey(&mut ahead))?.is_some() {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Moves the keys still ahead past the one that is read.
struct NextKey<'a>(&'a mut slice::Iter<'static, &'static str>);

impl<'de> de::DeserializeSeed<'de> for NextKey<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_str(self)
    }
}

impl de::Visitor<'_> for NextKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<(), E> {
        if self.0.any(|known| *known == key) { Ok(()) } else { Err(E::custom(format_args!("{key:?}"))) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    fn fault(line: impl AsRef<[u8]>) -> FaultKind {
        place(line.as_ref()).unwrap_err().what
    }

    #[test]
    fn a_line_tells_its_place() {
        let line = format!(r#"{{"v":1,"seq":7,"kind":"x","prev":"{ZEROS}"}}"#);
        assert_eq!(place(line.as_bytes()), Ok(Place { seq: Seq(7), prev: ZEROS }));
    }

    #[test]
    fn every_other_form_is_a_fault() {
        let end = format!(r#","prev":"{ZEROS}"}}"#);
        let upper = "A".repeat(64);
        let table = [
            (String::new(), FaultKind::Blank),
            (" ".into(), FaultKind::WrongStart),
            ("null".into(), FaultKind::WrongStart),
            (format!(r#"{{"v":2,"seq":1{end}"#), FaultKind::WrongStart),
            (format!(r#"{{"v":1,"seq":0{end}"#), FaultKind::WrongStart),
            (format!(r#"{{"v":1,"seq":01{end}"#), FaultKind::WrongStart),
            (format!(r#"{{"v":1,"seq":+1{end}"#), FaultKind::WrongStart),
            (format!(r#"{{"v":1,"seq":1.0{end}"#), FaultKind::WrongStart),
            (format!(r#"{{"v":1,"seq":18446744073709551616{end}"#), FaultKind::WrongStart),
            (format!(r#" {{"v":1,"seq":1{end}"#), FaultKind::WrongStart),
            (format!(r#"{{"v":1,"seq":1{end}{end}"#), FaultKind::NotJson),
            (format!(r#"{{"v":1,"seq":1,"kind":}}{end}"#), FaultKind::NotJson),
            (format!(r#"{{"v":1,"seq":1,"kind":"a"b"{end}"#), FaultKind::NotJson),
            (format!(r#"{{"v":1,"seq":1{end} "#), FaultKind::WrongEnd),
            (format!(r#"{{"v":1,"seq":1,"prev":"{upper}"}}"#), FaultKind::WrongEnd),
            (r#"{"v":1,"seq":1,"kind":"x"}"#.into(), FaultKind::WrongEnd),
            (format!(r#"{{"v":1,"seq":1,"seq":2{end}"#), FaultKind::WrongKeys),
            (format!(r#"{{"v":1,"seq":1,"kind":"a","kind":"a"{end}"#), FaultKind::WrongKeys),
            (format!(r#"{{"v":1,"seq":1,"kind":"a","k\u0069nd":"a"{end}"#), FaultKind::WrongKeys),
            (format!(r#"{{"v":1,"seq":1,"prev":""{end}"#), FaultKind::WrongKeys),
            (format!(r#"{{"v":1,"seq":1,"kind":"a","ts":"a"{end}"#), FaultKind::WrongKeys),
            (format!(r#"{{"v":1,"seq":1,"other":1{end}"#), FaultKind::WrongKeys),
            (format!("{{\"v\":1,\"seq\":1{end}\r"), FaultKind::RawControl),
            (format!("{{\"v\":1,\"seq\":1,\t\"kind\":\"a\"{end}"), FaultKind::RawControl),
            (format!("{{\"v\":1,\"seq\":1,\"kind\":\"\x7f\"{end}"), FaultKind::RawControl),
            (format!("{{\"v\":1,\"seq\":1,\"kind\":\"\u{85}\"{end}"), FaultKind::RawControl),
            (format!("{{\"v\":1,\"seq\":1,\"kind\":\"é\u{202e}\"{end}"), FaultKind::RawControl),
            (format!(r#"{{"v":1,"seq":1,"kind":"{}"{end}"#, "x".repeat(MAX_LINE)), FaultKind::TooLong),
        ];
        for (line, what) in table {
            assert_eq!(fault(&line), what, "{line}");
        }
        assert_eq!(fault(b"{\"v\":1,\"seq\":1,\"kind\":\"\xff\"}"), FaultKind::NotUtf8);
    }

    #[test]
    fn what_hides_or_moves_text_is_written_escaped() {
        let table = [
            ("\u{7f}\u{85}\u{9b}", r#""\u007f\u0085\u009b""#),
            ("a\u{2028}b\u{2029}", r#""a\u2028b\u2029""#),
            ("\u{202e}\u{2066}\u{feff}\u{61c}", r#""\u202e\u2066\ufeff\u061c""#),
            ("\u{e0041}", r#""\udb40\udc41""#),
            ("\0\u{1b}\n", r#""\u0000\u001b\n""#),
            ("日本 é 😀", "\"日本 é 😀\""),
        ];
        for (text, json) in table {
            assert_eq!(written(&Value::from(text)), json);
            assert_eq!(serde_json::from_str::<String>(json).unwrap(), text);
        }
    }
}
