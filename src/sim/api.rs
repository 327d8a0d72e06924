//! The side that bots see.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::platform::{Kind, Platform, Refusal};
use super::{Sim, now};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/open-apis/auth/v3/tenant_access_token/internal", web::post().to(token))
        .route("/open-apis/im/v1/messages", web::post().to(send))
        .route("/open-apis/im/v1/messages/{id}", web::patch().to(update))
        .route("/open-apis/im/v1/messages/{id}/urgent_app", web::patch().to(urge))
        .route("/open-apis/contact/v3/users/{id}", web::get().to(person))
        .route("/open-apis/interactive/v1/card/update", web::post().to(delayed_update));
}

/// What comes of a request once it is let in.
type Work<'w> = Box<dyn FnOnce(&mut Platform) -> Result<Value, Refusal> + 'w>;

async fn token(sim: Data<Sim>, body: Bytes) -> HttpResponse {
    let body = json_of(&body);
    // The fields of this answer stand at its top.
    answer(&sim, Shape::Bare, Box::new(|platform| platform.token(&body, now()))).await
}

#[derive(Deserialize)]
struct To {
    #[serde(default)]
    receive_id_type: String,
}

async fn send(sim: Data<Sim>, request: HttpRequest, to: Query<To>, body: Bytes) -> HttpResponse {
    let body = json_of(&body);
    let receive_id = body.get("receive_id").and_then(Value::as_str).map(str::to_owned);
    let work = |platform: &mut Platform| {
        platform.admit(bearer(&request), Kind::Send, receive_id.as_deref(), now())?;
        platform.send(&to.receive_id_type, &body, now())
    };
    answer(&sim, Shape::Data, Box::new(work)).await
}

async fn update(sim: Data<Sim>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    let body = json_of(&body);
    let work = |platform: &mut Platform| {
        platform.admit(bearer(&request), Kind::Update, Some(id.as_str()), now())?;
        platform.update(&id, &body, now())
    };
    answer(&sim, Shape::Data, Box::new(work)).await
}

async fn urge(sim: Data<Sim>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    let body = json_of(&body);
    let work = |platform: &mut Platform| {
        platform.admit(bearer(&request), Kind::Urgent, None, now())?;
        platform.urge(&id, &body)
    };
    answer(&sim, Shape::Data, Box::new(work)).await
}

async fn person(sim: Data<Sim>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    let work = |platform: &mut Platform| {
        platform.admit(bearer(&request), Kind::Contact, None, now())?;
        platform.person(&id)
    };
    answer(&sim, Shape::Data, Box::new(work)).await
}

async fn delayed_update(sim: Data<Sim>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let body = json_of(&body);
    let work = |platform: &mut Platform| {
        platform.admit(bearer(&request), Kind::Update, None, now())?;
        platform.delayed_update(&body, now())
    };
    answer(&sim, Shape::Data, Box::new(work)).await
}

/// A path that is not one of the platform's.
pub(super) async fn no_route() -> HttpResponse {
    HttpResponse::NotFound().json(json!({"code": 99_991_404, "msg": "404 page not found"}))
}

enum Shape {
    Data,
    Bare,
}

/// Does what is asked, unless a fault is due, and answers in the platform's form.
async fn answer(sim: &Sim, shape: Shape, work: Work<'_>) -> HttpResponse {
    let (is_down, pause) = sim.look(|platform| (platform.faults.down, platform.faults.slow_ms));
    if pause > 0 {
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    if is_down {
        return HttpResponse::ServiceUnavailable().body("<html>503</html>");
    }
    let (result, is_lost) = sim.with(|platform| {
        let result = work(platform);
        let is_lost = result.is_ok() && platform.faults.lose_answers > 0;
        platform.faults.lose_answers -= u32::from(is_lost);
        (result, is_lost)
    });
    if is_lost {
        return HttpResponse::BadGateway().body("<html>502</html>");
    }
    match (result, shape) {
        (Ok(bare), Shape::Bare) => HttpResponse::Ok().json(bare),
        (Ok(data), Shape::Data) => HttpResponse::Ok().json(json!({"code": 0, "msg": "success", "data": data})),
        (Err(refusal), _) => {
            let mut answer =
                HttpResponse::build(StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST));
            if let Some(reset) = refusal.reset {
                answer.insert_header(("x-ogw-ratelimit-limit", "50"));
                answer.insert_header(("x-ogw-ratelimit-reset", reset.to_string()));
            }
            answer.json(json!({"code": refusal.code, "msg": refusal.msg}))
        }
    }
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}
