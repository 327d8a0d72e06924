//! Starts the real program on a folder of its own and speaks to it over HTTP.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Index;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The root key of every server here.
pub(crate) const ROOT_KEY: &str = "root-key-of-the-integration-tests-0123456789";

/// Whatever is waited for has to come within this time, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again until there is an answer; the only place in these tests that waits for time to pass.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// A folder to live in, with the log beside it.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// APPROVAL_HOME.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("home")
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.0.path().join("log")).unwrap_or_default()).into_owned()
    }

    pub(crate) fn audit_file(&self) -> PathBuf {
        self.path().join("audit").join("approval_audit.jsonl")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path()).unwrap();
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn spawn(&self, env: &[(&str, &str)]) -> Child {
        let log = File::options().create(true).append(true).open(self.0.path().join("log")).unwrap();
        serve_command()
            .env_clear()
            .env("HOME", self.0.path())
            .env("APPROVAL_HOME", self.path())
            .env("SUPERVISOR_PORT", "0")
            .env("DASHBOARD_PORT", "0")
            .env("API_SERVER_KEY", ROOT_KEY)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// Starts the program, which has to refuse: its exit status and what it says.
    pub(crate) fn refused(&self, env: &[(&str, &str)]) -> (ExitStatus, String) {
        let mut child = self.spawn(env);
        let status = eventually("the program ends", || child.try_wait().unwrap());
        assert!(!status.success(), "it ended as if all were well: {}", self.log());
        (status, self.log())
    }
}

/// How the server is started; the only place that knows.
fn serve_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hermes"));
    command.arg("serve");
    command
}

/// A running server; it is killed when the test ends.
pub(crate) struct Server {
    pub(crate) home: Home,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(env: &[(&str, &str)]) -> Self {
        Self::on(Home::new(), env)
    }

    /// A server whose policy file says this.
    pub(crate) fn with_policy(policy: &str) -> Self {
        let home = Home::new();
        home.write("policy.toml", policy);
        Self::on(home, &[])
    }

    pub(crate) fn on(home: Home, env: &[(&str, &str)]) -> Self {
        let signpost = home.path().join("data").join("server.url");
        let _from_a_killed_server = std::fs::remove_file(&signpost);
        let mut child = home.spawn(env);
        let address = eventually("the server says where it listens", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended with {status}: {}", home.log());
            }
            let url = std::fs::read_to_string(&signpost).ok()?;
            url.strip_suffix('\n')?.strip_prefix("http://")?.parse().ok()
        });
        Self { home, address, child }
    }

    pub(crate) fn root(&self) -> Client {
        self.client(Some(ROOT_KEY))
    }

    pub(crate) fn client(&self, key: Option<&str>) -> Client {
        Client { address: self.address, key: key.map(str::to_owned), headers: Vec::new() }
    }

    /// A new key of this name.
    pub(crate) fn key(&self, name: &str, roles: &[&str]) -> Client {
        let made = self.root().post("/api/admin/keys", json!({"name": name, "roles": roles})).expect(201);
        self.client(made["key"].as_str())
    }

    /// One key for each role.
    pub(crate) fn people(&self) -> People {
        People {
            submitter: self.key("submitter", &["submitter"]),
            approver: self.key("approver", &["approver"]),
            admin: self.key("admin", &["admin"]),
            worker: self.key("worker", &["worker"]),
            auditor: self.key("auditor", &["auditor"]),
        }
    }

    /// Asks the server to stop, and waits until it has.
    pub(crate) fn terminate(mut self) -> (ExitStatus, Home) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let status = eventually("the server stops", || self.child.try_wait().unwrap());
        (status, self.take_home())
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> Home {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.take_home()
    }

    fn take_home(&mut self) -> Home {
        std::mem::replace(&mut self.home, Home::new())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _gone = self.child.kill();
            let _gone = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- the server's log ---\n{}", self.home.log());
        }
    }
}

pub(crate) struct People {
    pub(crate) submitter: Client,
    pub(crate) approver: Client,
    pub(crate) admin: Client,
    pub(crate) worker: Client,
    pub(crate) auditor: Client,
}

/// A caller with a key; each request has a connection of its own.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) key: Option<String>,
    headers: Vec<(String, String)>,
}

