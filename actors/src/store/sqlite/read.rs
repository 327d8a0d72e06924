//! Queries. Each is one short look; nothing is held while an answer is sent.

use hermes_core::id::{Digest, Fence, Seq, TaskId, Version};
use hermes_core::task::{Kept, Recorded, Records, State, Task};
use hermes_core::time::Timestamp;
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use crate::store::{AuditLine, AuditPosition, Counts, Known, OutputChunk, Page, Query, Setting, WorkFilter};

/// Where no counter is kept, so many are counted at most.
const MOST_COUNTED: i64 = 10_000;

pub(super) fn task(connection: &Connection, id: &TaskId) -> rusqlite::Result<Option<Task>> {
    connection
        .prepare_cached("SELECT body FROM task WHERE id = ?1")?
        .query_row([id.as_str()], |row| from_json(row, 0))
        .optional()
}

pub(super) fn events(connection: &Connection, id: &TaskId) -> rusqlite::Result<Vec<Recorded>> {
    connection
        .prepare_cached("SELECT body FROM event WHERE task_id = ?1 ORDER BY version")?
        .query_map([id.as_str()], |row| from_json(row, 0))?
        .collect()
}

/// The row's version, the events and the audit lines of one moment.
pub(super) fn records(connection: &Connection, id: &TaskId) -> rusqlite::Result<Option<Records>> {
    let moment = connection.unchecked_transaction()?;
    let version = moment
        .prepare_cached("SELECT version FROM task WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0).map(Version))
        .optional()?;
    let Some(version) = version else { return Ok(None) };
    let (events, lines) = (events(&moment, id)?, kept_lines(&moment, id)?);
    let head = audit_position(&moment)?.leaf;
    Ok(Some(Records { version, events, lines, head }))
}

/// The audit lines of a task's events; refused attempts name it, too. What a caller chose comes after the kind.
fn kept_lines(connection: &Connection, id: &TaskId) -> rusqlite::Result<Vec<Kept>> {
    connection
        .prepare_cached(
            "SELECT line.seq, line.leaf, line.line, substr(next.line, -80)
             FROM audit AS line LEFT JOIN audit AS next ON next.seq = line.seq + 1
             WHERE line.task_id = ?1 AND instr(substr(line.line, 1, 100), '\"kind\":\"task.') > 0
             ORDER BY line.seq",
        )?
        .query_map([id.as_str()], |row| {
            let leaf = Digest(row.get(1)?);
            Ok(Kept { seq: Seq(row.get(0)?), leaf, text: row.get(2)?, next: row.get(3)? })
        })?
        .collect()
}

pub(super) fn tasks(connection: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let filter = Filter::of(query);
    let mut sql = format!("SELECT seq, body FROM task WHERE {} ", filter.sql);
    let mut values = filter.values.clone();
    if let Some(before) = query.before {
        sql.push_str("AND seq < ? ");
        values.push(integer(before));
    }
    sql.push_str("ORDER BY seq DESC LIMIT ? OFFSET ?");
    values.push(integer(u64::from(query.limit) + 1));
    values.push(integer(query.offset.into()));
    let mut rows: Vec<(u64, Task)> = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| Ok((row.get(0)?, from_json(row, 1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let next = rows.last().map(|(seq, _)| *seq).filter(|_| more);
    let total = total(connection, query, &filter)?;
    Ok(Page { tasks: rows.into_iter().map(|(_, task)| task).collect(), total, next })
}

pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Counts> {
    let mut counts = Counts::default();
    let mut statement = connection.prepare_cached("SELECT name, value FROM counter WHERE name GLOB 'state:*'")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let value = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        if let Some(state) = name.strip_prefix("state:").and_then(State::parse) {
            counts.total += value;
            counts.by_state.insert(state, value);
        }
    }
    Ok(counts)
}

/// A total from the counters where they know it, else a bounded count.
fn total(connection: &Connection, query: &Query, filter: &Filter) -> rusqlite::Result<u64> {
    if !filter.beyond_state {
        let counts = counts(connection)?;
        let of = |state: &State| counts.by_state.get(state).copied().unwrap_or(0);
        return Ok(if query.states.is_empty() { counts.total } else { query.states.iter().map(of).sum() });
    }
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM task WHERE {} LIMIT {MOST_COUNTED})", filter.sql);
    connection.prepare_cached(&sql)?.query_row(params_from_iter(filter.values.clone()), |row| row.get(0))
}

struct Filter {
    sql: String,
    values: Vec<Value>,
    beyond_state: bool,
}

impl Filter {
    fn of(query: &Query) -> Self {
        let mut filter = Self { sql: "1".to_owned(), values: Vec::new(), beyond_state: false };
        if !query.states.is_empty() {
            let marks = vec!["?"; query.states.len()].join(", ");
            filter.sql.push_str(&format!(" AND state IN ({marks})"));
            filter.values.extend(query.states.iter().map(|state| Value::Text(state.as_str().to_owned())));
        }
        filter.and("risk = ?", query.risk.map(|risk| Value::Text(risk.as_str().to_owned())));
        filter.and("submitted_by = ?", query.submitted_by.clone().map(Value::Text));
        filter.and("created_at >= ?", query.since.map(|at| Value::Integer(at.0)));
        filter.and("created_at < ?", query.until.map(|at| Value::Integer(at.0)));
        filter.and("instr(search, ?) > 0", query.text.as_ref().map(|text| Value::Text(text.to_lowercase())));
        filter
    }

    fn and(&mut self, condition: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.sql.push_str(" AND ");
            self.sql.push_str(condition);
            self.values.push(value);
            self.beyond_state = true;
        }
    }
}

pub(super) fn idempotency(
    connection: &Connection,
    scope: &str,
    key: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<Known>> {
    connection
        .prepare_cached("SELECT task_id, body FROM idempotency WHERE scope = ?1 AND key = ?2 AND expires_at > ?3")?
        .query_row(params![scope, key, now.0], |row| Ok(Known { task: task_id(row, 0)?, body: Digest(row.get(1)?) }))
        .optional()
}

pub(super) fn ready_work(connection: &Connection, filter: &WorkFilter, limit: u32) -> rusqlite::Result<Vec<TaskId>> {
    let (condition, mut values) = match filter {
        WorkFilter::Any => ("ready_for IS NOT NULL".to_owned(), Vec::new()),
        WorkFilter::Roles(roles) => (
            format!("ready_for IN ({})", vec!["?"; roles.len()].join(", ")),
            roles.iter().cloned().map(Value::Text).collect(),
        ),
    };
    values.push(integer(limit.into()));
    connection
        .prepare_cached(&format!("SELECT id FROM task WHERE {condition} ORDER BY seq LIMIT ?"))?
        .query_map(params_from_iter(values), |row| task_id(row, 0))?
        .collect()
}

pub(super) fn leased(connection: &Connection) -> rusqlite::Result<Vec<(TaskId, Fence)>> {
    connection
        .prepare_cached("SELECT id, leased_fence FROM task WHERE leased_fence IS NOT NULL")?
        .query_map([], |row| Ok((task_id(row, 0)?, Fence(row.get(1)?))))?
        .collect()
}

pub(super) fn due(connection: &Connection, now: Timestamp, limit: u32) -> rusqlite::Result<Vec<TaskId>> {
    connection
        .prepare_cached("SELECT id FROM task WHERE next_deadline <= ?1 ORDER BY next_deadline LIMIT ?2")?
        .query_map(params![now.0, limit], |row| task_id(row, 0))?
        .collect()
}

pub(super) fn output(
    connection: &Connection,
    task: &TaskId,
    fence: Fence,
    after: u64,
    limit: u32,
) -> rusqlite::Result<Vec<OutputChunk>> {
    connection
        .prepare_cached(
            "SELECT seq, stream, data FROM output WHERE task_id = ?1 AND fence = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4",
        )?
        .query_map(params![task.as_str(), fence.0, after, limit], |row| {
            Ok(OutputChunk { fence, seq: row.get(0)?, stream: from_json(row, 1)?, data: row.get(2)? })
        })?
        .collect()
}

pub(super) fn audit_lines(connection: &Connection, after: Seq, limit: u32) -> rusqlite::Result<Vec<AuditLine>> {
    connection
        .prepare_cached("SELECT seq, at, owner, leaf, line FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")?
        .query_map(params![after.0, limit], audit_line)?
        .collect()
}

pub(super) fn audit_tail(
    connection: &Connection,
    task: Option<&TaskId>,
    before: Option<Seq>,
    limit: u32,
) -> rusqlite::Result<Vec<AuditLine>> {
    let before = before.map_or(i64::MAX, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX));
    let columns = "SELECT seq, at, owner, leaf, line FROM audit WHERE seq < ?1";
    match task {
        Some(task) => connection
            .prepare_cached(&format!("{columns} AND task_id = ?2 ORDER BY seq DESC LIMIT ?3"))?
            .query_map(params![before, task.as_str(), limit], audit_line)?
            .collect(),
        None => connection
            .prepare_cached(&format!("{columns} ORDER BY seq DESC LIMIT ?2"))?
            .query_map(params![before, limit], audit_line)?
            .collect(),
    }
}

pub(super) fn audit_position(connection: &Connection) -> rusqlite::Result<AuditPosition> {
    connection.prepare_cached("SELECT seq, leaf, exported FROM audit_head")?.query_row([], |row| {
        Ok(AuditPosition { seq: Seq(row.get(0)?), leaf: Digest(row.get(1)?), exported: Seq(row.get(2)?) })
    })
}

pub(super) fn keys(connection: &Connection) -> rusqlite::Result<Vec<hermes_core::key::Record>> {
    connection
        .prepare_cached("SELECT body FROM api_key ORDER BY name")?
        .query_map([], |row| from_json(row, 0))?
        .collect()
}

pub(super) fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<Setting>> {
    connection
        .prepare_cached("SELECT value, origin FROM setting WHERE name = ?1")?
        .query_row([name], |row| Ok(Setting { value: row.get(0)?, origin: Digest(row.get(1)?) }))
        .optional()
}

fn audit_line(row: &Row<'_>) -> rusqlite::Result<AuditLine> {
    Ok(AuditLine {
        seq: Seq(row.get(0)?),
        at: Timestamp(row.get(1)?),
        owner: row.get(2)?,
        leaf: Digest(row.get(3)?),
        text: row.get(4)?,
    })
}

fn task_id(row: &Row<'_>, column: usize) -> rusqlite::Result<TaskId> {
    let text: String = row.get(column)?;
    TaskId::parse(&text).map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
