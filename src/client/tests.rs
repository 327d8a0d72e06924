use std::net::TcpListener;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::stream;
use serde_json::{Value, json};

use super::*;

/// Serves a few answers and returns the address.
fn serve() -> String {
    async fn echo(request: HttpRequest, body: String) -> HttpResponse {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        HttpResponse::Ok().json(json!({
            "method": request.method().as_str(), "query": request.query_string(), "body": body,
            "authorization": header("authorization"), "once": header("idempotency-key"), "type": header("content-type"),
        }))
    }
    async fn refuse(path: web::Path<u16>) -> HttpResponse {
        let status = StatusCode::from_u16(*path).unwrap();
        match *path {
            502 => HttpResponse::build(status).body("<html>"),
            _ => HttpResponse::build(status)
                .insert_header(("retry-after", "7"))
                .json(json!({"ok": false, "error": "No.", "code": "no"})),
        }
    }
    async fn broken() -> HttpResponse {
        HttpResponse::Ok().streaming(stream::iter([Ok(Bytes::from("{\"ok\"")), Err(std::io::Error::other("x"))]))
    }
    async fn pieces() -> HttpResponse {
        HttpResponse::Ok().streaming(stream::iter(["a", "b", "c"].map(|piece| Ok::<_, Error>(Bytes::from(piece)))))
    }
    let app = || {
        App::new()
            .route("/prefix/api/echo", web::to(echo))
            .route("/refuse/{status}", web::to(refuse))
            .route("/broken", web::to(broken))
            .route("/pieces", web::to(pieces))
            .route("/nothing", web::to(HttpResponse::NoContent))
            .route("/silence", web::to(std::future::pending::<HttpResponse>))
            .route("/elsewhere", web::to(|| async { web::Redirect::to("/prefix/api/echo") }))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", server.addrs()[0]);
    tokio::task::spawn_local(server.run());
    address
}

fn client(base: &str) -> Client {
    Client::new(base, Some("key-1".to_owned())).unwrap()
}

#[actix_web::test]
async fn a_call_carries_what_it_was_given() {
    let client = client(&format!("{}/prefix/", serve()));
    let post = client.post("/api/echo").query(&[("a", "1 2"), ("b", "ü")]).unwrap();
    let answer: Value = post.header("Idempotency-Key", "k").json(&json!({"x": 1})).unwrap().answer().await.unwrap();
    assert_eq!(
        answer,
        json!({"method": "POST", "query": "a=1+2&b=%C3%BC", "body": "{\"x\":1}", "authorization": "Bearer key-1",
            "once": "k", "type": "application/json"})
    );
    for (call, method) in [(client.get("/api/echo"), "GET"), (client.put("/api/echo"), "PUT")] {
        assert_eq!(call.answer::<Value>().await.unwrap()["method"], method);
    }
    assert_eq!(client.delete("/api/echo").answer::<Value>().await.unwrap()["method"], "DELETE");
}

#[actix_web::test]
async fn refusals_keep_their_reason() {
    let client = client(&serve());
    let refused = client.get("/refuse/429").answer::<Value>().await.unwrap_err();
    let expected = Error::Refused {
        status: 429,
        code: "no".to_owned(),
        error: "No.".to_owned(),
        retry_after: Some(Duration::from_secs(7)),
    };
    assert_eq!(refused, expected);
    let proxy = client.get("/refuse/502").answer::<Value>().await.unwrap_err();
    let (code, error) = (String::new(), "Bad Gateway".to_owned());
    assert_eq!(proxy, Error::Refused { status: 502, code, error, retry_after: None });
    let redirected = client.get("/elsewhere").answer::<Value>().await.unwrap_err();
    assert_eq!(redirected.status(), Some(307));
}

#[actix_web::test]
async fn what_may_have_been_done_is_told_from_what_was_not_sent() {
    let base = serve();
    let client_here = client(&base);
    assert!(matches!(client_here.get("/broken").answer::<Value>().await, Err(Error::Unknown(_))));
    let silence = client_here.get("/silence").timeout(Duration::from_millis(50));
    assert!(matches!(silence.answer::<Value>().await, Err(Error::Unknown(_))));
    assert!(matches!(client_here.get("/nothing").answer::<Value>().await, Err(Error::Unknown(_))));
    assert_eq!(client_here.get("/nothing").answer_if_any::<Value>().await, Ok(None));

    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let nobody = client(&format!("http://{closed}"));
    assert!(matches!(nobody.get("/x").answer::<Value>().await, Err(Error::NotSent(_))));
    for bad in ["", "localhost:1", "ftp://x", "/path", "http://", "http://x/?a=1"] {
        assert!(matches!(Client::new(bad, None), Err(Error::NotSent(_))), "{bad}");
    }
    let newline = Client::new(&base, Some("a\nb".to_owned())).unwrap();
    assert!(matches!(newline.get("/nothing").answer_if_any::<Value>().await, Err(Error::NotSent(_))));
}

#[actix_web::test]
async fn a_stream_comes_as_it_is() {
    let client = client(&serve());
    let pieces: Vec<Bytes> = client.get("/pieces").stream().await.unwrap().try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"abc");
    // The head may or may not have left before the connection broke.
    let broken = async { client.get("/broken").stream().await?.try_collect::<Vec<_>>().await };
    assert!(matches!(broken.await, Err(Error::Unknown(_))));
    assert_eq!(client.get("/refuse/403").stream().await.err().unwrap().status(), Some(403));
}

#[actix_web::test]
async fn https_speaks_tls() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = client(&format!("https://{}", listener.local_addr().unwrap()));
    let server = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut record = [0];
        tokio::io::AsyncReadExt::read_exact(&mut connection, &mut record).await.unwrap();
        record[0]
    };
    let (answer, record) = futures_util::join!(client.get("/").answer::<Value>(), server);
    assert_eq!(record, 0x16, "a TLS handshake");
    assert!(matches!(answer, Err(Error::NotSent(_))), "{answer:?}");
}
