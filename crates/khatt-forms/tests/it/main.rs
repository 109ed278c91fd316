//! The forms that ship, from outside: every form in every language.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test that stops is a test that fails

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use khatt_forms::{Body, Catalogue, Filled, Form, Language, Wordbook, rendering_digest};

mod cells;
mod counts;
mod every_form;
mod hostile;
mod mutations;
mod snapshots;
mod vectors;
mod visual;

/// An example of a form, read as an officer would have typed it.
fn filled(form: &Form, index: usize) -> Filled {
    let example = &form.examples()[index];
    Filled::from_input(form, &example.inputs, example.language, Wordbook::builtin())
        .unwrap_or_else(|errors| panic!("{} {}: {errors:?}", form.name(), example.name))
}

fn form(name: &str) -> &'static Form {
    Catalogue::builtin().by_name(name).unwrap()
}

/// The body that a post would seal for a filled form.
fn body(form: &Form, filled: Filled, language: Language) -> Body {
    let languages: Vec<Language> = form.languages().collect();
    let digest = rendering_digest(form, &filled, &languages, Wordbook::builtin()).unwrap();
    Body { form: form.id(), language, references: Vec::new(), filled, digest }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Holds a folder of vectors to this build: these files and no others, with these texts.
///
/// `KHATT_WRITE_VECTORS=1` writes them first.
fn holds_exactly(folder: &Path, wanted: &BTreeMap<String, String>) {
    if std::env::var_os("KHATT_WRITE_VECTORS").is_some() {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut found: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, wanted.keys().cloned().collect::<Vec<_>>());
    for (name, text) in wanted {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), *text, "{name}");
    }
}
