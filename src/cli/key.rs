//! `hermes key`: through the supervisor if one is named or holds the data folder, else on the folder itself.

mod api;
mod folder;

use std::io::{self, Write};

use clap::{Args, Subcommand};
use hermes_core::id::TaskId;
use hermes_core::time::Millis;
use hermes_core::visible;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::Error;
use super::look::{Look, Tone};
use super::remote::{Address, Remote};
use super::session::{Exit, Form, Session};
use super::settings::{self, Folder, Settings};
use super::text::{columns, pad};
use super::{lock, values};
use crate::app;
use crate::config::{self, Loaded};

/// Make, list and revoke API keys
#[derive(Args)]
#[command(after_help = "\
Through the supervisor if one is named (HERMES_URL, --url) or runs on the data folder, else on the folder itself.")]
pub(super) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Make a key; it is shown once
#[derive(Args)]
struct Create {
    /// Its name, the actor in the audit trail
    #[arg(long)]
    name: String,
    /// What it may do: submitter, approver, admin, auditor, worker, or worker:ROLE; may be repeated
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<String>,
    /// It stops working after this time, such as 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = values::span)]
    expires: Option<Millis>,
    /// Make it even if it is the first of a running server without a root key and not an admin's: nobody could make
    /// another then
    #[arg(long)]
    without_admin: bool,
    #[command(flatten)]
    settings: Settings<Folder>,
}

/// List the keys
#[derive(Args)]
struct List {
    #[command(flatten)]
    settings: Settings<Folder>,
}

/// End a key at once
#[derive(Args)]
struct Revoke {
    /// Its name
    #[arg(value_parser = key_name)]
    name: String,
    #[command(flatten)]
    settings: Settings<Folder>,
}

/// Only checks that the name can stand in a path.
fn key_name(text: &str) -> Result<String, &'static str> {
    TaskId::parse(text).map(String::from).map_err(|_| "a key's name has only A-Z a-z 0-9 . _ -")
}

/// What the supervisor is asked for.
#[derive(Serialize)]
struct Wanted {
    name: String,
    roles: Vec<String>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_admin: Option<bool>,
}

/// A new key, shown once.
#[derive(Debug, Deserialize, Serialize)]
struct NewKey {
    name: String,
    key: String,
    roles: Vec<String>,
    /// Until it was made, nobody needed a key.
    #[serde(default, skip_serializing)]
    first: bool,
}

impl NewKey {
    /// What the first key changes for everybody.
    fn consequence(&self) -> Option<String> {
        const ALL: &str = "It is the first key: from now on everybody needs one (HERMES_KEY), unless the server has \
            an API_SERVER_KEY, and a server that is started from now on listens on all addresses (SUPERVISOR_HOST).";
        const NO_ADMIN: &str = " It is not an admin's: without API_SERVER_KEY, make one more with --role admin before \
            the server starts, since through a server nobody could.";
        let has_admin = self.roles.iter().any(|role| role == "admin");
        self.first.then(|| [ALL, if has_admin { "" } else { NO_ADMIN }].concat())
    }
}

/// A key as it is listed.
#[derive(Debug, Deserialize, Serialize)]
struct Listed {
    name: String,
    prefix: String,
    roles: Vec<String>,
    created_at: f64,
    expires_at: Option<f64>,
    revoked_at: Option<f64>,
}

/// Where keys are kept.
enum Keeper {
    Supervisor(Remote),
    Folder(Box<config::Config>),
}

impl Key {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        match self.command {
            Command::Create(create) => create.run(session).await,
            Command::List(list) => list.run(session).await,
            Command::Revoke(revoke) => revoke.run(session).await,
        }
    }
}

fn keeper(settings: Settings<Folder>, session: &mut Session<'_>) -> Result<Keeper, Error> {
    if session.address.is_given {
        return Ok(Keeper::Supervisor(session.remote()?));
    }
    let loaded = settings.load()?;
    settings::warn(&loaded, session);
    if lock::is_held(&loaded.config.data.home)? {
        return Ok(Keeper::Supervisor(Remote::new(beside(&loaded, session.address.key.clone())?)?));
    }
    Ok(Keeper::Folder(Box::new(loaded.config)))
}

