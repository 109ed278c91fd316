//! What peers ask for, and how often they get it.
//!
//! A question of ten bytes may ask for megabytes, and a frame holds thousands of questions. So they
//! are gathered, answered together, and the more seldom the more often the same is asked.

use std::collections::BTreeMap;

use khatt_record::{commit::OpenPart, entry::Entry, ids::PostIndex, seal::Item};

use super::{Due, Line, Peer};
use crate::{store::StoredEntry, time::Now};

/// Checkpoints shown to, or asked of, one peer for one frame.
pub(super) const ANSWERS_PER_FRAME: u8 = 8;
/// Entries are sent again to one peer at most this often.
const SERVE_EVERY_MS: u64 = 100;
/// The same when it asks for nothing that it was not sent before.
const SERVE_AGAIN_MAX_MS: u64 = 8_000;
/// Entries of others' logs after which a request is answered as far as the next checkpoint.
const RELAY_ENTRIES: u64 = 512;
/// Entries of others' logs handed on for one request.
const RELAY_MAX: usize = 4_000;
/// Bytes of entries after which a frame is closed.
const RELAY_FILL: usize = 192 << 10;

/// What a peer asked for and was not yet answered.
#[derive(Default)]
pub(super) struct Wants {
    /// The lowest entry wanted of each log.
    from: BTreeMap<PostIndex, u64>,
    /// Whether it wants our epoch's capsule again.
    capsule: Due,
    /// What it was last sent from.
    served: BTreeMap<PostIndex, u64>,
    after_ms: u64,
    wait_ms: u64,
}

impl Wants {
    /// Forgets what was asked on an earlier connection, but not how often.
    pub(super) fn connected(&mut self) {
        self.from.clear();
        self.capsule = Due::No;
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        (!self.from.is_empty() || self.capsule == Due::Yes).then_some(self.after_ms)
    }
}

impl Line {
    /// Notes a request for entries, or answers one for a checkpoint.
    pub(super) fn want(&mut self, peer: PostIndex, log: PostIndex, from: u64, to: u64) {
        if log.index() >= self.logs.len() {
            return;
        }
        if from == to {
            // An empty range asks for the checkpoint of that size, root included.
            self.show_checkpoint_at(peer, log, to);
            return;
        }
        if let Some(state) = self.peers.slot_mut(peer.index()) {
            let wanted = state.wants.from.entry(log).or_insert(from);
            *wanted = from.min(*wanted);
        }
    }

    /// A peer could not use what we sent: it is given our capsule again.
    pub(super) fn reject(&mut self, peer: PostIndex) {
        if let Some(state) = self.peers.slot_mut(peer.index()) {
            state.wants.capsule = Due::Yes;
        }
    }

    /// Answers what a peer asked for, if it is not too soon.
    pub(super) fn serve_wants(&mut self, peer: PostIndex, now: Now) {
        let Some(state) = self.peers.slot_mut(peer.index()) else {
            return;
        };
        if !state.connected() || state.wants.next_due().is_none_or(|at| at > now.mono_ms) {
            return;
        }
        let Peer { wants, capsule_sent, cursor, confirmed, .. } = state;
        let asked = std::mem::take(&mut wants.from);
        let news =
            asked.iter().any(|(log, from)| wants.served.get(log).is_none_or(|last| last < from));
        wants.wait_ms = if news {
            SERVE_EVERY_MS
        } else {
            wants.wait_ms.saturating_mul(2).clamp(SERVE_EVERY_MS, SERVE_AGAIN_MAX_MS)
        };
        wants.after_ms = now.mono_ms + wants.wait_ms;
        if std::mem::take(&mut wants.capsule) == Due::Yes {
            *capsule_sent = None;
        }
        if let Some(from) = asked.get(&self.own) {
            *cursor = (*cursor).min(*from);
            *confirmed = (*confirmed).min(*from);
        }
        for (log, from) in &asked {
            let served = wants.served.entry(*log).or_insert(*from);
            *served = (*served).max(*from);
        }
        self.pump(peer, now);
        for (log, from) in asked {
            if log != self.own {
                self.relay(peer, log, from);
            }
        }
    }

    /// Hands on another post's entries, with their open parts, to one who lacks them.
    fn relay(&mut self, peer: PostIndex, log: PostIndex, from: u64) {
        let Some(state) = self.logs.slot(log.index()) else {
            return;
        };
        let Some(newest) = state.durable_checkpoint.filter(|kept| kept.size > from) else {
            return;
        };
        let wanted = from.saturating_add(RELAY_ENTRIES).min(newest.size);
        let found = self.parts.reader.checkpoints(self.line, log, wanted, 1);
        let end = found.ok().and_then(|found| found.first().copied());
        let end = end.filter(|end| end.size <= newest.size).unwrap_or(newest);
        let count = usize::try_from(end.size - from).unwrap_or(RELAY_MAX).min(RELAY_MAX);
        let Ok(entries) = self.parts.reader.entries(self.line, log, from, count) else {
            return;
        };
        let (mut items, mut bytes, mut next) = (Vec::new(), 0, from);
        for entry in entries {
            bytes += entry.leaf.len() + entry.open.as_ref().map_or(0, |open| open.0.len());
            // A message that we refused unread is its author's to send, not ours.
            let Some(item) = self.relayed(entry) else {
                break;
            };
            items.push(item);
            next += 1;
            if bytes > RELAY_FILL {
                if !self.send_items(peer, &items) {
                    return;
                }
                (items, bytes) = (Vec::new(), 0);
            }
        }
        if next == end.size {
            items.push(Item::Sig { log, size: end.size, signature: end.signature });
        }
        if !items.is_empty() {
            self.send_items(peer, &items);
        }
    }

    fn relayed(&self, entry: StoredEntry) -> Option<Item> {
        let (log, index, leaf) = (entry.id.log, entry.id.index, entry.leaf);
        let open = entry.open.as_ref().and_then(|open| OpenPart::decode(&open.0).ok());
        let message = matches!(Entry::decode(&leaf, self.logs.len(), log), Ok(Entry::Message(_)));
        match (open, message) {
            (Some(open), _) => Some(Item::Opened { log, index, leaf, open }),
            (None, false) => Some(Item::Leaf { log, index, leaf }),
            (None, true) => None,
        }
    }
}
