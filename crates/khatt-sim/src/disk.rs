//! A virtual disk under the engine's store: a journal, a head file, and what a power cut leaves.
//!
//! A commit writes its batch to the journal, syncs, writes the head file, syncs. What is between
//! may be lost whole, in part, or not at all. The tables that the engine reads are built from the
//! journal's bytes at each start, so that nothing comes back that was not written. It keeps the
//! rules of every store and passes the conformance suite; SQLite's own files are tested elsewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use khatt_core::store::{
    Batch, CommitError, Head, ReadError, Reader, Sealed, StoredCheckpoint, StoredEntry, Writer,
    bytes, memory::MemoryStore,
};
use khatt_record::{EntryId, Hash, LineId, PostIndex};

use crate::{draw::Draw, plan::Point};

/// Longest batch that is written.
const BATCH_MAX: usize = 64 << 20;
/// Length and check of a record.
const RECORD_HEAD: usize = 12;
/// What a disk writes at once.
const SECTOR: usize = 512;

/// A post's disk. Clones are handles to the same one.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    inner: Arc<Mutex<Inner>>,
}

/// Why a disk does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Records that the head file tells of.
    pub(crate) told: u64,
    /// Records that are there.
    pub(crate) found: u64,
}

#[derive(Clone, Default)]
struct Inner {
    /// What is durable.
    journal: Vec<u8>,
    /// What is written and not synced.
    pending: Vec<u8>,
    /// Records in the journal.
    records: u64,
    /// The head file's two slots, the newest last.
    heads: [Vec<u8>; 2],
    head_pending: Option<Vec<u8>>,
    tables: MemoryStore,
    /// Sizes of logs that are durable.
    durable: Vec<(LineId, PostIndex, u64)>,
    rotten: Vec<(LineId, EntryId)>,
    full: bool,
}

impl Disk {
    /// Takes a batch and writes it, without any sync.
    ///
    /// # Errors
    ///
    /// [`CommitError`] as every store.
    pub(crate) fn begin(&self, line: LineId, batch: &Batch) -> Result<(), CommitError> {
        let mut inner = self.lock();
        if inner.full {
            return Err(CommitError::LocalFull);
        }
        inner.tables.clone().commit(line, batch)?;
        inner.pending = record(line, batch);
        Ok(())
    }

    /// Syncs the journal, then writes and syncs the head file.
    pub(crate) fn finish(&self, line: LineId, batch: &Batch) {
        let mut inner = self.lock();
        inner.sync_journal();
        inner.write_head();
        inner.sync_head();
        inner.note_durable(line, batch);
    }

    /// Cuts the power at a point of the commit under way; without one, nothing is lost.
    pub(crate) fn cut_power(&self, point: Option<Point>, draw: &mut Draw) {
        let mut inner = self.lock();
        match point {
            None | Some(Point::BeforeWrite | Point::LostWrite | Point::Told) => {}
            Some(Point::TornWrite) => {
                let torn = torn(&inner.pending, draw);
                inner.journal.extend_from_slice(&torn);
            }
            Some(Point::KeptWrite | Point::Synced) => inner.sync_journal(),
            Some(Point::TornHead) => {
                inner.sync_journal();
                inner.write_head();
                let head = inner.head_pending.take().unwrap_or_default();
                inner.heads.swap(0, 1);
                inner.heads[1] = torn(&head, draw);
            }
            Some(Point::KeptHead | Point::Durable) => {
                inner.sync_journal();
                inner.write_head();
                inner.sync_head();
            }
        }
        inner.pending.clear();
        inner.head_pending = None;
    }

