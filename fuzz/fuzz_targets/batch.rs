//! A batch from a head file: whatever decodes, encodes to the same bytes.
#![no_main]

use khatt_core::store::bytes::{decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(batch) = decode(bytes) {
        let again = encode(&batch, bytes.len()).map(|again| again.to_vec());
        assert_eq!(again.as_deref(), Some(bytes));
    }
});
