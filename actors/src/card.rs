//! CardActor: the copies of cards in Feishu.
//!
//! - Owns the way to the platform: the token, the limits of requests, the names of people.
//! - Takes `Look` (a nudge). What has to be sent are rows that a task's own commit wrote; each is read, drawn as the task is
//!   by then, sent or changed in place, and marked. After a crash the same rows are due again, and the platform knows a
//!   repeat by its id.
//! - Awaits the store and the platform, at most 32 deliveries at once, four of them to one recipient; nobody waits for it.
//! - When it dies, the guard stops the process; rows wait in the store.
//! - The platform being down delays cards and nothing else.

pub mod click;
pub mod connection;
mod limits;
mod names;
mod platform;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, AsyncContext as _, Context, Handler, Message, SpawnHandle, WrapFuture as _};
use hermes_core::card::delivery::{Came, Copy, Form, Step};
use hermes_core::card::{self, Audience, Kind, Recipient, View};
use hermes_core::feishu::api::{self, Content, Meaning};
use hermes_core::id::TaskId;
use hermes_core::task::Task;
use hermes_core::time::{Millis, Timestamp};
use serde_json::Value;

use crate::clock::SharedClock;
use crate::crash;
use crate::death::DeathWatch;
use crate::health::Health;
use crate::settings::InForce;
use crate::store::Store;

use self::limits::Limits;
use self::names::Names;
use self::platform::Platform;

/// Deliveries under way at once.
const MOST_AT_ONCE: usize = 32;
/// Of them to one recipient, so that a chat with a long queue holds nobody else up.
const MOST_TO_ONE: usize = 4;
/// Rows that are read at once.
const PAGE: u32 = 256;
/// How often rows are looked at though nothing was nudged.
const PERIOD: Duration = Duration::from_secs(5);
/// How long an app that is not set up right is left alone.
const MISCONFIGURED_PAUSE: Millis = Millis::from_secs(60);

/// How cards are sent.
#[derive(Clone)]
pub struct Setup {
    /// The platform's address, without a slash at its end.
    pub base_url: String,
    /// The app.
    pub app_id: String,
    /// Its secret.
    pub app_secret: String,
    /// Who is shown cards.
    pub audience: Arc<Audience>,
    /// Where people read and decide outside Feishu; a task's id is put behind it.
    pub task_url: Option<String>,
}

/// Something was committed: there may be cards to send or to update.
#[derive(Debug)]
pub struct Look;

impl Message for Look {
    type Result = ();
}

/// Nothing more is sent.
#[derive(Debug)]
pub struct Stop;

impl Message for Stop {
    type Result = ();
}

/// Sends cards and keeps them up to date.
pub struct CardActor {
    setup: Setup,
    store: Arc<dyn Store>,
    in_force: Arc<InForce>,
    clock: SharedClock,
    way: Rc<Way>,
    under_way: HashSet<(TaskId, Recipient)>,
    to_one: HashMap<Recipient, usize>,
    looking: Round,
    alarm: Option<SpawnHandle>,
    is_stopped: bool,
    _guard: DeathWatch,
}

/// What the actor does; what comes while it reads asks for another round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Ready,
    Busy { again: bool },
}

/// The way to the platform, which lives on the actor's thread.
struct Way {
    platform: Platform,
    limits: Limits,
    names: Names,
}

impl CardActor {
    /// An actor over the rows of a store, to be made on its own thread.
    pub fn new(
        setup: Setup,
        store: Arc<dyn Store>,
        in_force: Arc<InForce>,
        clock: SharedClock,
        health: Arc<Health>,
    ) -> Self {
        let platform = Platform::new(&setup, clock.clone());
        Self {
            way: Rc::new(Way { platform, limits: Limits::default(), names: Names::default() }),
            setup,
            store,
            in_force,
            clock,
            under_way: HashSet::new(),
            to_one: HashMap::new(),
            looking: Round::Ready,
            alarm: None,
            is_stopped: false,
            _guard: DeathWatch::new("card", health),
        }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        if self.is_stopped || self.under_way.len() >= MOST_AT_ONCE {
            return;
        }
        if self.looking != Round::Ready {
            self.looking = Round::Busy { again: true };
            return;
        }
        self.looking = Round::Busy { again: false };
        let (store, now) = (self.store.clone(), self.clock.now());
        let read = async move {
            let due = store.cards_due(now, PAGE).await.unwrap_or_default();
            let next = store.next_card().await.ok().flatten();
            (due, next)
        };
        ctx.spawn(read.into_actor(self).map(move |(due, next), actor, ctx| actor.begin(due, next, ctx)));
    }

