//! Line tests: on schedule, through the rendering and back, with the clocks compared.
//!
//! A test that is not answered is a silence and not a fault: one makes the line amber, two in a row
//! red. Sending and sealing the forms, raising the alarms and ringing the second path are the
//! engine's; what a test says is in the challenge ([`Challenge`]).

use khatt_record::charter::LineTest;
use khatt_record::{EntryId, PostIndex};
use thiserror::Error;

use crate::Now;
use crate::timer::{Deadline, Restarts, Stopwatch, Took};

mod challenge;
mod codec;
mod skew;
#[cfg(test)]
mod tests;

pub use challenge::{Challenge, Comparison, RANDOM_BYTES, every_of, reply_to};
pub use skew::Skew;

/// How a line to one peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No test has ended yet.
    Untested,
    /// The last test was answered.
    Ok,
    /// The last test was not answered.
    Amber,
    /// The last two tests, or more, were not answered.
    Red,
}

/// The tests of the line to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineTests {
    post: PostIndex,
    interval_ms: u64,
    answer_ms: u64,
    next: Deadline,
    open: Option<OpenTest>,
    answered_once: Answered,
    missed_in_row: u32,
    sent: u64,
    missed: u64,
    wrong: u64,
    last_answer: Option<Stopwatch>,
    round_trips_ms: Vec<u64>,
    skew: Option<Skew>,
    /// Restarts since the last answer.
    restarts: Restarts,
}

/// What the schedule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestStep {
    /// Draw a challenge and send it, then tell [`LineTests::sent`].
    Send,
    /// The answer did not come within the window.
    Missed {
        /// The test.
        message: EntryId,
        /// How many in a row were missed, this one included.
        in_row: u32,
        /// How the line stands now.
        standing: Standing,
    },
}

/// What a reply shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replied {
    /// It came in time and shows that the text was rendered.
    Passed {
        /// From sending to the reply, by our own clock, in milliseconds.
        round_trip: Took,
        /// The peer's clock against ours; nothing if a restart lies between.
        skew: Option<Skew>,
    },
    /// It came in time, so it is no silence, but these groups were not read as written. The window
    /// goes on: the peer may reply again.
    Wrong {
        /// Groups, counted from 1; 0 stands for groups too many.
        groups: Vec<u8>,
    },
}

/// Why a reply was not counted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ReplyError {
    /// It answers no test that is open: too late, twice, or another's.
    #[error("peer replied to line test {0}, which is not open")]
    PeerNotAsked(EntryId),
}

/// Round trips that are kept.
pub const ROUND_TRIPS_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
struct OpenTest {
    message: EntryId,
    challenge: Challenge,
    until: Deadline,
    since: Stopwatch,
    sent_wall_ms: u64,
    restarts: Restarts,
}

/// Whether any test has been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Never,
    Once,
}

impl ReplyError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeerNotAsked(_) => "KC-2501",
        }
    }
}

impl LineTests {
    /// Begins the tests of a line; the first is due at once.
    #[must_use]
    pub fn new(now: Now, post: PostIndex, terms: LineTest) -> Self {
        Self {
            post,
            interval_ms: u64::from(terms.interval_s).max(1) * 1000,
            answer_ms: u64::from(terms.answer_s) * 1000,
            next: Deadline::after(now, 0),
            open: None,
            answered_once: Answered::Never,
            missed_in_row: 0,
            sent: 0,
            missed: 0,
            wrong: 0,
            last_answer: None,
            round_trips_ms: Vec::new(),
            skew: None,
            restarts: Restarts::default(),
        }
    }

    /// Returns the peer's post.
    #[must_use]
    pub const fn post(&self) -> PostIndex {
        self.post
    }

    /// Returns what has become due. [`TestStep::Send`] comes once for each interval.
    pub fn due(&mut self, now: Now) -> Vec<TestStep> {
        let mut steps = Vec::new();
        steps.extend(self.close_missed(now));
        if self.next.is_due(now) {
            // Tests that a sleeping machine did not send are not made up for.
            self.next = Deadline::after(now, self.interval_ms);
            steps.push(TestStep::Send);
        }
        steps
    }

