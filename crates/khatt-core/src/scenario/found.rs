//! A value of a document with the place where it stands, and the words that errors use for it.

use toml::Spanned;
use toml::de::DeValue;

use super::error::ScenarioError;
use super::name::Name;

/// Where each row of a document starts.
pub(super) struct Rows(Vec<usize>);

/// A value with the place where it stands.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) row: usize,
    pub(super) key: String,
}

impl Rows {
    pub(super) fn of(text: &str) -> Self {
        let starts =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(starts).collect())
    }

    /// Returns the row of a byte, from 1.
    pub(super) fn row(&self, byte: usize) -> usize {
        self.0.partition_point(|start| *start <= byte).max(1)
    }
}

impl<T> Found<T> {
    /// Makes the error that this value is not what was expected.
    pub(super) fn wrong(
        &self,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> ScenarioError {
        ScenarioError::LocalWrongValue {
            row: self.row,
            key: self.key.clone(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Found<U> {
        Found { value: change(self.value), row: self.row, key: self.key }
    }
}

impl Found<Name> {
    /// Makes the error that nothing of this name was declared.
    pub(super) fn unknown(&self, expected: impl Into<String>) -> ScenarioError {
        ScenarioError::LocalUnknownName {
            row: self.row,
            key: self.key.clone(),
            name: self.value.to_string(),
            expected: expected.into(),
        }
    }
}

/// Writes words as a list for an error.
pub(super) fn listed<T: AsRef<str>>(words: impl Iterator<Item = T>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("`{}`", word.as_ref())).collect();
    if quoted.is_empty() { "nothing at all".to_owned() } else { quoted.join(", ") }
}

/// Shows a short word, or only the kind of anything else: a long text may be a message.
pub(super) fn shown(value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref().as_str() {
        Some(text) if text.chars().count() <= 24 => format!("\"{}\"", text.escape_debug()),
        _ => kind_of(value),
    }
}

pub(super) fn kind_of(value: &Spanned<DeValue<'_>>) -> String {
    format!("a value of type {}", value.get_ref().type_str())
}

pub(super) fn clipped(text: &str) -> String {
    text.chars().take(48).flat_map(char::escape_debug).collect()
}
