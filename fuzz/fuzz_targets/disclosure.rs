//! A disclosure from a stranger: reading and checking it never panic, and there is one way to write it.
//!
//! What begins as a tlog-proof is read as one. Anything else is taken for what stands in `extra`,
//! which in base64 would hardly ever be reached.
#![no_main]

use data_encoding::BASE64;
use khatt_record::disclosure::{Disclosure, FIRST_ROW};
use khatt_record::verify::{Anchor, NoBodyCheck};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if Disclosure::begins(bytes) {
        check(bytes);
    } else {
        let extra = BASE64.encode(bytes);
        check(format!("{FIRST_ROW}\nextra {extra}\nindex 5\n\nnote\n").as_bytes());
    }
});

fn check(bytes: &[u8]) {
    if let Ok(read) = Disclosure::decode(bytes) {
        assert_eq!(read.encode().as_bytes(), bytes);
        let _ = read.check(&Anchor::Nothing, &NoBodyCheck);
    }
}
