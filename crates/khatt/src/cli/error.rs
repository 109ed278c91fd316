//! What is wrong with a command itself, beyond what the crates below refuse.

use khatt_record::EntryId;
use thiserror::Error;

/// Why a command was not carried out.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CommandError {
    /// `--set` without a field, or without `=`.
    #[error("local option is not FIELD=VALUE or NAME=FILE")]
    LocalAssignment,
    /// No such language.
    #[error("local language is not known: {0:?}")]
    LocalLanguage(String),
    /// Not an entry's name.
    #[error("local entry is not named as LOG/NUMBER")]
    LocalEntry,
    /// No officer of our party has this name.
    #[error("local party has no officer {0:?} on this line, or the key in the folder is another")]
    LocalNoSuchOfficer(String),
    /// No such message here.
    #[error("local post has no message {0}")]
    LocalNoSuchEntry(EntryId),
    /// No such draft, or several begin so.
    #[error("local post has no draft, or several, whose number begins with {0:?}")]
    LocalNoSuchDraft(String),
    /// The charter asks for more than one officer.
    #[error(
        "local charter asks for {0} officers at this precedence, so one cannot draft and release"
    )]
    LocalTwoOfficers(u8),
    /// The level did not come in time. The message is on its way all the same.
    #[error("peer has not reached {0} in the time given; the message stays on its way")]
    PeerNotReached(String),
    /// The words typed are not the charter's.
    #[error("local check words are not those of this charter")]
    LocalWordsDiffer,
    /// The charter does not say about us what our card says.
    #[error("peer's charter names this party, its posts or its officers otherwise than our card")]
    PeerOtherCard,
    /// No such relation.
    #[error("local relation is not known: {0:?}")]
    LocalRelation(String),
    /// No such precedence.
    #[error("local precedence is none of flash, immediate, priority, routine")]
    LocalPrecedence,
    /// No such role.
    #[error("local role is not known: {0:?}")]
    LocalRoles(String),
    /// It needs the post's network.
    #[error("local post is not running, and this needs its network")]
    LocalNeedsRunning,
    /// No such post on the line.
    #[error("local line has no post {0:?}")]
    LocalNoSuchPost(String),
    /// No address of a peer that can be dialled or allowed.
    #[error("local settings and charter give no IP:PORT for peer {0:?}")]
    LocalNoAddress(String),
    /// A file that cannot be read or written.
    #[error("local file {name}: {reason}")]
    LocalFile {
        /// The file.
        name: String,
        /// What the system said.
        reason: String,
    },
    /// The draft of a disclosure or erasure waits for another officer.
    #[error("local draft is kept and waits for a releasing officer")]
    LocalWaitsForRelease,
    /// The body of a message is not held, so that it cannot be read back.
    #[error("local post does not hold the body of message {0}")]
    LocalNoBody(EntryId),
    /// A log of which no checkpoint is held.
    #[error("local post holds no checkpoint of that log")]
    LocalNoCheckpoint,
}

impl CommandError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalAssignment => "KK-1901",
            Self::LocalLanguage(_) => "KK-1902",
            Self::LocalEntry => "KK-1903",
            Self::LocalNoSuchOfficer(_) => "KK-1904",
            Self::LocalNoSuchEntry(_) => "KK-1905",
            Self::LocalNoSuchDraft(_) => "KK-1906",
            Self::LocalTwoOfficers(_) => "KK-1907",
            Self::PeerNotReached(_) => "KK-1908",
            Self::LocalWordsDiffer => "KK-1909",
            Self::PeerOtherCard => "KK-1910",
            Self::LocalRelation(_) => "KK-1912",
            Self::LocalPrecedence => "KK-1913",
            Self::LocalRoles(_) => "KK-1914",
            Self::LocalNeedsRunning => "KK-1915",
            Self::LocalNoSuchPost(_) => "KK-1916",
            Self::LocalNoAddress(_) => "KK-1917",
            Self::LocalFile { .. } => "KK-1918",
            Self::LocalNoBody(_) => "KK-1919",
            Self::LocalNoCheckpoint => "KK-1920",
            Self::LocalWaitsForRelease => "KK-1925",
        }
    }
}
