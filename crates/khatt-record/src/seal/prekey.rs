//! Prekeys: the X-Wing key pairs to which peers seal their epoch secrets.
//!
//! A post publishes the public halves in its log, each with a number. How many are kept in stock,
//! how many capsules one may take and when its secret is erased are the engine's rules.

use core::fmt;

use hpke::{Deserializable, Kem as _, Serializable, kem::XWing};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Entropy;

pub use crate::entry::PREKEY_LEN;

/// The secret half of a prekey: the 32-byte seed from which both of its keys are derived.
///
/// Erased from memory when dropped; its `Debug` shows nothing.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PrekeySecret {
    seed: [u8; 32],
}

impl PrekeySecret {
    /// Draws a new prekey and returns both halves.
    pub fn generate(entropy: &mut dyn Entropy) -> (Self, [u8; PREKEY_LEN]) {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice());
        let secret = Self::from_seed(*seed);
        let public = secret.public();
        (secret, public)
    }

    /// Takes a prekey back from its stored seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// The seed, for a store that encrypts it at rest.
    #[must_use]
    pub fn expose_seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public half, as it stands in a prekey entry or a charter.
    #[must_use]
    pub fn public(&self) -> [u8; PREKEY_LEN] {
        let mut public = [0; PREKEY_LEN];
        // The buffer has the exact length that `write_exact` asks for.
        XWing::sk_to_pk(&self.private()).write_exact(&mut public);
        public
    }

    /// The key in the form that HPKE uses.
    pub(crate) fn private(&self) -> <XWing as hpke::Kem>::PrivateKey {
        <XWing as hpke::Kem>::PrivateKey::from_bytes(&self.seed)
            .expect("an X-Wing private key is any 32 bytes")
    }
}

impl fmt::Debug for PrekeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrekeySecret(redacted)")
    }
}
