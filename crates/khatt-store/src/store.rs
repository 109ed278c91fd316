//! Writing: one connection, and the rows of a batch. When they are durable is [`crate::commit`]'s.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use khatt_core::store::{
    Batch, CommitError, ReadError, Sealed, StateChange, StoredEntry, Writer, rules,
};
use khatt_record::{EntryId, Hash, LineId, PostIndex};
use rusqlite::{Connection, OptionalExtension, params};

use crate::books::{Books, LineBook};
use crate::check::signed;
use crate::damage::{Damage, OpenOutcome};
use crate::error::OpenError;
use crate::folder::{self, BALLAST_FILE, Lock};
use crate::head_file::HeadFile;
use crate::key_file::{self, Opened};
use crate::open::{Options, Syncs};
use crate::reader::SqliteReader;
use crate::rows::{self, Fault};
use crate::sql;
use crate::vault::{Fill, Nonces, Place, Vault};

/// The line under which the store keeps what belongs to the post and to no line, such as its keys.
pub const STORE_LINE: LineId = LineId([0; 32]);

/// The writing side of a post's store. There is one, and it is used from one thread.
pub struct SqliteStore {
    pub(crate) conn: Connection,
    pub(crate) vault: Arc<Vault>,
    lock: Arc<Lock>,
    pub(crate) dir: PathBuf,
    pub(crate) fill: Fill,
    pub(crate) books: Books,
    pub(crate) head_file: Option<HeadFile>,
    pub(crate) outcome: OpenOutcome,
    /// The write-ahead file, to sync it by hand.
    pub(crate) wal: File,
    /// The last commit when the store last came to rest.
    pub(crate) rested_at: Option<u64>,
    /// Draws the nonces of the commit under way.
    pub(crate) nonces: Nonces,
    /// Why nothing more may be written, if so.
    pub(crate) held: Option<String>,
    /// Whether the disk failed, after which it is not touched again.
    pub(crate) failed: bool,
    pub(crate) syncs: Syncs,
    /// Whether files beside the tables still hold what was erased.
    pub(crate) wipe_due: bool,
    /// Files synced so far, the database's own at a move of pages included.
    pub(crate) synced: u64,
}

/// What an opened store is made of.
pub(crate) struct Parts {
    pub(crate) conn: Connection,
    pub(crate) vault: Arc<Vault>,
    pub(crate) lock: Arc<Lock>,
    pub(crate) dir: PathBuf,
    pub(crate) fill: Fill,
    pub(crate) books: Books,
    pub(crate) head_file: Option<HeadFile>,
    pub(crate) wal: File,
    pub(crate) syncs: Syncs,
}

