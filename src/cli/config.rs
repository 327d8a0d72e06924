//! `hermes config`.

use clap::Args;

use super::error::Error;
use super::json;
use super::session::{Exit, Form, Session};
use super::settings::{self, Folder, Settings};
use crate::config::print::{self, Row};

/// Show the settings in force and where each comes from; secrets stay hidden
#[derive(Args)]
pub(super) struct Config {
    /// Show those of a sub-agent
    #[arg(long)]
    worker: bool,
    #[command(flatten)]
    settings: Settings<Folder>,
}

impl Config {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let rows = if self.worker {
            let loaded = self.settings.load_worker()?;
            settings::warn(&loaded, session);
            loaded.rows
        } else {
            let loaded = self.settings.load()?;
            settings::warn(&loaded, session);
            loaded.rows
        };
        let text = match session.form {
            Form::Text => table(&rows, session.look.width),
            Form::Json => json::escaped(&print::json(&rows)).into_owned(),
        };
        session.out.write_all(text.as_bytes())?;
        Ok(Exit::Done)
    }
}

/// The table, each line cut to the terminal.
fn table(rows: &[Row], width: Option<usize>) -> String {
    let text = print::text(rows);
    text.lines().map(|line| super::text::cut(line.trim_end(), width).into_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn the_table_fits_the_terminal() {
        let env = [("HOME", "/home/lee"), ("API_SERVER_KEY", "a-key-that-stays-hidden"), ("SUPERVISOR_PORT", "9000")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let loaded = Config::load(&Sources { env, ..Sources::default() }).unwrap();
        let table = super::table(&loaded.rows, Some(90));
        assert!(table.lines().all(|line| super::super::text::columns(line) <= 90), "{table}");
        let lines: Vec<&str> = table.lines().take(3).collect();
        insta::assert_snapshot!(lines.join("\n"));
        assert!(!table.contains("a-key-that"), "{table}");
    }
}
