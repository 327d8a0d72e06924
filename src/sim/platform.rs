//! The platform as bots and people see it: tokens, messages, limits, and what it answers to what it does not take.
//! Time and chance come in as arguments.

use std::collections::{BTreeMap, HashMap, VecDeque};

use hermes_core::card::check::{Fault as CardFault, MOST_BYTES, check};
use hermes_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a token lives, and from when on another one is given.
const TOKEN_LIFE: Millis = Millis::from_secs(7200);
const TOKEN_ROTATION: Millis = Millis::from_secs(1800);
/// How long a request's id is known.
const UUID_LIFE: Millis = Millis::from_secs(3600);
/// How long a card can be changed.
const CARD_LIFE: Millis = Millis::from_secs(14 * 86_400);
/// How long, and how often, the token of a click counts.
const CLICK_TOKEN_LIFE: Millis = Millis::from_secs(1800);
const CLICK_TOKEN_USES: u8 = 2;
/// Bytes of a text message.
const MOST_TEXT: usize = 150 * 1024;
/// Characters of a request's id.
const MOST_UUID: usize = 50;

/// The app that the platform knows.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id.
    pub app_id: String,
    /// Its secret.
    pub app_secret: String,
    /// Seals and signs callbacks.
    pub encrypt_key: String,
    /// Stands in callbacks.
    pub verification_token: String,
    /// The company.
    pub tenant_key: String,
}

/// Somebody in the company.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// For this app.
    pub open_id: String,
    /// The name.
    pub name: String,
    /// What he is here for.
    pub title: String,
}

/// A chat with the bot in it.
#[derive(Debug, Clone, Serialize)]
pub struct Chat {
    /// The id.
    pub chat_id: String,
    /// The name.
    pub name: String,
    /// Who is in it, by open id.
    pub members: Vec<String>,
}

/// A message.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// `om_…`
    pub message_id: String,
    /// The chat that it is in; one for each person that the bot writes to.
    pub chat_id: String,
    /// Whom it was sent to.
    pub receive_id: String,
    /// `interactive` or `text`.
    pub msg_type: String,
    /// What it shows.
    pub content: Value,
    /// When it was sent.
    pub created_at: i64,
    /// How often it was changed.
    pub updates: u64,
    /// Who was told again.
    pub urgent: Vec<String>,
    /// It was recalled.
    pub is_recalled: bool,
}

/// What goes wrong on purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Nothing answers but 503.
    pub down: bool,
    /// So many requests are throttled.
    pub throttle: u32,
    /// Every answer takes so long.
    pub slow_ms: u64,
    /// So many requests are done, and their answers lost.
    pub lose_answers: u32,
    /// Every token that was given is refused from now on; set once.
    pub expire_tokens: bool,
    /// Every click is sent twice.
    pub duplicate_clicks: bool,
}

/// Why the platform does not do what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The platform's code.
    pub code: i64,
    /// Its words.
    pub msg: String,
    /// Seconds until more requests are taken.
    pub reset: Option<u64>,
}

impl Refusal {
    fn new(code: i64, msg: impl Into<String>) -> Self {
        Self { status: 400, code, msg: msg.into(), reset: None }
    }

    fn throttled() -> Self {
        Self { status: 429, reset: Some(1), ..Self::new(99_991_400, "request trigger frequency limit") }
    }
}

/// What is asked for; limits are kept for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Send,
    Update,
    Urgent,
    Contact,
}

/// The platform.
#[derive(Debug)]
pub struct Platform {
    pub app: App,
    pub people: Vec<Person>,
    pub chats: Vec<Chat>,
    pub messages: Vec<Message>,
    pub faults: Faults,
    tokens: Vec<(String, Timestamp)>,
    uuids: HashMap<String, (usize, Timestamp)>,
    asked: HashMap<Kind, VecDeque<Timestamp>>,
    asked_of: HashMap<String, VecDeque<Timestamp>>,
    clicks: BTreeMap<String, ClickToken>,
    made: u64,
}

#[derive(Debug)]
struct ClickToken {
    message: usize,
    ends_at: Timestamp,
    uses: u8,
}

impl Platform {
    pub fn new(app: App, people: Vec<Person>, chats: Vec<Chat>) -> Self {
        Self {
            app,
            people,
            chats,
            messages: Vec::new(),
            faults: Faults::default(),
            tokens: Vec::new(),
            uuids: HashMap::new(),
            asked: HashMap::new(),
            asked_of: HashMap::new(),
            clicks: BTreeMap::new(),
            made: 0,
        }
    }

