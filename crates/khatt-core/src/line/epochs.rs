//! Epochs and prekeys: which secret our frames are sealed under, and which secrets open theirs.
//!
//! An epoch is an entry of our own log. It is renewed after a day or 256 messages, but only with a
//! prekey of every peer that is not used up: without one the epoch goes on and its age is shown;
//! the line never stops for want of a key (`spec/epoch.md`).

use std::collections::BTreeMap;

use khatt_record::{
    cbor::{DecodeError, Reader, Writer},
    ids::PostIndex,
    merkle::Frontier,
    seal::{
        CAPSULE_LEN, CapsuleContext, Entropy, EpochNumber, EpochSecret, PrekeySecret, ReceiveEpoch,
        ReplayWindows, SendEpoch, seal_capsule,
    },
};

use crate::store::{Sealed, StateChange};

/// Capsules that one prekey may open; it limits what an adversary can try against one key.
pub(super) const CAPSULES_PER_PREKEY: u8 = 4;
/// Messages after which a new epoch is wanted.
pub(super) const EPOCH_MESSAGES: u32 = 256;
/// Age after which a new epoch is wanted.
pub(super) const EPOCH_AGE_MS: u64 = 24 * 3_600_000;
/// Prekeys that a post keeps published and unused.
pub(super) const PREKEY_STOCK: usize = 2;
/// Receiving epochs kept for each peer: older frames may still be on a slow route.
const RECEIVING_KEPT: usize = 8;
/// Prekeys of one peer that are remembered.
const STOCK_KEPT: usize = 16;

/// The epoch that our frames are sealed under.
pub(super) struct Sending {
    pub(super) epoch: SendEpoch,
    /// Where the epoch entry stands in our log.
    pub(super) entry: u64,
    pub(super) leaf: Vec<u8>,
    /// Our log's frontier just after the epoch entry: its last-leaf proof.
    pub(super) frontier: Frontier,
    /// Our signature at that size.
    pub(super) signature: [u8; 64],
    pub(super) capsules: BTreeMap<PostIndex, Box<[u8; CAPSULE_LEN]>>,
    pub(super) started_ms: u64,
    pub(super) messages: u32,
}

/// An epoch of a peer, and where its entry stands in the peer's log.
struct Receiving {
    epoch: ReceiveEpoch,
    /// 0 if it was not kept: then it stands below anything that comes.
    entry: u64,
}

/// A peer's published prekey and how many capsules we have sealed to it.
struct Published {
    key: Vec<u8>,
    used: u8,
}

/// All sealing state of a line at this post.
#[derive(Default)]
pub(super) struct Epochs {
    pub(super) sending: Option<Sending>,
    receiving: BTreeMap<PostIndex, BTreeMap<u32, Receiving>>,
    pub(super) prekeys: BTreeMap<u32, PrekeySecret>,
    stock: BTreeMap<PostIndex, BTreeMap<u32, Published>>,
    pub(super) windows: ReplayWindows,
    /// Per peer, the highest number of ours that a capsule of its was sealed to.
    used_by: BTreeMap<PostIndex, u32>,
}

impl Epochs {
    /// Remembers a prekey that a peer published, in its charter (number 0) or its log.
    pub(super) fn note_prekey(
        &mut self,
        post: PostIndex,
        number: u32,
        key: Vec<u8>,
    ) -> StateChange {
        let stock = self.stock.entry(post).or_default();
        stock.entry(number).or_insert(Published { key, used: 0 });
        while stock.len() > STOCK_KEPT {
            stock.pop_first();
        }
        self.stock_state(post)
    }

    /// Returns the best prekey of each recipient, or `None` if one of them has none left.
    pub(super) fn pick(&self, recipients: &[PostIndex]) -> Option<Vec<(PostIndex, u32, Vec<u8>)>> {
        recipients
            .iter()
            .map(|post| {
                let stock = self.stock.get(post)?;
                let fresh = stock.iter().rev().find(|(_, prekey)| prekey.used == 0);
                let usable =
                    || stock.iter().rev().find(|(_, prekey)| prekey.used < CAPSULES_PER_PREKEY);
                let (number, prekey) = fresh.or_else(usable)?;
                Some((*post, *number, prekey.key.clone()))
            })
            .collect()
    }

    /// Tells whether every recipient has a prekey that we have not used at all.
    pub(super) fn all_fresh(&self, recipients: &[PostIndex]) -> bool {
        recipients.iter().all(|post| {
            self.stock.get(post).is_some_and(|stock| stock.values().any(|prekey| prekey.used == 0))
        })
    }

    /// Counts one capsule sealed to a prekey. None is sealed to an older one from then on, so that
    /// its owner may erase those.
    pub(super) fn spend(&mut self, post: PostIndex, number: u32) -> StateChange {
        if let Some(stock) = self.stock.get_mut(&post) {
            stock.retain(|held, _| *held >= number);
            if let Some(prekey) = stock.get_mut(&number) {
                prekey.used = prekey.used.saturating_add(1);
            }
        }
        self.stock_state(post)
    }

