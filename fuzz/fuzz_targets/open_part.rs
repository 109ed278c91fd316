//! The opened part of a message: whatever decodes, encodes to the same bytes.
#![no_main]

use khatt_record::commit::OpenPart;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(part) = OpenPart::decode(bytes) {
        assert_eq!(part.encode(), bytes);
        let _ = part.commitments();
    }
});
