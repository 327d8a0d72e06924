//! What a click is answered with: a short notice to whoever clicked, and the card as it is from now on.

use serde_json::{Value, json};

use crate::risk::Text;

/// The colour of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It only tells.
    Info,
    /// It was done.
    Success,
    /// It was not done, and need not be.
    Warning,
    /// It may not be done.
    Error,
}

/// A notice that is shown for some seconds to whoever clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Its colour.
    pub tone: Tone,
    /// What it says, in plain text.
    pub text: Text,
}

impl Toast {
    /// A notice.
    pub fn new(tone: Tone, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { tone, text: Text::new(en, zh) }
    }

    fn json(&self) -> Value {
        let tone = match self.tone {
            Tone::Info => "info",
            Tone::Success => "success",
            Tone::Warning => "warning",
            Tone::Error => "error",
        };
        let Text { en, zh } = &self.text;
        json!({"type": tone, "content": en, "i18n": {"en_us": en, "zh_cn": zh}})
    }
}

/// The answer to a click; without a card the one that is there stays.
pub fn to_click(toast: &Toast, card: Option<Value>) -> Value {
    match card {
        Some(card) => json!({"toast": toast.json(), "card": {"type": "raw", "data": card}}),
        None => json!({"toast": toast.json()}),
    }
}

/// The answer to a click of the first version: the card itself, with the notice beside it.
pub fn to_legacy_click(toast: &Toast, card: Option<Value>) -> Value {
    let mut answer = card.filter(Value::is_object).unwrap_or_else(|| json!({}));
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("toast".to_owned(), toast.json());
    }
    answer
}

/// The answer over the long connection: what would be the body over HTTP, in base64.
pub fn over_connection(body: &Value) -> Value {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(body.to_string());
    json!({"code": 200, "headers": null, "data": data})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_of_the_documented_form() {
        let toast = Toast::new(Tone::Success, "Approved", "已批准");
        let notice =
            json!({"type": "success", "content": "Approved", "i18n": {"en_us": "Approved", "zh_cn": "已批准"}});
        assert_eq!(to_click(&toast, None), json!({"toast": notice}));
        let card = json!({"schema": "2.0"});
        assert_eq!(
            to_click(&toast, Some(card.clone())),
            json!({"toast": notice, "card": {"type": "raw", "data": card}})
        );
        assert_eq!(to_legacy_click(&toast, Some(card)), json!({"schema": "2.0", "toast": notice}));
        assert_eq!(over_connection(&json!({})), json!({"code": 200, "headers": null, "data": "e30="}));
    }
}
