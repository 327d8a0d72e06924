//! `hermes demo`: the whole product on one machine, with real commands: a supervisor, three sub-agents, a dozen tasks.
//!
//! The supervisor runs in this process, the sub-agents are processes of their own in the same process group. With
//! `--auto` the deciders are played; without, the person at the terminal decides.

mod cast;
mod home;
mod input;
mod scene;
mod script;
mod show;
mod stage;

use std::io::{BufRead, Write};
use std::path::PathBuf;

use hermes_core::audit::Verdict;

use self::input::{Lines, Signals};
use self::show::Show;
use self::stage::Stage;
use crate::app;
use crate::client;
use crate::config::Problems;

/// How the demo is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept; a folder that is thrown away if absent.
    pub data: Option<PathBuf>,
    /// Who decides.
    pub deciders: Deciders,
    /// Whether texts are coloured.
    pub color: Color,
    /// The program that sub-agents are started from.
    pub program: PathBuf,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deciders {
    /// The demo plays them.
    Played,
    /// The person at the terminal.
    Asked,
}

/// Whether texts are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The supervisor.
    #[error("the supervisor: {0}")]
    Supervisor(#[from] app::Error),
    /// Its settings.
    #[error("the supervisor's settings: {0}")]
    Settings(#[from] Problems),
    /// The API.
    #[error("the supervisor's API: {0}")]
    Api(#[from] client::Error),
    /// The folder that everything is kept in.
    #[error("the folder {} cannot be used", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Files, processes, the terminal.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The audit trail.
    #[error("the audit trail cannot be checked: {0}")]
    Audit(String),
    /// A signal. Whatever was started has ended, and a folder of the demo's own is gone.
    #[error("broken off")]
    Interrupted,
    /// Something ended in another way than it should.
    #[error("not every task ended as it should")]
    Surprise,
}

/// Runs the demo to its end, or until a signal ends it; either way everything that it started ends, too.
///
/// # Errors
/// When something does not work, was interrupted, or a task did not end as it should.
pub async fn run(options: Options, input: impl BufRead + Send + 'static, out: &mut dyn Write) -> Result<(), Error> {
    let mut show = Show::new(out, options.color);
    let mut input = Lines::of(input, options.deciders);
    // Signals that come while the stage is set are heard when it is.
    let mut signals = Signals::listen()?;
    let stage = Stage::set(&options, &mut show).await?;
    let played = tokio::select! {
        played = script::play(&stage, options.deciders, &mut input, &mut show) => played,
        () = signals.any() => show.line("").and(Err(Error::Interrupted)),
    };
    let cleared = stage.clear().await?;
    if let Some(kept) = &cleared.kept_at {
        show.line("")?;
        show.line(&format!("everything is kept in {}", kept.display()))?;
    }
    let played = played?;
    show.ends(&played)?;
    show.audit(&cleared.report)?;
    let as_planned = played.ends.iter().all(scene::End::is_as_planned);
    if as_planned && cleared.report.verdict == Verdict::Intact { Ok(()) } else { Err(Error::Surprise) }
}
