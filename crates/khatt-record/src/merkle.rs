//! The hash tree over a log: RFC 6962 §2.1 with SHA-256 (`spec/checkpoint.md §2`).
//!
//! A [`Frontier`] grows a log in a few hundred bytes; proofs come from anything that can give leaf
//! hashes back. Who signs a root, and where leaves are kept, is left to others.

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::cbor::{DecodeError, Reader, Writer};
use crate::ids::Hash;

/// The greatest number of hashes in a proof: two per level of a tree of 2^64 leaves.
pub const PROOF_MAX: usize = 128;

/// Gives leaf hashes back by their place.
pub trait LeafHashes {
    /// Returns the hash of the leaf at `index` from 0, or `None` if it is not held.
    fn leaf_hash(&self, index: u64) -> Option<Hash>;

    /// Returns the root of the leaves from `index << level` to before `(index + 1) << level`, or
    /// `None` if that node is not kept and has to be made of what is below it.
    fn node(&self, _level: u32, _index: u64) -> Option<Hash> {
        None
    }
}

impl LeafHashes for [Hash] {
    fn leaf_hash(&self, index: u64) -> Option<Hash> {
        self.get(usize::try_from(index).ok()?).copied()
    }
}

impl LeafHashes for Vec<Hash> {
    fn leaf_hash(&self, index: u64) -> Option<Hash> {
        self.as_slice().leaf_hash(index)
    }
}

/// Why a proof was refused or could not be made.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ProofError {
    /// The place is not in a tree of that size, or the sizes are the wrong way round.
    #[error("peer's proof is about a place outside the log")]
    PeerOutOfRange,
    /// The proof has more or fewer hashes than its sizes ask for.
    #[error("peer's proof has another length than its sizes ask for")]
    PeerOtherLength,
    /// The hashes lead to another root.
    #[error("peer's proof leads to another root")]
    PeerOtherRoot,
    /// We were asked for a proof over leaves that we do not hold.
    #[error("local leaf {index} is not held, so there is no proof")]
    LocalLeafMissing {
        /// The place of the missing leaf.
        index: u64,
    },
    /// We were asked for a proof about a place outside the log.
    #[error("local request for a proof about a place outside the log")]
    LocalOutOfRange,
}

impl ProofError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerOutOfRange => "proof.out-of-range",
            Self::PeerOtherLength => "proof.other-length",
            Self::PeerOtherRoot => "proof.other-root",
            Self::LocalLeafMissing { .. } => "proof.leaf-missing",
            Self::LocalOutOfRange => "proof.local-out-of-range",
        }
    }
}

/// Returns the hash of a leaf: SHA-256 of a zero byte and the leaf (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(leaf);
    Hash(hasher.finalize().into())
}

/// Returns the hash of an inner node: SHA-256 of a one byte and both children (RFC 6962 §2.1).
#[must_use]
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut block = [1_u8; 65];
    let (_, children) = block.split_at_mut(1);
    let (first, second) = children.split_at_mut(32);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    Hash(Sha256::digest(block).into())
}

/// Returns the root of a log without entries: SHA-256 of nothing (RFC 6962 §2.1).
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// What is needed to append to a log and know its root, without its leaves.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees, the largest first, one for each bit of `size`.
    peaks: Vec<Hash>,
    /// The same one leaf earlier: from the end, the proof of the last leaf.
    before: Vec<Hash>,
    last: Option<Hash>,
}

