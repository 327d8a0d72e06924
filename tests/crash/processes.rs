//! The real programs of one test, each in a process of its own, in one folder.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use hermes_approval::client::Client;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longer than anything here takes; a wait that lasts so long has failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Time to live of a lease without a heartbeat.
pub(crate) const TTL: Duration = Duration::from_secs(1);

pub(crate) const ROOT_KEY: &str = "root-key-of-the-crash-test";

/// The sub-agent role of the real sub-agents.
pub(crate) const ROLE: &str = "ops";

/// Deadlines are short, so that what nobody tends to ends within the test.
const POLICY: &str = "start_within = \"20s\"
[levels.low]
alert = \"1s\"
reject = \"6s\"
[levels.medium]
alert = \"1s\"
reject = \"6s\"
[levels.high]
alert = \"1s\"
reject = \"6s\"
";

/// Asks again and again, with short pauses, until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// One folder, one supervisor's address, and the programs that work there.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    port: u16,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hermes-crash-").tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("home")).unwrap();
        std::fs::write(folder.path().join("home/policy.toml"), POLICY).unwrap();
        std::fs::write(folder.path().join("runs.log"), "").unwrap();
        Self { folder, port: free_port() }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn client(&self, key: &str) -> Client {
        Client::new(&self.url(), Some(key.to_owned())).unwrap()
    }

    /// A command that appends a mark to the one file, in one write.
    pub(crate) fn command(&self, mark: &str) -> String {
        format!("echo {mark} >> {}", self.runs_path().display())
    }

    fn runs_path(&self) -> PathBuf {
        self.folder.path().join("runs.log")
    }

    /// What the commands wrote so far.
    pub(crate) fn runs(&self) -> Vec<String> {
        std::fs::read_to_string(self.runs_path()).unwrap().lines().map(str::to_owned).collect()
    }

    /// Starts the supervisor; it is not ready yet.
    pub(crate) fn supervisor(&self, crash_at: Option<&str>) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hermes"));
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).envs([
            ("APPROVAL_HOME", self.home().to_str().unwrap()),
            ("SUPERVISOR_HOST", "127.0.0.1"),
            ("SUPERVISOR_PORT", &self.port.to_string()),
            ("API_SERVER_KEY", ROOT_KEY),
            ("HERMES_LEASE_TTL", "1s"),
            ("EXECUTION_TIMEOUT", "3s"),
            // Agents here are many and quick; and few tasks fit into memory, so that tasks are always let go.
            ("HERMES_RATE_LIMIT", "off"),
            ("HERMES_LIVE_TASKS", "4"),
            ("LOG_LEVEL", "INFO"),
        ]);
        self.spawn("supervisor", command, crash_at)
    }

    /// Starts a sub-agent with one slot that speaks to this address.
    pub(crate) fn worker(&self, name: &str, url: &str, key: &str) -> Process {
        self.worker_with(name, url, key, 1, None)
    }

    /// Starts a sub-agent: this test program, asked for one test.
    pub(crate) fn worker_with(
        &self,
        name: &str,
        url: &str,
        key: &str,
        slots: usize,
        crash_at: Option<&str>,
    ) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "worker::process", "--nocapture", "--test-threads=1"]);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).envs([
            (crate::worker::NAME, name),
            (crate::worker::URL, url),
            (crate::worker::KEY, key),
            (crate::worker::SLOTS, &slots.to_string()),
            (crate::worker::FOLDER, self.worker_folder(name).to_str().unwrap()),
        ]);
        self.spawn(name, command, crash_at)
    }

    pub(crate) fn worker_folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn spawn(&self, name: &str, mut command: Command, crash_at: Option<&str>) -> Process {
        let log = self.folder.path().join(format!("{name}.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let errors: File = file.try_clone().unwrap();
        command.envs(crash_at.map(|point| ("HERMES_CRASH_AT", point)));
        let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn().unwrap();
        Process { child, name: name.to_owned(), log }
    }

    /// Waits until the supervisor takes changes; false if it ended before.
    pub(crate) fn is_ready(&self, process: &mut Process) -> bool {
        until(&format!("{} is not ready\n{}", process.name, process.last_words()), || {
            if process.ended().is_some() {
                return Some(false);
            }
            answers_ready(self.port).then_some(true)
        })
    }

    /// A supervisor that takes changes.
    pub(crate) fn ready_supervisor(&self) -> Process {
        let mut process = self.supervisor(None);
        assert!(self.is_ready(&mut process), "the supervisor ended at its start\n{}", process.last_words());
        process
    }

    /// Waits until no command runs any more whose sub-agent was killed.
    pub(crate) fn until_quiet(&self) {
        let folder = self.folder.path();
        until("commands still run", || {
            let busy = std::fs::read_dir("/proc")
                .unwrap()
                .flatten()
                .any(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)));
            (!busy).then_some(())
        });
    }

    /// Keeps the folder, for whoever has to look what went wrong.
    pub(crate) fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// Asks for `/health/ready` as simply as can be.
fn answers_ready(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return false };
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// A port that nobody has, outside the range from which connections get theirs: it stays free between two starts.
fn free_port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 500).unwrap() * 20;
    until("no port is free", || {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port)
    })
}

/// A program that runs; dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) fn until_ended(&mut self) -> ExitStatus {
        let what = format!("{} does not end", self.name);
        until(&what, || self.ended())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        assert!(self.ended().is_none(), "{} ended by itself\n{}", self.name, self.last_words());
        self.signal(Signal::SIGKILL);
        self.until_ended();
    }

    /// Waits until it ends itself at the named point that it was started with.
    pub(crate) fn until_crashed(mut self) {
        let status = self.until_ended();
        assert_eq!(status.signal(), Some(9), "{} ended by itself: {status}\n{}", self.name, self.last_words());
    }

    /// Asks it to end, and sees to it that it ends well.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        let status = self.until_ended();
        assert!(status.success(), "{} ended badly: {status}\n{}", self.name, self.last_words());
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        tail(&self.log)
    }

    /// Whether a text is in its log.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        std::fs::read_to_string(&self.log).is_ok_and(|log| log.contains(text))
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
