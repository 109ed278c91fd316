//! One record of the head file: what the database must hold after a commit, and the batch again.

use khatt_core::store::{Batch, bytes};
use khatt_record::{LineId, PostIndex};
use zeroize::Zeroizing;

use super::{BLOCK_LEN, FILE, RECORD_MAX};
use crate::books::Books;
use crate::key_file::StoreId;
use crate::vault::{Fill, Place, SEAL_LEN, Seed, Vault};

/// What the database must hold after a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) store_id: StoreId,
    pub(crate) sequence: u64,
    /// The digest of the books after the commit.
    pub(crate) digest: [u8; 32],
    /// The sizes of the logs, as many as fit, in order of line and log.
    pub(crate) sizes: Vec<(LineId, PostIndex, u64)>,
}

impl Heads {
    pub(crate) fn of(books: &Books) -> Self {
        let sizes = books
            .lines()
            .flat_map(|(line, book)| {
                book.heads.values().map(move |head| (line, head.log, head.size))
            })
            .take(SIZES_MAX)
            .collect();
        Self { store_id: books.store_id, sequence: books.sequence(), digest: books.digest(), sizes }
    }
}

/// What makes a commit again, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replay {
    pub(crate) line: LineId,
    /// The digest of the books before the commit.
    pub(crate) previous: [u8; 32],
    pub(crate) seed: Seed,
    pub(crate) batch: Batch,
}

/// What one record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) heads: Heads,
    pub(crate) replay: Option<Replay>,
}

/// The batch of a commit under way, borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Replayable<'a> {
    pub(crate) line: LineId,
    pub(crate) previous: &'a [u8; 32],
    pub(crate) seed: &'a Seed,
    pub(crate) batch: &'a Batch,
}

/// What a record says of itself in the clear; all of it is under the record's seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) sequence: u64,
    /// Bytes of the record, label and seal included.
    pub(super) len: usize,
}

/// Returns a record as whole blocks, or `None` if the batch is too big for one.
pub(super) fn encode(
    heads: &Heads,
    replayable: Option<Replayable<'_>>,
    vault: &Vault,
    fill: &mut Fill,
) -> Option<Vec<u8>> {
    let batch = match replayable {
        Some(replayable) => Some(bytes::encode(replayable.batch, BATCH_MAX)?),
        None => None,
    };
    let batch_len = batch.as_ref().map_or(0, |batch| batch.len());
    let sizes_len = heads.sizes.len().saturating_mul(SIZE_LEN);
    let content_len = CONTENT_MIN.saturating_add(sizes_len).saturating_add(batch_len);
    let mut content = Zeroizing::new(Vec::with_capacity(content_len.saturating_add(REPLAY_LEN)));
    content.extend_from_slice(&heads.digest);
    content.extend_from_slice(&u32::try_from(heads.sizes.len()).ok()?.to_be_bytes());
    for (line, log, size) in &heads.sizes {
        content.extend_from_slice(&line.0);
        content.push(log.0);
        content.extend_from_slice(&size.to_be_bytes());
    }
    match replayable.zip(batch) {
        None => content.push(0),
        Some((replayable, batch)) => {
            content.push(1);
            content.extend_from_slice(&replayable.line.0);
            content.extend_from_slice(replayable.previous);
            content.extend_from_slice(replayable.seed);
            content.extend_from_slice(&batch);
        }
    }
    let len = content.len().saturating_add(LABEL_LEN).saturating_add(SEAL_LEN);
    let mut record = Vec::with_capacity(len.next_multiple_of(BLOCK_LEN));
    record.extend_from_slice(MAGIC);
    record.extend_from_slice(&VERSION.to_be_bytes());
    record.extend_from_slice(&u32::try_from(len).ok()?.to_be_bytes());
    record.extend_from_slice(&heads.store_id);
    record.extend_from_slice(&heads.sequence.to_be_bytes());
    let sealed = vault.seal(fill, &Place::file(FILE).part(&record), &content)?;
    record.extend_from_slice(&sealed);
    record.resize(record.len().next_multiple_of(BLOCK_LEN), 0);
    (record.len() <= RECORD_MAX).then_some(record)
}

/// Reads the label at the start of `bytes`, if one is there that a record could have.
pub(super) fn label(bytes: &[u8]) -> Option<Label> {
    let (label, _) = bytes.split_first_chunk::<LABEL_LEN>()?;
    let (magic, rest) = label.split_first_chunk::<8>()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let (_, rest) = rest.split_first_chunk::<16>()?;
    let (sequence, _) = rest.split_first_chunk::<8>()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    let sound = magic == MAGIC && u32::from_be_bytes(*version) == VERSION && len <= RECORD_MAX;
    sound.then(|| Label { sequence: u64::from_be_bytes(*sequence), len })
}

/// Opens the record at the start of `bytes`.
pub(super) fn decode(bytes: &[u8], vault: &Vault) -> Option<Record> {
    let Label { sequence, len } = label(bytes)?;
    let (record, _) = bytes.split_at_checked(len)?;
    let (label, sealed) = record.split_first_chunk::<LABEL_LEN>()?;
    let content = vault.open(&Place::file(FILE).part(label), sealed)?;
    let (_, after) = label.split_first_chunk::<16>()?;
    let (store_id, _) = after.split_first_chunk::<16>()?;
    content_of(&content, *store_id, sequence)
}

