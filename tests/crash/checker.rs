//! Holds what is left after the crashes against what was promised. Pure: it sees files and rows, not processes.

use std::collections::{BTreeMap, BTreeSet};

use hermes_core::audit::{Entry, Expect, Head, Report, Verdict, verify};
use hermes_core::id::{Digest, Fence, Revision, Seq, TaskId, Version};
use hermes_core::redact;
use hermes_core::task::{Event, Outcome, Recorded, State, Task, audit_entry, create, evolve, replay};
use serde_json::Value;

/// What is left when all is over.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    /// What the commands wrote: a mark each.
    pub(crate) runs: Vec<String>,
    /// Every write that was answered with a 2xx.
    pub(crate) acks: Vec<Ack>,
    /// Every task of the database with its events.
    pub(crate) tasks: Vec<(Task, Vec<Recorded>)>,
    /// The audit lines of the database.
    pub(crate) lines: Vec<Line>,
    /// The audit file.
    pub(crate) file: Vec<u8>,
    /// What was done to the processes.
    pub(crate) tally: Tally,
}

/// An audit line of the database.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) seq: Seq,
    pub(crate) leaf: Digest,
    pub(crate) text: String,
}

/// A write that was answered with a 2xx.
#[derive(Debug, Clone)]
pub(crate) struct Ack {
    pub(crate) task: String,
    /// One of these events has to be there.
    pub(crate) kinds: &'static [&'static str],
    /// Of this lease.
    pub(crate) fence: Option<Fence>,
    /// Not later than at this version, which the answer named.
    pub(crate) version: Option<Version>,
    /// The mark that the command in force has to carry then.
    pub(crate) mark: Option<String>,
}

/// What was done to the processes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) kills: usize,
    /// The named points at which a process ended.
    pub(crate) points: BTreeSet<String>,
}

/// What has to have happened at least: a run in which nothing worked proves nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Least {
    pub(crate) kills: usize,
    pub(crate) points: BTreeSet<String>,
    pub(crate) completed: usize,
    pub(crate) acks: usize,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wrong {
    /// A mark is in the file twice (P1).
    RanTwice,
    /// A mark that is no task's.
    RanUnknown,
    /// A mark of a revision that nobody approved.
    RanUnapproved,
    /// A mark without the task having been started, or of another revision than the one started.
    RanWithoutStart,
    /// A mark of a task whose outcome says that it did not run.
    RanThoughNot,
    /// `completed`, and no mark.
    CompletedWithoutRun,
    /// A write was answered and is not there (P3).
    LostWrite,
    /// One submission made two tasks.
    SubmittedTwice,
    /// The task is not final.
    Stuck,
    /// The row is not what its events give (I3).
    NotItsHistory,
    /// An event without its audit line, or a line without its event (P4).
    EventWithoutLine,
    LineWithoutEvent,
    /// A line does not say what its event says.
    LineNotItsEvent,
    /// The file is not the database's lines, one for one (I9).
    FileNotDatabase,
    /// The chain of the file breaks, or it does not end where the database says.
    ChainBroken,
    /// Fewer kills, points, completed tasks or answers than there have to be.
    TooFewKills,
    PointNotPassed,
    TooFewCompleted,
    TooFewAnswers,
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) what: Wrong,
    pub(crate) at: String,
}

fn fault(what: Wrong, at: impl Into<String>) -> Fault {
    Fault { what, at: at.into() }
}

/// Everything that is wrong.
pub(crate) fn check(evidence: &Evidence, least: &Least) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_runs(evidence, &mut faults);
    check_acks(evidence, &mut faults);
    for (task, events) in &evidence.tasks {
        if !task.state.is_final() {
            faults.push(fault(Wrong::Stuck, format!("{} is {}", task.id, task.state)));
        }
        if replay(events).as_ref() != Ok(task) {
            faults.push(fault(Wrong::NotItsHistory, task.id.as_str()));
        }
    }
    check_lines(evidence, &mut faults);
    check_file(evidence, &mut faults);
    check_least(evidence, least, &mut faults);
    faults
}

/// The mark that a command writes: its second word.
pub(crate) fn mark_of(command: &str) -> &str {
    command.split_whitespace().nth(1).unwrap_or_default()
}

