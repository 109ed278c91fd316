//! How much one post may send, and how the other side counts it.
//!
//! The sender holds itself to a sliding window ([`OwnMeter`]) before release. The receiver cannot
//! use the same window: what was sent over three days of a broken line arrives within a minute, and an
//! honest peer must never be refused for that. So the receiver counts an allowance that grows by
//! one quota a day, up to a month ([`PeerMeter`]): whoever keeps to the sliding window can never
//! exceed it, however late its entries come, if they come within that month. Time is ours and runs since start.
//!
//! What follows an excess (a signed refusal, no receipt, one grouped alarm) is the engine's.

use std::collections::VecDeque;

use khatt_record::Precedence;
use khatt_record::charter::Quotas;

use crate::Now;
use crate::StateError;
use crate::pack::{Pack, Unpack};
use crate::timer::Stopwatch;

#[cfg(test)]
mod tests;

/// Whether an entry is within the quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is; it was counted.
    Within,
    /// It is not; nothing was counted.
    Over(Limit),
}

/// Which quota an entry would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Bytes of one entry.
    EntryBytes,
    /// Entries in a day.
    EntriesPerDay,
    /// Bytes in a day.
    BytesPerDay,
    /// FLASH messages in an hour.
    FlashPerHour,
}

/// What our own post has released lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnMeter {
    entries: Window,
    bytes: Window,
    flash: Window,
}

/// What a peer's post may still send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerMeter {
    entries: Allowance,
    bytes: Allowance,
    flash: Allowance,
    over: u64,
}

/// For how many days a peer's unused allowance is kept.
pub const KEPT_DAYS: u64 = 31;

/// Counts by bucket of time, oldest first; at most [`BUCKETS`] + 1 of them.
///
/// Buckets are numbered from the start of the post; what was counted before has negative numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Window(VecDeque<(i64, u64)>);

/// What is left, in counts times milliseconds of the window, so that nothing is rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowance {
    left: u128,
    grown: Stopwatch,
}

const DAY_MS: u64 = 24 * 3_600_000;
const HOUR_MS: u64 = 3_600_000;
/// Buckets of a window: a day is counted in hours, an hour in 2.5 minutes.
const BUCKETS: i64 = 24;
const WHAT: &str = "quota meter";
const VERSION: u64 = 1;

impl Limit {
    /// Returns the stable code of this excess.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::EntryBytes => "KC-2401",
            Self::EntriesPerDay => "KC-2402",
            Self::BytesPerDay => "KC-2403",
            Self::FlashPerHour => "KC-2404",
        }
    }
}

impl OwnMeter {
    /// Returns a meter of a post that has sent nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an entry that is about to be released, or says which quota forbids it.
    pub fn admit(
        &mut self,
        now: Now,
        quotas: &Quotas,
        bytes: u64,
        precedence: Precedence,
    ) -> Verdict {
        let verdict = self.check(now, quotas, bytes, precedence);
        if verdict == Verdict::Within {
            self.entries.add(now, DAY_MS, 1);
            self.bytes.add(now, DAY_MS, bytes);
            if precedence == Precedence::Flash {
                self.flash.add(now, HOUR_MS, 1);
            }
        }
        verdict
    }

    /// Says whether an entry could be released now, and counts nothing.
    #[must_use]
    pub fn check(&self, now: Now, quotas: &Quotas, bytes: u64, precedence: Precedence) -> Verdict {
        let over = |window: &Window, ms, amount: u64, limit: u64| {
            window.sum(now, ms).saturating_add(amount) > limit
        };
        if bytes > quotas.entry_bytes.into() {
            Verdict::Over(Limit::EntryBytes)
        } else if precedence == Precedence::Flash
            && over(&self.flash, HOUR_MS, 1, quotas.flash_per_hour.into())
        {
            Verdict::Over(Limit::FlashPerHour)
        } else if over(&self.entries, DAY_MS, 1, quotas.entries_per_day.into()) {
            Verdict::Over(Limit::EntriesPerDay)
        } else if over(&self.bytes, DAY_MS, bytes, quotas.bytes_per_day) {
            Verdict::Over(Limit::BytesPerDay)
        } else {
            Verdict::Within
        }
    }

