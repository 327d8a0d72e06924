//! Shows what happens to one task, as it happens, until it is over.
//!
//! The stream of events only says *when* to look; what is shown is the task's own time line, so nothing is shown twice
//! and nothing is missed, however often the connection breaks.

use std::io::{self, Write};
use std::time::Duration;

use hermes_core::id::{TaskId, Version};
use hermes_core::risk::Level;
use hermes_core::task::State;
use hermes_core::visible;
use hermes_core::wire::task::{TaskAnswer, TaskView};
use hermes_core::wire::work::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::Error;
use super::event::time_line;
use super::events::Events;
use super::json;
use super::look::{Look, Tone};
use super::remote::Remote;
use super::session::{Form, Repeated, Session};

/// The task is looked at so often though nothing was heard of it.
const PERIOD: Duration = Duration::from_secs(30);

/// Seconds that a question for output may wait.
const OUTPUT_WAIT: u64 = 25;

/// Shows what happens to the task until it is over.
pub(super) async fn follow(remote: &Remote, task: &TaskId, session: &mut Session<'_>) -> Result<TaskView, Error> {
    // Connected before the first look, so that nothing falls between the two.
    let mut events = Events::new(remote, None);
    events.connect().await.or_else(|error| if error.is_passing() { Ok(()) } else { Err(error) })?;
    let mut follower =
        Follower { remote, task, seen: Version(0), state: None, output: Output { after: 0, at_start: true } };
    let mut view = follower.look().await?;
    loop {
        let is_over = view.status.is_final();
        follower.show_news(&view, session).await?;
        if is_over {
            return Ok(view);
        }
        follower.wait(&mut events, session).await?;
        view = follower.look_again(session).await?;
    }
}

struct Follower<'a> {
    remote: &'a Remote,
    task: &'a TaskId,
    /// Events up to this version were shown.
    seen: Version,
    state: Option<State>,
    output: Output,
}

/// How far the output was shown.
struct Output {
    after: u64,
    /// The next text begins a line.
    at_start: bool,
}

#[derive(Deserialize)]
struct Page {
    chunks: Vec<Chunk>,
    next: u64,
    done: bool,
}

#[derive(Deserialize, Serialize)]
struct Chunk {
    seq: u64,
    stream: Stream,
    data: String,
}

impl Follower<'_> {
    async fn look(&self) -> Result<TaskView, Error> {
        let call = self.remote.get(&format!("/api/tasks/{}", self.task));
        let call = call.query(&[("include", "events")]).map_err(|error| self.remote.failed(error))?;
        Ok(self.remote.ask::<TaskAnswer>(call).await?.body.task)
    }

    /// A supervisor that is away for a while is waited for.
    async fn look_again(&self, session: &mut Session<'_>) -> Result<TaskView, Error> {
        let mut pause = Duration::from_secs(1);
        let mut trouble = Repeated::default();
        loop {
            match self.look().await {
                Err(error) if error.is_passing() => trouble.remark(format!("{error}; trying again"), session),
                found => return found,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PERIOD);
        }
    }

    async fn show_news(&mut self, view: &TaskView, session: &mut Session<'_>) -> Result<(), Error> {
        let seen = self.seen;
        for event in view.events.iter().flatten().filter(|event| event.version > seen) {
            if event.kind == "finished" {
                while !self.read_output(session).await? {}
            }
            // The time line may be ahead of the task that it came with: what was shown is not shown again.
            self.seen = event.version;
            self.output.end_line(session)?;
            match session.form {
                Form::Text => time_line(event, &session.look, session.out)?,
                Form::Json => writeln!(session.out, "{}", json::line(event))?,
            }
        }
        let changed = self.state.replace(view.status) != Some(view.status);
        if changed && session.form == Form::Text {
            waits_for(view, &session.look, session.out)?;
        }
        Ok(session.out.flush()?)
    }

    /// Returns when it is time to look at the task again; meanwhile shows what its command writes.
    async fn wait(&mut self, events: &mut Events<'_>, session: &mut Session<'_>) -> Result<(), Error> {
        let runs = self.state == Some(State::Executing);
        let (task, period) = (self.task, tokio::time::sleep(PERIOD));
        tokio::pin!(period);
        let mut more = runs;
        loop {
            tokio::select! {
                heard = events.about(task) => return heard,
                () = &mut period => return Ok(()),
                page = ask_output(self.remote, task, self.output.after, OUTPUT_WAIT), if more => {
                    // Without output the rest is still to be seen.
                    more = match page {
                        Ok(page) => !self.output.show(page, session)?,
                        Err(_) => false,
                    };
                }
            }
        }
    }

    /// Shows a page of what was written; says whether it was the last, or no more can be had.
    async fn read_output(&mut self, session: &mut Session<'_>) -> Result<bool, Error> {
        let before = self.output.after;
        let Ok(page) = ask_output(self.remote, self.task, before, 0).await else { return Ok(true) };
        let is_last = self.output.show(page, session)?;
        Ok(is_last || self.output.after == before)
    }
}

