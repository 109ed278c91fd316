INSERT INTO checkpoint (line_no, log, size, root, signature, seal)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
