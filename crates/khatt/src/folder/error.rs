//! Why a post's folder was not made, read or changed.

use khatt_forms::IdentifierError;
use khatt_record::{card::CardError, charter::SignError};
use khatt_store::OpenError;
use thiserror::Error;

use crate::{officer_key::OfficerKeyError, token::TokenError};

/// Why a post's folder was not made, read or changed.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is no post in the folder.
    #[error("local folder holds no post: {0} is not there")]
    LocalNoPost(&'static str),
    /// There is something in the folder already.
    #[error("local folder is there already and is not empty")]
    LocalExists,
    /// The settings cannot be read.
    #[error("local post.toml cannot be read: {0}")]
    LocalSettings(String),
    /// A name that may be taken for another, or holds signs that cannot be seen.
    #[error("local name {name:?} is refused: {fault}")]
    LocalName {
        /// The name.
        name: String,
        /// Why.
        fault: IdentifierError,
    },
    /// A name that is no name of a file.
    #[error("local officer's name {0:?} cannot be the name of a file")]
    LocalFileName(String),
    /// An officer without a role, or too few officers.
    #[error("local post needs two officers at least, one of them releasing")]
    LocalOfficers,
    /// The folder has no charter yet.
    #[error("local post has no open line: there is no charter in the folder")]
    LocalNoCharter,
    /// The line of this folder is open already, with another charter.
    #[error("local post has another line open already")]
    LocalOtherLine,
    /// The charter does not name this post with its keys.
    #[error("local keys are those of no post of the charter")]
    LocalNotOurs,
    /// The folder's secrets are not all there.
    #[error("local store lacks the key {0}")]
    LocalKeyMissing(&'static str),
    /// A file is too long to be what it should be.
    #[error("local file {0} is too long")]
    LocalTooLong(String),
    /// The operating system refused something.
    #[error("local file system failed at {what}: {reason}")]
    LocalIo {
        /// What was being done.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] khatt_core::store::ReadError),
    /// The store could not be written.
    #[error(transparent)]
    Commit(#[from] khatt_core::store::CommitError),
    /// An officer's key.
    #[error(transparent)]
    OfficerKey(#[from] OfficerKeyError),
    /// The token that holds the log key.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// A charter.
    #[error(transparent)]
    Charter(#[from] SignError),
}

impl FolderError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalNoPost(_) => "KK-1301",
            Self::LocalExists => "KK-1302",
            Self::LocalSettings(_) => "KK-1303",
            Self::LocalName { fault, .. } => fault.code(),
            Self::LocalFileName(_) => "KK-1304",
            Self::LocalOfficers => "KK-1305",
            Self::LocalNoCharter => "KK-1306",
            Self::LocalOtherLine => "KK-1307",
            Self::LocalNotOurs => "KK-1308",
            Self::LocalKeyMissing(_) => "KK-1309",
            Self::LocalTooLong(_) => "KK-1310",
            Self::LocalIo { .. } => "KK-1311",
            Self::Store(error) => error.code(),
            Self::Read(error) => error.code(),
            Self::Commit(error) => error.code(),
            Self::OfficerKey(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Card(error) => error.code(),
            Self::Charter(error) => error.code(),
        }
    }
}
