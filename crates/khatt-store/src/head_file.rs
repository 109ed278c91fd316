//! The head file: what the database must hold, kept outside of it (`spec/store.md §4`).
//!
//! SQLite takes a damaged tail of its write-ahead file for the end of it, and says nothing. The head
//! file is written in place and synced after each commit and before anything is acknowledged, so
//! such a loss is known at the next start.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use khatt_record::{LineId, PostIndex};

use crate::books::Books;
use crate::error::OpenError;
use crate::folder;
use crate::key_file::StoreId;
use crate::open::Syncs;
use crate::vault::{Fill, Place, SEAL_LEN, Vault};

pub(crate) const FILE: &str = "heads";

/// What one slot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) store_id: StoreId,
    pub(crate) sequence: u64,
    pub(crate) digest: [u8; 32],
    /// The sizes of the logs, as many as fit, in order of line and log.
    pub(crate) sizes: Vec<(LineId, PostIndex, u64)>,
}

impl Slot {
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

    fn encode(&self, vault: &Vault, fill: &mut Fill) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(SLOT_LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(self.sizes.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(&self.store_id);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.digest);
        for (line, log, size) in &self.sizes {
            bytes.extend_from_slice(&line.0);
            bytes.push(log.0);
            bytes.extend_from_slice(&size.to_be_bytes());
        }
        bytes.resize(SLOT_LEN.saturating_sub(SEAL_LEN), 0);
        let seal = vault.seal(fill, &Place::file(FILE).part(&bytes), &[])?;
        bytes.extend_from_slice(&seal);
        Some(bytes)
    }

    fn decode(bytes: &[u8], vault: &Vault) -> Option<Self> {
        let (body, seal) = bytes.split_last_chunk::<SEAL_LEN>()?;
        if !vault.is_seal(&Place::file(FILE).part(body), seal) {
            return None;
        }
        let (magic, rest) = body.split_first_chunk::<8>()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let (store_id, rest) = rest.split_first_chunk::<16>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (digest, mut rest) = rest.split_first_chunk::<32>()?;
        if magic != MAGIC || u32::from_be_bytes(*version) != VERSION {
            return None;
        }
        let mut sizes = Vec::new();
        for _ in 0..u32::from_be_bytes(*count).min(SIZES_MAX as u32) {
            let (line, next) = rest.split_first_chunk::<32>()?;
            let (log, next) = next.split_first()?;
            let (size, next) = next.split_first_chunk::<8>()?;
            sizes.push((LineId(*line), PostIndex(*log), u64::from_be_bytes(*size)));
            rest = next;
        }
        Some(Self {
            store_id: *store_id,
            sequence: u64::from_be_bytes(*sequence),
            digest: *digest,
            sizes,
        })
    }
}

/// What the file said when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The newest sound slot.
    pub(crate) newest: Slot,
    /// Whether both slots are sound.
    pub(crate) both: bool,
}

/// The open head file.
#[derive(Debug)]
pub(crate) struct HeadFile {
    file: File,
}

impl HeadFile {
    /// Takes any file for the head file, to see what happens when it cannot be written.
    #[cfg(test)]
    pub(crate) fn of_file(file: File) -> Self {
        Self { file }
    }

    /// Makes the file with both slots saying the same.
    pub(crate) fn create(
        dir: &Path,
        books: &Books,
        vault: &Vault,
        fill: &mut Fill,
    ) -> Result<(), OpenError> {
        let mut bytes = Vec::with_capacity(SLOT_LEN * 2);
        for _ in 0..2 {
            let slot = Slot::of(books).encode(vault, fill);
            bytes.extend(slot.ok_or(OpenError::LocalDamaged { what: FILE.to_owned() })?);
        }
        folder::replace(dir, FILE, &bytes)
    }

    /// Opens the file and returns what its newest sound slot says, if one is sound.
    pub(crate) fn open(dir: &Path, vault: &Vault) -> Result<(Self, Option<Found>), OpenError> {
        let bytes = folder::read_file(dir, FILE, SLOT_LEN * 2)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(dir.join(FILE))
            .map_err(OpenError::io("opening heads"))?;
        let mut slots = Vec::new();
        if bytes.len() == SLOT_LEN * 2 {
            slots.extend(bytes.chunks_exact(SLOT_LEN).filter_map(|slot| Slot::decode(slot, vault)));
        }
        let both = slots.len() == 2;
        let newest = slots.into_iter().max_by_key(|slot| slot.sequence);
        Ok((Self { file }, newest.map(|newest| Found { newest, both })))
    }

    /// Writes the books into the older slot and syncs. `Ok` means durable.
    pub(crate) fn write(
        &self,
        books: &Books,
        vault: &Vault,
        fill: &mut Fill,
        syncs: Syncs,
    ) -> io::Result<()> {
        let slot = Slot::of(books);
        let bytes = slot
            .encode(vault, fill)
            .ok_or_else(|| io::Error::other("head file slot could not be sealed"))?;
        let offset = if slot.sequence.is_multiple_of(2) { 0 } else { SLOT_LEN as u64 };
        self.file.write_all_at(&bytes, offset)?;
        match syncs {
            Syncs::Full => self.file.sync_data(),
            Syncs::DangerousOff => Ok(()),
        }
    }

    /// Writes the books into both slots, one after the other.
    pub(crate) fn renew(&self, books: &Books, vault: &Vault, fill: &mut Fill) -> io::Result<()> {
        self.write(books, vault, fill, Syncs::Full)?;
        let other = if books.sequence().is_multiple_of(2) { SLOT_LEN as u64 } else { 0 };
        let bytes = Slot::of(books)
            .encode(vault, fill)
            .ok_or_else(|| io::Error::other("head file slot could not be sealed"))?;
        self.file.write_all_at(&bytes, other)?;
        self.file.sync_data()
    }
}

const MAGIC: &[u8; 8] = b"KHATHEAD";
const VERSION: u32 = 1;
const SLOT_LEN: usize = 4096;
const FIXED_LEN: usize = 72;
const SIZE_LEN: usize = 41;
/// How many sizes fit into a slot; a store with more is still covered by the digest.
const SIZES_MAX: usize = (SLOT_LEN - FIXED_LEN - SEAL_LEN) / SIZE_LEN;

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        Slot {
            store_id: [1; 16],
            sequence: 9,
            digest: [2; 32],
            sizes: (0..SIZES_MAX as u64)
                .map(|size| (LineId([3; 32]), PostIndex(size as u8), size))
                .collect(),
        }
    }

    #[test]
    fn slot_comes_back_and_fits() {
        let vault = Vault::new(&[5; 32]);
        let mut fill: Fill = Box::new(|out| out.fill(1));
        let bytes = slot().encode(&vault, &mut fill).unwrap();
        assert_eq!(bytes.len(), SLOT_LEN);
        assert_eq!(Slot::decode(&bytes, &vault), Some(slot()));
    }

    #[test]
    fn torn_or_flipped_slot_says_nothing() {
        let vault = Vault::new(&[5; 32]);
        let mut fill: Fill = Box::new(|out| out.fill(1));
        let bytes = slot().encode(&vault, &mut fill).unwrap();
        for bit in (0..SLOT_LEN * 8).step_by(37) {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Slot::decode(&bad, &vault), None);
        }
        let mut torn = bytes.clone();
        torn[2048..].fill(0);
        assert_eq!(Slot::decode(&torn, &vault), None);
        assert_eq!(Slot::decode(&bytes[..100], &vault), None);
    }
}
