//! The lock of a data folder, which a running supervisor holds.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::error::Error;

/// Keeps a supervisor from starting for as long as it lives; none if one runs already.
pub(super) fn take(home: &Path) -> Result<Option<Flock<File>>, Error> {
    let path = home.join("data").join("hermes.lock");
    let failed = |source| Error::File { what: format!("{} cannot be locked", path.display()), source };
    let file = File::open(&path).map_err(failed)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(failed(errno.into())),
    }
}

/// Whether a supervisor holds the folder.
pub(super) fn is_held(home: &Path) -> Result<bool, Error> {
    match take(home) {
        Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        taken => Ok(taken?.is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_somebody_has_is_held() {
        let home = tempfile::tempdir().unwrap();
        assert!(!is_held(home.path()).unwrap(), "an empty folder");
        std::fs::create_dir(home.path().join("data")).unwrap();
        File::create(home.path().join("data/hermes.lock")).unwrap();
        assert!(!is_held(home.path()).unwrap());
        let lock = take(home.path()).unwrap().unwrap();
        assert!(is_held(home.path()).unwrap());
        drop(lock);
        assert!(!is_held(home.path()).unwrap());
    }
}