    fn begin(&mut self, due: Vec<Copy>, next: Option<Timestamp>, ctx: &mut Context<Self>) {
        let again = self.looking == Round::Busy { again: true };
        self.looking = Round::Ready;
        for copy in due {
            if self.under_way.len() >= MOST_AT_ONCE || self.is_stopped {
                break;
            }
            self.deliver(copy, ctx);
        }
        match next {
            _ if again => self.look(ctx),
            // What is due already is looked at again when a delivery is over.
            Some(next) if next > self.clock.now() => self.wake_at(next, ctx),
            Some(_) | None => {}
        }
    }

    fn wake_at(&mut self, next: Timestamp, ctx: &mut Context<Self>) {
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        let pause = Duration::from_millis(next.since(self.clock.now()).0.saturating_add(1)).min(PERIOD);
        self.alarm = Some(ctx.run_later(pause, |actor, ctx| actor.look(ctx)));
    }

    fn deliver(&mut self, copy: Copy, ctx: &mut Context<Self>) {
        let to_one = self.to_one.entry(copy.recipient.clone()).or_default();
        if *to_one >= MOST_TO_ONE || !self.under_way.insert((copy.task.clone(), copy.recipient.clone())) {
            return;
        }
        *to_one += 1;
        let name = (copy.task.clone(), copy.recipient.clone());
        let courier = Courier {
            way: self.way.clone(),
            store: self.store.clone(),
            in_force: self.in_force.clone(),
            clock: self.clock.clone(),
            task_url: self.setup.task_url.clone(),
        };
        let work = async move { courier.deliver(copy).await };
        ctx.spawn(work.into_actor(self).map(move |(), actor, ctx| {
            actor.under_way.remove(&name);
            if let Some(to_one) = actor.to_one.get_mut(&name.1) {
                *to_one -= 1;
            }
            actor.to_one.retain(|_, count| *count > 0);
            actor.look(ctx);
        }));
    }
}

impl Actor for CardActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(PERIOD, |actor, ctx| actor.look(ctx));
        self.look(ctx);
    }
}

impl Handler<Look> for CardActor {
    type Result = ();
    fn handle(&mut self, _: Look, ctx: &mut Self::Context) {
        self.look(ctx);
    }
}

impl Handler<Stop> for CardActor {
    type Result = ();
    fn handle(&mut self, _: Stop, _: &mut Self::Context) {
        self.is_stopped = true;
    }
}

/// Brings one copy one step further.
struct Courier {
    way: Rc<Way>,
    store: Arc<dyn Store>,
    in_force: Arc<InForce>,
    clock: SharedClock,
    task_url: Option<String>,
}

impl Courier {
    async fn deliver(&self, copy: Copy) {
        let step = copy.step();
        match &step {
            Some(Step::Send { .. }) => self.way.limits.send(&copy.recipient).await,
            Some(Step::Update { message_id } | Step::Remind { message_id, .. }) => {
                self.way.limits.update(message_id).await;
            }
            None => {}
        }
        // The task as it is by now: what has passed while the platform had to be waited for is not shown.
        let task = match self.store.task(&copy.task).await {
            Ok(Some(task)) => task,
            // It was cleaned away, and its copies with it; or the store will be there again later.
            Ok(None) | Err(_) => return,
        };
        let after = match step {
            Some(step) => {
                let came = self.take(&step, &copy, &task).await;
                tell(&copy, &came);
                crash::point("card.sent");
                copy.after(came, self.clock.now(), chance())
            }
            None => Copy { next_attempt: None, ..copy },
        };
        if let Err(error) = self.store.card_delivered(after, self.clock.now()).await {
            tracing::warn!(task.id = %task.id, error = %error, "what came of a card could not be noted; it is sent again");
        }
    }

