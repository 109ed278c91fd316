//! The keys in force: a charter and the key orders after it (`spec/key-order.md §4` to `§6`).
//!
//! Whoever judges an entry takes the charter that its author goes by and applies the orders that
//! stand before the entry in its log or in its `seen`. This file answers who signs for what;
//! `chain` decides which orders are in force, `change` what each of them does, and `amend` how the
//! next charter takes its place. Which orders an entry has seen is left to the verifier and engine.

mod amend;
mod chain;
mod change;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::charter::{Officer, Recovery, SignedCharter};
use crate::checkpoint::Origin;
use crate::ids::{Hash, LineId, OfficerIndex, PartyIndex, PostIndex};
use crate::key_order::{KeyOrder, KeyOrderFork, SignedKeyOrder};
use crate::keys::PublicKey;

pub use change::PREKEYS_PER_GENERATION;

/// Who may sign for a line, by a charter and the key orders in force.
#[derive(Clone, Debug)]
pub struct KeysInForce {
    /// The charter by which the generations began.
    founding: Arc<SignedCharter>,
    charter: Arc<SignedCharter>,
    chains: Vec<Chain>,
    posts: Vec<PostKeys>,
    /// Officers whose rows orders wrote; the charter has the others.
    officers: BTreeMap<OfficerIndex, OfficerRow>,
}

/// One party's orders in force.
#[derive(Clone, Debug)]
struct Chain {
    root_key: [u8; 32],
    recovery: Recovery,
    orders: Vec<Link>,
    /// The number of which two orders are known, if that stops the chain.
    forked: Option<u32>,
}

/// An order in force.
#[derive(Clone, Debug)]
struct Link {
    signed: Arc<SignedKeyOrder>,
    /// Whether the recovery quorum signed it.
    quorum: bool,
}

#[derive(Clone, Debug)]
struct OfficerRow {
    officer: Officer,
    keys: Vec<PublicKey>,
}

#[derive(Clone, Debug)]
struct PostKeys {
    /// All there were, the last in force.
    generations: Vec<Generation>,
    next_log_digest: Hash,
    tls_key: [u8; 32],
    addresses: Vec<String>,
    prekey: (u32, Vec<u8>),
    pq_key: Vec<u8>,
    cut_off: bool,
}

/// A post's log key, and the origin under which it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// How often the post has begun anew: 0 at first.
    pub number: u32,
    /// The origin of its checkpoints.
    pub origin: Origin,
    /// The key that signs them.
    pub log_key: PublicKey,
    /// The ML-DSA-44 key of its cosignatures; empty if it makes none.
    pub pq_key: Vec<u8>,
}

/// What became of a key order that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// It is in force now.
    InForce,
    /// It was in force before.
    Already,
    /// The recovery quorum signed it: it is in force now, and these are no longer.
    Displaced(Vec<Arc<SignedKeyOrder>>),
    /// The quorum signed another order of this number: this one, by the root key alone, counts for
    /// nothing.
    Outranked,
    /// The party signed another order of this number, which stays in force: proof against it.
    Forked(Box<KeyOrderFork>),
}

impl KeysInForce {
    /// Takes the keys of a charter, with no order after it.
    ///
    /// Orders can follow a line's first charter only; an amendment takes its place by
    /// [`Self::amended`].
    #[must_use]
    pub fn new(charter: impl Into<Arc<SignedCharter>>) -> Self {
        let charter = charter.into();
        let chain = |party: &crate::charter::Party| Chain {
            root_key: party.root_key,
            recovery: party.recovery.clone(),
            orders: Vec::new(),
            forked: None,
        };
        let chains = charter.charter().parties.iter().map(chain).collect();
        let mut keys = Self {
            founding: Arc::clone(&charter),
            charter,
            chains,
            posts: Vec::new(),
            officers: BTreeMap::new(),
        };
        keys.rebuild();
        keys
    }

    /// Returns the charter.
    #[must_use]
    pub const fn charter(&self) -> &Arc<SignedCharter> {
        &self.charter
    }

    /// Returns the line's id.
    #[must_use]
    pub fn line_id(&self) -> LineId {
        self.charter.line_id()
    }

    /// Returns an officer as the charter or the newest order has it.
    #[must_use]
    pub fn officer(&self, officer: OfficerIndex) -> Option<&Officer> {
        self.officers
            .get(&officer)
            .map(|row| &row.officer)
            .or_else(|| self.charter.officer(officer))
    }

    /// Goes through all officers by number, those without a role included.
    pub fn officers(&self) -> impl Iterator<Item = (OfficerIndex, &Officer)> {
        let written = self.charter.charter().officers.len();
        let in_charter = (0..=u16::MAX).take(written).map(OfficerIndex);
        let added = self.officers.keys().copied().filter(move |one| one.index() >= written);
        in_charter.chain(added).filter_map(|one| Some((one, self.officer(one)?)))
    }

