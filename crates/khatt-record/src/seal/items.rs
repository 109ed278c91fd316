//! Items: what a frame holds, a CBOR sequence of arrays (`spec/frame.md §4`).
//!
//! A sender's own messages and receipts travel *lean*: whatever the receiver can compute
//! (commitments, roots) is left out. Everything else travels as the leaf bytes it is stored as.
//! Decoding accepts only the bytes that encoding would have written. Whether an item is true is
//! the engine's to check, against the log and its signatures.

use core::fmt;

use thiserror::Error;

use super::epoch::CAPSULE_LEN;
use super::frame::{FRAME_MAX, FrameContext};
use crate::cbor::{DecodeError, Reader};
use crate::commit::OpenPart;
use crate::cosign::Cosignature;
use crate::entry::{Entry, MessageHeader, Receipt, Seen};
use crate::ids::{Hash, PostIndex};

mod lean;
mod wire;

/// The most items that one frame holds.
pub const ITEMS_MAX: usize = 4096;

/// The most hashes in one proof item; a log of 2^63 entries needs no more.
pub const PROOF_MAX: usize = 64;

/// The most logs in one standing item: one per post of a line.
pub const HAVE_MAX: usize = 16;

/// One thing that a frame says. Its `Debug` shows no body and no signature.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// So many bytes of nothing, to hide a frame's length.
    Pad(usize),
    /// A message of the sender's own log, without the commitments that its open part gives.
    Message(LeanMessage),
    /// An entry of any log, as it is stored.
    Leaf {
        /// The log it stands in.
        log: PostIndex,
        /// Its number there.
        index: u64,
        /// The leaf bytes.
        leaf: Vec<u8>,
    },
    /// A message of another post's log, handed on with its open part.
    Opened {
        /// The log it stands in.
        log: PostIndex,
        /// Its number there.
        index: u64,
        /// The leaf bytes.
        leaf: Vec<u8>,
        /// What its commitments stand for.
        open: OpenPart,
    },
    /// A receipt of the sender's own log, without the root that the receiver can compute.
    ReceiptLean(LeanReceipt),
    /// A checkpoint's signature, whose root the receiver computes from the entries.
    Sig {
        /// The log that is signed.
        log: PostIndex,
        /// Its size at that checkpoint.
        size: u64,
        /// The Ed25519 signature of that log's post.
        signature: [u8; 64],
    },
    /// What the sender holds of each log.
    Have(Vec<Standing>),
    /// A request for the entries `from..to` of a log.
    Want {
        /// The log.
        log: PostIndex,
        /// The first entry wanted.
        from: u64,
        /// The end, itself not wanted.
        to: u64,
    },
    /// The proof that an entry is the last of a log of `size`, for one sent ahead of others.
    Proof {
        /// The log.
        log: PostIndex,
        /// The entry's number.
        index: u64,
        /// The size for which the proof holds.
        size: u64,
        /// The hashes, lowest level first (RFC 9162 §2.1.3.1).
        hashes: Vec<Hash>,
    },
    /// A proof that some post signed two histories.
    Evidence(Vec<u8>),
    /// A checkpoint with its root, for a receiver who cannot compute it.
    CheckpointFull {
        /// The log that is signed.
        log: PostIndex,
        /// Its size.
        size: u64,
        /// Its root at that size.
        root: Hash,
        /// The Ed25519 signature of that log's post.
        signature: [u8; 64],
    },
    /// A charter file: the line's own, or an amendment.
    Charter(Vec<u8>),
    /// A key order's file, for a receiver that cannot get it as an entry; a hint only.
    KeyOrder(Vec<u8>),
    /// The sender will not take an entry, and why; a hint only, the signed refusal is an entry.
    Reject {
        /// The log.
        log: PostIndex,
        /// The entry's number.
        index: u64,
        /// The reason's number (`spec/entry.md`).
        code: u64,
    },
    /// A post-quantum cosignature by the sender; its `post` is always the sender.
    Cosignature(Cosignature),
    /// The largest size of each log at which the sender holds the recipient's cosignature.
    Cosigned(Vec<(PostIndex, u64)>),
}

/// A message of the sender's own log with everything needed to rebuild its leaf.
#[derive(Clone, PartialEq, Eq)]
pub struct LeanMessage {
    /// Its number in the sender's log.
    pub index: u64,
    /// Its header, commitments included: on the wire they are left out and computed anew.
    pub header: MessageHeader,
    /// Seed, body and officers' signatures.
    pub open: OpenPart,
}

/// A run receipt of the sender's own log, but for the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeanReceipt {
    /// Its number in the sender's log.
    pub index: u64,
    /// The claimed time in milliseconds of Unix time.
    pub t_ms: u64,
    /// What the sender had seen of every other log.
    pub seen: Seen,
    /// The log whose entries are receipted.
    pub log: PostIndex,
    /// All entries below this number are receipted.
    pub size: u64,
}

impl LeanMessage {
    /// The entry, whose leaf bytes are what its author's log holds.
    #[must_use]
    pub fn entry(&self) -> Entry {
        Entry::Message(self.header.clone())
    }
}

impl LeanReceipt {
    /// The entry, with the root that the receiver computed of `log` at `size`.
    #[must_use]
    pub fn entry(&self, root: Hash) -> Entry {
        Entry::Receipt(Receipt {
            t_ms: self.t_ms,
            seen: self.seen.clone(),
            log: self.log,
            size: self.size,
            root,
        })
    }

