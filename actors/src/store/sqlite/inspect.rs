//! A look into a data folder from outside, beside a running server or without one. It never writes.

use std::path::Path;

use hermes_core::id::{Digest, Seq};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::{OpenError, read, schema};
use crate::store::{AuditLine, AuditPosition};

/// The audit trail as the database has it.
pub struct AuditReader {
    connection: Connection,
}

impl AuditReader {
    /// Opens the database of a data folder, read-only.
    ///
    /// # Errors
    /// When there is none, or it is not ours.
    pub fn open(home: &Path) -> Result<Self, OpenError> {
        let path = home.join("data").join("hermes.db");
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if !schema::is_ours(&connection)? {
            return Err(OpenError::Foreign(path.display().to_string()));
        }
        schema::reader_pragmas(&connection)?;
        Ok(Self { connection })
    }

    /// The newest line.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn position(&self) -> Result<AuditPosition, OpenError> {
        Ok(read::audit_position(&self.connection)?)
    }

    /// The leaf hash of a line, if there is one of this number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn leaf(&self, seq: Seq) -> Result<Option<Digest>, OpenError> {
        let leaf = self
            .connection
            .prepare_cached("SELECT leaf FROM audit WHERE seq = ?1")?
            .query_row([seq.0], |row| row.get(0).map(Digest))
            .optional()?;
        Ok(leaf)
    }

    /// Lines after a number, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn lines(&self, after: Seq, limit: u32) -> Result<Vec<AuditLine>, OpenError> {
        Ok(read::audit_lines(&self.connection, after, limit)?)
    }
}
