//! Single requests, each waited for.

use std::sync::Arc;

use hermes_approval::client::Client;
use hermes_core::wire::task::{CreateTask, Decision, DecisionAction, TaskAnswer, TaskView};

use crate::crew::Shared;
use crate::hand::Hand;
use crate::processes::{ROOT_KEY, Site};
use crate::random::Random;

/// The keys that people hold.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) agent: String,
    pub(crate) chief: String,
    pub(crate) worker: String,
}

impl Keys {
    /// Has a running supervisor make them.
    pub(crate) fn make(site: &Site) -> Self {
        wait_for(async {
            let root = site.client(ROOT_KEY);
            Self {
                agent: key(&root, "agent", "submitter").await,
                chief: key(&root, "chief", "admin").await,
                worker: key(&root, "worker", "worker").await,
            }
        })
    }
}

async fn key(root: &Client, name: &str, role: &str) -> String {
    let body = serde_json::json!({"name": name, "roles": [role]});
    let answer: serde_json::Value = root.post("/api/admin/keys").json(&body).unwrap().answer().await.unwrap();
    answer["key"].as_str().unwrap().to_owned()
}

/// Clients need a system around them.
pub(crate) fn wait_for<T>(errand: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(errand)
}

/// Submits a command; its id.
pub(crate) fn submit(site: &Site, keys: &Keys, command: String, role: &str) -> String {
    let role = Some(role.to_owned());
    let body = CreateTask { command: Some(command), target_executor: role, ..CreateTask::default() };
    wait_for(async {
        let created = site.client(&keys.agent).post("/api/tasks").json(&body).unwrap();
        created.answer::<TaskAnswer>().await.unwrap().task.task_id
    })
}

pub(crate) fn approve(site: &Site, keys: &Keys, task: &str) {
    let body = Decision { action: DecisionAction::Approve, reason: None, expected_version: None, command_sha256: None };
    wait_for(async {
        let decided = site.client(&keys.chief).post(&format!("/api/tasks/{task}/decision")).json(&body).unwrap();
        decided.answer::<TaskAnswer>().await.unwrap();
    });
}

/// The task with its time line.
pub(crate) fn show(site: &Site, task: &str) -> TaskView {
    let path = format!("/api/tasks/{task}?include=events");
    wait_for(async { site.client(ROOT_KEY).get(&path).answer::<TaskAnswer>().await.unwrap().task })
}

/// Claims what is there for the executor that is a part of this test, and starts it; nothing runs.
pub(crate) fn start_by_hand(site: &Site, keys: &Keys) {
    wait_for(async {
        let hand = Hand::new(site, keys, Arc::<Shared>::default(), Random::new(1));
        let grants = hand.claim().await;
        assert!(!grants.is_empty() && hand.start(&grants[0]).await);
    });
}
