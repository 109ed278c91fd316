//! The clocks of an owed acknowledgement or answer, and the steps when nobody keeps to them.
//!
//! Each side runs its own: for what a peer owes us, and for what we owe. Every deadline runs by the
//! time since start; neither our wall clock nor any time that a peer claims can start, stop or
//! shorten one. What happens at a step (a second desk, a phone list, a mediator) is the host's.
//! At the end a silence is recorded as a silence: when we tried, by which route, and what came of
//! it. It is never shown as a refusal nor as a fault.
//!
//! Saved clocks keep their remaining time; see [`crate::timer`] for what a restart does.

use std::collections::{BTreeMap, BTreeSet};

use khatt_record::{EntryId, PostIndex, Precedence};
use thiserror::Error;

use crate::Now;
use crate::timer::{Deadline, Restarts, Stopwatch};

mod attempts;
mod codec;
#[cfg(test)]
mod tests;

pub use attempts::{ATTEMPTS_MAX, Attempt, AttemptResult, Attempts};

/// Which obligation a clock is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockKey {
    /// The message.
    pub message: EntryId,
    /// Who owes.
    pub owes: Owes,
    /// What is owed.
    pub duty: Duty,
}

/// Who owes an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owes {
    /// A peer's post owes us, for a message of ours.
    Peer(PostIndex),
    /// We owe, for a message that we received.
    Us,
}

/// What is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// The acknowledgement levels that the author wants, A2 to A5.
    Acknowledge,
    /// An answer in substance, A6.
    Answer,
}

/// How long each stage lasts, all counted from the start, none shorter than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    acknowledge_ms: u64,
    escalate_ms: u64,
    give_up_ms: u64,
}

/// What is to be done when a stage ends without the acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum StepKind {
    /// Alarm at the second desk.
    SecondDesk,
    /// Go through the phone list.
    PhoneList,
    /// Copy to the mediator. Only for what a peer owes.
    Mediator,
    /// The silence is recorded, with its attempts. Only for what a peer owes.
    Silence,
    /// We did not do what we owe in time. Only for what we owe.
    Overdue,
}

/// One step that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The obligation.
    pub key: ClockKey,
    /// Precedence of the message.
    pub precedence: Precedence,
    /// What is to be done.
    pub kind: StepKind,
    /// How long the clock has run, by our own time, in milliseconds.
    pub elapsed_ms: u64,
    /// Restarts within that time; unless zero, `elapsed_ms` is a lower bound.
    pub restarts: Restarts,
}

/// What a silence consists of, for the record and for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The obligation that was met with silence.
    pub key: ClockKey,
    /// Precedence of the message.
    pub precedence: Precedence,
    /// How long it has lasted, by our own time, in milliseconds.
    pub elapsed_ms: u64,
    /// Restarts within that time; unless zero, `elapsed_ms` is a lower bound.
    pub restarts: Restarts,
    /// What was tried.
    pub attempts: Attempts,
}

/// Why a clock was not set.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ClocksError {
    /// As many clocks run as the post can hold.
    #[error("local post already runs {max} clocks")]
    LocalTooMany {
        /// Most clocks that may run.
        max: usize,
    },
    /// No such clock runs.
    #[error("local post runs no clock for message {message}")]
    LocalNoClock {
        /// The message asked about.
        message: EntryId,
    },
    /// The peer has asked for time as often as it may; its clock goes on.
    #[error("peer has asked {max} times for more time")]
    PeerStandsByTooOften {
        /// Times that are granted.
        max: u32,
    },
}

/// Every running clock of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    running: BTreeMap<ClockKey, Clock>,
    /// The next deadline of each clock that has one, soonest first.
    agenda: BTreeSet<(Deadline, ClockKey)>,
}

/// Most clocks that one line may run at once.
pub const CLOCKS_MAX: usize = 65_536;
/// How many times a stand-by sets an answer clock anew.
pub const STAND_BYS_MAX: u32 = 8;
/// Longest stage: ten years, so that no sum of times can overflow.
const STAGE_MAX_MS: u64 = 10 * 366 * 24 * 3_600_000;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Clock {
    precedence: Precedence,
    terms: Terms,
    stage: Stage,
    since: Stopwatch,
    restarts: Restarts,
    acknowledge: Deadline,
    escalate: Deadline,
    give_up: Deadline,
    stand_bys: u32,
    attempts: Attempts,
}

/// How many stages have ended without the acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Waiting = 0,
    SecondDesk = 1,
    PhoneList = 2,
    GivenUp = 3,
}

impl Terms {
    /// Returns the stages from a charter's clock, in seconds from the start.
    ///
    /// A stage that would end before its predecessor ends with it; none is longer than ten years.
    #[must_use]
    pub const fn from_charter(acknowledge_s: u64, escalate_s: u64, give_up_s: u64) -> Self {
        Self::new(
            acknowledge_s.saturating_mul(1000),
            escalate_s.saturating_mul(1000),
            give_up_s.saturating_mul(1000),
        )
    }

