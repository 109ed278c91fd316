//! Verified runs of a peer's entries: each is read, checked, kept and answered.
//!
//! The run's checkpoint has been verified before this point, so every entry is certainly the
//! peer's. What an entry says may still be wrong; then it is kept as evidence, an alarm says so, a
//! signed refusal takes the place of a receipt, and nothing of ours stops.

use std::sync::Arc;

use khatt_forms::FormId;
use khatt_record::{
    commit::OpenPart,
    entry::{Ahead as AheadReceipt, Entry, MessageHeader, Receipt, Refusal, RefusalReason},
    ids::{EntryId, Hash, PostIndex},
};

use super::{
    Ahead, Effect, Event, Halt, Line,
    ahead::ahead_key,
    judge::{Judged, Judgement, Permitted, in_order},
    logs::Staged,
    outgoing::flash_key,
    people::Verdict,
    reconcile::wants_receipt,
};
use crate::{
    alarm::Cause,
    store::{Sealed, StateChange, StoredCheckpoint, StoredEntry},
    time::Now,
};

/// Whether a message is new to the people here, or was told them when it came ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    Now,
    AheadBefore,
}

/// What is kept of a message.
enum Kept {
    /// All of it, and a receipt is owed.
    Receipted(OpenPart),
    /// All of it, beside our refusal.
    Refused(OpenPart),
    /// Its entry alone, beside our refusal.
    Nothing,
    /// Its entry alone, because every party wants its text destroyed; a receipt is owed.
    Erased,
}

impl Kept {
    fn open(self) -> Option<Sealed> {
        match self {
            Self::Receipted(open) | Self::Refused(open) => Some(Sealed(open.encode())),
            Self::Nothing | Self::Erased => None,
        }
    }
}

impl Line {
    /// Takes a run of entries that a verified checkpoint covers.
    pub(super) fn accept(
        &mut self,
        peer: PostIndex,
        run: Vec<Staged>,
        checkpoint: StoredCheckpoint,
        now: Now,
    ) {
        let log = checkpoint.log;
        let mut owed = false;
        let count = run.len() as u64;
        let run = self.read_run(log, run, now);
        let (charter, threads) = (Arc::clone(&self.charter), self.threads);
        in_order(&charter, log, run, threads, |judged| owed |= self.accept_one(log, judged, now));
        let Some(state) = self.logs.slot_mut(log.index()) else {
            return;
        };
        state.checkpoint = Some(checkpoint);
        state.drop_accepted();
        self.batch.checkpoints.push(checkpoint);
        self.touched.insert(log);
        if let Some(state) = self.peers.slot_mut(peer.index()) {
            state.untold = state.untold.saturating_add(count);
            state.asked_ms = None;
        }
        if owed && self.halt.is_none() {
            self.give_receipt(log, checkpoint.size, checkpoint.root, now);
            self.peers[peer.index()].untold = 0;
        }
        self.save_meter(log, now);
        self.caught_up(log, checkpoint.size);
        self.gap_ends(log, now);
        let erased = self.epochs.erase_receiving(log, checkpoint.size);
        self.batch.state.extend(erased);
        self.absorb_ahead(log, now);
    }

    fn give_receipt(&mut self, log: PostIndex, size: u64, root: Hash, now: Now) {
        let (t_ms, seen) = (now.wall_ms, self.seen());
        self.append_own(&Entry::Receipt(Receipt { t_ms, seen, log, size, root }), None);
        self.receipted[log.index()] = size;
        self.put_number(format!("receipted/{log}"), size);
    }

