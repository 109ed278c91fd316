//! Lean items: entries of the sender's own log, without what the receiver computes.
//!
//! Both directions go through the leaf's own codec ([`crate::entry`]), so a lean item can say
//! nothing that the entry itself could not.

use super::{ItemsError, LeanMessage, LeanReceipt};
use crate::cbor::{Reader, Writer};
use crate::commit::OpenPart;
use crate::entry::Entry;
use crate::ids::Hash;
use crate::seal::frame::FrameContext;

/// Bytes before a leaf's time: the array's head, the version, the type.
const LEAF_HEAD: usize = 3;
/// Bytes of a hash with its head.
const HASH_LEN: usize = 34;
/// The greatest depth of `seen` and `thread` as single items.
const FIELD_DEPTH: usize = 2;

/// The fields of a message's leaf from its time to its thread.
pub(super) fn message_fields(
    message: &LeanMessage,
    context: &FrameContext,
) -> Result<Vec<u8>, ItemsError> {
    let (c_body, c_auth) = message.open.commitments();
    if (c_body, c_auth) != (message.header.c_body, message.header.c_auth) {
        return Err(ItemsError::CommitmentDiffers);
    }
    let leaf = Entry::Message(message.header.clone()).encode();
    Entry::decode(&leaf, context.posts, context.sender)?;
    let end = leaf.len().saturating_sub(2 * HASH_LEN);
    Ok(leaf.get(LEAF_HEAD..end).ok_or(ItemsError::NotAnEntry)?.to_vec())
}

pub(super) fn read_message(
    reader: &mut Reader<'_>,
    context: &FrameContext,
) -> Result<LeanMessage, ItemsError> {
    let index = reader.uint()?;
    let mut leaf = Writer::new();
    leaf.array(9).uint(1).uint(1);
    for _ in 0..5 {
        leaf.raw(reader.any(FIELD_DEPTH)?);
    }
    let open = OpenPart::read(reader)?;
    let (c_body, c_auth) = open.commitments();
    leaf.bytes(c_body.as_bytes()).bytes(c_auth.as_bytes());
    match Entry::decode(&leaf.finish(), context.posts, context.sender)? {
        Entry::Message(header) => Ok(LeanMessage { index, header, open }),
        _ => Err(ItemsError::NotAnEntry),
    }
}

/// The fields of a receipt's leaf from its time to its log, and by how much its size lags behind
/// what the entry has seen of that log.
pub(super) fn receipt_fields(
    receipt: &LeanReceipt,
    context: &FrameContext,
) -> Result<(Vec<u8>, u64), ItemsError> {
    let seen = receipt.seen_prefix()?;
    let lag = seen.checked_sub(receipt.size).ok_or(ItemsError::ReceiptBeyondSeen)?;
    let mut size = Writer::new();
    size.uint(receipt.size);
    let leaf = receipt.entry(Hash([0; 32])).encode();
    Entry::decode(&leaf, context.posts, context.sender)?;
    let end = leaf.len().saturating_sub(HASH_LEN + size.finish().len());
    let fields = leaf.get(LEAF_HEAD..end).ok_or(ItemsError::NotAnEntry)?.to_vec();
    Ok((fields, lag))
}

pub(super) fn read_receipt(
    reader: &mut Reader<'_>,
    context: &FrameContext,
) -> Result<LeanReceipt, ItemsError> {
    let index = reader.uint()?;
    let mut leaf = Writer::new();
    leaf.array(7).uint(1).uint(2);
    for _ in 0..3 {
        leaf.raw(reader.any(FIELD_DEPTH)?);
    }
    let lag = reader.uint()?;
    // The size follows from `seen`, which has to be read first: once with any size, then for good.
    let mut trial = leaf.clone();
    trial.uint(1).bytes(&[0; 32]);
    let Entry::Receipt(found) = Entry::decode(&trial.finish(), context.posts, context.sender)?
    else {
        return Err(ItemsError::NotAnEntry);
    };
    let mut receipt =
        LeanReceipt { index, t_ms: found.t_ms, seen: found.seen, log: found.log, size: 0 };
    let seen = receipt.seen_prefix()?;
    receipt.size = seen.checked_sub(lag).ok_or(ItemsError::ReceiptBeyondSeen)?;
    Entry::decode(&receipt.entry(Hash([0; 32])).encode(), context.posts, context.sender)?;
    Ok(receipt)
}
