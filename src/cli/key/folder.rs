//! Keys of a data folder that no supervisor holds.

use std::sync::Arc;

use hermes_actors::clock::{Clock as _, SystemClock, random};
use hermes_actors::runtime::{Foundation, Setup};
use hermes_actors::store::{Change, Store};
use hermes_core::access::{Actor, Via};
use hermes_core::audit::Entry;
use hermes_core::key::{self, Record};
use hermes_core::time::{Millis, Timestamp};
use serde_json::{Value, json};

use super::{Listed, NewKey};
use crate::cli::error::Error;
use crate::config::Config;

pub(super) async fn create(
    config: &Config,
    name: &str,
    roles: &[String],
    expires: Option<Millis>,
) -> Result<NewKey, Error> {
    let now = SystemClock.now();
    let key = key::text(random()?, random()?);
    let record = Record::new(name, roles, &key, now, expires.map(|span| now.plus(span)))?;
    let roles = record.role_names();
    let data = json!({"name": name, "roles": roles, "expires_at": record.expires_at.map(Timestamp::rfc3339)});
    let entry = entry(now, "key.created", data);
    let store = open(config)?;
    let known = store.keys().await;
    let made = match &known {
        Ok(_) => store.apply(Change { add_key: Some(record), ..Change::record(entry) }).await,
        Err(error) => Err(error.clone()),
    };
    store.close().await;
    made?;
    let first = config.access.api_key.is_none() && known.is_ok_and(|known| known.is_empty());
    Ok(NewKey { name: name.to_owned(), key, roles, first })
}

pub(super) async fn list(config: &Config) -> Result<Vec<Listed>, Error> {
    let store = open(config)?;
    let keys = store.keys().await;
    store.close().await;
    Ok(keys?.iter().map(listed).collect())
}

pub(super) async fn revoke(config: &Config, name: &str) -> Result<(), Error> {
    let now = SystemClock.now();
    let entry = entry(now, "key.revoked", json!({"name": name}));
    apply(config, Change { revoke_key: Some((name.to_owned(), now)), ..Change::record(entry) }).await
}

fn listed(record: &Record) -> Listed {
    Listed {
        name: record.name.clone(),
        prefix: record.prefix.clone(),
        roles: record.role_names(),
        created_at: record.created_at.unix_seconds(),
        expires_at: record.expires_at.map(Timestamp::unix_seconds),
        revoked_at: record.revoked_at.map(Timestamp::unix_seconds),
    }
}

async fn apply(config: &Config, change: Change) -> Result<(), Error> {
    let store = open(config)?;
    let applied = store.apply(change).await;
    store.close().await;
    Ok(applied?)
}

fn open(config: &Config) -> Result<Arc<dyn Store>, Error> {
    let setup = Setup {
        home: config.data.home.clone(),
        readers: 1,
        live_tasks: config.limits.live_tasks,
        lease_ttl: config.work.lease_ttl,
        retention: config.store.retention,
        cards: None,
    };
    Ok(Foundation::open(setup, Arc::new(SystemClock))?.store)
}

/// Whoever can write the folder proves no more than that; the user's name is kept as a help.
fn entry(now: Timestamp, kind: &str, mut data: Value) -> Entry {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    if let (Some(user), Some(data)) = (user, data.as_object_mut()) {
        data.insert("os_user".to_owned(), json!(user.name));
    }
    Entry::new(now, kind, Actor::system("cli"), Via::Cli, data)
}
