//! Sets the stage: data folder, supervisor, keys, sub-agents; and clears it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use hermes_actors::audit::AuditActor;
use hermes_actors::store::sqlite::AuditReader;
use hermes_core::audit::{Expect, Head, Report, verify};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::cast::{ADMIN, AGENT, COMMANDER, Cast, Player};
use super::home::Home;
use super::show::Show;
use super::{Error, Options};
use crate::app;
use crate::config::{Config, Sources};
use crate::sim::{self, Sim};

/// The sub-agents.
pub(super) const ROLES: [&str; 3] = ["finance-worker", "life-assistant", "it-ops-worker"];

/// How long a sub-agent may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a sub-agent takes over from the environment of the demo.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "LANG", "TZ", "USER", "TMPDIR"];

/// Everything that runs.
pub(super) struct Stage {
    pub(super) cast: Cast,
    home: Home,
    sub_agents: Vec<Child>,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<Result<(), app::Error>>,
    feishu: ServerHandle,
}

/// What is left when the stage is cleared.
pub(super) struct Cleared {
    pub(super) report: Report,
    pub(super) kept_at: Option<PathBuf>,
}

impl Stage {
    pub(super) async fn set(options: &Options, show: &mut Show<'_>) -> Result<Self, Error> {
        let home = Home::open(options.data.as_deref())?;
        let root_key = secret()?;
        let feishu = Sim::new(sim::company(), None);
        let platform = sim::serve(feishu.clone(), TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)?;
        let cards = format!("http://{}", platform.address);
        actix_web::rt::spawn(platform.server);
        let running = app::start(Config::load(&settings(home.path(), &root_key, &cards))?).await?;
        let url = running.addresses.first().map(|address| format!("http://{address}")).unwrap_or_default();
        feishu.call_back_at(format!("{url}/api/webhook/feishu"));
        let public_key = running.engine().signer.public_key();
        let (stop, stopped) = oneshot::channel();
        let supervisor = actix_web::rt::spawn(running.until(async {
            let _dropped_is_stop = stopped.await;
        }));
        let root = Player::new("root", &url, root_key)?;
        let names = Names::for_all(&root.key_names().await?);
        let cast = hire(&root, &url, &names).await?;
        let mut sub_agents = Vec::new();
        for role in ROLES {
            let key = root.make_key(&names.of(role), &format!("worker:{role}")).await?;
            sub_agents.push(start(&options.program, home.path(), role, &url, &key, &public_key)?);
        }
        show.stage(&url, &cards, home.path(), &cast, options.deciders)?;
        Ok(Self { cast, home, sub_agents, stop, supervisor, feishu: platform.handle })
    }

    /// Stops everything, and checks the audit file against the database.
    pub(super) async fn clear(self) -> Result<Cleared, Error> {
        let Self { home, mut sub_agents, stop, supervisor, feishu, .. } = self;
        sub_agents.iter().for_each(ask_to_end);
        for sub_agent in &mut sub_agents {
            end(sub_agent).await?;
        }
        let _already_ended = stop.send(());
        supervisor.await.map_err(std::io::Error::other)??;
        feishu.stop(false).await;
        let report = check(home.path()).map_err(|error| Error::Audit(error.to_string()))?;
        Ok(Cleared { report, kept_at: home.kept_at() })
    }
}

fn settings(home: &Path, root_key: &str, cards: &str) -> Sources {
    let pairs = [
        ("APPROVAL_HOME", home.display().to_string()),
        ("API_SERVER_KEY", root_key.to_owned()),
        ("SUPERVISOR_HOST", "127.0.0.1".to_owned()),
        ("SUPERVISOR_PORT", "0".to_owned()),
        ("DASHBOARD_PORT", "0".to_owned()),
        ("EXECUTION_TIMEOUT", "60".to_owned()),
    ];
    let env = pairs.into_iter().chain(sim::environment(cards)).map(|(name, value)| (name.to_owned(), value)).collect();
    Sources { file: None, env, flags: BTreeMap::new() }
}

