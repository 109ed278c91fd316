//! What every back end refuses before it writes: one check of a [`Batch`] against what is stored.
//!
//! A back end looks up heads and roots; this module decides. It leaves transactions, durability and
//! encryption to the back end.

use std::collections::BTreeMap;

use khatt_record::merkle::{Frontier, leaf_hash};
use khatt_record::{Hash, PostIndex};

use super::{Batch, CommitError, Head, StoredCheckpoint};

/// The greatest index, size or count that a back end must hold: SQL integers are signed.
pub const SIZE_MAX: u64 = i64::MAX as u64;

/// What a checked batch changes in logs and checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The heads to write, ascending by log.
    pub heads: Vec<Head>,
    /// The checkpoints to write: those of the batch that are not stored yet.
    pub checkpoints: Vec<StoredCheckpoint>,
}

/// Checks that a batch continues what is stored, and returns what to write.
///
/// Entries of a log must start at its stored size and follow one another; each must carry the leaf
/// hash of its own leaf. Every extended log needs exactly one head, and every head of the batch must
/// be the one that its entries lead to. A checkpoint whose root differs from the stored one of the
/// same log and size is refused; one with the same root changes nothing, and the first stays.
///
/// # Errors
///
/// [`CommitError::LocalOutOfOrder`], and whatever the look-ups return.
pub fn plan(
    batch: &Batch,
    mut head: impl FnMut(PostIndex) -> Result<Option<Head>, CommitError>,
    mut root: impl FnMut(PostIndex, u64) -> Result<Option<Hash>, CommitError>,
) -> Result<Plan, CommitError> {
    let mut logs: BTreeMap<PostIndex, Growing> = BTreeMap::new();
    for entry in &batch.entries {
        let log = entry.id.log;
        let growing = match logs.entry(log) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(Growing::from_head(log, head(log)?)?)
            }
        };
        let size = growing.frontier.size();
        if entry.id.index != size || size >= SIZE_MAX || entry.leaf_hash != leaf_hash(&entry.leaf) {
            return Err(growing.refused(log));
        }
        growing.frontier.append(entry.leaf_hash);
    }
    let mut heads = BTreeMap::new();
    for given in &batch.heads {
        let growing = match logs.remove(&given.log) {
            Some(growing) => growing,
            None if heads.contains_key(&given.log) => {
                return Err(CommitError::LocalOutOfOrder { log: given.log, size: given.size });
            }
            None => Growing::from_head(given.log, head(given.log)?)?,
        };
        let frontier = &growing.frontier;
        if given.size != frontier.size()
            || given.root != frontier.root()
            || given.frontier != frontier.encode()
        {
            return Err(growing.refused(given.log));
        }
        heads.insert(given.log, given.clone());
    }
    if let Some((log, growing)) = logs.iter().next() {
        return Err(growing.refused(*log));
    }
    let mut checkpoints: BTreeMap<(PostIndex, u64), StoredCheckpoint> = BTreeMap::new();
    for given in &batch.checkpoints {
        let place = (given.log, given.size);
        let refused = CommitError::LocalOutOfOrder { log: given.log, size: given.size };
        if given.size > SIZE_MAX {
            return Err(refused);
        }
        let (held, new) = match checkpoints.get(&place) {
            Some(earlier) => (Some(earlier.root), false),
            None => (root(given.log, given.size)?, true),
        };
        match held {
            Some(held) if held != given.root => return Err(refused),
            Some(_) => {}
            None if new => {
                checkpoints.insert(place, *given);
            }
            None => {}
        }
    }
    Ok(Plan {
        heads: heads.into_values().collect(),
        checkpoints: checkpoints.into_values().collect(),
    })
}

/// A log while a batch is being checked.
struct Growing {
    stored: u64,
    frontier: Frontier,
}

impl Growing {
    fn from_head(log: PostIndex, head: Option<Head>) -> Result<Self, CommitError> {
        let Some(head) = head else {
            return Ok(Self { stored: 0, frontier: Frontier::new() });
        };
        let frontier = Frontier::decode(&head.frontier)
            .ok()
            .filter(|frontier| frontier.size() == head.size && frontier.root() == head.root)
            .ok_or_else(|| CommitError::LocalFatal(format!("frontier of log {log} is damaged")))?;
        Ok(Self { stored: head.size, frontier })
    }

    fn refused(&self, log: PostIndex) -> CommitError {
        CommitError::LocalOutOfOrder { log, size: self.stored }
    }
}
