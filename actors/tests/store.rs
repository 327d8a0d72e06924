//! The store on a real SQLite file: fences, uniqueness, counters, queries, and what it refuses to open.
#![allow(dead_code, unreachable_pub, reason = "the support is shared with other tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "store/cards.rs"]
mod cards;
#[path = "../core/tests/model/reference.rs"]
mod reference;
#[path = "../core/tests/model/script.rs"]
mod script;
mod support;
#[path = "../core/tests/model/words.rs"]
mod words;

use std::sync::Arc;

use futures_util::future::join_all;
use hermes_actors::runtime::engine_entry;
use hermes_actors::store::{
    Change, Commit, Error, Idempotency, NewTask, OutputChunk, Query, Setting, Store, WorkFilter,
};
use hermes_core::access::{Principal, Via};
use hermes_core::id::{Digest, Fence, Seq, TaskId, Version};
use hermes_core::key;
use hermes_core::redact;
use hermes_core::risk::Level;
use hermes_core::task::{
    Action, Ballot, Command, Event, Recorded, State, Submission, Task, audit_entry, create, decide, evolve,
};
use hermes_core::time::{Millis, Timestamp};
use hermes_core::wire::work::Stream;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use cards::shown;
use script::{Play, Step, Who};
use support::{House, NOON, RULES, all_tasks, assert_whole, audit_lines, id};

fn at(seconds: i64) -> Timestamp {
    Timestamp(NOON.0 + seconds * 1_000_000)
}

/// The first commit of a task.
fn birth(id: &TaskId, by: Who, level: Level, now: Timestamp) -> Commit {
    let submission = Submission { command: format!("echo {id}"), ..Submission::default() };
    let deadlines = script::terms(RULES).policy.waiting(level, now);
    let event = Event::Created {
        task_id: id.clone(),
        submission: Box::new(submission),
        peer_ip: String::new(),
        risk: script::graded(level),
        deadlines,
    };
    let recorded = Recorded { version: Version(1), at: now, by: by.principal().actor, via: Via::Api, event };
    let task = create(&recorded).unwrap();
    let drafts = vec![audit_entry(None, &task, &recorded).draft(redact::mask)];
    let new = Some(NewTask::default());
    Commit {
        task: Arc::new(task),
        expected: Version(0),
        before: None,
        events: vec![recorded],
        drafts,
        new,
        cards: None,
    }
}

/// The commit of what is decided now; none if it is refused, or changes nothing.
fn step(task: &Task, command: &Command, rules: words::Rules) -> Option<Commit> {
    let events = decide(task, command, &script::terms(rules)).ok().filter(|events| !events.is_empty())?;
    let (mut after, mut recorded, mut drafts) = (task.clone(), Vec::new(), Vec::new());
    for event in events {
        let by = command.by.actor.clone();
        let event = Recorded { version: after.version.next(), at: command.now, by, via: command.via, event };
        let before = after.state;
        after = evolve(after, &event);
        drafts.push(audit_entry(Some(before), &after, &event).draft(redact::mask));
        recorded.push(event);
    }
    let (expected, before) = (task.version, Some(task.state));
    Some(Commit { task: Arc::new(after), expected, before, events: recorded, drafts, new: None, cards: None })
}

fn action(task: &Task, by: Principal, now: Timestamp, action: Action) -> Commit {
    let command = Command { by, via: Via::Api, now, expected_version: None, action };
    step(task, &command, RULES).unwrap()
}

fn approve(task: &Task, now: Timestamp) -> Commit {
    action(task, Who::Boss.principal(), now, Action::Approve(Ballot::default()))
}

fn lease(task: &Task, now: Timestamp) -> Commit {
    let lease = Action::Lease { worker: "w".to_owned(), secret: [1; 16] };
    action(task, Who::WorkerB.principal(), now, lease)
}

fn withdraw(task: &Task, now: Timestamp) -> Commit {
    action(task, Who::Mei.principal(), now, Action::Withdraw { reason: String::new() })
}

async fn put(store: &Arc<dyn Store>, commit: Commit) -> Arc<Task> {
    let task = commit.task.clone();
    store.commit(commit).await.unwrap();
    task
}

