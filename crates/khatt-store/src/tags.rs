//! The seals' tags of the working state, known by heart, so that a commit reads none of its rows.
//!
//! What is settled is left out: it is years of rows, and hardly ever written again.

use std::collections::BTreeMap;

use khatt_core::store::SETTLED;
use rusqlite::{OptionalExtension, params};

use crate::rows::{self, Fault};
use crate::sql;
use crate::store::SqliteStore;
use crate::vault::TAG_LEN;

/// The tag that ends a seal.
pub(crate) type Tag = [u8; TAG_LEN];

/// What a commit leaves under the keys that it changes; `None` where it deletes.
pub(crate) type Changed = Vec<(String, Option<Tag>)>;

/// The tags of each line's live state, by key; a line that is not there was not read yet.
#[derive(Debug, Default)]
pub(crate) struct Tags(BTreeMap<i64, BTreeMap<String, Tag>>);

impl Tags {
    /// Notes what a commit left.
    pub(crate) fn note(&mut self, line_no: i64, changed: Changed) {
        let Some(live) = self.0.get_mut(&line_no) else {
            return;
        };
        for (key, tag) in changed.into_iter().filter(|(key, _)| !key.starts_with(SETTLED)) {
            match tag {
                Some(tag) => live.insert(key, tag),
                None => live.remove(&key),
            };
        }
    }

    /// Forgets a line, which is read again when it is next written.
    pub(crate) fn forget(&mut self, line_no: i64) {
        self.0.remove(&line_no);
    }
}

impl SqliteStore {
    /// Returns the tag of the row of working state under a key, if there is one.
    pub(crate) fn tag(&mut self, line_no: i64, key: &str) -> Result<Option<Tag>, Fault> {
        if key.starts_with(SETTLED) {
            let mut statement = self.conn.prepare_cached(sql::STATE_VALUE_SELECT)?;
            let mut found = statement.query(params![line_no, key])?;
            return Ok(found.next()?.and_then(|row| rows::bytes(row, 0).map(tag_of)));
        }
        if !self.tags.0.contains_key(&line_no) {
            let live = self.live_tags(line_no)?;
            self.tags.0.insert(line_no, live);
        }
        Ok(self.tags.0.get(&line_no).and_then(|live| live.get(key)).copied())
    }

    pub(crate) fn state_value(&self, line_no: i64, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let mut statement = self.conn.prepare_cached(sql::STATE_VALUE_SELECT)?;
        Ok(statement.query_row(params![line_no, key], |row| row.get(0)).optional()?)
    }

    fn live_tags(&self, line_no: i64) -> Result<BTreeMap<String, Tag>, Fault> {
        let mut statement = self.conn.prepare_cached(sql::STATE_LIVE_SELECT)?;
        let mut found = statement.query(params![line_no, SETTLED, SETTLED_END])?;
        let mut live = BTreeMap::new();
        while let Some(row) = found.next()? {
            if let (Some(key), Some(sealed)) = (rows::text(row, 0), rows::bytes(row, 1)) {
                live.insert(key.to_owned(), tag_of(sealed));
            }
        }
        Ok(live)
    }
}

/// Returns the tag at the end of a seal; zeros of what is too short for one, as the tallies count it.
pub(crate) fn tag_of(sealed: &[u8]) -> Tag {
    sealed.last_chunk::<TAG_LEN>().copied().unwrap_or_default()
}

/// The first key after all that begin with [`SETTLED`].
const SETTLED_END: &str = "done0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_keys_lie_between_their_beginning_and_their_end() {
        let (last, before) = SETTLED_END.as_bytes().split_last().unwrap();
        assert_eq!([before, &[last - 1]].concat(), SETTLED.as_bytes());
    }
}
