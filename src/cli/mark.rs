//! Shows a place in a command: its line, and ^^^^ below the place.

use hermes_core::visible;

use super::text::columns;

/// The line with the place, hidden characters made visible, and the line of marks that goes below it. None if the span
/// is empty or is no place in the text. A long line is cut around the place, with `…` where something is left out.
pub(super) fn mark(text: &str, span: [usize; 2], width: Option<usize>) -> Option<[String; 2]> {
    let [from, to] = span;
    let (before, rest) = text.split_at_checked(from).filter(|_| from < to)?;
    text.get(from..to)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = rest.find('\n').map_or(text.len(), |at| from + at);
    // A place that goes on over more lines is marked up to the end of its first.
    let inside = visible::show_line(text.get(from..to.min(end))?);
    let (left, right) = (visible::show_line(text.get(start..from)?), visible::show_line(text.get(to.min(end)..end)?));
    let (left, inside, right) = fit(&left, &inside, &right, width.unwrap_or(usize::MAX));
    let marks = format!("{}{}", " ".repeat(columns(&left)), "^".repeat(columns(&inside).max(1)));
    Some([format!("{left}{inside}{right}"), marks])
}

/// Cuts the parts of a line so that together they fit: first what comes after, then what comes before.
fn fit(left: &str, inside: &str, right: &str, width: usize) -> (String, String, String) {
    let room = width.saturating_sub(columns(left) + columns(inside));
    let right = super::text::cut(right, Some(room.max(1)));
    let room = width.saturating_sub(columns(inside) + columns(&right));
    let left = cut_start(left, room);
    let inside = super::text::cut(inside, Some(width.saturating_sub(columns(&left) + columns(&right)).max(1)));
    (left, inside.into_owned(), right.into_owned())
}

/// As much of the end of a text as fits; `…` stands for the rest.
fn cut_start(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let tail = text.char_indices().map(|(at, _)| text.get(at..).unwrap_or_default());
    let tail = tail.into_iter().find(|tail| columns(tail) < width).unwrap_or_default();
    format!("…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, span: [usize; 2], width: usize) -> Option<String> {
        mark(text, span, Some(width)).map(|[line, marks]| format!("{line}\n{marks}"))
    }

    #[test]
    fn the_place_is_marked_below() {
        assert_eq!(marked("ls; rm -rf /", [4, 12], 80).unwrap(), "ls; rm -rf /\n    ^^^^^^^^");
        assert_eq!(marked("ls\nrm -rf /\nid", [3, 5], 80).unwrap(), "rm -rf /\n^^");
        assert_eq!(marked("a\nbc\nd", [2, 6], 80).unwrap(), "bc\n^^", "only the first of several lines");
        assert_eq!(marked("echo 重启; rm x", [13, 15], 80).unwrap(), "echo 重启; rm x\n           ^^");
    }

    #[test]
    fn hidden_characters_count_as_they_are_shown() {
        assert_eq!(marked("a\u{202e}b", [1, 4], 80).unwrap(), "a⟨U+202E⟩b\n ^^^^^^^^");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}rm{}", "a".repeat(50), "b".repeat(50));
        let shown = marked(&text, [50, 52], 10).unwrap();
        assert_eq!(shown, "…aaaaaarm…\n       ^^");
        let inside = marked(&text, [0, 102], 10).unwrap();
        assert_eq!(inside, "aaaaaaaaa…\n^^^^^^^^^^");
    }

    #[test]
    fn what_is_no_place_is_not_marked() {
        for span in [[0, 0], [3, 2], [0, 99], [99, 100], [1, 2]] {
            assert_eq!(marked("é!", span, 80), None, "{span:?}");
        }
    }
}
