//! One entry of the audit trail, and the line that is made of it.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{
    fold::{NAME_ROOM, TEXT_ROOM, fold},
    format::{END, MAX_DRAFT, PREV, START, written},
    leaf,
};
use crate::{
    access::{Actor, Via},
    id::{Digest, Revision, Seq, TaskId},
    time::Timestamp,
};

/// Takes the secrets out of a text.
pub type Mask = for<'a> fn(&'a str) -> Cow<'a, str>;

/// `data` deeper than this is written as text, well below the depth at which JSON readers give up.
const MAX_DEPTH: usize = 32;

/// Something that happened, before it has a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// What happened, such as `task.approved`.
    pub kind: String,
    /// The task it happened to.
    pub task_id: Option<TaskId>,
    /// The task's revision.
    pub revision: Option<Revision>,
    /// Who did it.
    pub actor: Actor,
    /// The door it came through.
    pub via: Via,
    /// The status before.
    pub from: Option<String>,
    /// The status after.
    pub to: Option<String>,
    /// The digest of the command.
    pub cmd_sha: Option<Digest>,
    /// The task as it then was.
    pub subject: Option<Subject>,
    /// What else belongs to this kind. Values are masked one by one, without regard to their keys.
    pub data: Map<String, Value>,
}

/// The task of an entry, under the names older readers know; unmasked, since the line masks it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The task's status.
    pub status: String,
    /// The command.
    pub command: String,
    /// What the submitter says about it.
    pub description: String,
    /// The address it was submitted from.
    pub source_ip: String,
    /// The risk level.
    pub risk_level: String,
    /// The risk labels.
    pub risk_labels: Vec<String>,
    /// The Feishu open_id of whoever decided.
    pub operator_open_id: String,
    /// The name of whoever decided.
    pub operator_name: String,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line without its newline.
    pub text: String,
    /// Its hash.
    pub leaf: Digest,
}

impl Entry {
    /// An entry that is about no task; `data` is an object.
    pub fn new(at: Timestamp, kind: &str, actor: Actor, via: Via, data: Value) -> Self {
        let data = match data {
            Value::Object(data) => data,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
        };
        Self {
            at,
            kind: kind.to_owned(),
            task_id: None,
            revision: None,
            actor,
            via,
            from: None,
            to: None,
            cmd_sha: None,
            subject: None,
            data,
        }
    }

    /// The entry as the line of this number after the line with this hash.
    pub fn line(&self, seq: Seq, prev: &Digest, mask: Mask) -> Line {
        self.draft(mask).line(seq, prev)
    }

    /// All of the line but its place in the log, so that whoever gives out the places has little left to do. `data` and
    /// subject are masked first; if the line is then too long, its long parts give way to their digest, length and head.
    pub fn draft(&self, mask: Mask) -> Draft {
        let mut fields = self.fields(mask);
        let mut text = fields.written();
        for part in
            [Part::InData, Part::At("command"), Part::At("description"), Part::At("data"), Part::At("risk_labels")]
        {
            if text.len() <= MAX_DRAFT {
                break;
            }
            part.shorten(&mut fields);
            text = fields.written();
        }
        Draft { at: self.at, task_id: self.task_id.clone(), text }
    }

    fn fields(&self, mask: Mask) -> Fields {
        let time = self.at.rfc3339();
        let task_id = self.task_id.as_ref().map_or("", TaskId::as_str);
        let data = (!self.data.is_empty()).then(|| masked_map(&self.data, 0, mask));
        let subject = self.subject.as_ref();
        let text = |of: fn(&Subject) -> &String| subject.map(|s| json!(mask(of(s))));
        let name = |of: fn(&Subject) -> &String| text(of).map(|value| fold(value, NAME_ROOM));
        let labels = subject.map(|s| s.risk_labels.iter().map(|label| json!(mask(label))).collect());
        let fields = [
            ("ts", Some(json!(time))),
            ("kind", Some(plain_name(&self.kind))),
            ("task_id", Some(json!(task_id))),
            ("revision", self.revision.map(|revision| json!(revision))),
            ("actor", Some(json!({"type": self.actor.kind, "id": plain_name(&self.actor.id)}))),
            ("via", Some(json!(self.via))),
            ("from", self.from.as_deref().map(plain_name)),
            ("to", self.to.as_deref().map(plain_name)),
            ("cmd_sha", self.cmd_sha.map(|digest| json!(digest))),
            ("data", data),
            ("timestamp", Some(json!(time))),
            ("unix_ts", Some(json!(self.at.unix_seconds()))),
            ("action", Some(plain_name(&self.kind))),
            ("status", name(|s| &s.status)),
            ("command", text(|s| &s.command)),
            ("description", text(|s| &s.description)),
            ("source_ip", name(|s| &s.source_ip)),
            ("risk_level", name(|s| &s.risk_level)),
            ("risk_labels", labels),
            ("operator_open_id", name(|s| &s.operator_open_id)),
            ("operator_name", name(|s| &s.operator_name)),
        ];
        Fields(fields.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
    }
}

/// A line without its number and the hash of the line before it. Secrets are masked already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// When it happened.
    pub at: Timestamp,
    /// The task it happened to.
    pub task_id: Option<TaskId>,
    text: String,
}

impl Draft {
    /// The line of this number after the line with this hash.
    pub fn line(&self, seq: Seq, prev: &Digest) -> Line {
        let text = format!("{START}{seq},{}{PREV}{prev}{END}", self.text);
        Line { leaf: leaf(text.as_bytes()), text }
    }
}

/// The fields of a line in their order.
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// As they stand in the line: members of an object, without its braces.
    fn written(&self) -> String {
        let mut text = written(self);
        text.pop();
        text.remove(0);
        text
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// What of a line that is too long is shortened, one after the other until it fits.
enum Part {
    /// Each long value in `data`.
    InData,
    /// The whole value of a key.
    At(&'static str),
}

impl Part {
    fn shorten(self, fields: &mut Fields) {
        let shorten = |value: &mut Value| *value = fold(value.take(), TEXT_ROOM);
        match self {
            Self::InData => {
                fields
                    .get_mut("data")
                    .and_then(Value::as_object_mut)
                    .into_iter()
                    .flatten()
                    .for_each(|(_, v)| shorten(v));
            }
            Self::At(key) => fields.get_mut(key).into_iter().for_each(shorten),
        }
    }
}

fn plain_name(text: &str) -> Value {
    fold(json!(text), NAME_ROOM)
}

fn masked_map(map: &Map<String, Value>, depth: usize, mask: Mask) -> Value {
    map.iter().map(|(key, value)| (mask(key), masked(value, depth + 1, mask))).collect()
}

fn masked(value: &Value, depth: usize, mask: Mask) -> Value {
    let masked = match value {
        Value::String(text) => return json!(mask(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => return value.clone(),
        Value::Array(items) => items.iter().map(|item| masked(item, depth + 1, mask)).collect(),
        Value::Object(map) => masked_map(map, depth, mask),
    };
    if depth == MAX_DEPTH { json!(masked.to_string()) } else { masked }
}

#[cfg(test)]
mod tests;
