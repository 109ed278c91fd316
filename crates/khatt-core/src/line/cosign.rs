//! Post-quantum cosignatures: making sparse ones, and keeping what peers make (`spec/cosignature.md`).
//!
//! They are evidence for later and never stop a line: what is missing is an age that the status
//! shows, what is wrong is an alarm. A peer says with its heads what it holds of ours, and is sent
//! what it lacks.

use std::collections::BTreeMap;

use khatt_record::{
    PqSignature,
    cosign::{Cosignature, Cosigned, CosignerName},
    ids::PostIndex,
    seal::Item,
};

use super::{Effect, Line};
use crate::{
    alarm::Cause,
    store::{ReadError, Sealed, StateChange},
    time::Now,
};

/// Entries after which a log is cosigned again.
pub const COSIGN_ENTRIES: u64 = 256;
/// Seconds after which a log that has grown is cosigned again.
pub const COSIGN_EVERY_S: u64 = 86_400;
/// A peer's cosignatures are kept at half these distances, so that two clocks may differ.
const TOLERANCE: u64 = 2;
/// How often it is looked whether a day has passed.
const LOOK_EVERY_MS: u64 = 3_600_000;
/// What was sent less long ago than this is not sent again.
const RESEND_AFTER_MS: u64 = 60_000;
/// Begins the keys under which cosignatures are kept for good: log, cosigner, size.
///
/// They are settled: a store counts them at a start and opens them when they are read.
const KEPT: &str = "done/cosign/";
/// Begins the keys of the newest one for each log and cosigner.
pub(super) const NEWEST: &str = "cosign/";

/// The newest cosignature of one post over one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CosignedView {
    /// The log.
    pub log: PostIndex,
    /// Who cosigned it.
    pub by: PostIndex,
    /// At which size.
    pub size: u64,
    /// When, in seconds since 1970 UTC as the cosigner claims, or 0 if it says nothing of the time.
    pub time_s: u64,
    /// When it was kept here, in milliseconds since 1970 UTC.
    pub kept_ms: u64,
}

/// What is known of cosignatures.
#[derive(Default)]
pub(super) struct Cosignatures {
    /// By log and cosigner.
    newest: BTreeMap<(PostIndex, PostIndex), CosignedView>,
    /// By log and peer: which size of ours was sent it, and when.
    sent: BTreeMap<(PostIndex, PostIndex), (u64, u64)>,
    looked_ms: u64,
}

impl Cosignatures {
    /// Takes a row of the working state, or tells that it is none.
    pub(super) fn restore(&mut self, key: &str, value: &[u8]) -> Option<()> {
        let (log, by) = key.strip_prefix(NEWEST)?.split_once('/')?;
        let (log, by) = (PostIndex(log.parse().ok()?), PostIndex(by.parse().ok()?));
        let (size, rest) = value.split_first_chunk::<8>()?;
        let (time_s, kept_ms) = rest.split_first_chunk::<8>()?;
        let view = CosignedView {
            log,
            by,
            size: u64::from_be_bytes(*size),
            time_s: u64::from_be_bytes(*time_s),
            kept_ms: u64::from_be_bytes(kept_ms.try_into().ok()?),
        };
        self.newest.insert((log, by), view);
        Some(())
    }
}

impl Line {
    /// Cosigns every log that is due at its newest durable checkpoint.
    pub(super) fn cosign(&mut self, now: Now) {
        if self.parts.pq_signer.is_none() || self.halt.is_some() || self.disk_is_full() {
            return;
        }
        self.cosignatures.looked_ms = now.mono_ms;
        for log in (0..=u8::MAX).take(self.logs.len()).map(PostIndex) {
            if self.cosign_due(log, now) {
                self.cosign_one(log, now);
            }
        }
    }

    fn cosign_due(&self, log: PostIndex, now: Now) -> bool {
        let state = &self.logs[log.index()];
        let Some(kept) = state.durable_checkpoint.filter(|_| !state.frozen) else {
            return false;
        };
        let Some(newest) = self.cosignatures.newest.get(&(log, self.own)) else {
            return true;
        };
        // A clock that was set back by a day is no reason to wait for longer.
        let age_s = (now.wall_ms / 1000).abs_diff(newest.time_s);
        kept.size >= newest.size.saturating_add(COSIGN_ENTRIES)
            || (kept.size > newest.size && age_s >= COSIGN_EVERY_S)
    }