impl SqliteStore {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { conn, vault, lock, dir, fill, books, head_file, wal, syncs } = parts;
        Self {
            conn,
            vault,
            lock,
            dir,
            fill,
            books,
            head_file,
            outcome: OpenOutcome::Intact,
            wal,
            rested_at: None,
            nonces: Nonces::new([0; 32]),
            held: None,
            failed: false,
            syncs,
            // Where a process ended between an erasure and the wiping, the next rest wipes.
            wipe_due: false,
            synced: 0,
        }
    }

    /// Notes how the store was found. Damage may hold writes from now on.
    pub(crate) fn found(mut self, outcome: OpenOutcome) -> Self {
        self.held = match &outcome {
            OpenOutcome::Damaged(damage) => {
                damage.iter().find(|damage| damage.holds_writes()).map(Damage::to_string)
            }
            _ => None,
        };
        self.outcome = outcome;
        self
    }

    /// Returns how the store was found when it was opened.
    #[must_use]
    pub fn outcome(&self) -> &OpenOutcome {
        &self.outcome
    }

    /// Tells whether commits are taken: no damage holds them and the disk has not failed.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.held.is_none()
    }

    /// Returns how many times a file was synced for what was written since the store was opened.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.synced
    }

    /// Opens one more reading side, for another thread.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the connection cannot be made as it must be.
    pub fn reader(&self) -> Result<SqliteReader, OpenError> {
        let reader =
            SqliteReader::open(&self.dir, Arc::clone(&self.vault), Arc::clone(&self.lock))?;
        Ok(match &self.outcome {
            OpenOutcome::Damaged(damage) => reader.with_found(damage),
            _ => reader,
        })
    }

    /// Keeps a secret of the post under a name, in the place of an earlier one.
    ///
    /// # Errors
    ///
    /// As [`Writer::commit`].
    pub fn put_secret(&mut self, name: &str, secret: &[u8]) -> Result<(), CommitError> {
        let change = StateChange::Put(secret_key(name), Sealed(secret.to_vec()));
        self.commit(STORE_LINE, &Batch { state: vec![change], ..Batch::default() })
    }

    /// Forgets a secret of the post.
    ///
    /// # Errors
    ///
    /// As [`Writer::commit`].
    pub fn delete_secret(&mut self, name: &str) -> Result<(), CommitError> {
        let change = StateChange::Delete(secret_key(name));
        self.commit(STORE_LINE, &Batch { state: vec![change], ..Batch::default() })
    }

    /// Returns the secret kept under a name.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn secret(&self, name: &str) -> Result<Option<Sealed>, ReadError> {
        let Some(book) = self.books.line(STORE_LINE) else {
            return Ok(None);
        };
        let key = secret_key(name);
        match self.state_value(book.line_no, &key)? {
            Some(sealed) => Ok(Some(rows::state(&self.vault, STORE_LINE, &key, &sealed)?)),
            None => Ok(None),
        }
    }

    /// Puts the archive key under another passphrase. The store's content stays as it is.
    ///
    /// # Errors
    ///
    /// [`OpenError::LocalWrongPassphrase`] if `old` is not the passphrase, or another [`OpenError`].
    pub fn change_passphrase(
        &mut self,
        old: &[u8],
        new: &[u8],
        options: &Options,
    ) -> Result<(), OpenError> {
        let opened: Opened = key_file::read(&self.dir, old)?;
        let bytes = key_file::encode(&opened, new, options.passphrase_cost, &mut self.fill)?;
        folder::replace(&self.dir, key_file::FILE, &bytes)
    }

    /// Gives the ballast back to the disk, so that receipts can still be stored.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the file cannot be removed.
    pub fn release_ballast(&self) -> Result<(), OpenError> {
        folder::remove(&self.dir.join(BALLAST_FILE))?;
        folder::sync_dir(&self.dir)
    }

    /// Takes the ballast again, once there is room.
    ///
    /// # Errors
    ///
    /// [`OpenError::LocalFull`] if there is no room yet.
    pub fn reserve_ballast(&self, bytes: u64) -> Result<(), OpenError> {
        folder::reserve_ballast(&self.dir, bytes).inspect_err(|_| {
            // A ballast in part would only take what little room there is.
            let _ = folder::remove(&self.dir.join(BALLAST_FILE));
        })
    }

    pub(crate) fn refuse_if_held(&self) -> Result<(), CommitError> {
        match &self.held {
            Some(reason) => Err(CommitError::LocalFatal(reason.clone())),
            None => Ok(()),
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Notes that commits are taken again.
    pub(crate) fn release(&mut self) {
        self.held = None;
    }

    pub(crate) fn fail(&mut self, reason: String) -> CommitError {
        self.failed = true;
        self.held = Some(reason.clone());
        CommitError::LocalFatal(reason)
    }

    fn seal(&mut self, place: &Place, secret: &[u8]) -> Result<Vec<u8>, CommitError> {
        let nonce = self.nonces.draw();
        self.vault
            .seal_under(nonce, place, secret)
            .ok_or_else(|| CommitError::LocalFatal("row could not be sealed".to_owned()))
    }

    pub(crate) fn write_line(&mut self, line: LineId, book: &LineBook) -> Result<(), CommitError> {
        let log_count = book.heads.len() as u64;
        let seal = self.seal(&book.place(line, log_count), &[])?;
        self.run(
            sql::LINE_UPSERT,
            params![
                book.line_no,
                line.0,
                signed(book.sequence),
                book.previous,
                signed(log_count),
                signed(book.checkpoints.count),
                book.checkpoints.sum,
                signed(book.state.count),
                book.state.sum,
                signed(book.evidence.count),
                book.evidence.sum,
                seal
            ],
        )?;
        Ok(())
    }

    pub(crate) fn write_entry(
        &mut self,
        statement: &str,
        line: LineId,
        line_no: i64,
        entry: &StoredEntry,
    ) -> Result<(), CommitError> {
        let open = match &entry.open {
            Some(open) => Sealed([&[1], &*open.0].concat()),
            None => Sealed(vec![0]),
        };
        let place = rows::entry_place(line, entry.id, entry.leaf_hash);
        let sealed = self.seal(&place, &open.0)?;
        let index = signed(entry.id.index);
        let log = entry.id.log.0;
        let row = params![line_no, log, index, entry.leaf_hash.0, entry.leaf, sealed];
        self.run(statement, row)?;
        Ok(())
    }

    pub(crate) fn write_batch(
        &mut self,
        line: LineId,
        book: &mut LineBook,
        batch: &Batch,
    ) -> Result<(), CommitError> {
        let line_no = book.line_no;
        let plan = rules::plan(
            batch,
            |log| Ok(book.heads.get(&log).cloned()),
            |log, size| Ok(self.checkpoint_root(line, line_no, log, size)?),
        )?;
        for entry in &batch.entries {
            self.write_entry(sql::ENTRY_INSERT, line, line_no, entry)?;
        }
        for head in plan.heads {
            let seal = self.seal(&rows::head_place(line, &head), &[])?;
            let size = signed(head.size);
            let row = params![line_no, head.log.0, size, head.root.0, head.frontier, seal];
            self.run(sql::HEAD_UPSERT, row)?;
            book.heads.insert(head.log, head);
        }
        for kept in &plan.checkpoints {
            let seal = self.seal(&rows::checkpoint_place(line, kept), &[])?;
            let size = signed(kept.size);
            let row = params![line_no, kept.log.0, size, kept.root.0, kept.signature, seal];
            self.run(sql::CHECKPOINT_INSERT, row)?;
            book.checkpoints.add(&seal);
        }
        for change in &batch.state {
            self.write_state(line, book, change)?;
        }
        for id in &batch.erase {
            self.erase_entry(line, line_no, *id)?;
        }
        for (name, proof) in &batch.evidence {
            let seal = self.seal(&rows::evidence_place(line, name, proof), &[])?;
            if self.run(sql::EVIDENCE_INSERT, params![line_no, name, proof, seal])? == 1 {
                book.evidence.add(&seal);
            }
        }
        Ok(())
    }

    /// Writes an entry's row anew, without its open part. What it took is overwritten with zeros.
    fn erase_entry(&mut self, line: LineId, line_no: i64, id: EntryId) -> Result<(), CommitError> {
        let found = {
            let place = params![line_no, id.log.0, signed(id.index), 1];
            let mut statement =
                self.conn.prepare_cached(sql::LEAVES_SELECT).map_err(Fault::from)?;
            let mut rows = statement.query(place).map_err(Fault::from)?;
            match rows.next().map_err(Fault::from)? {
                Some(row) if rows::number(row, 0) == Some(id.index) => {
                    Some(rows::leaf(line, id, row)?)
                }
                _ => None,
            }
        };
        let Some((leaf_hash, leaf)) = found else {
            return Ok(());
        };
        let entry = StoredEntry { id, leaf, leaf_hash, open: None };
        self.write_entry(sql::ENTRY_UPSERT, line, line_no, &entry)
    }

    fn write_state(
        &mut self,
        line: LineId,
        book: &mut LineBook,
        change: &StateChange,
    ) -> Result<(), CommitError> {
        let (StateChange::Put(key, _) | StateChange::Delete(key)) = change;
        if let Some(earlier) = self.state_value(book.line_no, key)? {
            book.state.remove(&earlier);
            if matches!(change, StateChange::Delete(_)) {
                self.run(sql::STATE_DELETE, params![book.line_no, key])?;
            }
        }
        if let StateChange::Put(key, value) = change {
            let sealed = self.seal(&rows::state_place(line, key), &value.0)?;
            self.run(sql::STATE_UPSERT, params![book.line_no, key, sealed])?;
            book.state.add(&sealed);
        }
        Ok(())
    }

    pub(crate) fn run(&self, statement: &str, row: impl rusqlite::Params) -> Result<usize, Fault> {
        Ok(self.conn.prepare_cached(statement)?.execute(row)?)
    }

    fn state_value(&self, line_no: i64, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let mut statement = self.conn.prepare_cached(sql::STATE_VALUE_SELECT)?;
        Ok(statement.query_row(params![line_no, key], |row| row.get(0)).optional()?)
    }

    fn checkpoint_root(
        &self,
        line: LineId,
        line_no: i64,
        log: PostIndex,
        size: u64,
    ) -> Result<Option<Hash>, Fault> {
        let mut statement = self.conn.prepare_cached(sql::CHECKPOINTS_SELECT)?;
        let mut found = statement.query(params![line_no, log.0, signed(size), 1])?;
        match found.next()? {
            Some(row) => {
                let (kept, _) = rows::checkpoint(&self.vault, line, log, row)?;
                Ok((kept.size == size).then_some(kept.root))
            }
            None => Ok(None),
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("commits", &self.books.sequence())
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

fn secret_key(name: &str) -> String {
    format!("secret/{name}")
}

#[cfg(test)]
mod tests;
