//! What the writes of one transaction add up to. It is written once, right before the COMMIT, whatever their number.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

/// Sums that the database keeps, and by how much they change.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counters: BTreeMap<String, i64>,
    task_number: u64,
}

impl Tally {
    pub(super) fn add(&mut self, name: String, by: i64) {
        *self.counters.entry(name).or_default() += by;
    }

    /// By how much a counter has changed so far.
    pub(super) fn change_of(&self, name: &str) -> i64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    /// A number that the engine gave to a task: the next start goes on after the highest.
    pub(super) fn note_number(&mut self, number: u64) {
        self.task_number = self.task_number.max(number);
    }

    /// Takes in what one write adds.
    pub(super) fn take_in(&mut self, other: Self) {
        self.note_number(other.task_number);
        other.counters.into_iter().for_each(|(name, by)| self.add(name, by));
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(
            "INSERT INTO counter (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2",
        )?;
        for (name, by) in self.counters.iter().filter(|(_, by)| **by != 0) {
            add.execute(params![name, by])?;
        }
        if self.task_number > 0 {
            connection
                .prepare_cached(
                    "INSERT INTO counter (name, value) VALUES ('task_number', ?1)
                     ON CONFLICT (name) DO UPDATE SET value = max(value, ?1)",
                )?
                .execute([self.task_number])?;
        }
        Ok(())
    }
}
