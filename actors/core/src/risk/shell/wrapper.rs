//! Which commands carry other commands, and where the carried one begins.

use super::lex::Word;

/// What a command carries besides itself.
pub(super) enum Carried<'w> {
    /// Nothing: it is judged by itself.
    Nothing,
    /// The wrapper only changes how the rest is run; the rest is judged in its place.
    Instead(&'w [Word]),
    /// It runs these words as commands as well.
    Also(Vec<&'w [Word]>),
    /// It runs these texts as shell code.
    Texts(Vec<(String, &'w Word)>),
    /// It runs something that begins at one of its words, which one is not known.
    Anywhere,
}

/// A program whose options are known well enough to step over them.
struct Options {
    program: &'static str,
    /// Short options that take a value.
    short: &'static str,
    /// Long options that take a value.
    long: &'static [&'static str],
    /// Operands before the carried command.
    operands: usize,
}

const fn options(
    program: &'static str,
    short: &'static str,
    long: &'static [&'static str],
    operands: usize,
) -> Options {
    Options { program, short, long, operands }
}

/// Programs that run their remaining words as a command.
const WRAPPERS: &[Options] = &[
    options("sudo", "ugpCDRTthrU", &["user", "group", "prompt", "chdir", "chroot", "host", "role", "type"], 0),
    options("doas", "uC", &[], 0),
    options("env", "uCa", &["unset", "chdir", "argv0"], 0),
    options("nice", "n", &["adjustment"], 0),
    options("ionice", "cnpPu", &["class", "classdata", "pid"], 0),
    options("nohup", "", &[], 0),
    options("setsid", "", &[], 0),
    options("stdbuf", "ioe", &["input", "output", "error"], 0),
    options("timeout", "sk", &["signal", "kill-after"], 1),
    options("time", "fo", &["format", "output"], 0),
    options("command", "", &[], 0),
    options("builtin", "", &[], 0),
    options("exec", "a", &[], 0),
    options("busybox", "", &[], 0),
    options("chroot", "", &["userspec", "groups"], 1),
    options("taskset", "", &[], 1),
    options("unbuffer", "", &[], 0),
    options("caffeinate", "tw", &[], 0),
    options("watch", "nq", &["interval"], 0),
    options("xargs", "IaEdLnPs", &["arg-file", "delimiter", "max-args", "max-procs", "max-lines", "replace"], 0),
];

/// Programs whose subcommand comes after options of their own.
const GLOBAL_OPTIONS: &[Options] = &[
    options("git", "cC", &["git-dir", "work-tree", "namespace"], 0),
    options("docker", "Hlc", &["host", "context", "config", "log-level"], 0),
    options("podman", "", &["url", "connection", "root"], 0),
    options("kubectl", "ns", &["context", "namespace", "kubeconfig", "cluster", "user", "server"], 0),
    options("oc", "ns", &["context", "namespace", "kubeconfig", "cluster", "user", "server"], 0),
    options("helm", "n", &["kube-context", "namespace", "kubeconfig"], 0),
    options("aws", "", &["profile", "region", "endpoint-url", "output"], 0),
    options("systemctl", "HMtp", &["host", "machine", "type", "property"], 0),
    options("terraform", "", &[], 0),
    options("tofu", "", &[], 0),
    options("iptables", "tw", &["table"], 0),
    options("ip6tables", "tw", &["table"], 0),
    options("ip", "n", &["netns"], 0),
    options("redis-cli", "hpanu", &["user", "pass"], 0),
];

const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "csh", "tcsh", "rbash", "mksh"];

/// Programs that run their standard input when they get no script.
const INTERPRETERS: &[&str] = &["python", "python2", "python3", "perl", "ruby", "node", "php", "lua", "deno", "bun"];

const ANYWHERE: &[(&str, &[&str])] = &[
    ("ssh", &[]),
    ("nsenter", &[]),
    ("unshare", &[]),
    ("parallel", &[]),
    ("flock", &[]),
    ("systemd-run", &[]),
    ("script", &[]),
    ("strace", &[]),
    ("docker", &["exec", "run"]),
    ("podman", &["exec", "run"]),
    ("nerdctl", &["exec", "run"]),
    ("docker-compose", &["exec", "run"]),
    ("kubectl", &["exec", "run", "debug"]),
    ("oc", &["exec", "rsh", "run", "debug"]),
    ("lxc", &["exec"]),
    ("vagrant", &["ssh"]),
    ("ansible", &[]),
];

