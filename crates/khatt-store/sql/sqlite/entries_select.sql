SELECT entry_index, leaf_hash, leaf, sealed
FROM entry
WHERE line_no = ?1 AND log = ?2 AND entry_index >= ?3
ORDER BY entry_index
LIMIT ?4
