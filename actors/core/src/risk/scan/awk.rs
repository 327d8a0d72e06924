//! Programs in awk: where they write, and what they pipe into. What they start with `system` is told by the rule files.

use std::collections::BTreeMap;

use super::call::Run;
use super::field::Field;
use super::output::Output;
use super::{Context, Scan};
use crate::risk::{Level, Text};

/// Texts that a variable is known to have had; more are as good as any.
const MOST_VALUES: usize = 8;
/// Acts of one program that are followed; more would tell nobody more.
const MOST_ACTS: usize = 64;

/// What an awk program does beside computing and printing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Act {
    /// `print | command`
    Pipes(Target),
    /// `print > file`
    Writes(Target),
    /// `getline < file`
    Reads(Target),
    /// `@load`
    Loads,
    /// `@include`
    Includes,
}

/// The expression behind a sign, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Known(Vec<String>),
    /// One of the files that it reads.
    Input,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    String(String),
    Regex,
    /// Also a new line.
    Sign(&'static str),
}

impl Scan<'_> {
    /// Says what an awk program does beside computing; `given` are the variables set from outside, and `inputs` the
    /// files that it reads. Tells whether there is anything.
    pub(super) fn awk(
        &mut self,
        program: &str,
        given: &[(String, String)],
        inputs: &[String],
        field: &Field,
        run: Run<'_>,
    ) -> bool {
        let span = if field.span == [0, 0] { run.span } else { field.span };
        if !self.spend(program.len(), span) {
            return true;
        }
        let acts = acts(program, given);
        for act in &acts {
            match act {
                Act::Pipes(target) => self.awk_pipe(target, span, run),
                Act::Writes(Target::Known(paths)) => self.awk_files(">", paths, span, run),
                Act::Writes(Target::Input) => self.awk_files(">", inputs, span, run),
                Act::Writes(Target::Unknown) => {
                    let why = Text::new("Writes files from within an awk script.", "在 awk 脚本中写入文件。");
                    self.find("file_write", Level::Medium, run, Some(why), None);
                }
                Act::Reads(Target::Known(paths)) => self.awk_files("<", paths, span, run),
                Act::Reads(_) => {}
                Act::Loads => {
                    let why = Text::new("Loads code into the program.", "向程序加载代码。");
                    self.find("inline_code", Level::High, run, Some(why), None);
                }
                Act::Includes => self.find("script_run", Level::Medium, run, None, None),
            }
        }
        !acts.is_empty()
    }

    fn awk_pipe(&mut self, target: &Target, span: [usize; 2], run: Run<'_>) {
        let Target::Known(commands) = target else {
            let why = Text::new("Which command is run is only known when it runs.", "运行哪个命令要到执行时才知道。");
            return self.find("inline_code", Level::High, run, Some(why), None);
        };
        let why = Text::new("Runs other programs from within an awk script.", "在 awk 脚本中调用其他程序。");
        self.find("inline_code", Level::Medium, run, Some(why), None);
        let context = Context { stdin: Output::unknown(), ..run.context.clone() };
        for command in commands {
            self.text(command, run.spot.within(span), &context);
        }
    }

    fn awk_files(&mut self, sign: &str, paths: &[String], span: [usize; 2], run: Run<'_>) {
        for path in paths {
            self.ask(&[Field::plain(sign, span), Field::plain(path, span)], span, run.spot.deeper(), run.context);
        }
    }
}

