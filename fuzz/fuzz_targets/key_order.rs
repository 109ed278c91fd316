//! A key order's file, and a proof that a party signed two of them.
#![no_main]

use khatt_record::key_order::{KeyOrder, KeyOrderFork, SignedKeyOrder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(order) = KeyOrder::decode(bytes) {
        assert_eq!(order.encode(), bytes);
    }
    if let Ok(signed) = SignedKeyOrder::from_bytes(bytes) {
        assert_eq!(signed.to_bytes(), bytes);
        assert_eq!(KeyOrder::decode(&signed.order().encode()).as_ref(), Ok(signed.order()));
    }
    if let Ok(fork) = KeyOrderFork::decode(bytes) {
        assert_eq!(fork.encode(), bytes);
    }
});
