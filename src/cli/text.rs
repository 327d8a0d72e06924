//! Text and the columns that it takes on a terminal.

use std::borrow::Cow;

/// The columns that a character takes.
const fn columns_of(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36F}' => 0,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1FAFF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    }
}

/// The columns that a text without line breaks takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// As much of a text as fits; `…` stands for the rest.
pub(super) fn cut(text: &str, width: Option<usize>) -> Cow<'_, str> {
    match width {
        Some(width) if columns(text) > width => Cow::Owned(format!("{}…", head(text, width.saturating_sub(1)))),
        _ => Cow::Borrowed(text),
    }
}

fn head(text: &str, width: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += columns_of(*character);
        used > width
    });
    end.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// The text with blanks up to a width.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_where_it_can_be_seen() {
        for (text, width, shown) in [
            ("reboot", Some(6), "reboot"),
            ("reboot", Some(5), "rebo…"),
            ("reboot", None, "reboot"),
            ("重启服务器", Some(10), "重启服务器"),
            ("重启服务器", Some(8), "重启服…"),
            ("e\u{301}e\u{301}", Some(2), "e\u{301}e\u{301}"),
            ("reboot", Some(0), "…"),
        ] {
            assert_eq!(cut(text, width), shown);
        }
        assert_eq!(pad("重", 4), "重  ");
        assert_eq!(pad("reboot", 4), "reboot");
    }
}
