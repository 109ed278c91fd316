//! A post's backup: one file from which its folder can be made again (`spec/backup.md`).
//!
//! Whoever holds the store makes a snapshot of it and seals a manifest ([`prepare`]); the command puts
//! both and the folder's other files into a tar archive ([`write()`]). [`restore()`] makes a folder of
//! one. Nothing in a backup is open that is not open in the folder. What a restored post must do
//! before it signs again is the engine's affair.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use khatt_store::{BackupError as StoreBackupError, Damage, RestoreError, SqliteReader};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    control::views::zulu,
    folder::{PostFolder, system_fill},
};

mod file;
mod restore;

pub use file::{Archive, write};
pub use restore::{Made, restore};

/// What a backup says of itself: `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The version of the format.
    pub khatt_backup: u32,
    /// The version of the command that made it.
    pub khatt: String,
    /// When it was made, by the machine's wall clock, ISO 8601 in UTC.
    pub time: String,
    /// The same, in milliseconds since 1970.
    pub time_ms: u64,
    /// The random name of the store, hexadecimal.
    pub store: String,
    /// The version of its tables.
    pub store_version: u64,
    /// The number of the last commit in it.
    pub commit: u64,
    /// Every line in it.
    pub lines: Vec<LineFacts>,
    /// Codes of damage that the store had when it was copied.
    pub damage: Vec<String>,
    /// Every other file of the archive, in its order.
    pub files: Vec<FileFacts>,
}

/// One line of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LineFacts {
    /// The line's id, hexadecimal.
    pub line: String,
    /// Its logs.
    pub logs: Vec<LogFacts>,
}

/// One log of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogFacts {
    /// Its post, by place in the charter.
    pub log: u8,
    /// Its entries.
    pub size: u64,
    /// The root over them, hexadecimal.
    pub root: String,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileFacts {
    /// Its path in the folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// A backup that is ready to be written.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// Its seal under the archive key.
    pub seal: Vec<u8>,
    /// What of the store is damaged.
    pub damage: Vec<Damage>,
}

/// Why a backup was not made, read or restored.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum BackupError {
    /// A file of that name is there.
    #[error("local file {0} is there already")]
    LocalExists(String),
    /// The operating system refused something.
    #[error("local file system failed at {what}: {reason}")]
    LocalIo {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        reason: String,
    },
    /// It is no backup, or one that was cut short.
    #[error("local file is no whole backup: {0}")]
    LocalNoBackup(&'static str),
    /// A newer khatt made it.
    #[error("local backup is of version {0} of the format, this khatt reads version 1")]
    LocalNewer(u32),
    /// A file in it is not what the manifest says.
    #[error("local backup holds {0} otherwise than its manifest says")]
    LocalAltered(String),
    /// A file of the folder changed while it was copied.
    #[error("local file {0} changed while the backup was made")]
    LocalChanged(String),
    /// The folder's logs came out otherwise than the manifest says.
    #[error("local backup's logs are not those that its manifest names")]
    LocalOtherLogs,
    /// The manifest could not be sealed.
    #[error("local manifest could not be sealed")]
    LocalSeal,
    /// The store was not copied.
    #[error(transparent)]
    Store(#[from] StoreBackupError),
    /// No store was made of the copy.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

impl BackupError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalExists(_) => "KK-2101",
            Self::LocalIo { .. } => "KK-2102",
            Self::LocalNoBackup(_) => "KK-2103",
            Self::LocalNewer(_) => "KK-2104",
            Self::LocalAltered(_) => "KK-2105",
            Self::LocalChanged(_) => "KK-2106",
            Self::LocalOtherLogs => "KK-2107",
            Self::LocalSeal => "KK-2108",
            Self::Store(error) => error.code(),
            Self::Restore(error) => error.code(),
        }
    }
}