    /// Takes one entry; returns whether a receipt is owed for it.
    fn accept_one(&mut self, log: PostIndex, judged: Judged, now: Now) -> bool {
        let id = EntryId { log, index: self.logs[log.index()].size() };
        let Judged { leaf, hash, open, entry, judgement } = judged;
        self.logs[log.index()].append(hash);
        let mut stored = StoredEntry { id, leaf, leaf_hash: hash, open: None };
        let Some(entry) = entry else {
            // Signed by its author and yet no entry: kept as it is, for whoever will judge.
            self.raise(Cause::PeerMalformed { post: log }, now);
            self.batch.entries.push(stored);
            return false;
        };
        self.check_claims(id, &entry, now);
        let mut owed = wants_receipt(&entry);
        match &entry {
            Entry::Message(header) => {
                let was_ahead = self.logs[log.index()].ahead.remove(&id.index).is_some();
                if was_ahead {
                    self.batch.state.push(StateChange::Delete(ahead_key(id)));
                }
                let ahead = if was_ahead { Came::AheadBefore } else { Came::Now };
                let kept = self.message(id, header, open, judgement, ahead, now);
                owed = matches!(kept, Kept::Receipted(_) | Kept::Erased);
                stored.open = kept.open();
            }
            Entry::Receipt(receipt) => self.receipt(id, receipt, now),
            Entry::Ahead(receipt) => self.ahead_receipt(id, receipt, now),
            Entry::Refusal(refusal) => self.refusal(id, refusal, now),
            Entry::Prekey(prekey) => {
                let key = prekey.key.to_vec();
                let change = self.epochs.note_prekey(log, prekey.prekey_no, key);
                self.batch.state.push(change);
            }
            Entry::Open(open) if id.index != 0 || open.line != self.line => {
                self.raise(Cause::PeerOtherLine { post: log }, now);
            }
            Entry::Open(_)
            | Entry::Epoch(_)
            | Entry::Keys(_)
            | Entry::Amend(_)
            | Entry::Unknown(_) => {}
        }
        self.batch.entries.push(stored);
        self.erase_if_agreed(id);
        owed
    }

    /// What an entry claims of time and of our own log.
    fn check_claims(&mut self, id: EntryId, entry: &Entry, now: Now) {
        let state = &mut self.logs[id.log.index()];
        let backwards = !entry.seen().covers(&state.seen);
        state.seen = entry.seen().clone();
        state.newest_ms = entry.t_ms();
        if backwards {
            self.raise(Cause::PeerMalformed { post: id.log }, now);
        }
        let held = entry.seen().of(self.own).map_or(0, |held| held.prefix);
        let ours = self.logs[self.own.index()].size();
        if held > ours {
            self.contradicted(id.log, held, now);
        } else if let Some(peer) = self.peers.slot_mut(id.log.index()) {
            peer.confirmed = peer.confirmed.max(held);
            peer.cursor = peer.cursor.max(peer.confirmed);
        }
        self.claimed_time(id.log, entry.t_ms(), now);
    }

    /// A message, as it was judged; returns what to keep of it, and whether a receipt is owed.
    fn message(
        &mut self,
        id: EntryId,
        header: &MessageHeader,
        open: Option<OpenPart>,
        judgement: Judgement,
        came: Came,
        now: Now,
    ) -> Kept {
        if matches!(judgement, Judgement::Unopenable) && self.is_agreed(id) {
            // Its author has destroyed it, as every party wants: there is nothing to open.
            return Kept::Erased;
        }
        let (reason, cause, open) = match (judgement, open) {
            (Judgement::OverQuota, _) => {
                (RefusalReason::OVER_QUOTA, Cause::PeerFlood { post: id.log }, None)
            }
            (Judgement::Officers(Ok(permitted)), Some(open)) => {
                if came == Came::Now {
                    self.received(id, header, permitted, Ahead::No, now);
                }
                return Kept::Receipted(open);
            }
            (Judgement::Officers(Err(cause)), open) => (RefusalReason::UNAUTHORISED, cause, open),
            _ => (RefusalReason::UNOPENABLE, Cause::PeerUnopenable { post: id.log }, None),
        };
        self.refuse(id, reason, now);
        self.raise(cause, now);
        open.map_or(Kept::Nothing, Kept::Refused)
    }

