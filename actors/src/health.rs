//! How each part of the engine is, for `/health/ready`, admission and the one who has to stop the process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// A part whose failure is everybody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The database.
    Store,
    /// The audit file, as something to write to.
    Audit,
    /// The audit file as a whole, against the database.
    Trail,
    /// The actors that there is only one of.
    Actors,
}

impl Part {
    /// The part's name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Audit => "audit",
            Self::Trail => "trail",
            Self::Actors => "actors",
        }
    }
}

/// How each part of the engine is.
#[derive(Debug)]
pub struct Health {
    troubles: Mutex<BTreeMap<Part, String>>,
    audit_writable: AtomicBool,
    stopping: AtomicBool,
    fatal: watch::Sender<bool>,
}

impl Default for Health {
    fn default() -> Self {
        let (fatal, _) = watch::channel(false);
        Self {
            troubles: Mutex::default(),
            audit_writable: AtomicBool::new(true),
            stopping: AtomicBool::new(false),
            fatal,
        }
    }
}

impl Health {
    /// Says how a part is: well, or what is wrong, in words for an operator that give nothing away.
    pub fn set(&self, part: Part, state: Result<(), String>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = match state {
            Ok(()) => troubles.remove(&part).is_some(),
            Err(why) => troubles.insert(part, why.clone()).as_ref() != Some(&why),
        };
        let is_closed = [Part::Audit, Part::Trail].iter().any(|part| troubles.contains_key(part));
        self.audit_writable.store(!is_closed, Ordering::Release);
        if changed {
            tracing::warn!(part = part.as_str(), trouble = troubles.get(&part).map(String::as_str), "health changed");
        }
    }

    /// A part died that cannot be replaced: the process has to stop.
    pub fn set_fatal(&self, why: String) {
        self.set(Part::Actors, Err(why));
        self.fatal.send_replace(true);
    }

    /// Turns true when the process has to stop.
    pub fn fatal(&self) -> watch::Receiver<bool> {
        self.fatal.subscribe()
    }

    /// Whether the audit trail can be written and is what was written, without which nothing may change.
    pub fn audit_is_writable(&self) -> bool {
        self.audit_writable.load(Ordering::Acquire)
    }

    /// From now on the server takes nothing new.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// A line for each part.
    pub fn report(&self) -> Vec<(Part, Result<(), String>)> {
        let troubles = self.troubles.lock().map(|troubles| troubles.clone()).unwrap_or_default();
        [Part::Store, Part::Audit, Part::Trail, Part::Actors]
            .into_iter()
            .map(|part| (part, troubles.get(&part).map_or(Ok(()), |why| Err(why.clone()))))
            .collect()
    }
}
