//! What each side holds: exchanging heads, catching up, and proving a fork.
//!
//! Delivery is anti-entropy: heads are exchanged, then ranges. Nothing about a session must survive
//! it, so a restart, a repeat or another order changes nothing.

use khatt_record::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    commit::OpenPart,
    entry::Entry,
    fork::ForkProof,
    ids::{EntryId, Hash, PostIndex},
    merkle::{LeafHashes, consistency_proof},
    seal::{Item, Standing},
};

use super::{Due, Effect, Event, Halt, Line, Route};
use crate::{alarm::Cause, store::StoredCheckpoint, time::Now};

/// A re-send is asked of a peer at most this often.
const ASK_EVERY_MS: u64 = 250;
/// What was sent longer ago than this and is still not held is sent again.
const RESEND_AFTER_MS: u64 = 2_000;
/// Entries of others' logs handed on for one request.
const RELAY_MAX: usize = 512;
/// Entries accepted without a receipt after which the peer is told what we hold.
const TELL_AFTER: u64 = 256;

impl Line {
    pub(super) fn connected(&mut self, peer: PostIndex, route: Route, now: Now) {
        if peer == self.own || peer.index() >= self.peers.len() {
            return;
        }
        let state = &mut self.peers[peer.index()];
        state.routes.insert(route);
        state.cursor = state.confirmed;
        state.capsule_sent = None;
        state.ahead_sent.clear();
        state.asked_ms = None;
        state.have_due = Due::Yes;
        self.clear(Cause::LineDown { post: peer }, now);
        self.pump(peer, now);
    }

    pub(super) fn disconnected(&mut self, peer: PostIndex, route: Route, now: Now) {
        let Some(state) = self.peers.get_mut(peer.index()) else { return };
        state.routes.remove(&route);
        if !state.connected() {
            self.raise(Cause::LineDown { post: peer }, now);
        }
    }

    /// Tells a peer what is durable here.
    pub(super) fn send_have(&mut self, peer: PostIndex, now: Now) {
        let standings: Vec<Standing> = self
            .logs
            .iter()
            .filter_map(|log| {
                let root = if log.durable == 0 {
                    khatt_record::merkle::empty_root()
                } else {
                    log.recent_root(log.durable)?
                };
                let root = root.0.first_chunk::<8>().copied()?;
                Some(Standing { log: log.post, size: log.durable, root })
            })
            .collect();
        let state = &mut self.peers[peer.index()];
        state.last_have_ms = now.mono_ms;
        state.untold = 0;
        let sent = self.send_items(peer, &[Item::Have(standings)]);
        self.peers[peer.index()].have_due = if sent { Due::No } else { Due::Yes };
    }

    pub(super) fn have(&mut self, peer: PostIndex, standings: &[Standing], now: Now) {
        for standing in standings {
            if standing.log == self.own {
                self.have_of_ours(peer, standing, now);
            } else {
                self.have_of_others(peer, standing, now);
            }
        }
        self.pump(peer, now);
    }

    fn have_of_ours(&mut self, peer: PostIndex, standing: &Standing, now: Now) {
        let durable = self.logs[self.own.index()].durable;
        if standing.size > self.logs[self.own.index()].size() {
            // It says that it holds more of our log than we do. Only our own signature proves it.
            self.ask_for_checkpoint(peer, self.own, standing.size);
            return;
        }
        if standing.size > durable {
            return;
        }
        let root = self.root_at(self.own, standing.size);
        if root.is_some_and(|root| !same_start(root, standing.root)) {
            self.raise(Cause::PeerBadReceipt { post: peer }, now);
            return;
        }
        let state = &mut self.peers[peer.index()];
        state.confirmed = state.confirmed.max(standing.size);
        let stale = now.mono_ms >= state.last_sent_ms + RESEND_AFTER_MS;
        if state.cursor < state.confirmed || (stale && state.cursor > standing.size) {
            state.cursor = state.confirmed;
        }
    }

    fn have_of_others(&mut self, peer: PostIndex, standing: &Standing, now: Now) {
        let Some(log) = self.logs.get(standing.log.index()) else { return };
        let size = log.size();
        if standing.size > size {
            // The author sends its own; another holder is asked when the author is not there.
            let author = &self.peers[standing.log.index()];
            if standing.log != peer && !author.connected() && !log.frozen {
                self.ask_from(peer, standing.log, size, now);
            }
            return;
        }
        if standing.size == 0 {
            return;
        }
        let root = self.root_at(standing.log, standing.size);
        if root.is_some_and(|root| !same_start(root, standing.root)) {
            // Somebody signed two histories. Each side shows the other what it holds.
            self.show_checkpoint(peer, standing.log);
            self.ask_for_checkpoint(peer, standing.log, standing.size);
        }
    }

