//! The head file: what the database must hold, kept outside of it (`spec/store.md §4`).
//!
//! A commit is durable once its record is: the file is a ring that is written in place and synced
//! before anything is acknowledged. A record says where every log stands and holds the batch again,
//! so that what a power cut or a damaged write-ahead file took from the database is filled in at the
//! next start, and what cannot be filled in is known. Which records the database still needs, and
//! when it needs them no more, is [`crate::commit`]'s.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::books::Books;
use crate::error::OpenError;
use crate::folder;
use crate::open::Syncs;
use crate::vault::{Fill, Vault};

mod record;

use record::Label;
pub(crate) use record::{Heads, Record, Replayable};

pub(crate) const FILE: &str = "heads";

/// What the file said when it was opened.
pub(crate) struct Found {
    /// The newest sound record.
    pub(crate) newest: Record,
    bytes: Vec<u8>,
    /// Where a record may begin, and what it says of itself.
    labels: Vec<(usize, Label)>,
}

impl Found {
    /// Returns the records after commit `sequence` up to the newest, if all are there with a batch.
    pub(crate) fn after(&self, sequence: u64, vault: &Vault) -> Option<Vec<Record>> {
        let mut records = Vec::new();
        for wanted in sequence.saturating_add(1)..=self.newest.heads.sequence {
            let mut of_it = self.labels.iter().filter(|(_, label)| label.sequence == wanted);
            let record = of_it.find_map(|(offset, _)| {
                let record = record::decode(self.bytes.get(*offset..)?, vault)?;
                record.replay.is_some().then_some(record)
            })?;
            records.push(record);
        }
        Some(records)
    }
}

/// The open head file.
#[derive(Debug)]
pub(crate) struct HeadFile {
    file: File,
    /// Where the next record begins, unless it must begin at the start.
    next: u64,
    /// The records whose commits the database may still lose, oldest first.
    needed: VecDeque<Place>,
    /// From where on the ring was written since it was last cleared; all of it where not known.
    written_from: Option<u64>,
    /// Whether a batch may lie in it.
    holds_batches: bool,
}

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    start: u64,
    end: u64,
}

impl HeadFile {
    /// Takes any file for the head file, to see what happens when it cannot be written.
    #[cfg(test)]
    pub(crate) fn of_file(file: File) -> Self {
        Self::unknown(file)
    }

    fn unknown(file: File) -> Self {
        let needed = VecDeque::new();
        Self { file, next: 0, needed, written_from: None, holds_batches: true }
    }

    /// Makes the file at its full length, with one record, in the place of any that is there.
    pub(crate) fn create(
        dir: &Path,
        books: &Books,
        vault: &Vault,
        fill: &mut Fill,
    ) -> Result<(), OpenError> {
        let damaged = || OpenError::LocalDamaged { what: FILE.to_owned() };
        let mut bytes = record::encode(&Heads::of(books), None, vault, fill).ok_or_else(damaged)?;
        // Written, not only reserved: what is reserved costs more at the first write into it.
        bytes.resize(RING_LEN, 0);
        folder::replace(dir, FILE, &bytes)
    }

    /// Opens the file and returns what its sound records say, if one is sound.
    pub(crate) fn open(dir: &Path, vault: &Vault) -> Result<(Self, Option<Found>), OpenError> {
        let bytes = folder::read_file(dir, FILE, RING_LEN)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(dir.join(FILE))
            .map_err(OpenError::io("opening heads"))?;
        let mut head_file = Self::unknown(file);
        head_file.forget_pages();
        if bytes.len() != RING_LEN {
            return Ok((head_file, None));
        }
        let mut labels: Vec<(usize, Label)> = (0..RING_LEN)
            .step_by(BLOCK_LEN)
            .filter_map(|offset| Some((offset, record::label(bytes.get(offset..)?)?)))
            .collect();
        labels.sort_by_key(|(_, label)| label.sequence);
        let newest = labels.iter().rev().find_map(|(offset, label)| {
            Some((*offset, *label, record::decode(bytes.get(*offset..)?, vault)?))
        });
        let Some((offset, label, newest)) = newest else {
            return Ok((head_file, None));
        };
        let end = offset.saturating_add(label.len).next_multiple_of(BLOCK_LEN);
        head_file.next = end as u64;
        if labels.len() == 1 && newest.replay.is_none() {
            head_file.written_from = Some(offset as u64);
            head_file.holds_batches = false;
        }
        Ok((head_file, Some(Found { newest, bytes, labels })))
    }

