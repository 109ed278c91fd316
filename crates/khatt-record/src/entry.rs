//! Entries: the leaves of a post's log, as bytes and as values (`spec/entry.md`).
//!
//! Every entry is `[1, type, t_ms, seen, …]`. The bytes as received are what is hashed and kept;
//! a value is a view of them and is encoded only when its author makes it. Whether what an entry
//! claims is true, and whether it may stand where it stands, is left to others.

mod seen;

use crate::cbor::{DecodeError, Reader, Writer};
use crate::ids::{EntryId, Hash, LineId, PeerUnknownNumber, PostIndex, Precedence};
use crate::key_order::KEY_ORDER_MAX;
pub use seen::{BEYOND_MAX, Seen, SeenLog};

/// The greatest length of an entry in bytes.
pub const ENTRY_MAX: usize = 64 * 1024;
/// Times are below this many milliseconds since 1970, so that adding to one cannot overflow.
pub const TIME_MAX_MS: u64 = 1 << 48;
/// The length of an epoch capsule in bytes: X-Wing encapsulation 1120, sealed secret 48.
pub const CAPSULE_LEN: usize = 1168;
/// The length of an X-Wing public key in bytes.
pub const PREKEY_LEN: usize = 1216;
/// The greatest number of posts on a line.
pub const POSTS_MAX: usize = 16;

const VERSION: u64 = 1;

/// What a message is, to the rules of release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Act {
    /// Officers released it.
    Release = 1,
    /// An officer acknowledged another entry.
    Acknowledge = 2,
    /// The post itself wrote it, with no officer: a line test.
    Service = 3,
    /// Officers let an entry be shown outside the line (`spec/disclosure.md`).
    Disclose = 4,
    /// Officers of one party consent that an entry's text is destroyed (`spec/erasure.md`).
    Erase = 5,
}

impl TryFrom<u64> for Act {
    type Error = PeerUnknownNumber;

    fn try_from(value: u64) -> Result<Self, Self::Error> {
        match value {
            1 => Ok(Self::Release),
            2 => Ok(Self::Acknowledge),
            3 => Ok(Self::Service),
            4 => Ok(Self::Disclose),
            5 => Ok(Self::Erase),
            _ => Err(PeerUnknownNumber { what: "act", value }),
        }
    }
}

/// Why a post stored an entry and gives no receipt for it. Codes we do not know are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefusalReason(pub u16);

impl RefusalReason {
    /// Beyond the charter's quota.
    pub const OVER_QUOTA: Self = Self(1);
    /// The sealed part could not be opened, or is not what the leaf commits to.
    pub const UNOPENABLE: Self = Self(2);
    /// Its officers' signatures do not satisfy the charter.
    pub const UNAUTHORISED: Self = Self(3);
    /// It names a form or language that the charter does not have.
    pub const NOT_IN_CHARTER: Self = Self(4);
}

/// The first entry of every log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The line.
    pub line: LineId,
    /// The post, which is the author.
    pub post: PostIndex,
    /// How often this post has begun a log anew, from 0.
    pub generation: u32,
}

/// A message: who wrote what is sealed apart and only committed to here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHeader {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// What kind of act it is.
    pub act: Act,
    /// How urgent it is.
    pub precedence: Precedence,
    /// The entry that began the thread, or `None` if this one does.
    pub thread: Option<EntryId>,
    /// Commitment to the body.
    pub c_body: Hash,
    /// Commitment to the officers' signatures.
    pub c_auth: Hash,
}

/// Proof that the author holds every entry of another log below a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The log that is receipted.
    pub log: PostIndex,
    /// All its entries below this size, at least 1.
    pub size: u64,
    /// Its root at that size.
    pub root: Hash,
}

/// One recipient's capsule in an [`Epoch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochRecipient {
    /// Who can open it.
    pub post: PostIndex,
    /// Which of that post's prekeys it is sealed to.
    pub prekey_no: u32,
    /// The sealed epoch secret.
    pub capsule: Box<[u8; CAPSULE_LEN]>,
}

/// A new secret for the author's frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The author's count of epochs.
    pub epoch_no: u32,
    /// The capsules, by post ascending, none for the author.
    pub recipients: Vec<EpochRecipient>,
}

/// A key to which others may seal their next epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prekey {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The author's count of prekeys. The charter's is 0.
    pub prekey_no: u32,
    /// The X-Wing public key.
    pub key: Box<[u8; PREKEY_LEN]>,
}

