//! Finds everything that is wrong with a policy file, where its reader stops at the first mistake.

use toml::{Table, Value};

use super::Policy;

/// All that is wrong with a policy that cannot be read, a line for each. None if it is no more than one thing, or no TOML:
/// then the reader's own words, with the place in the text, say more.
pub(super) fn all(text: &str) -> Option<String> {
    let mut found = Vec::new();
    leaves(Vec::new(), text.parse().ok()?, &mut found);
    let (mut wrong, mut sound) = (Vec::new(), Table::new());
    for (path, value) in found {
        // Every key of a policy may be absent, so each value can be read alone.
        let mut alone = Table::new();
        put(&mut alone, &path, value.clone());
        match alone.try_into::<Policy>() {
            Ok(_) => put(&mut sound, &path, value),
            Err(error) => wrong.push(format!("{}: {}", path.join("."), error.message())),
        }
    }
    wrong.extend(sound.try_into::<Policy>().ok()?.wrong());
    (wrong.len() > 1).then(|| wrong.join("\n"))
}

/// The values of a table and of the tables in it, each with its path.
fn leaves(path: Vec<String>, table: Table, found: &mut Vec<(Vec<String>, Value)>) {
    for (name, value) in table {
        let path = [path.clone(), vec![name]].concat();
        if let Value::Table(inner) = value {
            leaves(path, inner, found);
        } else {
            found.push((path, value));
        }
    }
}

fn put(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => drop(table.insert(name.clone(), value)),
        [name, rest @ ..] => {
            let inner = table.entry(name.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
