//! Tables, migrations and connection settings.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

/// "HAEn": marks the file as ours.
const APPLICATION_ID: i32 = 0x4841_456E;

/// SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that several connections use.
pub(super) const OLDEST_SQLITE: i32 = 3_051_003;

const V1: &str = "
CREATE TABLE task (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    version       INTEGER NOT NULL,
    state         TEXT NOT NULL,
    risk          TEXT NOT NULL,
    submitted_by  TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    resolved_at   INTEGER,
    next_deadline INTEGER,
    ready_for     TEXT,
    leased_fence  INTEGER,
    search        TEXT NOT NULL,
    body          TEXT NOT NULL
) STRICT;
CREATE INDEX task_by_state ON task (state, seq);
CREATE INDEX task_by_submitter ON task (submitted_by, seq);
CREATE INDEX task_by_deadline ON task (next_deadline) WHERE next_deadline IS NOT NULL;
CREATE INDEX task_ready ON task (ready_for, seq) WHERE ready_for IS NOT NULL;
CREATE INDEX task_leased ON task (leased_fence) WHERE leased_fence IS NOT NULL;
CREATE INDEX task_ended ON task (resolved_at) WHERE resolved_at IS NOT NULL;

CREATE TABLE event (
    task_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT NOT NULL,
    UNIQUE (task_id, version)
) STRICT;

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    task_id TEXT,
    owner   TEXT,
    leaf    BLOB NOT NULL,
    line    TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_task ON audit (task_id, seq) WHERE task_id IS NOT NULL;

CREATE TABLE audit_head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    seq      INTEGER NOT NULL,
    leaf     BLOB NOT NULL,
    exported INTEGER NOT NULL
) STRICT;
INSERT INTO audit_head VALUES (1, 0, zeroblob(32), 0);

CREATE TABLE output (
    task_id TEXT NOT NULL,
    fence   INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    stream  TEXT NOT NULL,
    data    TEXT NOT NULL,
    UNIQUE (task_id, fence, seq)
) STRICT;

CREATE TABLE idempotency (
    scope      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body       BLOB NOT NULL,
    task_id    TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE setting (
    name   TEXT PRIMARY KEY,
    value  TEXT NOT NULL,
    origin BLOB NOT NULL
) STRICT;
";

const V2: &str = "
CREATE TABLE card (
    task_id      TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    wanted       INTEGER NOT NULL,
    is_urgent    INTEGER NOT NULL DEFAULT 0,
    next_attempt INTEGER,
    message_id   TEXT,
    dead         TEXT,
    body         TEXT NOT NULL,
    PRIMARY KEY (task_id, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX card_due ON card (next_attempt) WHERE next_attempt IS NOT NULL;
CREATE INDEX card_by_message ON card (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX card_dead ON card (task_id) WHERE dead IS NOT NULL;

CREATE TABLE callback (
    id         TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX callback_by_expiry ON callback (expires_at);
";

/// The steps from an empty file to the schema in force; the file counts how many it has taken.
const STEPS: &[&str] = &[V1, V2];

/// The schema that this program knows.
pub(super) const KNOWN: i64 = STEPS.len() as i64;

/// The numbered migrations; each runs in one transaction, and what was released is never changed.
pub(super) fn migrations() -> Migrations<'static> {
    Migrations::from_iter(STEPS.iter().map(|step| M::up(step)))
}

/// The settings of the one connection that writes.
pub(super) fn writer_pragmas(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA busy_timeout = 5000;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA wal_autocheckpoint = 1000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0;",
    )?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

/// The settings of a connection that only reads.
pub(super) fn reader_pragmas(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA query_only = ON;
         PRAGMA busy_timeout = 5000;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA cache_size = -8192;
         PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0;",
    )
}

/// Whether the file is empty or ours.
pub(super) fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(id == APPLICATION_ID || tables == 0)
}
