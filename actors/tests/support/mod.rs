//! A data folder, a clock that the test moves, and the real engine on both, as often as it is started.

pub mod proxy;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use hermes_actors::audit::AuditActor;
use hermes_actors::clock::ManualClock;
use hermes_actors::error::Error;
use hermes_actors::runtime::{Engine, Foundation, Setup, StartError};
use hermes_actors::settings::InForce;
use hermes_actors::store::sqlite::OpenError;
use hermes_actors::store::{AuditLine, NewTask, Query, Store};
use hermes_actors::task::{Carry, Submit};
use hermes_core::access::{Principal, Via};
use hermes_core::audit::{Expect, Verdict, verify};
use hermes_core::id::{Seq, TaskId};
use hermes_core::risk::{Level, Networks};
use hermes_core::task::{Action, Ballot, Command, State, Submission, Task, Terms, replay};
use hermes_core::time::{Millis, Timestamp};

use self::proxy::{Fate, Fates, Proxy};
use crate::script;
use crate::words::Rules;

pub const NOON: Timestamp = Timestamp(1_767_268_800_000_000);
pub const TTL: Millis = Millis::from_secs(30);
pub const RULES: Rules = Rules { self_approval: false, approvals: 1, refusals: 1, auto_dispatch: true };

/// Long enough for a busy machine; no test waits so long unless it fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct House {
    pub folder: tempfile::TempDir,
    pub clock: Arc<ManualClock>,
    pub terms: Terms,
    pub live_tasks: usize,
    pub fate: Fates,
}

impl House {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            clock: ManualClock::at(NOON),
            terms: script::terms(RULES),
            live_tasks: 0,
            fate: Arc::new(|_| Fate::Pass),
        }
    }

    pub fn audit_path(&self) -> PathBuf {
        AuditActor::path(self.folder.path())
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data").join("hermes.db")
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(Millis::from_secs(seconds as u64));
    }

    fn setup(&self) -> Setup {
        Setup {
            home: self.folder.path().to_owned(),
            readers: 2,
            live_tasks: self.live_tasks,
            lease_ttl: TTL,
            retention: Millis::from_secs(72 * 3600),
            cards: None,
        }
    }

    /// Opens the folder. The threads of an earlier life may take a moment to let go of it.
    pub fn open(&self) -> Result<Foundation, StartError> {
        let start = Instant::now();
        loop {
            match Foundation::open(self.setup(), self.clock.clone()) {
                Err(StartError::Folder(OpenError::Locked(_))) if start.elapsed() < PATIENCE => std::thread::yield_now(),
                opened => return opened.map(|foundation| self.behind_a_proxy(foundation)),
            }
        }
    }

    fn behind_a_proxy(&self, mut foundation: Foundation) -> Foundation {
        let (real, fate, reading) = (foundation.store.clone(), self.fate.clone(), AtomicUsize::new(0));
        foundation.store = Arc::new(Proxy { real, fate, reading });
        foundation
    }

    pub async fn start(&self, foundation: Foundation) -> Result<Engine, StartError> {
        let networks = Networks::parse(&["10.0.0.0/24".to_owned()]).unwrap();
        foundation
            .start(InForce::new(self.terms.clone(), Default::default()), hermes_core::risk::Rules::builtin(), networks)
            .await
    }

    /// One life of the engine. It ends without a word, unless the story stops it in good order.
    pub fn life<T>(&self, story: impl AsyncFnOnce(Engine) -> T) -> T {
        in_a_system(async || {
            let engine = self.start(self.open().unwrap()).await.unwrap();
            let store = engine.store.clone();
            let told = story(engine).await;
            store.close().await;
            told
        })
    }

    /// An engine that does not start; what it says.
    pub fn refusal(&self) -> String {
        in_a_system(async || {
            let foundation = self.open().unwrap();
            let store = foundation.store.clone();
            let says = self.start(foundation).await.err().unwrap().to_string();
            store.close().await;
            says
        })
    }

    /// The store alone.
    pub fn store<T>(&self, story: impl AsyncFnOnce(Arc<dyn Store>) -> T) -> T {
        in_a_system(async || {
            let store = self.open().unwrap().store;
            let told = story(store.clone()).await;
            store.close().await;
            told
        })
    }
}

