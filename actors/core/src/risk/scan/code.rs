//! Code that interpreters and database clients are given.

use super::Scan;
use super::call::Run;
use super::field::{Field, SUBSTITUTED};
use super::input::is_own_input;
use super::place::Spot;
use crate::risk::knowledge::{AWK, Entry, Reading, SED, Trait};
use crate::risk::{Level, Text, statement};

/// String literals of code that are read as shell text at most.
const MOST_LITERALS: usize = 64;

impl Scan<'_> {
    /// Looks into code on the command line; tells whether there is any.
    pub(super) fn code(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) -> bool {
        let Some(entry) = reading.entries.iter().rev().find(|entry| entry.program.code.is_some()) else { return false };
        let Some(code) = &entry.program.code else { return false };
        let fields = run.words.get(entry.offset..).unwrap_or_default();
        let values = code.value.iter().flat_map(|flag| entry.call.values(flag));
        let mut texts: Vec<(usize, String)> = values.map(|(word, value)| (word, value.text.to_owned())).collect();
        let by_value = !texts.is_empty();
        let is_code = !code.unless.iter().any(|flag| entry.call.has(flag));
        if let Some(word) = code.operand.filter(|_| is_code).and_then(|at| entry.call.line.operands.get(at))
            && let Some(field) = fields.get(*word)
        {
            texts.push((*word, field.text.clone()));
        }
        if code.words {
            texts.extend(fields.iter().map(|field| field.text.clone()).enumerate());
        }
        let mut found = self.code_files(entry, fields, run);
        if let Some(text) = run.input.text.as_ref().filter(|_| entry.program.is(Trait::ReadsCode)) {
            found |= self.program_text(entry, text, &Field::plain("", run.span), run);
        }
        if code.language == SED {
            // The parts of a script are lines of one.
            let word = texts.first().map_or(0, |(word, _)| *word);
            let script = texts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n");
            texts = vec![(word, script)];
        }
        for (word, text) in &texts {
            let mut field = fields.get(*word).cloned().unwrap_or_default();
            if field.flow.downloaded {
                self.find("remote_code", Level::High, run, None, None);
            } else if field.flow.decoded {
                self.find("obfuscated_execution", Level::High, run, None, None);
            }
            if code.edits && is_unknown(&field, text) {
                found = true;
                let why = Text::new("Which code is run is only known when it runs.", "运行哪段代码要到执行时才知道。");
                self.find("inline_code", Level::Medium, run, Some(why), None);
            }
            if code.language == SED {
                field.names = fields.iter().flat_map(|field| field.names.iter().cloned()).collect();
            }
            found |= self.program_text(entry, text, &field, run);
        }
        if by_value && !found && !code.edits {
            let level = self.label("inline_code").level;
            self.find("inline_code", level, run, None, None);
        }
        by_value && !code.edits || found
    }

    /// Looks into files with code that the text wrote, or that are what flows in; tells whether anything was found.
    fn code_files(&mut self, entry: &Entry<'_, '_>, fields: &[Field], run: Run<'_>) -> bool {
        let Some(code) = &entry.program.code else { return false };
        let mut found = false;
        for (word, value) in code.files.iter().flat_map(|flag| entry.call.values(flag)) {
            let flow = fields.get(word).map(|field| field.flow.clone()).unwrap_or_default();
            let input = if is_own_input(value.text) && !flow.any { run.input.clone() } else { flow };
            let content = if input.any { Some(input) } else { self.script_in(value.text, run) };
            let Some(content) = content else { continue };
            if content.downloaded {
                self.find("remote_code", Level::High, run, None, None);
            } else if content.decoded {
                self.find("obfuscated_execution", Level::High, run, None, None);
            }
            if let Some(text) = &content.text {
                found |= self.program_text(entry, text, &Field::plain("", run.span), run);
            }
        }
        found
    }

    /// Looks into code with what the command line says of it.
    fn program_text(&mut self, entry: &Entry<'_, '_>, text: &str, field: &Field, run: Run<'_>) -> bool {
        let Some(code) = &entry.program.code else { return false };
        let found = self.language(&code.language, text, field, run);
        if code.language != AWK {
            return found;
        }
        let operands = entry.call.line.operands.iter().filter_map(|word| entry.call.subject(*word));
        let inputs: Vec<String> =
            operands.filter(|operand| operand.text != text).map(|operand| operand.text.to_owned()).collect();
        let set = |text: &str| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let options = entry.call.values("-v").filter_map(|(_, value)| set(value.text));
        let given: Vec<(String, String)> = options.chain(inputs.iter().filter_map(|operand| set(operand))).collect();
        self.awk(text, &given, &inputs, field, run) || found
    }

    /// Asks what code of a language does; tells whether anything was found.
    pub(super) fn language(&mut self, language: &str, code: &str, field: &Field, run: Run<'_>) -> bool {
        if language == SED {
            return self.sed(code, field, run);
        }
        let span = if field.span == [0, 0] { run.span } else { field.span };
        if !self.spend(code.len(), span) {
            return true;
        }
        let dense: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        let holds = |text: &String| dense.contains(text.replace(' ', "").as_str());
        let knowledge = self.knowledge;
        let mut found = false;
        for rule in knowledge.language(language) {
            let hit = (!rule.any.is_empty() || !rule.all.is_empty())
                && (rule.any.is_empty() || rule.any.iter().any(holds))
                && rule.all.iter().all(holds);
            if let Some(label) = rule.label.as_deref().filter(|_| hit) {
                found = true;
                let depth = run.spot.depth + 1;
                self.tell(depth, || super::explain::finding(label, rule.level, &rule.why.en));
                self.note(label, rule.level, span, rule.why.clone(), None, run.context);
            }
            for path in targets(code, &rule.writes).into_iter().take(MOST_LITERALS) {
                self.target(path, span, run);
            }
            let inner: Vec<&str> =
                rule.brackets.iter().flat_map(|sign| bracketed(code, sign)).take(MOST_LITERALS).collect();
            self.shells(inner, run.spot.within(span), run);
            let begun = |line: &'_ str| rule.lines.iter().any(|sign| line.starts_with(sign.as_str()));
            let lines = code.lines().map(str::trim_start).filter(|line| begun(line));
            let lines = lines.filter_map(|line| rule.lines.iter().find_map(|sign| line.strip_prefix(sign.as_str())));
            let lines: Vec<&str> = lines.take(MOST_LITERALS).collect();
            found |= !lines.is_empty();
            self.shells(lines, run.spot.within(span), run);
            if rule.shell.iter().any(holds) {
                let literals = literals(code).into_iter().take(MOST_LITERALS).collect();
                self.shells(literals, run.spot.within(span), run);
            }
        }
        found
    }

    /// Reads the strings in code that starts programs as what they may be: shell text. Only what is high counts.
    fn shells(&mut self, texts: Vec<&str>, spot: Spot, run: Run<'_>) {
        let (known, mark) = (self.found.notes.len(), self.mark());
        for text in texts {
            self.text(text, spot, run.context);
        }
        self.keep_grave(known, mark);
    }

    /// A file that code, or an option, writes; that it writes at all is said by a rule, so only what is high counts.
    pub(super) fn target(&mut self, path: &str, span: [usize; 2], run: Run<'_>) {
        let (known, mark) = (self.found.notes.len(), self.mark());
        let fields = [Field::plain(">", span), Field::plain(path, span)];
        self.ask(&fields, span, run.spot.deeper(), run.context);
        self.keep_grave(known, mark);
    }

    /// Of what was found since, keeps only what is high for what it does.
    pub(super) fn keep_grave(&mut self, known: usize, mark: usize) {
        let found = self.found.notes.split_off(known.min(self.found.notes.len()));
        let counts = |label: &str| !matches!(label, "obfuscated_execution" | "unparsed");
        let grave = found.into_iter().filter(|note| note.finding.level == Level::High && counts(&note.finding.label));
        self.found.notes.extend(grave);
        if self.found.notes.len() <= known {
            self.forget_steps(mark);
        }
    }

    /// Grades the statements that a database client is given; tells whether there are any.
    pub(super) fn client(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) -> bool {
        let Some(entry) = reading.entries.iter().rev().find(|entry| entry.program.sql.is_some()) else { return false };
        let Some(sql) = &entry.program.sql else { return false };
        let dialect = statement::Dialect::named(&sql.dialect).unwrap_or(statement::Dialect::Generic);
        let fields = run.words.get(entry.offset..).unwrap_or_default();
        let given = sql.value.iter().flat_map(|flag| entry.call.values(flag));
        let mut texts: Vec<(usize, String)> = given.map(|(word, value)| (word, value.text.to_owned())).collect();
        let operands = sql.operand.and_then(|from| entry.call.line.operands.get(from..)).unwrap_or_default();
        texts.extend(operands.iter().filter_map(|word| Some((*word, fields.get(*word)?.text.clone()))));
        let mut any = !texts.is_empty();
        for (word, text) in &texts {
            let field = fields.get(*word).cloned().unwrap_or_default();
            let spot = match field.exact.filter(|_| field.text == *text) {
                Some(exact) => run.spot.from(exact),
                None => run.spot.within(field.span),
            };
            if field.dynamic {
                let level = self.label("unknown_command").level;
                let why =
                    Text::new("Which statement is run is only known when it runs.", "运行哪条语句要到执行时才知道。");
                self.find("unknown_command", level, run, Some(why), None);
            }
            if self.spend(text.len(), field.span) {
                self.sql(text, dialect, spot, run.context);
            }
        }
        if sql.input
            && let Some(text) = &run.input.text
            && self.spend(text.len(), run.span)
        {
            any = true;
            self.sql(text, dialect, run.spot.within(run.span), run.context);
        }
        any
    }
}

