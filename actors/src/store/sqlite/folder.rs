//! Opens a data folder: lock, file system, SQLite version, schema.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hermes_core::id::Seq;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::statfs::{self, FsType};
use rusqlite::Connection;
use tokio::sync::watch;

use super::schema;
use super::writer::Opened;

/// Why a data folder cannot be used; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("another hermes has the data folder {0} open; stop it first, or use another APPROVAL_HOME")]
    Locked(String),
    /// It is on a network.
    #[error(
        "the data folder {0} is on a network file system, which can lose or tear what SQLite writes; \
         set APPROVAL_HOME to a folder on a local disk"
    )]
    NetworkFileSystem(String),
    /// The library is too old.
    #[error("the SQLite library is version {0}; versions before 3.51.3 can corrupt a database, so it is not used")]
    OldSqlite(&'static str),
    /// The database was written by a later program.
    #[error("the database was written by a newer hermes (schema {found}, this one knows {known}); use that version")]
    NewerSchema {
        /// In the file.
        found: i64,
        /// Of this program.
        known: i64,
    },
    /// The file is something else.
    #[error("{0} is not a database of hermes; move it away, or use another APPROVAL_HOME")]
    Foreign(String),
    /// A file or folder cannot be made or opened.
    #[error("{path} cannot be used: {source}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// SQLite says no.
    #[error("the database cannot be opened: {0}")]
    Database(String),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// Keeps other processes out for as long as it lives.
pub(super) type Lock = Flock<File>;

pub(super) fn prepare(folder: &Path) -> Result<Opened, OpenError> {
    if rusqlite::version_number() < schema::OLDEST_SQLITE {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    let at = |path: &Path| path.display().to_string();
    let io_error = |path: &Path| {
        let path = at(path);
        move |source| OpenError::Io { path, source }
    };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io_error(folder))?;
    refuse_network(folder)?;
    let lock = lock(folder)?;
    let path = folder.join("hermes.db");
    create_private(&path).map_err(io_error(&path))?;
    let connection = open(&path)?;
    let (head, task_number) = head(&connection)?;
    let (position, _) = watch::channel(head.0);
    Ok(Opened { path, lock: Arc::new(lock), connection: Some(connection), head, position, task_number })
}

fn open(path: &PathBuf) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(path)?;
    if !schema::is_ours(&connection)? {
        return Err(OpenError::Foreign(path.display().to_string()));
    }
    let migrations = schema::migrations();
    let known = 1_i64;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(OpenError::NewerSchema { found, known });
    }
    schema::writer_pragmas(&connection)?;
    migrations.to_latest(&mut connection).map_err(|error| OpenError::Database(error.to_string()))?;
    Ok(connection)
}

fn head(connection: &Connection) -> Result<((Seq, [u8; 32]), u64), OpenError> {
    let head = connection
        .query_row("SELECT seq, leaf FROM audit_head", [], |row| Ok((Seq(row.get(0)?), row.get::<_, [u8; 32]>(1)?)))?;
    let number =
        connection.query_row("SELECT coalesce(max(value), 0) FROM counter WHERE name = 'task_number'", [], |row| {
            row.get::<_, u64>(0)
        })?;
    Ok((head, number))
}

fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

fn lock(folder: &Path) -> Result<Lock, OpenError> {
    let path = folder.join("hermes.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(|source| OpenError::Io { path: path.display().to_string(), source })?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| OpenError::Locked(folder.display().to_string()))
}

fn refuse_network(folder: &Path) -> Result<(), OpenError> {
    const CIFS: i64 = 0xFF53_4D42;
    const SMB2: i64 = 0xFE53_4D42;
    const NINE_P: i64 = 0x0102_1997;
    const FUSE: i64 = 0x6573_5546;
    let stat = statfs::statfs(folder)
        .map_err(|errno| OpenError::Io { path: folder.display().to_string(), source: errno.into() })?;
    let kind = stat.filesystem_type();
    let network =
        [statfs::NFS_SUPER_MAGIC, statfs::SMB_SUPER_MAGIC, FsType(CIFS), FsType(SMB2), FsType(NINE_P), FsType(FUSE)];
    if network.contains(&kind) {
        return Err(OpenError::NetworkFileSystem(folder.display().to_string()));
    }
    Ok(())
}
