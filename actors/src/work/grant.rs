//! Makes and signs grants. The key is in a file beside the database, so that a stolen database signs nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ed25519_dalek::SigningKey;
use hermes_core::lease;
use hermes_core::task::Task;
use hermes_core::time::Millis;
use hermes_core::wire::work::Grant;

/// Signs grants.
pub struct Signer {
    key: SigningKey,
}

impl Signer {
    /// A signer with the key in this file, which is made if there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, or does not hold 32 bytes.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut bytes = [0_u8; 32];
        match OpenOptions::new().read(true).open(path) {
            Ok(mut file) => file.read_exact(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bytes = crate::clock::random().map_err(io::Error::other)?;
                keep(path, &bytes)?;
            }
            Err(error) => return Err(error),
        }
        Ok(Self { key: SigningKey::from_bytes(&bytes) })
    }

    /// A signer with this key.
    pub fn with_key(bytes: [u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(&bytes) }
    }

    /// The public key that sub-agents pin, hex: two digits a byte.
    pub fn public_key(&self) -> String {
        self.key.verifying_key().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The grant of a task's lease; none if it has no lease.
    pub fn grant(&self, task: &Task, timeout: Millis, ttl: Millis) -> Option<Grant> {
        let held = task.lease.as_ref()?;
        let mut grant = Grant {
            task_id: task.id.clone(),
            revision: task.revision,
            attempt: task.attempts,
            lease: held.id.clone(),
            fence: held.fence,
            command: task.command.clone(),
            command_sha256: task.command_sha256,
            timeout: timeout.0.div_ceil(1000),
            ttl_ms: ttl,
            signature: String::new(),
        };
        grant.signature = lease::sign(&grant, &held.worker, &self.key);
        Some(grant)
    }
}

/// Puts the key in its place whole or not at all: half a key would keep the supervisor from ever starting again.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("key.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    crate::crash::point("grant.before_rename");
    std::fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
