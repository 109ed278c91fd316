//! A look at everything that a post holds: every row, every hash, every signature.
//!
//! The store's rows are `khatt-store`'s to check, what the posts of the line signed is
//! `khatt_record::verify`'s. Here both are run over a store in use or at rest, beside a look at the
//! folder's other files. The record goes from one to the other in memory: nothing of it is written
//! anywhere in the open. Nothing is mended.

use std::{
    fs,
    io::{self, BufWriter},
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use khatt_core::store::Reader;
use khatt_record::{
    PostIndex, SignedCharter,
    verify::{Anchor, Answer, Blame, Report, VerifyFault, verify},
};
use khatt_store::{Disk, RESTORED_KEY, Restored, ScrubPosition, SqliteReader};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    control::views::zulu,
    folder::PostFolder,
    record::{ExportError, export},
    trouble::{AtFault, Trouble},
    verify::Forms,
};

/// The most findings that are told one by one; more are counted.
pub const FINDINGS_MAX: usize = 256;

/// What was found in a post's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// Rows of the store that were read.
    pub rows: u64,
    /// Entries whose hashes and signatures were checked.
    pub entries: u64,
    /// Officers' signatures that hold.
    pub officer_signatures: u64,
    /// Checkpoints that hold.
    pub checkpoints: u64,
    /// What is damaged or wrong, with whose fault it is.
    pub findings: Vec<Trouble>,
    /// How many findings there are in all.
    pub finding_count: u64,
    /// What is not wrong and should be known.
    pub remarks: Vec<Trouble>,
}

/// What is found in a folder beside its store.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Finding {
    /// A file that others than its owner may read.
    #[error("local file {0} may be read by others than its owner")]
    LocalOpenToOthers(String),
    /// No space is held back for receipts.
    #[error("local disk holds no ballast back for receipts")]
    LocalNoBallast,
    /// The disk is nearly full.
    #[error("local disk has {free} of {total} bytes free")]
    LocalLittleRoom {
        /// Bytes free.
        free: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The store was restored, and the post has not compared its log with its peers.
    #[error("local post was restored at {restored} from a backup of {backup}")]
    LocalRestored {
        /// When it was restored.
        restored: String,
        /// When the backup was made.
        backup: String,
    },
}

impl Finding {
    /// Returns the stable code of this finding.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalOpenToOthers(_) => "KK-2201",
            Self::LocalNoBallast => "KK-2202",
            Self::LocalLittleRoom { .. } => "KK-2203",
            Self::LocalRestored { .. } => "KK-2204",
        }
    }
}

impl CheckView {
    fn found(&mut self, trouble: impl Into<Trouble>) {
        self.finding_count = self.finding_count.saturating_add(1);
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(trouble.into());
        }
    }

    /// Returns the exit code of a command that tells this: 0 sound, 8 this disk, 1 a peer.
    #[must_use]
    pub fn exit(&self) -> u8 {
        if self.finding_count == 0 {
            0
        } else if self.findings.iter().any(|found| found.at_fault == AtFault::Local) {
            8
        } else {
            1
        }
    }
}

/// Looks at everything. `charter` is the open line's, with our own place in it.
///
/// # Errors
///
/// [`Trouble`] if it cannot be looked at: damage is no error but the result.
pub fn inspect(
    folder: &PostFolder,
    reader: &SqliteReader,
    charter: Option<(&SignedCharter, PostIndex)>,
    threads: usize,
) -> Result<CheckView, Trouble> {
    let mut view = CheckView::default();
    files(folder, &mut view);
    for damage in reader.found_at_start() {
        view.found(Trouble::new(damage.code(), &damage.to_string()));
    }
    let mut from = Some(ScrubPosition::default());
    while let Some(position) = from {
        let step = reader.scrub(position, ROWS)?;
        view.rows = view.rows.saturating_add(step.rows);
        for damage in &step.damage {
            let trouble = Trouble::new(damage.code(), &damage.to_string());
            // What was found at the start is found again here.
            if !view.findings.contains(&trouble) {
                view.found(trouble);
            }
        }
        from = step.next;
    }
    if let Some((charter, own)) = charter {
        let anchor = Anchor::Charter(Box::new(charter.clone()));
        match verify_store(reader, charter, &anchor, threads) {
            Ok(report) => told(&report, own, &mut view),
            Err(trouble) => view.found(trouble),
        }
        let restored = reader.state(charter.line_id(), RESTORED_KEY).unwrap_or_default();
        let restored = restored.first().and_then(|(_, value)| Restored::from_bytes(&value.0));
        if let Some(Restored { backup_ms, restored_ms, .. }) = restored {
            let (restored, backup) = (zulu(restored_ms), zulu(backup_ms));
            view.remarks.push(Finding::LocalRestored { restored, backup }.into());
        }
    }
    Ok(view)
}

