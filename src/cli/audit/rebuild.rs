//! `hermes audit rebuild`: writes the audit file again from the database.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use hermes_actors::audit::AuditActor;
use hermes_actors::store::sqlite::AuditReader;
use hermes_core::audit::{Report, Verdict};
use hermes_core::id::Seq;
use serde_json::json;

use super::verify::verify;
use crate::cli::error::Error;
use crate::cli::lock;
use crate::cli::session::{Exit, Form, Session};
use crate::cli::settings::{Folder, Settings};

const PAGE: u32 = 1000;

/// Write a lost audit file again from the database; the supervisor must not run
#[derive(Args)]
pub(super) struct Rebuild {
    #[command(flatten)]
    settings: Settings<Folder>,
}

impl Rebuild {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let home = self.settings.load()?.config.data.home;
        let (path, report) = rebuild(&home)?;
        match session.form {
            Form::Json => session.print_json(&json!({"file": path, "lines": report.lines, "head": report.head})),
            Form::Text => {
                writeln!(session.out, "{} lines written to {}", report.lines, path.display())?;
                Ok(Exit::Done)
            }
        }
    }
}

fn rebuild(home: &Path) -> Result<(PathBuf, Report), Error> {
    let database = AuditReader::open(home)?;
    let _lock = lock::take(home)?
        .ok_or_else(|| Error::Failed(format!("a supervisor runs on {}; stop it first", home.display())))?;
    let path = AuditActor::path(home);
    if path.exists() {
        let kept = "is there; move it away first, and keep it: it may be evidence";
        return Err(Error::Failed(format!("the audit file {} {kept}", path.display())));
    }
    let draft = path.with_extension("jsonl.rebuilt");
    let failed = || Error::file(format!("{} cannot be written", draft.display()));
    write_lines(&database, &draft, failed)?;
    let report = verify(&draft, Some(&database), None)?;
    if let Verdict::Broken(fault) = &report.verdict {
        return Err(Error::Failed(format!(
            "the database's own lines are not in order ({fault}); see {}",
            draft.display()
        )));
    }
    put_in_place(&draft, &path).map_err(failed())?;
    Ok((path, report))
}

fn write_lines<F: FnOnce(io::Error) -> Error>(
    database: &AuditReader,
    draft: &Path,
    failed: impl Fn() -> F,
) -> Result<(), Error> {
    let folder = draft.parent().unwrap_or(draft);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed())?;
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft).map_err(failed())?;
    let mut out = BufWriter::new(file);
    let mut last = Seq(0);
    loop {
        let lines = database.lines(last, PAGE)?;
        let Some(newest) = lines.last() else { break };
        last = newest.seq;
        lines.iter().try_for_each(|line| writeln!(out, "{}", line.text)).map_err(failed())?;
    }
    out.into_inner().map_err(|error| failed()(error.into_error()))?.sync_all().map_err(failed())
}

/// Gives the file its name, durably, and never over another.
fn put_in_place(draft: &Path, path: &Path) -> io::Result<()> {
    std::fs::hard_link(draft, path)?;
    std::fs::remove_file(draft)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