/// What became of one mark: a revision of a task.
#[derive(Debug, Default)]
struct Fate {
    task: String,
    approved: bool,
    started: bool,
    outcome: Option<Outcome>,
    ran: usize,
}

/// Follows each revision through its task's events.
fn fates(evidence: &Evidence, faults: &mut Vec<Fault>) -> BTreeMap<String, Fate> {
    let mut fates: BTreeMap<String, Fate> = BTreeMap::new();
    for (task, events) in &evidence.tasks {
        let mut mark = String::new();
        let mut revision = Revision(0);
        for recorded in events {
            let submitted = match &recorded.event {
                Event::Created { submission, .. } => Some((Revision(1), &submission.command)),
                Event::Resubmitted { revision, command, .. } => Some((*revision, command)),
                _ => None,
            };
            if let Some((number, command)) = submitted {
                (revision, mark) = (number, mark_of(command).to_owned());
                let fate = Fate { task: task.id.to_string(), ..Fate::default() };
                if fates.insert(mark.clone(), fate).is_some() {
                    faults.push(fault(Wrong::SubmittedTwice, format!("{mark} in {}", task.id)));
                }
            }
            let Some(fate) = fates.get_mut(&mark) else { continue };
            match &recorded.event {
                Event::Approved { revision: approved, .. } => fate.approved = *approved == revision,
                Event::Started { .. } => fate.started = true,
                Event::Finished { outcome, .. } | Event::Rejected { outcome, .. } => fate.outcome = Some(*outcome),
                _ => {}
            }
        }
    }
    fates
}

fn check_runs(evidence: &Evidence, faults: &mut Vec<Fault>) {
    let mut fates = fates(evidence, faults);
    for mark in &evidence.runs {
        match fates.get_mut(mark) {
            Some(fate) => fate.ran += 1,
            None => faults.push(fault(Wrong::RanUnknown, mark)),
        }
    }
    for (mark, fate) in &fates {
        let at = format!("{mark} of {}: {:?}", fate.task, fate.outcome);
        let not_run = matches!(
            fate.outcome,
            Some(
                Outcome::NotRun
                    | Outcome::Undeliverable
                    | Outcome::Expired
                    | Outcome::Withdrawn
                    | Outcome::RejectedByHuman
                    | Outcome::DeniedByPolicy
            )
        );
        let wrong = [
            (fate.ran > 1, Wrong::RanTwice),
            (fate.ran > 0 && !fate.approved, Wrong::RanUnapproved),
            (fate.ran > 0 && !fate.started, Wrong::RanWithoutStart),
            (fate.ran > 0 && not_run, Wrong::RanThoughNot),
            (fate.ran == 0 && fate.outcome == Some(Outcome::Completed), Wrong::CompletedWithoutRun),
        ];
        faults.extend(wrong.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| fault(what, at.as_str())));
    }
}

fn check_acks(evidence: &Evidence, faults: &mut Vec<Fault>) {
    let histories: BTreeMap<&str, &[Recorded]> =
        evidence.tasks.iter().map(|(task, events)| (task.id.as_str(), events.as_slice())).collect();
    for ack in &evidence.acks {
        let events = histories.get(ack.task.as_str()).copied().unwrap_or_default();
        if !events.iter().any(|recorded| shows(recorded, ack)) {
            faults.push(fault(Wrong::LostWrite, format!("{ack:?}")));
        }
    }
}

fn shows(recorded: &Recorded, ack: &Ack) -> bool {
    let (fence, command) = match &recorded.event {
        Event::Leased { lease, .. } => (Some(lease.fence), None),
        Event::Started { fence, .. } | Event::Finished { fence, .. } => (*fence, None),
        Event::LeaseReleased { fence, .. } | Event::LateResult { fence, .. } => (Some(*fence), None),
        Event::Created { submission, .. } => (None, Some(&submission.command)),
        Event::Resubmitted { command, .. } => (None, Some(command)),
        _ => (None, None),
    };
    ack.kinds.contains(&recorded.event.kind())
        && ack.version.is_none_or(|version| recorded.version <= version)
        && (ack.fence.is_none() || ack.fence == fence)
        && ack.mark.as_deref().is_none_or(|mark| command.is_some_and(|command| mark_of(command) == mark))
}