    /// Returns the meter as bytes that [`OwnMeter::decode`] reads.
    #[must_use]
    pub fn encode(&self, now: Now) -> Vec<u8> {
        let mut pack = Pack::array_of(4);
        pack.uint(VERSION);
        self.entries.pack(&mut pack, now, DAY_MS);
        self.bytes.pack(&mut pack, now, DAY_MS);
        self.flash.pack(&mut pack, now, HOUR_MS);
        pack.finish()
    }

    /// Reads a meter back after a restart; what was counted counts as of now.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the bytes are not exactly what [`OwnMeter::encode`] writes.
    pub fn decode(bytes: &[u8], now: Now) -> Result<Self, StateError> {
        let mut unpack = Unpack::new(bytes, WHAT);
        unpack.exactly(4)?;
        if unpack.uint()? != VERSION {
            return unpack.fault();
        }
        let meter = Self {
            entries: Window::unpack(&mut unpack, now, DAY_MS)?,
            bytes: Window::unpack(&mut unpack, now, DAY_MS)?,
            flash: Window::unpack(&mut unpack, now, HOUR_MS)?,
        };
        unpack.finish(&meter.encode(now))?;
        Ok(meter)
    }
}

impl PeerMeter {
    /// Returns the meter of a peer from which nothing has come: one quota is free at once.
    #[must_use]
    pub fn new(now: Now, quotas: &Quotas) -> Self {
        Self {
            entries: Allowance::new(now, DAY_MS, quotas.entries_per_day.into()),
            bytes: Allowance::new(now, DAY_MS, quotas.bytes_per_day),
            flash: Allowance::new(now, HOUR_MS, quotas.flash_per_hour.into()),
            over: 0,
        }
    }

    /// Counts an entry that has come, or says which quota it exceeds.
    pub fn admit(
        &mut self,
        now: Now,
        quotas: &Quotas,
        bytes: u64,
        precedence: Precedence,
    ) -> Verdict {
        self.entries.grow(now, DAY_MS, quotas.entries_per_day.into());
        self.bytes.grow(now, DAY_MS, quotas.bytes_per_day);
        self.flash.grow(now, HOUR_MS, quotas.flash_per_hour.into());
        let flash = u64::from(precedence == Precedence::Flash);
        let verdict = if bytes > quotas.entry_bytes.into() {
            Verdict::Over(Limit::EntryBytes)
        } else if !self.flash.covers(HOUR_MS, flash) {
            Verdict::Over(Limit::FlashPerHour)
        } else if !self.entries.covers(DAY_MS, 1) {
            Verdict::Over(Limit::EntriesPerDay)
        } else if !self.bytes.covers(DAY_MS, bytes) {
            Verdict::Over(Limit::BytesPerDay)
        } else {
            self.entries.take(DAY_MS, 1);
            self.bytes.take(DAY_MS, bytes);
            self.flash.take(HOUR_MS, flash);
            return Verdict::Within;
        };
        self.over = self.over.saturating_add(1);
        verdict
    }

    /// Returns how many entries were over a quota since the peer was first met.
    #[must_use]
    pub const fn over(&self) -> u64 {
        self.over
    }

    /// Returns the meter as bytes that [`PeerMeter::decode`] reads.
    #[must_use]
    pub fn encode(&self, now: Now) -> Vec<u8> {
        let mut pack = Pack::array_of(6);
        pack.uint(VERSION).uint(now.wall_ms);
        for allowance in [&self.entries, &self.bytes, &self.flash] {
            let left = allowance.left.to_be_bytes();
            pack.array(2).bytes(&left);
            allowance.grown.pack(&mut pack, now);
        }
        pack.uint(self.over);
        pack.finish()
    }

