//! Random sequences of commands, put to `decide` and to a reference model that was written from the specification: both
//! accept and refuse the same, and come to the same task. The invariants I3 to I6 are held against every single step.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

#[allow(unreachable_pub, reason = "shared with the test of the actors")]
#[path = "model/reference.rs"]
mod reference;
#[allow(unreachable_pub, reason = "shared with the test of the actors")]
#[path = "model/script.rs"]
mod script;
#[allow(unreachable_pub, reason = "shared with the test of the actors")]
#[path = "model/words.rs"]
mod words;

use std::cell::RefCell;
use std::collections::BTreeSet;

use hermes_core::access::Via;
use hermes_core::id::{Digest, Version};
use hermes_core::risk::Level;
use hermes_core::task::{Event, Outcome, Recorded, State, TRANSITIONS, Task, Terms, create, decide, evolve, replay};
use hermes_core::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use script::{Play, Script, Step};

const NOON: Timestamp = Timestamp(1_767_268_800_000_000);

/// What the scripts have come through, to know that they come through everything.
#[derive(Default)]
struct Seen {
    steps: BTreeSet<(State, State)>,
    outcomes: BTreeSet<Outcome>,
    kinds: BTreeSet<&'static str>,
    refusals: BTreeSet<&'static str>,
}

/// The same cases in every run.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4096, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn decide_does_what_the_reference_model_does() {
    let seen = RefCell::new(Seen::default());
    runner(1500).run(&script::script(60), |script| play(&script, &mut seen.borrow_mut())).unwrap();
    let seen = seen.into_inner();
    let legal: BTreeSet<_> = TRANSITIONS.iter().map(|(from, to, _)| (*from, *to)).collect();
    assert_eq!(seen.steps, legal, "the scripts take each of the twelve steps, and no other");
    for outcome in [
        Outcome::Completed,
        Outcome::ExitNonzero,
        Outcome::RejectedByHuman,
        Outcome::Withdrawn,
        Outcome::Expired,
        Outcome::ExecutionTimeout,
        Outcome::OutcomeUnknown,
        Outcome::Undeliverable,
        Outcome::NotRun,
    ] {
        assert!(seen.outcomes.contains(&outcome), "no script ended with {outcome:?}");
    }
    for kind in ["alerted", "reopened", "late_result", "verified", "lease_released", "resubmitted", "escalated"] {
        assert!(seen.kinds.contains(kind), "no script came to {kind}: {:?}", seen.kinds);
    }
    for code in [
        "self_approval",
        "admin_required",
        "already_voted",
        "stale_version",
        "stale_revision",
        "illegal_transition",
        "already_dispatched",
        "approval_expired",
        "lost_lease",
        "result_mismatch",
        "forbidden",
        "invalid_field",
    ] {
        assert!(seen.refusals.contains(code), "no script was refused with {code}: {:?}", seen.refusals);
    }
}

fn play(script: &Script, seen: &mut Seen) -> Result<(), TestCaseError> {
    let terms = script::terms(script.rules);
    let mut play = Play::new(script, NOON);
    let mut history = vec![Recorded {
        version: Version(1),
        at: NOON,
        by: script.submitter.principal().actor,
        via: Via::Api,
        event: Event::Created {
            task_id: script::task_id(1),
            submission: Box::new(script::submission(script)),
            peer_ip: String::new(),
            risk: script::graded(script.level),
            deadlines: terms.policy.waiting(script.level, NOON),
        },
    }];
    let mut task = create(&history[0]).unwrap();
    play.compare(&task)?;
    for step in &script.steps {
        let before = play.model.clone();
        let accepted = play.ask_model(step);
        let Some(command) = play.command(&task, step) else { continue };
        match decide(&task, &command, &terms) {
            Ok(events) => {
                prop_assert!(accepted, "the model refuses {:?} in {:?}, decide says {:?}", step, before, events);
                for event in events {
                    let by = command.by.actor.clone();
                    let recorded = Recorded { version: task.version.next(), at: command.now, by, via: Via::Api, event };
                    let after = evolve(task.clone(), &recorded);
                    hold(&task, &recorded, &after, step, &terms)?;
                    note(seen, &task, &recorded, &after);
                    history.push(recorded);
                    task = after;
                }
            }
            Err(refusal) => {
                prop_assert!(!accepted, "the model accepts {:?} in {:?}, decide says {}", step, before, refusal);
                prop_assert!([403, 409, 422].contains(&refusal.code().status()));
                seen.refusals.insert(refusal.code().as_str());
            }
        }
        play.compare(&task)?;
        let replayed = replay(&history);
        prop_assert_eq!(replayed.as_ref(), Ok(&task), "I3");
    }
    once_per_approval(&history)
}

/// What holds of every event, whatever was asked.
fn hold(before: &Task, recorded: &Recorded, after: &Task, step: &Step, terms: &Terms) -> Result<(), TestCaseError> {
    let is_step = before.state == after.state || before.state.may_become(after.state);
    prop_assert!(is_step, "{} to {} by {:?}", before.state, after.state, step);
    prop_assert!(!before.state.is_final() || after.outcome == before.outcome, "an end was changed by {:?}", step);
    prop_assert_eq!(after.state.is_final(), after.outcome.is_some());
    prop_assert_eq!(after.state.is_final(), after.resolved_at.is_some());
    prop_assert_eq!(after.version, before.version.next());
    if let Event::Voted { revision, command_sha256, person, self_approval, .. } = &recorded.event {
        prop_assert_eq!((*revision, *command_sha256), (before.revision, Digest::of(before.command.as_bytes())), "I4");
        let is_author = before.authors.iter().any(|author| terms.policy.person(author) == *person)
            || (*person == "Zhang" && !before.submitter_open_id.is_empty());
        prop_assert_eq!(*self_approval, is_author);
        prop_assert!(!is_author || terms.policy.allow_self_approval, "I6: {} voted on his own task", person);
        let votes = after.votes.iter().filter(|vote| vote.person == *person).count();
        prop_assert_eq!(votes, 1, "one person counts once");
    }
    if let Event::Approved { revision, command_sha256, .. } = &recorded.event {
        prop_assert_eq!((*revision, *command_sha256), (before.revision, Digest::of(before.command.as_bytes())), "I4");
        let by_admin = recorded.by.id == "boss";
        prop_assert!(before.risk.level != Level::High || by_admin, "I6: high risk approved by {}", recorded.by);
    }
    Ok(())
}

/// I5: behind each approval at most one start, and no start without one.
fn once_per_approval(history: &[Recorded]) -> Result<(), TestCaseError> {
    let mut starts_left = 0;
    for recorded in history {
        match &recorded.event {
            Event::Approved { .. } => starts_left = 1,
            Event::Started { .. } => {
                prop_assert_eq!(starts_left, 1, "I5");
                starts_left = 0;
            }
            Event::Leased { .. } => prop_assert_eq!(starts_left, 1, "I5: handed out after a start"),
            _ => {}
        }
    }
    Ok(())
}

fn note(seen: &mut Seen, before: &Task, recorded: &Recorded, after: &Task) {
    if before.state != after.state {
        seen.steps.insert((before.state, after.state));
    }
    seen.outcomes.extend(after.outcome);
    seen.kinds.insert(recorded.event.kind());
}
