//! Compares the whole audit file with the database: on demand, and once after each start, beside everything else.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hermes_core::audit::{Expect, Fault, Head, Report, Verdict, verify};
use hermes_core::id::Seq;

use super::AuditActor;
use crate::health::{Health, Part};
use crate::store::sqlite::{AuditReader, OpenError};

const BUFFER: usize = 1 << 20;

/// Why nothing can be said about the file.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The file.
    #[error("the audit file cannot be read: {0}")]
    File(#[from] io::Error),
}

/// Compares each line of a folder's audit file with the database; the file reaches this line at least.
///
/// # Errors
/// When one of them cannot be read, which says nothing about either.
pub fn review(home: &Path, written: Seq) -> Result<Report, ReviewError> {
    review_while(home, written, || true)
}

fn review_while(home: &Path, written: Seq, goes_on: impl Fn() -> bool) -> Result<Report, ReviewError> {
    let reader = AuditReader::open(home)?;
    let head = reader.leaf(written)?.map_or(Head::Unknown, |leaf| Head::Reaches(written, leaf));
    let file = File::open(AuditActor::path(home))?;
    let leaf_of = Box::new(|seq: Seq| match goes_on() {
        true => reader.leaf(seq).map_err(io::Error::other),
        false => Err(io::Error::from(io::ErrorKind::Interrupted)),
    });
    Ok(verify(BufReader::with_capacity(BUFFER, file), Expect { leaf_of: Some(leaf_of), head, since: None })?)
}

/// Reviews the file on a thread of its own. If it is not what the database holds, nothing may change from then on: one of
/// the two was edited while nothing ran, and only a person can say which.
pub(crate) fn review_beside(home: PathBuf, written: Seq, health: Arc<Health>) -> io::Result<()> {
    if written == Seq(0) {
        return Ok(());
    }
    let work = move || match review_while(&home, written, || !health.is_stopping()) {
        Ok(report) => judge(&report, &health),
        Err(_) if health.is_stopping() => {}
        Err(error) => tracing::error!(error = %error, "the audit file could not be compared with the database"),
    };
    std::thread::Builder::new().name("review".to_owned()).spawn(work).map(drop)
}

fn judge(report: &Report, health: &Health) {
    match &report.verdict {
        // A line that is just being written has no end yet.
        Verdict::Intact | Verdict::TornTail { .. } => {
            tracing::info!(lines = report.lines, "the audit file is what the database holds");
        }
        Verdict::Broken(Fault { line, what, .. }) => {
            tracing::error!(line, fault = %what, "the audit file is not what the database holds: one of them was edited");
            let why = "the audit file is not what the database holds; run `hermes audit verify --db`, put the right one \
                       back, and start again";
            health.set(Part::Trail, Err(why.to_owned()));
        }
    }
}