async fn born(store: &Arc<dyn Store>, text: &str) -> Arc<Task> {
    put(store, birth(&id(text), Who::Mei, Level::Low, NOON)).await
}

fn texts(ids: &[TaskId]) -> Vec<&str> {
    ids.iter().map(TaskId::as_str).collect()
}

#[test]
fn a_commit_for_another_version_is_refused_and_changes_nothing() {
    House::new().store(async |store| {
        let task = born(&store, "a").await;
        let (first, second) = (approve(&task, NOON), withdraw(&task, NOON));
        let after = put(&store, first).await;
        let lines = audit_lines(&store).await.len();
        assert_eq!(store.commit(second).await, Err(Error::Stale { actual: after.version }));
        assert_eq!(store.task(&task.id).await.unwrap().unwrap(), after);
        assert_eq!(audit_lines(&store).await.len(), lines);
        let unknown = Commit { task: Arc::new(Task { id: id("never"), ..(*after).clone() }), ..withdraw(&task, NOON) };
        assert_eq!(store.commit(unknown).await, Err(Error::Stale { actual: Version(0) }));
        assert_whole(&store).await;
    });
}

#[test]
fn a_task_id_is_taken_once() {
    House::new().store(async |store| {
        let task = born(&store, "a").await;
        let again = birth(&id("a"), Who::Zhang, Level::High, at(1));
        assert_eq!(store.commit(again).await, Err(Error::TaskExists));
        assert_eq!(store.task(&task.id).await.unwrap().unwrap(), task);
        assert_whole(&store).await;
    });
}

fn with_key(text: &str, key: &str, now: Timestamp) -> Commit {
    let commit = birth(&id(text), Who::Mei, Level::Low, now);
    let (scope, key, body) = ("mei".to_owned(), key.to_owned(), Digest::of(text.as_bytes()));
    let expires_at = now.plus(Millis::from_secs(86_400));
    let idempotency = Some(Idempotency { scope, key, body, expires_at });
    Commit { new: Some(NewTask { idempotency, ..NewTask::default() }), ..commit }
}

#[test]
fn an_idempotency_key_is_used_once_until_it_runs_out() {
    House::new().store(async |store| {
        put(&store, with_key("a", "k", NOON)).await;
        let used = Error::KeyUsed { task: id("a"), body: Digest::of(b"a") };
        assert_eq!(store.commit(with_key("b", "k", at(1))).await, Err(used));
        assert_eq!(store.task(&id("b")).await.unwrap(), None);
        let known = store.idempotency("mei", "k", at(1)).await.unwrap().unwrap();
        assert_eq!((known.task, known.body), (id("a"), Digest::of(b"a")));
        assert_eq!(store.idempotency("li", "k", at(1)).await.unwrap(), None, "a key belongs to who used it");
        assert_eq!(store.commit(with_key("a", "other", at(1))).await, Err(Error::TaskExists));
        assert_eq!(store.idempotency("mei", "other", at(1)).await.unwrap(), None, "I2: not even half of it");
        let next_day = at(86_400);
        assert_eq!(store.idempotency("mei", "k", next_day).await.unwrap(), None);
        put(&store, with_key("c", "k", next_day)).await;
        assert_eq!(store.idempotency("mei", "k", next_day).await.unwrap().unwrap().task, id("c"));
        assert_whole(&store).await;
    });
}

#[test]
fn one_failed_write_in_a_batch_hurts_only_itself() {
    House::new().store(async |store| {
        let old = born(&store, "old").await;
        put(&store, approve(&old, NOON)).await;
        let many = (0..200).map(|n| match n {
            50 => withdraw(&old, NOON),
            100 => birth(&id("old"), Who::Mei, Level::Low, NOON),
            150 => Commit { events: withdraw(&old, NOON).events, ..birth(&id("T-0"), Who::Mei, Level::Low, NOON) },
            n => birth(&id(&format!("T-{n}")), Who::Mei, Level::Low, NOON),
        });
        let results = join_all(many.map(|commit| store.commit(commit))).await;
        let failed: Vec<_> = (0..200).filter(|n| results[*n].is_err()).collect();
        assert_eq!(failed, [50, 100, 150]);
        assert_eq!(all_tasks(&store).await.len(), 198);
        assert_whole(&store).await;
    });
}

