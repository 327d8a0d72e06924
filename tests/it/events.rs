//! The stream of events.

use serde_json::json;

use crate::harness::Server;
use crate::script::*;

#[test]
fn a_stream_goes_on_where_it_broke_off() {
    let server = Server::start();
    let people = server.people();
    let writing = std::thread::spawn({
        let submitter = people.submitter.clone();
        move || (0..40).for_each(|_| drop(submit(&submitter, "uptime")))
    });
    let (mut last, mut created) = (0, 0);
    while created < 40 {
        // A new connection for every few events: each has to begin exactly where the last one ended.
        let mut lines = people.auditor.header("last-event-id", &last.to_string()).follow("/api/events");
        for _ in 0..9 {
            let (id, line) = lines.event().unwrap();
            assert_eq!((id, &line["seq"]), (last + 1, &json!(id)));
            created += i32::from(line["kind"] == json!("task.created"));
            last = id;
            if created == 40 {
                break;
            }
        }
    }
    writing.join().unwrap();
}

#[test]
fn a_stream_without_a_number_begins_now() {
    let server = Server::start();
    let people = server.people();
    submit(&people.submitter, "before");
    let mut lines = people.auditor.follow("/api/events");
    let id = submit(&people.submitter, "after");
    let (_, first) = lines.event().unwrap();
    assert_eq!((&first["kind"], &first["task_id"]), (&json!("task.created"), &json!(id)));
    for bad in ["-1", "x", "1.5"] {
        let answer = people.auditor.header("last-event-id", bad).get("/api/events");
        assert_eq!(answer.refused(422, "invalid_field")["field"], json!("Last-Event-ID"));
    }
}

#[test]
fn a_submitter_follows_his_own_tasks_only() {
    let server = Server::start();
    let people = server.people();
    let mut lines = people.submitter.header("last-event-id", "0").follow("/api/events");
    submit(&people.admin, "not his");
    let own = submit(&people.submitter, "his");
    approve(&people.approver, &own);
    for kind in ["task.created", "task.voted", "task.approved", "task.dispatched"] {
        let (_, line) = lines.event().unwrap();
        assert_eq!((&line["kind"], &line["task_id"]), (&json!(kind), &json!(own)));
    }
}

#[test]
fn a_revoked_key_follows_nothing_more() {
    let server = Server::start();
    let people = server.people();
    let mut lines = people.auditor.follow("/api/events");
    submit(&people.submitter, "before");
    assert_eq!(lines.event().unwrap().1["kind"], json!("task.created"));
    server.root().delete("/api/admin/keys/auditor").expect(200);
    let unseen = submit(&people.submitter, "after");
    // The revocation itself may still come; then the stream ends.
    while let Some((_, event)) = lines.event() {
        assert_ne!(event["task_id"], json!(unseen));
    }
}