impl Frontier {
    /// Returns the frontier of a log without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new(), before: Vec::new(), last: None }
    }

    /// Returns how many leaves were appended.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of a leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_telling(leaf, |_, _| {});
    }

    /// Appends the hash of a leaf, and tells level and root of every subtree that it fills, from
    /// level 1 up. The node of a level stands at `index >> level` of the leaf's index.
    pub fn append_telling(&mut self, leaf: Hash, mut tell: impl FnMut(u32, Hash)) {
        self.before.clone_from(&self.peaks);
        let mut hash = leaf;
        let (mut rest, mut level) = (self.size, 0_u32);
        while rest & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(left, hash);
            rest >>= 1;
            level = level.saturating_add(1);
            tell(level, hash);
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
        self.last = Some(leaf);
    }

    /// Returns the root of the log as it stands.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node_hash(left, right))
            .unwrap_or_else(empty_root)
    }

    /// Returns the hash of the leaf appended last, if there is one.
    #[must_use]
    pub const fn last_leaf(&self) -> Option<Hash> {
        self.last
    }

    /// Returns the inclusion proof of the leaf appended last in the log as it stands.
    ///
    /// Everything left of the last leaf is one full subtree for each bit of its index, so the
    /// proof is those subtrees, the smallest first.
    #[must_use]
    pub fn last_leaf_proof(&self) -> Vec<Hash> {
        self.before.iter().rev().copied().collect()
    }

    /// Writes the frontier for storage: `[1, size, [hash …], last leaf]`, or `[1, 0]`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        if let Some(last) = self.last {
            out.array(4).uint(1).uint(self.size).array(self.before.len());
            for hash in &self.before {
                out.bytes(&hash.0);
            }
            out.bytes(&last.0);
        } else {
            out.array(2).uint(1).uint(0);
        }
        out.finish()
    }

    /// Reads what [`Frontier::encode`] wrote.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let items = reader.array(4)?;
        reader.uint_max(1)?;
        let size = reader.uint()?;
        let Some(earlier) = size.checked_sub(1) else {
            reader.finish()?;
            return if items == 2 && bytes == Self::new().encode() {
                Ok(Self::new())
            } else {
                Err(DecodeError::PeerOtherLength { at: 0 })
            };
        };
        let at = reader.position();
        let count = reader.array(64)?;
        if items != 4 || count as u64 != u64::from(earlier.count_ones()) {
            return Err(DecodeError::PeerOtherLength { at });
        }
        let mut peaks = Vec::with_capacity(count);
        for _ in 0..count {
            peaks.push(Hash(reader.fixed()?));
        }
        let last = Hash(reader.fixed()?);
        reader.finish()?;
        let mut frontier = Self { size: earlier, peaks, before: Vec::new(), last: None };
        frontier.append(last);
        if frontier.encode() == bytes {
            Ok(frontier)
        } else {
            Err(DecodeError::PeerContradiction { what: "frontier", at: 0 })
        }
    }
}

/// Checks that `leaf` is at `index` in the log of `size` leaves with this root (RFC 9162 §2.1.3.2).
///
/// # Errors
///
/// [`ProofError`] if the place is outside the log or the hashes do not lead to the root.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if root_from_inclusion(leaf, index, size, proof)? == root {
        Ok(())
    } else {
        Err(ProofError::PeerOtherRoot)
    }
}

/// Returns the root that a log of `size` leaves has if `leaf` is at `index` and the proof is true.
///
/// # Errors
///
/// [`ProofError`] if the place is outside the log or the proof has another length.
pub fn root_from_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
) -> Result<Hash, ProofError> {
    let mut last = size.checked_sub(1).ok_or(ProofError::PeerOutOfRange)?;
    if index > last {
        return Err(ProofError::PeerOutOfRange);
    }
    let mut place = index;
    let mut hash = leaf;
    let mut hashes = proof.iter().copied();
    while last > 0 {
        // A node that is last on its level and has no left sibling rises without a partner.
        if place & 1 == 1 {
            let left = hashes.next().ok_or(ProofError::PeerOtherLength)?;
            hash = node_hash(left, hash);
        } else if place < last {
            let right = hashes.next().ok_or(ProofError::PeerOtherLength)?;
            hash = node_hash(hash, right);
        }
        place >>= 1;
        last >>= 1;
    }
    if hashes.next().is_some() { Err(ProofError::PeerOtherLength) } else { Ok(hash) }
}

