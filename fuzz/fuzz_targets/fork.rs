//! A fork proof: whatever decodes, encodes to the same bytes.
#![no_main]

use khatt_record::fork::ForkProof;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = ForkProof::decode(bytes) {
        assert_eq!(proof.encode(), bytes);
    }
});
