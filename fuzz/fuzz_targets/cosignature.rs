//! A post-quantum cosignature from a peer: verification takes any bytes, under a good key and any.
#![no_main]

use khatt_record::charter::PQ_KEY_LEN;
use khatt_record::pq::{DeterministicPqSigner, PQ_SIGNATURE_LEN, PqSignature, PqSigner as _, verify};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static SIGNER: OnceLock<DeterministicPqSigner> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let signer = SIGNER.get_or_init(|| DeterministicPqSigner::from_seed([7; 32]));
    // What is given changes a signature that holds: a few bytes of it, or all.
    let mut signature = *signer.sign(b"statement").expect("it always signs").as_bytes();
    let good = signature;
    for pair in bytes.chunks_exact(3) {
        let [high, low, value] = pair.try_into().expect("three bytes");
        let at = usize::from(u16::from_be_bytes([high, low])) % PQ_SIGNATURE_LEN;
        if let Some(byte) = signature.get_mut(at) {
            *byte = value;
        }
    }
    let changed = PqSignature::from_slice(&signature).expect("its length");
    let holds = verify(signer.public(), b"statement", &changed).is_ok();
    assert_eq!(holds, signature == good);
    // A key of the peer's own making, and a signature of the wrong length.
    if let Some(key) = bytes.get(..PQ_KEY_LEN) {
        let _ = verify(key, b"statement", &changed);
    }
    let _ = verify(bytes, b"statement", &changed);
    assert!(bytes.len() == PQ_SIGNATURE_LEN || PqSignature::from_slice(bytes).is_none());
});
