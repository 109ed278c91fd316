//! Verification: whether a record file is what the posts of a line signed (`spec/verify.md`).
//!
//! [`verify`] streams a record file in flat memory: one thread reads and hashes, workers check
//! signatures, each one by itself. Its [`Report`] says who is at fault for what. What a body says
//! is checked through [`BodyCheck`], which the commands fill with `khatt-forms`; files, texts and
//! exit codes are theirs too.

mod blame;
mod keys;
mod report;
mod run;
mod walk;
mod work;

use std::io;

use thiserror::Error;

pub use report::{Answer, Blame, Established, FAULTS_MAX, Fault, FaultKind, PostReport, Report};

use crate::charter::SignedCharter;
use crate::entry::Act;
use crate::file::RecordFileError;

/// By what the verifier knows the parties.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Anchor {
    /// A charter that the verifier has from elsewhere.
    Charter(Box<SignedCharter>),
    /// The check words of a charter: the first 20 bytes of its hash.
    Words([u8; 20]),
    /// Nothing; then the record can only be consistent in itself.
    Nothing,
}

/// Checks a body's form and rendering, which this crate knows nothing of.
pub trait BodyCheck: Sync {
    /// Checks one body of a line, and whether its form may travel under the message's act, under
    /// the charter in force for its author.
    fn check(&self, charter: &SignedCharter, act: Act, body: &[u8]) -> BodyFinding;
}

/// What a [`BodyCheck`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFinding {
    /// The form is the charter's and the rendering has the digest that the body names.
    Agrees,
    /// The form is not known here in the charter's version: nothing can be said.
    Unknown,
    /// The rendering has another digest than the body names.
    Differs,
    /// The body is malformed, or its form is not in the charter.
    Malformed,
    /// The form may not travel under the message's act (`spec/statement.md §6`).
    OtherAct,
}

/// A [`BodyCheck`] that knows no forms.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBodyCheck;

impl BodyCheck for NoBodyCheck {
    fn check(&self, _: &SignedCharter, _: Act, _: &[u8]) -> BodyFinding {
        BodyFinding::Unknown
    }
}

/// How far a verification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries read.
    pub entries: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Why no report can be given.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum VerifyFault {
    /// The file cannot be read to its end.
    #[error(transparent)]
    File(#[from] RecordFileError),
    /// The file has no charter where it must begin with one.
    #[error("peer's file does not begin with a charter")]
    PeerNoCharter,
    /// The charter that the file begins with is refused.
    #[error("peer's file begins with a charter that is refused: {0}")]
    PeerCharter(#[source] crate::charter::SignError),
    /// The charter that the file begins with takes the place of one that the file does not have.
    #[error("peer's file begins with an amendment, without the charter before it")]
    PeerAmendment,
    /// The file is of another line than the anchor.
    #[error("peer's file is of another line than the charter or check words given")]
    PeerOtherLine,
}

impl VerifyFault {
    /// Returns the stable code of this fault, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::PeerNoCharter => "verify.no-charter",
            Self::PeerCharter(_) | Self::PeerAmendment => "verify.charter",
            Self::PeerOtherLine => "verify.other-line",
        }
    }
}

/// Verifies the record file that `open` opens, with `threads` threads (at least 1).
///
/// `open` is called again only if the file has receipts or checkpoints of long ago, which a
/// second pass looks up. `progress` is called now and then by the thread that calls this.
///
/// # Errors
///
/// [`VerifyFault`] if the file cannot be read as a record of the line that `anchor` names. Faults
/// in what the posts wrote are in the report.
pub fn verify<R: io::Read>(
    open: &mut dyn FnMut() -> io::Result<R>,
    anchor: &Anchor,
    threads: usize,
    bodies: &dyn BodyCheck,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, VerifyFault> {
    run::verify(open, anchor, threads, bodies, progress)
}
