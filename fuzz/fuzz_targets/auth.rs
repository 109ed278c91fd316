//! Officers' signatures of a message: whatever decodes, encodes to the same bytes.
#![no_main]

use khatt_record::auth::Auth;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &[u8])| {
    let (t_ms, bytes) = input;
    if let Ok(auth) = Auth::decode(bytes, t_ms) {
        assert_eq!(
            auth.encode(t_ms).expect("what was decoded can be encoded"),
            bytes
        );
    }
});
