//! When each live lease runs out, by the monotonic clock.

use std::collections::HashMap;

use hermes_core::id::{Fence, TaskId};
use hermes_core::time::Millis;

/// The live leases. Word of them comes in any order: what is said of an earlier lease never touches a later one.
#[derive(Debug, Default)]
pub(super) struct Leases(HashMap<TaskId, (Fence, Millis)>);

impl Leases {
    /// The lease was granted, or its holder was heard of.
    pub(super) fn renew(&mut self, task: TaskId, fence: Fence, expiry: Millis) {
        let lease = self.0.entry(task).or_insert((fence, expiry));
        if lease.0 <= fence {
            *lease = (fence, expiry);
        }
    }

    /// The lease ended in good order.
    pub(super) fn release(&mut self, task: &TaskId, fence: Fence) {
        if self.0.get(task).is_some_and(|(known, _)| *known <= fence) {
            self.0.remove(task);
        }
    }

    /// When the task's lease runs out.
    pub(super) fn expiry(&self, task: &TaskId) -> Option<Millis> {
        self.0.get(task).map(|(_, expiry)| *expiry)
    }

    /// Takes out the leases whose time is up.
    pub(super) fn take_expired(&mut self, now: Millis) -> Vec<(TaskId, Fence)> {
        let over = self.0.extract_if(|_, (_, expiry)| *expiry <= now);
        over.map(|(task, (fence, _))| (task, fence)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> TaskId {
        TaskId::parse("TASK-1").unwrap()
    }

    #[test]
    fn a_lease_lives_until_its_time_is_up() {
        let mut leases = Leases::default();
        leases.renew(task(), Fence(1), Millis(10));
        leases.renew(task(), Fence(1), Millis(20));
        assert_eq!(leases.take_expired(Millis(19)), []);
        assert_eq!(leases.take_expired(Millis(20)), [(task(), Fence(1))]);
        assert_eq!(leases.take_expired(Millis(21)), []);
    }

    #[test]
    fn late_word_of_an_earlier_lease_leaves_the_later_one_alone() {
        let mut leases = Leases::default();
        leases.renew(task(), Fence(2), Millis(10));
        leases.release(&task(), Fence(1));
        leases.renew(task(), Fence(1), Millis(99));
        assert_eq!(leases.expiry(&task()), Some(Millis(10)));
        assert_eq!(leases.take_expired(Millis(10)), [(task(), Fence(2))]);
    }

    #[test]
    fn a_lease_that_ended_is_forgotten() {
        let mut leases = Leases::default();
        leases.renew(task(), Fence(1), Millis(10));
        leases.release(&task(), Fence(1));
        assert_eq!((leases.expiry(&task()), leases.take_expired(Millis(10))), (None, vec![]));
    }
}
