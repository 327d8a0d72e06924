//! What one write does inside the open transaction.

use std::sync::Arc;

use hermes_core::audit::Draft;
use hermes_core::id::{Digest, Seq, TaskId, Version};
use hermes_core::redact;
use hermes_core::task::{State, Task};
use hermes_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::tally::Tally;
use crate::store::{Change, Commit, Error, Idempotency, OutputChunk};

/// The open transaction as one write sees it: where the audit chain stands in it, what others have added up and what
/// this one adds.
pub(super) struct Ledger<'a> {
    pub(super) connection: &'a Connection,
    pub(super) seq: Seq,
    pub(super) leaf: Digest,
    pub(super) others: &'a Tally,
    pub(super) own: Tally,
}

/// A commit, written out before the writer has to do with it: the writer is the one whom everybody waits for.
pub(super) struct Ready {
    commit: Commit,
    row: Row,
    events: Vec<(Version, String)>,
}

impl Ready {
    pub(super) fn of(commit: Commit) -> Result<Self, Error> {
        let row = Row::of(&commit.task)?;
        let events = commit.events.iter().map(|recorded| Ok((recorded.version, json(recorded)?)));
        let events = events.collect::<Result<_, Error>>()?;
        Ok(Self { commit, row, events })
    }

    pub(super) const fn task(&self) -> &Arc<Task> {
        &self.commit.task
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(error = %error, "a statement failed");
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            Some(_) | None => Self::Unavailable,
        }
    }
}

