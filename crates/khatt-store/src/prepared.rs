//! What a batch will write, made before any of it is written: every row sealed, and the books after.
//!
//! So the head file can say what the database must hold before the database holds it. Rows are
//! sealed in one order, from the nonces of one commit: a replay makes the same bytes. When what is
//! written where is [`crate::commit`]'s.

use std::collections::{BTreeMap, BTreeSet};

use khatt_core::store::{
    Batch, CommitError, Head, StateChange, StoredCheckpoint, StoredEntry, rules,
};
use khatt_record::{EntryId, Hash, LineId};
use rusqlite::{OptionalExtension, params};

use crate::books::LineBook;
use crate::check::signed;
use crate::rows::{self, Fault};
use crate::sql;
use crate::store::SqliteStore;
use crate::tags::{Changed, Tag, tag_of};

/// The rows of one batch, sealed, and its line's page of the books after them.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) line: LineId,
    pub(crate) book: LineBook,
    /// What it leaves under each key of the working state that it changes.
    pub(crate) tags: Changed,
    entries: Vec<EntryRow>,
    heads: Vec<(Head, Vec<u8>)>,
    checkpoints: Vec<(StoredCheckpoint, Vec<u8>)>,
    state: Vec<StateRow>,
    /// Entries without their open parts, in the place of what is stored.
    erased: Vec<EntryRow>,
    evidence: Vec<(String, Vec<u8>, Vec<u8>)>,
    line_seal: Vec<u8>,
}

/// One row of `entry`.
#[derive(Debug)]
pub(crate) struct EntryRow {
    pub(crate) id: EntryId,
    pub(crate) leaf_hash: Hash,
    pub(crate) leaf: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

/// One change to `state`.
#[derive(Debug)]
enum StateRow {
    Put(String, Vec<u8>),
    Delete(String),
}

impl SqliteStore {
    /// Returns the page of the books that a next commit to a line begins with.
    pub(crate) fn next_page(&self, line: LineId) -> LineBook {
        let mut book = match self.books.line(line) {
            Some(book) => book.clone(),
            None => LineBook::new(self.books.next_line_no()),
        };
        book.previous = self.books.digest();
        book.sequence = self.books.sequence().saturating_add(1);
        book
    }

    /// Checks that a batch continues what is stored, and seals its rows.
    pub(crate) fn prepare(&mut self, line: LineId, batch: &Batch) -> Result<Prepared, CommitError> {
        let mut book = self.next_page(line);
        let line_no = book.line_no;
        let plan = rules::plan(
            batch,
            |log| Ok(book.heads.get(&log).cloned()),
            |log, size| Ok(self.checkpoint_root(line, line_no, log, size)?),
        )?;
        let mut entries = Vec::with_capacity(batch.entries.len());
        for entry in &batch.entries {
            entries.push(self.entry_row(line, entry)?);
        }
        let mut heads = Vec::with_capacity(plan.heads.len());
        for head in plan.heads {
            let seal = self.seal(&rows::head_place(line, &head), &[])?;
            book.heads.insert(head.log, head.clone());
            heads.push((head, seal));
        }
        let mut checkpoints = Vec::with_capacity(plan.checkpoints.len());
        for kept in plan.checkpoints {
            let seal = self.seal(&rows::checkpoint_place(line, &kept), &[])?;
            book.checkpoints.add(&seal);
            checkpoints.push((kept, seal));
        }
        let (state, tags) = self.state_rows(line, &mut book, &batch.state)?;
        let mut erased = Vec::with_capacity(batch.erase.len());
        for id in &batch.erase {
            // Those of this batch are not stored yet.
            let new = batch.entries.iter().find(|entry| entry.id == *id);
            let row = match new {
                Some(entry) => Some(self.entry_row(line, &bare(entry))?),
                None => self.erased_row(line, line_no, *id)?,
            };
            erased.extend(row);
        }
        let mut evidence = Vec::new();
        let mut named = BTreeSet::new();
        for (name, proof) in &batch.evidence {
            // The first of a name stays; each draws its nonce.
            let seal = self.seal(&rows::evidence_place(line, name, proof), &[])?;
            if named.insert(name) && !self.has_evidence(line_no, name)? {
                book.evidence.add(&seal);
                evidence.push((name.clone(), proof.clone(), seal));
            }
        }
        let line_seal = self.line_seal(line, &book)?;
        Ok(Prepared {
            line,
            book,
            tags,
            entries,
            heads,
            checkpoints,
            state,
            erased,
            evidence,
            line_seal,
        })
    }

