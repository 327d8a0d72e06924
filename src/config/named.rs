//! Files that settings name.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::source::Origin;
use super::{Config, Loaded};

/// Bytes of such a file.
const LONGEST: u64 = 1 << 20;

/// A file at the place that a setting says. It may be missing only where nobody named it.
#[derive(Debug, Clone)]
pub struct NamedFile {
    path: PathBuf,
    /// How whoever named it did: `HERMES_RULES`, `--rules`, `rules.risk`; none at the usual place.
    named_by: Option<String>,
}

/// Why a file's text is not to be had.
#[derive(Debug)]
pub enum Unreadable {
    /// This setting names it, but it is not there.
    Missing {
        /// As it was said: the variable, the flag, or the key in the settings file.
        named_by: String,
    },
    /// It cannot be read.
    Io(io::Error),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { named_by } => {
                write!(f, "it does not exist, but {named_by} names it: put the file there, or take that setting away")
            }
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl NamedFile {
    /// Where it is, or would be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text; none if there is no file at the usual place.
    ///
    /// # Errors
    /// When it was named and is not there, or cannot be read.
    pub fn text(&self) -> Result<Option<String>, Unreadable> {
        match (read(&self.path), &self.named_by) {
            (Ok(text), _) => Ok(Some(text)),
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            (Err(error), Some(named_by)) if error.kind() == io::ErrorKind::NotFound => {
                Err(Unreadable::Missing { named_by: named_by.clone() })
            }
            (Err(error), _) => Err(Unreadable::Io(error)),
        }
    }
}

/// Reads a plain file: another kind may have no end, or keep whoever reads it waiting.
fn read(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file"));
    }
    let mut text = String::new();
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 1 MiB"));
    }
    Ok(text)
}

impl Loaded<Config> {
    /// The policy file.
    pub fn policy_file(&self) -> NamedFile {
        self.named("HERMES_POLICY", &self.config.rules.policy)
    }

    /// The organisation's rule file.
    pub fn rule_file(&self) -> NamedFile {
        self.named("HERMES_RULES", &self.config.rules.risk)
    }

    fn named(&self, setting: &str, path: &Path) -> NamedFile {
        let row = self.rows.iter().find(|row| row.name == setting);
        let named_by = row.and_then(|row| match &row.origin {
            Origin::Default => None,
            Origin::File(_) => Some(format!("{} in the settings file", row.key)),
            Origin::Environment(name) => Some((*name).to_owned()),
            Origin::Flag(name) => Some(format!("--{name}")),
        });
        NamedFile { path: path.to_owned(), named_by }
    }
}
