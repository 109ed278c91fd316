//! What others say of our own log: where it shows that this post was rolled back, it signs no more.
//!
//! Only our own signature proves it. A peer that merely says so is asked for that signature; if it
//! has none, its word is an alarm and changes nothing.

use khatt_record::ids::{Hash, PostIndex};

use super::{Due, Halt, Line};
use crate::{
    alarm::Cause,
    store::{Sealed, StateChange, StoredCheckpoint},
    time::Now,
};

/// How long a peer has to show the signature for what it says of our log.
const PROVE_WITHIN_MS: u64 = 2_000;

impl Line {
    /// A peer says of our log what ours does not say: more entries, or another root.
    pub(super) fn contradicted(&mut self, peer: PostIndex, size: u64, now: Now) {
        let Some(state) = self.peers.slot_mut(peer.index()) else {
            return;
        };
        let since = *state.contradicts_ms.get_or_insert(now.mono_ms);
        if now.mono_ms >= since + PROVE_WITHIN_MS && self.halt.is_none() {
            // It had its time. What it says without proof holds back nothing of ours.
            state.heard = Due::Yes;
            self.raise(Cause::PeerBadReceipt { post: peer }, now);
        }
        self.ask_for_checkpoint(peer, self.own, size);
    }

    /// A peer's word on our log agrees with it.
    pub(super) fn agreed(&mut self, peer: PostIndex) {
        if let Some(state) = self.peers.slot_mut(peer.index()) {
            state.contradicts_ms = None;
            state.heard = Due::Yes;
        }
    }

    /// A checkpoint with our own valid signature: if our log does not lead to it, we were rolled back.
    pub(super) fn own_checkpoint(&mut self, peer: PostIndex, theirs: &StoredCheckpoint, now: Now) {
        let beyond = theirs.size > self.logs[self.own.index()].size();
        let differs =
            || self.root_at(self.own, theirs.size).is_some_and(|root| root != theirs.root);
        if beyond || differs() {
            self.clear(Cause::PeerBadReceipt { post: peer }, now);
            self.stop_signing(theirs.size, now);
        }
    }

    /// Signs nothing more on this log, now and after every restart.
    pub(super) fn stop_signing(&mut self, size: u64, now: Now) {
        if self.halt.is_some() {
            return;
        }
        self.halt = Some(Halt::RolledBack { size });
        let value = Sealed(size.to_be_bytes().to_vec());
        self.batch.state.push(StateChange::Put(HALT_KEY.to_owned(), value));
        self.raise(Cause::LocalRolledBack, now);
    }

    /// Returns the root of a log at a size if it takes no work: at a recent size, or one that was signed.
    pub(super) fn kept_root(&self, log: PostIndex, size: u64) -> Option<Hash> {
        let state = self.logs.slot(log.index())?;
        if size == 0 {
            return Some(khatt_record::merkle::empty_root());
        }
        if size > state.size() {
            return None;
        }
        if let Some(root) = state.recent_root(size) {
            return Some(root);
        }
        let kept = self.parts.reader.checkpoint(self.line, log, size).ok().flatten()?;
        Some(kept.root)
    }

    /// Returns the root of a log at a size for a peer's question; what takes work, once a second.
    pub(super) fn root_for(
        &mut self,
        peer: PostIndex,
        log: PostIndex,
        size: u64,
        now: Now,
    ) -> Option<Hash> {
        if let Some(root) = self.kept_root(log, size) {
            return Some(root);
        }
        let state = self.peers.slot_mut(peer.index())?;
        if now.mono_ms < state.worked_ms {
            return None;
        }
        state.worked_ms = now.mono_ms + 1_000;
        self.root_at(log, size)
    }
}

/// The state key of a halt.
pub(super) const HALT_KEY: &str = "halt/own";
