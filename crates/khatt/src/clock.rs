//! The clocks that a host reads for its engine: this machine's, or those of a scenario.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use khatt_core::Now;

/// What a host reads before every input.
pub trait Clock: Send + Sync {
    /// Returns what both clocks say now.
    fn now(&self) -> Now;

    /// Returns how long to wait, in real time, until the second clock says `mono_ms`; nothing if
    /// whoever moves the clock will tell the host.
    fn until(&self, mono_ms: u64) -> Option<Duration>;
}

/// The clocks of this machine. The second one counts from the moment this was made.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

/// The clock of a scenario, at its start until it is moved. Its copies are one clock.
///
/// After moving it, wake every host that reads it.
#[derive(Clone, Debug)]
pub struct ScenarioClock {
    start_ms: u64,
    now_ms: Arc<AtomicU64>,
}

impl SystemClock {
    /// Starts counting.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { wall_ms: whole_ms(wall), mono_ms: whole_ms(self.started.elapsed()) }
    }

    fn until(&self, mono_ms: u64) -> Option<Duration> {
        Some(Duration::from_millis(mono_ms).saturating_sub(self.started.elapsed()))
    }
}

impl ScenarioClock {
    /// Stands at a scenario's start, `start_ms` milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn new(start_ms: u64) -> Self {
        Self { start_ms, now_ms: Arc::new(AtomicU64::new(0)) }
    }

    /// Returns the milliseconds since the scenario's start.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    /// Moves the clock to this many milliseconds after the start; it never goes back.
    pub fn move_to(&self, now_ms: u64) {
        self.now_ms.fetch_max(now_ms, Ordering::SeqCst);
    }
}

impl Clock for ScenarioClock {
    fn now(&self) -> Now {
        let mono_ms = self.now_ms();
        Now { wall_ms: self.start_ms.saturating_add(mono_ms), mono_ms }
    }

    fn until(&self, _: u64) -> Option<Duration> {
        None
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenario_clock_moves_both_clocks_and_never_back() {
        let clock = ScenarioClock::new(1_000);
        let other = clock.clone();
        other.move_to(500);
        other.move_to(200);
        assert_eq!(clock.now(), Now { wall_ms: 1_500, mono_ms: 500 });
        assert_eq!(clock.until(9_999), None);
    }

    #[test]
    fn system_clock_waits_for_what_is_ahead_and_not_for_what_is_past() {
        let clock = SystemClock::start();
        assert!(clock.until(3_600_000).is_some_and(|wait| wait > Duration::from_secs(3_500)));
        assert_eq!(clock.until(0), Some(Duration::ZERO));
        assert!(clock.now().wall_ms > 1_600_000_000_000);
    }
}
