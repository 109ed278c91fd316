//! What each side holds: exchanging heads, catching up, and proving a fork.
//!
//! Delivery is anti-entropy: heads are exchanged, then ranges. Nothing about a session must survive
//! it, so a restart, a repeat or another order changes nothing.

use khatt_record::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    entry::Entry,
    fork::ForkProof,
    ids::{EntryId, Hash, PostIndex},
    merkle::{LeafHashes, consistency_proof},
    seal::{Item, Standing},
};

use super::{Due, Effect, Event, Line, Route};
use crate::{alarm::Cause, store::StoredCheckpoint, time::Now};

/// A re-send is asked of a peer at most this often.
const ASK_EVERY_MS: u64 = 250;
/// What was sent longer ago than this and is still not held is sent again.
const RESEND_AFTER_MS: u64 = 2_000;
/// How the names of kept fork proofs begin.
pub(super) const FORK_PREFIX: &str = "fork/";
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
        state.wants.connected();
        state.evidence_sent.clear();
        state.ahead_sent.clear();
        state.asked_ms = None;
        state.have_due = Due::Yes;
        self.clear(Cause::LineDown { post: peer }, now);
        self.pump(peer, now);
    }

    pub(super) fn disconnected(&mut self, peer: PostIndex, route: Route, now: Now) {
        let Some(state) = self.peers.slot_mut(peer.index()) else {
            return;
        };
        state.routes.remove(&route);
        if !state.connected() {
            self.raise(Cause::LineDown { post: peer }, now);
            if let Some(log) = self.logs.slot_mut(peer.index()) {
                log.gap_ms = None;
            }
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
                    let signed = log.durable_checkpoint.filter(|kept| kept.size == log.durable);
                    log.recent_root(log.durable).or(signed.map(|kept| kept.root))?
                };
                let root = root.0.first_chunk::<8>().copied()?;
                Some(Standing { log: log.post, size: log.durable, root })
            })
            .collect();
        let state = &mut self.peers[peer.index()];
        state.last_have_ms = now.mono_ms;
        state.untold = 0;
        let mut items = vec![Item::Have(standings)];
        items.extend(self.cosigned_item(peer));
        let sent = self.send_items(peer, &items);
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
        self.send_evidence(peer);
        self.pump(peer, now);
    }

    fn have_of_ours(&mut self, peer: PostIndex, standing: &Standing, now: Now) {
        let durable = self.logs[self.own.index()].durable;
        if standing.size > durable {
            // Nothing beyond ever left this post: this log was longer once, or the peer is lying.
            self.contradicted(peer, standing.size, now);
            return;
        }
        let root = self.root_for(peer, self.own, standing.size, now);
        if root.is_some_and(|root| !same_start(root, standing.root)) {
            self.contradicted(peer, standing.size, now);
            return;
        }
        self.agreed(peer);
        let state = &mut self.peers[peer.index()];
        state.confirmed = state.confirmed.max(standing.size);
        let stale = now.mono_ms >= state.last_sent_ms + RESEND_AFTER_MS;
        if state.cursor < state.confirmed || (stale && state.cursor > standing.size) {
            state.cursor = state.confirmed;
        }
    }

    fn have_of_others(&mut self, peer: PostIndex, standing: &Standing, now: Now) {
        if standing.log == peer {
            self.own_standing(peer, standing, now);
        }
        let Some(log) = self.logs.slot(standing.log.index()) else {
            return;
        };
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
        let root = self.root_for(peer, standing.log, standing.size, now);
        if root.is_some_and(|root| !same_start(root, standing.root)) {
            // Somebody signed two histories. Each side shows the other what it holds.
            self.show_checkpoint(peer, standing.log);
            self.ask_for_checkpoint(peer, standing.log, standing.size);
        }
    }

    /// After a frame: tell the peer what we hold if no receipt will.
    pub(super) fn after_frame(&mut self, peer: PostIndex, now: Now) {
        self.serve_wants(peer, now);
        if self.peers[peer.index()].untold >= TELL_AFTER {
            self.peers[peer.index()].untold = 0;
            self.effects.push(Effect::Have { peer });
        }
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
        if !self.take_answer(peer) {
            return;
        }
        self.send_items(peer, &[Item::Want { log, from: size, to: size }]);
    }

    fn show_checkpoint(&mut self, peer: PostIndex, log: PostIndex) {
        if let Some(kept) = self.logs.slot(log.index()).and_then(|log| log.durable_checkpoint) {
            self.send_full(peer, kept);
        }
    }

    /// Counts a question or answer about a checkpoint; a frame may not bring about many.
    pub(super) fn take_answer(&mut self, peer: PostIndex) -> bool {
        let Some(state) = self.peers.slot_mut(peer.index()) else {
            return false;
        };
        let left = state.answers_left.checked_sub(1);
        state.answers_left = left.unwrap_or(0);
        left.is_some()
    }

    pub(super) fn show_checkpoint_at(&mut self, peer: PostIndex, log: PostIndex, size: u64) {
        if let Ok(Some(kept)) = self.parts.reader.checkpoint(self.line, log, size) {
            self.send_full(peer, kept);
        } else {
            self.show_checkpoint(peer, log);
        }
    }

    fn send_full(&mut self, peer: PostIndex, kept: StoredCheckpoint) {
        if !self.take_answer(peer) {
            return;
        }
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
        let Some(state) = self.logs.slot(log.index()) else {
            return;
        };
        if log == self.own {
            self.own_checkpoint(peer, &theirs, now);
            return;
        }
        if state.frozen || size > state.size() {
            return;
        }
        let Some(ours) = self.root_for(peer, log, size, now) else {
            return;
        };
        if ours != root {
            self.forked(theirs, ours, now);
        }
    }

    /// Makes the proof that a post signed two histories, keeps it, and tells everyone.
    fn forked(&mut self, theirs: StoredCheckpoint, ours: Hash, now: Now) {
        let log = theirs.log;
        let same = self.parts.reader.checkpoint(self.line, log, theirs.size).ok().flatten();
        let kept = same.or_else(|| self.logs.slot(log.index()).and_then(|log| log.checkpoint));
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

    pub(super) fn signed(&self, kept: &StoredCheckpoint) -> SignedCheckpoint {
        let origin = self.origins[kept.log.index()].clone();
        let checkpoint = Checkpoint { origin, size: kept.size, root: kept.root };
        SignedCheckpoint { checkpoint, signature: kept.signature }
    }

    /// A proof from a peer: kept only if it proves what it says.
    pub(super) fn evidence(&mut self, peer: PostIndex, bytes: &[u8], now: Now) {
        let known =
            |proof: &ForkProof| self.logs.slot(proof.log().index()).is_some_and(|log| log.frozen);
        match ForkProof::decode(bytes) {
            Ok(proof) if known(&proof) => {}
            Ok(proof) if proof.verify(&self.charter).is_ok() => self.keep_proof(&proof, now),
            _ => self.raise(Cause::PeerMalformed { post: peer }, now),
        }
    }

    pub(super) fn keep_proof(&mut self, proof: &ForkProof, now: Now) {
        let Ok(accused) = proof.verify(&self.charter) else {
            return;
        };
        let log = accused.post;
        let Some(state) = self.logs.slot_mut(log.index()).filter(|state| !state.frozen) else {
            return;
        };
        state.frozen = true;
        state.drop_all_staged();
        let bytes = proof.encode();
        self.batch.evidence.push((fork_name(log), bytes));
        if log == self.own {
            let (ForkProof::SameSize { a: newest, .. }
            | ForkProof::Inconsistent { newer: newest, .. }) = proof;
            let size = newest.checkpoint.size;
            self.stop_signing(size, now);
        } else {
            self.raise(Cause::PeerForked { post: log }, now);
        }
        for peer in self.other_posts().collect::<Vec<_>>() {
            self.send_evidence(peer);
        }
    }

    /// Shows a peer the proofs that it was not shown on this connection.
    fn send_evidence(&mut self, peer: PostIndex) {
        let state = &self.peers[peer.index()];
        let frozen = self.logs.iter().filter(|log| log.frozen && log.post != peer);
        let new: Vec<PostIndex> =
            frozen.map(|log| log.post).filter(|log| !state.evidence_sent.contains(log)).collect();
        if new.is_empty() || !state.connected() {
            return;
        }
        let pending = self.in_flight.iter().flat_map(|flight| &flight.batch.evidence);
        let mut held: Vec<(String, Vec<u8>)> =
            self.batch.evidence.iter().chain(pending).cloned().collect();
        held.extend(self.parts.reader.evidence(self.line).unwrap_or_default());
        for log in new {
            let name = fork_name(log);
            let Some((_, bytes)) = held.iter().find(|(of, _)| *of == name) else {
                continue;
            };
            if self.send_items(peer, &[Item::Evidence(bytes.clone())]) {
                self.peers[peer.index()].evidence_sent.insert(log);
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
        self.line.leaf_hash_of(self.log, index)
    }
}

impl Line {
    pub(super) fn leaf_hash_of(&self, log: PostIndex, index: u64) -> Option<Hash> {
        let found = self.parts.reader.leaf_hashes(self.line, log, index, 1).ok()?;
        if let Some(hash) = found.first() {
            return Some(*hash);
        }
        self.stored(EntryId { log, index }).map(|entry| entry.leaf_hash)
    }
}

/// The name under which the proof against a post is kept.
fn fork_name(log: PostIndex) -> String {
    format!("{FORK_PREFIX}{log}")
}

/// Tells whether an entry is one that a receipt is owed for.
pub(super) fn wants_receipt(entry: &Entry) -> bool {
    matches!(entry, Entry::Message(_) | Entry::Keys(_) | Entry::Amend(_) | Entry::Unknown(_))
}
