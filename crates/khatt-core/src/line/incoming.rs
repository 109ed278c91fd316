//! Frames from a peer, opened, and their items, put where they belong.
//!
//! Whatever a frame says is checked against signatures before it means anything. What cannot be
//! checked, or does not hold, raises an alarm that says whose fault it is, and blocks nothing.

use khatt_record::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    commit::OpenPart,
    entry::{Entry, Receipt},
    ids::{Hash, PostIndex},
    merkle::{leaf_hash, root_from_inclusion},
    seal::{
        Arrival, FrameError, FrameKind, Item, LeanReceipt, ReceiveEpoch, open_capsule_frame,
        open_frame, peek,
    },
};

use super::{
    Line, Route,
    logs::{Staged, Staging},
};
use crate::{alarm::Cause, store::StoredCheckpoint, time::Now};

/// A proof that came in the frame at hand, for the signature that follows it.
pub(super) struct FrameProof {
    pub(super) log: PostIndex,
    pub(super) index: u64,
    pub(super) size: u64,
    pub(super) hashes: Vec<Hash>,
}

impl Line {
    pub(super) fn frame(&mut self, peer: PostIndex, route: Route, bytes: &[u8], now: Now) {
        if peer == self.own || peer.index() >= self.logs.len() || self.disk_is_full() {
            return;
        }
        let items = match self.open_any(peer, bytes, now) {
            Ok(items) => items,
            Err(error) => {
                self.frame_refused(peer, route, &error, now);
                return;
            }
        };
        for state in &mut self.peers {
            state.answers_left = super::wants::ANSWERS_PER_FRAME;
        }
        let mut proof = None;
        for item in items {
            self.item(peer, item, &mut proof, now);
        }
        self.after_frame(peer, now);
    }

    fn frame_refused(&mut self, peer: PostIndex, route: Route, error: &FrameError, now: Now) {
        let cause = match error {
            FrameError::PeerItems(_) | FrameError::PeerUnknownSuite(_) => {
                Cause::PeerMalformed { post: peer }
            }
            FrameError::PeerCapsuleUnopenable => Cause::PeerOtherLine { post: peer },
            _ => Cause::CarrierCorrupt { route: route as u8 },
        };
        self.raise(cause, now);
    }

    fn open_any(
        &mut self,
        peer: PostIndex,
        bytes: &[u8],
        now: Now,
    ) -> Result<Vec<Item>, FrameError> {
        let header = peek(bytes)?;
        let context = self.frame_context(peer);
        if header.kind == FrameKind::Capsule {
            let prekeys: Vec<_> = self.epochs.prekeys.iter().map(|(no, key)| (*no, key)).collect();
            let known = self.epochs.newest(peer);
            let opened = open_capsule_frame(&prekeys, self.own, known, &context, bytes)?;
            // Anybody can seal a capsule: without the signed entry it says nothing at all.
            let proved = self.keep_epoch(peer, opened.epoch, opened.prekey_no, &opened.items, now);
            return Ok(if proved { opened.items } else { Vec::new() });
        }
        let epoch = self.epochs.receiving(peer, header.epoch);
        let Some(epoch) = epoch.cloned() else {
            if self.epochs.is_erased(peer, header.epoch) {
                // Too late: what it carried is held, or comes again under a newer epoch.
                return Ok(Vec::new());
            }
            // We lack the epoch: the peer sends its capsule again when it hears what we hold.
            self.ask_again(peer, now);
            return Err(FrameError::CarrierUnopenable);
        };
        let items = open_frame(&epoch, &context, bytes)?;
        let arrival = self.epochs.windows.note(peer, epoch.number, header.tag, header.counter);
        if arrival == Arrival::Repeat {
            self.raise(Cause::PeerRepeats { post: peer }, now);
            return Ok(Vec::new());
        }
        Ok(items)
    }

