//! Whatever is given: no panic, spans within the text, bounded time and stack.

#![allow(clippy::disallowed_methods, reason = "times are what is shown")]

use proptest::prelude::*;

use super::*;

/// What opens something, or makes the work grow, repeated to fill a text; with what stands before and after.
const HOSTILE: &[(&str, &str, &str)] = &[
    ("", "$(", ""),
    ("", "`", ""),
    ("", "(", ""),
    ("", "( ", ""),
    ("", "{ ", ""),
    ("", "{", ""),
    ("", "cat <<A\n", ""),
    ("", "if ", ""),
    ("", "! ", ""),
    ("", "[[ ", ""),
    ("", "\"$(", ""),
    ("", "${", ""),
    ("", "<(", ""),
    ("", "case x in ", ""),
    ("", "'", ""),
    ("", "\\", ""),
    ("", "a|", "a"),
    ("", "&", ""),
    ("", "a&", ""),
    ("", ";", ""),
    ("", "a;", ""),
    ("", ">x", ""),
    ("", "> x ", ""),
    ("", "<<<", ""),
    ("", "<<<a ", ""),
    ("", "{a,", ""),
    ("", "{a,b}", ""),
    ("", "((", ""),
    ("", "$((", ""),
    ("", "é", ""),
    ("", "é;", ""),
    ("", "a", ""),
    ("", "a ", ""),
    ("", "\n", ""),
    ("", "a\n", ""),
    ("", "$((a) ", ""),
    ("", "a[", ""),
    ("", "a[0]=", ""),
    ("", "a=(", ""),
    ("", "${x:-", ""),
    ("", "\"${x:-", ""),
    ("", "f() { ", ""),
    ("", "function f { ", ""),
    ("", "while a; do ", ""),
    ("", "case x in x) ", ""),
    ("", "for i in a; do ", ""),
    ("", "coproc ", ""),
    ("", "time ", ""),
    ("", "@(", ""),
    ("echo ", "$x", ""),
    ("echo ", "$(a)", ""),
    ("echo ", "`a`", ""),
    ("echo ", "\\`", ""),
    ("echo `", "\\`", "`"),
    ("echo $((", "1+", "1))"),
    ("((", "a=", "1))"),
    ("((", "a?1:", "1))"),
    ("((", "-", "1))"),
    ("((", "!", "1))"),
    ("[[ ", "! ", "a ]]"),
    ("[[ ", "a && ", "b ]]"),
    ("[[ ", "( ", ""),
    ("{ ", "a; ", "}"),
    ("echo $(", "a;", ")"),
    ("{ ", "a\n", "}"),
    ("if a; then b; ", "elif a; then b; ", "fi"),
    ("cat ", "<<A ", "\n"),
    ("cat ", "<<A ", "\nA\n"),
    ("cat <<A\n", "$(a)", "\nA\n"),
    ("cat <<A\n", "\\\n", "A\n"),
    ("cat <<A\n", "a\\\n", "A\n"),
    ("{ a; a; a; } | ", "{ a; } | ", "a"),
    ("", "{ a; } | ", "a"),
    ("", "{ a | ", ""),
    ("a | { ", "a; ", "}"),
    ("", "} <x ", ""),
    ("", "{ a; } <x; ", ""),
    ("$'", "\\x41", "'"),
    ("$'", "\\", ""),
    ("echo ${IFS", "a", ""),
    ("echo ", "$IFS", ""),
    ("", "a\r\n", ""),
    ("", "# a\n", ""),
    ("", "fi ", ""),
    ("", "done;", ""),
    ("", ")", ""),
    ("", "]]", ""),
    ("", ";;", ""),
    ("", "\\\n", ""),
    ("", "\"", ""),
    ("", "$\"", ""),
    ("", "$'", ""),
    ("", "$[", ""),
    ("", "${x[", ""),
    ("", "a${x//", ""),
    ("", "$( # (\n) ", ""),
    ("", "$(( # (\n) ", ""),
    ("", "a=1 ", ""),
    ("", "2>&1 ", ""),
    ("", "{v}> ", ""),
    ("case x in ", "a|", "b) c;; esac"),
    ("case x in ", "a) b;; ", "esac"),
    ("", "echo \"a\" 'b' $c; ", ""),
    ("", "x[ $(", ""),
];

fn hostile(size: usize) -> impl Iterator<Item = (String, String)> {
    HOSTILE.iter().map(move |(before, unit, after)| {
        let text = format!("{before}{}{after}", unit.repeat(size / unit.len()));
        (format!("{before}…{unit}…{after}"), text)
    })
}

