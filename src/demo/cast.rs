//! The people and programs of the demo, each with a key of its own, and what they say to the API.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use hermes_core::policy::Policy;
use hermes_core::task::State;
use hermes_core::wire::task::{TaskAnswer, TaskView};

use crate::client::{Client, Error};

/// What the operating agent calls itself.
pub(super) const AGENT: &str = "xiaomei";
/// The name of whoever decides on low and medium risk.
pub(super) const COMMANDER: &str = "xiaoqiang";
/// The name of whoever decides on everything.
pub(super) const ADMIN: &str = "peng";

/// Somebody with a key.
pub(super) struct Player {
    pub(super) name: String,
    pub(super) key: String,
    client: Client,
}

/// Everybody who has a part.
pub(super) struct Cast {
    /// The operating agent, which submits.
    pub(super) agent: Player,
    /// Decides on low and medium risk.
    pub(super) commander: Player,
    /// Decides on everything.
    pub(super) admin: Player,
}

impl Player {
    pub(super) fn new(name: impl Into<String>, url: &str, key: String) -> Result<Self, Error> {
        let client = Client::new(url, Some(key.clone()))?;
        Ok(Self { name: name.into(), key, client })
    }

    /// The names of all keys that there ever were.
    pub(super) async fn key_names(&self) -> Result<BTreeSet<String>, Error> {
        #[derive(Deserialize)]
        struct Keys {
            keys: Vec<Named>,
        }
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let known: Keys = self.client.get("/api/admin/keys").answer().await?;
        Ok(known.keys.into_iter().map(|key| key.name).collect())
    }

    /// Makes a key for somebody else; only the root key and administrators can.
    pub(super) async fn make_key(&self, name: &str, role: &str) -> Result<String, Error> {
        let made: Value = self.post("/api/admin/keys", &json!({"name": name, "roles": [role]})).await?;
        Ok(made.get("key").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    pub(super) async fn put_policy(&self, policy: &Policy) -> Result<(), Error> {
        let body = json!({"toml": policy.to_toml()});
        self.client.put("/api/admin/policy").json(&body)?.answer::<Value>().await.map(drop)
    }

    pub(super) async fn submit(&self, command: &str, why: &str, executor: &str) -> Result<TaskView, Error> {
        let body = json!({"command": command, "description": why, "target_executor": executor, "source_agent": AGENT});
        self.task("/api/tasks", &body).await
    }

    pub(super) async fn decide(&self, task: &TaskView, action: &str, reason: &str) -> Result<TaskView, Error> {
        let body = json!({"action": action, "reason": reason, "command_sha256": task.command_sha256});
        self.task(&format!("/api/tasks/{}/decision", task.task_id), &body).await
    }

    pub(super) async fn resubmit(&self, id: &str, command: &str) -> Result<TaskView, Error> {
        self.task(&format!("/api/tasks/{id}/resubmit"), &json!({"command": command})).await
    }

    pub(super) async fn withdraw(&self, id: &str, reason: &str) -> Result<TaskView, Error> {
        self.task(&format!("/api/tasks/{id}/withdraw"), &json!({"reason": reason})).await
    }

    pub(super) async fn verify(&self, id: &str, expect: &Value) -> Result<TaskView, Error> {
        self.task(&format!("/api/tasks/{id}/verify"), &json!({"expect": expect})).await
    }

    /// Waits until somebody has decided on the task, or asked for a change.
    pub(super) async fn decided(&self, id: &str) -> Result<TaskView, Error> {
        loop {
            let path = format!("/api/tasks/{id}/wait");
            let call = self.client.get(&path).query(&[("until", "decided"), ("timeout", "20")])?;
            let answer: TaskAnswer = call.answer().await?;
            if !matches!(answer.task.status, State::Pending | State::Admin) {
                return Ok(answer.task);
            }
        }
    }

    /// Waits until the task has ended.
    pub(super) async fn wait(&self, id: &str) -> Result<TaskView, Error> {
        loop {
            let path = format!("/api/tasks/{id}/wait");
            let call = self.client.get(&path).query(&[("until", "finished"), ("timeout", "20")])?;
            let answer: TaskAnswer = call.answer().await?;
            if answer.task.status.is_final() || answer.task.status == State::Modify {
                return Ok(answer.task);
            }
        }
    }

    async fn task(&self, path: &str, body: &Value) -> Result<TaskView, Error> {
        Ok(self.post::<TaskAnswer>(path, body).await?.task)
    }

    async fn post<A: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<A, Error> {
        self.client.post(path).json(body)?.answer().await
    }
}
