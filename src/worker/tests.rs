mod fake;
mod lifecycle;
mod running;
mod starting;

#[cfg(feature = "crash-points")]
mod crashing;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Config, Error, OnLeaseLoss, Stage, boot_clock, run};
use fake::{Fake, LIMIT, WORKER, key, public_key};

/// `secret=` and what follows up to a blank.
fn mask(text: &str) -> Cow<'_, str> {
    const MARK: &str = "secret=";
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(MARK);
    let mut masked = parts.next().unwrap().to_owned();
    for part in parts {
        let end = part.find(char::is_whitespace).unwrap_or(part.len());
        masked.push_str(MARK);
        masked.push_str("***");
        masked.push_str(&part[end..]);
    }
    Cow::Owned(masked)
}

fn config(url: &str, folder: &Path) -> Config {
    Config {
        role: "it-worker".to_owned(),
        name: WORKER.to_owned(),
        supervisor_url: url.to_owned(),
        key: Some("worker-key".to_owned()),
        poll_interval: Duration::from_secs(5),
        task_timeout: Duration::from_secs(60),
        health_host: "127.0.0.1".to_owned(),
        health_port: None,
        state_dir: folder.join("state"),
        work_dir: folder.join("work"),
        env_allow: vec!["PATH".to_owned()],
        slots: 1,
        on_lease_loss: OnLeaseLoss::Keep,
        supervisor_key: Some(public_key(&key())),
        output_limit: 1 << 20,
        grace: Duration::from_secs(10),
        mask,
        clock: Arc::new(boot_clock),
    }
}

/// A sub-agent at work for a fake supervisor.
struct Work {
    fake: Fake,
    folder: TempDir,
    stop: watch::Sender<Stage>,
    running: JoinHandle<Result<(), Error>>,
}

impl Work {
    fn start(fake: Fake) -> Self {
        Self::start_with(fake, |_| {})
    }

    fn start_with(fake: Fake, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), fake, change)
    }

    fn start_in(folder: TempDir, fake: Fake, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(&fake.url, folder.path());
        change(&mut config);
        let (stop, stopped) = watch::channel(Stage::Running);
        let running = tokio::task::spawn_local(run(config, stopped));
        Self { fake, folder, stop, running }
    }

    /// Waits for one report and ends the sub-agent.
    async fn finished(self) -> Ended {
        self.fake.until_calls("finish", 1).await;
        self.drained().await
    }

    async fn drained(self) -> Ended {
        self.stop.send_replace(Stage::Draining);
        self.ended().await
    }

    async fn ended(self) -> Ended {
        let result = tokio::time::timeout(LIMIT, self.running).await.expect("does not end").unwrap();
        result.unwrap();
        Ended { fake: self.fake, folder: self.folder }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("work").join(name)
    }
}

/// What is left of it.
struct Ended {
    fake: Fake,
    folder: TempDir,
}

impl Ended {
    /// The only report that was made.
    fn finish(&self) -> hermes_core::wire::work::Finish {
        let finishes = self.fake.finishes();
        assert_eq!(finishes.len(), 1, "{finishes:?}");
        finishes[0].clone()
    }

    fn not_run(&self) -> String {
        let finish = self.finish();
        assert_eq!((finish.exit_code, finish.signal, finish.error), (None, None, None));
        finish.not_run.unwrap()
    }

    fn has_run(&self) -> bool {
        self.folder.path().join("work/ran").exists()
    }

    /// The phases in the journal, in order.
    fn journal(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("state/worker.journal")).unwrap();
        let phase = |line: &str| serde_json::from_str::<Value>(line).unwrap()["phase"].as_str().unwrap().to_owned();
        text.lines().map(phase).collect()
    }
}
