//! The scripts of the reference model, played to the running actors on the real store: they accept and refuse what the
//! model does, come to the same task, and what is stored is what was answered.
#![allow(dead_code, unreachable_pub, reason = "the support is shared with other tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../core/tests/model/reference.rs"]
mod reference;
#[path = "../core/tests/model/script.rs"]
mod script;
mod support;
#[path = "../core/tests/model/words.rs"]
mod words;

use hermes_actors::error::Error;
use hermes_actors::runtime::Engine;
use hermes_actors::store::NewTask;
use hermes_actors::task::{Carry, Submit};
use hermes_core::access::Via;
use hermes_core::task::replay;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use script::{Play, Script, Step};
use support::{House, assert_whole};

const SCRIPTS: u64 = 24;

#[test]
fn the_running_actors_do_what_the_reference_model_does() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    let house = House::new();
    house.life(async |engine| {
        for number in 1..=SCRIPTS {
            let script = script::script(30).new_tree(&mut runner).unwrap().current();
            let played = play(&house, &engine, number, &script).await;
            played.unwrap_or_else(|difference| panic!("{difference}\nin {script:?}"));
        }
        assert_whole(&engine.store).await;
    });
}

async fn play(house: &House, engine: &Engine, number: u64, script: &Script) -> Result<(), TestCaseError> {
    engine.in_force.replace_terms(script::terms(script.rules));
    let id = script::task_id(number);
    let mut play = Play::new(script, engine.clock.now());
    let submit = Submit {
        by: script.submitter.principal(),
        via: Via::Api,
        now: play.now(),
        submission: script::submission(script),
        peer_ip: String::new(),
        risk: script::graded(script.level),
        new: NewTask::default(),
    };
    let mut task = engine.tasks.send(id.clone(), submit).await.unwrap();
    for step in &script.steps {
        if let Step::Wait(seconds) = step {
            play.ask_model(step);
            play.ask_model(&Step::Deadline);
            house.clock.jump(seconds * 1_000_000);
            engine.look_for_deadlines().await;
            task = engine.store.task(&id).await.unwrap().unwrap();
        } else if let Some(command) = play.command(&task, step) {
            match (play.ask_model(step), engine.tasks.send(id.clone(), Carry(command)).await) {
                (true, Ok(after)) => task = after,
                (false, Err(Error::Refused(_))) => {}
                (accepted, answer) => {
                    return Err(TestCaseError::fail(format!("{step:?}: model says {accepted}, actor {answer:?}")));
                }
            }
        }
        play.compare(&task)?;
        let stored = engine.store.task(&id).await.unwrap().unwrap();
        assert_eq!(stored, task, "what was answered is stored, and a refusal changed nothing: {step:?}");
        assert_eq!(replay(&engine.store.events(&id).await.unwrap()), Ok((*stored).clone()), "I3");
    }
    Ok(())
}
