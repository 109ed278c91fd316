//! Times gathered over rounds, and what is said of them.

use std::time::{Duration, Instant};

/// The times of many rounds.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Returns the time that this share of all rounds stayed below or at, in microseconds.
    ///
    /// `per_cent` is from 0 to 100; by the nearest rank, so it is always a time that was measured.
    pub(super) fn at_us(&mut self, per_cent: usize) -> f64 {
        self.0.sort_unstable();
        let rank = (self.0.len() * per_cent).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }
}

/// Runs something and says how long it took.
pub(super) fn timed<T>(run: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(Duration, T)> {
    let start = Instant::now();
    let done = run()?;
    Ok((start.elapsed(), done))
}
