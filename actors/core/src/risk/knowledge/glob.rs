//! Globs over whole words: `*` any characters, `?` one, `[abc]` one of these.

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
