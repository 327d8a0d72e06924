//! A store that passes everything on to the real one, unless the test wants a commit to go otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use hermes_actors::store::{
    AuditLine, AuditPosition, Change, Commit, Counts, Error, Known, OutputChunk, Page, Query, Setting, Store,
    WorkFilter,
};
use hermes_core::card::delivery::Copy;
use hermes_core::id::{Fence, Seq, TaskId};
use hermes_core::task::{Recorded, Records, Task};
use hermes_core::time::Timestamp;
use tokio::sync::{Notify, watch};

/// What becomes of a commit.
pub enum Fate {
    Pass,
    Panic,
    Fail(Error),
    /// It is told that it came, and goes on when it is told so.
    Hold {
        came: Arc<Notify>,
        go_on: Arc<Notify>,
    },
}

/// Says what becomes of a commit.
pub type Fates = Arc<dyn Fn(&Commit) -> Fate + Send + Sync>;

pub struct Proxy {
    pub real: Arc<dyn Store>,
    pub fate: Fates,
    pub reading: AtomicUsize,
}

impl Proxy {
    async fn read<T>(&self, read: impl Future<Output = T>) -> T {
        struct Reading<'a>(&'a AtomicUsize);
        impl Drop for Reading<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.reading.fetch_add(1, Ordering::SeqCst);
        let _reading = Reading(&self.reading);
        read.await
    }
}

#[async_trait]
impl Store for Proxy {
    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        match (self.fate)(&commit) {
            Fate::Pass => {}
            Fate::Panic => panic!("the test wants it so"),
            Fate::Fail(error) => return Err(error),
            Fate::Hold { came, go_on } => {
                came.notify_one();
                go_on.notified().await;
            }
        }
        self.real.commit(commit).await
    }
    async fn apply(&self, change: Change) -> Result<(), Error> {
        self.real.apply(change).await
    }
    fn next_task_number(&self) -> u64 {
        self.real.next_task_number()
    }
    fn position(&self) -> watch::Receiver<Seq> {
        self.real.position()
    }
    async fn task(&self, id: &TaskId) -> Result<Option<Arc<Task>>, Error> {
        self.read(self.real.task(id)).await
    }
    async fn events(&self, id: &TaskId) -> Result<Vec<Recorded>, Error> {
        self.read(self.real.events(id)).await
    }
    async fn records(&self, id: &TaskId) -> Result<Option<Records>, Error> {
        self.read(self.real.records(id)).await
    }
    async fn tasks(&self, query: Query) -> Result<Page, Error> {
        self.read(self.real.tasks(query)).await
    }
    async fn idempotency(&self, scope: &str, key: &str, now: Timestamp) -> Result<Option<Known>, Error> {
        self.read(self.real.idempotency(scope, key, now)).await
    }
    async fn ready_work(&self, filter: WorkFilter, limit: u32) -> Result<Vec<TaskId>, Error> {
        self.read(self.real.ready_work(filter, limit)).await
    }
    async fn leased(&self) -> Result<Vec<(TaskId, Fence)>, Error> {
        self.read(self.real.leased()).await
    }
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<TaskId>, Error> {
        self.read(self.real.due(now, limit)).await
    }
    async fn append_output(&self, task: &TaskId, chunk: OutputChunk) -> Result<(), Error> {
        self.real.append_output(task, chunk).await
    }
    async fn output(&self, task: &TaskId, fence: Fence, after: u64, limit: u32) -> Result<Vec<OutputChunk>, Error> {
        self.read(self.real.output(task, fence, after, limit)).await
    }
    async fn audit_lines(&self, after: Seq, limit: u32) -> Result<Vec<AuditLine>, Error> {
        self.read(self.real.audit_lines(after, limit)).await
    }
    async fn audit_tail(
        &self,
        task: Option<&TaskId>,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, Error> {
        self.read(self.real.audit_tail(task, before, limit)).await
    }
    async fn audit_position(&self) -> Result<AuditPosition, Error> {
        self.read(self.real.audit_position()).await
    }
    async fn mark_exported(&self, seq: Seq) -> Result<(), Error> {
        self.real.mark_exported(seq).await
    }
    async fn cards_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Copy>, Error> {
        self.read(self.real.cards_due(now, limit)).await
    }
    async fn next_card(&self) -> Result<Option<Timestamp>, Error> {
        self.read(self.real.next_card()).await
    }
    async fn card_delivered(&self, copy: Copy, now: Timestamp) -> Result<(), Error> {
        self.real.card_delivered(copy, now).await
    }
    async fn cards_of(&self, task: &TaskId) -> Result<Vec<Copy>, Error> {
        self.read(self.real.cards_of(task)).await
    }
    async fn card_in(&self, message_id: &str) -> Result<Option<Copy>, Error> {
        self.read(self.real.card_in(message_id)).await
    }
    async fn cards_dead(&self, limit: u32) -> Result<Vec<Copy>, Error> {
        self.read(self.real.cards_dead(limit)).await
    }
    async fn callback_is_new(&self, id: &str, now: Timestamp, until: Timestamp) -> Result<bool, Error> {
        self.real.callback_is_new(id, now, until).await
    }
    async fn keys(&self) -> Result<Vec<hermes_core::key::Record>, Error> {
        self.read(self.real.keys()).await
    }
    async fn setting(&self, name: &str) -> Result<Option<Setting>, Error> {
        self.read(self.real.setting(name)).await
    }
    async fn counts(&self) -> Result<Counts, Error> {
        self.read(self.real.counts()).await
    }
    async fn clean(&self, ended_before: Timestamp, now: Timestamp, limit: u32) -> Result<u64, Error> {
        self.real.clean(ended_before, now, limit).await
    }
    /// A connection that is in use when its thread ends takes the process with it, so they come home first.
    async fn seal(&self) -> Result<(), Error> {
        self.real.seal().await
    }
    async fn close(&self) {
        self.real.close().await;
        while self.reading.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }
}
