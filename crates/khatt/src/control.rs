//! How a command speaks to the post that holds the folder.
//!
//! While `khatt post run` holds a folder, commands ask it over `post.sock`: one JSON value after a
//! length, versioned and bounded (`docs/internals/control.md`). With none running, the command takes
//! the folder's lock and answers itself with the same [`desk::Desk`]. An officer's key never leaves
//! the officer's own process: what needs an officer carries a signature over the question and a
//! number that the post drew for this connection.

pub mod ask;
mod care;
pub mod client;
pub mod desk;
pub mod opened;
pub mod server;
pub mod views;
pub mod wire;

use thiserror::Error;

/// Why a question was not carried to the post or not answered.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ControlError {
    /// No post runs in this folder.
    #[error("local post is not running in this folder")]
    LocalNotRunning,
    /// The running post closed the connection.
    #[error("local post closed the connection before it answered")]
    LocalClosed,
    /// The running post is of another version.
    #[error("local post speaks version {theirs} of the control socket, this command {ours}")]
    LocalOtherVersion {
        /// What the post speaks.
        theirs: u32,
        /// What this command speaks.
        ours: u32,
    },
    /// A question or answer that is too long.
    #[error("local question or answer is longer than {0} bytes")]
    LocalTooLong(usize),
    /// Bytes that are no question or no answer.
    #[error("local bytes on the control socket are malformed")]
    LocalMalformed,
    /// The officer's proof is missing, or is not over this question.
    #[error("local question lacks a proof by the officer whom it names")]
    LocalNotProved,
    /// The socket failed.
    #[error("local control socket failed: {0}")]
    LocalSocket(String),
    /// Too many commands at once.
    #[error("local post answers {0} commands already")]
    LocalBusy(usize),
}

impl ControlError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalNotRunning => "KK-1401",
            Self::LocalClosed => "KK-1402",
            Self::LocalOtherVersion { .. } => "KK-1403",
            Self::LocalTooLong(_) => "KK-1404",
            Self::LocalMalformed => "KK-1405",
            Self::LocalNotProved => "KK-1406",
            Self::LocalSocket(_) => "KK-1407",
            Self::LocalBusy(_) => "KK-1408",
        }
    }
}