/// All that a program does, in its order.
fn acts(program: &str, given: &[(String, String)]) -> Vec<Act> {
    let tokens = tokens(program);
    let variables = variables(&tokens, given);
    let mut acts = Vec::new();
    let (mut depth, mut print) = (0usize, None);
    for (at, token) in tokens.iter().enumerate() {
        let target = || target(&tokens, at + 1, &variables);
        let act = match token {
            Token::Word(word) if matches!(word.as_str(), "print" | "printf") => {
                print = Some(depth);
                None
            }
            Token::Word(word) if word == "@load" => Some(Act::Loads),
            Token::Word(word) if word == "@include" => Some(Act::Includes),
            Token::Sign("(" | "[") => {
                depth += 1;
                None
            }
            Token::Sign(")" | "]") => {
                depth = depth.saturating_sub(1);
                None
            }
            Token::Sign(";" | "\n" | "{" | "}") => {
                print = None;
                None
            }
            Token::Sign(">" | ">>") if print == Some(depth) => Some(Act::Writes(target())),
            Token::Sign("|" | "|&") if print == Some(depth) => Some(Act::Pipes(target())),
            Token::Sign("<") if is_getline(&tokens, at) => Some(Act::Reads(target())),
            Token::Word(_) | Token::String(_) | Token::Regex | Token::Sign(_) => None,
        };
        acts.extend(act.filter(|act| !acts.contains(act)));
        if acts.len() >= MOST_ACTS {
            break;
        }
    }
    acts
}

/// `getline <`, `getline line <`.
fn is_getline(tokens: &[Token], at: usize) -> bool {
    let is =
        |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at)) == Some(&Token::Word("getline".to_owned()));
    is(1) || is(2)
}

/// What variables are set to as plain text, in the program or from outside.
fn variables(tokens: &[Token], given: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut variables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in given {
        variables.entry(name.clone()).or_default().push(value.clone());
    }
    for three in tokens.windows(3) {
        if let [Token::Word(name), Token::Sign("="), Token::String(text)] = three {
            let values = variables.entry(name.clone()).or_default();
            if values.len() < MOST_VALUES {
                values.push(text.clone());
            }
        }
    }
    variables
}

fn target(tokens: &[Token], at: usize, variables: &BTreeMap<String, Vec<String>>) -> Target {
    let ends = |at: usize| matches!(tokens.get(at), None | Some(Token::Sign(";" | "\n" | "}" | ")" | "|" | ">")));
    match tokens.get(at) {
        // What else comes behind a text nobody knows; a path is told by its beginning.
        Some(Token::String(text)) if ends(at + 1) => Target::Known(vec![text.clone()]),
        Some(Token::String(text)) => Target::Known(vec![format!("{text}x")]),
        Some(Token::Word(word)) if matches!(word.as_str(), "FILENAME" | "ARGV") => Target::Input,
        Some(Token::Word(word)) => variables.get(word).cloned().map_or(Target::Unknown, Target::Known),
        Some(Token::Sign("(")) => target(tokens, at + 1, variables),
        _ => Target::Unknown,
    }
}

/// Signs of which it matters what they are; longer ones first.
const SIGNS: &[&str] = &[
    ">>", ">=", "<=", "==", "!=", "||", "|&", "&&", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "|", ">", "<", "=",
    "(", ")", "[", "]", "{", "}", ";", "\n",
];

fn tokens(program: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = program;
    while let Some(letter) = rest.chars().next() {
        let behind = rest.get(letter.len_utf8()..).unwrap_or_default();
        rest = match letter {
            ' ' | '\t' | '\r' => behind,
            '\\' => behind.strip_prefix('\n').unwrap_or(behind),
            '#' => behind.find('\n').and_then(|end| behind.get(end..)).unwrap_or_default(),
            '"' => {
                let (text, rest) = string(behind);
                tokens.push(Token::String(text));
                rest
            }
            '/' if !follows_value(&tokens) => {
                tokens.push(Token::Regex);
                regex(behind)
            }
            _ if letter == '_' || letter == '@' || letter.is_alphanumeric() => {
                let is_end = |letter: char| letter != '_' && letter != '.' && !letter.is_alphanumeric();
                let (word, rest) = behind.split_at(behind.find(is_end).unwrap_or(behind.len()));
                tokens.push(Token::Word(format!("{letter}{word}")));
                rest
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => {
                    tokens.push(Token::Sign(sign));
                    rest.get(sign.len()..).unwrap_or_default()
                }
                None => {
                    tokens.push(Token::Sign(""));
                    behind
                }
            },
        };
    }
    tokens
}

