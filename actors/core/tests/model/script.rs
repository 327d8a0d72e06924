//! Random scripts: what somebody tries with a task, step by step, said so that it can be put to the reference model, to
//! `decide` and to the running actors alike.

use std::collections::{BTreeMap, BTreeSet};

use hermes_core::access::{Actor, ActorKind, Principal, Role, Via, WorkScope};
use hermes_core::id::{Digest, Fence, LeaseId, TaskId, Version};
use hermes_core::policy::{LevelRules, Levels, Person, Policy, Span};
use hermes_core::risk::{Assessment, Level};
use hermes_core::task::{Action, Ballot, Command, Report, State, Submission, Task, Terms, Verdict};
use hermes_core::time::{Millis, Timestamp};
use hermes_core::wire::work::Finish;
use proptest::prelude::*;

use crate::words::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Submits only.
    Mei,
    /// Submits and approves; the same person as `ZhangByCard`.
    Zhang,
    ZhangByCard,
    Li,
    Boss,
    Auditor,
    WorkerA,
    WorkerB,
    Nobody,
}

impl Who {
    pub const fn somebody(self) -> Somebody {
        const NONE: Somebody = Somebody {
            person: "",
            key: "",
            submitter: false,
            approver: false,
            admin: false,
            auditor: false,
            serves: &[],
        };
        match self {
            Self::Mei => Somebody { person: "mei", key: "mei", submitter: true, ..NONE },
            Self::Zhang => Somebody { person: "Zhang", key: "zhang", submitter: true, approver: true, ..NONE },
            Self::ZhangByCard => Somebody { person: "Zhang", key: "ou_zhang", approver: true, ..NONE },
            Self::Li => Somebody { person: "li", key: "li", approver: true, ..NONE },
            Self::Boss => Somebody { person: "boss", key: "boss", admin: true, ..NONE },
            Self::Auditor => Somebody { person: "audit", key: "audit", auditor: true, ..NONE },
            Self::WorkerA => Somebody { person: "wa", key: "wa", serves: &[FALLBACK], ..NONE },
            Self::WorkerB => Somebody { person: "wb", key: "wb", serves: &[FALLBACK, FINANCE], ..NONE },
            Self::Nobody => Somebody { person: "nobody", key: "nobody", ..NONE },
        }
    }

    pub fn principal(self) -> Principal {
        let who = self.somebody();
        let kind = if self == Self::ZhangByCard { ActorKind::Feishu } else { ActorKind::Key };
        let roles = [
            (who.submitter, Role::Submitter),
            (who.approver, Role::Approver),
            (who.admin, Role::Admin),
            (who.auditor, Role::Auditor),
            (!who.serves.is_empty(), Role::Worker),
        ];
        let roles = roles.into_iter().filter(|(has, _)| *has).map(|(_, role)| role).collect();
        let work = match who.serves {
            [] => WorkScope::Nothing,
            serves => WorkScope::Only(serves.iter().map(|role| (*role).to_owned()).collect()),
        };
        Principal { actor: Actor { kind, id: who.key.to_owned() }, roles, work }
    }
}

pub const FINANCE: &str = "finance-worker";

/// The digest that a decider names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Unsaid,
    Right,
    Wrong,
}

/// Which of the leases given so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Last,
    First,
    NeverGiven,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    None,
    Fence,
    Command,
}