fn content_of(content: &[u8], store_id: StoreId, sequence: u64) -> Option<Record> {
    let (digest, rest) = content.split_first_chunk::<32>()?;
    let (count, mut rest) = rest.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_be_bytes(*count)).ok()?;
    if count > SIZES_MAX {
        return None;
    }
    let mut sizes = Vec::with_capacity(count);
    for _ in 0..count {
        let (line, next) = rest.split_first_chunk::<32>()?;
        let (log, next) = next.split_first()?;
        let (size, next) = next.split_first_chunk::<8>()?;
        sizes.push((LineId(*line), PostIndex(*log), u64::from_be_bytes(*size)));
        rest = next;
    }
    let replay = match rest.split_first()? {
        (0, []) => None,
        (1, rest) => {
            let (line, rest) = rest.split_first_chunk::<32>()?;
            let (previous, rest) = rest.split_first_chunk::<32>()?;
            let (seed, rest) = rest.split_first_chunk::<32>()?;
            let (line, previous, seed) = (LineId(*line), *previous, *seed);
            Some(Replay { line, previous, seed, batch: bytes::decode(rest)? })
        }
        _ => return None,
    };
    Some(Record { heads: Heads { store_id, sequence, digest: *digest, sizes }, replay })
}

const MAGIC: &[u8; 8] = b"KHATHEAD";
const VERSION: u32 = 2;
const LABEL_LEN: usize = 40;
const SIZE_LEN: usize = 41;
/// How many sizes a record holds; a store with more is still covered by the digest.
const SIZES_MAX: usize = 97;
/// Digest, count of sizes, and whether a batch follows.
const CONTENT_MIN: usize = 32 + 4 + 1;
/// What stands before a batch.
const REPLAY_LEN: usize = 32 + 32 + 32;
/// The longest batch that fits into a record whatever else it holds.
const BATCH_MAX: usize =
    RECORD_MAX - LABEL_LEN - SEAL_LEN - CONTENT_MIN - REPLAY_LEN - SIZES_MAX * SIZE_LEN;

#[cfg(test)]
mod tests {
    use khatt_core::store::{Sealed, StateChange};

    use super::*;

    fn heads(count: u64) -> Heads {
        let sizes = (0..count).map(|size| (LineId([3; 32]), PostIndex(size as u8), size)).collect();
        Heads { store_id: [1; 16], sequence: 9, digest: [2; 32], sizes }
    }

    fn batch(len: usize) -> Batch {
        let put = StateChange::Put("epoch/1".to_owned(), Sealed(vec![b's'; len]));
        Batch { state: vec![put], ..Batch::default() }
    }

    fn fill() -> Fill {
        Box::new(|out| out.fill(1))
    }

    fn encoded(heads: &Heads, batch: &Batch) -> Option<Vec<u8>> {
        let line = LineId([4; 32]);
        let replayable = Replayable { line, previous: &[5; 32], seed: &[6; 32], batch };
        encode(heads, Some(replayable), &Vault::new(&[7; 32]), &mut fill())
    }

    fn decoded(bytes: &[u8]) -> Option<Record> {
        decode(bytes, &Vault::new(&[7; 32]))
    }

    #[test]
    fn record_comes_back_in_whole_blocks_and_shows_nothing() {
        let batch = batch(5000);
        let bytes = encoded(&heads(2), &batch).unwrap();
        assert_eq!(bytes.len(), 2 * BLOCK_LEN);
        assert!(!bytes.windows(8).any(|window| window == b"ssssssss"));
        let line = LineId([4; 32]);
        let replay = Some(Replay { line, previous: [5; 32], seed: [6; 32], batch });
        assert_eq!(decoded(&bytes), Some(Record { heads: heads(2), replay }));
    }

    #[test]
    fn record_of_heads_alone_holds_all_sizes() {
        let vault = Vault::new(&[7; 32]);
        let all = heads(SIZES_MAX as u64);
        let bytes = encode(&all, None, &vault, &mut fill()).unwrap();
        assert_eq!(bytes.len(), BLOCK_LEN);
        assert_eq!(decoded(&bytes), Some(Record { heads: all, replay: None }));
    }

    #[test]
    fn longest_batch_fits_beside_all_sizes_and_a_longer_one_is_refused() {
        let all = heads(SIZES_MAX as u64);
        let overhead = bytes::encode(&batch(0), usize::MAX).unwrap().len();
        let longest = encoded(&all, &batch(BATCH_MAX - overhead)).unwrap();
        assert_eq!(longest.len(), RECORD_MAX);
        assert!(decoded(&longest).is_some());
        assert!(encoded(&heads(0), &batch(BATCH_MAX - overhead + 1)).is_none());
    }

    #[test]
    fn record_torn_at_any_byte_says_nothing() {
        let bytes = encoded(&heads(2), &batch(300)).unwrap();
        let len = label(&bytes).unwrap().len;
        for at in 0..len {
            assert_eq!(decoded(&bytes[..at]), None, "{at}");
            // What stood there before is zeros or an older record.
            for before in [0, 0xa5] {
                let mut torn = bytes.clone();
                torn[at..].fill(before);
                if torn[..len] != bytes[..len] {
                    assert_eq!(decoded(&torn), None, "{at}");
                }
            }
        }
    }

    #[test]
    fn record_with_a_flipped_bit_says_nothing() {
        let bytes = encoded(&heads(2), &batch(300)).unwrap();
        for bit in 0..label(&bytes).unwrap().len * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decoded(&bad), None, "{bit}");
        }
    }

    #[test]
    fn content_that_is_cut_or_counts_too_much_is_none() {
        let (store_id, sequence) = ([1; 16], 9);
        let mut content = vec![2; 32];
        content.extend_from_slice(&1_u32.to_be_bytes());
        content.extend_from_slice(&[3; SIZE_LEN]);
        content.push(0);
        assert!(content_of(&content, store_id, sequence).is_some());
        for len in 0..content.len() {
            assert_eq!(content_of(&content[..len], store_id, sequence), None);
        }
        content.push(0);
        assert_eq!(content_of(&content, store_id, sequence), None);
        content[32..36].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(content_of(&content, store_id, sequence), None);
    }
}
