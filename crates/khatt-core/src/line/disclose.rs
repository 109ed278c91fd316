//! One entry with its proof, for somebody outside the line (`spec/disclosure.md`).
//!
//! Nothing is handed out before the officers' act stands durably in this post's log. What is handed
//! out is checked first, as whoever gets it will check it.

use khatt_forms::{Body, Tri, Value};
use khatt_record::{
    commit::OpenPart,
    disclosure::{Disclosure, DisclosureFault, LogKey, OfficersPart, ReceiptPart},
    entry::{Act, Entry},
    ids::{EntryId, PostIndex},
    merkle::ProofError,
    verify::{Anchor, NoBodyCheck},
};
use thiserror::Error;

use super::{ActError, Line, people};
use crate::store::{ReadError, Sealed, StateChange, StoredCheckpoint};

/// Entries of a post's log that are looked through for a receipt from where it can first stand.
const RECEIPT_WITHIN: u64 = 2048;
/// Entries that are read at once.
const PAGE: u64 = 64;

/// What of an entry is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The text alone.
    Text,
    /// The text and the officers' signatures.
    TextAndOfficers,
}

/// Whether the charter's file goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enclosed {
    /// It is for somebody who has the charter.
    Nothing,
    /// It is for somebody who has check words only.
    Charter,
}

/// Why no disclosure was made.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DiscloseError {
    /// The officers have not released it, or less than this.
    #[error("local officers have not released the disclosure of entry {0}")]
    LocalNotReleased(EntryId),
    /// It is no message, or its text is not held, or was erased.
    #[error("local post holds no text of entry {0}")]
    LocalNoText(EntryId),
    /// No checkpoint of its author covers it yet.
    #[error("local post holds no checkpoint that covers entry {0}")]
    LocalUnsigned(EntryId),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What the store holds does not lead to what was signed.
    #[error("local store holds what does not lead to the signed root: {0}")]
    LocalPath(#[source] ProofError),
    /// What was made does not hold, and is not handed out.
    #[error("local disclosure does not hold: {0}")]
    LocalUnsound(#[source] DisclosureFault),
}

impl DiscloseError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalNotReleased(_) => "KC-1201",
            Self::LocalNoText(_) => "KC-1202",
            Self::LocalUnsigned(_) => "KC-1203",
            Self::Read(error) => error.code(),
            Self::LocalPath(_) => "KC-1204",
            Self::LocalUnsound(_) => "KC-1205",
        }
    }
}

impl Line {
    /// Returns the file by which one entry is shown to somebody outside the line.
    ///
    /// # Errors
    ///
    /// [`DiscloseError`] if the officers have not released exactly this, or it cannot be proved.
    pub fn disclosure(
        &self,
        id: EntryId,
        opened: Opened,
        enclosed: Enclosed,
    ) -> Result<Disclosure, DiscloseError> {
        let released = self.parts.reader.state(self.line, &disclosed_key(id, opened))?;
        if released.is_empty() {
            return Err(DiscloseError::LocalNotReleased(id));
        }
        let (no_text, unsigned) =
            (DiscloseError::LocalNoText(id), DiscloseError::LocalUnsigned(id));
        let stored = self.parts.reader.entry(self.line, id)?.ok_or_else(|| unsigned.clone())?;
        let open = stored.open.as_ref().ok_or_else(|| no_text.clone())?;
        let open = OpenPart::decode(&open.0).map_err(|_| no_text)?;
        let mut receipts = Vec::new();
        let mut checkpoint: Option<StoredCheckpoint> = None;
        for post in self.charter.charter().posts().map(|(post, _)| post) {
            if post == id.log {
                continue;
            }
            let Some((part, of)) = self.receipt_part(post, id, checkpoint.as_ref())? else {
                continue;
            };
            checkpoint.get_or_insert(of);
            receipts.push(part);
        }
        let checkpoint = match checkpoint {
            Some(kept) => kept,
            None => {
                let from = id.index.saturating_add(1);
                let kept = self.parts.reader.checkpoints(self.line, id.log, from, 1)?;
                kept.first().copied().ok_or_else(|| unsigned.clone())?
            }
        };
        let path = self.inclusion(id.log, id.index, checkpoint.size);
        let author = self.log_key(id.log).ok_or_else(|| unsigned.clone())?;
        let made = Disclosure {
            line: self.line,
            kind: self.kind,
            posts: self.logs.len(),
            entry: id,
            author,
            leaf: stored.leaf,
            body_salt: open.seed.body_salt(),
            body: open.body.clone(),
            officers: (opened == Opened::TextAndOfficers).then(|| OfficersPart {
                salt: open.seed.auth_salt(),
                draft_id: open.seed.draft_id(),
                auth: open.auth.clone(),
            }),
            receipts,
            charter: (enclosed == Enclosed::Charter).then(|| self.charter.to_bytes().to_vec()),
            orders: Vec::new(),
            path: path.map_err(DiscloseError::LocalPath)?,
            note: self.signed(&checkpoint).to_note(&author.key),
        };
        let anchor = Anchor::Charter(Box::new((*self.charter).clone()));
        made.check(&anchor, &NoBodyCheck).map_err(DiscloseError::LocalUnsound)?;
        Ok(made)
    }

