//! A store in memory, for rehearsals, tests and the simulator: same rules, no disk.
//!
//! Handles are shared: one clone writes, others read. It can be told to fail the next commit, to be
//! cut off in the middle of one, to let a byte rot, and it can be copied and put back, as a machine
//! restored from a snapshot would be.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use khatt_record::merkle::leaf_hash;
use khatt_record::{EntryId, Hash, LineId, PostIndex};

use super::{
    Batch, CommitError, Head, ReadError, Reader, Sealed, StateChange, StoredCheckpoint,
    StoredEntry, Writer, rules,
};

/// How the next commit fails.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The disk is full: nothing is stored, and the same batch may be tried again.
    Full,
    /// The disk fails before the batch is durable: nothing is stored.
    FatalBefore,
    /// The disk fails after the batch became durable: it is stored, but nobody learns so.
    FatalAfter,
}

/// A store whose disk is memory. Clones are handles to the same disk.
#[derive(Clone, Default)]
pub struct MemoryStore {
    disk: Arc<Mutex<Disk>>,
}

impl MemoryStore {
    /// Returns an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the next commit fail in this way.
    pub fn fail_next(&self, failure: Failure) {
        self.lock().fail_next = Some(failure);
    }

    /// Stops and starts the store as after a power cut: what no commit made durable is gone, and a
    /// store that had failed works again.
    pub fn crash(&self) {
        let mut disk = self.lock();
        disk.fail_next = None;
        disk.failed = false;
    }

    /// Returns a copy with a disk of its own: a backup, or a snapshot of the machine.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { disk: Arc::new(Mutex::new(self.lock().clone())) }
    }

    /// Puts the disk of `copy` in the place of this one, for every handle.
    pub fn restore(&self, copy: &Self) {
        let held = copy.lock().clone();
        *self.lock() = held;
    }

    /// Flips one bit of a stored leaf. Returns whether there was such an entry with a leaf.
    pub fn rot(&self, line: LineId, id: EntryId) -> bool {
        let mut disk = self.lock();
        let entry = disk.lines.get_mut(&line).and_then(|held| held.entry_mut(id));
        match entry.and_then(|entry| entry.leaf.first_mut()) {
            Some(byte) => {
                *byte ^= 1;
                true
            }
            None => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers from one line; a line never written is an empty one.
    fn read<T>(&self, line: LineId, answer: impl FnOnce(&Line) -> T) -> Result<T, ReadError> {
        let disk = self.lock();
        if disk.failed {
            return Err(ReadError::LocalFatal("memory store was told to fail".into()));
        }
        let empty = Line::default();
        Ok(answer(disk.lines.get(&line).unwrap_or(&empty)))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} lines)", self.lock().lines.len())
    }
}

impl Writer for MemoryStore {
    fn commit(&mut self, line: LineId, batch: &Batch) -> Result<(), CommitError> {
        let mut disk = self.lock();
        if disk.failed {
            return Err(fatal());
        }
        let empty = Line::default();
        let held = disk.lines.get(&line).unwrap_or(&empty);
        let plan = rules::plan(
            batch,
            |log| Ok(held.logs.get(&log).map(|kept| kept.head.clone())),
            |log, size| Ok(held.checkpoints.get(&(log, size)).map(|kept| kept.root)),
        )?;
        match disk.fail_next.take() {
            Some(Failure::Full) => return Err(CommitError::LocalFull),
            Some(Failure::FatalBefore) => {
                disk.failed = true;
                return Err(fatal());
            }
            Some(Failure::FatalAfter) => {
                disk.lines.entry(line).or_default().apply(batch, plan);
                disk.failed = true;
                return Err(fatal());
            }
            None => {}
        }
        if !batch.is_empty() {
            disk.lines.entry(line).or_default().apply(batch, plan);
        }
        Ok(())
    }
}

impl Reader for MemoryStore {
    fn heads(&self, line: LineId) -> Result<Vec<Head>, ReadError> {
        self.read(line, |held| held.logs.values().map(|log| log.head.clone()).collect())
    }

    fn entry(&self, line: LineId, id: EntryId) -> Result<Option<StoredEntry>, ReadError> {
        Ok(self.entries(line, id.log, id.index, 1)?.into_iter().next())
    }