#[derive(Debug, Clone)]
pub enum Step {
    Approve(Who, Seen),
    Reject(Who, Seen, &'static str),
    RequestChange(Who, Seen, &'static str),
    Escalate(Who, Seen),
    Resubmit(Who, &'static str, Level),
    Withdraw(Who),
    Dispatch(Who, Option<&'static str>),
    Lease(Who),
    Start(Who, Which, Slip),
    Finish(Who, Which, Slip, How),
    ExpireLease(Which),
    Verify(Who),
    Report(Who, Option<State>),
    Deadline,
    /// Time goes by; also backwards, as clocks do.
    Wait(i64),
    /// The step, for a version that is not the task's.
    Stale(Box<Step>),
}

#[derive(Debug, Clone)]
pub struct Script {
    pub rules: Rules,
    pub submitter: Who,
    pub claimed: Option<&'static str>,
    /// The first grade; not below what is declared.
    pub level: Level,
    pub declared: Option<Level>,
    pub steps: Vec<Step>,
}

fn who() -> impl Strategy<Value = Who> {
    use Who::*;
    prop_oneof![
        2 => Just(Mei), 3 => Just(Zhang), 3 => Just(ZhangByCard), 4 => Just(Li), 5 => Just(Boss),
        1 => Just(Auditor), 1 => Just(WorkerA), 1 => Just(Nobody)
    ]
}

fn owner() -> impl Strategy<Value = Who> {
    prop_oneof![3 => Just(Who::Mei), 2 => Just(Who::Zhang), 1 => Just(Who::Boss), 1 => Just(Who::Li)]
}

fn worker() -> impl Strategy<Value = Who> {
    prop_oneof![4 => Just(Who::WorkerA), 4 => Just(Who::WorkerB), 1 => Just(Who::Boss)]
}

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![4 => Just(Seen::Unsaid), 4 => Just(Seen::Right), 1 => Just(Seen::Wrong)]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![8 => Just(Which::Last), 1 => Just(Which::First), 1 => Just(Which::NeverGiven)]
}

fn slip() -> impl Strategy<Value = Slip> {
    prop_oneof![8 => Just(Slip::None), 1 => Just(Slip::Fence), 1 => Just(Slip::Command)]
}

fn how() -> impl Strategy<Value = How> {
    use How::*;
    prop_oneof![
        2 => Just(Zero), 2 => Just(NonZero), 1 => Just(Signal), 1 => Just(TimedOut), 1 => Just(Error), 4 => Just(NotRun),
        1 => Just(Nonsense)
    ]
}

fn level() -> impl Strategy<Value = Level> {
    proptest::sample::select(Level::ALL.to_vec())
}

fn reason() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("not on a Friday"), 1 => Just(" ")]
}

fn status() -> impl Strategy<Value = Option<State>> {
    proptest::option::weighted(0.9, proptest::sample::select(State::ALL.to_vec()))
}

fn wait() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(1),
        Just(599),
        Just(GRACE),
        Just(MAY_RUN),
        Just(ALERT),
        Just(HIGH_REJECT),
        Just(REJECT),
        Just(START_WITHIN),
        Just(-ALERT)
    ]
}