impl Client {
    /// Somebody without a key, at this address.
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, key: None, headers: Vec::new() }
    }

    pub(crate) fn header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None)
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body.to_string().as_bytes()))
    }

    pub(crate) fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, Some(body.to_string().as_bytes()))
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&[u8]>) -> Answer {
        let mut stream = self.send(method, path, "1.1", body);
        Answer::read(&mut stream, &format!("{method} {path}"))
    }

    /// Only the status, for answers that need not end by themselves.
    pub(crate) fn status(&self, method: &str, path: &str, body: Option<&[u8]>) -> u16 {
        let mut line = String::new();
        BufReader::new(self.send(method, path, "1.1", body)).read_line(&mut line).unwrap();
        line.split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("{method} {path}: {line:?}"))
    }

    /// An answer that does not end by itself, line by line.
    pub(crate) fn follow(&self, path: &str) -> Lines {
        // To a client of HTTP/1.0 nothing is sent in numbered chunks.
        let mut reader = BufReader::new(self.send("GET", path, "1.0", None));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "no answer to GET {path}: {head}");
        }
        assert!(head.contains(" 200 "), "GET {path}: {head}");
        Lines { reader }
    }

    fn send(&self, method: &str, path: &str, version: &str, body: Option<&[u8]>) -> TcpStream {
        let mut head = format!("{method} {path} HTTP/{version}\r\nconnection: close\r\n");
        let mut add = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        let is_set = |name: &str| self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        if !is_set("host") {
            add("host", &self.address.to_string());
        }
        if let Some(key) = &self.key {
            add("authorization", &format!("Bearer {key}"));
        }
        if body.is_some() && !is_set("content-type") {
            add("content-type", "application/json");
        }
        if let Some(body) = body {
            add("content-length", &body.len().to_string());
        }
        self.headers.iter().for_each(|(name, value)| add(name, value));
        head.push_str("\r\n");
        let mut stream = self.connect();
        stream.write_all(head.as_bytes()).unwrap();
        // A server that answers before it has read everything may close; what it said is still there to be read.
        let _closed = body.map(|body| stream.write_all(body));
        stream
    }

    /// A bare connection, for what no well-behaved client sends.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends these bytes and nothing else.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        let _closed = stream.write_all(bytes);
        Answer::read(&mut stream, &String::from_utf8_lossy(bytes))
    }

    /// The head of a request for JSON, as `raw` wants it.
    pub(crate) fn head(&self, method: &str, path: &str, more: &str) -> String {
        let key = self.key.as_deref().unwrap_or_default();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\n{more}\r\n",
            self.address
        )
    }
}

/// Reads to the end, or as far as the answer says that it goes.
fn read_answer(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..length]);
        if length == 0 || is_whole(bytes) {
            return Ok(());
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| bytes.len() >= head + 4 + length)
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    json: Value,
    what: String,
}

impl Answer {
    pub(crate) fn read(stream: &mut TcpStream, what: &str) -> Self {
        let mut bytes = Vec::new();
        // A reset after the answer takes nothing of it away, and some servers leave the connection open behind it.
        let ended = read_answer(stream, &mut bytes);
        let split = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let split =
            split.unwrap_or_else(|| panic!("{what}: no answer but {:?} ({ended:?})", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8_lossy(&bytes[..split]).to_ascii_lowercase();
        let mut body = bytes[split + 4..].to_vec();
        if head.contains("transfer-encoding: chunked") {
            body = unchunk(&body);
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Self { status, head, body, json, what: what.to_owned() }
    }

    /// The body, if the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        self.json
    }

    /// The body of a refusal, if it is this one.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.json["code"].as_str()), (status, Some(code)), "{}: {}", self.what, self.text());
        assert_eq!(self.json["ok"], json!(false), "{}", self.what);
        self.json
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Index<&str> for Answer {
    type Output = Value;
    fn index(&self, name: &str) -> &Value {
        &self.json[name]
    }
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n").expect("a chunk's length");
        let length = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        bytes = &bytes[end + 2 + length + 2..];
    }
}

/// The lines of an answer that goes on.
pub(crate) struct Lines {
    reader: BufReader<TcpStream>,
}

impl Lines {
    /// The next event of the stream: its number and its data. None once the server has ended the stream.
    pub(crate) fn event(&mut self) -> Option<(u64, Value)> {
        let (mut id, mut data, start) = (None, None, Instant::now());
        loop {
            assert!(start.elapsed() < PATIENCE, "nothing but comments on the stream");
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(text) = line.trim_end().strip_prefix("id: ") {
                id = text.parse().ok();
            } else if let Some(text) = line.trim_end().strip_prefix("data: ") {
                data = serde_json::from_str(text).ok();
            } else if line == "\n" && data.is_some() {
                return id.zip(data);
            }
        }
    }
}

/// The folder of a server, for those who look at its files.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