    /// A peer's capsule was sealed to this prekey of ours. Seeds that no peer will use any more are
    /// erased (`spec/epoch.md §4`).
    pub(super) fn used(
        &mut self,
        by: PostIndex,
        number: u32,
        peers: impl Iterator<Item = PostIndex>,
    ) -> Vec<StateChange> {
        let before = self.used_by.get(&by).copied().unwrap_or(0);
        if number <= before {
            return Vec::new();
        }
        self.used_by.insert(by, number);
        let value = Sealed(number.to_be_bytes().to_vec());
        let mut changes = vec![StateChange::Put(format!("prekey/by/{by}"), value)];
        let by_all = peers.map(|post| self.used_by.get(&post).copied().unwrap_or(0)).min();
        let kept = self.prekeys.split_off(&by_all.unwrap_or(0));
        for (old, secret) in std::mem::replace(&mut self.prekeys, kept) {
            // The charter's own is how a post that lost everything is still heard.
            if old == 0 {
                self.prekeys.insert(old, secret);
            } else {
                changes.push(StateChange::Delete(prekey_key(old)));
            }
        }
        changes
    }

    /// A peer's log is held up to this size: what was sealed under its epochs before the newest one
    /// that stands below it has come, or comes again under a newer one.
    pub(super) fn erase_receiving(&mut self, post: PostIndex, size: u64) -> Vec<StateChange> {
        let Some(kept) = self.receiving.get_mut(&post) else {
            return Vec::new();
        };
        let newest = kept.iter().rev().find(|(_, held)| held.entry < size);
        let Some(newest) = newest.map(|(number, _)| *number) else {
            return Vec::new();
        };
        let rest = kept.split_off(&newest);
        let old = std::mem::replace(kept, rest);
        let mut changes = Vec::with_capacity(old.len());
        for (number, held) in old {
            changes.push(StateChange::Delete(receiving_key(post, number)));
            self.windows.forget(post, held.epoch.number);
        }
        changes
    }

    /// Tells whether a frame names an epoch before those that are kept: what was erased.
    pub(super) fn is_erased(&self, post: PostIndex, wire: u16) -> bool {
        let oldest = self.receiving.get(&post).and_then(|kept| kept.first_key_value());
        let number = EpochNumber::nearest(wire, self.newest(post));
        matches!((oldest, number), (Some((oldest, _)), Some(number)) if number.get() < *oldest)
    }

    /// Keeps a peer's epoch; returns what to store, and what to erase because it is too old.
    pub(super) fn keep_receiving(
        &mut self,
        post: PostIndex,
        epoch: ReceiveEpoch,
        entry: u64,
    ) -> Vec<StateChange> {
        let kept = self.receiving.entry(post).or_default();
        let number = epoch.number.get();
        if kept.contains_key(&number) {
            return Vec::new();
        }
        let secret = Sealed(epoch.secret.expose().to_vec());
        kept.insert(number, Receiving { epoch, entry });
        let mut changes = vec![StateChange::Put(receiving_key(post, number), secret)];
        while kept.len() > RECEIVING_KEPT {
            let Some((old, _)) = kept.pop_first() else {
                break;
            };
            changes.push(StateChange::Delete(receiving_key(post, old)));
            if let Some(old) = EpochNumber::new(old) {
                self.windows.forget(post, old);
            }
        }
        changes
    }

    /// Returns the highest epoch number known of a peer, 0 if none.
    pub(super) fn newest(&self, post: PostIndex) -> u32 {
        self.receiving
            .get(&post)
            .and_then(|kept| kept.last_key_value())
            .map_or(0, |(number, _)| *number)
    }

    /// Finds the epoch that a frame's two bytes of number mean.
    pub(super) fn receiving(&self, post: PostIndex, wire: u16) -> Option<&ReceiveEpoch> {
        let number = EpochNumber::nearest(wire, self.newest(post))?;
        Some(&self.receiving.get(&post)?.get(&number.get())?.epoch)
    }

    /// Returns the stored form of our sending epoch.
    pub(super) fn sending_state(&self) -> Option<StateChange> {
        let sending = self.sending.as_ref()?;
        let mut out = Writer::new();
        out.array(7)
            .uint(u64::from(sending.epoch.number().get()))
            .bytes(sending.epoch.secret().expose())
            .uint(sending.entry)
            .bytes(&sending.frontier.encode())
            .bytes(&sending.signature)
            .uint(sending.started_ms)
            .uint(u64::from(sending.messages));
        Some(StateChange::Put("epoch/send".to_owned(), Sealed(out.finish())))
    }

