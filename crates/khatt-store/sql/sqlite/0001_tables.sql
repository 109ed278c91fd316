-- The tables of a post's store. Every row carries an AEAD seal over its other columns (spec/store.md).
CREATE TABLE store (
    store_id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    min_reader_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE line (
    line_no INTEGER NOT NULL PRIMARY KEY,
    line_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    previous BLOB NOT NULL,
    log_count INTEGER NOT NULL,
    checkpoint_count INTEGER NOT NULL,
    checkpoint_sum BLOB NOT NULL,
    state_count INTEGER NOT NULL,
    state_sum BLOB NOT NULL,
    evidence_count INTEGER NOT NULL,
    evidence_sum BLOB NOT NULL,
    seal BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE head (
    line_no INTEGER NOT NULL,
    log INTEGER NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    frontier BLOB NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (line_no, log)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    line_no INTEGER NOT NULL,
    log INTEGER NOT NULL,
    entry_index INTEGER NOT NULL,
    leaf_hash BLOB NOT NULL,
    leaf BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (line_no, log, entry_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
    line_no INTEGER NOT NULL,
    log INTEGER NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    signature BLOB NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (line_no, log, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
    line_no INTEGER NOT NULL,
    key TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (line_no, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
    line_no INTEGER NOT NULL,
    name TEXT NOT NULL,
    proof BLOB NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (line_no, name)
) STRICT, WITHOUT ROWID;
