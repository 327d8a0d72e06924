//! The people: they submit, decide, change their minds and wait, without a pause, through every crash.
//!
//! What is not answered is asked again, as a careful client does; what is answered with a 2xx is remembered.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hermes_approval::client::{Client, Error};
use hermes_core::id::{Fence, Version};
use hermes_core::wire::task::{CreateTask, Decision, DecisionAction, Resubmit, TaskAnswer, TaskList, Withdraw};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::acks::Acks;
use crate::checker::Ack;
use crate::errands::{Keys, wait_for};
use crate::hand::Hand;
use crate::processes::{LIMIT, ROLE, ROOT_KEY, Site};
use crate::random::Random;

/// Agents that submit at the same time.
const AGENTS: u64 = 10;

/// The sub-agent role of the executor that is a part of this test.
pub(crate) const BY_HAND: &str = "hand";

/// What several threads share.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) acks: Acks,
    /// Nothing new is submitted from then on.
    pub(crate) enough: AtomicBool,
    marks: AtomicU64,
    /// Refusals by their code.
    pub(crate) refusals: std::sync::Mutex<BTreeMap<String, u64>>,
}

/// Everybody, on one thread, until there is enough.
pub(crate) fn work(site: &Site, keys: &Keys, shared: &Arc<Shared>, random: &mut Random) {
    wait_for(async {
        let mut people = JoinSet::new();
        for _ in 0..AGENTS {
            let agent = Agent::new(site, keys, shared.clone(), random.split());
            people.spawn_local(async move { agent.live().await });
        }
        let hand = Hand::new(site, keys, shared.clone(), random.split());
        people.spawn_local(hand.live());
        while let Some(ended) = people.join_next().await {
            ended.unwrap();
        }
    });
}

/// Waits until no task is left that has not ended.
pub(crate) fn until_all_final(site: &Site) {
    wait_for(async {
        let root = site.client(ROOT_KEY);
        let deadline = Instant::now() + LIMIT;
        let mut pace = interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            let path = "/api/tasks?status=pending,approved,modify,admin,executing&limit=5";
            let list: TaskList = root.get(path).answer().await.unwrap();
            if list.total == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "{} tasks are stuck: {:#?}", list.total, list.tasks);
        }
    });
}

impl Shared {
    /// Repeats a request until it has a last answer; none if that was a refusal.
    pub(crate) async fn insist<T>(&self, request: impl AsyncFn() -> Result<T, Error>) -> Option<T> {
        let deadline = Instant::now() + LIMIT;
        let mut pace = interval(Duration::from_millis(5));
        loop {
            pace.tick().await;
            match request().await {
                Ok(answer) => return Some(answer),
                Err(Error::Refused { code, status, .. }) if status < 500 => {
                    *self.refusals.lock().unwrap().entry(code).or_default() += 1;
                    return None;
                }
                Err(error) => assert!(Instant::now() < deadline, "never answered: {error}"),
            }
        }
    }
}

/// Somebody who submits, and the one who decides on it.
struct Agent {
    agent: Client,
    chief: Client,
    runs_as: Box<dyn Fn(&str) -> String>,
    shared: Arc<Shared>,
    random: RefCell<Random>,
}

/// What is to become of a task.
#[derive(Debug, Clone, Copy)]
enum Plan {
    Run,
    RunByHand,
    Reject,
    Withdraw,
    Change,
    Overrun,
    Forget,
}

impl Agent {
    fn new(site: &Site, keys: &Keys, shared: Arc<Shared>, random: Random) -> Rc<Self> {
        let before = site.command("MARK");
        Rc::new(Self {
            agent: site.client(&keys.agent),
            chief: site.client(&keys.chief),
            runs_as: Box::new(move |mark| before.replace("MARK", mark)),
            shared,
            random: RefCell::new(random),
        })
    }

    async fn live(self: Rc<Self>) {
        while !self.shared.enough.load(Ordering::SeqCst) {
            self.one_task().await;
        }
    }

    fn plan(&self) -> Plan {
        match self.random.borrow_mut().between(0, 99) {
            0..55 => Plan::Run,
            55..75 => Plan::RunByHand,
            75..82 => Plan::Reject,
            82..88 => Plan::Withdraw,
            88..94 => Plan::Change,
            94..96 => Plan::Overrun,
            _ => Plan::Forget,
        }
    }

