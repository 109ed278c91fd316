//! Making a store and opening one: all or nothing, and nothing taken for sound unseen.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};
use zeroize::Zeroizing;

use crate::books::Books;
use crate::check;
use crate::damage::{Damage, OpenOutcome};
use crate::error::OpenError;
use crate::folder::{self, LOCK_FILE};
use crate::head_file::{self, Found, HeadFile};
use crate::key_file::{self, Opened, PassphraseCost};
use crate::migrate;
use crate::rows;
use crate::settings::{self, Use};
use crate::sql;
use crate::store::{Parts, SqliteStore};
use crate::vault::{Fill, Vault};

/// Choices for making and opening a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// What guessing a passphrase costs. Used when a store is made or its passphrase changed.
    pub passphrase_cost: PassphraseCost,
    /// Disk space held back for receipts when the disk is full, in bytes. Zero for none.
    pub ballast_bytes: u64,
    /// Entries read at each start from the end of every log.
    pub tail_entries: u64,
    /// Whether the folder may lie on a network file system.
    pub network_files: NetworkFiles,
    /// The most pages of 4096 bytes that the database may have, for a quota or a test.
    pub pages_max: Option<u32>,
    /// Whether a commit waits for the disk.
    pub syncs: Syncs,
}

/// Whether a commit waits until the disk has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syncs {
    /// It does: what is committed survives a power cut.
    #[default]
    Full,
    /// It does not, so that a benchmark can tell what syncs cost. No post may run like this.
    DangerousOff,
}

/// Whether a folder may lie on a network file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkFiles {
    /// It may not: such a file system cannot promise what a commit promises.
    Refuse,
    /// It may, at the operator's own risk; for FUSE file systems on local disks.
    DangerousAllow,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            passphrase_cost: PassphraseCost::RECOMMENDED,
            ballast_bytes: 32 << 20,
            tail_entries: 256,
            network_files: NetworkFiles::Refuse,
            pages_max: None,
            syncs: Syncs::Full,
        }
    }
}

impl SqliteStore {
    /// Makes a store in a folder that is absent or empty, and opens it.
    ///
    /// It is built beside the folder under `NAME.tmp` and takes its name when it is complete and
    /// synced, so a power cut leaves either a whole store or none.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the folder is then as it was.
    pub fn create(
        dir: &Path,
        passphrase: &[u8],
        mut fill: Fill,
        options: &Options,
    ) -> Result<Self, OpenError> {
        if !folder::is_free(dir)? {
            return Err(OpenError::LocalExists);
        }
        let (building, parent) = folder::building_dir(dir)?;
        folder::make(&building)?;
        allow_file_system(&building, options)?;
        let lock = folder::lock(&building)?;
        clear(&building)?;
        let mut opened = Opened { store_id: [0; 16], archive_key: Zeroizing::new([0; 32]) };
        fill(&mut opened.store_id);
        fill(opened.archive_key.as_mut_slice());
        let key_file = key_file::encode(&opened, passphrase, options.passphrase_cost, &mut fill)?;
        let vault = Vault::new(&opened.archive_key);
        folder::write_new(&building.join(key_file::FILE), &key_file)?;
        let conn = settings::connect(&building, Use::Create, Syncs::Full)?;
        settings::make_tables(&conn)?;
        let versions = params![opened.store_id, check::signed(VERSION), check::signed(VERSION)];
        conn.execute(sql::STORE_INSERT, versions).map_err(settings::failed)?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(settings::failed)?;
        conn.close().map_err(|(_, error)| settings::failed(error))?;
        HeadFile::create(&building, &Books::new(opened.store_id), &vault, &mut fill)?;
        folder::reserve_ballast(&building, options.ballast_bytes)?;
        folder::close_to_others(&building, FILES)?;
        folder::sync_file(&building, settings::FILE)?;
        folder::sync_dir(&building)?;
        std::fs::rename(&building, dir).map_err(OpenError::io("naming the folder"))?;
        folder::sync_dir(&parent)?;
        drop(lock);
        Self::open(dir, passphrase, fill, options)
    }

