//! The stored right edge of a tree: whatever decodes, encodes to the same bytes.
#![no_main]

use khatt_record::merkle::{Frontier, leaf_hash};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut frontier) = Frontier::decode(bytes) {
        assert_eq!(frontier.encode(), bytes);
        let before = frontier.root();
        frontier.append(leaf_hash(b"one more"));
        assert_ne!(frontier.root(), before);
    }
});
