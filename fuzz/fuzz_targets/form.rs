//! A form file: text of any shape is refused or read, never a panic.
#![no_main]

use khatt_forms::{Catalogue, Gazetteer, Glossary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Catalogue::parse(&[("fuzz.toml", text)]);
    let _ = Glossary::parse(text);
    let _ = Gazetteer::parse(text);
});
