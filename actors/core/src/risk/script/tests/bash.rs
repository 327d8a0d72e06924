//! What bash really runs of random texts is what the reading says. Markers write their names down; nothing else can be
//! run there: there is no program, and names of files are made up.

#![allow(clippy::disallowed_methods, reason = "bash is a process and its markers write a file")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use super::*;

/// Texts tried in a normal run; `HERMES_FUZZ=100000` tries more.
const TEXTS: usize = 300;

/// Xorshift: the same texts for the same seed.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound
    }

    pub(super) fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }
}

/// `@` is a command, `%` a word, `#N` a newline: filled in at random.
const COMMANDS: &[&str] = &[
    "mark",
    "mark %",
    "mark % %",
    "x=% mark",
    "x=%",
    "@; @",
    "@ && @",
    "@ || @",
    "@ | @",
    "@ & @",
    "@\n@",
    "(@)",
    "{ @; }",
    "! @",
    "time @",
    "if @; then @; fi",
    "if @; then @; else @; fi",
    "while @; do @; break; done",
    "for i in % %; do @; done",
    "case % in %) @;; *) @;; esac",
    "case x in (x) @ ;; esac",
    "case x in x|y) @; esac",
    "f() { @; }; f",
    "[[ % == % ]] && @",
    "[[ % > % || ! -n % ]]; @",
    "((1)); @",
    "(( 1 > 0 )) && @",
    "@ > f",
    "@ 2>&1",
    "@ >f <f",
    "> f mark",
    "2>&1 mark",
    "{ @; } > f",
    "mark <<A\n%\nA\n@",
    "mark <<'A'\n% $(mark)\nA\n@",
    "mark <<-A\n\t%\n\tA\n@",
    "mark <<A; @\n% $(@)\nA\n",
    "mark <<A <<B\n%\nA\n%\nB\n@",
    "mark <<< %",
    "coproc @",
    "@ # @\n@",
    "# @ '\n@",
    "a=(% %); @",
    "a[%]=% mark",
    "a[0]=x; @",
    "local x=%; @",
    "until ! @; do @; break; done",
    "function g { @; }; g",
    "@;\n@",
    ": %",
    ": % %",
    "echo % %",
    "echo % | @",
    "if ! @; then :; fi; @",
    "for ((i=0;i<1;i++)); do @; done",
    "select i in %; do @; break; done",
    "@ |& @",
    "mark %%",
    "echo \\\n@",
    "@ \\\n&& @",
    "((@); (@))",
    "( (@) )",
    "{ @\n}",
    "case % in\nx) @\n;;\n%) @\nesac",
    "export x=%; @",
    "[[ x =~ ^(a|%)$ ]]; @",
    "echo }; @",
    "echo {; @",
    "echo ]]; @",
    "echo fi done; @",
    "echo a#b; @",
    "echo a #b; @\n@",
    "x=$(@); @",
    "declare -a z=(% %); @",
    "mark &>f; @",
    "mark >&2; @",
    "mark {v}>f; @",
];

