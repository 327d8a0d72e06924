//! Reads one thing at a time, on a thread and a connection of its own: what a request looks up by its name.
//!
//! - Owns a read-only connection. The pool is for pages and exports; a look-up through it costs two changes of thread and
//!   a statement more, which is several times the look-up itself.
//! - Takes `Read`; awaits nothing, blocks its own thread for microseconds.
//! - When it dies, the guard stops the process.
//! - Its queue is bounded by the permits of the requests that ask.

use std::path::Path;
use std::sync::Arc;

use actix::{Actor, Context, Handler, Message};
use rusqlite::{Connection, OpenFlags};

use super::{OpenError, schema};
use crate::death::DeathWatch;
use crate::health::Health;

/// Reads one thing at a time.
pub struct PointReader {
    connection: Connection,
    _guard: DeathWatch,
}

impl PointReader {
    pub(super) fn open(path: &Path, health: Arc<Health>) -> Result<Self, OpenError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::reader_pragmas(&connection)?;
        Ok(Self { connection, _guard: DeathWatch::new("reader", health) })
    }
}

impl Actor for PointReader {
    type Context = Context<Self>;
}

/// A closure over the connection; it answers whoever asked.
pub(super) struct Read(pub(super) Box<dyn FnOnce(&Connection) + Send>);

impl Message for Read {
    type Result = ();
}

impl Handler<Read> for PointReader {
    type Result = ();
    fn handle(&mut self, Read(read): Read, _: &mut Self::Context) {
        read(&self.connection);
    }
}
