//! Where values come from, and which of them wins: default < TOML file < environment < flag.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::parse::Parsed;
use super::suggest;
use super::table::{Kind, Setting};

/// Variables that are no settings: where the settings are, and what the client commands use.
const CLIENT_VARIABLES: [&str; 3] = ["HERMES_CONFIG", "HERMES_URL", "HERMES_KEY"];

/// Everything that settings are read from. Only `from_process` looks at the real environment.
#[derive(Default)]
pub struct Sources {
    /// The file named with `--config`; without it `HERMES_CONFIG`, then `hermes.toml` in the home folder.
    pub file: Option<PathBuf>,
    pub env: BTreeMap<String, String>,
    /// Values by the name of the flag, without dashes.
    pub flags: BTreeMap<&'static str, String>,
}

impl Sources {
    pub fn from_process(file: Option<PathBuf>, flags: BTreeMap<&'static str, String>) -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self { file, env: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(), flags }
    }

    /// What a variable says; an empty one says nothing.
    fn variable(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// Says which `HERMES_…` variables mean nothing to any of the programs.
    pub(super) fn unknown_variables(&self, known: &[&'static Setting]) -> Vec<String> {
        let is_known = |name: &str| CLIENT_VARIABLES.contains(&name) || known.iter().any(|setting| setting.env == name);
        let unknown = self.env.keys().filter(|name| name.starts_with("HERMES_") && !is_known(name));
        let hint = |name| suggest::closest_variable(name, known).map(|name| format!("; did you mean {name}?"));
        unknown.map(|name| format!("{name}: there is no such setting{}", hint(name).unwrap_or_default())).collect()
    }

    /// Whether a variable is there and says nothing.
    fn is_blank(&self, name: &str) -> bool {
        self.env.get(name).is_some_and(|text| text.trim().is_empty())
    }

    fn expand_home(&self, text: &str) -> String {
        match (text.strip_prefix("~/"), self.variable("HOME")) {
            (Some(rest), Some(home)) => format!("{home}/{rest}"),
            _ => text.to_owned(),
        }
    }
}

/// Who said a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Environment(&'static str),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag --{name}"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value in force, before it is parsed.
pub(super) struct Found {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// Looks values up and gathers what is wrong with them.
pub(super) struct Reader<'a> {
    sources: &'a Sources,
    table: &'a [&'static Setting],
    host: &'a str,
    file: PathBuf,
    /// The file's values by `section.name`.
    values: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Reads the file, too. `known` are the keys that it may have, those of other programs included.
    pub(super) fn new(
        sources: &'a Sources,
        table: &'a [&'static Setting],
        known: &[&'static Setting],
        host: &'a str,
    ) -> Self {
        let (file, values, problems) = (PathBuf::new(), BTreeMap::new(), Vec::new());
        let mut reader = Self { sources, table, host, file, values, problems };
        reader.refuse_unknown_flags();
        match reader.file_text() {
            Ok(Some(text)) => reader.take_file(&text, known),
            Ok(None) => {}
            Err(error) => reader.problems.push(format!("{}: cannot be read: {error}", reader.file.display())),
        }
        reader
    }

    pub(super) fn take_problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// The value of a setting that is in force.
    pub(super) fn find(&self, setting: &Setting) -> Found {
        let flag = setting.flag.and_then(|name| Some((self.sources.flags.get(name)?.trim(), Origin::Flag(name))));
        let variable = || Some((self.sources.variable(setting.env)?, Origin::Environment(setting.env)));
        let file = || Some((self.values.get(setting.key)?.trim(), Origin::File(self.file.clone())));
        let said = flag.or_else(variable).or_else(file).map(|(text, origin)| Found { text: text.to_owned(), origin });
        let mut found = said.unwrap_or_else(|| Found { text: self.expand(setting.default), origin: Origin::Default });
        if setting.kind == Kind::Path {
            found.text = self.sources.expand_home(&found.text);
        }
        found
    }

    /// Where somebody gave a setting an empty value, if that leaves it without one.
    pub(super) fn emptied(&self, setting: &Setting) -> Option<Origin> {
        let found = self.find(setting);
        let by_variable = || self.sources.is_blank(setting.env).then_some(Origin::Environment(setting.env));
        match found.origin {
            _ if !found.text.is_empty() => None,
            Origin::Default => by_variable(),
            said => Some(said),
        }
    }

    /// Parses the value of a setting, or notes why it cannot be.
    pub(super) fn read<T>(&mut self, setting: &'static Setting, parse: impl Fn(&str) -> Parsed<T>) -> Option<T> {
        let found = self.find(setting);
        let parsed = parse(&found.text);
        // A default made from another setting is only as bad as that one, which has its own line.
        let derived = found.origin == Origin::Default && setting.default.contains('{');
        if let (Err(allowed), false) = (&parsed, derived) {
            self.problems.push(refusal(setting, &found, allowed));
        }
        parsed.ok()
    }

    /// A default with the values that it is made from.
    fn expand(&self, default: &str) -> String {
        let named = self.table.iter().map(|setting| (setting, format!("{{{}}}", setting.env)));
        let used = named.filter(|(_, place)| default.contains(place));
        let text =
            used.fold(default.to_owned(), |text, (setting, place)| text.replace(&place, &self.find(setting).text));
        text.replace("{HOST}", self.host)
    }

    fn refuse_unknown_flags(&mut self) {
        let unknown = self.sources.flags.keys().filter(|name| !self.table.iter().any(|row| row.flag == Some(**name)));
        self.problems.extend(unknown.map(|name| format!("flag --{name}: this program has no such flag")));
    }

    /// Reads the file that was named, or the one in the home folder if there is one.
    fn file_text(&mut self) -> io::Result<Option<String>> {
        let named = self
            .sources
            .file
            .clone()
            .or_else(|| self.sources.variable("HERMES_CONFIG").map(|text| self.sources.expand_home(text).into()));
        let home = self.table.iter().find(|setting| setting.env == "APPROVAL_HOME").map(|setting| self.find(setting));
        let usual = Path::new(&home.map(|home| home.text).unwrap_or_default()).join("hermes.toml");
        let is_named = named.is_some();
        self.file = named.unwrap_or(usual);
        match std::fs::read_to_string(&self.file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn take_file(&mut self, text: &str, known: &[&'static Setting]) {
        match text.parse::<toml::Table>() {
            Ok(table) => flatten("", table, &mut self.values),
            Err(error) => {
                let line =
                    error.span().and_then(|span| text.get(..span.start)).map_or(1, |s| s.matches('\n').count() + 1);
                self.problems.push(format!("{} line {line}: {}", self.file.display(), error.message()));
            }
        }
        for (key, value) in self.values.iter().filter(|(key, _)| !known.iter().any(|setting| setting.key == **key)) {
            let meant = suggest::closest_key(key, known);
            let hint = meant.map(|key| format!("; did you mean {key}?")).unwrap_or_default();
            let meant = meant.and_then(|key| known.iter().find(|setting| setting.key == key));
            let allowed = meant.and_then(|setting| Some(format!(" Give it {}", (setting.check)(value.trim()).err()?)));
            let allowed = allowed.unwrap_or_default();
            self.problems.push(format!("{}: there is no setting {key:?}{hint}{allowed}", self.file.display()));
        }
    }
}

/// `[section] name = value` becomes `section.name` → text, as a variable would say it.
fn flatten(prefix: &str, table: toml::Table, values: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(inner) => flatten(&format!("{key}."), inner, values),
            toml::Value::Array(items) => {
                values.insert(key, items.into_iter().map(plain_text).collect::<Vec<_>>().join(","));
            }
            value => {
                values.insert(key, plain_text(value));
            }
        }
    }
}

fn plain_text(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        value => value.to_string(),
    }
}

/// One line: which setting, said where, what is wrong, what is allowed. A secret stays hidden.
fn refusal(setting: &Setting, found: &Found, allowed: &str) -> String {
    let value = match setting.kind {
        Kind::Secret => "this value".to_owned(),
        _ => format!("{:?}", setting.shown(&found.text)),
    };
    let (name, origin) = match &found.origin {
        Origin::Default if found.text.is_empty() => return format!("{}: is not set; give {allowed}", setting.env),
        Origin::Default => (setting.env.to_owned(), "default".to_owned()),
        Origin::File(path) => (setting.key.to_owned(), path.display().to_string()),
        Origin::Environment(name) => ((*name).to_owned(), "environment".to_owned()),
        Origin::Flag(name) => (format!("--{name}"), "flag".to_owned()),
    };
    format!("{name} ({origin}): {value} is refused; give {allowed}")
}
