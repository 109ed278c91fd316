//! Ed25519 keys: checking a signature, and the trait by which a post or party signs.
//!
//! Only `verify_strict` of `ed25519-dalek` decides here: it refuses keys and points of small order,
//! so any two posts give the same answer about a signature (`spec/checkpoint.md §5`). Batch
//! verification does not have that property and is not used. Where secret keys are kept, and who
//! may ask them to sign, is left to others.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use thiserror::Error;

/// Why a key was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// The 32 bytes are no point in its only encoding, or one of small order, under which
    /// anything verifies.
    #[error("peer's key is no usable ed25519 key")]
    PeerUnusable,
}

impl KeyError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerUnusable => "key.unusable",
        }
    }
}

/// A signature does not belong to the message and key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("peer's signature does not verify")]
pub struct PeerBadSignature;

/// An Ed25519 key that signatures are checked against, ready for use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Takes the 32 bytes of a key (RFC 8032 §5.1.2).
    ///
    /// # Errors
    ///
    /// [`KeyError`] if they are no point on the curve, a second spelling of one, or one of small
    /// order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        match VerifyingKey::from_bytes(bytes) {
            Ok(key) if !key.is_weak() && is_reduced(bytes) => Ok(Self(key)),
            _ => Err(KeyError::PeerUnusable),
        }
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks a signature strictly.
    ///
    /// # Errors
    ///
    /// [`PeerBadSignature`] if it does not verify.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), PeerBadSignature> {
        self.0
            .verify_strict(message, &Signature::from_bytes(signature))
            .map_err(|_| PeerBadSignature)
    }
}

/// Tells whether y is below 2^255 − 19 (RFC 8032 §5.1.3), which `ed25519-dalek` does not ask.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = bytes;
    highest & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff) || *lowest < 0xed
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", crate::ids::Hash(*self.0.as_bytes()))
    }
}

/// Something that holds an Ed25519 secret key and signs with it.
///
/// The post, a party's root, an officer's file and a token are all behind this trait.
pub trait PostSigner {
    /// Returns the 32 bytes of the public key.
    fn public(&self) -> [u8; 32];
    /// Signs a message (RFC 8032 §5.1.6).
    fn sign(&self, message: &[u8]) -> [u8; 64];
    /// Tells whether a signature could not be made, as by a token that was pulled out.
    ///
    /// What was signed since must then neither be stored nor leave the post.
    fn has_failed(&self) -> bool {
        false
    }
}

/// A secret key in memory, erased when dropped.
pub struct SoftwareSigner(SigningKey);

impl SoftwareSigner {
    /// Makes the key from its 32-byte seed (RFC 8032 §5.1.5). The caller erases its copy.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = zeroize::Zeroizing::new(seed);
        Self(SigningKey::from_bytes(&seed))
    }
}

impl PostSigner for SoftwareSigner {
    fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SoftwareSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareSigner(redacted)")
    }
}

#[cfg(test)]
mod tests;
