//! Wrappers: the command inside, as whom and where it runs.

use super::call::Run;
use super::field::Field;
use super::output::Output;
use super::{Context, Scan, flow_of, folder, joined};
use crate::risk::Level;
use crate::risk::knowledge::{Entry, Glob, Inner, Named, Opening, REPLACED, Reading, Trait};

/// Words of a known text that are given to the command inside, at most.
const MOST_WORDS: usize = 64;

/// A wrapper on its way, with what the command inside will run as and in.
#[derive(Clone, Copy)]
struct Wrapper<'w> {
    entry: &'w Entry<'w, 'w>,
    /// The words behind its name.
    fields: &'w [Field],
    run: Run<'w>,
    context: &'w Context,
}

impl<'w> Wrapper<'w> {
    fn given(self, flags: &[String]) -> bool {
        flags.iter().any(|flag| self.entry.call.has(flag))
    }

    fn is_open(self, opening: &Opening) -> bool {
        (opening.when.is_empty() || self.given(&opening.when)) && !self.given(&opening.unless)
    }

    /// The words from an operand on.
    fn from(self, operand: usize) -> Option<&'w [Field]> {
        let behind = self.fields.get(*self.entry.call.line.operands.get(operand)?..)?;
        let ended = behind.first().is_some_and(|first| first.text == "--");
        behind.get(usize::from(ended)..)
    }

    /// Whatever stands for what is read is `{}` from here on.
    fn marked(self, field: &Field) -> Field {
        let placeholder = self.entry.call.values("-I").last().map_or("{}", |(_, value)| value.text);
        if matches!(placeholder, "" | "{}") || !field.text.contains(placeholder) {
            return field.clone();
        }
        Field { text: field.text.replace(placeholder, "{}"), exact: None, ..field.clone() }
    }

    /// The files whose names the command inside may be given.
    fn names(self) -> Vec<String> {
        if self.entry.program.is(Trait::NamesFiles) {
            return folder::named(self.entry);
        }
        let input = self.run.input;
        let words = input.text.iter().flat_map(|text| text.split_whitespace()).take(MOST_WORDS);
        input.names.iter().cloned().chain(words.map(str::to_owned)).collect()
    }

    /// A word in whose place, or in which, the command inside gets such a name.
    fn is_replaced(self, word: &str) -> bool {
        let mut signs = ["-I", "-J"].iter().flat_map(|flag| self.entry.call.values(flag)).peekable();
        if signs.peek().is_none() { word.contains("{}") } else { signs.any(|(_, sign)| word.contains(sign.text)) }
    }

    /// The values of some options, each as a word of its own.
    fn values(self, flags: &[String]) -> Vec<Field> {
        let values = flags.iter().flat_map(|flag| self.entry.call.values(flag));
        let field = |(word, text): (usize, String)| {
            let field = self.fields.get(word).cloned().unwrap_or_default();
            let exact = field.exact.filter(|_| field.text == text);
            Field { text, exact, ..field }
        };
        values.map(|(word, value)| field((word, value.text.to_owned()))).collect()
    }
}

