//! Gathers what is left, once every process has ended.

use std::sync::Arc;

use hermes_actors::audit::AuditActor;
use hermes_actors::clock::SystemClock;
use hermes_actors::runtime::{Foundation, Setup};
use hermes_actors::store::sqlite::AuditReader;
use hermes_actors::store::{Query, Store};
use hermes_core::id::Seq;
use hermes_core::task::{Recorded, Task};
use hermes_core::time::Millis;

use crate::checker::{Ack, Evidence, Line, Tally};
use crate::errands::wait_for;
use crate::processes::Site;

const PAGE: u32 = 500;

/// Reads files and database; the supervisor must not run.
pub(crate) fn gather(site: &Site, acks: Vec<Ack>, tally: Tally) -> Evidence {
    let lines = lines(site);
    let tasks = wait_for(tasks(site));
    let file = std::fs::read(AuditActor::path(&site.home())).unwrap();
    Evidence { runs: site.runs(), acks, tasks, lines, file, tally }
}

/// The audit lines of the database.
pub(crate) fn lines(site: &Site) -> Vec<Line> {
    let reader = AuditReader::open(&site.home()).unwrap();
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let page = reader.lines(lines.last().map_or(Seq(0), |line| line.seq), PAGE).unwrap();
        if page.is_empty() {
            return lines;
        }
        lines.extend(page.into_iter().map(|line| Line { seq: line.seq, leaf: line.leaf, text: line.text }));
    }
}

async fn tasks(site: &Site) -> Vec<(Task, Vec<Recorded>)> {
    let setup = Setup {
        home: site.home(),
        readers: 1,
        live_tasks: 1,
        lease_ttl: Millis(1000),
        retention: Millis::from_secs(3600),
        cards: None,
    };
    let foundation = Foundation::open(setup, Arc::new(SystemClock)).unwrap();
    let tasks = all_tasks(&*foundation.store).await;
    foundation.store.close().await;
    tasks
}

async fn all_tasks(store: &dyn Store) -> Vec<(Task, Vec<Recorded>)> {
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = store.tasks(Query { before, limit: PAGE, ..Query::default() }).await.unwrap();
        for task in page.tasks {
            let events = store.events(&task.id).await.unwrap();
            all.push((task, events));
        }
        before = page.next;
        if before.is_none() {
            return all;
        }
    }
}
