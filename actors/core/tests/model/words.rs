//! What the reference model is made of, and the words that the scripts share with it.

use std::collections::BTreeSet;

use hermes_core::risk::Level;
use hermes_core::task::{Outcome, State};

/// Somebody, as far as the rules care.
#[derive(Debug, Clone, Copy)]
pub struct Somebody {
    pub person: &'static str,
    pub key: &'static str,
    pub submitter: bool,
    pub approver: bool,
    pub admin: bool,
    pub auditor: bool,
    pub serves: &'static [&'static str],
}

#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub self_approval: bool,
    pub approvals: usize,
    pub refusals: usize,
    pub auto_dispatch: bool,
}

/// How a sub-agent says that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Zero,
    NonZero,
    Signal,
    TimedOut,
    Error,
    NotRun,
    Nonsense,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub fence: u64,
    pub key: &'static str,
    pub started: bool,
}

/// What happens by itself, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    pub alert_at: Option<i64>,
    pub reject_at: Option<i64>,
    pub start_by: Option<i64>,
    pub finish_by: Option<i64>,
}

impl Times {
    pub fn waiting(level: Level, now: i64) -> Self {
        let (alert, reject) = if level == Level::High { (HIGH_ALERT, HIGH_REJECT) } else { (ALERT, REJECT) };
        Self { alert_at: Some(now + alert), reject_at: Some(now + reject), start_by: None, finish_by: None }
    }
}

pub const ALERT: i64 = 3600;
pub const REJECT: i64 = 21_600;
pub const HIGH_ALERT: i64 = 600;
pub const HIGH_REJECT: i64 = 7200;
pub const START_WITHIN: i64 = 86_400;
pub const MAY_RUN: i64 = 600;
pub const GRACE: i64 = 60;
pub const FALLBACK: &str = "it-ops-worker";
pub const MOST_ATTEMPTS: u64 = 10;

/// A task, as far as the rules care.
#[derive(Debug, Clone)]
pub struct Model {
    pub rules: Rules,
    pub now: i64,
    pub state: State,
    pub outcome: Option<Outcome>,
    pub level: Level,
    pub declared: Option<Level>,
    pub revision: u64,
    pub owner: &'static str,
    pub authors: BTreeSet<&'static str>,
    pub yes: BTreeSet<&'static str>,
    pub no: BTreeSet<&'static str>,
    pub times: Times,
    pub assignee: Option<&'static str>,
    pub chosen_by_person: bool,
    pub fence: u64,
    pub lease: Option<Held>,
    pub ended: Option<(Held, Option<How>)>,
}

impl Model {
    pub fn new(rules: Rules, now: i64, level: Level, by: Somebody, claimed: Option<&'static str>) -> Self {
        Self {
            rules,
            now,
            state: State::Pending,
            outcome: None,
            level,
            declared: None,
            revision: 1,
            owner: by.key,
            authors: claimed.into_iter().chain([by.person]).collect(),
            yes: BTreeSet::new(),
            no: BTreeSet::new(),
            times: Times::waiting(level, now),
            assignee: None,
            chosen_by_person: false,
            fence: 0,
            lease: None,
            ended: None,
        }
    }
}
