//! ML-DSA-44 (FIPS 204): checking a signature, and the trait by which a post signs.
//!
//! The context is empty, as C2SP tlog-cosignature asks. Checking is pure Rust, so that a verifier
//! links no C. Where secret keys are kept is left to others; what is signed, to [`crate::cosign`].

use std::fmt;

use ml_dsa::{MlDsa44, Signature, SigningKey, VerifyingKey};

use crate::charter::PQ_KEY_LEN;
use crate::keys::PeerBadSignature;

/// The length of a signature in bytes (FIPS 204, table 2).
pub const PQ_SIGNATURE_LEN: usize = 2420;

/// An ML-DSA-44 signature, not yet checked. Its `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PqSignature(Box<[u8; PQ_SIGNATURE_LEN]>);

impl PqSignature {
    /// Takes the bytes of a signature, or `None` if they are not of its length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        <&[u8; PQ_SIGNATURE_LEN]>::try_from(bytes).ok().map(|bytes| Self(Box::new(*bytes)))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; PQ_SIGNATURE_LEN] {
        &self.0
    }
}

impl fmt::Debug for PqSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PqSignature")
    }
}

/// Checks a signature under a key of [`PQ_KEY_LEN`] bytes, with the empty context.
///
/// # Errors
///
/// [`PeerBadSignature`] if it does not verify or the key has another length.
pub fn verify(key: &[u8], message: &[u8], signature: &PqSignature) -> Result<(), PeerBadSignature> {
    let key = key.try_into().map_err(|_| PeerBadSignature)?;
    let signature = signature.0.as_slice().try_into().map_err(|_| PeerBadSignature)?;
    let signature = Signature::<MlDsa44>::decode(signature).ok_or(PeerBadSignature)?;
    if VerifyingKey::<MlDsa44>::decode(key).verify_with_context(message, &[], &signature) {
        Ok(())
    } else {
        Err(PeerBadSignature)
    }
}

/// Something that holds an ML-DSA-44 secret key and signs with it.
pub trait PqSigner {
    /// Returns the bytes of the public key.
    fn public(&self) -> &[u8; PQ_KEY_LEN];
    /// Signs a message with the empty context; `None` if the key cannot be used just now.
    fn sign(&self, message: &[u8]) -> Option<PqSignature>;
}

impl<T: PqSigner + ?Sized> PqSigner for &T {
    fn public(&self) -> &[u8; PQ_KEY_LEN] {
        (**self).public()
    }

    fn sign(&self, message: &[u8]) -> Option<PqSignature> {
        (**self).sign(message)
    }
}

/// A secret key in memory whose signatures follow from key and message (FIPS 204 §3.4).
///
/// It is for tests and simulations, which repeat themselves exactly. A post signs with its
/// command's own signer, which hedges with randomness and keeps to constant time.
pub struct DeterministicPqSigner {
    key: SigningKey<MlDsa44>,
    public: Box<[u8; PQ_KEY_LEN]>,
}

impl DeterministicPqSigner {
    /// Makes the key from its 32-byte seed (FIPS 204 §5.1).
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let key = SigningKey::<MlDsa44>::from_seed(&seed.into());
        let public = Box::new(key.expanded_key().verifying_key().encode().into());
        Self { key, public }
    }
}

impl PqSigner for DeterministicPqSigner {
    fn public(&self) -> &[u8; PQ_KEY_LEN] {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Option<PqSignature> {
        let signature = self.key.expanded_key().sign_deterministic(message, &[]).ok()?;
        PqSignature::from_slice(&signature.encode())
    }
}

impl fmt::Debug for DeterministicPqSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeterministicPqSigner(redacted)")
    }
}

#[cfg(test)]
mod tests;