    /// Reads a meter back after a restart. The time that we were down is granted to the peer by our
    /// own wall clock: it cannot know that we were away, and a wrong clock here only forgives.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the bytes are not exactly what [`PeerMeter::encode`] writes.
    pub fn decode(bytes: &[u8], now: Now) -> Result<Self, StateError> {
        let mut unpack = Unpack::new(bytes, WHAT);
        unpack.exactly(6)?;
        if unpack.uint()? != VERSION {
            return unpack.fault();
        }
        let saved_wall_ms = unpack.uint()?;
        let mut read = || {
            unpack.exactly(2)?;
            let left = u128::from_be_bytes(unpack.fixed()?);
            Ok((left, unpack.uint()?))
        };
        let saved = [read()?, read()?, read()?];
        let over = unpack.uint()?;
        let mut again = Pack::array_of(6);
        again.uint(VERSION).uint(saved_wall_ms);
        for (left, age_ms) in saved {
            again.array(2).bytes(&left.to_be_bytes()).uint(age_ms);
        }
        again.uint(over);
        unpack.finish(&again.finish())?;
        let away_ms = now.wall_ms.saturating_sub(saved_wall_ms);
        let [entries, bytes, flash] = saved.map(|(left, age_ms)| Allowance {
            left,
            grown: Stopwatch::having_run(now, age_ms.saturating_add(away_ms)),
        });
        Ok(Self { entries, bytes, flash, over })
    }
}

impl Window {
    fn bucket(now: Now, window_ms: u64) -> i64 {
        i64::try_from(now.mono_ms / (window_ms / BUCKETS.unsigned_abs())).unwrap_or(i64::MAX)
    }

    /// Counts the oldest bucket in full, so that no window of the true length is ever undercounted.
    fn sum(&self, now: Now, window_ms: u64) -> u64 {
        let oldest = Self::bucket(now, window_ms).saturating_sub(BUCKETS);
        let recent = self.0.iter().filter(|(bucket, _)| *bucket >= oldest);
        recent.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    fn add(&mut self, now: Now, window_ms: u64, amount: u64) {
        let current = Self::bucket(now, window_ms);
        let oldest = current.saturating_sub(BUCKETS);
        while self.0.front().is_some_and(|(bucket, _)| *bucket < oldest) {
            self.0.pop_front();
        }
        match self.0.back_mut() {
            Some((bucket, count)) if *bucket >= current => *count = count.saturating_add(amount),
            _ => self.0.push_back((current, amount)),
        }
    }

    fn pack(&self, pack: &mut Pack, now: Now, window_ms: u64) {
        let current = Self::bucket(now, window_ms);
        let age = |bucket: i64| current.saturating_sub(bucket).max(0).unsigned_abs();
        let recent = || self.0.iter().filter(|(bucket, _)| age(*bucket) <= BUCKETS.unsigned_abs());
        pack.array(recent().count());
        for (bucket, count) in recent() {
            pack.array(2).uint(age(*bucket)).uint(*count);
        }
    }

    fn unpack(unpack: &mut Unpack<'_>, now: Now, window_ms: u64) -> Result<Self, StateError> {
        let current = Self::bucket(now, window_ms);
        let mut buckets = VecDeque::new();
        for _ in 0..unpack.at_most(usize::try_from(BUCKETS).unwrap_or(0) + 1)? {
            unpack.exactly(2)?;
            let age = i64::try_from(unpack.uint()?).or_else(|_| unpack.fault())?;
            let bucket = current.saturating_sub(age);
            if buckets.back().is_some_and(|(newest, _)| *newest >= bucket) {
                return unpack.fault();
            }
            buckets.push_back((bucket, unpack.uint()?));
        }
        Ok(Self(buckets))
    }
}

impl Allowance {
    fn new(now: Now, window_ms: u64, limit: u64) -> Self {
        Self { left: u128::from(limit) * u128::from(window_ms), grown: Stopwatch::start(now) }
    }

    fn grow(&mut self, now: Now, window_ms: u64, limit: u64) {
        let per_ms = u128::from(limit);
        let most = per_ms.saturating_mul(u128::from(window_ms + KEPT_DAYS * DAY_MS));
        let grown = per_ms.saturating_mul(u128::from(self.grown.elapsed_ms(now)));
        self.left = self.left.saturating_add(grown).min(most);
        self.grown = Stopwatch::start(now);
    }

    fn covers(&self, window_ms: u64, amount: u64) -> bool {
        u128::from(amount) * u128::from(window_ms) <= self.left
    }

    fn take(&mut self, window_ms: u64, amount: u64) {
        let taken = u128::from(amount) * u128::from(window_ms);
        self.left = self.left.saturating_sub(taken);
    }
}