/// Receipt of one entry that came before its predecessors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The entry.
    pub entry: EntryId,
    /// The size of the log in which the entry was proved, above its index.
    pub size: u64,
    /// The root at that size.
    pub root: Hash,
}

/// A party's key order, which is in force for what comes after (`spec/key-order.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The key order's file, as it came; at most [`KEY_ORDER_MAX`] bytes.
    pub order: Vec<u8>,
}

/// The author stored an entry and refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The entry.
    pub entry: EntryId,
    /// Why.
    pub reason: RefusalReason,
}

/// From here on the author goes by an amended charter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amend {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The hash of the charter.
    pub charter: Hash,
}

/// An entry of a type that this version does not know: stored, counted and shown as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The author's clock, in milliseconds since 1970 UTC. A claim.
    pub t_ms: u64,
    /// What the author held of every other log.
    pub seen: Seen,
    /// The type's number.
    pub kind: u16,
    /// The whole entry as received.
    pub bytes: Vec<u8>,
}

/// An entry of a post's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Type 0.
    Open(Open),
    /// Type 1.
    Message(MessageHeader),
    /// Type 2.
    Receipt(Receipt),
    /// Type 3.
    Epoch(Epoch),
    /// Type 4.
    Prekey(Prekey),
    /// Type 5.
    Keys(Keys),
    /// Type 8.
    Ahead(Ahead),
    /// Type 9.
    Refusal(Refusal),
    /// Type 10.
    Amend(Amend),
    /// Any other type.
    Unknown(Unknown),
}

impl Entry {
    /// Returns the author's claimed time in milliseconds since 1970 UTC.
    #[must_use]
    pub const fn t_ms(&self) -> u64 {
        self.head().0
    }

    /// Returns what the author held of every other log.
    #[must_use]
    pub const fn seen(&self) -> &Seen {
        self.head().1
    }

    /// Returns the number of the entry's type.
    #[must_use]
    pub const fn type_number(&self) -> u16 {
        match self {
            Self::Open(_) => 0,
            Self::Message(_) => 1,
            Self::Receipt(_) => 2,
            Self::Epoch(_) => 3,
            Self::Prekey(_) => 4,
            Self::Keys(_) => 5,
            Self::Ahead(_) => 8,
            Self::Refusal(_) => 9,
            Self::Amend(_) => 10,
            Self::Unknown(entry) => entry.kind,
        }
    }

