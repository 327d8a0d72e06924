//! What a line says, for those who hold it against something else.

use std::borrow::Cow;

use serde::Deserialize;

use super::format::{place, prev};
use crate::id::{Digest, Revision, Seq};

/// What a line says about a task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Statement<'a> {
    /// The line's number.
    pub seq: Seq,
    /// What happened, such as `task.approved`.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// The task it happened to; empty if it happened to none.
    #[serde(borrow)]
    pub task_id: Cow<'a, str>,
    /// The task's revision.
    #[serde(default)]
    pub revision: Option<Revision>,
    /// The digest of the command.
    #[serde(default)]
    pub cmd_sha: Option<Digest>,
}

impl<'a> Statement<'a> {
    /// Reads a line (without its newline); none if it is not one that could have been written.
    pub fn of(line: &'a str) -> Option<Self> {
        place(line.as_bytes()).ok()?;
        serde_json::from_str(line).ok()
    }
}

/// Whether a line, or its end, names this hash as that of the line before it.
pub fn names(line: &str, leaf: &Digest) -> bool {
    prev(line).is_some_and(|named| named == leaf.hex())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::vectors::LINES;

    #[test]
    fn a_line_says_what_happened_to_which_task() {
        let said: Vec<_> = LINES.iter().map(|(line, _)| Statement::of(line).unwrap()).collect();
        assert_eq!((said[1].seq, &*said[1].kind, &*said[1].task_id), (Seq(2), "task.created", "TASK-0001"));
        assert_eq!((said[0].revision, said[0].cmd_sha), (None, None));
        assert_eq!(Statement::of("{\"v\":1,\"seq\":2}"), None);
    }

    #[test]
    fn each_line_names_the_one_before_it() {
        let leaf = |n: usize| Digest::parse(LINES[n].1).unwrap();
        assert!(names(LINES[1].0, &leaf(0)) && names(LINES[2].0, &leaf(1)));
        assert!(!names(LINES[2].0, &leaf(0)) && !names("", &leaf(0)));
        let end = &LINES[1].0[LINES[1].0.len() - 80..];
        assert!(names(end, &leaf(0)), "the end is enough");
    }
}
