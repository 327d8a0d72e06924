//! What comes from the person at the terminal: lines, and signals, either while the other is waited for.

use std::io::{self, BufRead};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::Deciders;

/// Lines, read on a thread of their own: a terminal cannot be waited for in any other way.
pub(super) struct Lines(mpsc::Receiver<io::Result<String>>);

impl Lines {
    /// The lines of this input; it is left alone if nobody is asked.
    pub(super) fn of(input: impl BufRead + Send + 'static, deciders: Deciders) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        match deciders {
            Deciders::Played => {}
            // The thread ends with the input, or with the process.
            Deciders::Asked => drop(std::thread::spawn(move || {
                input.lines().map(|line| sender.blocking_send(line)).find(Result::is_err)
            })),
        }
        Self(receiver)
    }

    /// The next line, without blanks around it; none at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<String>> {
        Ok(self.0.recv().await.transpose()?.map(|line| line.trim().to_owned()))
    }
}

/// The signals that end a demo: Ctrl-C, a request to end, a terminal that was closed.
pub(super) struct Signals([Signal; 3]);

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    /// Returns when one of them came.
    pub(super) async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
