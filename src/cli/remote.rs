//! The supervisor, as the client commands see it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::Error;
use crate::client::{self, Call, Client};

/// Where the supervisor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) url: String,
    /// Somebody named it; otherwise it is the usual one.
    pub(super) is_given: bool,
    pub(super) key: Option<String>,
}

impl Address {
    /// From the flags, else from the environment, else on this machine.
    pub(super) fn find(url: Option<String>, key: Option<String>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = url.or_else(|| variable("HERMES_URL"));
        let port = || variable("SUPERVISOR_PORT").unwrap_or_else(|| "8080".to_owned());
        Self {
            is_given: given.is_some(),
            url: given.unwrap_or_else(|| format!("http://127.0.0.1:{}", port())),
            key: key.or_else(|| variable("HERMES_KEY")).or_else(|| variable("API_SERVER_KEY")),
        }
    }
}

/// The supervisor behind an address. Lives inside an actix system.
pub(super) struct Remote {
    client: Client,
    url: String,
}

/// An answer as it came, and as it is understood.
pub(super) struct Answer<T> {
    pub(super) raw: Value,
    pub(super) body: T,
}

impl Remote {
    pub(super) fn new(Address { url, key, .. }: Address) -> Result<Self, Error> {
        let wrong = "HERMES_URL (or --url) has to be an http:// or https:// address without user name and password";
        let client = Client::new(&url, key.map(|key| key.trim().to_owned())).ok().filter(|_| !url.contains('@'));
        let client = client.ok_or_else(|| Error::Usage(wrong.to_owned()))?;
        Ok(Self { client, url })
    }

    pub(super) fn get(&self, path: &str) -> Call {
        self.client.get(path)
    }

    pub(super) fn post(&self, path: &str) -> Call {
        self.client.post(path)
    }

    pub(super) fn delete(&self, path: &str) -> Call {
        self.client.delete(path)
    }

    /// Sends a question.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<Answer<T>, Error> {
        let asked = async { understood(call.answer().await?) };
        asked.await.map_err(|error| self.failed(error))
    }

    /// Sends a change; `advice` says how to find out whether it was made if no answer comes.
    pub(super) async fn change<T: DeserializeOwned>(&self, call: Call, advice: &str) -> Result<Answer<T>, Error> {
        let changed = async { understood(call.answer().await?) };
        changed.await.map_err(|error| Error::changing(&self.url, error, advice.to_owned()))
    }

    /// What a failed question means.
    pub(super) fn failed(&self, error: client::Error) -> Error {
        Error::asking(&self.url, error)
    }
}

fn understood<T: DeserializeOwned>(raw: Value) -> Result<Answer<T>, client::Error> {
    let body = T::deserialize(&raw).map_err(|error| client::Error::Unknown(format!("not understood: {error}")))?;
    Ok(Answer { raw, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(url: Option<&str>, key: Option<&str>, variables: &[(&str, &str)]) -> Address {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned());
        Address::find(url.map(str::to_owned), key.map(str::to_owned), variable)
    }

    #[test]
    fn flags_go_before_variables_and_variables_before_what_is_usual() {
        let usual = find(None, None, &[]);
        assert_eq!(usual, Address { url: "http://127.0.0.1:8080".into(), is_given: false, key: None });
        let other_port = find(None, None, &[("SUPERVISOR_PORT", "9000"), ("API_SERVER_KEY", "root")]);
        assert_eq!(other_port.url, "http://127.0.0.1:9000");
        assert_eq!(other_port.key.as_deref(), Some("root"));
        let variables = [("HERMES_URL", "http://a"), ("HERMES_KEY", "mine"), ("API_SERVER_KEY", "root")];
        let named = find(None, None, &variables);
        assert_eq!(named, Address { url: "http://a".into(), is_given: true, key: Some("mine".into()) });
        let flags = find(Some("http://b"), Some("other"), &variables);
        assert_eq!(flags, Address { url: "http://b".into(), is_given: true, key: Some("other".into()) });
    }
}
