//! Many at once: one wins, nobody gets what another has, memory stays bounded.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use hermes_actors::runtime::Engine;
use hermes_core::access::{Actor, Principal, Role, WorkScope};
use hermes_core::error::Code;
use hermes_core::risk::Level;
use hermes_core::task::{Action, Ballot, State};

use crate::leases::ask;
use crate::script::{self, Who};
use crate::support::{House, RULES, approve, approved, assert_whole, carry, id, kinds, soon, submit, wait_until};
use crate::words::Rules;

fn approver(name: &str) -> Principal {
    Principal { actor: Actor::key(name), roles: [Role::Approver].into(), work: WorkScope::Nothing }
}

async fn fifty_approvals(engine: &Engine, task: &str) -> Vec<Code> {
    submit(engine, &id(task), Level::Low).await.unwrap();
    let voters = (0..50).map(|n| approver(&format!("voter-{}", n % 30)));
    let id = id(task);
    let answers = voters.map(|by| carry(engine, &id, by, Action::Approve(Ballot::default())));
    let answers = join_all(answers).await;
    answers.into_iter().filter_map(|answer| answer.err().map(|error| error.code())).collect()
}

#[test]
fn of_fifty_approvals_at_once_one_approves() {
    let house = House::new();
    house.life(async |engine| {
        let refused = fifty_approvals(&engine, "one").await;
        assert_eq!(refused, vec![Code::IllegalTransition; 49]);
        engine.in_force.replace_terms(script::terms(Rules { approvals: 2, ..RULES }));
        let refused = fifty_approvals(&engine, "two").await;
        assert_eq!(refused.len(), 48, "two people are needed, so two votes count");
        assert!(refused.iter().all(|code| [Code::IllegalTransition, Code::AlreadyVoted].contains(code)));
        for (task, votes) in [("one", 1), ("two", 2)] {
            let kinds = kinds(&engine, &id(task)).await;
            assert_eq!(kinds.iter().filter(|kind| **kind == "approved").count(), 1);
            assert_eq!(kinds.iter().filter(|kind| **kind == "voted").count(), votes);
        }
        assert_whole(&engine.store).await;
    });
}

#[test]
fn one_person_by_two_names_is_one_vote() {
    let mut house = House::new();
    house.terms = script::terms(Rules { approvals: 2, ..RULES });
    house.life(async |engine| {
        let task = id("a");
        submit(&engine, &task, Level::Low).await.unwrap();
        let vote = async |who: Who| carry(&engine, &task, who.principal(), Action::Approve(Ballot::default())).await;
        assert_eq!(vote(Who::Zhang).await.unwrap().state, State::Pending);
        assert_eq!(vote(Who::ZhangByCard).await.unwrap_err().code(), Code::AlreadyVoted);
        assert_eq!(vote(Who::Li).await.unwrap().state, State::Approved);
    });
}

#[test]
fn no_two_workers_get_the_same_task() {
    House::new().life(async |engine| {
        let ids: Vec<_> = (0..60).map(|n| id(&format!("T-{n}"))).collect();
        join_all(ids.iter().map(|id| approved(&engine, id))).await;
        let worker = async |who: Who| {
            let mut taken = Vec::new();
            while engine.store.ready_work(hermes_actors::store::WorkFilter::Any, 1).await.unwrap().len() == 1 {
                let mut answer = ask(&engine, who, 3).await;
                // Another may have taken the last one meanwhile; then nothing comes, and the look above ends it.
                wait_until("an answer, or nothing left", async || {
                    !answer.is_empty()
                        || engine.store.ready_work(hermes_actors::store::WorkFilter::Any, 1).await.unwrap().is_empty()
                })
                .await;
                let grants = answer.try_recv().unwrap_or_default();
                taken.extend(grants.into_iter().map(|grant| grant.task_id));
            }
            taken
        };
        let workers = (0..8).map(|n| worker(if n % 2 == 0 { Who::WorkerA } else { Who::WorkerB }));
        let taken = join_all(workers).await.concat();
        let distinct: BTreeSet<_> = taken.iter().collect();
        assert_eq!(distinct.len(), taken.len(), "none is given twice");
        for task in &ids {
            let kinds = kinds(&engine, task).await;
            let leases = kinds.iter().filter(|kind| **kind == "leased").count();
            let returns = kinds.iter().filter(|kind| **kind == "lease_released").count();
            assert!(leases - returns <= 1, "{task}: {kinds:?}");
        }
        assert_whole(&engine.store).await;
    });
}

#[test]
fn a_thousand_waiting_tasks_do_not_keep_a_thousand_actors() {
    let mut house = House::new();
    house.live_tasks = 8;
    house.life(async |engine| {
        // Each task actor holds the feed, and so does each shard: its count tells how many there are.
        let before = Arc::strong_count(&engine.feed);
        let ids: Vec<_> = (0..1000).map(|n| id(&format!("T-{n}"))).collect();
        let submitted = join_all(ids.iter().map(|id| submit(&engine, id, Level::Low))).await;
        assert!(submitted.iter().all(Result::is_ok));
        let live = async || Arc::strong_count(&engine.feed) - before;
        wait_until("the idle ones have gone", async || live().await <= 8).await;
        assert!(live().await > 0, "the count counts actors");
        let decided = join_all(ids.iter().map(|id| approve(&engine, id))).await;
        assert!(decided.iter().all(Result::is_ok), "each is loaded again when it is needed");
        wait_until("the idle ones have gone again", async || live().await <= 8).await;
        assert_eq!(engine.store.counts().await.unwrap().by_state[&State::Approved], 1000);
        assert_whole(&engine.store).await;
    });
}

#[test]
fn whoever_waits_for_a_task_is_woken_by_its_change_only() {
    House::new().life(async |engine| {
        let (task, other) = (id("a"), id("b"));
        submit(&engine, &task, Level::Low).await.unwrap();
        let mut waiting = engine.feed.wait_for(&task);
        submit(&engine, &other, Level::Low).await.unwrap();
        let nothing = tokio::select! { biased; () = waiting.changed() => false, () = tokio::task::yield_now() => true };
        assert!(nothing);
        approve(&engine, &task).await.unwrap();
        soon("the change", waiting.changed()).await;
        assert_eq!(engine.store.task(&task).await.unwrap().unwrap().state, State::Approved, "I1");
    });
}