#[test]
fn over_the_bound_of_waiting_writes_the_caller_hears_so_at_once() {
    use actix::Actor as _;
    use hermes_actors::store::sqlite::{Options, SqliteStore};
    let house = House::new();
    support::in_a_system(async || {
        let mut opened = SqliteStore::prepare(&house.folder.path().join("data")).unwrap();
        // On this very thread the writer cannot run while the writes are being handed in.
        let writer = opened.take_writer(Arc::default()).unwrap().start();
        let point = opened.point_reader(Arc::default()).unwrap().start();
        let options = Options { readers: 1, hot_tasks: 0 };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::new(&opened, writer, point, options).unwrap());
        let results = join_all((0..5000).map(|_| store.mark_exported(Seq(0)))).await;
        let refused = results.iter().filter(|result| **result == Err(Error::Overloaded)).count();
        assert_eq!(refused, 5000 - 4096, "I11");
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 4096);
        assert_eq!(store.mark_exported(Seq(0)).await, Ok(()));
    });
}

#[test]
fn rows_counters_and_chain_agree_after_random_scripts() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    House::new().store(async |store| {
        for number in 1..=30 {
            let script = script::script(40).new_tree(&mut runner).unwrap().current();
            let mut play = Play::new(&script, NOON);
            let mut task = put(&store, birth(&script::task_id(number), script.submitter, script.level, NOON)).await;
            for step in &script.steps {
                if let Step::Wait(seconds) = step {
                    play.model.now += seconds;
                } else if let Some(command) = play.command(&task, step)
                    && let Some(commit) = self::step(&task, &command, script.rules)
                {
                    task = put(&store, commit).await;
                    let given = task.lease.as_ref().filter(|lease| lease.fence.0 > play.leases.len() as u64);
                    play.leases.extend(given.map(|lease| lease.id.clone()));
                }
            }
        }
        assert_whole(&store).await;
        let waiting = |task: &&Task| task.state.is_undecided() && task.submitted_by.id == "mei";
        let waiting = all_tasks(&store).await.iter().filter(waiting).count() as u32;
        let limited = |text: &str, limit: u32| {
            let new = Some(NewTask { pending_limit: Some(limit), ..NewTask::default() });
            Commit { new, ..birth(&id(text), Who::Mei, Level::Low, NOON) }
        };
        let refused = store.commit(limited("over", waiting)).await;
        assert_eq!(refused, Err(Error::TooManyPending { waiting: waiting.into(), limit: waiting }));
        put(&store, limited("under", waiting + 1)).await;
    });
}

#[test]
fn paging_by_key_sees_each_task_once_while_others_are_created() {
    House::new().store(async |store| {
        for n in 0..25 {
            born(&store, &format!("old-{n:02}")).await;
        }
        let (mut seen, mut before) = (Vec::new(), None);
        for page_number in 0.. {
            let page = store.tasks(Query { before, limit: 4, ..Query::default() }).await.unwrap();
            assert!(page.tasks.len() <= 4);
            seen.extend(page.tasks.into_iter().map(|task| task.id.to_string()));
            before = page.next;
            if before.is_none() {
                break;
            }
            born(&store, &format!("new-{page_number}")).await;
        }
        let expected: Vec<_> = (0..25).rev().map(|n| format!("old-{n:02}")).collect();
        assert_eq!(seen, expected, "newest first, each once, none of those that came meanwhile");
    });
}

