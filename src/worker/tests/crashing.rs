//! A sub-agent that ends abruptly at each named point, and the one that comes after it.
//!
//! The first runs in a process of its own: this test program, asked for one test.

use std::process::Stdio;

use super::fake::grant;
use super::*;

const URL: &str = "HERMES_TEST_SUPERVISOR";
const FOLDER: &str = "HERMES_TEST_FOLDER";

/// Not a test by itself: what the other process does.
#[actix_web::test]
async fn victim() {
    let (Ok(url), Ok(folder)) = (std::env::var(URL), std::env::var(FOLDER)) else { return };
    let (_stop, stopped) = watch::channel(Stage::Running);
    run(config(&url, Path::new(&folder)), stopped).await.unwrap();
}

/// Runs a sub-agent until it ends itself at `point`.
async fn crash(fake: &Fake, folder: &Path, point: &str) {
    let victim = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker::tests::crashing::victim"])
        .envs([(URL, fake.url.as_str()), (FOLDER, folder.to_str().unwrap()), ("HERMES_CRASH_AT", point)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    let status = tokio::time::timeout(LIMIT, victim).await.expect("the point was never passed").unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{point}");
}

#[actix_web::test]
async fn wherever_it_breaks_off_a_command_runs_at_most_once_and_the_truth_is_reported() {
    let reports = [
        ("worker.after_journal", 0..=0, r#"not_run: Some("worker_restarted")"#),
        ("worker.after_start", 0..=0, r#"not_run: Some("worker_restarted")"#),
        ("worker.before_spawn", 0..=0, r#"error: Some("outcome_unknown: "#),
        ("worker.after_spawn", 0..=1, r#"error: Some("outcome_unknown: "#),
        ("worker.after_end", 1..=1, "exit_code: Some(5)"),
        ("worker.after_finish", 1..=1, "exit_code: Some(5)"),
    ];
    for (point, runs, report) in reports {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::start(vec![grant("TASK-1", "echo x >> ran; exit 5")], |_| None);
        crash(&fake, folder.path(), point).await;
        let before = fake.finishes().len();
        let work = Work::start_in(folder, fake, |_| {});
        work.fake.until_calls("finish", before + 1).await;
        let ended = work.drained().await;
        let ran = std::fs::read_to_string(ended.folder.path().join("work/ran")).unwrap_or_default();
        assert!(runs.contains(&ran.lines().count()), "{point}: {ran}");
        for finish in ended.fake.finishes() {
            assert!(format!("{finish:?}").contains(report), "{point}: {finish:?}");
        }
        assert_eq!(ended.journal().last().unwrap(), "done", "{point}");
    }
}
