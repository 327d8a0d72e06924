//! Remembers every write that was answered, and lets others wait for more of them.

use std::sync::{Condvar, Mutex};
use std::time::Instant;

use crate::checker::Ack;
use crate::processes::LIMIT;

#[derive(Default)]
pub(crate) struct Acks {
    list: Mutex<Vec<Ack>>,
    grown: Condvar,
}

impl Acks {
    pub(crate) fn note(&self, ack: Ack) {
        self.list.lock().unwrap().push(ack);
        self.grown.notify_all();
    }

    /// Returns after so many more.
    pub(crate) fn wait_for_more(&self, more: u64) {
        let deadline = Instant::now() + LIMIT;
        let mut list = self.list.lock().unwrap();
        let enough = list.len() + usize::try_from(more).unwrap();
        while list.len() < enough {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "nothing is answered any more");
            list = self.grown.wait_timeout(list, left).unwrap().0;
        }
    }

    pub(crate) fn take(&self) -> Vec<Ack> {
        std::mem::take(&mut self.list.lock().unwrap())
    }
}
