//! Brings paths into the form that classes are written in.

use std::borrow::Cow;

/// Tidies a path by its letters alone: `//`, `/./`, a trailing `/` and `x/..` go, `$HOME` is written `~`.
pub(crate) fn tidy(word: &str) -> Cow<'_, str> {
    let home = ["$HOME", "${HOME}"].iter().find_map(|name| word.strip_prefix(name));
    let home = home.filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let word = home.map_or(Cow::Borrowed(word), |rest| Cow::Owned(format!("~{rest}")));
    if word.contains("//") || word.contains("/.") || word.len() > 1 && word.ends_with('/') || word.starts_with("./") {
        Cow::Owned(tidied(&word))
    } else {
        word
    }
}

fn tidied(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != ".." && *last != "~") => {
                parts.pop();
            }
            ".." if absolute && parts.is_empty() => {}
            other => parts.push(other),
        }
    }
    match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_path_become_one() {
        for (word, expected) in [
            ("/", "/"),
            ("//", "/"),
            ("/.", "/"),
            ("/..", "/"),
            ("/./", "/"),
            ("/tmp/../etc/", "/etc"),
            ("/../../etc", "/etc"),
            ("./", "."),
            ("./a//b/", "a/b"),
            ("../", ".."),
            ("a/../..", ".."),
            ("~/", "~"),
            ("~/..", "~/.."),
            ("$HOME/x/", "~/x"),
            ("${HOME}", "~"),
            ("$HOMER/x", "$HOMER/x"),
            ("/*", "/*"),
            ("/etc/./passwd", "/etc/passwd"),
            ("a.b", "a.b"),
            ("", ""),
        ] {
            assert_eq!(tidy(word), expected, "{word}");
        }
    }
}
