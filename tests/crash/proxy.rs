//! A network that fails as it is told to: stands between a sub-agent and the supervisor, one exchange per connection.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use crate::processes::{LIMIT, until};

/// What happens to one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The request never arrives.
    LoseRequest,
    /// The request is handled; its answer never arrives.
    LoseAnswer,
    /// The request arrives twice; the second answer is the one that arrives.
    Duplicate,
    /// The answer waits until it is let through.
    HoldAnswer,
}

/// One exchange that reached the supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) path: String,
    pub(crate) status: u16,
}

#[derive(Default)]
struct State {
    /// What is to happen to the next request whose path ends so.
    planned: Vec<(&'static str, Trouble)>,
    under_way: usize,
    seen: Vec<Exchange>,
    open: bool,
}

type Shared = (Mutex<State>, Condvar);

/// The network between one sub-agent and the supervisor.
pub(crate) struct Proxy {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn start(supervisor: u16, planned: &[(&'static str, Trouble)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State { planned: planned.to_vec(), ..State::default() };
        let shared: Arc<Shared> = Arc::new((Mutex::new(state), Condvar::new()));
        let of_thread = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = of_thread.clone();
                // A broken connection is what this is about.
                std::thread::spawn(move || serve(stream, supervisor, &shared).ok());
            }
        });
        Self { url, shared }
    }

    /// Waits until everything that was planned has happened; an answer that waits has.
    pub(crate) fn until_happened(&self) {
        until("a planned trouble does not happen", || {
            let state = self.shared.0.lock().unwrap();
            (state.planned.is_empty() && state.under_way == 0).then_some(())
        });
    }

    /// Lets answers that wait go through, now and from now on.
    pub(crate) fn open(&self) {
        self.shared.0.lock().unwrap().open = true;
        self.shared.1.notify_all();
    }

    /// The statuses with which the supervisor answered requests whose path ends so.
    pub(crate) fn statuses(&self, path: &str) -> Vec<u16> {
        let state = self.shared.0.lock().unwrap();
        state.seen.iter().filter(|exchange| exchange.path.ends_with(path)).map(|exchange| exchange.status).collect()
    }
}

fn serve(mut client: TcpStream, supervisor: u16, shared: &Shared) -> io::Result<()> {
    let (path, request) = read_request(&client)?;
    let Some(trouble) = next_trouble(shared, &path) else {
        return client.write_all(&forward(supervisor, &request, &path, shared)?);
    };
    let answer = match trouble {
        Trouble::LoseRequest => None,
        Trouble::LoseAnswer => forward(supervisor, &request, &path, shared).map(|_| None)?,
        Trouble::HoldAnswer => Some(forward(supervisor, &request, &path, shared)?),
        Trouble::Duplicate => {
            forward(supervisor, &request, &path, shared)?;
            Some(forward(supervisor, &request, &path, shared)?)
        }
    };
    let mut state = shared.0.lock().unwrap();
    state.under_way -= 1;
    if trouble == Trouble::HoldAnswer {
        state = shared.1.wait_timeout_while(state, LIMIT, |state| !state.open).unwrap().0;
    }
    drop(state);
    answer.map_or(Ok(()), |answer| client.write_all(&answer))
}

fn next_trouble(shared: &Shared, path: &str) -> Option<Trouble> {
    let mut state = shared.0.lock().unwrap();
    let next = state.planned.iter().position(|(end, _)| path.ends_with(end))?;
    state.under_way += 1;
    Some(state.planned.remove(next).1)
}

/// Sends a request on a connection of its own and reads the whole answer.
fn forward(supervisor: u16, request: &[u8], path: &str, shared: &Shared) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", supervisor))?;
    server.write_all(request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let head = String::from_utf8_lossy(&answer);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::UnexpectedEof)?;
    shared.0.lock().unwrap().seen.push(Exchange { path: path.to_owned(), status });
    Ok(answer)
}

/// Reads one request and makes it the only one of its connection.
fn read_request(client: &TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(client);
    let mut head = Vec::new();
    let mut length = 0;
    let mut path = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if path.is_empty() {
            line.split(' ').nth(1).unwrap_or_default().clone_into(&mut path);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.extend(line.into_bytes());
        }
    }
    head.extend(b"Connection: close\r\n\r\n");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    head.extend(body);
    Ok((path, head))
}
