//! Holds the documents to the program. `UPDATE_DOCS=1` writes what is made from the code.
#![expect(clippy::unwrap_used, reason = "tests may stop where they stand")]

use std::fmt::Write as _;
use std::path::Path;

use hermes_approval::config::{Config, Setting, worker};

const BEGIN: &str = "cargo test --test docs` -->\n";

#[test]
fn operations_lists_every_setting() {
    hold("OPERATIONS.md", &tables(), "<!-- end of settings -->");
}

#[test]
fn risk_lists_every_label() {
    let labels = hermes_core::risk::Rules::builtin().labels_markdown();
    hold("RISK.md", &format!("\n{labels}\n"), "<!-- end of labels -->");
}

/// Holds a part of a document to what the program says.
fn hold(document: &str, made: &str, end: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(document);
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    let made = format!("{head}{BEGIN}{made}{end}{tail}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made, "run UPDATE_DOCS=1 cargo test --test docs");
}

fn tables() -> String {
    let shared: Vec<_> = Config::settings().iter().map(|setting| setting.env).collect();
    let own = worker::Config::settings().into_iter().filter(|setting| !shared.contains(&setting.env)).collect();
    format!("\nSupervisor:\n\n{}\nSub-agent:\n\n{}\n", table(Config::settings()), table(own))
}

fn table(settings: Vec<&'static Setting>) -> String {
    let mut text = "| variable | TOML | default | what it is |\n|---|---|---|---|\n".to_owned();
    for setting in settings {
        let default = if setting.default.is_empty() { "not set".to_owned() } else { format!("`{}`", setting.default) };
        writeln!(text, "| `{}` | `{}` | {default} | {} |", setting.env, setting.key, setting.doc).unwrap();
    }
    text
}
