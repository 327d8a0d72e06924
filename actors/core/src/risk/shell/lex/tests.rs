use super::*;

fn cut(text: &str) -> Vec<Vec<String>> {
    let words = |command: Command| command.words.into_iter().map(|word| word.text).collect();
    read(text).commands.into_iter().map(words).collect()
}

#[test]
fn words_and_separators() {
    let table: [(&str, &[&[&str]]); 12] = [
        ("a b\tc", &[&["a", "b", "c"]]),
        ("a;b&c|d&&e||f\ng", &[&["a"], &["b"], &["c"], &["d"], &["e"], &["f"], &["g"]]),
        ("(a) { b; }", &[&["a"], &["{", "b"], &["}"]]),
        ("'a b'\"c d\"e\\ f", &[&["a bc de f"]]),
        ("a'' \"\" b", &[&["a", "", "b"]]),
        ("\"a\\\"b\\c\"", &[&["a\"b\\c"]]),
        ("a\\\nb c\\\r\nd", &[&["ab", "cd"]]),
        ("$'a\\x41\\101\\u00e9\\n'", &[&["aAAé\n"]]),
        ("a # b; c\nd", &[&["a"], &["d"]]),
        ("a#b", &[&["a#b"]]),
        ("a$IFS-b${IFS}c${IFS:0:1}d \"$IFS\"", &[&["a", "-b", "c", "d", "$IFS"]]),
        ("a $x ${y:-z} $@ $", &[&["a", "$x", "${y:-z}", "$@", "$"]]),
    ];
    for (text, expected) in table {
        assert_eq!(cut(text), expected, "{text:?}");
        assert!(!read(text).broken, "{text:?}");
    }
}

#[test]
fn substitutions_are_handed_back() {
    let table: [(&str, &[&str]); 8] = [
        ("a $(b) `c` <(d) >(e)", &["b", "c", "d", "e"]),
        ("\"$(a \"b )\" c)\"", &["a \"b )\" c"]),
        ("'$(a)'", &[]),
        ("$((1 + $(a)))", &["a"]),
        ("$((a); (b))", &["(a); (b)"]),
        ("${x:-$(a)}", &["a"]),
        ("cat <<E\n$(a) \\$(b)\nE", &["a"]),
        ("cat <<'E'\n$(a)\nE", &[]),
    ];
    for (text, expected) in table {
        let script = read(text);
        let inner: Vec<&str> = script.inner.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(inner, expected, "{text:?}");
        assert!(!script.broken, "{text:?}");
    }
}

#[test]
fn redirections_are_no_words() {
    let script = read("a 2>&1 >b &>c <d >>e >|f <<<g 2>&- <<-E x\n\th\n\tE\n");
    let [command] = script.commands.as_slice() else { panic!("{:?}", script.commands) };
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(words, ["a", "x"]);
    let redirects: Vec<(Flow, &str)> =
        command.redirects.iter().map(|(flow, word)| (*flow, word.text.as_str())).collect();
    assert_eq!(
        redirects,
        [
            (Flow::Write, "b"),
            (Flow::Write, "c"),
            (Flow::Read, "d"),
            (Flow::Write, "e"),
            (Flow::Write, "f"),
            (Flow::Here, "g"),
            (Flow::Here, "\th\n"),
        ]
    );
}

#[test]
fn heredocs_hold_no_commands() {
    assert_eq!(cut("cat <<A; b <<B\nit's; x\nA\n\"y\nB\nc"), [vec!["cat"], vec!["b"], vec!["c"]]);
}

#[test]
fn pipes_are_known() {
    let piped = |text: &str| read(text).commands.iter().map(|command| command.piped).collect::<Vec<_>>();
    assert_eq!(piped("a | b |& c; d || e"), [false, true, true, false, false]);
    assert_eq!(piped("a |\n b | (c)"), [false, true, true]);
}

#[test]
fn spans_cover_the_words_as_written() {
    let text = "é 'b c' \\d $e";
    let script = read(text);
    let written: Vec<&str> = script.commands[0].words.iter().map(|word| &text[word.span.clone()]).collect();
    assert_eq!(written, ["é", "'b c'", "\\d", "$e"]);
}

#[test]
fn what_does_not_balance_is_broken() {
    for text in ["'a", "\"a", "$(a", "`a", "${a", "(a", "a)", "a\\", "cat <<E", "cat <<E\nx", "$'a"] {
        assert!(read(text).broken, "{text:?}");
    }
}

#[test]
fn the_rough_cut_knows_no_quotes() {
    let words = |command: Command| command.words.into_iter().map(|word| word.text).collect::<Vec<_>>();
    let commands: Vec<_> = rough("a 'b; rm -rf /' >c").into_iter().map(words).collect();
    assert_eq!(commands, [vec!["a", "b"], vec!["rm", "-rf", "/"]]);
}
