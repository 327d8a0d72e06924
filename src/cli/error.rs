//! Why a command did not do what it was asked, in words that say what to do next.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use hermes_core::visible;
use serde_json::{Value, json};

use super::session::Exit;
use crate::{app, client, config, worker};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The arguments do not go together.
    #[error("{0}\n\nFor more information, try '--help'.")]
    Usage(String),
    /// The supervisor said no.
    #[error("{sentence}{}", hint(*status, *retry_after))]
    Refused { sentence: String, code: String, status: u16, retry_after: Option<Duration> },
    /// Nothing was sent.
    #[error(
        "no supervisor at {url} ({why}): start one with `hermes serve`, or set HERMES_URL (or --url) to the address of \
         one"
    )]
    NotSent { url: String, why: String },
    /// A question was not answered.
    #[error("no answer from {url} ({why})")]
    NoAnswer { url: String, why: String },
    /// Nobody knows whether a change was made.
    #[error("no answer from {url} ({why}): it may have been carried out; {advice}")]
    Unknown { url: String, why: String, advice: String },
    /// Something else does not work; says what to do.
    #[error("{0}")]
    Failed(String),
    /// A file or stream.
    #[error("{what}")]
    File { what: String, source: io::Error },
    /// What is printed has nowhere to go.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    #[error("these settings are wrong:\n{0}")]
    Settings(#[from] config::Problems),
    #[error("the supervisor stopped")]
    App(#[from] app::Error),
    #[error("the demo did not go as it should")]
    Demo(#[from] crate::demo::Error),
    #[error("the sub-agent stopped")]
    Worker(#[from] worker::Error),
    #[error(transparent)]
    Folder(#[from] hermes_actors::store::sqlite::OpenError),
    #[error(transparent)]
    Start(#[from] hermes_actors::runtime::StartError),
    #[error(transparent)]
    Store(#[from] hermes_actors::store::Error),
    #[error(transparent)]
    Key(#[from] hermes_core::key::Invalid),
    #[error(transparent)]
    NoRandomness(#[from] hermes_actors::clock::NoRandomness),
}

fn hint(status: u16, retry_after: Option<Duration>) -> String {
    match (status, retry_after) {
        (401, _) => "; give a key in HERMES_KEY (or API_SERVER_KEY)".to_owned(),
        (_, Some(pause)) => format!("; come back in {} s", pause.as_secs()),
        _ => String::new(),
    }
}

impl Error {
    /// What a failed question means.
    pub(super) fn asking(url: &str, error: client::Error) -> Self {
        Self::from_client(url, error, |url, why| Self::NoAnswer { url, why })
    }

    /// What a failed change means; `advice` says how to find out whether it was made.
    pub(super) fn changing(url: &str, error: client::Error, advice: String) -> Self {
        Self::from_client(url, error, |url, why| Self::Unknown { url, why, advice })
    }

    fn from_client(url: &str, error: client::Error, unknown: impl FnOnce(String, String) -> Self) -> Self {
        let url = url.to_owned();
        match error {
            client::Error::Refused { status, code, error, retry_after } => {
                let sentence = visible::show_line(&error).into_owned();
                Self::Refused { sentence, code, status, retry_after }
            }
            client::Error::NotSent(why) => Self::NotSent { url, why },
            client::Error::Unknown(why) => unknown(url, why),
        }
    }

    pub(super) fn file(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::File { what, source }
    }

    /// Whether another try may go better.
    pub(super) const fn is_passing(&self) -> bool {
        match self {
            Self::NotSent { .. } | Self::NoAnswer { .. } => true,
            Self::Refused { status, .. } => matches!(status, 429 | 503),
            _ => false,
        }
    }

    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Settings(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// The error and its causes, as far as they say something new.
    pub(super) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.contains(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
            cause = error.source();
        }
        text
    }

    /// The failure as the API writes one.
    pub(super) fn json(&self) -> Value {
        let code = match self {
            Self::Refused { code, .. } => code,
            Self::NotSent { .. } => "not_sent",
            Self::NoAnswer { .. } | Self::Unknown { .. } => "no_answer",
            Self::Usage(_) => "usage",
            Self::Settings(_) => "settings",
            _ => "failed",
        };
        match self {
            Self::Refused { sentence, .. } => json!({"ok": false, "error": sentence, "code": code}),
            _ => json!({"ok": false, "error": self.chain(), "code": code}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_says_what_to_do() {
        let url = "http://127.0.0.1:8080";
        let refused = |status| client::Error::Refused {
            status,
            code: "self_approval".to_owned(),
            error: "nobody decides\n\u{1b}[2J".to_owned(),
            retry_after: None,
        };
        insta::assert_snapshot!(Error::asking(url, client::Error::NotSent("connection refused".into())).chain(), @"no supervisor at http://127.0.0.1:8080 (connection refused): start one with `hermes serve`, or set HERMES_URL (or --url) to the address of one");
        insta::assert_snapshot!(Error::asking(url, client::Error::Unknown("late".into())).chain(), @"no answer from http://127.0.0.1:8080 (late)");
        insta::assert_snapshot!(Error::changing(url, client::Error::Unknown("late".into()), "look".into()).chain(), @"no answer from http://127.0.0.1:8080 (late): it may have been carried out; look");
        insta::assert_snapshot!(Error::asking(url, refused(401)).chain(), @"nobody decides⏎⟨ESC⟩[2J; give a key in HERMES_KEY (or API_SERVER_KEY)");
        insta::assert_snapshot!(Error::asking(url, refused(403)).json(), @r#"{"ok":false,"error":"nobody decides⏎⟨ESC⟩[2J","code":"self_approval"}"#);
    }

    #[test]
    fn causes_are_told_once() {
        let source = io::Error::other("no such disk");
        assert_eq!(Error::file("a.jsonl cannot be read")(source).chain(), "a.jsonl cannot be read: no such disk");
    }

    #[test]
    fn only_wrong_usage_and_settings_exit_with_2() {
        assert_eq!(Error::Usage(String::new()).exit(), Exit::Usage);
        assert_eq!(Error::Settings(config::Problems(Vec::new())).exit(), Exit::Usage);
        assert_eq!(Error::Failed(String::new()).exit(), Exit::Failed);
    }
}
