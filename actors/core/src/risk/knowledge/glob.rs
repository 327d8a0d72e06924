//! Globs over whole words: `*` any characters, `?` one, `[abc]` one of these.

use std::collections::BTreeMap;

/// A pattern for a whole word. One that is written in capitals only takes any case, but for the name of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    /// What stands before the first sign: most words are told apart by it.
    beginning: String,
    parts: Vec<Part>,
    any_case: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(char),
    One,
    OneOf(Vec<char>),
    Any,
}

impl Glob {
    /// Reads a pattern; the error names a class that is not closed, or empty.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let any_case = text.contains(|letter: char| letter.is_ascii_uppercase())
            && !text.contains(|letter: char| letter.is_ascii_lowercase())
            && !is_setting(text);
        let signs = text.find(['*', '?', '[']).unwrap_or(text.len());
        let (beginning, rest) = text.split_at(signs);
        let mut parts = Vec::new();
        let mut rest = rest.chars();
        while let Some(character) = rest.next() {
            parts.push(match character {
                '*' if parts.last() == Some(&Part::Any) => continue,
                '*' => Part::Any,
                '?' => Part::One,
                '[' => match rest.as_str().split_once(']') {
                    Some((inside, after)) if !inside.is_empty() => {
                        rest = after.chars();
                        Part::OneOf(inside.chars().collect())
                    }
                    _ => return Err(format!("`[` without `]` in the pattern \"{text}\"; the sign itself is `[[]`")),
                },
                literal => Part::Literal(literal),
            });
        }
        Ok(Self { beginning: beginning.to_owned(), parts, any_case })
    }

    /// Counts the characters that are written out: the more, the more it says.
    pub(crate) fn literals(&self) -> usize {
        self.beginning.chars().count() + self.parts.iter().filter(|part| matches!(part, Part::Literal(_))).count()
    }

    /// Tells whether the whole text is of this form; time is at most the product of the lengths.
    pub(crate) fn matches(&self, text: &str) -> bool {
        // Most words differ in their first letter, so they are compared one by one: faster here than as a whole.
        let is_same = |(one, other): (u8, u8)| one == other || self.any_case && one.eq_ignore_ascii_case(&other);
        let Some(rest) = text.get(self.beginning.len()..) else { return false };
        self.beginning.bytes().zip(text.bytes()).all(is_same)
            && match self.parts.as_slice() {
                [] => rest.is_empty(),
                [Part::Any] => true,
                _ => self.matches_rest(rest),
            }
    }

    fn matches_rest(&self, text: &str) -> bool {
        let mut at = 0;
        let mut rest = text.chars();
        // Where the last `*` stands, and what was left of the text when it took one more character.
        let mut back: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let mut ahead = rest.clone();
            let next = ahead.next();
            match (self.parts.get(at), next) {
                (None, None) => return true,
                (Some(Part::Any), _) => {
                    at += 1;
                    back = Some((at, rest.clone()));
                }
                (Some(part), Some(character)) if self.is(part, character) => {
                    at += 1;
                    rest = ahead;
                }
                _ => {
                    let Some((star, left)) = &mut back else { return false };
                    if left.next().is_none() {
                        return false;
                    }
                    at = *star;
                    rest = left.clone();
                }
            }
        }
    }

    fn is(&self, part: &Part, character: char) -> bool {
        let character = if self.any_case { character.to_ascii_uppercase() } else { character };
        match part {
            Part::Literal(literal) => *literal == character,
            Part::One => true,
            Part::OneOf(these) => these.contains(&character),
            Part::Any => false,
        }
    }
}

/// Many patterns, of which a word is compared only with those that its first or last byte leaves.
#[derive(Debug, Clone, Default)]
pub(super) struct Globs {
    by_first: BTreeMap<u8, Vec<Glob>>,
    by_last: BTreeMap<u8, Vec<Glob>>,
    others: Vec<Glob>,
}

