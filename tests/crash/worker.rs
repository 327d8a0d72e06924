//! The sub-agent's process.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hermes_approval::worker::{Config, OnLeaseLoss, Stage, boot_clock, run};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::processes::ROLE;

pub(crate) const NAME: &str = "HERMES_TEST_NAME";
pub(crate) const URL: &str = "HERMES_TEST_SUPERVISOR";
pub(crate) const KEY: &str = "HERMES_TEST_KEY";
pub(crate) const SLOTS: &str = "HERMES_TEST_SLOTS";
pub(crate) const FOLDER: &str = "HERMES_TEST_FOLDER";

/// Not a test by itself: what the other process does.
#[test]
fn process() {
    let Ok(name) = std::env::var(NAME) else { return };
    tracing_subscriber::fmt().with_ansi(false).init();
    let variable = |name: &str| std::env::var(name).unwrap();
    let config = config(name, &variable(URL), &variable(KEY), Path::new(&variable(FOLDER)));
    actix_web::rt::System::new().block_on(async {
        let (stop, stopped) = watch::channel(Stage::Running);
        let mut terminate = signal(SignalKind::terminate()).unwrap();
        actix_web::rt::spawn(async move {
            terminate.recv().await;
            stop.send_replace(Stage::Draining);
            std::future::pending::<()>().await;
        });
        run(config, stopped).await.unwrap();
    });
}

fn config(name: String, url: &str, key: &str, folder: &Path) -> Config {
    Config {
        role: ROLE.to_owned(),
        name,
        supervisor_url: url.to_owned(),
        key: Some(key.to_owned()),
        poll_interval: Duration::from_secs(1),
        task_timeout: Duration::from_secs(60),
        health_host: "127.0.0.1".to_owned(),
        health_port: None,
        state_dir: folder.join("state"),
        work_dir: folder.join("work"),
        env_allow: vec!["PATH".to_owned()],
        slots: std::env::var(SLOTS).unwrap().parse().unwrap(),
        on_lease_loss: OnLeaseLoss::Keep,
        supervisor_key: None,
        output_limit: 1 << 16,
        grace: Duration::from_secs(1),
        mask: |text| Cow::Borrowed(text),
        clock: Arc::new(boot_clock),
    }
}