/// Checks that the log of `new` leaves begins with the log of `old` leaves (RFC 9162 §2.1.4.2).
///
/// With `old` equal to `new`, or `old` zero, the proof must be empty.
///
/// # Errors
///
/// [`ProofError`] if the sizes are the wrong way round or the hashes lead to other roots.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: Hash,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::PeerOutOfRange);
    }
    if old == new || old == 0 {
        let expected = if old == 0 { empty_root() } else { new_root };
        return match (proof.is_empty(), old_root == expected) {
            (false, _) => Err(ProofError::PeerOtherLength),
            (true, false) => Err(ProofError::PeerOtherRoot),
            (true, true) => Ok(()),
        };
    }
    // Start at the largest full subtree that ends where the old log ends.
    let mut place = old.saturating_sub(1);
    let mut last = new.saturating_sub(1);
    let rise = place.trailing_ones();
    place = place.checked_shr(rise).unwrap_or(0);
    last = last.checked_shr(rise).unwrap_or(0);
    let mut hashes = proof.iter().copied();
    // If that subtree is the whole old log, its hash is the old root and is left out.
    let start =
        if place == 0 { old_root } else { hashes.next().ok_or(ProofError::PeerOtherLength)? };
    let (mut old_hash, mut new_hash) = (start, start);
    while last > 0 {
        if place & 1 == 1 {
            let left = hashes.next().ok_or(ProofError::PeerOtherLength)?;
            old_hash = node_hash(left, old_hash);
            new_hash = node_hash(left, new_hash);
        } else if place < last {
            let right = hashes.next().ok_or(ProofError::PeerOtherLength)?;
            new_hash = node_hash(new_hash, right);
        }
        place >>= 1;
        last >>= 1;
    }
    if hashes.next().is_some() {
        Err(ProofError::PeerOtherLength)
    } else if old_hash == old_root && new_hash == new_root {
        Ok(())
    } else {
        Err(ProofError::PeerOtherRoot)
    }
}

/// Returns the root of the first `size` leaves. Takes time in proportion to `size`.
///
/// # Errors
///
/// [`ProofError::LocalLeafMissing`] if a leaf is not held.
pub fn root_at(leaves: &dyn LeafHashes, size: u64) -> Result<Hash, ProofError> {
    subtree_root(leaves, 0, size)
}

/// Returns the proof that the leaf at `index` is in the log of `size` leaves (RFC 6962 §2.1.1).
///
/// # Errors
///
/// [`ProofError`] if the place is outside the log or a leaf is not held.
pub fn inclusion_proof(
    leaves: &dyn LeafHashes,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::LocalOutOfRange);
    }
    let (mut start, mut end) = (0_u64, size);
    let mut proof = Vec::new();
    while end.saturating_sub(start) > 1 {
        let middle = start.saturating_add(split(end.saturating_sub(start)));
        if index < middle {
            proof.push(subtree_root(leaves, middle, end)?);
            end = middle;
        } else {
            proof.push(subtree_root(leaves, start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Returns the proof that the log of `new` leaves begins with that of `old` (RFC 6962 §2.1.2).
///
/// # Errors
///
/// [`ProofError`] if `old > new` or a leaf is not held.
pub fn consistency_proof(
    leaves: &dyn LeafHashes,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError::LocalOutOfRange);
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0_u64, new);
    let mut proof = Vec::new();
    while end != old {
        let middle = start.saturating_add(split(end.saturating_sub(start)));
        if old <= middle {
            proof.push(subtree_root(leaves, middle, end)?);
            end = middle;
        } else {
            proof.push(subtree_root(leaves, start, middle)?);
            start = middle;
        }
    }
    if start > 0 {
        proof.push(subtree_root(leaves, start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Returns the largest power of two below `count`, which is at least 2.
const fn split(count: u64) -> u64 {
    match count.saturating_sub(1).checked_ilog2() {
        Some(log) => 1 << log,
        None => 0,
    }
}

/// Below this many leaves a subtree is made of its leaves, without asking for nodes inside it.
const NODES_FROM: u64 = 256;

fn subtree_root(leaves: &dyn LeafHashes, start: u64, end: u64) -> Result<Hash, ProofError> {
    let count = end.saturating_sub(start);
    if count >= NODES_FROM {
        let level = count.trailing_zeros();
        let kept = if count.is_power_of_two() { start.checked_shr(level) } else { None };
        if let Some(hash) = kept.and_then(|index| leaves.node(level, index)) {
            return Ok(hash);
        }
        if count > NODES_FROM {
            // At most 56 deep: every step takes the largest power of two below the count.
            let middle = start.saturating_add(split(count));
            let left = subtree_root(leaves, start, middle)?;
            return Ok(node_hash(left, subtree_root(leaves, middle, end)?));
        }
    }
    let mut frontier = Frontier::new();
    for index in start..end {
        let leaf = leaves.leaf_hash(index).ok_or(ProofError::LocalLeafMissing { index })?;
        frontier.append(leaf);
    }
    Ok(frontier.root())
}

#[cfg(test)]
mod tests;
