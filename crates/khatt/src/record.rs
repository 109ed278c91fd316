//! A post's record as one file: every entry that it holds, in the order of display.
//!
//! Rows and their bytes are `khatt_record::file`'s, the order `khatt_record::order`'s. What is read
//! is what the store holds now; memory does not grow with the record. Entries that came ahead of
//! their predecessors have no place yet and are left out until these have come.

use std::{collections::VecDeque, io};

use khatt_core::store::{ReadError, Reader, StoredCheckpoint, StoredEntry};
use khatt_record::{
    Entry, LineId, PartyIndex, PostIndex, SignedCharter,
    commit::OpenPart,
    file::{RecordWriter, RowOpen, WriteError},
    order::{Merge, Node, OrderError, Step},
};
use thiserror::Error;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Entries of each log, in the charter's order of posts.
    pub entries: Vec<u64>,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Proofs of forks.
    pub forks: u64,
}

/// Why a record was not written.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum ExportError {
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The store holds what is no entry of this line.
    #[error("local store holds what is no entry of this line at {0}")]
    LocalEntry(khatt_record::EntryId),
    /// The store gave entries out of order.
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl ExportError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::LocalEntry(_) => "KK-1601",
            Self::Order(error) => error.code(),
        }
    }
}

/// Writes everything that a store holds of a line.
///
/// # Errors
///
/// [`ExportError`]; what was written then is cut short, and counts as such.
pub fn export<W: io::Write>(
    reader: &dyn Reader,
    charter: &SignedCharter,
    out: W,
) -> Result<(Exported, W), ExportError> {
    let line = charter.line_id();
    let posts = charter.post_count();
    let parties: Vec<PartyIndex> = charter.charter().posts().map(|(_, post)| post.party).collect();
    let mut writer = RecordWriter::new(out, charter.to_bytes(), posts)?;
    let mut merge = Merge::new(&parties);
    let mut logs: Vec<Log> = (0..=u8::MAX).map(PostIndex).take(posts).map(Log::new).collect();
    let mut exported = Exported::default();
    loop {
        match merge.step() {
            Step::Wants(post) => {
                let Some(log) = logs.get_mut(post.index()) else {
                    break;
                };
                match log.next(reader, line)? {
                    None => merge.end(post),
                    Some(held) => {
                        let entry = Entry::decode(&held.leaf, posts, post)
                            .map_err(|_| ExportError::LocalEntry(held.id))?;
                        merge.offer(&Node::of(held.id, &entry))?;
                        log.head = Some(held);
                    }
                }
            }
            Step::Show(id) => {
                let Some(log) = logs.get_mut(id.log.index()) else {
                    break;
                };
                let Some(held) = log.head.take() else { break };
                let open = match &held.open {
                    None => RowOpen::Nothing,
                    Some(open) => RowOpen::Open(
                        OpenPart::decode(&open.0).map_err(|_| ExportError::LocalEntry(id))?,
                    ),
                };
                writer.entry(id.log, &held.leaf, &open)?;
                log.shown += 1;
                while let Some(kept) = log.checkpoint(reader, line)? {
                    writer.checkpoint(kept.log, kept.size, &kept.signature, None)?;
                    exported.checkpoints += 1;
                }
            }
            Step::Done => break,
        }
    }
    for (_, proof) in reader.evidence(line)?.iter().filter(|(name, _)| name.starts_with("fork/")) {
        writer.fork(proof)?;
        exported.forks += 1;
    }
    exported.entries = logs.iter().map(|log| log.shown).collect();
    Ok((exported, writer.finish()?))
}

/// One log as it is read, page by page.
struct Log {
    post: PostIndex,
    read: u64,
    page: VecDeque<StoredEntry>,
    head: Option<StoredEntry>,
    shown: u64,
    /// The smallest size of a checkpoint that was not read yet.
    from_size: u64,
    checkpoints: VecDeque<StoredCheckpoint>,
}

impl Log {
    const fn new(post: PostIndex) -> Self {
        Self {
            post,
            read: 0,
            page: VecDeque::new(),
            head: None,
            shown: 0,
            from_size: 1,
            checkpoints: VecDeque::new(),
        }
    }

    fn next(
        &mut self,
        reader: &dyn Reader,
        line: LineId,
    ) -> Result<Option<StoredEntry>, ReadError> {
        if self.page.is_empty() {
            self.page = reader.entries(line, self.post, self.read, PAGE)?.into();
            // An entry beyond a gap came ahead of its predecessors.
            let continues = self
                .page
                .iter()
                .zip(self.read..)
                .take_while(|(held, index)| held.id.index == *index);
            let count = continues.count();
            self.page.truncate(count);
            self.read = self.read.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
        Ok(self.page.pop_front())
    }

    /// Takes the next checkpoint that the entries shown so far reach.
    fn checkpoint(
        &mut self,
        reader: &dyn Reader,
        line: LineId,
    ) -> Result<Option<StoredCheckpoint>, ReadError> {
        // No checkpoint is smaller than what was asked from, so one look a page is enough.
        if self.checkpoints.is_empty() && self.from_size <= self.shown {
            self.checkpoints = reader.checkpoints(line, self.post, self.from_size, PAGE)?.into();
            self.from_size = match self.checkpoints.back() {
                Some(last) => last.size.saturating_add(1),
                None => u64::MAX,
            };
        }
        Ok(self.checkpoints.pop_front_if(|kept| kept.size <= self.shown))
    }
}

/// Entries and checkpoints read at once.
const PAGE: usize = 256;