    /// Returns these stages, each cut to 1/8, 1/4 and 1/2 of the time that is left before what the
    /// message announces, where that is smaller.
    ///
    /// `lead_ms` is worked out once, at release or receipt; 0 makes every stage end at once.
    #[must_use]
    pub const fn within_lead(self, lead_ms: u64) -> Self {
        Self::new(
            min(self.acknowledge_ms, lead_ms / 8),
            min(self.escalate_ms, lead_ms / 4),
            min(self.give_up_ms, lead_ms / 2),
        )
    }

    /// Returns until the second desk, in milliseconds from the start.
    #[must_use]
    pub const fn acknowledge_ms(self) -> u64 {
        self.acknowledge_ms
    }

    /// Returns until the phone list, in milliseconds from the start.
    #[must_use]
    pub const fn escalate_ms(self) -> u64 {
        self.escalate_ms
    }

    /// Returns until the mediator and the recorded silence, in milliseconds from the start.
    #[must_use]
    pub const fn give_up_ms(self) -> u64 {
        self.give_up_ms
    }

    const fn new(acknowledge_ms: u64, escalate_ms: u64, give_up_ms: u64) -> Self {
        let acknowledge_ms = min(acknowledge_ms, STAGE_MAX_MS);
        let escalate_ms = max(min(escalate_ms, STAGE_MAX_MS), acknowledge_ms);
        Self {
            acknowledge_ms,
            escalate_ms,
            give_up_ms: max(min(give_up_ms, STAGE_MAX_MS), escalate_ms),
        }
    }
}

impl StepKind {
    /// Returns the step's stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecondDesk => "second-desk",
            Self::PhoneList => "phone-list",
            Self::Mediator => "mediator",
            Self::Silence => "silence",
            Self::Overdue => "overdue",
        }
    }
}

impl ClocksError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalTooMany { .. } => "KC-2201",
            Self::LocalNoClock { .. } => "KC-2202",
            Self::PeerStandsByTooOften { .. } => "KC-2203",
        }
    }
}

impl Clocks {
    /// Returns no clocks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a clock. One that already runs for the same obligation goes on as it is.
    ///
    /// # Errors
    ///
    /// [`ClocksError::LocalTooMany`] at [`CLOCKS_MAX`].
    pub fn start(
        &mut self,
        now: Now,
        key: ClockKey,
        precedence: Precedence,
        terms: Terms,
    ) -> Result<(), ClocksError> {
        if self.running.contains_key(&key) {
            return Ok(());
        }
        if self.running.len() >= CLOCKS_MAX {
            return Err(ClocksError::LocalTooMany { max: CLOCKS_MAX });
        }
        self.put(key, Clock::new(now, precedence, terms));
        Ok(())
    }

    /// Ends a clock: what was owed was done, or is owed no more. Returns the silence that it ended,
    /// if the step was reached at which a silence is recorded.
    pub fn end(&mut self, now: Now, key: ClockKey) -> Option<Silence> {
        let silence = self.silence(now, key);
        if let Some(clock) = self.running.remove(&key)
            && let Some(deadline) = clock.next()
        {
            self.agenda.remove(&(deadline, key));
        }
        silence
    }

    /// Sets an answer clock anew because the peer asked for `asked_ms` more.
    ///
    /// The new stages count from now and are those of the start, all moved by what was asked beyond
    /// the first stage, at most until the giving up. So a stand-by never shortens a clock, and never
    /// adds more than one whole run.
    ///
    /// # Errors
    ///
    /// [`ClocksError::LocalNoClock`]; [`ClocksError::PeerStandsByTooOften`] after
    /// [`STAND_BYS_MAX`] times.
    pub fn stand_by(&mut self, now: Now, key: ClockKey, asked_ms: u64) -> Result<(), ClocksError> {
        let no_clock = ClocksError::LocalNoClock { message: key.message };
        let clock = self.running.get(&key).ok_or(no_clock)?;
        if clock.stand_bys >= STAND_BYS_MAX {
            return Err(ClocksError::PeerStandsByTooOften { max: STAND_BYS_MAX });
        }
        let mut clock = clock.clone();
        clock.stand_bys += 1;
        clock.stand_by(now, asked_ms);
        self.put(key, clock);
        Ok(())
    }

    /// Notes an attempt to reach who owes.
    ///
    /// # Errors
    ///
    /// [`ClocksError::LocalNoClock`] if no such clock runs.
    pub fn attempted(&mut self, key: ClockKey, attempt: Attempt) -> Result<(), ClocksError> {
        let no_clock = ClocksError::LocalNoClock { message: key.message };
        self.running.get_mut(&key).ok_or(no_clock)?.attempts.push(attempt);
        Ok(())
    }

