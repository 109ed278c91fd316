//! Entries that came before their predecessors: proved alone, kept whole, receipted as such.
//!
//! What is receipted must be held: leaf, open part and proof are stored together, so that the
//! message can be read, acknowledged and proved though its predecessors never come. A checkpoint
//! that proved an entry ahead binds its author: the run that comes later must lead to its root.

use khatt_record::{
    cbor::{DecodeError, Reader, Writer},
    commit::OpenPart,
    entry::{Ahead as AheadReceipt, BEYOND_MAX, ENTRY_MAX, Entry, MessageHeader},
    fork::ForkProof,
    ids::{EntryId, Hash, PostIndex},
    merkle::{LeafHashes, PROOF_MAX, consistency_proof, leaf_hash, node_hash, root_from_inclusion},
};

use super::{Ahead, Line, incoming::FrameProof, judge::permitted, logs::Staged};
use crate::{
    alarm::Cause,
    store::{Sealed, StateChange, StoredCheckpoint, StoredEntry},
    time::Now,
};

/// Longest encoded open part: body, officers' signatures, seed and their heads.
const OPEN_MAX: usize = khatt_record::commit::BODY_MAX + khatt_record::commit::AUTH_MAX + 64;

/// An entry ahead as it is kept: everything that proves it alone.
pub(super) struct Kept {
    leaf: Vec<u8>,
    open: OpenPart,
    /// The size of the checkpoint under which it was proved.
    size: u64,
    hashes: Vec<Hash>,
}

impl Kept {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.array(4).bytes(&self.leaf).bytes(&self.open.encode()).uint(self.size);
        out.array(self.hashes.len());
        for hash in &self.hashes {
            out.bytes(&hash.0);
        }
        out.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.array_of(4)?;
        let leaf = reader.bytes(ENTRY_MAX)?.to_vec();
        let open = OpenPart::decode(reader.bytes(OPEN_MAX)?)?;
        let size = reader.uint()?;
        let count = reader.array(PROOF_MAX)?;
        let mut hashes = Vec::with_capacity(count);
        for _ in 0..count {
            hashes.push(Hash(reader.fixed()?));
        }
        reader.finish()?;
        Ok(Self { leaf, open, size, hashes })
    }
}

impl Line {
    /// Takes an entry that its proof shows to stand beyond a gap.
    pub(super) fn entry_ahead(
        &mut self,
        peer: PostIndex,
        signature: &[u8; 64],
        proof: Option<FrameProof>,
        now: Now,
    ) {
        let Some(FrameProof { log, index, size, hashes }) = proof else {
            return;
        };
        let Some(state) = self.logs.slot(log.index()) else {
            return;
        };
        if index <= state.size() {
            // Nothing is missing before it: it has to come in its turn.
            let from = state.size();
            self.ask_from(peer, log, from, now);
            return;
        }
        let Some(staged) = state.staged(peer, index) else {
            return;
        };
        let Ok(root) = root_from_inclusion(staged.hash, index, size, &hashes) else {
            self.raise(Cause::PeerMalformed { post: peer }, now);
            return;
        };
        let contradicts = state.proved.get(&size).copied().filter(|kept| kept.root != root);
        let known = state.ahead.contains_key(&index) || state.ahead.len() >= BEYOND_MAX;
        if !self.checkpoint_holds(log, size, root, signature) {
            if let Some(state) = self.logs.slot_mut(log.index()) {
                state.unstage(peer, index);
            }
            self.raise(Cause::PeerBadSignature { post: peer }, now);
            return;
        }
        let checkpoint = StoredCheckpoint { log, size, root, signature: *signature };
        if let Some(kept) = contradicts {
            let (a, b) = (self.signed(&kept), self.signed(&checkpoint));
            self.keep_proof(&ForkProof::SameSize { log, a, b }, now);
            return;
        }
        if known {
            return;
        }
        let staged = self.logs.slot_mut(log.index()).and_then(|state| state.unstage(peer, index));
        let Some(Staged { leaf, open: Some(open), .. }) = staged else {
            return;
        };
        let Ok(Entry::Message(header)) = Entry::decode(&leaf, self.logs.len(), log) else {
            return;
        };
        let id = EntryId { log, index };
        self.keep_ahead(id, &header, Kept { leaf, open, size, hashes }, checkpoint, now);
    }

    /// Keeps a message that came ahead and receipts it as such, if nothing speaks against it.
    ///
    /// One that is not in order is left for its turn: then it is refused once, on the record.
    fn keep_ahead(
        &mut self,
        id: EntryId,
        header: &MessageHeader,
        kept: Kept,
        checkpoint: StoredCheckpoint,
        now: Now,
    ) {
        if kept.open.check_against(header).is_err() {
            return;
        }
        let officers = match permitted(&self.charter, id.log, header, &kept.open) {
            Ok(officers) => officers,
            Err(cause) => {
                self.raise(cause, now);
                return;
            }
        };
        let bytes = kept.open.body.len() + kept.open.auth.len();
        if !self.people.within_quota(id.log, header.precedence, bytes, now) {
            self.raise(Cause::PeerFlood { post: id.log }, now);
            return;
        }
        self.save_meter(id.log, now);
        self.batch.checkpoints.push(checkpoint);
        self.batch.state.push(StateChange::Put(ahead_key(id), Sealed(kept.encode())));
        if let Some(state) = self.logs.slot_mut(id.log.index()) {
            state.proved.insert(checkpoint.size, checkpoint);
            state.ahead.insert(id.index, kept);
        }
        self.gap_begins(id.log, now);
        if self.halt.is_none() {
            let (t_ms, seen) = (now.wall_ms, self.seen());
            let StoredCheckpoint { size, root, .. } = checkpoint;
            let receipt = AheadReceipt { t_ms, seen, entry: id, size, root };
            self.append_own(&Entry::Ahead(receipt), None);
        }
        self.received(id, header, officers, Ahead::PredecessorsMissing, now);
    }

