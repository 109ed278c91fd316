//! A party's card on its way to a charter: a stranger's is refused, never a panic.
#![no_main]

use khatt_record::card::Card;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Card::from_bytes(bytes);
});
