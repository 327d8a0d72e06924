//! What a click does: the same decision through the same door as every other way in. Whoever clicked is told honestly
//! what came of it, and sees the card as it is from now on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hermes_core::access::{Principal, Role, Via};
use hermes_core::card::answer::{Idle, refused, taken};
use hermes_core::card::choice::{Choice, Made};
use hermes_core::card::{self, Kind, Recipient, View};
use hermes_core::error::Code;
use hermes_core::feishu::answer::Toast;
use hermes_core::feishu::callback::Click;
use hermes_core::id::TaskId;
use hermes_core::task::{Action, Ballot, Command, Task};
use hermes_core::time::Millis;
use serde_json::Value;

use crate::audit::Denial;
use crate::runtime::Engine;
use crate::task::Carry;

/// So long a click is remembered: twice the time in which its signature counts.
const MEMORY: Millis = Millis::from_secs(600);
/// The platform waits three seconds.
const LONGEST: Duration = Duration::from_millis(2500);

/// Who may decide by a click, beside the people of the policy.
#[derive(Debug, Clone, Default)]
pub struct Deciders {
    /// The administrator of the settings.
    pub admin: Option<String>,
    /// The commander of the settings.
    pub commander: Option<String>,
    /// Where people read and decide outside Feishu; a task's id is put behind it.
    pub task_url: Option<String>,
}

/// The answer to a click.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What whoever clicked is told.
    pub toast: Toast,
    /// The card as it is from now on.
    pub card: Option<Value>,
}

impl Deciders {
    /// The roles of somebody: on the allow-list an approver, beside what policy and settings say.
    fn roles(&self, engine: &Engine, open_id: &str) -> BTreeSet<Role> {
        let mut roles = engine.in_force.terms().policy.roles_of(open_id);
        let is = |name: &Option<String>| name.as_deref() == Some(open_id);
        if engine.in_force.allow_list().contains(open_id) || is(&self.commander) {
            roles.insert(Role::Approver);
        }
        if is(&self.admin) {
            roles.insert(Role::Admin);
        }
        roles
    }
}

/// Does what a proven click asks for.
pub async fn answer(engine: &Engine, deciders: &Deciders, click: &Click) -> Answer {
    let (engine, deciders, click) = (engine.clone(), deciders.clone(), click.clone());
    // On its own: what is not waited for any longer still comes to its end, and the card shows it.
    let work = actix::spawn(async move { decide(&engine, &deciders, &click).await });
    match tokio::time::timeout(LONGEST, work).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => Answer { toast: Idle::Slow.toast(), card: None },
    }
}

async fn decide(engine: &Engine, deciders: &Deciders, click: &Click) -> Answer {
    let who = click.operator.id().unwrap_or_default();
    let idle = |idle: Idle, task: Option<&Arc<Task>>| {
        if let Some(code) = idle.code() {
            deny(engine, who, code, task.map(|task| &task.id));
        }
        Answer { toast: idle.toast(), card: task.map(|task| current(engine, deciders, task)) }
    };
    let Some(made) = Made::read(&click.action) else { return idle(Idle::UnknownButton, None) };
    let task = match find(engine, &made, click).await {
        Ok(task) => task,
        Err(why) => return idle(why, None),
    };
    let roles = deciders.roles(engine, who);
    if roles.is_empty() {
        return Answer { card: None, ..idle(Idle::NotAllowed, Some(&task)) };
    }
    let now = engine.clock.now();
    match engine.store.callback_is_new(&click.event_id, now, now.plus(MEMORY)).await {
        Ok(true) => {}
        Ok(false) => return idle(Idle::Repeated, Some(&task)),
        Err(error) => return told(engine, deciders, who, error.code(), &error.to_string(), &task),
    }
    if made.revision != task.revision || !made.seen.is(task.command_sha256) {
        return idle(Idle::Stale, Some(&task));
    }
    if matches!(made.choice, Choice::Reject | Choice::Modify) && made.reason.is_empty() {
        return idle(Idle::NoReason, Some(&task));
    }
    let by = Principal::feishu(who, roles);
    let command = Command { by, via: Via::Card, now, expected_version: None, action: action(&made, &task) };
    match engine.tasks.send(task.id.clone(), Carry(command)).await {
        Ok(after) => {
            let needed = engine.in_force.terms().policy.level(after.risk.level).approvals;
            let toast = taken(made.choice, &after, needed);
            Answer { toast, card: Some(current(engine, deciders, &after)) }
        }
        Err(error) => {
            let now = engine.store.task(&task.id).await.ok().flatten().unwrap_or(task);
            told(engine, deciders, who, error.code(), &error.to_string(), &now)
        }
    }
}

