SELECT
    line_no, line_id, sequence, previous, log_count, checkpoint_count, checkpoint_sum,
    state_count, state_sum, evidence_count, evidence_sum, seal
FROM line
ORDER BY line_no
