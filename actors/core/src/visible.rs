//! Makes the characters visible that a person cannot see, or that change what he sees.
//!
//! One function for cards, dashboard, terminal and logs. It only shows: the stored bytes and their digest stay as given.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// Why a character is not what it seems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Changes the order in which the text around it is drawn.
    Bidi,
    /// A control code other than newline and tab; a terminal obeys it instead of drawing it.
    Control,
    /// Drawn as nothing at all.
    Invisible,
    /// Drawn as a blank, or as a line break, without being U+0020 or a newline.
    Blank,
}

impl Kind {
    /// Tells what kind of hidden character this is; `None` for one that is what it seems.
    pub const fn of(character: char) -> Option<Self> {
        match character {
            '\n' | '\t' => None,
            '\u{0}'..='\u{1F}' | '\u{7F}'..='\u{9F}' => Some(Self::Control),
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Some(Self::Bidi),
            '\u{A0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200A}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202F}'
            | '\u{205F}'
            | '\u{2800}'
            | '\u{3000}' => Some(Self::Blank),
            '\u{AD}'
            | '\u{34F}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200D}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{16FE4}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D159}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}' => Some(Self::Invisible),
            _ => None,
        }
    }
}

/// Lists the hidden characters of a text: byte offset, character, kind.
pub fn hidden(text: &str) -> impl Iterator<Item = (usize, char, Kind)> {
    text.char_indices().filter_map(|(at, character)| Kind::of(character).map(|kind| (at, character, kind)))
}

/// Writes hidden characters as `⟨U+202E⟩` or by name as `⟨ESC⟩`; newline and tab stay.
pub fn show(text: &str) -> Cow<'_, str> {
    if hidden(text).next().is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 16), |mut shown, character| {
        push_shown(&mut shown, character);
        shown
    }))
}

/// Does what [`show`] does, and keeps the text on one line: newline becomes `⏎`, tab becomes `⇥`.
pub fn show_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\t']) {
        return show(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 16), |mut shown, character| {
        match character {
            '\n' => shown.push('⏎'),
            '\t' => shown.push('⇥'),
            other => push_shown(&mut shown, other),
        }
        shown
    }))
}

/// Names one character the way [`show`] writes it, without the brackets.
pub fn name(character: char) -> String {
    match control_name(character) {
        Some(name) => name.to_owned(),
        None => format!("U+{:04X}", u32::from(character)),
    }
}

fn push_shown(shown: &mut String, character: char) {
    if Kind::of(character).is_none() {
        shown.push(character);
        return;
    }
    shown.push('⟨');
    shown.push_str(&name(character));
    shown.push('⟩');
}

fn control_name(character: char) -> Option<&'static str> {
    const NAMES: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI", "DLE",
        "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
    ];
    match character {
        '\u{7F}' => Some("DEL"),
        other => NAMES.get(usize::try_from(u32::from(other)).ok()?).copied(),
    }
}