    /// After a frame: tell the peer what we hold if no receipt will.
    pub(super) fn after_frame(&mut self, peer: PostIndex, _now: Now) {
        if self.peers[peer.index()].untold >= TELL_AFTER {
            self.peers[peer.index()].untold = 0;
            self.effects.push(Effect::Have { peer });
        }
    }

    /// Answers a request for entries.
    pub(super) fn want(&mut self, peer: PostIndex, log: PostIndex, from: u64, to: u64, now: Now) {
        if log == self.own {
            let state = &mut self.peers[peer.index()];
            state.cursor = state.cursor.min(from);
            state.confirmed = state.confirmed.min(from);
            if from == to {
                // An empty range asks for the checkpoint of that size, root included.
                self.show_checkpoint_at(peer, log, to);
            }
            self.pump(peer, now);
        } else if from == to {
            self.show_checkpoint_at(peer, log, to);
        } else {
            self.relay(peer, log, from);
        }
    }

    /// Hands on another post's entries, with their open parts, to one who lacks them.
    fn relay(&mut self, peer: PostIndex, log: PostIndex, from: u64) {
        let Some(state) = self.logs.get(log.index()) else { return };
        let Some(newest) = state.durable_checkpoint.filter(|kept| kept.size > from) else { return };
        let wanted = from + RELAY_MAX as u64;
        let found = self.parts.reader.checkpoints(self.line, log, wanted.min(newest.size), 1);
        let end = found.ok().and_then(|found| found.first().copied()).unwrap_or(newest);
        let count = usize::try_from(end.size - from).unwrap_or(RELAY_MAX).min(4000);
        let Ok(entries) = self.parts.reader.entries(self.line, log, from, count) else { return };
        let mut items: Vec<Item> = entries
            .into_iter()
            .map(|entry| {
                let open = entry.open.as_ref().and_then(|open| OpenPart::decode(&open.0).ok());
                let (index, leaf) = (entry.id.index, entry.leaf);
                match open {
                    Some(open) => Item::Opened { log, index, leaf, open },
                    None => Item::Leaf { log, index, leaf },
                }
            })
            .collect();
        items.push(Item::Sig { log, size: end.size, signature: end.signature });
        self.send_items(peer, &items);
    }

    /// Asks a peer to send its log again from where ours ends, but not for every frame.
    pub(super) fn ask_again(&mut self, peer: PostIndex, now: Now) {
        let from = self.logs[peer.index()].size();
        self.ask_from(peer, peer, from, now);
    }

    pub(super) fn ask_from(&mut self, peer: PostIndex, log: PostIndex, from: u64, now: Now) {
        let state = &mut self.peers[peer.index()];
        if state.asked_ms.is_some_and(|at| now.mono_ms < at + ASK_EVERY_MS) {
            return;
        }
        state.asked_ms = Some(now.mono_ms);
        let reject = Item::Reject { log: peer, index: from, code: 0 };
        self.send_items(peer, &[Item::Want { log, from, to: u64::MAX >> 1 }, reject]);
    }

    pub(super) fn ask_for_checkpoint(&mut self, peer: PostIndex, log: PostIndex, size: u64) {
        self.send_items(peer, &[Item::Want { log, from: size, to: size }]);
    }

    /// A peer could not use what we sent: give it our capsule again with the next frame.
    pub(super) fn reject(&mut self, peer: PostIndex, now: Now) {
        self.peers[peer.index()].capsule_sent = None;
        self.pump(peer, now);
    }

    fn show_checkpoint(&mut self, peer: PostIndex, log: PostIndex) {
        if let Some(kept) = self.logs.get(log.index()).and_then(|log| log.durable_checkpoint) {
            self.send_full(peer, kept);
        }
    }

    fn show_checkpoint_at(&mut self, peer: PostIndex, log: PostIndex, size: u64) {
        if let Ok(Some(kept)) = self.parts.reader.checkpoint(self.line, log, size) {
            self.send_full(peer, kept);
        } else {
            self.show_checkpoint(peer, log);
        }
    }

    fn send_full(&mut self, peer: PostIndex, kept: StoredCheckpoint) {
        let StoredCheckpoint { log, size, root, signature } = kept;
        self.send_items(peer, &[Item::CheckpointFull { log, size, root, signature }]);
    }

