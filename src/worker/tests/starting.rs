//! What has to hold before anything runs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ed25519_dalek::SigningKey;
use hermes_core::time::Millis;

use super::fake::{Reply, grant, nth, number, signed};
use super::*;

#[actix_web::test]
async fn a_forged_grant_is_not_run() {
    let mut forged = grant("TASK-1", "touch ran");
    forged.timeout = 1;
    let ended = Work::start(Fake::start(vec![forged], |_| None)).finished().await;
    assert_eq!(ended.not_run(), "signature_mismatch");
    assert!(ended.fake.of("start").is_empty() && !ended.has_run());
    assert!(ended.journal().is_empty());
}

#[actix_web::test]
async fn a_command_that_is_not_its_digest_is_not_run() {
    let mut other = grant("TASK-1", "uptime");
    other.command = "touch ran".to_owned();
    let ended = Work::start(Fake::start(vec![signed(other)], |_| None)).finished().await;
    assert_eq!(ended.not_run(), "digest_mismatch");
    assert!(ended.fake.of("start").is_empty() && !ended.has_run());
}

#[actix_web::test]
async fn the_first_supervisor_is_kept_and_another_is_refused() {
    let first = Fake::start(vec![grant("TASK-1", "exit 3")], |_| None);
    let ended = Work::start_with(first, |config| config.supervisor_key = None).finished().await;
    assert_eq!(ended.finish().exit_code, Some(3));
    let kept = std::fs::read_to_string(ended.folder.path().join("state/supervisor.pub")).unwrap();
    assert_eq!(kept.trim(), public_key(&key()));

    let stranger = SigningKey::from_bytes(&[8; 32]);
    let mut stolen = grant("TASK-2", "touch ran");
    stolen.signature = hermes_core::lease::sign(&stolen, WORKER, &stranger);
    let other = Fake::signing_with(stranger, vec![stolen], |_| None);
    let ended = Work::start_in(ended.folder, other, |config| config.supervisor_key = None).finished().await;
    assert_eq!(ended.not_run(), "supervisor_key_changed");
    assert!(ended.fake.of("start").is_empty() && !ended.has_run());
}

#[actix_web::test]
async fn an_unverified_first_supervisor_is_not_kept() {
    let mut forged = grant("TASK-1", "touch ran");
    forged.timeout = 1;
    let fake = Fake::start(vec![forged], |_| None);
    let ended = Work::start_with(fake, |config| config.supervisor_key = None).finished().await;
    assert_eq!(ended.not_run(), "signature_mismatch");
    assert!(!ended.folder.path().join("state/supervisor.pub").exists());
}

#[actix_web::test]
async fn a_pinned_key_has_to_be_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config("http://127.0.0.1:1", folder.path());
    config.supervisor_key = Some("abc".to_owned());
    let (_stop, stopped) = watch::channel(Stage::Running);
    assert!(matches!(run(config, stopped).await, Err(Error::Key(_))));
}

#[actix_web::test]
async fn nothing_runs_when_start_is_refused() {
    for status in [409, 404, 422] {
        let script = move |calls: &[_]| if nth(calls, "start") > 0 { Reply::refused(status) } else { None };
        let work = Work::start(Fake::start(vec![grant("TASK-1", "touch ran")], script));
        work.fake.until_calls("claim", 2).await;
        let ended = work.drained().await;
        assert_eq!(ended.fake.of("start").len(), 1);
        assert!(ended.fake.finishes().is_empty() && !ended.has_run());
        assert_eq!(ended.journal(), ["claimed", "done"]);
    }
}

#[actix_web::test]
async fn an_acknowledgement_read_after_the_ttl_does_not_count() {
    for (passes, runs) in [(19_999, true), (20_000, false)] {
        let clock = Arc::new(AtomicU64::new(50_000));
        let moved = clock.clone();
        let script = move |calls: &[_]| {
            if nth(calls, "start") > 0 {
                moved.fetch_add(passes, Relaxed);
            }
            None
        };
        let fake = Fake::start(vec![grant("TASK-1", "touch ran")], script);
        let clocked = |config: &mut Config| {
            config.clock = Arc::new(move || Duration::from_millis(clock.load(Relaxed)));
        };
        let ended = Work::start_with(fake, clocked).finished().await;
        assert_eq!(ended.has_run(), runs, "{passes}");
        assert_eq!(ended.finish().not_run.as_deref(), if runs { None } else { Some("late_start") });
    }
}

