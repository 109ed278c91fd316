//! Key orders: a party's word on its own keys, which needs nobody else's consent (`spec/key-order.md`).
//!
//! A party's orders are a chain by number and hash. This file has the values, `codec` their bytes,
//! `signed` the file with its signatures, and `fork` the proof that a party signed two orders of one
//! number. Which orders are in force, and what follows from them, is in [`crate::keys_in_force`].

mod codec;
mod fork;
mod signed;

use thiserror::Error;

use crate::cbor::DecodeError;
use crate::charter::{OfficerKey, Recovery, Roles, hash_bytes};
use crate::ids::{Hash, LineId, OfficerIndex, PartyIndex, PostIndex};

pub use fork::{KeyOrderFork, KeyOrderForkError};
pub(crate) use signed::Authority;
pub use signed::{KeySigner, SignedKeyOrder, signature_message};

/// The greatest length of a key order's file in bytes.
pub const KEY_ORDER_MAX: usize = 16 * 1024;
/// The greatest number of an order: a party gives no more in the life of a line.
pub const ORDERS_MAX: u32 = 4_096;
/// Officers that a party's orders add have numbers from `ADDED_BASE · (party + 1)` upward.
pub const ADDED_BASE: u16 = 1_024;
/// How many officers a party's orders may add.
pub const ADDED_MAX: u16 = 256;

/// What a party orders about one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOrder {
    /// The line.
    pub line: LineId,
    /// Whose keys they are.
    pub party: PartyIndex,
    /// Its place among the party's orders, from 1 without a gap.
    pub number: u32,
    /// SHA-256 of the body of the order before; of the first, the line's id.
    pub previous: Hash,
    /// The party's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What changes.
    pub change: KeyChange,
}

/// What a key order changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// 1: an officer's title, roles and keys, all anew. Keys that are left out count for nothing.
    Officer(OfficerChange),
    /// 2: a post's next generation.
    Generation(Box<NewGeneration>),
    /// 3: where and under which key a post is reached.
    Connection(NewConnection),
    /// 4: the party's root key and recovery.
    Root {
        /// The Ed25519 key that signs from now on.
        root_key: [u8; 32],
        /// Who recovers the party from now on.
        recovery: Recovery,
    },
    /// 5: nothing that this post signs from now on counts, until it has a new generation.
    CutOff {
        /// The post.
        post: PostIndex,
    },
}

/// An officer as a key order writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerChange {
    /// The officer's number: one of the charter, or the next that this party's orders add.
    pub officer: OfficerIndex,
    /// What the officer is called on the line.
    pub title: String,
    /// What the officer may do; none: one who is no longer an officer.
    pub roles: Roles,
    /// All the officer's keys.
    pub keys: Vec<OfficerKey>,
}

/// A post's next generation: the keys with which it goes on after the present ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGeneration {
    /// The post.
    pub post: PostIndex,
    /// One more than the present generation.
    pub generation: u32,
    /// The Ed25519 key that signs its checkpoints: the one whose digest was announced.
    pub log_key: [u8; 32],
    /// SHA-256 of the log key that it will use after this one.
    pub next_log_digest: Hash,
    /// The ML-DSA-44 key of its cosignatures, [`crate::charter::PQ_KEY_LEN`] bytes, or none.
    pub pq_key: Vec<u8>,
    /// The Ed25519 key of its connections.
    pub tls_key: [u8; 32],
    /// Its first X-Wing public key in this generation.
    pub prekey: Vec<u8>,
    /// Where it can be reached, in order of preference.
    pub addresses: Vec<String>,
}

/// Where and under which key a post is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConnection {
    /// The post.
    pub post: PostIndex,
    /// The Ed25519 key of its connections.
    pub tls_key: [u8; 32],
    /// Where it can be reached, in order of preference.
    pub addresses: Vec<String>,
}

