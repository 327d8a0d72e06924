#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

mod bash;
mod robust;
mod tricks;

/// What shell text is made of, to make up some of it.
const SIGNS: &[&str] = &[
    " ",
    "\n",
    ";",
    "&",
    "|",
    "(",
    ")",
    "{",
    "}",
    "'",
    "\"",
    "`",
    "$",
    "\\",
    "#",
    "<",
    ">",
    "=",
    "[",
    "]",
    "!",
    "$(",
    "${",
    "$((",
    "))",
    "\nA\n",
    ";;",
    "if ",
    "*",
    "[[ ",
    " ]]",
    "\r\n",
    "é",
    ",",
    "..",
    "coproc ",
    "function ",
    "time ",
    "do ",
    "done",
    "then ",
    "$'",
    "$\"",
];

/// A script in one line: commands by `; `, words as they become, what is only known when it runs in ‹ ›.
fn shown(script: &Script) -> String {
    let commands = script.commands.iter().map(shown_command);
    let faults = script.faults.iter().map(|fault| format!("!{:?}", fault.kind));
    commands.chain(faults).collect::<Vec<_>>().join("; ")
}

fn shown_command(command: &Command) -> String {
    let mut parts: Vec<String> = match &command.kind {
        CommandKind::Simple => Vec::new(),
        CommandKind::Loop { variable } => vec![format!("@for:{variable}")],
        CommandKind::Data => vec!["@data".to_owned()],
        CommandKind::Define { .. } => vec!["@define".to_owned()],
    };
    let sign = |append: bool| if append { "+=" } else { "=" };
    parts.extend(
        command.assignments.iter().map(|set| format!("{}{}{}", set.name, sign(set.append), shown_word(&set.value))),
    );
    parts.extend(command.words.iter().map(shown_word));
    for redirect in &command.redirects {
        let sign = match redirect.flow {
            Flow::Read => "<",
            Flow::Write => ">",
            Flow::Here => "<<",
        };
        parts.push(format!("{sign}{}", shown_word(&redirect.target)));
    }
    if !command.reads.is_empty() {
        parts.push(format!("reads{:?}", command.reads));
    }
    if let Some(function) = &command.function {
        parts.push(format!("in:{function}"));
    }
    parts.join(" ")
}

fn shown_word(word: &Word) -> String {
    let text = word.pieces.iter().map(shown_piece).collect::<String>();
    if text.is_empty() { "''".to_owned() } else { text }
}

fn shown_piece(piece: &Piece) -> String {
    match piece {
        Piece::Literal { text, quoted: true, .. } => text.replace(' ', "␣").replace('\n', "⏎"),
        Piece::Literal { text, .. } => text.replace(' ', "_").replace('\n', "⏎"),
        Piece::Variable { name, default: None, .. } => format!("‹{name}›"),
        Piece::Variable { name, default: Some(default), .. } => format!("‹{name}:{}›", shown_word(&default.word)),
        Piece::Substitution { script, process: None, .. } => format!("‹$ {}›", shown(script)),
        Piece::Substitution { script, .. } => format!("‹| {}›", shown(script)),
        Piece::Unknown { inner, .. } => format!("‹?{}›", inner.iter().map(shown).collect::<Vec<_>>().join(", ")),
    }
}

/// All commands of a script, at any depth.
fn all(script: &Script) -> Vec<&Command> {
    let mut found: Vec<&Command> = script.commands.iter().collect();
    for command in &script.commands {
        let values = command.assignments.iter().map(|set| &set.value);
        let targets = command.redirects.iter().map(|redirect| &redirect.target);
        for word in command.words.iter().chain(values).chain(targets) {
            scripts(word).into_iter().for_each(|script| found.extend(all(script)));
        }
    }
    found
}

fn scripts(word: &Word) -> Vec<&Script> {
    let mut found = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal { .. } | Piece::Variable { default: None, .. } => {}
            Piece::Variable { default: Some(default), .. } => found.extend(scripts(&default.word)),
            Piece::Substitution { script, .. } => found.push(script),
            Piece::Unknown { inner, .. } => found.extend(inner),
        }
    }
    found
}

/// All faults of a script, at any depth.
fn faults(script: &Script) -> Vec<&Fault> {
    let mut found: Vec<&Fault> = script.faults.iter().collect();
    for command in &script.commands {
        let values = command.assignments.iter().map(|set| &set.value);
        let targets = command.redirects.iter().map(|redirect| &redirect.target);
        for word in command.words.iter().chain(values).chain(targets) {
            scripts(word).into_iter().for_each(|script| found.extend(faults(script)));
        }
    }
    found
}
