//! Keys of a running supervisor.

use serde::Deserialize;
use serde_json::Value;

use super::{Listed, NewKey, Wanted};
use crate::cli::error::Error;
use crate::cli::remote::Remote;

const ADVICE: &str = "look with `hermes key list`";

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Listed>,
}

pub(super) async fn create(remote: &Remote, body: &Wanted) -> Result<NewKey, Error> {
    let call = remote.post("/api/admin/keys").json(body).map_err(|error| remote.failed(error))?;
    Ok(remote.change(call, ADVICE).await?.body)
}

pub(super) async fn list(remote: &Remote) -> Result<Vec<Listed>, Error> {
    Ok(remote.ask::<Keys>(remote.get("/api/admin/keys")).await?.body.keys)
}

pub(super) async fn revoke(remote: &Remote, name: &str) -> Result<(), Error> {
    remote.change::<Value>(remote.delete(&format!("/api/admin/keys/{name}")), ADVICE).await.map(drop)
}