const WORDS: &[&str] = &[
    "a",
    "b c",
    "'x'",
    "\"y\"",
    "''",
    "\"\"",
    "\\;",
    "\\\\",
    "'a;b'",
    "\"a;b\"",
    "'#'",
    "a#b",
    "#",
    "$(@)",
    "`@`",
    "\"$(@)\"",
    "\"`@`\"",
    "${u:-$(@)}",
    "${u:-`@`}",
    "\"${u:-$(@)}\"",
    "\"${u:-'}\"",
    "${u:-'}'}",
    "${u:-\"}\"}",
    "\"${u:-\"a\"}\"",
    "${#u}",
    "${u//a/$(@)}",
    "${u#'}'}",
    "\"${u#'}'}\"",
    "$((1+1))",
    "$((1+$(@)))",
    "$(( (1) ))",
    "$((@) | @)",
    "$[1]",
    "$[ $(@) ]",
    "<(@)",
    ">(@)",
    "$'a\\'b'",
    "$'\\x41;'",
    "$\"a;b\"",
    "{a,b}",
    "{a;b}",
    "{a,$(@)}",
    "*",
    "[a;b]",
    "~",
    "a=b",
    "a\\\nb",
    "\"a\\\"b\"",
    "\"a'b\"",
    "'a\"b'",
    "\"\\$(@)\"",
    "'$(@)'",
    "\\$",
    "\\`",
    "\"\\`\"",
    "$u",
    "${u}",
    "$IFS",
    "${IFS}",
    "$@",
    "\"$@\"",
    "$",
    "\"$\"",
    "%%",
    "\"%\"",
    "$(case x in x) @;; esac)",
    "$(case x in (x) @;; esac)",
    "$(# )\n@)",
    "$(mark <<A\n%\nA\n)",
    "$( (@) )",
    "`mark \\`@\\``",
    "$(@; `@`)",
    "\"$(mark \"%\")\"",
    "$(echo ')'; @)",
    "$(echo \\); @)",
    "$({ @; })",
    "a$(@)b",
    "=",
    "a=(b)",
    "@(a|b)",
    "!(a)",
    "!",
    "[[",
    "]]",
    "{",
    "}",
    "if",
    "then",
    "fi",
    "do",
    "done",
    "case",
    "esac",
    "in",
    "for",
    "time",
    "\\'",
    "\\\"",
    "\\(",
    "\\)",
    "\\{",
    "\\}",
    "\\ ",
    "é",
    "\"ü;\"",
    "$'é'",
    "'\n'",
    "\"\n\"",
    "$(\n@\n)",
    "${u:-\n}",
    "${u:- a b}",
    "\"${u:- a ) b}\"",
    "\"${u+\"$(@)\"}\"",
    "$(( 1 > 0 ? 1 : 2 ))",
    "$((a[0]))",
    "a<(@)",
    "1",
    "2",
    "-n",
    "--",
    "\"a\"'b'c",
    "a\\",
    "$'a",
    "$(@",
];

/// What is put into a text beside [`SIGNS`], or taken out of it, so that what nobody would write is tried as well.
const SCRAPS: &[&str] = &[
    "<<A",
    " in ",
    "; fi",
    "\\\n",
    "\t",
    "~",
    "mark",
    " mark ",
    "; mark;",
    "<(",
    "case x in ",
    " esac",
    "@(",
    "?(",
    "&&",
    "||",
    "|&",
    ">&",
    "<&",
    "&>",
    ";&",
    "! ",
    "else ",
    "\"$(",
    ")\"",
    "((",
];

fn fill(chance: &mut Chance, template: &str, depth: usize, text: &mut String) {
    for sign in template.chars() {
        match sign {
            '@' if depth > 4 => text.push_str("mark"),
            '@' => {
                let inner = chance.pick(COMMANDS);
                fill(chance, inner, depth + 1, text);
            }
            '%' if depth > 4 => text.push('w'),
            '%' => {
                let inner = chance.pick(WORDS);
                fill(chance, inner, depth + 1, text);
            }
            other => text.push(other),
        }
    }
}

/// Gives every `mark` a number of its own.
fn number(text: &str) -> String {
    let mut numbered = String::new();
    for (at, part) in text.split("mark").enumerate() {
        if at > 0 {
            let _ = write!(numbered, "mark{at}_");
        }
        numbered.push_str(part);
    }
    numbered
}

fn random_text(chance: &mut Chance) -> String {
    let mut text = String::new();
    fill(chance, "@", 0, &mut text);
    for _ in 0..[0, 0, 1, 1, 2, 4][chance.below(6)] {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let Some(at) = places.get(chance.below(places.len().max(1))).copied() else { continue };
        if chance.below(2) == 0 {
            text.insert_str(at, chance.pick(&[SIGNS, SCRAPS].concat()));
        } else {
            text.remove(at);
        }
    }
    number(&text)
}

