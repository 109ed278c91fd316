//! Disclosure of one entry: a C2SP tlog-proof with what opens it (`spec/disclosure.md`).
//!
//! A [`Disclosure`] shows one message to somebody outside the line: its leaf, its place in a log
//! that its author signed, the salt and bytes of its body, and the receipts of posts that hold it.
//! Other entries appear only as hashes. The seed never does: it would open the officers' signatures
//! too, which are handed over only if that is asked for. Who may disclose is [`crate::auth`]'s
//! affair and the engine's; whether a disclosure is true is found by [`Disclosure::check`].

mod check;
mod codec;
#[cfg(test)]
mod tests;

use std::fmt;

pub use check::{DisclosureFault, DisclosureReport, OfficersShown, Received};
pub use codec::DisclosureError;

use crate::ids::{EntryId, Hash, Kind, LineId, PostIndex};
use crate::key_order::SignedKeyOrder;

/// The longest disclosure in bytes: the longest body, signatures and charter, in base64.
pub const FILE_MAX: usize = 2 << 20;
/// The first row of every disclosure, and of every C2SP tlog-proof.
pub const FIRST_ROW: &str = "c2sp.org/tlog-proof@v1";

/// One entry with its proof and what opens it, as read: nothing of it was checked yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// The line's id.
    pub line: LineId,
    /// What the line is for.
    pub kind: Kind,
    /// How many posts the line has: what the `seen` of a leaf is read by.
    pub posts: usize,
    /// The entry.
    pub entry: EntryId,
    /// Whose log it is in.
    pub author: LogKey,
    /// The entry's leaf bytes.
    pub leaf: Vec<u8>,
    /// The salt of the body's commitment.
    pub body_salt: [u8; 16],
    /// The body.
    pub body: Vec<u8>,
    /// The officers' signatures, if they are shown.
    pub officers: Option<OfficersPart>,
    /// Receipts of other posts, by post ascending.
    pub receipts: Vec<ReceiptPart>,
    /// The charter's file, if it is enclosed.
    pub charter: Option<Vec<u8>>,
    /// Key orders, by party, then number, where the charter's keys are not those that signed.
    pub orders: Vec<SignedKeyOrder>,
    /// The hashes from the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The author's checkpoint as a signed note. Further signatures on it are passed over.
    pub note: String,
}

/// By what a log's checkpoints are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// The generation of the log.
    pub generation: u32,
    /// The key that signs its checkpoints.
    pub key: [u8; 32],
}

/// What opens the officers' signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct OfficersPart {
    /// The salt of their commitment.
    pub salt: [u8; 16],
    /// The draft's id, which every statement names.
    pub draft_id: [u8; 16],
    /// The signatures, as [`crate::auth::Auth`] encodes them.
    pub auth: Vec<u8>,
}

/// Another post's receipt for the author's log at the size of the checkpoint, proved in that post's
/// own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptPart {
    /// The post that gave it.
    pub post: PostIndex,
    /// By what its log is known.
    pub log: LogKey,
    /// The receipt's leaf bytes.
    pub leaf: Vec<u8>,
    /// The receipt's index.
    pub index: u64,
    /// The size of that post's log under its checkpoint.
    pub size: u64,
    /// That post's signature over its checkpoint.
    pub signature: [u8; 64],
    /// The hashes from the receipt's sibling up.
    pub path: Vec<Hash>,
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disclosure(entry {}, body of {} bytes, redacted)", self.entry, self.body.len())
    }
}

impl fmt::Debug for OfficersPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfficersPart(redacted)")
    }
}
