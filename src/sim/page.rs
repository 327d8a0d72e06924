//! The side that people see: the chats, the cards as the client shows them, and buttons that work.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, Query, ServiceConfig};
use serde::Deserialize;
use serde_json::json;

use super::Sim;
use super::callback::Caller;
use super::platform::{Clicked, Faults};

/// So long a look waits for something new.
const LONGEST_LOOK: Duration = Duration::from_secs(20);

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(page))
        .route("/sim/page.js", web::get().to(script))
        .route("/sim/page.css", web::get().to(style))
        .route("/sim/state", web::get().to(state))
        .route("/sim/click", web::post().to(click))
        .route("/sim/faults", web::put().to(faults))
        .route("/sim/callback", web::put().to(call_back_at))
        .route("/sim/connections", web::put().to(connections));
}

async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(include_str!("page/page.html"))
}

async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("page/page.js"))
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("page/page.css"))
}

#[derive(Deserialize)]
struct Since {
    after: Option<u64>,
}

/// Everything that there is to see, once it is newer than what was seen.
async fn state(sim: Data<Sim>, since: Query<Since>) -> HttpResponse {
    let mut changed = sim.changed.subscribe();
    if let Some(after) = since.after {
        let newer = changed.wait_for(|version| *version > after);
        // Nothing new is an answer, too.
        let _late = tokio::time::timeout(LONGEST_LOOK, newer).await;
    }
    let version = *sim.changed.borrow();
    let connections = sim.connections.count();
    let seen = sim.look(|platform| {
        json!({
            "version": version, "people": platform.people, "chats": platform.chats, "messages": platform.messages,
            "faults": platform.faults, "connections": connections,
        })
    });
    HttpResponse::Ok().json(seen)
}

async fn click(sim: Data<Sim>, caller: Data<Caller>, click: Json<Clicked>) -> HttpResponse {
    HttpResponse::Ok().json(caller.click(&sim, &click).await)
}

#[derive(Deserialize)]
struct CallBackAt {
    url: String,
}

async fn call_back_at(sim: Data<Sim>, at: Json<CallBackAt>) -> HttpResponse {
    sim.call_back_at(at.into_inner().url);
    HttpResponse::Ok().json(json!({"code": 0}))
}

#[derive(Deserialize)]
struct Cut {
    cut: bool,
}

async fn connections(sim: Data<Sim>, what: Json<Cut>) -> HttpResponse {
    if what.cut {
        sim.connections.cut();
    }
    HttpResponse::Ok().json(json!({"code": 0}))
}

async fn faults(sim: Data<Sim>, faults: Json<Faults>) -> HttpResponse {
    sim.with(|platform| {
        platform.faults = faults.into_inner();
        if std::mem::take(&mut platform.faults.expire_tokens) {
            platform.expire_tokens();
        }
    });
    HttpResponse::Ok().json(json!({"code": 0}))
}
