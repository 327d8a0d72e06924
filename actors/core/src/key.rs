//! API keys: how they look, how they are kept, how one is recognised.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::access::{Actor, Principal, Role, WorkScope};
use crate::id::Digest;
use crate::time::Timestamp;

/// What is kept of a key: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The key's name, the actor in the audit trail.
    pub name: String,
    /// The public part, by which a key is found.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub hash: Digest,
    /// What its holder may do.
    pub roles: BTreeSet<Role>,
    /// Which sub-agent roles its holder may serve.
    pub work: WorkScope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// What is wrong with a new key's name or roles.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The name.
    #[error("a key's name has 1 to 64 characters of A-Z a-z 0-9 . _ - and is not root, local or system")]
    Name,
    /// A role.
    #[error("\"{0}\" is no role; there are submitter, approver, admin, worker, worker:<sub-agent role>, auditor")]
    Role(String),
    /// No role at all.
    #[error("a key needs at least one role")]
    NoRole,
}

/// The key itself, shown once: `hk_<8 hex digits>_<64 hex digits>`; 32 bits to find it by, 256 that are secret.
pub fn text(public: [u8; 4], secret: [u8; 32]) -> String {
    format!("hk_{}_{}", hex::encode(public), hex::encode(secret))
}

/// The public part of a key's text, by which its record is found.
pub fn prefix(text: &str) -> Option<&str> {
    text.strip_prefix("hk_")?.split_once('_').map(|(prefix, _)| prefix)
}

/// Whether two digests are the same, in a time that says nothing about where they differ.
pub fn same(a: &Digest, b: &Digest) -> bool {
    a.0.ct_eq(&b.0).into()
}

impl Record {
    /// The record of a new key. Roles are written as `submitter`, `worker` (every sub-agent role) or `worker:<role>`.
    pub fn new(
        name: &str,
        roles: &[String],
        key: &str,
        now: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, Invalid> {
        let known = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        let reserved = ["root", "local", "system"].contains(&name);
        if reserved || !(1..=64).contains(&name.len()) || !name.bytes().all(known) {
            return Err(Invalid::Name);
        }
        let (roles, work) = read_roles(roles)?;
        Ok(Self {
            name: name.to_owned(),
            prefix: prefix(key).unwrap_or_default().to_owned(),
            hash: Digest::of(key.as_bytes()),
            roles,
            work,
            created_at: now,
            expires_at,
            revoked_at: None,
        })
    }

    /// Whether this text is the key, and it works now.
    pub fn opens(&self, text: &str, now: Timestamp) -> bool {
        same(&Digest::of(text.as_bytes()), &self.hash) && self.is_alive(now)
    }

    /// Whether it was not revoked and has not run out.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// The identity that the key proves.
    pub fn principal(&self) -> Principal {
        Principal { actor: Actor::key(&self.name), roles: self.roles.clone(), work: self.work.clone() }
    }

    /// The roles as they are written.
    pub fn role_names(&self) -> Vec<String> {
        let plain = self.roles.iter().filter(|role| **role != Role::Worker).map(|role| role.as_str().to_owned());
        let work = match &self.work {
            WorkScope::Nothing => Vec::new(),
            WorkScope::Any => vec!["worker".to_owned()],
            WorkScope::Only(roles) => roles.iter().map(|role| format!("worker:{role}")).collect(),
        };
        plain.chain(work).collect()
    }
}

fn read_roles(texts: &[String]) -> Result<(BTreeSet<Role>, WorkScope), Invalid> {
    let mut roles = BTreeSet::new();
    let mut named = BTreeSet::new();
    let mut any = false;
    for text in texts {
        if let Some(role) = text.strip_prefix("worker:").filter(|role| crate::id::TaskId::parse(role).is_ok()) {
            roles.insert(Role::Worker);
            named.insert(role.to_owned());
        } else {
            let role = Role::parse(text).ok_or_else(|| Invalid::Role(text.clone()))?;
            any |= role == Role::Worker;
            roles.insert(role);
        }
    }
    if roles.is_empty() {
        return Err(Invalid::NoRole);
    }
    let work = match (any, named.is_empty()) {
        (true, _) => WorkScope::Any,
        (false, true) => WorkScope::Nothing,
        (false, false) => WorkScope::Only(named),
    };
    Ok((roles, work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_until_it_expires_or_is_revoked() {
        let key = text([1; 4], [2; 32]);
        let roles = ["submitter".to_owned(), "worker:finance-worker".to_owned()];
        let mut record = Record::new("ci", &roles, &key, Timestamp(0), Some(Timestamp(10))).unwrap();
        assert_eq!(prefix(&key), Some(record.prefix.as_str()));
        assert!(record.opens(&key, Timestamp(9)));
        assert!(!record.opens(&key, Timestamp(10)));
        assert!(!record.opens("hk_01010101_00", Timestamp(0)));
        assert_eq!(record.role_names(), roles);
        record.revoked_at = Some(Timestamp(1));
        assert!(!record.opens(&key, Timestamp(2)));
    }

    #[test]
    fn bad_names_and_roles_are_refused() {
        let new = |name: &str, roles: &[&str]| {
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            Record::new(name, &roles, "hk_00_00", Timestamp(0), None).unwrap_err()
        };
        assert_eq!(new("root", &["admin"]), Invalid::Name);
        assert_eq!(new("a b", &["admin"]), Invalid::Name);
        assert_eq!(new("ci", &[]), Invalid::NoRole);
        assert_eq!(new("ci", &["king"]), Invalid::Role("king".to_owned()));
        assert_eq!(new("ci", &["worker:a/b"]), Invalid::Role("worker:a/b".to_owned()));
    }
}
