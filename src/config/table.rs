//! The one table of settings: each is named, described, given its default and read here and nowhere else.

use std::path::PathBuf;

use hermes_core::time::Millis;
use ipnet::IpNet;
use tracing::Level;

use super::parse::*;
use super::value::*;

/// One setting: what it is called everywhere, and what it takes.
#[derive(Debug)]
pub struct Setting {
    /// Environment variable.
    pub env: &'static str,
    /// Key in the TOML file: `section.name`.
    pub key: &'static str,
    /// Flag of the command line, without its dashes.
    pub flag: Option<&'static str>,
    /// The value when nobody says anything; `{NAME}` stands for the value of another setting.
    pub default: &'static str,
    /// One sentence: what it is for.
    pub doc: &'static str,
    pub kind: Kind,
    pub(super) check: fn(&str) -> Parsed<()>,
}

/// How a setting's text is treated before it is read and when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// Never shown.
    Secret,
    /// A leading `~/` stands for `$HOME/`.
    Path,
    /// Shown without its query.
    Url,
}

impl Setting {
    /// What the setting takes, as the refusal of a bad value says it.
    pub fn allowed(&self) -> String {
        (self.check)("\0").err().unwrap_or_default()
    }

    /// A value of this setting as people may see it.
    pub fn shown(&self, text: &str) -> String {
        match self.kind {
            Kind::Secret if text.is_empty() => "not set".to_owned(),
            Kind::Secret => "set (hidden)".to_owned(),
            Kind::Url => without_credentials(text),
            Kind::Plain | Kind::Path => text.to_owned(),
        }
    }
}

/// Makes a section's struct, its rows of the table and its reader from one list.
macro_rules! settings {
    ($(
        $(#[doc = $about:literal])+
        $name:ident in $section:literal {
            $(
                #[doc = $doc:literal]
                $field:ident: $type:ty = $default:literal, $env:literal $(, --$flag:literal)? => $kind:ident, $parse:expr;
            )+
        }
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        pub struct $name {
            $(#[doc = $doc] pub $field: $type,)+
        }

        impl $name {
            pub const SETTINGS: &'static [$crate::config::Setting] = &[$($crate::config::Setting {
                env: $env,
                key: concat!($section, ".", stringify!($field)),
                flag: [$(Some($flag),)? None][0],
                default: $default,
                doc: $doc.trim_ascii(),
                kind: $crate::config::Kind::$kind,
                check: |text| ($parse)(text).map(drop),
            },)+];

            /// Reads every field before it gives up on one, so that all problems are found at once.
            pub(super) fn read(reader: &mut $crate::config::source::Reader<'_>) -> Option<Self> {
                let mut rows = Self::SETTINGS.iter();
                $(let $field = reader.read(rows.next()?, $parse);)+
                Some(Self { $($field: $field?,)+ })
            }
        }
    )+};
}
pub(super) use settings;

const SECOND: Millis = Millis::from_secs(1);
const HOUR: Millis = Millis::from_secs(3600);
const YEAR: Millis = Millis::from_secs(365 * 86_400);
const TEN_YEARS: Millis = Millis::from_secs(3650 * 86_400);

