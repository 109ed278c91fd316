//! A [`Batch`] as bytes, for a back end that keeps one outside of its tables (`spec/store.md §4`).
//!
//! Numbers are big-endian; whatever varies in length has its length before it in 4 bytes. The bytes
//! hold what is secret in the clear: the back end seals them before they touch a disk.

use khatt_record::merkle::leaf_hash;
use khatt_record::{EntryId, Hash, PostIndex};
use zeroize::Zeroizing;

use super::{Batch, Head, Sealed, StateChange, StoredCheckpoint, StoredEntry};

/// Returns the bytes of a batch, or `None` if they would be more than `max`, or if it erases.
///
/// An erasure has no bytes: it is meant to leave nothing beside the tables.
/// Leaf hashes are left out: they follow from the leaves.
#[must_use]
pub fn encode(batch: &Batch, max: usize) -> Option<Zeroizing<Vec<u8>>> {
    let len = encoded_len(batch);
    if len > max || !batch.erase.is_empty() {
        return None;
    }
    // In one allocation: none that grew leaves a copy behind.
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    count(&mut out, batch.entries.len())?;
    for entry in &batch.entries {
        out.push(entry.id.log.0);
        out.extend_from_slice(&entry.id.index.to_be_bytes());
        bytes(&mut out, &entry.leaf)?;
        match &entry.open {
            None => out.push(0),
            Some(open) => {
                out.push(1);
                bytes(&mut out, &open.0)?;
            }
        }
    }
    count(&mut out, batch.checkpoints.len())?;
    for kept in &batch.checkpoints {
        out.push(kept.log.0);
        out.extend_from_slice(&kept.size.to_be_bytes());
        out.extend_from_slice(&kept.root.0);
        out.extend_from_slice(&kept.signature);
    }
    count(&mut out, batch.heads.len())?;
    for head in &batch.heads {
        out.push(head.log.0);
        out.extend_from_slice(&head.size.to_be_bytes());
        out.extend_from_slice(&head.root.0);
        bytes(&mut out, &head.frontier)?;
    }
    count(&mut out, batch.state.len())?;
    for change in &batch.state {
        match change {
            StateChange::Delete(key) => {
                out.push(0);
                bytes(&mut out, key.as_bytes())?;
            }
            StateChange::Put(key, value) => {
                out.push(1);
                bytes(&mut out, key.as_bytes())?;
                bytes(&mut out, &value.0)?;
            }
        }
    }
    count(&mut out, batch.evidence.len())?;
    for (name, proof) in &batch.evidence {
        bytes(&mut out, name.as_bytes())?;
        bytes(&mut out, proof)?;
    }
    Some(out)
}

/// Returns the batch that these bytes are, or `None` if they are none to the last byte.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Batch> {
    let mut input = Input(bytes);
    let mut batch = Batch::default();
    for _ in 0..input.count()? {
        let id = EntryId { log: input.log()?, index: input.number()? };
        let leaf = input.bytes()?.to_vec();
        let open = match input.array::<1>()? {
            [0] => None,
            [1] => Some(Sealed(input.bytes()?.to_vec())),
            _ => return None,
        };
        batch.entries.push(StoredEntry { id, leaf_hash: leaf_hash(&leaf), leaf, open });
    }
    for _ in 0..input.count()? {
        batch.checkpoints.push(StoredCheckpoint {
            log: input.log()?,
            size: input.number()?,
            root: Hash(input.array()?),
            signature: input.array()?,
        });
    }
    for _ in 0..input.count()? {
        batch.heads.push(Head {
            log: input.log()?,
            size: input.number()?,
            root: Hash(input.array()?),
            frontier: input.bytes()?.to_vec(),
        });
    }
    for _ in 0..input.count()? {
        batch.state.push(match input.array::<1>()? {
            [0] => StateChange::Delete(input.text()?),
            [1] => StateChange::Put(input.text()?, Sealed(input.bytes()?.to_vec())),
            _ => return None,
        });
    }
    for _ in 0..input.count()? {
        batch.evidence.push((input.text()?, input.bytes()?.to_vec()));
    }
    input.0.is_empty().then_some(batch)
}

