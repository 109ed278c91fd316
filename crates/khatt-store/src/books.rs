//! What the store knows by heart: every line's heads and the tallies of its other tables.
//!
//! The digest over all of it goes into the head file (`spec/store.md §4`), so that what a disk
//! forgets is missed.

use std::collections::BTreeMap;

use khatt_core::store::Head;
use khatt_record::{LineId, PostIndex};
use sha2::{Digest, Sha256};

use crate::key_file::StoreId;
use crate::vault::{Place, TAG_LEN};

/// The rows of one table that belong to one line: how many, and the sum of their seals' tags.
///
/// Rows may come and go in any order; the sum is an exclusive or.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    pub(crate) sum: [u8; TAG_LEN],
}

impl Tally {
    pub(crate) fn add(&mut self, sealed: &[u8]) {
        self.count = self.count.saturating_add(1);
        self.mix(sealed);
    }

    pub(crate) fn remove(&mut self, sealed: &[u8]) {
        self.count = self.count.saturating_sub(1);
        self.mix(sealed);
    }

    fn mix(&mut self, sealed: &[u8]) {
        let tag = sealed.last_chunk::<TAG_LEN>().copied().unwrap_or_default();
        self.sum.iter_mut().zip(tag).for_each(|(sum, byte)| *sum ^= byte);
    }
}

/// One line's page of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineBook {
    pub(crate) line_no: i64,
    /// The store's sequence number when this line was last written.
    pub(crate) sequence: u64,
    /// The digest of the books before that.
    pub(crate) previous: [u8; 32],
    pub(crate) heads: BTreeMap<PostIndex, Head>,
    pub(crate) checkpoints: Tally,
    pub(crate) state: Tally,
    pub(crate) evidence: Tally,
}

impl LineBook {
    pub(crate) fn new(line_no: i64) -> Self {
        Self {
            line_no,
            sequence: 0,
            previous: [0; 32],
            heads: BTreeMap::new(),
            checkpoints: Tally::default(),
            state: Tally::default(),
            evidence: Tally::default(),
        }
    }

    /// Returns the place to which the seal of the line's row is bound.
    pub(crate) fn place(&self, line: LineId, log_count: u64) -> Place {
        let mut place = Place::row("line", line)
            .number(self.line_no.unsigned_abs())
            .number(self.sequence)
            .part(&self.previous)
            .number(log_count);
        for tally in [self.checkpoints, self.state, self.evidence] {
            place = place.number(tally.count).part(&tally.sum);
        }
        place
    }

    fn digest(&self, line: LineId) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"khatt/1 store line\0");
        hasher.update(line.0);
        hasher.update(self.sequence.to_be_bytes());
        for tally in [self.checkpoints, self.state, self.evidence] {
            hasher.update(tally.count.to_be_bytes());
            hasher.update(tally.sum);
        }
        for head in self.heads.values() {
            hasher.update([head.log.0]);
            hasher.update(head.size.to_be_bytes());
            hasher.update(head.root.0);
        }
        hasher.finalize().into()
    }
}

/// All lines of one store.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    pub(crate) store_id: StoreId,
    lines: BTreeMap<LineId, (LineBook, [u8; 32])>,
}

impl Books {
    pub(crate) fn new(store_id: StoreId) -> Self {
        Self { store_id, lines: BTreeMap::new() }
    }

    pub(crate) fn line(&self, line: LineId) -> Option<&LineBook> {
        self.lines.get(&line).map(|(book, _)| book)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = (LineId, &LineBook)> {
        self.lines.iter().map(|(line, (book, _))| (*line, book))
    }

    pub(crate) fn set(&mut self, line: LineId, book: LineBook) {
        let digest = book.digest(line);
        self.lines.insert(line, (book, digest));
    }

    /// Returns the number of commits so far.
    pub(crate) fn sequence(&self) -> u64 {
        self.lines.values().map(|(book, _)| book.sequence).max().unwrap_or(0)
    }

    /// Returns the digest of the books before the last commit, as the last commit noted it.
    pub(crate) fn previous(&self) -> Option<[u8; 32]> {
        let (book, _) = self.lines.values().max_by_key(|(book, _)| book.sequence)?;
        Some(book.previous)
    }

    pub(crate) fn next_line_no(&self) -> i64 {
        let last = self.lines.values().map(|(book, _)| book.line_no).max().unwrap_or(0);
        last.saturating_add(1)
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"khatt/1 store heads\0");
        hasher.update(self.store_id);
        for (_, digest) in self.lines.values() {
            hasher.update(digest);
        }
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tally_forgets_what_is_removed_in_any_order() {
        let mut tally = Tally::default();
        let rows: [[u8; 40]; 3] = [[1; 40], [2; 40], [4; 40]];
        rows.iter().for_each(|row| tally.add(row));
        assert_eq!((tally.count, tally.sum), (3, [7; 16]));
        tally.remove(&rows[1]);
        tally.remove(&rows[2]);
        tally.remove(&rows[0]);
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn digest_depends_on_every_tally_and_line() {
        let line = LineId([1; 32]);
        let mut books = Books::new([0; 16]);
        let mut seen = vec![books.digest()];
        let mut book = LineBook::new(1);
        for change in [
            (|_| {}) as fn(&mut LineBook),
            |book| book.sequence = 1,
            |book| book.state.add(&[1; 16]),
            |book| book.evidence.add(&[1; 16]),
            |book| book.checkpoints.add(&[1; 16]),
        ] {
            change(&mut book);
            books.set(line, book.clone());
            let digest = books.digest();
            assert!(!seen.contains(&digest));
            seen.push(digest);
        }
    }
}
