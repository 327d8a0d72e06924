//! The supervisor's stream of events, taken up again where it broke off.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _};
use hermes_core::id::{Seq, TaskId};
use serde_json::Value;

use super::error::Error;
use super::remote::Remote;
use super::sse::{Message, Parser};
use crate::client;

/// A stream that says nothing for so long, not even that it lives, is taken for dead.
const SILENCE: Duration = Duration::from_secs(90);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

type Bytewise = Pin<Box<dyn Stream<Item = Result<Bytes, client::Error>>>>;

/// What the stream brings.
pub(super) enum Signal {
    /// A line of the audit trail.
    Line(Value),
    /// The stream broke off; the next call takes it up again after a pause.
    Lost(Error),
}

/// The events after a certain one, or from now on.
pub(super) struct Events<'a> {
    remote: &'a Remote,
    last_id: Option<String>,
    stream: Option<Bytewise>,
    parser: Parser,
    ready: VecDeque<Message>,
    /// How often it failed since the last event.
    failures: u32,
}

impl<'a> Events<'a> {
    pub(super) fn new(remote: &'a Remote, after: Option<Seq>) -> Self {
        let last_id = after.map(|seq| seq.to_string());
        Self { remote, last_id, stream: None, parser: Parser::default(), ready: VecDeque::new(), failures: 0 }
    }

    /// The same, connected: nothing that happens from now on is missed.
    pub(super) async fn open(remote: &'a Remote, after: Option<Seq>) -> Result<Self, Error> {
        let mut events = Self::new(remote, after);
        events.connect().await?;
        Ok(events)
    }

    /// The next event. Can be dropped at any time without losing one.
    pub(super) async fn next(&mut self) -> Result<Signal, Error> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                self.last_id = message.id.or(self.last_id.take());
                self.failures = 0;
                if let Ok(line) = serde_json::from_str(&message.data) {
                    return Ok(Signal::Line(line));
                }
                continue;
            }
            if let Err(error) = self.receive().await {
                self.stream = None;
                self.failures += 1;
                return if error.is_passing() { Ok(Signal::Lost(error)) } else { Err(error) };
            }
        }
    }

    /// Returns when something happened to this task, or might have.
    pub(super) async fn about(&mut self, task: &TaskId) -> Result<(), Error> {
        loop {
            match self.next().await? {
                Signal::Line(line) if line.get("task_id").and_then(Value::as_str) != Some(task.as_str()) => {}
                Signal::Line(_) | Signal::Lost(_) => return Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Result<(), Error> {
        let Some(stream) = &mut self.stream else {
            tokio::time::sleep(Duration::from_secs(u64::from(self.failures)).min(LONGEST_PAUSE)).await;
            return self.connect().await;
        };
        let silent = |_| Err(client::Error::Unknown(format!("nothing for {} s", SILENCE.as_secs())));
        let ended = || Err(client::Error::Unknown("the stream of events ended".to_owned()));
        let piece = tokio::time::timeout(SILENCE, stream.next()).await;
        let bytes = piece.map_or_else(silent, |piece| piece.unwrap_or_else(ended));
        let bytes = bytes.map_err(|error| self.remote.failed(error))?;
        self.ready.extend(self.parser.push(&bytes));
        Ok(())
    }

    pub(super) async fn connect(&mut self) -> Result<(), Error> {
        let mut call = self.remote.get("/api/events").header("Accept", "text/event-stream");
        if let Some(id) = &self.last_id {
            call = call.header("Last-Event-ID", id);
        }
        let stream = call.stream().await.map_err(|error| self.remote.failed(error))?;
        self.stream = Some(Box::pin(stream));
        self.parser = Parser::default();
        Ok(())
    }
}