fn encoded_len(batch: &Batch) -> usize {
    let open = |entry: &StoredEntry| entry.open.as_ref().map_or(0, |open| 4 + open.0.len());
    let entries = batch.entries.iter().map(|entry| 14 + entry.leaf.len() + open(entry));
    let checkpoints = batch.checkpoints.iter().map(|_| CHECKPOINT_LEN);
    let heads = batch.heads.iter().map(|head| 45 + head.frontier.len());
    let state = batch.state.iter().map(|change| match change {
        StateChange::Delete(key) => 5 + key.len(),
        StateChange::Put(key, value) => 9 + key.len() + value.0.len(),
    });
    let evidence = batch.evidence.iter().map(|(name, proof)| 8 + name.len() + proof.len());
    let items = entries.chain(checkpoints).chain(heads).chain(state).chain(evidence);
    items.fold(COUNTS_LEN, usize::saturating_add)
}

fn count(out: &mut Vec<u8>, count: usize) -> Option<()> {
    out.extend_from_slice(&u32::try_from(count).ok()?.to_be_bytes());
    Some(())
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    count(out, bytes.len())?;
    out.extend_from_slice(bytes);
    Some(())
}

/// What has not been read yet. Nothing is reserved for a count: each item is paid for in bytes.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn array<const LEN: usize>(&mut self) -> Option<[u8; LEN]> {
        let (array, rest) = self.0.split_first_chunk::<LEN>()?;
        self.0 = rest;
        Some(*array)
    }

    fn count(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn log(&mut self) -> Option<PostIndex> {
        self.array::<1>().map(|[log]| PostIndex(log))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.count()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        Some(std::str::from_utf8(self.bytes()?).ok()?.to_owned())
    }
}

/// Five counts.
const COUNTS_LEN: usize = 20;
const CHECKPOINT_LEN: usize = 1 + 8 + 32 + 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch {
        let log = PostIndex(1);
        let entry = |index, open| {
            let leaf = vec![index as u8; 5];
            let id = EntryId { log, index };
            StoredEntry { id, leaf_hash: leaf_hash(&leaf), leaf, open }
        };
        Batch {
            entries: vec![entry(3, None), entry(4, Some(Sealed(b"open".to_vec())))],
            checkpoints: vec![StoredCheckpoint {
                log,
                size: 5,
                root: Hash([6; 32]),
                signature: [7; 64],
            }],
            heads: vec![Head { log, size: 5, root: Hash([6; 32]), frontier: vec![8; 40] }],
            state: vec![
                StateChange::Put("epoch/1".to_owned(), Sealed(b"secret".to_vec())),
                StateChange::Delete("draft/2".to_owned()),
            ],
            evidence: vec![("fork/1/5".to_owned(), b"proof".to_vec())],
            erase: Vec::new(),
        }
    }

    #[test]
    fn batch_comes_back_and_its_length_is_foreseen() {
        for batch in [Batch::default(), batch()] {
            let bytes = encode(&batch, 1 << 20).unwrap();
            assert_eq!(bytes.len(), encoded_len(&batch));
            assert_eq!(bytes.len(), bytes.capacity());
            assert_eq!(decode(&bytes), Some(batch));
        }
    }

    #[test]
    fn batch_beyond_the_limit_is_not_encoded() {
        let len = encode(&batch(), usize::MAX).unwrap().len();
        assert!(encode(&batch(), len).is_some());
        assert!(encode(&batch(), len - 1).is_none());
    }

    #[test]
    fn batch_that_erases_is_not_encoded() {
        let erase = vec![EntryId { log: PostIndex(1), index: 3 }];
        assert!(encode(&Batch { erase, ..batch() }, 1 << 20).is_none());
    }

    #[test]
    fn cut_longer_or_impossible_bytes_are_no_batch() {
        let bytes = encode(&batch(), 1 << 20).unwrap();
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len]), None, "{len}");
        }
        assert_eq!(decode(&[bytes.as_slice(), &[0]].concat()), None);
        assert_eq!(decode(&[0xff; 64]), None);
    }
}
