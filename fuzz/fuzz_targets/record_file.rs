//! A record file from a stranger: reading and verifying it never panic.
#![no_main]

use khatt_record::file::RecordReader;
use khatt_record::verify::{Anchor, NoBodyCheck, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut reader) = RecordReader::new(bytes) {
        while let Ok(Some(_)) = reader.next_row() {}
    }
    let _ = verify(
        &mut || Ok(bytes),
        &Anchor::Nothing,
        1,
        &NoBodyCheck,
        &mut |_| {},
    );
});