impl Scan<'_> {
    /// Goes through the commands inside a wrapper; `None` if there is none.
    pub(super) fn opened(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) -> Option<Output> {
        let entry = reading.entries.iter().rev().find(|entry| !entry.program.opens.is_empty())?;
        let fields = run.words.get(entry.offset..).unwrap_or_default();
        let context = inner_context(&reading.path, entry, fields, run);
        let wrapper = Wrapper { entry, fields, run, context: &context };
        let open = entry.program.opens.iter().filter(|opening| wrapper.is_open(opening));
        open.filter_map(|opening| self.inside(&opening.inner, wrapper)).reduce(Output::and)
    }

    fn inside(&mut self, inner: &Inner, wrapper: Wrapper<'_>) -> Option<Output> {
        match inner {
            Inner::Command { from, program, .. } if !wrapper.values(program).is_empty() => {
                let quoted = wrapper.values(program).into_iter().filter(|value| is_line(&value.text)).collect();
                if let Some(output) = self.each_shell(quoted, wrapper) {
                    return Some(output);
                }
                let named = wrapper.values(program).into_iter().flat_map(|value| words_of(&value));
                let fields: Vec<Field> = named.chain(wrapper.from(*from).unwrap_or_default().iter().cloned()).collect();
                self.inner_command(&fields, wrapper)
            }
            Inner::Command { from, before, .. } => {
                let from = if is_program(wrapper.from(0)?, before) { 0 } else { *from };
                let inner = wrapper.from(from)?;
                // `setarch x86_64 -R ls`: options may follow such an operand.
                let options =
                    inner.iter().take_while(|field| !before.is_empty() && field.text.starts_with('-')).count();
                let inner = self.behind_assignments(inner.get(options..)?, wrapper);
                self.inner_command(inner, wrapper)
            }
            Inner::Shell { from } => {
                let mut text = wrapper.from(*from)?.to_vec();
                if let Some(last) = text.last_mut().filter(|_| wrapper.entry.program.adds_operands) {
                    last.text.push_str(" \"$@\"");
                    last.exact = None;
                }
                self.inner_shell(&text, wrapper)
            }
            Inner::ShellOperand(operand) => self.inner_shell(wrapper.from(*operand)?.get(..1)?, wrapper),
            Inner::Value(flags) => self.each_shell(wrapper.values(flags), wrapper),
            Inner::Split(flags) => {
                let behind = joined(wrapper.from(0).unwrap_or_default());
                let whole = |field: Field| {
                    let text = format!("{} {behind}", self.split_text(&field, wrapper));
                    Field { text, exact: None, ..field }
                };
                let texts = wrapper.values(flags).into_iter().map(whole).collect();
                self.each_shell(texts, wrapper)
            }
            Inner::Between { after, until } => self.between(after, until, wrapper),
            Inner::OptionsOf(program) => {
                let field = wrapper.from(0)?.first()?;
                let plain = |text: &str| Field::plain(text, field.span);
                let words = field.text.split_whitespace().take(MOST_WORDS).map(plain);
                let fields: Vec<Field> = std::iter::once(plain(program)).chain(words).collect();
                self.inner_command(&fields, wrapper)
            }
            Inner::AfterEquals => {
                let text = |field: &Field| Some(Field::plain(field.text.split_once('=')?.1, field.span));
                self.each_shell(wrapper.fields.iter().filter_map(text).collect(), wrapper)
            }
        }
    }

    fn behind_assignments<'f>(&mut self, mut fields: &'f [Field], wrapper: Wrapper<'_>) -> &'f [Field] {
        while let Some((first, rest)) = fields.split_first() {
            if !wrapper.entry.program.skips_assignments || !is_assignment(&first.text) {
                break;
            }
            let spot = wrapper.run.spot.deeper();
            let (name, value) = first.text.split_once('=').unwrap_or((&first.text, ""));
            self.assigned(name, value, first.span, spot, wrapper.context);
            fields = rest;
        }
        fields
    }

    /// What `env -S` is given: assignments before the command go, as they would.
    fn split_text(&mut self, field: &Field, wrapper: Wrapper<'_>) -> String {
        let text = field.text.replace("\\_", " ");
        let mut rest = text.trim_start();
        while let Some((word, behind)) = rest.split_once(' ').filter(|(word, _)| is_assignment(word)) {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            self.assigned(name, value, field.span, wrapper.run.spot.deeper(), wrapper.context);
            rest = behind.trim_start();
        }
        rest.to_owned()
    }

    fn inner_command(&mut self, fields: &[Field], wrapper: Wrapper<'_>) -> Option<Output> {
        if let [text] = fields
            && text.text.contains(' ')
        {
            // No program is called so; what is meant is a line for a shell, which some of these have.
            return self.inner_shell(fields, wrapper);
        }
        let last = fields.last()?;
        let (input, spot) = (wrapper.run.input, wrapper.run.spot.deeper());
        if !wrapper.entry.program.adds_operands {
            return Some(self.call(fields, input, spot, wrapper.context));
        }
        let names = wrapper.names();
        let named = |field: &Field| {
            let also = if wrapper.is_replaced(&field.text) { names.clone() } else { Vec::new() };
            Field { also, ..wrapper.marked(field) }
        };
        let more = Field { dynamic: true, also: names.clone(), ..Field::plain("$@", last.span) };
        let fields: Vec<Field> = fields.iter().map(named).chain([more]).collect();
        Some(self.call(&fields, input, spot, wrapper.context))
    }

    fn each_shell(&mut self, texts: Vec<Field>, wrapper: Wrapper<'_>) -> Option<Output> {
        texts.iter().filter_map(|text| self.inner_shell(std::slice::from_ref(text), wrapper)).reduce(Output::and)
    }

    /// Text for a shell: one word, or several with blanks between.
    fn inner_shell(&mut self, fields: &[Field], wrapper: Wrapper<'_>) -> Option<Output> {
        let Wrapper { run, context, .. } = wrapper;
        let (first, last) = (fields.first()?, fields.last()?);
        let flow = flow_of(fields);
        if flow.downloaded {
            self.find("remote_code", Level::High, run, None, None);
        } else if flow.decoded {
            self.find("obfuscated_execution", Level::High, run, None, None);
        }
        let spot = match (fields, first.exact) {
            ([_], Some(exact)) => run.spot.from(exact),
            _ => run.spot.within([first.span[0], last.span[1]]),
        };
        let context = Context { stdin: run.input.clone(), ..context.clone() };
        Some(self.text(&joined(fields), spot, &context))
    }

    /// `-exec … ;`: every stretch of words between the two.
    fn between(&mut self, after: &[String], until: &[String], wrapper: Wrapper<'_>) -> Option<Output> {
        let mut output = None;
        let mut rest = wrapper.fields;
        while let Some(start) = rest.iter().position(|field| after.contains(&field.text)) {
            let behind = rest.get(start + 1..).unwrap_or_default();
            let length = behind.iter().position(|field| until.contains(&field.text)).unwrap_or(behind.len());
            let (inner, left) = behind.split_at(length);
            output = self.inner_command(inner, wrapper).or(output);
            rest = left;
        }
        output
    }
}