    /// Keeps a peer's epoch if the frame proves that it stands in the peer's signed log; tells
    /// whether it does.
    fn keep_epoch(
        &mut self,
        peer: PostIndex,
        epoch: ReceiveEpoch,
        prekey_no: u32,
        items: &[Item],
        now: Now,
    ) -> bool {
        let proved = items.iter().find_map(|item| match item {
            Item::Leaf { log, index, leaf } if *log == peer => {
                let entry = Entry::decode(leaf, self.logs.len(), peer).ok()?;
                let Entry::Epoch(entry) = entry else {
                    return None;
                };
                (entry.epoch_no == epoch.number.get()).then(|| (*index, leaf_hash(leaf)))
            }
            _ => None,
        });
        let Some((index, hash)) = proved else {
            self.raise(Cause::PeerMalformed { post: peer }, now);
            return false;
        };
        let root = items.iter().find_map(|item| match item {
            Item::Proof { log, index: at, size, hashes } if *log == peer && *at == index => {
                Some((*size, root_from_inclusion(hash, index, *size, hashes).ok()?))
            }
            _ => None,
        });
        let signed = root.is_some_and(|(size, root)| {
            items.iter().any(|item| match item {
                Item::Sig { log, size: at, signature } if *log == peer && *at == size => {
                    self.checkpoint_holds(peer, size, root, signature)
                }
                _ => false,
            })
        });
        if !signed {
            self.raise(Cause::PeerBadSignature { post: peer }, now);
            return false;
        }
        let change = self.epochs.keep_receiving(peer, epoch, index);
        self.batch.state.extend(change);
        let erased = self.epochs.used(peer, prekey_no, self.other_posts());
        self.batch.state.extend(erased);
        if prekey_no > self.prekey_used {
            self.prekey_used = prekey_no;
            self.put_number("prekey/used".to_owned(), u64::from(prekey_no));
            self.stock_prekeys(now);
        }
        true
    }

    pub(super) fn checkpoint_holds(
        &self,
        log: PostIndex,
        size: u64,
        root: Hash,
        signature: &[u8; 64],
    ) -> bool {
        let (Some(origin), Some(key)) =
            (self.origins.slot(log.index()), self.keys.get(log.index()))
        else {
            return false;
        };
        let checkpoint = Checkpoint { origin: origin.clone(), size, root };
        SignedCheckpoint { checkpoint, signature: *signature }.verify(key).is_ok()
    }

    fn item(&mut self, peer: PostIndex, item: Item, proof: &mut Option<FrameProof>, now: Now) {
        match item {
            Item::Message(message) => {
                let leaf = Entry::Message(message.header).encode();
                self.stage(peer, peer, message.index, leaf, Some(message.open), now);
            }
            Item::Leaf { log, index, leaf } => self.stage(peer, log, index, leaf, None, now),
            Item::Opened { log, index, leaf, open } => {
                self.stage(peer, log, index, leaf, Some(open), now);
            }
            Item::ReceiptLean(receipt) => self.lean_receipt(peer, receipt, now),
            Item::Proof { log, index, size, hashes } => {
                *proof = Some(FrameProof { log, index, size, hashes });
            }
            Item::Sig { log, size, signature } => {
                let proof = proof.take_if(|proof| proof.log == log && proof.size == size);
                self.signature(peer, log, size, &signature, proof, now);
            }
            Item::Have(standings) => self.have(peer, &standings, now),
            Item::Want { log, from, to } => self.want(peer, log, from, to),
            Item::Evidence(bytes) => self.evidence(peer, &bytes, now),
            Item::CheckpointFull { log, size, root, signature } => {
                self.checkpoint_full(peer, StoredCheckpoint { log, size, root, signature }, now);
            }
            Item::Cosignature(one) => self.cosignature(peer, &one, now),
            Item::Cosigned(sizes) => self.cosigned_of_ours(peer, &sizes, now),
            Item::Reject { log, .. } if log == self.own => self.reject(peer),
            // Amendments by the line itself come with the charter work; a reject of another's
            // entry is not ours to answer; padding says nothing.
            _ => {}
        }
    }

    fn stage(
        &mut self,
        peer: PostIndex,
        log: PostIndex,
        index: u64,
        leaf: Vec<u8>,
        open: Option<OpenPart>,
        now: Now,
    ) {
        if log == self.own {
            return;
        }
        let Some(state) = self.logs.slot_mut(log.index()).filter(|state| !state.frozen) else {
            return;
        };
        let hash = leaf_hash(&leaf);
        if state.stage(peer, index, Staged { leaf, hash, open }) == Staging::NoRoom {
            self.ask_again(peer, now);
        }
    }