const KEYWORDS: &[&str] =
    &["if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "fi", "done", "esac", "coproc"];

fn is_shell(program: &str) -> bool {
    SHELLS.contains(&program)
}

/// Tells whether what a program reads is shell code.
pub(super) fn reads_shell(program: &str) -> bool {
    is_shell(program) || matches!(program, "at" | "batch" | "crontab")
}

/// Tells whether a program runs its standard input when it is given no script.
pub(super) fn runs_input(program: &str, arguments: &[Word]) -> bool {
    let scripted = arguments.iter().any(|word| !word.text.starts_with(['-', '+']) && word.text != "/dev/stdin");
    let forced = arguments.iter().any(|word| word.text == "-" || word.text == "-s");
    match program {
        "at" | "batch" => true,
        "crontab" => forced,
        "source" | "." => arguments.iter().any(|word| word.text == "/dev/stdin"),
        _ if is_shell(program) => forced || !scripted,
        _ => INTERPRETERS.contains(&program) && !scripted && !gives_code(arguments),
    }
}

/// Tells whether an interpreter other than a shell is meant.
pub(super) fn is_interpreter(program: &str) -> bool {
    INTERPRETERS.contains(&program)
}

fn gives_code(arguments: &[Word]) -> bool {
    arguments.iter().any(|word| matches!(word.text.as_str(), "-c" | "-e" | "-r" | "-m" | "--version" | "-V" | "--help"))
}

/// Splits keywords and assignments off the front of a command.
pub(super) fn prefix(words: &[Word]) -> (&[Word], &[Word]) {
    let length = words.iter().take_while(|word| KEYWORDS.contains(&word.text.as_str()) || is_assignment(word)).count();
    match words.split_at(length) {
        // The head of a loop or of a case holds words, not a command.
        (prefix, [head, ..]) if matches!(head.text.as_str(), "for" | "case" | "function") => (prefix, &[]),
        split => split,
    }
}

/// Tells whether a word sets a variable.
pub(super) fn is_assignment(word: &Word) -> bool {
    let name = word.text.split('=').next().unwrap_or_default();
    let bare = name.trim_end_matches('+').split('[').next().unwrap_or_default();
    name.len() < word.text.len()
        && bare.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && bare.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Steps over the options that stand between a program and its subcommand.
pub(super) fn after_global_options<'w>(program: &str, arguments: &'w [Word]) -> &'w [Word] {
    let rest = GLOBAL_OPTIONS.iter().find(|known| known.program == program).map(|known| known.after(arguments));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(arguments)
}

/// Says what a command carries.
pub(super) fn carried<'w>(program: &str, arguments: &'w [Word]) -> Carried<'w> {
    match program {
        "eval" => Carried::Texts(joined(arguments)),
        "trap" | "alias" => Carried::Texts(each(arguments)),
        "su" | "runuser" => texts(switched_user(arguments)),
        "env" if split_string(arguments).is_some() => texts(split_string(arguments).into_iter().collect()),
        "command" if starts_with_any(arguments, &["-v", "-V"]) => Carried::Nothing,
        "find" | "fd" => Carried::Also(executed(arguments)),
        _ if is_shell(program) => texts(command_strings(arguments)),
        _ => match WRAPPERS.iter().find(|known| known.program == program) {
            Some(known) => wrapped(known, arguments),
            None if carries_anywhere(program, arguments) => Carried::Anywhere,
            None => Carried::Nothing,
        },
    }
}

fn wrapped<'w>(known: &Options, arguments: &'w [Word]) -> Carried<'w> {
    let rest = known.after(arguments);
    match (known.program, rest) {
        (_, []) => Carried::Nothing,
        ("xargs", _) => Carried::Also(vec![rest]),
        ("watch", _) => Carried::Texts(joined(rest)),
        _ => Carried::Instead(rest),
    }
}

fn texts(texts: Vec<(String, &Word)>) -> Carried<'_> {
    if texts.is_empty() { Carried::Nothing } else { Carried::Texts(texts) }
}

fn carries_anywhere(program: &str, arguments: &[Word]) -> bool {
    ANYWHERE.iter().any(|(name, subcommands)| {
        *name == program
            && (subcommands.is_empty() || arguments.iter().any(|word| subcommands.contains(&word.text.as_str())))
    })
}

fn starts_with_any(arguments: &[Word], wanted: &[&str]) -> bool {
    arguments.first().is_some_and(|word| wanted.contains(&word.text.as_str()))
}

fn joined(words: &[Word]) -> Vec<(String, &Word)> {
    let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    words.first().map(|first| (text, first)).into_iter().collect()
}

