//! Leases: given to one, ended by time, never given again once something was started.

use std::sync::Arc;

use hermes_actors::error::Error;
use hermes_actors::runtime::Engine;
use hermes_actors::store::WorkFilter;
use hermes_actors::work::{Claim, ExpireLeases, Release, Renew, TimeLeft};
use hermes_core::error::Code;
use hermes_core::id::{Digest, Fence, TaskId};
use hermes_core::lease;
use hermes_core::task::{Action, Outcome, State, Task};
use hermes_core::time::Millis;
use hermes_core::wire::work::{Finish, Grant};
use tokio::sync::{Notify, Semaphore, oneshot};

use crate::script::Who;
use crate::support::proxy::Fate;
use crate::support::{House, TTL, approve, approved, assert_whole, carry, id, kinds, soon, state, submit, wait_until};

/// Asks for work; the answer comes by itself.
pub async fn ask(engine: &Engine, who: Who, max: u32) -> oneshot::Receiver<Vec<Grant>> {
    ask_for(engine, who, max, None).await
}

/// Asks for work for one of the sub-agent's slots.
async fn ask_for(engine: &Engine, who: Who, max: u32, slot: Option<u32>) -> oneshot::Receiver<Vec<Grant>> {
    let (reply, answer) = oneshot::channel();
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let (by, worker) = (who.principal(), who.somebody().key.to_owned());
    engine.work.send(Claim { by, worker, roles: Vec::new(), max, slot, reply, permit }).await.unwrap();
    answer
}

/// Takes one task that is there to be taken.
pub async fn claimed(engine: &Engine, who: Who) -> Grant {
    let answer = ask(engine, who, 1).await;
    let grant = soon("a grant", answer).await.unwrap().remove(0);
    wait_until("the lease runs", async || time_left(engine, &grant.task_id).await.is_some()).await;
    grant
}

async fn time_left(engine: &Engine, task: &TaskId) -> Option<Millis> {
    engine.work.send(TimeLeft(task.clone())).await.unwrap()
}

pub async fn start(engine: &Engine, who: Who, grant: &Grant) -> Result<Arc<Task>, Error> {
    let action = Action::Start {
        lease: grant.lease.clone(),
        fence: grant.fence,
        revision: grant.revision,
        command_sha256: Digest::of(grant.command.as_bytes()),
        timeout: Millis::from_secs(grant.timeout),
    };
    carry(engine, &grant.task_id, who.principal(), action).await
}

async fn finish(engine: &Engine, who: Who, grant: &Grant, report: Finish) -> Result<Arc<Task>, Error> {
    let report = Finish { worker: who.somebody().key.to_owned(), fence: grant.fence, ..report };
    let action = Action::Finish { lease: grant.lease.clone(), report, log: String::new() };
    carry(engine, &grant.task_id, who.principal(), action).await
}

fn gave_it_back() -> Finish {
    Finish { not_run: Some("draining".to_owned()), ..Finish::default() }
}

async fn ready(engine: &Engine) -> usize {
    engine.store.ready_work(WorkFilter::Any, 100).await.unwrap().len()
}

/// Lets a time pass and every lease end that is over; the list looks by itself too, so their number says nothing.
async fn pass(house: &House, engine: &Engine, span: Millis) {
    house.clock.advance(span);
    engine.work.send(ExpireLeases).await.unwrap();
}

#[test]
fn a_grant_is_signed_and_says_what_was_approved() {
    House::new().life(async |engine| {
        let task = approved(&engine, &id("a")).await;
        let grant = claimed(&engine, Who::WorkerA).await;
        assert_eq!(lease::verify(&grant, "wa", &engine.signer.public_key()), Ok(()));
        assert_eq!((&grant.command, grant.command_sha256), (&task.command, task.command_sha256));
        assert_eq!((grant.revision, grant.fence, grant.attempt), (task.revision, Fence(1), 1));
        assert_eq!(time_left(&engine, &id("a")).await, Some(TTL));
    });
}

#[test]
fn a_lease_that_ends_before_the_start_puts_the_task_back() {
    let house = House::new();
    house.life(async |engine| {
        let task = id("a");
        approved(&engine, &task).await;
        let lost = claimed(&engine, Who::WorkerA).await;
        assert_eq!(ready(&engine).await, 0);
        pass(&house, &engine, Millis(TTL.0 - 1)).await;
        assert_eq!(ready(&engine).await, 0, "not a moment too early");
        house.clock.advance(Millis(1));
        wait_until("it is back on the list", async || ready(&engine).await == 1).await;
        let taken = claimed(&engine, Who::WorkerB).await;
        assert_eq!((taken.fence, taken.attempt), (Fence(2), 2));
        assert_eq!(start(&engine, Who::WorkerA, &lost).await.unwrap_err().code(), Code::LostLease);
        start(&engine, Who::WorkerB, &taken).await.unwrap();
        assert_eq!(state(&engine, &task).await, State::Executing);
        assert_whole(&engine.store).await;
    });
}

