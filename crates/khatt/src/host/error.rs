//! Why a host does not work.

use khatt_core::{
    line::{ActError, OpenError},
    store::CommitError,
};
use thiserror::Error;

use super::INPUTS_MAX;

/// Why a host does not work, or no more.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum HostError {
    /// The line cannot be taken up.
    #[error(transparent)]
    Line(#[from] OpenError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] khatt_store::OpenError),
    /// The disk failed: the process must stop and start again.
    #[error("local post has stopped: {0}")]
    LocalDisk(CommitError),
    /// The post's key does not sign: its token was taken out or fails.
    #[error("local post has stopped: its token does not sign")]
    LocalSigner,
    /// It was stopped, or stopped by itself before.
    #[error("local post has stopped")]
    LocalStopped,
    /// As many requests wait as may wait.
    #[error("local post is busy: {INPUTS_MAX} requests wait already")]
    LocalBusy,
    /// The operating system gave no thread.
    #[error("local system gives no thread: {0}")]
    LocalThread(String),
    /// The engine refused the act.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl HostError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Line(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::LocalDisk(error) => error.code(),
            Self::LocalSigner => "KK-1504",
            Self::LocalStopped => "KK-1501",
            Self::LocalBusy => "KK-1502",
            Self::LocalThread(_) => "KK-1503",
            Self::Act(error) => error.code(),
        }
    }
}
