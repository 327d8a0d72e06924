//! Wrappers: the command inside, as whom and where it runs.

use super::call::Run;
use super::field::Field;
use super::output::Output;
use super::{Context, Scan, flow_of, joined};
use crate::risk::Level;
use crate::risk::knowledge::{Entry, Glob, Named, Opening, Reading};

impl Scan<'_> {
    /// Goes through the commands inside a wrapper; `None` if there is none.
    pub(super) fn opened(&mut self, reading: &Reading<'_, '_>, run: Run<'_>) -> Option<Output> {
        let entry = reading.entries.iter().rev().find(|entry| !entry.program.opens.is_empty())?;
        let fields = run.words.get(entry.offset..).unwrap_or_default();
        let context = inner_context(&reading.path, entry, fields, run);
        let mut output: Option<Output> = None;
        for opening in &entry.program.opens {
            let given = |flags: &[String]| flags.iter().any(|flag| entry.call.has(flag));
            if !opening.when.is_empty() && !given(&opening.when) || given(&opening.unless) {
                continue;
            }
            if let Some(found) = self.opening(opening, entry, fields, run, &context) {
                output = Some(output.map_or(found.clone(), |before| before.and(found)));
            }
        }
        output
    }

    fn opening(
        &mut self,
        opening: &Opening,
        entry: &Entry<'_, '_>,
        fields: &[Field],
        run: Run<'_>,
        context: &Context,
    ) -> Option<Output> {
        let behind = |operand: usize| {
            let behind = fields.get(*entry.call.line.operands.get(operand)?..).unwrap_or_default();
            let ended = behind.first().is_some_and(|first| first.text == "--");
            behind.get(usize::from(ended)..)
        };
        if let Some(operand) = opening.command {
            let fits = |field: &Field| opening.before.iter().any(|glob| Glob::new(glob).matches(&field.text));
            let is_command = !opening.before.is_empty() && !behind(0)?.first().is_some_and(fits);
            let inner = self.behind_assignments(behind(if is_command { 0 } else { operand })?, entry, context);
            return self.inner_command(inner, entry, run, context);
        }
        if let Some(operand) = opening.shell {
            let mut behind = behind(operand)?.to_vec();
            if let Some(last) = behind.last_mut().filter(|_| entry.program.adds_operands) {
                last.text.push_str(" \"$@\"");
                last.exact = None;
            }
            return self.inner_shell(&behind, run, context);
        }
        if let Some(operand) = opening.shell_operand {
            return self.inner_shell(behind(operand)?.get(..1)?, run, context);
        }
        if opening.each_shell_after_equals {
            return self.after_equals(fields, run, context);
        }
        if !opening.after.is_empty() {
            return self.between(opening, entry, fields, run, context);
        }
        let flags = [&opening.shell_value, &opening.command_value, &opening.split_value];
        let values = flags.into_iter().flatten().flat_map(|flag| entry.call.values(flag));
        let texts: Vec<(usize, String)> = values.map(|(word, value)| (word, value.text.to_owned())).collect();
        let split = !opening.split_value.is_empty();
        let rest = behind(0).filter(|_| split).unwrap_or_default();
        let mut output = None;
        for (word, text) in texts {
            let field = fields.get(word).cloned().unwrap_or_default();
            let exact = field.exact.filter(|_| field.text == text);
            let text = if split { format!("{} {}", split_text(&text), joined(rest)) } else { text };
            let field = Field { text, exact: exact.filter(|_| !split), ..field };
            output = self.inner_shell(std::slice::from_ref(&field), run, context);
        }
        output
    }

    fn behind_assignments<'f>(
        &mut self,
        mut fields: &'f [Field],
        entry: &Entry<'_, '_>,
        context: &Context,
    ) -> &'f [Field] {
        while let Some((first, rest)) = fields.split_first() {
            if !entry.program.skips_assignments || !is_assignment(&first.text) {
                break;
            }
            self.ask(&[Field::plain("=", first.span), first.clone()], first.span, context);
            fields = rest;
        }
        fields
    }

    fn inner_command(
        &mut self,
        fields: &[Field],
        entry: &Entry<'_, '_>,
        run: Run<'_>,
        context: &Context,
    ) -> Option<Output> {
        let last = fields.last()?;
        let more = Field { dynamic: true, text: "$@".to_owned(), ..Field::plain("", last.span) };
        let more = entry.program.adds_operands.then_some(more);
        let fields: Vec<Field> = fields.iter().cloned().chain(more).collect();
        Some(self.call(&fields, run.input, run.spot.deeper(), context))
    }

    /// Text for a shell: one word, or several with blanks between.
    fn inner_shell(&mut self, fields: &[Field], run: Run<'_>, context: &Context) -> Option<Output> {
        let first = fields.first()?;
        let flow = flow_of(fields);
        if flow.downloaded {
            self.find("remote_code", Level::High, run, None, None);
        } else if flow.decoded {
            self.find("obfuscated_execution", Level::High, run, None, None);
        }
        let spot = match (fields, first.exact) {
            ([_], Some(exact)) => run.spot.from(exact),
            _ => run.spot.within([first.span[0], fields.last().map_or(first.span[1], |last| last.span[1])]),
        };
        let context = Context { stdin: run.input.clone(), ..context.clone() };
        Some(self.text(&joined(fields), spot, &context))
    }

    fn after_equals(&mut self, fields: &[Field], run: Run<'_>, context: &Context) -> Option<Output> {
        for field in fields {
            if let Some((_, text)) = field.text.split_once('=') {
                let spot = run.spot.within(field.span);
                self.text(text, spot, context);
            }
        }
        Some(Output::default())
    }

    /// `-exec … ;`: every stretch of words between the two.
    fn between(
        &mut self,
        opening: &Opening,
        entry: &Entry<'_, '_>,
        fields: &[Field],
        run: Run<'_>,
        context: &Context,
    ) -> Option<Output> {
        let mut output = None;
        let mut rest = fields;
        while let Some(start) = rest.iter().position(|field| opening.after.contains(&field.text)) {
            let behind = rest.get(start + 1..).unwrap_or_default();
            let length = behind.iter().position(|field| opening.until.contains(&field.text)).unwrap_or(behind.len());
            let (inner, after) = behind.split_at(length);
            output = self.inner_command(inner, entry, run, context).or(output);
            rest = after;
        }
        output
    }
}

fn inner_context(path: &str, entry: &Entry<'_, '_>, fields: &[Field], run: Run<'_>) -> Context {
    let mut context = run.context.clone();
    context.under.push(path.to_owned());
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

/// What `env -S` is given: assignments before the command go, as they would.
fn split_text(text: &str) -> String {
    let text = text.replace("\\_", " ");
    let mut rest = text.trim_start();
    while let Some((_, behind)) = rest.split_once(' ').filter(|(word, _)| is_assignment(word)) {
        rest = behind.trim_start();
    }
    rest.to_owned()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
    })
}
