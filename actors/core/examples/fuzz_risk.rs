//! Grades random texts until somebody stops it or the count is reached: nothing may panic, hang, or point outside the text.
//! `cargo run --release -p hermes-core --example fuzz_risk -- 1000000 [seed]`
#![expect(clippy::print_stdout, reason = "what it found is what it is run for")]
#![expect(clippy::disallowed_methods, reason = "says which text takes long")]

use std::time::{Duration, Instant};

use hermes_core::risk::{Networks, Rules, Source};

/// What shell, SQL and their users write, and what breaks readers.
const PIECES: &[&str] = &[
    " ",
    " ",
    " ",
    "\n",
    ";",
    "&",
    "&&",
    "|",
    "||",
    "|&",
    "(",
    ")",
    "{ ",
    "}",
    "[[ ",
    " ]]",
    "((",
    "))",
    "$((",
    "$(",
    "`",
    "${",
    "'",
    "\"",
    "\\",
    "$'",
    "$\"",
    "#",
    "<",
    ">",
    ">>",
    "<<A\n",
    "\nA\n",
    "<<<",
    "<(",
    ">(",
    "2>&1",
    "=",
    "+=",
    "a=(",
    "~",
    "*",
    "?",
    "[a]",
    "{a,b}",
    "{1..9}",
    "!",
    "if ",
    "then ",
    "fi",
    "for i in ",
    "do ",
    "done",
    "while ",
    "case x in ",
    "esac",
    ";;",
    "f() ",
    "function g ",
    "time ",
    "coproc ",
    "select ",
    "rm -rf /x",
    "sudo ",
    "env -S ",
    "xargs ",
    "find . -exec ",
    "sh -c ",
    "bash ",
    "eval ",
    "ssh h ",
    "docker exec c ",
    "kubectl exec p -- ",
    "su -c ",
    "timeout 5 ",
    "parallel ",
    "watch ",
    "at now",
    "crontab -",
    "python3 -c ",
    "perl -e ",
    "node -e ",
    "awk ",
    "sed ",
    "base64 -d",
    "curl http://x",
    "tee ",
    "psql -c ",
    "mysql -e",
    "sqlite3 a.db ",
    "SELECT ",
    "DELETE FROM t",
    " WHERE ",
    "1=1",
    " OR ",
    "DROP TABLE t",
    "UPDATE t SET a=1",
    "--",
    "/*",
    "*/",
    "$$",
    "WITH a AS (",
    "EXPLAIN ",
    "$x",
    "$@",
    "$0",
    "${x:-y}",
    "${!x}",
    "$IFS",
    "/etc/passwd",
    "/dev/sda",
    "~/.ssh/id_rsa",
    "--help",
    "-f",
    "-rf",
    "--",
    "a",
    "b",
    "ls",
    "é",
    "\u{202e}",
    "\u{200b}",
    "\u{1b}",
    "\r",
    "\u{0}",
    "\u{ff41}",
    "重启",
    "\u{10ffff}",
];

/// Longer than this no text of a few hundred characters may take.
const LONG: Duration = Duration::from_millis(200);

struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (bound as u64)).unwrap_or(0)
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(40) {
            match self.below(12) {
                0 => text.extend(char::from_u32(u32::try_from(self.below(0x11_0000)).unwrap_or(0))),
                1 => text.extend((0..self.below(60)).map(|_| '(')),
                _ => text.push_str(PIECES.get(self.below(PIECES.len())).copied().unwrap_or_default()),
            }
        }
        text
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let count = arguments.next().unwrap_or(100_000);
    let mut chance = Chance(arguments.next().unwrap_or(7) | 1);
    let (rules, networks) = (Rules::builtin(), Networks::default());
    let mut slowest = Duration::ZERO;
    for _ in 0..count {
        let text = chance.text();
        let graded = rules.assess(&text, &Source::default(), &networks);
        for finding in &graded.findings {
            let [from, to] = finding.span;
            assert!(text.get(from..to).is_some(), "{finding:?} points outside {text:?}");
        }
        let highest = graded.findings.iter().map(|one| one.level).max().unwrap_or_default();
        assert_eq!(graded.level, highest, "{text:?}");
        assert!(!graded.summary.is_empty(), "{text:?} says nothing");
        // The machine may be busy with something else: what took long three times is slow.
        let time = || {
            let start = Instant::now();
            rules.assess(&text, &Source::default(), &networks);
            start.elapsed()
        };
        let took = time();
        let took = if took > slowest { took.min(time()).min(time()) } else { took };
        if took > slowest {
            slowest = took;
            println!("{took:?} {text:?}");
        }
        assert!(slowest < LONG, "{slowest:?} for {text:?}");
    }
    println!("{count} texts, the slowest took {slowest:?}");
}
