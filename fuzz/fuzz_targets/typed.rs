//! What an officer types into a field: refused or read, and what is read is written and read the same.
#![no_main]

use khatt_forms::{Catalogue, Filled, Language, Wordbook, typed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, &str)| {
    let (form, field, text) = input;
    let catalogue = Catalogue::builtin();
    let Some(form) = catalogue.iter().nth(usize::from(form)) else {
        return;
    };
    let Some(field) = form.fields().get(usize::from(field)) else {
        return;
    };
    // The first example with this field in place of its own.
    let Some(example) = form.examples().first() else {
        return;
    };
    let mut inputs = example.inputs.clone();
    inputs.retain(|(name, _)| *name != field.name);
    inputs.push((field.name.clone(), text.to_owned()));
    let book = Wordbook::builtin();
    let Ok(filled) = Filled::from_input(form, &inputs, Language::En, book) else {
        return;
    };
    let Some(value) = filled.values.get(&field.number) else {
        return;
    };
    // A separator in free text of a list, or a point far from everywhere, need not be read again.
    let mut again = example.inputs.clone();
    again.retain(|(name, _)| *name != field.name);
    again.push((field.name.clone(), typed(value)));
    if let Ok(again) = Filled::from_input(form, &again, Language::En, book) {
        assert_eq!(again.values.get(&field.number), Some(value));
    }
});
