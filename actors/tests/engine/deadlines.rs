//! What happens by itself happens once, by the engine, also after a restart and when the clock jumps.

use std::sync::Arc;

use hermes_core::access::ActorKind;
use hermes_core::risk::Level;
use hermes_core::task::{Outcome, State};

use crate::leases::{claimed, start};
use crate::script::Who;
use crate::support::proxy::Fate;
use crate::support::{House, approve, approved, assert_whole, id, kinds, state, submit, wait_until};
use crate::words::{ALERT, GRACE, MAY_RUN, REJECT, START_WITHIN};

#[test]
fn an_alert_after_an_hour_and_a_rejection_after_six_come_once_and_from_the_engine() {
    let house = House::new();
    house.life(async |engine| {
        let task = id("a");
        submit(&engine, &task, Level::Low).await.unwrap();
        house.advance(ALERT - 1);
        engine.look_for_deadlines().await;
        assert_eq!(kinds(&engine, &task).await, ["created"]);
        house.advance(1);
        engine.look_for_deadlines().await;
        assert_eq!(engine.look_for_deadlines().await, 0, "nothing is due any more");
        assert_eq!(kinds(&engine, &task).await, ["created", "alerted"]);
        house.advance(REJECT - ALERT);
        engine.look_for_deadlines().await;
        engine.look_for_deadlines().await;
        assert_eq!(kinds(&engine, &task).await, ["created", "alerted", "rejected"]);
        let ended = engine.store.task(&task).await.unwrap().unwrap();
        assert_eq!((ended.state, ended.outcome), (State::Rejected, Some(Outcome::Expired)));
        for recorded in &engine.store.events(&task).await.unwrap()[1..] {
            assert_eq!(recorded.by.kind, ActorKind::System, "never a person");
        }
        assert_eq!(ended.decided_by.as_ref().unwrap().kind, ActorKind::System);
        assert_whole(&engine.store).await;
    });
}

#[test]
fn an_approval_lapses_after_a_day() {
    let house = House::new();
    house.life(async |engine| {
        let task = id("a");
        approved(&engine, &task).await;
        house.advance(START_WITHIN - 1);
        engine.look_for_deadlines().await;
        assert_eq!(state(&engine, &task).await, State::Approved);
        house.advance(1);
        engine.look_for_deadlines().await;
        let ended = engine.store.task(&task).await.unwrap().unwrap();
        assert_eq!((ended.state, ended.outcome), (State::Failed, Some(Outcome::Expired)));
    });
}

#[test]
fn a_run_without_a_result_times_out() {
    let house = House::new();
    house.life(async |engine| {
        let task = id("a");
        approved(&engine, &task).await;
        let grant = claimed(&engine, Who::WorkerA).await;
        start(&engine, Who::WorkerA, &grant).await.unwrap();
        // The wall clock alone: the lease would end first otherwise.
        house.clock.jump((MAY_RUN + GRACE - 1) * 1_000_000);
        engine.look_for_deadlines().await;
        assert_eq!(state(&engine, &task).await, State::Executing);
        house.clock.jump(1_000_000);
        engine.look_for_deadlines().await;
        let ended = engine.store.task(&task).await.unwrap().unwrap();
        assert_eq!((ended.state, ended.outcome), (State::Failed, Some(Outcome::ExecutionTimeout)));
    });
}

#[test]
fn two_looks_at_once_fire_once() {
    let house = House::new();
    house.life(async |engine| {
        for n in 0..20 {
            submit(&engine, &id(&format!("T-{n}")), Level::Low).await.unwrap();
        }
        house.advance(ALERT);
        futures_util::future::join_all((0..4).map(|_| engine.look_for_deadlines())).await;
        for n in 0..20 {
            assert_eq!(kinds(&engine, &id(&format!("T-{n}"))).await, ["created", "alerted"]);
        }
        assert_whole(&engine.store).await;
    });
}

#[test]
fn what_came_due_while_nothing_ran_happens_right_after_the_start() {
    let house = House::new();
    let task = id("a");
    house.life(async |engine| {
        submit(&engine, &task, Level::Low).await.unwrap();
        engine.stop().await;
    });
    house.advance(REJECT);
    house.life(async |engine| {
        wait_until("it is rejected", async || state(&engine, &task).await == State::Rejected).await;
        assert_eq!(kinds(&engine, &task).await, ["created", "rejected"]);
    });
}

#[test]
fn more_than_a_page_of_deadlines_is_seen_to_at_once() {
    let house = House::new();
    house.life(async |engine| {
        let ids: Vec<_> = (0..600).map(|n| id(&format!("T-{n}"))).collect();
        let submitted = futures_util::future::join_all(ids.iter().map(|id| submit(&engine, id, Level::Low))).await;
        assert!(submitted.iter().all(Result::is_ok));
        house.advance(REJECT);
        wait_until("all are rejected", async || {
            engine.store.counts().await.unwrap().by_state.get(&State::Rejected) == Some(&600)
        })
        .await;
        assert_whole(&engine.store).await;
    });
}

#[test]
fn a_page_of_tasks_in_quarantine_keeps_nobody_elses_deadline_from_being_seen_to() {
    let mut house = House::new();
    house.fate = Arc::new(|commit| match commit.task.id.as_str().starts_with("bad") && commit.new.is_none() {
        true => Fate::Panic,
        false => Fate::Pass,
    });
    house.life(async |engine| {
        for n in 0..300 {
            submit(&engine, &id(&format!("bad-{n}")), Level::Low).await.unwrap();
        }
        house.advance(1);
        let good = id("good");
        submit(&engine, &good, Level::Low).await.unwrap();
        house.advance(ALERT - 1);
        for n in 0..300 {
            for _death in 0..3 {
                approve(&engine, &id(&format!("bad-{n}"))).await.unwrap_err();
            }
        }
        engine.look_for_deadlines().await;
        assert_eq!(kinds(&engine, &good).await, ["created"], "it is due a second after all the others");
        house.advance(1);
        engine.look_for_deadlines().await;
        assert_eq!(kinds(&engine, &good).await, ["created", "alerted"]);
        assert_eq!(kinds(&engine, &id("bad-0")).await, ["created"]);
    });
}

#[test]
fn a_clock_that_jumps_fires_what_is_due_and_undoes_nothing() {
    let house = House::new();
    house.life(async |engine| {
        let (first, second) = (id("first"), id("second"));
        submit(&engine, &first, Level::Low).await.unwrap();
        house.clock.jump(REJECT * 1_000_000);
        engine.look_for_deadlines().await;
        assert_eq!(state(&engine, &first).await, State::Rejected);
        house.clock.jump(-REJECT * 1_000_000);
        assert_eq!(engine.look_for_deadlines().await, 0);
        assert_eq!(state(&engine, &first).await, State::Rejected, "an end stays an end");
        submit(&engine, &second, Level::Low).await.unwrap();
        house.advance(REJECT - 1);
        engine.look_for_deadlines().await;
        assert_eq!(state(&engine, &second).await, State::Pending);
        house.advance(1);
        engine.look_for_deadlines().await;
        assert_eq!(state(&engine, &second).await, State::Rejected);
        assert_whole(&engine.store).await;
    });
}