    /// Tells people of a message that is certainly the peer's and properly released.
    pub(super) fn received(
        &mut self,
        id: EntryId,
        header: &MessageHeader,
        permitted: Permitted,
        ahead: Ahead,
        now: Now,
    ) {
        let event = Event::Received { entry: id, precedence: header.precedence, ahead };
        self.effects.push(Effect::Event(event));
        let post = id.log;
        match self.incoming_message(id, header, permitted, now) {
            Verdict::Fine => {}
            Verdict::FormUnknown(form) => {
                let FormId { number: form, version } = form;
                self.raise(Cause::PeerFormUnknown { post, form, version }, now);
            }
            Verdict::Malformed => self.raise(Cause::PeerMalformed { post }, now),
        }
    }

    fn refuse(&mut self, entry: EntryId, reason: RefusalReason, now: Now) {
        if self.halt.is_some() {
            return;
        }
        let (t_ms, seen) = (now.wall_ms, self.seen());
        self.append_own(&Entry::Refusal(Refusal { t_ms, seen, entry, reason }), None);
    }

    /// A receipt by a peer: of our log, it must name our root; of another's, the root we hold.
    fn receipt(&mut self, id: EntryId, receipt: &Receipt, now: Now) {
        if receipt.log == self.own && receipt.size > self.logs[self.own.index()].size() {
            self.contradicted(id.log, receipt.size, now);
            return;
        }
        // Of our own log every size that was ever sent is kept; of others' what we cannot tell
        // without work is left to the verifier.
        match self.kept_root(receipt.log, receipt.size) {
            Some(root) if root == receipt.root => {}
            None if receipt.log != self.own => return,
            _ => {
                self.raise(Cause::PeerBadReceipt { post: id.log }, now);
                if receipt.log == self.own {
                    self.ask_for_checkpoint(id.log, self.own, receipt.size);
                }
                return;
            }
        }
        if receipt.log != self.own {
            return;
        }
        let mut owed = self.people.take_receipted(id.log, receipt.size);
        // A run's receipt says nothing of what was refused by name.
        owed.retain(|of| !self.refused.contains(&(id.log, of.index)));
        for entry in owed {
            self.note_receipt(entry, id, now);
        }
        let done: Vec<u64> = self.flashes.range(..receipt.size).map(|(index, _)| *index).collect();
        let everyone = self.everyone_confirmed();
        for index in done.into_iter().filter(|index| *index < everyone) {
            self.flashes.remove(&index);
            self.batch.state.push(StateChange::Delete(flash_key(index)));
        }
    }

    fn ahead_receipt(&mut self, id: EntryId, receipt: &AheadReceipt, now: Now) {
        if receipt.entry.log != self.own {
            return;
        }
        match self.kept_root(self.own, receipt.size) {
            Some(root) if root == receipt.root => self.note_receipt(receipt.entry, id, now),
            _ => self.raise(Cause::PeerBadReceipt { post: id.log }, now),
        }
    }

    fn refusal(&mut self, id: EntryId, refusal: &Refusal, now: Now) {
        if refusal.entry.log != self.own {
            return;
        }
        if refusal.entry.index >= self.logs[self.own.index()].size() {
            self.raise(Cause::PeerMalformed { post: id.log }, now);
            return;
        }
        if self.refused.insert((id.log, refusal.entry.index)) {
            let key = format!("refused/{}/{:020}", id.log, refusal.entry.index);
            self.batch.state.push(StateChange::Put(key, Sealed(vec![])));
        }
        let event = Event::Refused { entry: refusal.entry, by: id.log, code: refusal.reason.0 };
        self.effects.push(Effect::Event(event));
        self.raise(Cause::PeerRefused { post: id.log }, now);
    }

    /// The size of our log that every peer is known to hold.
    fn everyone_confirmed(&self) -> u64 {
        self.other_posts()
            .filter_map(|post| self.peers.slot(post.index()))
            .map(|peer| peer.confirmed)
            .min()
            .unwrap_or(0)
    }

    /// Returns whether this post may sign; the reason why not goes to whoever asks for an act.
    pub(super) fn may_sign(&self) -> Result<(), Halt> {
        self.halt.map_or(Ok(()), Err)
    }
}
