//! What is sent when the platform refuses a card: a card without any text of the submitter's, and plain text after that.

use serde_json::{Value, json};

use super::{Kind, View, element, words};
use crate::risk::Text;
use crate::task::Task;

/// A card that nothing in it can make the platform refuse: no command, no description, no names, no buttons to decide.
pub fn fallback(kind: Kind, task: &Task, view: &View<'_>) -> Value {
    let Text { en, zh } = words::preview(kind, task);
    let where_to = Text::new(
        format!("This card could not show the command. Read it and decide: hermes show {}", task.id),
        format!("此卡片无法显示命令内容。请查看并决定：hermes show {}", task.id),
    );
    let mut elements = vec![element::block(element::both(&where_to))];
    if let Some(link) = view.link {
        elements.push(element::row(vec![element::link(&Text::new("Open the whole task", "查看完整任务"), link)]));
    }
    json!({
        "schema": "2.0",
        "config": {"update_multi": true, "enable_forward": false, "summary": {"content": en, "i18n_content": {"en_us": en, "zh_cn": zh}}},
        "header": {"title": element::both(&words::title(kind)), "template": words::colour(kind, task)},
        "body": {"elements": elements},
    })
}

/// The content of a text message, when no card goes through at all.
pub fn text(kind: Kind, task: &Task, view: &View<'_>) -> Value {
    let Text { en, zh } = words::preview(kind, task);
    let link = view.link.map(|link| format!("\n{link}")).unwrap_or_default();
    json!({"text": format!("{zh} / {en}\nhermes show {}{link}", task.id)})
}
