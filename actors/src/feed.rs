//! Wakes whoever waits for one task. A wake-up carries nothing: the task is read again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use hermes_core::id::{TaskId, Version};
use tokio::sync::watch;

/// Who waits for which task.
#[derive(Debug, Default)]
pub struct Feed {
    waiting: Mutex<HashMap<TaskId, watch::Sender<Version>>>,
}

/// A place in the waiting room; leaving it is dropping it.
#[derive(Debug)]
pub struct Waiting {
    task: TaskId,
    changes: watch::Receiver<Version>,
    feed: Arc<Feed>,
}

impl Feed {
    /// Waits for changes of a task from now on.
    pub fn wait_for(self: &Arc<Self>, task: &TaskId) -> Waiting {
        let changes = self.waiting.lock().map_or_else(
            |_| watch::channel(Version(0)).1,
            |mut waiting| waiting.entry(task.clone()).or_insert_with(|| watch::channel(Version(0)).0).subscribe(),
        );
        Waiting { task: task.clone(), changes, feed: Arc::clone(self) }
    }

    /// Wakes those who wait for this task.
    pub fn wake(&self, task: &TaskId, version: Version) {
        if let Ok(waiting) = self.waiting.lock()
            && let Some(sender) = waiting.get(task)
        {
            sender.send_replace(version);
        }
    }
}

impl Waiting {
    /// Returns when the task has changed since the last call, or since the wait began.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Ok(mut waiting) = self.feed.waiting.lock()
            && waiting.get(&self.task).is_some_and(|sender| sender.receiver_count() <= 1)
        {
            waiting.remove(&self.task);
        }
    }
}