fn plain_step() -> impl Strategy<Value = Step> {
    let assignee = prop_oneof![Just(None), Just(Some(FINANCE)), Just(Some(FALLBACK)), Just(Some("no/role"))];
    let text = prop_oneof![Just("uptime"), Just("uptime -p"), Just("df -h"), Just("  ")];
    prop_oneof![
        6 => (who(), seen()).prop_map(|(who, seen)| Step::Approve(who, seen)),
        1 => (who(), seen(), reason()).prop_map(|(who, seen, why)| Step::Reject(who, seen, why)),
        2 => (who(), seen(), reason()).prop_map(|(who, seen, why)| Step::RequestChange(who, seen, why)),
        1 => (who(), seen()).prop_map(|(who, seen)| Step::Escalate(who, seen)),
        3 => (owner(), text, level()).prop_map(|(who, text, level)| Step::Resubmit(who, text, level)),
        1 => owner().prop_map(Step::Withdraw),
        2 => (who(), assignee).prop_map(|(who, to)| Step::Dispatch(who, to)),
        8 => worker().prop_map(Step::Lease),
        5 => (worker(), which(), slip()).prop_map(|(who, which, slip)| Step::Start(who, which, slip)),
        6 => (worker(), which(), slip(), how()).prop_map(|(who, which, slip, how)| Step::Finish(who, which, slip, how)),
        2 => which().prop_map(Step::ExpireLease),
        2 => who().prop_map(Step::Verify),
        1 => (who(), status()).prop_map(|(who, status)| Step::Report(who, status)),
        2 => Just(Step::Deadline),
        2 => wait().prop_map(Step::Wait),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (plain_step(), proptest::bool::weighted(0.04)).prop_map(|(step, stale)| match (stale, &step) {
        (false, _) | (true, Step::Deadline | Step::Wait(_) | Step::ExpireLease(_)) => step,
        (true, _) => Step::Stale(Box::new(step)),
    })
}

pub fn script(longest: usize) -> impl Strategy<Value = Script> {
    let rules = (proptest::bool::weighted(0.25), 1..=2_usize, 1..=2_usize, proptest::bool::weighted(0.8));
    let rules = rules.prop_map(|(self_approval, approvals, refusals, auto_dispatch)| Rules {
        self_approval,
        approvals,
        refusals,
        auto_dispatch,
    });
    let submitter = prop_oneof![4 => Just(Who::Mei), 2 => Just(Who::Zhang), 1 => Just(Who::Boss)];
    let claimed = prop_oneof![4 => Just(None), 1 => Just(Some("ou_zhang"))];
    let steps = proptest::collection::vec(step(), longest / 2..=longest);
    let steps = (proptest::bool::weighted(0.1), steps).prop_map(|(stubborn, steps)| match stubborn {
        true => a_stubborn_worker().chain(steps).collect(),
        false => steps,
    });
    let declared = prop_oneof![4 => Just(None), 1 => level().prop_map(Some)];
    (rules, submitter, claimed, level(), declared, steps).prop_map(
        |(rules, submitter, claimed, level, declared, steps)| {
            let level = declared.map_or(level, |declared| level.max(declared));
            Script { rules, submitter, claimed, level, declared, steps }
        },
    )
}

/// Takes it and gives it back until the engine gives up, which chance alone would hardly come to.
fn a_stubborn_worker() -> impl Iterator<Item = Step> {
    let approvals = [Who::Boss, Who::Li].map(|who| Step::Approve(who, Seen::Right));
    let round = [Step::Lease(Who::WorkerA), Step::Finish(Who::WorkerA, Which::Last, Slip::None, How::NotRun)];
    approvals.into_iter().chain(std::iter::repeat_n(round, MOST_ATTEMPTS as usize).flatten())
}

/// One script being played: the model, and what is known of the leases that were given.
pub struct Play {
    pub model: Model,
    pub leases: Vec<LeaseId>,
}

pub const COMMAND: &str = "systemctl restart billing";

impl Play {
    pub fn new(script: &Script, now: Timestamp) -> Self {
        let claimed = script.claimed.map(|_| "Zhang");
        let by = script.submitter.somebody();
        let model = Model::new(script.rules, now.0 / 1_000_000, script.level, by, claimed);
        Self { model: Model { declared: script.declared, ..model }, leases: Vec::new() }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.model.now * 1_000_000)
    }

    /// What the model says: whether it is accepted.
    pub fn ask_model(&mut self, step: &Step) -> bool {
        let lease = |which: Which| match which {
            Which::Last => self.leases.len() as u64,
            Which::First => self.leases.len().min(1) as u64,
            Which::NeverGiven => 0,
        };
        let model = &mut self.model;
        match step {
            Step::Approve(who, seen) => model.approve(who.somebody(), *seen != Seen::Wrong),
            Step::Reject(who, seen, why) => model.reject(who.somebody(), *seen != Seen::Wrong, !why.trim().is_empty()),
            Step::RequestChange(who, seen, why) => {
                model.request_change(who.somebody(), *seen != Seen::Wrong, !why.trim().is_empty())
            }
            Step::Escalate(who, seen) => model.escalate(who.somebody(), *seen != Seen::Wrong),
            Step::Resubmit(who, text, level) => model.resubmit(who.somebody(), *level, text.trim().is_empty()),
            Step::Withdraw(who) => model.withdraw(who.somebody()),
            Step::Dispatch(who, to) => model.dispatch(who.somebody(), to.unwrap_or(FALLBACK)),
            Step::Lease(who) => model.take(who.somebody()),
            Step::Start(who, which, slip) => {
                model.start(who.somebody(), lease(*which), *slip != Slip::Fence, *slip != Slip::Command)
            }
            Step::Finish(who, which, slip, how) => {
                model.finish(who.somebody(), lease(*which), *slip != Slip::Fence, *how)
            }
            Step::ExpireLease(which) => model.expire_lease(lease(*which)),
            Step::Verify(who) => model.verify(who.somebody()),
            Step::Report(who, status) => model.report(who.somebody(), *status),
            Step::Deadline => model.reach_deadline(),
            Step::Wait(seconds) => {
                model.now += seconds;
                true
            }
            Step::Stale(_) => false,
        }
    }

    /// The step as the command that the engine gets; none if it is no command.
    pub fn command(&self, task: &Task, step: &Step) -> Option<Command> {
        let (by, expected_version, step) = match step {
            Step::Stale(inner) => (actor_of(inner), Some(Version(task.version.0 + 1)), &**inner),
            _ => (actor_of(step), Some(task.version), step),
        };
        let via = Via::Api;
        Some(Command { by, via, now: self.now(), expected_version, action: self.action(task, step)? })
    }

    fn action(&self, task: &Task, step: &Step) -> Option<Action> {
        let ballot = |seen: &Seen, reason: &str| Ballot {
            reason: reason.to_owned(),
            command_sha256: match seen {
                Seen::Unsaid => None,
                Seen::Right => Some(Digest::of(task.command.as_bytes())),
                Seen::Wrong => Some(Digest::of(b"another command")),
            },
        };
        Some(match step {
            Step::Approve(_, seen) => Action::Approve(ballot(seen, "")),
            Step::Reject(_, seen, why) => Action::Reject(ballot(seen, why)),
            Step::RequestChange(_, seen, why) => Action::RequestChange(ballot(seen, why)),
            Step::Escalate(_, seen) => Action::Escalate(ballot(seen, "")),
            Step::Resubmit(_, text, level) => {
                Action::Resubmit { command: (*text).to_owned(), description: None, risk: graded(*level) }
            }
            Step::Withdraw(_) => Action::Withdraw { reason: "no longer needed".to_owned() },
            Step::Dispatch(_, to) => Action::Dispatch { assignee: to.map(str::to_owned) },
            Step::Lease(who) => Action::Lease { worker: who.somebody().key.to_owned(), secret: [7; 16] },
            Step::Start(_, which, slip) => self.start(task, *which, *slip),
            Step::Finish(who, which, slip, how) => self.finish(task, *who, *which, *slip, *how),
            Step::ExpireLease(which) => Action::ExpireLease { fence: self.lease(task, *which).1 },
            Step::Verify(_) => Action::Verify {
                verdict: Some(Verdict::Pass),
                note: String::new(),
                expect: None,
                stdout: String::new(),
            },
            Step::Report(_, status) => Action::Report(Report { status: *status, ..Report::default() }),
            Step::Deadline => Action::ReachDeadline,
            Step::Wait(_) | Step::Stale(_) => return None,
        })
    }

    fn lease(&self, task: &Task, which: Which) -> (LeaseId, Fence) {
        let never = || (LeaseId::new(&task.id, Fence(99), [9; 16]), Fence(99));
        let at = |index: usize| self.leases.get(index).map(|id| (id.clone(), Fence(index as u64 + 1)));
        match which {
            Which::Last => self.leases.len().checked_sub(1).and_then(at),
            Which::First => at(0),
            Which::NeverGiven => None,
        }
        .unwrap_or_else(never)
    }

    fn start(&self, task: &Task, which: Which, slip: Slip) -> Action {
        let (lease, fence) = self.lease(task, which);
        Action::Start {
            lease,
            fence: if slip == Slip::Fence { fence.next() } else { fence },
            revision: task.revision,
            command_sha256: if slip == Slip::Command { Digest::of(b"swapped") } else { task.command_sha256 },
            timeout: Millis::from_secs(MAY_RUN as u64 * 2),
        }
    }

    fn finish(&self, task: &Task, who: Who, which: Which, slip: Slip, how: How) -> Action {
        let (lease, fence) = self.lease(task, which);
        let fence = if slip == Slip::Fence { fence.next() } else { fence };
        let report = Finish { worker: who.somebody().key.to_owned(), fence, ..Finish::default() };
        let report = match how {
            How::Zero => Finish { exit_code: Some(0), ..report },
            How::NonZero => Finish { exit_code: Some(2), ..report },
            How::Signal => Finish { signal: Some(9), ..report },
            How::TimedOut => Finish { signal: Some(15), timed_out: true, ..report },
            How::Error => Finish { error: Some("outcome_unknown".to_owned()), ..report },
            How::NotRun => Finish { not_run: Some("late_start".to_owned()), ..report },
            How::Nonsense => Finish { exit_code: Some(0), not_run: Some("both".to_owned()), ..report },
        };
        Action::Finish { lease, report, log: String::new() }
    }

    /// Says where the task and the model differ.
    pub fn compare(&mut self, task: &Task) -> Result<(), TestCaseError> {
        let model = &self.model;
        let at = |at: Option<Timestamp>| at.map(|at| at.0 / 1_000_000);
        let due = &task.deadlines;
        let times = Times {
            alert_at: at(due.alert_at),
            reject_at: at(due.reject_at),
            start_by: at(due.start_by),
            finish_by: at(due.finish_by),
        };
        let people = |choice| {
            let of = |vote: &&hermes_core::task::Vote| vote.choice == choice;
            task.votes.iter().filter(of).map(|vote| vote.person.as_str()).collect::<BTreeSet<_>>()
        };
        let held = task.lease.as_ref().map(|lease| (lease.fence.0, lease.key.as_str(), lease.started_at.is_some()));
        prop_assert_eq!(task.state, model.state);
        prop_assert_eq!(task.outcome, model.outcome);
        prop_assert_eq!(task.revision.0, model.revision);
        prop_assert_eq!(task.risk.level, model.level);
        prop_assert_eq!(times, model.times);
        prop_assert_eq!(people(hermes_core::task::VoteChoice::Approve), model.yes.clone());
        prop_assert_eq!(people(hermes_core::task::VoteChoice::Reject), model.no.clone());
        prop_assert_eq!(held, model.lease.map(|held| (held.fence, held.key, held.started)));
        prop_assert_eq!(task.dispatch.as_ref().map(|to| to.assignee.as_str()), model.assignee);
        prop_assert_eq!(task.command_sha256, Digest::of(task.command.as_bytes()));
        if let Some(lease) = task.lease.as_ref().filter(|lease| lease.fence.0 > self.leases.len() as u64) {
            self.leases.push(lease.id.clone());
        }
        Ok(())
    }
}

