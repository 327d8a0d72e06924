//! Lists: what they can be narrowed by, and how they are paged through.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Server;
use crate::script::*;

fn ids(page: &Value) -> Vec<String> {
    let tasks = page["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["task_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_is_narrowed_by_each_of_its_words() {
    let server = Server::start();
    let people = server.people();
    let low = submit(&people.submitter, "uptime");
    let high = submit(&people.admin, "rm -rf /data");
    let approved = approved(&people.submitter, &people.approver, "df -h");
    let described = json!({"command": "date", "description": "What Time Is It"});
    let described =
        people.submitter.post("/api/tasks", described).expect(201)["task"]["task_id"].as_str().unwrap().to_owned();
    let level = show(&people.auditor, &low)["risk_level"].as_str().unwrap().to_owned();
    for (query, expected) in [
        (String::new(), vec![&described, &approved, &high, &low]),
        ("status=approved".to_owned(), vec![&approved]),
        ("status=approved,pending".to_owned(), vec![&described, &approved, &high, &low]),
        ("status=".to_owned(), vec![&described, &approved, &high, &low]),
        ("status=done".to_owned(), vec![]),
        ("risk=high".to_owned(), vec![&high]),
        (format!("risk={level}"), vec![&described, &approved, &low]),
        ("submitted_by=admin".to_owned(), vec![&high]),
        ("submitted_by=nobody".to_owned(), vec![]),
        ("q=RM%20-RF".to_owned(), vec![&high]),
        ("q=what+time".to_owned(), vec![&described]),
        (format!("q={low}"), vec![&low]),
        ("q=%25".to_owned(), vec![]),
        ("since=2020-01-01T00:00:00Z".to_owned(), vec![&described, &approved, &high, &low]),
        ("until=1600000000.5".to_owned(), vec![]),
        ("since=4000000000".to_owned(), vec![]),
        ("limit=2".to_owned(), vec![&described, &approved]),
        ("limit=2&offset=1".to_owned(), vec![&approved, &high]),
        ("status=pending&risk=high&q=data".to_owned(), vec![&high]),
    ] {
        let page = people.auditor.get(&format!("/api/tasks?{query}")).expect(200);
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
        if !query.contains("limit") {
            assert_eq!(page["total"], json!(expected.len()), "{query}");
        }
    }
}

#[test]
fn what_a_list_does_not_understand_is_refused_by_its_name() {
    let server = Server::start();
    let root = server.root();
    for (query, field) in [
        ("limit=1e9", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=501", "limit"),
        ("limit=99999999999999999999999999", "limit"),
        ("limit=NaN", "limit"),
        ("offset=-1", "offset"),
        ("offset=1000001", "offset"),
        ("cursor=x", "cursor"),
        ("cursor=0", "cursor"),
        ("since=NaN", "since"),
        ("since=-1", "since"),
        ("since=yesterday", "since"),
        ("until=inf", "until"),
        ("status=flying", "status"),
        ("status=pending,,flying", "status"),
        ("risk=tiny", "risk"),
    ] {
        let answer = root.get(&format!("/api/tasks?{query}")).refused(422, "invalid_field");
        assert_eq!(answer["field"], json!(field), "{query}");
    }
    root.get("/api/tasks?limit=2&limit=3").refused(400, "bad_request");
    root.get("/api/tasks/x/wait?until=a&until=b").refused(400, "bad_request");
    let defaults = root.get("/api/tasks?limit=&unknown=1").expect(200);
    assert_eq!(
        (&defaults["limit"], &defaults["offset"], &defaults["next_cursor"]),
        (&json!(20), &json!(0), &Value::Null)
    );
}

#[test]
fn a_cursor_shows_each_task_once_while_others_arrive() {
    let server = Server::start();
    let people = server.people();
    let before: BTreeSet<_> = (0..23).map(|_| submit(&people.submitter, "uptime")).collect();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = people.auditor.get(&format!("/api/tasks?limit=5&cursor={cursor}")).expect(200);
        seen.extend(ids(&page));
        submit(&people.submitter, "date");
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), before.len());
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), before);
}
