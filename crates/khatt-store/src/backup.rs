//! Copying a store while it is in use, and making a store of a copy again (`spec/backup.md`).
//!
//! The copy is SQLite's own, of everything committed so far, rows still sealed under the archive key.
//! What a backup file holds beside it, and how a post compares with its peers after a restore, is
//! left to the command and the engine: here a restored store is only marked as one.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use khatt_core::store::{Batch, CommitError, Head, ReadError, Sealed, StateChange, Writer};
use khatt_record::LineId;
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use crate::books::Books;
use crate::damage::{Damage, OpenOutcome};
use crate::error::OpenError;
use crate::folder;
use crate::head_file::HeadFile;
use crate::key_file;
use crate::migrate;
use crate::open::{self, Options, Syncs};
use crate::reader::{ScrubPosition, SqliteReader};
use crate::rows;
use crate::settings::{self, Use};
use crate::store::SqliteStore;
use crate::vault::{Fill, Place, Vault};

/// The state key, in every line of a restored store, under which [`Restored`] stands.
pub const RESTORED_KEY: &str = "restored";

/// Since when a store is a restored one (`spec/store.md §5`).
///
/// As long as this stands, the post has not compared its log with what its peers hold of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made, by its machine's wall clock, in milliseconds since 1970.
    pub backup_ms: u64,
    /// When it was restored, by this machine's wall clock.
    pub restored_ms: u64,
    /// The store's last commit that is in the backup.
    pub sequence: u64,
}

/// What a copy of a store holds.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The random name of the store.
    pub store_id: [u8; 16],
    /// The version of its tables.
    pub version: u64,
    /// The number of the last commit in it.
    pub sequence: u64,
    /// Every line with the heads of its logs. Empty if the tables are of an older version.
    pub lines: Vec<(LineId, Vec<Head>)>,
    /// Rows that were read again from the copy.
    pub rows: u64,
    /// What in the copy is missing or altered. It is as it was in the store.
    pub damage: Vec<Damage>,
}

/// Why no copy was made.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BackupError {
    /// The disk has no room for a copy beside the reserve.
    #[error("local disk has {free} bytes free, and the copy needs {needed}")]
    LocalNoRoom {
        /// Bytes wanted, the reserve included.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// SQLite could not write the copy.
    #[error("local copy of the database failed: {0}")]
    LocalCopy(String),
    /// The copy cannot be opened, or the folder cannot.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why no store was made of a copy.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RestoreError {
    /// The manifest was not sealed by the post whose key file is beside it.
    #[error("local backup's manifest does not carry the seal of its own store")]
    LocalSeal,
    /// The database is of another store than the key file.
    #[error("local backup holds a database and a key of different stores")]
    LocalOtherStore,
    /// The database was damaged when it was copied, or since.
    #[error("local backup is damaged: {0}")]
    LocalDamaged(Damage),
    /// The folder cannot be made or opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The mark cannot be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl BackupError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalNoRoom { .. } => "KS-1401",
            Self::LocalCopy(_) => "KS-1402",
            Self::Open(error) => error.code(),
            Self::Read(error) => error.code(),
        }
    }
}

impl RestoreError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalSeal => "KS-1411",
            Self::LocalOtherStore => "KS-1412",
            Self::LocalDamaged(_) => "KS-1413",
            Self::Open(error) => error.code(),
            Self::Read(error) => error.code(),
            Self::Commit(error) => error.code(),
        }
    }
}

impl Restored {
    /// Returns the bytes that stand under [`RESTORED_KEY`].
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let numbers = [self.backup_ms, self.restored_ms, self.sequence];
        for (slot, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            slot.copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// Reads what [`Restored::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (backup, rest) = bytes.split_first_chunk::<8>()?;
        let (restored, rest) = rest.split_first_chunk::<8>()?;
        let sequence = rest.try_into().ok()?;
        Some(Self {
            backup_ms: u64::from_be_bytes(*backup),
            restored_ms: u64::from_be_bytes(*restored),
            sequence: u64::from_be_bytes(sequence),
        })
    }
}

