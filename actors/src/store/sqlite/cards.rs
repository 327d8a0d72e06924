//! Copies of cards, and the callbacks that were seen.

use hermes_core::card::delivery::Copy;
use hermes_core::id::{TaskId, Version};
use hermes_core::task::Task;
use hermes_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::read::from_json;
use super::transaction::{Ledger, json};
use crate::store::{Cards, Error};

/// What a row says beside the copy itself: what the task's own commits ask of it.
const COPY: &str = "body, wanted, is_urgent, next_attempt";

impl Ledger<'_> {
    /// Every copy of the task has to show the new version; who has none and has to gets one.
    pub(super) fn show(&self, task: &Task, cards: &Cards) -> Result<(), Error> {
        for recipient in &cards.recipients {
            let copy = Copy::new(task.id.clone(), recipient.clone(), task.version, cards.at);
            self.run(
                "INSERT OR IGNORE INTO card (task_id, recipient, wanted, next_attempt, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![task.id.as_str(), recipient.to_string(), task.version.0, cards.at.0, json(&copy)?],
            )?;
        }
        self.run(
            "UPDATE card SET wanted = ?2, next_attempt = min(ifnull(next_attempt, ?3), ?3)
             WHERE task_id = ?1 AND dead IS NULL",
            params![task.id.as_str(), task.version.0, cards.at.0],
        )?;
        for recipient in &cards.reminded {
            self.run(
                "UPDATE card SET is_urgent = 1 WHERE task_id = ?1 AND recipient = ?2 AND dead IS NULL",
                params![task.id.as_str(), recipient.to_string()],
            )?;
        }
        Ok(())
    }

    /// What was asked since the copy was read stays asked: then it is due at once.
    pub(super) fn card_delivered(&self, copy: &Copy, now: Timestamp) -> Result<(), Error> {
        self.run(
            "UPDATE card SET body = ?3, message_id = ?4, dead = ?5,
                 is_urgent = CASE WHEN wanted > ?7 THEN is_urgent ELSE ?6 END,
                 next_attempt = CASE WHEN ?5 IS NULL AND wanted > ?7 THEN min(ifnull(?8, ?9), ?9) ELSE ?8 END
             WHERE task_id = ?1 AND recipient = ?2",
            params![
                copy.task.as_str(),
                copy.recipient.to_string(),
                json(copy)?,
                copy.message_id,
                copy.dead,
                copy.is_urgent,
                copy.wanted.0,
                copy.next_attempt.map(|at| at.0),
                now.0,
            ],
        )?;
        Ok(())
    }

    pub(super) fn callback_is_new(&self, id: &str, now: Timestamp, until: Timestamp) -> Result<bool, Error> {
        self.run("DELETE FROM callback WHERE expires_at < ?1", [now.0])?;
        let added =
            self.run("INSERT OR IGNORE INTO callback (id, expires_at) VALUES (?1, ?2)", params![id, until.0])?;
        Ok(added == 1)
    }
}

pub(super) fn due(connection: &Connection, now: Timestamp, limit: u32) -> rusqlite::Result<Vec<Copy>> {
    let sql = format!("SELECT {COPY} FROM card WHERE next_attempt <= ?1 ORDER BY next_attempt LIMIT ?2");
    connection.prepare_cached(&sql)?.query_map(params![now.0, limit], copy)?.collect()
}

pub(super) fn next(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached("SELECT min(next_attempt) FROM card WHERE next_attempt IS NOT NULL")?
        .query_row([], |row| row.get::<_, Option<i64>>(0))
        .map(|at| at.map(Timestamp))
}

pub(super) fn of(connection: &Connection, task: &TaskId) -> rusqlite::Result<Vec<Copy>> {
    let sql = format!("SELECT {COPY} FROM card WHERE task_id = ?1 ORDER BY recipient");
    connection.prepare_cached(&sql)?.query_map([task.as_str()], copy)?.collect()
}

pub(super) fn in_message(connection: &Connection, message_id: &str) -> rusqlite::Result<Option<Copy>> {
    let sql = format!("SELECT {COPY} FROM card WHERE message_id = ?1");
    connection.prepare_cached(&sql)?.query_row([message_id], copy).optional()
}

pub(super) fn dead(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<Copy>> {
    let sql = format!("SELECT {COPY} FROM card WHERE dead IS NOT NULL ORDER BY task_id LIMIT ?1");
    connection.prepare_cached(&sql)?.query_map([limit], copy)?.collect()
}

fn copy(row: &Row<'_>) -> rusqlite::Result<Copy> {
    let copy: Copy = from_json(row, 0)?;
    let next: Option<i64> = row.get(3)?;
    Ok(Copy { wanted: Version(row.get(1)?), is_urgent: row.get(2)?, next_attempt: next.map(Timestamp), ..copy })
}
