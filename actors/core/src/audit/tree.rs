//! The Merkle tree (RFC 6962) over the lines of a log, kept as its frontier: at most 64 hashes however long the log.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use crate::id::Digest;

/// The roots of the full subtrees that a log is made of, largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<Digest>,
}

impl Tree {
    /// Adds the hash of the next line.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        // Each trailing one in the size is a full subtree that this leaf completes to one of twice its width.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = inner(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// How many lines were added.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hash over all lines so far; that of no bytes if there are none.
    pub fn root(&self) -> Digest {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| inner(&left, &right));
        joined.unwrap_or_else(|| Digest::of(&[]))
    }

    /// The root in base64, as checkpoints write it.
    pub fn root_base64(&self) -> String {
        BASE64_STANDARD.encode(self.root().0)
    }
}

fn inner(left: &Digest, right: &Digest) -> Digest {
    Digest(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in RFC 6962 §2.1, word for word.
    fn by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of(&[]),
            [only] => *only,
            many => {
                let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
                inner(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn the_frontier_gives_the_root_of_the_definition_and_stays_small() {
        let leaves: Vec<Digest> = (0_u16..300).map(|n| Digest::of(&n.to_be_bytes())).collect();
        let mut tree = Tree::default();
        for (count, leaf) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), by_definition(&leaves[..count]), "{count} lines");
            assert_eq!(tree.peaks.len(), count.count_ones() as usize);
            tree.push(*leaf);
        }
        assert_eq!(tree.size(), 300);
    }
}
