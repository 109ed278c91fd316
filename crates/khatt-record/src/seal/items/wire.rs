//! The encoding of each item.

use super::{HAVE_MAX, Item, ItemsError, PROOF_MAX, Run, Standing, lean};
use crate::cbor::{DecodeError, Reader, Writer};
use crate::commit::OpenPart;
use crate::cosign::{Cosignature, TIME_MAX_S};
use crate::ids::{Hash, PostIndex};
use crate::key_order::KEY_ORDER_MAX;
use crate::pq::{PQ_SIGNATURE_LEN, PqSignature};
use crate::seal::epoch::CAPSULE_LEN;
use crate::seal::frame::{FRAME_MAX, FrameContext};

const PAD: u64 = 0;
const MESSAGE: u64 = 1;
const LEAF: u64 = 2;
const OPENED: u64 = 3;
const RECEIPT: u64 = 4;
const SIG: u64 = 5;
const HAVE: u64 = 6;
const WANT: u64 = 7;
const PROOF: u64 = 8;
const EVIDENCE: u64 = 9;
const CHECKPOINT: u64 = 10;
const CHARTER: u64 = 11;
const REJECT: u64 = 12;
const EPOCH_LEAF: u64 = 13;
const KEY_ORDER: u64 = 14;
const COSIGNATURE: u64 = 15;
const COSIGNED: u64 = 16;

/// The longest leaf in which a capsule is looked for: 16 recipients' capsules and their heads.
const EPOCH_LEAF_MAX: usize = 32 * 1024;

/// The longest array of items written here.
const FIELDS_MAX: usize = 8;

pub(super) fn encode_item(
    item: &Item,
    context: &FrameContext,
    capsule: Option<&[u8; CAPSULE_LEN]>,
    run: &mut Run,
) -> Result<Vec<u8>, ItemsError> {
    let mut out = Writer::new();
    match item {
        Item::Pad(length) => {
            if *length > FRAME_MAX {
                return Err(ItemsError::TooLong);
            }
            out.array(2).uint(PAD).bytes(&vec![0; *length]);
        }
        Item::Message(message) => {
            let fields = lean::message_fields(message, context)?;
            out.array(8).uint(MESSAGE).uint(message.index).raw(&fields);
            message.open.write(&mut out);
            run.own(message.index);
        }
        Item::Leaf { log, index, leaf } => {
            let cut = capsule.filter(|_| *log == context.sender).and_then(|c| cut_out(leaf, c));
            if let Some((before, after)) = cut {
                out.array(4).uint(EPOCH_LEAF).uint(*index).bytes(before).bytes(after);
            } else {
                place(&mut out, 4, LEAF, *log, *index).bytes(leaf);
            }
            if *log == context.sender {
                run.own(*index);
            }
        }
        Item::Opened { log, index, leaf, open } => {
            place(&mut out, 5, OPENED, *log, *index).bytes(leaf);
            open.write(&mut out);
            if *log == context.sender {
                run.own(*index);
            }
        }
        Item::ReceiptLean(receipt) => {
            let (fields, lag) = lean::receipt_fields(receipt, context)?;
            out.array(6).uint(RECEIPT).uint(receipt.index).raw(&fields).uint(lag);
            run.own(receipt.index);
        }
        Item::Sig { log, size, signature } => {
            if *log == context.sender && run.after_own == Some(*size) {
                out.array(2).uint(SIG).bytes(signature);
            } else {
                place(&mut out, 4, SIG, *log, *size).bytes(signature);
            }
        }
        Item::Have(standings) => {
            if standings.len() > HAVE_MAX {
                return Err(ItemsError::TooLong);
            }
            out.array(2).uint(HAVE).array(standings.len());
            for Standing { log, size, root } in standings {
                out.array(3).uint((*log).into()).uint(*size).bytes(root);
            }
        }
        Item::Want { log, from, to } => {
            place(&mut out, 4, WANT, *log, *from).uint(*to);
        }
        Item::Proof { log, index, size, hashes } => {
            if hashes.len() > PROOF_MAX {
                return Err(ItemsError::TooLong);
            }
            place(&mut out, 5, PROOF, *log, *index).uint(*size).array(hashes.len());
            for hash in hashes {
                out.bytes(hash.as_bytes());
            }
        }
        Item::Evidence(bytes) => {
            out.array(2).uint(EVIDENCE).bytes(bytes);
        }
        Item::CheckpointFull { log, size, root, signature } => {
            place(&mut out, 5, CHECKPOINT, *log, *size).bytes(root.as_bytes()).bytes(signature);
        }
        Item::Charter(bytes) => {
            out.array(2).uint(CHARTER).bytes(bytes);
        }
        Item::KeyOrder(bytes) => {
            if bytes.len() > KEY_ORDER_MAX {
                return Err(ItemsError::TooLong);
            }
            out.array(2).uint(KEY_ORDER).bytes(bytes);
        }
        Item::Reject { log, index, code } => {
            place(&mut out, 4, REJECT, *log, *index).uint(*code);
        }
        Item::Cosignature(one) => {
            if one.post != context.sender {
                return Err(ItemsError::NotCanonical);
            }
            out.array(6).uint(COSIGNATURE).uint(one.log.into()).uint(one.generation.into());
            out.uint(one.size).uint(one.time_s).bytes(one.signature.as_bytes());
        }
        Item::Cosigned(sizes) => {
            if sizes.len() > HAVE_MAX {
                return Err(ItemsError::TooLong);
            }
            out.array(2).uint(COSIGNED).array(sizes.len());
            for (log, size) in sizes {
                out.array(2).uint((*log).into()).uint(*size);
            }
        }
    }
    Ok(out.finish())
}