    /// Returns the record of a commit, with its batch if that is given and not too big.
    pub(crate) fn record(
        books: &Books,
        replayable: Option<Replayable<'_>>,
        vault: &Vault,
        fill: &mut Fill,
    ) -> Option<Vec<u8>> {
        record::encode(&Heads::of(books), replayable, vault, fill)
    }

    /// Tells whether a record fits where nothing lies that is still needed.
    pub(crate) fn has_room(&self, record: &[u8]) -> bool {
        let Place { start, end } = self.place(record);
        self.needed.iter().all(|held| held.end <= start || end <= held.start)
    }

    /// Notes that the database cannot lose anything any more that was committed so far.
    pub(crate) fn settled(&mut self) {
        self.needed.clear();
    }

    /// Writes a record into the next place and syncs. `Ok` means durable.
    ///
    /// There must be room. The record before stays whole, so a torn write leaves one to go by.
    pub(crate) fn write(&mut self, record: &[u8], syncs: Syncs) -> io::Result<()> {
        let place = self.place(record);
        self.holds_batches = true;
        if place.start < self.next {
            self.written_from = None;
            self.forget_pages();
        }
        self.file.write_all_at(record, place.start)?;
        self.next = place.end;
        self.needed.push_back(place);
        match syncs {
            Syncs::Full => self.file.sync_data(),
            Syncs::DangerousOff => Ok(()),
        }
    }

    /// Tells whether batches lie in the ring.
    pub(crate) fn holds_batches(&self) -> bool {
        self.holds_batches
    }

    /// Leaves one record without a batch, and zeros. The database must have everything, synced.
    ///
    /// So a secret that was deleted does not lie here for long.
    pub(crate) fn clear(
        &mut self,
        books: &Books,
        vault: &Vault,
        fill: &mut Fill,
        syncs: Syncs,
    ) -> io::Result<()> {
        let sealed = || io::Error::other("head file record could not be sealed");
        let record = Self::record(books, None, vault, fill).ok_or_else(sealed)?;
        let kept = self.place(&record);
        self.write(&record, syncs)?;
        let written = match self.written_from {
            Some(start) => Place { start, end: kept.end },
            None => Place { start: 0, end: RING_LEN as u64 },
        };
        self.zero(written.start, kept.start)?;
        self.zero(kept.end, written.end)?;
        if syncs == Syncs::Full {
            self.file.sync_data()?;
        }
        self.needed.clear();
        self.written_from = Some(kept.start);
        self.holds_batches = false;
        self.forget_pages();
        Ok(())
    }

    /// Lets the kernel drop what it holds of the file, all of which is synced.
    ///
    /// What was read or written in one piece lies in memory in large pieces, and the kernel walks
    /// through the whole of one for each block that is written into it: a third of a commit's time.
    fn forget_pages(&self) {
        // Where the file system has no such thing, nothing is gained and nothing lost.
        let _ = rustix::fs::fadvise(&self.file, 0, None, rustix::fs::Advice::DontNeed);
    }

    fn zero(&self, start: u64, end: u64) -> io::Result<()> {
        let len = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
        self.file.write_all_at(&vec![0; len.min(RING_LEN)], start)
    }

    /// Where a record goes: after the last one, or at the start if it does not fit there.
    fn place(&self, record: &[u8]) -> Place {
        let len = record.len() as u64;
        let end = self.next.saturating_add(len);
        if end <= RING_LEN as u64 {
            Place { start: self.next, end }
        } else {
            Place { start: 0, end: len }
        }
    }
}

/// The length of the ring: some hundreds of a busy line's commits.
const RING_LEN: usize = 2 << 20;
/// Records begin at a multiple of this and are padded to it, so each has blocks of its own.
const BLOCK_LEN: usize = 4096;
/// The longest record. A quarter: wherever the next one goes, it never touches the one before.
const RECORD_MAX: usize = RING_LEN / 4;

#[cfg(test)]
mod tests;
