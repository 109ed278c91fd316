//! Putting right what a disk did: entries filled in again from peers, and a loss owned up to.

use std::collections::BTreeMap;

use khatt_core::store::{CommitError, StoredEntry};
use khatt_record::merkle::{Frontier, leaf_hash};
use khatt_record::{EntryId, LineId, PostIndex};
use rusqlite::params;

use crate::check::signed;
use crate::damage::Damage;
use crate::head_file::HeadFile;
use crate::rows::{self, Fault};
use crate::sql;
use crate::store::SqliteStore;

impl SqliteStore {
    /// Writes entries of one log again where the disk altered them.
    ///
    /// Together with the sound ones they must lead to the log's root, so a peer can give back only
    /// what was there; all damaged leaves of a log must come in one call. The caller has checked the
    /// open parts against the commitments of the leaves.
    ///
    /// # Errors
    ///
    /// [`CommitError::LocalOutOfOrder`] if the entries are not those that were there, and the other
    /// cases of [`CommitError`].
    pub fn heal(
        &mut self,
        line: LineId,
        log: PostIndex,
        entries: &[StoredEntry],
    ) -> Result<(), CommitError> {
        self.refuse_if_held()?;
        let head = self.books.line(line).and_then(|book| book.heads.get(&log)).cloned();
        let size = head.as_ref().map_or(0, |head| head.size);
        let refused = CommitError::LocalOutOfOrder { log, size };
        let (Some(head), Some(book)) = (head, self.books.line(line)) else {
            return Err(refused);
        };
        let line_no = book.line_no;
        let mut given = BTreeMap::new();
        for entry in entries {
            let id = entry.id;
            if id.log != log || id.index >= size || leaf_hash(&entry.leaf) != entry.leaf_hash {
                return Err(refused);
            }
            given.insert(id.index, entry);
        }
        let mut frontier = Frontier::new();
        for index in 0..size {
            let hash = match given.get(&index) {
                Some(entry) => Some(entry.leaf_hash),
                None => self.sound_leaf(line, line_no, EntryId { log, index })?,
            };
            let Some(hash) = hash else {
                return Err(refused);
            };
            frontier.append(hash);
        }
        if frontier.root() != head.root {
            return Err(refused);
        }
        self.durably(line, |store, _| {
            given.values().try_for_each(|entry| {
                let row = store.entry_row(line, entry)?;
                store.write_entry(sql::ENTRY_UPSERT, line_no, &row)
            })
        })
    }

    /// Takes what the disk still holds for the truth, and takes commits again.
    ///
    /// Call this only after the post has ended every log of its own that lost entries: whoever goes
    /// on signing such a log contradicts itself. Altered working state is dropped. What was found
    /// stays in [`SqliteStore::outcome`] until the store is opened again.
    ///
    /// # Errors
    ///
    /// [`CommitError::LocalFatal`] if the disk failed, or if log roots or pages are altered: then the
    /// store must be made anew and filled from the peers.
    pub fn dangerous_accept_loss(&mut self) -> Result<(), CommitError> {
        if self.has_failed() {
            return self.refuse_if_held();
        }
        self.follow()?;
        if let crate::OpenOutcome::Damaged(damage) = &self.outcome {
            for found in damage {
                if let Damage::Root { .. } | Damage::Database { .. } = found {
                    return Err(CommitError::LocalFatal(found.to_string()));
                }
            }
        }
        let lines: Vec<LineId> = self.books.lines().map(|(line, _)| line).collect();
        // Anew, and empty: what the old one holds belongs to a history that ends here.
        let made = HeadFile::create(&self.dir, &self.books, &self.vault, &mut self.fill)
            .and_then(|()| HeadFile::open(&self.dir, &self.vault));
        match made {
            Ok((head_file, _)) => self.head_file = Some(head_file),
            Err(error) => return Err(self.fail(error.to_string())),
        }
        self.release();
        for line in lines {
            self.drop_unsound(line)?;
        }
        Ok(())
    }

    /// Deletes altered working state of a line and entries beyond its heads, and counts anew.
    fn drop_unsound(&mut self, line: LineId) -> Result<(), CommitError> {
        self.durably(line, |store, book| {
            let state = store.sound_state(line, book.line_no)?;
            store
                .conn
                .execute("DELETE FROM state WHERE line_no = ?1", [book.line_no])
                .map_err(Fault::from)?;
            book.state = crate::books::Tally::default();
            for (key, sealed) in state {
                store
                    .conn
                    .execute(sql::STATE_UPSERT, params![book.line_no, key, sealed])
                    .map_err(Fault::from)?;
                book.state.add(&sealed);
            }
            for head in book.heads.values() {
                store
                    .conn
                    .execute(
                        "DELETE FROM entry WHERE line_no = ?1 AND log = ?2 AND entry_index >= ?3",
                        params![book.line_no, head.log.0, signed(head.size)],
                    )
                    .map_err(Fault::from)?;
            }
            Ok(())
        })
    }

    fn sound_state(&self, line: LineId, line_no: i64) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let mut statement = self.conn.prepare_cached(sql::STATE_SELECT)?;
        let mut found = statement.query(params![line_no, ""])?;
        let mut sound = Vec::new();
        while let Some(row) = found.next()? {
            if let (Some(key), Some(sealed)) = (rows::text(row, 0), rows::bytes(row, 1))
                && rows::state(&self.vault, line, key, sealed).is_ok()
            {
                sound.push((key.to_owned(), sealed.to_vec()));
            }
        }
        Ok(sound)
    }

    fn sound_leaf(
        &self,
        line: LineId,
        line_no: i64,
        id: EntryId,
    ) -> Result<Option<khatt_record::Hash>, Fault> {
        let mut statement = self.conn.prepare_cached(sql::LEAVES_SELECT)?;
        let mut found = statement.query(params![line_no, id.log.0, signed(id.index), 1])?;
        match found.next()?.map(|row| rows::leaf(line, id, row)) {
            Some(Ok((hash, _))) => Ok(Some(hash)),
            Some(Err(Fault::Damaged(_))) | None => Ok(None),
            Some(Err(other)) => Err(other),
        }
    }
}
