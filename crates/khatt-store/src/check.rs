//! Looking for damage: the tail and the working state at each start, everything in the background.

use khatt_core::store::{Head, SETTLED};
use khatt_record::merkle::Frontier;
use khatt_record::{EntryId, LineId, PostIndex};
use rusqlite::{Connection, params};

use crate::books::{Books, LineBook, Tally};
use crate::damage::{BEYOND, Damage};
use crate::head_file::Heads;
use crate::rows::{self, Fault, bytes, text};
use crate::sql;
use crate::vault::Vault;

/// Compares the books with the head file. Returns the damage, and whether the last commit was not
/// acknowledged yet.
pub(crate) fn against_head_file(books: &Books, heads: &Heads) -> (Vec<Damage>, bool) {
    let head_file = |what| (vec![Damage::HeadFile { what }], false);
    let (had, found) = (heads.sequence, books.sequence());
    if heads.store_id != books.store_id {
        return head_file("of another store");
    }
    if found == had {
        return if heads.digest == books.digest() {
            (Vec::new(), false)
        } else {
            let lost = lost_entries(books, heads);
            (if lost.is_empty() { vec![Damage::LostCommits { had, found }] } else { lost }, false)
        };
    }
    if found > had {
        // Only the one commit that was under way when the process ended may be ahead.
        return if found == had.saturating_add(1) && books.previous() == Some(heads.digest) {
            (Vec::new(), true)
        } else {
            head_file("older than the database")
        };
    }
    let mut damage = lost_entries(books, heads);
    damage.push(Damage::LostCommits { had, found });
    (damage, false)
}

fn lost_entries(books: &Books, heads: &Heads) -> Vec<Damage> {
    let size = |line, log| {
        books.line(line).and_then(|book| book.heads.get(&log)).map_or(0, |head: &Head| head.size)
    };
    heads
        .sizes
        .iter()
        .map(|(line, log, had)| (*line, *log, *had, size(*line, *log)))
        .filter(|(_, _, had, found)| found < had)
        .map(|(line, log, had, found)| Damage::LostEntries { line, log, had, found })
        .collect()
}

/// Looks at the last `count` entries of every log, and at all working state and evidence.
pub(crate) fn tail(
    conn: &Connection,
    vault: &Vault,
    books: &Books,
    count: u64,
) -> Result<Vec<Damage>, Fault> {
    let mut damage = Vec::new();
    for (line, book) in books.lines() {
        for head in book.heads.values() {
            let from = head.size.saturating_sub(count);
            let mut walk = Walk::new(line, book.line_no, head.log, from);
            walk.on(conn, vault, head.size.saturating_sub(from), &mut damage)?;
            beyond(conn, line, book.line_no, head, &mut damage)?;
        }
        state(conn, vault, line, book, Depth::Start, &mut damage)?;
        evidence(conn, vault, line, book, &mut damage)?;
    }
    Ok(damage)
}

/// How closely the working state is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Every row is opened.
    Whole,
    /// What is settled is only counted: there may be a row for every message of years.
    Start,
}

/// A walk over the entries of one log.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    line: LineId,
    line_no: i64,
    pub(crate) log: PostIndex,
    pub(crate) index: u64,
    frontier: Frontier,
    /// Whether `frontier` covers every entry so far.
    whole: bool,
}

impl Walk {
    pub(crate) fn new(line: LineId, line_no: i64, log: PostIndex, from: u64) -> Self {
        Self { line, line_no, log, index: from, frontier: Frontier::new(), whole: from == 0 }
    }