/// The names of this performance's keys. On a folder that has seen another their names are taken for ever, so a number
/// is put behind them.
struct Names(String);

impl Names {
    fn for_all(taken: &BTreeSet<String>) -> Self {
        let mut names = Self(String::new());
        let everybody = || [AGENT, COMMANDER, ADMIN].into_iter().chain(ROLES);
        for number in 2_u64.. {
            if !everybody().any(|name| taken.contains(&names.of(name))) {
                break;
            }
            names = Self(format!("-{number}"));
        }
        names
    }

    fn of(&self, name: &str) -> String {
        format!("{name}{}", self.0)
    }
}

async fn hire(root: &Player, url: &str, names: &Names) -> Result<Cast, Error> {
    let player = async |name: &str, role: &str| -> Result<Player, Error> {
        let name = names.of(name);
        let key = root.make_key(&name, role).await?;
        Ok(Player::new(name, url, key)?)
    };
    Ok(Cast {
        agent: player(AGENT, "submitter").await?,
        commander: player(COMMANDER, "approver").await?,
        admin: player(ADMIN, "admin").await?,
    })
}

fn start(program: &Path, home: &Path, role: &str, url: &str, key: &str, public_key: &str) -> Result<Child, Error> {
    let state = home.join("sub-agents").join(role);
    std::fs::create_dir_all(&state)?;
    let log = File::options().create(true).append(true).open(state.join("log"))?;
    let mut command = Command::new(program);
    command.arg("worker").env_clear();
    command.envs(PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
        .envs([("SUBAGENT_ROLE", role), ("SUPERVISOR_URL", url), ("API_SERVER_KEY", key), ("LOG_LEVEL", "INFO")])
        .envs([("HERMES_SUPERVISOR_KEY", public_key), ("HEALTH_PORT", "off"), ("POLL_INTERVAL", "5")])
        .env("HERMES_WORKER_STATE", state.join("state"))
        .env("HERMES_WORKER_DIR", state.join("work"))
        .env("APPROVAL_HOME", home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    Ok(command.spawn()?)
}

fn ask_to_end(sub_agent: &Child) {
    if let Some(id) = sub_agent.id().and_then(|id| i32::try_from(id).ok()) {
        // One that has ended by itself needs no signal.
        let _ended = kill(Pid::from_raw(id), Signal::SIGTERM);
    }
}

async fn end(sub_agent: &mut Child) -> Result<(), Error> {
    if tokio::time::timeout(PATIENCE, sub_agent.wait()).await.is_err() {
        sub_agent.kill().await?;
    }
    Ok(())
}

/// A root key for this one demo.
fn secret() -> Result<String, Error> {
    let bytes = hermes_actors::clock::random::<32>().map_err(std::io::Error::other)?;
    Ok(hex::encode(bytes))
}

fn check(home: &Path) -> Result<Report, Box<dyn std::error::Error>> {
    let reader = AuditReader::open(home)?;
    let position = reader.position()?;
    let leaf_of = Box::new(|seq| reader.leaf(seq).map_err(std::io::Error::other));
    let expect = Expect { leaf_of: Some(leaf_of), head: Head::Is(position.seq, position.leaf), since: None };
    Ok(verify(BufReader::new(File::open(AuditActor::path(home))?), expect)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_taken_get_a_number() {
        let named = |taken: &[&str]| Names::for_all(&taken.iter().map(|name| (*name).to_owned()).collect()).of(ADMIN);
        assert_eq!(named(&[]), "peng");
        assert_eq!(named(&["root-of-all", "peng-2"]), "peng");
        assert_eq!(named(&["peng"]), "peng-2");
        assert_eq!(named(&["it-ops-worker", "xiaomei-2"]), "peng-3", "all have the same number");
    }
}