    /// Finds the first receipt of a post that covers an entry, and the author's checkpoint that it
    /// names; with a checkpoint given, only one that names the same.
    ///
    /// What a post has seen never shrinks, so the place is found by halving.
    fn receipt_part(
        &self,
        by: PostIndex,
        of: EntryId,
        same: Option<&StoredCheckpoint>,
    ) -> Result<Option<(ReceiptPart, StoredCheckpoint)>, DiscloseError> {
        let durable = self.logs.slot(by.index()).map_or(0, |log| log.durable);
        let (mut low, mut high) = (0, durable);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.parts.reader.entry(self.line, EntryId { log: by, index: middle })?;
            let entry = found.and_then(|held| Entry::decode(&held.leaf, self.logs.len(), by).ok());
            let seen = entry.and_then(|entry| Some(entry.seen().of(of.log)?.prefix));
            if seen.is_some_and(|prefix| prefix > of.index) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let end = durable.min(low.saturating_add(RECEIPT_WITHIN));
        let mut from = low;
        while from < end {
            let count = usize::try_from(PAGE.min(end - from)).unwrap_or(1);
            let page = self.parts.reader.entries(self.line, by, from, count)?;
            if page.is_empty() {
                break;
            }
            from = from.saturating_add(page.len() as u64);
            for held in page {
                let Ok(Entry::Receipt(receipt)) = Entry::decode(&held.leaf, self.logs.len(), by)
                else {
                    continue;
                };
                if receipt.log != of.log || receipt.size <= of.index {
                    continue;
                }
                let kept = self.parts.reader.checkpoint(self.line, of.log, receipt.size)?;
                let Some(kept) = kept.filter(|kept| kept.root == receipt.root) else {
                    continue;
                };
                if same.is_some_and(|same| same.size != kept.size) {
                    return Ok(None);
                }
                return Ok(self.prove_receipt(held.id, held.leaf)?.map(|part| (part, kept)));
            }
        }
        Ok(None)
    }

    fn prove_receipt(
        &self,
        id: EntryId,
        leaf: Vec<u8>,
    ) -> Result<Option<ReceiptPart>, DiscloseError> {
        let from = id.index.saturating_add(1);
        let kept = self.parts.reader.checkpoints(self.line, id.log, from, 1)?;
        let (Some(kept), Some(log)) = (kept.first(), self.log_key(id.log)) else {
            return Ok(None);
        };
        let path = self.inclusion(id.log, id.index, kept.size).map_err(DiscloseError::LocalPath)?;
        let (index, size, signature) = (id.index, kept.size, kept.signature);
        Ok(Some(ReceiptPart { post: id.log, log, leaf, index, size, signature, path }))
    }

    fn log_key(&self, post: PostIndex) -> Option<LogKey> {
        let post = self.charter.post(post)?;
        Some(LogKey { generation: post.generation, key: post.log_key })
    }

    /// Checks that a disclosure or erasure names a message with a text, which is no such act itself.
    pub(super) fn names_a_message(&self, act: Act, body: &Body) -> Result<(), ActError> {
        if !matches!(act, Act::Disclose | Act::Erase) {
            return Ok(());
        }
        let named = named_entry(body);
        let id = named.unwrap_or(EntryId { log: self.own, index: 0 });
        let stored = named.and_then(|id| self.stored(id));
        let stored = stored.filter(|stored| stored.open.is_some());
        let stored = stored.ok_or(ActError::LocalNoSuchMessage(id))?;
        match Entry::decode(&stored.leaf, self.logs.len(), id.log) {
            Ok(Entry::Message(header)) if !matches!(header.act, Act::Disclose | Act::Erase) => {
                Ok(())
            }
            _ => Err(ActError::LocalNoSuchMessage(id)),
        }
    }

    /// Notes that officers released a disclosure, so that its file may be made once this is durable.
    pub(super) fn note_disclosed(&mut self, by: EntryId, body: &Body) {
        if body.form.number != people::DISCLOSURE {
            return;
        }
        let Some(id) = named_entry(body) else {
            return;
        };
        // The text may be shown alone where text and officers may be shown.
        let mut allowed = vec![Opened::Text];
        if body.filled.values.get(&OFFICERS) == Some(&Value::Tri(Tri::Yes)) {
            allowed.push(Opened::TextAndOfficers);
        }
        for opened in allowed {
            let value = Sealed(by.index.to_be_bytes().to_vec());
            self.batch.state.push(StateChange::Put(disclosed_key(id, opened), value));
        }
    }
}

/// Number of the field that names the entry, in the forms of disclosure and erasure.
const ENTRY: u8 = 1;
/// Number of the field that says whether officers' signatures are shown.
const OFFICERS: u8 = 2;

/// Reads which entry a disclosure or erasure is about.
pub(super) fn named_entry(body: &Body) -> Option<EntryId> {
    let Some(Value::Identifier(name)) = body.filled.values.get(&ENTRY) else {
        return None;
    };
    let (log, index) = name.split_once('/')?;
    let id = EntryId { log: PostIndex(log.parse().ok()?), index: index.parse().ok()? };
    // One spelling for each entry, so that what officers compare is what is meant.
    (id.to_string() == *name).then_some(id)
}

fn disclosed_key(id: EntryId, opened: Opened) -> String {
    let part = if opened == Opened::Text { "text" } else { "officers" };
    format!("done/disclosed/{}/{:020}/{part}", id.log, id.index)
}