    /// Writes the leaf bytes. An unknown entry gives back the bytes it came in.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let items = match self {
            Self::Unknown(entry) => return entry.bytes.clone(),
            Self::Amend(_) | Self::Keys(_) => 5,
            Self::Epoch(_) | Self::Prekey(_) => 6,
            Self::Open(_) | Self::Receipt(_) | Self::Refusal(_) => 7,
            Self::Ahead(_) => 8,
            Self::Message(_) => 9,
        };
        let mut out = Writer::with_capacity(128);
        out.array(items).uint(VERSION).uint(u64::from(self.type_number())).uint(self.t_ms());
        self.seen().write(&mut out);
        match self {
            Self::Open(entry) => {
                out.bytes(&entry.line.0).uint(entry.post.into()).uint(entry.generation.into());
            }
            Self::Message(entry) => {
                out.uint(entry.act as u64).uint(entry.precedence as u64);
                write_thread(&mut out, entry.thread);
                out.bytes(&entry.c_body.0).bytes(&entry.c_auth.0);
            }
            Self::Receipt(entry) => {
                out.uint(entry.log.into()).uint(entry.size).bytes(&entry.root.0);
            }
            Self::Epoch(entry) => {
                out.uint(entry.epoch_no.into()).array(entry.recipients.len());
                for recipient in &entry.recipients {
                    out.array(3).uint(recipient.post.into()).uint(recipient.prekey_no.into());
                    out.bytes(recipient.capsule.as_slice());
                }
            }
            Self::Prekey(entry) => {
                out.uint(entry.prekey_no.into()).bytes(entry.key.as_slice());
            }
            Self::Keys(entry) => {
                out.bytes(&entry.order);
            }
            Self::Ahead(entry) => {
                out.uint(entry.entry.log.into()).uint(entry.entry.index);
                out.uint(entry.size).bytes(&entry.root.0);
            }
            Self::Refusal(entry) => {
                out.uint(entry.entry.log.into()).uint(entry.entry.index);
                out.uint(entry.reason.0.into());
            }
            Self::Amend(entry) => {
                out.bytes(&entry.charter.0);
            }
            Self::Unknown(_) => {}
        }
        out.finish()
    }

    /// Reads leaf bytes of the log of post `own` on a line with `posts` posts.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are not exactly an entry. An unknown type is no error.
    pub fn decode(bytes: &[u8], posts: usize, own: PostIndex) -> Result<Self, DecodeError> {
        if bytes.len() > ENTRY_MAX || posts > POSTS_MAX {
            return Err(DecodeError::PeerTooLarge { at: 0 });
        }
        let mut reader = Reader::new(bytes);
        let items = reader.array(64)?;
        let at = reader.position();
        if reader.uint()? != VERSION {
            return Err(DecodeError::PeerContradiction { what: "version", at });
        }
        let kind = reader.uint_max(u16::MAX.into())?;
        let t_ms = read_time(&mut reader)?;
        let seen = Seen::read(&mut reader, posts, own)?;
        let place = Place { posts, own };
        let wanted = match kind {
            5 | 10 => 5,
            3 | 4 => 6,
            0 | 2 | 9 => 7,
            8 => 8,
            1 => 9,
            _ => items.max(4),
        };
        if items != wanted {
            return Err(DecodeError::PeerOtherLength { at: 0 });
        }
        let entry = match kind {
            0 => Self::Open(place.open(&mut reader, t_ms, seen)?),
            1 => Self::Message(place.message(&mut reader, t_ms, seen)?),
            2 => Self::Receipt(place.receipt(&mut reader, t_ms, seen)?),
            3 => Self::Epoch(place.epoch(&mut reader, t_ms, seen)?),
            4 => Self::Prekey(Prekey {
                t_ms,
                seen,
                prekey_no: reader.u32()?,
                key: Box::new(reader.fixed()?),
            }),
            5 => Self::Keys(Keys { t_ms, seen, order: reader.bytes(KEY_ORDER_MAX)?.to_vec() }),
            8 => Self::Ahead(place.ahead(&mut reader, t_ms, seen)?),
            9 => Self::Refusal(place.refusal(&mut reader, t_ms, seen)?),
            10 => Self::Amend(Amend { t_ms, seen, charter: Hash(reader.fixed()?) }),
            _ => {
                for _ in 4..items {
                    reader.any(crate::cbor::DEPTH_MAX.saturating_sub(1))?;
                }
                // Fits by the limit that it was read with.
                let kind = u16::try_from(kind).unwrap_or(u16::MAX);
                Self::Unknown(Unknown { t_ms, seen, kind, bytes: bytes.to_vec() })
            }
        };
        reader.finish()?;
        Ok(entry)
    }

    const fn head(&self) -> (u64, &Seen) {
        match self {
            Self::Open(entry) => (entry.t_ms, &entry.seen),
            Self::Message(entry) => (entry.t_ms, &entry.seen),
            Self::Receipt(entry) => (entry.t_ms, &entry.seen),
            Self::Epoch(entry) => (entry.t_ms, &entry.seen),
            Self::Prekey(entry) => (entry.t_ms, &entry.seen),
            Self::Keys(entry) => (entry.t_ms, &entry.seen),
            Self::Ahead(entry) => (entry.t_ms, &entry.seen),
            Self::Refusal(entry) => (entry.t_ms, &entry.seen),
            Self::Amend(entry) => (entry.t_ms, &entry.seen),
            Self::Unknown(entry) => (entry.t_ms, &entry.seen),
        }
    }
}

/// Reads a time in milliseconds since 1970 UTC.
///
/// # Errors
///
/// [`DecodeError`] if the next item is no time below [`TIME_MAX_MS`].
pub fn read_time(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    reader.uint_max(TIME_MAX_MS.saturating_sub(1))
}

/// Writes a thread: 0 for none, else `[post, index]`.
pub fn write_thread(out: &mut Writer, thread: Option<EntryId>) {
    match thread {
        None => out.uint(0),
        Some(id) => out.array(2).uint(id.log.into()).uint(id.index),
    };
}

/// Reads a thread on a line with `posts` posts.
///
/// # Errors
///
/// [`DecodeError`] if the next item is none.
pub fn read_thread(reader: &mut Reader<'_>, posts: usize) -> Result<Option<EntryId>, DecodeError> {
    if reader.peek()? == crate::cbor::Type::Uint {
        reader.uint_max(0)?;
        return Ok(None);
    }
    reader.array_of(2)?;
    let log = read_post(reader, posts)?;
    Ok(Some(EntryId { log, index: reader.uint()? }))
}

