INSERT INTO state (line_no, key, sealed)
VALUES (?1, ?2, ?3)
ON CONFLICT (line_no, key) DO UPDATE SET sealed = excluded.sealed
