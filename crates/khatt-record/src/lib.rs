//! What was written on a Khatt line: keys, entries, log, checkpoints, receipts, sealing, and their checks.
