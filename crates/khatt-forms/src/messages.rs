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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every code in the sources that make errors.
    fn codes_in_sources() -> BTreeSet<&'static str> {
        let sources = [
            include_str!("error.rs"),
            include_str!("text.rs"),
            include_str!("identifier.rs"),
            include_str!("body.rs"),
            include_str!("render.rs"),
        ];
        sources
            .iter()
            .flat_map(|source| source.match_indices("\"KF-").map(|(at, _)| &source[at + 1..at + 8]))
            .collect()
    }

    #[test]
    fn every_code_has_message_and_advice_in_every_language() {
        let used = codes_in_sources();
        assert!(used.len() > 50, "{}", used.len());
        for code in &used {
            for language in Language::SPOKEN {
                let (message, advice) =
                    text(code, language).unwrap_or_else(|| panic!("{code} in {language}"));
                assert!(!message.is_empty() && !advice.is_empty(), "{code} in {language}");
            }
        }
        let texts: BTreeSet<&str> = codes().collect();
        assert_eq!(texts, used, "a text without a code");
    }

    #[test]
    fn placeholders_are_the_same_in_every_language() {
        for code in codes() {
            let of = |language| {
                let (message, advice) = text(code, language).unwrap();
                ["{field}", "{detail}"].map(|p| message.contains(p) || advice.contains(p))
            };
            assert_eq!(of(Language::En), of(Language::Ar), "{code}");
            assert_eq!(of(Language::En), of(Language::Fa), "{code}");
        }
    }
}
