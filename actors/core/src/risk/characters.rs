//! Characters in a command that a person cannot see, or takes for others.

use super::{Level, Text};
use crate::visible::{self, Kind};

/// One finding about characters.
pub(super) struct Found {
    pub(super) label: &'static str,
    pub(super) level: Level,
    pub(super) span: [usize; 2],
    pub(super) why: Text,
}

/// One finding for what terminals obey or draw in another order, one for what is merely not seen, one for words that
/// mix alphabets.
pub(super) fn findings(command: &str) -> Vec<Found> {
    [hidden(command, Gravity::Grave), hidden(command, Gravity::Slight), mixed(command)].into_iter().flatten().collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gravity {
    Grave,
    Slight,
}

const fn gravity(kind: Kind) -> Gravity {
    match kind {
        Kind::Bidi | Kind::Control => Gravity::Grave,
        Kind::Invisible | Kind::Blank => Gravity::Slight,
    }
}

fn hidden(command: &str, which: Gravity) -> Option<Found> {
    let mut places = visible::hidden(command).filter(|(_, _, kind)| gravity(*kind) == which);
    let (at, character, _) = places.next()?;
    let (count, name) = (places.count() + 1, visible::name(character));
    let (label, level, one, en, zh) = match which {
        Gravity::Grave => (
            "obfuscated_execution",
            Level::High,
            "controls the terminal or the direction of the text",
            "control the terminal or the direction of the text",
            "会控制终端或改变文字方向",
        ),
        Gravity::Slight => ("hidden_characters", Level::Medium, "cannot be seen", "cannot be seen", "不可见"),
    };
    let why = Text::new(
        match count {
            1 => format!("Holds a character that {one}: ⟨{name}⟩."),
            _ => format!("Holds {count} characters that {en}, first ⟨{name}⟩."),
        },
        format!("含有 {count} 个{zh}的字符，第一个是 ⟨{name}⟩。"),
    );
    Some(Found { label, level, span: [at, at + character.len_utf8()], why })
}

/// A word of Latin letters with a Cyrillic, Greek or full-width one among them is read as something that it is not.
fn mixed(command: &str) -> Option<Found> {
    let mut start = 0;
    for word in command.split_inclusive(|letter: char| !letter.is_alphanumeric()) {
        let latin = word.contains(|letter: char| letter.is_ascii_alphabetic());
        let stranger = word.char_indices().find(|(_, letter)| is_double(*letter));
        if let Some((at, letter)) = stranger.filter(|_| latin) {
            let name = visible::name(letter);
            let why = Text::new(
                format!("A word mixes alphabets: {name} is drawn like a Latin letter."),
                format!("一个词混用了不同的文字：{name} 看起来像拉丁字母。"),
            );
            let span = [start + at, start + at + letter.len_utf8()];
            return Some(Found { label: "hidden_characters", level: Level::Medium, span, why });
        }
        start += word.len();
    }
    None
}

/// Letters of other alphabets that have a double among the Latin ones.
const fn is_double(letter: char) -> bool {
    matches!(letter, '\u{370}'..='\u{3FF}' | '\u{400}'..='\u{52F}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' | '\u{1D400}'..='\u{1D7FF}')
}
