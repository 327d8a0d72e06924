//! Holds a card against the rules of card JSON 2.0, as the platform does: what it would refuse is found before it is sent.
//!
//! It knows the components that the cards use and those that people paste; a tag that is not among them is refused.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use thiserror::Error;

mod rules;

use rules::{
    BODY, CALLBACK, COMMON, COMPONENTS, CONFIG, CONFIRM, CONTAINERS, FIELD, HEADER, INTERACTIVE, Is, OPEN_URL, OPTION,
    Properties, ROOT, SUMMARY, TEXT_OBJECT, TEXT_TAG,
};

/// Components in a card, those inside others included.
const MOST_ELEMENTS: usize = 200;
/// Containers inside each other.
const MOST_NESTING: usize = 5;
/// Labels beside the title.
const MOST_TAGS: usize = 3;
/// Bytes of the request that carries a card.
pub const MOST_BYTES: usize = 30 * 1024;

/// Why the platform would refuse a card.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {why}")]
pub struct Fault {
    /// Where, as a JSON pointer.
    pub path: String,
    /// What is wrong.
    pub why: String,
    /// The code that the platform puts into its message.
    pub code: u32,
}

/// A property is not known, or not of the kind that it has to be.
const UNKNOWN_PROPERTY: u32 = 200_621;
/// A component is not one of this version.
const UNKNOWN_TAG: u32 = 200_861;
/// There is more of something than there may be.
const TOO_MUCH: u32 = 11_310;
/// A field of a form has no name.
const NAMELESS: u32 = 200_530;

/// All that is wrong with a card; nothing, if the platform takes it.
pub fn check(card: &Value) -> Vec<Fault> {
    let mut check = Check::default();
    check.card(card);
    if super::size(card) > MOST_BYTES {
        check.fault("", "the card is larger than 30 KB", TOO_MUCH);
    }
    if check.elements > MOST_ELEMENTS {
        check.fault("/body/elements", "the card has more than 200 components", TOO_MUCH);
    }
    check.faults
}

#[derive(Default)]
struct Check {
    faults: Vec<Fault>,
    elements: usize,
    ids: BTreeSet<String>,
    /// Names of the interactive components of the form that is looked at.
    names: Option<BTreeSet<String>>,
    submits: usize,
}

impl Check {
    fn fault(&mut self, path: &str, why: impl Into<String>, code: u32) {
        self.faults.push(Fault { path: path.to_owned(), why: why.into(), code });
    }

    fn card(&mut self, card: &Value) {
        let Some(root) = self.object(card, ROOT, "") else { return };
        if !root.contains_key("schema") {
            self.fault("", "without \"schema\": \"2.0\" it is a card of the first version", UNKNOWN_PROPERTY);
        }
        if let Some(config) = root.get("config").and_then(|config| self.object(config, CONFIG, "/config")) {
            if config.get("update_multi") == Some(&Value::Bool(false)) {
                self.fault("/config/update_multi", "every card of this version is shared", UNKNOWN_PROPERTY);
            }
            if let Some(summary) = config.get("summary") {
                self.object(summary, SUMMARY, "/config/summary");
            }
        }
        if let Some(header) = root.get("header").and_then(|header| self.object(header, HEADER, "/header")) {
            let tags = list(header.get("text_tag_list"));
            if tags.len() > MOST_TAGS {
                self.fault("/header/text_tag_list", "there are more than 3 labels", TOO_MUCH);
            }
            for (at, tag) in tags.iter().enumerate() {
                self.object(tag, TEXT_TAG, &format!("/header/text_tag_list/{at}"));
            }
        }
        let Some(body) = root.get("body") else { return self.fault("", "the card has no body", UNKNOWN_PROPERTY) };
        if let Some(body) = self.object(body, BODY, "/body") {
            self.elements(list(body.get("elements")), "/body/elements", 0, None);
        }
    }

