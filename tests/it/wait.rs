//! Long polls.

use std::time::Instant;

use serde_json::json;

use crate::harness::{Client, Home, Server, eventually};
use crate::script::*;

fn waiting(by: &Client, id: &str, query: &str) -> std::thread::JoinHandle<crate::harness::Answer> {
    let (by, path) = (by.clone(), format!("/api/tasks/{id}/wait?{query}"));
    std::thread::spawn(move || by.get(&path))
}

#[test]
fn a_wait_ends_with_the_decision() {
    let server = Server::start();
    let people = server.people();
    let id = submit(&people.submitter, "uptime");
    let (decided, finished) =
        (waiting(&people.submitter, &id, "timeout=60"), waiting(&people.submitter, &id, "until=finished&timeout=60"));
    approve(&people.approver, &id);
    let approved = Instant::now();
    let answer = decided.join().unwrap().expect(200);
    // Whoever was not woken would look again only after five seconds.
    assert!(approved.elapsed().as_secs() < 4, "{:?}", approved.elapsed());
    assert_eq!((&answer["task"]["status"], &answer["timed_out"]), (&json!("approved"), &json!(false)));
    run(&people.worker, "w", 0);
    let answer = finished.join().unwrap().expect(200);
    assert_eq!((&answer["task"]["status"], &answer["timed_out"]), (&json!("done"), &json!(false)));
}

#[test]
fn a_wait_that_runs_out_says_so() {
    let server = Server::start();
    let people = server.people();
    let id = submit(&people.submitter, "uptime");
    for timeout in [0, 1] {
        let answer = people.submitter.get(&format!("/api/tasks/{id}/wait?timeout={timeout}")).expect(200);
        assert_eq!((&answer["task"]["status"], &answer["timed_out"]), (&json!("pending"), &json!(true)));
    }
    for (query, field) in [("timeout=301", "timeout"), ("timeout=-1", "timeout"), ("until=tomorrow", "until")] {
        let answer = people.submitter.get(&format!("/api/tasks/{id}/wait?{query}")).refused(422, "invalid_field");
        assert_eq!(answer["field"], json!(field));
    }
}

#[test]
fn a_wait_shows_output_as_it_comes() {
    let server = Server::start();
    let people = server.people();
    let id = approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w");
    start(&people.worker, "w", &grant).expect(200);
    let (by, path) = (people.submitter.clone(), format!("/api/tasks/{id}/output?wait=30"));
    let reading = std::thread::spawn(move || by.get(&path).expect(200));
    output(&people.worker, "w", &grant, 1, "first\n").expect(200);
    let first = reading.join().unwrap();
    assert_eq!(
        (&first["chunks"][0]["data"], &first["next"], &first["done"]),
        (&json!("first\n"), &json!(1), &json!(false))
    );
    finish(&people.worker, "w", &grant, 0).expect(200);
    let rest = people.submitter.get(&format!("/api/tasks/{id}/output?wait=30&after=1")).expect(200);
    assert_eq!((&rest["chunks"], &rest["done"]), (&json!([]), &json!(true)));
}

#[test]
fn more_who_wait_than_there_is_room_for_hear_so_at_once() {
    let home = Home::new();
    home.write("policy.toml", "[limits]\nlong_polls = 100\n");
    let server = Server::on(home, &[("HERMES_LONG_POLLS", "4")]);
    let people = server.people();
    let id = submit(&people.submitter, "uptime");
    // A waiter that comes while a look below has a place tries again.
    let waiter = || {
        let (by, path) = (people.submitter.clone(), format!("/api/tasks/{id}/wait?timeout=60"));
        std::thread::spawn(move || {
            eventually("a place to wait", || Some(by.get(&path)).filter(|answer| answer.status != 503))
        })
    };
    let waiters: Vec<_> = (0..4).map(|_| waiter()).collect();
    let path = format!("/api/tasks/{id}/wait?timeout=0");
    let refused =
        eventually("all four wait", || Some(people.submitter.get(&path)).filter(|answer| answer.status == 503));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    refused.refused(503, "overloaded");
    // Sub-agents have room of their own: nobody else's waiting keeps them from work.
    people.worker.post("/api/work/claim", json!({"worker": "w", "wait": 0})).expect(204);
    people.submitter.get("/api/events").refused(503, "overloaded");
    show(&people.submitter, &id);
    approve(&people.approver, &id);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap().expect(200)["timed_out"], json!(false));
    }
    people.submitter.get(&path).expect(200);
}
