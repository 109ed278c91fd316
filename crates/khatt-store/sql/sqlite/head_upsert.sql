INSERT INTO head (line_no, log, size, root, frontier, seal)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (line_no, log) DO UPDATE SET
    size = excluded.size,
    root = excluded.root,
    frontier = excluded.frontier,
    seal = excluded.seal
