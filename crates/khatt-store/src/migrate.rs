//! Moving the tables of an older version on to this one: numbered files of SQL, forward only.
//!
//! A new store is made by the same files in the same order, so a store that was moved on and one that
//! was made today have the same tables, to the letter, and no table is ever defined twice.

use rusqlite::{Connection, params};

use crate::check::signed;
use crate::error::OpenError;
use crate::rows;
use crate::settings;
use crate::sql;

/// One step from a version to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// The least version whose code may still read the tables after this step.
    pub(crate) min_reader_version: u64,
    /// The statements, from a file `sql/sqlite/NNNN_name.sql` numbered by the version it leads to.
    pub(crate) sql: &'static str,
}

/// The version whose tables `0001_tables.sql` makes. No store of an earlier one was ever released:
/// version 1 had the same tables, and a head file that held no batch.
pub(crate) const BASE: u64 = 2;

/// Every step after it, in order. A step that has been released is never edited.
pub(crate) const MIGRATIONS: &[Migration] = &[];

/// The version of the tables that this code writes and reads.
pub(crate) const VERSION: u64 = BASE + MIGRATIONS.len() as u64;

/// Makes the tables of a new store.
pub(crate) fn make(conn: &Connection, known: &[Migration]) -> Result<(), OpenError> {
    conn.execute_batch(sql::TABLES).map_err(settings::failed)?;
    known.iter().try_for_each(|step| conn.execute_batch(step.sql)).map_err(settings::failed)
}

/// Returns the version of the tables, or refuses what code that knows `known` must not touch.
pub(crate) fn version_of(conn: &Connection, known: u64) -> Result<u64, OpenError> {
    let held = conn
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'store'", [], |row| {
            row.get::<_, i64>(0)
        })
        .map_err(|error| OpenError::from(rows::Fault::from(error)))?;
    if held != 1 {
        return Err(OpenError::LocalDamaged { what: "the tables' definitions".to_owned() });
    }
    let (_, version, least) = rows::store(conn)?;
    if least > known || version > known {
        // Newer tables are never guessed at, even where an older reader would be allowed.
        return Err(OpenError::LocalTooOld { needed: least.max(version), known });
    }
    if version < BASE {
        return Err(OpenError::LocalOutdated { found: version, known });
    }
    Ok(version)
}

/// Takes every step that the tables still lack, in one transaction: all of them or none.
///
/// The caller has made a copy. Returns the version before.
pub(crate) fn apply(conn: &Connection, known: &[Migration]) -> Result<u64, OpenError> {
    let newest = BASE.saturating_add(known.len() as u64);
    let tx = conn.unchecked_transaction().map_err(settings::failed)?;
    let from = version_of(&tx, newest)?;
    let taken = usize::try_from(from.saturating_sub(BASE)).unwrap_or(usize::MAX);
    for (step, version) in known.iter().zip(BASE.saturating_add(1)..).skip(taken) {
        tx.execute_batch(step.sql).map_err(settings::failed)?;
        let versions = params![signed(version), signed(step.min_reader_version)];
        tx.execute(sql::STORE_VERSION_UPDATE, versions).map_err(settings::failed)?;
    }
    if settings::tables(&tx)? != settings::tables_of(known)? {
        // Dropping the transaction undoes every step.
        return Err(OpenError::LocalDamaged { what: "the tables' definitions".to_owned() });
    }
    tx.commit().map_err(settings::failed)?;
    Ok(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: Migration = Migration {
        min_reader_version: BASE + 1,
        sql: "CREATE TABLE note (
            line_no INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
            INSERT INTO note (line_no, text) SELECT line_no, 'moved' FROM line;",
    };
    const WIDER: Migration = Migration {
        min_reader_version: BASE + 1,
        sql: "ALTER TABLE note ADD COLUMN author INTEGER NOT NULL DEFAULT 0;",
    };
    const BROKEN: Migration = Migration {
        min_reader_version: BASE + 3,
        sql: "CREATE TABLE other (a INTEGER NOT NULL) STRICT; INSERT INTO nowhere VALUES (1);",
    };

    fn store() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        make(&conn, &[]).unwrap();
        let row = params![[7_u8; 16], signed(BASE), signed(BASE)];
        conn.execute(sql::STORE_INSERT, row).unwrap();
        conn
    }

    fn version(conn: &Connection) -> (u64, u64) {
        let (_, version, least) = rows::store(conn).unwrap();
        (version, least)
    }

    #[test]
    fn older_tables_become_those_of_a_new_store_to_the_letter() {
        let conn = store();
        assert_eq!(apply(&conn, &[NOTE, WIDER]).unwrap(), BASE);
        assert_eq!(version(&conn), (BASE + 2, BASE + 1));
        assert_eq!(apply(&conn, &[NOTE, WIDER]).unwrap(), BASE + 2, "nothing is left to do");
        let made = Connection::open_in_memory().unwrap();
        make(&made, &[NOTE, WIDER]).unwrap();
        assert_eq!(settings::tables(&conn).unwrap(), settings::tables(&made).unwrap());
    }

    #[test]
    fn steps_taken_before_are_not_taken_again() {
        let conn = store();
        apply(&conn, &[NOTE]).unwrap();
        conn.execute("INSERT INTO note (line_no, text) VALUES (1, 'kept')", []).unwrap();
        assert_eq!(apply(&conn, &[NOTE, WIDER]).unwrap(), BASE + 1);
        let kept: String = conn
            .query_row("SELECT text FROM note WHERE line_no = 1", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, "kept");
    }

    #[test]
    fn step_that_fails_undoes_all_steps() {
        let conn = store();
        let before = settings::tables(&conn).unwrap();
        assert!(apply(&conn, &[NOTE, WIDER, BROKEN]).is_err());
        assert_eq!(version(&conn), (BASE, BASE));
        assert_eq!(settings::tables(&conn).unwrap(), before);
    }

    #[test]
    fn newer_tables_are_refused() {
        let conn = store();
        apply(&conn, &[NOTE]).unwrap();
        let refused = apply(&conn, &[]).unwrap_err();
        assert_eq!(refused, OpenError::LocalTooOld { needed: BASE + 1, known: BASE });
    }

    #[test]
    fn tables_that_somebody_changed_are_refused_and_left_alone() {
        let conn = store();
        conn.execute_batch("CREATE TABLE strange (a INTEGER) STRICT").unwrap();
        assert!(matches!(apply(&conn, &[NOTE]), Err(OpenError::LocalDamaged { .. })));
        assert_eq!(version(&conn), (BASE, BASE));
    }
}