fn each(words: &[Word]) -> Vec<(String, &Word)> {
    words
        .iter()
        .map(|word| (if is_assignment(word) { after_equals(&word.text) } else { word.text.clone() }, word))
        .filter(|(text, _)| text.contains(' '))
        .collect()
}

fn after_equals(text: &str) -> String {
    text.split_once('=').map_or_else(String::new, |(_, value)| value.to_owned())
}

/// The texts after an option cluster with a `c` in it; which one is run depends on the cluster, so all are read.
fn command_strings(arguments: &[Word]) -> Vec<(String, &Word)> {
    let is_option = |word: &Word| word.text.starts_with(['-', '+']);
    let is_command = |word: &Word| is_option(word) && !word.text.starts_with("--") && word.text.contains('c');
    let from = arguments.iter().position(is_command).map_or(arguments.len(), |at| at + 1);
    let given = arguments.get(from..).unwrap_or_default();
    given.iter().filter(|word| !is_option(word)).map(|word| (word.text.clone(), word)).collect()
}

fn switched_user(arguments: &[Word]) -> Vec<(String, &Word)> {
    let mut found = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        let text = word.text.as_str();
        if text == "-c" || (text.starts_with("--c") || text.starts_with("--session")) && !text.contains('=') {
            found.extend(arguments.get(at + 1).map(|next| (next.text.clone(), next)));
        } else if text.starts_with("--c") || text.starts_with("--session") {
            found.push((after_equals(text), word));
        } else if let Some(attached) = text.strip_prefix("-c") {
            found.push((attached.to_owned(), word));
        }
    }
    found
}

/// `env -S` cuts its text into words itself; `\_` is a blank there, and words with `=` come before the command.
fn split_string(arguments: &[Word]) -> Option<(String, &Word)> {
    let command = WRAPPERS.iter().find(|known| known.program == "env")?.after(arguments);
    let options = arguments.len().saturating_sub(command.len());
    let at = arguments.iter().take(options).position(|word| is_split_option(&word.text))?;
    let word = arguments.get(at)?;
    let attached = match word.text.split_once('=') {
        Some((_, value)) if word.text.starts_with("--") => Some(value),
        _ => word.text.split_once('S').map(|(_, value)| value).filter(|value| !value.is_empty()),
    };
    let rest = arguments.get(at + 1..).unwrap_or_default().iter().map(|word| word.text.as_str());
    let parts: Vec<&str> = std::iter::once("env").chain(attached).chain(rest).collect();
    Some((parts.join(" ").replace("\\_", " "), word))
}

fn is_split_option(text: &str) -> bool {
    text.starts_with("--s") || text.starts_with('-') && !text.starts_with("--") && text.contains('S')
}

fn executed(arguments: &[Word]) -> Vec<&[Word]> {
    const ACTIONS: &[&str] = &["-exec", "-execdir", "-ok", "-okdir", "-x", "-X"];
    let mut found = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        if ACTIONS.contains(&word.text.as_str()) {
            let rest = arguments.get(at + 1..).unwrap_or_default();
            let length = rest.iter().position(|word| word.text == ";" || word.text == "+").unwrap_or(rest.len());
            found.extend(rest.get(..length));
        }
    }
    found
}

impl Options {
    /// Gives the words after the program's own options, assignments (for `env` and `sudo`) and operands.
    fn after<'w>(&self, arguments: &'w [Word]) -> &'w [Word] {
        let mut rest = arguments;
        let mut operands = self.operands;
        while let [word, after @ ..] = rest {
            rest = match word.text.as_str() {
                "--" => return after.get(operands..).unwrap_or_default(),
                text if text.starts_with('-') && text.len() > 1 => after.get(self.values(text)..).unwrap_or_default(),
                text if text.contains('=') && matches!(self.program, "env" | "sudo" | "doas") => after,
                text if operands > 0 && self.is_operand(text) => {
                    operands -= 1;
                    after
                }
                _ => return rest,
            };
        }
        rest
    }

    /// What is no duration makes `timeout` refuse; it is read as the command, so that nothing hides behind it.
    fn is_operand(&self, text: &str) -> bool {
        self.program != "timeout" || text.starts_with(|first: char| first.is_ascii_digit() || first == '.')
    }

    /// Tells how many words after an option belong to it.
    fn values(&self, option: &str) -> usize {
        let taken = match option.strip_prefix("--") {
            Some(long) => self.long.iter().any(|known| known.starts_with(long)),
            None => option.find(|letter| self.short.contains(letter)) == Some(option.len() - 1),
        };
        usize::from(taken)
    }
}
