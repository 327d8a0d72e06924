//! `hermes audit verify`: proves the audit file whole, without a supervisor.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use hermes_actors::audit::AuditActor;
use hermes_actors::store::sqlite::AuditReader;
use hermes_core::audit::{self, Expect, Head, Report, Verdict};
use hermes_core::id::Seq;
use serde_json::json;

use crate::cli::error::Error;
use crate::cli::look::{Look, Tone};
use crate::cli::session::{Exit, Form, Session};
use crate::cli::settings::{Folder, Settings};

const BUFFER: usize = 1 << 20;

/// Check that no line of the audit trail was changed, removed, added or moved
#[derive(Args)]
#[command(
    after_help = "Exit status: 0 intact, 1 broken or not readable, 2 wrong usage, 3 nothing wrong but a torn tail."
)]
pub(super) struct Verify {
    /// The file [default: audit/approval_audit.jsonl in the data folder]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Compare each line with the database of the data folder, too; without it a cut end cannot be noticed
    #[arg(long)]
    db: bool,
    /// Take the lines before this number as given
    #[arg(long, value_name = "SEQ")]
    since: Option<u64>,
    #[command(flatten)]
    settings: Settings<Folder>,
}

impl Verify {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let (path, database) = match self.file {
            // A file by itself can be verified anywhere, whatever the settings are.
            Some(path) if !self.db => (path, None),
            named => {
                let home = self.settings.load()?.config.data.home;
                let database = if self.db { Some(AuditReader::open(&home)?) } else { None };
                (named.unwrap_or_else(|| AuditActor::path(&home)), database)
            }
        };
        let report = verify(&path, database.as_ref(), self.since.map(Seq))?;
        match session.form {
            Form::Text => print(&path, &report, database.is_some(), &session.look, session.out)?,
            Form::Json => {
                let mut document = json!(report);
                if let Some(fields) = document.as_object_mut() {
                    fields.insert("file".to_owned(), json!(path));
                    fields.insert("compared_with_database".to_owned(), json!(database.is_some()));
                }
                session.print_json(&document)?;
            }
        }
        Ok(exit(&report.verdict))
    }
}

/// Verifies a file; a database says what each line is and how far the file is known to go.
pub(super) fn verify(path: &Path, database: Option<&AuditReader>, since: Option<Seq>) -> Result<Report, Error> {
    let cannot = || Error::file(format!("{} cannot be verified", path.display()));
    // Asked before the file is read: what comes later may not be in it yet.
    let head = database.map_or(Ok(Head::Unknown), known_head)?;
    let file = File::open(path).map_err(cannot())?;
    let leaf_of = database
        .map(|database| -> audit::verify::LeafOf<'_> { Box::new(|seq| database.leaf(seq).map_err(io::Error::other)) });
    audit::verify(BufReader::with_capacity(BUFFER, file), Expect { leaf_of, head, since }).map_err(cannot())
}

/// The newest line that is known to be in the file.
fn known_head(database: &AuditReader) -> Result<Head, Error> {
    let exported = database.position()?.exported;
    if exported == Seq(0) {
        return Ok(Head::Unknown);
    }
    let missing = || Error::Failed(format!("the database has lost line {exported} of the audit trail"));
    Ok(Head::Reaches(exported, database.leaf(exported)?.ok_or_else(missing)?))
}

const fn exit(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Intact => Exit::Done,
        Verdict::TornTail { .. } => Exit::TornTail,
        Verdict::Broken(_) => Exit::Failed,
    }
}

fn print(path: &Path, report: &Report, compared: bool, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let path = path.display();
    let numbers = report.first_seq.zip(report.last_seq).map(|(first, last)| format!(" ({first} to {last})"));
    let lines = format!("{} lines{}", report.lines, numbers.unwrap_or_default());
    match &report.verdict {
        Verdict::Intact => writeln!(out, "{}  {lines} of {path}", look.paint(Tone::Good, "intact"))?,
        Verdict::TornTail { bytes } => {
            let torn = look.paint(Tone::Warning, "torn tail");
            writeln!(out, "{torn}  {bytes} bytes after the last newline of {path}; {lines} before it are intact")?;
        }
        Verdict::Broken(fault) => {
            let seq = fault.seq.map(|seq| format!(" (seq {seq})")).unwrap_or_default();
            writeln!(out, "{}  {path} line {}{seq}: {}", look.paint(Tone::Bad, "broken"), fault.line, fault.what)?;
            writeln!(out, "  expected  {}\n  found     {}", fault.expected, fault.found)?;
            return writeln!(out, "  {lines} before it are in order; no line after it was looked at");
        }
    }
    writeln!(out, "  head  {}\n  root  {}", report.head, report.root_base64)?;
    let compared = if compared { "compared with the database" } else { "not compared with the database (--db)" };
    writeln!(out, "  {compared}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::{audit_lines, look, printed};

    #[test]
    fn what_is_found_is_told_in_full() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let whole = audit_lines(3).concat();
        let shown = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let report = verify(&path, None, None).unwrap();
            let shown = printed(|out| print(Path::new("a.jsonl"), &report, false, &look(), out));
            (exit(&report.verdict), shown)
        };
        let (intact, torn) = (shown(&whole), shown(&format!("{whole}{{\"v\":")));
        let broken = shown(&whole.replacen("log.open", "log.0pen", 1));
        assert_eq!([intact.0, torn.0, broken.0], [Exit::Done, Exit::TornTail, Exit::Failed]);
        insta::assert_snapshot!([intact.1, torn.1, broken.1].join("\n"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_no_verdict() {
        let error = verify(Path::new("/no/such/file"), None, None).unwrap_err();
        assert!(error.chain().starts_with("/no/such/file cannot be verified: "), "{}", error.chain());
    }
}
