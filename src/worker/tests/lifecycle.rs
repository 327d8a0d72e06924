//! Repeating, stopping, coming back.

use std::fs;

use actix_web::http::StatusCode;
use serde_json::json;

use super::fake::{Call, Reply, ends_claim, grant, nth, signed};
use super::*;
use crate::client::Client;
use crate::worker::health::{self, Status};

const UNTIL_TOLD: &str = "echo up; until [ -e go ]; do sleep 0.02; done; touch ran";

#[actix_web::test]
async fn a_lost_acknowledgement_of_the_report_repeats_the_same_report() {
    let script = |calls: &[Call]| match nth(calls, "finish") {
        1 => Some(Reply::Lost),
        2 => Reply::refused(503),
        _ => None,
    };
    let work = Work::start(Fake::start(vec![grant("TASK-1", "exit 5")], script));
    work.fake.until_calls("finish", 3).await;
    let ended = work.drained().await;
    let finishes = ended.fake.finishes();
    assert_eq!(finishes.len(), 3);
    assert!(finishes.iter().all(|finish| *finish == finishes[0]));
    assert_eq!(finishes[0].exit_code, Some(5));
    assert_eq!(ended.journal(), ["claimed", "started", "ended", "done"]);
}

#[actix_web::test]
async fn a_refused_report_is_the_supervisors_last_word() {
    let script = |calls: &[Call]| if nth(calls, "finish") > 0 { Reply::refused(409) } else { None };
    let work = Work::start(Fake::start(vec![grant("TASK-1", "exit 5"), grant("TASK-2", "exit 6")], script));
    work.fake.until_calls("finish", 2).await;
    let ended = work.drained().await;
    let codes: Vec<_> = ended.fake.finishes().iter().map(|finish| finish.exit_code).collect();
    assert_eq!(codes, [Some(5), Some(6)]);
    assert_eq!(ended.journal().last().unwrap(), "done");
}

#[actix_web::test]
async fn claims_go_on_after_errors() {
    let script = |calls: &[Call]| match nth(calls, "claim") {
        1 => Some(Reply::Lost),
        2 => Reply::refused(503),
        _ => None,
    };
    let ended = Work::start(Fake::start(vec![grant("TASK-1", "exit 0")], script)).finished().await;
    assert_eq!(ended.finish().exit_code, Some(0));
}

#[actix_web::test]
async fn as_many_run_at_once_as_there_are_slots() {
    let grants = vec![grant("TASK-1", UNTIL_TOLD), grant("TASK-2", "touch go")];
    let work = Work::start_with(Fake::start(grants, |_| None), |config| config.slots = 2);
    work.fake.until_calls("finish", 2).await;
    let ended = work.drained().await;
    assert!(ended.has_run(), "the second let the first go");
}

#[actix_web::test]
async fn draining_lets_what_runs_come_to_its_end() {
    let grants = vec![grant("TASK-1", UNTIL_TOLD), grant("TASK-2", "touch second")];
    let work = Work::start(Fake::start(grants, |_| None));
    work.fake.until_calls("output", 1).await;
    work.stop.send_replace(Stage::Draining);
    fs::write(work.file("go"), "").unwrap();
    let ended = work.ended().await;
    assert_eq!(ended.finish().exit_code, Some(0));
    assert!(ended.has_run() && !ended.folder.path().join("work/second").exists());
}

#[actix_web::test]
async fn draining_gives_back_what_was_not_started() {
    let script = |calls: &[Call]| if nth(calls, "start") > 0 { Reply::refused(503) } else { None };
    let work = Work::start(Fake::start(vec![grant("TASK-1", "touch ran")], script));
    work.fake.until_calls("start", 1).await;
    let ended = work.drained().await;
    assert_eq!(ended.not_run(), "draining");
    assert!(!ended.has_run());
    assert_eq!(ended.journal(), ["claimed", "ended", "done"]);
}