    /// Builds the tables anew from what is durable.
    ///
    /// # Errors
    ///
    /// [`Lost`] if the head file tells of more than there is.
    pub(crate) fn open(&self) -> Result<(), Lost> {
        let mut inner = self.lock();
        inner.pending.clear();
        inner.head_pending = None;
        inner.tables = MemoryStore::new();
        inner.durable.clear();
        let journal = std::mem::take(&mut inner.journal);
        let mut rest = journal.as_slice();
        let mut found = 0;
        while let Some((line, batch, after)) = read_record(rest) {
            if inner.tables.clone().commit(line, &batch).is_err() {
                break;
            }
            inner.note_durable(line, &batch);
            found += 1;
            rest = after;
        }
        let kept = journal.len() - rest.len();
        inner.journal = journal;
        inner.journal.truncate(kept);
        inner.records = found;
        let told = inner.heads.iter().filter_map(|head| head_told(head)).max();
        if let Some((told, last)) = told
            && told > found
        {
            let last = read_record(&last).filter(|_| told == found + 1);
            let Some((line, batch, _)) = last else {
                return Err(Lost { told, found });
            };
            // The head file keeps the newest batch whole: what the journal lost of it comes back.
            inner.tables.clone().commit(line, &batch).map_err(|_| Lost { told, found })?;
            inner.pending = record(line, &batch);
            inner.sync_journal();
            inner.note_durable(line, &batch);
        }
        for (line, id) in inner.rotten.clone() {
            inner.tables.rot(line, id);
        }
        Ok(())
    }

    /// Returns a copy with files of its own.
    pub(crate) fn copy(&self) -> Self {
        let inner = self.lock();
        let files = Inner {
            journal: inner.journal.clone(),
            heads: inner.heads.clone(),
            ..Inner::default()
        };
        Self { inner: Arc::new(Mutex::new(files)) }
    }

    /// Puts another disk's files in the place of these.
    pub(crate) fn restore(&self, copy: &Self) {
        let held = copy.lock().clone();
        *self.lock() = held;
    }

    /// Turns one bit of an entry at rest; tells whether there is such an entry.
    pub(crate) fn rot(&self, line: LineId, id: EntryId) -> bool {
        let mut inner = self.lock();
        let turned = !inner.rotten.contains(&(line, id)) && inner.tables.rot(line, id);
        if turned {
            inner.rotten.push((line, id));
        }
        turned
    }

    /// Puts every bit back that turned, as an operator does from a good copy.
    pub(crate) fn mend(&self) {
        let mut inner = self.lock();
        for (line, id) in std::mem::take(&mut inner.rotten) {
            inner.tables.rot(line, id);
        }
    }

    /// Tells whether an entry has rotted.
    pub(crate) fn is_rotten(&self, id: EntryId) -> bool {
        self.lock().rotten.iter().any(|(_, rotten)| *rotten == id)
    }

    /// Tells whether anything has rotted.
    pub(crate) fn has_rot(&self) -> bool {
        !self.lock().rotten.is_empty()
    }

    pub(crate) fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// Returns how many entries of a log would be there after a power cut now.
    pub(crate) fn durable(&self, line: LineId, log: PostIndex) -> u64 {
        let inner = self.lock();
        let found = inner.durable.iter().find(|(l, p, _)| (*l, *p) == (line, log));
        found.map_or(0, |(_, _, size)| *size)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables(&self) -> MemoryStore {
        self.lock().tables.clone()
    }
}

impl Inner {
    fn sync_journal(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            self.journal.extend_from_slice(&pending);
            self.records += 1;
            self.head_pending = Some(head(self.records, &pending));
        }
    }

    /// The head file's newest slot takes the place of the older one.
    fn write_head(&mut self) {
        if self.head_pending.is_some() {
            self.heads.swap(0, 1);
        }
    }

    fn sync_head(&mut self) {
        if let Some(head) = self.head_pending.take() {
            self.heads[1] = head;
        }
    }

    fn note_durable(&mut self, line: LineId, batch: &Batch) {
        for head in &batch.heads {
            match self.durable.iter_mut().find(|(l, p, _)| (*l, *p) == (line, head.log)) {
                Some((_, _, size)) => *size = head.size,
                None => self.durable.push((line, head.log, head.size)),
            }
        }
    }
}

impl Writer for Disk {
    fn commit(&mut self, line: LineId, batch: &Batch) -> Result<(), CommitError> {
        self.begin(line, batch)?;
        self.finish(line, batch);
        Ok(())
    }
}

impl Reader for Disk {
    fn heads(&self, line: LineId) -> Result<Vec<Head>, ReadError> {
        self.tables().heads(line)
    }

    fn entry(&self, line: LineId, id: EntryId) -> Result<Option<StoredEntry>, ReadError> {
        self.tables().entry(line, id)
    }

