//! Which frames came already, so that repeats are counted rather than taken for news.
//!
//! A repeat is harmless (its entries are known, its items say nothing new); telling it apart only
//! serves diagnosis and saves work. So memory is bounded, and a frame too old to tell is not refused.

use std::collections::BTreeMap;

use super::epoch::EpochNumber;
use crate::ids::PostIndex;

const WINDOW: u32 = 1024;
const WORDS: usize = (WINDOW / 64) as usize;
const RUNS_MAX: usize = 256;

/// What is known about a frame's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It came for the first time.
    First,
    /// It came before.
    Repeat,
    /// It is so far behind the newest that this is no longer known; treat it as a first.
    Unknown,
}

/// The counters seen lately, for each sender, epoch and tag.
#[derive(Clone, Debug, Default)]
pub struct ReplayWindows {
    runs: BTreeMap<(PostIndex, EpochNumber, [u8; 8]), Window>,
}

impl ReplayWindows {
    /// Starts with nothing seen.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that an authentic frame came, and says whether it came before.
    ///
    /// Call it only after the frame opened: an unauthenticated number must not move a window.
    pub fn note(
        &mut self,
        sender: PostIndex,
        epoch: EpochNumber,
        tag: [u8; 8],
        counter: u32,
    ) -> Arrival {
        let key = (sender, epoch, tag);
        if !self.runs.contains_key(&key) && self.runs.len() >= RUNS_MAX {
            self.forget_oldest(sender);
        }
        self.runs.entry(key).or_default().note(counter)
    }

    /// Forgets an epoch whose frames are no longer accepted.
    pub fn forget(&mut self, sender: PostIndex, epoch: EpochNumber) {
        self.runs.retain(|(from, number, _), _| *from != sender || *number != epoch);
    }

    /// Makes room: drops the lowest epoch of this sender, or of any if it has none.
    fn forget_oldest(&mut self, sender: PostIndex) {
        let own = self.runs.keys().find(|(from, ..)| *from == sender).copied();
        if let Some(key) = own.or_else(|| self.runs.keys().next().copied()) {
            self.runs.remove(&key);
        }
    }
}

/// One run of counters: the highest seen, and which of the [`WINDOW`] up to it were.
#[derive(Clone, Debug, Default)]
struct Window {
    highest: Option<u32>,
    seen: [u64; WORDS],
}

impl Window {
    fn note(&mut self, counter: u32) -> Arrival {
        match self.highest {
            Some(highest) if counter <= highest => {
                if highest - counter >= WINDOW {
                    return Arrival::Unknown;
                }
            }
            previous => {
                // Numbers that were skipped take the places of numbers that fall out.
                let from = previous.map_or(counter, |highest| highest.saturating_add(1));
                if counter - from >= WINDOW {
                    self.seen = [0; WORDS];
                } else {
                    for skipped in from..=counter {
                        self.set(skipped, Place::Empty);
                    }
                }
                self.highest = Some(counter);
            }
        }
        match self.set(counter, Place::Taken) {
            Place::Taken => Arrival::Repeat,
            Place::Empty => Arrival::First,
        }
    }

    /// Sets the place of `counter` and returns what was there.
    fn set(&mut self, counter: u32, value: Place) -> Place {
        let place = counter % WINDOW;
        let Some(word) = self.seen.get_mut((place / 64) as usize) else {
            return Place::Empty;
        };
        let bit = 1_u64 << (place % 64);
        let before = if *word & bit == 0 { Place::Empty } else { Place::Taken };
        match value {
            Place::Taken => *word |= bit,
            Place::Empty => *word &= !bit,
        }
        before
    }
}

/// One counter's place in a window.
#[derive(Clone, Copy)]
enum Place {
    Empty,
    Taken,
}