#[test]
fn lists_filter_and_count_what_they_say() {
    House::new().store(async |store| {
        for (n, (by, level)) in
            [(Who::Mei, Level::Low), (Who::Mei, Level::High), (Who::Zhang, Level::High)].into_iter().enumerate()
        {
            put(&store, birth(&id(&format!("T-{n}")), by, level, at(n as i64))).await;
        }
        let first = store.task(&id("T-0")).await.unwrap().unwrap();
        put(&store, withdraw(&first, at(9))).await;
        let all = || Query { limit: 10, ..Query::default() };
        for (query, expected) in [
            (all(), vec!["T-2", "T-1", "T-0"]),
            (Query { states: vec![State::Pending], ..all() }, vec!["T-2", "T-1"]),
            (Query { states: vec![State::Rejected, State::Done], ..all() }, vec!["T-0"]),
            (Query { risk: Some(Level::High), ..all() }, vec!["T-2", "T-1"]),
            (Query { submitted_by: Some("mei".to_owned()), ..all() }, vec!["T-1", "T-0"]),
            (Query { text: Some("ECHO t-1".to_owned()), ..all() }, vec!["T-1"]),
            (Query { text: Some("100%_".to_owned()), ..all() }, vec![]),
            (Query { since: Some(at(1)), until: Some(at(2)), ..all() }, vec!["T-1"]),
            (Query { risk: Some(Level::High), submitted_by: Some("mei".to_owned()), ..all() }, vec!["T-1"]),
        ] {
            let page = store.tasks(query.clone()).await.unwrap();
            let found: Vec<_> = page.tasks.iter().map(|task| task.id.as_str()).collect();
            assert_eq!((found, page.total), (expected.clone(), expected.len() as u64), "{query:?}");
        }
        let page = store.tasks(Query { limit: 1, offset: 1, ..all() }).await.unwrap();
        assert_eq!((page.tasks[0].id.as_str(), page.total), ("T-1", 3));
    });
}

#[test]
fn work_is_ready_in_order_for_who_may_have_it_until_it_is_leased() {
    House::new().store(async |store| {
        let mut tasks = Vec::new();
        for text in ["a", "b", "c", "d"] {
            let task = born(&store, text).await;
            tasks.push(put(&store, approve(&task, NOON)).await);
        }
        born(&store, "not-approved").await;
        let dispatch = Action::Dispatch { assignee: Some(script::FINANCE.to_owned()) };
        put(&store, action(&tasks[1], Who::Li.principal(), NOON, dispatch)).await;
        put(&store, lease(&tasks[2], NOON)).await;
        let roles = |names: &[&str]| WorkFilter::Roles(names.iter().map(|name| (*name).to_owned()).collect());
        for (filter, limit, expected) in [
            (WorkFilter::Any, 10, vec!["a", "b", "d"]),
            (WorkFilter::Any, 2, vec!["a", "b"]),
            (roles(&[words::FALLBACK]), 10, vec!["a", "d"]),
            (roles(&[script::FINANCE]), 10, vec!["b"]),
            (roles(&[script::FINANCE, words::FALLBACK]), 10, vec!["a", "b", "d"]),
            (roles(&["nobody's"]), 10, vec![]),
        ] {
            assert_eq!(texts(&store.ready_work(filter, limit).await.unwrap()), expected);
        }
        assert_eq!(store.leased().await.unwrap(), [(id("c"), Fence(1))]);
    });
}

#[test]
fn what_is_due_comes_earliest_first() {
    House::new().store(async |store| {
        for (text, level, now) in
            [("late", Level::Low, at(600)), ("early", Level::Low, NOON), ("first", Level::High, at(60))]
        {
            put(&store, birth(&id(text), Who::Mei, level, now)).await;
        }
        let ended = born(&store, "ended").await;
        put(&store, withdraw(&ended, NOON)).await;
        let due = async |now, limit| {
            let due = store.due(now, limit).await.unwrap();
            texts(&due).join(" ")
        };
        assert_eq!(due(at(659), 10).await, "");
        assert_eq!(due(at(660), 10).await, "first");
        assert_eq!(due(at(86_400), 10).await, "first early late");
        assert_eq!(due(at(86_400), 2).await, "first early");
    });
}

