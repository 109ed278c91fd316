//! Reading: a connection of its own that sees what is durable, checks every row, and can scrub.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use khatt_core::store::{Head, ReadError, Reader, Sealed, StoredCheckpoint, StoredEntry};
use khatt_record::{EntryId, Hash, LineId, PostIndex};
use rusqlite::{Connection, Transaction, params};

use crate::books::LineBook;
use crate::check::{self, Depth, Walk, signed};
use crate::damage::Damage;
use crate::error::OpenError;
use crate::folder::Lock;
use crate::open::Syncs;
use crate::rows::{self, Fault, bytes, text};
use crate::settings::{self, Use};
use crate::sql;
use crate::vault::Vault;

/// The reading side of a store. It may be sent to another thread; each has a connection of its own.
pub struct SqliteReader {
    conn: Connection,
    vault: Arc<Vault>,
    // The folder stays locked for as long as anything of this process reads it.
    lock: Arc<Lock>,
    dir: PathBuf,
    found: Arc<[Damage]>,
}

/// Where a scrub goes on. The default is the beginning.
#[derive(Clone, Debug, Default)]
pub struct ScrubPosition {
    line_no: i64,
    log: u64,
    walk: Option<Walk>,
}

/// What one step of a scrub found.
#[derive(Clone, Debug)]
pub struct ScrubStep {
    /// What is missing or altered among the rows read in this step.
    pub damage: Vec<Damage>,
    /// Rows read in this step.
    pub rows: u64,
    /// Where to go on, or `None` when everything was read.
    pub next: Option<ScrubPosition>,
}

impl SqliteReader {
    pub(crate) fn open(dir: &Path, vault: Arc<Vault>, lock: Arc<Lock>) -> Result<Self, OpenError> {
        let conn = settings::connect(dir, Use::Read, Syncs::Full)?;
        Ok(Self { conn, vault, lock, dir: dir.to_owned(), found: Arc::new([]) })
    }

    /// Notes what the store found when it was opened.
    pub(crate) fn with_found(mut self, found: &[Damage]) -> Self {
        self.found = found.into();
        self
    }

    /// Opens one more reading side of the same store, for another thread.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the connection cannot be made as it must be.
    pub fn again(&self) -> Result<Self, OpenError> {
        let (vault, lock) = (Arc::clone(&self.vault), Arc::clone(&self.lock));
        Ok(Self::open(&self.dir, vault, lock)?.with_found(&self.found))
    }

    /// Returns the damage that was found when the store was opened.
    #[must_use]
    pub fn found_at_start(&self) -> &[Damage] {
        &self.found
    }

    /// Reads another database with the same key, such as a copy of this one.
    pub(crate) fn on(&self, conn: Connection) -> Self {
        let (vault, lock) = (Arc::clone(&self.vault), Arc::clone(&self.lock));
        Self { conn, vault, lock, dir: self.dir.clone(), found: Arc::clone(&self.found) }
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Returns the folder that is read.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads on from `from` and checks at least `rows` rows, unless the end comes first.
    ///
    /// Entries are read in portions; the checkpoints, state and evidence of one line are read in
    /// one go, and so is SQLite's own check of its pages at the end. Readers and the writer go on
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`ReadError::LocalFatal`] if the disk fails. Damage is not an error here but the result.
    pub fn scrub(&self, from: ScrubPosition, rows: u64) -> Result<ScrubStep, ReadError> {
        Ok(self.scrub_step(from, rows)?)
    }