/// Copies the store to `snapshot`, and says in a sealed manifest what the backup will hold.
///
/// # Errors
///
/// [`BackupError`]; there is no file at `snapshot` then.
pub fn prepare(
    folder: &PostFolder,
    reader: &SqliteReader,
    snapshot: &Path,
    now_ms: u64,
) -> Result<Prepared, BackupError> {
    let held = reader.snapshot(snapshot, RESERVE_BYTES)?;
    let made = (|| {
        let lines = held.lines.iter().map(|(line, heads)| LineFacts {
            line: HEXLOWER.encode(&line.0),
            logs: heads
                .iter()
                .map(|head| LogFacts {
                    log: head.log.0,
                    size: head.size,
                    root: HEXLOWER.encode(&head.root.0),
                })
                .collect(),
        });
        let mut files = vec![facts(DATABASE, snapshot)?];
        for name in kept_files(folder)? {
            files.push(facts(&name, &folder.dir().join(&name))?);
        }
        let manifest = Manifest {
            khatt_backup: FORMAT,
            khatt: env!("CARGO_PKG_VERSION").to_owned(),
            time: zulu(now_ms),
            time_ms: now_ms,
            store: HEXLOWER.encode(&held.store_id),
            store_version: held.version,
            commit: held.sequence,
            lines: lines.collect(),
            damage: held.damage.iter().map(|damage| damage.code().to_owned()).collect(),
            files,
        };
        let mut manifest =
            serde_json::to_vec_pretty(&manifest).map_err(|_| BackupError::LocalSeal)?;
        manifest.push(b'\n');
        let seal = reader.seal_manifest(&manifest, system_fill()).ok_or(BackupError::LocalSeal)?;
        Ok(Prepared { manifest, seal, damage: held.damage })
    })();
    if made.is_err() {
        // Nobody will ask for it.
        let _ = fs::remove_file(snapshot);
    }
    made
}

/// Returns the files of a folder that belong into a backup beside the database, by name.
///
/// What is left out is made anew (locks, sockets, ballast, the head file) or holds messages in the
/// open (exported records).
fn kept_files(folder: &PostFolder) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for (below, place) in [("", folder.dir().to_owned()), (OFFICERS, folder.dir().join("officers"))]
    {
        let items = match fs::read_dir(&place) {
            Ok(items) => items,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed("reading the folder")(error)),
        };
        for item in items {
            let item = item.map_err(failed("reading the folder"))?;
            let is_file = item.file_type().is_ok_and(|kind| kind.is_file());
            let name = item.file_name().into_string().map(|name| format!("{below}{name}"));
            if let Ok(name) = name
                && is_file
                && is_kept(&name)
            {
                names.push(name);
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Tells whether a file of this name belongs into a backup.
fn is_kept(name: &str) -> bool {
    let (place, name) = match name.strip_prefix(OFFICERS) {
        Some(name) => (OFFICERS, name),
        None => ("", name),
    };
    let plain = !name.is_empty()
        && name.len() <= 128
        && !name.starts_with('.')
        && !name.contains(['/', '\\', '\0']);
    let ends = |end: &str| Path::new(name).extension().is_some_and(|found| found == end);
    let kept = match place {
        OFFICERS => ends("key") || ends("toml"),
        _ => {
            ends("key")
                || ends("toml")
                || matches!(name, "card.khatt" | "charter.khatt" | "rehearsal.pass")
                || (name.starts_with("charter-") && ends("khatt"))
        }
    };
    plain && kept
}

/// Measures and hashes a file.
fn facts(name: &str, path: &Path) -> Result<FileFacts, BackupError> {
    let mut file = fs::File::open(path).map_err(failed("opening a file"))?;
    let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = file.read(&mut buffer).map_err(failed("reading a file"))?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        bytes = bytes.saturating_add(count as u64);
    }
    Ok(FileFacts { name: name.to_owned(), bytes, sha256: HEXLOWER.encode(&hash.finalize()) })
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> BackupError {
    move |error| BackupError::LocalIo { what, reason: error.to_string() }
}

/// Where a running post puts its snapshot for the command that asked for it.
#[must_use]
pub fn snapshot_path(folder: &PostFolder) -> PathBuf {
    folder.dir().join("snapshot.tmp")
}

const FORMAT: u32 = 1;
const DATABASE: &str = "post.db";
const OFFICERS: &str = "officers/";
/// Stays free on the disk of a running post while a snapshot lies beside its store.
const RESERVE_BYTES: u64 = 64 << 20;
const BUFFER: usize = 64 << 10;

#[cfg(test)]
mod tests;