    /// Returns a key of an officer, by its place among the officer's keys now.
    #[must_use]
    pub fn officer_key(&self, officer: OfficerIndex, key: u8) -> Option<&PublicKey> {
        match self.officers.get(&officer) {
            Some(row) => row.keys.get(usize::from(key)),
            None => self.charter.officer_key(officer, key),
        }
    }

    /// Returns the generations that a post has had, the last of them in force.
    #[must_use]
    pub fn generations(&self, post: PostIndex) -> &[Generation] {
        self.posts.get(post.index()).map_or(&[], |post| &post.generations)
    }

    /// Returns the number of a post's present generation.
    #[must_use]
    pub fn generation(&self, post: PostIndex) -> Option<u32> {
        Some(self.generations(post).last()?.number)
    }

    /// Returns the key that signs a post's checkpoints.
    #[must_use]
    pub fn log_key(&self, post: PostIndex) -> Option<&PublicKey> {
        Some(&self.generations(post).last()?.log_key)
    }

    /// Returns the origin of a post's log in its present generation.
    #[must_use]
    pub fn origin(&self, post: PostIndex) -> Option<&Origin> {
        Some(&self.generations(post).last()?.origin)
    }

    /// Returns the digest of the log key that a post will use next.
    #[must_use]
    pub fn next_log_digest(&self, post: PostIndex) -> Option<Hash> {
        Some(self.posts.get(post.index())?.next_log_digest)
    }

    /// Returns the key of a post's connections.
    #[must_use]
    pub fn connection_key(&self, post: PostIndex) -> Option<&[u8; 32]> {
        Some(&self.posts.get(post.index())?.tls_key)
    }

    /// Returns where a post can be reached, in order of preference.
    #[must_use]
    pub fn addresses(&self, post: PostIndex) -> &[String] {
        self.posts.get(post.index()).map_or(&[], |post| &post.addresses)
    }

    /// Returns the prekey with which a post's present generation began, and its number.
    #[must_use]
    pub fn prekey(&self, post: PostIndex) -> Option<(u32, &[u8])> {
        let (number, key) = &self.posts.get(post.index())?.prekey;
        Some((*number, key))
    }

    /// Returns the ML-DSA-44 key of a post's cosignatures, if it has one.
    #[must_use]
    pub fn pq_key(&self, post: PostIndex) -> Option<&[u8]> {
        let key = self.posts.get(post.index())?.pq_key.as_slice();
        (!key.is_empty()).then_some(key)
    }

    /// Tells whether a post was cut off and has no new generation yet.
    #[must_use]
    pub fn is_cut_off(&self, post: PostIndex) -> bool {
        self.posts.get(post.index()).is_some_and(|post| post.cut_off)
    }

    /// Returns a party's root key.
    #[must_use]
    pub fn root_key(&self, party: PartyIndex) -> Option<&[u8; 32]> {
        Some(&self.chains.get(party.index())?.root_key)
    }

    /// Returns who recovers a party.
    #[must_use]
    pub fn recovery(&self, party: PartyIndex) -> Option<&Recovery> {
        Some(&self.chains.get(party.index())?.recovery)
    }

    /// Returns a party's orders in force, from number 1.
    pub fn orders(&self, party: PartyIndex) -> impl Iterator<Item = &Arc<SignedKeyOrder>> {
        let chain = self.chains.get(party.index());
        chain.into_iter().flat_map(|chain| chain.orders.iter().map(|link| &link.signed))
    }

    /// Returns the number of which two orders of a party are known, if nothing after it is taken.
    #[must_use]
    pub fn forked(&self, party: PartyIndex) -> Option<u32> {
        self.chains.get(party.index())?.forked
    }

    /// Returns a party's next order with a change, unsigned; `None` if there is no such party.
    #[must_use]
    pub fn next_order(
        &self,
        party: PartyIndex,
        t_ms: u64,
        change: crate::key_order::KeyChange,
    ) -> Option<KeyOrder> {
        let last = self.chains.get(party.index())?.orders.last();
        let previous = last.map_or(Hash(self.line_id().0), |link| link.signed.hash());
        let number = last.map_or(0, |link| link.signed.order().number).saturating_add(1);
        Some(KeyOrder { line: self.line_id(), party, number, previous, t_ms, change })
    }

    /// Returns the number of the officer that a party's next order would add.
    #[must_use]
    pub fn next_officer(&self, party: PartyIndex) -> OfficerIndex {
        let first = crate::key_order::added_officer(party, 0);
        let end = crate::key_order::added_officer(party, crate::key_order::ADDED_MAX);
        let added = self.officers.range(first..end).count();
        let nth = u16::try_from(added).unwrap_or(crate::key_order::ADDED_MAX);
        crate::key_order::added_officer(party, nth)
    }
}

#[cfg(test)]
mod tests;
