//! Log lines of the long-running commands, on standard error, without secrets whoever wrote them.

use std::io::{self, Write};

use hermes_core::redact;
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
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Masked(io::stderr())).with_ansi(colors == Colors::On);
    let lines = match logging.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // An error only says that somebody logs already.
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init().ok();
}

/// Takes the secrets out of what is written: one line at a time, as the log gives them.
struct Masked<W>(W);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
        self.0.write_all(format!("{}{end}", redact::mask(text)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_without_its_secrets() {
        let mut written = Masked(Vec::new());
        let line = "ERROR cause=postgres://lee:Tr0ub4dor@db\n";
        assert_eq!(written.write(line.as_bytes()).unwrap(), line.len());
        written.write_all(b"INFO nothing to hide\n").unwrap();
        let text = String::from_utf8(written.0).unwrap();
        assert_eq!(text, "ERROR cause=postgres://lee:***@db\nINFO nothing to hide\n");
    }
}
