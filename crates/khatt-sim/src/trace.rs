//! What happened in a run, row by row: for people who look for a cause, and to tell runs apart.
//!
//! The trace holds no text of messages and no keys, though in a run neither is a secret.

use sha2::{Digest, Sha256};

/// A run's trace: its rows, if somebody wants them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    rows: Option<String>,
}

impl Trace {
    /// Keeps nothing.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Keeps the rows.
    pub(crate) fn rows() -> Self {
        Self { rows: Some(String::new()) }
    }

    pub(crate) fn row(&mut self, at_ms: u64, row: impl FnOnce() -> String) {
        let Some(rows) = &mut self.rows else {
            return;
        };
        let (s, ms) = (at_ms / 1000, at_ms % 1000);
        let (m, h) = (s / 60, s / 3600);
        let row = format!("{h:02}:{:02}:{:02}.{ms:03} {}\n", m % 60, s % 60, row());
        rows.push_str(&row);
    }

    /// Returns the rows.
    pub(crate) fn into_rows(self) -> String {
        self.rows.unwrap_or_default()
    }
}

/// Returns the beginning of the hash of some bytes.
pub(crate) fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
