//! Values of arguments that are more than text.

use std::io::Read as _;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use hermes_core::risk::Level;
use hermes_core::task::State;
use hermes_core::time::Millis;

use super::error::Error;

pub(super) fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::as_str)).try_map(|text| Level::parse(&text).ok_or("no risk level"))
}

pub(super) fn state() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::as_str)).try_map(|text| State::parse(&text).ok_or("no status"))
}

pub(super) fn span(text: &str) -> Result<Millis, &'static str> {
    Millis::parse(text).ok_or("a time such as 90s, 15m, 6h or 30d")
}

/// The command as given, or for `-` the exact text of standard input.
pub(super) fn command(given: String) -> Result<String, Error> {
    if given != "-" {
        return Ok(given);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::file("standard input cannot be read"))?;
    String::from_utf8(bytes).map_err(|_| Error::Usage("the command on standard input is not UTF-8".to_owned()))
}
