use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

#[test]
fn plain_text_is_borrowed() {
    for text in ["", "ls -la", "a\n\tb", "重启服务", "naïve café", "⟨x⟩ 🙂"] {
        assert!(matches!(show(text), Cow::Borrowed(shown) if shown == text), "{text:?}");
    }
}

#[test]
fn hidden_characters_are_named() {
    let table = [
        ("a\u{202E}b", "a⟨U+202E⟩b"),
        ("\u{1B}[2K", "⟨ESC⟩[2K"),
        ("a\rb", "a⟨CR⟩b"),
        ("\0", "⟨NUL⟩"),
        ("a\u{8}", "a⟨BS⟩"),
        ("\u{7F}", "⟨DEL⟩"),
        ("\u{85}\u{9B}", "⟨U+0085⟩⟨U+009B⟩"),
        ("r\u{200B}m", "r⟨U+200B⟩m"),
        ("\u{FEFF}x", "⟨U+FEFF⟩x"),
        ("a\u{A0}b\u{3000}", "a⟨U+00A0⟩b⟨U+3000⟩"),
        ("\u{2028}\u{2029}", "⟨U+2028⟩⟨U+2029⟩"),
        ("\u{3164}\u{115F}\u{FFA0}", "⟨U+3164⟩⟨U+115F⟩⟨U+FFA0⟩"),
        ("\u{2800}\u{AD}\u{34F}\u{FE0F}", "⟨U+2800⟩⟨U+00AD⟩⟨U+034F⟩⟨U+FE0F⟩"),
        ("\u{E0100}\u{1D173}\u{E0041}", "⟨U+E0100⟩⟨U+1D173⟩⟨U+E0041⟩"),
    ];
    for (text, shown) in table {
        assert_eq!(show(text), shown);
    }
}

#[test]
fn one_line_stays_one_line() {
    assert_eq!(show_line("a\n\tb\r\u{200D}"), "a⏎⇥b⟨CR⟩⟨U+200D⟩");
    assert!(matches!(show_line("plain"), Cow::Borrowed("plain")));
}

#[test]
fn kinds_and_offsets() {
    let found: Vec<_> = hidden("é\u{202E}\u{1B}\u{200B}\u{A0}").map(|(at, _, kind)| (at, kind)).collect();
    assert_eq!(found, [(2, Kind::Bidi), (5, Kind::Control), (6, Kind::Invisible), (9, Kind::Blank)]);
}

proptest! {
    #[test]
    fn nothing_hidden_is_left(text in any::<String>()) {
        let shown = show(&text).into_owned();
        prop_assert_eq!(hidden(&shown).count(), 0);
        prop_assert_eq!(show(&shown), shown.as_str());
        prop_assert!(!show_line(&text).contains(['\n', '\t']));
    }
}
