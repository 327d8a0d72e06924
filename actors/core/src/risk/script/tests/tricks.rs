//! What words become. In the right column: `␣` and `⏎` are quoted blanks and newlines, ‹ › holds what is only known when it
//! runs (`$` a substitution, `|` a process, `?` anything else), `<<` stands before a text that is read, `reads[…]` names
//! the commands whose output is.

use super::*;

fn assert_shown(rows: &[(&str, &str)]) {
    let wrong = rows.iter().filter(|(text, wanted)| shown(&read(text)) != *wanted);
    let wrong: Vec<_> =
        wrong.map(|(text, wanted)| format!("{text:?}\n   {}\n  ≠ {wanted}", shown(&read(text)))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn quotes_are_removed() {
    assert_shown(&[
        (r"r\m -rf /", "rm -rf /"),
        (r"\rm -rf /", "rm -rf /"),
        (r#""rm" 'r'm r''m"#, "rm rm rm"),
        (r"$'\x72m' $'r\155' $'\u0072m' $'a\'b' $'rm\0x'", "rm rm rm a'b rm"),
        (r#"$"rm" re''set '' """#, "rm reset '' ''"),
        ("r\\\nm -rf /", "rm -rf /"),
        ("\"r\\\nm\" 'a\\\nb'", "rm a\\⏎b"),
        ("ls\r\nrm -rf /\r", "ls; rm -rf /"),
        (r#""a\"b\$c\d" 'a"b' "a'b""#, r#"a"b$c\d a"b a'b"#),
        ("echo \"a b\"c 'd;e' f\\ g", "echo a␣bc d;e f␣g"),
        ("echo a#b # c; rm", "echo a#b"),
        ("é \"ü\" && ñ", "é ü; ñ"),
    ]);
}

#[test]
fn words_that_are_built_at_run_time() {
    assert_shown(&[
        ("rm${IFS}-rf${IFS}/", "rm -rf /"),
        ("rm$IFS-rf$IFS/", "rm -rf /"),
        ("rm${IFS:0:1}-rf${IFS%??}/", "rm -rf /"),
        ("echo \"a${IFS}b\"", "echo a‹IFS›b"),
        ("{rm,-rf,/}", "rm -rf /"),
        ("r{,}m {a,b}{1..3} {x} {,} a{b,c{d,e}}f", "rm rm a1 a2 a3 b1 b2 b3 {x} abf acdf acef"),
        ("echo {01..3} {c..a} {1..9..4} '{a,b}' \\{a,b} {a", "echo 01 02 03 c b a 1 5 9 {a,b} {a,b} {a"),
        ("r$@m x", "r‹@›m x"),
        ("r``m x", "r‹$ ›m x"),
        ("a=r;b=m;$a$b", "a=r; b=m; ‹a›‹b›"),
        (r"X=$'rm\x20-rf\x20/'&&$X", "X=rm␣-rf␣/; ‹X›"),
        ("f=/etc/x; rm -f \"$f\"", "f=/etc/x; rm -f ‹f›"),
        ("a=(rm -rf '/ x'); \"${a[@]}\"; ${a[0]}", "a=rm_-rf_/␣x; ‹a›; ‹a[0]›"),
        ("a[1]=x b[$(c)]+=2 d", "a[1]=x b[$(c)]+=‹?c›2 d"),
        ("/bin/r? [rm]m ~/x", "/bin/r? [rm]m ~/x"),
        (
            "${x:-rm} ${x-rm} ${x:=rm} ${x:+rm} ${x?no} ${#x} ${!x} ${x//a/b} ${x:0:1}",
            "‹x:rm› ‹x:rm› ‹x:rm› ‹x:rm› ‹x› ‹?› ‹?› ‹?› ‹?›",
        ),
        ("$1 ${10} $$ $? \"$*\" $", "‹1› ‹10› ‹$› ‹?› ‹*› $"),
        ("export A=(1 '2 3') B=$(c)", "export A=1_2␣3 B=‹$ c›"),
        ("x=1 y+=2 z", "x=1 y+=2 z"),
    ]);
}

#[test]
fn a_word_becomes_no_more_than_64() {
    let script = read("echo {1..100} x");
    let words = &script.commands[0].words;
    assert_eq!(words.len(), 67, "echo, 64 words, one for the rest, x");
    assert!(matches!(&words[65].pieces[..], [Piece::Unknown { raw, .. }] if raw == "{1..100}"));
    assert_eq!(read(&format!("rm {}", "{a,b}".repeat(8))).commands[0].words.len(), 66);
}

#[test]
fn texts_that_shells_are_given() {
    assert_shown(&[
        ("sh -c 'rm -rf \"$x\"' a", "sh -c rm␣-rf␣\"$x\" a"),
        ("eval \"rm $x\"", "eval rm␣‹x›"),
        ("trap 'rm -rf /' EXIT", "trap rm␣-rf␣/ EXIT"),
        ("alias ls='rm -rf /'", "alias ls=rm␣-rf␣/"),
        ("PROMPT_COMMAND='rm x' bash", "PROMPT_COMMAND=rm␣x bash"),
        ("sh <<< \"rm $x\"", "sh <<rm␣‹x›"),
        ("sh <<A\nrm $x `c` \\$y\nA\nls", "sh <<rm␣‹x›␣‹$ c›␣$y⏎; ls"),
        ("sh <<'A'\nrm $x\nA", "sh <<rm␣$x⏎"),
        ("sh <<-\\A\n\trm $x\n\tA\nls", "sh <<rm␣$x⏎; ls"),
        ("cat <<A <<B | sh\na\nA\nb\nB", "cat <<a⏎ <<b⏎; sh reads[0]"),
        ("cat <<A | sh\nrm -rf /\nA", "cat <<rm␣-rf␣/⏎; sh reads[0]"),
        ("cat <<A\na\\\nA\nA\nls", "cat <<aA⏎; ls"),
        ("$(cat <<A\nrm\nA)", "‹$ cat <<rm⏎›"),
    ]);
}

#[test]
fn commands_inside_each_other() {
    assert_shown(&[
        ("a && b || c | d |& e & f", "a; b; c; d reads[2]; e reads[3]; f"),
        ("a;b\nc", "a; b; c"),
        ("a |\n# x\nb", "a; b reads[0]"),
        ("(a; b) | c > out", "a; b; c >out reads[0, 1]"),
        ("{ a; b | c; } | d", "a; b; c reads[1]; d reads[0, 2]"),
        ("a | { b; c | d; }", "a; b reads[0]; c reads[0]; d reads[2]"),
        ("a | while read x; do b \"$x\"; done < in", "a; read x reads[0, 3]; b ‹x› reads[0, 3]; @data <in reads[0]"),
        ("{ sh; a | b; } <<E\nx\nE", "sh reads[3]; a reads[3]; b reads[1]; @data <<x⏎"),
        ("echo \"$(a \"$(b)\")\" `c \\`d\\``", "echo ‹$ a ‹$ b›› ‹$ c ‹$ d››"),
        ("diff <(a) <(b) > >(c)", "diff ‹| a› ‹| b› >‹| c›"),
        ("echo ${x:-$(a)} \"${x:-`b`}\" ${x//a/$(c)} ${x[$(d)]}", "echo ‹x:‹$ a›› ‹x:‹$ b›› ‹?c› ‹?d›"),
        ("echo $((1+$(a))) $[1+`b`]", "echo ‹?a› ‹?b›"),
        ("echo $((a) | (b)) $( (c) )", "echo ‹$ a; b reads[0]› ‹$ c›"),
        ("((x=$(a))); [[ $(b) == c && -f \"d e\" ]] && f", "@data ‹?a›; @data ‹$ b› == c -f d␣e; f"),
        ("[[ a > b || ! ( c =~ ^(d|e)$ ) ]] && f", "@data a b ! c ^(d|e)$; f"),
        ("f() { a; b | c; }; f", "@define f; a in:f; b in:f; c reads[2] in:f; f"),
        ("function g { a; }\ng", "@define g; a in:g; g"),
        ("x() ( a )", "@define x; a in:x"),
        ("if a; then b; elif c; then d; else e; fi", "a; b; c; d; e"),
        ("while a; do b; done; until c; do d; done", "a; b; c; d"),
        ("for i in a 'b c' $(d); do e $i; done", "@for:i a b␣c ‹$ d›; e ‹i›"),
        ("for i; do a; done", "@for:i ‹@›; a"),
        ("for ((i=0;i<$(a);i++)); do b; done", "@data ‹?a›; b"),
        ("for ((;;)) { a; }", "@data ‹?›; a"),
        ("select x in a b; do c; done", "@for:x a b; c"),
        ("case $(a) in x|y) b;; $(z)) c;& (*) d; esac", "@data ‹$ a›; b; @data ‹$ z›; c; d"),
        ("echo $(case x in x) a;; esac)", "echo ‹$ @data x; a›"),
        ("coproc a b; coproc N { c; }", "a b; c"),
        ("! time -p a", "a"),
        ("a >x 2>&1 &>y <z >>'q r' >&w >&- 3<>v {fd}>u", "a >x >y <z >q␣r >w >v >u"),
        ("> f a", "a >f"),
        ("${ a; b; }", "‹$ a; b›"),
        ("echo } fi done ]] {", "echo } fi done ]] {"),
        ("rm !(x) @(y|z)", "rm !(x) @(y|z)"),
    ]);
}

/// What cannot be read is said to be so, and cut at everything that could separate commands as well.
#[test]
fn broken_texts() {
    assert_shown(&[
        ("echo 'a; rm x", "echo a;␣rm␣x; echo a; rm x; !Unclosed"),
        ("echo \"$(a", "echo ‹$ a›; echo; a; !Unclosed"),
        ("fi rm", "rm; !Unclosed"),
        ("echo a (b)", "echo a; b; !Unclosed"),
        ("cat <<A\nrm x", "cat <<rm␣x; cat <A; rm x; !Unclosed"),
        ("a) rm", "a; rm; !Unclosed"),
        // The shell reads this twice, the second time the document as commands.
        ("((a <<'A'\n$(b)\nA\n); (c))", "a <<$(b)⏎; c; a <A; b; A; !Unclosed"),
        // `time` is a program if it has options, or it is not, and `-v` is one.
        ("time -v a", "time -v a"),
    ]);
}

/// Texts of which one reading, or the first form of both, did not have what bash runs.
#[test]
fn oddities_that_were_found_by_running_bash() {
    assert_shown(&[
        // The parser drops a command that begins like an element of an array after a redirection.
        ("> f x[ a ]; b", "x[_a_] >f; b; x[ a ]; !Disagreement"),
        // What looks like an element of an array is one word up to its bracket.
        ("x[ a b ]; c", "x[_a_b_]; c"),
        // A substitution in the second of several words that braces make.
        ("a {b,$(c)}", "a b ‹$ c›"),
        ("a=({b,$(c)})", "a=b_‹$ c›"),
        // Quotes count after `#`, but not after `:-`, within double quotes.
        ("a \"${u#'}'}\"b \"${u:-'}\"; c", "a ‹?›b ‹u:'›; c; a ‹?› ‹?›; !Unclosed"),
        // Line continuations count even between a dollar and its bracket, and in documents before all else.
        ("$\\\n(a) \"$\\\n(b)\" $\\\nx", "‹$ a› ‹$ b› ‹x›; a; b; x; !Unclosed"),
        ("a <<A\n$(# \\\nb\nc)$\\\n(d)\nA", "a <<‹$ c›‹$ d›⏎"),
        // Only brackets that balance are arithmetic.
        ("a $(((b); (case x in x) c;; esac)))", "a ‹$ b; @data x; c; !Disagreement; !Disagreement›"),
        // In a substitution, a line that begins with the delimiter and has a closing bracket ends the document.
        ("a $(b <<A\nx\nAc) d", "a ‹$ b <<x⏎; c; !Disagreement› d; a; b <A; x; Ac; d; !Unclosed"),
        ("echo {; a", "echo {; a"),
        ("echo {}\\'; a #'", "echo {}'; a"),
        ("a <<A; b\n$(c)\nA\n", "a <<‹$ c›⏎; b"),
    ]);
}
