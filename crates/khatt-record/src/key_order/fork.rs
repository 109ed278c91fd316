//! Proof that a party signed two key orders of one number (`spec/fork.md §3`).

use thiserror::Error;

use crate::cbor::{DecodeError, Reader, Writer};
use crate::ids::PartyIndex;
use crate::keys_in_force::KeysInForce;

use super::{KEY_ORDER_MAX, KeyOrderError, SignedKeyOrder};

/// Two different key orders of one party and number, both signed by those who may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOrderFork {
    /// One order.
    pub one: SignedKeyOrder,
    /// The other.
    pub other: SignedKeyOrder,
}

/// Why two key orders prove nothing against a party.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyOrderForkError {
    /// They are one and the same, of two parties, or of two numbers.
    #[error("peer's proof holds key orders that can both be true")]
    PeerNoContradiction,
    /// One is not signed by those who may order it.
    #[error(transparent)]
    PeerOrder(#[from] KeyOrderError),
    /// Only one of them has the signatures of the recovery quorum: the other is a thief's.
    #[error("peer's proof holds an order of the recovery quorum and one of the root key alone")]
    PeerOutranked,
}

impl KeyOrderForkError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerNoContradiction => "key-order-fork.no-contradiction",
            Self::PeerOrder(error) => error.code(),
            Self::PeerOutranked => "key-order-fork.outranked",
        }
    }
}

impl KeyOrderFork {
    /// Writes the proof: `[1, 2, file, file]`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(1024);
        out.array(4).uint(1).uint(2);
        out.bytes(&self.one.to_bytes()).bytes(&self.other.to_bytes());
        out.finish()
    }

    /// Reads a proof, checking nothing but the form.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are not exactly a proof.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.array_of(4)?;
        for (wanted, what) in [(1, "version"), (2, "kind of proof")] {
            let at = reader.position();
            if reader.uint()? != wanted {
                return Err(DecodeError::PeerContradiction { what, at });
            }
        }
        let one = SignedKeyOrder::from_bytes(reader.bytes(KEY_ORDER_MAX)?)?;
        let other = SignedKeyOrder::from_bytes(reader.bytes(KEY_ORDER_MAX)?)?;
        reader.finish()?;
        Ok(Self { one, other })
    }

    /// Checks the proof by the keys that were in force before the two orders.
    ///
    /// # Errors
    ///
    /// [`KeyOrderForkError`] if it proves nothing.
    pub fn verify(&self, keys: &KeysInForce) -> Result<PartyIndex, KeyOrderForkError> {
        let (one, other) = (self.one.order(), self.other.order());
        if self.one.hash() == self.other.hash()
            || one.party != other.party
            || one.number != other.number
        {
            return Err(KeyOrderForkError::PeerNoContradiction);
        }
        if keys.check_signatures(&self.one)? == keys.check_signatures(&self.other)? {
            Ok(one.party)
        } else {
            Err(KeyOrderForkError::PeerOutranked)
        }
    }
}