#[test]
fn cleaning_removes_tasks_and_keeps_their_history_and_their_names() {
    House::new().store(async |store| {
        let (old, young, open) = (born(&store, "old").await, born(&store, "young").await, born(&store, "open").await);
        let old = put(&store, withdraw(&old, at(10))).await;
        let young = put(&store, withdraw(&young, at(20))).await;
        let chunk = OutputChunk { fence: Fence(1), seq: 1, stream: Stream::Stdout, data: "x".to_owned() };
        store.append_output(&old.id, chunk).await.unwrap();
        put(&store, with_key("keyed", "k", NOON)).await;
        let (events, lines) = (store.events(&old.id).await.unwrap(), audit_lines(&store).await);

        assert_eq!(store.clean(at(20), at(0), 10).await, Ok(1), "only what ended before");
        assert_eq!(store.task(&old.id).await.unwrap(), None);
        assert_eq!(store.task(&young.id).await.unwrap(), Some(young));
        assert_eq!(store.task(&open.id).await.unwrap(), Some(open));
        assert_eq!(store.events(&old.id).await.unwrap(), events);
        assert_eq!(audit_lines(&store).await, lines);
        assert_eq!(store.output(&old.id, Fence(1), 0, 10).await.unwrap(), []);
        let again = birth(&old.id, Who::Mei, Level::Low, at(30));
        assert_eq!(store.commit(again).await, Err(Error::TaskExists), "its name cannot be taken again");
        assert_eq!(store.task(&old.id).await.unwrap(), None);
        assert!(store.idempotency("mei", "k", at(0)).await.unwrap().is_some());

        assert_eq!(store.clean(at(100), at(86_401), 10).await, Ok(1));
        assert_eq!(store.idempotency("mei", "k", at(0)).await.unwrap(), None, "keys that ran out go too");
        assert_eq!(store.clean(at(100), at(86_401), 10).await, Ok(0));
        assert_whole(&store).await;
    });
}

#[test]
fn a_chunk_of_output_is_kept_once() {
    House::new().store(async |store| {
        let task = born(&store, "a").await.id.clone();
        let chunk = |fence, seq, data: &str| OutputChunk {
            fence: Fence(fence),
            seq,
            stream: if seq == 2 { Stream::Stderr } else { Stream::Stdout },
            data: data.to_owned(),
        };
        for (fence, seq, data) in [(1, 1, "one"), (1, 2, "two"), (1, 1, "again"), (2, 1, "other run"), (1, 3, "three")]
        {
            store.append_output(&task, chunk(fence, seq, data)).await.unwrap();
        }
        let all = [chunk(1, 1, "one"), chunk(1, 2, "two"), chunk(1, 3, "three")];
        assert_eq!(store.output(&task, Fence(1), 0, 10).await.unwrap(), all);
        assert_eq!(store.output(&task, Fence(1), 1, 1).await.unwrap(), all[1..2]);
        assert_eq!(store.output(&task, Fence(2), 0, 10).await.unwrap(), [chunk(2, 1, "other run")]);
    });
}

fn record() -> Change {
    Change::record(engine_entry(NOON, "key.test", json!({})))
}

#[test]
fn keys_are_added_once_and_stay_when_revoked() {
    House::new().store(async |store| {
        let text = key::text([1; 4], [2; 32]);
        let ci = key::Record::new("ci", &["submitter".to_owned()], &text, NOON, None).unwrap();
        let add = Change { add_key: Some(ci.clone()), ..record() };
        assert_eq!(store.apply(add.clone()).await, Ok(()));
        assert_eq!(store.apply(add).await, Err(Error::KeyExists));
        let revoke = |name: &str, now| Change { revoke_key: Some((name.to_owned(), now)), ..record() };
        assert_eq!(store.apply(revoke("nobody", at(1))).await, Err(Error::NoSuchKey));
        assert_eq!(store.apply(revoke("ci", at(1))).await, Ok(()));
        assert_eq!(store.apply(revoke("ci", at(2))).await, Ok(()));
        assert_eq!(store.keys().await.unwrap(), [key::Record { revoked_at: Some(at(1)), ..ci }]);
        assert_eq!(audit_lines(&store).await.len(), 3, "a line for each change, none for a refusal");
        assert_whole(&store).await;
    });
}

#[test]
fn a_setting_is_replaced_and_survives() {
    let house = House::new();
    let setting = |value: &str| Setting { value: value.to_owned(), origin: Digest::of(value.as_bytes()) };
    house.store(async |store| {
        assert_eq!(store.setting("policy").await.unwrap(), None);
        for value in ["one", "two"] {
            let change = Change { setting: Some(("policy".to_owned(), setting(value))), ..record() };
            store.apply(change).await.unwrap();
        }
        assert_eq!(store.setting("policy").await.unwrap(), Some(setting("two")));
    });
    house.store(async |store| assert_eq!(store.setting("policy").await.unwrap(), Some(setting("two"))));
}

