//! Nodes of the logs' trees, kept so that a proof in a log of years reads some hundred rows.
//!
//! Whenever an append fills a subtree of 256, 65 536 or 16 777 216 leaves its root is kept beside the
//! log (`spec/store.md` §7). A node that is missing is made again of what is below it, so nothing
//! depends on their being there, and a proof is checked against a signed root before it is used.

use std::{cell::RefCell, collections::BTreeMap};

use khatt_record::{
    ids::{Hash, PostIndex},
    merkle::{LeafHashes, ProofError, inclusion_proof},
};

use super::Line;
use crate::store::{Sealed, StateChange};

/// The levels of the tree whose nodes are kept.
pub(super) const KEPT_LEVELS: [u32; 3] = [8, 16, 24];
/// Leaves, or nodes of one level, that are read at once.
const GROUP: u64 = 256;

/// Returns the change that keeps a node, if it is of a level that is kept.
///
/// For whoever writes a log into a store without an engine.
#[must_use]
pub fn keep_node(log: PostIndex, level: u32, index: u64, node: Hash) -> Option<StateChange> {
    if !KEPT_LEVELS.contains(&level) {
        return None;
    }
    let key = format!("{}{:02x}", group_key(log, level, index / GROUP), index % GROUP);
    Some(StateChange::Put(key, Sealed(node.0.to_vec())))
}

/// How the keys of the 256 nodes of one group begin. They are settled state: not read at a start.
fn group_key(log: PostIndex, level: u32, group: u64) -> String {
    format!("done/tree/{log}/{level:02}/{group:014x}")
}

impl Line {
    /// Returns the proof that an entry is in its log at a size, both durable.
    pub(super) fn inclusion(
        &self,
        log: PostIndex,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, ProofError> {
        let (leaves, nodes) = (RefCell::default(), RefCell::default());
        inclusion_proof(&Tree { line: self, log, leaves, nodes }, index, size)
    }
}

/// A group of hashes by their index.
type Groups<K> = RefCell<BTreeMap<K, BTreeMap<u64, Hash>>>;

/// A log's tree, read in groups.
struct Tree<'a> {
    line: &'a Line,
    log: PostIndex,
    leaves: Groups<u64>,
    nodes: Groups<(u32, u64)>,
}

impl LeafHashes for Tree<'_> {
    fn leaf_hash(&self, index: u64) -> Option<Hash> {
        let group = index / GROUP;
        let mut leaves = self.leaves.borrow_mut();
        let held = leaves.entry(group).or_insert_with(|| {
            let from = group.saturating_mul(GROUP);
            let count = usize::try_from(GROUP).unwrap_or_default();
            let found = self.line.parts.reader.leaf_hashes(self.line.line, self.log, from, count);
            (from..).zip(found.unwrap_or_default()).collect()
        });
        held.get(&index).copied()
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        if !KEPT_LEVELS.contains(&level) {
            return None;
        }
        let group = index / GROUP;
        let mut nodes = self.nodes.borrow_mut();
        let held = nodes.entry((level, group)).or_insert_with(|| {
            let prefix = group_key(self.log, level, group);
            let found = self.line.parts.reader.state(self.line.line, &prefix).unwrap_or_default();
            let one = |(key, value): (String, Sealed)| {
                let place = u64::from_str_radix(key.strip_prefix(&prefix)?, 16).ok()?;
                let node = Hash(value.0.as_slice().try_into().ok()?);
                Some((group.checked_mul(GROUP)?.checked_add(place)?, node))
            };
            found.into_iter().filter_map(one).collect()
        });
        held.get(&index).copied()
    }
}
