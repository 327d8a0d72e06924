//! Bounds: what comes over one of them is refused at once, and others are served.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Home, Server, eventually};
use crate::script::*;

const BODY_LIMIT: usize = 256 * 1024;

#[test]
fn a_key_that_asks_too_often_hears_when_to_come_back() {
    let server = Server::with_policy("[limits]\nrequests_per_second = 1\nburst = 5\n");
    let (eager, calm) = (server.key("eager", &["auditor"]), server.key("calm", &["auditor"]));
    let start = Instant::now();
    let limited = eventually("the limit", || Some(eager.get("/api/tasks")).filter(|answer| answer.status != 200));
    assert!(limited.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    limited.refused(429, "rate_limited");
    assert!(start.elapsed() < Duration::from_secs(20));
    calm.get("/api/tasks").expect(200);
    eventually("the limit has passed", || (eager.get("/api/tasks").status == 200).then_some(()));

    let home = server.kill();
    let server = Server::on(home, &[("HERMES_RATE_LIMIT", "off")]);
    let eager = server.client(eager.key.as_deref());
    assert!((0..40).all(|_| eager.get("/api/tasks").status == 200));
}

#[test]
fn only_so_many_tasks_of_one_submitter_wait() {
    let server = Server::with_policy("[limits]\npending_per_submitter = 2\n");
    let people = server.people();
    let other = server.key("other", &["submitter"]);
    let first = submit(&people.submitter, "uptime");
    submit(&people.submitter, "uptime");
    let full = people.submitter.post("/api/tasks", json!({"command": "uptime"}));
    assert!(full.header("retry-after").is_some());
    full.refused(429, "too_many_pending");
    submit(&other, "uptime");
    decide(&people.approver, &first, "modify").expect(200);
    people.submitter.post("/api/tasks", json!({"command": "uptime"})).refused(429, "too_many_pending");
    people.submitter.post(&format!("/api/tasks/{first}/withdraw"), json!({})).expect(200);
    submit(&people.submitter, "uptime");
    (0..5).for_each(|_| drop(submit(&server.root(), "root stands for many")));
}

#[test]
fn a_giant_body_is_refused_however_it_comes() {
    let server = Server::start();
    let root = server.root();
    let padded = |length: usize| {
        let mut body = json!({"command": "uptime", "pad": ""}).to_string();
        let room = length - body.len();
        body.insert_str(body.len() - 2, &"x".repeat(room));
        body
    };
    root.call("POST", "/api/tasks", Some(padded(BODY_LIMIT).as_bytes())).expect(201);
    let refused = root.call("POST", "/api/tasks", Some(padded(BODY_LIMIT + 1).as_bytes())).refused(413, "too_large");
    assert!(refused["error"].as_str().unwrap().contains("262144"), "{refused}");
    let declared = root.head("POST", "/api/tasks", "content-length: 99999999999\r\n");
    root.raw(declared.as_bytes()).refused(413, "too_large");
    let mut chunked = root.head("POST", "/api/tasks", "transfer-encoding: chunked\r\n").into_bytes();
    for _ in 0..5 {
        chunked.extend_from_slice(format!("{:x}\r\n{}\r\n", 64 * 1024, "x".repeat(64 * 1024)).as_bytes());
    }
    root.raw(&chunked).refused(413, "too_large");
    let body = json!({"command": "uptime"}).to_string();
    let mut small = root.head("POST", "/api/tasks", "transfer-encoding: chunked\r\n");
    small.push_str(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
    root.raw(small.as_bytes()).expect(201);
    assert_eq!(root.get("/api/tasks").expect(200)["total"], json!(2));
}

#[test]
fn whoever_is_slow_is_given_up_and_others_are_served() {
    let server = Server::start();
    let root = server.root();
    let slow = |bytes: String, least: u64, most: u64| {
        let client = root.clone();
        std::thread::spawn(move || {
            let start = Instant::now();
            let mut stream = client.connect();
            stream.write_all(bytes.as_bytes()).unwrap();
            let answer = Answer::read(&mut stream, "a slow request");
            assert!((least..most).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
            answer
        })
    };
    let heads: Vec<_> =
        (0..8).map(|_| slow("POST /api/tasks HTTP/1.1\r\nhost: x\r\nx-slow".to_owned(), 4, 20)).collect();
    let body = slow(root.head("POST", "/api/tasks", "content-length: 100\r\n") + "{\"command\":", 9, 25);
    submit(&root, "others are served meanwhile");
    for head in heads {
        assert_eq!(head.join().unwrap().status, 408);
    }
    body.join().unwrap().refused(408, "request_timeout");
    assert_eq!(root.get("/api/tasks").expect(200)["total"], json!(1));
}

#[test]
fn more_writes_than_there_is_room_for_hear_so_at_once_and_none_is_lost() {
    let server = Server::with(&[("HERMES_WRITE_PERMITS", "1")]);
    let root = server.root();
    let command = format!("echo {}", "x ".repeat(30_000));
    let (mut taken, mut refused) = (0, 0);
    eventually("two writes at once", || {
        let sending: Vec<_> = (0..8)
            .map(|_| {
                let (root, command) = (root.clone(), command.clone());
                std::thread::spawn(move || root.post("/api/tasks", json!({"command": command})))
            })
            .collect();
        for answer in sending.into_iter().map(|thread| thread.join().unwrap()) {
            if answer.status == 201 {
                taken += 1;
            } else {
                assert!(answer.header("retry-after").is_some());
                answer.refused(503, "overloaded");
                refused += 1;
            }
        }
        (taken > 0 && refused > 0).then_some(())
    });
    assert_eq!(root.get("/api/tasks?limit=1").expect(200)["total"], json!(taken));
}

#[test]
fn pieces_of_output_have_a_limit() {
    let server = Server::start();
    let people = server.people();
    approved(&people.submitter, &people.approver, "uptime");
    let grant = claim(&people.worker, "w");
    start(&people.worker, "w", &grant).expect(200);
    output(&people.worker, "w", &grant, 1, &"x".repeat(64 * 1024)).expect(200);
    let refused = output(&people.worker, "w", &grant, 2, &"x".repeat(64 * 1024 + 1)).refused(422, "invalid_field");
    assert_eq!(refused["field"], json!("data"));
    assert_eq!(output(&people.worker, "w", &grant, 0, "x").refused(422, "invalid_field")["field"], json!("seq"));
    assert_eq!(show(&people.submitter, grant.task_id.as_str())["status"], json!("executing"));
    assert_ne!(show(&people.submitter, grant.task_id.as_str())["lease"], Value::Null);
}

/// A server with little room to wait, on which this policy holds.
fn narrow(limits: &str) -> Server {
    let home = Home::new();
    home.write("policy.toml", &format!("[limits]\n{limits}"));
    Server::on(home, &[("HERMES_LONG_POLLS", "8")])
}

/// Waits for a task; one that comes while a look below has a place tries again.
fn waiter(by: &Client, id: &str) -> std::thread::JoinHandle<Answer> {
    let (by, path) = (by.clone(), format!("/api/tasks/{id}/wait?timeout=60"));
    std::thread::spawn(move || {
        eventually("a place to wait", || Some(by.get(&path)).filter(|answer| answer.status != 429))
    })
}

/// What a request hears that comes over the bound of its key, once the bound is reached.
fn over_the_bound(what: &str, ask: impl Fn() -> Answer) -> String {
    let refused = eventually(what, || Some(ask()).filter(|answer| answer.status == 429));
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.refused(429, "rate_limited")["error"].as_str().unwrap().to_owned()
}

#[test]
fn one_key_cannot_take_all_the_room_to_wait() {
    // A quarter of eight: two.
    let server = narrow("");
    let people = server.people();
    let id = submit(&people.submitter, "uptime");
    let path = format!("/api/tasks/{id}/wait?timeout=0");
    let waiters = [waiter(&people.submitter, &id), waiter(&people.submitter, &id)];
    let says = over_the_bound("both wait", || people.submitter.get(&path));
    assert_eq!(says, "this key has 2 requests waiting already, as many as it may; come back in 1 s");
    assert_eq!(people.submitter.status("GET", "/api/events", None), 429);
    people.submitter.get(&format!("/api/tasks/{id}/output")).refused(429, "rate_limited");
    people.approver.get(&path).expect(200);
    show(&people.submitter, &id);

    let streams = [people.auditor.follow("/api/events"), people.auditor.follow("/api/events")];
    for path in ["/api/audit/export", "/api/audit/verify", path.as_str()] {
        people.auditor.get(path).refused(429, "rate_limited");
    }
    people.admin.get("/api/audit/export").expect(200);
    drop(streams);

    approve(&people.approver, &id);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap().expect(200)["timed_out"], json!(false));
    }
    // Their places are free again, again and again.
    (0..20).for_each(|_| drop(people.submitter.get(&path).expect(200)));
}

#[test]
fn one_key_cannot_take_all_the_room_for_claims() {
    let server = narrow("long_polls = 1\n");
    let people = server.people();
    let other = server.key("other", &["worker"]);
    let ask = |by: &Client, wait: u64| by.post("/api/work/claim", json!({"worker": "w", "wait": wait}));
    let by = people.worker.clone();
    let claiming = std::thread::spawn(move || {
        eventually("a place to ask", || Some(ask(&by, 30)).filter(|answer| answer.status != 429))
    });
    over_the_bound("it waits", || ask(&people.worker, 0));
    ask(&other, 0).expect(204);
    approved(&people.submitter, &people.approver, "uptime");
    claiming.join().unwrap().expect(200);
    (0..20).for_each(|_| drop(ask(&people.worker, 0).expect(204)));
}

#[test]
fn one_key_has_only_so_many_requests_under_way_and_those_that_wait_are_not_counted() {
    let server = narrow("requests_in_flight = 2\nlong_polls = 2\n");
    let people = server.people();
    let body = json!({"command": "uptime"}).to_string();
    let (half, rest) = body.split_at(5);
    let head = people.submitter.head("POST", "/api/tasks", &format!("content-length: {}\r\n", body.len()));
    let mut slow = [people.submitter.connect(), people.submitter.connect()];
    slow.iter_mut().for_each(|stream| stream.write_all(format!("{head}{half}").as_bytes()).unwrap());
    let says = over_the_bound("both are under way", || people.submitter.get("/api/tasks"));
    assert_eq!(says, "this key has 2 requests in flight already, as many as it may; come back in 1 s");
    people.approver.get("/api/tasks").expect(200);
    for stream in &mut slow {
        stream.write_all(rest.as_bytes()).unwrap();
        assert_eq!(Answer::read(stream, "a slow request").status, 201);
    }
    let id = eventually("there is room again", || {
        let answer = people.submitter.post("/api/tasks", json!({"command": "uptime"}));
        (answer.status == 201).then(|| answer["task"]["task_id"].as_str().unwrap().to_owned())
    });

    let waiters = [waiter(&people.submitter, &id), waiter(&people.submitter, &id)];
    eventually("both wait", || {
        let answer = people.submitter.get(&format!("/api/tasks/{id}/wait?timeout=0"));
        answer["error"].as_str().is_some_and(|says| says.contains("2 requests waiting")).then_some(())
    });
    show(&people.submitter, &id);
    approve(&people.approver, &id);
    waiters.into_iter().for_each(|waiter| drop(waiter.join().unwrap().expect(200)));
}

#[test]
fn a_policy_that_is_put_in_changes_the_bounds_for_those_who_come() {
    let server = narrow("long_polls = 1\n");
    let people = server.people();
    let first = people.auditor.follow("/api/events");
    people.auditor.get("/api/audit/export").refused(429, "rate_limited");
    people.admin.put("/api/admin/policy", json!({"policy": {"limits": {"long_polls": 2}}})).expect(200);
    people.auditor.get("/api/audit/export").expect(200);
    let second = people.auditor.follow("/api/events");
    people.auditor.get("/api/audit/export").refused(429, "rate_limited");
    drop((first, second));
}
