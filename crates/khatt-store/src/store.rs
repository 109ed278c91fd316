//! Writing: one connection, and single rows. What a batch writes is [`crate::prepared`]'s, when it is
//! durable [`crate::commit`]'s.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use khatt_core::store::{Batch, CommitError, ReadError, Sealed, StateChange, StoredEntry, Writer};
use khatt_record::{EntryId, Hash, LineId, PostIndex};
use rusqlite::{Connection, params};

use crate::books::{Books, LineBook};
use crate::check::signed;
use crate::damage::{Damage, OpenOutcome};
use crate::error::OpenError;
use crate::folder::{self, BALLAST_FILE, Lock};
use crate::head_file::HeadFile;
use crate::key_file::{self, Opened};
use crate::open::{Options, Syncs};
use crate::prepared::{EntryRow, Prepared};
use crate::reader::SqliteReader;
use crate::rows::{self, Fault};
use crate::sql;
use crate::tags::Tags;
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
    /// A commit that is durable in the head file and not yet in the database.
    pub(crate) owed: Option<Prepared>,
    /// The tags of the working state.
    pub(crate) tags: Tags,
    /// Pages of the write-ahead file that were not moved yet, where known.
    pub(crate) waiting: Option<i64>,
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
            owed: None,
            tags: Tags::default(),
            waiting: None,
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

    pub(crate) fn seal(&mut self, place: &Place, secret: &[u8]) -> Result<Vec<u8>, CommitError> {
        let nonce = self.nonces.draw();
        self.vault
            .seal_under(nonce, place, secret)
            .ok_or_else(|| CommitError::LocalFatal("row could not be sealed".to_owned()))
    }

    /// Seals the row of a line.
    pub(crate) fn line_seal(
        &mut self,
        line: LineId,
        book: &LineBook,
    ) -> Result<Vec<u8>, CommitError> {
        self.seal(&book.place(line, book.heads.len() as u64), &[])
    }

    pub(crate) fn write_line(
        &self,
        line: LineId,
        book: &LineBook,
        seal: &[u8],
    ) -> Result<(), CommitError> {
        self.run(
            sql::LINE_UPSERT,
            params![
                book.line_no,
                line.0,
                signed(book.sequence),
                book.previous,
                signed(book.heads.len() as u64),
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

    /// Seals an entry as a row.
    pub(crate) fn entry_row(
        &mut self,
        line: LineId,
        entry: &StoredEntry,
    ) -> Result<EntryRow, CommitError> {
        let open = match &entry.open {
            Some(open) => Sealed([&[1], &*open.0].concat()),
            None => Sealed(vec![0]),
        };
        let (id, leaf_hash) = (entry.id, entry.leaf_hash);
        let sealed = self.seal(&rows::entry_place(line, id, leaf_hash), &open.0)?;
        Ok(EntryRow { id, leaf_hash, leaf: entry.leaf.clone(), sealed })
    }

    pub(crate) fn write_entry(
        &self,
        statement: &str,
        line_no: i64,
        entry: &EntryRow,
    ) -> Result<(), CommitError> {
        let EntryRow { id, leaf_hash, leaf, sealed } = entry;
        let row = params![line_no, id.log.0, signed(id.index), leaf_hash.0, leaf, sealed];
        self.run(statement, row)?;
        Ok(())
    }

    /// Seals an entry anew as a row without its open part, or nothing if no such entry is stored.
    pub(crate) fn erased_row(
        &mut self,
        line: LineId,
        line_no: i64,
        id: EntryId,
    ) -> Result<Option<EntryRow>, CommitError> {
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
            return Ok(None);
        };
        self.entry_row(line, &StoredEntry { id, leaf, leaf_hash, open: None }).map(Some)
    }

    pub(crate) fn run(&self, statement: &str, row: impl rusqlite::Params) -> Result<usize, Fault> {
        Ok(self.conn.prepare_cached(statement)?.execute(row)?)
    }

    pub(crate) fn checkpoint_root(
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
