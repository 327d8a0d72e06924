//! Readers of single values: text in, typed value out, or the sentence part that says what is allowed.
//!
//! Each of them refuses a NUL byte; `Setting::allowed` relies on that.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use actix_web::http::Uri;
use ed25519_dalek::VerifyingKey;
use hermes_core::time::Millis;
use ipnet::IpNet;
use tracing::Level;

use super::value::{Host, HttpUrl, Secret, Switch};

pub(super) type Parsed<T> = Result<T, String>;

/// Nothing, or what `parse` reads.
pub(super) fn optional<T>(parse: impl Fn(&str) -> Parsed<T>) -> impl Fn(&str) -> Parsed<Option<T>> {
    move |text| if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

/// Comma-separated items. `none` is the empty list, since an empty variable counts as not set.
pub(super) fn list<T>(parse: impl Fn(&str) -> Parsed<T>) -> impl Fn(&str) -> Parsed<Vec<T>> {
    move |text| {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty() && text != "none");
        let parsed: Parsed<Vec<T>> = items.map(&parse).collect();
        parsed.map_err(|allowed| format!("a comma-separated list, or none; each item {allowed}"))
    }
}

pub(super) fn number<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Parsed<T>
where
    T: FromStr + PartialOrd + Display,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("a whole number from {} to {}", range.start(), range.end()))
    }
}

pub(super) fn span(shortest: Millis, longest: Millis) -> impl Fn(&str) -> Parsed<Millis> {
    move |text| {
        let span = Millis::parse(text).filter(|span| (shortest..=longest).contains(span));
        span.ok_or_else(|| format!("a time from {shortest} to {longest} (ms, s, m, h, d; a bare number is seconds)"))
    }
}

/// One of a few words, in any case.
pub(super) fn choice<T: Copy>(words: &[(&str, T)]) -> impl Fn(&str) -> Parsed<T> {
    move |text| {
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        let all = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(|(_, value)| *value).ok_or_else(|| format!("one of {}", all()))
    }
}

/// The words of TOML's booleans are taken as well.
pub(super) fn switch(text: &str) -> Parsed<Switch> {
    choice(&[("on", Switch::On), ("off", Switch::Off), ("true", Switch::On), ("false", Switch::Off)])(text)
}

/// Levels of `tracing`, and those that Python has besides.
pub(super) fn level(text: &str) -> Parsed<Level> {
    choice(&[
        ("trace", Level::TRACE),
        ("debug", Level::DEBUG),
        ("info", Level::INFO),
        ("warn", Level::WARN),
        ("error", Level::ERROR),
        ("warning", Level::WARN),
        ("critical", Level::ERROR),
    ])(text)
}

/// A port, or `None` for no listener at all.
pub(super) fn port_or_off(text: &str) -> Parsed<Option<u16>> {
    match text {
        "off" | "false" => Ok(None),
        _ => number(0..=u16::MAX)(text).map(Some).map_err(|allowed| format!("{allowed}, or off")),
    }
}

/// Ids of people, roles and programs. Also safe as the name of a folder.
pub(super) fn name(text: &str) -> Parsed<String> {
    let fits = (1..=128).contains(&text.len()) && text.chars().all(is_in_name) && text != "." && text != "..";
    let name = fits.then(|| text.to_owned());
    name.ok_or_else(|| "1 to 128 characters of A-Z a-z 0-9 . _ : -".to_owned())
}

pub(super) fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-')
}

pub(super) fn secret(text: &str) -> Parsed<Secret> {
    let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
    fits.then(|| Secret::new(text)).ok_or_else(|| "ASCII characters without blanks".to_owned())
}

/// A leading `~/` is already replaced here; one that is left has no HOME to stand for.
pub(super) fn path(text: &str) -> Parsed<PathBuf> {
    let strange = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    let fits = !text.is_empty() && !text.starts_with('~') && !text.contains(strange);
    let path = fits.then(|| PathBuf::from(text));
    path.ok_or_else(|| "a path in UTF-8 (a leading ~/ needs HOME to be set)".to_owned())
}

pub(super) fn url(text: &str) -> Parsed<HttpUrl> {
    let uri = text.parse::<Uri>().ok().filter(|uri| text.is_ascii() && is_plain_http(uri));
    let uri = uri.ok_or("an http:// or https:// address without user name and password")?;
    let bare = uri.path_and_query().is_none_or(|rest| rest.as_str() == "/");
    Ok(HttpUrl(if bare { text.trim_end_matches('/') } else { text }.to_owned()))
}

fn is_plain_http(uri: &Uri) -> bool {
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().filter(|authority| !authority.host().is_empty());
    // `Uri` lets a port of letters or beyond 65535 pass and then has none.
    http && authority.is_some_and(|a| !a.as_str().contains('@') && (a.as_str() == a.host() || a.port_u16().is_some()))
}

pub(super) fn host(text: &str) -> Parsed<Host> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(Host::Address(address));
    }
    let label = |label: &str| {
        let known = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        known && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    // Without a letter it is a mistyped address.
    let fits = text.len() <= 253 && text.split('.').all(label) && text.contains(|c: char| c.is_ascii_alphabetic());
    let name = fits.then(|| Host::Name(text.to_ascii_lowercase()));
    name.ok_or_else(|| "an IP address or a host name".to_owned())
}

pub(super) fn host_text(text: &str) -> Parsed<String> {
    host(text).map(|host| host.to_string())
}

/// A CIDR with its host bits cleared; a bare address is a network of one.
pub(super) fn network(text: &str) -> Parsed<IpNet> {
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.map(|network| network.trunc()).ok_or_else(|| "an IP address or a network like 10.0.0.0/24".to_owned())
}

pub(super) fn network_text(text: &str) -> Parsed<String> {
    network(text).map(|network| network.to_string())
}

pub(super) fn public_key(text: &str) -> Parsed<VerifyingKey> {
    let mut bytes = [0; 32];
    let key = hex::decode_to_slice(text, &mut bytes).ok().and_then(|()| VerifyingKey::from_bytes(&bytes).ok());
    key.ok_or_else(|| "an Ed25519 public key of 64 hex digits".to_owned())
}

/// The name of an environment variable that a command may see: none of those that carry the engine's own secrets.
pub(super) fn passed_variable(text: &str) -> Parsed<String> {
    let shaped = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let own = text == "API_SERVER_KEY" || text.starts_with("FEISHU_") || text.starts_with("HERMES_");
    let fits = shaped && !own && !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit());
    let name = fits.then(|| text.to_owned());
    name.ok_or_else(|| "the name of a variable, but not API_SERVER_KEY, FEISHU_… or HERMES_…".to_owned())
}