#[actix_web::test]
async fn draining_ends_the_claim_and_gives_back_what_it_was_given_after_all() {
    let ended = |calls: &[Call]| calls.iter().any(ends_claim);
    for given in [None, Some(grant("TASK-1", "touch ran"))] {
        let answer = match &given {
            None => (204, Value::Null),
            Some(grant) => (200, json!({"ok": true, "grants": [grant], "public_key": public_key(&key())})),
        };
        let script = move |calls: &[Call]| {
            let (status, body) = answer.clone();
            let waits = !calls.last().is_none_or(ends_claim);
            (nth(calls, "claim") > 0 && waits).then(|| Reply::After(ended, Box::new(Reply::Json(status, body))))
        };
        let work = Work::start(Fake::start(vec![], script));
        work.fake.until_calls("claim", 1).await;
        let ended = work.drained().await;
        let claims: Vec<_> = ended.fake.of("claim").into_iter().map(|call| call.body).collect();
        assert_eq!(claims.len(), 2);
        assert_eq!((&claims[0]["max"], &claims[0]["slot"]), (&json!(1), &json!(1)));
        let end = json!({"worker": WORKER, "roles": ["it-worker"], "wait": 0, "max": 0, "slot": 1});
        assert_eq!(claims[1], end);
        assert!(!ended.has_run());
        match given {
            None => assert!(ended.fake.finishes().is_empty()),
            Some(_) => assert_eq!(ended.not_run(), "draining"),
        }
    }
}

#[actix_web::test]
async fn draining_waits_for_no_supervisor_that_is_silent() {
    let script = |calls: &[Call]| {
        let never = |_: &[Call]| false;
        (nth(calls, "claim") > 0).then(|| Reply::After(never, Box::new(Reply::Lost)))
    };
    let work = Work::start(Fake::start(vec![], script));
    work.fake.until_calls("claim", 1).await;
    assert!(work.drained().await.fake.finishes().is_empty());
}

#[actix_web::test]
async fn the_supervisor_can_ask_for_draining() {
    let mut beating = grant("TASK-1", UNTIL_TOLD);
    beating.ttl_ms = hermes_core::time::Millis(300);
    let script = |calls: &[Call]| if nth(calls, "heartbeat") > 0 { Reply::heartbeat(false, true) } else { None };
    // Nothing is started after the request either, so it is made only when the command is up.
    let gated =
        move |calls: &[Call]| if calls.iter().any(|call| call.route == "output") { script(calls) } else { None };
    let work = Work::start(Fake::start(vec![signed(beating), grant("TASK-2", "touch second")], gated));
    work.fake.until_calls("output", 1).await;
    let beats = work.fake.of("heartbeat").len();
    work.fake.until_calls("heartbeat", beats + 2).await;
    fs::write(work.file("go"), "").unwrap();
    let ended = work.ended().await;
    assert_eq!(ended.finish().exit_code, Some(0));
    assert!(!ended.folder.path().join("work/second").exists());
}

#[actix_web::test]
async fn a_second_signal_ends_what_runs_and_reports_it() {
    let work = Work::start(Fake::start(vec![grant("TASK-1", "echo up; sleep 1000")], |_| None));
    work.fake.until_calls("output", 1).await;
    work.stop.send_replace(Stage::Draining);
    work.stop.send_replace(Stage::Ending);
    let ended = work.ended().await;
    assert_eq!((ended.finish().signal, ended.finish().timed_out), (Some(15), false));
}

#[actix_web::test]
async fn a_report_that_nobody_takes_is_left_to_the_next_start() {
    let script = |calls: &[Call]| if nth(calls, "finish") > 0 { Reply::refused(503) } else { None };
    let work = Work::start(Fake::start(vec![grant("TASK-1", "echo x >> ran; exit 5")], script));
    work.fake.until_calls("finish", 1).await;
    work.stop.send_replace(Stage::Ending);
    let ended = work.ended().await;
    assert_eq!(ended.journal(), ["claimed", "started", "ended"]);
    let first = ended.fake.finishes()[0].clone();

    let ended = Work::start_in(ended.folder, Fake::start(vec![], |_| None), |_| {}).finished().await;
    assert_eq!(ended.finish(), first);
    assert_eq!(fs::read_to_string(ended.folder.path().join("work/ran")).unwrap(), "x\n", "once");
    assert_eq!(ended.journal(), ["ended", "done"], "written anew, then closed");
}

