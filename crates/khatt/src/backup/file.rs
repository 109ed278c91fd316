//! The archive: a tar file (POSIX.1-2017, pax, "ustar Interchange Format") that any tar can list.
//!
//! `manifest.json` and `manifest.seal` come first, then the files in the manifest's order. A reader
//! takes nothing else: no links, no long names, no file of which the manifest does not speak.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{
    BUFFER, BackupError, DATABASE, FORMAT, FileFacts, Manifest, Prepared, failed, is_kept,
};
use crate::folder::PostFolder;

/// An archive whose manifest was read.
pub struct Archive {
    /// The manifest's bytes, over which its seal is.
    pub bytes: Vec<u8>,
    /// The seal. Only who has the folder's passphrase can check it.
    pub seal: Vec<u8>,
    /// What the bytes say.
    pub manifest: Manifest,
}

/// Writes a backup to a file that must not exist; a power cut leaves all of it or nothing.
///
/// # Errors
///
/// [`BackupError`]; there is no file at `out` then.
pub fn write(
    folder: &PostFolder,
    snapshot: fs::File,
    prepared: &Prepared,
    out: &Path,
) -> Result<(), BackupError> {
    if out.exists() {
        return Err(BackupError::LocalExists(out.display().to_string()));
    }
    let mut building = out.as_os_str().to_owned();
    building.push(".tmp");
    let building = PathBuf::from(building);
    // Left by a command that was cut off.
    let _ = fs::remove_file(&building);
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&building)
        .map_err(failed("creating the backup"))?;
    let done = archive(folder, snapshot, prepared, &file).and_then(|()| {
        file.sync_all().map_err(failed("syncing the backup"))?;
        fs::rename(&building, out).map_err(failed("naming the backup"))?;
        let dir = match out.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("syncing a folder"))
    });
    if done.is_err() {
        let _ = fs::remove_file(&building);
    }
    done
}

fn archive(
    folder: &PostFolder,
    snapshot: fs::File,
    prepared: &Prepared,
    out: &fs::File,
) -> Result<(), BackupError> {
    let manifest = read_manifest(&prepared.manifest)?;
    let time_s = manifest.time_ms / 1000;
    let mut tar = tar::Builder::new(io::BufWriter::with_capacity(BUFFER, out));
    append(&mut tar, MANIFEST, prepared.manifest.len() as u64, time_s, &*prepared.manifest)?;
    append(&mut tar, SEAL, prepared.seal.len() as u64, time_s, &*prepared.seal)?;
    let mut snapshot = Some(snapshot);
    for facts in &manifest.files {
        let source = match snapshot.take_if(|_| facts.name == DATABASE) {
            Some(snapshot) => snapshot,
            None => {
                fs::File::open(folder.dir().join(&facts.name)).map_err(failed("opening a file"))?
            }
        };
        // No more than the header says, or the archive would be torn; the hash tells of any change.
        let mut hashed = Hashed { source: source.take(facts.bytes), hash: Sha256::new(), bytes: 0 };
        append(&mut tar, &facts.name, facts.bytes, time_s, &mut hashed)?;
        if !hashed.is(facts) {
            return Err(BackupError::LocalChanged(facts.name.clone()));
        }
    }
    let out = tar.into_inner().map_err(failed("writing the backup"))?;
    out.into_inner().map_err(|error| failed("writing the backup")(error.into_error()))?;
    Ok(())
}

fn append<W: Write, R: Read>(
    tar: &mut tar::Builder<W>,
    name: &str,
    bytes: u64,
    time_s: u64,
    source: R,
) -> Result<(), BackupError> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).map_err(failed("naming a file in the backup"))?;
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(time_s);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    tar.append(&header, source).map_err(failed("writing the backup"))
}

