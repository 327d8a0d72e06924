//! The command line: one binary, `hermes`.
//!
//! Each command is a struct of its own that clap reads and that has a `run`. What a command prints goes to the writers
//! of its `Session`; its exit status and its failure are made here and nowhere else.

mod audit;
mod classify;
mod completions;
mod config;
mod decide;
mod demo;
mod error;
mod event;
mod events;
mod feishu_sim;
mod follow;
mod json;
mod key;
mod list;
mod lock;
mod log;
mod look;
mod mark;
mod remote;
mod serve;
mod session;
mod settings;
mod show;
mod sse;
mod submit;
mod task;
mod text;
mod values;
mod watch;
mod worker;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::error::Error;
use self::session::{Exit, Form, Session};

/// Holds a command until somebody with the right to say yes has said yes.
#[derive(Parser)]
#[command(name = "hermes", version, max_term_width = 100)]
#[command(after_help = "Exit status: 0 done, 1 refused or failed, 2 wrong usage or settings.")]
struct Cli {
    #[command(flatten)]
    global: session::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Worker(worker::Worker),
    Demo(demo::Demo),
    FeishuSim(feishu_sim::FeishuSim),
    Submit(submit::Submit),
    List(list::List),
    Show(show::Show),
    Approve(decide::Approve),
    Reject(decide::Reject),
    Modify(decide::Modify),
    Escalate(decide::Escalate),
    Resubmit(task::Resubmit),
    Withdraw(task::Withdraw),
    Dispatch(task::Dispatch),
    Verify(task::Verify),
    Watch(watch::Watch),
    Classify(classify::Classify),
    Audit(audit::Audit),
    Key(key::Key),
    Config(config::Config),
    Completions(completions::Completions),
}

impl Command {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        match self {
            Self::Serve(command) => command.run(session),
            Self::Worker(command) => command.run(session),
            Self::Demo(command) => on_system(command.run(session)),
            Self::FeishuSim(command) => on_system(command.run(session)),
            Self::Submit(command) => on_system(command.run(session)),
            Self::List(command) => on_system(command.run(session)),
            Self::Show(command) => on_system(command.run(session)),
            Self::Approve(command) => on_system(command.run(session)),
            Self::Reject(command) => on_system(command.run(session)),
            Self::Modify(command) => on_system(command.run(session)),
            Self::Escalate(command) => on_system(command.run(session)),
            Self::Resubmit(command) => on_system(command.run(session)),
            Self::Withdraw(command) => on_system(command.run(session)),
            Self::Dispatch(command) => on_system(command.run(session)),
            Self::Verify(command) => on_system(command.run(session)),
            Self::Watch(command) => on_system(command.run(session)),
            Self::Classify(command) => command.run(session),
            Self::Audit(command) => command.run(session),
            Self::Key(command) => on_system(command.run(session)),
            Self::Config(command) => command.run(session),
            Self::Completions(command) => command.run(session),
        }
    }
}

/// Runs what needs an actix system around it.
fn on_system<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

/// What the binary does.
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr());
    let mut session = global.open(&mut out, &mut err);
    let form = session.form;
    let exit = match command.run(&mut session) {
        // Whoever stops reading has seen enough.
        Err(error) if error.is_broken_pipe() => Exit::Done,
        Err(error) => report(&error, form, &mut session),
        Ok(exit) => exit,
    };
    out.flush().ok();
    ExitCode::from(exit as u8)
}

/// Says what went wrong, with its causes; programs that asked for JSON get the failure as an object, too.
fn report(error: &Error, form: Form, session: &mut Session<'_>) -> Exit {
    if form == Form::Json {
        writeln!(session.out, "{}", json::line(error.json())).ok();
    }
    // Nobody is left to tell if this fails as well.
    writeln!(session.err, "error: {}", error.chain()).ok();
    error.exit()
}
