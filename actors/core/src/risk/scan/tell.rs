//! Fills what a command line says into a sentence about it. The words are the submitter's: secrets among them are masked,
//! and whatever could be read as part of the sentence stands in quotes.

use std::borrow::Cow;

use crate::redact;
use crate::risk::Text;
use crate::risk::knowledge::Call;
use crate::visible;

/// Characters of one word.
const MOST_CHARACTERS: usize = 60;
/// Words that are named; of more, those that say most.
const MOST_WORDS: usize = 3;

/// Fills what a call says into a template.
pub(super) fn fill(template: &Text, path: &str, call: &Call<'_>) -> Text {
    let words: Vec<&str> = call.words.iter().map(|word| word.text).collect();
    let line = format!("{path} {}", words.join(" "));
    let teller = Teller { path, call, masked: redact::mask(&line) };
    Text { en: teller.filled(&template.en, English), zh: teller.filled(&template.zh, Chinese) }
}

struct Teller<'t> {
    path: &'t str,
    call: &'t Call<'t>,
    /// The whole line, for what is a secret only because of what stands before it.
    masked: Cow<'t, str>,
}

/// How to say that there are more.
trait Language: Copy {
    fn more(self, count: usize) -> String;
}

#[derive(Clone, Copy)]
struct English;

#[derive(Clone, Copy)]
struct Chinese;

impl Language for English {
    fn more(self, count: usize) -> String {
        format!(" and {count} more")
    }
}

impl Language for Chinese {
    fn more(self, count: usize) -> String {
        format!(" 等（另有 {count} 项）")
    }
}

impl Teller<'_> {
    fn filled(&self, template: &str, language: impl Language) -> String {
        let mut text = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            text.push_str(before);
            let value = self.value(name, language);
            rest = if value.is_empty() { behind_gap(&mut text, behind) } else { behind };
            text.push_str(&value);
        }
        (text + rest).trim().trim_end_matches(':').to_owned()
    }

    fn value(&self, name: &str, language: impl Language) -> String {
        let operands = self.operands();
        match name {
            "operands" => self.list(&operands, language),
            "first" => operands.first().map(|word| self.word(word)).unwrap_or_default(),
            "last" => operands.last().map(|word| self.word(word)).unwrap_or_default(),
            "rest" => self.list(operands.split_last().map_or(&[], |(_, rest)| rest), language),
            "program" => self.path.split(' ').next().unwrap_or_default().to_owned(),
            "command" => self.path.to_owned(),
            _ => name.strip_prefix("value:").map(|flag| self.option(flag)).unwrap_or_default(),
        }
    }

    fn operands(&self) -> Vec<&str> {
        let words = self.call.line.operands.iter().filter_map(|word| self.call.subject(*word));
        words.map(|word| word.text).collect()
    }

    fn option(&self, flag: &str) -> String {
        self.call.values(flag).last().map(|(_, value)| self.word(value.text)).unwrap_or_default()
    }

    /// All words, or those that reach furthest: what is near the root of the tree is not hidden behind many others.
    fn list(&self, words: &[&str], language: impl Language) -> String {
        let mut shown: Vec<&str> = words.to_vec();
        if words.len() > MOST_WORDS {
            shown.sort_by_key(|word| reach(word));
            shown.truncate(MOST_WORDS);
        }
        let named = shown.iter().map(|word| self.word(word)).collect::<Vec<_>>().join(" ");
        match words.len() - shown.len() {
            0 => named,
            more => named + &language.more(more),
        }
    }

    /// One word as it may be shown: masked before it is cut, since half a secret is not known for one.
    fn word(&self, word: &str) -> String {
        let masked = redact::mask(word);
        if !self.masked.contains(masked.as_ref()) {
            return "***".to_owned();
        }
        let shown = visible::show_line(&masked);
        let cut: String = match shown.char_indices().nth(MOST_CHARACTERS) {
            None => shown.into_owned(),
            Some(_) => shown.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect(),
        };
        if cut.chars().all(is_plain) && !cut.is_empty() {
            cut
        } else {
            format!("“{}”", cut.replace(['“', '”'], "\""))
        }
    }
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

/// How many folders a path is away from everything; what is no path comes last.
fn reach(word: &str) -> usize {
    let is_path = word.starts_with(['/', '~', '.', '*', '$']);
    if is_path { word.split('/').filter(|part| !part.is_empty() && *part != "*").count() } else { usize::MAX }
}

/// Characters that no sentence is made of.
const fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '.' | '_' | '/' | ':' | '@' | '%' | '+' | '=' | '~' | '*' | '?' | '$' | '-' | '…')
        || matches!(character, '\u{3400}'..='\u{9FFF}')
}

#[cfg(test)]
mod tests {
    use crate::risk::{Networks, Rules, Source};

    fn summary(command: &str) -> (String, String) {
        let found = Rules::builtin().assess(command, &Source::default(), &Networks::default());
        (found.summary, found.summary_zh)
    }

    #[test]
    fn the_sentence_says_what_whom_and_where() {
        for (command, expected) in [
            ("rm -rf /data", "Deletes /data with everything below."),
            ("sudo rm -rf /data", "Deletes /data with everything below, as root."),
            (
                "ssh root@db1 'rm -rf /data'",
                "Deletes /data with everything below, as root, on host db1; runs a command on root@db1.",
            ),
            ("ls -l | wc -l", "Only reads (ls, wc)."),
            (
                "sudo -u postgres psql -c 'drop table users'",
                "Drops the table users with everything in it, as postgres.",
            ),
            ("rm -rf a0 a1 a2 a3 a4 /", "Deletes / a0 a1 and 3 more with everything below."),
        ] {
            assert_eq!(summary(command).0, expected, "{command}");
        }
        assert!(summary("rm -rf a b c d").1.contains("另有 1 项"));
    }

    #[test]
    fn a_submitter_does_not_write_the_sentence() {
        for command in [
            "systemctl stop 'nginx. Only reads: approved by the administrator'",
            "rm -rf '/srv/x with everything below; only reads'",
            "kubectl delete ns 'x**bold**[l](http://e)<at id=all></at>'",
            "rm -rf '/srv/“quoted” text'",
        ] {
            let (sentence, _) = summary(command);
            let quoted: String = sentence.split('“').skip(1).filter_map(|part| part.split('”').next()).collect();
            for word in ["Only reads", "only reads", "**bold**", "<at", "quoted"] {
                assert_eq!(sentence.contains(word), quoted.contains(word), "{sentence}");
            }
        }
    }

    #[test]
    fn what_the_command_hides_the_sentence_does_not_tell() {
        let long = "Q7x9".repeat(15);
        for command in [
            format!("git push -f https://user:{long}@git.example.com/r.git main"),
            format!("rm -rf https://user:{long}@h/x"),
            "systemctl stop x --password hunter2SECRETvalue".to_owned(),
            format!("curl -X DELETE https://u:{long}@h/x"),
        ] {
            let (en, zh) = summary(&command);
            assert!(!en.contains("Q7x9") && !zh.contains("Q7x9"), "{en} {zh}");
            assert!(!en.contains("hunter2") && !zh.contains("hunter2"), "{en} {zh}");
        }
    }
}
