//! The components of card JSON 2.0 that the cards are built of.

use serde_json::{Value, json};

use crate::risk::Text;

/// Plain text that is the same in every language: nothing in it is markup.
pub(super) fn plain(text: &str) -> Value {
    json!({"tag": "plain_text", "content": text})
}

/// Plain text in the reader's language.
pub(super) fn both(text: &Text) -> Value {
    let Text { en, zh } = text;
    json!({"tag": "plain_text", "content": en, "i18n_content": {"en_us": en, "zh_cn": zh}})
}

/// A block of text.
pub(super) fn block(text: Value) -> Value {
    json!({"tag": "div", "text": text})
}

/// A block of text in smaller, paler letters.
pub(super) fn note(mut text: Value) -> Value {
    if let Some(fields) = text.as_object_mut() {
        fields.insert("text_size".to_owned(), json!("notation"));
        fields.insert("text_color".to_owned(), json!("grey"));
    }
    block(text)
}

/// A block of text in larger letters.
pub(super) fn heading(mut text: Value) -> Value {
    if let Some(fields) = text.as_object_mut() {
        fields.insert("text_size".to_owned(), json!("heading"));
    }
    block(text)
}

/// Facts, two in a line where there is room.
pub(super) fn facts(facts: Vec<Text>) -> Value {
    let fields: Vec<Value> = facts.iter().map(|fact| json!({"is_short": true, "text": both(fact)})).collect();
    json!({"tag": "div", "fields": fields})
}

/// A line.
pub(super) fn line() -> Value {
    json!({"tag": "hr"})
}

/// Buttons side by side.
pub(super) fn row(buttons: Vec<Value>) -> Value {
    let column = |button: Value| json!({"tag": "column", "width": "auto", "elements": [button]});
    let columns: Vec<Value> = buttons.into_iter().map(column).collect();
    json!({"tag": "column_set", "flex_mode": "flow", "columns": columns})
}

/// A button that opens an address.
pub(super) fn link(text: &Text, address: &str) -> Value {
    json!({
        "tag": "button", "type": "default", "text": both(text),
        "behaviors": [{"type": "open_url", "default_url": address}],
    })
}

/// How a button looks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Look {
    Plain,
    Primary,
    Danger,
}

impl Look {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "default",
            Self::Primary => "primary_filled",
            Self::Danger => "danger",
        }
    }
}

/// A button that calls back, with a question before it does.
pub(super) fn button(name: &str, text: &Text, look: Look, value: &Value, confirm: Option<[Text; 2]>) -> Value {
    let mut button = json!({
        "tag": "button", "name": name, "type": look.as_str(), "text": both(text),
        "behaviors": [{"type": "callback", "value": value}],
    });
    if let (Some([title, text]), Some(fields)) = (confirm, button.as_object_mut()) {
        fields.insert("confirm".to_owned(), json!({"title": both(&title), "text": both(&text)}));
    }
    button
}

/// The same, sending the form that it stands in.
pub(super) fn submit(name: &str, text: &Text, look: Look, value: &Value) -> Value {
    let mut button = button(name, text, look, value, None);
    if let Some(fields) = button.as_object_mut() {
        fields.insert("form_action_type".to_owned(), json!("submit"));
    }
    button
}

/// A field of a form to write into, several lines high.
pub(super) fn input(name: &str, label: &Text, placeholder: &Text, rows: u8, required: bool) -> Value {
    json!({
        "tag": "input", "name": name, "required": required, "input_type": "multiline_text", "rows": rows,
        "auto_resize": true, "max_length": 1000, "label": both(label), "label_position": "top",
        "placeholder": both(placeholder), "width": "fill",
    })
}

/// A form.
pub(super) fn form(name: &str, elements: Vec<Value>) -> Value {
    json!({"tag": "form", "name": name, "elements": elements})
}
