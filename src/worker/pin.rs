//! Whose grants are followed: those of one supervisor, known by its Ed25519 key.

use std::path::PathBuf;

use hermes_core::lease::{Forged, verify};
use hermes_core::wire::work::{Claimed, Grant};

use super::{Config, Error, disk};

/// The supervisor's key: configured, kept from an earlier run, or not known yet.
pub(super) struct Pin {
    path: PathBuf,
    key: Option<String>,
}

/// Why a grant is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distrust {
    Digest,
    Signature,
    OtherKey,
    NotKept,
}

impl Distrust {
    /// The `not_run` of the report.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Digest => "digest_mismatch",
            Self::Signature => "signature_mismatch",
            Self::OtherKey => "supervisor_key_changed",
            Self::NotKept => "supervisor_key_not_kept",
        }
    }
}

impl Pin {
    pub(super) fn open(config: &Config) -> Result<Self, Error> {
        let path = config.state_dir.join("supervisor.pub");
        let key = match &config.supervisor_key {
            Some(key) => Some(key.clone()),
            None if path.exists() => Some(std::fs::read_to_string(&path).map_err(disk::at(&path))?),
            None => None,
        };
        let key = key.map(|key| key.trim().to_ascii_lowercase());
        if key.as_deref().is_some_and(|key| !is_public_key(key)) {
            return Err(Error::Key(path));
        }
        Ok(Self { path, key })
    }

    /// Checks one grant of a claim's answer. The first supervisor whose signature fits is the one from then on.
    pub(super) fn check(&mut self, grant: &Grant, claimed: &Claimed, worker: &str) -> Result<(), Distrust> {
        let key = self.key.as_deref().unwrap_or(&claimed.public_key);
        if !key.eq_ignore_ascii_case(&claimed.public_key) {
            tracing::error!(pinned = key, offered = claimed.public_key, file = %self.path.display(),
                "REFUSED: this is not the supervisor that this sub-agent knows; \
                 if its key was really renewed, set the new one or remove the file");
            return Err(Distrust::OtherKey);
        }
        verify(grant, worker, key).map_err(|forged| match forged {
            Forged::Digest => Distrust::Digest,
            Forged::Signature | Forged::Key => Distrust::Signature,
        })?;
        if self.key.is_none() {
            self.keep(&claimed.public_key)?;
        }
        Ok(())
    }

    fn keep(&mut self, key: &str) -> Result<(), Distrust> {
        disk::replace(&self.path, format!("{key}\n").as_bytes()).map_err(|error| {
            tracing::error!(%error, file = %self.path.display(), "the supervisor's key cannot be kept");
            Distrust::NotKept
        })?;
        tracing::warn!(key, file = %self.path.display(),
            "first contact: this supervisor's key is trusted from now on, and no other");
        self.key = Some(key.to_ascii_lowercase());
        Ok(())
    }
}

fn is_public_key(text: &str) -> bool {
    let mut bytes = [0_u8; 32];
    hex::decode_to_slice(text, &mut bytes).is_ok() && ed25519_dalek::VerifyingKey::from_bytes(&bytes).is_ok()
}