#[test]
fn i5_a_lease_that_ends_after_the_start_is_never_given_again() {
    let house = House::new();
    house.life(async |engine| {
        let task = id("a");
        approved(&engine, &task).await;
        let grant = claimed(&engine, Who::WorkerA).await;
        start(&engine, Who::WorkerA, &grant).await.unwrap();
        start(&engine, Who::WorkerA, &grant).await.unwrap();
        pass(&house, &engine, TTL).await;
        wait_until("it has ended", async || state(&engine, &task).await == State::Failed).await;
        let ended = engine.store.task(&task).await.unwrap().unwrap();
        assert_eq!(ended.outcome, Some(Outcome::OutcomeUnknown));
        let mut waiting = ask(&engine, Who::WorkerB, 1).await;
        let other = id("other");
        approved(&engine, &other).await;
        assert_eq!(soon("other work", &mut waiting).await.unwrap()[0].task_id, other);
        let late = finish(&engine, Who::WorkerA, &grant, Finish { exit_code: Some(0), ..Finish::default() }).await;
        assert_eq!(late.unwrap().state, State::Failed, "the end stands");
        let kinds = kinds(&engine, &task).await;
        assert_eq!(kinds.iter().filter(|kind| **kind == "started").count(), 1);
        assert_eq!(kinds.last(), Some(&"late_result"));
    });
}

#[test]
fn a_restart_gives_every_lease_a_full_time_to_live() {
    let house = House::new();
    let (kept, started) = (id("kept"), id("started"));
    house.life(async |engine| {
        approved(&engine, &kept).await;
        claimed(&engine, Who::WorkerA).await;
        approved(&engine, &started).await;
        let grant = claimed(&engine, Who::WorkerB).await;
        start(&engine, Who::WorkerB, &grant).await.unwrap();
        house.clock.advance(Millis(TTL.0 - 1));
    });
    house.life(async |engine| {
        pass(&house, &engine, Millis(TTL.0 - 1)).await;
        assert_eq!((ready(&engine).await, state(&engine, &started).await), (0, State::Executing));
        house.clock.advance(Millis(1));
        wait_until("both have ended", async || {
            ready(&engine).await == 1 && state(&engine, &started).await == State::Failed
        })
        .await;
        assert_whole(&engine.store).await;
    });
}

#[test]
fn the_wall_clock_ends_no_lease_and_a_heartbeat_renews_it() {
    let house = House::new();
    house.life(async |engine| {
        approved(&engine, &id("a")).await;
        let grant = claimed(&engine, Who::WorkerA).await;
        house.clock.jump(3_600_000_000);
        engine.work.send(ExpireLeases).await.unwrap();
        assert_eq!(ready(&engine).await, 0);
        pass(&house, &engine, Millis(TTL.0 - 1)).await;
        engine.work.send(Renew(grant.task_id.clone(), grant.fence)).await.unwrap();
        pass(&house, &engine, Millis(TTL.0 - 1)).await;
        assert_eq!(ready(&engine).await, 0);
        house.clock.advance(Millis(1));
        wait_until("it has ended", async || ready(&engine).await == 1).await;
    });
}

#[test]
fn what_comes_late_from_an_older_lease_leaves_the_newer_one_alone() {
    let house = House::new();
    house.life(async |engine| {
        let task = approved(&engine, &id("a")).await.id.clone();
        let first = claimed(&engine, Who::WorkerA).await;
        finish(&engine, Who::WorkerA, &first, gave_it_back()).await.unwrap();
        engine.work.send(Release(task.clone(), first.fence)).await.unwrap();
        let second = claimed(&engine, Who::WorkerB).await;
        assert_eq!(second.fence, Fence(2));
        house.clock.advance(Millis(TTL.0 / 2));
        engine.work.send(Renew(task.clone(), first.fence)).await.unwrap();
        engine.work.send(Release(task.clone(), first.fence)).await.unwrap();
        assert_eq!(time_left(&engine, &task).await, Some(Millis(TTL.0 / 2)));
        house.clock.advance(Millis(TTL.0 / 2));
        wait_until("the second lease has ended", async || ready(&engine).await == 1).await;
        assert_eq!(time_left(&engine, &task).await, None);
    });
}

#[test]
fn who_waits_for_work_is_woken_by_an_approval() {
    House::new().life(async |engine| {
        let mut answer = ask(&engine, Who::WorkerA, 1).await;
        submit(&engine, &id("a"), hermes_core::risk::Level::Low).await.unwrap();
        assert!(answer.try_recv().is_err(), "nothing is approved yet");
        approve(&engine, &id("a")).await.unwrap();
        assert_eq!(soon("a grant", answer).await.unwrap()[0].task_id, id("a"));
    });
}