    /// A name that was never given before.
    fn name(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{:08x}", self.made)
    }

    /// A token: the same one until it has half an hour to live.
    pub fn token(&mut self, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (text("app_id"), text("app_secret")) else {
            return Err(Refusal::new(10_003, "invalid param"));
        };
        if id != self.app.app_id {
            return Err(Refusal { status: 200, ..Refusal::new(10_003, "invalid app_id") });
        }
        if secret != self.app.app_secret {
            return Err(Refusal { status: 200, ..Refusal::new(10_014, "app secret invalid") });
        }
        let lives = |ends_at: Timestamp| ends_at.since(now);
        let (token, ends_at) = match self.tokens.last() {
            Some((token, ends_at)) if lives(*ends_at) >= TOKEN_ROTATION => (token.clone(), *ends_at),
            Some(_) | None => {
                let token = self.name("t-sim-");
                self.tokens.push((token.clone(), now.plus(TOKEN_LIFE)));
                (token, now.plus(TOKEN_LIFE))
            }
        };
        Ok(json!({"code": 0, "msg": "ok", "tenant_access_token": token, "expire": lives(ends_at).0 / 1000}))
    }

    /// No token counts any longer.
    pub fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Whether a request may go on: the app is known by a token, and there are not too many.
    pub fn admit(&mut self, token: Option<&str>, kind: Kind, of: Option<&str>, now: Timestamp) -> Result<(), Refusal> {
        let token = token.ok_or_else(|| Refusal::new(99_991_661, "Missing access token for authorization"))?;
        if !token.starts_with("t-") {
            return Err(Refusal::new(99_991_671, "Invalid access token for authorization"));
        }
        let lives = self.tokens.iter().any(|(known, ends_at)| known == token && *ends_at > now);
        if !lives {
            return Err(Refusal::new(99_991_663, "Invalid access token for authorization"));
        }
        if self.faults.throttle > 0 {
            self.faults.throttle -= 1;
            return Err(Refusal::throttled());
        }
        let asked = self.asked.entry(kind).or_default();
        if !is_within(asked, now, Millis::from_secs(60), 1000) || !is_within(asked, now, Millis::from_secs(1), 50) {
            return Err(Refusal::throttled());
        }
        if let Some(of) = of {
            let asked_of = self.asked_of.entry(of.to_owned()).or_default();
            if !is_within(asked_of, now, Millis::from_secs(1), 5) {
                return Err(Refusal::new(230_020, "This operation triggers the frequency limit."));
            }
            asked_of.push_back(now);
        }
        self.asked.entry(kind).or_default().push_back(now);
        Ok(())
    }

    /// Sends a message. Within an hour one id makes one message.
    pub fn send(&mut self, id_type: &str, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let (Some(receive_id), Some(msg_type), Some(content)) = (text("receive_id"), text("msg_type"), text("content"))
        else {
            return Err(Refusal::new(99_992_402, "field validation failed"));
        };
        let uuid = text("uuid").unwrap_or_default();
        if uuid.chars().count() > MOST_UUID {
            return Err(Refusal::new(99_992_402, "uuid: the max length is 50"));
        }
        let chat_id = self.chat_of(id_type, receive_id)?;
        let known = self.uuids.get(uuid).filter(|(_, at)| now.since(*at).0 < UUID_LIFE.0 && !uuid.is_empty());
        if let Some(message) = known.and_then(|(at, _)| self.messages.get(*at)) {
            return Ok(shown(message));
        }
        let content = read_content(msg_type, content)?;
        let message = Message {
            message_id: self.name("om_sim"),
            chat_id,
            receive_id: receive_id.to_owned(),
            msg_type: msg_type.to_owned(),
            content,
            created_at: now.0,
            updates: 0,
            urgent: Vec::new(),
            is_recalled: false,
        };
        if !uuid.is_empty() {
            self.uuids.insert(uuid.to_owned(), (self.messages.len(), now));
        }
        let answer = shown(&message);
        self.messages.push(message);
        Ok(answer)
    }

