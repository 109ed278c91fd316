//! How SQLite is opened: the settings on which durability rests, each read back before use.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::OpenError;
use crate::migrate::{self, Migration};
use crate::open::Syncs;

pub(crate) const FILE: &str = "post.db";
pub(crate) const WAL_FILE: &str = "post.db-wal";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Makes the database.
    Create,
    /// The one writer, whose commits wait for the head file.
    Write,
    /// Moves tables on, or reads a restored copy; the head file knows nothing of it.
    Upgrade,
    /// One of the readers.
    Read,
}

/// Opens a connection with every setting made and read back.
pub(crate) fn connect(dir: &Path, purpose: Use, syncs: Syncs) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < LEAST_SQLITE {
        return Err(OpenError::LocalOldSqlite { found: rusqlite::version().to_owned() });
    }
    let path = dir.join(FILE);
    if purpose != Use::Create && !path.exists() {
        return Err(OpenError::LocalMissing { file: FILE });
    }
    let access = match purpose {
        Use::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Use::Write | Use::Upgrade => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Use::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(failed)?;
    // A failed sync must not be tried again on the way out: the kernel may say yes and have nothing.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(failed)?;
    // A plan must not depend on the values that are bound: each query would be prepared anew.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    conn.busy_timeout(Duration::from_millis(BUSY_MS)).map_err(failed)?;
    conn.set_prepared_statement_cache_capacity(64);
    if purpose == Use::Create {
        set(&conn, "page_size", "4096")?;
        set(&conn, "application_id", APPLICATION_ID)?;
    }
    if purpose != Use::Read {
        set(&conn, "journal_mode", "wal")?;
    }
    for (name, value) in SETTINGS {
        set(&conn, name, value)?;
    }
    // The writer's commits wait for the head file instead (see `commit`).
    let synchronous = match (purpose, syncs) {
        (Use::Write, Syncs::DangerousOff) => OFF,
        (Use::Write, Syncs::Full) => NORMAL,
        (Use::Create | Use::Upgrade | Use::Read, _) => FULL,
    };
    set(&conn, "synchronous", synchronous)?;
    check(&conn, "synchronous", synchronous)?;
    if purpose == Use::Read {
        set(&conn, "query_only", "1")?;
    }
    for (name, wanted) in SETTINGS.iter().chain(FIXED) {
        check(&conn, name, wanted)?;
    }
    Ok(conn)
}

/// Makes the tables of the current version.
pub(crate) fn make_tables(conn: &Connection) -> Result<(), OpenError> {
    migrate::make(conn, migrate::MIGRATIONS)
}

/// Returns the tables' definitions as a database made by `known` has them.
pub(crate) fn tables_of(known: &[Migration]) -> Result<Vec<[String; 4]>, OpenError> {
    let wanted = Connection::open_in_memory().map_err(failed)?;
    migrate::make(&wanted, known)?;
    tables(&wanted)
}

/// Refuses a database whose tables are not those that this code makes, to the letter.
pub(crate) fn check_tables(conn: &Connection) -> Result<(), OpenError> {
    if tables(conn)? == tables_of(migrate::MIGRATIONS)? {
        Ok(())
    } else {
        Err(OpenError::LocalDamaged { what: "the tables' definitions".to_owned() })
    }
}

/// Sorts an SQLite error met while opening.
pub(crate) fn failed(error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => OpenError::LocalFull,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) | None => {
            OpenError::LocalDamaged { what: format!("{FILE} ({error})") }
        }
        Some(_) => OpenError::LocalIo { what: "opening post.db", reason: error.to_string() },
    }
}

pub(crate) fn tables(conn: &Connection) -> Result<Vec<[String; 4]>, OpenError> {
    let text = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY name";
    let mut statement = conn.prepare(text).map_err(failed)?;
    let rows = statement
        .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
        .map_err(failed)?;
    rows.collect::<Result<_, _>>().map_err(failed)
}

fn set(conn: &Connection, name: &str, value: &str) -> Result<(), OpenError> {
    // Some settings answer with a row and some do not; what they are now is read separately.
    conn.pragma_update(None, name, value).map_err(failed)
}

fn check(conn: &Connection, name: &'static str, wanted: &str) -> Result<(), OpenError> {
    let found = conn
        .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        .map_err(failed)?;
    let found = match found {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    if found == wanted {
        Ok(())
    } else {
        Err(OpenError::LocalSetting { name, wanted: wanted.to_owned(), found })
    }
}

/// SQLite 3.51.3 fixed a race that silently lost committed transactions in WAL mode.
const LEAST_SQLITE: i32 = 3_051_003;
const BUSY_MS: u64 = 5000;
/// "Khat" in ASCII.
const APPLICATION_ID: &str = "1265131892";

/// Values of `synchronous`. With `NORMAL` SQLite syncs before and after it moves pages, and not at a
/// commit.
const OFF: &str = "0";
const NORMAL: &str = "1";
const FULL: &str = "2";

/// Set on every connection. `wal_autocheckpoint` is off because SQLite drops the errors of its own
/// automatic checkpoints; the store runs them itself and stops at the first failed sync.
const SETTINGS: &[(&str, &str)] = &[
    ("fullfsync", "1"),
    ("checkpoint_fullfsync", "1"),
    ("wal_autocheckpoint", "0"),
    ("foreign_keys", "1"),
    ("trusted_schema", "0"),
    ("cell_size_check", "1"),
    ("mmap_size", "0"),
    ("temp_store", "2"),
    ("secure_delete", "1"),
];

/// Read back on every connection, though set once or by other means.
const FIXED: &[(&str, &str)] = &[
    ("journal_mode", "wal"),
    ("page_size", "4096"),
    ("busy_timeout", "5000"),
    ("application_id", APPLICATION_ID),
];
