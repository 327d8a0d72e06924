//! Fits a text into a card: what a person cannot see is made visible, what there is no room for is counted.

use crate::{redact, visible};

/// Blanks in a row that are shown as they are.
const MOST_BLANKS: usize = 12;
/// Empty lines in a row that are shown as they are.
const MOST_EMPTY_LINES: usize = 2;

/// A text of somebody else's as a card shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fitted {
    pub(super) text: String,
    /// Something in the middle is only counted.
    pub(super) is_cut: bool,
}

/// The command: secrets masked, the rest as it is.
pub(super) fn command(command: &str, allowance: usize) -> Fitted {
    excerpt(&shown(&redact::mask_command(command)), allowance)
}

/// Any other text: secrets masked.
pub(super) fn text(text: &str, allowance: usize) -> Fitted {
    excerpt(&shown(&redact::mask(text)), allowance)
}

/// The same on one line.
pub(super) fn line(text: &str, allowance: usize) -> String {
    excerpt(&visible::show_line(&squeezed(&redact::mask(text))), allowance).text
}

fn shown(text: &str) -> String {
    visible::show(&squeezed(text)).into_owned()
}

/// Writes runs of blanks and of empty lines as counts, so that nothing is pushed out of sight.
fn squeezed(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(first).len();
        let (taken, left) = rest.split_at(run);
        match first {
            ' ' | '\t' if run > MOST_BLANKS => {
                let name = if first == ' ' { "blanks" } else { "tabs" };
                result.push_str(&format!("⟨{run} {name}⟩"));
            }
            '\n' | '\r' if run > MOST_EMPTY_LINES + 1 => {
                result.push_str(&format!("\n⟨{} empty lines⟩\n", run - 1));
            }
            _ => result.push_str(taken),
        }
        rest = left;
    }
    result
}

/// Head and tail of a text that is longer than there is room for, with a count of what lies between.
fn excerpt(text: &str, allowance: usize) -> Fitted {
    if text.len() <= allowance {
        return Fitted { text: text.to_owned(), is_cut: false };
    }
    let head = text.floor_char_boundary(allowance * 2 / 3);
    let tail = text.ceil_char_boundary(text.len() - allowance / 3);
    let hidden = text.get(head..tail).unwrap_or_default();
    let (characters, lines) = (hidden.chars().count(), hidden.matches('\n').count());
    let (head, tail) = (text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default());
    let count = format!(
        "⟨… {characters} characters, {lines} line ends not shown · 省略 {characters} 个字符、{lines} 个换行 …⟩"
    );
    Fitted { text: format!("{head}\n{count}\n{tail}"), is_cut: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_what_does_not_is_counted() {
        assert_eq!(text("uptime", 6), Fitted { text: "uptime".to_owned(), is_cut: false });
        let long = format!("{}\n{}\n{}", "h".repeat(50), "m".repeat(100), "t".repeat(50));
        let Fitted { text, is_cut } = text(&long, 30);
        assert!(is_cut && text.starts_with(&"h".repeat(20)) && text.ends_with(&"t".repeat(10)), "{text}");
        assert!(text.contains("⟨… 172 characters, 2 line ends not shown · 省略 172 个字符、2 个换行 …⟩"), "{text}");
    }

    #[test]
    fn nothing_is_pushed_out_of_sight() {
        assert_eq!(text(&format!("ls{}; reboot", " ".repeat(400)), 1000).text, "ls⟨400 blanks⟩; reboot");
        assert_eq!(text(&format!("ls{}reboot", "\n".repeat(5000)), 1000).text, "ls\n⟨4999 empty lines⟩\nreboot");
        assert_eq!(text("a\n\nb   c", 1000).text, "a\n\nb   c");
        assert_eq!(text("ls \u{202e}x\u{1b}", 1000).text, "ls ⟨U+202E⟩x⟨ESC⟩");
        assert_eq!(line("a\nb", 1000), "a⏎b");
    }

    #[test]
    fn secrets_are_masked_and_characters_never_torn() {
        assert!(!command("mysql -pHunter22x -e 'select 1'", 1000).text.contains("Hunter22x"));
        for allowance in 0..40 {
            let _ = text("数据库重建索引任务数据库重建索引任务", allowance);
        }
    }
}