/// Nothing is known of a word that is one variable or substitution and no more.
fn is_unknown(field: &Field, text: &str) -> bool {
    let is_name = |name: &str| field.names.iter().any(|known| known == name);
    field.dynamic && (text == SUBSTITUTED || text.strip_prefix('$').is_some_and(is_name))
}

/// The string literals that stand behind some signs.
fn targets<'c>(code: &'c str, signs: &[String]) -> Vec<&'c str> {
    let behind = signs.iter().flat_map(|sign| code.match_indices(sign.as_str()).map(|(at, sign)| at + sign.len()));
    let literal = |from: usize| {
        let mut rest = code.get(from..)?.trim_start().chars();
        let quote = rest.next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest.as_str().split_once(quote).map(|(inside, _)| inside)
    };
    behind.filter_map(literal).collect()
}

/// What stands in brackets of any kind behind a sign; behind a colon, the rest.
fn bracketed<'c>(code: &'c str, sign: &str) -> Vec<&'c str> {
    let inside = |from: usize| {
        let mut rest = code.get(from..)?.chars();
        let close = match rest.next()? {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            ':' => return Some(rest.as_str()),
            other if other.is_ascii_punctuation() && other != '-' => other,
            _ => return None,
        };
        let inside = rest.as_str();
        // `echo $(date)` has brackets of its own: the last one before the next part closes.
        let end = inside.find(&format!("{close},")).or_else(|| inside.rfind(close));
        inside.get(..end?)
    };
    code.match_indices(sign).take(MOST_LITERALS).filter_map(|(at, sign)| inside(at + sign.len())).collect()
}

/// The insides of `'…'` and `"…"`.
fn literals(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(['\'', '"', '`']) {
        let Some(quote) = rest.get(start..).and_then(|text| text.chars().next()) else { break };
        let inside = rest.get(start + 1..).unwrap_or_default();
        let Some(length) = inside.find(quote) else { break };
        found.extend(inside.get(..length));
        rest = inside.get(length + 1..).unwrap_or_default();
    }
    found
}
