//! A body: whatever decodes, encodes to the same bytes; showing it never panics.
#![no_main]

use khatt_forms::{Body, Catalogue, Language, Wordbook, raw_rows, render};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = Body::decode(bytes) else {
        return;
    };
    assert_eq!(body.encode(), bytes);
    let form = Catalogue::builtin().get(body.form);
    let _ = raw_rows(&body.filled, form);
    if let Some(form) = form {
        for language in Language::ALL {
            let _ = render(form, &body.filled, language, Wordbook::builtin());
        }
    }
});
