//! The audit file: every line once, in order; what is wrong with it stops everything that would need a line (I9, I10).

use std::path::Path;

use futures_util::future::join_all;
use hermes_actors::error::Error;
use hermes_actors::health::Part;
use hermes_actors::runtime::{Engine, engine_entry};
use hermes_core::audit::{Chain, Expect, Verdict, verify};
use hermes_core::risk::Level;
use hermes_core::task::State;
use serde_json::json;

use crate::support::{House, NOON, approve, approved, assert_whole, audit_lines, id, state, submit, wait_until};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn verdict(path: &Path) -> Verdict {
    verify(read(path).as_bytes(), Expect::default()).unwrap().verdict
}

async fn assert_file_is_the_store(house: &House, engine: &Engine) {
    let last = engine.flush_audit().await;
    let lines = audit_lines(&engine.store).await;
    assert_eq!(lines.last().unwrap().seq, last);
    let stored: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(read(&house.audit_path()).lines().collect::<Vec<_>>(), stored, "each line once, in order");
    assert_eq!(verdict(&house.audit_path()), Verdict::Intact);
}

fn health(engine: &Engine, of: Part) -> Result<(), String> {
    engine.health.report().into_iter().find(|(part, _)| *part == of).unwrap().1
}

fn audit_health(engine: &Engine) -> Result<(), String> {
    health(engine, Part::Audit)
}

/// A house with some history, stopped in good order.
fn with_history() -> House {
    let house = House::new();
    house.life(async |engine| {
        approved(&engine, &id("a")).await;
        engine.stop().await;
    });
    house
}

#[test]
fn i9_every_line_is_in_the_file_once_and_in_order() {
    let house = House::new();
    for life in 0..3 {
        house.life(async |engine| {
            let ids: Vec<_> = (0..40).map(|n| id(&format!("T-{life}-{n}"))).collect();
            join_all(ids.iter().map(|id| approved(&engine, id))).await;
            // Every other life ends without a word, with lines that may not have come into the file.
            if life != 1 {
                assert_file_is_the_store(&house, &engine).await;
                engine.stop().await;
            }
        });
    }
    house.life(async |engine| {
        assert_file_is_the_store(&house, &engine).await;
        assert_whole(&engine.store).await;
    });
    let text = read(&house.audit_path());
    assert_eq!(text.matches("\"kind\":\"engine.started\"").count(), 4);
    assert_eq!(text.matches("\"kind\":\"engine.stopped\"").count(), 2);
}

#[test]
fn i9_a_torn_tail_is_moved_aside_and_said() {
    let house = with_history();
    let whole = read(&house.audit_path());
    let torn = "{\"v\":1,\"seq\":9,\"ts\":\"2026";
    std::fs::write(house.audit_path(), format!("{whole}{torn}")).unwrap();
    house.life(async |engine| {
        assert_file_is_the_store(&house, &engine).await;
        let text = read(&house.audit_path());
        assert!(text.starts_with(&whole));
        assert!(
            text.contains("\"kind\":\"log.recovered\"") && text.contains(&format!("\"torn_bytes\":{}", torn.len()))
        );
    });
    let folder = std::fs::read_dir(house.audit_path().parent().unwrap()).unwrap();
    let aside: Vec<_> = folder.map(|entry| entry.unwrap().path()).filter(|path| *path != house.audit_path()).collect();
    assert_eq!(aside.len(), 1);
    assert!(aside[0].to_string_lossy().contains(".jsonl.torn-"));
    assert_eq!(read(&aside[0]), torn);
}

#[test]
fn lines_that_never_came_into_the_file_come_from_the_store() {
    let house = with_history();
    let whole = read(&house.audit_path());
    let (kept, _lost) = whole.split_at(whole.trim_end().rfind('\n').unwrap() + 10);
    std::fs::write(house.audit_path(), kept).unwrap();
    // As after a crash between the commit and the append: nothing says that the line was in the file.
    let database = rusqlite::Connection::open(house.folder.path().join("data/hermes.db")).unwrap();
    database.execute("UPDATE audit_head SET exported = seq - 1", []).unwrap();
    drop(database);
    house.life(async |engine| {
        assert_file_is_the_store(&house, &engine).await;
        assert!(read(&house.audit_path()).starts_with(&whole));
    });
}