    /// Writes what was prepared, within a transaction.
    pub(crate) fn write(&self, prepared: &Prepared) -> Result<(), CommitError> {
        let Prepared {
            line,
            book,
            entries,
            heads,
            checkpoints,
            state,
            erased,
            evidence,
            line_seal,
            tags: _,
        } = prepared;
        let line_no = book.line_no;
        for entry in entries {
            self.write_entry(sql::ENTRY_INSERT, line_no, entry)?;
        }
        for (head, seal) in heads {
            let size = signed(head.size);
            let row = params![line_no, head.log.0, size, head.root.0, head.frontier, seal];
            self.run(sql::HEAD_UPSERT, row)?;
        }
        for (kept, seal) in checkpoints {
            let size = signed(kept.size);
            let row = params![line_no, kept.log.0, size, kept.root.0, kept.signature, seal];
            self.run(sql::CHECKPOINT_INSERT, row)?;
        }
        for row in state {
            match row {
                StateRow::Put(key, sealed) => {
                    self.run(sql::STATE_UPSERT, params![line_no, key, sealed])?
                }
                StateRow::Delete(key) => self.run(sql::STATE_DELETE, params![line_no, key])?,
            };
        }
        for entry in erased {
            // What its open part took is overwritten with zeros.
            self.write_entry(sql::ENTRY_UPSERT, line_no, entry)?;
        }
        for (name, proof, seal) in evidence {
            self.run(sql::EVIDENCE_INSERT, params![line_no, name, proof, seal])?;
        }
        self.write_line(*line, book, line_seal)
    }

    /// Seals the changes to the working state, and counts what they add and take away.
    fn state_rows(
        &mut self,
        line: LineId,
        book: &mut LineBook,
        changes: &[StateChange],
    ) -> Result<(Vec<StateRow>, Changed), CommitError> {
        // What earlier changes of the same batch leave under a key; nothing if they delete it.
        let mut changed: BTreeMap<&str, Option<Tag>> = BTreeMap::new();
        let mut rows = Vec::with_capacity(changes.len());
        for change in changes {
            let (StateChange::Put(key, _) | StateChange::Delete(key)) = change;
            let earlier = match changed.get(key.as_str()) {
                Some(held) => *held,
                None => self.tag(book.line_no, key)?,
            };
            if let Some(earlier) = &earlier {
                book.state.remove(earlier);
            }
            let now = match change {
                StateChange::Put(_, value) => {
                    let sealed = self.seal(&rows::state_place(line, key), &value.0)?;
                    book.state.add(&sealed);
                    let tag = tag_of(&sealed);
                    rows.push(StateRow::Put(key.clone(), sealed));
                    Some(tag)
                }
                StateChange::Delete(_) => {
                    if earlier.is_some() {
                        rows.push(StateRow::Delete(key.clone()));
                    }
                    None
                }
            };
            changed.insert(key, now);
        }
        let tags = changed.into_iter().map(|(key, tag)| (key.to_owned(), tag)).collect();
        Ok((rows, tags))
    }

    fn has_evidence(&self, line_no: i64, name: &str) -> Result<bool, Fault> {
        let mut statement = self.conn.prepare_cached(sql::EVIDENCE_NAME_SELECT)?;
        let found: Option<i64> =
            statement.query_row(params![line_no, name], |row| row.get(0)).optional()?;
        Ok(found.is_some())
    }
}

/// An entry without its open part.
fn bare(entry: &StoredEntry) -> StoredEntry {
    let (id, leaf, leaf_hash) = (entry.id, entry.leaf.clone(), entry.leaf_hash);
    StoredEntry { id, leaf, leaf_hash, open: None }
}
