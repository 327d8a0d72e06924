//! A load generator: connections that stay open, one request after another on each.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A request as it goes over the wire.
pub(crate) struct Request(String);

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    pub(crate) fn post(path: &str, body: &str) -> Self {
        let length = body.len();
        Self(format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }
}

/// What came of a load.
pub(crate) struct Figure {
    pub(crate) count: usize,
    pub(crate) rate: f64,
    p50: Duration,
    p99: Duration,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |span: Duration| span.as_secs_f64() * 1e3;
        write!(f, "{:.0}/s, p50 {:.2} ms, p99 {:.2} ms", self.rate, ms(self.p50), ms(self.p99))
    }
}

/// Loads one server.
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
}

impl Load {
    /// For so long.
    pub(crate) fn run(&self, connections: usize, span: Duration, make: &(dyn Fn(usize) -> Request + Sync)) -> Figure {
        let end = Instant::now() + span;
        self.drive(connections, &|_| Instant::now() < end, make)
    }

    /// So many requests.
    pub(crate) fn run_times(
        &self,
        connections: usize,
        times: usize,
        make: &(dyn Fn(usize) -> Request + Sync),
    ) -> Figure {
        self.drive(connections, &|n| n < times, make)
    }

    fn drive(
        &self,
        connections: usize,
        goes_on: &(dyn Fn(usize) -> bool + Sync),
        make: &(dyn Fn(usize) -> Request + Sync),
    ) -> Figure {
        let next = AtomicUsize::new(0);
        let start = Instant::now();
        let mut times: Vec<Duration> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..connections).map(|_| scope.spawn(|| self.connection(&next, goes_on, make))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a connection")).collect()
        });
        let rate = times.len() as f64 / start.elapsed().as_secs_f64();
        times.sort_unstable();
        let at = |share: usize| times.get(times.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
        Figure { count: times.len(), rate, p50: at(50), p99: at(99) }
    }

    fn connection(
        &self,
        next: &AtomicUsize,
        goes_on: &(dyn Fn(usize) -> bool + Sync),
        make: &(dyn Fn(usize) -> Request + Sync),
    ) -> Vec<Duration> {
        let mut stream: Option<TcpStream> = None;
        let mut times = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if !goes_on(n) {
                return times;
            }
            let request = make(n);
            let start = Instant::now();
            loop {
                // A server may close after each answer, and reset what it has no room for, as the reference does.
                let Ok(mut open) = stream.take().map_or_else(|| self.open(), Ok) else { continue };
                match exchange(&mut open, &request) {
                    Ok(true) => stream = Some(open),
                    Ok(false) => {}
                    Err(_) => continue,
                }
                break;
            }
            times.push(start.elapsed());
        }
    }

    fn open(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Sends a request and reads the answer; says whether the connection stays open.
fn exchange(stream: &mut TcpStream, Request(text): &Request) -> io::Result<bool> {
    stream.write_all(text.as_bytes())?;
    let mut buffer = Vec::with_capacity(4096);
    let mut piece = [0_u8; 16 * 1024];
    loop {
        let head_end = buffer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head_end) = head_end {
            let head = String::from_utf8_lossy(&buffer[..head_end]).to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 20") || head.starts_with("http/1.0 20"), "{head}");
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
            match length {
                Some(length) if buffer.len() >= head_end + length => return Ok(head.starts_with("http/1.1")),
                Some(_) => {}
                None => {
                    stream.read_to_end(&mut buffer)?;
                    return Ok(false);
                }
            }
        }
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => buffer.extend_from_slice(&piece[..n]),
        }
    }
}
