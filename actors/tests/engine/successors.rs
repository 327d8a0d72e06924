//! Two actors of one task: the one that was let go, and its successor.

use actix::Actor as _;
use hermes_actors::task::{Carry, TaskActor, Tools};
use hermes_core::access::{Principal, Via};
use hermes_core::risk::Level;
use hermes_core::task::{Action, Ballot, Command, Report, State};

use crate::script::Who;
use crate::support::{House, id, submit};

#[test]
fn an_actor_that_was_overtaken_answers_for_the_task_as_it_is() {
    House::new().life(async |engine| {
        let task = id("TASK-1");
        submit(&engine, &task, Level::Low).await.unwrap();
        let (store, in_force) = (engine.store.clone(), engine.in_force.clone());
        let tools = Tools { store, in_force, feed: engine.feed.clone(), health: engine.health.clone(), audience: None };
        let actor = || TaskActor::new(task.clone(), tools.clone()).start();
        let command = |action| {
            let by = Principal { actor: Who::Li.principal().actor, ..Principal::root() };
            Carry(Command { by, via: Via::Api, now: engine.clock.now(), expected_version: None, action })
        };
        let (first, second) = (actor(), actor());
        let note = Action::Report(Report { remark: "seen".to_owned(), ..Report::default() });
        first.send(command(note)).await.unwrap().unwrap();
        second.send(command(Action::Approve(Ballot::default()))).await.unwrap().unwrap();
        // What the first remembers is over; it neither refuses for that reason nor asks its caller to look again.
        let lease = Action::Lease { worker: "w1".to_owned(), secret: [1; 16] };
        let leased = first.send(command(lease)).await.unwrap().unwrap();
        assert_eq!((leased.state, leased.lease.is_some()), (State::Approved, true));
    });
}