impl SqliteReader {
    /// Copies everything committed so far into a new file at `to`, and reads the copy back.
    ///
    /// The writer goes on meanwhile. `reserve_bytes` must stay free on the disk of `to`. A damaged
    /// row is copied as it is and named in [`Snapshot::damage`]: a copy of what is left is worth
    /// having.
    ///
    /// # Errors
    ///
    /// [`BackupError`]; there is no file at `to` then.
    pub fn snapshot(&self, to: &Path, reserve_bytes: u64) -> Result<Snapshot, BackupError> {
        self.make_room_for(to, reserve_bytes)?;
        let made = self.copy(to).and_then(|()| self.look_at(to));
        if made.is_err() {
            // Half a copy is of no use.
            let _ = folder::remove(to);
        }
        made
    }

    /// Seals the manifest of a backup, so that a restore knows it as this store's own.
    ///
    /// Returns nothing if the manifest is longer than the cipher can take.
    #[must_use]
    pub fn seal_manifest(&self, manifest: &[u8], mut fill: Fill) -> Option<Vec<u8>> {
        self.vault().seal(&mut fill, &manifest_place(manifest), &[])
    }

    /// Makes the empty file of the copy, if the disk has room for all of it.
    fn make_room_for(&self, to: &Path, reserve_bytes: u64) -> Result<(), BackupError> {
        let pages: i64 = self
            .on_disk()?
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .map_err(settings::failed)?;
        let bytes = u64::try_from(pages).unwrap_or(0).saturating_mul(PAGE_BYTES);
        let needed = bytes.saturating_add(reserve_bytes);
        let free = free_bytes(to)?;
        if free < needed {
            return Err(BackupError::LocalNoRoom { needed, free });
        }
        // Made first, so that it never exists with any other mode; SQLite takes an empty file.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(to)
            .map_err(OpenError::io("creating the copy"))?;
        Ok(())
    }

    fn copy(&self, to: &Path) -> Result<(), BackupError> {
        let failed = |error: rusqlite::Error| BackupError::LocalCopy(error.to_string());
        let name = to.to_str().ok_or_else(|| {
            BackupError::LocalCopy("the path of the copy is not UTF-8".to_owned())
        })?;
        let conn = self.on_disk()?;
        conn.pragma_update(None, "query_only", "0").map_err(failed)?;
        conn.execute("VACUUM INTO ?1", [name]).map_err(failed)?;
        Ok(())
    }

    fn on_disk(&self) -> Result<Connection, OpenError> {
        settings::connect(self.dir(), Use::Read, Syncs::Full)
    }

    fn look_at(&self, copy: &Path) -> Result<Snapshot, BackupError> {
        let conn = open_copy(copy)?;
        let (store_id, version, _) = rows::store(&conn).map_err(OpenError::from)?;
        let mut snapshot = Snapshot {
            store_id,
            version,
            sequence: 0,
            lines: Vec::new(),
            rows: 0,
            damage: Vec::new(),
        };
        if version != migrate::VERSION {
            return Ok(snapshot);
        }
        match rows::books(&conn, self.vault(), store_id) {
            Ok(books) => {
                snapshot.sequence = books.sequence();
                snapshot.lines = heads(&books);
            }
            Err(fault) => match OpenError::from(fault) {
                // The scrub below names it.
                OpenError::LocalDamaged { .. } => {}
                other => return Err(other.into()),
            },
        }
        let reader = self.on(conn);
        read_all(&reader, &mut snapshot.rows, &mut snapshot.damage)?;
        Ok(snapshot)
    }
}

