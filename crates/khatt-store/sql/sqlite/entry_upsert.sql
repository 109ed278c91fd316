INSERT INTO entry (line_no, log, entry_index, leaf_hash, leaf, sealed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (line_no, log, entry_index) DO UPDATE SET
    leaf_hash = excluded.leaf_hash,
    leaf = excluded.leaf,
    sealed = excluded.sealed
