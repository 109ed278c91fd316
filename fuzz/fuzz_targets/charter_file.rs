//! A charter file on its way between parties, signed by some or by all.
#![no_main]

use khatt_record::{CharterDraft, SignedCharter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(draft) = CharterDraft::from_bytes(bytes) {
        assert_eq!(draft.to_bytes(), bytes);
        let _ = draft.missing();
    }
    if let Ok(signed) = SignedCharter::from_bytes(bytes) {
        assert_eq!(signed.to_bytes(), bytes);
    }
});
