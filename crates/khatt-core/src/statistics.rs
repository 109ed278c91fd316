//! How a line is answered: counts and times to each level, by peer and precedence.
//!
//! Facts stream in, memory stays bounded: the smallest and the largest time are exact, the median
//! is known to within one sixteenth ([`Times::median_ms`]). Times that a restart interrupted are
//! counted apart and not mixed in. All of it is our own view by our own clock; it judges nobody.

use std::collections::BTreeMap;

use khatt_record::{PostIndex, Precedence};

use crate::Now;
use crate::StateError;
use crate::ladder::{Fact, Level};
use crate::line_test::TestStep;
use crate::pack::{Pack, Unpack};
use crate::timer::{Restarts, Stopwatch, Took};

#[cfg(test)]
mod tests;

/// The statistics of a line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Statistics {
    levels: BTreeMap<(PostIndex, Precedence, Level), Times>,
    posts: BTreeMap<PostIndex, Contact>,
}

/// Times to one level.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Times {
    count: u64,
    interrupted: u64,
    min_ms: u64,
    max_ms: u64,
    /// How many times fell into each step of [`step_of`].
    steps: BTreeMap<u16, u64>,
}

/// What else there is to say of one peer's post.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Contact {
    sent: u64,
    tests_missed: u64,
    silences: u64,
    last_heard: Option<(Stopwatch, Restarts)>,
}

const WHAT: &str = "statistics";
const VERSION: u64 = 1;
/// 16 posts, 4 precedences, 7 levels.
const LEVELS_MAX: usize = 16 * 4 * 7;
const POSTS_MAX: usize = 16;
const STEPS_MAX: usize = 1024;

impl Statistics {
    /// Returns empty statistics.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a message left for this post, so that what was never acknowledged counts too.
    pub fn released(&mut self, post: PostIndex) {
        let contact = self.posts.entry(post).or_default();
        contact.sent = contact.sent.saturating_add(1);
    }

    /// Takes in that a post reached a level.
    pub fn reached(&mut self, now: Now, fact: Fact) {
        self.levels.entry((fact.post, fact.precedence, fact.level)).or_default().add(fact.took);
        // A relay's custody says nothing about the post behind it.
        if fact.level != Level::Stored {
            self.heard(now, fact.post);
        }
    }

    /// Takes in what a line test brought.
    pub fn tested(&mut self, post: PostIndex, step: TestStep) {
        if let TestStep::Missed { .. } = step {
            let contact = self.posts.entry(post).or_default();
            contact.tests_missed = contact.tests_missed.saturating_add(1);
        }
    }

    /// Notes that a silence of this post was recorded.
    pub fn silent(&mut self, post: PostIndex) {
        let contact = self.posts.entry(post).or_default();
        contact.silences = contact.silences.saturating_add(1);
    }

    /// Notes that something verified came from this post.
    pub fn heard(&mut self, now: Now, post: PostIndex) {
        let contact = self.posts.entry(post).or_default();
        contact.last_heard = Some((Stopwatch::start(now), Restarts::default()));
    }

    /// Returns the times of one post, precedence and level; nothing if it was never reached.
    #[must_use]
    pub fn times(&self, post: PostIndex, precedence: Precedence, level: Level) -> Option<&Times> {
        self.levels.get(&(post, precedence, level))
    }

    /// Returns all times, by post, precedence and level.
    pub fn iter(&self) -> impl Iterator<Item = (PostIndex, Precedence, Level, &Times)> {
        self.levels
            .iter()
            .map(|((post, precedence, level), times)| (*post, *precedence, *level, times))
    }

    /// Returns what else there is to say of a post.
    #[must_use]
    pub fn contact(&self, post: PostIndex) -> Option<&Contact> {
        self.posts.get(&post)
    }

    /// Returns the statistics as bytes that [`Statistics::decode`] reads.
    #[must_use]
    pub fn encode(&self, now: Now) -> Vec<u8> {
        let mut pack = Pack::array_of(3);
        pack.uint(VERSION).array(self.levels.len());
        for ((post, precedence, level), times) in &self.levels {
            pack.array(8).uint((*post).into()).precedence(*precedence);
            pack.uint(level.number().into()).uint(times.count).uint(times.interrupted);
            pack.uint(times.min_ms).uint(times.max_ms).array(times.steps.len());
            for (step, count) in &times.steps {
                pack.array(2).uint((*step).into()).uint(*count);
            }
        }
        pack.array(self.posts.len());
        for (post, contact) in &self.posts {
            pack.array(5).uint((*post).into());
            pack.uint(contact.sent).uint(contact.tests_missed).uint(contact.silences);
            pack.option(contact.last_heard, |pack, (watch, restarts)| {
                pack.array(2);
                watch.pack(pack, now);
                pack.uint(restarts.0.into());
            });
        }
        pack.finish()
    }