    fn entries(
        &self,
        line: LineId,
        log: PostIndex,
        from: u64,
        max: usize,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        self.read(line, |held| {
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let entries = held.logs.get(&log).map_or(&[][..], |kept| &kept.entries);
            entries.iter().skip(from).take(max).map(checked).collect()
        })?
    }

    fn leaf_hashes(
        &self,
        line: LineId,
        log: PostIndex,
        from: u64,
        max: usize,
    ) -> Result<Vec<Hash>, ReadError> {
        Ok(self.entries(line, log, from, max)?.into_iter().map(|entry| entry.leaf_hash).collect())
    }

    fn checkpoint(
        &self,
        line: LineId,
        log: PostIndex,
        size: u64,
    ) -> Result<Option<StoredCheckpoint>, ReadError> {
        self.read(line, |held| held.checkpoints.get(&(log, size)).copied())
    }

    fn checkpoints(
        &self,
        line: LineId,
        log: PostIndex,
        from_size: u64,
        max: usize,
    ) -> Result<Vec<StoredCheckpoint>, ReadError> {
        self.read(line, |held| {
            let range = (log, from_size)..=(log, u64::MAX);
            held.checkpoints.range(range).take(max).map(|(_, kept)| *kept).collect()
        })
    }

    fn state(&self, line: LineId, prefix: &str) -> Result<Vec<(String, Sealed)>, ReadError> {
        self.read(line, |held| {
            held.state
                .range(prefix.to_owned()..)
                .take_while(|(key, _)| key.starts_with(prefix))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        })
    }

    fn evidence(&self, line: LineId) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
        self.read(line, |held| {
            held.evidence.iter().map(|(name, proof)| (name.clone(), proof.clone())).collect()
        })
    }
}

/// Everything that survives a crash, and how the next commit is to fail.
#[derive(Clone, Default)]
struct Disk {
    lines: BTreeMap<LineId, Line>,
    fail_next: Option<Failure>,
    failed: bool,
}

#[derive(Clone, Default)]
struct Line {
    logs: BTreeMap<PostIndex, Log>,
    checkpoints: BTreeMap<(PostIndex, u64), StoredCheckpoint>,
    state: BTreeMap<String, Sealed>,
    evidence: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone)]
struct Log {
    head: Head,
    entries: Vec<StoredEntry>,
}

impl Line {
    /// Writes a checked batch. Every extended log has its head in the plan.
    fn apply(&mut self, batch: &Batch, plan: rules::Plan) {
        for head in plan.heads {
            match self.logs.get_mut(&head.log) {
                Some(log) => log.head = head,
                None => {
                    self.logs.insert(head.log, Log { head, entries: Vec::new() });
                }
            }
        }
        for entry in &batch.entries {
            if let Some(log) = self.logs.get_mut(&entry.id.log) {
                log.entries.push(entry.clone());
            }
        }
        for kept in plan.checkpoints {
            self.checkpoints.insert((kept.log, kept.size), kept);
        }
        for change in &batch.state {
            match change {
                StateChange::Put(key, value) => {
                    self.state.insert(key.clone(), value.clone());
                }
                StateChange::Delete(key) => {
                    self.state.remove(key);
                }
            }
        }
        for (name, proof) in &batch.evidence {
            self.evidence.entry(name.clone()).or_insert_with(|| proof.clone());
        }
        for id in &batch.erase {
            if let Some(entry) = self.entry_mut(*id) {
                entry.open = None;
            }
        }
    }

    fn entry_mut(&mut self, id: EntryId) -> Option<&mut StoredEntry> {
        let index = usize::try_from(id.index).ok()?;
        self.logs.get_mut(&id.log)?.entries.get_mut(index)
    }
}

fn checked(entry: &StoredEntry) -> Result<StoredEntry, ReadError> {
    if leaf_hash(&entry.leaf) == entry.leaf_hash {
        Ok(entry.clone())
    } else {
        Err(ReadError::LocalDamaged { what: format!("entry {} leaf", entry.id) })
    }
}

fn fatal() -> CommitError {
    CommitError::LocalFatal("memory store was told to fail".into())
}

#[cfg(test)]
mod tests;
