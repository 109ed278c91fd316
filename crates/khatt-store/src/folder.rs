//! A post's folder: its lock, its files' modes, and creation that is all or nothing.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, FlockOperation};

use crate::error::OpenError;

/// The lock on a post's folder, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// How much room a disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes in all.
    pub total_bytes: u64,
    /// Bytes free for a user without privileges.
    pub free_bytes: u64,
    /// Bytes that the ballast beside the store takes; zero once it was given up.
    pub ballast_bytes: u64,
}

/// Looks at the disk on which a folder lies.
pub(crate) fn disk(dir: &Path) -> Result<Disk, OpenError> {
    let held = rustix::fs::statvfs(dir)
        .map_err(|error| OpenError::io("asking how full the disk is")(error.into()))?;
    let ballast = fs::metadata(dir.join(BALLAST_FILE)).map_or(0, |file| file.len());
    Ok(Disk {
        total_bytes: held.f_blocks.saturating_mul(held.f_frsize),
        free_bytes: held.f_bavail.saturating_mul(held.f_frsize),
        ballast_bytes: ballast,
    })
}

impl Disk {
    /// Looks at the disk on which a post's folder lies.
    ///
    /// # Errors
    ///
    /// [`OpenError::LocalIo`] if the system does not say.
    pub fn of(dir: &Path) -> Result<Self, OpenError> {
        disk(dir)
    }
}

pub(crate) const LOCK_FILE: &str = "post.lock";
pub(crate) const BALLAST_FILE: &str = "ballast";

/// Takes the folder's lock, or tells that another process has it.
pub(crate) fn lock(dir: &Path) -> Result<Lock, OpenError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join(LOCK_FILE))
        .map_err(OpenError::io("opening post.lock"))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock { _file: file }),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::LocalInUse),
        Err(error) => Err(OpenError::io("locking post.lock")(error.into())),
    }
}

/// Returns the folder beside `dir` in which a store is built before it takes its name.
pub(crate) fn building_dir(dir: &Path) -> Result<(PathBuf, PathBuf), OpenError> {
    let name = dir.file_name().ok_or(OpenError::LocalIo {
        what: "naming the folder",
        reason: "the path does not end in a name".to_owned(),
    })?;
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut building = name.to_owned();
    building.push(".tmp");
    Ok((parent.join(building), parent))
}

/// Tells whether `dir` is absent or an empty folder.
pub(crate) fn is_free(dir: &Path) -> Result<bool, OpenError> {
    match fs::read_dir(dir) {
        Ok(mut items) => Ok(items.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(OpenError::io("reading the folder")(error)),
    }
}

/// Makes a folder that only its owner may enter.
pub(crate) fn make(dir: &Path) -> Result<(), OpenError> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::io("making the folder")(error)),
    }
}

/// Closes the folder and the named files to everyone but their owner.
pub(crate) fn close_to_others(dir: &Path, files: &[&str]) -> Result<(), OpenError> {
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    set(dir, 0o700).map_err(OpenError::io("setting the folder's mode"))?;
    for name in files {
        match set(&dir.join(name), 0o600) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::io("setting a file's mode")(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes a file that must not exist yet, and syncs it.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), OpenError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(OpenError::io("creating a file"))?;
    file.write_all(bytes).map_err(OpenError::io("writing a file"))?;
    file.sync_all().map_err(OpenError::io("syncing a file"))
}

/// Replaces a file so that a power cut leaves either the old or the new one.
pub(crate) fn replace(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), OpenError> {
    let new = dir.join(format!("{name}.tmp"));
    remove(&new)?;
    write_new(&new, bytes)?;
    fs::rename(&new, dir.join(name)).map_err(OpenError::io("renaming a file"))?;
    sync_dir(dir)
}

/// Removes a file that may be absent.
pub(crate) fn remove(path: &Path) -> Result<(), OpenError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(OpenError::io("removing a file")(error))
        }
        _ => Ok(()),
    }
}

/// Reads a file of at most `max` bytes; a longer one is cut one byte beyond, for the caller to see.
pub(crate) fn read_file(dir: &Path, name: &'static str, max: usize) -> Result<Vec<u8>, OpenError> {
    let file = File::open(dir.join(name)).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            OpenError::LocalMissing { file: name }
        } else {
            OpenError::io("opening a file")(error)
        }
    })?;
    let mut bytes = Vec::new();
    file.take((max as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(OpenError::io("reading a file"))?;
    Ok(bytes)
}

/// Makes a file's content durable.
pub(crate) fn sync_file(dir: &Path, name: &str) -> Result<(), OpenError> {
    File::open(dir.join(name))
        .and_then(|held| held.sync_all())
        .map_err(OpenError::io("syncing a file"))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), OpenError> {
    File::open(dir).and_then(|held| held.sync_all()).map_err(OpenError::io("syncing the folder"))
}

/// Reserves disk space under the name `ballast`.
pub(crate) fn reserve_ballast(dir: &Path, bytes: u64) -> Result<(), OpenError> {
    if bytes == 0 {
        return Ok(());
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join(BALLAST_FILE))
        .map_err(OpenError::io("opening ballast"))?;
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes)
        .map_err(|error| OpenError::io("reserving ballast")(error.into()))?;
    file.sync_all().map_err(OpenError::io("syncing ballast"))
}

/// Refuses a folder on a file system that other machines may write to.
pub(crate) fn refuse_network_files(dir: &Path) -> Result<(), OpenError> {
    let held = rustix::fs::statfs(dir)
        .map_err(|error| OpenError::io("asking for the file system")(error.into()))?;
    // The kernel gives 32 bits, sign-extended on some platforms.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "magic is 32 bits")]
    let magic = held.f_type as u32;
    match NETWORK_FILES.iter().find(|(known, _)| *known == magic) {
        Some((_, kind)) => Err(OpenError::LocalNetworkFiles { kind }),
        None => Ok(()),
    }
}

/// Magic numbers of statfs(2) for file systems whose locks or syncs reach over a network.
const NETWORK_FILES: &[(u32, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x564c, "NCP"),
];