/// What is closed again, at several depths, with a long text inside.
fn nested(size: usize) -> impl Iterator<Item = (String, String)> {
    const PAIRS: &[(&str, &str)] = &[
        ("$(a ", ")"),
        ("\"$(a ", ")\""),
        ("<(a ", ")"),
        ("$( # (\n", ")"),
        ("$(( # (\n", ")"),
        ("( ", ")"),
        ("{ ", ";}"),
        ("if a; then ", "; fi"),
        ("for i in a; do ", "; done"),
        ("case x in x) ", ";; esac"),
        ("${x:-", "}"),
        ("${x:-$(a ", ")}"),
        ("x[ $(", ") ]"),
        ("a=(", ")"),
        ("$[", "]"),
        ("$((", "))"),
        ("`", "`"),
        ("f() { ", "; }"),
        ("cat <<A\n$(", ")\nA\n"),
        ("[[ ( ", ") ]]"),
        ("@(", ")"),
        ("{a,", "}"),
    ];
    const DEPTHS: &[usize] = &[2, 5, 8, 15, 16, 17, 31, 60, 200];
    let of = move |(open, close): &(&str, &str), depth: usize, inside: &str| {
        let text = format!("echo {}{}{}", open.repeat(depth), inside.repeat(size / inside.len()), close.repeat(depth));
        (format!("{depth} × {open}…{close}, {inside:?}"), text)
    };
    let kinds = PAIRS.iter().flat_map(|pair| DEPTHS.iter().map(move |depth| (pair, *depth)));
    kinds.flat_map(move |(pair, depth)| ["a b;", "x ", "$(a) "].map(|inside| of(pair, depth, inside)))
}

/// Runs on the stack that the threads of the engine have.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap()
}

fn assert_within(text: &str, script: &Script) {
    let good = |span: &Range<usize>| {
        assert!(span.start <= span.end && span.end <= text.len(), "{span:?} is outside {text:?}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?} cuts {text:?}");
    };
    faults(script).into_iter().for_each(|fault| good(&fault.span));
    for command in all(script) {
        good(&command.span);
        let values = command.assignments.iter().map(|set| &set.value);
        let targets = command.redirects.iter().map(|redirect| &redirect.target);
        for word in command.words.iter().chain(values).chain(targets) {
            good(&word.span);
            for piece in &word.pieces {
                if let Piece::Literal { text: part, at: Some(at), .. } = piece {
                    assert_eq!(text.get(*at..at + part.len()), Some(part.as_str()), "{text:?}");
                }
            }
        }
    }
    assert_reads(script);
}

fn assert_reads(script: &Script) {
    for (number, command) in script.commands.iter().enumerate() {
        assert!(command.reads.iter().all(|read| *read < script.commands.len() && *read != number));
    }
}

#[test]
fn hostile_texts_are_read_on_a_small_stack() {
    on_a_small_stack(|| {
        for (name, text) in hostile(64 * 1024).chain(nested(1024)) {
            // Named before it is read: an overflow leaves nothing else behind.
            println!("{name:?}");
            assert_within(&text, &read(&text));
        }
    });
}

/// No mixture hides from the guard how deep the parser would go.
#[test]
fn mixtures_are_read_on_a_small_stack() {
    on_a_small_stack(|| {
        let mut chance = super::bash::Chance(42);
        for _ in 0..60 {
            let kinds: Vec<&str> = (0..2 + chance.below(5)).map(|_| chance.pick(&[SIGNS, SOUP].concat())).collect();
            let text: String = (0..4000).map(|_| chance.pick(&kinds)).collect();
            println!("{kinds:?}");
            assert_within(&text, &read(&text));
        }
    });
}

/// What a reading keeps grows with the text, not with its square.
#[test]
fn a_reading_is_in_proportion_to_its_text() {
    for (name, text) in hostile(8 * 1024).chain(nested(1024)) {
        let script = read(&text);
        let commands = all(&script);
        let words = commands.iter().flat_map(|command| &command.words);
        let kept: usize = words.flat_map(|word| &word.pieces).map(weight).sum();
        let reads: usize = commands.iter().map(|command| command.reads.len()).sum();
        let size = kept + reads + 40 * commands.len() + 20 * faults(&script).len();
        assert!(size < 80 * text.len() + 100_000, "{name:?} becomes {size}");
    }
}

fn weight(piece: &Piece) -> usize {
    match piece {
        Piece::Literal { text, .. } => 20 + text.len(),
        Piece::Unknown { raw, .. } => 20 + raw.len(),
        Piece::Variable { .. } | Piece::Substitution { .. } => 20,
    }
}

const SOUP: &[&str] = &[
    "a", "rm", "<<A\n", "in ", "fi", "case ", "esac", "for ", "while ", "x=", "?", "IFS", ":-", "//", "@", "-", "0",
    "\u{0}", "\u{202e}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        assert_within(&text, &read(&text));
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        assert_within(&text, &read(&text));
    }

    #[test]
    fn shell_like_soup_is_read(parts in proptest::collection::vec(proptest::sample::select([SIGNS, SOUP].concat()), 0..80)) {
        let text = parts.concat();
        assert_within(&text, &read(&text));
    }
}