    /// Puts an entry ahead in its place once its predecessors are all here.
    pub(super) fn absorb_ahead(&mut self, log: PostIndex, now: Now) {
        let Some(state) = self.logs.slot_mut(log.index()) else {
            return;
        };
        let index = state.size();
        let Some(kept) = state.ahead.get(&index) else {
            return;
        };
        // A checkpoint of a larger log does not end a run here; the author sends the rest.
        let size = kept.size;
        let Some(proved) = state.proved.get(&size).filter(|_| size == index + 1).copied() else {
            return;
        };
        let (leaf, open) = (kept.leaf.clone(), Some(kept.open.clone()));
        let hash = leaf_hash(&leaf);
        let mut frontier = state.frontier.clone();
        frontier.append(hash);
        if frontier.root() != proved.root {
            let (older, hashes) = (state.checkpoint, kept.hashes.clone());
            self.forked_before(older, hash, &hashes, &proved, now);
            return;
        }
        state.unstage(log, index);
        state.stage(log, index, Staged { leaf, hash, open });
        self.signature(log, log, size, &proved.signature, None, now);
    }

    /// An entry ahead whose proof stands on other predecessors than those that came.
    ///
    /// The proof of a last leaf is the subtrees before it, the smallest first: their root is that of
    /// the other history, and together with the leaf they lead from it to the later checkpoint.
    fn forked_before(
        &mut self,
        older: Option<StoredCheckpoint>,
        leaf: Hash,
        hashes: &[Hash],
        newer: &StoredCheckpoint,
        now: Now,
    ) {
        let (Some(older), Some((smallest, larger))) = (older, hashes.split_first()) else {
            return;
        };
        let other = larger.iter().fold(*smallest, |right, left| node_hash(*left, right));
        let mut consistency = vec![leaf];
        if !larger.is_empty() {
            consistency.insert(0, *smallest);
        }
        consistency.extend_from_slice(larger);
        let proof = ForkProof::Inconsistent {
            log: newer.log,
            older: self.signed(&older),
            newer: self.signed(newer),
            other_root_at_older: other,
            consistency,
        };
        self.keep_proof(&proof, now);
    }

    /// A run that does not lead to a checkpoint which its author signed before: a proof of a fork.
    pub(super) fn forked_in_run(
        &mut self,
        run: &[Staged],
        kept: &StoredCheckpoint,
        other: Hash,
        newer: &StoredCheckpoint,
        now: Now,
    ) {
        let log = newer.log;
        let (a, b) = (self.signed(kept), self.signed(newer));
        let proof = if kept.size == newer.size {
            ForkProof::SameSize { log, a, b }
        } else {
            let leaves = WithRun { line: self, log, run };
            let Ok(consistency) = consistency_proof(&leaves, kept.size, newer.size) else {
                return;
            };
            ForkProof::Inconsistent {
                log,
                older: a,
                newer: b,
                other_root_at_older: other,
                consistency,
            }
        };
        self.keep_proof(&proof, now);
    }

    /// Takes up a stored entry ahead again.
    pub(super) fn restore_ahead(&mut self, id: EntryId, value: &[u8]) -> Result<(), DecodeError> {
        let kept = Kept::decode(value)?;
        let found = self.parts.reader.checkpoint(self.line, id.log, kept.size).ok().flatten();
        if let Some(state) = self.logs.slot_mut(id.log.index())
            && id.index >= state.size()
        {
            state.proved.extend(found.map(|found| (found.size, found)));
            state.ahead.insert(id.index, kept);
        }
        Ok(())
    }

    /// Returns an entry that is kept though its predecessors are missing.
    pub(super) fn stored_ahead(&self, id: EntryId) -> Option<StoredEntry> {
        let kept = self.logs.slot(id.log.index())?.ahead.get(&id.index)?;
        Some(StoredEntry {
            id,
            leaf: kept.leaf.clone(),
            leaf_hash: leaf_hash(&kept.leaf),
            open: Some(Sealed(kept.open.encode())),
        })
    }
}

/// The state key of an entry that came ahead.
pub(super) fn ahead_key(id: EntryId) -> String {
    format!("ahead/{}/{:020}", id.log, id.index)
}

/// A log's leaf hashes with those of a run that is not accepted.
struct WithRun<'a> {
    line: &'a Line,
    log: PostIndex,
    run: &'a [Staged],
}

impl LeafHashes for WithRun<'_> {
    fn leaf_hash(&self, index: u64) -> Option<Hash> {
        let size = self.line.logs.slot(self.log.index())?.size();
        match index.checked_sub(size) {
            Some(at) => self.run.get(usize::try_from(at).ok()?).map(|staged| staged.hash),
            None => self.line.leaf_hash_of(self.log, index),
        }
    }
}
