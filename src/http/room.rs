//! Room that all keys share, so that no key takes all of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much of something each key has. A key that has nothing is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Shares(Mutex<HashMap<String, u32>>);

/// A key has as much as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Enough(pub(super) u32);

impl Shares {
    /// One more for this key, of which it has it until it is dropped.
    pub(super) fn take(self: &Arc<Self>, key: &str, most: u32) -> Result<Share, Enough> {
        let mut held = self.held();
        let count = held.get(key).copied().unwrap_or(0);
        if count >= most {
            return Err(Enough(most));
        }
        held.insert(key.to_owned(), count.saturating_add(1));
        Ok(Share { of: self.clone(), key: key.to_owned() })
    }

    fn give_back(&self, key: &str) {
        let mut held = self.held();
        match held.get_mut(key) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(held.remove(key)),
        }
    }

    /// The counts are right whatever happened to a thread that looked at them.
    fn held(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that a key has as long as this lives.
#[derive(Debug)]
pub(super) struct Share {
    of: Arc<Shares>,
    key: String,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.give_back(&self.key);
    }
}

/// So many places in all, and so many of them for one key.
#[derive(Debug)]
pub(crate) struct Room {
    places: Arc<Semaphore>,
    size: usize,
    shares: Arc<Shares>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// All are taken.
    Full,
    /// This key has as many as it may.
    Enough(Enough),
}

/// A place, as long as both parts live.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) permit: OwnedSemaphorePermit,
    pub(super) share: Share,
}

impl Room {
    pub(crate) fn new(size: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(size)), size, shares: Arc::default() }
    }

    /// What one key may have where the policy says nothing: a quarter.
    pub(super) fn quarter(&self) -> u32 {
        u32::try_from(self.size.div_ceil(4)).unwrap_or(u32::MAX)
    }

    pub(super) fn enter(&self, key: &str, most: u32) -> Result<Place, NoPlace> {
        let share = self.shares.take(key, most).map_err(NoPlace::Enough)?;
        let permit = self.places.clone().try_acquire_owned().map_err(|_| NoPlace::Full)?;
        Ok(Place { permit, share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_share_and_leaves_the_rest_to_others() {
        let room = Room::new(4);
        let mine: Vec<_> = (0..2).map(|_| room.enter("mine", 2).unwrap()).collect();
        assert_eq!(room.enter("mine", 2).unwrap_err(), NoPlace::Enough(Enough(2)));
        let others = [room.enter("a", 2).unwrap(), room.enter("b", 2).unwrap()];
        assert_eq!(room.enter("c", 2).unwrap_err(), NoPlace::Full);
        drop(mine);
        room.enter("c", 2).unwrap();
        drop(others);
        assert!(room.shares.held().is_empty(), "whoever has nothing is forgotten");
        assert_eq!(room.places.available_permits(), 4);
    }

    #[test]
    fn a_quarter_is_never_nothing() {
        assert_eq!([1, 4, 5, 512].map(|size| Room::new(size).quarter()), [1, 1, 2, 128]);
    }
}