/// Looks at the folder's other files and its disk.
fn files(folder: &PostFolder, view: &mut CheckView) {
    if let Err(error) = folder.settings() {
        view.found(error);
    }
    if let Err(error) = folder.card() {
        view.found(error);
    }
    let items = [folder.dir().to_owned(), folder.dir().join("officers")];
    for item in items.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten() {
        let secret = item.path().extension().is_some_and(|end| end == "key" || end == "pass")
            || item.file_name().to_string_lossy().starts_with("post.db");
        let open = item.metadata().is_ok_and(|held| held.permissions().mode() & 0o077 != 0);
        if secret && open {
            let name = item.file_name().to_string_lossy().into_owned();
            view.found(Finding::LocalOpenToOthers(name));
        }
    }
    match Disk::of(folder.dir()) {
        Err(error) => view.found(error),
        Ok(disk) => {
            if disk.ballast_bytes == 0 {
                view.remarks.push(Finding::LocalNoBallast.into());
            }
            if disk.free_bytes < disk.total_bytes / LITTLE_ROOM {
                let (free, total) = (disk.free_bytes, disk.total_bytes);
                view.remarks.push(Finding::LocalLittleRoom { free, total }.into());
            }
        }
    }
}

fn told(report: &Report, own: PostIndex, view: &mut CheckView) {
    view.entries = report.entries();
    view.officer_signatures = report.officer_signatures;
    view.checkpoints = report.posts.iter().map(|post| post.checkpoints).sum();
    for fault in &report.faults {
        let at_fault = match fault.blame {
            Blame::Post(post) if post != own => AtFault::Peer,
            _ => AtFault::Local,
        };
        let detail = format!("{}: {}", fault.at, fault.kind);
        let code = fault.kind.code().to_owned();
        view.found(Trouble { code, at_fault, detail, places: Vec::new() });
    }
    let untold = report.fault_count.saturating_sub(report.faults.len() as u64);
    view.finding_count = view.finding_count.saturating_add(untold);
    if report.answer() == Answer::Refused && report.fault_count == 0 {
        view.found(Trouble::new("KK-1601", "local record does not hold together"));
    }
}

/// Verifies the record that the store holds, as it comes out of it: nothing of it is written anywhere.
///
/// # Errors
///
/// [`Trouble`] if the store cannot be read, or what comes out of it is no whole record of the line
/// that the anchor names.
pub(crate) fn verify_store(
    reader: &SqliteReader,
    charter: &SignedCharter,
    anchor: &Anchor,
    threads: usize,
) -> Result<Report, Trouble> {
    let failure: Arc<Mutex<Option<ExportError>>> = Arc::default();
    let mut writers: Vec<JoinHandle<()>> = Vec::new();
    let verified = {
        let mut open = || -> io::Result<io::PipeReader> {
            let (from, to) = io::pipe()?;
            let again = reader.again().map_err(io::Error::other)?;
            let (charter, failure) = (charter.clone(), Arc::clone(&failure));
            let writer =
                thread::Builder::new().name("khatt-check".to_owned()).spawn(move || {
                    let Err(error) = export(&again, &charter, BufWriter::new(to)) else { return };
                    // Whoever reads may have had enough; then nothing has failed.
                    if !matches!(error, ExportError::Write(_))
                        && let Ok(mut failure) = failure.lock()
                    {
                        *failure = Some(error);
                    }
                })?;
            writers.push(writer);
            Ok(from)
        };
        verify(&mut open, anchor, threads, &Forms, &mut |_| {})
    };
    for writer in writers {
        // One that panicked has left a record that is cut short, and that was told.
        let _ = writer.join();
    }
    if let Some(error) = failure.lock().ok().and_then(|mut held| held.take()) {
        return Err(error.into());
    }
    verified.map_err(|fault: VerifyFault| fault.into())
}

/// Rows read in one step.
const ROWS: u64 = 4096;
/// Less than one part in this many free is little room.
const LITTLE_ROOM: u64 = 5;
