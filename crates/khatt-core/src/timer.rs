//! Deadlines and stopwatches that run by the time since start and outlive a restart.
//!
//! The time since start begins again at zero when a post restarts, and the wall clock is a claim
//! that anyone at the machine can set. So what is kept is the time *remaining* (or the time already
//! *run*) when it was last saved. A restart therefore never shortens a deadline; it lengthens it by
//! the time the post was down, and since the last save, and this is counted ([`Restarts`]) and
//! shown, never silent. A host that saves running deadlines once a minute bounds the latter to a minute.

use crate::Now;
use crate::pack::{Pack, StateError, Unpack};

/// An instant by the time since start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    at_mono_ms: u64,
}

impl Deadline {
    /// Returns the deadline `ms` milliseconds from `now`.
    #[must_use]
    pub const fn after(now: Now, ms: u64) -> Self {
        Self { at_mono_ms: now.mono_ms.saturating_add(ms) }
    }

    /// Tells whether the deadline is reached; the instant itself counts as reached.
    #[must_use]
    pub const fn is_due(self, now: Now) -> bool {
        self.at_mono_ms <= now.mono_ms
    }

    /// Returns the milliseconds left, 0 once it is due.
    #[must_use]
    pub const fn remaining_ms(self, now: Now) -> u64 {
        self.at_mono_ms.saturating_sub(now.mono_ms)
    }

    /// Returns the instant in milliseconds since start.
    #[must_use]
    pub const fn mono_ms(self) -> u64 {
        self.at_mono_ms
    }

    pub(crate) fn pack(self, pack: &mut Pack, now: Now) {
        pack.uint(self.remaining_ms(now));
    }

    pub(crate) fn unpack(unpack: &mut Unpack<'_>, now: Now) -> Result<Self, StateError> {
        Ok(Self::after(now, unpack.uint()?))
    }
}

/// How long ago something was, by our own time since start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopwatch {
    before_ms: u64,
    from_mono_ms: u64,
}

impl Stopwatch {
    /// Starts at zero.
    #[must_use]
    pub const fn start(now: Now) -> Self {
        Self { before_ms: 0, from_mono_ms: now.mono_ms }
    }

    /// Goes on from a stopwatch that has run for `ms` milliseconds.
    #[must_use]
    pub const fn having_run(now: Now, ms: u64) -> Self {
        Self { before_ms: ms, from_mono_ms: now.mono_ms }
    }

    /// Returns the milliseconds run while a post was up.
    #[must_use]
    pub const fn elapsed_ms(self, now: Now) -> u64 {
        self.before_ms.saturating_add(now.mono_ms.saturating_sub(self.from_mono_ms))
    }

    pub(crate) fn pack(self, pack: &mut Pack, now: Now) {
        pack.uint(self.elapsed_ms(now));
    }

    pub(crate) fn unpack(unpack: &mut Unpack<'_>, now: Now) -> Result<Self, StateError> {
        Ok(Self::having_run(now, unpack.uint()?))
    }
}

/// How often a running clock was carried over a restart.
///
/// Anything but zero means that durations measured by it are lower bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Restarts(pub u32);

impl Restarts {
    /// Tells whether durations are exact: no restart lies within them.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn one_more(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A duration by our own time since start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Took {
    /// Measured without interruption, in milliseconds.
    Exactly(u64),
    /// A restart lies within it: at least this many milliseconds.
    AtLeast(u64),
}

impl Took {
    /// Returns the duration with its standing.
    #[must_use]
    pub const fn new(ms: u64, restarts: Restarts) -> Self {
        if restarts.is_zero() { Self::Exactly(ms) } else { Self::AtLeast(ms) }
    }

    /// Returns the milliseconds, whatever their standing.
    #[must_use]
    pub const fn ms(self) -> u64 {
        match self {
            Self::Exactly(ms) | Self::AtLeast(ms) => ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_due_at_its_own_instant_whatever_the_wall_clock_says() {
        let now = Now { wall_ms: 1_000_000, mono_ms: 50 };
        let deadline = Deadline::after(now, 10);
        assert!(!deadline.is_due(Now { wall_ms: u64::MAX, mono_ms: 59 }));
        assert!(deadline.is_due(Now { wall_ms: 0, mono_ms: 60 }));
    }

    #[test]
    fn a_restart_keeps_the_remaining_time_and_never_shortens_it() {
        let before = Now { wall_ms: 0, mono_ms: 900 };
        let deadline = Deadline::after(Now::default(), 1_000);
        let mut pack = Pack::array_of(1);
        deadline.pack(&mut pack, before);
        let bytes = pack.finish();
        let mut unpack = Unpack::new(&bytes, "test");
        unpack.exactly(1).unwrap();
        let after = Deadline::unpack(&mut unpack, Now::default()).unwrap();
        assert_eq!(after.remaining_ms(Now::default()), 100);
    }

    #[test]
    fn a_stopwatch_adds_what_ran_before_a_restart() {
        let mut pack = Pack::array_of(1);
        Stopwatch::start(Now::default()).pack(&mut pack, Now::default().plus_ms(70));
        let bytes = pack.finish();
        let mut unpack = Unpack::new(&bytes, "test");
        unpack.exactly(1).unwrap();
        let watch = Stopwatch::unpack(&mut unpack, Now::default()).unwrap();
        assert_eq!(watch.elapsed_ms(Now::default().plus_ms(30)), 100);
    }
}