    /// Takes up the stored sending epoch again, under a fresh tag; `leaf` is its entry.
    pub(super) fn resume(
        &mut self,
        state: &[u8],
        leaf: impl FnOnce(u64) -> Option<(Vec<u8>, BTreeMap<PostIndex, Box<[u8; CAPSULE_LEN]>>)>,
        entropy: &mut dyn Entropy,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader::new(state);
        reader.array_of(7)?;
        let number = reader.u32()?;
        let secret = EpochSecret::from_bytes(reader.fixed()?);
        let entry = reader.uint()?;
        let frontier = Frontier::decode(reader.bytes(8192)?)?;
        let signature = reader.fixed()?;
        let started_ms = reader.uint()?;
        let messages = reader.u32()?;
        reader.finish()?;
        if let (Some(number), Some((leaf, capsules))) = (EpochNumber::new(number), leaf(entry)) {
            let epoch = SendEpoch::resume(secret, number, entropy);
            self.sending = Some(Sending {
                epoch,
                entry,
                leaf,
                frontier,
                signature,
                capsules,
                started_ms,
                messages,
            });
        }
        Ok(())
    }

    /// Takes up a stored receiving epoch, prekey or stock again. Unknown keys are left alone.
    pub(super) fn restore(&mut self, key: &str, value: &[u8]) -> Result<(), DecodeError> {
        let mut parts = key.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("epoch"), Some("receive"), Some(post), Some(number)) => {
                let mut secret = [0; 32];
                if let (Ok(post), Ok(number), true) =
                    (post.parse(), number.parse(), value.len() == secret.len())
                    && let Some(number) = EpochNumber::new(number)
                {
                    secret.copy_from_slice(value);
                    let secret = EpochSecret::from_bytes(secret);
                    let _ =
                        self.keep_receiving(PostIndex(post), ReceiveEpoch { secret, number }, 0);
                }
            }
            (Some("prekey"), Some("own"), Some(number), None) => {
                if let (Ok(number), Ok(seed)) = (number.parse(), <[u8; 32]>::try_from(value)) {
                    self.prekeys.insert(number, PrekeySecret::from_seed(seed));
                }
            }
            (Some("prekey"), Some("by"), Some(post), None) => {
                if let (Ok(post), Ok(number)) = (post.parse(), <[u8; 4]>::try_from(value)) {
                    self.used_by.insert(PostIndex(post), u32::from_be_bytes(number));
                }
            }
            (Some("prekey"), Some("peer"), Some(post), None) => {
                if let Ok(post) = post.parse() {
                    self.stock.insert(PostIndex(post), decode_stock(value)?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn stock_state(&self, post: PostIndex) -> StateChange {
        let mut out = Writer::new();
        let empty = BTreeMap::new();
        let stock = self.stock.get(&post).unwrap_or(&empty);
        out.array(stock.len());
        for (number, prekey) in stock {
            out.array(3).uint(u64::from(*number)).uint(u64::from(prekey.used)).bytes(&prekey.key);
        }
        StateChange::Put(format!("prekey/peer/{post}"), Sealed(out.finish()))
    }
}

fn decode_stock(value: &[u8]) -> Result<BTreeMap<u32, Published>, DecodeError> {
    let mut reader = Reader::new(value);
    let count = reader.array(STOCK_KEPT + 1)?;
    let mut stock = BTreeMap::new();
    for _ in 0..count {
        reader.array_of(3)?;
        let number = reader.u32()?;
        let used = u8::try_from(reader.uint_max(255)?).unwrap_or(u8::MAX);
        stock.insert(number, Published { key: reader.bytes(2048)?.to_vec(), used });
    }
    reader.finish()?;
    Ok(stock)
}

/// The state key of a peer's epoch; zero-padded so that keys sort by number.
pub(super) fn receiving_key(post: PostIndex, number: u32) -> String {
    format!("epoch/receive/{post}/{number:010}")
}

/// The state key of one of our own prekeys.
pub(super) fn prekey_key(number: u32) -> String {
    format!("prekey/own/{number:010}")
}

/// A recipient, the number of its prekey, and the secret sealed to it.
type Capsule = (PostIndex, u32, Box<[u8; CAPSULE_LEN]>);

/// Seals an epoch's secret to every recipient.
///
/// Recipients whose prekey is not a valid key get none and are reported: theirs is the fault.
pub(super) fn seal_capsules(
    epoch: &SendEpoch,
    place: impl Fn(PostIndex, u32) -> CapsuleContext,
    picked: &[(PostIndex, u32, Vec<u8>)],
    entropy: &mut dyn Entropy,
) -> (Vec<Capsule>, Vec<PostIndex>) {
    let mut sealed = Vec::new();
    let mut faulty = Vec::new();
    for (post, number, key) in picked {
        let place = place(*post, *number);
        match seal_capsule(epoch.secret(), &place, key, entropy) {
            Ok(capsule) => sealed.push((*post, *number, Box::new(capsule))),
            Err(_) => faulty.push(*post),
        }
    }
    (sealed, faulty)
}
