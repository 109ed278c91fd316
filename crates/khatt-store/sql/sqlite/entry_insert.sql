INSERT INTO entry (line_no, log, entry_index, leaf_hash, leaf, sealed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
