//! What a verification found.

use thiserror::Error;

use crate::auth::AuthError;
use crate::cbor::DecodeError;
use crate::charter::AmendError;
use crate::commit::OpenError;
use crate::cosign::CosignError;
use crate::fork::ForkError;
use crate::ids::{EntryId, Hash, Kind, LineId, PartyIndex, PostIndex};
use crate::key_order::{KeyOrderError, KeyOrderForkError};

/// The most faults that a report lists; more are counted.
pub const FAULTS_MAX: usize = 256;

/// Everything that a verification can say of a record.
#[derive(Clone, Debug)]
pub struct Report {
    /// The line's id.
    pub line: LineId,
    /// What the line is for.
    pub kind: Kind,
    /// The hash of the last charter in the file.
    pub charter: Hash,
    /// Whether the anchor given names this line.
    pub established: Established,
    /// One for each post, in the charter's order.
    pub posts: Vec<PostReport>,
    /// Officers' signatures that were checked and hold.
    pub officer_signatures: u64,
    /// Bodies whose rendering was checked and agrees.
    pub renderings_agree: u64,
    /// Bodies whose form is not known here.
    pub renderings_unknown: u64,
    /// What is wrong, in the order of the file; at most [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
    /// How many faults there are in all.
    pub fault_count: u64,
}

/// What was found of one post's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostReport {
    /// The post.
    pub post: PostIndex,
    /// Its name.
    pub name: String,
    /// Its party's name.
    pub party: String,
    /// How many entries its log has.
    pub entries: u64,
    /// The root over them.
    pub root: Hash,
    /// The largest size that the post signed and the file holds.
    pub signed: u64,
    /// Checkpoints that hold.
    pub checkpoints: u64,
    /// Post-quantum cosignatures over its log that hold, by whichever post.
    pub cosignatures: u64,
    /// The largest size that a post cosigned so, and 0 if none did.
    pub cosigned: u64,
    /// Receipts that hold, those of entries ahead included.
    pub receipts: u64,
    /// Messages.
    pub messages: u64,
    /// Messages that were opened and hold.
    pub opened: u64,
    /// Messages that the file holds closed.
    pub closed: u64,
    /// Messages whose body was withheld or erased.
    pub withheld: u64,
    /// Entries of types that are not known here.
    pub unknown: u64,
    /// Key orders in its log, of whichever party.
    pub key_orders: u64,
    /// The generation in which its log goes on.
    pub generation: u32,
    /// Entries that no other post had seen when it learned that this post was cut off.
    pub after_cut_off: u64,
}

/// Whether the parties are known to be who they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Established {
    /// The charter or check words given are this line's.
    Yes,
    /// None were given.
    No,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Everything holds, and the parties are those of the charter or words given.
    PartiesEstablished,
    /// Everything holds, but nothing says who the parties are.
    ConsistentOnly,
    /// Something does not hold.
    Refused,
}

impl Answer {
    /// The exit code of a command that gives this answer.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::PartiesEstablished => 0,
            Self::ConsistentOnly => 3,
            Self::Refused => 1,
        }
    }
}

impl Report {
    /// The answer in one word.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        match (self.fault_count, self.established) {
            (0, Established::Yes) => Answer::PartiesEstablished,
            (0, Established::No) => Answer::ConsistentOnly,
            _ => Answer::Refused,
        }
    }

    /// How many entries all logs have together.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.posts.iter().map(|post| post.entries).sum()
    }
}

/// Whose fault something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// A post: it signed what is wrong.
    Post(PostIndex),
    /// A party: its root key or recovery keys signed what is wrong.
    Party(PartyIndex),
    /// Whoever made or carried the file: no post signed this.
    File,
}