    /// A checkpoint with its root: it agrees with what we hold, or proves a fork, or a rollback.
    pub(super) fn checkpoint_full(&mut self, peer: PostIndex, theirs: StoredCheckpoint, now: Now) {
        let StoredCheckpoint { log, size, root, .. } = theirs;
        if size == 0 || !self.checkpoint_holds(log, size, root, &theirs.signature) {
            self.raise(Cause::PeerBadSignature { post: peer }, now);
            return;
        }
        let Some(state) = self.logs.get(log.index()) else { return };
        if log == self.own {
            if size > state.size() && self.halt.is_none() {
                self.halt = Some(Halt::RolledBack { size });
                self.raise(Cause::LocalRolledBack, now);
            }
            return;
        }
        if state.frozen || size > state.size() {
            return;
        }
        let Some(ours) = self.root_at(log, size) else { return };
        if ours != root {
            self.forked(theirs, ours, now);
        }
    }

    /// Makes the proof that a post signed two histories, keeps it, and tells everyone.
    fn forked(&mut self, theirs: StoredCheckpoint, ours: Hash, now: Now) {
        let log = theirs.log;
        let same = self.parts.reader.checkpoint(self.line, log, theirs.size).ok().flatten();
        let kept = same.or_else(|| self.logs.get(log.index()).and_then(|log| log.checkpoint));
        let Some(kept) = kept else { return };
        let proof = if kept.size == theirs.size {
            ForkProof::SameSize { log, a: self.signed(&kept), b: self.signed(&theirs) }
        } else {
            let leaves = StoredLeaves { line: self, log };
            let Ok(consistency) = consistency_proof(&leaves, theirs.size, kept.size) else {
                return;
            };
            ForkProof::Inconsistent {
                log,
                older: self.signed(&theirs),
                newer: self.signed(&kept),
                other_root_at_older: ours,
                consistency,
            }
        };
        self.keep_proof(&proof, now);
    }

    fn signed(&self, kept: &StoredCheckpoint) -> SignedCheckpoint {
        let origin = self.origins[kept.log.index()].clone();
        let checkpoint = Checkpoint { origin, size: kept.size, root: kept.root };
        SignedCheckpoint { checkpoint, signature: kept.signature }
    }

    /// A proof from a peer: kept only if it proves what it says.
    pub(super) fn evidence(&mut self, peer: PostIndex, bytes: &[u8], now: Now) {
        match ForkProof::decode(bytes) {
            Ok(proof) if proof.verify(&self.charter).is_ok() => self.keep_proof(&proof, now),
            _ => self.raise(Cause::PeerMalformed { post: peer }, now),
        }
    }

    fn keep_proof(&mut self, proof: &ForkProof, now: Now) {
        let Ok(accused) = proof.verify(&self.charter) else { return };
        let log = accused.post;
        let Some(state) = self.logs.get_mut(log.index()).filter(|state| !state.frozen) else {
            return;
        };
        state.frozen = true;
        state.drop_staged();
        let bytes = proof.encode();
        self.batch.evidence.push((format!("fork/{log}"), bytes.clone()));
        self.raise(Cause::PeerForked { post: log }, now);
        for peer in self.other_posts().filter(|peer| *peer != log).collect::<Vec<_>>() {
            if self.peers[peer.index()].connected() {
                self.send_items(peer, &[Item::Evidence(bytes.clone())]);
            }
        }
    }

    /// Tells people that a peer's log is complete up to `size`.
    pub(super) fn caught_up(&mut self, log: PostIndex, size: u64) {
        self.effects.push(Effect::Event(Event::CaughtUp { log, size }));
    }
}

fn same_start(root: Hash, start: [u8; 8]) -> bool {
    root.0.first_chunk::<8>() == Some(&start)
}

/// A log's leaf hashes, read one by one where a proof needs them.
struct StoredLeaves<'a> {
    line: &'a Line,
    log: PostIndex,
}

impl LeafHashes for StoredLeaves<'_> {
    fn leaf_hash(&self, index: u64) -> Option<Hash> {
        let found = self.line.parts.reader.leaf_hashes(self.line.line, self.log, index, 1).ok()?;
        if let Some(hash) = found.first() {
            return Some(*hash);
        }
        self.line.stored(EntryId { log: self.log, index }).map(|entry| entry.leaf_hash)
    }
}

/// Tells whether an entry is one that a receipt is owed for.
pub(super) fn wants_receipt(entry: &Entry) -> bool {
    matches!(entry, Entry::Message(_) | Entry::Amend(_) | Entry::Unknown(_))
}
