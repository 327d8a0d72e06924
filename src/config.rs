//! The settings of the supervisor and of the sub-agents: default < TOML file < environment < flag.
//!
//! `table` names and describes each setting once; everything else here follows from it. Whatever is wrong is found
//! before anything starts, all of it at once.

mod named;
mod parse;
pub mod print;
mod source;
mod suggest;
mod table;
mod value;
pub mod worker;

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

pub use self::named::{NamedFile, Unreadable};
use self::source::Reader;
pub use self::source::{Origin, Sources};
pub use self::table::{Access, Data, Executors, Feishu, Kind, Limits, Listen, Logging, Rules, Setting, Store, Work};
pub use self::value::{FeishuMode, Host, HttpUrl, LogFormat, OnLeaseLoss, Secret, Switch};

/// Makes a program's settings from its sections.
macro_rules! program {
    ($(#[doc = $about:literal])+ $name:ident { $($field:ident: $section:ident,)+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        pub struct $name {
            $(pub $field: $section,)+
        }

        impl $name {
            /// The rows of the table that this program uses, in the order in which they are shown.
            pub fn settings() -> Vec<&'static $crate::config::Setting> {
                [$($section::SETTINGS),+].into_iter().flatten().collect()
            }

            fn read(reader: &mut $crate::config::Reader<'_>) -> Option<Self> {
                $(let $field = $section::read(reader);)+
                Some(Self { $($field: $field?,)+ })
            }
        }
    };
}
use program;

program! {
    /// The settings of the supervisor.
    Config {
        listen: Listen,
        access: Access,
        data: Data,
        store: Store,
        rules: Rules,
        feishu: Feishu,
        executors: Executors,
        work: Work,
        limits: Limits,
        logging: Logging,
    }
}

/// Settings in force, and what is to be said about them.
#[derive(Debug)]
pub struct Loaded<C> {
    pub config: C,
    /// What `hermes config` prints.
    pub rows: Vec<print::Row>,
    /// Allowed, but risky.
    pub warnings: Vec<String>,
}

/// Everything that is wrong with the settings, one line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Problems(pub Vec<String>);

/// What was found by looking at several settings together.
#[derive(Default)]
struct Findings {
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    /// Keeps the texts whose condition holds.
    fn pick<const N: usize>(checks: [(bool, String); N]) -> Vec<String> {
        checks.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text).collect()
    }
}

fn load<C>(
    sources: &Sources,
    host: &str,
    table: Vec<&'static Setting>,
    read: fn(&mut Reader<'_>) -> Option<C>,
    check: fn(&C) -> Findings,
) -> Result<Loaded<C>, Problems> {
    // One file and one environment may serve both programs.
    let known = [Config::settings(), worker::Config::settings()].concat();
    let mut reader = Reader::new(sources, &table, &known, host);
    let config = read(&mut reader);
    let mut found = config.as_ref().map(check).unwrap_or_default();
    found.problems.splice(..0, reader.take_problems());
    let emptied = table.iter().filter(|setting| setting.kind == Kind::Secret).filter_map(|setting| {
        let name = match reader.emptied(setting)? {
            Origin::Environment(name) => name,
            Origin::Default | Origin::File(_) | Origin::Flag(_) => setting.key,
        };
        Some(format!("{name} is set, but empty: that counts as not set"))
    });
    found.warnings.extend(emptied);
    let unknown = sources.unknown_variables(&known);
    match config {
        Some(config) if found.problems.is_empty() => {
            let rows = table.iter().map(|setting| print::Row::of(setting, &reader)).collect();
            found.warnings.extend(unknown);
            Ok(Loaded { config, rows, warnings: found.warnings })
        }
        // A variable that nobody reads may well be what is missing.
        _ => Err(Problems(found.problems.into_iter().chain(unknown).collect())),
    }
}

/// Whether the store holds any key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasKeys {
    Yes,
    No,
}