settings! {
    /// Where the supervisor listens, and under which names it is known.
    Listen in "listen" {
        /// Address of the API; unless it is set, a supervisor without any key listens on 127.0.0.1 only.
        host: Host = "0.0.0.0", "SUPERVISOR_HOST", --"host" => Plain, host;
        /// Port of the API; 0 takes any free one.
        port: u16 = "8080", "SUPERVISOR_PORT", --"port" => Plain, number(0..=u16::MAX);
        /// Port of the dashboard; 0 takes any free one.
        dashboard_port: u16 = "9093", "DASHBOARD_PORT", --"dashboard-port" => Plain, number(0..=u16::MAX);
        /// Address under which people and sub-agents reach the supervisor; links on cards begin with it.
        base_url: Option<HttpUrl> = "", "SUPERVISOR_BASE_URL" => Url, optional(url);
        /// Names besides loopback and the address of listening that a request's Host header may carry.
        allowed_hosts: Vec<String> = "", "HERMES_ALLOWED_HOSTS" => Plain, list(host_text);
        /// Networks of reverse proxies whose X-Forwarded-For is believed.
        trusted_proxies: Vec<IpNet> = "", "HERMES_TRUSTED_PROXIES" => Plain, list(network);
        /// Threads that serve HTTP; 0 means one per core.
        http_workers: usize = "0", "HERMES_HTTP_WORKERS" => Plain, number(0..=1024);
    }

    /// Who may come in by key.
    Access in "access" {
        /// The root key, with the role admin; more keys are made with `hermes key create`.
        api_key: Option<Secret> = "", "API_SERVER_KEY" => Secret, optional(secret);
    }

    /// Where everything is kept.
    Data in "data" {
        /// Folder of the database (data/), the audit trail (audit/) and hermes.toml.
        home: PathBuf = "~/.hermes", "APPROVAL_HOME", --"home" => Path, path;
    }

    /// How tasks are stored, and for how long.
    Store in "store" {
        /// Connections that read the database.
        readers: usize = "4", "HERMES_READERS" => Plain, number(1..=64);
        /// Time after which a finished task is removed from the database; its audit lines stay.
        retention: Millis = "72h", "HERMES_RETENTION" => Plain, span(SECOND, TEN_YEARS);
    }

    /// What risk is judged by.
    Rules in "rules" {
        /// The policy file.
        policy: PathBuf = "{APPROVAL_HOME}/policy.toml", "HERMES_POLICY", --"policy" => Path, path;
        /// The organisation's rule file: what it adds to the built-in rules of risk, or puts in their place.
        risk: PathBuf = "{APPROVAL_HOME}/rules.toml", "HERMES_RULES", --"rules" => Path, path;
        /// Networks of trusted sources; a command from any other source grades high.
        trusted_networks: Vec<String> = "10.0.0.0/24", "TRUSTED_NETWORK" => Plain, list(network_text);
    }

    /// The Feishu application, and the people it speaks to.
    Feishu in "feishu" {
        /// Id of the application.
        app_id: Option<String> = "", "FEISHU_APP_ID" => Plain, optional(name);
        /// Secret of the application.
        app_secret: Option<Secret> = "", "FEISHU_APP_SECRET" => Secret, optional(secret);
        /// Verification token of the application's callbacks.
        verify_token: Option<Secret> = "", "FEISHU_VERIFY_TOKEN" => Secret, optional(secret);
        /// Key that signs and encrypts the application's callbacks.
        encrypt_key: Option<Secret> = "", "FEISHU_ENCRYPT_KEY" => Secret, optional(secret);
        /// Key of the company whose people click; callbacks of another one are refused.
        tenant_key: Option<String> = "", "FEISHU_TENANT_KEY" => Plain, optional(name);
        /// Chat that receives the cards.
        chat_id: Option<String> = "", "FEISHU_CHAT_ID" => Plain, optional(name);
        /// open_id of the administrator, who decides on high risk.
        admin_id: Option<String> = "", "FEISHU_ADMIN_ID" => Plain, optional(name);
        /// Cloud of the application, or a simulator.
        base_url: HttpUrl = "https://open.feishu.cn", "FEISHU_BASE_URL" => Url, url;
        /// Way in which clicks arrive: a webhook, or a long connection.
        mode: FeishuMode = "http", "FEISHU_MODE" => Plain,
            choice(&[("http", FeishuMode::Http), ("ws", FeishuMode::LongConnection)]);
        /// open_id of the commander, who decides on low and medium risk.
        commander_open_id: Option<String> = "", "COMMANDER_OPEN_ID" => Plain, optional(name);
        /// open_id of the executor, who runs approved commands.
        executor_open_id: Option<String> = "", "EXECUTOR_OPEN_ID" => Plain, optional(name);
        /// open_ids of the operators who may decide, until an administrator replaces the list.
        whitelist: Vec<String> = "", "APPROVAL_WHITELIST" => Plain, list(name);
    }

    /// Programs elsewhere that are called.
    Executors in "executors" {
        /// Address that approved commands for xiaomei are pushed to.
        xiaomei_url: Option<HttpUrl> = "", "XIAOMEI_API_URL" => Url, optional(url);
        /// Address that approved commands for desktop are pushed to.
        desktop_url: Option<HttpUrl> = "", "DESKTOP_API_URL" => Url, optional(url);
        /// Address that hears how each task ended.
        callback_url: Option<HttpUrl> = "", "XIAOQIANG_CALLBACK_URL" => Url, optional(url);
    }

    /// How approved commands reach sub-agents.
    Work in "work" {
        /// Longest run of a command; after that the task has failed.
        execution_timeout: Millis = "600s", "EXECUTION_TIMEOUT" => Plain, span(SECOND, YEAR);
        /// Sub-agent role that gets a command which names no other.
        fallback_assignee: String = "it-ops-worker", "KANBAN_FALLBACK_ASSIGNEE" => Plain, name;
        /// Life of a lease without a heartbeat; sub-agents send one each third of it.
        lease_ttl: Millis = "30s", "HERMES_LEASE_TTL" => Plain, span(SECOND, HOUR);
    }

    /// Bounds; what comes over one of them is refused at once.
    Limits in "limits" {
        /// Rate limits per key; off only for benchmarks.
        rate_limit: Switch = "on", "HERMES_RATE_LIMIT" => Plain, switch;
        /// Changes that may be under way at once.
        write_permits: usize = "1024", "HERMES_WRITE_PERMITS" => Plain, number(1..=1_000_000);
        /// Long polls and event streams that may be open at once.
        long_polls: usize = "512", "HERMES_LONG_POLLS" => Plain, number(1..=1_000_000);
        /// Tasks kept in memory.
        live_tasks: usize = "1024", "HERMES_LIVE_TASKS" => Plain, number(1..=1_000_000);
        /// Connections that may be open at once.
        max_connections: usize = "10000", "HERMES_MAX_CONNECTIONS" => Plain, number(1..=1_000_000);
    }

    /// What is logged, and how.
    Logging in "logging" {
        /// Least severe level that is logged.
        level: Level = "INFO", "LOG_LEVEL", --"log-level" => Plain, level;
        /// Form of the log lines.
        format: LogFormat = "text", "HERMES_LOG_FORMAT", --"log-format" => Plain,
            choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    }
}
