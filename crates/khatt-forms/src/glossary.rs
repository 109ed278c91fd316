//! The agreed words for codes: one caption per language, each with a literal gloss.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::catalogue::{FormFault, languages_of, per_language};
use crate::gazetteer::Gazetteer;
use crate::language::Language;

/// Captions of codes.
#[derive(Clone, Debug)]
pub struct Glossary {
    hash: [u8; 32],
    revision: u32,
    codes: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    captions: BTreeMap<Language, String>,
    glosses: BTreeMap<String, String>,
}

/// The agreed words and places that a rendering needs beside the form.
#[derive(Clone, Copy, Debug)]
pub struct Wordbook<'a> {
    /// Captions of codes.
    pub glossary: &'a Glossary,
    /// Names of places.
    pub gazetteer: &'a Gazetteer,
}

/// Why a glossary or gazetteer was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WordbookError {
    /// Not TOML of the right shape.
    #[error("local word file is not TOML of the right shape: {0}")]
    LocalShape(String),
    /// A code or place is there twice.
    #[error("local word file has {0} twice")]
    LocalTwice(String),
    /// A caption or name is missing in a language.
    #[error("local word file: {0}")]
    LocalIncomplete(#[from] FormFault),
    /// A literal gloss is missing.
    #[error("local word file has no gloss of {0}")]
    LocalGlossMissing(String),
    /// A place is called verified without the sources for it.
    #[error("local word file calls {0} verified without two sources")]
    LocalSources(String),
    /// An identifier or coordinate is out of bounds.
    #[error("local word file has a bad id or coordinate at {0}")]
    LocalBounds(String),
}

static BUILTIN: LazyLock<Glossary> = LazyLock::new(|| {
    Glossary::parse(crate::builtin::GLOSSARY).expect("a test loads the glossary that ships")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    revision: u32,
    code: BTreeMap<String, CodeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeFile {
    caption: BTreeMap<String, String>,
    gloss: BTreeMap<String, String>,
}

impl Glossary {
    /// Returns the glossary that this build ships.
    #[must_use]
    pub fn builtin() -> &'static Glossary {
        &BUILTIN
    }

    /// Reads a glossary file.
    ///
    /// # Errors
    ///
    /// [`WordbookError`] if a code has an empty caption or one in a language that is not known, or
    /// lacks the English gloss of a caption that is not English. In a language that a code has no
    /// caption in, a message with it cannot be rendered.
    pub fn parse(text: &str) -> Result<Glossary, WordbookError> {
        let file: File = toml::from_str(text)
            .map_err(|error| WordbookError::LocalShape(error.message().to_owned()))?;
        let mut codes = BTreeMap::new();
        for (code, entry) in file.code {
            let languages = languages_of(&entry.caption)?;
            let captions = per_language(&entry.caption, &format!("caption of {code}"), &languages)?;
            for language in languages.into_iter().filter(|language| *language != Language::En) {
                if entry.gloss.get(language.tag()).is_none_or(|gloss| gloss.trim().is_empty()) {
                    return Err(WordbookError::LocalGlossMissing(code));
                }
            }
            codes.insert(code, Entry { captions, glosses: entry.gloss });
        }
        let hash = hash(b"khatt glossary v1\0", text);
        Ok(Glossary { hash, revision: file.revision, codes })
    }

    /// SHA-256 over the glossary file, `spec/form.md` §4.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Revision of the file.
    #[must_use]
    pub const fn revision(&self) -> u32 {
        self.revision
    }

    /// Caption of a code.
    #[must_use]
    pub fn caption(&self, code: &str, language: Language) -> Option<&str> {
        self.codes.get(code)?.captions.get(&language).map(String::as_str)
    }

    /// English gloss of a caption in another language; the English caption is its own gloss.
    #[must_use]
    pub fn gloss(&self, code: &str, language: Language) -> Option<&str> {
        let entry = self.codes.get(code)?;
        match language {
            Language::En => entry.captions.get(&language).map(String::as_str),
            _ => entry.glosses.get(language.tag()).map(String::as_str),
        }
    }

    /// All codes in order.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.codes.keys().map(String::as_str)
    }
}

impl Wordbook<'static> {
    /// Returns the words and places that this build ships.
    #[must_use]
    pub fn builtin() -> Wordbook<'static> {
        Wordbook { glossary: Glossary::builtin(), gazetteer: Gazetteer::builtin() }
    }
}

pub(crate) fn hash(label: &[u8], text: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(label);
    hasher.update(text.as_bytes());
    hasher.finalize().into()
}
