//! Reads a command line by a program's own grammar: which words are options, which are their values, which operands.

use super::file::Style;

/// Whether an option takes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
    /// Only one that is written on to it.
    Attached,
}

/// One option with all its spellings.
#[derive(Debug, Clone)]
struct Spec {
    spellings: Vec<String>,
    takes: Takes,
}

/// The options of a program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grammar {
    pub(crate) style: Style,
    specs: Vec<Spec>,
}

/// An option as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    /// All its spellings if it is a known one, else how it was written.
    pub(crate) spellings: Vec<String>,
    /// The word it stands in.
    pub(crate) word: usize,
    pub(crate) value: Option<Value>,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// The word it stands in.
    pub(crate) word: usize,
    /// Where it begins in that word.
    pub(crate) from: usize,
}

/// What was read; numbers are those of the words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub(crate) given: Vec<Given>,
    pub(crate) operands: Vec<usize>,
    /// Where `--` stood.
    pub(crate) ended: bool,
}

impl Given {
    pub(crate) fn is(&self, spelling: &str) -> bool {
        self.spellings.iter().any(|known| known == spelling)
    }
}

impl Grammar {
    /// Reads option lines such as `-o --output=`.
    pub(crate) fn new(style: Style, lines: &[String]) -> Result<Self, String> {
        let specs = lines.iter().map(|line| Spec::new(line)).collect::<Result<_, _>>()?;
        Ok(Self { style, specs })
    }

    /// Tells whether an option of this spelling is written down.
    pub(crate) fn knows(&self, spelling: &str) -> bool {
        self.exact(spelling).is_some()
    }

    /// Tells whether an option of this spelling may have a value.
    pub(super) fn takes_value(&self, spelling: &str) -> bool {
        self.exact(spelling).is_some_and(|spec| spec.takes != Takes::Nothing)
    }

    /// Reads one word, the `at`th of the words, and gives how many were taken; `None` if it is an operand.
    pub(crate) fn option(&self, words: &[&str], at: usize, line: &mut Line) -> Option<usize> {
        let word = words.get(at).copied().filter(|word| word.len() > 1 && word.starts_with('-'))?;
        match self.style {
            Style::Words => None,
            _ if word == "--" => {
                line.ended = true;
                Some(1)
            }
            Style::Single => Some(self.single(words, at, word, line)),
            Style::Gnu | Style::Posix if word.starts_with("--") => Some(self.long(words, at, word, line)),
            Style::Gnu | Style::Posix => Some(self.bundle(words, at, word, line)),
        }
    }

    fn single(&self, words: &[&str], at: usize, word: &str, line: &mut Line) -> usize {
        let name = word.split('=').next().unwrap_or(word);
        let other = match name.strip_prefix("--") {
            Some(bare) => format!("-{bare}"),
            None => format!("-{name}"),
        };
        let spec = self.exact(name).or_else(|| self.exact(&other));
        self.take(words, at, name.len(), word.len() > name.len(), spec, &[name, &other], line)
    }

    fn long(&self, words: &[&str], at: usize, word: &str, line: &mut Line) -> usize {
        let name = word.split('=').next().unwrap_or(word);
        let spec = self.exact(name).or_else(|| self.abbreviated(name));
        self.take(words, at, name.len(), word.len() > name.len(), spec, &[name], line)
    }

    /// Notes an option down whose name ends at `end` of its word, and takes its value with it.
    #[expect(clippy::too_many_arguments, reason = "what is known of one word")]
    fn take(
        &self,
        words: &[&str],
        at: usize,
        end: usize,
        attached: bool,
        spec: Option<&Spec>,
        names: &[&str],
        line: &mut Line,
    ) -> usize {
        let takes = spec.map_or(Takes::Nothing, |spec| spec.takes);
        let value = match (attached, takes) {
            (true, _) => Some(Value { word: at, from: end + 1 }),
            (false, Takes::Value) => words.get(at + 1).map(|_| Value { word: at + 1, from: 0 }),
            (false, Takes::Nothing | Takes::Attached) => None,
        };
        let taken = 1 + usize::from(value.as_ref().is_some_and(|value| value.word > at));
        let spellings =
            spec.map_or_else(|| names.iter().map(|&name| name.to_owned()).collect(), |spec| spec.spellings.clone());
        line.given.push(Given { spellings, word: at, value });
        taken
    }

