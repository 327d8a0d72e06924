//! One sentence about what a command does, from what was found.

use super::{Context, Found};
use crate::risk::knowledge::Call;
use crate::risk::{Level, Text};

/// Effects that are named; more would be a list.
const MOST_EFFECTS: usize = 3;
/// Characters of what is filled into one place.
const MOST_CHARACTERS: usize = 60;

/// Fills what a call says into a template.
pub(super) fn fill(template: &Text, path: &str, call: &Call<'_>) -> Text {
    Text { en: filled(&template.en, path, call), zh: filled(&template.zh, path, call) }
}

fn filled(template: &str, path: &str, call: &Call<'_>) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        text.push_str(before);
        let value = value(name, path, call);
        rest = if value.is_empty() { behind_gap(&mut text, behind) } else { behind };
        text.push_str(&shortened(&value));
    }
    (text + rest).trim().trim_end_matches(':').to_owned()
}

/// What is not there leaves no gap, and no empty brackets; gives what goes on behind it.
fn behind_gap<'t>(text: &mut String, mut behind: &'t str) -> &'t str {
    for (open, close) in [('(', ')'), ('（', '）')] {
        if let Some(rest) = behind.strip_prefix(close).filter(|_| text.ends_with(open)) {
            text.pop();
            behind = rest;
        }
    }
    if behind.is_empty() || behind.starts_with(' ') {
        text.truncate(text.trim_end().len());
    }
    behind
}

fn value(name: &str, path: &str, call: &Call<'_>) -> String {
    let operands: Vec<&str> =
        call.line.operands.iter().filter_map(|word| call.subject(*word)).map(|word| word.text).collect();
    let shown = |word: &&str| if word.is_empty() { "\"\"".to_owned() } else { (*word).to_owned() };
    let joined = |words: &[&str]| words.iter().map(shown).collect::<Vec<_>>().join(" ");
    match name {
        "operands" => joined(&operands),
        "first" => operands.first().map(shown).unwrap_or_default(),
        "last" => operands.last().map(shown).unwrap_or_default(),
        "rest" => joined(operands.split_last().map_or(&[], |(_, rest)| rest)),
        "program" => path.split(' ').next().unwrap_or_default().to_owned(),
        "command" => path.to_owned(),
        _ => match name.strip_prefix("value:") {
            Some(flag) => call.values(flag).last().map(|(_, value)| value.text.to_owned()).unwrap_or_default(),
            None => String::new(),
        },
    }
}

fn shortened(text: &str) -> String {
    let shown = crate::visible::show_line(text);
    if shown.chars().count() <= MOST_CHARACTERS {
        return shown.into_owned();
    }
    shown.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}

/// The sentence, in both languages.
pub(in crate::risk) fn sentence(found: &Found) -> Text {
    let mut notes: Vec<_> = found.notes.iter().filter(|note| note.finding.level > Level::Low).collect();
    notes.sort_by_key(|note| (std::cmp::Reverse(note.finding.level), note.finding.span));
    let mut effects: Vec<Text> = Vec::new();
    let mut told: Vec<[usize; 2]> = Vec::new();
    for note in &notes {
        // What a command line does is said once, by what weighs most.
        if note.finding.span != [0, 0] && told.contains(&note.finding.span) {
            continue;
        }
        told.push(note.finding.span);
        let effect = note.effect.clone().unwrap_or_else(|| verb(&note.finding.why, &note.finding.why_zh));
        let effect = with_context(effect, &note.context);
        if !effects.contains(&effect) {
            effects.push(effect);
        }
    }
    let more = effects.len().saturating_sub(MOST_EFFECTS);
    effects.truncate(MOST_EFFECTS);
    if effects.is_empty() {
        return only_reads(&found.readers);
    }
    let join = |pick: fn(&Text) -> &String, with: &str| {
        effects.iter().map(|one| pick(one).as_str()).collect::<Vec<_>>().join(with)
    };
    let (mut en, mut zh) = (join(|text| &text.en, "; "), join(|text| &text.zh, "；"));
    if more > 0 {
        en.push_str(&format!("; and {more} more"));
        zh.push_str(&format!("；另有 {more} 项"));
    }
    Text { en: sentence_case(&en) + ".", zh: zh + "。" }
}

fn only_reads(readers: &[String]) -> Text {
    match readers {
        [] => Text::new("Changes nothing.", "不做任何改动。"),
        names => {
            let names = shortened(&names.join(", "));
            Text::new(format!("Only reads ({names})."), format!("只读取信息（{names}）。"))
        }
    }
}

/// A reason is a sentence; inside another one it begins small and has no dot.
fn verb(en: &str, zh: &str) -> Text {
    let mut letters = en.trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    Text { en: first + letters.as_str(), zh: zh.trim_end_matches('。').to_owned() }
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

fn with_context(mut effect: Text, context: &Context) -> Text {
    if let Some(user) = &context.user {
        effect.en.push_str(&format!(", as {user}"));
        effect.zh.push_str(&format!("，以 {user} 身份"));
    }
    if let Some(host) = &context.host {
        effect.en.push_str(&format!(", on host {host}"));
        effect.zh.push_str(&format!("，在主机 {host} 上"));
    }
    if let Some(container) = &context.container {
        effect.en.push_str(&format!(", in container {container}"));
        effect.zh.push_str(&format!("，在容器 {container} 中"));
    }
    effect
}