impl Archive {
    /// Reads the manifest and its seal from the beginning of an archive, then hands each file over.
    ///
    /// `each` gets exactly the bytes of which the manifest speaks, and must read all of them: what it
    /// leaves is read after it. It is called first with the archive alone, so that it can refuse.
    ///
    /// # Errors
    ///
    /// [`BackupError`] if it is no whole backup, or what `each` returns.
    pub fn read<R: Read>(
        source: R,
        mut begin: impl FnMut(&Self) -> Result<(), BackupError>,
        mut each: impl FnMut(&FileFacts, &mut dyn Read) -> Result<(), BackupError>,
    ) -> Result<Self, BackupError> {
        let mut tar = tar::Archive::new(source);
        // Raw: what would give another meaning to the next header is a type that is refused.
        let mut entries =
            tar.entries().map_err(|_| BackupError::LocalNoBackup("it cannot be read"))?.raw(true);
        let mut next = |wanted: &str| -> Result<_, BackupError> {
            let entry = entries.next().ok_or(BackupError::LocalNoBackup("it is cut short"))?;
            let entry = entry.map_err(|_| BackupError::LocalNoBackup("it is no tar archive"))?;
            let named = *entry.path_bytes() == *wanted.as_bytes();
            if !named || entry.header().entry_type() != tar::EntryType::Regular {
                return Err(BackupError::LocalNoBackup("its files are not those of a backup"));
            }
            Ok(entry)
        };
        let bytes = whole(next(MANIFEST)?, MANIFEST_MAX)?;
        let seal = whole(next(SEAL)?, SEAL_MAX)?;
        let archive = Self { manifest: read_manifest(&bytes)?, bytes, seal };
        begin(&archive)?;
        for facts in &archive.manifest.files {
            let entry = next(&facts.name)?;
            if entry.size() != facts.bytes {
                return Err(BackupError::LocalAltered(facts.name.clone()));
            }
            let mut hashed = Hashed { source: entry, hash: Sha256::new(), bytes: 0 };
            each(facts, &mut hashed)?;
            io::copy(&mut hashed, &mut io::sink()).map_err(failed("reading the backup"))?;
            if !hashed.is(facts) {
                return Err(BackupError::LocalAltered(facts.name.clone()));
            }
        }
        match entries.next() {
            None => Ok(archive),
            Some(_) => Err(BackupError::LocalNoBackup("it holds more than its manifest says")),
        }
    }
}

/// Reads a manifest, and refuses names that could lead out of a folder or stand there twice.
fn read_manifest(bytes: &[u8]) -> Result<Manifest, BackupError> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|_| BackupError::LocalNoBackup("no manifest"))?;
    match value.get("khatt-backup").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(FORMAT) => {}
        Some(version) => {
            return Err(BackupError::LocalNewer(u32::try_from(version).unwrap_or(u32::MAX)));
        }
        None => return Err(BackupError::LocalNoBackup("no manifest")),
    }
    let manifest: Manifest = serde_json::from_slice(bytes)
        .map_err(|_| BackupError::LocalNoBackup("its manifest is malformed"))?;
    let mut names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    let good = names.iter().all(|name| *name == DATABASE || is_kept(name));
    names.sort_unstable();
    let twice = names.windows(2).any(|pair| pair.first() == pair.last());
    let whole = [DATABASE, "post.key", "post.toml"].iter().all(|name| names.contains(name));
    if good && !twice && whole && names.len() <= FILES_MAX {
        Ok(manifest)
    } else {
        Err(BackupError::LocalNoBackup("its manifest names other files than a backup's"))
    }
}

fn whole(source: impl Read, max: u64) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    let read = source.take(max.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|_| BackupError::LocalNoBackup("it is cut short"))?;
    if bytes.len() as u64 > max {
        return Err(BackupError::LocalNoBackup("its manifest is too long"));
    }
    Ok(bytes)
}

/// Bytes on their way, counted and hashed.
struct Hashed<R> {
    source: R,
    hash: Sha256,
    bytes: u64,
}

impl<R> Hashed<R> {
    fn is(self, facts: &FileFacts) -> bool {
        self.bytes == facts.bytes && HEXLOWER.encode(&self.hash.finalize()) == facts.sha256
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(count as u64);
        Ok(count)
    }
}

const MANIFEST: &str = "manifest.json";
const SEAL: &str = "manifest.seal";
const MANIFEST_MAX: u64 = 1 << 20;
const SEAL_MAX: u64 = 64;
const FILES_MAX: usize = 256;