/// Reads the number of a post on a line with `posts` posts.
///
/// # Errors
///
/// [`DecodeError`] if the next item is none.
pub fn read_post(reader: &mut Reader<'_>, posts: usize) -> Result<PostIndex, DecodeError> {
    let at = reader.position();
    let post: PostIndex = reader.number()?;
    if post.index() < posts { Ok(post) } else { Err(DecodeError::PeerTooLarge { at }) }
}

/// Where an entry stands: what its numbers may name.
#[derive(Clone, Copy)]
struct Place {
    posts: usize,
    own: PostIndex,
}

impl Place {
    fn other(self, reader: &mut Reader<'_>) -> Result<PostIndex, DecodeError> {
        let at = reader.position();
        let post = read_post(reader, self.posts)?;
        if post == self.own {
            Err(DecodeError::PeerContradiction { what: "post, which is the author,", at })
        } else {
            Ok(post)
        }
    }

    fn open(self, reader: &mut Reader<'_>, t_ms: u64, seen: Seen) -> Result<Open, DecodeError> {
        let line = LineId(reader.fixed()?);
        let at = reader.position();
        let post = read_post(reader, self.posts)?;
        if post != self.own {
            return Err(DecodeError::PeerContradiction { what: "post", at });
        }
        Ok(Open { t_ms, seen, line, post, generation: reader.u32()? })
    }

    fn message(
        self,
        reader: &mut Reader<'_>,
        t_ms: u64,
        seen: Seen,
    ) -> Result<MessageHeader, DecodeError> {
        Ok(MessageHeader {
            t_ms,
            seen,
            act: reader.number()?,
            precedence: reader.number()?,
            thread: read_thread(reader, self.posts)?,
            c_body: Hash(reader.fixed()?),
            c_auth: Hash(reader.fixed()?),
        })
    }

    fn receipt(
        self,
        reader: &mut Reader<'_>,
        t_ms: u64,
        seen: Seen,
    ) -> Result<Receipt, DecodeError> {
        let log = self.other(reader)?;
        let at = reader.position();
        let size = reader.uint()?;
        if size == 0 {
            return Err(DecodeError::PeerContradiction { what: "receipt of nothing", at });
        }
        Ok(Receipt { t_ms, seen, log, size, root: Hash(reader.fixed()?) })
    }

    fn epoch(self, reader: &mut Reader<'_>, t_ms: u64, seen: Seen) -> Result<Epoch, DecodeError> {
        let epoch_no = reader.u32()?;
        let count = reader.array(self.posts.saturating_sub(1))?;
        let mut recipients: Vec<EpochRecipient> = Vec::with_capacity(count);
        for _ in 0..count {
            let at = reader.position();
            reader.array_of(3)?;
            let post = self.other(reader)?;
            if recipients.last().is_some_and(|last| last.post >= post) {
                return Err(DecodeError::PeerNotAscending { at });
            }
            let prekey_no = reader.u32()?;
            recipients.push(EpochRecipient { post, prekey_no, capsule: Box::new(reader.fixed()?) });
        }
        Ok(Epoch { t_ms, seen, epoch_no, recipients })
    }

    fn ahead(self, reader: &mut Reader<'_>, t_ms: u64, seen: Seen) -> Result<Ahead, DecodeError> {
        let entry = EntryId { log: self.other(reader)?, index: reader.uint()? };
        let at = reader.position();
        let size = reader.uint()?;
        if size <= entry.index {
            return Err(DecodeError::PeerContradiction { what: "size", at });
        }
        Ok(Ahead { t_ms, seen, entry, size, root: Hash(reader.fixed()?) })
    }

    fn refusal(
        self,
        reader: &mut Reader<'_>,
        t_ms: u64,
        seen: Seen,
    ) -> Result<Refusal, DecodeError> {
        let entry = EntryId { log: self.other(reader)?, index: reader.uint()? };
        let code = reader.uint_max(u16::MAX.into())?;
        // Fits by the limit that it was read with.
        let reason = RefusalReason(u16::try_from(code).unwrap_or(u16::MAX));
        Ok(Refusal { t_ms, seen, entry, reason })
    }
}

#[cfg(test)]
mod tests;
