//! One sentence about what a command does, from what was found.

use super::{Context, Found};
use crate::risk::{Level, Text};

/// Effects that are named; more would be a list.
const MOST_EFFECTS: usize = 3;
/// Programs that are named.
const MOST_READERS: usize = 6;

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
            let more = if names.len() > MOST_READERS { ", …" } else { "" };
            let named: Vec<&str> = names.iter().take(MOST_READERS).map(String::as_str).collect();
            let names = named.join(", ") + more;
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