/// A folder that is empty but for what markers write, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("hermes-bash-{}", std::process::id()));
        std::fs::create_dir_all(path.join("in")).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn program(name: &str) -> Option<PathBuf> {
    ["/bin", "/usr/bin", "/usr/local/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists())
}

/// The programs that bash needs besides itself.
struct Bash {
    bash: PathBuf,
    timeout: PathBuf,
    folder: Folder,
}

impl Bash {
    fn find() -> Option<Self> {
        Some(Self { bash: program("bash")?, timeout: program("timeout")?, folder: Folder::new() })
    }

    /// Runs a text and gives the names of the markers that were run.
    fn run(&self, number: usize, text: &str) -> BTreeSet<String> {
        // What an earlier text left running in the background writes into a file of its own.
        let marks = self.folder.0.join(format!("marks{number}"));
        std::fs::write(&marks, "").unwrap();
        // A name that is no program comes here; what writes too much ends itself and all it began.
        let handle = r#"case $1 in mark*) echo "$1" >> "$MARKS"; m=$(<"$MARKS"); ((${#m} < 400)) || kill -9 0;; esac"#;
        let script = r#"ulimit -t 1 -f 64; eval "$0""#;
        let _ = Process::new(&self.timeout)
            .args(["-s", "KILL", "5"])
            .arg(&self.bash)
            .args(["--norc", "--noprofile", "-c", script, text])
            .env_clear()
            .env("PATH", "/nowhere")
            .env("MARKS", &marks)
            .env("FUNCNEST", "20")
            .env("BASH_FUNC_command_not_found_handle%%", format!("() {{ {handle}; }}"))
            .current_dir(self.folder.0.join("in"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let written = std::fs::read_to_string(&marks).unwrap();
        let _ = std::fs::remove_file(&marks);
        for entry in std::fs::read_dir(self.folder.0.join("in")).unwrap() {
            let _ = std::fs::remove_file(entry.unwrap().path());
        }
        written.split('\n').filter(|name| is_marker(name)).map(str::to_owned).collect()
    }
}

/// A name with anything else in it is not a marker that the text has.
fn is_marker(name: &str) -> bool {
    let number = name.strip_prefix("mark").and_then(|rest| rest.strip_suffix('_'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a reading names a marker as a program, or a program that is only known when it runs.
fn sees(script: &Script, marker: &str) -> bool {
    all(script).iter().any(|command| match command.words.first() {
        Some(word) => compound::plain_text(word).is_none_or(|text| text == marker || text.contains(['*', '?', '['])),
        None => false,
    })
}

#[test]
fn what_bash_runs_is_in_the_reading() {
    let Some(bash) = Bash::find() else {
        println!("skipped: there is no bash here");
        return;
    };
    let texts = std::env::var("HERMES_FUZZ").ok().and_then(|texts| texts.parse().ok()).unwrap_or(TEXTS);
    let seed = std::env::var("HERMES_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ seed);
    let (mut ran, mut silent, mut faulty, mut clean, mut disagree, mut alone) = (0, Vec::new(), Vec::new(), 0, 0, 0);
    for number in 0..texts {
        let text = random_text(&mut chance);
        let run = bash.run(number, &text);
        let script = read(&text);
        let faults = faults(&script);
        clean += usize::from(faults.is_empty());
        disagree += usize::from(faults.iter().any(|fault| fault.kind == FaultKind::Disagreement));
        let ours = ours(&text);
        ran += usize::from(!run.is_empty());
        if run.iter().any(|marker| !sees(&ours, marker)) {
            alone += 1;
        }
        if let Some(missed) = run.iter().find(|marker| !sees(&script, marker)) {
            let place = if faults.is_empty() { &mut silent } else { &mut faulty };
            place.push(format!("{missed}: {text:?}\n    {}", shown(&script)));
        }
    }
    println!(
        "{texts} texts, {ran} run something, {clean} read without doubt, {disagree} disagreements, {alone} missed by our reading alone"
    );
    println!("missed silently: {}, missed with a fault: {}", silent.len(), faulty.len());
    let missed: Vec<String> = silent.into_iter().chain(faulty).take(40).collect();
    assert!(missed.is_empty(), "bash ran what the reading does not have:\n{}", missed.join("\n"));
}

/// Our reading without the other one and without the rough cut.
pub(super) fn ours(text: &str) -> Script {
    let mut reader = Reader::new(text, Place::At(0), 0);
    reader.asks = false;
    reader.script(Close::End)
}
