//! Starts what is measured.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How a server is started.
pub(crate) struct Recipe {
    program: String,
    arguments: Vec<&'static str>,
    ready: &'static str,
}

/// A running server, without keys, with limits off.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Child,
    _home: TempDir,
}

impl Server {
    pub(crate) fn ours() -> Recipe {
        Recipe { program: env!("CARGO_BIN_EXE_hermes").to_owned(), arguments: vec!["serve"], ready: "/health/ready" }
    }

    pub(crate) fn reference(python: &str) -> Recipe {
        Recipe { program: python.to_owned(), arguments: vec!["-m", "approval_engine"], ready: "/health" }
    }

    /// Starts it; answers how long it took until it was ready.
    pub(crate) fn start(recipe: &Recipe) -> (Self, Duration) {
        let home = TempDir::new().expect("a folder");
        let address = free_address();
        let start = Instant::now();
        let process = Command::new(&recipe.program)
            .args(&recipe.arguments)
            .env("APPROVAL_HOME", home.path())
            .env("SUPERVISOR_HOST", "127.0.0.1")
            .env("SUPERVISOR_PORT", address.port().to_string())
            .env("DASHBOARD_PORT", free_address().port().to_string())
            .env("HERMES_RATE_LIMIT", "off")
            .env("LOG_LEVEL", "ERROR")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        while !is_ready(address, recipe.ready) {
            assert!(start.elapsed() < Duration::from_secs(30), "the server is not ready");
            std::thread::yield_now();
        }
        (Self { address, process, _home: home }, start.elapsed())
    }

    /// Memory in use.
    pub(crate) fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().split(' ').next().and_then(|kib| kib.parse::<f64>().ok()).expect("a number") / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

fn is_ready(address: SocketAddr, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut answer = [0_u8; 16];
    let asked = write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.is_ok() && stream.read(&mut answer).is_ok() && answer.starts_with(b"HTTP/1") && answer.get(9) == Some(&b'2')
}
