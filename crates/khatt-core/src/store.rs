//! What the engine asks of a post's durable store: one trait to commit, one to read.
//!
//! A back end (SQLite, PostgreSQL, memory, a simulated disk) implements both and must pass
//! [`suite`]. The engine never opens a file; it hands over a [`Batch`] and learns later that the
//! batch is durable. What is secret ([`Sealed`]) the back end encrypts before it touches a disk.

use std::fmt;

use khatt_record::{EntryId, Hash, LineId, PostIndex};
use zeroize::Zeroize;

pub mod bytes;
pub mod memory;
pub mod rules;
pub mod suite;

/// Begins the keys of working state that is settled: one row for each message of years, read only
/// when somebody asks for it. A store counts these rows at a start, and opens them when read.
pub const SETTLED: &str = "done/";

/// Bytes that must be encrypted at rest: bodies, seeds, drafts, epoch secrets. Never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(<{} bytes>)", self.0.len())
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// One entry as a log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Which log, and which place in it (the first entry has index 0).
    pub id: EntryId,
    /// The leaf bytes, exactly as signed.
    pub leaf: Vec<u8>,
    /// The RFC 6962 leaf hash of `leaf`; the store checks it whenever it reads.
    pub leaf_hash: Hash,
    /// The encoded open part (seed, body, officers' signatures) of a message, if it has one.
    pub open: Option<Sealed>,
}

/// A checkpoint signature kept beside its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The log it speaks of.
    pub log: PostIndex,
    /// Number of entries covered.
    pub size: u64,
    /// The RFC 6962 root at `size`.
    pub root: Hash,
    /// The log's post's signature over the checkpoint note.
    pub signature: [u8; 64],
}

/// Where a log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log.
    pub log: PostIndex,
    /// Entries stored, contiguous from 0.
    pub size: u64,
    /// Root at `size`.
    pub root: Hash,
    /// `khatt_record::Frontier::encode` at `size`.
    pub frontier: Vec<u8>,
}

/// One change to the line's small working state (open obligations, epochs, drafts, alarms).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// Sets `key` to `value`.
    Put(String, Sealed),
    /// Removes `key`; nothing happens if it is not there.
    Delete(String),
}

/// What one atomic, durable step writes for one line.
///
/// Entries of one log are in order and continue that log without a gap; `heads` carries the state
/// of every log that the batch extends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Entries to append.
    pub entries: Vec<StoredEntry>,
    /// Checkpoints to keep. A second, different one for the same log and size is refused.
    pub checkpoints: Vec<StoredCheckpoint>,
    /// The heads after this batch, one for each log it extends.
    pub heads: Vec<Head>,
    /// Changes to the working state, applied in order.
    pub state: Vec<StateChange>,
    /// Proofs against others to keep for good (encoded fork proofs and the like), by a stable name.
    pub evidence: Vec<(String, Vec<u8>)>,
    /// Stored entries, those of this batch included, whose open part is destroyed for good, as far
    /// as the disk lets it be. The leaf stays. An entry that is not stored is passed over.
    pub erase: Vec<EntryId>,
}

impl Batch {
    /// Tells whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.checkpoints.is_empty()
            && self.heads.is_empty()
            && self.state.is_empty()
            && self.evidence.is_empty()
            && self.erase.is_empty()
    }
}

/// Why a batch was not stored.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The disk has no room. Nothing of the batch is stored; the same batch may be tried again.
    #[error("local disk is full: the batch was not stored")]
    LocalFull,
    /// The batch does not continue what is stored (a gap, a fork, a second checkpoint).
    #[error("local batch does not continue log {log} at {size}")]
    LocalOutOfOrder {
        /// The log it would have extended.
        log: PostIndex,
        /// Entries stored in that log.
        size: u64,
    },
    /// The disk failed. Nothing may be assumed: the process must stop and start again.
    #[error("local store failed and must be reopened: {0}")]
    LocalFatal(String),
}

/// Why a read did not answer.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// What the disk holds is not what was written.
    #[error("local disk altered {what}: it was found when read and is not served")]
    LocalDamaged {
        /// The entry, or the table and key.
        what: String,
    },
    /// The disk failed.
    #[error("local store failed: {0}")]
    LocalFatal(String),
}

impl CommitError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalFull => "KS-1001",
            Self::LocalOutOfOrder { .. } => "KS-1002",
            Self::LocalFatal(_) => "KS-1003",
        }
    }
}

impl ReadError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalDamaged { .. } => "KS-1101",
            Self::LocalFatal(_) => "KS-1102",
        }
    }
}

/// Reads what is durable. Every entry's hash is checked on the way out.
pub trait Reader {
    /// Returns the heads of every log of the line, ascending.
    fn heads(&self, line: LineId) -> Result<Vec<Head>, ReadError>;
    /// Returns one entry.
    fn entry(&self, line: LineId, id: EntryId) -> Result<Option<StoredEntry>, ReadError>;
    /// Returns at most `max` entries of a log from index `from`, ascending.
    fn entries(
        &self,
        line: LineId,
        log: PostIndex,
        from: u64,
        max: usize,
    ) -> Result<Vec<StoredEntry>, ReadError>;
    /// Returns at most `max` leaf hashes from index `from`, ascending, without reading bodies.
    fn leaf_hashes(
        &self,
        line: LineId,
        log: PostIndex,
        from: u64,
        max: usize,
    ) -> Result<Vec<Hash>, ReadError>;
    /// Returns the kept checkpoint of exactly this size.
    fn checkpoint(
        &self,
        line: LineId,
        log: PostIndex,
        size: u64,
    ) -> Result<Option<StoredCheckpoint>, ReadError>;
    /// Returns at most `max` kept checkpoints with size greater than or equal to `from_size`, ascending.
    fn checkpoints(
        &self,
        line: LineId,
        log: PostIndex,
        from_size: u64,
        max: usize,
    ) -> Result<Vec<StoredCheckpoint>, ReadError>;
    /// Returns the working state whose keys start with `prefix`, ascending by key.
    fn state(&self, line: LineId, prefix: &str) -> Result<Vec<(String, Sealed)>, ReadError>;
    /// Returns the kept evidence, ascending by name.
    fn evidence(&self, line: LineId) -> Result<Vec<(String, Vec<u8>)>, ReadError>;
}

/// Makes batches durable.
pub trait Writer {
    /// Stores the batch atomically. `Ok` means durable: a power cut now loses nothing of it.
    ///
    /// # Errors
    ///
    /// [`CommitError`]; after [`CommitError::LocalFatal`] the store must be reopened.
    fn commit(&mut self, line: LineId, batch: &Batch) -> Result<(), CommitError>;
}
