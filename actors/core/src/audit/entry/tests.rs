use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::{
    access::ActorKind,
    audit::{
        Chain,
        format::{KEYS, place},
    },
};

fn hide(text: &str) -> Cow<'_, str> {
    if text.contains("hunter2") { Cow::Owned(text.replace("hunter2", "***")) } else { Cow::Borrowed(text) }
}

fn bare(kind: &str) -> Entry {
    Entry {
        at: Timestamp(1_767_225_601_000_000),
        kind: kind.to_owned(),
        task_id: None,
        revision: None,
        actor: Actor::system("log"),
        via: Via::Engine,
        from: None,
        to: None,
        cmd_sha: None,
        subject: None,
        data: Map::new(),
    }
}

fn data(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn full() -> Entry {
    let subject = Subject {
        status: "approved".into(),
        command: "mysql -phunter2 -e 'DROP TABLE \"旧\"'\n\u{202e}exit".into(),
        description: "remove the old table".into(),
        source_ip: "10.0.0.7".into(),
        risk_level: "high".into(),
        risk_labels: vec!["sql_drop".into(), "credential_in_argv".into()],
        operator_open_id: "ou_123".into(),
        operator_name: "王小明".into(),
    };
    Entry {
        task_id: Some(TaskId::parse("TASK-0001").unwrap()),
        revision: Some(Revision(2)),
        actor: Actor { kind: ActorKind::Feishu, id: "ou_123".into() },
        via: Via::Card,
        from: Some("admin".into()),
        to: Some("approved".into()),
        cmd_sha: Some(Digest::of(b"rm")),
        subject: Some(subject),
        data: data(json!({"note": "checked, password hunter2", "votes": [{"by": "ou_123", "ok": true}], "of": 2})),
        ..bare("task.approved")
    }
}

fn parsed(line: &Line) -> Value {
    serde_json::from_str(&line.text).unwrap()
}

fn line(entry: &Entry) -> Line {
    entry.line(Seq(1), &Digest([0; 32]), hide)
}

#[test]
fn lines_look_like_this() {
    let finished = Entry {
        actor: Actor { kind: ActorKind::Worker, id: "xiaomei".into() },
        via: Via::Work,
        from: Some("executing".into()),
        to: Some("done".into()),
        data: data(json!({"exit_code": 0, "stdout": "x".repeat(20_000), "fence": 3})),
        ..full()
    };
    let finished = Entry { kind: "task.finished".into(), ..finished };
    let denied = Entry {
        actor: Actor::key("intern"),
        via: Via::Api,
        data: data(json!({"code": "self_approval", "times": 4})),
        ..bare("access.denied")
    };
    let mut chain = Chain::default();
    let lines = [bare("log.open"), full(), finished, denied].map(|entry| chain.append(&entry, hide).text);
    insta::assert_snapshot!(lines.join("\n"));
    assert_eq!(chain.last(), Seq(4));
}

#[test]
fn a_full_entry_has_every_key_in_its_order() {
    let value = parsed(&line(&full()));
    assert!(value.as_object().unwrap().keys().eq(KEYS));
}

#[test]
fn older_readers_find_their_fields() {
    let value = parsed(&line(&full()));
    assert_eq!(value["timestamp"], "2026-01-01T00:00:01.000000Z");
    assert_eq!(value["unix_ts"], json!(1_767_225_601.0));
    assert_eq!(value["action"], "task.approved");
    assert_eq!(value["risk_labels"], json!(["sql_drop", "credential_in_argv"]));
    let log_open = parsed(&line(&bare("log.open")));
    assert_eq!(log_open["task_id"], "");
    assert_eq!(log_open.get("command"), None);
}

#[test]
fn secrets_are_masked_in_keys_and_values_at_any_depth_and_before_anything_is_cut() {
    let mut deep = json!("hunter2");
    for _ in 0..60 {
        deep = json!([deep]);
    }
    // The secret lies across the place where heads end; cut first, half of it would stay.
    let across = format!("{}hunter2{}", "x".repeat(508), "y".repeat(20_000));
    let subject = Subject {
        status: "hunter2".into(),
        command: across.clone(),
        description: across.clone(),
        source_ip: "hunter2".into(),
        risk_level: "hunter2".into(),
        risk_labels: vec!["hunter2".into()],
        operator_open_id: "hunter2".into(),
        operator_name: "hunter2".into(),
    };
    let data = data(json!({"hunter2": {"a": ["hunter2", {"hunter2": 1}]}, "deep": deep, "long": across}));
    let text = line(&Entry { subject: Some(subject), data, ..bare("x") }).text;
    assert!(!text.contains("hun"), "{text}");
    let cut = format!("{}***{}", "x".repeat(508), "y");
    assert_eq!(text.matches(&cut).count(), 3);
}

#[test]
fn only_what_is_too_long_gives_way() {
    let long = "x".repeat(15_000);
    let mut entry = full();
    entry.subject.as_mut().unwrap().command = long.clone();
    assert_eq!(parsed(&line(&entry))["command"], long);

    entry.data.insert("stdout".into(), json!(long));
    let value = parsed(&line(&entry));
    assert_eq!(value["command"], long);
    assert_eq!(value["data"]["of"], 2);
    let head = "x".repeat(512);
    assert_eq!(value["data"]["stdout"], json!({"sha256": Digest::of(long.as_bytes()), "bytes": 15_000, "head": head}));
}

#[test]
fn data_of_any_depth_stays_readable() {
    let mut deep = json!(1);
    for _ in 0..1000 {
        deep = json!({"a": deep});
    }
    let line = line(&Entry { data: data(json!({"deep": deep})), ..bare("x") });
    assert!(parsed(&line)["data"]["deep"].is_object());
}

fn any_text() -> impl Strategy<Value = String> {
    let piece =
        prop_oneof![any::<String>(), vec(any::<char>(), 0..3).prop_map(String::from_iter), "[\0-\u{1f}\"\\\\]{0,4}"];
    (piece, prop_oneof![3 => 0_usize..3, 1 => 0_usize..3000]).prop_map(|(piece, times)| piece.repeat(times))
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((any_text(), inner), 0..6).prop_map(Value::from_iter),
        ]
    })
}

