use proptest::prelude::*;

use super::*;

const BEGIN: &str = "-----BEGIN KEY-----";
const END: &str = "-----END KEY-----";

/// `secret=` and what follows up to a blank, over quotes too; an armoured key, also one without an end.
fn mask(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = [rest.find("secret="), rest.find(BEGIN)].into_iter().flatten().min() {
        let (before, after) = rest.split_at(at);
        let value = after.strip_prefix("secret=\"");
        let end = if after.starts_with(BEGIN) {
            after.find(END).map(|end| end + END.len())
        } else if let Some(closing) = value.and_then(|value| value.find('"')) {
            Some("secret=\"".len() + closing + 1)
        } else {
            after.find([' ', '\n'])
        };
        masked.push_str(before);
        masked.push_str("***");
        rest = after.split_at(end.unwrap_or(after.len())).1;
    }
    masked.push_str(rest);
    Cow::Owned(masked)
}

/// Feeds pieces, flushing after each, and gives all that came out.
fn sent<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> (String, Amount) {
    let mut text = Text::new(limit, mask);
    let mut all = String::new();
    for piece in pieces {
        all.push_str(&text.push(piece));
        all.push_str(&text.flush());
    }
    let (rest, amount) = text.close();
    (all + &rest, amount)
}

#[test]
fn both_halves_are_kept_to_the_byte() {
    let digits: String = (0..50_000).map(|i| char::from(b'0' + (i % 10) as u8)).collect();
    for (limit, length, left_out) in
        [(0, 0, 0), (0, 10, 10), (100, 100, 0), (100, 101, 1), (100, 50_000, 49_900), (60_000, 50_000, 0)]
    {
        let whole = &digits[..length];
        let (text, amount) = sent(limit, whole.as_bytes().chunks(7000));
        let (head, tail) = (&whole[..(limit / 2).min(length)], &whole[length - (limit / 2).min(length)..]);
        let expected = match left_out {
            0 => whole.to_owned(),
            _ => format!("{head}\n[… {left_out} bytes left out …]\n{tail}"),
        };
        assert_eq!(text, expected);
        assert_eq!(amount, Amount { bytes: length as u64, left_out: left_out as u64 });
    }
}

#[test]
fn whole_lines_do_not_wait() {
    let mut text = Text::new(1000, mask);
    assert_eq!(text.push(b"one\ntwo"), "");
    assert_eq!(text.flush(), "one\n");
    assert_eq!(text.flush(), "");
    assert_eq!(text.close().0, "two");
}

#[test]
fn bytes_may_come_one_by_one() {
    let lines = format!("ü secret=S\n{BEGIN}\nS\n{END}\nsecret=\"S\nS\" €\n\nend");
    let (text, _) = sent(1000, lines.as_bytes().chunks(1));
    assert_eq!(text, "ü ***\n***\n*** €\n\nend");
}

#[test]
fn a_line_without_an_end_waits_only_so_long() {
    let mut text = Text::new(1 << 20, mask);
    text.push("a b ".repeat(HOLD / 4).as_bytes());
    assert_eq!(text.flush(), "");
    text.push(b"c");
    assert_eq!(text.flush().len(), HOLD + 1 - LOOK_AHEAD - 1, "up to a blank");
}

#[test]
fn what_is_one_secret_is_held_but_not_for_ever() {
    let mut text = Text::new(1 << 20, mask);
    text.push(b"secret=");
    text.push("x".repeat(HOLD * 2).as_bytes());
    assert_eq!(text.flush(), "");
    let given = text.push("x".repeat(HOLD_AT_MOST).as_bytes());
    assert_eq!(given, "***");
}

#[test]
fn an_armoured_key_is_seen_whole() {
    let key = format!("-----BEGIN KEY-----\n{}-----END KEY-----\n", "MIIEowIBAAKCAQEA\n".repeat(25));
    let lines = format!("before\n{key}after\n");
    let (text, _) = sent(1 << 20, lines.as_bytes().split_inclusive(|byte| *byte == b'\n'));
    assert_eq!(text, "before\n***\nafter\n");
}

#[test]
fn a_secret_over_two_lines_waits_for_its_end() {
    let mut text = Text::new(1000, mask);
    text.push(b"a\nsecret=\"one\n");
    assert_eq!(text.flush(), "a\n");
    text.push(b"two\" b\n");
    assert_eq!(text.flush(), "*** b\n");
}

#[test]
fn a_text_whose_lines_end_within_secrets_is_cut_between_them() {
    let key = format!("{BEGIN}\n{}{END}", "SSSSSSSSSSSSSSSS\n".repeat(24));
    let whole = format!("{key} secret=\"S\nS S\" {} ", "x".repeat(2800)).repeat(40);
    let (text, _) = sent(1 << 22, whole.as_bytes().chunks(1335));
    assert!(text == mask(&whole));
}

#[test]
fn characters_are_not_cut() {
    let long = "ü".repeat(HOLD_AT_MOST);
    let (text, amount) = sent(1 << 20, long.as_bytes().chunks(1001));
    assert!(text == long);
    assert_eq!(amount.bytes, long.len() as u64);
    let (text, _) = sent(101, long.as_bytes().chunks(1001));
    assert!(!text.contains('\u{fffd}') && text.starts_with(&"ü".repeat(25)) && text.ends_with(&"ü".repeat(25)));
}

fn words() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![
        4 => "[a-z]{1,12}",
        2 => Just("\n".to_owned()),
        1 => Just("\u{fc}\u{20ac}".to_owned()),
        2 => (1_usize..3000).prop_map(|length| format!("secret={}", "S".repeat(length))),
        1 => (1_usize..60).prop_map(|lines| format!("{BEGIN}\n{}{END}", "SSSSSSSSSSSSSSSS\n".repeat(lines))),
        1 => Just("secret=\"S\nS S\"".to_owned()),
        1 => (1_usize..6000).prop_map(|length| "-".repeat(length)),
    ];
    prop::collection::vec(word, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cutting_and_flushing_change_nothing(words in words(), piece in 64_usize..5000) {
        let whole = words.join(" ");
        let (text, amount) = sent(1 << 20, whole.as_bytes().chunks(piece));
        prop_assert!(text == mask(&whole));
        prop_assert_eq!(amount, Amount { bytes: whole.len() as u64, left_out: 0 });
    }

    #[test]
    fn no_limit_lets_a_secret_through(words in words(), piece in 64_usize..5000, limit in 0_usize..60_000) {
        let whole = (words.join(" ") + " ").repeat(4);
        let (text, _) = sent(limit, whole.as_bytes().chunks(piece));
        prop_assert!(!text.contains('S'), "{text}");
        prop_assert!(text.len() <= limit + 60);
    }
}
