//! The JSONL file: opened once, appended to, never made anew behind anybody's back.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hermes_core::audit::tail;
use hermes_core::id::Seq;

use crate::store::{AuditLine, AuditPosition, Store};

/// No line is longer, so the last whole line is in the last so many bytes.
const TAIL: u64 = 64 * 1024;

/// Why the audit file cannot be used; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is gone.
    #[error(
        "the audit file {0} is missing, though {1} lines were written; put it back, or write it again from the \
         database with `hermes audit rebuild`"
    )]
    Missing(String, u64),
    /// It has lines that the database does not know.
    #[error(
        "the audit file {path} ends with line {file}, the database with line {database}: one of them is not of this \
         engine, or the database is an old copy; nothing was changed, put the right one back"
    )]
    Ahead {
        /// The file.
        path: String,
        /// Its last line.
        file: Seq,
        /// The database's.
        database: Seq,
    },
    /// Lines were cut off its end.
    #[error(
        "the audit file {path} ends with line {file}, though line {written} was written to it: lines were cut off; put \
         the right file back, or move this one away and run `hermes audit rebuild`"
    )]
    Cut {
        /// The file.
        path: String,
        /// Its last line.
        file: Seq,
        /// The last line that is known to have been in it.
        written: Seq,
    },
    /// Its last line is not the one that was written.
    #[error(
        "line {line} of the audit file {path} is not what was written; run `hermes audit verify` to find what was changed"
    )]
    Changed {
        /// The file.
        path: String,
        /// The line.
        line: Seq,
    },
    /// The file system says no.
    #[error("the audit file {path} cannot be used: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

/// Why a line cannot be appended now.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The file was moved, deleted or replaced.
    #[error("the audit file was moved, deleted or replaced while the server runs; put it back")]
    Replaced,
    /// The disk says no.
    #[error("the audit file cannot be written: {}", .0.kind())]
    Io(#[from] io::Error),
}

/// The open audit file.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    file: File,
    length: u64,
    last: Seq,
}

/// What was cut off the end when the file was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// Where the bytes are kept.
    pub kept_at: PathBuf,
    /// How many.
    pub bytes: u64,
}

impl AuditFile {
    /// Opens the file and compares its end with the database. Bytes after the last newline are moved aside.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub async fn open(path: &Path, store: &dyn Store, stamp: &str) -> Result<(Self, Option<Torn>), OpenError> {
        let position = store.audit_position().await?;
        let io_error = |source| OpenError::Io { path: show(path), source };
        let is_new = !path.exists();
        if is_new && position.exported.0 > 0 {
            return Err(OpenError::Missing(show(path), position.exported.0));
        }
        let mut audit = Self::open_at(path).map_err(io_error)?;
        let end = audit.end().map_err(io_error)?;
        let (line, rest) = tail::last_whole_line(&end);
        if let Some(line) = line {
            audit.last = audit.compare(line, position, store).await?;
        }
        if audit.last < position.exported {
            return Err(OpenError::Cut { path: show(path), file: audit.last, written: position.exported });
        }
        let torn = audit.set_aside(rest, stamp).map_err(io_error)?;
        Ok((audit, torn))
    }

    /// The number of the last line in the file.
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// Whether the path still leads to this very file, as long as it was left.
    pub fn check(&self) -> Result<(), Trouble> {
        let (here, there) = (self.file.metadata()?, std::fs::metadata(&self.path).map_err(|_| Trouble::Replaced)?);
        let same = (here.dev(), here.ino(), here.len()) == (there.dev(), there.ino(), self.length);
        if same { Ok(()) } else { Err(Trouble::Replaced) }
    }

    /// Appends lines with one write and one sync. After a failed write the file is cut back to what was whole.
    pub fn append(&mut self, lines: &[AuditLine]) -> Result<(), Trouble> {
        let Some(newest) = lines.last() else { return Ok(()) };
        let mut text = String::with_capacity(lines.iter().map(|line| line.text.len() + 1).sum());
        for line in lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        crate::crash::point("audit.before_append");
        crate::crash::point_after("audit.within_append", || {
            let (torn, _) = text.as_bytes().split_at(text.len() / 2);
            let _ended_next = self.file.write_all(torn);
        });
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            self.file.set_len(self.length)?;
            return Err(error.into());
        }
        if let Err(error) = self.file.sync_data() {
            // Nobody knows what is on the disk now: only a fresh start from it can tell.
            tracing::error!(error = %error, "syncing the audit file failed; the process ends to recover from the disk");
            std::process::abort();
        }
        crate::crash::point("audit.after_append");
        self.length += text.len() as u64;
        self.last = newest.seq;
        Ok(())
    }

    fn open_at(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        sync_folder(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, length, last: Seq(0) })
    }

    /// The last bytes of the file.
    fn end(&mut self) -> io::Result<Vec<u8>> {
        let mut end = Vec::new();
        self.file.seek(SeekFrom::Start(self.length.saturating_sub(TAIL)))?;
        self.file.read_to_end(&mut end)?;
        Ok(end)
    }

    /// The number of the last whole line, which has to be the one that the database has.
    async fn compare(&self, line: &[u8], position: AuditPosition, store: &dyn Store) -> Result<Seq, OpenError> {
        let path = show(&self.path);
        let Ok((seq, leaf)) = tail::parse_head(line) else {
            return Err(OpenError::Changed { path, line: position.exported });
        };
        if seq > position.seq {
            return Err(OpenError::Ahead { path, file: seq, database: position.seq });
        }
        let known = store.audit_lines(Seq(seq.0.saturating_sub(1)), 1).await?;
        match known.first() {
            Some(line) if line.seq == seq && line.leaf == leaf => Ok(seq),
            Some(_) | None => Err(OpenError::Changed { path, line: seq }),
        }
    }

    /// Moves the bytes after the last newline into a file of their own, and cuts them off.
    fn set_aside(&mut self, rest: &[u8], stamp: &str) -> io::Result<Option<Torn>> {
        if rest.is_empty() {
            return Ok(None);
        }
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".torn-{stamp}"));
        let kept_at = PathBuf::from(name);
        let mut aside = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&kept_at)?;
        aside.write_all(rest)?;
        aside.sync_all()?;
        self.length = self.length.saturating_sub(rest.len() as u64);
        self.file.set_len(self.length)?;
        self.file.sync_all()?;
        sync_folder(&self.path)?;
        Ok(Some(Torn { kept_at, bytes: rest.len() as u64 }))
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn show(path: &Path) -> String {
    path.display().to_string()
}