    fn lean_receipt(&mut self, peer: PostIndex, lean: LeanReceipt, now: Now) {
        let Some(root) = self.kept_root(lean.log, lean.size) else {
            // It can only be lean if it is of our own log, at a size that we signed.
            if lean.log == self.own {
                self.contradicted(peer, lean.size, now);
            } else {
                self.raise(Cause::PeerMalformed { post: peer }, now);
            }
            return;
        };
        let LeanReceipt { index, t_ms, seen, log, size } = lean;
        let leaf = Entry::Receipt(Receipt { t_ms, seen, log, size, root }).encode();
        self.stage(peer, peer, index, leaf, None, now);
    }

    /// A checkpoint signature: whatever waited for it is now either proved or thrown away.
    pub(super) fn signature(
        &mut self,
        peer: PostIndex,
        log: PostIndex,
        size: u64,
        signature: &[u8; 64],
        proof: Option<FrameProof>,
        now: Now,
    ) {
        if log == self.own {
            return;
        }
        let Some(state) = self.logs.slot_mut(log.index()).filter(|state| !state.frozen) else {
            return;
        };
        if size <= state.size() {
            self.known_size(peer, log, size, signature, now);
            return;
        }
        let run = match state.take_run(peer, size) {
            Ok(run) => run,
            Err(_) if proof.is_some() => {
                self.entry_ahead(peer, signature, proof, now);
                return;
            }
            Err(gap) => {
                self.gap_begins(log, now);
                self.ask_from(peer, log, gap.first_missing, now);
                return;
            }
        };
        let mut frontier = state.frontier.clone();
        let mut differs = None;
        for staged in &run {
            frontier.append(staged.hash);
            if let Some(kept) = state.proved.get(&frontier.size())
                && differs.is_none()
                && kept.root != frontier.root()
            {
                differs = Some((*kept, frontier.root()));
            }
        }
        let root = frontier.root();
        if !self.checkpoint_holds(log, size, root, signature) {
            if let Some(state) = self.logs.slot_mut(log.index()) {
                state.drop_staged(peer);
            }
            // Whoever sent it is at fault, not the author in whose name it came.
            self.raise(Cause::PeerBadSignature { post: peer }, now);
            self.ask_for_checkpoint(peer, log, size);
            self.ask_again(peer, now);
            return;
        }
        let checkpoint = StoredCheckpoint { log, size, root, signature: *signature };
        if let Some((kept, other)) = differs {
            self.forked_in_run(&run, &kept, other, &checkpoint, now);
        } else if peer != log && !self.run_is_whole(log, &run) {
            // What another hands on must be all of it: its author would not send it a second time.
            self.raise(Cause::PeerMalformed { post: peer }, now);
        } else {
            self.accept(peer, run, checkpoint, now);
        }
    }

    /// Tells whether every message of a run came with what its leaf commits to.
    fn run_is_whole(&self, log: PostIndex, run: &[Staged]) -> bool {
        run.iter().all(|staged| match Entry::decode(&staged.leaf, self.logs.len(), log) {
            Ok(Entry::Message(header)) => {
                staged.open.as_ref().is_some_and(|open| open.check_against(&header).is_ok())
            }
            _ => true,
        })
    }

    /// A signature over what we already hold: nothing new, or the beginning of a fork's proof.
    fn known_size(
        &mut self,
        peer: PostIndex,
        log: PostIndex,
        size: u64,
        signature: &[u8; 64],
        now: Now,
    ) {
        if size == 0 {
            return;
        }
        if let Ok(Some(kept)) = self.parts.reader.checkpoint(self.line, log, size)
            && kept.signature == *signature
        {
            return;
        }
        let Some(root) = self.root_for(peer, log, size, now) else {
            return;
        };
        if !self.checkpoint_holds(log, size, root, signature) {
            // As with a run: whoever sent it is at fault, not the author in whose name it came.
            self.raise(Cause::PeerBadSignature { post: peer }, now);
            self.ask_for_checkpoint(peer, log, size);
        }
    }
}
