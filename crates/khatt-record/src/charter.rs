//! The charter: what the parties agree on before the first message (`spec/charter.md`).
//!
//! This file has the values; `codec` writes and reads them, `check` holds the rules that no single
//! value shows, and `signed` has drafts, signatures and amendments. What a charter's numbers mean in
//! time (clocks, quotas, line tests) is left to the engine.

mod check;
mod codec;
mod signed;

use sha2::{Digest, Sha256};

use crate::ids::{
    Hash, Kind, LineId, OfficerIndex, PartyIndex, PeerUnknownNumber, PostIndex, Precedence,
};

pub use check::CharterError;
pub(crate) use check::is_name;
pub(crate) use codec::{
    ADDRESS_MAX, ADDRESSES_MAX, constant, list, name, read_officer, read_officer_keys, read_post,
    read_pq_key, read_recovery, small, texts, write_officer, write_officer_keys, write_post,
    write_recovery, write_texts,
};
pub use codec::{KEYS_MAX, OFFICERS_MAX};
pub use signed::{
    AmendError, CharterDraft, CharterFork, CharterForkError, SignError, SignedCharter,
    signature_message,
};

/// The greatest length of an encoded charter in bytes.
pub const CHARTER_MAX: usize = 256 * 1024;
/// The length of a post's key for post-quantum cosignatures in bytes: ML-DSA-44 (FIPS 204, table 2).
pub const PQ_KEY_LEN: usize = 1312;
/// The greatest number of a party's recovery keys.
pub const RECOVERY_MAX: usize = 8;
/// The version that this crate writes.
pub const VERSION: u64 = 1;
/// The suite of algorithms that this crate knows: Ed25519, SHA-256, X-Wing, ChaCha20-Poly1305.
pub const SUITE: u64 = 1;

/// Yes or no, as a number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum YesNo {
    /// 0.
    No = 0,
    /// 1.
    Yes = 1,
}

impl TryFrom<u64> for YesNo {
    type Error = PeerUnknownNumber;

    fn try_from(value: u64) -> Result<Self, Self::Error> {
        match value {
            0 => Ok(Self::No),
            1 => Ok(Self::Yes),
            _ => Err(PeerUnknownNumber { what: "answer", value }),
        }
    }
}

/// One side of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its name, as the parties call it.
    pub name: String,
    /// The Ed25519 key that signs charters and key orders.
    pub root_key: [u8; 32],
    /// Who may give the party new keys when its root key is lost or stolen.
    pub recovery: Recovery,
    /// How many of the party's key orders this charter stands on: 0 in a first charter.
    pub orders: u32,
}

/// The keys that recover a party without its root key: `needed` of them, signing together.
///
/// They stand nowhere else in a charter, and are kept apart from the root key and each other.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Recovery {
    /// How many sign, from 1; 0 exactly when there are no keys.
    pub needed: u8,
    /// Ed25519 keys, at most [`RECOVERY_MAX`].
    pub keys: Vec<[u8; 32]>,
}

impl Recovery {
    /// Returns that nobody can recover the party.
    #[must_use]
    pub const fn none() -> Self {
        Self { needed: 0, keys: Vec::new() }
    }

    /// Tells whether so many keys can sign.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let (needed, keys) = (usize::from(self.needed), self.keys.len());
        keys <= RECOVERY_MAX && needed <= keys && (needed == 0) == (keys == 0)
    }
}

/// A staffed station of a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Whose it is.
    pub party: PartyIndex,
    /// Its name, as the parties call it.
    pub name: String,
    /// How often it has begun a log anew: 0 at first.
    pub generation: u32,
    /// The Ed25519 key that signs its checkpoints.
    pub log_key: [u8; 32],
    /// The Ed25519 key with which it cosigns others' checkpoints.
    pub cosign_key: [u8; 32],
    /// The Ed25519 key of its connections.
    pub tls_key: [u8; 32],
    /// Its first X-Wing public key, 1216 bytes; prekey number 0.
    pub prekey: Vec<u8>,
    /// SHA-256 of the log key that it will use next.
    pub next_log_digest: Hash,
    /// The ML-DSA-44 key of its post-quantum cosignatures, 1312 bytes, or empty if it makes none.
    pub pq_key: Vec<u8>,
    /// Where it can be reached, in order of preference.
    pub addresses: Vec<String>,
}

