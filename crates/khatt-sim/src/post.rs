//! A post in a run: its engine, disk and clocks, and the host between them.
//!
//! The host does what the real one does: what comes while a batch is being made durable waits and
//! then shares the next batch; nothing that a batch lets out leaves before it is durable. What the
//! host does with the world around it is in [`crate::world`].

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use khatt_core::{
    Now,
    line::{DraftId, Input, Line, Ticket, Token},
    store::Batch,
};
use khatt_record::{Entry, EntryId, PostIndex};

use crate::{
    byzantine::Forger,
    disk::Disk,
    officers::{Errand, Waiting},
    plan::{BatchKind, Point, PostPlan},
};

/// When every run begins: 2023-11-08T00:00:00Z.
pub(crate) const BEGINS_MS: u64 = 1_699_401_600_000;
/// Inputs that may wait for an engine; what comes then is lost.
pub(crate) const INBOX_MAX: usize = 256;

/// A post.
pub(crate) struct Post {
    pub(crate) disk: Disk,
    pub(crate) backup: Option<Disk>,
    /// Nothing while its machine is off.
    pub(crate) line: Option<Line>,
    pub(crate) clock: PostClock,
    /// How often it was started: what was meant for an earlier start is void.
    pub(crate) start: u32,
    pub(crate) in_flight: Option<InFlight>,
    pub(crate) inbox: VecDeque<Input>,
    pub(crate) wake: Option<(u64, u64)>,
    pub(crate) armed: Option<Armed>,
    pub(crate) sync_ms: u64,
    pub(crate) slow_until_ms: u64,
    pub(crate) slow_sync_ms: u64,
    pub(crate) full_until_ms: u64,
    /// A program in the post's place.
    pub(crate) hostile: Option<Box<Forger>>,
    pub(crate) next_ticket: u64,
    pub(crate) errands: BTreeMap<Ticket, Errand>,
    pub(crate) drafts: BTreeMap<DraftId, Waiting>,
    /// Ticks in one millisecond: an engine that asks for more spins.
    pub(crate) ticks: (u64, u32),
}

/// A batch that is being made durable.
pub(crate) struct InFlight {
    pub(crate) token: Token,
    pub(crate) batch: Arc<Batch>,
}

/// A power cut that waits for its commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Armed {
    pub(crate) point: Point,
    pub(crate) batch: BatchKind,
    pub(crate) down_ms: u64,
    /// After this, any commit will do.
    pub(crate) until_ms: u64,
}

impl Armed {
    /// Tells whether this is the commit that it waits for; proofs are rare, and waited for.
    pub(crate) fn fits(&self, batch: BatchKind, now_ms: u64) -> bool {
        self.batch == batch || (now_ms > self.until_ms && self.batch != BatchKind::Proof)
    }
}

impl Post {
    pub(crate) fn new(plan: &PostPlan) -> Self {
        Self {
            disk: Disk::default(),
            backup: None,
            line: None,
            clock: PostClock { ppm: plan.drift_ppm, offset_ms: plan.offset_ms, started_ms: 0 },
            start: 0,
            in_flight: None,
            inbox: VecDeque::new(),
            wake: None,
            armed: None,
            sync_ms: plan.sync_ms,
            slow_until_ms: 0,
            slow_sync_ms: 0,
            full_until_ms: 0,
            hostile: None,
            next_ticket: 0,
            errands: BTreeMap::new(),
            drafts: BTreeMap::new(),
            ticks: (0, 0),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.line.is_some() || self.hostile.is_some()
    }

    /// Tells whether it is the party's own engine that runs, and its log goes on.
    pub(crate) fn is_sound(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.halted().is_none())
    }

    /// Returns how long a commit takes that begins now.
    pub(crate) fn sync_takes(&self, now_ms: u64) -> u64 {
        if now_ms < self.slow_until_ms { self.slow_sync_ms } else { self.sync_ms }
    }

    /// Forgets everything that was only in the machine's memory.
    pub(crate) fn power_off(&mut self) {
        self.line = None;
        self.in_flight = None;
        self.inbox.clear();
        self.wake = None;
        self.errands.clear();
        self.start += 1;
    }
}

/// A post's two clocks, as they run and are set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PostClock {
    /// Parts of a million too fast.
    pub(crate) ppm: i64,
    pub(crate) offset_ms: i64,
    /// When the post's process started.
    pub(crate) started_ms: u64,
}

impl PostClock {
    pub(crate) fn now(&self, now_ms: u64) -> Now {
        let wall = BEGINS_MS + self.runs(now_ms);
        Now {
            wall_ms: wall.saturating_add_signed(self.offset_ms),
            mono_ms: 1_000 + self.runs(now_ms.saturating_sub(self.started_ms)),
        }
    }

    /// Returns when the time since start says this.
    pub(crate) fn when(&self, mono_ms: u64) -> u64 {
        let runs_ms = mono_ms.saturating_sub(1_000);
        let ms = i64::try_from(runs_ms).unwrap_or(i64::MAX / 2_000_000);
        let near =
            ms.saturating_sub(ms / 1_000_000 * self.ppm).saturating_sub(self.ppm.abs() / 1_000);
        let mut at_ms = u64::try_from(near).unwrap_or(0);
        while at_ms > 0 && self.runs(at_ms) >= runs_ms {
            at_ms -= 1;
        }
        while self.runs(at_ms) < runs_ms {
            at_ms += 1;
        }
        self.started_ms + at_ms
    }

    fn runs(&self, ms: u64) -> u64 {
        let ms = i64::try_from(ms).unwrap_or(i64::MAX / 2_000_000);
        u64::try_from(ms + ms * self.ppm / 1_000_000).unwrap_or(0)
    }
}

/// Says what a batch is mostly about.
pub(crate) fn kind_of(own: PostIndex, posts: usize, batch: &Batch) -> BatchKind {
    if !batch.evidence.is_empty() {
        return BatchKind::Proof;
    }
    let of_ours = batch.entries.iter().filter(|entry| entry.id.log == own);
    let mut kind = None;
    for stored in of_ours {
        match Entry::decode(&stored.leaf, posts, own) {
            Ok(Entry::Message(_)) => return BatchKind::Message,
            Ok(Entry::Receipt(_) | Entry::Ahead(_) | Entry::Refusal(_)) => {
                kind = Some(BatchKind::Receipt);
            }
            _ => kind = kind.or(Some(BatchKind::Keys)),
        }
    }
    let peers = if batch.entries.is_empty() { BatchKind::State } else { BatchKind::Peers };
    kind.unwrap_or(peers)
}

/// Returns the key under which a store keeps an entry that came ahead.
pub(crate) fn ahead_key(id: EntryId) -> String {
    format!("ahead/{}/{:020}", id.log, id.index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_wakes_at_the_first_moment_that_is_due() {
        for ppm in [-300, -1, 0, 1, 299] {
            let clock = PostClock { ppm, offset_ms: 0, started_ms: 12_345 };
            for due in [1_000, 1_001, 31_000, 1_234_567, 90_000_000] {
                let at = clock.when(due);
                assert!(clock.now(at).mono_ms >= due, "{ppm} {due}");
                assert!(at <= 12_345 || clock.now(at - 1).mono_ms < due, "{ppm} {due}");
            }
        }
    }
}
