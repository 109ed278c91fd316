//! Making a commit durable with one sync, and making it again after a power cut.
//!
//! A batch goes, with what the database must hold after it, into the head file, which is synced before
//! anyone is told, and into the database by one transaction that waits for no disk. Which of them
//! comes first makes no difference to what survives: what the database lacks at a start is filled in
//! from the head file, to the last byte, since a commit's seals draw their nonces from a seed that is
//! kept with the batch. [`Writer::commit`] begins with the database, and so can still say that the disk
//! is full; [`SqliteStore::secure`] begins with the head file, and [`SqliteStore::follow`] ends it. The
//! head file forgets a batch only once the database cannot lose it any more: when the write-ahead
//! file was synced after it, or its pages were moved.

use std::io;

use khatt_core::store::{Batch, CommitError, Writer};
use khatt_record::LineId;
use rusqlite::ErrorCode;

use crate::books::LineBook;
use crate::error::OpenError;
use crate::folder::{self, BALLAST_FILE};
use crate::head_file::{Found, HeadFile, Replayable};
use crate::open::Syncs;
use crate::rows::Fault;
use crate::store::SqliteStore;
use crate::vault::{Nonces, Seed};

/// Whether a transaction took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applied {
    Done,
    /// It would have led to other books than it should, and left no trace.
    Elsewhere,
}

impl SqliteStore {
    /// Moves everything from the write-ahead file into the database; for when nothing else is to do.
    ///
    /// After it the head file holds no batch. Returns at once if a reader is in the way.
    ///
    /// # Errors
    ///
    /// [`CommitError::LocalFatal`] if the disk fails. What was committed stays committed.
    pub fn idle(&mut self) -> Result<(), CommitError> {
        self.refuse_if_held()?;
        self.follow()?;
        if self.rested_at == Some(self.books.sequence()) {
            return Ok(());
        }
        let moved = self.move_pages("PRAGMA wal_checkpoint(TRUNCATE)").and_then(|moved| {
            if moved == Moved::All { self.begin_wal() } else { Ok(()) }.map(|()| moved)
        });
        match moved {
            Ok(Moved::All) => {}
            Ok(Moved::Some) => return Ok(()),
            Err(error) => return Err(self.fail(error.to_string())),
        }
        if let Some(head_file) = self.head_file.as_mut().filter(|held| held.holds_batches()) {
            let cleared = head_file.clear(&self.books, &self.vault, &mut self.fill, self.syncs);
            if let Err(error) = cleared {
                return Err(self.fail(format!("head file: {error}")));
            }
            self.note_syncs(2);
        }
        self.rested_at = Some(self.books.sequence());
        self.wipe_due = false;
        Ok(())
    }

    /// Tells whether there are pages to move as soon as nobody waits; see [`SqliteStore::tidy`].
    #[must_use]
    pub fn wants_tidying(&self) -> bool {
        let waiting = || self.waiting.map_or_else(|| self.pages_waiting(), Ok);
        self.held.is_none() && waiting().is_ok_and(|pages| pages >= WAL_PAGES)
    }

    /// Moves pages from the write-ahead file into the database; for a moment when nobody waits.
    ///
    /// Where no such moment comes, a commit does it once the write-ahead file is long.
    ///
    /// # Errors
    ///
    /// [`CommitError::LocalFatal`] if the disk fails. What was committed stays committed.
    pub fn tidy(&mut self) -> Result<(), CommitError> {
        self.refuse_if_held()?;
        self.follow()?;
        let tidied =
            self.move_pages("PRAGMA wal_checkpoint(PASSIVE)").and_then(|moved| match moved {
                Moved::All => self.begin_wal(),
                Moved::Some => Ok(()),
            });
        tidied.map_err(|error| self.fail(error.to_string()))
    }

    /// Runs `write` in a transaction of its own. `Ok` means durable.
    ///
    /// The head file gets no batch for it, so the write-ahead file is synced as well.
    pub(crate) fn durably(
        &mut self,
        line: LineId,
        write: impl FnOnce(&mut Self, &mut LineBook) -> Result<(), CommitError>,
    ) -> Result<(), CommitError> {
        self.refuse_if_held()?;
        self.follow()?;
        self.fresh_nonces();
        let mut book = self.next_page(line);
        let book = self.transact(|store| {
            write(store, &mut book)?;
            let seal = store.line_seal(line, &book)?;
            store.write_line(line, &book, &seal)?;
            Ok(book)
        })?;
        self.tags.forget(book.line_no);
        self.books.set(line, book);
        self.acknowledge(None)
    }