/// Why a key order was refused, or cannot be in force yet.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyOrderError {
    /// The file is malformed.
    #[error(transparent)]
    PeerMalformed(#[from] DecodeError),
    /// It is for another line.
    #[error("peer's key order is for another line")]
    PeerOtherLine,
    /// The party is not in the charter.
    #[error("peer's key order is of party {0}, which is not in the charter")]
    PeerNoSuchParty(PartyIndex),
    /// A signature in it does not verify, or its signer has no key.
    #[error("peer's key order has a bad signature of signer {0}")]
    PeerBadSignature(u8),
    /// Neither the root key nor enough recovery keys signed what they may order.
    #[error("peer's key order is not signed by those who may order this")]
    PeerUnauthorised,
    /// The orders before it are not in force here yet.
    #[error("peer's key order {number} waits for order {next}")]
    PeerWaits {
        /// Its number.
        number: u32,
        /// The first that is missing.
        next: u32,
    },
    /// It follows another order than the one in force.
    #[error("peer's key order {0} follows another order than the one in force")]
    PeerOtherPredecessor(u32),
    /// The party signed two orders of one number, and nothing after that is taken from it.
    #[error("peer party {party} signed two key orders of number {number}")]
    PeerForkedBefore {
        /// The party.
        party: PartyIndex,
        /// The number that it used twice.
        number: u32,
    },
    /// The post is not in the charter, or is another party's.
    #[error("peer's key order is about post {0}, which is not the party's")]
    PeerOtherPost(PostIndex),
    /// The officer's number is another party's, or not the next one.
    #[error("peer's key order is about officer {0}, whose number is not the party's to give")]
    PeerOtherOfficer(OfficerIndex),
    /// The generation is not the next one.
    #[error("peer's key order gives post {0} a generation that is not the next")]
    PeerOtherGeneration(PostIndex),
    /// The log key is not the one that was announced.
    #[error("peer's key order gives post {0} a log key that was not announced")]
    PeerUnannouncedKey(PostIndex),
    /// Bytes that are no Ed25519 key, or a key of another length.
    #[error("peer's key order has an unusable key")]
    PeerUnusableKey,
    /// A key that the party uses elsewhere.
    #[error("peer's key order uses one key in two places")]
    PeerKeyTwice,
    /// A title or address that cannot be used.
    #[error("peer's key order has an unusable name")]
    PeerUnusableName,
    /// A recovery that asks for more keys than there are, or for none of some.
    #[error("peer's key order has a recovery that cannot work")]
    PeerRecovery,
    /// The signer's key may not sign the party's orders.
    #[error("local key is neither the party's root key nor one that recovers it")]
    LocalOtherKey,
}

impl KeyOrderError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerMalformed(error) => error.code(),
            Self::PeerOtherLine => "key-order.other-line",
            Self::PeerNoSuchParty(_) => "key-order.no-such-party",
            Self::PeerBadSignature(_) => "key-order.bad-signature",
            Self::PeerUnauthorised => "key-order.unauthorised",
            Self::PeerWaits { .. } => "key-order.waits",
            Self::PeerOtherPredecessor(_) => "key-order.other-predecessor",
            Self::PeerForkedBefore { .. } => "key-order.forked-before",
            Self::PeerOtherPost(_) => "key-order.other-post",
            Self::PeerOtherOfficer(_) => "key-order.other-officer",
            Self::PeerOtherGeneration(_) => "key-order.other-generation",
            Self::PeerUnannouncedKey(_) => "key-order.unannounced-key",
            Self::PeerUnusableKey => "key-order.unusable-key",
            Self::PeerKeyTwice => "key-order.key-twice",
            Self::PeerUnusableName => "key-order.unusable-name",
            Self::PeerRecovery => "key-order.recovery",
            Self::LocalOtherKey => "key-order.local-other-key",
        }
    }
}

impl KeyOrder {
    /// Returns the hash of the encoded order, which the next one names.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash_bytes(&self.encode())
    }
}

impl KeyChange {
    /// Returns the number of the change's kind.
    #[must_use]
    pub const fn number(&self) -> u8 {
        match self {
            Self::Officer(_) => 1,
            Self::Generation(_) => 2,
            Self::Connection(_) => 3,
            Self::Root { .. } => 4,
            Self::CutOff { .. } => 5,
        }
    }

    /// Returns the post that the change is about.
    #[must_use]
    pub const fn post(&self) -> Option<PostIndex> {
        match self {
            Self::Generation(next) => Some(next.post),
            Self::Connection(connection) => Some(connection.post),
            Self::CutOff { post } => Some(*post),
            Self::Officer(_) | Self::Root { .. } => None,
        }
    }

    /// Tells whether the recovery keys alone may order it.
    #[must_use]
    pub const fn is_recovery(&self) -> bool {
        matches!(self, Self::Generation(_) | Self::Root { .. } | Self::CutOff { .. })
    }
}

/// Returns the number of the officer that a party's orders add as its `nth`, from 0.
#[must_use]
pub const fn added_officer(party: PartyIndex, nth: u16) -> OfficerIndex {
    // At most 8 parties and 256 officers each: far below 2^16.
    OfficerIndex(ADDED_BASE.saturating_mul(party.0 as u16 + 1).saturating_add(nth))
}

/// Returns whose orders added an officer, and as which, or `None` for a number of the charter.
#[must_use]
pub const fn added_place(officer: OfficerIndex) -> Option<(PartyIndex, u16)> {
    let (nth, block) = (officer.0 % ADDED_BASE, officer.0 / ADDED_BASE);
    // A block fits: it is below 64.
    if block == 0 { None } else { Some((PartyIndex((block - 1) as u8), nth)) }
}

#[cfg(test)]
mod tests;