/// A line for a shell, with quotes of its own.
fn is_line(text: &str) -> bool {
    !text.starts_with('[') && text.contains(['"', '\''])
}

/// The words of a value that may hold several.
fn words_of(value: &Field) -> Vec<Field> {
    let word = |text: &str| Field { text: text.to_owned(), exact: None, ..value.clone() };
    match value.text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        // `["rm","-rf"]`
        Some(list) => list.split(',').map(|text| word(text.trim().trim_matches('"'))).collect(),
        None => value.text.split_whitespace().map(word).collect(),
    }
}

/// What does not look like the operand that comes before the command is the command, so that nothing hides behind it.
fn is_program(fields: &[Field], before: &[Glob]) -> bool {
    let fits = |field: &Field| before.iter().any(|glob| glob.matches(&field.text));
    !before.is_empty() && !fields.first().is_some_and(fits)
}

fn inner_context(path: &str, entry: &Entry<'_, '_>, fields: &[Field], run: Run<'_>) -> Context {
    let mut context = run.context.clone();
    context.under.push(path.to_owned());
    // `xargs -I --help rm --help x`: what looks like an option is not what the command gets.
    if entry.call.values("-I").any(|(_, placeholder)| placeholder.text.starts_with('-')) {
        context.under.push(REPLACED.to_owned());
    }
    let named = |named: &Option<Named>| named.as_ref().and_then(|named| name(named, entry, fields));
    if let Some(host) = named(&entry.program.host) {
        let (user, host) =
            host.rsplit_once('@').map_or((None, host.clone()), |(user, host)| (Some(user.to_owned()), host.to_owned()));
        context.host = Some(host);
        context.user = user;
    }
    context.user = named(&entry.program.user).or(context.user);
    context.container = named(&entry.program.container).or(context.container);
    context
}

fn name(named: &Named, entry: &Entry<'_, '_>, fields: &[Field]) -> Option<String> {
    let operand = |at: usize| fields.get(*entry.call.line.operands.get(at)?).map(|field| field.text.clone());
    let by_value = named.value.iter().find_map(|flag| entry.call.values(flag).last());
    let by_value = by_value.map(|(_, value)| value.text.to_owned());
    named.always.clone().or(by_value).or_else(|| named.operand.and_then(operand)).or_else(|| named.otherwise.clone())
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
    })
}