/// One thing that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose fault it is.
    pub blame: Blame,
    /// The entry, or for a checkpoint the log and its size.
    pub at: EntryId,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What can be wrong. The text says what was expected.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FaultKind {
    /// The leaf is no entry.
    #[error("the entry is malformed: {0}")]
    Malformed(DecodeError),
    /// The log belongs to no post of the charter.
    #[error("the log belongs to no post of the charter")]
    NoSuchPost,
    /// The log does not begin with an opening entry of this line, or has a second one.
    #[error("a log begins with one opening entry of this line and generation, and has no other")]
    Opening,
    /// The author forgot what it had seen before.
    #[error("the author had seen more before than it says here")]
    SeenShrank,
    /// The author claims to have seen entries that do not come before this one.
    #[error("the author claims to have seen entries that do not stand before this one")]
    SeenBeyond,
    /// The thread names an entry that does not come before.
    #[error("the thread begins with an entry that does not stand before this one")]
    ThreadUnknown,
    /// A receipt covers more than its author says it has seen.
    #[error("the receipt covers more than its author had seen")]
    ReceiptBeyond,
    /// A receipt names another root than the log has.
    #[error("the receipt names another root than the log has at that size")]
    ReceiptRoot,
    /// A refusal names an entry that does not come before.
    #[error("the refusal names an entry that does not stand before this one")]
    RefusalUnknown,
    /// A refusal names an entry that its author had receipted before.
    #[error("the refusal names an entry that its author had receipted before")]
    RefusalLate,
    /// An entry ahead is receipted that the author had refused.
    #[error("the receipt is for an entry that its author had refused before")]
    ReceiptRefused,
    /// A checkpoint's signature does not verify.
    #[error("the signature is not the post's over this log at this size")]
    CheckpointSignature,
    /// A checkpoint is of a size that the log does not have.
    #[error("the checkpoint is of a size that the log does not have here")]
    CheckpointBeyond,
    /// The post signed another root for this size than these entries have.
    #[error("the post signed another root at this size than these entries have")]
    CheckpointOtherRoot,
    /// Entries at the end of the log are under no signature.
    #[error("the entries from here to the end of the log are under no signature")]
    TailUnsigned,
    /// What opens a message is not what its entry commits to.
    #[error("what opens the message is not what its entry commits to: {0}")]
    OpenPart(OpenError),
    /// Something opens an entry that is no message.
    #[error("the file opens an entry that is no message")]
    OpenMisplaced,
    /// Officers' signatures do not satisfy the charter.
    #[error("the officers' signatures do not satisfy the charter: {0}")]
    Officers(AuthError),
    /// The body is malformed or of a form that the charter does not have.
    #[error("the body is malformed or of a form that the charter does not have")]
    BodyMalformed,
    /// The form may not travel under the message's act.
    #[error("the form may not travel under the act of this message")]
    ActForm,
    /// The rendering differs from the digest in the body.
    #[error("the rendering is not the one that the officers signed")]
    RenderingDiffers,
    /// The same commitments stand in the log twice.
    #[error("the same message stands in the log twice")]
    Repeated,
    /// An amendment names a charter that the file does not have, or not the next one.
    #[error("the amendment names a charter that the file does not hold as the next one")]
    AmendUnknown,
    /// An amendment may not take the place of what its author went by.
    #[error("the amendment may not follow what its author went by: {0}")]
    AmendRefused(AmendError),
    /// A key order in the log may not stand there.
    #[error("the key order may not come into force where it stands: {0}")]
    KeyOrder(KeyOrderError),
    /// A party signed two key orders of one number.
    #[error("the party signed two key orders of one number")]
    KeyOrderFork,
    /// A proof of two key orders does not hold.
    #[error("a proof of two key orders does not hold: {0}")]
    KeyOrderForkProof(KeyOrderForkError),
    /// The author knew that its post was cut off.
    #[error("the author knew that its post was cut off, and went on")]
    CutOff,
    /// The author knew of a later generation of its post.
    #[error("the author knew that its generation had ended, and went on")]
    GenerationEnded,
    /// A checkpoint is signed in a generation that had ended at that size.
    #[error("the checkpoint is signed in a generation that had ended at that size")]
    CheckpointEnded,
    /// A charter in the file is malformed or not signed by all parties.
    #[error("a later charter in the file is not signed by all parties")]
    CharterRefused,
    /// A charter in the file may not follow the one before.
    #[error("a later charter in the file may not follow the one before: {0}")]
    CharterSuccession(AmendError),
    /// A cosignature does not hold.
    #[error("a cosignature in the file does not hold: {0}")]
    Cosignature(CosignError),
    /// A cosignature is of a size that the log does not have.
    #[error("a cosignature is of a size that the log does not have here")]
    CosignatureBeyond,
    /// A fork proof holds: the post signed two histories.
    #[error("the post signed two histories that cannot both be true")]
    Forked,
    /// A fork proof does not hold.
    #[error("a fork proof in the file does not hold: {0}")]
    ForkProof(ForkError),
    /// A fork proof is malformed.
    #[error("a fork proof in the file is malformed: {0}")]
    ForkProofMalformed(DecodeError),
    /// The file itself is damaged from here on; the name is that of the reader's own error.
    #[error("the file is damaged: {0}")]
    Damaged(&'static str),
    /// More receipts and checkpoints of long ago than are looked up.
    #[error("too many receipts and checkpoints refer to a long time ago")]
    TooManyLate,
}

impl FaultKind {
    /// Returns the stable code of this fault, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "verify.malformed",
            Self::NoSuchPost => "verify.no-such-post",
            Self::Opening => "verify.opening",
            Self::SeenShrank => "verify.seen-shrank",
            Self::SeenBeyond => "verify.seen-beyond",
            Self::ThreadUnknown => "verify.thread-unknown",
            Self::ReceiptBeyond => "verify.receipt-beyond",
            Self::ReceiptRoot => "verify.receipt-root",
            Self::RefusalUnknown => "verify.refusal-unknown",
            Self::RefusalLate => "verify.refusal-late",
            Self::ReceiptRefused => "verify.receipt-refused",
            Self::CheckpointSignature => "verify.checkpoint-signature",
            Self::CheckpointBeyond => "verify.checkpoint-beyond",
            Self::CheckpointOtherRoot => "verify.checkpoint-other-root",
            Self::TailUnsigned => "verify.tail-unsigned",
            Self::OpenPart(_) => "verify.open-part",
            Self::OpenMisplaced => "verify.open-misplaced",
            Self::Officers(_) => "verify.officers",
            Self::BodyMalformed => "verify.body-malformed",
            Self::ActForm => "verify.act-form",
            Self::RenderingDiffers => "verify.rendering-differs",
            Self::Repeated => "verify.repeated",
            Self::AmendUnknown => "verify.amend-unknown",
            Self::AmendRefused(_) => "verify.amend-refused",
            Self::KeyOrder(_) => "verify.key-order",
            Self::KeyOrderFork => "verify.key-order-fork",
            Self::KeyOrderForkProof(_) => "verify.key-order-fork-proof",
            Self::CutOff => "verify.cut-off",
            Self::GenerationEnded => "verify.generation-ended",
            Self::CheckpointEnded => "verify.checkpoint-ended",
            Self::CharterRefused => "verify.charter-refused",
            Self::CharterSuccession(_) => "verify.charter-succession",
            Self::Cosignature(_) => "verify.cosignature",
            Self::CosignatureBeyond => "verify.cosignature-beyond",
            Self::Forked => "verify.forked",
            Self::ForkProof(_) => "verify.fork-proof",
            Self::ForkProofMalformed(_) => "verify.fork-proof-malformed",
            Self::Damaged(code) => code,
            Self::TooManyLate => "verify.too-many-late",
        }
    }
}
