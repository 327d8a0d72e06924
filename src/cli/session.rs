//! What every command is given: where it prints, how that looks, and whom it talks to.

use std::io::{self, IsTerminal as _, Write};

use clap::{Args, ValueEnum};
use hermes_actors::clock::{Clock as _, SystemClock};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::error::Error;
use super::json;
use super::look::{Colors, Look};
use super::remote::{Address, Remote};

/// What every command understands.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Address of the supervisor [env: HERMES_URL] [default: http://127.0.0.1:$SUPERVISOR_PORT]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// API key; prefer the environment, since others can read a command line [env: HERMES_KEY, else API_SERVER_KEY]
    #[arg(long, global = true, value_name = "KEY")]
    key: Option<String>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// How a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

/// The exit status of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    /// `audit verify` found nothing wrong but a torn tail.
    TornTail = 3,
}

/// A remark that would be made again and again is made once.
#[derive(Default)]
pub(super) struct Repeated(String);

impl Repeated {
    /// Makes the remark, unless it is the last one again.
    pub(super) fn remark(&mut self, text: String, session: &mut Session<'_>) {
        if self.0 != text {
            session.remark(&text);
            self.0 = text;
        }
    }
}

/// What every command is given.
pub(super) struct Session<'a> {
    /// For results.
    pub(super) out: &'a mut dyn Write,
    /// For remarks.
    pub(super) err: &'a mut dyn Write,
    pub(super) form: Form,
    /// How results look.
    pub(super) look: Look,
    /// How log lines look.
    pub(super) log_colors: Colors,
    /// Which supervisor is meant.
    pub(super) address: Address,
}

impl Global {
    pub(super) fn open<'a>(self, out: &'a mut dyn Write, err: &'a mut dyn Write) -> Session<'a> {
        let plain = variable("NO_COLOR").is_some() || variable("TERM").as_deref() == Some("dumb");
        let colors = |is_terminal: bool| match self.color {
            When::Always => Colors::On,
            When::Auto if is_terminal && !plain => Colors::On,
            When::Auto | When::Never => Colors::Off,
        };
        let stdout = io::stdout();
        let size = terminal_size::terminal_size_of(&stdout);
        Session {
            out,
            err,
            form: if self.json { Form::Json } else { Form::Text },
            look: Look {
                colors: colors(stdout.is_terminal()),
                width: size.map(|(width, _)| usize::from(width.0)),
                zone: TimeZone::system(),
                now: SystemClock.now(),
            },
            log_colors: colors(io::stderr().is_terminal()),
            address: Address::find(self.url, self.key, variable),
        }
    }
}

/// An environment variable; an empty one says nothing.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

impl Session<'_> {
    /// The supervisor.
    pub(super) fn remote(&self) -> Result<Remote, Error> {
        Remote::new(self.address.clone())
    }

    /// Prints a document on a line of its own.
    pub(super) fn print_json(&mut self, document: &Value) -> Result<Exit, Error> {
        writeln!(self.out, "{}", json::line(document))?;
        Ok(Exit::Done)
    }

    /// Says something that is no result.
    pub(super) fn remark(&mut self, text: &str) {
        // A remark that nobody hears is no reason to stop.
        writeln!(self.err, "{text}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::look;

    #[test]
    fn the_same_trouble_is_told_once() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let address = Address { url: String::new(), is_given: false, key: None };
        let (form, log_colors) = (Form::Text, Colors::Off);
        let mut session = Session { out: &mut out, err: &mut err, form, look: look(), log_colors, address };
        let mut trouble = Repeated::default();
        for text in ["down", "down", "late", "down"] {
            trouble.remark(text.to_owned(), &mut session);
        }
        assert_eq!(String::from_utf8(err).unwrap(), "down\nlate\ndown\n");
    }
}
