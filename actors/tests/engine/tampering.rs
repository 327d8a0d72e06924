//! Somebody edits the database: what was approved is run, or nothing is.

use hermes_actors::error::Error;
use hermes_actors::runtime::Engine;
use hermes_core::audit::leaf;
use hermes_core::error::Code;
use hermes_core::id::{Digest, TaskId};
use hermes_core::task::{Action, Outcome, Report, State, Submission};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::leases::{ask, claimed, start};
use crate::script::Who;
use crate::support::{House, approved, audit_lines, carry, id, kinds, soon, state};

const OTHER: &str = "rm -rf /srv";

fn other_sha() -> Value {
    json!(Digest::of(OTHER.as_bytes()))
}

/// The digest of a submission of the other command.
fn other_content() -> Value {
    json!(Submission { command: OTHER.to_owned(), ..Submission::default() }.digest())
}

/// The database, opened beside the engine.
struct Editor(Connection);

impl Editor {
    fn of(house: &House) -> Self {
        Self(Connection::open(house.database()).unwrap())
    }

    fn body(&self, sql: &str, task: &TaskId) -> Value {
        let text: String = self.0.query_row(sql, [task.as_str()], |row| row.get(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Edits a task's row, its version alike in both places.
    fn row(&self, task: &TaskId, edit: impl Fn(&mut Value)) -> &Self {
        let mut body = self.body("SELECT body FROM task WHERE id = ?1", task);
        edit(&mut body);
        let values = params![task.as_str(), body["version"].as_u64().unwrap(), body.to_string()];
        assert_eq!(self.0.execute("UPDATE task SET version = ?2, body = ?3 WHERE id = ?1", values).unwrap(), 1);
        self
    }

    fn event(&self, task: &TaskId, kind: &str, edit: impl Fn(&mut Value)) -> &Self {
        let found = format!("FROM event WHERE task_id = ?1 AND json_extract(body, '$.event.kind') = '{kind}'");
        let mut body = self.body(&format!("SELECT body {found}"), task);
        edit(&mut body["event"]);
        let sql = "UPDATE event SET body = ?2 WHERE task_id = ?1 AND version = ?3";
        let version = body["version"].as_u64().unwrap();
        assert_eq!(self.0.execute(sql, params![task.as_str(), body.to_string(), version]).unwrap(), 1);
        self
    }

    /// Edits an audit line and the hash that it is kept with.
    fn line(&self, task: &TaskId, kind: &str, edit: impl Fn(String) -> String) -> &Self {
        let found = "FROM audit WHERE task_id = ?1 AND json_extract(line, '$.kind') = ?2";
        let text: String =
            self.0.query_row(&format!("SELECT line {found}"), [task.as_str(), kind], |row| row.get(0)).unwrap();
        let text = edit(text);
        let sql = "UPDATE audit SET line = ?3, leaf = ?4
                   WHERE task_id = ?1 AND json_extract(line, '$.kind') = ?2";
        let values = params![task.as_str(), kind, text, leaf(text.as_bytes()).0];
        assert_eq!(self.0.execute(sql, values).unwrap(), 1);
        self
    }

    /// Another command and its digest, in the row.
    fn other_row(&self, task: &TaskId) -> &Self {
        self.row(task, |body| {
            body["command"] = json!(OTHER);
            body["command_sha256"] = other_sha();
        })
    }

    /// The same in the events.
    fn other_events(&self, task: &TaskId) -> &Self {
        self.event(task, "created", |event| event["submission"]["command"] = json!(OTHER))
            .event(task, "voted", |event| event["command_sha256"] = other_sha())
            .event(task, "approved", |event| event["command_sha256"] = other_sha())
    }
}

async fn lease(engine: &Engine, task: &TaskId) -> Code {
    let action = Action::Lease { worker: "wa".to_owned(), secret: [7; 16] };
    carry(engine, task, Who::WorkerA.principal(), action).await.unwrap_err().code()
}

/// The task has ended, the trail says why, and nothing of it was handed out.
async fn assert_void(engine: &Engine, task: &TaskId, outcome: Outcome) {
    let ended = engine.store.task(task).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.outcome), (State::Failed, Some(outcome)), "{task}");
    let error = ended.result.as_ref().and_then(|result| result.error.as_deref());
    assert!(error.is_some_and(|error| error.starts_with("digest_mismatch: ")), "{task}: {error:?}");
    let lines = audit_lines(&engine.store).await;
    let about = format!("\"kind\":\"task.finished\",\"task_id\":\"{task}\"");
    let told: Vec<_> = lines.iter().filter(|line| line.text.contains(&about)).collect();
    assert_eq!(told.len(), 1, "{task}");
    assert!(told[0].text.contains("digest_mismatch"), "{}", told[0].text);
}

#[test]
fn whatever_was_edited_in_the_database_what_was_not_approved_is_not_handed_out() {
    type Edit = for<'a> fn(&'a Editor, &TaskId) -> &'a Editor;
    let edits: [(&str, Edit); 10] = [
        ("command", |editor, task| editor.row(task, |body| body["command"] = json!(OTHER))),
        ("row", |editor, task| editor.other_row(task)),
        ("row-and-version", |editor, task| {
            editor.other_row(task).row(task, |body| body["version"] = json!(body["version"].as_u64().unwrap() + 1))
        }),
        ("row-and-lower-version", |editor, task| editor.other_row(task).row(task, |body| body["version"] = json!(2))),
        ("version-of-the-body", |editor, task| {
            editor.other_row(task);
            let sql = "UPDATE task SET body = json_set(body, '$.version', 9) WHERE id = ?1";
            assert_eq!(editor.0.execute(sql, [task.as_str()]).unwrap(), 1);
            editor
        }),
        ("row-and-event", |editor, task| {
            let edit = |event: &mut Value| event["submission"]["command"] = json!(OTHER);
            editor.other_row(task).event(task, "created", edit);
            editor.row(task, |body| body["content"] = other_content())
        }),
        ("assignee", |editor, task| editor.row(task, |body| body["dispatch"]["automatic"] = json!(false))),
        ("time", |editor, task| editor.row(task, |body| body["deadlines"]["start_by"] = json!(i64::MAX))),
        ("trail", |editor, task| {
            editor.line(task, "task.approved", |line| line.replace("\"task.approved\"", "\"task.approves\""))
        }),
        ("events-gone", |editor, task| {
            let sql = "DELETE FROM event WHERE task_id = ?1 AND version > 1";
            assert!(editor.0.execute(sql, [task.as_str()]).unwrap() > 1);
            editor
        }),
    ];
    for (name, edit) in edits {
        let house = House::new();
        let (bad, good) = (id(name), id("good"));
        house.life(async |engine| {
            approved(&engine, &bad).await;
            edit(&Editor::of(&house), &bad);
            approved(&engine, &good).await;
            assert_eq!(lease(&engine, &bad).await, Code::DigestMismatch, "{name}");
            assert_void(&engine, &bad, Outcome::Undeliverable).await;
            assert_eq!(claimed(&engine, Who::WorkerA).await.task_id, good);
        });
    }
}