    /// Looks at the properties of an object.
    fn object<'v>(&mut self, value: &'v Value, known: Properties, path: &str) -> Option<&'v Map<String, Value>> {
        let Some(object) = value.as_object() else {
            self.fault(path, "this has to be an object", UNKNOWN_PROPERTY);
            return None;
        };
        for (name, value) in object {
            let path = format!("{path}/{name}");
            match known.iter().find(|(known, _)| known == name) {
                Some((_, is)) => self.value(value, *is, &path),
                None => self.fault(&path, format!("unknown property \"{name}\""), UNKNOWN_PROPERTY),
            }
        }
        Some(object)
    }

    fn value(&mut self, value: &Value, is: Is, path: &str) {
        let fits = match is {
            Is::Flag => value.is_boolean(),
            Is::Number => value.is_number(),
            Is::Text => value.is_string(),
            Is::Object => value.is_object(),
            Is::List => value.is_array(),
            Is::OneOf(names) => value.as_str().is_some_and(|text| names.contains(&text)),
            Is::Any => true,
            Is::Words(tags) => return self.words(value, tags, path),
        };
        if !fits {
            self.fault(path, format!("this may not be {value}"), UNKNOWN_PROPERTY);
        }
    }

    fn words(&mut self, value: &Value, tags: &[&str], path: &str) {
        let Some(text) = self.object(value, TEXT_OBJECT, path) else { return };
        let tag = text.get("tag").and_then(Value::as_str).unwrap_or_default();
        if !tags.contains(&tag) {
            self.fault(path, format!("the tag of this text has to be {}", tags.join(" or ")), UNKNOWN_PROPERTY);
        }
        if tag != "plain_text" && text.contains_key("text_color") {
            self.fault(path, "only plain_text has a text_color", UNKNOWN_PROPERTY);
        }
        if !text.contains_key("content") && !text.contains_key("i18n_content") {
            self.fault(path, "the text has no content", UNKNOWN_PROPERTY);
        }
    }

    fn elements(&mut self, elements: &[Value], path: &str, depth: usize, within: Option<&str>) {
        if depth > MOST_NESTING {
            return self.fault(path, "containers may not be more than 5 deep", TOO_MUCH);
        }
        for (at, element) in elements.iter().enumerate() {
            self.element(element, &format!("{path}/{at}"), depth, within);
        }
    }

    fn element(&mut self, element: &Value, path: &str, depth: usize, within: Option<&str>) {
        self.elements += 1;
        let tag = element.get("tag").and_then(Value::as_str).unwrap_or_default();
        let Some((tag, known)) = COMPONENTS.iter().find(|(known, _)| *known == tag) else {
            return self.fault(path, format!("there is no component \"{tag}\""), UNKNOWN_TAG);
        };
        let Some(fields) = self.component(element, known, path) else { return };
        if matches!(*tag, "form" | "table") && within.is_some() {
            self.fault(path, format!("a {tag} stands in the body itself"), UNKNOWN_TAG);
        }
        if (*tag == "column") != (within == Some("column_set")) {
            self.fault(path, "a column_set holds columns, and nothing else does", UNKNOWN_TAG);
        }
        self.id(fields, path);
        if INTERACTIVE.contains(tag) {
            self.interactive(tag, fields, path);
        }
        self.parts(fields, path);
        if *tag == "form" {
            return self.form(fields, path, depth);
        }
        if CONTAINERS.contains(tag) {
            let inner = if *tag == "column_set" { "columns" } else { "elements" };
            self.elements(list(fields.get(inner)), &format!("{path}/{inner}"), depth + 1, Some(tag));
        }
    }

    /// A component's properties, with those that every component has.
    fn component<'v>(&mut self, element: &'v Value, known: Properties, path: &str) -> Option<&'v Map<String, Value>> {
        let object = element.as_object()?;
        for (name, value) in object {
            let path = format!("{path}/{name}");
            match known.iter().chain(COMMON).find(|(known, _)| known == name) {
                Some((_, is)) => self.value(value, *is, &path),
                None => self.fault(&path, format!("unknown property \"{name}\""), UNKNOWN_PROPERTY),
            }
        }
        Some(object)
    }

    fn id(&mut self, fields: &Map<String, Value>, path: &str) {
        let Some(id) = fields.get("element_id").and_then(Value::as_str) else { return };
        let starts = id.starts_with(|first: char| first.is_ascii_alphabetic());
        let fits = starts && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !fits {
            self.fault(path, "an element_id is a letter and up to 19 letters, digits or _", UNKNOWN_PROPERTY);
        }
        if !self.ids.insert(id.to_owned()) {
            self.fault(path, format!("there are two components \"{id}\""), UNKNOWN_PROPERTY);
        }
    }

    fn interactive(&mut self, tag: &str, fields: &Map<String, Value>, path: &str) {
        if let Some(names) = &mut self.names {
            let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
            let is_new = !name.is_empty() && names.insert(name.to_owned());
            if !is_new {
                self.fault(path, "in a form every component needs a name of its own", NAMELESS);
            }
        }
        let submits = fields.get("form_action_type").and_then(Value::as_str) == Some("submit");
        self.submits += usize::from(submits);
        let length = |name: &str| {
            let words = fields.get(name).map(|text| {
                [text.get("content"), text.pointer("/i18n_content/en_us"), text.pointer("/i18n_content/zh_cn")]
            });
            words
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(Value::as_str)
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
        };
        let most = if tag == "button" { length("text") } else { length("placeholder") };
        if most > 100 {
            self.fault(path, "this text may have 100 characters", TOO_MUCH);
        }
        let long = fields.get("max_length").and_then(Value::as_u64).is_some_and(|most| !(1..=1000).contains(&most));
        if long {
            self.fault(path, "max_length is 1 to 1000", UNKNOWN_PROPERTY);
        }
    }

    /// Objects inside a component that are no components.
    fn parts(&mut self, fields: &Map<String, Value>, path: &str) {
        if let Some(confirm) = fields.get("confirm") {
            self.object(confirm, CONFIRM, &format!("{path}/confirm"));
        }
        for (at, option) in list(fields.get("options")).iter().enumerate() {
            self.object(option, OPTION, &format!("{path}/options/{at}"));
        }
        for (at, field) in list(fields.get("fields")).iter().enumerate() {
            self.object(field, FIELD, &format!("{path}/fields/{at}"));
        }
        for (at, behaviour) in list(fields.get("behaviors")).iter().enumerate() {
            let is_link = behaviour.get("type").and_then(Value::as_str) == Some("open_url");
            let known = if is_link { OPEN_URL } else { CALLBACK };
            self.object(behaviour, known, &format!("{path}/behaviors/{at}"));
        }
    }

    fn form(&mut self, fields: &Map<String, Value>, path: &str, depth: usize) {
        self.names = Some(BTreeSet::new());
        self.submits = 0;
        self.elements(list(fields.get("elements")), &format!("{path}/elements"), depth + 1, Some("form"));
        self.names = None;
        if self.submits == 0 {
            self.fault(path, "a form needs a button that submits it", UNKNOWN_PROPERTY);
        }
        if fields.get("name").and_then(Value::as_str).unwrap_or_default().is_empty() {
            self.fault(path, "a form needs a name", NAMELESS);
        }
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
