//! The bytes of a disclosure: the rows of a tlog-proof, and the array in its `extra`.

use std::fmt::Write as _;

use data_encoding::BASE64;
use thiserror::Error;

use super::{Disclosure, FILE_MAX, FIRST_ROW, LogKey, OfficersPart, ReceiptPart};
use crate::cbor::{DecodeError, Reader, Type, Writer};
use crate::commit::{AUTH_MAX, BODY_MAX};
use crate::entry::{ENTRY_MAX, POSTS_MAX, read_post};
use crate::ids::{EntryId, Hash, LineId, PostIndex};
use crate::key_order::{KEY_ORDER_MAX, SignedKeyOrder};
use crate::note::from_base64;

/// The text that begins what is in `extra`.
const LABEL: &str = "khatt disclosure";
const VERSION: u64 = 1;
/// The longest charter file that may be enclosed.
const CHARTER_MAX: usize = 512 * 1024;
/// The greatest number of hashes on a path: one for each level of a tree of 2^64 leaves.
const PATH_MAX: usize = 64;
/// The greatest number of key orders.
const ORDERS_MAX: usize = 32;

/// Why bytes are no disclosure.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DisclosureError {
    /// Longer than [`FILE_MAX`].
    #[error("peer's disclosure is too large")]
    PeerTooLarge,
    /// Not the rows of a tlog-proof, or not the only way to write them.
    #[error("peer's disclosure is malformed")]
    PeerMalformed,
    /// A tlog-proof whose extra data is not ours.
    #[error("peer's disclosure holds something else beside its proof: {0}")]
    PeerExtra(DecodeError),
}

impl DisclosureError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerTooLarge => "disclosure.too-large",
            Self::PeerMalformed => "disclosure.malformed",
            Self::PeerExtra(_) => "disclosure.extra",
        }
    }
}

impl Disclosure {
    /// Tells whether a file that begins so is meant as a disclosure.
    #[must_use]
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(b"c2sp.org/tlog-proof@")
    }

    /// Writes the file. It holds the message in clear.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = format!("{FIRST_ROW}\nextra {}\n", BASE64.encode(&self.extra()));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "index {}", self.entry.index);
        for hash in &self.path {
            let _ = writeln!(out, "{}", BASE64.encode(&hash.0));
        }
        out.push('\n');
        out.push_str(&self.note);
        out
    }

    /// Reads a file. Nothing but its form is checked.
    ///
    /// # Errors
    ///
    /// [`DisclosureError`] if the bytes are anything else than [`Disclosure::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DisclosureError> {
        if bytes.len() > FILE_MAX {
            return Err(DisclosureError::PeerTooLarge);
        }
        let malformed = DisclosureError::PeerMalformed;
        let text = std::str::from_utf8(bytes).map_err(|_| malformed)?;
        let (head, note) = text.split_once("\n\n").ok_or(malformed)?;
        let mut rows = head.split('\n');
        if rows.next() != Some(FIRST_ROW) {
            return Err(malformed);
        }
        let extra = rows.next().and_then(|row| row.strip_prefix("extra ")).ok_or(malformed)?;
        let extra = from_base64(extra).ok_or(malformed)?;
        let index = rows.next().and_then(|row| row.strip_prefix("index ")).ok_or(malformed)?;
        let index = number(index).ok_or(malformed)?;
        let mut path = Vec::new();
        for row in rows {
            let hash = from_base64(row).ok_or(malformed)?;
            let hash: [u8; 32] = hash.try_into().map_err(|_| malformed)?;
            if path.len() >= PATH_MAX {
                return Err(malformed);
            }
            path.push(Hash(hash));
        }
        let mut read = Self::from_extra(&extra, index).map_err(DisclosureError::PeerExtra)?;
        (read.path, read.note) = (path, note.to_owned());
        if read.encode() == text { Ok(read) } else { Err(malformed) }
    }

    fn extra(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.leaf.len() + self.body.len() + 1024);
        out.array(12).text(LABEL).uint(VERSION).bytes(&self.line.0).uint(self.kind as u64);
        out.uint(self.posts as u64).uint(self.entry.log.into());
        write_key(&mut out, &self.author);
        out.bytes(&self.leaf);
        match &self.officers {
            None => out.array(2).bytes(&self.body_salt).bytes(&self.body),
            Some(officers) => {
                out.array(5).bytes(&self.body_salt).bytes(&self.body);
                out.bytes(&officers.salt).bytes(&officers.draft_id).bytes(&officers.auth)
            }
        };
        out.array(self.receipts.len());
        for receipt in &self.receipts {
            out.array(7).uint(receipt.post.into());
            write_key(&mut out, &receipt.log);
            out.bytes(&receipt.leaf).uint(receipt.index).uint(receipt.size);
            out.bytes(&receipt.signature).array(receipt.path.len());
            for hash in &receipt.path {
                out.bytes(&hash.0);
            }
        }
        match &self.charter {
            None => out.uint(0),
            Some(charter) => out.bytes(charter),
        };
        out.array(self.orders.len());
        for order in &self.orders {
            out.bytes(&order.to_bytes());
        }
        out.finish()
    }

    fn from_extra(bytes: &[u8], index: u64) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.array_of(12)?;
        let at = reader.position();
        if reader.text(LABEL.len())? != LABEL || reader.uint()? != VERSION {
            return Err(DecodeError::PeerContradiction { what: "version", at });
        }
        let line = LineId(reader.fixed()?);
        let kind = reader.number()?;
        // Fits by the limit that it is read with.
        let posts = usize::try_from(reader.uint_max(POSTS_MAX as u64)?).unwrap_or(0);
        let entry = EntryId { log: read_post(&mut reader, posts)?, index };
        let author = read_key(&mut reader)?;
        let leaf = reader.bytes(ENTRY_MAX)?.to_vec();
        let at = reader.position();
        let items = reader.array(5)?;
        let (body_salt, body) = (reader.fixed()?, reader.bytes(BODY_MAX)?.to_vec());
        let officers = match items {
            2 => None,
            5 => Some(OfficersPart {
                salt: reader.fixed()?,
                draft_id: reader.fixed()?,
                auth: reader.bytes(AUTH_MAX)?.to_vec(),
            }),
            _ => return Err(DecodeError::PeerOtherLength { at }),
        };
        let count = reader.array(POSTS_MAX)?;
        let mut receipts: Vec<ReceiptPart> = Vec::with_capacity(count);
        for _ in 0..count {
            let at = reader.position();
            let receipt = read_receipt(&mut reader, posts)?;
            if receipts.last().is_some_and(|last| last.post >= receipt.post) {
                return Err(DecodeError::PeerNotAscending { at });
            }
            receipts.push(receipt);
        }
        let charter = if reader.peek()? == Type::Uint {
            reader.uint_max(0)?;
            None
        } else {
            Some(reader.bytes(CHARTER_MAX)?.to_vec())
        };
        let orders = read_orders(&mut reader)?;
        reader.finish()?;
        let (path, note) = (Vec::new(), String::new());
        Ok(Self {
            line,
            kind,
            posts,
            entry,
            author,
            leaf,
            body_salt,
            body,
            officers,
            receipts,
            charter,
            orders,
            path,
            note,
        })
    }
}