    fn cosign_one(&mut self, log: PostIndex, now: Now) {
        let Some(kept) = self.logs[log.index()].durable_checkpoint else {
            return;
        };
        let Some(generation) = self.charter.post(self.own).map(|post| post.generation) else {
            return;
        };
        let cosigned = Cosigned {
            cosigner: CosignerName::of(self.line, self.kind, self.own, generation),
            time_s: now.wall_ms / 1000,
            origin: self.origins[log.index()].clone(),
            size: kept.size,
            root: kept.root,
        };
        let signer = self.parts.pq_signer.as_deref();
        if let Some(signature) = signer.and_then(|signer| cosigned.sign(signer)) {
            let (post, size, time_s) = (self.own, kept.size, cosigned.time_s);
            let one = Cosignature { post, generation, log, size, time_s, signature };
            self.keep_cosignature(&one, now);
            self.effects.push(Effect::Cosigned { log });
        }
    }

    fn keep_cosignature(&mut self, one: &Cosignature, now: Now) {
        let (log, by) = (one.log, one.post);
        let view =
            CosignedView { log, by, size: one.size, time_s: one.time_s, kept_ms: now.wall_ms };
        self.cosignatures.newest.insert((log, by), view);
        let mut newest = one.size.to_be_bytes().to_vec();
        newest.extend_from_slice(&one.time_s.to_be_bytes());
        newest.extend_from_slice(&now.wall_ms.to_be_bytes());
        let mut value = one.generation.to_be_bytes().to_vec();
        value.extend_from_slice(&one.time_s.to_be_bytes());
        value.extend_from_slice(one.signature.as_bytes());
        self.batch.state.extend([
            StateChange::Put(kept_key(log, by, one.size), Sealed(value)),
            StateChange::Put(format!("{NEWEST}{log}/{by}"), Sealed(newest)),
        ]);
    }

    /// Sends every connected peer our newest cosignature of a log, now that it is durable.
    pub(super) fn tell_cosigned(&mut self, log: PostIndex, now: Now) {
        for peer in self.other_posts().collect::<Vec<_>>() {
            if self.peers[peer.index()].connected() {
                self.send_cosignature(peer, log, now);
            }
        }
    }

    /// Returns what is said of a peer's cosignatures along with our heads; nothing to one without.
    pub(super) fn cosigned_item(&self, peer: PostIndex) -> Option<Item> {
        let post = self.charter.post(peer)?;
        if post.pq_key.is_empty() {
            return None;
        }
        let held = |log: PostIndex| {
            let view = self.cosignatures.newest.get(&(log, peer));
            (log, view.map_or(0, |view| view.size))
        };
        Some(Item::Cosigned((0..=u8::MAX).take(self.logs.len()).map(PostIndex).map(held).collect()))
    }

    /// A peer says which of our cosignatures it holds: it is sent the newest that it lacks.
    pub(super) fn cosigned_of_ours(
        &mut self,
        peer: PostIndex,
        sizes: &[(PostIndex, u64)],
        now: Now,
    ) {
        for (log, size) in sizes {
            let newest = self.cosignatures.newest.get(&(*log, self.own));
            if newest.is_some_and(|newest| newest.size > *size) {
                self.send_cosignature(peer, *log, now);
            }
        }
    }

    fn send_cosignature(&mut self, peer: PostIndex, log: PostIndex, now: Now) {
        let Some(newest) = self.cosignatures.newest.get(&(log, self.own)).copied() else {
            return;
        };
        let again = self.cosignatures.sent.get(&(log, peer)).is_some_and(|(size, at)| {
            *size == newest.size && now.mono_ms < at.saturating_add(RESEND_AFTER_MS)
        });
        if again {
            return;
        }
        // Read back, so that only what is durable is ever sent.
        let key = kept_key(log, self.own, newest.size);
        let Ok(rows) = self.parts.reader.state(self.line, &key) else {
            return;
        };
        let own = self.own;
        let one = rows.first().and_then(|(key, value)| cosignature_of(key, &value.0));
        if let Some(one) = one.filter(|one| one.post == own)
            && self.send_items(peer, &[Item::Cosignature(one)])
        {
            self.cosignatures.sent.insert((log, peer), (newest.size, now.mono_ms));
        }
    }

