//! What a task does, as plainly as it can be said, written from the specification, not from `decide`.

use hermes_core::risk::Level;
use hermes_core::task::{Outcome, State};

use crate::words::*;

impl Model {
    fn end(&mut self, state: State, outcome: Outcome, how: Option<How>) -> bool {
        (self.state, self.outcome, self.times) = (state, Some(outcome), Times::default());
        self.ended = self.lease.take().map(|lease| (lease, how));
        true
    }

    fn may_decide(&self, who: Somebody, right_digest: bool) -> bool {
        let is_open = self.state == State::Pending || (self.state == State::Admin && who.admin);
        let is_own = self.authors.contains(who.person);
        is_open && (who.approver || who.admin) && (!is_own || self.rules.self_approval) && right_digest
    }

    pub fn approve(&mut self, who: Somebody, right_digest: bool) -> bool {
        if !self.may_decide(who, right_digest)
            || (self.level == Level::High && !who.admin)
            || self.yes.contains(who.person)
        {
            return false;
        }
        self.no.remove(who.person);
        self.yes.insert(who.person);
        if self.yes.len() >= self.rules.approvals {
            self.state = State::Approved;
            self.times = Times { start_by: Some(self.now + START_WITHIN), ..Times::default() };
            self.assignee = self.rules.auto_dispatch.then_some(FALLBACK);
        }
        true
    }

    pub fn reject(&mut self, who: Somebody, right_digest: bool, reason: bool) -> bool {
        if !self.may_decide(who, right_digest) || !reason || self.no.contains(who.person) {
            return false;
        }
        self.yes.remove(who.person);
        self.no.insert(who.person);
        self.no.len() < self.rules.refusals || self.end(State::Rejected, Outcome::RejectedByHuman, None)
    }

    pub fn request_change(&mut self, who: Somebody, right_digest: bool, reason: bool) -> bool {
        let allowed = self.state == State::Pending && self.may_decide(who, right_digest) && reason;
        self.go_if(allowed, State::Modify)
    }

    pub fn escalate(&mut self, who: Somebody, right_digest: bool) -> bool {
        let allowed = self.state == State::Pending && self.may_decide(who, right_digest);
        if allowed {
            self.yes.clear();
            self.no.clear();
        }
        self.go_if(allowed, State::Admin)
    }

    fn go_if(&mut self, allowed: bool, to: State) -> bool {
        if allowed {
            self.state = to;
        }
        allowed
    }

    fn is_owner(&self, who: Somebody) -> bool {
        who.admin || (who.submitter && who.key == self.owner)
    }

    pub fn resubmit(&mut self, who: Somebody, level: Level, empty: bool) -> bool {
        if !self.is_owner(who) || self.state != State::Modify || empty {
            return false;
        }
        let level = self.declared.map_or(level, |declared| level.max(declared));
        self.authors.insert(who.person);
        self.yes.clear();
        self.no.clear();
        (self.state, self.level, self.revision) = (State::Pending, level, self.revision + 1);
        self.times = Times::waiting(level, self.now);
        true
    }

    pub fn withdraw(&mut self, who: Somebody) -> bool {
        let open = matches!(self.state, State::Pending | State::Modify | State::Admin);
        self.is_owner(who) && open && self.end(State::Rejected, Outcome::Withdrawn, None)
    }

    pub fn dispatch(&mut self, who: Somebody, to: &'static str) -> bool {
        let taken = self.chosen_by_person || self.lease.is_some();
        let allowed = (who.approver || who.admin) && self.state == State::Approved && !taken && !to.contains('/');
        if allowed {
            (self.assignee, self.chosen_by_person) = (Some(to), true);
        }
        allowed
    }

    fn is_fresh(&self) -> bool {
        self.times.start_by.is_some_and(|start_by| self.now < start_by)
    }

    pub fn take(&mut self, who: Somebody) -> bool {
        let offered = self.state == State::Approved && self.lease.is_none() && self.is_fresh();
        let allowed = offered && self.assignee.is_some_and(|assignee| who.serves.contains(&assignee));
        if allowed {
            self.fence += 1;
            self.lease = Some(Held { fence: self.fence, key: who.key, started: false });
        }
        allowed
    }