    /// Returns when [`LineTests::due`] will next have something, in milliseconds since start.
    #[must_use]
    pub fn next_due(&self) -> u64 {
        let open = self.open.as_ref().map_or(self.next, |open| open.until);
        self.next.min(open).mono_ms()
    }

    /// Makes a test due at once, because an officer asks for it.
    pub fn ask_now(&mut self, now: Now) {
        self.next = Deadline::after(now, 0);
    }

    /// Notes that a test was sent. One still open is missed: the answer to it would be stale.
    pub fn sent(&mut self, now: Now, message: EntryId, challenge: Challenge) -> Option<TestStep> {
        let missed = self.miss();
        self.sent = self.sent.saturating_add(1);
        self.open = Some(OpenTest {
            message,
            challenge,
            until: Deadline::after(now, self.answer_ms),
            since: Stopwatch::start(now),
            sent_wall_ms: now.wall_ms,
            restarts: Restarts::default(),
        });
        missed
    }

    /// Takes in a reply: to which test, when the peer claims to have written it, and its text.
    ///
    /// # Errors
    ///
    /// [`ReplyError::PeerNotAsked`] if that test is not open. It changes nothing.
    pub fn reply(
        &mut self,
        now: Now,
        message: EntryId,
        claimed_ms: u64,
        text: &str,
    ) -> Result<Replied, ReplyError> {
        let not_asked = ReplyError::PeerNotAsked(message);
        let open = self.open.as_ref().ok_or(not_asked)?;
        if open.message != message || open.until.is_due(now) {
            return Err(not_asked);
        }
        if let Comparison::Wrong(groups) = open.challenge.compare(text) {
            self.wrong = self.wrong.saturating_add(1);
            return Ok(Replied::Wrong { groups });
        }
        let elapsed_ms = open.since.elapsed_ms(now);
        let round_trip = Took::new(elapsed_ms, open.restarts);
        let mut skew = None;
        if let Took::Exactly(ms) = round_trip {
            skew = Some(Skew::measure(open.sent_wall_ms, ms, claimed_ms));
            if self.round_trips_ms.len() >= ROUND_TRIPS_MAX {
                self.round_trips_ms.remove(0);
            }
            self.round_trips_ms.push(ms);
            self.skew = skew;
        }
        self.open = None;
        self.answered_once = Answered::Once;
        self.missed_in_row = 0;
        self.last_answer = Some(Stopwatch::start(now));
        self.restarts = Restarts::default();
        Ok(Replied::Passed { round_trip, skew })
    }

    /// Returns how the line stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match (self.missed_in_row, self.answered_once) {
            (0, Answered::Never) => Standing::Untested,
            (0, Answered::Once) => Standing::Ok,
            (1, _) => Standing::Amber,
            _ => Standing::Red,
        }
    }

    /// Returns how many tests were sent, missed, and answered wrongly.
    #[must_use]
    pub const fn counts(&self) -> (u64, u64, u64) {
        (self.sent, self.missed, self.wrong)
    }

    /// Returns how many tests in a row were missed.
    #[must_use]
    pub const fn missed_in_row(&self) -> u32 {
        self.missed_in_row
    }

    /// Returns how long ago a test was last answered, by our own time: the silence since.
    #[must_use]
    pub fn silence_since(&self, now: Now) -> Option<Took> {
        self.last_answer.map(|last| Took::new(last.elapsed_ms(now), self.restarts))
    }

    /// Returns the latest round trips in milliseconds, oldest first.
    #[must_use]
    pub fn round_trips_ms(&self) -> &[u64] {
        &self.round_trips_ms
    }

    /// Returns the peer's clock against ours, as last measured.
    #[must_use]
    pub const fn skew(&self) -> Option<Skew> {
        self.skew
    }

    fn close_missed(&mut self, now: Now) -> Option<TestStep> {
        if self.open.as_ref()?.until.is_due(now) { self.miss() } else { None }
    }

    fn miss(&mut self) -> Option<TestStep> {
        let message = self.open.take()?.message;
        self.missed_in_row = self.missed_in_row.saturating_add(1);
        self.missed = self.missed.saturating_add(1);
        let (in_row, standing) = (self.missed_in_row, self.standing());
        Some(TestStep::Missed { message, in_row, standing })
    }
}