#[test]
fn row_events_and_line_edited_alike_are_given_away_by_the_next_line() {
    let house = House::new();
    let task = id("a");
    house.life(async |engine| {
        let true_sha = json!(approved(&engine, &task).await.command_sha256).to_string();
        let editor = Editor::of(&house);
        editor.other_row(&task).row(&task, |body| body["content"] = other_content()).other_events(&task);
        let other = |line: String| line.replace(&true_sha, &other_sha().to_string());
        for kind in ["task.created", "task.voted", "task.approved", "task.dispatched"] {
            editor.line(&task, kind, other);
        }
        let action = Action::Lease { worker: "wa".to_owned(), secret: [7; 16] };
        let said = carry(&engine, &task, Who::WorkerA.principal(), action).await.unwrap_err().to_string();
        assert!(said.contains("the audit trail tells another story"), "{said}");
        assert_void(&engine, &task, Outcome::Undeliverable).await;
    });
}

#[test]
fn a_crowd_of_edited_tasks_holds_nobody_up() {
    let house = House::new();
    house.life(async |engine| {
        let bad: Vec<_> = (0..40).map(|number| id(&format!("bad-{number}"))).collect();
        for task in &bad {
            approved(&engine, task).await;
            Editor::of(&house).other_row(task);
        }
        let waiting = ask(&engine, Who::WorkerA, 1).await;
        approved(&engine, &id("good")).await;
        assert_eq!(soon("the good one", waiting).await.unwrap()[0].task_id, id("good"));
        let mut ended = 0;
        for task in &bad {
            ended += usize::from(state(&engine, task).await == State::Failed);
            assert!(!kinds(&engine, task).await.contains(&"leased"), "{task}");
        }
        assert_eq!(ended, bad.len());
    });
}

