//! What every code means and what to do about it, in each language.
//!
//! The texts are data in `messages.toml` beside this file. `{field}` and `{detail}` are filled in
//! by whoever shows them; a test fails if a code lacks a language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::language::Language;

type Table = BTreeMap<String, BTreeMap<String, [String; 2]>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("messages.toml")).expect("a test reads the table that ships")
});

/// Returns message and advice of a code, with `{field}` and `{detail}` still in them.
#[must_use]
pub fn text(code: &str, language: Language) -> Option<(&'static str, &'static str)> {
    let table: &'static Table = &TABLE;
    let [message, advice] = table.get(code)?.get(language.tag())?;
    Some((message, advice))
}

/// All codes that have texts.
pub fn codes() -> impl Iterator<Item = &'static str> {
    let table: &'static Table = &TABLE;
    table.keys().map(String::as_str)
}
