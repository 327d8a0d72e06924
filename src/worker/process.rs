//! One command as a process group.
//!
//! A group, not a new session: a session takes a call between fork and exec, and this program has no unsafe code. The
//! command has no terminal to lose, since its standard input is closed and its outputs are pipes. What leaves the group
//! on purpose (`setsid`) is out of reach of the signals here.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout_at};

use super::Config;

/// How often a group is asked whether somebody is left in it.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(super) struct Process {
    child: Child,
    group: Pid,
    grace: Duration,
}

impl Process {
    /// Starts `sh -c` with closed input, the allowed environment and the configured working directory.
    pub(super) fn spawn(command: &str, config: &Config) -> io::Result<Self> {
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(command)
            .current_dir(&config.work_dir)
            .env_clear()
            .envs(allowed(std::env::vars_os(), &config.env_allow))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { child, group: Pid::from_raw(id), grace: config.grace })
    }

    /// The ends of its pipes, once.
    pub(super) const fn take_outputs(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// SIGTERM to the whole group, time to end well, SIGKILL to whoever is left of it.
    ///
    /// The shell often goes at once and leaves the program it called to clean up: the time is for the group, not for
    /// the shell.
    pub(super) async fn terminate(&mut self) -> io::Result<ExitStatus> {
        let deadline = Instant::now() + self.grace;
        killpg(self.group, Signal::SIGTERM).ok();
        timeout_at(deadline, self.child.wait()).await.ok();
        while self.somebody_is_left() && Instant::now() < deadline {
            sleep(LOOK_AGAIN).await;
        }
        if self.somebody_is_left() {
            killpg(self.group, Signal::SIGKILL).ok();
        }
        self.child.wait().await
    }

    fn somebody_is_left(&self) -> bool {
        killpg(self.group, None).is_ok()
    }
}

/// The part of an environment that a command may see.
fn allowed(
    environment: impl Iterator<Item = (OsString, OsString)>,
    allow: &[String],
) -> impl Iterator<Item = (OsString, OsString)> {
    environment.filter(|(name, _)| {
        let Some(name) = name.to_str() else { return false };
        allow.iter().any(|allowed| allowed == name) && !is_own_secret(name)
    })
}

/// The engine's own secrets, which no list may let through.
fn is_own_secret(name: &str) -> bool {
    matches!(name, "API_SERVER_KEY" | "HERMES_KEY") || name.starts_with("FEISHU_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_sees_only_what_is_listed_and_never_the_engines_secrets() {
        let here = ["PATH", "LANG", "API_SERVER_KEY", "FEISHU_APP_SECRET", "AWS_SECRET_ACCESS_KEY", "PATH2"];
        let here = here.iter().map(|name| (OsString::from(name), OsString::from("x")));
        let allow = ["PATH", "LANG", "TZ", "API_SERVER_KEY", "FEISHU_APP_SECRET"].map(str::to_owned);
        let seen: Vec<_> = allowed(here, &allow).map(|(name, _)| name).collect();
        assert_eq!(seen, ["PATH", "LANG"]);
    }
}
