#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::check::check;
use super::choice::{Choice, Made, Seen};
use super::*;
use crate::access::{ActorKind, Via};
use crate::feishu::callback::Action;
use crate::id::{Revision, TaskId, Version};
use crate::risk::{Networks, Rules, Source};
use crate::task::{Event, Outcome, Recorded, RunResult, Submission, Verdict, Verification, Vote, VoteChoice, create};
use crate::time::{Millis, Timestamp};

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

fn feishu(id: &str) -> Actor {
    Actor { kind: ActorKind::Feishu, id: id.to_owned() }
}

/// A task with a command as it is graded and submitted.
fn submitted(command: &str) -> Task {
    let risk = Rules::builtin().assess(command, &Source::default(), &Networks::default());
    let submission = Submission {
        command: command.to_owned(),
        description: "Nightly clean-up".to_owned(),
        source_agent: "openclaw".to_owned(),
        target_executor: "it-ops-worker".to_owned(),
        ..Submission::default()
    };
    let event = Event::Created {
        task_id: TaskId::parse("TASK-20260921-0001").unwrap(),
        submission: Box::new(submission),
        peer_ip: "10.0.0.9".to_owned(),
        deadlines: Policy::default().waiting(risk.level, NOW),
        risk,
    };
    create(&Recorded { version: Version(1), at: NOW, by: Actor::key("mei"), via: Via::Api, event }).unwrap()
}

/// The task as it is when a card of this kind shows it.
fn shown_by(kind: Kind) -> Task {
    let mut task = submitted(match kind {
        Kind::Pending => "systemctl restart nginx",
        Kind::FinalReview => "sudo rm -rf /srv/data",
        Kind::Approved | Kind::Rejected | Kind::Modify | Kind::Archived => "uptime",
    });
    task.state = match kind {
        Kind::Pending => State::Pending,
        Kind::Approved => State::Approved,
        Kind::Rejected => State::Rejected,
        Kind::Modify => State::Modify,
        Kind::FinalReview => State::Admin,
        Kind::Archived => State::Done,
    };
    let by = feishu("ou_li");
    match kind {
        Kind::Pending => {}
        Kind::FinalReview => {
            task.votes.push(Vote { person: "li".to_owned(), by, choice: VoteChoice::Approve });
            task.remark = "please look at it yourself".to_owned();
        }
        Kind::Approved => {
            task.decided_by = Some(by);
            task.deadlines.start_by = Some(NOW.plus(Millis::from_secs(86_400)));
        }
        Kind::Rejected => {
            task.decided_by = Some(by);
            task.outcome = Some(Outcome::RejectedByHuman);
            task.remark = "not during business hours".to_owned();
            task.resolved_at = Some(NOW.plus(Millis::from_secs(60)));
        }
        Kind::Modify => {
            task.decided_by = Some(by);
            task.remark = "name the host".to_owned();
        }
        Kind::Archived => {
            task.decided_by = Some(by.clone());
            task.outcome = Some(Outcome::Completed);
            task.resolved_at = Some(NOW.plus(Millis::from_secs(90)));
            task.result = Some(RunResult { exit_code: Some(0), duration_ms: Millis(1520), ..RunResult::default() });
            task.execution_log = " 16:20:17 up 5 days,  2 users\n".to_owned();
            task.verification =
                Some(Verification { verdict: Verdict::Pass, by, at: NOW, note: "looks right".to_owned() });
        }
    }
    task
}

fn names() -> BTreeMap<String, String> {
    BTreeMap::from([("ou_li".to_owned(), "李雷".to_owned())])
}

/// A card with what it has to know, and a link.
fn drawn(kind: Kind, task: &Task) -> Value {
    card(
        kind,
        task,
        &View { policy: &Policy::default(), names: &names(), link: Some("https://hermes.example/tasks/1") },
    )
}

