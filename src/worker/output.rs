//! What a command writes: read at once, masked, numbered, sent in order.
//!
//! Reading never waits for sending, so that a slow supervisor does not slow the command down; what waits in memory is
//! bounded by the output limit.

mod text;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hermes_core::id::Digest;
use hermes_core::wire::work::{Finish, Output, Stream};
use sha2::Digest as _;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::journal::Entry;
use super::process::Process;
use super::retry::persist;
use super::{Agent, Stage};
use text::{Amount, Text};

/// The largest piece sent at once; the supervisor takes twice as much.
const CHUNK: usize = 32 << 10;
/// Whole lines do not wait longer than this to be sent.
const FLUSH_EVERY: Duration = Duration::from_millis(250);
/// How long the pipes may stay open after the command's end, held by what it left in the background.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The reading of both streams of one command.
pub(super) struct Capture {
    readers: JoinSet<(Stream, Amount)>,
    stop: watch::Sender<()>,
    chunks: Rc<RefCell<Chunks>>,
    sent: Sent,
}

/// The sending of one command's output; dropped, it ends.
pub(super) struct Sent(JoinSet<()>);

/// What the report says about the output.
pub(super) struct Totals {
    stdout: Amount,
    stderr: Amount,
    sha256: Digest,
}

impl Capture {
    pub(super) fn start(agent: &Rc<Agent>, entry: &Entry, process: &mut Process) -> Self {
        let (queue, chunks) = mpsc::unbounded_channel();
        let mut sending = JoinSet::new();
        sending.spawn_local(send(agent.clone(), entry.clone(), chunks));
        let chunks = Chunks { entry: entry.clone(), seq: 0, sha256: sha2::Sha256::new(), queue };
        let (stop, _) = watch::channel(());
        let readers = JoinSet::new();
        let mut capture = Self { readers, stop, chunks: Rc::new(RefCell::new(chunks)), sent: Sent(sending) };
        let (stdout, stderr) = process.take_outputs();
        capture.read(agent, Stream::Stdout, stdout);
        capture.read(agent, Stream::Stderr, stderr);
        capture
    }

    fn read(&mut self, agent: &Agent, stream: Stream, pipe: Option<impl AsyncRead + Unpin + 'static>) {
        let Some(pipe) = pipe else { return };
        let text = Text::new(agent.config.output_limit, agent.config.mask);
        let reader = Reader { stream, text, chunks: self.chunks.clone(), stop: self.stop.subscribe() };
        self.readers.spawn_local(reader.run(pipe));
    }

    /// Reads to the end, which comes soon after the command's own, and says how much it was.
    pub(super) async fn close(mut self) -> (Totals, Sent) {
        let mut totals = Totals { stdout: Amount::default(), stderr: Amount::default(), sha256: Digest([0; 32]) };
        if timeout(LAST_WORDS, self.collect(&mut totals)).await.is_err() {
            tracing::warn!("something the command left in the background holds its output open; not waiting for it");
            self.stop.send_replace(());
            self.collect(&mut totals).await;
        }
        totals.sha256 = Digest(self.chunks.borrow().sha256.clone().finalize().into());
        (totals, self.sent)
    }

    async fn collect(&mut self, totals: &mut Totals) {
        while let Some(ended) = self.readers.join_next().await {
            match ended {
                Ok((Stream::Stdout, amount)) => totals.stdout = amount,
                Ok((Stream::Stderr, amount)) => totals.stderr = amount,
                Err(error) => tracing::error!(%error, "output was lost"),
            }
        }
    }
}

impl Totals {
    pub(super) fn add_to(self, finish: Finish) -> Finish {
        Finish {
            stdout_bytes: self.stdout.bytes,
            stderr_bytes: self.stderr.bytes,
            truncated: self.stdout.left_out > 0 || self.stderr.left_out > 0,
            output_sha256: Some(self.sha256),
            ..finish
        }
    }
}

impl Sent {
    /// Waits until all is sent or no longer wanted.
    pub(super) async fn wait(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

/// Numbers what is to be sent and hashes it, so that the report is known before the sending is done.
struct Chunks {
    entry: Entry,
    seq: u64,
    sha256: sha2::Sha256,
    queue: mpsc::UnboundedSender<Output>,
}

impl Chunks {
    fn push(&mut self, stream: Stream, mut text: &str) {
        while !text.is_empty() {
            let (piece, rest) = text.split_at(text.floor_char_boundary(CHUNK));
            self.seq += 1;
            self.sha256.update(piece);
            let (worker, fence) = (self.entry.worker.clone(), self.entry.fence);
            // Nobody receives when the supervisor refused an earlier piece: then it wants no more.
            self.queue.send(Output { worker, fence, seq: self.seq, stream, data: piece.to_owned() }).ok();
            text = rest;
        }
    }
}

struct Reader {
    stream: Stream,
    text: Text,
    chunks: Rc<RefCell<Chunks>>,
    stop: watch::Receiver<()>,
}

impl Reader {
    async fn run(mut self, mut pipe: impl AsyncRead + Unpin) -> (Stream, Amount) {
        let mut buffer = vec![0; 16 << 10];
        let mut flush = interval(FLUSH_EVERY);
        flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let ready = tokio::select! {
                read = pipe.read(&mut buffer) => match read.ok().and_then(|length| buffer.get(..length)) {
                    None | Some([]) => break,
                    Some(bytes) => self.text.push(bytes),
                },
                _ = flush.tick() => self.text.flush(),
                _ = self.stop.changed() => break,
            };
            self.chunks.borrow_mut().push(self.stream, &ready);
        }
        let (rest, amount) = self.text.close();
        self.chunks.borrow_mut().push(self.stream, &rest);
        (self.stream, amount)
    }
}

async fn send(agent: Rc<Agent>, entry: Entry, mut chunks: mpsc::UnboundedReceiver<Output>) {
    while let Some(chunk) = chunks.recv().await {
        let sent = persist(&agent, Stage::Ending, async || agent.api.output(&entry.lease, &chunk).await).await;
        if let Err(error) = sent {
            tracing::warn!(%error, seq = chunk.seq, "output is not taken; no more of it is sent");
            return;
        }
    }
}
