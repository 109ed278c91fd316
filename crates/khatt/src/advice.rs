//! What every code means and what to do about it, in English, Arabic and Persian.
//!
//! The texts are data in `messages/`: a text for each code, and advice for each family of codes that
//! ask for the same act. What an officer typed is explained by `khatt-forms`, what is in a record by
//! `khatt-verify`. A test walks the sources of every crate and fails on a code without words.

use std::{collections::BTreeMap, sync::LazyLock};

use khatt_forms::Language;

type Row = [String; 3];

static CODES: LazyLock<BTreeMap<String, [String; 4]>> = LazyLock::new(|| {
    toml::from_str(include_str!("messages/codes.toml")).expect("a test reads what ships")
});

static ADVICE: LazyLock<BTreeMap<String, Row>> = LazyLock::new(|| {
    toml::from_str(include_str!("messages/advice.toml")).expect("a test reads what ships")
});

static WORDS: LazyLock<BTreeMap<String, Row>> = LazyLock::new(|| {
    toml::from_str(include_str!("messages/words.toml")).expect("a test reads what ships")
});

fn pick(row: [&'static String; 3], language: Language) -> &'static str {
    let [english, arabic, persian] = row;
    match language {
        Language::Ar => arabic,
        Language::Fa => persian,
        _ => english,
    }
}

/// Returns what a code means and what to do. A code without words, which no code is, says so.
#[must_use]
pub fn text(code: &str, language: Language) -> (&'static str, &'static str) {
    if let Some(found) = known(code, language) {
        return found;
    }
    (word("no-words", language), word("no-advice", language))
}

/// Returns the words of a code, if it has any.
#[must_use]
pub fn known(code: &str, language: Language) -> Option<(&'static str, &'static str)> {
    if let Some(found) = khatt_forms::messages::text(code, language) {
        return Some(found);
    }
    if let Some([family, en, ar, fa]) = CODES.get(code) {
        let advice = ADVICE.get(family)?.each_ref();
        return Some((pick([en, ar, fa], language), pick(advice, language)));
    }
    let found = khatt_verify::texts::text(code);
    let unknown = khatt_verify::texts::text("");
    let known = found.message(Language::En) != unknown.message(Language::En);
    known.then(|| (found.message(language), found.advice(language)))
}

/// Returns a word of the command's own rows.
#[must_use]
pub fn word(key: &str, language: Language) -> &'static str {
    WORDS.get(key).map_or("", |row| pick(row.each_ref(), language))
}

#[cfg(test)]
mod tests;