    /// Makes a batch durable in the head file alone: `Ok` means that a power cut loses nothing of it.
    ///
    /// It can be read once [`SqliteStore::follow`] was called, which every other call that writes does
    /// first. So what waits for durability alone need not wait for the database. A batch that the
    /// head file cannot hold is committed whole.
    ///
    /// Where the disk may be full, [`Writer::commit`] is the one to call: it finds out in time.
    ///
    /// # Errors
    ///
    /// As [`Writer::commit`]; [`CommitError::LocalFull`] if an earlier batch still has to follow.
    pub fn secure(&mut self, line: LineId, batch: &Batch) -> Result<(), CommitError> {
        self.refuse_if_held()?;
        self.follow()?;
        if batch.is_empty() {
            return Ok(());
        }
        self.fresh_nonces();
        let mut prepared = self.look(|store| store.prepare(line, batch))?;
        let mut after = self.books.clone();
        after.set(line, prepared.book.clone());
        let (previous, seed) = (self.books.digest(), *self.nonces.seed());
        let replayable = Replayable { line, previous: &previous, seed: &seed, batch };
        let record = HeadFile::record(&after, Some(replayable), &self.vault, &mut self.fill);
        let Some(record) = record else {
            return self.commit(line, batch);
        };
        if let Err(error) = self.keep_record(&record) {
            return Err(self.fail(format!("head file: {error}")));
        }
        self.books = after;
        self.tags.note(prepared.book.line_no, std::mem::take(&mut prepared.tags));
        self.owed = Some(prepared);
        Ok(())
    }

    /// Lets the database follow the head file: what was made durable can be read from now on.
    ///
    /// # Errors
    ///
    /// [`CommitError::LocalFull`] if the disk has no room: what is durable stays so, and this may be
    /// called again. [`CommitError::LocalFatal`] if the disk fails.
    pub fn follow(&mut self) -> Result<(), CommitError> {
        let Some(prepared) = self.owed.take() else {
            return Ok(());
        };
        let written =
            self.refuse_if_held().and_then(|()| self.transact(|store| store.write(&prepared)));
        match written {
            Ok(()) => {
                self.shorten();
                if self.wipe_due {
                    // A reader was in the way.
                    let _ = self.idle();
                }
                Ok(())
            }
            Err(error) => {
                self.owed = Some(prepared);
                Err(error)
            }
        }
    }

    /// Tells whether the database still has to follow the head file.
    #[must_use]
    pub fn must_follow(&self) -> bool {
        self.owed.is_some()
    }

    /// Makes the commits again that the head file holds and the database lacks, if it holds all.
    ///
    /// Returns how many were made again. Where one does not lead to what its record says, it and
    /// those after it are left out, and the comparison with the head file tells of the loss.
    pub(crate) fn refill(&mut self, found: &Found) -> Result<u64, OpenError> {
        let newest = &found.newest.heads;
        let lacks =
            newest.store_id == self.books.store_id && newest.sequence > self.books.sequence();
        let Some(records) =
            lacks.then(|| found.after(self.books.sequence(), &self.vault)).flatten()
        else {
            return Ok(0);
        };
        let mut refilled = 0_u64;
        for record in records {
            let Some(replay) = record.replay else { break };
            if replay.previous != self.books.digest() {
                break;
            }
            let again = |store: &mut Self| {
                store.nonces = Nonces::new(replay.seed);
                store.apply(replay.line, Some(record.heads.digest), &replay.batch)
            };
            let mut outcome = again(self);
            if outcome == Err(CommitError::LocalFull) {
                // These were acknowledged: this is what the space was held back for.
                folder::remove(&self.dir.join(BALLAST_FILE))?;
                outcome = again(self);
            }
            match outcome {
                Ok(Applied::Done) => refilled = refilled.saturating_add(1),
                Ok(Applied::Elsewhere) | Err(CommitError::LocalOutOfOrder { .. }) => break,
                Err(CommitError::LocalFull) => return Err(OpenError::LocalFull),
                Err(error) => {
                    let reason = error.to_string();
                    return Err(OpenError::LocalIo { what: "filling in commits", reason });
                }
            }
        }
        Ok(refilled)
    }