    fn seen_prefix(&self) -> Result<u64, ItemsError> {
        self.seen.of(self.log).map(|held| held.prefix).ok_or(ItemsError::ReceiptBeyondSeen)
    }
}

/// What a post holds of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The log.
    pub log: PostIndex,
    /// How many entries without a gap.
    pub size: u64,
    /// The first eight bytes of the root at that size.
    pub root: [u8; 8],
}

/// Why items could not be written or read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ItemsError {
    /// More than [`ITEMS_MAX`] items.
    #[error("more than {ITEMS_MAX} items in a frame")]
    TooMany,
    /// More bytes than a frame may hold, or a part longer than its cap.
    #[error("an item is longer than allowed")]
    TooLong,
    /// The bytes are not CBOR of the strict subset, or not what belongs in their place.
    #[error("items are malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// An array of another length than its type has.
    #[error("item of type {0} has another number of fields")]
    OtherLength(u64),
    /// The bytes say the same as others that are the only ones allowed.
    #[error("items are not in their one allowed encoding")]
    NotCanonical,
    /// An item of a type that this version does not know.
    #[error("item of unknown type {0}")]
    Unknown(u64),
    /// A lean entry is not one that its log may hold.
    #[error("a lean item does not give a well-formed entry")]
    NotAnEntry,
    /// A message's open part is not what its header commits to.
    #[error("a message's open part does not match its commitments")]
    CommitmentDiffers,
    /// A receipt names a log of which its own `seen` says nothing or less.
    #[error("a receipt covers more than its entry has seen")]
    ReceiptBeyondSeen,
}

impl ItemsError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooMany => "items.too-many",
            Self::TooLong => "items.too-long",
            Self::Malformed(error) => error.code(),
            Self::OtherLength(_) => "items.other-length",
            Self::NotCanonical => "items.not-canonical",
            Self::Unknown(_) => "items.unknown",
            Self::NotAnEntry => "items.not-an-entry",
            Self::CommitmentDiffers => "items.commitment-differs",
            Self::ReceiptBeyondSeen => "items.receipt-beyond-seen",
        }
    }
}

/// Writes items as the plaintext of a frame.
///
/// With `capsule`, a leaf of the sender's own log that contains it is written without it.
///
/// # Errors
///
/// [`ItemsError`] if the items do not fit or a lean item is not consistent in itself.
pub fn encode(
    items: &[Item],
    context: &FrameContext,
    capsule: Option<&[u8; CAPSULE_LEN]>,
) -> Result<Vec<u8>, ItemsError> {
    if items.len() > ITEMS_MAX {
        return Err(ItemsError::TooMany);
    }
    let mut run = Run::default();
    let mut out = Vec::new();
    for item in items {
        out.extend_from_slice(&wire::encode_item(item, context, capsule, &mut run)?);
        if out.len() > FRAME_MAX {
            return Err(ItemsError::TooLong);
        }
    }
    Ok(out)
}

/// Reads the plaintext of a frame.
///
/// # Errors
///
/// [`ItemsError`] if the bytes are anything but what [`encode`] writes for some items.
pub fn decode(
    bytes: &[u8],
    context: &FrameContext,
    capsule: Option<&[u8; CAPSULE_LEN]>,
) -> Result<Vec<Item>, ItemsError> {
    if bytes.len() > FRAME_MAX {
        return Err(ItemsError::TooLong);
    }
    let mut run = Run::default();
    let mut items = Vec::new();
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        if items.len() >= ITEMS_MAX {
            return Err(ItemsError::TooMany);
        }
        items.push(wire::decode_item(&mut reader, context, capsule, &mut run)?);
    }
    Ok(items)
}

/// What earlier items of a frame let later ones leave out: the number after the last entry of the
/// sender's own log.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    after_own: Option<u64>,
}

impl Run {
    fn own(&mut self, index: u64) {
        self.after_own = index.checked_add(1);
    }
}

impl fmt::Debug for LeanMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeanMessage").field("index", &self.index).finish_non_exhaustive()
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pad(length) => write!(f, "Pad({length})"),
            Self::Message(message) => message.fmt(f),
            Self::Leaf { log, index, leaf } => {
                write!(f, "Leaf({log}/{index}, {} bytes)", leaf.len())
            }
            Self::Opened { log, index, .. } => write!(f, "Opened({log}/{index})"),
            Self::ReceiptLean(receipt) => receipt.fmt(f),
            Self::Sig { log, size, .. } => write!(f, "Sig({log} at {size})"),
            Self::Have(standings) => f.debug_tuple("Have").field(standings).finish(),
            Self::Want { log, from, to } => write!(f, "Want({log} {from}..{to})"),
            Self::Proof { log, index, size, .. } => write!(f, "Proof({log}/{index} of {size})"),
            Self::Evidence(bytes) => write!(f, "Evidence({} bytes)", bytes.len()),
            Self::CheckpointFull { log, size, .. } => write!(f, "CheckpointFull({log} at {size})"),
            Self::Charter(bytes) => write!(f, "Charter({} bytes)", bytes.len()),
            Self::KeyOrder(bytes) => write!(f, "KeyOrder({} bytes)", bytes.len()),
            Self::Reject { log, index, code } => write!(f, "Reject({log}/{index}, {code})"),
            Self::Cosignature(one) => write!(f, "Cosignature({} at {})", one.log, one.size),
            Self::Cosigned(sizes) => f.debug_tuple("Cosigned").field(sizes).finish(),
        }
    }
}
