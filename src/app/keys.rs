//! API keys at run time: the table that requests are checked against.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hermes_actors::clock;
use hermes_actors::store::{self, Change, Store};
use hermes_core::access::{Actor, Principal};
use hermes_core::key::{self, Record};
use hermes_core::time::Timestamp;
use serde_json::json;

use super::governance;

/// The keys by their public part.
type Table = HashMap<String, Record>;

/// The keys that work.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Arc<ArcSwap<Table>>);

impl Keys {
    pub(crate) async fn load(store: &dyn Store) -> Result<Self, store::Error> {
        let keys = Self(Arc::default());
        keys.reload(store).await?;
        Ok(keys)
    }

    /// Takes in what the store has; the change is in force for the next request.
    pub(crate) async fn reload(&self, store: &dyn Store) -> Result<(), store::Error> {
        let table = store.keys().await?.into_iter().map(|record| (record.prefix.clone(), record)).collect();
        self.0.store(Arc::new(table));
        Ok(())
    }

    /// Whether no key was ever made; a server whose keys are all revoked stays closed.
    pub(crate) fn are_none(&self) -> bool {
        self.0.load().is_empty()
    }

    /// Whether the key of this name still works; the root key and the keyless local caller cannot be revoked.
    pub(crate) fn is_alive(&self, name: &str, now: Timestamp) -> bool {
        ["root", "local"].contains(&name) || self.0.load().values().any(|key| key.name == name && key.is_alive(now))
    }

    /// Whom a key stands for, if it works now.
    pub(crate) fn find(&self, text: &str, now: Timestamp) -> Option<Principal> {
        let table = self.0.load();
        let record = table.get(key::prefix(text)?)?;
        record.opens(text, now).then(|| record.principal())
    }
}

/// A key that was made: the only time that its text is there.
pub struct Made {
    /// The key itself.
    pub text: String,
    /// What is kept of it.
    pub record: Record,
    /// What the store has to be told.
    pub change: Change,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its name or roles.
    #[error(transparent)]
    Invalid(#[from] key::Invalid),
    /// No secret to be had.
    #[error(transparent)]
    NoRandomness(#[from] clock::NoRandomness),
}

/// Makes a key.
///
/// # Errors
/// When its name or roles are wrong.
pub fn make(
    name: &str,
    roles: &[String],
    now: Timestamp,
    expires_at: Option<Timestamp>,
    by: &Actor,
) -> Result<Made, Error> {
    let text = key::text(clock::random()?, clock::random()?);
    let record = Record::new(name, roles, &text, now, expires_at)?;
    let data = json!({"name": name, "prefix": record.prefix, "roles": record.role_names()});
    let entry = governance::entry(now, "key.created", by, data);
    let change = Change { add_key: Some(record.clone()), revoke_key: None, setting: None, entry };
    Ok(Made { text, record, change })
}

/// Revokes a key.
pub fn revoke(name: &str, now: Timestamp, by: &Actor) -> Change {
    let entry = governance::entry(now, "key.revoked", by, json!({"name": name}));
    Change { add_key: None, revoke_key: Some((name.to_owned(), now)), setting: None, entry }
}