/// What an officer may do: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Roles(u8);

impl Roles {
    /// None: an officer who was, and is no longer.
    pub const NONE: Self = Self(0);
    /// Keeps the watch: drafts, acknowledges, releases alone in an emergency.
    pub const WATCH: Self = Self(1);
    /// Lets messages leave.
    pub const RELEASING: Self = Self(2);
    /// Answers for wording and translation.
    pub const LINGUIST: Self = Self(4);
    /// Looks after the machine.
    pub const TECHNICAL: Self = Self(8);
    /// Reads the record.
    pub const AUDITOR: Self = Self(16);
    /// Commands: may do what the watch and a releasing officer may.
    pub const COMMANDER: Self = Self(32);

    const ALL: u8 = 63;

    /// Takes a set from its number, or `None` if it has unknown members.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::ALL == 0 { Some(Self(bits)) } else { None }
    }

    /// Returns the number of the set.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns the set with the members of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Tells whether any member of `other` is in the set.
    #[must_use]
    pub const fn any_of(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// How an officer's key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scheme {
    /// Ed25519 over the COSE structure. Number 2 is reserved for passkeys.
    Ed25519 = 1,
}

impl TryFrom<u64> for Scheme {
    type Error = PeerUnknownNumber;

    fn try_from(value: u64) -> Result<Self, Self::Error> {
        match value {
            1 => Ok(Self::Ed25519),
            _ => Err(PeerUnknownNumber { what: "signature scheme", value }),
        }
    }
}

/// One of an officer's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfficerKey {
    /// How it signs.
    pub scheme: Scheme,
    /// The public key.
    pub key: [u8; 32],
}

/// A role that a party appoints, held by a person. The title need not name the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer {
    /// Whose officer it is.
    pub party: PartyIndex,
    /// What the officer is called on the line.
    pub title: String,
    /// What the officer may do.
    pub roles: Roles,
    /// All the officer's keys, in use or not; a key's place never changes.
    pub keys: Vec<OfficerKey>,
}

/// How many officers release a message of one precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseRule {
    /// How many different officers sign, one of them releasing. 1 to 8.
    pub signatures: u8,
    /// Whether one officer may release alone in an emergency.
    pub emergency_single: YesNo,
}

/// A message form of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormEntry {
    /// The form's number.
    pub number: u8,
    /// The form's version.
    pub version: u8,
    /// SHA-256 of the form's file.
    pub hash: Hash,
}

/// How long a message of one precedence may wait for an acknowledgement, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Until the watch should have acknowledged.
    pub acknowledge_s: u32,
    /// Until the next step of the escalation chain.
    pub escalate_s: u32,
    /// Until the silence is certified.
    pub give_up_s: u32,
}

/// How often the line is tested, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTest {
    /// From one test to the next.
    pub interval_s: u32,
    /// Until the answer is missing.
    pub answer_s: u32,
}

/// What one post may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Bytes of one message, body and signatures.
    pub entry_bytes: u32,
    /// Entries in a day.
    pub entries_per_day: u32,
    /// Bytes in a day.
    pub bytes_per_day: u64,
    /// Messages of the highest precedence in an hour.
    pub flash_per_hour: u32,
}

/// A third party that carries sealed frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mediator {
    /// Its name.
    pub name: String,
    /// The Ed25519 key of its connections and custody notes.
    pub key: [u8; 32],
    /// Where it can be reached, in order of preference.
    pub addresses: Vec<String>,
}

