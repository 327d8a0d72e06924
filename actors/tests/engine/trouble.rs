//! What fails leaves the rest alone: an actor that dies, a store that says no.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hermes_actors::error::Error;
use hermes_actors::health::Part;
use hermes_actors::store;
use hermes_core::id::TaskId;
use hermes_core::risk::Level;
use hermes_core::task::State;

use crate::support::proxy::Fate;
use crate::support::{House, approve, assert_whole, id, state, submit};

/// An engine on which the commits after the first of one task meet this fate.
fn with_fate(
    task: &TaskId,
    fate: impl Fn() -> Fate + Send + Sync + 'static,
    story: impl AsyncFnOnce(hermes_actors::runtime::Engine),
) {
    let mut house = House::new();
    let task = task.clone();
    house.fate = Arc::new(move |commit| match commit.task.id == task && commit.new.is_none() {
        true => fate(),
        false => Fate::Pass,
    });
    house.life(story);
}

#[test]
fn a_task_whose_actor_dies_three_times_is_left_alone_and_the_others_go_on() {
    let (bad, good) = (id("bad"), id("good"));
    with_fate(
        &bad.clone(),
        || Fate::Panic,
        async |engine| {
            submit(&engine, &bad, Level::Low).await.unwrap();
            submit(&engine, &good, Level::Low).await.unwrap();
            for _death in 0..3 {
                assert_eq!(approve(&engine, &bad).await.unwrap_err(), Error::Stopping);
            }
            assert_eq!(approve(&engine, &bad).await.unwrap_err(), Error::Quarantined);
            assert_eq!(state(&engine, &bad).await, State::Pending, "it can still be read");
            assert_eq!(approve(&engine, &good).await.unwrap().state, State::Approved);
            assert!(
                engine.health.report().iter().all(|(_, state)| state.is_ok()),
                "one task is not everybody's business"
            );
            assert!(!*engine.health.fatal().borrow());
            assert_whole(&engine.store).await;
        },
    );
}

#[test]
fn an_actor_that_died_once_is_loaded_again() {
    let task = id("a");
    let died = AtomicU32::new(0);
    let once = move || if died.fetch_add(1, Ordering::SeqCst) == 0 { Fate::Panic } else { Fate::Pass };
    with_fate(&task.clone(), once, async |engine| {
        submit(&engine, &task, Level::Low).await.unwrap();
        assert!(approve(&engine, &task).await.is_err());
        assert_eq!(approve(&engine, &task).await.unwrap().state, State::Approved);
        assert_whole(&engine.store).await;
    });
}

#[test]
fn after_a_write_that_failed_the_task_is_as_the_store_has_it() {
    let task = id("a");
    let failed = AtomicU32::new(0);
    let once = move || match failed.fetch_add(1, Ordering::SeqCst) {
        0 => Fate::Fail(store::Error::Unavailable),
        _ => Fate::Pass,
    };
    with_fate(&task.clone(), once, async |engine| {
        submit(&engine, &task, Level::Low).await.unwrap();
        assert_eq!(approve(&engine, &task).await, Err(Error::Store(store::Error::Unavailable)), "I1");
        assert_eq!(state(&engine, &task).await, State::Pending);
        assert_eq!(approve(&engine, &task).await.unwrap().state, State::Approved);
        assert_whole(&engine.store).await;
    });
}

#[test]
fn a_task_that_nobody_submitted_is_not_found() {
    House::new().life(async |engine| {
        assert_eq!(approve(&engine, &id("never")).await, Err(Error::NoSuchTask));
        assert!(engine.health.report().iter().all(|(part, state)| *part == Part::Audit || state.is_ok()));
    });
}
