//! A C2SP verifier key as text: whatever parses, is written again alike.
#![no_main]

use khatt_record::note::VerifierKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_text(), text);
    }
});