    /// Reads the next `count` entries, all of which must be there.
    pub(crate) fn on(
        &mut self,
        conn: &Connection,
        vault: &Vault,
        count: u64,
        damage: &mut Vec<Damage>,
    ) -> Result<(), Fault> {
        let end = self.index.saturating_add(count);
        while self.index < end {
            match self.run(conn, vault, end, damage) {
                Ok(()) => {}
                Err(Fault::Damaged(found)) => {
                    // Nothing more of this log can be read past a malformed page.
                    damage.push(found);
                    self.whole = false;
                    self.index = end;
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Tells whether the entries walked over from the first lead to another root than `head`'s.
    pub(crate) fn leads_elsewhere(&self, head: &Head) -> bool {
        self.whole && self.index == head.size && self.frontier.root() != head.root
    }

    fn run(
        &mut self,
        conn: &Connection,
        vault: &Vault,
        end: u64,
        damage: &mut Vec<Damage>,
    ) -> Result<(), Fault> {
        let mut statement = conn.prepare_cached(sql::ENTRIES_SELECT)?;
        let limit = signed(end.saturating_sub(self.index));
        let place = params![self.line_no, self.log.0, signed(self.index), limit];
        let mut rows = statement.query(place)?;
        while self.index < end {
            let id = EntryId { log: self.log, index: self.index };
            let missing = Damage::Entry { line: self.line, id, part: "missing" };
            let Some(row) = rows.next()? else {
                // Whatever is left is missing; one name for the run is enough to act on.
                damage.push(missing);
                self.whole = false;
                self.index = end;
                return Ok(());
            };
            let found = rows::number(row, 0);
            if found.is_some_and(|found| found > self.index && found < end) {
                damage.push(missing);
                self.whole = false;
                self.index = found.unwrap_or(end);
                return Ok(());
            }
            match rows::entry(vault, self.line, id, row) {
                Ok(entry) => self.frontier.append(entry.leaf_hash),
                Err(Fault::Damaged(found)) => {
                    // A damaged open part leaves the tree alone.
                    match rows::leaf(self.line, id, row) {
                        Ok((hash, _)) => self.frontier.append(hash),
                        Err(_) => self.whole = false,
                    }
                    damage.push(found);
                }
                Err(other) => return Err(other),
            }
            self.index = self.index.saturating_add(1);
        }
        Ok(())
    }
}

/// Looks for entries past a log's head.
pub(crate) fn beyond(
    conn: &Connection,
    line: LineId,
    line_no: i64,
    head: &Head,
    damage: &mut Vec<Damage>,
) -> Result<(), Fault> {
    let found = (|| {
        let mut statement = conn.prepare_cached(sql::LEAVES_SELECT)?;
        let place = params![line_no, head.log.0, signed(head.size), 1];
        Ok(statement.query(place)?.next()?.is_some())
    })();
    if noted(found, damage)? == Some(true) {
        let id = EntryId { log: head.log, index: head.size };
        damage.push(Damage::Entry { line, id, part: BEYOND });
    }
    Ok(())
}

/// Opens all working state of a line and compares the rows with their tally.
pub(crate) fn state(
    conn: &Connection,
    vault: &Vault,
    line: LineId,
    book: &LineBook,
    depth: Depth,
    damage: &mut Vec<Damage>,
) -> Result<(), Fault> {
    let tally = (|| {
        let mut tally = Tally::default();
        let mut statement = conn.prepare_cached(sql::STATE_SELECT)?;
        let mut found = statement.query(params![book.line_no, ""])?;
        while let Some(row) = found.next()? {
            let (Some(key), Some(sealed)) = (text(row, 0), bytes(row, 1)) else {
                return Err(Fault::Damaged(Damage::Table { table: "state", line }));
            };
            if depth == Depth::Whole || !key.starts_with(SETTLED) {
                rows::state(vault, line, key, sealed)?;
            }
            tally.add(sealed);
        }
        Ok(tally)
    })();
    compare(tally, book.state, Damage::Table { table: "state", line }, damage)
}

/// Checks all evidence of a line and compares the rows with their tally.
pub(crate) fn evidence(
    conn: &Connection,
    vault: &Vault,
    line: LineId,
    book: &LineBook,
    damage: &mut Vec<Damage>,
) -> Result<(), Fault> {
    let tally = evidence_rows(conn, vault, line, book.line_no).map(|(tally, _)| tally);
    compare(tally, book.evidence, Damage::Table { table: "evidence", line }, damage)
}

/// Checks all checkpoints of a line and compares the rows with their tally.
pub(crate) fn checkpoints(
    conn: &Connection,
    vault: &Vault,
    line: LineId,
    book: &LineBook,
    damage: &mut Vec<Damage>,
) -> Result<(), Fault> {
    let tally = (|| {
        let mut tally = Tally::default();
        let mut statement = conn.prepare_cached(sql::CHECKPOINT_LOGS_SELECT)?;
        let logs = statement
            .query_map([book.line_no], |row| row.get::<_, u8>(0))?
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Fault::Damaged(Damage::Table { table: "checkpoint", line }))?;
        for log in logs {
            let mut statement = conn.prepare_cached(sql::CHECKPOINTS_SELECT)?;
            let mut found = statement.query(params![book.line_no, log, 0, i64::MAX])?;
            while let Some(row) = found.next()? {
                let (_, seal) = rows::checkpoint(vault, line, PostIndex(log), row)?;
                tally.add(&seal);
            }
        }
        Ok(tally)
    })();
    compare(tally, book.checkpoints, Damage::Table { table: "checkpoint", line }, damage)
}

/// Evidence by name, as [`khatt_core::store::Reader::evidence`] returns it.
pub(crate) type Evidence = Vec<(String, Vec<u8>)>;

/// Reads the evidence of a line and its tally.
pub(crate) fn evidence_rows(
    conn: &Connection,
    vault: &Vault,
    line: LineId,
    line_no: i64,
) -> Result<(Tally, Evidence), Fault> {
    let mut tally = Tally::default();
    let mut evidence = Vec::new();
    let mut statement = conn.prepare_cached(sql::EVIDENCE_SELECT)?;
    let mut found = statement.query([line_no])?;
    while let Some(row) = found.next()? {
        let (Some(name), Some(proof), Some(seal)) = (text(row, 0), bytes(row, 1), bytes(row, 2))
        else {
            return Err(Fault::Damaged(Damage::Table { table: "evidence", line }));
        };
        if !vault.is_seal(&rows::evidence_place(line, name, proof), seal) {
            let key = name.to_owned();
            return Err(Fault::Damaged(Damage::Row { table: "evidence", key }));
        }
        tally.add(seal);
        evidence.push((name.to_owned(), proof.to_vec()));
    }
    Ok((tally, evidence))
}

/// Returns a size or count for SQL, which has signed numbers; nothing stored is greater.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn compare(
    found: Result<Tally, Fault>,
    wanted: Tally,
    otherwise: Damage,
    damage: &mut Vec<Damage>,
) -> Result<(), Fault> {
    if noted(found, damage)?.is_some_and(|found| found != wanted) {
        damage.push(otherwise);
    }
    Ok(())
}

/// Notes damage and goes on; any other fault ends the check.
fn noted<T>(found: Result<T, Fault>, damage: &mut Vec<Damage>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Fault::Damaged(found)) => {
            damage.push(found);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}
