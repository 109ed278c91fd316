//! What the engine knows of each log: where it stands, what waits to be verified, what is durable.

use std::collections::{BTreeMap, BTreeSet};

use khatt_record::{
    commit::OpenPart,
    entry::Seen,
    ids::{Hash, PostIndex},
    merkle::Frontier,
};

use crate::store::{Head, StoredCheckpoint};

/// Roots kept in memory for each log, so that receipts and checkpoints at recent sizes need no read.
const RECENT_ROOTS: usize = 2048;

/// Entries of one log that may wait for their checkpoint signature.
pub(super) const STAGED_ENTRIES_MAX: usize = 16_384;

/// Bytes of one log that may wait for their checkpoint signature.
pub(super) const STAGED_BYTES_MAX: usize = 64 << 20;

/// An entry that came but is not yet covered by a verified checkpoint.
pub(super) struct Staged {
    pub(super) leaf: Vec<u8>,
    pub(super) hash: Hash,
    pub(super) open: Option<OpenPart>,
}

impl Staged {
    fn bytes(&self) -> usize {
        self.leaf.len() + self.open.as_ref().map_or(0, |open| open.body.len() + open.auth.len())
    }
}

/// One log as this engine sees it.
pub(super) struct LogState {
    pub(super) post: PostIndex,
    /// Entries accepted, those of the batch under way included.
    pub(super) frontier: Frontier,
    /// Entries known to be durable here. Nothing beyond is ever told to anyone.
    pub(super) durable: u64,
    /// The newest checkpoint kept, its entries accepted.
    pub(super) checkpoint: Option<StoredCheckpoint>,
    /// The newest checkpoint whose entries are durable.
    pub(super) durable_checkpoint: Option<StoredCheckpoint>,
    roots: BTreeMap<u64, Hash>,
    staged: BTreeMap<u64, Staged>,
    staged_bytes: usize,
    /// Entries that came ahead of their predecessors and are kept.
    pub(super) ahead: BTreeSet<u64>,
    /// What the log's newest entry says it had seen; one item per other post.
    pub(super) seen: Seen,
    /// Its post signed two histories: nothing more of it is taken.
    pub(super) frozen: bool,
    /// Claimed time of the newest entry.
    pub(super) newest_ms: u64,
}

impl LogState {
    pub(super) fn new(post: PostIndex, posts: usize) -> Self {
        Self {
            post,
            frontier: Frontier::new(),
            durable: 0,
            checkpoint: None,
            durable_checkpoint: None,
            roots: BTreeMap::new(),
            staged: BTreeMap::new(),
            staged_bytes: 0,
            ahead: BTreeSet::new(),
            seen: Seen::none(posts, post),
            frozen: false,
            newest_ms: 0,
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Appends a verified leaf hash and remembers the new root.
    pub(super) fn append(&mut self, hash: Hash) {
        self.frontier.append(hash);
        self.note_root();
    }

    pub(super) fn replace_frontier(&mut self, frontier: Frontier) {
        self.frontier = frontier;
        self.note_root();
    }

    fn note_root(&mut self) {
        self.roots.insert(self.frontier.size(), self.frontier.root());
        while self.roots.len() > RECENT_ROOTS {
            self.roots.pop_first();
        }
    }

    /// Returns the root at a recent size, if it is still in memory.
    pub(super) fn recent_root(&self, size: u64) -> Option<Hash> {
        self.roots.get(&size).copied()
    }

    pub(super) fn head(&self) -> Head {
        Head {
            log: self.post,
            size: self.frontier.size(),
            root: self.frontier.root(),
            frontier: self.frontier.encode(),
        }
    }

    /// Puts an entry where its checkpoint will find it.
    pub(super) fn stage(&mut self, index: u64, staged: Staged) -> Staging {
        if index < self.size() {
            return Staging::Known;
        }
        if self.staged.contains_key(&index) {
            return Staging::Repeated;
        }
        if self.staged.len() >= STAGED_ENTRIES_MAX
            || self.staged_bytes.saturating_add(staged.bytes()) > STAGED_BYTES_MAX
            || index - self.size() >= STAGED_ENTRIES_MAX as u64
        {
            return Staging::NoRoom;
        }
        self.staged_bytes += staged.bytes();
        self.staged.insert(index, staged);
        Staging::Waiting
    }

    /// Takes the staged run `size()..to` if it is complete.
    pub(super) fn take_run(&mut self, to: u64) -> Result<Vec<Staged>, Gap> {
        let from = self.size();
        if let Some(missing) = (from..to).find(|index| !self.staged.contains_key(index)) {
            return Err(Gap { first_missing: missing });
        }
        let mut run = Vec::new();
        for index in from..to {
            if let Some(staged) = self.staged.remove(&index) {
                self.staged_bytes -= staged.bytes();
                run.push(staged);
            }
        }
        Ok(run)
    }

    pub(super) fn staged(&self, index: u64) -> Option<&Staged> {
        self.staged.get(&index)
    }

    pub(super) fn unstage(&mut self, index: u64) -> Option<Staged> {
        let staged = self.staged.remove(&index)?;
        self.staged_bytes -= staged.bytes();
        Some(staged)
    }

    pub(super) fn drop_staged(&mut self) {
        self.staged.clear();
        self.staged_bytes = 0;
    }

    /// Drops what waits below the prefix: it has been accepted meanwhile.
    pub(super) fn drop_accepted(&mut self) {
        let rest = self.staged.split_off(&self.size());
        self.staged = rest;
        self.staged_bytes = self.staged.values().map(Staged::bytes).sum();
        let rest = self.ahead.split_off(&self.size());
        self.ahead = rest;
    }
}

/// What became of an entry that was offered for staging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Staging {
    Waiting,
    Known,
    Repeated,
    NoRoom,
}

/// Entries are missing before a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) first_missing: u64,
}