    /// Opens the store of a folder and locks it.
    ///
    /// Damage that leaves the store readable is no error: [`SqliteStore::outcome`] tells of it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the folder is in use, the passphrase wrong, a setting cannot be made, or
    /// the database too damaged to be read at all.
    pub fn open(
        dir: &Path,
        passphrase: &[u8],
        fill: Fill,
        options: &Options,
    ) -> Result<Self, OpenError> {
        for file in [key_file::FILE, settings::FILE] {
            if !dir.join(file).exists() {
                return Err(OpenError::LocalMissing { file });
            }
        }
        allow_file_system(dir, options)?;
        let lock = Arc::new(folder::lock(dir)?);
        folder::close_to_others(dir, FILES)?;
        let opened = key_file::read(dir, passphrase)?;
        let vault = Arc::new(Vault::new(&opened.archive_key));
        let conn = settings::connect(dir, Use::Write, options.syncs)?;
        if let Some(pages) = options.pages_max {
            conn.pragma_update(None, "max_page_count", pages).map_err(settings::failed)?;
        }
        check_versions(&conn)?;
        settings::check_tables(&conn)?;
        let (store_id, _, _) = rows::store(&conn)?;
        if store_id != opened.store_id {
            let what = "post.db or post.key (they are of different stores)".to_owned();
            return Err(OpenError::LocalDamaged { what });
        }
        let tx = conn.unchecked_transaction().map_err(settings::failed)?;
        let books = rows::books(&tx, &vault, store_id)?;
        let damage = check::tail(&tx, &vault, &books, options.tail_entries)?;
        tx.finish().map_err(settings::failed)?;
        let wal = OpenOptions::new()
            .write(true)
            .open(dir.join(settings::WAL_FILE))
            .map_err(OpenError::io("opening post.db-wal"))?;
        let (head_file, found) = match HeadFile::open(dir, &vault) {
            Ok((head_file, found)) => (Some(head_file), found),
            Err(OpenError::LocalMissing { .. }) => (None, None),
            Err(error) => return Err(error),
        };
        let dir = dir.to_owned();
        let syncs = options.syncs;
        let store = Self::new(Parts { conn, vault, lock, dir, fill, books, head_file, wal, syncs });
        store.compare(found.as_ref(), damage, options)
    }

    /// Compares the database with the head file, and fills in what it lacks.
    fn compare(
        mut self,
        found: Option<&Found>,
        mut damage: Vec<Damage>,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let Some(found) = found else {
            let what = if self.head_file.is_some() { "unreadable" } else { "missing" };
            damage.push(Damage::HeadFile { what });
            return Ok(self.found(OpenOutcome::Damaged(damage)));
        };
        let mut refilled = 0;
        if !damage.iter().any(Damage::holds_writes) {
            refilled = self.refill(found)?;
            if refilled > 0 {
                let tail = options.tail_entries;
                damage = check::tail(&self.conn, &self.vault, &self.books, tail)?;
            }
        }
        let (lost, ahead) = check::against_head_file(&self.books, &found.newest.heads);
        damage.extend(lost);
        if !damage.iter().any(Damage::holds_writes) {
            self.take_up(ahead).map_err(OpenError::io("syncing the store"))?;
        }
        let outcome = match (damage.is_empty(), ahead || refilled > 0) {
            (true, false) => OpenOutcome::Intact,
            (true, true) => OpenOutcome::Recovered { refilled },
            (false, _) => OpenOutcome::Damaged(damage),
        };
        Ok(self.found(outcome))
    }
}

/// Refuses tables that this code must not read.
fn check_versions(conn: &Connection) -> Result<(), OpenError> {
    let found = migrate::version_of(conn, VERSION)?;
    if found == VERSION { Ok(()) } else { Err(OpenError::LocalOlder { found, known: VERSION }) }
}

pub(crate) fn allow_file_system(dir: &Path, options: &Options) -> Result<(), OpenError> {
    match options.network_files {
        NetworkFiles::Refuse => folder::refuse_network_files(dir),
        NetworkFiles::DangerousAllow => Ok(()),
    }
}

/// Removes what an interrupted creation left behind. Nothing in it was ever acknowledged.
fn clear(building: &Path) -> Result<(), OpenError> {
    for name in FILES.iter().filter(|name| **name != LOCK_FILE) {
        folder::remove(&building.join(name))?;
    }
    Ok(())
}

const VERSION: u64 = migrate::VERSION;

/// Every file that a store may have in its folder.
const FILES: &[&str] = &[
    LOCK_FILE,
    key_file::FILE,
    settings::FILE,
    settings::WAL_FILE,
    "post.db-shm",
    head_file::FILE,
    "heads.tmp",
    "post.key.tmp",
    folder::BALLAST_FILE,
];
