//! What this sub-agent is about to do, does and did: one JSON line each, synced before it goes on.
//!
//! The last line of a lease says where it stands. `claimed` is on disk before the supervisor is asked to start,
//! `started` before the process is made, `ended` before the result is reported, `done` when nothing is owed any more.
//! A failed write or sync closes the journal: what the disk holds is then unknown until it is read again.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hermes_core::id::{Fence, LeaseId, Revision, TaskId};
use hermes_core::wire::work::{Finish, Grant};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::{Error, disk};

/// Past this size the journal is written anew with what is still open.
const COMPACT_AT: usize = 1 << 20;
/// How long a lock may outlive a sub-agent that was killed: a command it was just starting has it until its exec.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// One line: a lease and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) task: TaskId,
    pub(super) revision: Revision,
    pub(super) attempt: u64,
    pub(super) lease: LeaseId,
    pub(super) fence: Fence,
    pub(super) worker: String,
    #[serde(flatten)]
    pub(super) phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum Phase {
    /// Nothing runs; the supervisor may have been asked to start it.
    Claimed,
    /// The process may have been made.
    Started,
    /// It has ended, or was not run; the supervisor may not know.
    Ended { finish: Finish },
    /// The supervisor knows, or does not want to.
    Done,
}

impl Entry {
    pub(super) fn claimed(grant: &Grant, worker: &str) -> Self {
        Self {
            task: grant.task_id.clone(),
            revision: grant.revision,
            attempt: grant.attempt,
            lease: grant.lease.clone(),
            fence: grant.fence,
            worker: worker.to_owned(),
            phase: Phase::Claimed,
        }
    }

    /// A report of this lease, with nothing said yet.
    pub(super) fn report(&self) -> Finish {
        Finish { worker: self.worker.clone(), fence: self.fence, ..Finish::default() }
    }
}

/// The journal of one state folder, which it keeps locked.
pub(super) struct Journal(Arc<Mutex<Writer>>);

struct Writer {
    path: PathBuf,
    /// None after a failure.
    file: Option<File>,
    size: usize,
    open: BTreeMap<LeaseId, Entry>,
    _lock: File,
}

impl Journal {
    /// Takes the folder, reads what an earlier process left open, and writes the journal anew.
    pub(super) async fn open(folder: &Path) -> Result<(Self, Vec<Entry>), Error> {
        let lock = take_lock(folder).await?;
        let path = folder.join("worker.journal");
        let open = read(&path)?;
        let unfinished = open.values().cloned().collect();
        let mut writer = Writer { path, file: None, size: 0, open, _lock: lock };
        writer.compact().map_err(disk::at(&writer.path))?;
        Ok((Self(Arc::new(Mutex::new(writer))), unfinished))
    }

    /// Writes and syncs a line, off this thread: a slow disk must not hold up a heartbeat.
    pub(super) async fn write(&self, entry: &Entry) -> Result<(), Error> {
        let (writer, entry) = (self.0.clone(), entry.clone());
        let written = tokio::task::spawn_blocking(move || lock(&writer).write(entry)).await;
        written.unwrap_or(Err(Error::Unwritable))
    }

    /// Whether a lease is in the hands of this sub-agent already.
    pub(super) fn holds(&self, lease: &LeaseId) -> bool {
        lock(&self.0).open.contains_key(lease)
    }

    /// Whether every write so far is on disk.
    pub(super) fn is_writable(&self) -> bool {
        lock(&self.0).file.is_some()
    }
}

async fn take_lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("worker.lock");
    let lock = File::create(&path).map_err(disk::at(&path))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOCK_PATIENCE / 20).await,
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(disk::at(&path)(error)),
        }
    }
}

fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Writer {
    fn write(&mut self, entry: Entry) -> Result<(), Error> {
        let mut file = self.file.take().ok_or(Error::Unwritable)?;
        let line = line(&entry).map_err(disk::at(&self.path))?;
        file.write_all(&line).and_then(|()| file.sync_data()).map_err(disk::at(&self.path))?;
        self.file = Some(file);
        self.size += line.len();
        if entry.phase == Phase::Done {
            self.open.remove(&entry.lease);
        } else {
            self.open.insert(entry.lease.clone(), entry);
        }
        if self.size > COMPACT_AT {
            self.compact().map_err(disk::at(&self.path))?;
        }
        Ok(())
    }

    fn compact(&mut self) -> std::io::Result<()> {
        self.file = None;
        let lines = self.open.values().map(line).collect::<Result<Vec<_>, _>>()?.concat();
        self.file = Some(disk::replace(&self.path, &lines)?);
        self.size = lines.len();
        Ok(())
    }
}

fn line(entry: &Entry) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads what is open. Bytes after the last newline are a line whose sync nobody waited for: nothing followed from it.
fn read(path: &Path) -> Result<BTreeMap<LeaseId, Entry>, Error> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(disk::at(path)(error)),
    };
    let mut open = BTreeMap::new();
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).enumerate() {
        let entry: Entry =
            serde_json::from_slice(line).map_err(|_| Error::Journal { path: path.to_owned(), line: index + 1 })?;
        if entry.phase == Phase::Done {
            open.remove(&entry.lease);
        } else {
            open.insert(entry.lease.clone(), entry);
        }
    }
    Ok(open)
}

#[cfg(test)]
mod tests;
