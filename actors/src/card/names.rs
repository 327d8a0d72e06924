//! The names of people, asked of the platform once in some hours, and never waited for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hermes_core::access::{Actor, ActorKind};
use hermes_core::feishu::api::{self, Meaning};
use hermes_core::time::Millis;
use lru::LruCache;
use serde_json::Value;

use super::Way;
use crate::clock::SharedClock;

/// So many names are kept.
const MOST_NAMES: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN.saturating_add(4095);
/// So long a name counts, and so long nobody asks again for one that the platform did not tell.
const LIFE: Millis = Millis::from_secs(6 * 3600);

/// A name, if the platform told one, and when it was asked.
struct Known {
    name: Option<String>,
    asked_at: Millis,
}

/// Names by open id.
pub(super) struct Names {
    known: RefCell<LruCache<String, Known>>,
}

impl Default for Names {
    fn default() -> Self {
        Self { known: RefCell::new(LruCache::new(MOST_NAMES)) }
    }
}

impl Names {
    /// The names of these people, as far as they are known; asks for the others beside.
    pub(super) fn known<'a>(
        &self,
        people: impl Iterator<Item = &'a Actor>,
        way: &Rc<Way>,
        clock: &SharedClock,
    ) -> BTreeMap<String, String> {
        let now = clock.monotonic();
        let mut names = BTreeMap::new();
        for person in people.filter(|person| person.kind == ActorKind::Feishu) {
            let mut known = self.known.borrow_mut();
            let known_now = known.get(&person.id);
            if let Some(name) = known_now.and_then(|known| known.name.clone()) {
                names.insert(person.id.clone(), name);
            }
            if known_now.is_none_or(|known| now.0.saturating_sub(known.asked_at.0) > LIFE.0) {
                let name = known_now.and_then(|known| known.name.clone());
                known.put(person.id.clone(), Known { name, asked_at: now });
                ask(person.id.clone(), Rc::clone(way));
            }
        }
        names
    }
}

fn ask(id: String, way: Rc<Way>) {
    actix::spawn(async move {
        let Meaning::Done(data) = way.platform.ask(&api::person(&id)).await else { return };
        let name = data.pointer("/user/name").and_then(Value::as_str).filter(|name| !name.is_empty());
        if let (Some(name), Some(known)) = (name, way.names.known.borrow_mut().get_mut(&id)) {
            known.name = Some(name.to_owned());
        }
    });
}