fn read_receipt(reader: &mut Reader<'_>, posts: usize) -> Result<ReceiptPart, DecodeError> {
    reader.array_of(7)?;
    let post: PostIndex = read_post(reader, posts)?;
    let log = read_key(reader)?;
    let leaf = reader.bytes(ENTRY_MAX)?.to_vec();
    let (index, size, signature) = (reader.uint()?, reader.uint()?, reader.fixed()?);
    let count = reader.array(PATH_MAX)?;
    let mut path = Vec::with_capacity(count);
    for _ in 0..count {
        path.push(Hash(reader.fixed()?));
    }
    Ok(ReceiptPart { post, log, leaf, index, size, signature, path })
}

fn read_orders(reader: &mut Reader<'_>) -> Result<Vec<SignedKeyOrder>, DecodeError> {
    let count = reader.array(ORDERS_MAX)?;
    let mut orders: Vec<SignedKeyOrder> = Vec::with_capacity(count);
    for _ in 0..count {
        let at = reader.position();
        let order = SignedKeyOrder::from_bytes(reader.bytes(KEY_ORDER_MAX)?)?;
        let place = |order: &SignedKeyOrder| (order.order().party, order.order().number);
        if orders.last().is_some_and(|last| place(last) >= place(&order)) {
            return Err(DecodeError::PeerNotAscending { at });
        }
        orders.push(order);
    }
    Ok(orders)
}

fn write_key(out: &mut Writer, log: &LogKey) {
    out.array(2).uint(log.generation.into()).bytes(&log.key);
}

fn read_key(reader: &mut Reader<'_>) -> Result<LogKey, DecodeError> {
    reader.array_of(2)?;
    Ok(LogKey { generation: reader.u32()?, key: reader.fixed()? })
}

/// Reads a decimal without a leading zero.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading = text.len() > 1 && text.starts_with('0');
    if plain && !leading { text.parse().ok() } else { None }
}
