SELECT key, sealed FROM state WHERE line_no = ?1 AND key < ?2
UNION ALL
SELECT key, sealed FROM state WHERE line_no = ?1 AND key >= ?3