fn actor_of(step: &Step) -> Principal {
    match step {
        Step::Approve(who, ..)
        | Step::Reject(who, ..)
        | Step::RequestChange(who, ..)
        | Step::Escalate(who, _)
        | Step::Resubmit(who, ..)
        | Step::Withdraw(who)
        | Step::Dispatch(who, _)
        | Step::Lease(who)
        | Step::Start(who, ..)
        | Step::Finish(who, ..)
        | Step::Verify(who)
        | Step::Report(who, _) => who.principal(),
        Step::ExpireLease(_) => Principal::system("lease"),
        Step::Deadline | Step::Wait(_) => Principal::system("deadline"),
        Step::Stale(inner) => actor_of(inner),
    }
}

pub fn graded(level: Level) -> Assessment {
    Assessment { level, ..Assessment::default() }
}

pub fn submission(script: &Script) -> Submission {
    let submitter_open_id = script.claimed.unwrap_or_default().to_owned();
    let risk_level = script.declared;
    Submission { command: COMMAND.to_owned(), submitter_open_id, risk_level, ..Submission::default() }
}

pub fn terms(rules: Rules) -> Terms {
    let span = |seconds: i64| Span(Millis::from_secs(seconds as u64));
    let (approvals, refusals) = (rules.approvals as u32, rules.refusals as u32);
    let usual = LevelRules { approvals, refusals, alert: span(ALERT), reject: span(REJECT) };
    let high = LevelRules { alert: span(HIGH_ALERT), reject: span(HIGH_REJECT), ..usual };
    let zhang = Person {
        keys: ["zhang".to_owned()].into(),
        open_ids: ["ou_zhang".to_owned()].into(),
        roles: [Role::Approver].into(),
    };
    let policy = Policy {
        allow_self_approval: rules.self_approval,
        auto_dispatch: rules.auto_dispatch,
        start_within: span(START_WITHIN),
        people: BTreeMap::from([("Zhang".to_owned(), zhang)]),
        levels: Levels { low: usual, medium: usual, high },
        ..Policy::default()
    };
    policy.check().unwrap();
    Terms {
        policy,
        fallback_assignee: FALLBACK.to_owned(),
        execution_timeout: Millis::from_secs(MAY_RUN as u64),
        execution_grace: Millis::from_secs(GRACE as u64),
    }
}

pub fn task_id(number: u64) -> TaskId {
    TaskId::parse(&format!("TASK-{number:04}")).unwrap()
}
