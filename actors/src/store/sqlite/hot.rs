//! Tasks that were written lately, as they were committed: most reads are of these.
//!
//! Only the writer puts tasks in, right after their commit, so what is found here is what the database holds. A read of
//! an older task goes to the database, and puts nothing in.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use hermes_core::id::TaskId;
use hermes_core::task::Task;
use lru::LruCache;

/// The tasks written last; with room for none every read goes to the database.
#[derive(Debug)]
pub(super) struct Hot(Option<Mutex<LruCache<TaskId, Arc<Task>>>>);

impl Hot {
    pub(super) fn new(most: usize) -> Self {
        Self(NonZeroUsize::new(most).map(|most| Mutex::new(LruCache::new(most))))
    }

    pub(super) fn get(&self, id: &TaskId) -> Option<Arc<Task>> {
        self.0.as_ref()?.lock().ok()?.get(id).cloned()
    }

    pub(super) fn put(&self, task: Arc<Task>) {
        if let Some(Ok(mut tasks)) = self.0.as_ref().map(Mutex::lock) {
            tasks.put(task.id.clone(), task);
        }
    }

    pub(super) fn forget(&self, ids: &[TaskId]) {
        if let Some(Ok(mut tasks)) = self.0.as_ref().map(Mutex::lock) {
            for id in ids {
                tasks.pop(id);
            }
        }
    }
}