/// Behind a value `/` divides; elsewhere it begins an expression.
fn follows_value(tokens: &[Token]) -> bool {
    match tokens.last() {
        Some(Token::Word(word)) => {
            !matches!(word.as_str(), "print" | "printf" | "return" | "in" | "case" | "else" | "do" | "exit")
        }
        Some(Token::String(_) | Token::Sign(")" | "]" | "++" | "--")) => true,
        Some(Token::Regex | Token::Sign(_)) | None => false,
    }
}

/// The text of a string up to its end, and what comes behind it.
fn string(from: &str) -> (String, &str) {
    let mut text = String::new();
    let mut letters = from.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other @ ('"' | '\\' | '/')) => text.push(other),
                Some(other) => text.extend(['\\', other]),
                None => {}
            },
            other => text.push(other),
        }
    }
    (text, letters.as_str())
}

/// What comes behind an expression.
fn regex(from: &str) -> &str {
    let mut letters = from.chars();
    let mut within = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => within = true,
            ']' => within = false,
            '/' if !within => break,
            '\n' => break,
            _ => {}
        }
    }
    letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(program: &str) -> String {
        let given = [("given".to_owned(), "from outside".to_owned())];
        let shown = |target: Target| match target {
            Target::Known(texts) => texts.join("/"),
            Target::Input => "(input)".to_owned(),
            Target::Unknown => "?".to_owned(),
        };
        let act = |act: Act| match act {
            Act::Pipes(target) => format!("| {}", shown(target)),
            Act::Writes(target) => format!("> {}", shown(target)),
            Act::Reads(target) => format!("< {}", shown(target)),
            Act::Loads => "load".to_owned(),
            Act::Includes => "include".to_owned(),
        };
        acts(program, &given).into_iter().map(act).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn pipes_and_files_are_found() {
        for (program, expected) in [
            ("{print > \"out\"}", "> out"),
            ("{print $1, $2 >> \"out\" }", "> out"),
            ("{print > $1\".txt\"}", "> ?"),
            ("{print > (\"d/\" $1)}", "> d/x"),
            ("BEGIN{f=\"/etc/x\"; print \"a\" > f}", "> /etc/x"),
            ("BEGIN{print \"a\" > given}", "> from outside"),
            ("{printf(\"%s\\n\", $1) > FILENAME}", "> (input)"),
            ("{print | \"sort -u\"}", "| sort -u"),
            ("BEGIN{c=\"rm x\"; print | c}", "| rm x"),
            ("{print | cmd}", "| ?"),
            ("{print \"a\" |& \"nc h 9\"}", "| nc h 9"),
            ("{while ((getline line < \"b\") > 0) n++}", "< b"),
            ("@load \"x\"", "load"),
            ("@include \"x\"", "include"),
            ("/a\\/b|[/]c/ {print > \"o\"}", "> o"),
        ] {
            assert_eq!(told(program), expected, "{program}");
        }
    }

    #[test]
    fn what_only_computes_does_nothing_else() {
        for program in [
            "$1 > 5 || $2 > 3 {print}",
            "{if ($1 > max) max = $1} END {print max}",
            "{print ($1 > 5 ? \"a\" : \"b\")}",
            "{print \"a | b > c\"}",
            "/a|b>c/ {print}",
            "{print $1 / 2, $2 / 3} # > x",
            "$1 ~ /x|y/ && $2 >= 3",
            "{print}; $1 > 5",
            "{print a[$1 > 2]}",
        ] {
            assert_eq!(told(program), "", "{program}");
        }
    }

    #[test]
    fn a_program_that_is_cut_short_comes_to_an_end() {
        let program = "/a[/]b\\/c/ { printf(\"%s\\\"\", $1) >> f \".x\" | \"sort\" } # é\n@load \"x\"";
        for length in (0..=program.len()).filter(|length| program.is_char_boundary(*length)) {
            acts(&program[..length], &[]);
            acts(&program[length..], &[]);
        }
    }
}
