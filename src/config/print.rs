//! What `hermes config` shows: each setting, its value in force and who said it.

use serde::Serialize;

use super::source::{Origin, Reader};
use super::table::Setting;

/// One setting as it may be shown.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub name: &'static str,
    pub key: &'static str,
    /// The value in force; of a secret only whether it is set.
    pub value: String,
    pub origin: Origin,
    pub doc: &'static str,
}

impl Row {
    pub(super) fn of(setting: &'static Setting, reader: &Reader<'_>) -> Self {
        let found = reader.find(setting);
        let value = match reader.emptied(setting) {
            Some(Origin::Environment(name)) => format!("not set ({name} is empty)"),
            Some(_) | None => setting.shown(&found.text),
        };
        Self { name: setting.env, key: setting.key, value, origin: found.origin, doc: setting.doc }
    }
}

/// A table with a line per setting.
pub fn text(rows: &[Row]) -> String {
    let heading = ["NAME", "VALUE", "ORIGIN", "MEANING"].map(str::to_owned);
    let lines: Vec<[String; 4]> = std::iter::once(heading).chain(rows.iter().map(cells)).collect();
    let mut widths = [0; 4];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let [name, value, origin, _] = widths;
    lines.iter().map(|[a, b, c, d]| format!("{a:name$}  {b:value$}  {c:origin$}  {d}\n")).collect()
}

fn cells(row: &Row) -> [String; 4] {
    let value = if row.value.is_empty() { "-" } else { &row.value };
    [row.name.to_owned(), value.to_owned(), row.origin.to_string(), row.doc.to_owned()]
}

/// The rows as a JSON array.
pub fn json(rows: &[Row]) -> String {
    format!("{:#}\n", serde_json::json!(rows))
}
