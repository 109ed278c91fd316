INSERT INTO evidence (line_no, name, proof, seal)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (line_no, name) DO NOTHING
