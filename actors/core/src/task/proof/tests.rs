use super::*;
use crate::access::{Actor, Via};
use crate::audit::Chain;
use crate::id::{Revision, TaskId};
use crate::policy::Policy;
use crate::redact;
use crate::risk::{Assessment, Level};
use crate::task::{Deadlines, Submission, audit_entry, create, evolve};
use crate::time::Timestamp;

const NOON: Timestamp = Timestamp(1_767_268_800_000_000);

fn recorded(version: u64, event: Event) -> Recorded {
    Recorded { version: Version(version), at: NOON, by: Actor::key("li"), via: Via::Api, event }
}

fn created(command: &str) -> Event {
    Event::Created {
        task_id: TaskId::parse("TASK-1").unwrap(),
        submission: Box::new(Submission { command: command.to_owned(), ..Submission::default() }),
        peer_ip: String::new(),
        risk: Assessment::default(),
        deadlines: Policy::default().waiting(Level::Low, NOON),
    }
}

fn resubmitted(command: &str) -> Event {
    let (risk, deadlines) = (Assessment::default(), Deadlines::default());
    let description = String::new();
    Event::Resubmitted { revision: Revision(2), command: command.to_owned(), description, risk, deadlines }
}

fn approved(revision: u64, command: &str) -> Event {
    let command_sha256 = Digest::of(command.as_bytes());
    Event::Approved { revision: Revision(revision), command_sha256, start_by: NOON }
}

/// A task with this history, and what a store keeps of it.
fn kept(events: Vec<Event>) -> (Task, Records) {
    let (mut chain, mut task, mut lines) = (Chain::default(), None::<Task>, Vec::new());
    let history: Vec<_> = (1..).zip(events).map(|(version, event)| recorded(version, event)).collect();
    for one in &history {
        let before = task.as_ref().map(|task| task.state);
        let after = task.map_or_else(|| create(one).unwrap(), |task| evolve(task, one));
        let seq = chain.next;
        let line = chain.append(&audit_entry(before, &after, one), redact::mask);
        lines.push(Kept { seq, leaf: line.leaf, text: line.text, next: None });
        task = Some(after);
    }
    link(&mut lines);
    let task = task.unwrap();
    let records = Records { version: task.version, events: history, lines, head: chain.head };
    (task, records)
}

fn link(lines: &mut [Kept]) {
    let texts: Vec<_> = lines.iter().skip(1).map(|line| line.text.clone()).collect();
    lines.iter_mut().zip(texts).for_each(|(line, next)| line.next = Some(next));
}

fn approval() -> (Task, Records) {
    kept(vec![
        created("uptime"),
        Event::ChangeRequested { reason: "why".to_owned() },
        resubmitted("uptime -p"),
        approved(2, "uptime -p"),
    ])
}

#[test]
fn a_task_is_what_its_records_say() {
    let (task, records) = approval();
    assert_eq!(prove(&task, &records), Ok(()));
}

#[test]
fn an_edited_row_is_found() {
    let (task, records) = approval();
    type Edit = fn(&mut Task);
    let edits: [(Mismatch, Edit); 6] = [
        (Mismatch::Command, |task| task.command = "rm -rf /srv".to_owned()),
        (Mismatch::Command, |task| task.command_sha256 = Digest::of(b"rm -rf /srv")),
        (Mismatch::Row, |task| {
            task.command = "rm -rf /srv".to_owned();
            task.command_sha256 = Digest::of(task.command.as_bytes());
        }),
        (Mismatch::Row, |task| task.revision = Revision(3)),
        (Mismatch::Row, |task| task.version = Version(9)),
        (Mismatch::Row, |task| task.deadlines.start_by = Some(Timestamp(i64::MAX))),
    ];
    for (mismatch, edit) in edits {
        let mut edited = task.clone();
        edit(&mut edited);
        assert_eq!(prove(&edited, &records), Err(mismatch), "{edited:?}");
    }
}