#[test]
fn a_worker_gets_only_what_its_key_and_its_wish_cover() {
    House::new().life(async |engine| {
        submit(&engine, &id("a"), hermes_core::risk::Level::Low).await.unwrap();
        approve(&engine, &id("a")).await.unwrap();
        let dispatch = Action::Dispatch { assignee: Some(crate::script::FINANCE.to_owned()) };
        carry(&engine, &id("a"), Who::Li.principal(), dispatch).await.unwrap();
        let mut wrong = ask(&engine, Who::WorkerA, 1).await;
        let mut nobody = ask(&engine, Who::Li, 1).await;
        assert_eq!(claimed(&engine, Who::WorkerB).await.task_id, id("a"));
        assert!(wrong.try_recv().is_err() && nobody.try_recv().is_err());
    });
}

#[test]
fn a_claimer_that_has_gone_before_there_was_work_loses_nothing() {
    House::new().life(async |engine| {
        drop(ask(&engine, Who::WorkerA, 1).await);
        let there = ask(&engine, Who::WorkerB, 1).await;
        approved(&engine, &id("a")).await;
        assert_eq!(soon("a grant", there).await.unwrap()[0].fence, Fence(1));
        assert_eq!(kinds(&engine, &id("a")).await.last(), Some(&"leased"));
    });
}

#[test]
fn a_claimer_that_goes_while_its_lease_is_written_loses_nothing() {
    let mut house = House::new();
    let (came, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (hold_came, hold_go_on) = (came.clone(), go_on.clone());
    house.fate = Arc::new(move |commit| match &commit.task.lease {
        Some(lease) if lease.fence == Fence(1) => Fate::Hold { came: hold_came.clone(), go_on: hold_go_on.clone() },
        _ => Fate::Pass,
    });
    house.life(async |engine| {
        approved(&engine, &id("a")).await;
        let going = ask(&engine, Who::WorkerA, 1).await;
        soon("the lease to be written", came.notified()).await;
        drop(going);
        go_on.notify_one();
        let grant = claimed(&engine, Who::WorkerB).await;
        assert_eq!(grant.fence, Fence(2), "the first lease was taken back at once, not after its time");
        assert_eq!(
            kinds(&engine, &id("a")).await,
            ["created", "voted", "approved", "dispatched", "leased", "lease_released", "leased"]
        );
        assert_whole(&engine.store).await;
    });
}

#[test]
fn a_new_claim_for_a_slot_takes_the_place_of_the_one_that_waits_for_it() {
    House::new().life(async |engine| {
        let gone = ask_for(&engine, Who::WorkerA, 1, Some(1)).await;
        let other_slot = ask_for(&engine, Who::WorkerA, 1, Some(2)).await;
        let other_key = ask_for(&engine, Who::WorkerB, 1, Some(1)).await;
        let mut without = ask(&engine, Who::WorkerA, 1).await;
        let mut new = ask_for(&engine, Who::WorkerA, 1, Some(1)).await;
        assert!(soon("word that it is over", gone).await.is_err(), "it is told that there is nothing");
        for task in ["a", "b", "c"] {
            approved(&engine, &id(task)).await;
        }
        for waiting in [other_slot, other_key] {
            assert_eq!(soon("a grant", waiting).await.unwrap().len(), 1);
        }
        assert_eq!(soon("a grant", &mut without).await.unwrap().len(), 1);
        assert!(new.try_recv().is_err(), "it came last, and all are taken");
        approved(&engine, &id("d")).await;
        assert_eq!(soon("a grant", new).await.unwrap()[0].task_id, id("d"));
    });
}

#[test]
fn a_claim_that_takes_nothing_ends_the_one_that_waits() {
    House::new().life(async |engine| {
        let waiting = ask_for(&engine, Who::WorkerA, 1, Some(1)).await;
        let end = ask_for(&engine, Who::WorkerA, 0, Some(1)).await;
        assert!(soon("an answer", end).await.is_err() && soon("word that it is over", waiting).await.is_err());
        approved(&engine, &id("a")).await;
        assert_eq!(claimed(&engine, Who::WorkerB).await.fence, Fence(1), "nobody else was given it");
    });
}

#[test]
fn a_claim_whose_place_was_taken_while_it_was_looked_after_gets_nothing_more() {
    let mut house = House::new();
    let (came, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (hold_came, hold_go_on) = (came.clone(), go_on.clone());
    house.fate = Arc::new(move |commit| match commit.task.lease.is_some() && commit.task.id.as_str() == "held" {
        true => Fate::Hold { came: hold_came.clone(), go_on: hold_go_on.clone() },
        false => Fate::Pass,
    });
    house.life(async |engine| {
        let first = ask_for(&engine, Who::WorkerB, 1, None).await;
        let old = ask_for(&engine, Who::WorkerA, 1, Some(1)).await;
        approved(&engine, &id("held")).await;
        soon("the first lease to be written", came.notified()).await;
        let mut new = ask_for(&engine, Who::WorkerA, 1, Some(1)).await;
        go_on.notify_one();
        assert_eq!(soon("a grant", first).await.unwrap()[0].task_id, id("held"));
        assert!(soon("word that it is over", old).await.is_err());
        assert!(new.try_recv().is_err());
        approved(&engine, &id("next")).await;
        assert_eq!(soon("a grant", new).await.unwrap()[0].task_id, id("next"));
    });
}
