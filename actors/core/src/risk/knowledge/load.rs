//! Reads rule files. A file with a fault is refused whole, with line and reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::{self, File};
use super::glob::Glob;
use super::pattern::{Class, Classes};
use super::program::Program;
use super::words::{in_words, warned};
use super::{CodeRule, Example, Grade, Knowledge, Label, Loaded};
use crate::risk::{Level, Text};

/// The files that are compiled in.
pub(super) const BUILTIN: &[(&str, &str)] = &[
    ("labels.toml", include_str!("labels.toml")),
    ("classes.toml", include_str!("classes.toml")),
    ("files.toml", include_str!("files.toml")),
    ("reading.toml", include_str!("reading.toml")),
    ("host.toml", include_str!("host.toml")),
    ("wrappers.toml", include_str!("wrappers.toml")),
    ("git.toml", include_str!("git.toml")),
    ("containers.toml", include_str!("containers.toml")),
    ("cloud.toml", include_str!("cloud.toml")),
    ("data.toml", include_str!("data.toml")),
    ("network.toml", include_str!("network.toml")),
    ("code.toml", include_str!("code.toml")),
    ("hermes.toml", include_str!("hermes.toml")),
];

/// Why a rule file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {why}")]
pub struct Error {
    /// The file's name as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub why: String,
}

#[derive(Default)]
struct Builder {
    labels: super::Labels,
    classes: Classes,
    programs: Vec<(Place, Arc<file::Program>)>,
    names: BTreeMap<String, usize>,
    languages: BTreeMap<String, Vec<CodeRule>>,
    warnings: Vec<String>,
    examples: Vec<(Place, Level, String)>,
}

/// Where something stands: the number of its file, and the offset in it.
#[derive(Clone, Copy)]
struct Place {
    file: usize,
    offset: usize,
}

/// What is wrong, and where.
struct Fault {
    place: Place,
    why: String,
}

impl Place {
    fn fault(self, why: impl Into<String>) -> Fault {
        Fault { place: self, why: why.into() }
    }

    fn line(self, files: &[(&str, &str)]) -> usize {
        let text = files.get(self.file).map_or("", |(_, text)| text);
        1 + text.get(..self.offset).unwrap_or(text).matches('\n').count()
    }

    const fn is_built_in(self) -> bool {
        self.file < BUILTIN.len()
    }
}

impl Fault {
    fn told(self, files: &[(&str, &str)]) -> Error {
        let file = files.get(self.place.file).map_or("", |(name, _)| name).to_owned();
        Error { file, line: self.place.line(files), why: self.why }
    }
}

impl Knowledge {
    /// What the product knows by itself.
    pub(crate) fn builtin() -> Result<Self, Error> {
        Self::load(BUILTIN).map(|loaded| loaded.knowledge)
    }

    /// What the product knows, with an organisation's file on top.
    pub(crate) fn with(name: &str, text: &str) -> Result<Loaded, Error> {
        let files: Vec<(&str, &str)> = BUILTIN.iter().copied().chain([(name, text)]).collect();
        Self::load(&files)
    }

    /// Reads files, the later ones on top of the earlier ones.
    fn load(files: &[(&str, &str)]) -> Result<Loaded, Error> {
        let mut builder = Builder::default();
        let added = files.iter().enumerate().try_for_each(|(number, (_, text))| builder.add(number, text));
        added.map_err(|fault| fault.told(files))?;
        let warnings = std::mem::take(&mut builder.warnings);
        let examples = std::mem::take(&mut builder.examples);
        let example =
            |(place, level, command): (Place, Level, String)| Example { command, level, line: place.line(files) };
        let examples = examples.into_iter().map(example).collect();
        let knowledge = builder.build().map_err(|fault| fault.told(files))?;
        Ok(Loaded { knowledge, warnings, examples })
    }
}

