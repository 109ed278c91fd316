//! Why a post's folder was not opened or created. Reading and committing have their errors in core.

use thiserror::Error;

/// Why a store was not created or opened.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// The folder already holds something; nothing was changed in it.
    #[error("local folder already holds files: a store is created only in an empty folder")]
    LocalExists,
    /// A file of the store is not there.
    #[error("local folder lacks {file}")]
    LocalMissing {
        /// The file's name in the folder.
        file: &'static str,
    },
    /// Another process has the folder.
    #[error("local folder is held by another khatt")]
    LocalInUse,
    /// The folder is on a network file system, which cannot promise what a commit promises.
    #[error("local folder is on a network file system ({kind})")]
    LocalNetworkFiles {
        /// Which one.
        kind: &'static str,
    },
    /// The SQLite in this binary is older than the one that fixed a loss of committed data.
    #[error("local SQLite {found} is older than 3.51.3, which may lose committed data")]
    LocalOldSqlite {
        /// The version that is linked.
        found: String,
    },
    /// A setting did not take.
    #[error("local SQLite refused the setting {name}: wanted {wanted}, has {found}")]
    LocalSetting {
        /// The pragma.
        name: &'static str,
        /// What it must be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// A newer khatt wrote the store, and says that this one must not read it.
    #[error("local store needs version {needed} or later, this khatt knows {known}")]
    LocalTooOld {
        /// The least version that may read the store.
        needed: u64,
        /// The version that this binary writes.
        known: u64,
    },
    /// The store has a layout of before the first release, from which no way leads to this one.
    #[error("local store has version {found}, from which no way leads to {known}")]
    LocalOutdated {
        /// The version of the store.
        found: u64,
        /// The version that this binary writes.
        known: u64,
    },
    /// An older khatt wrote the store, and its tables were not moved on yet.
    #[error("local store is of version {found}, this khatt writes {known}: upgrade it first")]
    LocalOlder {
        /// The version of the store.
        found: u64,
        /// The version that this binary writes.
        known: u64,
    },
    /// The passphrase does not open `post.key`, or that file was altered.
    #[error("local passphrase is wrong, or post.key was altered")]
    LocalWrongPassphrase,
    /// The cost asked of the passphrase is outside what is allowed.
    #[error("local passphrase cost is outside the allowed range")]
    LocalCost,
    /// A file is so damaged that nothing can be read from it.
    #[error("local disk altered {what}: the store cannot be read")]
    LocalDamaged {
        /// The file or table.
        what: String,
    },
    /// There is no room for the store.
    #[error("local disk is full")]
    LocalFull,
    /// The operating system refused something.
    #[error("local file system failed at {what}: {reason}")]
    LocalIo {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        reason: String,
    },
}

impl OpenError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalExists => "KS-1201",
            Self::LocalMissing { .. } => "KS-1202",
            Self::LocalInUse => "KS-1203",
            Self::LocalNetworkFiles { .. } => "KS-1204",
            Self::LocalOldSqlite { .. } => "KS-1205",
            Self::LocalSetting { .. } => "KS-1206",
            Self::LocalTooOld { .. } => "KS-1207",
            Self::LocalWrongPassphrase => "KS-1208",
            Self::LocalCost => "KS-1209",
            Self::LocalDamaged { .. } => "KS-1210",
            Self::LocalFull => "KS-1211",
            Self::LocalIo { .. } => "KS-1212",
            Self::LocalOlder { .. } => "KS-1213",
            Self::LocalOutdated { .. } => "KS-1214",
        }
    }

    /// Returns the error for a failed system call.
    pub(crate) fn io(what: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |error| {
            if error.kind() == std::io::ErrorKind::StorageFull {
                Self::LocalFull
            } else {
                Self::LocalIo { what, reason: error.to_string() }
            }
        }
    }
}