    async fn one_task(&self) {
        let plan = self.plan();
        let Some(id) = self.submit(plan).await else { return };
        match plan {
            Plan::Run | Plan::RunByHand | Plan::Overrun => self.approve_and_wait(&id).await,
            Plan::Reject => self.decide(&id, DecisionAction::Reject, &["rejected"]).await,
            Plan::Withdraw => self.withdraw(&id).await,
            Plan::Change => {
                self.decide(&id, DecisionAction::Modify, &["change_requested"]).await;
                self.resubmit(&id).await;
                self.approve_and_wait(&id).await;
            }
            Plan::Forget => {}
        }
    }

    fn mark(&self) -> String {
        format!("M{}", self.shared.marks.fetch_add(1, Ordering::SeqCst))
    }

    /// Half of the tasks bring their own id, the others an idempotency key: either makes a repeat safe.
    async fn submit(&self, plan: Plan) -> Option<String> {
        let mark = self.mark();
        let own_id = self.random.borrow_mut().percent(50).then(|| format!("task-{mark}"));
        let role = if matches!(plan, Plan::RunByHand) { BY_HAND } else { ROLE };
        let mut command = (self.runs_as)(&mark);
        if matches!(plan, Plan::Overrun) {
            command.push_str("; sleep 5");
        }
        let body = CreateTask {
            command: Some(command),
            target_executor: Some(role.to_owned()),
            task_id: own_id.clone(),
            ..CreateTask::default()
        };
        let create = async || {
            let call = self.agent.post("/api/tasks").json(&body)?;
            let call = if own_id.is_none() { call.header("Idempotency-Key", &mark) } else { call };
            call.answer::<TaskAnswer>().await
        };
        let task = self.shared.insist(create).await?.task;
        self.note(&task.task_id, &["created"], task.version, Some(mark.clone()));
        Some(task.task_id)
    }

    fn note(&self, task: &str, kinds: &'static [&'static str], version: Version, mark: Option<String>) {
        self.shared.acks.note(Ack { task: task.to_owned(), kinds, fence: None, version: Some(version), mark });
    }

    async fn write(
        &self,
        by: &Client,
        path: String,
        body: &impl serde::Serialize,
        kinds: &'static [&'static str],
        mark: Option<String>,
    ) {
        let answer = self.shared.insist(async || by.post(&path).json(body)?.answer::<TaskAnswer>().await).await;
        if let Some(TaskAnswer { task, .. }) = answer {
            self.note(&task.task_id, kinds, task.version, mark);
        }
    }

    async fn decide(&self, id: &str, action: DecisionAction, kinds: &'static [&'static str]) {
        let reason = Some("as planned".to_owned());
        let body = Decision { action, reason, expected_version: None, command_sha256: None };
        self.write(&self.chief, format!("/api/tasks/{id}/decision"), &body, kinds, None).await;
    }

    async fn withdraw(&self, id: &str) {
        let body = Withdraw { reason: Some("not needed".to_owned()), expected_version: None };
        self.write(&self.agent, format!("/api/tasks/{id}/withdraw"), &body, &["rejected"], None).await;
    }

    async fn resubmit(&self, id: &str) {
        let mark = self.mark();
        let body = Resubmit { command: Some((self.runs_as)(&mark)), ..Resubmit::default() };
        self.write(&self.agent, format!("/api/tasks/{id}/resubmit"), &body, &["resubmitted"], Some(mark)).await;
    }

    /// Approves, and waits for the end, so that no more is in hand than can be done.
    async fn approve_and_wait(&self, id: &str) {
        self.decide(id, DecisionAction::Approve, &["approved"]).await;
        let path = format!("/api/tasks/{id}/wait?until=finished&timeout=5");
        let ended = async || {
            let task = self.agent.get(&path).answer::<TaskAnswer>().await?.task;
            if task.status.is_final() { Ok(()) } else { Err(Error::Unknown(format!("{id} is {}", task.status))) }
        };
        self.shared.insist(ended).await;
    }
}

/// An answered write of whoever holds a lease.
pub(crate) fn lease_ack(task: &str, kinds: &'static [&'static str], fence: Fence) -> Ack {
    Ack { task: task.to_owned(), kinds, fence: Some(fence), version: None, mark: None }
}