/// Runs a story in an actix system of its own, whose threads end with it.
pub fn in_a_system<T>(story: impl AsyncFnOnce() -> T) -> T {
    let system = actix::System::new();
    match catch_unwind(AssertUnwindSafe(|| system.block_on(story()))) {
        Ok(told) => {
            actix::System::current().stop();
            system.run().unwrap();
            told
        }
        Err(failure) => {
            // Taken down while a panic is on its way, it would only panic again and hide the first.
            std::mem::forget(system);
            resume_unwind(failure)
        }
    }
}

/// Waits for something that happens by itself; not for ever.
pub async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "waited too long until {what}");
        tokio::task::yield_now().await;
    }
}

/// Awaits something that comes by itself; not for ever.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

pub fn id(text: &str) -> TaskId {
    TaskId::parse(text).unwrap()
}

pub async fn submit(engine: &Engine, id: &TaskId, level: Level) -> Result<Arc<Task>, Error> {
    let message = Submit {
        by: script::Who::Mei.principal(),
        via: Via::Api,
        now: engine.clock.now(),
        submission: Submission { command: script::COMMAND.to_owned(), ..Submission::default() },
        peer_ip: String::new(),
        risk: script::graded(level),
        new: NewTask::default(),
    };
    engine.tasks.send(id.clone(), message).await
}

pub async fn carry(engine: &Engine, id: &TaskId, by: Principal, action: Action) -> Result<Arc<Task>, Error> {
    let command = Command { by, via: Via::Api, now: engine.clock.now(), expected_version: None, action };
    engine.tasks.send(id.clone(), Carry(command)).await
}

pub async fn approve(engine: &Engine, id: &TaskId) -> Result<Arc<Task>, Error> {
    carry(engine, id, script::Who::Li.principal(), Action::Approve(Ballot::default())).await
}

/// A task that was submitted and approved.
pub async fn approved(engine: &Engine, id: &TaskId) -> Arc<Task> {
    submit(engine, id, Level::Low).await.unwrap();
    approve(engine, id).await.unwrap()
}

pub async fn state(engine: &Engine, id: &TaskId) -> State {
    engine.store.task(id).await.unwrap().unwrap().state
}

pub async fn kinds(engine: &Engine, id: &TaskId) -> Vec<&'static str> {
    engine.store.events(id).await.unwrap().iter().map(|recorded| recorded.event.kind()).collect()
}

pub async fn all_tasks(store: &Arc<dyn Store>) -> Vec<Task> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = store.tasks(Query { before, limit: 100, ..Query::default() }).await.unwrap();
        all.extend(page.tasks);
        before = page.next;
        if before.is_none() {
            return all;
        }
    }
}

pub async fn audit_lines(store: &Arc<dyn Store>) -> Vec<AuditLine> {
    store.audit_lines(Seq(0), u32::MAX).await.unwrap()
}

/// Waits until nothing has been committed for a moment: a lease that nobody took may still be on its way back.
async fn until_at_rest(store: &Arc<dyn Store>) {
    let mut seen = store.audit_position().await.unwrap();
    loop {
        let moment = std::time::Duration::from_millis(50);
        let _always_elapsed = tokio::time::timeout(moment, std::future::pending::<()>()).await;
        let now = store.audit_position().await.unwrap();
        // The exported mark may move on; what counts is what was committed.
        if (now.seq, now.leaf) == (seen.seq, seen.leaf) {
            return;
        }
        seen = now;
    }
}

/// What must hold of a store at rest: I3, the counters, the chain, and that each event has its line.
pub async fn assert_whole(store: &Arc<dyn Store>) {
    until_at_rest(store).await;
    let tasks = all_tasks(store).await;
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.total, tasks.len() as u64);
    for state in State::ALL {
        let real = tasks.iter().filter(|task| task.state == state).count() as u64;
        assert_eq!(counts.by_state.get(&state).copied().unwrap_or(0), real, "counter of {state}");
    }
    let lines = audit_lines(store).await;
    let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
    let report = verify(text.as_bytes(), Expect::default()).unwrap();
    assert_eq!((report.verdict, report.lines), (Verdict::Intact, lines.len() as u64));
    let position = store.audit_position().await.unwrap();
    assert_eq!((position.seq.0, position.leaf), (report.lines, report.head));
    for task in &tasks {
        let history = store.events(&task.id).await.unwrap();
        assert_eq!(replay(&history).as_ref(), Ok(task), "I3: the row of {} is the sum of its events", task.id);
        let told = store.audit_tail(Some(&task.id), None, u32::MAX).await.unwrap();
        assert_eq!(told.len(), history.len(), "each event of {} has its line, and no line is without one", task.id);
    }
}
