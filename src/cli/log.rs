//! Log lines of the long-running commands, on standard error.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::look::Colors;
use crate::config::{LogFormat, Logging};

/// Starts logging. What lies beneath the engine says at most INFO: below that HTTP libraries show headers, and so keys.
pub(super) fn start(logging: &Logging, colors: Colors) {
    let level = logging.level;
    let filter = Targets::new().with_default(level.min(Level::INFO)).with_target("hermes_", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colors == Colors::On);
    let lines = match logging.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // An error only says that somebody logs already.
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init().ok();
}
