//! The names that a scenario gives to parties, posts, officers, routes and steps.

use std::fmt;

/// Most characters in a name or a word.
pub(super) const MAX_NAME_CHARS: usize = 48;

/// A name that the scenario gives: small Latin letters, digits and hyphens, no hyphen first.
///
/// Names tie the document together and appear in reports; they are never shown to the other party.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// A word from elsewhere: the name of a form, the code of an error or an alarm, a language tag.
///
/// Latin letters, digits, hyphens, dots and underscores. Whoever knows the list checks it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(String);

impl Name {
    /// Returns the name, or nothing if it is not one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let sound = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        (sound && text.len() <= MAX_NAME_CHARS).then(|| Self(text.to_owned()))
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word {
    /// Returns the word, or nothing if it is not one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let sound = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
        (sound && text.len() <= MAX_NAME_CHARS).then(|| Self(text.to_owned()))
    }

    /// Returns the word as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
