//! Rows as values: every column checked for its type and length, every seal opened.

use khatt_core::store::{CommitError, Head, ReadError, Sealed, StoredCheckpoint, StoredEntry};
use khatt_record::merkle::{Frontier, leaf_hash};
use khatt_record::{EntryId, Hash, LineId, PostIndex};
use rusqlite::{Connection, ErrorCode, Row};

use crate::books::{Books, LineBook, Tally};
use crate::damage::Damage;
use crate::error::OpenError;
use crate::key_file::StoreId;
use crate::settings;
use crate::sql;
use crate::vault::{Place, Vault};

/// Why a row could not be had.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The row is not what was written.
    Damaged(Damage),
    /// SQLite failed.
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(Damage::Database { what: error.to_string() })
            }
            _ => Self::Sql(error),
        }
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged(Damage::Entry { id, part, .. }) => {
                Self::LocalDamaged { what: format!("entry {id} {part}") }
            }
            Fault::Damaged(Damage::Row { table, key }) => {
                Self::LocalDamaged { what: format!("{table} {key}") }
            }
            Fault::Damaged(Damage::Table { table, .. }) => {
                Self::LocalDamaged { what: format!("table {table}") }
            }
            Fault::Damaged(other) => Self::LocalDamaged { what: other.to_string() },
            Fault::Sql(error) => Self::LocalFatal(error.to_string()),
        }
    }
}

impl From<Fault> for CommitError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged(damage) => Self::LocalFatal(damage.to_string()),
            Fault::Sql(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                Self::LocalFull
            }
            Fault::Sql(error) => Self::LocalFatal(error.to_string()),
        }
    }
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged(damage) => Self::LocalDamaged { what: damage.to_string() },
            Fault::Sql(error) => settings::failed(error),
        }
    }
}

/// Reads the store's own row: its id and the versions of its tables.
pub(crate) fn store(conn: &Connection) -> Result<(StoreId, u64, u64), Fault> {
    let damaged = || Fault::Damaged(Damage::Row { table: "store", key: "row".to_owned() });
    let mut statement = conn.prepare_cached(sql::STORE_SELECT)?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or_else(damaged)?;
    let held = (|| Some((array(row, 0)?, number(row, 1)?, number(row, 2)?)))();
    held.ok_or_else(damaged)
}

/// Reads every line's row; heads are not in it. With each: how many logs the line has.
pub(crate) fn lines(
    conn: &Connection,
    vault: &Vault,
) -> Result<Vec<(LineId, LineBook, u64)>, Fault> {
    let mut statement = conn.prepare_cached(sql::LINES_SELECT)?;
    let mut rows = statement.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let line = line(vault, row).ok_or_else(|| {
            let key = number(row, 0).map_or_else(|| "?".to_owned(), |number| number.to_string());
            Fault::Damaged(Damage::Row { table: "line", key })
        })?;
        lines.push(line);
    }
    Ok(lines)
}

/// Reads the heads of a line, of which there must be `count`.
pub(crate) fn heads(
    conn: &Connection,
    vault: &Vault,
    line: LineId,
    line_no: i64,
    count: u64,
) -> Result<Vec<Head>, Fault> {
    let mut statement = conn.prepare_cached(sql::HEADS_SELECT)?;
    let mut rows = statement.query([line_no])?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next()? {
        heads.push(head(vault, line, row)?);
    }
    let ascending = heads.is_sorted_by(|one: &Head, next| one.log < next.log);
    if ascending && heads.len() as u64 == count {
        Ok(heads)
    } else {
        Err(Fault::Damaged(Damage::Table { table: "head", line }))
    }
}

/// Reads one row of `head`.
pub(crate) fn head(vault: &Vault, line: LineId, row: &Row<'_>) -> Result<Head, Fault> {
    let held = (|| {
        let head = Head {
            log: PostIndex(u8::try_from(number(row, 0)?).ok()?),
            size: number(row, 1)?,
            root: Hash(array(row, 2)?),
            frontier: bytes(row, 3)?.to_vec(),
        };
        let frontier = Frontier::decode(&head.frontier).ok()?;
        let sound = frontier.size() == head.size
            && frontier.root() == head.root
            && vault.is_seal(&head_place(line, &head), bytes(row, 4)?);
        sound.then_some(head)
    })();
    held.ok_or_else(|| {
        let key = number(row, 0).map_or_else(|| "?".to_owned(), |log| format!("of log {log}"));
        Fault::Damaged(Damage::Row { table: "head", key })
    })
}

/// Reads all books of the store.
pub(crate) fn books(conn: &Connection, vault: &Vault, store_id: StoreId) -> Result<Books, Fault> {
    let mut books = Books::new(store_id);
    for (line, mut book, count) in lines(conn, vault)? {
        if books.line(line).is_some() {
            return Err(Fault::Damaged(Damage::Table { table: "line", line }));
        }
        let heads = heads(conn, vault, line, book.line_no, count)?;
        book.heads = heads.into_iter().map(|head| (head.log, head)).collect();
        books.set(line, book);
    }
    Ok(books)
}