/// The audit entries that a history has to have.
fn entries(events: &[Recorded]) -> Vec<Entry> {
    let Some(first) = events.first() else { return Vec::new() };
    let Some(mut task) = create(first) else { return Vec::new() };
    let mut entries = vec![audit_entry(None, &task, first)];
    for recorded in &events[1..] {
        let before = task.state;
        task = evolve(task, recorded);
        entries.push(audit_entry(Some(before), &task, recorded));
    }
    entries
}

fn check_lines(evidence: &Evidence, faults: &mut Vec<Fault>) {
    let mut of_tasks: BTreeMap<String, Vec<(&Line, Digest)>> = BTreeMap::new();
    let mut prev = Digest([0; 32]);
    for line in &evidence.lines {
        let value: Value = serde_json::from_str(&line.text).unwrap_or_default();
        if value["kind"].as_str().is_some_and(|kind| kind.starts_with("task.")) {
            of_tasks.entry(value["task_id"].as_str().unwrap_or_default().to_owned()).or_default().push((line, prev));
        }
        prev = line.leaf;
    }
    for (task, events) in &evidence.tasks {
        let lines = of_tasks.remove(task.id.as_str()).unwrap_or_default();
        compare_lines(&task.id, &entries(events), &lines, faults);
    }
    let left = of_tasks.into_iter().map(|(task, lines)| fault(Wrong::LineWithoutEvent, format!("{task}: {lines:?}")));
    faults.extend(left);
}

fn compare_lines(task: &TaskId, entries: &[Entry], lines: &[(&Line, Digest)], faults: &mut Vec<Fault>) {
    let at = format!("{task}: {} events, {} lines", entries.len(), lines.len());
    match entries.len().cmp(&lines.len()) {
        std::cmp::Ordering::Greater => faults.push(fault(Wrong::EventWithoutLine, at)),
        std::cmp::Ordering::Less => faults.push(fault(Wrong::LineWithoutEvent, at)),
        std::cmp::Ordering::Equal => {
            let differs = |(entry, (line, prev)): &(&Entry, &(&Line, Digest))| {
                entry.line(line.seq, prev, redact::mask).text != line.text
            };
            let wrong = entries.iter().zip(lines).filter(differs);
            faults.extend(wrong.map(|(_, (line, _))| fault(Wrong::LineNotItsEvent, line.text.as_str())));
        }
    }
}

fn check_file(evidence: &Evidence, faults: &mut Vec<Fault>) {
    let stored: Vec<u8> = evidence.lines.iter().flat_map(|line| [line.text.as_bytes(), b"\n"].concat()).collect();
    if stored != evidence.file {
        faults.push(fault(
            Wrong::FileNotDatabase,
            format!("{} bytes, {} in the file", stored.len(), evidence.file.len()),
        ));
    }
    let report = verified(evidence);
    if report.verdict != Verdict::Intact {
        faults.push(fault(Wrong::ChainBroken, format!("{:?}", report.verdict)));
    }
}

fn verified(evidence: &Evidence) -> Report {
    let leaves: BTreeMap<Seq, Digest> = evidence.lines.iter().map(|line| (line.seq, line.leaf)).collect();
    let head = evidence.lines.last().map_or(Head::Unknown, |line| Head::Is(line.seq, line.leaf));
    let leaf_of = Box::new(|seq: Seq| Ok(leaves.get(&seq).copied()));
    verify(evidence.file.as_slice(), Expect { leaf_of: Some(leaf_of), head, since: None }).unwrap()
}

fn check_least(evidence: &Evidence, least: &Least, faults: &mut Vec<Fault>) {
    let completed = evidence.tasks.iter().filter(|(task, _)| task.state == State::Done).count();
    let counts = [
        (evidence.tally.kills, least.kills, Wrong::TooFewKills),
        (completed, least.completed, Wrong::TooFewCompleted),
        (evidence.acks.len(), least.acks, Wrong::TooFewAnswers),
    ];
    let few = counts.into_iter().filter(|(have, need, _)| have < need);
    faults.extend(few.map(|(have, need, what)| fault(what, format!("{have} of {need}"))));
    let missed = least.points.difference(&evidence.tally.points);
    faults.extend(missed.map(|point| fault(Wrong::PointNotPassed, point)));
}

#[cfg(test)]
mod tests;