#[actix_web::test]
async fn without_a_clock_nothing_runs() {
    let fake = Fake::start(vec![grant("TASK-1", "touch ran")], |_| None);
    let ended = Work::start_with(fake, |config| config.clock = Arc::new(|| Duration::MAX)).finished().await;
    assert!(!ended.not_run().is_empty() && !ended.has_run());
}

#[actix_web::test]
async fn a_lost_acknowledgement_is_asked_for_again_under_the_same_fence() {
    let script = |calls: &[_]| if nth(calls, "start") == 1 { Some(Reply::Lost) } else { None };
    let ended = Work::start(Fake::start(vec![grant("TASK-1", "echo x >> ran")], script)).finished().await;
    let starts = ended.fake.of("start");
    assert_eq!(starts.len(), 2);
    assert_eq!(starts[0].body, starts[1].body);
    assert_eq!(ended.finish().exit_code, Some(0));
    assert_eq!(std::fs::read_to_string(ended.folder.path().join("work/ran")).unwrap(), "x\n", "once");
}

#[actix_web::test]
async fn nothing_runs_without_an_acknowledgement_in_the_ttl() {
    let script = |calls: &[_]| if nth(calls, "start") > 0 { Some(Reply::Lost) } else { None };
    let mut short = grant("TASK-1", "touch ran");
    short.ttl_ms = Millis(400);
    let ended = Work::start(Fake::start(vec![signed(short)], script)).finished().await;
    assert_eq!(ended.not_run(), "start_unacknowledged");
    assert!(!ended.has_run());
    assert_eq!(ended.journal(), ["claimed", "ended", "done"]);
}

#[actix_web::test]
async fn two_missed_heartbeats_before_the_start_give_the_grant_up() {
    let script = |calls: &[super::fake::Call]| match calls.last().unwrap().route.as_str() {
        "heartbeat" => Reply::refused(503),
        "start" => {
            let two_missed = |calls: &[_]| number(calls, "heartbeat") >= 3;
            Reply::refused(503).map(|reply| Reply::After(two_missed, Box::new(reply)))
        }
        _ => None,
    };
    let mut short = grant("TASK-1", "touch ran");
    short.ttl_ms = Millis(900);
    let frozen = |config: &mut Config| config.clock = Arc::new(|| Duration::from_secs(5));
    let ended = Work::start_with(Fake::start(vec![signed(short)], script), frozen).finished().await;
    assert_eq!(ended.not_run(), "heartbeats_missed");
    assert!(!ended.has_run());
}

#[actix_web::test]
async fn what_is_cancelled_before_it_runs_does_not_run() {
    let script = |calls: &[super::fake::Call]| match calls.last().unwrap().route.as_str() {
        "heartbeat" => Reply::heartbeat(true, false),
        // The second heartbeat shows that the answer to the first was read.
        "start" => {
            let cancelled = |calls: &[_]| number(calls, "heartbeat") >= 2;
            Some(Reply::After(cancelled, Box::new(Reply::Json(200, serde_json::json!({"ok": true})))))
        }
        _ => None,
    };
    let mut short = grant("TASK-1", "touch ran");
    short.ttl_ms = Millis(1500);
    let ended = Work::start(Fake::start(vec![signed(short)], script)).finished().await;
    assert_eq!(ended.not_run(), "cancelled");
    assert!(!ended.has_run());
}

#[actix_web::test]
async fn what_cannot_be_made_into_a_process_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    let script = move |calls: &[_]| {
        if nth(calls, "start") > 0 {
            std::fs::remove_dir(&work).unwrap();
        }
        None
    };
    let fake = Fake::start(vec![grant("TASK-1", "true")], script);
    let ended = Work::start_in(folder, fake, |_| {}).finished().await;
    assert!(ended.not_run().starts_with("spawn_failed: "), "{}", ended.not_run());
}
