//! Making a post's folder of a backup: beside its place, and all of it or nothing.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use data_encoding::HEXLOWER;
use khatt_core::store::Reader;
use khatt_record::LineId;
use khatt_store::{Options, SqliteReader};

use super::{Archive, BackupError, FileFacts, Manifest, failed};
use crate::{
    folder::{beside, system_fill},
    passphrase::Passphrase,
};

/// A folder that was made of a backup.
#[derive(Clone, Debug)]
pub struct Made {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// How the store was found.
    pub lines: usize,
}

/// Makes a post's folder at `dir`, which is absent or empty, of a backup.
///
/// Its lines are marked as restored: the post compares its log with what its peers hold of it before
/// it signs anything on it.
///
/// # Errors
///
/// [`BackupError`]; `dir` is then as it was.
pub fn restore(
    file: &Path,
    dir: &Path,
    passphrase: &Passphrase,
    now_ms: u64,
    ballast_bytes: u64,
) -> Result<Made, BackupError> {
    match fs::read_dir(dir) {
        Ok(mut items) => {
            if items.next().is_some() {
                return Err(BackupError::LocalExists(dir.display().to_string()));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("reading the folder")(error)),
    }
    let building = beside(dir).map_err(|error| BackupError::LocalIo {
        what: "naming the folder",
        reason: error.to_string(),
    })?;
    if building.exists() {
        // Left by a restore that was cut off: no post has ever run in it.
        fs::remove_dir_all(&building).map_err(failed("clearing an unfinished folder"))?;
    }
    let made = build(file, &building, passphrase, now_ms, ballast_bytes).and_then(|made| {
        // An empty folder is replaced.
        fs::rename(&building, dir).map_err(failed("naming the folder"))?;
        let parent = match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        sync(parent)?;
        Ok(made)
    });
    if made.is_err() {
        // It could only mislead: half a post.
        let _ = fs::remove_dir_all(&building);
    }
    made
}

fn build(
    file: &Path,
    building: &Path,
    passphrase: &Passphrase,
    now_ms: u64,
    ballast_bytes: u64,
) -> Result<Made, BackupError> {
    let closed = || {
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700);
        builder
    };
    closed().create(building).map_err(failed("making the folder"))?;
    closed().create(building.join("officers")).map_err(failed("making the folder"))?;
    let source = fs::File::open(file).map_err(failed("opening the backup"))?;
    let archive = Archive::read(
        io::BufReader::with_capacity(1 << 20, source),
        |_| Ok(()),
        |facts, bytes| keep(building, facts, bytes),
    )?;
    sync(&building.join("officers"))?;
    let options = Options { ballast_bytes, ..Options::default() };
    let manifest = archive.manifest;
    let store = khatt_store::SqliteStore::restore(
        building,
        passphrase.expose(),
        (&archive.bytes, &archive.seal),
        (manifest.time_ms, now_ms),
        system_fill,
        &options,
    )?;
    let reader = store.reader().map_err(khatt_store::RestoreError::from)?;
    for line in &manifest.lines {
        compare(&reader, line)?;
    }
    drop(reader);
    drop(store);
    sync(building)?;
    Ok(Made { lines: manifest.lines.len(), manifest })
}

fn keep(building: &Path, facts: &FileFacts, bytes: &mut dyn Read) -> Result<(), BackupError> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(building.join(&facts.name))
        .map_err(failed("writing a file"))?;
    io::copy(bytes, &mut file).map_err(failed("writing a file"))?;
    file.sync_all().map_err(failed("syncing a file"))
}

/// The logs that came out must be those of which the manifest speaks.
fn compare(reader: &SqliteReader, wanted: &super::LineFacts) -> Result<(), BackupError> {
    let id = HEXLOWER.decode(wanted.line.as_bytes()).ok();
    let id = id.and_then(|id| <[u8; 32]>::try_from(id).ok()).map(LineId);
    let heads = id.and_then(|id| reader.heads(id).ok()).ok_or(BackupError::LocalOtherLogs)?;
    let found = heads.iter().map(|head| (head.log.0, head.size, HEXLOWER.encode(&head.root.0)));
    let named = wanted.logs.iter().map(|log| (log.log, log.size, log.root.clone()));
    if found.eq(named) { Ok(()) } else { Err(BackupError::LocalOtherLogs) }
}

fn sync(dir: &Path) -> Result<(), BackupError> {
    fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("syncing a folder"))
}
