use hermes_core::id::Digest;
use hermes_core::time::Millis;

use super::*;

fn entry(number: u64) -> Entry {
    let task_id = TaskId::parse(&format!("TASK-{number}")).unwrap();
    let grant = Grant {
        lease: LeaseId::new(&task_id, Fence(number), [0; 16]),
        task_id,
        revision: Revision(1),
        attempt: 1,
        fence: Fence(number),
        command: "x".repeat(1000),
        command_sha256: Digest::of(b""),
        timeout: 1,
        ttl_ms: Millis(1),
        signature: String::new(),
    };
    Entry::claimed(&grant, "w1")
}

fn at(phase: Phase, mut entry: Entry) -> Entry {
    entry.phase = phase;
    entry
}

async fn written(folder: &Path, entries: &[Entry]) {
    let (journal, _) = Journal::open(folder).await.unwrap();
    for entry in entries {
        journal.write(entry).await.unwrap();
    }
}

#[actix_web::test]
async fn the_last_line_of_a_lease_counts() {
    let folder = tempfile::tempdir().unwrap();
    let finish = Finish { exit_code: Some(-1), output_sha256: Some(Digest([7; 32])), ..entry(3).report() };
    let ended = at(Phase::Ended { finish }, entry(3));
    let lines = [
        entry(1),
        entry(2),
        entry(3),
        at(Phase::Started, entry(2)),
        at(Phase::Started, entry(3)),
        ended.clone(),
        entry(4),
        at(Phase::Done, entry(4)),
    ];
    written(folder.path(), &lines).await;
    let (journal, unfinished) = Journal::open(folder.path()).await.unwrap();
    assert_eq!(unfinished, [entry(1), at(Phase::Started, entry(2)), ended]);
    assert!(journal.holds(&entry(2).lease) && !journal.holds(&entry(4).lease));
}

#[actix_web::test]
async fn a_torn_last_line_is_as_if_never_written() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), &[entry(1), at(Phase::Started, entry(1))]).await;
    let path = folder.path().join("worker.journal");
    let whole = std::fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in first..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(Journal::open(folder.path()).await.unwrap().1, [entry(1)]);
    }
}

#[actix_web::test]
async fn a_strange_line_stops_the_sub_agent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("worker.journal");
    std::fs::write(&path, "{}\n").unwrap();
    assert!(matches!(Journal::open(folder.path()).await, Err(Error::Journal { line: 1, .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"{}\n", "left as it is");
}

#[actix_web::test]
async fn one_journal_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let first = Journal::open(folder.path()).await.unwrap();
    assert!(matches!(Journal::open(folder.path()).await, Err(Error::Locked(_))));
    drop(first);
    assert!(Journal::open(folder.path()).await.is_ok());
}

#[actix_web::test]
async fn what_is_done_does_not_pile_up() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path()).await.unwrap();
    journal.write(&entry(0)).await.unwrap();
    lock(&journal.0).size = COMPACT_AT;
    journal.write(&at(Phase::Started, entry(0))).await.unwrap();
    let line_of = |entry| String::from_utf8(line(&entry).unwrap()).unwrap();
    let path = folder.path().join("worker.journal");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), line_of(at(Phase::Started, entry(0))));
    journal.write(&entry(1)).await.unwrap();
    let both = line_of(at(Phase::Started, entry(0))) + &line_of(entry(1));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), both);
}

#[actix_web::test]
async fn after_a_failed_write_nothing_more_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path()).await.unwrap();
    lock(&journal.0).file = Some(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    assert!(matches!(journal.write(&entry(1)).await, Err(Error::State { .. })));
    assert!(!journal.is_writable());
    assert!(matches!(journal.write(&entry(2)).await, Err(Error::Unwritable)));
}
