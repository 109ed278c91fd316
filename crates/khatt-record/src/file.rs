//! The record file: everything a post holds of a line, as one stream of rows (`spec/record-file.md`).
//!
//! It is what `khatt record export` writes and what the verifier reads: charter, entries in causal
//! order with what opens them, checkpoints' signatures, fork proofs, and a trailer that shows
//! whether the end is missing. Reading checks the form of rows and the trailer and nothing else;
//! whether they are true is [`crate::verify`]'s to say. Memory stays within two rows.

mod reader;
mod writer;

pub use reader::{RecordFileError, RecordReader};
pub use writer::{RecordWriter, WriteError};

use crate::commit::OpenPart;
use crate::cosign::Cosignature;
use crate::ids::{Hash, PostIndex};

/// The longest row in bytes: an entry with the longest body and signatures, and their heads.
pub const ROW_MAX: usize = 512 * 1024;

pub(crate) const TITLE: &str = "khatt record";
pub(crate) const VERSION: u64 = 1;

pub(crate) const HEADER: u64 = 0;
pub(crate) const CHARTER: u64 = 1;
pub(crate) const ENTRY: u64 = 2;
pub(crate) const CHECKPOINT: u64 = 3;
pub(crate) const FORK: u64 = 4;
pub(crate) const TRAILER: u64 = 5;
pub(crate) const COSIGNATURE: u64 = 6;

/// One row of a record file. Header and trailer are dealt with by reader and writer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Row {
    /// A charter file: first the line's own, later each amendment before the entry that names it.
    Charter(Vec<u8>),
    /// The next entry of a log.
    Entry {
        /// The log.
        log: PostIndex,
        /// The leaf bytes.
        leaf: Vec<u8>,
        /// What opens it.
        open: RowOpen,
    },
    /// A post's signature over its log.
    Checkpoint {
        /// The log.
        log: PostIndex,
        /// Its size.
        size: u64,
        /// The Ed25519 signature of the log's post.
        signature: [u8; 64],
        /// The root, kept only where it is not the root of the entries in this file.
        root: Option<Hash>,
    },
    /// A fork proof.
    Fork(Vec<u8>),
    /// A post's post-quantum signature over a log, its own or another's.
    Cosignature(Cosignature),
}

/// What a record file holds beside a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOpen {
    /// Nothing: the entry is no message, or was never opened here.
    Nothing,
    /// Seed, body and officers' signatures.
    Open(OpenPart),
    /// A message whose body was taken out on purpose, or erased.
    Withheld,
}