    /// Makes sure of everything that the database holds at a start, and of the head file beside it.
    ///
    /// Without a power cut the newest pages may never have been synced. `ahead`: the head file lacks
    /// the last commit.
    pub(crate) fn take_up(&mut self, ahead: bool) -> io::Result<()> {
        self.settle()?;
        if ahead { self.keep(None) } else { Ok(()) }
    }

    /// Writes a batch in a transaction, if it leads to the books whose digest is `wanted`.
    fn apply(
        &mut self,
        line: LineId,
        wanted: Option<[u8; 32]>,
        batch: &Batch,
    ) -> Result<Applied, CommitError> {
        let applied = self.transact(|store| {
            let prepared = store.prepare(line, batch)?;
            if let Some(wanted) = wanted {
                let mut books = store.books.clone();
                books.set(line, prepared.book.clone());
                if books.digest() != wanted {
                    return Ok(None);
                }
            }
            store.write(&prepared)?;
            Ok(Some((prepared.book, prepared.tags)))
        })?;
        Ok(match applied {
            Some((book, tags)) => {
                self.tags.note(book.line_no, tags);
                self.books.set(line, book);
                Applied::Done
            }
            None => Applied::Elsewhere,
        })
    }

    /// Does something in a transaction, all of it or nothing.
    fn transact<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, CommitError>,
    ) -> Result<T, CommitError> {
        let written = self.execute("BEGIN IMMEDIATE").and_then(|()| write(self));
        let outcome = written.and_then(|done| self.execute("COMMIT").map(|()| done));
        self.or_undone(outcome)
    }

    /// Reads in a transaction that ends with it.
    fn look<T>(
        &mut self,
        look: impl FnOnce(&mut Self) -> Result<T, CommitError>,
    ) -> Result<T, CommitError> {
        let seen = self.execute("BEGIN").and_then(|()| look(self));
        let outcome = seen.and_then(|seen| self.execute("COMMIT").map(|()| seen));
        self.or_undone(outcome)
    }

    /// After a failure, ends the transaction if it did not end.
    fn or_undone<T>(&mut self, outcome: Result<T, CommitError>) -> Result<T, CommitError> {
        match outcome {
            Err(CommitError::LocalFatal(reason)) => Err(self.fail(reason)),
            // A failed COMMIT may or may not have ended the transaction.
            Err(_) if !self.conn.is_autocommit() => match self.conn.execute_batch("ROLLBACK") {
                Ok(()) => outcome,
                Err(error) => Err(self.fail(error.to_string())),
            },
            outcome => outcome,
        }
    }

    /// Makes the commit that was just applied durable, and keeps the write-ahead file short.
    fn acknowledge(&mut self, replayable: Option<Replayable<'_>>) -> Result<(), CommitError> {
        if let Err(error) = self.keep(replayable) {
            return Err(self.fail(format!("head file: {error}")));
        }
        self.shorten();
        Ok(())
    }

    /// Moves pages where the write-ahead file has become long.
    fn shorten(&mut self) {
        let pages = self.pages_waiting();
        self.waiting = pages.as_ref().ok().copied();
        let long = match pages {
            Ok(pages) if pages >= WAL_PAGES_MAX => {
                // And the write-ahead file's new header, at the next commit.
                self.note_syncs(1);
                self.move_pages("PRAGMA wal_checkpoint(PASSIVE)").map(|_| ())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = long {
            // What was just committed is durable in the head file: only the next one fails.
            self.fail(error.to_string());
        }
    }

    /// Writes the record of the last commit into the head file and syncs it.
    ///
    /// Where the batch is not in it, the write-ahead file is synced before.
    fn keep(&mut self, replayable: Option<Replayable<'_>>) -> io::Result<()> {
        let whole = replayable.and_then(|replayable| {
            HeadFile::record(&self.books, Some(replayable), &self.vault, &mut self.fill)
        });
        if let Some(record) = whole {
            return self.keep_record(&record);
        }
        let record = HeadFile::record(&self.books, None, &self.vault, &mut self.fill)
            .ok_or_else(|| io::Error::other("record could not be sealed"))?;
        self.settle()?;
        self.keep_record(&record)
    }

    /// Writes a record into the head file and syncs it.
    ///
    /// Where it would displace one that the database may still lose, the write-ahead file is synced
    /// before.
    fn keep_record(&mut self, record: &[u8]) -> io::Result<()> {
        if self.head_file.as_ref().is_some_and(|head_file| !head_file.has_room(record)) {
            self.settle()?;
        }
        let head_file =
            self.head_file.as_mut().ok_or_else(|| io::Error::other("the file is missing"))?;
        head_file.write(record, self.syncs)?;
        self.note_syncs(1);
        Ok(())
    }

    /// Syncs the write-ahead file, after which the database cannot lose anything committed so far.
    fn settle(&mut self) -> io::Result<()> {
        if self.syncs == Syncs::Full {
            self.wal.sync_data()?;
        }
        self.note_syncs(1);
        if let Some(head_file) = &mut self.head_file {
            head_file.settled();
        }
        Ok(())
    }

    fn fresh_nonces(&mut self) {
        let mut seed = Seed::default();
        (self.fill)(&mut seed);
        self.nonces = Nonces::new(seed);
    }

    fn note_syncs(&mut self, count: u64) {
        if self.syncs == Syncs::Full {
            self.synced = self.synced.saturating_add(count);
        }
    }

    fn execute(&self, statement: &str) -> Result<(), CommitError> {
        let run = || self.conn.prepare_cached(statement)?.execute([]);
        run().map_err(|error| CommitError::from(Fault::from(error)))?;
        Ok(())
    }

    /// Returns how many pages of the write-ahead file were not moved yet.
    fn pages_waiting(&self) -> Result<i64, rusqlite::Error> {
        let (_, pages, moved) = self.wal_pages("PRAGMA wal_checkpoint(NOOP)")?;
        Ok(pages.saturating_sub(moved))
    }

    /// Writes something without meaning, so that the write-ahead file begins anew.
    ///
    /// SQLite syncs its header then, which the next commit need not wait for.
    fn begin_wal(&mut self) -> Result<(), rusqlite::Error> {
        self.note_syncs(1);
        let touch = "UPDATE store SET version = version";
        match self.conn.prepare_cached(touch).and_then(|mut touch| touch.execute([])) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Ok(()),
            outcome => outcome.map(|_| ()),
        }
    }

    fn move_pages(&mut self, pragma: &str) -> Result<Moved, rusqlite::Error> {
        match self.wal_pages(pragma) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Ok(Moved::Some),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Ok(Moved::Some)
            }
            Err(error) => Err(error),
            Ok((busy, pages, moved)) => {
                self.waiting = Some(pages.saturating_sub(moved));
                // The write-ahead file and the database.
                self.note_syncs(2);
                if busy != 0 || pages != moved {
                    return Ok(Moved::Some);
                }
                if let Some(head_file) = &mut self.head_file {
                    head_file.settled();
                }
                Ok(Moved::All)
            }
        }
    }

    fn wal_pages(&self, pragma: &str) -> Result<(i64, i64, i64), rusqlite::Error> {
        let numbers = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        self.conn.prepare_cached(pragma)?.query_row([], numbers)
    }
}