#[test]
fn a_missing_file_is_not_made_anew() {
    let house = with_history();
    let away = house.folder.path().join("away.jsonl");
    std::fs::rename(house.audit_path(), &away).unwrap();
    let says = house.refusal();
    assert!(says.contains("is missing, though 6 lines were written; put it back, or write it again"), "{says}");
    assert!(!house.audit_path().exists());
    std::fs::rename(&away, house.audit_path()).unwrap();
    house.life(async |engine| assert_file_is_the_store(&house, &engine).await);
}

#[test]
fn an_emptied_file_is_refused() {
    let house = with_history();
    std::fs::write(house.audit_path(), "").unwrap();
    let says = house.refusal();
    assert!(says.contains("ends with line 0, though line 6 was written to it: lines were cut off"), "{says}");
}

#[test]
fn i9_a_file_that_lost_whole_lines_is_refused_and_left_alone() {
    let house = with_history();
    let whole = read(&house.audit_path());
    let (kept, _cut) = whole.split_at(whole.trim_end().rfind('\n').unwrap() + 1);
    let kept = format!("{kept}half a li");
    std::fs::write(house.audit_path(), &kept).unwrap();
    let says = house.refusal();
    assert!(says.contains("ends with line 5, though line 6 was written to it: lines were cut off"), "{says}");
    assert_eq!(read(&house.audit_path()), kept, "nothing was changed");
}

#[test]
fn a_file_that_is_ahead_of_the_database_is_refused() {
    let house = with_history();
    let whole = read(&house.audit_path());
    let report = verify(whole.as_bytes(), Expect::default()).unwrap();
    let mut chain = Chain::after(report.last_seq.unwrap(), report.head);
    let foreign = chain.append(&engine_entry(NOON, "engine.started", json!({})), hermes_core::redact::mask).text;
    let ahead = format!("{whole}{foreign}\n");
    std::fs::write(house.audit_path(), &ahead).unwrap();
    let says = house.refusal();
    assert!(says.contains("ends with line 7, the database with line 6"), "{says}");
    assert_eq!(read(&house.audit_path()), ahead, "nothing was changed");
    std::fs::write(house.audit_path(), whole).unwrap();
    house.life(async |engine| assert_file_is_the_store(&house, &engine).await);
}

#[test]
fn a_file_whose_end_was_changed_is_refused() {
    let house = with_history();
    let whole = read(&house.audit_path());
    let changed = whole.replacen("engine.stopped", "engine.stopqed", 1);
    assert_ne!(changed, whole);
    std::fs::write(house.audit_path(), &changed).unwrap();
    let says = house.refusal();
    assert!(says.contains("line 6 of the audit file") && says.contains("hermes audit verify"), "{says}");
    assert_eq!(read(&house.audit_path()), changed);
    std::fs::write(house.audit_path(), "this is no line of ours\n").unwrap();
    assert!(house.refusal().contains("is not what was written"));
}

#[test]
fn lines_on_their_way_under_load_close_nothing() {
    let house = House::new();
    house.life(async |engine| {
        for minute in 0..40 {
            let ids: Vec<_> = (0..20).map(|n| id(&format!("T-{minute}-{n}"))).collect();
            let submitted = join_all(ids.iter().map(|id| submit(&engine, id, Level::Low))).await;
            assert!(submitted.iter().all(Result::is_ok), "{:?}", engine.health.report());
            house.advance(61);
        }
        assert_file_is_the_store(&house, &engine).await;
    });
}