/// What a reader of this language sees, from top to bottom.
fn read(value: &Value, language: &str, seen: &mut Vec<String>) {
    match value {
        Value::Object(fields) if fields.contains_key("content") => {
            let own = value.pointer(&format!("/i18n_content/{language}")).unwrap_or(&fields["content"]);
            seen.push(own.as_str().unwrap().to_owned());
        }
        Value::Object(fields) => fields.values().for_each(|field| read(field, language, seen)),
        Value::Array(items) => items.iter().for_each(|item| read(item, language, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn text_in(language: &str, card: &Value) -> String {
    let mut seen = Vec::new();
    read(&card["header"], language, &mut seen);
    read(&card["body"], language, &mut seen);
    seen.join("\n")
}

/// The names of the buttons and fields of a card.
fn components(card: &Value) -> Vec<String> {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if let (Some(_), Some(Value::String(name))) = (fields.get("tag"), fields.get("name")) {
                    found.push(name.clone());
                }
                fields.values().for_each(|field| walk(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(card, &mut found);
    found
}

#[test]
fn the_six_cards_are_these() {
    for kind in Kind::ALL {
        let task = shown_by(kind);
        assert_eq!(Kind::of(task.state), kind);
        let card = drawn(kind, &task);
        assert_eq!(check(&card), [], "{}", kind.as_str());
        insta::assert_json_snapshot!(format!("{}_card", kind.as_str()), card);
    }
}

#[test]
fn the_six_cards_read_like_this_in_each_language() {
    for kind in Kind::ALL {
        let card = drawn(kind, &shown_by(kind));
        for language in ["en_us", "zh_cn"] {
            insta::assert_snapshot!(format!("{}_{language}", kind.as_str()), text_in(language, &card));
        }
    }
}

#[test]
fn the_fallback_shows_nothing_of_the_submitters_and_decides_nothing() {
    let mut task = submitted("rm -rf /srv/data # <at id=all></at>");
    task.description = "planted-text".to_owned();
    for kind in Kind::ALL {
        let view = View { policy: &Policy::default(), names: &names(), link: Some("https://hermes.example/tasks/1") };
        let card = fallback(kind, &task, &view);
        assert_eq!(check(&card), []);
        for whole in [card.to_string(), text(kind, &task, &view).to_string()] {
            assert!(!whole.contains("srv") && !whole.contains("planted") && !whole.contains("<at"), "{whole}");
            assert!(whole.contains("TASK-20260921-0001"));
        }
        assert_eq!(components(&card), Vec::<String>::new());
    }
}

#[test]
fn those_are_told_who_have_to_act_or_to_know() {
    let audience = Audience {
        chat: Some("oc_c".to_owned()),
        commander: Some("ou_commander".to_owned()),
        admin: Some("ou_admin".to_owned()),
        executor: Some("ou_executor".to_owned()),
    };
    let told = |task: &Task| audience.of(task).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&submitted("uptime")), ["chat_id:oc_c"]);
    assert_eq!(told(&submitted("rm -rf /srv")), ["chat_id:oc_c", "open_id:ou_admin"]);
    assert_eq!(told(&shown_by(Kind::FinalReview)), ["open_id:ou_admin"]);
    assert_eq!(told(&shown_by(Kind::Approved)), ["open_id:ou_executor"]);
    let mut ended = shown_by(Kind::Archived);
    assert_eq!(told(&ended), [] as [&str; 0]);
    ended.submitter_open_id = "ou_mei".to_owned();
    assert_eq!(told(&ended), ["open_id:ou_mei"]);
    ended.submitter_open_id = "ou mei/../x".to_owned();
    assert_eq!(told(&ended), [] as [&str; 0]);
    let without = Audience { chat: None, ..audience.clone() };
    assert_eq!(without.of(&submitted("uptime")).first(), Some(&Recipient::Person("ou_commander".to_owned())));
    for recipient in audience.of(&submitted("rm -rf /srv")) {
        assert_eq!(Recipient::try_from(recipient.to_string()), Ok(recipient));
    }
    assert!(Recipient::try_from("chat_id:".to_owned()).is_err() && Recipient::try_from("x:y".to_owned()).is_err());
}

#[test]
fn high_risk_asks_once_more_and_low_does_not() {
    let asks = |command| drawn(Kind::Pending, &submitted(command)).to_string().contains("\"confirm\"");
    assert!(asks("rm -rf /srv/data"));
    assert!(!asks("uptime"));
}

#[test]
fn only_a_pending_card_can_be_escalated_and_only_an_open_one_decided() {
    let choices = |kind| {
        let names = components(&drawn(kind, &shown_by(kind)));
        let is = |choice: &Choice| names.iter().any(|name| name.starts_with(choice.as_str()));
        Choice::ALL.into_iter().filter(is).collect::<Vec<_>>()
    };
    assert_eq!(choices(Kind::Pending), Choice::ALL);
    assert_eq!(choices(Kind::FinalReview), [Choice::Approve, Choice::Reject]);
    for kind in [Kind::Approved, Kind::Rejected, Kind::Modify, Kind::Archived] {
        assert_eq!(choices(kind), []);
    }
}

#[test]
fn a_command_that_does_not_fit_is_counted_and_cannot_be_approved_from_the_card() {
    let long = format!("echo {} && rm -rf /srv/tail", "x".repeat(60_000));
    let card = drawn(Kind::Pending, &submitted(&long));
    assert!(size(&card) <= BUDGET, "{}", size(&card));
    assert_eq!(check(&card), []);
    let text = text_in("en_us", &card);
    assert!(text.contains("echo xxx") && text.contains("rm -rf /srv/tail") && text.contains("characters"), "{text}");
    assert!(text.contains("hermes show TASK-20260921-0001"));
    assert!(!components(&card).iter().any(|name| name.starts_with("approve")));
    assert!(components(&card).iter().any(|name| name.starts_with("reject")));
}

#[test]
fn what_is_hidden_is_seen_and_what_is_secret_is_not() {
    let card = drawn(Kind::Pending, &submitted("mysql -pHunter22x -e 'select \u{202e}1'"));
    let whole = card.to_string();
    assert!(!whole.contains("Hunter22x") && whole.contains("⟨U+202E⟩"), "{whole}");
    let mut task = shown_by(Kind::Archived);
    task.execution_log = "token=ghp_0123456789abcdefghijABCDEFGHIJ012345\n\u{1b}[2J".to_owned();
    let whole = drawn(Kind::Archived, &task).to_string();
    assert!(!whole.contains("ghp_0123456789") && whole.contains("⟨ESC⟩"), "{whole}");
}

#[test]
fn nothing_of_the_submitters_is_markup() {
    let mut task = submitted("echo '<at id=all></at> ![x](k) **bold**'");
    task.description = "<at id=all></at>".to_owned();
    fn tags(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("tag").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|field| tags(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| tags(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    tags(&drawn(Kind::Pending, &task), &mut found);
    assert!(!found.iter().any(|tag| tag == "markdown" || tag == "lark_md"), "{found:?}");
}

#[test]
fn a_choice_is_read_however_it_is_sent() {
    let task = shown_by(Kind::Pending);
    let form =
        || serde_json::Map::from_iter([("reason".to_owned(), json!(" why ")), ("proposal".to_owned(), json!("ls"))]);
    for choice in Choice::ALL {
        let by_object = Action { value: choice.value(&task), form_value: form(), ..Action::default() };
        let by_string =
            Action { value: json!(choice.value(&task).to_string()), form_value: form(), ..Action::default() };
        for action in [by_object, by_string] {
            let made = Made::read(&action).unwrap();
            assert_eq!((made.choice, made.task.as_ref(), made.revision), (choice, Some(&task.id), task.revision));
            assert_eq!((made.reason.as_str(), made.proposal.as_str()), ("why", "ls"));
            assert!(made.seen.is(task.command_sha256));
        }
        let by_name = Action { name: choice.name(&task), form_value: form(), ..Action::default() };
        let made = Made::read(&by_name).unwrap();
        assert_eq!((made.choice, made.task, made.revision), (choice, None, Revision(1)));
        assert!(made.seen.is(task.command_sha256) && !made.seen.is(crate::id::Digest::of(b"other")));
    }
}

#[test]
fn what_is_no_button_of_ours_is_none() {
    let digest = "0".repeat(64);
    for value in [
        json!(null),
        json!("approve"),
        json!({"choice": "approve"}),
        json!({"choice": "delete", "task": "T", "revision": 1, "digest": digest}),
        json!({"choice": "approve", "task": "../T", "revision": 1, "digest": digest}),
        json!({"choice": "approve", "task": "T", "revision": -1, "digest": digest}),
        json!({"choice": "approve", "task": "T", "revision": 1, "digest": "00"}),
    ] {
        assert_eq!(Made::read(&Action { value: value.clone(), ..Action::default() }), None, "{value}");
    }
    for name in ["", "approve", "approve_r", "approve_rx_0", "nothing_r1_000000000000"] {
        assert_eq!(Made::read(&Action { name: name.to_owned(), ..Action::default() }), None, "{name}");
    }
    assert!(!Seen::Short(String::new()).is(crate::id::Digest::of(b"")));
}

#[test]
fn the_platform_would_refuse_these() {
    let with = |pointer: &str, value: Value| {
        let mut card = drawn(Kind::Pending, &shown_by(Kind::Pending));
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        card.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        card
    };
    let codes = |card: &Value| check(card).iter().map(|fault| fault.code).collect::<Vec<_>>();
    assert_eq!(codes(&with("/tittle", json!(1))), [200_621]);
    assert_eq!(codes(&with("/schema", json!("1.0"))), [200_621]);
    assert_eq!(codes(&with("/config/wide_screen_mode", json!(true))), [200_621]);
    assert_eq!(codes(&with("/config/update_multi", json!(false))), [200_621]);
    assert_eq!(codes(&with("/header/template", json!("pink"))), [200_621]);
    assert_eq!(codes(&with("/header/text_tag_list", json!(vec![json!({"tag": "text_tag"}); 4]))), [11_310]);
    assert_eq!(codes(&with("/body/elements", json!([{"tag": "action", "actions": []}]))), [200_861]);
    assert_eq!(codes(&with("/body/elements", json!([{"tag": "note", "elements": []}]))), [200_861]);
    assert_eq!(
        codes(&with(
            "/body/elements",
            json!([{"tag": "button", "text": {"tag": "plain_text", "content": "x"}, "value": {}}])
        )),
        [200_621]
    );
    assert_eq!(codes(&with("/body/elements", json!(vec![json!({"tag": "hr"}); 201]))), [11_310]);
    assert_eq!(codes(&with("/body/elements", json!([{"tag": "column", "elements": []}]))), [200_861]);
    let twice = json!([{"tag": "hr", "element_id": "a"}, {"tag": "hr", "element_id": "a"}]);
    assert_eq!(codes(&with("/body/elements", twice)), [200_621]);
    assert_eq!(codes(&with("/body/elements", json!([{"tag": "hr", "element_id": "1a"}]))), [200_621]);
    let large = json!([{"tag": "div", "text": {"tag": "plain_text", "content": "x".repeat(31_000)}}]);
    assert_eq!(codes(&with("/body/elements", large)), [11_310]);
    let form = |elements: Value| json!([{"tag": "form", "name": "f", "elements": elements}]);
    let submit = json!({"tag": "button", "name": "s", "form_action_type": "submit", "text": {"tag": "plain_text", "content": "x"}});
    assert_eq!(codes(&with("/body/elements", form(json!([submit])))), [] as [u32; 0]);
    assert_eq!(codes(&with("/body/elements", form(json!([])))), [200_621]);
    assert_eq!(codes(&with("/body/elements", form(json!([submit, {"tag": "input"}])))), [200_530]);
    assert_eq!(codes(&with("/body/elements", form(json!([submit, submit])))), [200_530]);
    let mut nested = json!({"tag": "hr"});
    for _ in 0..6 {
        nested = json!({"tag": "collapsible_panel", "elements": [nested]});
    }
    assert_eq!(codes(&with("/body/elements", json!([nested]))), [11_310]);
    let inner = json!([{"tag": "collapsible_panel", "elements": form(json!([submit]))}]);
    assert_eq!(codes(&with("/body/elements", inner)), [200_861]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is in a task, its cards are in the budget and of the documented form.
    #[test]
    fn any_task_has_cards_that_the_platform_takes(
        command in "(?s).{1,4000}", description in "(?s).{0,3000}", remark in "(?s).{0,2000}", log in "(?s).{0,6000}",
    ) {
        let mut task = submitted(&command);
        task.description = description;
        task.remark = remark;
        task.execution_log = log;
        for kind in Kind::ALL {
            let card = drawn(kind, &task);
            prop_assert_eq!(check(&card), []);
            prop_assert!(size(&card) <= BUDGET);
        }
    }
}
