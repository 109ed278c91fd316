//! Why a scenario document was not taken: row, key, what was expected.

use thiserror::Error;

/// Why a scenario document was not taken. The fault is always in our own file.
///
/// Rows count from 1. Values of message fields are never repeated in an error.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScenarioError {
    /// The document is longer than any that is read.
    #[error("local scenario has {bytes} bytes; at most {most} are read")]
    LocalTooLarge {
        /// Its length.
        bytes: usize,
        /// [`super::MAX_DOCUMENT_BYTES`].
        most: usize,
    },
    /// The document is not TOML.
    #[error("local scenario, row {row}: this is not TOML ({reason})")]
    LocalNotToml {
        /// Row of the fault.
        row: usize,
        /// What the TOML reader said.
        reason: String,
    },
    /// A key that must be there is not.
    #[error("local scenario, row {row}: `{key}` is missing; expected {expected}")]
    LocalMissing {
        /// Row of the table that lacks it.
        row: usize,
        /// Full name of the key.
        key: String,
        /// What should stand there.
        expected: String,
    },
    /// A key that means nothing there.
    #[error("local scenario, row {row}: `{key}` is not a key of this table; expected {expected}")]
    LocalUnknownKey {
        /// Row of the key.
        row: usize,
        /// Full name of the key.
        key: String,
        /// The keys that the table may have.
        expected: String,
    },
    /// A value of another type, form or size.
    #[error("local scenario, row {row}: `{key}` must be {expected}, not {found}")]
    LocalWrongValue {
        /// Row of the value.
        row: usize,
        /// Full name of the key.
        key: String,
        /// What should stand there.
        expected: String,
        /// What stands there, never the text of a message.
        found: String,
    },
    /// A name that nothing before it declares.
    #[error("local scenario, row {row}: `{key}` names `{name}`; expected {expected}")]
    LocalUnknownName {
        /// Row of the name.
        row: usize,
        /// Full name of the key.
        key: String,
        /// The name that was not found.
        name: String,
        /// What it should name.
        expected: String,
    },
    /// A name that was already given to something else.
    #[error("local scenario, row {row}: `{key}` gives the name `{name}` a second time")]
    LocalNameTaken {
        /// Row of the second use.
        row: usize,
        /// Full name of the key.
        key: String,
        /// The name.
        name: String,
    },
}

impl ScenarioError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalTooLarge { .. } => "KE-1001",
            Self::LocalNotToml { .. } => "KE-1002",
            Self::LocalMissing { .. } => "KE-1003",
            Self::LocalUnknownKey { .. } => "KE-1004",
            Self::LocalWrongValue { .. } => "KE-1005",
            Self::LocalUnknownName { .. } => "KE-1006",
            Self::LocalNameTaken { .. } => "KE-1007",
        }
    }

    /// Returns the row that the error points at, from 1.
    #[must_use]
    pub const fn row(&self) -> usize {
        match self {
            Self::LocalTooLarge { .. } => 1,
            Self::LocalNotToml { row, .. }
            | Self::LocalMissing { row, .. }
            | Self::LocalUnknownKey { row, .. }
            | Self::LocalWrongValue { row, .. }
            | Self::LocalUnknownName { row, .. }
            | Self::LocalNameTaken { row, .. } => *row,
        }
    }
}