async fn ask_output(remote: &Remote, task: &TaskId, after: u64, wait: u64) -> Result<Page, Error> {
    let call = remote.get(&format!("/api/tasks/{task}/output")).timeout(Duration::from_secs(wait + 30));
    let call = call.query(&[("after", after), ("wait", wait)]).map_err(|error| remote.failed(error))?;
    Ok(remote.ask(call).await?.body)
}

impl Output {
    /// Shows a page; says whether it was the last.
    fn show(&mut self, page: Page, session: &mut Session<'_>) -> Result<bool, Error> {
        for chunk in &page.chunks {
            match session.form {
                Form::Text => self.show_chunk(chunk, &session.look, session.out)?,
                Form::Json => {
                    writeln!(session.out, "{}", json::line(json!({"kind": "output", "data": chunk})))?;
                }
            }
        }
        session.out.flush()?;
        self.after = page.next.max(self.after);
        Ok(page.done)
    }

    fn show_chunk(&mut self, chunk: &Chunk, look: &Look, out: &mut dyn Write) -> io::Result<()> {
        let (mark, tone) = match chunk.stream {
            Stream::Stdout => ("  | ", Tone::Plain),
            Stream::Stderr => ("  ! ", Tone::Warning),
        };
        for piece in chunk.data.split_inclusive('\n') {
            if self.at_start {
                write!(out, "{mark}")?;
            }
            let (line, end) = piece.strip_suffix('\n').map_or((piece, ""), |line| (line, "\n"));
            write!(out, "{}{end}", look.paint(tone, &visible::show(line)))?;
            self.at_start = !end.is_empty();
        }
        Ok(())
    }

    /// Ends a line of output that has no end of its own.
    fn end_line(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        if !std::mem::replace(&mut self.at_start, true) {
            writeln!(session.out)?;
        }
        Ok(())
    }
}

/// Says whose turn it is, if the task waits for somebody.
fn waits_for(view: &TaskView, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let whom = match view.status {
        State::Pending if view.risk_level == Level::High => "waits for an administrator's decision",
        State::Pending => "waits for a decision",
        State::Admin => "waits for an administrator's decision",
        State::Modify => "waits for another command: `hermes resubmit`",
        State::Approved => "waits for a sub-agent",
        State::Executing | State::Done | State::Rejected | State::Failed => return Ok(()),
    };
    let until = match view.status {
        State::Approved => view.deadlines.start_by,
        _ => view.deadlines.reject_at,
    };
    let until = until.map(|at| format!(", at most until {}", look.moment(at))).unwrap_or_default();
    writeln!(out, "          {}", look.paint(Tone::Faint, &format!("{whom}{until}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::{look, printed};

    #[test]
    fn output_is_shown_line_by_line_and_obeyed_by_no_terminal() {
        let chunk = |stream, data: &str| Chunk { seq: 1, stream, data: data.to_owned() };
        let chunks = [
            chunk(Stream::Stdout, "one\ntw"),
            chunk(Stream::Stdout, "o\n"),
            chunk(Stream::Stderr, "\u{1b}[2Jthree\n\nfour"),
        ];
        let mut output = Output { after: 0, at_start: true };
        let shown = printed(|out| chunks.iter().try_for_each(|chunk| output.show_chunk(chunk, &look(), out)));
        assert_eq!(shown, "  | one\n  | two\n  ! ⟨ESC⟩[2Jthree\n  ! \n  ! four");
        assert!(!output.at_start);
    }
}