#[test]
fn a_row_and_an_event_that_were_edited_alike_are_found() {
    let (_, records) = approval();
    let other = kept(vec![
        created("uptime"),
        Event::ChangeRequested { reason: "why".to_owned() },
        resubmitted("rm -rf /srv"),
        approved(2, "uptime -p"),
    ]);
    assert_eq!(prove(&other.0, &other.1), Err(Mismatch::Approval), "the command's event without the approval's");
    let other = kept(vec![
        created("uptime"),
        Event::ChangeRequested { reason: "why".to_owned() },
        resubmitted("rm -rf /srv"),
        approved(2, "rm -rf /srv"),
    ]);
    let edited = Records { events: other.1.events, ..records.clone() };
    assert_eq!(prove(&other.0, &edited), Err(Mismatch::Trail), "the approval's event, too");
    let earlier = kept(vec![created("uptime"), approved(2, "uptime")]);
    assert_eq!(prove(&earlier.0, &earlier.1), Err(Mismatch::Approval), "an approval of another revision");
    let never = kept(vec![created("uptime")]);
    assert_eq!(prove(&never.0, &never.1), Err(Mismatch::Approval), "no approval at all");
}

#[test]
fn edited_audit_lines_are_found() {
    let (task, records) = approval();
    let edits: [fn(&mut Records); 8] = [
        |records| drop(records.lines.pop()),
        |records| records.lines.swap(0, 1),
        |records| records.lines[3].text = records.lines[3].text.replace("task.approved", "task.rejected"),
        |records| records.lines[3].leaf = Digest::of(b"another"),
        |records| records.lines[3].seq = Seq(9),
        |records| records.head = Digest::of(b"another"),
        |records| records.lines[0].next = None,
        // Line and hash alike: the next line names another.
        |records| {
            let line = &mut records.lines[1];
            line.text = line.text.replace("\"li\"", "\"wu\"");
            line.leaf = audit::leaf(line.text.as_bytes());
        },
    ];
    for (number, edit) in edits.iter().enumerate() {
        let mut edited = records.clone();
        edit(&mut edited);
        assert_ne!(edited, records, "edit {number}");
        assert_eq!(prove(&task, &edited), Err(Mismatch::Trail), "edit {number}");
    }
    let other = kept(vec![
        created("uptime"),
        Event::ChangeRequested { reason: "why".to_owned() },
        resubmitted("rm -rf /srv"),
        approved(2, "rm -rf /srv"),
    ]);
    let edited = Records { lines: other.1.lines, head: other.1.head, ..records };
    assert_eq!(prove(&task, &edited), Err(Mismatch::Trail), "a trail that approves another command");
}

#[test]
fn what_was_started_once_is_found_in_the_trail_though_row_and_events_forgot_it() {
    let started = Event::Started { fence: None, finish_by: NOON };
    let (_, told) = kept(vec![created("uptime"), approved(1, "uptime"), started]);
    let (task, forgot) = kept(vec![created("uptime"), approved(1, "uptime")]);
    let edited = Records { lines: told.lines, head: told.head, ..forgot };
    assert_eq!(prove(&task, &edited), Err(Mismatch::Trail));
}

#[test]
fn an_edited_task_ends_as_undeliverable_or_as_one_that_may_have_run() {
    let outcome = |events| match void(&kept(events).0, Mismatch::Row) {
        Some(Event::Finished { outcome, done, result, .. }) => {
            assert!(!done && result.error.unwrap().starts_with("digest_mismatch"));
            Some(outcome)
        }
        _ => None,
    };
    let started = Event::Started { fence: None, finish_by: NOON };
    assert_eq!(outcome(vec![created("uptime")]), None);
    assert_eq!(outcome(vec![created("uptime"), approved(1, "uptime")]), Some(Outcome::Undeliverable));
    assert_eq!(outcome(vec![created("uptime"), approved(1, "uptime"), started]), Some(Outcome::OutcomeUnknown));
}
