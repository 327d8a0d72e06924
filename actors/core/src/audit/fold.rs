//! Values that are too long for a line: what stands there in their stead.

use serde_json::{Value, json};

use super::format::written;
use crate::id::Digest;

/// The room in a line for a name: a status, an address, a person.
pub(super) const NAME_ROOM: usize = 512;
/// The room left for a long text, once the line is too long with all of it; 512 characters of any script fit.
pub(super) const TEXT_ROOM: usize = 2304;

const HEAD_CHARS: usize = 512;

/// The value itself if it takes no more than `room` bytes in a line, otherwise its SHA-256, its length in bytes and
/// its first characters: 512, or as many halvings fewer as it takes to fit.
pub(super) fn fold(value: Value, room: usize) -> Value {
    if surely_fits(&value, room) || written(&value).len() <= room {
        return value;
    }
    let text = match value {
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let sha256 = Digest::of(text.as_bytes());
    let mut chars = HEAD_CHARS;
    loop {
        let head: String = text.chars().take(chars).collect();
        let folded = json!({"sha256": sha256, "bytes": text.len(), "head": head});
        if chars == 0 || written(&folded).len() <= room {
            return folded;
        }
        chars /= 2;
    }
}

/// No byte of a text takes more than six in a line, and most values are short: then nothing has to be written to be
/// measured.
fn surely_fits(value: &Value, room: usize) -> bool {
    value.as_str().is_some_and(|text| text.len().saturating_mul(6).saturating_add(2) <= room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head_chars(text: &str, room: usize) -> usize {
        fold(Value::from(text), room)["head"].as_str().unwrap().chars().count()
    }

    #[test]
    fn short_values_stay_and_long_ones_keep_their_head() {
        assert_eq!(fold(json!("uptime"), NAME_ROOM), json!("uptime"));
        assert_eq!(fold(json!("x".repeat(510)), NAME_ROOM), json!("x".repeat(510)));
        let long = "x".repeat(5000);
        let folded = json!({"sha256": Digest::of(long.as_bytes()), "bytes": 5000, "head": "x".repeat(512)});
        assert_eq!(fold(json!(long), TEXT_ROOM), folded);
        let list = json!([long]);
        assert_eq!(fold(list.clone(), TEXT_ROOM)["sha256"], json!(Digest::of(list.to_string().as_bytes())));
    }

    #[test]
    fn heads_have_512_characters_of_any_script_and_fewer_only_where_escapes_fill_the_room() {
        assert_eq!(head_chars(&"\u{1f600}".repeat(5000), TEXT_ROOM), 512);
        assert_eq!(head_chars(&"\0".repeat(5000), TEXT_ROOM), 256);
        assert_eq!(head_chars(&"\u{e0041}".repeat(5000), TEXT_ROOM), 128);
        for c in ["x", "日", "\0", "\u{e0041}"] {
            for room in [NAME_ROOM, TEXT_ROOM] {
                assert!(written(&fold(json!(c.repeat(5000)), room)).len() <= room);
            }
        }
    }
}
