SELECT size, root, signature, seal
FROM checkpoint
WHERE line_no = ?1 AND log = ?2 AND size >= ?3
ORDER BY size
LIMIT ?4
