//! What whoever writes a rule file is told: faults and warnings, in words.

use super::options::Grammar;
use crate::risk::Text;

/// What an effect can have filled in, beside `{value:OPTION}`.
const PLACEHOLDERS: &[&str] = &["operands", "first", "last", "rest", "program", "command"];

/// Refuses an effect with a place that nothing is filled into.
pub(super) fn check_effect(effect: &Text, grammar: &Grammar) -> Result<(), String> {
    for text in [&effect.en, &effect.zh] {
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else {
                return Err(format!("`{{` without `}}` in the effect \"{text}\""));
            };
            check_placeholder(name, grammar)?;
            rest = behind;
        }
    }
    Ok(())
}

fn check_placeholder(name: &str, grammar: &Grammar) -> Result<(), String> {
    match name.strip_prefix("value:") {
        Some(option) if grammar.takes_value(option) => Ok(()),
        Some(option) => Err(format!("the effect names {option}, which is not among the options with a `=`")),
        None if PLACEHOLDERS.contains(&name) => Ok(()),
        None => {
            let known: Vec<String> = PLACEHOLDERS.iter().map(|known| format!("{{{known}}}")).collect();
            Err(format!("an effect has no {{{name}}}; there are {} and {{value:OPTION}}", known.join(", ")))
        }
    }
}

/// Puts what the reader of TOML says into the words of the documentation.
pub(super) fn in_words(message: &str) -> String {
    if let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    {
        let expected = match expected {
            "a sequence" => "a list",
            "struct Text" => "a table with `en` and `zh`",
            other if other == "a map" || other.starts_with("struct ") => "a table",
            other => other,
        };
        return format!("here should be {expected}, not the {found}");
    }
    if let Some((key, known)) = message.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", expected ")) {
        return format!("there is no key {key} here, but {}", known.trim_start_matches("one of "));
    }
    message.strip_prefix("missing field ").map_or_else(|| message.to_owned(), |key| format!("the key {key} is missing"))
}

/// What an organisation's own file takes away from the built-in ones.
pub(super) mod warned {
    use super::super::file::Program;
    use super::super::{LOW, Label};

    pub(in super::super) fn label(name: &str, old: &Label, new: &Label) -> Option<String> {
        let (from, to) = (old.level, new.level);
        (to < from).then(|| format!("the label {name} is lowered from {from} to {to}"))
    }

    pub(in super::super) fn commands(name: &str, old: &Program, new: &Program) -> Vec<String> {
        let lowered = new.commands.get(LOW).into_iter().flatten();
        let before = |path: &String| {
            old.commands
                .iter()
                .find(|(label, paths)| *label != LOW && paths.contains(path))
                .map(|(label, _)| label.clone())
        };
        let told = |path: &String| Some(format!("{name} {path} is lowered from {} to low", before(path)?));
        lowered.filter_map(told).collect()
    }
}