/// The task that was clicked on: the one whose card is in this message, and no other.
async fn find(engine: &Engine, made: &Made, click: &Click) -> Result<Arc<Task>, Idle> {
    let load = async |id: &TaskId| engine.store.task(id).await.ok().flatten().ok_or(Idle::Gone);
    if let Some(copy) = engine.store.card_in(&click.message_id).await.ok().flatten() {
        let is_its = made.task.as_ref().is_none_or(|task| *task == copy.task);
        let is_there = match &copy.recipient {
            // Only the first version may leave the chat out.
            Recipient::Chat(chat) => click.is_legacy && click.chat_id.is_empty() || *chat == click.chat_id,
            Recipient::Person(_) => true,
        };
        return if is_its && is_there { load(&copy.task).await } else { Err(Idle::ForeignMessage) };
    }
    // The answer to a message that was sent may have been lost, and its id with it: then this is it.
    let id = made.task.as_ref().ok_or(Idle::ForeignMessage)?;
    let copies = engine.store.cards_of(id).await.unwrap_or_default();
    // It may have been noted between the two looks: people are quick.
    if copies.iter().any(|copy| copy.message_id.as_ref() == Some(&click.message_id)) {
        return load(id).await;
    }
    let is_nameless = |copy: &&card::delivery::Copy| {
        copy.message_id.is_none()
            && (copy.recipient.id() == click.chat_id || Some(copy.recipient.id()) == click.operator.id())
    };
    let Some(copy) = copies.iter().find(is_nameless) else { return Err(Idle::ForeignMessage) };
    let found = card::delivery::Copy { message_id: Some(click.message_id.clone()), ..copy.clone() };
    let now = engine.clock.now();
    let noted = engine.store.card_delivered(card::delivery::Copy { next_attempt: Some(now), ..found }, now).await;
    if let Err(error) = noted {
        tracing::warn!(task.id = %id, error = %error, "the message of a card could not be noted");
    }
    load(id).await
}

fn action(made: &Made, task: &Task) -> Action {
    let reason = match (made.choice, made.proposal.as_str()) {
        (Choice::Modify, proposal) if !proposal.is_empty() => format!("{}\nProposed: {proposal}", made.reason),
        (Choice::Approve | Choice::Reject | Choice::Modify | Choice::Escalate, _) => made.reason.clone(),
    };
    let ballot = Ballot { reason, command_sha256: Some(task.command_sha256) };
    match made.choice {
        Choice::Approve => Action::Approve(ballot),
        Choice::Reject => Action::Reject(ballot),
        Choice::Modify => Action::RequestChange(ballot),
        Choice::Escalate => Action::Escalate(ballot),
    }
}

fn told(engine: &Engine, deciders: &Deciders, who: &str, code: Code, why: &str, task: &Arc<Task>) -> Answer {
    if matches!(code.status(), 403 | 409) {
        deny(engine, who, code, Some(&task.id));
    }
    Answer { toast: refused(code, why, task), card: Some(current(engine, deciders, task)) }
}

fn deny(engine: &Engine, who: &str, code: Code, task: Option<&TaskId>) {
    let what = "a click on a card".to_owned();
    engine.denials.do_send(Denial { code, who: format!("feishu:{who}"), what, task: task.cloned() });
}

/// The card as it is now; names come with the next update.
fn current(engine: &Engine, deciders: &Deciders, task: &Task) -> Value {
    let terms = engine.in_force.terms();
    let link = deciders.task_url.as_ref().map(|base| format!("{base}{}", task.id));
    let view = View { policy: &terms.policy, names: &BTreeMap::new(), link: link.as_deref() };
    card::card(Kind::of(task.state), task, &view)
}