pub(super) fn decode_item(
    reader: &mut Reader<'_>,
    context: &FrameContext,
    capsule: Option<&[u8; CAPSULE_LEN]>,
    run: &mut Run,
) -> Result<Item, ItemsError> {
    let fields = reader.array(FIELDS_MAX)?;
    let kind = reader.uint()?;
    Ok(match (kind, fields) {
        (PAD, 2) => {
            let bytes = reader.bytes(FRAME_MAX)?;
            if bytes.iter().any(|byte| *byte != 0) {
                return Err(ItemsError::NotCanonical);
            }
            Item::Pad(bytes.len())
        }
        (MESSAGE, 8) => {
            let message = lean::read_message(reader, context)?;
            run.own(message.index);
            Item::Message(message)
        }
        (LEAF, 4) => {
            let (log, index) = read_place(reader)?;
            let leaf = reader.bytes(FRAME_MAX)?;
            if log == context.sender {
                if capsule.is_some_and(|capsule| cut_out(leaf, capsule).is_some()) {
                    return Err(ItemsError::NotCanonical);
                }
                run.own(index);
            }
            Item::Leaf { log, index, leaf: leaf.to_vec() }
        }
        (OPENED, 5) => {
            let (log, index) = read_place(reader)?;
            let leaf = reader.bytes(FRAME_MAX)?.to_vec();
            let open = OpenPart::read(reader)?;
            if log == context.sender {
                run.own(index);
            }
            Item::Opened { log, index, leaf, open }
        }
        (RECEIPT, 6) => {
            let receipt = lean::read_receipt(reader, context)?;
            run.own(receipt.index);
            Item::ReceiptLean(receipt)
        }
        (SIG, 2) => {
            let size = run.after_own.ok_or(ItemsError::NotCanonical)?;
            Item::Sig { log: context.sender, size, signature: reader.fixed()? }
        }
        (SIG, 4) => {
            let (log, size) = read_place(reader)?;
            if log == context.sender && run.after_own == Some(size) {
                return Err(ItemsError::NotCanonical);
            }
            Item::Sig { log, size, signature: reader.fixed()? }
        }
        (HAVE, 2) => {
            let count = reader.array(HAVE_MAX)?;
            let mut standings = Vec::with_capacity(count);
            for _ in 0..count {
                reader.array_of(3)?;
                let (log, size) = read_place(reader)?;
                standings.push(Standing { log, size, root: reader.fixed()? });
            }
            Item::Have(standings)
        }
        (WANT, 4) => {
            let (log, from) = read_place(reader)?;
            Item::Want { log, from, to: reader.uint()? }
        }
        (PROOF, 5) => {
            let (log, index) = read_place(reader)?;
            let size = reader.uint()?;
            let count = reader.array(PROOF_MAX)?;
            let mut hashes = Vec::with_capacity(count);
            for _ in 0..count {
                hashes.push(Hash(reader.fixed()?));
            }
            Item::Proof { log, index, size, hashes }
        }
        (EVIDENCE, 2) => Item::Evidence(reader.bytes(FRAME_MAX)?.to_vec()),
        (CHECKPOINT, 5) => {
            let (log, size) = read_place(reader)?;
            let root = Hash(reader.fixed()?);
            Item::CheckpointFull { log, size, root, signature: reader.fixed()? }
        }
        (CHARTER, 2) => Item::Charter(reader.bytes(FRAME_MAX)?.to_vec()),
        (KEY_ORDER, 2) => Item::KeyOrder(reader.bytes(KEY_ORDER_MAX)?.to_vec()),
        (REJECT, 4) => {
            let (log, index) = read_place(reader)?;
            Item::Reject { log, index, code: reader.uint()? }
        }
        (EPOCH_LEAF, 4) => {
            let capsule = capsule.ok_or(ItemsError::NotCanonical)?;
            let index = reader.uint()?;
            let (before, after) = (reader.bytes(EPOCH_LEAF_MAX)?, reader.bytes(EPOCH_LEAF_MAX)?);
            let leaf = [before, capsule.as_slice(), after].concat();
            if cut_out(&leaf, capsule) != Some((before, after)) {
                return Err(ItemsError::NotCanonical);
            }
            run.own(index);
            Item::Leaf { log: context.sender, index, leaf }
        }
        (COSIGNATURE, 6) => {
            let (log, generation) = (reader.number()?, reader.u32()?);
            let (size, time_s) = (reader.uint()?, reader.uint_max(TIME_MAX_S)?);
            let at = reader.position();
            let signature = PqSignature::from_slice(reader.bytes(PQ_SIGNATURE_LEN)?)
                .ok_or(DecodeError::PeerOtherLength { at })?;
            let post = context.sender;
            Item::Cosignature(Cosignature { post, generation, log, size, time_s, signature })
        }
        (COSIGNED, 2) => {
            let count = reader.array(HAVE_MAX)?;
            let mut sizes = Vec::with_capacity(count);
            for _ in 0..count {
                reader.array_of(2)?;
                sizes.push(read_place(reader)?);
            }
            Item::Cosigned(sizes)
        }
        (known @ (PAD..=COSIGNED), _) => {
            return Err(ItemsError::OtherLength(known));
        }
        (other, _) => return Err(ItemsError::Unknown(other)),
    })
}

/// Splits a leaf around the first place where it holds `capsule`.
fn cut_out<'a>(leaf: &'a [u8], capsule: &[u8; CAPSULE_LEN]) -> Option<(&'a [u8], &'a [u8])> {
    if leaf.len() > EPOCH_LEAF_MAX {
        return None;
    }
    let at = leaf.windows(CAPSULE_LEN).position(|window| window == capsule)?;
    let (before, rest) = leaf.split_at_checked(at)?;
    Some((before, rest.get(CAPSULE_LEN..)?))
}

fn place(out: &mut Writer, fields: usize, kind: u64, log: PostIndex, number: u64) -> &mut Writer {
    out.array(fields).uint(kind).uint(log.into()).uint(number)
}

fn read_place(reader: &mut Reader<'_>) -> Result<(PostIndex, u64), ItemsError> {
    Ok((reader.number()?, reader.uint()?))
}
