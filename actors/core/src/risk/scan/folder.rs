//! What words name that is not written in them: files in the folder that was entered, files that a glob hits, files
//! that another command names.

use super::call::Run;
use super::field::Field;
use super::{Scan, base_name};
use crate::risk::knowledge::{Entry, Glob, Reading, Trait, tidy};

/// Files that are read for the secrets in them, and that a glob may hit without naming them.
const KEPT: &[&str] = &[
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/master.passwd",
    "/root/.ssh/id_rsa",
    "/root/.ssh/id_ed25519",
    "/root/.aws/credentials",
    "/root/.kube/config",
    "~/.ssh/id_rsa",
    "~/.ssh/id_ed25519",
    "~/.aws/credentials",
    "~/.kube/config",
    "~/.netrc",
];
/// Names that are handed on from one command to the next.
const MOST_NAMES: usize = 16;

impl Scan<'_> {
    /// Adds to the operands of a command what else they may name.
    pub(super) fn name_files(&self, fields: &mut [Field]) {
        for field in fields.iter_mut().skip(1).filter(|field| !field.text.starts_with('-')) {
            if let Some(folder) = self.folder.as_ref().filter(|_| is_relative(&field.text)) {
                field.also.push(format!("{folder}/{}", field.text));
            }
            if field.glob {
                let hit = hits(&field.text).into_iter().chain(field.also.iter().flat_map(|path| hits(path)));
                let hit: Vec<String> = hit.map(str::to_owned).collect();
                field.also.extend(hit);
            }
        }
    }

    /// Remembers the folder that a command goes into, if it is one that does.
    pub(super) fn enters(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) {
        if !reading.inner().is_some_and(|entry| entry.program.is(Trait::EntersFolder)) {
            return;
        }
        let target = run.words.iter().find(|word| !word.text.starts_with('-') || word.text == "-");
        self.folder = match target {
            None => reading.path.ends_with("cd").then(|| "~".to_owned()),
            Some(target) if target.dynamic || target.glob || target.text.starts_with(['-', '+']) => None,
            Some(target) if is_relative(&target.text) => {
                self.folder.as_ref().map(|folder| tidy(&format!("{folder}/{}", target.text)).into_owned())
            }
            Some(target) => Some(tidy(&target.text).into_owned()),
        };
    }
}

/// The files that a command prints the names of, or gives to the one inside it.
pub(super) fn named(entry: &Entry<'_, '_>) -> Vec<String> {
    let text = |word: &usize| entry.call.subject(*word).map(|word| word.text);
    let roots: Vec<&str> = entry.call.line.operands.iter().filter_map(text).take(MOST_NAMES).collect();
    let patterns = ["-name", "-iname", "-path", "-wholename", "-ipath"].iter().flat_map(|flag| entry.call.values(flag));
    let mut patterns: Vec<&str> = patterns.map(|(_, value)| value.text).collect();
    if patterns.is_empty() {
        patterns.push("*");
    }
    let below = roots.iter().flat_map(|root| patterns.iter().map(move |pattern| below(root, pattern)));
    below.chain(roots.iter().map(|&root| root.to_owned())).take(MOST_NAMES).collect()
}

fn below(root: &str, pattern: &str) -> String {
    if pattern.starts_with('/') { pattern.to_owned() } else { format!("{root}/{pattern}") }
}

fn is_relative(path: &str) -> bool {
    !path.is_empty() && !path.starts_with(['/', '~', '$', '-']) && !path.contains("://")
}

/// The files of [`KEPT`] that a glob hits; one for whole folders is not meant for them.
fn hits(glob: &str) -> Vec<&'static str> {
    // A sign never stands for a slash, nor for the home.
    if base_name(glob) == "*" || !glob.starts_with(['/', '~']) {
        return Vec::new();
    }
    let Ok(pattern) = Glob::new(&without_sets(glob)) else { return Vec::new() };
    let depth = |path: &str| path.matches('/').count();
    let is_hit = |path: &&&str| depth(path) == depth(glob) && pattern.matches(path);
    KEPT.iter().filter(is_hit).copied().collect()
}

/// `[a-z]` may be any letter.
fn without_sets(glob: &str) -> String {
    let mut text = String::with_capacity(glob.len());
    let mut rest = glob;
    while let Some((before, behind)) = rest.split_once('[') {
        let after = behind.get(1..).and_then(|inside| inside.split_once(']'));
        text.push_str(before);
        text.push('?');
        rest = after.map_or("", |(_, after)| after);
    }
    text + rest
}
