//! A supervisor that follows a script, and commands that are run against it.

use std::sync::{Arc, Mutex, mpsc};

use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode};
use clap::Parser as _;
use serde_json::Value;

use super::look;
use crate::cli::error::Error;
use crate::cli::look::Colors;
use crate::cli::remote::Address;
use crate::cli::session::{Exit, Form, Session};
use crate::cli::{Cli, on_system};

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Method, path and query.
    pub(super) line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An answer: status and body. A status of 0 ends the connection without one.
pub(super) type Reply = (u16, String);

/// A running script, and what it was asked.
pub(super) struct Supervisor {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

/// What a command did.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) result: Result<Exit, Error>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Supervisor {
    /// Answers each request by the script, which is also told how many requests with the same line came before.
    pub(super) fn start(script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let (asked, script) = (Arc::new(Mutex::new(Vec::new())), Arc::new(script));
        let (tell, told) = mpsc::channel();
        let log = asked.clone();
        // Lives as long as the tests do.
        std::thread::spawn(move || {
            on_system(async move {
                let app = move || {
                    let (log, script) = (log.clone(), script.clone());
                    App::new().default_service(web::to(move |request: HttpRequest, body: Bytes| {
                        let reply = answer(&log, &*script, &request, &body);
                        async move { reply }
                    }))
                };
                let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
                tell.send(server.addrs()[0]).unwrap();
                server.run().await.unwrap();
            });
        });
        Self { url: format!("http://{}", told.recv().unwrap()), asked }
    }

    /// What came, in order.
    pub(super) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// Runs `hermes` with these arguments against it.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.url, arguments)
    }
}

/// Runs `hermes` with these arguments against an address.
pub(super) fn run(url: &str, arguments: &[&str]) -> Ran {
    let cli = Cli::try_parse_from([&["hermes"], arguments].concat()).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut session = Session {
        out: &mut out,
        err: &mut err,
        form: if arguments.contains(&"--json") { Form::Json } else { Form::Text },
        look: look(),
        log_colors: Colors::Off,
        address: Address { url: url.to_owned(), is_given: true, key: Some("hk_0_0".to_owned()) },
    };
    let result = cli.command.run(&mut session);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { result, out: text(out), err: text(err) }
}

fn answer(
    log: &Mutex<Vec<Request>>,
    script: &impl Fn(&Request, usize) -> Reply,
    request: &HttpRequest,
    body: &Bytes,
) -> HttpResponse {
    let header = |(name, value): (&actix_web::http::header::HeaderName, &actix_web::http::header::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let request = Request {
        line: format!("{} {}", request.method(), request.uri()),
        headers: request.headers().iter().map(header).collect(),
        body: serde_json::from_slice(body).unwrap_or_default(),
    };
    let before = {
        let mut log = log.lock().unwrap();
        let before = log.iter().filter(|known| known.line == request.line).count();
        log.push(request.clone());
        before
    };
    match script(&request, before) {
        // A body that promises more than it holds cannot be read to its end.
        (0, _) => HttpResponse::Ok().body("{"),
        (status, body) => HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(body),
    }
}
