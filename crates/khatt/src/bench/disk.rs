//! The folder that is measured in: on a real disk, and empty again afterwards.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, bail};

/// A folder that is removed when dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(dir: &Path, name: &str) -> anyhow::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!("khatt-bench-{}-{number}-{name}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("folder {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left for whoever looks.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Refuses a folder in memory, where a sync costs nothing and a figure says nothing.
pub(super) fn must_be_real(dir: &Path) -> anyhow::Result<()> {
    match file_system(dir).as_deref() {
        Some(kind @ ("tmpfs" | "ramfs")) => {
            bail!("local folder {} is in memory ({kind}): name one on a disk", dir.display())
        }
        _ => Ok(()),
    }
}

/// The kind of the mount with the longest path that holds the folder.
pub(super) fn file_system(dir: &Path) -> Option<String> {
    let dir = dir.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mount = |row: &str| {
        let mut parts = row.split(' ').skip(1);
        let (path, kind) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        dir.starts_with(&path).then_some((path.len(), kind))
    };
    // Of two mounts on one path the later one is seen.
    mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}
