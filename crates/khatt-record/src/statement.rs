//! What an officer's key signs, wherever the key is (`spec/statement.md`).
//!
//! A statement is the same for a key in a file, on a token, and for a passkey: the hash of what is
//! released or acknowledged, on which line, by which post, in which role, and until when it holds.
//! Which officers are needed is decided in [`crate::auth`].

use sha2::{Digest, Sha256};

use crate::cbor::Writer;
use crate::entry::{Act, write_thread};
use crate::ids::{
    EntryId, Hash, Kind, LineId, OfficerIndex, PeerUnknownNumber, PostIndex, Precedence,
};

/// The text that begins every statement, and the external data of its signature.
pub const LABEL: &str = "khatt/1 statement";

/// In what role an officer signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Wrote it and stands by its words.
    Draft = 1,
    /// Lets it leave the post.
    Release = 2,
    /// Lets it leave the post alone, in an emergency.
    EmergencyRelease = 3,
    /// Acknowledges another entry.
    Acknowledge = 4,
}

impl TryFrom<u64> for Role {
    type Error = PeerUnknownNumber;

    fn try_from(value: u64) -> Result<Self, Self::Error> {
        match value {
            1 => Ok(Self::Draft),
            2 => Ok(Self::Release),
            3 => Ok(Self::EmergencyRelease),
            4 => Ok(Self::Acknowledge),
            _ => Err(PeerUnknownNumber { what: "role", value }),
        }
    }
}

/// Which key of which officer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// The officer.
    pub officer: OfficerIndex,
    /// The place among the officer's keys, from 0.
    pub key: u8,
}

impl KeyId {
    /// Returns the three bytes by which COSE names the key: officer big-endian, then key.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 3] {
        let [high, low] = self.officer.0.to_be_bytes();
        [high, low, self.key]
    }
}

/// Exactly what an officer signs for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The line.
    pub line: LineId,
    /// What the line is for.
    pub kind: Kind,
    /// The post at which it is signed and whose log it enters.
    pub post: PostIndex,
    /// What is done.
    pub act: Act,
    /// The draft, from its seed.
    pub draft_id: [u8; 16],
    /// The digest of exactly what leaves: [`release_digest`].
    pub digest: Hash,
    /// In what role.
    pub role: Role,
    /// The last moment at which the entry may be appended, in milliseconds since 1970 UTC, a whole
    /// second.
    pub not_after_ms: u64,
}

impl Statement {
    /// Returns the bytes that are hashed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(128);
        out.array(9).text(LABEL).bytes(&self.line.0).uint(self.kind as u64);
        out.uint(self.post.into()).uint(self.act as u64).bytes(&self.draft_id);
        out.bytes(&self.digest.0).uint(self.role as u64).uint(self.not_after_ms);
        out.finish()
    }

    /// Returns the hash that stands for the statement: a passkey's challenge, a signature's payload.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }

    /// Returns what a key in Ed25519 signs: the COSE `Sig_structure` (RFC 9052 §4.4).
    #[must_use]
    pub fn to_be_signed(&self, key: KeyId) -> Vec<u8> {
        let mut out = Writer::with_capacity(96);
        out.array(4).text("Signature1").bytes(&protected(key));
        out.bytes(LABEL.as_bytes()).bytes(&self.hash());
        out.finish()
    }

    /// Returns a signature as a COSE_Sign1 object (RFC 9052 §4.2), for tools that know COSE.
    ///
    /// Its payload is the hash of the statement; [`LABEL`] is the external data that a tool is given.
    #[must_use]
    pub fn cose_sign1(&self, key: KeyId, signature: &[u8; 64]) -> Vec<u8> {
        let mut out = Writer::with_capacity(128);
        // Tag 18 and the empty map of unprotected headers are COSE's, outside our subset.
        out.raw(&[0xd2]).array(4).bytes(&protected(key)).raw(&[0xa0]);
        out.bytes(&self.hash()).bytes(signature);
        out.finish()
    }
}

/// The protected header {1: -8, 4: kid}: EdDSA and the key's name. A map and a negative number are
/// outside our subset, and here they are only bytes that COSE prescribes.
fn protected(key: KeyId) -> [u8; 8] {
    let [high, low, place] = key.to_bytes();
    [0xa2, 0x01, 0x27, 0x04, 0x43, high, low, place]
}

/// Returns the whole second at or before a time, as [`Statement::not_after_ms`] wants it.
#[must_use]
pub const fn whole_second(t_ms: u64) -> u64 {
    t_ms.saturating_sub(t_ms % 1000)
}

/// Returns what officers sign for: the body's salted commitment together with the precedence and
/// thread under which it leaves (`spec/statement.md` §1).
///
/// Without these two a post could send what was released as ROUTINE as a FLASH, or put an answer
/// into another thread, over the officers' own signatures.
#[must_use]
pub fn release_digest(c_body: Hash, precedence: Precedence, thread: Option<EntryId>) -> Hash {
    let mut out = Writer::with_capacity(64);
    out.array(4).text("khatt/1 release").bytes(&c_body.0).uint(precedence as u64);
    write_thread(&mut out, thread);
    Hash(Sha256::digest(out.finish()).into())
}