    async fn take(&self, step: &Step, copy: &Copy, task: &Task) -> Came {
        let platform = &self.way.platform;
        match step {
            Step::Send { uuid } => {
                let content = self.content(copy.form, task);
                let meaning = platform.ask(&api::send(&copy.recipient, &content, uuid)).await;
                came(meaning, |data| {
                    let id = data.get("message_id").and_then(Value::as_str).filter(|id| !id.is_empty());
                    id.map_or_else(
                        || Came::Failed("the platform sent the card but did not name its message".to_owned()),
                        |id| Came::Shown { message_id: id.to_owned(), version: task.version },
                    )
                })
            }
            Step::Update { message_id } => {
                let content = self.content(copy.form, task);
                let meaning = platform.ask(&api::update(message_id, &content)).await;
                came(meaning, |_| Came::Shown { message_id: message_id.clone(), version: task.version })
            }
            Step::Remind { message_id, open_id } => {
                match platform.ask(&api::remind(message_id, open_id)).await {
                    Meaning::Throttled(pause) => Came::Throttled(pause),
                    Meaning::Failed(why) | Meaning::TokenRefused(why) => Came::Failed(why),
                    // A card that cannot be made urgent is still a card.
                    Meaning::Done(_)
                    | Meaning::ContentRefused(_)
                    | Meaning::MessageGone(_)
                    | Meaning::Undeliverable(_)
                    | Meaning::Misconfigured(_) => Came::Reminded,
                }
            }
        }
    }

    fn content(&self, form: Form, task: &Task) -> Content {
        let terms = self.in_force.terms();
        let names = self.names(task);
        let link = self.task_url.as_ref().map(|base| format!("{base}{}", task.id));
        let view = View { policy: &terms.policy, names: &names, link: link.as_deref() };
        let kind = Kind::of(task.state);
        match form {
            Form::Card => Content::Card(card::card(kind, task, &view)),
            Form::Fallback => Content::Card(card::fallback(kind, task, &view)),
            Form::Text => Content::Text(card::text(kind, task, &view)),
        }
    }

    /// The names that are known by now; the others are asked for, and stand in the next card.
    fn names(&self, task: &Task) -> BTreeMap<String, String> {
        let people = task.authors.iter().chain(&task.decided_by).chain(task.votes.iter().map(|vote| &vote.by));
        self.way.names.known(people, &self.way, &self.clock)
    }
}

/// What an answer means for a copy.
fn came(meaning: Meaning, done: impl FnOnce(Value) -> Came) -> Came {
    match meaning {
        Meaning::Done(data) => done(data),
        Meaning::Throttled(pause) => Came::Throttled(pause),
        Meaning::TokenRefused(why) | Meaning::Failed(why) => Came::Failed(why),
        Meaning::ContentRefused(why) => Came::CardRefused(why),
        Meaning::MessageGone(why) => Came::MessageGone(why),
        Meaning::Undeliverable(why) => Came::Undeliverable(why),
        Meaning::Misconfigured(why) => {
            tracing::error!(feishu.answer = %why, "Feishu refuses the app: run `hermes feishu check`");
            Came::Throttled(MISCONFIGURED_PAUSE)
        }
    }
}

fn tell(copy: &Copy, came: &Came) {
    let (result, why) = match came {
        Came::Shown { .. } => ("shown", None),
        Came::Reminded => ("reminded", None),
        Came::Throttled(_) => ("throttled", None),
        Came::Failed(why) => ("failed", Some(why)),
        Came::CardRefused(why) => ("refused", Some(why)),
        Came::MessageGone(why) => ("gone", Some(why)),
        Came::Undeliverable(why) => ("undeliverable", Some(why)),
    };
    metrics::counter!("hermes_card_deliveries_total", "result" => result).increment(1);
    match why {
        None => tracing::debug!(task.id = %copy.task, recipient = %copy.recipient, result, "a card was delivered"),
        Some(why) => tracing::warn!(
            task.id = %copy.task, recipient = %copy.recipient, result, feishu.answer = %why, attempt = copy.attempts + 1,
            "a card was not delivered"
        ),
    }
}

/// Any number: it only spreads retries.
fn chance() -> u32 {
    getrandom::u32().unwrap_or(0)
}
