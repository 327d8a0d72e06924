//! What settings are once they are read: the types that are not plain numbers, spans or lists.

use std::fmt;
use std::net::IpAddr;

/// A key, token or password. It can be used, but neither `{}` nor `{:?}` shows it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: for comparing, signing and sending, never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A checked `http://` or `https://` address. What is shown of it leaves its query out, which often carries a token.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(pub(super) String);

impl HttpUrl {
    /// The whole address; without a final slash if it has no path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_credentials(&self.0))
    }
}

/// An address as it may be shown: user name, password and query left out. Also takes text that is no address.
pub(super) fn without_credentials(url: &str) -> String {
    let (place, query) = url.split_once('?').map_or((url, ""), |(place, _)| (place, "?(hidden)"));
    let (scheme, rest) = place.split_once("://").unwrap_or(("", place));
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://(hidden)@{host}{query}"),
        None => format!("{place}{query}"),
    }
}

/// Where to listen: an address, or a name that the system resolves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.to_canonical().is_loopback(),
            Self::Name(name) => name == "localhost",
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Something that is in force or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// The way in which Feishu hands over clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeishuMode {
    /// Feishu calls `/api/webhook/feishu`.
    Http,
    /// The engine keeps a long connection to Feishu.
    LongConnection,
}

/// What a sub-agent does with a running command when its lease is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLeaseLoss {
    /// Lets it run to its end and reports late.
    Keep,
    /// Ends it.
    Kill,
}