#[test]
fn what_was_committed_is_there_after_an_end_without_a_word() {
    let house = House::new();
    let number = house.store(async |store| {
        let number = store.next_task_number();
        let commit = birth(&id("a"), Who::Mei, Level::Low, NOON);
        let new = Some(NewTask { number: Some(number), ..NewTask::default() });
        put(&store, Commit { new, ..commit }).await;
        number
    });
    house.store(async |store| {
        assert_eq!(all_tasks(&store).await.len(), 1);
        assert_eq!(*store.position().borrow(), Seq(1));
        assert!(store.next_task_number() > number, "a number is not given twice");
        born(&store, "b").await;
        assert_whole(&store).await;
    });
}

#[test]
fn after_close_nothing_more_is_written() {
    let house = House::new();
    house.store(async |store| {
        let accepted: Vec<_> = (0..300).map(|n| birth(&id(&format!("T-{n}")), Who::Mei, Level::Low, NOON)).collect();
        let writes = join_all(accepted.into_iter().map(|commit| store.commit(commit)));
        let (results, ()) = futures_util::join!(writes, store.close());
        assert!(results.iter().all(Result::is_ok), "what was accepted before is written");
        let late = store.commit(birth(&id("late"), Who::Mei, Level::Low, NOON)).await;
        assert_eq!(late, Err(Error::Unavailable));
    });
    house.store(async |store| assert_eq!(all_tasks(&store).await.len(), 300));
}

#[test]
fn a_store_that_is_sealed_already_is_closed_without_complaint() {
    let house = House::new();
    house.store(async |store| {
        drop(born(&store, "a").await);
        // Its writer is gone, or about to be: either is as it should be.
        for _ in 0..3 {
            assert_eq!(store.seal().await, Ok(()));
        }
        assert_eq!(all_tasks(&store).await.len(), 1, "what is there can still be read");
    });
}

#[test]
fn a_folder_is_opened_by_one_at_a_time() {
    let house = House::new();
    let folder = house.folder.path().join("data");
    house.store(async |_store| {
        let error = hermes_actors::store::sqlite::SqliteStore::prepare(&folder).err().unwrap().to_string();
        let says = format!(
            "another hermes has the data folder {} open; stop it first, or use another APPROVAL_HOME",
            folder.display()
        );
        assert_eq!(error, says);
    });
}

fn refused(house: &House) -> String {
    support::in_a_system(async || house.open().err().unwrap().to_string())
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let house = House::new();
    house.store(async |store| drop(born(&store, "a").await));
    let set = |version: i64| {
        let connection = rusqlite::Connection::open(house.database()).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
    };
    set(3);
    let says = "the database was written by a newer hermes (schema 3, this one knows 2); use that version";
    assert_eq!(refused(&house), says);
    set(2);
    house.store(async |store| assert_eq!(all_tasks(&store).await.len(), 1));
}

#[test]
fn a_database_of_an_older_program_is_brought_up_to_date() {
    let house = House::new();
    house.store(async |store| drop(born(&store, "a").await));
    let connection = rusqlite::Connection::open(house.database()).unwrap();
    connection.execute_batch("DROP TABLE card; DROP TABLE callback; PRAGMA user_version = 1;").unwrap();
    drop(connection);
    house.store(async |store| {
        assert_eq!(all_tasks(&store).await.len(), 1);
        put(&store, shown(birth(&id("b"), Who::Mei, Level::Low, NOON), &["chat_id:oc_c"])).await;
        assert_eq!(store.cards_due(NOON, 9).await.unwrap().len(), 1);
    });
}

#[test]
fn a_database_of_somebody_else_is_refused_and_left_alone() {
    let house = House::new();
    std::fs::create_dir_all(house.database().parent().unwrap()).unwrap();
    let foreign = rusqlite::Connection::open(house.database()).unwrap();
    foreign.execute_batch("CREATE TABLE invoice (id INTEGER); PRAGMA user_version = 1;").unwrap();
    drop(foreign);
    let before = std::fs::read(house.database()).unwrap();
    let says = format!(
        "{} is not a database of hermes; move it away, or use another APPROVAL_HOME",
        house.database().display()
    );
    assert_eq!(refused(&house), says);
    assert_eq!(std::fs::read(house.database()).unwrap(), before);
    std::fs::write(house.database(), "this is no database at all, but it is long enough to be looked at".repeat(20))
        .unwrap();
    assert!(refused(&house).contains("cannot be opened"));
}