/// Reads a row of `entry`, which must be the one at `id`.
pub(crate) fn entry(
    vault: &Vault,
    line: LineId,
    id: EntryId,
    row: &Row<'_>,
) -> Result<StoredEntry, Fault> {
    let (leaf_hash, leaf) = leaf(line, id, row)?;
    let open = bytes(row, 3)
        .and_then(|sealed| vault.open(&entry_place(line, id, leaf_hash), sealed))
        .and_then(|open| match open.split_first() {
            Some((0, [])) => Some(None),
            Some((1, open)) => Some(Some(Sealed(open.to_vec()))),
            _ => None,
        })
        .ok_or(Fault::Damaged(Damage::Entry { line, id, part: "open part" }))?;
    Ok(StoredEntry { id, leaf, leaf_hash, open })
}

/// Reads the leaf of a row of `entry`, which must be the one at `id`, and checks its hash.
pub(crate) fn leaf(line: LineId, id: EntryId, row: &Row<'_>) -> Result<(Hash, Vec<u8>), Fault> {
    if number(row, 0) != Some(id.index) {
        return Err(Fault::Damaged(Damage::Entry { line, id, part: "missing" }));
    }
    let held = (|| {
        let (hash, leaf) = (Hash(array(row, 1)?), bytes(row, 2)?);
        (leaf_hash(leaf) == hash).then(|| (hash, leaf.to_vec()))
    })();
    held.ok_or(Fault::Damaged(Damage::Entry { line, id, part: "leaf" }))
}

/// Reads a row of `checkpoint`, and returns its seal too.
pub(crate) fn checkpoint(
    vault: &Vault,
    line: LineId,
    log: PostIndex,
    row: &Row<'_>,
) -> Result<(StoredCheckpoint, Vec<u8>), Fault> {
    let held = (|| {
        let kept = StoredCheckpoint {
            log,
            size: number(row, 0)?,
            root: Hash(array(row, 1)?),
            signature: array(row, 2)?,
        };
        let seal = bytes(row, 3)?;
        vault.is_seal(&checkpoint_place(line, &kept), seal).then(|| (kept, seal.to_vec()))
    })();
    held.ok_or_else(|| {
        let size = number(row, 0).map_or_else(|| "?".to_owned(), |size| size.to_string());
        Fault::Damaged(Damage::Row {
            table: "checkpoint",
            key: format!("of log {log} at size {size}"),
        })
    })
}

/// Opens the value of a row of `state`.
pub(crate) fn state(
    vault: &Vault,
    line: LineId,
    key: &str,
    sealed: &[u8],
) -> Result<Sealed, Fault> {
    match vault.open(&state_place(line, key), sealed) {
        Some(value) => Ok(Sealed(value.to_vec())),
        None => Err(Fault::Damaged(Damage::Row { table: "state", key: key.to_owned() })),
    }
}

pub(crate) fn head_place(line: LineId, head: &Head) -> Place {
    Place::row("head", line)
        .number(u64::from(head.log.0))
        .number(head.size)
        .part(&head.root.0)
        .part(&head.frontier)
}

pub(crate) fn entry_place(line: LineId, id: EntryId, leaf_hash: Hash) -> Place {
    Place::row("entry", line).number(u64::from(id.log.0)).number(id.index).part(&leaf_hash.0)
}

pub(crate) fn checkpoint_place(line: LineId, kept: &StoredCheckpoint) -> Place {
    Place::row("checkpoint", line)
        .number(u64::from(kept.log.0))
        .number(kept.size)
        .part(&kept.root.0)
        .part(&kept.signature)
}

pub(crate) fn state_place(line: LineId, key: &str) -> Place {
    Place::row("state", line).part(key.as_bytes())
}

pub(crate) fn evidence_place(line: LineId, name: &str, proof: &[u8]) -> Place {
    Place::row("evidence", line).part(name.as_bytes()).part(proof)
}

/// Returns a column as bytes, without copying.
pub(crate) fn bytes<'row>(row: &'row Row<'_>, column: usize) -> Option<&'row [u8]> {
    row.get_ref(column).ok()?.as_blob().ok()
}

/// Returns a column as text, without copying.
pub(crate) fn text<'row>(row: &'row Row<'_>, column: usize) -> Option<&'row str> {
    row.get_ref(column).ok()?.as_str().ok()
}

/// Returns a column as a number that is not negative.
pub(crate) fn number(row: &Row<'_>, column: usize) -> Option<u64> {
    u64::try_from(row.get_ref(column).ok()?.as_i64().ok()?).ok()
}

fn array<const LEN: usize>(row: &Row<'_>, column: usize) -> Option<[u8; LEN]> {
    bytes(row, column)?.try_into().ok()
}

fn line(vault: &Vault, row: &Row<'_>) -> Option<(LineId, LineBook, u64)> {
    let line = LineId(array(row, 1)?);
    let tally = |count, sum| Some(Tally { count: number(row, count)?, sum: array(row, sum)? });
    let book = LineBook {
        line_no: i64::try_from(number(row, 0)?).ok()?,
        sequence: number(row, 2)?,
        previous: array(row, 3)?,
        heads: std::collections::BTreeMap::new(),
        checkpoints: tally(5, 6)?,
        state: tally(7, 8)?,
        evidence: tally(9, 10)?,
    };
    let log_count = number(row, 4)?;
    vault.is_seal(&book.place(line, log_count), bytes(row, 11)?).then_some((line, book, log_count))
}