/// Creating and deciding are refused, reading goes on, nothing is made anew.
async fn assert_closed(house: &House, engine: &Engine, waiting: &str) {
    let before = engine.store.audit_position().await.unwrap().seq;
    engine.flush_audit().await;
    assert!(audit_health(engine).unwrap_err().contains("put it back"));
    assert_eq!(submit(engine, &id("new"), Level::Low).await, Err(Error::AuditUnavailable), "I10");
    assert_eq!(approve(engine, &id(waiting)).await, Err(Error::AuditUnavailable), "I10");
    assert_eq!(state(engine, &id(waiting)).await, State::Pending);
    house.advance(crate::words::REJECT);
    engine.look_for_deadlines().await;
    assert_eq!(state(engine, &id(waiting)).await, State::Pending, "not even a deadline");
    house.clock.jump(-crate::words::REJECT * 1_000_000);
    assert_eq!(engine.store.audit_position().await.unwrap().seq, before);
}

#[test]
fn i10_a_file_that_vanishes_closes_the_engine_until_it_is_back() {
    let house = House::new();
    house.life(async |engine| {
        submit(&engine, &id("waiting"), Level::Low).await.unwrap();
        engine.flush_audit().await;
        assert_eq!(audit_health(&engine), Ok(()));
        let away = house.folder.path().join("away.jsonl");
        std::fs::rename(house.audit_path(), &away).unwrap();
        assert_closed(&house, &engine, "waiting").await;
        assert!(!house.audit_path().exists(), "it is not made anew");

        std::fs::copy(&away, house.audit_path()).unwrap();
        assert_closed(&house, &engine, "waiting").await;
        std::fs::rename(&away, house.audit_path()).unwrap();
        engine.flush_audit().await;
        assert_eq!(audit_health(&engine), Ok(()));
        assert_eq!(approve(&engine, &id("waiting")).await.unwrap().state, State::Approved);
        assert_file_is_the_store(&house, &engine).await;
        assert_whole(&engine.store).await;
    });
}

#[test]
fn i10_a_file_that_somebody_else_writes_to_closes_the_engine() {
    let house = House::new();
    house.life(async |engine| {
        submit(&engine, &id("waiting"), Level::Low).await.unwrap();
        engine.flush_audit().await;
        let whole = read(&house.audit_path());
        for other in [format!("{whole}\n"), whole[..whole.len() - 1].to_owned()] {
            std::fs::write(house.audit_path(), other).unwrap();
            assert_closed(&house, &engine, "waiting").await;
        }
    });
}

/// The end is as it was, so the engine starts; then it finds what is before it.
async fn assert_found(engine: &Engine) {
    wait_until("it is found", async || health(engine, Part::Trail).is_err()).await;
    let says = health(engine, Part::Trail).unwrap_err();
    assert!(says.contains("hermes audit verify --db"), "{says}");
    assert_eq!(submit(engine, &id("b"), Level::Low).await.unwrap_err(), Error::AuditUnavailable);
    // Writing the file goes on well, and heals nothing.
    engine.flush_audit().await;
    assert_eq!(audit_health(engine), Ok(()));
    assert!(!engine.health.audit_is_writable());
}

#[test]
fn i10_a_file_that_was_changed_before_its_end_closes_the_engine() {
    let house = with_history();
    let whole = read(&house.audit_path());
    std::fs::write(house.audit_path(), whole.replacen("\"id\":\"mei\"", "\"id\":\"may\"", 1)).unwrap();
    house.life(async |engine| assert_found(&engine).await);
    assert!(read(&house.audit_path()).len() > whole.len(), "the lines of the engine itself are still written");
}

#[test]
fn i10_a_database_whose_lines_were_changed_before_their_end_closes_the_engine() {
    let house = with_history();
    let database = rusqlite::Connection::open(house.database()).unwrap();
    let text: String = database.query_row("SELECT line FROM audit WHERE seq = 4", [], |row| row.get(0)).unwrap();
    let text = text.replace("\"to\":\"approved\"", "\"to\":\"rejected\"");
    let values = rusqlite::params![text, hermes_core::audit::leaf(text.as_bytes()).0];
    assert_eq!(database.execute("UPDATE audit SET line = ?1, leaf = ?2 WHERE seq = 4", values).unwrap(), 1);
    drop(database);
    house.life(async |engine| assert_found(&engine).await);
}