    fn bundle(&self, words: &[&str], at: usize, word: &str, line: &mut Line) -> usize {
        let whole = word.split('=').next().unwrap_or(word);
        if whole.chars().count() > 2 && self.knows(whole) {
            return self.long(words, at, word, line);
        }
        for (place, letter) in word.char_indices().skip(1) {
            let spelling = format!("-{letter}");
            let spec = self.exact(&spelling);
            let takes = spec.map_or(Takes::Nothing, |spec| spec.takes);
            let spellings = spec.map_or_else(|| vec![spelling], |spec| spec.spellings.clone());
            let rest = place + letter.len_utf8();
            let value = match takes {
                // `-s=no`: some programs take it so, and no other letter can be meant.
                Takes::Nothing if word.get(rest..).is_some_and(|rest| rest.starts_with('=')) => {
                    Some(Value { word: at, from: rest + 1 })
                }
                Takes::Nothing => None,
                Takes::Value | Takes::Attached if rest < word.len() => Some(Value { word: at, from: rest }),
                Takes::Value => words.get(at + 1).map(|_| Value { word: at + 1, from: 0 }),
                Takes::Attached => None,
            };
            let ends = value.is_some();
            let taken = 1 + usize::from(value.as_ref().is_some_and(|value| value.word > at));
            line.given.push(Given { spellings, word: at, value });
            if ends {
                return taken;
            }
        }
        1
    }

    fn exact(&self, spelling: &str) -> Option<&Spec> {
        self.specs.iter().find(|spec| spec.spellings.iter().any(|known| known == spelling))
    }

    /// A long option may be cut short as long as it is one option's.
    fn abbreviated(&self, name: &str) -> Option<&Spec> {
        if name.len() < 3 || matches!(name, "--help" | "--version") {
            return None;
        }
        let is_cut = |spec: &&Spec| spec.spellings.iter().any(|known| known.starts_with(name));
        let mut found = self.specs.iter().filter(is_cut);
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }
}

impl Spec {
    fn new(line: &str) -> Result<Self, String> {
        let (names, takes) = if let Some(names) = line.strip_suffix("[=]") {
            (names, Takes::Attached)
        } else if let Some(names) = line.strip_suffix('=') {
            (names, Takes::Value)
        } else {
            (line, Takes::Nothing)
        };
        let mut spellings = Vec::new();
        for name in names.split_whitespace() {
            // The mark may stand behind every spelling, too.
            let name = name.trim_end_matches("[=]").trim_end_matches('=');
            if !name.starts_with(['-', '+']) || name.len() < 2 {
                return Err(format!("the option \"{name}\" does not begin with - or +"));
            }
            spellings.push(name.to_owned());
        }
        if spellings.is_empty() { Err("an option has no name".to_owned()) } else { Ok(Self { spellings, takes }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grammar(style: Style, lines: &[&str]) -> Grammar {
        Grammar::new(style, &lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn read(grammar: &Grammar, text: &str) -> String {
        let words: Vec<&str> = text.split(' ').collect();
        let (mut line, mut at) = (Line::default(), 0);
        while at < words.len() {
            let taken = if line.ended { None } else { grammar.option(&words, at, &mut line) };
            match taken {
                Some(taken) => at += taken,
                None => {
                    line.operands.push(at);
                    at += 1;
                }
            }
        }
        let given = line.given.iter().map(|given| {
            let value = given.value.as_ref().map(|value| format!("={}", &words[value.word][value.from..]));
            format!("{}{}", given.spellings.last().unwrap(), value.unwrap_or_default())
        });
        let operands = line.operands.iter().map(|at| words[*at].to_owned());
        given.chain(operands).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_are_told_from_values_and_operands() {
        let gnu = grammar(Style::Gnu, &["-r -R --recursive", "-o --output=", "--color[=]", "-n=", "--remote"]);
        for (text, expected) in [
            ("-rf a", "--recursive -f a"),
            ("a -R", "--recursive a"),
            ("-r=no a", "--recursive=no a"),
            ("--rec a", "--recursive a"),
            ("--re a", "--re a"),
            ("-ofile a", "--output=file a"),
            ("-ro file a", "--recursive --output=file a"),
            ("--output file", "--output=file"),
            ("--out=file", "--output=file"),
            ("--color auto", "--color auto"),
            ("--color=auto", "--color=auto"),
            ("--unknown=x y", "--unknown=x y"),
            ("-n5 -- -r", "-n=5 -r"),
            ("- -o", "--output -"),
        ] {
            assert_eq!(read(&gnu, text), expected, "{text}");
        }
        let single = grammar(Style::Single, &["-chdir=", "-destroy", "-name="]);
        for (text, expected) in [
            ("-destroy", "-destroy"),
            ("--destroy", "-destroy"),
            ("-chdir=x apply", "-chdir=x apply"),
            ("-name x y", "-name=x y"),
        ] {
            assert_eq!(read(&single, text), expected, "{text}");
        }
        assert_eq!(read(&grammar(Style::Words, &[]), "-n x"), "-n x");
    }

    #[test]
    fn a_line_that_names_no_option_is_refused() {
        for line in ["", "output", "-"] {
            assert!(Grammar::new(Style::Gnu, &[line.to_owned()]).is_err(), "{line}");
        }
    }
}