/// What still passes when the line is suspended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Floor {
    /// Precedences, ascending.
    pub precedences: Vec<Precedence>,
    /// Numbers of forms, ascending.
    pub forms: Vec<u8>,
}

/// What all parties sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    /// The version of this structure: 1.
    pub version: u64,
    /// The suite of algorithms: 1. A constant of the line, never negotiated.
    pub suite: u64,
    /// What the line is for.
    pub kind: Kind,
    /// Random bytes, so that no two lines are the same.
    pub nonce: [u8; 16],
    /// When it was drawn up, in milliseconds since 1970 UTC.
    pub opened_ms: u64,
    /// 2 to 8.
    pub parties: Vec<Party>,
    /// 1 to 16, at least one of each party.
    pub posts: Vec<Post>,
    /// All officers there ever were.
    pub officers: Vec<Officer>,
    /// One rule for each precedence, most urgent first.
    pub release: [ReleaseRule; 4],
    /// The line's languages, as BCP 47 tags.
    pub languages: Vec<String>,
    /// The line's forms, by number ascending.
    pub forms: Vec<FormEntry>,
    /// SHA-256 of the agreed glossary.
    pub glossary: Hash,
    /// SHA-256 of the agreed gazetteer.
    pub gazetteer: Hash,
    /// One set of clocks for each precedence, most urgent first.
    pub clocks: [Clock; 4],
    /// How the line is tested.
    pub line_test: LineTest,
    /// What one post may send.
    pub quotas: Quotas,
    /// Who carries.
    pub mediators: Vec<Mediator>,
    /// Who countersigns checkpoints, as C2SP verifier keys.
    pub witnesses: Vec<String>,
    /// What still passes when the line is suspended.
    pub floor: Floor,
    /// In an amendment, the hash of the line's first charter: the line's id. Else `None`.
    pub first: Option<LineId>,
    /// In an amendment, the hash of the charter that it replaces. Else `None`.
    pub previous: Option<Hash>,
}

impl Charter {
    /// Returns the hash of the encoded charter.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash_bytes(&self.encode())
    }

    /// Returns the line's id: the hash of its first charter, which is this one unless it amends.
    #[must_use]
    pub fn line_id(&self) -> LineId {
        self.first.unwrap_or_else(|| LineId(self.hash().0))
    }

    /// Returns a party.
    #[must_use]
    pub fn party(&self, party: PartyIndex) -> Option<&Party> {
        self.parties.get(party.index())
    }

    /// Returns a post.
    #[must_use]
    pub fn post(&self, post: PostIndex) -> Option<&Post> {
        self.posts.get(post.index())
    }

    /// Returns an officer.
    #[must_use]
    pub fn officer(&self, officer: OfficerIndex) -> Option<&Officer> {
        self.officers.get(officer.index())
    }

    /// Returns the rule by which messages of a precedence are released.
    #[must_use]
    pub const fn release_rule(&self, precedence: Precedence) -> ReleaseRule {
        let [flash, immediate, priority, routine] = self.release;
        match precedence {
            Precedence::Flash => flash,
            Precedence::Immediate => immediate,
            Precedence::Priority => priority,
            Precedence::Routine => routine,
        }
    }

    /// Returns the clocks of a precedence.
    #[must_use]
    pub const fn clock(&self, precedence: Precedence) -> Clock {
        let [flash, immediate, priority, routine] = self.clocks;
        match precedence {
            Precedence::Flash => flash,
            Precedence::Immediate => immediate,
            Precedence::Priority => priority,
            Precedence::Routine => routine,
        }
    }

    /// Goes through the posts with their numbers.
    pub fn posts(&self) -> impl Iterator<Item = (PostIndex, &Post)> {
        (0..=u8::MAX).map(PostIndex).zip(&self.posts)
    }
}

/// Returns the hash of an encoded charter.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests;
