//! The settings of a sub-agent.

use std::path::PathBuf;

use ed25519_dalek::VerifyingKey;
use hermes_core::time::Millis;

use super::parse::*;
use super::table::settings;
use super::value::{HttpUrl, OnLeaseLoss, Secret};
use super::{Data, Findings, Loaded, Logging, Problems, Sources, load, program};

const DAY: Millis = Millis::from_secs(86_400);

settings! {
    /// What the sub-agent is, whom it works for and how it runs commands.
    Worker in "worker" {
        /// Role whose work is pulled, for example it-ops-worker.
        role: String = "", "SUBAGENT_ROLE", --"role" => Plain, name;
        /// Address of the supervisor.
        supervisor_url: HttpUrl = "", "SUPERVISOR_URL", --"supervisor-url" => Url, url;
        /// Key with the role worker.
        api_key: Option<Secret> = "", "API_SERVER_KEY" => Secret, optional(secret);
        /// Pause after a poll that failed, and between polls that found nothing.
        poll_interval: Millis = "10s", "POLL_INTERVAL", --"poll-interval" => Plain, span(Millis(10), DAY);
        /// Longest run of a command, if its grant does not say less.
        task_timeout: Millis = "300s", "TASK_TIMEOUT", --"task-timeout" => Plain, span(Millis(10), DAY);
        /// Port of the health check; 0 takes any free one, off means none.
        health_port: Option<u16> = "9090", "HEALTH_PORT", --"health-port" => Plain, port_or_off;
        /// Name of this sub-agent in leases and in the audit trail.
        name: String = "{SUBAGENT_ROLE}-{HOST}", "HERMES_WORKER_NAME", --"name" => Plain, name;
        /// Folder of the journal.
        state: PathBuf = "{APPROVAL_HOME}/worker/{SUBAGENT_ROLE}", "HERMES_WORKER_STATE", --"state" => Path, path;
        /// Folder in which commands run.
        dir: PathBuf = "{HERMES_WORKER_STATE}/work", "HERMES_WORKER_DIR", --"dir" => Path, path;
        /// Environment variables that commands may see; those with the engine's secrets are refused.
        env: Vec<String> = "PATH,HOME,LANG,LC_ALL,TZ,USER,LOGNAME,SHELL,TMPDIR", "HERMES_WORKER_ENV" => Plain,
            list(passed_variable);
        /// Commands that may run at once.
        slots: usize = "1", "HERMES_WORKER_SLOTS", --"slots" => Plain, number(1..=64);
        /// Fate of a running command whose lease is lost.
        on_lease_loss: OnLeaseLoss = "keep", "HERMES_ON_LEASE_LOSS" => Plain,
            choice(&[("keep", OnLeaseLoss::Keep), ("kill", OnLeaseLoss::Kill)]);
        /// Public key of the supervisor, which signs each grant.
        supervisor_key: Option<VerifyingKey> = "", "HERMES_SUPERVISOR_KEY" => Plain, optional(public_key);
        /// Bytes of output kept of each stream of a command.
        output_limit: usize = "1048576", "HERMES_OUTPUT_LIMIT" => Plain, number(1024..=67_108_864);
    }
}

program! {
    /// The settings of a sub-agent.
    Config {
        worker: Worker,
        data: Data,
        logging: Logging,
    }
}

impl Config {
    /// Reads and checks the settings; `host` is this machine's name and part of the sub-agent's default name.
    pub fn load(sources: &Sources, host: &str) -> Result<Loaded<Self>, Problems> {
        let host: String = host.chars().filter(|c| is_in_name(*c)).collect();
        load(sources, &host, Self::settings(), Self::read, Self::check)
    }

    fn check(&self) -> Findings {
        let unpinned = self.worker.supervisor_key.is_none();
        let note = "HERMES_SUPERVISOR_KEY is not set: the first key that a supervisor shows is trusted from then on";
        Findings { problems: Vec::new(), warnings: unpinned.then(|| note.to_owned()).into_iter().collect() }
    }
}
