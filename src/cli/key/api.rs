//! Keys of a running supervisor.

use hermes_core::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Listed, NewKey};
use crate::cli::error::Error;
use crate::cli::remote::Remote;

const ADVICE: &str = "look with `hermes key list`";

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Listed>,
}

pub(super) async fn create(
    remote: &Remote,
    name: &str,
    roles: &[String],
    expires: Option<Millis>,
) -> Result<NewKey, Error> {
    let mut body = json!({"name": name, "roles": roles});
    if let (Some(expires), Some(body)) = (expires, body.as_object_mut()) {
        body.insert("expires_in".to_owned(), json!(expires.0 / 1000));
    }
    let call = remote.post("/api/admin/keys").json(&body).map_err(|error| remote.failed(error))?;
    Ok(remote.change(call, ADVICE).await?.body)
}

pub(super) async fn list(remote: &Remote) -> Result<Vec<Listed>, Error> {
    Ok(remote.ask::<Keys>(remote.get("/api/admin/keys")).await?.body.keys)
}

pub(super) async fn revoke(remote: &Remote, name: &str) -> Result<(), Error> {
    remote.change::<Value>(remote.delete(&format!("/api/admin/keys/{name}")), ADVICE).await.map(drop)
}