    /// Reads statistics back after a restart, which is counted from here on.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the bytes are not exactly what [`Statistics::encode`] writes.
    pub fn decode(bytes: &[u8], now: Now) -> Result<Self, StateError> {
        let mut unpack = Unpack::new(bytes, WHAT);
        unpack.exactly(3)?;
        if unpack.uint()? != VERSION {
            return unpack.fault();
        }
        let mut statistics = Self::new();
        for _ in 0..unpack.at_most(LEVELS_MAX)? {
            unpack.exactly(8)?;
            let (post, precedence) = (unpack.post()?, unpack.precedence()?);
            let Some(level) = Level::new(unpack.number()?) else {
                return unpack.fault();
            };
            let mut times = Times {
                count: unpack.uint()?,
                interrupted: unpack.uint()?,
                min_ms: unpack.uint()?,
                max_ms: unpack.uint()?,
                steps: BTreeMap::new(),
            };
            for _ in 0..unpack.at_most(STEPS_MAX)? {
                unpack.exactly(2)?;
                times.steps.insert(unpack.number()?, unpack.uint()?);
            }
            statistics.levels.insert((post, precedence, level), times);
        }
        for _ in 0..unpack.at_most(POSTS_MAX)? {
            unpack.exactly(5)?;
            let post = unpack.post()?;
            let contact = Contact {
                sent: unpack.uint()?,
                tests_missed: unpack.uint()?,
                silences: unpack.uint()?,
                last_heard: unpack.option(|unpack| {
                    unpack.exactly(2)?;
                    Ok((Stopwatch::unpack(unpack, now)?, Restarts(unpack.number()?)))
                })?,
            };
            statistics.posts.insert(post, contact);
        }
        unpack.finish(&statistics.encode(now))?;
        for contact in statistics.posts.values_mut() {
            if let Some((_, restarts)) = &mut contact.last_heard {
                *restarts = restarts.one_more();
            }
        }
        Ok(statistics)
    }
}

impl Times {
    /// Returns how often the level was reached, with a time that no restart interrupted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns how often it was reached across a restart; those times are not in the others.
    #[must_use]
    pub const fn interrupted(&self) -> u64 {
        self.interrupted
    }

    /// Returns the shortest time in milliseconds.
    #[must_use]
    pub const fn min_ms(&self) -> Option<u64> {
        if self.count == 0 { None } else { Some(self.min_ms) }
    }

    /// Returns the longest time in milliseconds.
    #[must_use]
    pub const fn max_ms(&self) -> Option<u64> {
        if self.count == 0 { None } else { Some(self.max_ms) }
    }

    /// Returns the lower median in milliseconds, never more than the true one and less by at most
    /// one sixteenth.
    #[must_use]
    pub fn median_ms(&self) -> Option<u64> {
        let mut left = self.count.checked_add(1)? / 2;
        for (step, count) in &self.steps {
            if left <= *count {
                return Some(step_floor(*step).max(self.min_ms));
            }
            left -= count;
        }
        None
    }

    fn add(&mut self, took: Took) {
        let Took::Exactly(ms) = took else {
            self.interrupted = self.interrupted.saturating_add(1);
            return;
        };
        self.min_ms = if self.count == 0 { ms } else { self.min_ms.min(ms) };
        self.max_ms = self.max_ms.max(ms);
        self.count = self.count.saturating_add(1);
        let count = self.steps.entry(step_of(ms)).or_default();
        *count = count.saturating_add(1);
    }
}

impl Contact {
    /// Returns how many messages left for the post.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Returns how many line tests the post did not answer.
    #[must_use]
    pub const fn tests_missed(&self) -> u64 {
        self.tests_missed
    }

    /// Returns how many silences were recorded.
    #[must_use]
    pub const fn silences(&self) -> u64 {
        self.silences
    }

    /// Returns for how long nothing has come from the post; nothing if nothing ever has.
    #[must_use]
    pub fn silence_since(&self, now: Now) -> Option<Took> {
        self.last_heard.map(|(watch, restarts)| Took::new(watch.elapsed_ms(now), restarts))
    }
}

/// Steps of a sixteenth within each doubling: below 16 ms each millisecond is a step of its own.
fn step_of(ms: u64) -> u16 {
    if ms < 16 {
        return u16::try_from(ms).unwrap_or(0);
    }
    let doublings = ms.ilog2() - 4;
    let sixteenth = (ms >> doublings) - 16;
    u16::try_from(u64::from(doublings) * 16 + 16 + sixteenth).unwrap_or(u16::MAX)
}

fn step_floor(step: u16) -> u64 {
    let step = u64::from(step);
    if step < 16 {
        return step;
    }
    let doublings = u32::try_from(step / 16 - 1).unwrap_or(0);
    (16 + step % 16).checked_shl(doublings).unwrap_or(u64::MAX)
}