#[test]
fn what_was_edited_after_the_lease_is_not_started() {
    let house = House::new();
    let (task, said) = (id("a"), id("by-hand"));
    let grant = house.life(async |engine| {
        approved(&engine, &task).await;
        let grant = claimed(&engine, Who::WorkerA).await;
        approved(&engine, &said).await;
        grant
    });
    Editor::of(&house).other_row(&task).other_row(&said);
    house.life(async |engine| {
        let code = |answer: Result<_, Error>| answer.map(|_: std::sync::Arc<_>| ()).unwrap_err().code();
        assert_eq!(code(start(&engine, Who::WorkerA, &grant).await), Code::DigestMismatch);
        assert_void(&engine, &task, Outcome::Undeliverable).await;
        assert_eq!(code(start(&engine, Who::WorkerA, &grant).await), Code::LostLease);
        let report = Report { status: Some(State::Executing), ..Report::default() };
        let answer = carry(&engine, &said, Who::Li.principal(), Action::Report(report)).await;
        assert_eq!(code(answer), Code::DigestMismatch);
        assert_void(&engine, &said, Outcome::Undeliverable).await;
    });
}

#[test]
fn what_has_ended_is_not_brought_back_by_an_edit() {
    let house = House::new();
    let task = id("a");
    house.life(async |engine| {
        approved(&engine, &task).await;
        let sql = "SELECT body, ready_for FROM task WHERE id = ?1";
        let editor = Editor::of(&house);
        let ready: (String, String) =
            editor.0.query_row(sql, [task.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let grant = claimed(&engine, Who::WorkerA).await;
        start(&engine, Who::WorkerA, &grant).await.unwrap();
        // The row as it was before, with every trace of the run taken out of the events.
        let sql = "UPDATE task SET body = ?2, ready_for = ?3, version = json_extract(?2, '$.version'),
                   state = 'approved', leased_fence = NULL WHERE id = ?1";
        assert_eq!(editor.0.execute(sql, params![task.as_str(), ready.0, ready.1]).unwrap(), 1);
        let sql =
            "DELETE FROM event WHERE task_id = ?1 AND json_extract(body, '$.event.kind') IN ('leased', 'started')";
        assert_eq!(editor.0.execute(sql, [task.as_str()]).unwrap(), 2);
        assert_eq!(lease(&engine, &task).await, Code::DigestMismatch);
        assert_void(&engine, &task, Outcome::Undeliverable).await;
    });
}

#[test]
fn a_database_whose_whole_chain_was_written_anew_does_not_fit_the_file() {
    let house = House::new();
    let task = id("a");
    let true_sha = house.life(async |engine| {
        let sha = json!(approved(&engine, &task).await.command_sha256).to_string();
        engine.stop().await;
        sha
    });
    let editor = Editor::of(&house);
    editor.other_row(&task).row(&task, |body| body["content"] = other_content()).other_events(&task);
    let lines: Vec<(u64, String)> = {
        let mut all = editor.0.prepare("SELECT seq, line FROM audit ORDER BY seq").unwrap();
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let mut prev = Digest([0; 32]);
    for (seq, line) in lines {
        let (rest, _) = line.split_at(line.len() - 66);
        let line = format!("{rest}{prev}\"}}").replace(&true_sha, &other_sha().to_string());
        prev = leaf(line.as_bytes());
        let values = params![seq, line, prev.0];
        editor.0.execute("UPDATE audit SET line = ?2, leaf = ?3 WHERE seq = ?1", values).unwrap();
    }
    editor.0.execute("UPDATE audit_head SET leaf = ?1", [prev.0]).unwrap();
    drop(editor);
    let says = house.refusal();
    assert!(says.contains("is not what was written; run `hermes audit verify`"), "{says}");
}
