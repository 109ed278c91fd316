//! A post's record as one file: every entry that it holds, in the order of display.
//!
//! Rows and their bytes are `khatt_record::file`'s, the order `khatt_record::order`'s. What is read
//! is what the store holds now; memory does not grow with the record. Entries that came ahead of
//! their predecessors have no place yet and are left out until these have come.

use std::{collections::VecDeque, io};

use khatt_core::line::stored_cosignatures;
use khatt_core::store::{ReadError, Reader, StoredCheckpoint, StoredEntry};
use khatt_record::{
    Entry, EntryId, LineId, PartyIndex, PostIndex, SignedCharter,
    auth::{Auth, OfficerSignature},
    checkpoint::{Checkpoint, SignedCheckpoint},
    commit::OpenPart,
    cosign::Cosignature,
    file::{RecordWriter, RowOpen, WriteError},
    order::{Merge, Node, OrderError, Step},
    statement::{KeyId, release_digest},
};
use thiserror::Error;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Entries of each log, in the charter's order of posts.
    pub entries: Vec<u64>,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Post-quantum cosignatures.
    pub cosignatures: u64,
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
    let erased = khatt_core::line::erased_entries(reader, line)?;
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
                    None if erased.contains(&id) => RowOpen::Withheld,
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
                while let Some(one) = log.cosignature(reader, line)? {
                    writer.cosignature(&one)?;
                    exported.cosignatures += 1;
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

/// A checkpoint with every signature over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The C2SP note.
    pub note: String,
    /// The verifier keys of its signatures, the log's own first.
    pub keys: Vec<String>,
    /// The size.
    pub size: u64,
}

/// Writes a log's newest checkpoint that was cosigned, with all its cosignatures, or the newest.
///
/// # Errors
///
/// [`ReadError`] if the store cannot be read.
pub fn newest_note(
    reader: &dyn Reader,
    charter: &SignedCharter,
    log: PostIndex,
) -> Result<Option<Noted>, ReadError> {
    let line = charter.line_id();
    let mut over: Vec<Cosignature> = stored_cosignatures(reader, line, log)?;
    over.sort_by_key(|one| (one.size, one.post));
    let mut kept = None;
    for size in over.iter().rev().map(|one| one.size) {
        kept = reader.checkpoint(line, log, size)?;
        if kept.is_some() {
            break;
        }
    }
    if kept.is_none() {
        let head = reader.heads(line)?.into_iter().find(|head| head.log == log);
        let size = head.map_or(0, |head| head.size);
        kept = reader.checkpoint(line, log, size)?;
    }
    let (Some(kept), Some(origin), Some(key)) = (kept, charter.origin(log), charter.log_key(log))
    else {
        return Ok(None);
    };
    let mut keys = vec![SignedCheckpoint::verifier_key(&origin, key)];
    let checkpoint = Checkpoint { origin, size: kept.size, root: kept.root };
    let signed = SignedCheckpoint { checkpoint, signature: kept.signature };
    let mut note = signed.to_note(key.as_bytes());
    for one in over.iter().filter(|one| one.size == kept.size) {
        if let Ok((cosigned, key)) = one.cosigned(charter, kept.root) {
            note.push_str(&cosigned.note_row(key, &one.signature));
            keys.push(cosigned.cosigner.verifier_key(key));
        }
    }
    Ok(Some(Noted { note, keys, size: kept.size }))
}

/// An officer's signature for tools that know COSE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerObject {
    /// What the officer is called.
    pub officer: String,
    /// The public key.
    pub key: [u8; 32],
    /// What was signed for; the payload is its SHA-256.
    pub statement: Vec<u8>,
    /// The tagged COSE_Sign1 object.
    pub cose_sign1: Vec<u8>,
}

/// Returns the officers' signatures of a message; none if it is not held open.
///
/// # Errors
///
/// [`ReadError`] if the store cannot be read.
pub fn officers(
    reader: &dyn Reader,
    charter: &SignedCharter,
    id: EntryId,
) -> Result<Vec<OfficerObject>, ReadError> {
    let Some(held) = reader.entry(charter.line_id(), id)? else {
        return Ok(Vec::new());
    };
    let entry = Entry::decode(&held.leaf, charter.post_count(), id.log);
    let open = held.open.as_ref().and_then(|open| OpenPart::decode(&open.0).ok());
    let (Ok(Entry::Message(header)), Some(open)) = (entry, open) else {
        return Ok(Vec::new());
    };
    let auth = Auth::decode(&open.auth, header.t_ms).unwrap_or_default();
    let digest = release_digest(header.c_body, header.precedence, header.thread);
    let object = |one: &OfficerSignature| {
        let statement = one.statement(charter, id.log, header.act, open.seed.draft_id(), digest);
        let kid = KeyId { officer: one.officer, key: one.key };
        Some(OfficerObject {
            officer: charter.officer(one.officer)?.title.clone(),
            key: *charter.officer_key(one.officer, one.key)?.as_bytes(),
            statement: statement.encode(),
            cose_sign1: statement.cose_sign1(kid, &one.signature),
        })
    };
    Ok(auth.0.iter().filter_map(object).collect())
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
    /// All of the log's, by size; sparse enough to be held at once. `None` until they are read.
    cosignatures: Option<VecDeque<Cosignature>>,
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
            cosignatures: None,
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

impl Log {
    /// Takes the next cosignature that the entries shown so far reach.
    fn cosignature(
        &mut self,
        reader: &dyn Reader,
        line: LineId,
    ) -> Result<Option<Cosignature>, ReadError> {
        let held = match &mut self.cosignatures {
            Some(held) => held,
            none => {
                let mut read = stored_cosignatures(reader, line, self.post)?;
                read.sort_by_key(|one| (one.size, one.post));
                none.insert(read.into())
            }
        };
        Ok(held.pop_front_if(|one| one.size <= self.shown))
    }
}

/// Entries and checkpoints read at once.
const PAGE: usize = 256;
