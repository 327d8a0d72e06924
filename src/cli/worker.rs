//! `hermes worker`.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hermes_core::redact;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::error::Error;
use super::session::{Exit, Session};
use super::settings::{self, Settings, SubAgent};
use super::{log, on_system};
use crate::config;
use crate::worker::{self, Stage};

/// Time between SIGTERM and SIGKILL for a command that is ended.
const GRACE: Duration = Duration::from_secs(10);

/// The longest that the supervisor lets a claim wait.
const LONGEST_CLAIM: Duration = Duration::from_secs(30);

/// Run a sub-agent, which pulls approved commands and runs them
#[derive(Args)]
#[command(after_help = "SIGTERM or SIGINT lets what runs come to its end and takes no more; a second one ends it.")]
pub(super) struct Worker {
    #[command(flatten)]
    settings: Settings<SubAgent>,
}

impl Worker {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let loaded = self.settings.load_worker()?;
        settings::warn(&loaded, session);
        log::start(&loaded.config.logging, session.log_colors);
        on_system(async {
            let (stage, stop) = watch::channel(Stage::Running);
            tokio::task::spawn_local(go_further(stage, signals()?));
            Ok(worker::run(told(loaded.config), stop).await?)
        })
        .map(|()| Exit::Done)
    }
}

/// The settings as the sub-agent takes them.
fn told(config: config::worker::Config) -> worker::Config {
    let told = config.worker;
    worker::Config {
        role: told.role,
        name: told.name,
        supervisor_url: told.supervisor_url.as_str().to_owned(),
        key: told.api_key.map(|key| key.expose().to_owned()),
        poll_interval: Duration::from(told.poll_interval).min(LONGEST_CLAIM),
        task_timeout: told.task_timeout.into(),
        health_host: "0.0.0.0".to_owned(),
        health_port: told.health_port,
        state_dir: told.state,
        work_dir: told.dir,
        env_allow: told.env,
        slots: told.slots,
        on_lease_loss: match told.on_lease_loss {
            config::OnLeaseLoss::Keep => worker::OnLeaseLoss::Keep,
            config::OnLeaseLoss::Kill => worker::OnLeaseLoss::Kill,
        },
        supervisor_key: told.supervisor_key.map(|key| hex::encode(key.as_bytes())),
        output_limit: told.output_limit,
        grace: GRACE,
        mask: redact::mask,
        clock: Arc::new(worker::boot_clock),
    }
}

fn signals() -> Result<[Signal; 2], Error> {
    let listen = |kind| signal(kind).map_err(Error::file("signals cannot be received"));
    Ok([listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?])
}

/// Goes one stage further with each signal.
async fn go_further(stage: watch::Sender<Stage>, [mut terminate, mut interrupt]: [Signal; 2]) {
    for next in [Stage::Draining, Stage::Ending] {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stage.send_replace(next);
    }
    // The sender has to live on: a sub-agent hears nothing from one that is gone.
    std::future::pending::<()>().await;
}