    fn scrub_step(&self, from: ScrubPosition, rows: u64) -> Result<ScrubStep, Fault> {
        // What is in memory says nothing about the disk.
        self.conn.execute_batch("PRAGMA shrink_memory")?;
        let tx = self.conn.unchecked_transaction()?;
        let (store_id, _, _) = rows::store(&tx)?;
        let mut step = ScrubStep { damage: Vec::new(), rows: 0, next: None };
        let books = match rows::books(&tx, &self.vault, store_id) {
            Ok(books) => books,
            Err(Fault::Damaged(damage)) => {
                step.damage.push(damage);
                pages(&tx, &mut step.damage)?;
                return Ok(step);
            }
            Err(other) => return Err(other),
        };
        let mut position = from;
        loop {
            if step.rows >= rows {
                step.next = Some(position);
                return Ok(step);
            }
            let next = books
                .lines()
                .filter(|(_, book)| book.line_no >= position.line_no)
                .min_by_key(|(_, book)| book.line_no);
            let Some((line, book)) = next else { break };
            if book.line_no != position.line_no {
                position = ScrubPosition { line_no: book.line_no, log: 0, walk: None };
            }
            let log = book.heads.values().find(|head| u64::from(head.log.0) >= position.log);
            let Some(head) = log else {
                let damage = &mut step.damage;
                check::checkpoints(&tx, &self.vault, line, book, damage)?;
                check::state(&tx, &self.vault, line, book, Depth::Whole, damage)?;
                check::evidence(&tx, &self.vault, line, book, damage)?;
                let tallies = [book.checkpoints, book.state, book.evidence];
                let read = tallies.iter().map(|tally| tally.count).fold(1, u64::saturating_add);
                step.rows = step.rows.saturating_add(read);
                let line_no = book.line_no.saturating_add(1);
                position = ScrubPosition { line_no, log: 0, walk: None };
                continue;
            };
            self.scrub_log(&tx, line, book, head, &mut position, rows, &mut step)?;
        }
        pages(&tx, &mut step.damage)?;
        Ok(step)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of one loop, apart for its length")]
    fn scrub_log(
        &self,
        tx: &Transaction<'_>,
        line: LineId,
        book: &LineBook,
        head: &Head,
        position: &mut ScrubPosition,
        rows: u64,
        step: &mut ScrubStep,
    ) -> Result<(), Fault> {
        let mut walk = match position.walk.take() {
            Some(walk) if walk.log == head.log => walk,
            _ => Walk::new(line, book.line_no, head.log, 0),
        };
        let left = head.size.saturating_sub(walk.index);
        let count = left.min(rows.saturating_sub(step.rows).max(1));
        walk.on(tx, &self.vault, count, &mut step.damage)?;
        step.rows = step.rows.saturating_add(count);
        if walk.index < head.size {
            position.log = u64::from(head.log.0);
            position.walk = Some(walk);
            return Ok(());
        }
        if walk.leads_elsewhere(head) {
            step.damage.push(Damage::Root { line, log: head.log });
        }
        check::beyond(tx, line, book.line_no, head, &mut step.damage)?;
        position.log = u64::from(head.log.0).saturating_add(1);
        Ok(())
    }

    /// Finds a line's row. A line never written has none.
    fn line(&self, tx: &Transaction<'_>, line: LineId) -> Result<Option<(LineBook, u64)>, Fault> {
        let lines = rows::lines(tx, &self.vault)?;
        let found = lines.into_iter().find(|(id, _, _)| *id == line);
        Ok(found.map(|(_, book, log_count)| (book, log_count)))
    }

    /// Runs `each` on the rows `from..from + max` of a log, as far as the log goes.
    fn walk<T>(
        &self,
        select: &str,
        line: LineId,
        (log, from, max): (PostIndex, u64, usize),
        each: impl Fn(EntryId, &rusqlite::Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let tx = self.conn.unchecked_transaction()?;
        let Some((book, logs)) = self.line(&tx, line)? else {
            return Ok(Vec::new());
        };
        let heads = rows::heads(&tx, &self.vault, line, book.line_no, logs)?;
        let Some(head) = heads.iter().find(|head| head.log == log) else {
            return Ok(Vec::new());
        };
        let count = head.size.saturating_sub(from).min(max as u64);
        let mut items = Vec::new();
        if count == 0 {
            return Ok(items);
        }
        let mut statement = tx.prepare_cached(select)?;
        let mut found =
            statement.query(params![book.line_no, log.0, signed(from), signed(count)])?;
        for index in from..from.saturating_add(count) {
            let id = EntryId { log, index };
            let row =
                found.next()?.ok_or(Fault::Damaged(Damage::Entry { line, id, part: "missing" }))?;
            items.push(each(id, row)?);
        }
        Ok(items)
    }

    fn read_heads(&self, line: LineId) -> Result<Vec<Head>, Fault> {
        let tx = self.conn.unchecked_transaction()?;
        match self.line(&tx, line)? {
            Some((book, count)) => rows::heads(&tx, &self.vault, line, book.line_no, count),
            None => Ok(Vec::new()),
        }
    }

    fn read_checkpoints(
        &self,
        line: LineId,
        log: PostIndex,
        from_size: u64,
        max: usize,
    ) -> Result<Vec<StoredCheckpoint>, Fault> {
        let tx = self.conn.unchecked_transaction()?;
        let Some((book, _)) = self.line(&tx, line)? else {
            return Ok(Vec::new());
        };
        let mut statement = tx.prepare_cached(sql::CHECKPOINTS_SELECT)?;
        let place = params![book.line_no, log.0, signed(from_size), signed(max as u64)];
        let mut found = statement.query(place)?;
        let mut kept = Vec::new();
        while let Some(row) = found.next()? {
            kept.push(rows::checkpoint(&self.vault, line, log, row)?.0);
        }
        Ok(kept)
    }

    fn read_state(&self, line: LineId, prefix: &str) -> Result<Vec<(String, Sealed)>, Fault> {
        let tx = self.conn.unchecked_transaction()?;
        let Some((book, _)) = self.line(&tx, line)? else {
            return Ok(Vec::new());
        };
        let mut statement = tx.prepare_cached(sql::STATE_SELECT)?;
        let mut found = statement.query(params![book.line_no, prefix])?;
        let mut state = Vec::new();
        while let Some(row) = found.next()? {
            let (Some(key), Some(sealed)) = (text(row, 0), bytes(row, 1)) else {
                return Err(Fault::Damaged(Damage::Table { table: "state", line }));
            };
            if !key.starts_with(prefix) {
                break;
            }
            state.push((key.to_owned(), rows::state(&self.vault, line, key, sealed)?));
        }
        Ok(state)
    }

    fn read_evidence(&self, line: LineId) -> Result<check::Evidence, Fault> {
        let tx = self.conn.unchecked_transaction()?;
        let Some((book, _)) = self.line(&tx, line)? else {
            return Ok(Vec::new());
        };
        let (tally, evidence) = check::evidence_rows(&tx, &self.vault, line, book.line_no)?;
        if tally == book.evidence {
            Ok(evidence)
        } else {
            Err(Fault::Damaged(Damage::Table { table: "evidence", line }))
        }
    }
}

impl Reader for SqliteReader {
    fn heads(&self, line: LineId) -> Result<Vec<Head>, ReadError> {
        Ok(self.read_heads(line)?)
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
        let each = |id, row: &rusqlite::Row<'_>| rows::entry(&self.vault, line, id, row);
        Ok(self.walk(sql::ENTRIES_SELECT, line, (log, from, max), each)?)
    }

    fn leaf_hashes(
        &self,
        line: LineId,
        log: PostIndex,
        from: u64,
        max: usize,
    ) -> Result<Vec<Hash>, ReadError> {
        let each = |id, row: &rusqlite::Row<'_>| rows::leaf(line, id, row).map(|(hash, _)| hash);
        Ok(self.walk(sql::LEAVES_SELECT, line, (log, from, max), each)?)
    }

    fn checkpoint(
        &self,
        line: LineId,
        log: PostIndex,
        size: u64,
    ) -> Result<Option<StoredCheckpoint>, ReadError> {
        let kept = self.read_checkpoints(line, log, size, 1)?;
        Ok(kept.into_iter().next().filter(|kept| kept.size == size))
    }

    fn checkpoints(
        &self,
        line: LineId,
        log: PostIndex,
        from_size: u64,
        max: usize,
    ) -> Result<Vec<StoredCheckpoint>, ReadError> {
        Ok(self.read_checkpoints(line, log, from_size, max)?)
    }

    fn state(&self, line: LineId, prefix: &str) -> Result<Vec<(String, Sealed)>, ReadError> {
        Ok(self.read_state(line, prefix)?)
    }

    fn evidence(&self, line: LineId) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
        Ok(self.read_evidence(line)?)
    }
}

/// Lets SQLite check its own pages.
fn pages(tx: &Transaction<'_>, damage: &mut Vec<Damage>) -> Result<(), Fault> {
    let answer = tx
        .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        .map_err(Fault::from);
    match answer {
        Ok(answer) if answer == "ok" => {}
        Ok(what) => damage.push(Damage::Database { what }),
        Err(Fault::Damaged(found)) => damage.push(found),
        Err(other) => return Err(other),
    }
    Ok(())
}