    fn chat_of(&self, id_type: &str, receive_id: &str) -> Result<String, Refusal> {
        match id_type {
            "chat_id" => {
                let known = self.chats.iter().any(|chat| chat.chat_id == receive_id);
                let refusal = || Refusal::new(230_002, "Bot/User can NOT be out of the chat.");
                if known { Ok(receive_id.to_owned()) } else { Err(refusal()) }
            }
            "open_id" => {
                let known = self.people.iter().any(|person| person.open_id == receive_id);
                let refusal = || Refusal::new(99_992_351, "Invalid receive_id: not a valid open_id");
                if known { Ok(format!("oc_p2p_{receive_id}")) } else { Err(refusal()) }
            }
            _ => Err(Refusal::new(99_992_402, "receive_id_type: only chat_id and open_id are known here")),
        }
    }

    /// Changes a card in place.
    pub fn update(&mut self, message_id: &str, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let content = body.get("content").and_then(Value::as_str);
        let content = content.ok_or_else(|| Refusal::new(99_992_402, "field validation failed: content"))?;
        let card = read_content("interactive", content)?;
        let message = self.message(message_id)?;
        if message.msg_type != "interactive" {
            return Err(Refusal::new(230_054, "This operation is not supported for this message type."));
        }
        if message.is_recalled {
            return Err(Refusal::new(230_011, "The message was recalled."));
        }
        if now.since(Timestamp(message.created_at)).0 > CARD_LIFE.0 {
            return Err(Refusal::new(230_031, "The message has exceeded the modification time."));
        }
        message.content = card;
        message.updates += 1;
        Ok(json!({}))
    }

    /// Tells people again.
    pub fn urge(&mut self, message_id: &str, body: &Value) -> Result<Value, Refusal> {
        let ids: Vec<String> = body
            .get("user_id_list")
            .and_then(Value::as_array)
            .map(|ids| ids.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        let known: Vec<String> =
            ids.iter().filter(|id| self.people.iter().any(|person| person.open_id == **id)).cloned().collect();
        if known.is_empty() {
            return Err(Refusal::new(230_001, "Your request contains an invalid request parameter: user_id_list"));
        }
        let invalid: Vec<&String> = ids.iter().filter(|id| !known.contains(id)).collect();
        let answer = json!({"invalid_user_id_list": invalid});
        self.message(message_id)?.urgent.extend(known);
        Ok(answer)
    }

    /// Somebody's name.
    pub fn person(&self, id: &str) -> Result<Value, Refusal> {
        let person = self.people.iter().find(|person| person.open_id == id);
        let person = person.ok_or_else(|| Refusal::new(41_050, "no user authority error"))?;
        Ok(json!({"user": {"name": person.name, "en_name": person.name, "open_id": person.open_id}}))
    }

    /// Changes the card of a click by the click's token.
    pub fn delayed_update(&mut self, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let token = body.get("token").and_then(Value::as_str).unwrap_or_default();
        let click = self.clicks.get_mut(token).ok_or_else(|| Refusal::new(300_020, "token format error"))?;
        if click.ends_at < now {
            return Err(Refusal::new(300_030, "token expired"));
        }
        if click.uses >= CLICK_TOKEN_USES {
            return Err(Refusal::new(300_040, "token used up"));
        }
        let at = click.message;
        let card = body.get("card").filter(|card| card.is_object());
        let card = card.ok_or_else(|| Refusal::new(100_030, "card is not JSON"))?;
        refuse_faults(&check(card))?;
        click.uses += 1;
        if let Some(message) = self.messages.get_mut(at) {
            message.content = card.clone();
            message.updates += 1;
        }
        Ok(json!({}))
    }

    pub fn message(&mut self, message_id: &str) -> Result<&mut Message, Refusal> {
        let message = self.messages.iter_mut().find(|message| message.message_id == message_id);
        message.ok_or_else(|| Refusal::new(99_992_354, "id not exist: message_id"))
    }

    /// What the platform posts when somebody clicks, and the click's token; none if there is no such message.
    pub fn click(&mut self, click: &Clicked, now: Timestamp) -> Option<Value> {
        let at = self.messages.iter().position(|message| message.message_id == click.message_id)?;
        let chat_id = self.messages.get(at)?.chat_id.clone();
        let (event_id, token) = (self.name("ev-sim-"), self.name("c-sim-"));
        self.clicks.insert(token.clone(), ClickToken { message: at, ends_at: now.plus(CLICK_TOKEN_LIFE), uses: 0 });
        let mut action = json!({"value": click.value, "tag": "button", "timezone": "Asia/Shanghai"});
        if let Some(fields) = action.as_object_mut() {
            if let Some(name) = &click.name {
                fields.insert("name".to_owned(), json!(name));
            }
            if let Some(form) = &click.form_value {
                fields.insert("form_value".to_owned(), form.clone());
            }
        }
        let App { app_id, verification_token, tenant_key, .. } = &self.app;
        Some(json!({
            "schema": "2.0",
            "header": {
                "event_id": event_id, "token": verification_token, "create_time": now.0.to_string(),
                "event_type": "card.action.trigger", "tenant_key": tenant_key, "app_id": app_id,
            },
            "event": {
                "operator": {
                    "tenant_key": tenant_key, "open_id": click.open_id,
                    "union_id": click.open_id.replacen("ou_", "on_", 1),
                },
                "token": token, "action": action, "host": "im_message",
                "context": {"open_message_id": click.message_id, "open_chat_id": chat_id},
            },
        }))
    }

    /// Shows the card that a click was answered with; the code that the person sees if it cannot be shown.
    pub fn answered(&mut self, message_id: &str, answer: &Value) -> Result<(), u32> {
        let Some(card) = answer.get("card") else { return Ok(()) };
        let data = card.get("data").filter(|data| data.is_object()).ok_or(200_672_u32)?;
        if card.get("type").and_then(Value::as_str) != Some("raw") {
            return Err(200_672);
        }
        if data.get("schema").and_then(Value::as_str) != Some("2.0") {
            return Err(200_830);
        }
        if !check(data).is_empty() {
            return Err(200_673);
        }
        if let Ok(message) = self.message(message_id) {
            message.content = data.clone();
            message.updates += 1;
        }
        Ok(())
    }
}

/// A click, as a person makes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clicked {
    /// Who.
    pub open_id: String,
    /// On which message.
    pub message_id: String,
    /// What the button carries.
    pub value: Value,
    /// The button's name.
    pub name: Option<String>,
    /// What stands in the form.
    pub form_value: Option<Value>,
}

