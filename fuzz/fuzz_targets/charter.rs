//! A charter: whatever decodes, encodes to the same bytes; the check never panics.
#![no_main]

use khatt_record::Charter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(charter) = Charter::decode(bytes) {
        assert_eq!(charter.encode(), bytes);
        let _ = charter.check();
    }
});