#[actix_web::test]
async fn a_restart_reports_what_was_open_and_runs_nothing() {
    let cases = [
        (json!({"phase": "claimed"}), json!({"not_run": "worker_restarted"})),
        (
            json!({"phase": "started"}),
            json!({"error": "outcome_unknown: the sub-agent was restarted while it ran; the command may have run, or may still run"}),
        ),
        (
            json!({"phase": "ended", "finish": {"worker": "w0", "fence": 4, "exit_code": 3, "duration_ms": 12}}),
            json!({"exit_code": 3, "duration_ms": 12}),
        ),
    ];
    for (phase, report) in cases {
        let folder = tempfile::tempdir().unwrap();
        let grant = grant("TASK-1", "touch ran");
        let mut line = json!({"task": "TASK-1", "revision": 1, "attempt": 1, "lease": grant.lease.as_str(), "fence": 4,
            "worker": "w0"});
        line.as_object_mut().unwrap().extend(phase.as_object().unwrap().clone());
        fs::create_dir(folder.path().join("state")).unwrap();
        fs::write(folder.path().join("state/worker.journal"), format!("{line}\n")).unwrap();

        let ended = Work::start_in(folder, Fake::start(vec![], |_| None), |_| {}).finished().await;
        let call = &ended.fake.of("finish")[0];
        assert_eq!(call.path, format!("/api/work/{}/finish", grant.lease));
        let mut expected = json!({"worker": "w0", "fence": 4, "timed_out": false, "duration_ms": 0, "stdout_bytes": 0,
            "stderr_bytes": 0, "truncated": false});
        expected.as_object_mut().unwrap().extend(report.as_object().unwrap().clone());
        assert_eq!(call.body, expected);
        assert!(ended.fake.of("start").is_empty() && !ended.has_run());
        assert_eq!(ended.journal().last().unwrap(), "done");
    }
}

#[actix_web::test]
async fn two_sub_agents_do_not_share_a_state_folder() {
    let work = Work::start(Fake::start(vec![], |_| None));
    work.fake.until_calls("claim", 1).await;
    let (_stop, stopped) = watch::channel(Stage::Running);
    let second = run(config(&work.fake.url, work.folder.path()), stopped).await;
    assert!(matches!(second, Err(Error::Locked(_))), "{second:?}");
    work.drained().await;
}

#[actix_web::test]
async fn health_follows_the_contact_with_the_supervisor() {
    let now = Arc::new(std::sync::atomic::AtomicU64::new(1000));
    let (clock, folder) = (now.clone(), tempfile::tempdir().unwrap());
    let mut config = config("http://127.0.0.1:1", folder.path());
    config.clock = Arc::new(move || Duration::from_secs(clock.load(std::sync::atomic::Ordering::Relaxed)));
    let (stage, seen) = watch::channel(Stage::Running);
    let status = Arc::new(Status::new(&config, seen));
    let (server, address) = health::serve(status.clone(), "127.0.0.1", 0).unwrap();
    let handle = server.handle();
    tokio::task::spawn_local(server);
    let page = Client::new(&format!("http://{address}"), None).unwrap();

    let running = status.running();
    let good: Value = page.get("/health").answer().await.unwrap();
    let expected = json!({"ok": true, "service": "hermes-subagent", "role": "it-worker", "name": WORKER,
        "version": env!("CARGO_PKG_VERSION"), "running": 1, "draining": false, "last_contact_seconds": 0});
    assert_eq!(good, expected);
    drop(running);
    now.fetch_add(45, std::sync::atomic::Ordering::Relaxed);
    stage.send_replace(Stage::Draining);
    let still: Value = page.get("/health").answer().await.unwrap();
    assert_eq!(
        (&still["running"], &still["draining"], &still["last_contact_seconds"]),
        (&json!(0), &json!(true), &json!(45))
    );
    now.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let silent = page.get("/health").answer::<Value>().await.unwrap_err();
    assert_eq!(silent.status(), Some(StatusCode::SERVICE_UNAVAILABLE.as_u16()));
    status.contact();
    assert!(page.get("/health").answer::<Value>().await.is_ok());
    handle.stop(false).await;
}