impl Ledger<'_> {
    pub(super) fn run(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(values)
    }

    pub(super) fn commit(&mut self, ready: &Ready) -> Result<(), Error> {
        let Ready { commit, row, events } = ready;
        match &commit.new {
            Some(new) => {
                if let Some(idempotency) = &new.idempotency {
                    self.remember(idempotency, &commit.task)?;
                }
                if let Some(limit) = new.pending_limit {
                    self.refuse_flood(&commit.task.submitted_by.id, limit)?;
                }
                if let Some(number) = new.number {
                    self.own.note_number(number);
                }
                self.insert(&commit.task, row)?;
            }
            None => self.update(&commit.task, row, commit.expected)?,
        }
        self.count(commit);
        for (version, body) in events {
            self.event(&commit.task.id, *version, body)?;
        }
        if let Some(cards) = &commit.cards {
            self.show(&commit.task, cards)?;
        }
        self.audit(&commit.drafts, Some(&commit.task.submitted_by.id))
    }

    pub(super) fn apply(&mut self, change: &Change) -> Result<(), Error> {
        if let Some(key) = &change.add_key {
            let body = json(key)?;
            let added =
                self.run("INSERT OR IGNORE INTO api_key (name, body) VALUES (?1, ?2)", params![key.name, body])?;
            if added == 0 {
                return Err(Error::KeyExists);
            }
        }
        if let Some((name, at)) = &change.revoke_key {
            self.revoke(name, *at)?;
        }
        if let Some((name, setting)) = &change.setting {
            self.run(
                "INSERT INTO setting (name, value, origin) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value, origin = excluded.origin",
                params![name, setting.value, setting.origin.0],
            )?;
        }
        self.audit(&[change.entry.draft(redact::mask)], None)
    }

    pub(super) fn append_output(&self, task: &TaskId, chunk: &OutputChunk) -> Result<(), Error> {
        let stream = json(&chunk.stream)?;
        self.run(
            "INSERT OR IGNORE INTO output (task_id, fence, seq, stream, data) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![task.as_str(), chunk.fence.0, chunk.seq, stream, chunk.data],
        )?;
        Ok(())
    }

    pub(super) fn mark_exported(&self, seq: Seq) -> Result<(), Error> {
        self.run("UPDATE audit_head SET exported = max(exported, ?1)", [seq.0])?;
        Ok(())
    }

    pub(super) fn clean(&mut self, ended_before: Timestamp, now: Timestamp, limit: u32) -> Result<Vec<TaskId>, Error> {
        self.run("DELETE FROM idempotency WHERE expires_at < ?1", [now.0])?;
        let ended: Vec<(i64, String, String)> = self
            .connection
            .prepare_cached("SELECT seq, id, state FROM task WHERE resolved_at < ?1 ORDER BY resolved_at LIMIT ?2")?
            .query_map(params![ended_before.0, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (seq, id, state) in &ended {
            self.run("DELETE FROM task WHERE seq = ?1", [seq])?;
            self.run("DELETE FROM output WHERE task_id = ?1", [id])?;
            self.run("DELETE FROM card WHERE task_id = ?1", [id])?;
            self.own.add(format!("state:{state}"), -1);
        }
        Ok(ended.into_iter().filter_map(|(_, id, _)| TaskId::parse(&id).ok()).collect())
    }

    fn revoke(&self, name: &str, at: Timestamp) -> Result<(), Error> {
        let body: Option<String> = self
            .connection
            .prepare_cached("SELECT body FROM api_key WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let mut key: hermes_core::key::Record =
            serde_json::from_str(&body.ok_or(Error::NoSuchKey)?).map_err(|_| Error::Corrupt)?;
        key.revoked_at = Some(key.revoked_at.unwrap_or(at));
        self.run("UPDATE api_key SET body = ?2 WHERE name = ?1", params![name, json(&key)?])?;
        Ok(())
    }

    fn insert(&self, task: &Task, row: &Row) -> Result<(), Error> {
        let added = self.run(
            "INSERT OR IGNORE INTO task (id, version, state, risk, submitted_by, created_at, resolved_at, \
             next_deadline, ready_for, leased_fence, search, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                task.id.as_str(),
                task.version.0,
                task.state.as_str(),
                task.risk.level.as_str(),
                task.submitted_by.id,
                task.created_at.0,
                row.resolved_at,
                row.next_deadline,
                task.ready_for(),
                row.leased_fence,
                row.search,
                row.body,
            ],
        )?;
        if added == 0 { Err(Error::TaskExists) } else { Ok(()) }
    }

    fn update(&self, task: &Task, row: &Row, expected: Version) -> Result<(), Error> {
        let changed = self.run(
            "UPDATE task SET version = ?3, state = ?4, risk = ?5, resolved_at = ?6, next_deadline = ?7, \
             ready_for = ?8, leased_fence = ?9, search = ?10, body = ?11 WHERE id = ?1 AND version = ?2",
            params![
                task.id.as_str(),
                expected.0,
                task.version.0,
                task.state.as_str(),
                task.risk.level.as_str(),
                row.resolved_at,
                row.next_deadline,
                task.ready_for(),
                row.leased_fence,
                row.search,
                row.body,
            ],
        )?;
        if changed == 1 { Ok(()) } else { Err(self.stale(&task.id)?) }
    }

    fn stale(&self, id: &TaskId) -> Result<Error, Error> {
        let version: Option<u64> = self
            .connection
            .prepare_cached("SELECT version FROM task WHERE id = ?1")?
            .query_row([id.as_str()], |row| row.get(0))
            .optional()?;
        Ok(Error::Stale { actual: Version(version.unwrap_or(0)) })
    }

    /// A task that was cleaned away keeps its events, so its id cannot be taken again.
    fn event(&self, id: &TaskId, version: Version, body: &str) -> Result<(), Error> {
        let added = self.run(
            "INSERT OR IGNORE INTO event (task_id, version, body) VALUES (?1, ?2, ?3)",
            params![id.as_str(), version.0, body],
        )?;
        if added == 0 { Err(Error::TaskExists) } else { Ok(()) }
    }

    fn audit(&mut self, drafts: &[Draft], owner: Option<&str>) -> Result<(), Error> {
        for draft in drafts {
            let seq = self.seq.next();
            let line = draft.line(seq, &self.leaf);
            self.run(
                "INSERT INTO audit (seq, at, task_id, owner, leaf, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![seq.0, draft.at.0, draft.task_id.as_ref().map(TaskId::as_str), owner, line.leaf.0, line.text],
            )?;
            (self.seq, self.leaf) = (seq, line.leaf);
        }
        Ok(())
    }

    fn remember(&self, idempotency: &Idempotency, task: &Task) -> Result<(), Error> {
        // A key that has run out may not have been cleaned away yet.
        self.run(
            "DELETE FROM idempotency WHERE scope = ?1 AND key = ?2 AND expires_at <= ?3",
            params![idempotency.scope, idempotency.key, task.created_at.0],
        )?;
        let added = self.run(
            "INSERT OR IGNORE INTO idempotency (scope, key, body, task_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![idempotency.scope, idempotency.key, idempotency.body.0, task.id.as_str(), idempotency.expires_at.0],
        )?;
        if added == 1 {
            return Ok(());
        }
        let known =
            super::read::idempotency(self.connection, &idempotency.scope, &idempotency.key, Timestamp(i64::MIN))?;
        known.map_or(Err(Error::Corrupt), |known| Err(Error::KeyUsed { task: known.task, body: known.body }))
    }

    fn refuse_flood(&self, submitter: &str, limit: u32) -> Result<(), Error> {
        let waiting = self.counter(&format!("pending_of:{submitter}"))?;
        if waiting >= u64::from(limit) { Err(Error::TooManyPending { waiting, limit }) } else { Ok(()) }
    }

    /// A counter with what this transaction has done to it.
    fn counter(&self, name: &str) -> Result<u64, Error> {
        let value: Option<i64> = self
            .connection
            .prepare_cached("SELECT value FROM counter WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let changed = [self.others, &self.own].map(|tally| tally.change_of(name)).iter().sum::<i64>();
        Ok(u64::try_from(value.unwrap_or(0).saturating_add(changed)).unwrap_or(0))
    }

    /// Keeps the counters that lists and limits read instead of counting rows.
    fn count(&mut self, commit: &Commit) {
        let after = commit.task.state;
        if commit.before == Some(after) {
            return;
        }
        if let Some(before) = commit.before {
            self.own.add(format!("state:{before}"), -1);
        }
        self.own.add(format!("state:{after}"), 1);
        let waits = |state: Option<State>| state.is_some_and(State::is_undecided);
        let change = i64::from(waits(Some(after))) - i64::from(waits(commit.before));
        self.own.add(format!("pending_of:{}", commit.task.submitted_by.id), change);
    }
}

/// The columns that queries need, beside the task itself.
struct Row {
    resolved_at: Option<i64>,
    next_deadline: Option<i64>,
    leased_fence: Option<u64>,
    search: String,
    body: String,
}

impl Row {
    fn of(task: &Task) -> Result<Self, Error> {
        let text = format!("{}\n{}\n{}", task.id, redact::mask(&task.command), redact::mask(&task.description));
        Ok(Self {
            resolved_at: task.resolved_at.map(|at| at.0),
            next_deadline: task.next_deadline().map(|at| at.0),
            leased_fence: task.lease.as_ref().map(|lease| lease.fence.0),
            search: text.to_lowercase(),
            body: json(task)?,
        })
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt)
}