/// Anybody on the network could use the supervisor.
#[derive(Debug, thiserror::Error)]
#[error(
    "{host} ({origin}) is reachable from other machines, but there is no key: set API_SERVER_KEY, or make a key with \
     `hermes key create`, or set SUPERVISOR_HOST=127.0.0.1"
)]
pub struct Exposed {
    host: Host,
    origin: Origin,
}

impl Loaded<Config> {
    /// Where to listen. Without any key that is loopback, and a wider address that somebody asked for is refused.
    pub fn listen_address(&self, has_keys: HasKeys) -> Result<Host, Exposed> {
        let host = self.config.listen.host.clone();
        let guarded = self.config.access.api_key.is_some() || has_keys == HasKeys::Yes;
        if guarded || host.is_loopback() {
            return Ok(host);
        }
        match self.rows.iter().find(|row| row.name == "SUPERVISOR_HOST").map(|row| row.origin.clone()) {
            None | Some(Origin::Default) => Ok(Host::Address(Ipv4Addr::LOCALHOST.into())),
            Some(origin) => Err(Exposed { host, origin }),
        }
    }
}

impl Config {
    pub fn load(sources: &Sources) -> Result<Loaded<Self>, Problems> {
        load(sources, "", Self::settings(), Self::read, Self::check)
    }

    fn check(&self) -> Findings {
        let Listen { port, dashboard_port, .. } = self.listen;
        let same_port =
            (port == dashboard_port && port != 0, format!("SUPERVISOR_PORT and DASHBOARD_PORT are both {port}"));
        Findings { problems: Findings::pick([same_port]), warnings: self.warnings() }
    }

    fn warnings(&self) -> Vec<String> {
        let (work, limits, feishu) = (&self.work, &self.limits, &self.feishu);
        let short_key = self.access.api_key.as_ref().is_some_and(|key| key.expose().len() < 16);
        let everywhere = self.rules.trusted_networks.iter().any(|network| network.ends_with("/0"));
        let forgeable = self.listen.trusted_proxies.iter().any(|network| network.prefix_len() == 0);
        let deaf = feishu.mode == FeishuMode::Http && feishu.encrypt_key.is_none();
        let approvers = feishu.whitelist.len() + feishu.commander_open_id.iter().chain(&feishu.admin_id).count();
        Findings::pick([
            (short_key, "API_SERVER_KEY has fewer than 16 characters: it can be guessed".to_owned()),
            (everywhere, "TRUSTED_NETWORK holds every address: no source is foreign".to_owned()),
            (forgeable, "HERMES_TRUSTED_PROXIES holds every address: anybody can forge X-Forwarded-For".to_owned()),
            (limits.rate_limit == Switch::Off, "HERMES_RATE_LIMIT is off: nothing stops a flood".to_owned()),
            (
                limits.long_polls >= limits.max_connections,
                format!(
                    "HERMES_LONG_POLLS ({}) is not below HERMES_MAX_CONNECTIONS ({}): long polls can take every connection",
                    limits.long_polls, limits.max_connections
                ),
            ),
            (
                work.lease_ttl >= work.execution_timeout,
                format!(
                    "HERMES_LEASE_TTL ({}) is not below EXECUTION_TIMEOUT ({}): a dead sub-agent is found by the timeout only",
                    work.lease_ttl, work.execution_timeout
                ),
            ),
            (
                feishu.app_id.is_some() != feishu.app_secret.is_some(),
                "of FEISHU_APP_ID and FEISHU_APP_SECRET only one is set: no cards are sent".to_owned(),
            ),
            (
                feishu.is_configured() && deaf,
                "FEISHU_ENCRYPT_KEY is not set: clicks cannot be verified, so all of them are refused".to_owned(),
            ),
            (
                feishu.is_configured() && approvers == 0,
                "COMMANDER_OPEN_ID, FEISHU_ADMIN_ID and APPROVAL_WHITELIST are not set: nobody can decide on a card"
                    .to_owned(),
            ),
        ])
    }
}

impl Feishu {
    /// Whether cards can be sent at all.
    pub fn is_configured(&self) -> bool {
        self.app_id.is_some() && self.app_secret.is_some()
    }
}