    fn entries(
        &self,
        line: LineId,
        log: PostIndex,
        from: u64,
        max: usize,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        self.tables().entries(line, log, from, max)
    }

    fn leaf_hashes(
        &self,
        line: LineId,
        log: PostIndex,
        from: u64,
        max: usize,
    ) -> Result<Vec<Hash>, ReadError> {
        self.tables().leaf_hashes(line, log, from, max)
    }

    fn checkpoint(
        &self,
        line: LineId,
        log: PostIndex,
        size: u64,
    ) -> Result<Option<StoredCheckpoint>, ReadError> {
        self.tables().checkpoint(line, log, size)
    }

    fn checkpoints(
        &self,
        line: LineId,
        log: PostIndex,
        from_size: u64,
        max: usize,
    ) -> Result<Vec<StoredCheckpoint>, ReadError> {
        self.tables().checkpoints(line, log, from_size, max)
    }

    fn state(&self, line: LineId, prefix: &str) -> Result<Vec<(String, Sealed)>, ReadError> {
        self.tables().state(line, prefix)
    }

    fn evidence(&self, line: LineId) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
        self.tables().evidence(line)
    }
}

/// Returns a batch as it stands in the journal: length, check, line, what it erases, the rest.
///
/// A journal that is never cut keeps an erased text in an older record; the tables do not.
fn record(line: LineId, batch: &Batch) -> Vec<u8> {
    let mut body = line.0.to_vec();
    let erased = u32::try_from(batch.erase.len()).unwrap_or(u32::MAX);
    body.extend_from_slice(&erased.to_be_bytes());
    for id in &batch.erase {
        body.push(id.log.0);
        body.extend_from_slice(&id.index.to_be_bytes());
    }
    let rest = Batch { erase: Vec::new(), ..batch.clone() };
    body.extend_from_slice(bytes::encode(&rest, BATCH_MAX).as_deref().map_or(&[], Vec::as_slice));
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    [len.as_slice(), &check(&body), &body].concat()
}

fn read_record(from: &[u8]) -> Option<(LineId, Batch, &[u8])> {
    let (head, rest) = from.split_at_checked(RECORD_HEAD)?;
    let (len, sum) = head.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    let (body, rest) = rest.split_at_checked(len)?;
    if check(body) != sum {
        return None;
    }
    let (line, body) = body.split_first_chunk::<32>()?;
    let (erased, mut body) = body.split_first_chunk::<4>()?;
    let mut erase = Vec::new();
    for _ in 0..u32::from_be_bytes(*erased) {
        let ([log], after) = body.split_first_chunk::<1>()?;
        let (index, after) = after.split_first_chunk::<8>()?;
        erase.push(EntryId { log: PostIndex(*log), index: u64::from_be_bytes(*index) });
        body = after;
    }
    Some((LineId(*line), Batch { erase, ..bytes::decode(body)? }, rest))
}

/// Returns the head file's slot: how many records there are, and the newest one.
fn head(records: u64, newest: &[u8]) -> Vec<u8> {
    let body = [records.to_be_bytes().as_slice(), newest].concat();
    [check(&body).as_slice(), &body].concat()
}

fn head_told(head: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (sum, body) = head.split_first_chunk::<8>()?;
    let (records, newest) = body.split_first_chunk::<8>()?;
    (check(body) == *sum).then(|| (u64::from_be_bytes(*records), newest.to_vec()))
}

/// FNV-1a, 64 bits: what tells a torn record from a whole one.
fn check(bytes: &[u8]) -> [u8; 8] {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.to_be_bytes()
}

/// Returns what is left of a write of which only some sectors reached the disk.
fn torn(written: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut left = written.to_vec();
    let lost = draw.below(left.len().div_ceil(SECTOR) as u64);
    for (number, sector) in (0..).zip(left.chunks_mut(SECTOR)) {
        if number == lost || draw.chance(500) {
            sector.fill(0);
        }
    }
    if draw.chance(500) {
        left.truncate(usize::try_from(draw.below(written.len() as u64)).unwrap_or(0));
    }
    left
}

#[cfg(test)]
mod tests;