/// Forgets what is older than a minute; tells whether there is room for one more within a span.
fn is_within(asked: &mut VecDeque<Timestamp>, now: Timestamp, span: Millis, most: usize) -> bool {
    while asked.front().is_some_and(|at| now.since(*at).0 >= 60_000) {
        asked.pop_front();
    }
    asked.iter().rev().take_while(|at| now.since(**at).0 < span.0).count() < most
}

fn read_content(msg_type: &str, content: &str) -> Result<Value, Refusal> {
    match msg_type {
        "text" => {
            if content.len() > MOST_TEXT {
                return Err(Refusal::new(230_025, "The length of the message content reaches its limit."));
            }
            let text: Value = serde_json::from_str(content).map_err(|_| bad_content())?;
            if text.get("text").is_some_and(Value::is_string) { Ok(text) } else { Err(bad_content()) }
        }
        "interactive" => {
            if Value::String(content.to_owned()).to_string().len() > MOST_BYTES {
                return Err(Refusal::new(230_025, "The length of the message content reaches its limit."));
            }
            let card: Value = serde_json::from_str(content).map_err(|_| {
                Refusal::new(230_099, "Failed to create card content, ext=ErrCode: 200621; ErrMsg: parse card json err")
            })?;
            refuse_faults(&check(&card))?;
            Ok(card)
        }
        _ => Err(Refusal::new(230_001, "Your request contains an invalid request parameter: msg_type")),
    }
}

fn bad_content() -> Refusal {
    Refusal::new(230_001, "Your request contains an invalid request parameter, ext=invalid message content.")
}

fn refuse_faults(faults: &[CardFault]) -> Result<(), Refusal> {
    match faults.first() {
        None => Ok(()),
        Some(fault) => {
            let msg = format!("Failed to create card content, ext=ErrCode: {}; ErrMsg: {fault}", fault.code);
            Err(Refusal::new(230_099, msg))
        }
    }
}

/// A message as the answer to a send shows it.
fn shown(message: &Message) -> Value {
    let millis = (message.created_at / 1000).to_string();
    json!({
        "message_id": message.message_id, "root_id": "", "parent_id": "", "thread_id": "", "msg_type": message.msg_type,
        "create_time": millis, "update_time": millis, "deleted": false, "updated": false, "chat_id": message.chat_id,
        "sender": {"id": "cli_sim", "id_type": "app_id", "sender_type": "app", "tenant_key": ""},
        "body": {"content": message.content.to_string()},
    })
}
