//! What the engine knows of each log: where it stands, what waits to be verified, what is durable.

use std::collections::BTreeMap;

use khatt_record::{
    commit::OpenPart,
    entry::{BEYOND_MAX, Seen, SeenLog},
    ids::{Hash, PostIndex},
    merkle::Frontier,
};

use super::{ahead::Kept, tree::KEPT_LEVELS};
use crate::store::{Head, StoredCheckpoint};

/// Roots kept in memory for each log, so that receipts and checkpoints at recent sizes need no read.
const RECENT_ROOTS: usize = 2048;

/// Entries of one log that may wait for their checkpoint signature.
pub(super) const STAGED_ENTRIES_MAX: usize = 16_384;

/// Bytes of one log that may wait for their checkpoint signature, as its author sent them.
pub(super) const STAGED_BYTES_MAX: usize = 64 << 20;

/// The same for what another post hands on.
pub(super) const STAGED_RELAY_BYTES_MAX: usize = 8 << 20;

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

/// What one peer sent of a log and no signature has covered yet.
#[derive(Default)]
struct Stage {
    entries: BTreeMap<u64, Staged>,
    bytes: usize,
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
    /// Nodes of the tree to keep with the batch under way, by level and index.
    pub(super) filled: Vec<(u32, u64, Hash)>,
    /// By who sent it: nobody can put rubbish in the place of what another is sending.
    staged: BTreeMap<PostIndex, Stage>,
    /// Entries that came ahead of their predecessors and are kept.
    pub(super) ahead: BTreeMap<u64, Kept>,
    /// Checkpoints verified beyond our size, by size: what comes must lead to their roots.
    pub(super) proved: BTreeMap<u64, StoredCheckpoint>,
    /// What the log's newest entry says it had seen; one item per other post.
    pub(super) seen: Seen,
    /// Its post signed two histories: nothing more of it is taken.
    pub(super) frozen: bool,
    /// Claimed time of the newest entry.
    pub(super) newest_ms: u64,
    /// Since when entries are missing before what came.
    pub(super) gap_ms: Option<u64>,
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
            filled: Vec::new(),
            staged: BTreeMap::new(),
            ahead: BTreeMap::new(),
            proved: BTreeMap::new(),
            seen: Seen::none(posts, post),
            frozen: false,
            newest_ms: 0,
            gap_ms: None,
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Appends a verified leaf hash and remembers the new root.
    pub(super) fn append(&mut self, hash: Hash) {
        let index = self.frontier.size();
        let filled = &mut self.filled;
        self.frontier.append_telling(hash, |level, node| {
            if KEPT_LEVELS.contains(&level) {
                filled.push((level, index >> level, node));
            }
        });
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

    /// Puts an entry that `source` sent where its checkpoint will find it.
    pub(super) fn stage(&mut self, source: PostIndex, index: u64, staged: Staged) -> Staging {
        let Some(distance) = index.checked_sub(self.size()) else {
            return Staging::Known;
        };
        let most = if source == self.post { STAGED_BYTES_MAX } else { STAGED_RELAY_BYTES_MAX };
        let stage = self.staged.entry(source).or_default();
        if stage.entries.contains_key(&index) {
            return Staging::Repeated;
        }
        if stage.entries.len() >= STAGED_ENTRIES_MAX
            || stage.bytes.saturating_add(staged.bytes()) > most
            || distance >= STAGED_ENTRIES_MAX as u64
        {
            return Staging::NoRoom;
        }
        stage.bytes += staged.bytes();
        stage.entries.insert(index, staged);
        Staging::Waiting
    }

    /// Takes what `source` sent of the run `size()..to`, if it is complete.
    pub(super) fn take_run(&mut self, source: PostIndex, to: u64) -> Result<Vec<Staged>, Gap> {
        let from = self.size();
        let stage = self.staged.entry(source).or_default();
        if let Some(missing) = (from..to).find(|index| !stage.entries.contains_key(index)) {
            return Err(Gap { first_missing: missing });
        }
        let mut run = Vec::new();
        for index in from..to {
            if let Some(staged) = stage.entries.remove(&index) {
                stage.bytes -= staged.bytes();
                run.push(staged);
            }
        }
        Ok(run)
    }

    pub(super) fn staged(&self, source: PostIndex, index: u64) -> Option<&Staged> {
        self.staged.get(&source)?.entries.get(&index)
    }

    pub(super) fn unstage(&mut self, source: PostIndex, index: u64) -> Option<Staged> {
        let stage = self.staged.get_mut(&source)?;
        let staged = stage.entries.remove(&index)?;
        stage.bytes -= staged.bytes();
        Some(staged)
    }

    /// Returns how many bytes wait for a signature.
    #[cfg(test)]
    pub(super) fn waiting_bytes(&self) -> usize {
        self.staged.values().map(|stage| stage.bytes).sum()
    }

    /// Throws away what one peer sent.
    pub(super) fn drop_staged(&mut self, source: PostIndex) {
        self.staged.remove(&source);
    }

    /// Throws away what anybody sent.
    pub(super) fn drop_all_staged(&mut self) {
        self.staged.clear();
    }

    /// Drops what waits below the prefix: it has been accepted meanwhile.
    pub(super) fn drop_accepted(&mut self) {
        let size = self.size();
        for stage in self.staged.values_mut() {
            stage.entries = stage.entries.split_off(&size);
            stage.bytes = stage.entries.values().map(Staged::bytes).sum();
        }
        self.staged.retain(|_, stage| !stage.entries.is_empty());
        self.ahead = self.ahead.split_off(&size);
        self.proved = self.proved.split_off(&size.saturating_add(1));
    }

    /// What we hold of this log, as an entry of ours says it.
    ///
    /// The prefix runs through entries that came ahead and whose turn has come.
    pub(super) fn held(&self) -> SeenLog {
        let mut prefix = self.size();
        while self.ahead.contains_key(&prefix) {
            prefix = prefix.saturating_add(1);
        }
        let beyond = self.ahead.range(prefix..).map(|(index, _)| *index).take(BEYOND_MAX);
        SeenLog { prefix, beyond: beyond.collect() }
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
