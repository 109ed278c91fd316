//! The desk's own words in English, Arabic and Persian: one home, no fall-back.
//!
//! What a message says is `khatt-forms`' to say; what a code means, the command's.

use std::{collections::BTreeMap, sync::LazyLock};

use khatt_forms::{Glossary, Language};

/// The words of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Language);

static TABLE: LazyLock<BTreeMap<String, [String; 3]>> =
    LazyLock::new(|| toml::from_str(include_str!("words.toml")).expect("a test reads what ships"));

impl Words {
    /// Returns the words of a key; nothing for a key that no table has, which a test rules out.
    pub(crate) fn t(self, key: &str) -> &'static str {
        let Some([english, arabic, persian]) = TABLE.get(key) else {
            return "";
        };
        match self.0 {
            Language::Ar => arabic,
            Language::Fa => persian,
            _ => english,
        }
    }

    /// Returns the words of a key with a value in its place.
    pub(crate) fn with(self, key: &str, value: impl std::fmt::Display) -> String {
        self.t(key).replace("{}", &value.to_string())
    }

    /// Returns the caption of a role's code; one that the glossary lacks stands for itself.
    pub(crate) fn role(self, code: &str) -> String {
        let caption = Glossary::builtin().caption(code, self.0);
        caption.unwrap_or(code.strip_prefix("role-").unwrap_or(code)).to_owned()
    }

    /// Writes a number in this language's digits.
    pub(crate) fn n(self, number: impl std::fmt::Display) -> String {
        self.0.digits(&number.to_string())
    }
}

/// Returns the interface language nearest to a tag.
pub(crate) fn interface(tag: &str) -> Option<Language> {
    Language::from_tag(tag)
        .filter(|known| matches!(known, Language::En | Language::Ar | Language::Fa))
}

/// Returns the language in which the desk speaks to officers who read this one.
pub(crate) fn spoken(reads: Language) -> Language {
    interface(reads.tag()).unwrap_or(Language::En)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn sources(dir: &Path, found: &mut String) {
        for item in fs::read_dir(dir).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if !path.ends_with("words.rs") && !path.ends_with("words.toml") {
                found.push_str(&fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }

    #[test]
    fn every_word_that_is_asked_for_is_there_in_three_languages_and_none_is_idle() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = String::new();
        sources(&here.join("src"), &mut text);
        sources(&here.join("templates"), &mut text);
        let mut asked = BTreeSet::new();
        for mark in [".t(\"", ".with(\"", "word: \""] {
            for rest in text.split(mark).skip(1) {
                asked.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
        let held: BTreeSet<String> = TABLE.keys().cloned().collect();
        let missing: Vec<_> = asked.difference(&held).collect();
        assert!(missing.is_empty(), "asked for and not there: {missing:?}");
        let idle: Vec<_> = held.difference(&asked).collect();
        assert!(idle.is_empty(), "there and never asked for: {idle:?}");
        for (key, row) in TABLE.iter() {
            let holes: BTreeSet<usize> =
                row.iter().map(|text| text.matches("{}").count()).collect();
            assert!(holes.len() == 1 && row.iter().all(|text| !text.is_empty()), "{key}");
        }
    }
}
