//! A sub-agent without a journal, played by this test: careful while it lives, and careless about giving back.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hermes_approval::client::Client;
use hermes_core::id::Digest;
use hermes_core::wire::task::TaskAnswer;
use hermes_core::wire::work::{Claim, Claimed, Finish, Grant, Start};
use tokio::time::Instant;

use crate::crew::{BY_HAND, Shared, lease_ack};
use crate::errands::Keys;
use crate::processes::{Site, TTL};
use crate::random::Random;

const NAME: &str = "by-hand";

pub(crate) struct Hand {
    client: Client,
    shared: Arc<Shared>,
    random: Random,
}

impl Hand {
    pub(crate) fn new(site: &Site, keys: &Keys, shared: Arc<Shared>, random: Random) -> Self {
        Self { client: site.client(&keys.worker), shared, random }
    }

    /// Works until nobody submits any more and nothing comes.
    pub(crate) async fn live(mut self) {
        loop {
            let enough = self.shared.enough.load(Ordering::SeqCst);
            let grants = self.claim().await;
            if grants.is_empty() && enough {
                return;
            }
            for grant in grants {
                self.carry_out(&grant).await;
            }
        }
    }

    pub(crate) async fn claim(&self) -> Vec<Grant> {
        let claim = Claim { worker: NAME.to_owned(), roles: vec![BY_HAND.to_owned()], wait: 1, max: 2, slot: None };
        let ask = async || self.client.post("/api/work/claim").json(&claim)?.answer_if_any::<Claimed>().await;
        let grants = self.shared.insist(ask).await.flatten().map(|claimed| claimed.grants).unwrap_or_default();
        for grant in &grants {
            self.shared.acks.note(lease_ack(grant.task_id.as_str(), &["leased"], grant.fence));
        }
        grants
    }

    async fn carry_out(&mut self, grant: &Grant) {
        let report = match self.random.between(0, 9) {
            // Never heard of again.
            0 => return,
            1 => Finish { not_run: Some("no time".to_owned()), ..Finish::default() },
            _ if self.start(grant).await => run(&grant.command),
            // Perhaps it was started; it was not run.
            _ => Finish { not_run: Some("start_unacknowledged".to_owned()), ..Finish::default() },
        };
        if self.random.percent(5) {
            return;
        }
        self.finish(grant, Finish { worker: NAME.to_owned(), fence: grant.fence, ..report }).await;
    }

    /// Asks once; an answer that comes too late is none.
    pub(crate) async fn start(&self, grant: &Grant) -> bool {
        let sent_at = Instant::now();
        let start = Start {
            worker: NAME.to_owned(),
            fence: grant.fence,
            revision: grant.revision,
            command_sha256: Digest::of(grant.command.as_bytes()),
        };
        let call = self.client.post(&format!("/api/work/{}/start", grant.lease)).json(&start).unwrap();
        let answer = call.timeout(TTL).answer::<TaskAnswer>().await;
        if answer.is_ok() {
            self.shared.acks.note(lease_ack(grant.task_id.as_str(), &["started"], grant.fence));
        }
        answer.is_ok() && sent_at.elapsed() < TTL
    }

    async fn finish(&self, grant: &Grant, report: Finish) {
        let path = format!("/api/work/{}/finish", grant.lease);
        let send = async || self.client.post(&path).json(&report)?.answer::<TaskAnswer>().await;
        if self.shared.insist(send).await.is_some() {
            let kinds = &["finished", "lease_released", "late_result"];
            self.shared.acks.note(lease_ack(grant.task_id.as_str(), kinds, grant.fence));
        }
    }
}

fn run(command: &str) -> Finish {
    let status = Command::new("/bin/sh").arg("-c").arg(command).status().unwrap();
    Finish { exit_code: status.code(), ..Finish::default() }
}
