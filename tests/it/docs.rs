//! The documents that are made from the code are those of the code. `UPDATE_DOCS=1` writes them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use hermes_core::error::Code;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::routes::ROUTES;

fn hold(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == made, "docs/{file} is not made from this code; run UPDATE_DOCS=1 cargo test --test it docs");
}

fn description() -> Value {
    serde_json::from_str(&hermes_approval::http::description()).unwrap()
}

#[test]
fn the_description_is_the_one_that_is_served() {
    let served = Server::start().client(None).get("/openapi.json").expect(200);
    assert_eq!(served, description());
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1."), "{}", served["openapi"]);
    hold("openapi.json", &(hermes_approval::http::description() + "\n"));
}

#[test]
fn every_route_is_described_and_every_described_route_is_there() {
    let description = description();
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let tested: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(described, tested);
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(value: &Value, whole: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(place)) = members.get("$ref") {
                    assert!(whole.pointer(place.trim_start_matches('#')).is_some(), "{place}");
                }
                members.values().for_each(|member| follow(member, whole));
            }
            Value::Array(items) => items.iter().for_each(|item| follow(item, whole)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    follow(&description(), &description());
}

#[test]
fn the_api_is_written_down() {
    hold("API.md", &markdown());
}

fn markdown() -> String {
    let description = description();
    let mut text = "# HTTP API\n\n\
        <!-- Made from the code by `UPDATE_DOCS=1 cargo test --test it docs`; docs/openapi.json has every detail. -->\n\n\
        JSON in and out. Success is `{\"ok\":true, …}`, failure `{\"ok\":false,\"error\":\"…\",\"code\":\"…\"}`, with \
        `\"field\"` if one is wrong. A key goes into `Authorization: Bearer <key>` or `X-Api-Key`.\n\n\
        ## Routes\n\nA key with the role `admin` may do what `submitter`, `approver` and `auditor` may.\n\n\
        | method and path | role | what |\n|---|---|---|\n"
        .to_owned();
    for route in ROUTES {
        let operation = &description["paths"][route.path][route.method.to_ascii_lowercase()];
        let what = operation["summary"].as_str().unwrap();
        writeln!(text, "| {} {} | {} | {what} |", route.method, route.path, route.who.text()).unwrap();
    }
    text.push_str("\n## Errors\n\n429 and 503 carry `Retry-After`, in seconds.\n\n| status | code | what it means |\n|---|---|---|\n");
    for code in Code::ALL {
        writeln!(text, "| {} | `{}` | {} |", code.status(), code.as_str(), code.meaning()).unwrap();
    }
    text.push_str("\n## The task object\n\nTimes are seconds since 1970.\n\n| field | type | what |\n|---|---|---|\n");
    let task = &description["components"]["schemas"]["TaskView"];
    for (name, field) in task["properties"].as_object().unwrap() {
        // What may be null and is an object has its words beside the object.
        let nested = || field["oneOf"].as_array()?.iter().find_map(|option| option["description"].as_str());
        let what = field["description"].as_str().or_else(nested).unwrap();
        writeln!(text, "| `{name}` | {} | {what} |", type_of(field)).unwrap();
    }
    text
}

/// A field's type in a word.
fn type_of(field: &Value) -> String {
    let name =
        |reference: &Value| reference.as_str().and_then(|text| text.rsplit('/').next()).unwrap_or("any").to_owned();
    if let Some(options) = field["oneOf"].as_array() {
        return options.iter().rev().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    match &field["type"] {
        Value::String(plain) if plain == "array" => format!("{}[]", type_of(&field["items"])),
        Value::String(plain) => plain.clone(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) if field["$ref"] != json!(null) => {
            name(&field["$ref"])
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any".to_owned(),
    }
}