/// How much of the write-ahead file the database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    All,
    Some,
}

impl Writer for SqliteStore {
    fn commit(&mut self, line: LineId, batch: &Batch) -> Result<(), CommitError> {
        self.refuse_if_held()?;
        self.follow()?;
        if batch.is_empty() {
            return Ok(());
        }
        self.fresh_nonces();
        let previous = self.books.digest();
        let seed = *self.nonces.seed();
        self.apply(line, None, batch)?;
        let (previous, seed) = (&previous, &seed);
        // One that erases has no bytes, so the write-ahead file is synced and holds all before it.
        self.acknowledge(Some(Replayable { line, previous, seed, batch }))?;
        self.wipe_due |= !batch.erase.is_empty();
        if self.wipe_due {
            // What was committed is durable: if the disk fails here, only the next commit is refused.
            // A reader in the way is no fault: it is tried again after the next one.
            let _ = self.idle();
        }
        Ok(())
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // After a failed sync the files must stay as they are for the next start to judge.
        if !self.failed && self.held.is_none() && self.follow().is_ok() {
            let _ = self.move_pages("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }
}

/// Pages in the write-ahead file from which on they are moved in a quiet moment.
const WAL_PAGES: i64 = 256;
/// Pages from which on a commit moves them itself.
const WAL_PAGES_MAX: i64 = 1024;