impl Globs {
    pub(super) fn add(&mut self, glob: Glob) {
        let first = glob.beginning.bytes().next();
        let last = match glob.parts.last() {
            Some(Part::Literal(last)) => u8::try_from(u32::from(*last)).ok().filter(u8::is_ascii),
            Some(Part::One | Part::OneOf(_) | Part::Any) | None => None,
        };
        let (list, byte) = match (first, last) {
            (Some(first), _) => (&mut self.by_first, first),
            (None, Some(last)) => (&mut self.by_last, last),
            (None, None) => return self.others.push(glob),
        };
        if glob.any_case && byte.is_ascii_alphabetic() {
            for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                list.entry(byte).or_default().push(glob.clone());
            }
        } else {
            list.entry(byte).or_default().push(glob);
        }
    }

    pub(super) fn add_all(&mut self, others: &Self) {
        for (list, other) in [(&mut self.by_first, &others.by_first), (&mut self.by_last, &others.by_last)] {
            for (byte, globs) in other {
                list.entry(*byte).or_default().extend(globs.iter().cloned());
            }
        }
        self.others.extend(others.others.iter().cloned());
    }

    /// Tells whether the whole text is of one of these forms.
    pub(super) fn match_any(&self, text: &str) -> bool {
        let has = |globs: &Vec<Glob>| globs.iter().any(|glob| glob.matches(text));
        let listed =
            |list: &BTreeMap<u8, Vec<Glob>>, byte: Option<&u8>| byte.and_then(|byte| list.get(byte)).is_some_and(has);
        let bytes = text.as_bytes();
        listed(&self.by_first, bytes.first()) || listed(&self.by_last, bytes.last()) || has(&self.others)
    }
}

/// The name of a variable and any value, as `PATH=*`: another case is another variable.
fn is_setting(pattern: &str) -> bool {
    let is_name = |letter: char| matches!(letter, 'A'..='Z' | '0'..='9' | '_' | '*' | '?' | '+' | '[' | ']');
    let split = pattern.split_once('=');
    split.is_some_and(|(name, value)| {
        name.chars().all(is_name) && !value.contains(|letter: char| letter.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_match() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "a/b"),
            ("/dev/sd*", "/dev/sda1"),
            ("a*b*c", "axxbxxbc"),
            ("mkfs.*", "mkfs.ext4"),
            ("?x", "éx"),
            ("[ab]c", "bc"),
            ("[[]", "["),
            ("DELETE", "delete"),
            ("PATH=*", "PATH=/tmp"),
            ("**a", "a"),
        ] {
            assert!(Glob::new(pattern).unwrap().matches(text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a*b", "ab c"),
            ("?", ""),
            ("[ab]", "c"),
            ("Delete", "DELETE"),
            ("a", "A"),
            ("PATH=*", "path=/tmp"),
        ] {
            assert!(!Glob::new(pattern).unwrap().matches(text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_patterns_match_what_one_of_them_does() {
        let patterns = ["", "a", "a*", "*b", "*[xy]", "?é", "ROOT", "*MEM", "[q]*z", "/dev/*", "ünd*", "*ü"];
        let globs: Vec<Glob> = patterns.iter().map(|pattern| Glob::new(pattern).unwrap()).collect();
        let mut many = Globs::default();
        globs.iter().cloned().for_each(|glob| many.add(glob));
        let words = [
            "", "a", "ab", "xb", "cy", "cé", "root", "Root", "vmem", "VMEM", "qz", "/dev/sda", "und", "ünd", "xü", "c",
            "A", "rootx",
        ];
        for word in words {
            assert_eq!(many.match_any(word), globs.iter().any(|glob| glob.matches(word)), "{word}");
        }
    }

    #[test]
    fn a_class_that_is_not_closed_is_no_pattern() {
        for pattern in ["[", "[a", "a[b]*[c", "[]"] {
            assert!(Glob::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn stars_take_no_more_than_the_product_of_the_lengths() {
        assert!(!Glob::new(&"*a".repeat(200)).unwrap().matches(&"a".repeat(199)));
        assert!(!Glob::new("*a*a*a*a*b").unwrap().matches(&"a".repeat(20_000)));
    }
}