prop_compose! {
    fn any_subject()(
        [status, command, description, source_ip] in [any_text(), any_text(), any_text(), any_text()],
        [risk_level, operator_open_id, operator_name] in [any_text(), any_text(), any_text()],
        risk_labels in vec(any_text(), 0..5),
    ) -> Subject {
        Subject { status, command, description, source_ip, risk_level, risk_labels, operator_open_id, operator_name }
    }
}

prop_compose! {
    fn any_entry()(
        at in any::<i64>(),
        [kind, actor] in [any_text(), any_text()],
        [from, to] in [option::of(any_text()), option::of(any_text())],
        task in option::of("[A-Za-z0-9_:-]{1,128}"),
        revision in option::of(any::<u64>()),
        cmd_sha in option::of(any::<[u8; 32]>()),
        subject in option::of(any_subject()),
        data in vec((any_text(), any_value()), 0..8),
        many in 0_usize..2000,
    ) -> Entry {
        let many = (0..many).map(|n| (format!("n{n}"), Value::from(n)));
        Entry {
            at: Timestamp(at),
            kind,
            task_id: task.map(|id| TaskId::parse(&id).unwrap()),
            revision: revision.map(Revision),
            actor: Actor::key(&actor),
            via: Via::Dashboard,
            from,
            to,
            cmd_sha: cmd_sha.map(Digest),
            subject,
            data: data.into_iter().chain(many).collect(),
        }
    }
}

proptest! {
    #[test]
    fn any_entry_makes_a_line_that_readers_accept(entry in any_entry(), seq in 1_u64.., prev in any::<[u8; 32]>()) {
        let line = entry.line(Seq(seq), &Digest(prev), hide);
        let place = place(line.text.as_bytes()).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
        prop_assert_eq!((place.seq, place.prev.to_owned()), (Seq(seq), Digest(prev).hex()));
        prop_assert_eq!(line.leaf, leaf(line.text.as_bytes()));
        let value = parsed(&line);
        if entry.kind.len() < 80 {
            prop_assert_eq!(&value["kind"], &entry.kind);
        }
    }
}

#[test]
fn the_longest_of_everything_still_fits() {
    // Tags cost twelve bytes a character in a line, more than any other.
    for c in ["\u{e0041}", "\0", "x", "\"", "\u{1f600}"] {
        let text = c.repeat(5000);
        let subject = Subject {
            status: text.clone(),
            command: text.clone(),
            description: text.clone(),
            source_ip: text.clone(),
            risk_level: text.clone(),
            risk_labels: vec![text.clone(); 3],
            operator_open_id: text.clone(),
            operator_name: text.clone(),
        };
        let entry = Entry {
            at: Timestamp(i64::MIN),
            kind: text.clone(),
            task_id: Some(TaskId::parse(&"z".repeat(128)).unwrap()),
            revision: Some(Revision(u64::MAX)),
            actor: Actor::key(&text),
            via: Via::Dashboard,
            from: Some(text.clone()),
            to: Some(text.clone()),
            cmd_sha: Some(Digest([255; 32])),
            subject: Some(subject),
            data: (0..20).map(|n| (format!("{n}"), json!(text))).collect(),
        };
        let line = entry.line(Seq(u64::MAX), &Digest([255; 32]), hide);
        assert!(place(line.text.as_bytes()).is_ok(), "{}", line.text.len());
    }
}