impl Builder {
    fn add(&mut self, number: usize, text: &str) -> Result<(), Fault> {
        let place = |offset: usize| Place { file: number, offset };
        let file: File = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            place(offset).fault(in_words(error.message()))
        })?;
        for label in file.label {
            self.label(label.into_inner());
        }
        for class in file.class {
            let at = place(class.span().start);
            self.class(class.into_inner()).map_err(|why| at.fault(why))?;
        }
        for program in file.program {
            let at = place(program.span().start);
            self.program(at, program.into_inner())?;
        }
        for language in file.code {
            let at = place(language.span().start);
            self.language(at, language.into_inner())?;
        }
        Ok(())
    }

    fn label(&mut self, label: file::Label) {
        let why = Text { en: label.en, zh: label.zh };
        let new = Label { level: label.level, destructive: label.destructive, why };
        if let Some(old) = self.labels.get(&label.name) {
            self.warnings.extend(warned::label(&label.name, old, &new));
        }
        self.labels.insert(label.name, new);
    }

    /// A class may name others that stand before it.
    fn class(&mut self, class: file::Class) -> Result<(), String> {
        let mut built = Class::default();
        for (list, target) in [(&class.any, &mut built.any), (&class.except, &mut built.except)] {
            for text in list {
                match text.strip_prefix('@') {
                    None => target.add(Glob::new(text)?),
                    Some(other) => {
                        let other = self.classes.get(other).ok_or(format!("there is no class \"{other}\" yet"))?;
                        target.add_all(&other.any);
                    }
                }
            }
        }
        if self.classes.contains_key(&class.name) {
            self.warnings.push(format!("the class {} is replaced, for every rule that names it", class.name));
        }
        self.classes.insert(class.name, Arc::new(built));
        Ok(())
    }

    fn program(&mut self, place: Place, mut program: file::Program) -> Result<(), Fault> {
        let levels = [Level::Low, Level::Medium, Level::High];
        for (level, examples) in levels.into_iter().zip([&mut program.low, &mut program.medium, &mut program.high]) {
            let examples = std::mem::take(examples);
            // Those of the built-in files are run by the tests.
            let own = examples.into_iter().filter(|_| !place.is_built_in());
            let at = |offset: usize| Place { offset, ..place };
            self.examples.extend(own.map(|text| (at(text.span().start), level, text.into_inner())));
        }
        for rule in &mut program.rule {
            rule.get_mut().file = place.file;
        }
        let program = Arc::new(program);
        if program.names.is_empty() {
            return Err(place.fault("a program needs `names`"));
        }
        let mut number = None;
        for name in &program.names {
            let at = match self.names.get(name).and_then(|known| self.programs.get(*known)) {
                Some((known, _)) if known.file == place.file => {
                    return Err(place.fault(format!("\"{name}\" is described twice in this file")));
                }
                Some((_, known)) if !program.replace => {
                    if program.style != file::Style::default() && program.style != known.style {
                        return Err(place.fault(format!("\"{name}\" is built in with another `style`")));
                    }
                    self.warnings.extend(warned::commands(name, known, &program));
                    let merged = file::Program::clone(known).with(file::Program::clone(&program), name);
                    self.programs.push((place, Arc::new(merged)));
                    self.programs.len() - 1
                }
                known => {
                    self.warnings.extend(known.map(|_| format!("{name} is replaced")));
                    *number.get_or_insert_with(|| {
                        self.programs.push((place, Arc::clone(&program)));
                        self.programs.len() - 1
                    })
                }
            };
            self.names.insert(name.clone(), at);
        }
        Ok(())
    }

    fn language(&mut self, place: Place, language: file::Language) -> Result<(), Fault> {
        let mut rules = Vec::new();
        for rule in language.rule {
            let at = Place { offset: rule.span().start, ..place };
            let rule = rule.into_inner();
            let grade = rule.label.as_deref().map(|label| Grade::named(label, &self.labels)).transpose();
            let grade = grade.map_err(|why| at.fault(why))?;
            let (level, said) = match grade {
                Some(Grade::Labelled { level, why, .. }) => (level, why),
                Some(Grade::Low) | None => (Level::Low, Text::default()),
            };
            let why = match (rule.en, rule.zh) {
                (Some(en), Some(zh)) => Text { en, zh },
                _ => said,
            };
            let level = rule.level.unwrap_or(level);
            rules.push(CodeRule {
                label: rule.label,
                level,
                why,
                any: rule.any,
                all: rule.all,
                shell: rule.shell,
                writes: rule.writes,
                brackets: rule.brackets,
                lines: rule.lines,
            });
        }
        self.languages.entry(language.language).or_default().extend(rules);
        Ok(())
    }

    fn build(self) -> Result<Knowledge, Fault> {
        let mut knowledge = Knowledge { labels: self.labels, languages: self.languages, ..Knowledge::default() };
        for (place, program) in self.programs {
            let language = program.code.as_ref().map(|code| code.language.as_str());
            let is_unknown = |name: &&str| *name != super::SED && !knowledge.languages.contains_key(*name);
            if let Some(unknown) = language.filter(is_unknown) {
                return Err(place.fault(format!("there are no [[code]] rules for the language \"{unknown}\"")));
            }
            let mut program = Arc::unwrap_or_clone(program);
            let rules = std::mem::take(&mut program.rule);
            let mut program = Program::new(program, &knowledge.labels).map_err(|why| place.fault(why))?;
            for rule in rules {
                let at = Place { file: rule.get_ref().file, offset: rule.span().start };
                program.add(rule.into_inner(), &knowledge.labels, &self.classes).map_err(|why| at.fault(why))?;
            }
            knowledge.programs.push(program);
        }
        for (name, at) in self.names {
            let parents = name.match_indices(' ').filter_map(|(end, _)| name.get(..end)).map(str::to_owned);
            knowledge.parents.extend(parents);
            match name.strip_suffix('*') {
                Some(beginning) => knowledge.beginnings.push((beginning.to_owned(), at)),
                None => {
                    knowledge.names.insert(name, at);
                }
            }
        }
        Ok(knowledge)
    }
}

impl file::Program {
    /// What another file adds to the entry of one name.
    fn with(mut self, other: Self, name: &str) -> Self {
        self.names = vec![name.to_owned()];
        self.options.extend(other.options);
        for (label, paths) in other.commands {
            for known in self.commands.values_mut() {
                known.retain(|path| !paths.contains(path));
            }
            self.commands.entry(label).or_default().extend(paths);
        }
        self.otherwise = other.otherwise.or(self.otherwise);
        self.effect = other.effect.or(self.effect);
        self.harmless.extend(other.harmless);
        self.harmful.extend(other.harmful);
        self.traits.extend(other.traits);
        self.adds_operands |= other.adds_operands;
        self.skips_assignments |= other.skips_assignments;
        self.opens.extend(other.opens);
        self.user = other.user.or(self.user);
        self.host = other.host.or(self.host);
        self.container = other.container.or(self.container);
        self.code = other.code.or(self.code);
        self.sql = other.sql.or(self.sql);
        self.rule.extend(other.rule);
        self
    }
}
