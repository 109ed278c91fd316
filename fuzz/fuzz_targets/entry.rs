//! A leaf of a log: whatever decodes, encodes to the same bytes, unknown types included.
#![no_main]

use khatt_record::{Entry, PostIndex};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (posts, own, bytes) = input;
    // More posts than a line can have, and an author beyond them, must be refused, not trusted.
    if let Ok(entry) = Entry::decode(bytes, usize::from(posts % 12), PostIndex(own % 12)) {
        assert_eq!(entry.encode(), bytes);
    }
});
