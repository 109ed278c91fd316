INSERT INTO line (
    line_no, line_id, sequence, previous, log_count, checkpoint_count, checkpoint_sum,
    state_count, state_sum, evidence_count, evidence_sum, seal
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (line_no) DO UPDATE SET
    line_id = excluded.line_id,
    sequence = excluded.sequence,
    previous = excluded.previous,
    log_count = excluded.log_count,
    checkpoint_count = excluded.checkpoint_count,
    checkpoint_sum = excluded.checkpoint_sum,
    state_count = excluded.state_count,
    state_sum = excluded.state_sum,
    evidence_count = excluded.evidence_count,
    evidence_sum = excluded.evidence_sum,
    seal = excluded.seal
