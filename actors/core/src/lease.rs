//! What a grant's signature covers. The supervisor signs, the sub-agent verifies before it starts anything.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::wire::work::Grant;

/// A grant is not what the supervisor signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// The signature does not fit the grant, the worker's name and the key.
    #[error("the grant's signature does not verify against the supervisor's key")]
    Signature,
    /// The command is not the one whose digest was signed.
    #[error("the command does not have the digest that was approved")]
    Digest,
    /// The key is not an Ed25519 public key.
    #[error("the supervisor's key is not 64 hex digits of an Ed25519 public key")]
    Key,
}

/// Signs a grant for one worker; returns hex.
pub fn sign(grant: &Grant, worker: &str, key: &SigningKey) -> String {
    hex::encode(key.sign(&payload(grant, worker)).to_bytes())
}

/// Verifies that the holder of `public_key` (hex) granted exactly this to this worker, and that the command's bytes
/// have the digest that was signed.
pub fn verify(grant: &Grant, worker: &str, public_key: &str) -> Result<(), Forged> {
    let mut key = [0_u8; 32];
    hex::decode_to_slice(public_key, &mut key).map_err(|_| Forged::Key)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| Forged::Key)?;
    let mut signature = [0_u8; 64];
    hex::decode_to_slice(&grant.signature, &mut signature).map_err(|_| Forged::Signature)?;
    key.verify_strict(&payload(grant, worker), &Signature::from_bytes(&signature)).map_err(|_| Forged::Signature)?;
    if crate::id::Digest::of(grant.command.as_bytes()) == grant.command_sha256 { Ok(()) } else { Err(Forged::Digest) }
}

/// Every field behind its length, so that no two grants share their bytes.
fn payload(grant: &Grant, worker: &str) -> Vec<u8> {
    let fields = [
        "hermes-grant-v1".to_owned(),
        worker.to_owned(),
        grant.task_id.to_string(),
        grant.revision.to_string(),
        grant.attempt.to_string(),
        grant.lease.to_string(),
        grant.fence.to_string(),
        grant.command_sha256.hex(),
        grant.timeout.to_string(),
        grant.ttl_ms.0.to_string(),
        grant.command.clone(),
    ];
    let mut bytes = Vec::new();
    for field in &fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Digest, Fence, LeaseId, Revision, TaskId};
    use crate::time::Millis;

    fn grant(key: &SigningKey) -> Grant {
        let task_id = TaskId::parse("TASK-0001").unwrap();
        let command = "uptime".to_owned();
        let mut grant = Grant {
            lease: LeaseId::new(&task_id, Fence(1), [1; 16]),
            task_id,
            revision: Revision(1),
            attempt: 1,
            fence: Fence(1),
            command_sha256: Digest::of(command.as_bytes()),
            command,
            timeout: 600,
            ttl_ms: Millis(30_000),
            signature: String::new(),
        };
        grant.signature = sign(&grant, "w1", key);
        grant
    }

    #[test]
    fn only_what_was_signed_verifies() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let public = hex::encode(key.verifying_key().to_bytes());
        let good = grant(&key);
        assert_eq!(verify(&good, "w1", &public), Ok(()));
        assert_eq!(verify(&good, "w2", &public), Err(Forged::Signature));
        let other = hex::encode(SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes());
        assert_eq!(verify(&good, "w1", &other), Err(Forged::Signature));
        assert_eq!(verify(&good, "w1", "zz"), Err(Forged::Key));
        for change in [
            |g: &mut Grant| g.command.push(' '),
            |g: &mut Grant| g.fence = Fence(2),
            |g: &mut Grant| g.timeout = 1,
            |g: &mut Grant| g.revision = Revision(2),
            |g: &mut Grant| g.ttl_ms = Millis(1),
        ] {
            let mut bad = good.clone();
            change(&mut bad);
            assert_eq!(verify(&bad, "w1", &public), Err(Forged::Signature));
        }
    }

    #[test]
    fn a_command_that_is_not_its_digest_is_refused_even_when_signed() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let mut bad = grant(&key);
        bad.command.push_str("; reboot");
        bad.signature = sign(&bad, "w1", &key);
        let public = hex::encode(key.verifying_key().to_bytes());
        assert_eq!(verify(&bad, "w1", &public), Err(Forged::Digest));
    }
}