/// The address of the supervisor that runs on this folder, as it says there itself.
fn beside(loaded: &Loaded<config::Config>, key: Option<String>) -> Result<Address, Error> {
    let path = app::signpost_path(&loaded.config.data.home);
    let url = std::fs::read_to_string(&path).map_err(|source| Error::File {
        what: format!("a supervisor runs on the data folder, but {} does not say where", path.display()),
        source,
    })?;
    let key = key.or_else(|| loaded.config.access.api_key.as_ref().map(|key| key.expose().to_owned()));
    Ok(Address { url: url.trim().to_owned(), is_given: false, key })
}

impl Create {
    async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let new = match keeper(self.settings, session)? {
            Keeper::Supervisor(remote) => {
                let body = Wanted {
                    name: self.name,
                    roles: self.roles,
                    expires_in: self.expires.map(|span| span.0 / 1000),
                    without_admin: self.without_admin.then_some(true),
                };
                api::create(&remote, &body).await?
            }
            Keeper::Folder(config) => folder::create(&config, &self.name, &self.roles, self.expires).await?,
        };
        match session.form {
            Form::Json => session.print_json(&json!(new))?,
            Form::Text => {
                print_new(&new, session.out)?;
                session.remark("It is shown this once; only its hash is kept.");
                Exit::Done
            }
        };
        if let Some(consequence) = new.consequence() {
            session.remark(&consequence);
        }
        Ok(Exit::Done)
    }
}

impl List {
    async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let keys = match keeper(self.settings, session)? {
            Keeper::Supervisor(remote) => api::list(&remote).await?,
            Keeper::Folder(config) => folder::list(&config).await?,
        };
        match session.form {
            Form::Json => session.print_json(&json!({"ok": true, "keys": keys})),
            Form::Text => {
                table(&keys, &session.look, session.out)?;
                Ok(Exit::Done)
            }
        }
    }
}

impl Revoke {
    async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        match keeper(self.settings, session)? {
            Keeper::Supervisor(remote) => api::revoke(&remote, &self.name).await?,
            Keeper::Folder(config) => folder::revoke(&config, &self.name).await?,
        }
        match session.form {
            Form::Json => session.print_json(&json!({"ok": true})),
            Form::Text => {
                writeln!(session.out, "{} is revoked", self.name)?;
                Ok(Exit::Done)
            }
        }
    }
}

fn print_new(new: &NewKey, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} ({})\n\n  {}\n", new.name, new.roles.join(", "), new.key)
}

fn table(keys: &[Listed], look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let row = |key: &Listed| {
        let line = |text: &str| visible::show_line(text).into_owned();
        [line(&key.name), format!("hk_{}_…", line(&key.prefix)), line(&key.roles.join(", ")), look.age(key.created_at)]
    };
    let heading = ["NAME", "KEY", "ROLES", "AGE"].map(str::to_owned);
    let rows: Vec<[String; 4]> = std::iter::once(heading).chain(keys.iter().map(row)).collect();
    let mut widths = [0; 4];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = columns(cell).max(*width));
    }
    let states = std::iter::once(("STATE".to_owned(), Tone::Faint)).chain(keys.iter().map(|key| state(key, look)));
    for (row, (state, tone)) in rows.iter().zip(states) {
        let cells = row.iter().zip(widths).map(|(cell, width)| pad(cell, width)).collect::<Vec<_>>().join("  ");
        writeln!(out, "{cells}  {}", look.paint(tone, &state))?;
    }
    Ok(())
}

fn state(key: &Listed, look: &Look) -> (String, Tone) {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => (format!("revoked {}", look.moment(at)), Tone::Bad),
        (None, Some(at)) if at <= look.now.unix_seconds() => (format!("expired {}", look.moment(at)), Tone::Bad),
        (None, Some(at)) => (format!("works until {}", look.moment(at)), Tone::Good),
        (None, None) => ("works".to_owned(), Tone::Good),
    }
}

#[cfg(test)]
mod tests;