impl SqliteStore {
    /// Makes a store of a backup's `post.key` and `post.db`, which lie in `dir` with nothing else of
    /// a store, and marks every line of it as restored.
    ///
    /// Everything is read before anything is taken for sound. The folder is not usable until this
    /// has returned.
    ///
    /// # Errors
    ///
    /// [`RestoreError`]. What is in the folder then is of no use.
    pub fn restore(
        dir: &Path,
        passphrase: &[u8],
        (manifest, seal): (&[u8], &[u8]),
        (backup_ms, restored_ms): (u64, u64),
        fill: fn() -> Fill,
        options: &Options,
    ) -> Result<Self, RestoreError> {
        let lock = folder::lock(dir)?;
        let opened = key_file::read(dir, passphrase)?;
        let vault = Vault::new(&opened.archive_key);
        // Before SQLite sees a byte of the file: it is one that this store's own post gave away.
        if !vault.is_seal(&manifest_place(manifest), seal) {
            return Err(RestoreError::LocalSeal);
        }
        let conn = settings::connect(dir, Use::Upgrade, Syncs::Full)?;
        migrate::apply(&conn, migrate::MIGRATIONS)?;
        settings::check_tables(&conn)?;
        let (store_id, _, _) = rows::store(&conn).map_err(OpenError::from)?;
        if store_id != opened.store_id {
            return Err(RestoreError::LocalOtherStore);
        }
        let books = rows::books(&conn, &vault, store_id).map_err(OpenError::from)?;
        HeadFile::create(dir, &books, &vault, &mut fill())?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(settings::failed)?;
        conn.close().map_err(|(_, error)| settings::failed(error))?;
        folder::reserve_ballast(dir, options.ballast_bytes)?;
        drop(lock);
        let mut store = Self::open(dir, passphrase, fill(), options)?;
        if let OpenOutcome::Damaged(damage) = store.outcome()
            && let Some(first) = damage.first()
        {
            return Err(RestoreError::LocalDamaged(first.clone()));
        }
        let (mut rows, mut damage) = (0, Vec::new());
        read_all(&store.reader()?, &mut rows, &mut damage)?;
        if let Some(first) = damage.iter().find(|damage| damage.holds_writes()) {
            return Err(RestoreError::LocalDamaged(first.clone()));
        }
        let mark = Restored { backup_ms, restored_ms, sequence: books.sequence() };
        for (line, _) in heads(&books) {
            let value = Sealed(mark.to_bytes().to_vec());
            let change = StateChange::Put(RESTORED_KEY.to_owned(), value);
            store.commit(line, &Batch { state: vec![change], ..Batch::default() })?;
        }
        Ok(store)
    }

    /// Moves a store of an older version on to this one, after `backup` has copied it.
    ///
    /// `backup` is given a reading side and not called if the store is of this version already.
    /// Returns the versions before and after.
    ///
    /// # Errors
    ///
    /// [`OpenError`], or what `backup` returns; the store is then as it was.
    pub fn upgrade<E: From<OpenError>>(
        dir: &Path,
        passphrase: &[u8],
        options: &Options,
        backup: impl FnOnce(&SqliteReader) -> Result<(), E>,
    ) -> Result<(u64, u64), E> {
        open::allow_file_system(dir, options)?;
        let lock = Arc::new(folder::lock(dir)?);
        let opened = key_file::read(dir, passphrase)?;
        let vault = Arc::new(Vault::new(&opened.archive_key));
        let conn = settings::connect(dir, Use::Upgrade, Syncs::Full)?;
        let from = migrate::version_of(&conn, migrate::VERSION)?;
        if from < migrate::VERSION {
            backup(&SqliteReader::open(dir, vault, lock)?)?;
            migrate::apply(&conn, migrate::MIGRATIONS)?;
            conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .map_err(settings::failed)?;
        }
        Ok((from, migrate::VERSION))
    }
}

/// Opens a copy for reading. It has no write-ahead file, so nothing is made beside it.
fn open_copy(copy: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(copy, flags).map_err(settings::failed)?;
    conn.pragma_update(None, "trusted_schema", "0").map_err(settings::failed)?;
    conn.pragma_update(None, "cell_size_check", "1").map_err(settings::failed)?;
    Ok(conn)
}

fn read_all(
    reader: &SqliteReader,
    rows: &mut u64,
    damage: &mut Vec<Damage>,
) -> Result<(), ReadError> {
    let mut from = Some(ScrubPosition::default());
    while let Some(position) = from {
        let step = reader.scrub(position, STEP_ROWS)?;
        *rows = rows.saturating_add(step.rows);
        let room = DAMAGE_MAX.saturating_sub(damage.len());
        damage.extend(step.damage.into_iter().take(room));
        from = step.next;
    }
    Ok(())
}

fn heads(books: &Books) -> Vec<(LineId, Vec<Head>)> {
    books.lines().map(|(line, book)| (line, book.heads.values().cloned().collect())).collect()
}

fn manifest_place(manifest: &[u8]) -> Place {
    Place::file("backup").part(manifest)
}

/// Returns the bytes free, for a user without privileges, on the disk of a file's folder.
fn free_bytes(file: &Path) -> Result<u64, OpenError> {
    let dir = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    folder::disk(dir).map(|disk| disk.free_bytes)
}

const PAGE_BYTES: u64 = 4096;
/// Rows read in one step.
const STEP_ROWS: u64 = 4096;
/// Damage that is named one by one.
const DAMAGE_MAX: usize = 1000;
