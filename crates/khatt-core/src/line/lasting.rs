//! Conditions that are an alarm once they last: a gap, a shortened log, an old epoch, a desk that is
//! gone; and steps of our own clock.
//!
//! Each of them also comes and goes by itself in good order: frames overtake one another, a peer
//! takes a while to publish a prekey. Only what stays so calls a person.

use khatt_record::{PostIndex, seal::Standing};

use super::{Line, epochs};
use crate::{alarm::Cause, store::StateChange, time::Now};

/// How long entries may be missing while their author is connected.
const GAP_MS: u64 = 60_000;
/// How long after a peer first said it holds less of its log than it signed it must say otherwise.
const SHRANK_MS: u64 = 2_000;
/// A desk gives a sign every two seconds; after this long without one it is gone.
const DESK_MS: u64 = 10_000;
/// The wall clock may run this much apart from the time since start between two inputs.
const CLOCK_STEP_MS: u64 = 5_000;
/// Messages under one epoch, and its age, at which its age is an alarm.
const OLD_MESSAGES: u32 = 4 * epochs::EPOCH_MESSAGES;
const OLD_AGE_MS: u64 = 2 * epochs::EPOCH_AGE_MS;
/// Running times are kept this often, so that a restart gives back no more of them.
const KEEP_EVERY_MS: u64 = 60_000;

/// Since when something holds, on the time since start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lasting {
    /// The desk's last sign of life, until its silence was told.
    desk_ms: Option<u64>,
    /// When running times were kept last.
    kept_ms: u64,
}

impl Line {
    /// Raises the alarm for a condition that is not known yet; one that is known is not counted.
    fn raise_once(&mut self, cause: Cause, now: Now) {
        if !self.people.alarms.is_present(cause) {
            self.raise(cause, now);
        }
    }

    /// What has lasted too long by now.
    pub(super) fn lasting_due(&mut self, now: Now) {
        for log in self.other_posts().collect::<Vec<_>>() {
            let gap = self.logs.slot(log.index()).and_then(|state| state.gap_ms);
            if gap.is_some_and(|since| now.mono_ms >= since.saturating_add(GAP_MS)) {
                self.raise_once(Cause::PeerGap { post: log }, now);
                if let Some(state) = self.logs.slot_mut(log.index()) {
                    state.gap_ms = Some(now.mono_ms);
                }
            }
        }
        let desk = self.lasting.desk_ms;
        if desk.is_some_and(|last| now.mono_ms >= last.saturating_add(DESK_MS)) {
            self.lasting.desk_ms = None;
            self.raise_once(Cause::NoDesk, now);
        }
        if now.mono_ms >= self.lasting.kept_ms.saturating_add(KEEP_EVERY_MS) {
            self.lasting.kept_ms = now.mono_ms;
            self.keep_running_times(now);
        }
    }

    /// When something will have lasted too long, on the time since start.
    pub(super) fn lasting_next(&self) -> Option<u64> {
        let gaps = self.logs.iter().filter_map(|log| log.gap_ms);
        let gaps = gaps.map(|since| since.saturating_add(GAP_MS));
        let desk = self.lasting.desk_ms.map(|last| last.saturating_add(DESK_MS));
        let keep = self.people.has_running_times();
        let keep = keep.then(|| self.lasting.kept_ms.saturating_add(KEEP_EVERY_MS));
        gaps.chain(desk).chain(keep).min()
    }

    /// Entries before what came of a log are missing.
    pub(super) fn gap_begins(&mut self, log: PostIndex, now: Now) {
        let connected = self.peers.slot(log.index()).is_some_and(super::Peer::connected);
        if let Some(state) = self.logs.slot_mut(log.index())
            && connected
        {
            state.gap_ms.get_or_insert(now.mono_ms);
        }
    }

    /// A log was taken further, or its author is away: it then has an alarm of its own.
    pub(super) fn gap_ends(&mut self, log: PostIndex, now: Now) {
        let Some(state) = self.logs.slot_mut(log.index()) else {
            return;
        };
        state.gap_ms = None;
        if !state.ahead.is_empty() {
            // What came ahead still waits for its predecessors.
            self.gap_begins(log, now);
            return;
        }
        self.clear(Cause::PeerGap { post: log }, now);
    }

    /// What a peer says it holds of its own log, beside what we hold under its signature.
    ///
    /// Frames may overtake one another, so it is believed only when it says so again.
    pub(super) fn own_standing(&mut self, peer: PostIndex, standing: &Standing, now: Now) {
        let held = self.logs.slot(peer.index()).map_or(0, |log| log.durable);
        let Some(state) = self.peers.slot_mut(peer.index()) else {
            return;
        };
        if standing.size >= held {
            state.shrank_ms = None;
            self.clear(Cause::PeerShrank { post: peer }, now);
            return;
        }
        let since = *state.shrank_ms.get_or_insert(now.mono_ms);
        if now.mono_ms >= since.saturating_add(SHRANK_MS) {
            self.raise_once(Cause::PeerShrank { post: peer }, now);
        }
    }

    /// Our epoch should end and cannot: somebody has published no prekey that we have not used.
    pub(super) fn epoch_waits(&mut self, recipients: &[PostIndex], now: Now) {
        let old = self.epochs.sending.as_ref().is_some_and(|sending| {
            sending.messages >= OLD_MESSAGES
                || now.wall_ms.saturating_sub(sending.started_ms) >= OLD_AGE_MS
        });
        if !old {
            return;
        }
        for post in recipients {
            if !self.epochs.all_fresh(&[*post]) {
                self.raise_once(Cause::EpochOld { post: *post }, now);
            }
        }
    }

    /// A new epoch of ours has begun.
    pub(super) fn epoch_begun(&mut self, now: Now) {
        for post in self.other_posts().collect::<Vec<_>>() {
            self.clear(Cause::EpochOld { post }, now);
        }
    }

    /// A desk shows that it is alive.
    pub(super) fn desk_alive(&mut self, now: Now) {
        self.lasting.desk_ms = Some(now.mono_ms);
        self.clear(Cause::NoDesk, now);
    }

    /// Compares how far the two clocks went since the last input: they part where the wall clock
    /// was set, or the machine slept. No deadline moves by it.
    pub(super) fn clock_went(&mut self, before: Now, now: Now) {
        let ran = now.mono_ms.saturating_sub(before.mono_ms);
        let expected = before.wall_ms.saturating_add(ran);
        if now.wall_ms.abs_diff(expected) > CLOCK_STEP_MS {
            self.raise(Cause::LocalClockStep, now);
        }
    }

    fn keep_running_times(&mut self, now: Now) {
        let changes: Vec<StateChange> = self.people.running_times(now);
        self.batch.state.extend(changes);
    }
}