    /// A cosignature from a peer: kept if it holds and does not come too often.
    pub(super) fn cosignature(&mut self, peer: PostIndex, one: &Cosignature, now: Now) {
        let (log, size) = (one.log, one.size);
        let Some(state) = self.logs.slot(log.index()).filter(|state| !state.frozen) else {
            return;
        };
        // What we cannot check yet, the peer sends again when it hears what we hold.
        if size > state.durable {
            return;
        }
        if let Some(held) = self.cosignatures.newest.get(&(log, peer)) {
            // By the cosigner's own times, since one that was away comes with old ones; not beyond
            // tomorrow, so that claims alone cannot fill the disk.
            let tomorrow_s = (now.wall_ms / 1000).saturating_add(COSIGN_EVERY_S);
            let later_s = one.time_s.min(tomorrow_s).saturating_sub(held.time_s);
            let late = later_s >= COSIGN_EVERY_S / TOLERANCE;
            let far = size >= held.size.saturating_add(COSIGN_ENTRIES / TOLERANCE);
            if size <= held.size || !(late || far) {
                return;
            }
        }
        if !self.take_answer(peer) {
            return;
        }
        let Some(root) = self.root_for(peer, log, size, now) else {
            return;
        };
        if size > 0 && one.verify(&self.charter, root).is_ok() {
            self.keep_cosignature(one, now);
            return;
        }
        self.raise(Cause::PeerBadCosignature { post: peer }, now);
        // It may have been made over another history: then its checkpoint proves the fork.
        self.ask_for_checkpoint(peer, log, size);
    }

    /// When it is next to be looked whether a log is due by its age.
    pub(super) fn cosign_next_due(&self) -> Option<u64> {
        self.parts.pq_signer.as_ref()?;
        let behind = self.logs.iter().any(|log| {
            let signed = self.cosignatures.newest.get(&(log.post, self.own));
            let signed = signed.map_or(0, |newest| newest.size);
            !log.frozen && log.durable_checkpoint.is_some_and(|kept| kept.size > signed)
        });
        let idle = self.halt.is_none() && self.in_flight.is_none();
        (behind && idle).then(|| self.cosignatures.looked_ms.saturating_add(LOOK_EVERY_MS))
    }

    /// Looks once an hour whether a day has passed.
    pub(super) fn cosign_by_age(&mut self, now: Now) {
        if now.mono_ms >= self.cosignatures.looked_ms.saturating_add(LOOK_EVERY_MS) {
            self.cosign(now);
        }
    }

    /// Returns the newest cosignature of each post over each log, by log and cosigner.
    #[must_use]
    pub fn cosigned_views(&self) -> Vec<CosignedView> {
        self.cosignatures.newest.values().copied().collect()
    }
}

/// Reads all cosignatures that a store holds over one log, by cosigner and size.
///
/// # Errors
///
/// [`ReadError`] if the store cannot be read; what is no cosignature counts as damaged.
pub fn stored_cosignatures(
    reader: &dyn crate::store::Reader,
    line: khatt_record::LineId,
    log: PostIndex,
) -> Result<Vec<Cosignature>, ReadError> {
    let rows = reader.state(line, &format!("{KEPT}{log}/"))?;
    let read = |(key, value): &(String, Sealed)| {
        cosignature_of(key, &value.0)
            .ok_or_else(|| ReadError::LocalDamaged { what: format!("state {key}") })
    };
    rows.iter().map(read).collect()
}

fn kept_key(log: PostIndex, by: PostIndex, size: u64) -> String {
    format!("{KEPT}{log}/{by}/{size:020}")
}

fn cosignature_of(key: &str, value: &[u8]) -> Option<Cosignature> {
    let mut parts = key.strip_prefix(KEPT)?.splitn(3, '/');
    let log = PostIndex(parts.next()?.parse().ok()?);
    let post = PostIndex(parts.next()?.parse().ok()?);
    let size = parts.next()?.parse().ok()?;
    let (generation, rest) = value.split_first_chunk::<4>()?;
    let (time_s, signature) = rest.split_first_chunk::<8>()?;
    Some(Cosignature {
        post,
        generation: u32::from_be_bytes(*generation),
        log,
        size,
        time_s: u64::from_be_bytes(*time_s),
        signature: PqSignature::from_slice(signature)?,
    })
}
