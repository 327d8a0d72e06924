//! Room that is given back when the disk is full, so that what is in hand can still be ended in good order.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::posix_fallocate;

const SIZE: i64 = 16 * 1024 * 1024;

/// After the disk was full, writing goes on once so much is free.
const ENOUGH: u64 = 64 * 1024 * 1024;

/// A file that only takes room.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    released: bool,
}

impl Reserve {
    /// Takes the room, if there is enough of it.
    pub(super) fn beside(database: &Path) -> Self {
        let reserve = Self { path: database.with_file_name("hermes.reserve"), released: false };
        if let Err(error) = reserve.take() {
            tracing::warn!(error = %error, "no room could be set aside for the case that the disk is full");
        }
        reserve
    }

    /// Gives the room back; from now on nothing is written until there is enough again.
    pub(super) fn release(&mut self) {
        if !self.released {
            self.released = true;
            let removed = std::fs::remove_file(&self.path).is_ok();
            tracing::error!(removed, "the disk is full: nothing is written until there is room again");
        }
    }

    /// Whether the disk was full and still is.
    pub(super) fn is_full(&mut self) -> bool {
        if self.released && self.free() >= ENOUGH && self.take().is_ok() {
            self.released = false;
            tracing::warn!("there is room on the disk again");
        }
        self.released
    }

    fn take(&self) -> std::io::Result<()> {
        let file: File = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&self.path)?;
        posix_fallocate(&file, 0, SIZE).inspect_err(|_| drop(std::fs::remove_file(&self.path)))?;
        Ok(())
    }

    fn free(&self) -> u64 {
        let folder = self.path.parent().unwrap_or(&self.path);
        nix::sys::statvfs::statvfs(folder)
            .map_or(0, |stat| stat.blocks_available().saturating_mul(stat.fragment_size()))
    }
}
