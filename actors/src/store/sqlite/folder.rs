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
    let known = schema::KNOWN;
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
    let stat = statfs::statfs(folder)
        .map_err(|errno| OpenError::Io { path: folder.display().to_string(), source: errno.into() })?;
    if is_network(magic(stat.filesystem_type())) {
        return Err(OpenError::NetworkFileSystem(folder.display().to_string()));
    }
    Ok(())
}

/// The number of a file system's kind; its width and sign differ between machines, the number does not.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number has 32 bits")]
fn magic(kind: FsType) -> u32 {
    kind.0 as u32
}

/// Whether files of this kind are somewhere else, where locks and syncs may not hold what they promise. FUSE has one
/// number for all that it carries, sshfs as well as local ones, and so is taken for the worse.
const fn is_network(magic: u32) -> bool {
    matches!(
        magic,
        0x6969 // NFS
            | 0x517B // SMB
            | 0xFF53_4D42 // CIFS
            | 0xFE53_4D42 // SMB2 and SMB3
            | 0x564C // NCP
            | 0x0102_1997 // 9P
            | 0x6573_5546 // FUSE: sshfs, GlusterFS, s3fs
            | 0x00C3_6400 // Ceph
            | 0x5346_414F // AFS
            | 0x6B41_4653 // kAFS
            | 0x7375_7245 // Coda
            | 0x0BD0_0BD0 // Lustre
            | 0x4750_4653 // GPFS
            | 0x0116_1970 // GFS2
            | 0x7461_636F // OCFS2
            | 0x0187 // autofs
            | 0xAAD7_AAEA // Panasas
            | 0x786F_4256 // folders shared by VirtualBox
            | 0xBACB_ACBC // folders shared by VMware
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_on_a_network_are_told_from_local_ones() {
        for (name, magic) in [
            ("nfs", 0x6969),
            ("smb", 0x517B),
            ("cifs", 0xFF53_4D42),
            ("smb2", 0xFE53_4D42),
            ("9p", 0x0102_1997),
            ("fuse.sshfs", 0x6573_5546),
            ("ceph", 0x00C3_6400),
            ("afs", 0x5346_414F),
            ("kafs", 0x6B41_4653),
            ("coda", 0x7375_7245),
            ("ncp", 0x564C),
            ("lustre", 0x0BD0_0BD0),
            ("gpfs", 0x4750_4653),
            ("gfs2", 0x0116_1970),
            ("ocfs2", 0x7461_636F),
        ] {
            assert!(is_network(magic), "{name}");
        }
        for (name, magic) in [
            ("ext4", 0xEF53),
            ("xfs", 0x5846_5342),
            ("btrfs", 0x9123_683E),
            ("zfs", 0x2FC1_2FC1),
            ("f2fs", 0xF2F5_2010),
            ("tmpfs", 0x0102_1994),
            ("ramfs", 0x8584_58F6),
            ("overlay", 0x794C_7630),
            ("ecryptfs", 0xF15F),
            ("bcachefs", 0xCA45_1A4E),
        ] {
            assert!(!is_network(magic), "{name}");
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_system() {
        assert_eq!(magic(statfs::NFS_SUPER_MAGIC), 0x6969);
        assert_eq!(magic(statfs::SMB_SUPER_MAGIC), 0x517B);
        // A number with its highest bit set comes as a negative one where the field has 32 bits.
        let signed = |magic: u32| FsType(magic.cast_signed().into());
        assert_eq!(magic(signed(0xFF53_4D42)), 0xFF53_4D42);
        assert!(!is_network(magic(statfs::statfs(Path::new("/proc")).unwrap().filesystem_type())));
    }
}