    /// Returns the steps that have become due, soonest first, each once.
    ///
    /// A clock that is far behind gives all its missed steps, in order.
    pub fn due(&mut self, now: Now) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Some((deadline, key)) = self.agenda.first() {
            if !deadline.is_due(now) {
                break;
            }
            let key = *key;
            self.agenda.pop_first();
            let Some(clock) = self.running.get_mut(&key) else {
                continue;
            };
            let elapsed_ms = clock.since.elapsed_ms(now);
            let (precedence, restarts) = (clock.precedence, clock.restarts);
            steps.extend(clock.advance(key.owes).iter().map(|kind| Step {
                key,
                precedence,
                kind: *kind,
                elapsed_ms,
                restarts,
            }));
            if let Some(deadline) = clock.next() {
                self.agenda.insert((deadline, key));
            }
        }
        steps
    }

    /// Returns when [`Clocks::due`] will next have a step, in milliseconds since start.
    #[must_use]
    pub fn next_due(&self) -> Option<u64> {
        self.agenda.first().map(|(deadline, _)| deadline.mono_ms())
    }

    /// Returns the recorded silence about an obligation, if its clock has come to that.
    #[must_use]
    pub fn silence(&self, now: Now, key: ClockKey) -> Option<Silence> {
        let clock = self.running.get(&key)?;
        if clock.stage != Stage::GivenUp || key.owes == Owes::Us {
            return None;
        }
        Some(Silence {
            key,
            precedence: clock.precedence,
            elapsed_ms: clock.since.elapsed_ms(now),
            restarts: clock.restarts,
            attempts: clock.attempts.clone(),
        })
    }

    /// Returns every running clock with the milliseconds left until its next step; `None` once all
    /// its steps are taken and it only waits.
    pub fn running(&self, now: Now) -> impl Iterator<Item = (ClockKey, Option<u64>)> {
        self.running
            .iter()
            .map(move |(key, clock)| (*key, clock.next().map(|next| next.remaining_ms(now))))
    }

    /// Tells whether this clock runs.
    #[must_use]
    pub fn contains(&self, key: ClockKey) -> bool {
        self.running.contains_key(&key)
    }

    fn put(&mut self, key: ClockKey, clock: Clock) {
        let next = clock.next();
        if let Some(old) = self.running.insert(key, clock).and_then(|old| old.next()) {
            self.agenda.remove(&(old, key));
        }
        if let Some(next) = next {
            self.agenda.insert((next, key));
        }
    }
}

impl Clock {
    fn new(now: Now, precedence: Precedence, terms: Terms) -> Self {
        Self {
            precedence,
            terms,
            stage: Stage::Waiting,
            since: Stopwatch::start(now),
            restarts: Restarts::default(),
            acknowledge: Deadline::after(now, terms.acknowledge_ms),
            escalate: Deadline::after(now, terms.escalate_ms),
            give_up: Deadline::after(now, terms.give_up_ms),
            stand_bys: 0,
            attempts: Attempts::default(),
        }
    }

    fn stand_by(&mut self, now: Now, asked_ms: u64) {
        let terms = self.terms;
        let first_ms = asked_ms.clamp(terms.acknowledge_ms, terms.give_up_ms);
        let longer_ms = first_ms - terms.acknowledge_ms;
        // Never earlier than it was: a short promise must not hurry the escalation either.
        let set =
            |ms: u64, old: Deadline| Deadline::after(now, ms.saturating_add(longer_ms)).max(old);
        self.acknowledge = set(terms.acknowledge_ms, self.acknowledge);
        self.escalate = set(terms.escalate_ms, self.escalate);
        self.give_up = set(terms.give_up_ms, self.give_up);
        self.stage = Stage::Waiting;
    }

    const fn next(&self) -> Option<Deadline> {
        match self.stage {
            Stage::Waiting => Some(self.acknowledge),
            Stage::SecondDesk => Some(self.escalate),
            Stage::PhoneList => Some(self.give_up),
            Stage::GivenUp => None,
        }
    }

    fn advance(&mut self, owes: Owes) -> &'static [StepKind] {
        let (stage, kinds): (Stage, &[StepKind]) = match (self.stage, owes) {
            (Stage::Waiting, _) => (Stage::SecondDesk, &[StepKind::SecondDesk]),
            (Stage::SecondDesk, _) => (Stage::PhoneList, &[StepKind::PhoneList]),
            (Stage::PhoneList, Owes::Peer(_)) => {
                (Stage::GivenUp, &[StepKind::Mediator, StepKind::Silence])
            }
            (Stage::PhoneList, Owes::Us) => (Stage::GivenUp, &[StepKind::Overdue]),
            (Stage::GivenUp, _) => (Stage::GivenUp, &[]),
        };
        self.stage = stage;
        kinds
    }
}

const fn min(a: u64, b: u64) -> u64 {
    if a < b { a } else { b }
}

const fn max(a: u64, b: u64) -> u64 {
    if a > b { a } else { b }
}
