//! A bucket of permissions that refills with time, for what strangers can make us do.

use std::time::{Duration, Instant};

/// Allows a burst, and after it one act per interval.
#[derive(Debug)]
pub(crate) struct Bucket {
    left: u32,
    burst: u32,
    interval: Duration,
    refilled: Instant,
}

impl Bucket {
    pub(crate) fn new(burst: u32, interval: Duration, now: Instant) -> Self {
        Self { left: burst, burst, interval, refilled: now }
    }

    /// Takes one permission, or says that none is left at `now`.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.refilled);
        let earned = passed.as_nanos() / self.interval.as_nanos().max(1);
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(earned).min(self.burst);
            self.refilled =
                if self.left == self.burst { now } else { self.refilled + self.interval * earned };
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_then_one_per_interval() {
        let start = Instant::now();
        let mut bucket = Bucket::new(3, Duration::from_millis(100), start);
        let taken = (0..5).filter(|_| bucket.take(start)).count();
        assert_eq!(taken, 3);
        assert!(!bucket.take(start + Duration::from_millis(99)));
        assert!(bucket.take(start + Duration::from_millis(100)));
        assert!(!bucket.take(start + Duration::from_millis(150)));
        assert!(bucket.take(start + Duration::from_millis(200)), "part intervals add up");
        let later = start + Duration::from_secs(3600);
        assert_eq!((0..9).filter(|_| bucket.take(later)).count(), 3, "never more than the burst");
    }
}
