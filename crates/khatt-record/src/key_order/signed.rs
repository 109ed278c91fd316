//! The file of a key order: its body and who signed it (`spec/key-order.md §3`).

use std::collections::BTreeMap;
use std::fmt;

use crate::cbor::{DecodeError, Reader, Writer};
use crate::charter::{RECOVERY_MAX, Recovery, constant, hash_bytes, small};
use crate::ids::{Hash, Kind, LineId};
use crate::keys::{PostSigner, PublicKey};

use super::{KEY_ORDER_MAX, KeyOrder, KeyOrderError};

/// The version of the file around a key order.
const FILE: u64 = 1;

/// Who signs a party's key order, by number: 0 the root key, from 1 the recovery keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySigner(pub u8);

/// By which keys an order's signatures are judged: those in force when it takes its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authority<'a> {
    pub(crate) root_key: &'a [u8; 32],
    pub(crate) recovery: &'a Recovery,
}

/// A key order with its signatures, which are judged only where it takes its place in the chain.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedKeyOrder {
    body: Vec<u8>,
    order: KeyOrder,
    hash: Hash,
    signatures: BTreeMap<KeySigner, [u8; 64]>,
}

/// Returns what a root or recovery key signs for a key order of this line, kind and hash.
#[must_use]
pub fn signature_message(kind: Kind, line: LineId, hash: Hash) -> Vec<u8> {
    let mut message = b"khatt/1 key order\0".to_vec();
    message.push(kind as u8);
    message.extend_from_slice(&line.0);
    message.extend_from_slice(&hash.0);
    message
}

impl KeySigner {
    /// The party's root key.
    pub const ROOT: Self = Self(0);

    /// Returns the recovery key with this place in the party's list, from 0.
    #[must_use]
    pub const fn recovery(place: u8) -> Self {
        Self(place.saturating_add(1))
    }
}

impl SignedKeyOrder {
    /// Takes an order that nobody has signed.
    #[must_use]
    pub fn new(order: KeyOrder) -> Self {
        let body = order.encode();
        Self { hash: hash_bytes(&body), body, order, signatures: BTreeMap::new() }
    }

    /// Reads a key order's file. The signatures are not checked.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are not exactly such a file.
    pub fn from_bytes(file: &[u8]) -> Result<Self, DecodeError> {
        if file.len() > KEY_ORDER_MAX {
            return Err(DecodeError::PeerTooLarge { at: 0 });
        }
        let mut reader = Reader::new(file);
        reader.array_of(3)?;
        constant(&mut reader, FILE, "version")?;
        let body = reader.bytes(KEY_ORDER_MAX)?;
        let mut signed = Self::new(KeyOrder::decode(body)?);
        let mut last = None;
        for _ in 0..reader.array(RECOVERY_MAX.saturating_add(1))? {
            let at = reader.position();
            reader.array_of(2)?;
            let signer = KeySigner(small(&mut reader)?);
            if usize::from(signer.0) > RECOVERY_MAX {
                return Err(DecodeError::PeerTooLarge { at });
            }
            if last.is_some_and(|last| last >= signer) {
                return Err(DecodeError::PeerNotAscending { at });
            }
            last = Some(signer);
            signed.signatures.insert(signer, reader.fixed()?);
        }
        reader.finish()?;
        Ok(signed)
    }

    /// Writes the file: `[1, body, [[signer, signature] …]]`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.body.len().saturating_add(640));
        out.array(3).uint(FILE).bytes(&self.body).array(self.signatures.len());
        for (signer, signature) in &self.signatures {
            out.array(2).uint(signer.0.into()).bytes(signature);
        }
        out.finish()
    }

    /// Returns the order.
    #[must_use]
    pub const fn order(&self) -> &KeyOrder {
        &self.order
    }

    /// Returns the hash of the order's body, which the next order names.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns who signed.
    pub fn signers(&self) -> impl Iterator<Item = KeySigner> + '_ {
        self.signatures.keys().copied()
    }

    /// Takes over the signatures of another file of the same order. One that is there stays.
    ///
    /// # Errors
    ///
    /// [`KeyOrderError::PeerOtherPredecessor`] if the other file is of another order.
    pub fn merge(&mut self, other: &Self) -> Result<(), KeyOrderError> {
        if other.body != self.body {
            return Err(KeyOrderError::PeerOtherPredecessor(other.order.number));
        }
        for (signer, signature) in &other.signatures {
            self.signatures.entry(*signer).or_insert(*signature);
        }
        Ok(())
    }

    /// Signs with the key that `authority` names, and returns as whom.
    pub(crate) fn sign_as(
        &mut self,
        kind: Kind,
        authority: Authority<'_>,
        signer: &dyn PostSigner,
    ) -> Result<KeySigner, KeyOrderError> {
        let key = signer.public();
        let place = (0..=u8::MAX)
            .map(KeySigner)
            .zip([authority.root_key].into_iter().chain(&authority.recovery.keys))
            .find(|(_, known)| **known == key)
            .map(|(place, _)| place)
            .ok_or(KeyOrderError::LocalOtherKey)?;
        let message = signature_message(kind, self.order.line, self.hash);
        self.signatures.insert(place, signer.sign(&message));
        Ok(place)
    }

    /// Checks every signature, and that those who may order this change signed.
    ///
    /// Tells whether the recovery quorum is among them.
    pub(crate) fn check_signatures(
        &self,
        kind: Kind,
        authority: Authority<'_>,
    ) -> Result<bool, KeyOrderError> {
        let message = signature_message(kind, self.order.line, self.hash);
        for (signer, signature) in &self.signatures {
            let bad = KeyOrderError::PeerBadSignature(signer.0);
            let key = match signer.0.checked_sub(1) {
                None => authority.root_key,
                Some(place) => authority.recovery.keys.get(usize::from(place)).ok_or(bad)?,
            };
            let key = PublicKey::from_bytes(key).map_err(|_| bad)?;
            key.verify(&message, signature).map_err(|_| bad)?;
        }
        let root = self.signatures.contains_key(&KeySigner::ROOT);
        let others = self.signatures.len().saturating_sub(usize::from(root));
        let needed = usize::from(authority.recovery.needed);
        let quorum = needed > 0 && others >= needed;
        if root || (quorum && self.order.change.is_recovery()) {
            Ok(quorum)
        } else {
            Err(KeyOrderError::PeerUnauthorised)
        }
    }
}

impl fmt::Debug for SignedKeyOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedKeyOrder")
            .field("order", &self.order)
            .field("signers", &self.signatures.len())
            .finish_non_exhaustive()
    }
}
