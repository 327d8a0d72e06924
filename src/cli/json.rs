//! JSON as a terminal may be shown it: whatever a terminal obeys, or moves text by, is written `\uXXXX`. A program reads
//! the same value.

use std::borrow::Cow;
use std::fmt::Write as _;

use hermes_core::visible::Kind;
use serde::Serialize;
use serde_json::json;

/// A document on one line.
pub(super) fn line(document: impl Serialize) -> String {
    escaped(&json!(document).to_string()).into_owned()
}

/// Escapes in a JSON text what stands inside its strings; outside of them JSON is ASCII, with newlines at most.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 16), |mut safe, character| {
        if is_escaped(character) {
            // Each of them is one unit of UTF-16. Writing to a string does not fail.
            write!(safe, "\\u{:04x}", u32::from(character)).ok();
        } else {
            safe.push(character);
        }
        safe
    }))
}

const fn is_escaped(character: char) -> bool {
    matches!(Kind::of(character), Some(Kind::Control | Kind::Bidi)) || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_terminal_is_shown_nothing_that_it_obeys_and_a_program_reads_the_same() {
        let telling = |character: &char| {
            character.is_control()
                || matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{61C}')
        };
        let all: String = ('\0'..='\u{FFFF}').chain(['\u{1F600}', '\u{E0041}']).collect();
        let document = json!({"command": all, all.clone(): [1, null]});
        let line = line(&document);
        assert_eq!(line.chars().find(telling), None);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), document);
        assert_eq!(super::line("\u{9b}2J \u{202e}重启\u{3000}\n"), r#""\u009b2J \u202e重启　\n""#);
        let pretty = format!("{document:#}");
        assert_eq!(serde_json::from_str::<Value>(&escaped(&pretty)).unwrap(), document);
        assert!(escaped(&pretty).lines().count() > 1, "its own line breaks stay");
    }
}