    pub fn start(&mut self, who: Somebody, lease: u64, right_fence: bool, right_command: bool) -> bool {
        let Some(held) = self.lease.filter(|held| held.fence == lease && held.key == who.key) else { return false };
        if !right_fence || !right_command || !(held.started || self.is_fresh()) {
            return false;
        }
        held.started || self.begin(Some(Held { started: true, ..held }))
    }

    fn begin(&mut self, lease: Option<Held>) -> bool {
        (self.state, self.lease) = (State::Executing, lease);
        self.times = Times { finish_by: Some(self.now + MAY_RUN + GRACE), ..Times::default() };
        true
    }

    pub fn finish(&mut self, who: Somebody, lease: u64, right_fence: bool, how: How) -> bool {
        if how == How::Nonsense || !right_fence {
            return false;
        }
        if let Some(held) = self.lease.filter(|held| held.fence == lease) {
            return held.key == who.key && self.finish_held(held, how);
        }
        match &mut self.ended {
            Some((held, known)) if held.fence == lease && held.key == who.key => *known.get_or_insert(how) == how,
            _ => false,
        }
    }

    fn finish_held(&mut self, held: Held, how: How) -> bool {
        let may_have_run = !matches!(how, How::Error | How::NotRun);
        match how {
            _ if !held.started && may_have_run => self.end(State::Failed, Outcome::OutcomeUnknown, Some(how)),
            _ if !held.started && self.fence >= MOST_ATTEMPTS => {
                self.end(State::Failed, Outcome::Undeliverable, Some(how))
            }
            _ if !held.started => self.lease.take().is_some(),
            How::Zero => self.end(State::Done, Outcome::Completed, Some(how)),
            How::NonZero | How::Signal => self.end(State::Failed, Outcome::ExitNonzero, Some(how)),
            How::TimedOut => self.end(State::Failed, Outcome::ExecutionTimeout, Some(how)),
            How::NotRun => self.end(State::Failed, Outcome::NotRun, Some(how)),
            How::Error | How::Nonsense => self.end(State::Failed, Outcome::OutcomeUnknown, Some(how)),
        }
    }

    pub fn expire_lease(&mut self, lease: u64) -> bool {
        match self.lease.filter(|held| held.fence == lease) {
            Some(held) if held.started => self.end(State::Failed, Outcome::OutcomeUnknown, None),
            Some(_) => self.lease.take().is_some(),
            None => true,
        }
    }

    pub fn verify(&self, who: Somebody) -> bool {
        (who.approver || who.admin || who.auditor) && matches!(self.state, State::Done | State::Failed)
    }

    /// The reference's status update: the same rights, the same steps.
    pub fn report(&mut self, who: Somebody, status: Option<State>) -> bool {
        let free = self.lease.is_none();
        let runs = matches!(self.state, State::Approved | State::Executing) && free;
        (who.approver || who.admin)
            && match status {
                None => true,
                Some(State::Pending) => false,
                Some(State::Approved) => self.approve(who, true),
                Some(State::Rejected) => self.reject(who, true, true),
                Some(State::Modify) => self.request_change(who, true, true),
                Some(State::Admin) => self.escalate(who, true),
                Some(State::Executing) => self.state == State::Approved && free && self.begin(None),
                Some(State::Done) => runs && self.end(State::Done, Outcome::Completed, None),
                Some(State::Failed) => runs && self.end(State::Failed, Outcome::ExitNonzero, None),
            }
    }

    pub fn reach_deadline(&mut self) -> bool {
        let due = |at: Option<i64>| at.is_some_and(|at| at <= self.now);
        let undecided = matches!(self.state, State::Pending | State::Admin | State::Modify);
        if undecided && due(self.times.reject_at) {
            return self.end(State::Rejected, Outcome::Expired, None);
        }
        if undecided && self.state != State::Modify && due(self.times.alert_at) {
            self.times.alert_at = None;
        } else if self.state == State::Approved && due(self.times.start_by) {
            self.end(State::Failed, Outcome::Expired, None);
        } else if self.state == State::Executing && due(self.times.finish_by) {
            self.end(State::Failed, Outcome::ExecutionTimeout, None);
        }
        true
    }
}
