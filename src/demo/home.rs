//! The folder that everything is kept in.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::Error;

/// A folder that somebody named, which stays; or one of the demo's own, which is gone when this is dropped.
pub(super) enum Home {
    Named(PathBuf),
    Own(PathBuf),
}

impl Home {
    pub(super) fn open(named: Option<&Path>) -> Result<Self, Error> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            |source| Error::Folder { path, source }
        };
        if let Some(folder) = named {
            std::fs::create_dir_all(folder).map_err(unusable(folder))?;
            return Ok(Self::Named(folder.to_owned()));
        }
        let chance = hermes_actors::clock::random::<4>().map_err(io::Error::other)?;
        let folder = std::env::temp_dir().join(format!("hermes-demo-{}-{}", std::process::id(), hex::encode(chance)));
        // Nobody else's: a folder that is there already is an error, and others do not look into this one.
        DirBuilder::new().mode(0o700).create(&folder).map_err(unusable(&folder))?;
        Ok(Self::Own(folder))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Named(folder) | Self::Own(folder) => folder,
        }
    }

    /// Where everything stays, if it does.
    pub(super) fn kept_at(&self) -> Option<PathBuf> {
        match self {
            Self::Named(folder) => Some(folder.clone()),
            Self::Own(_) => None,
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Own(folder) = self
            && let Err(error) = std::fs::remove_dir_all(&folder)
        {
            tracing::warn!(folder = %folder.display(), %error, "the demo's own folder could not be removed");
        }
    }
}
