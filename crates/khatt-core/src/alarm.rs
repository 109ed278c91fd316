//! Alarms: conditions that need a human act, held by the post and shown by its desks.
//!
//! The states are those of ISA-18.2: unacknowledged, acknowledged, cleared and unacknowledged,
//! normal (no alarm), and shelved. One cause is one alarm and one act; repeats are counted in it.
//! Acknowledging an *alarm* says "I have seen it" and can never acknowledge a *message*: nothing here
//! knows of [`crate::ladder`].
//!
//! Sounds, screens and pagers are the host's. Every change comes back as a value for the journal.

use std::collections::BTreeMap;
use std::fmt;

use khatt_record::OfficerIndex;
use thiserror::Error;

use crate::Now;
use crate::timer::{Deadline, Stopwatch};

mod cause;
mod codec;
#[cfg(test)]
mod tests;

pub use cause::{Cause, Class, Nature};

/// Where an alarm stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its cause is present and nobody has seen it.
    Unacknowledged,
    /// Its cause is present and an officer has seen it.
    Acknowledged,
    /// Its cause is gone and nobody has seen it.
    ClearedUnacknowledged,
    /// Put aside by a named officer, for a reason and a time.
    Shelved,
}

/// Whether an alarm was the first of those now unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outset {
    /// It came before all others: likely what caused them.
    FirstOut,
    /// Others were unseen when it came.
    Later,
}

/// One alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What it is about.
    pub cause: Cause,
    /// Its place in the order in which alarms came.
    pub serial: u64,
    /// Whether it was the first of those unseen.
    pub outset: Outset,
    /// How often the cause has come since the alarm was raised, from 1.
    pub count: u64,
    /// When it was raised, as our wall clock claims, in milliseconds of Unix time.
    pub raised_wall_ms: u64,
    /// When it last came, as our wall clock claims, in milliseconds of Unix time.
    pub last_wall_ms: u64,
    /// Who has seen it.
    pub seen_by: Option<OfficerIndex>,
    /// The shelf it lies on.
    pub shelf: Option<Shelf>,
    presence: Presence,
    age: Stopwatch,
    call: Call,
}

/// Why and until when an alarm is put aside.
#[derive(Clone, PartialEq, Eq)]
pub struct Shelf {
    /// The officer who did it.
    pub officer: OfficerIndex,
    /// The officer's reason, for the screen; never printed.
    pub reason: String,
    /// When it comes back.
    pub until: Deadline,
}

/// What happened to an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The alarm's cause.
    pub cause: Cause,
    /// What happened.
    pub kind: ChangeKind,
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is new: sound and strip.
    Raised(Outset),
    /// Its cause came again; told at 2, 4, 8 and so on, so that no peer can fill a journal.
    Repeated {
        /// How often it has come.
        count: u64,
    },
    /// Its cause came back before anybody saw that it was gone.
    Returned,
    /// Its cause is gone; it waits to be seen.
    Cleared,
    /// An officer has seen it.
    Seen(OfficerIndex),
    /// An officer put it aside.
    Shelved(OfficerIndex),
    /// It came back from the shelf.
    Unshelved,
    /// Nobody has seen it in the time of its class: page somebody.
    Overdue(Overdue),
    /// Back to normal: the alarm is over.
    Normal,
}

/// How long overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// The first time of its class has run out.
    First,
    /// The second one has.
    Second,
}

/// Why an act on an alarm was not done.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AlarmError {
    /// There is no such alarm; perhaps another officer was faster.
    #[error("local post has no such alarm")]
    LocalNoAlarm,
    /// It has been seen already.
    #[error("local alarm is already acknowledged")]
    LocalAlreadySeen,
    /// Alarms of this class cannot be put aside for so long, or at all.
    #[error("local alarm of class {} can be shelved for at most {max_ms} ms", .class.letter())]
    LocalShelfTooLong {
        /// Its class.
        class: Class,
        /// The most, in milliseconds; 0 if it cannot be shelved.
        max_ms: u64,
    },
    /// Shelving needs a reason, of at most this many bytes.
    #[error("local alarm is shelved only with a reason of 1 to {max} bytes")]
    LocalReason {
        /// Most bytes.
        max: usize,
    },
}

/// Every alarm of a line that is not back to normal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    alarms: BTreeMap<Cause, Alarm>,
    /// Before this nothing is due, so nobody needs to look; zero where that is not known.
    quiet_until_ms: u64,
    /// How many of them each class has: a flood of one must cost no more than its own work.
    of_class: BTreeMap<Class, usize>,
    next_serial: u64,
}

/// Most alarms of one class; one more is raised to say that it is full.
pub const ALARMS_PER_CLASS_MAX: usize = 1024;
/// Longest reason for shelving, in bytes.
pub const REASON_MAX: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Active,
    Cleared,
}

/// The next call for an unseen alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    First(Deadline, Deadline),
    Second(Deadline),
    Made,
}

impl AlarmError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalNoAlarm => "KC-2301",
            Self::LocalAlreadySeen => "KC-2302",
            Self::LocalShelfTooLong { .. } => "KC-2303",
            Self::LocalReason { .. } => "KC-2304",
        }
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("officer", &self.officer).finish_non_exhaustive()
    }
}

impl Alarm {
    /// Returns where the alarm stands.
    #[must_use]
    pub const fn state(&self) -> State {
        match (&self.shelf, self.presence, self.seen_by) {
            (Some(_), _, _) => State::Shelved,
            (None, Presence::Active, None) => State::Unacknowledged,
            (None, Presence::Active, Some(_)) => State::Acknowledged,
            (None, Presence::Cleared, _) => State::ClearedUnacknowledged,
        }
    }

    /// Returns how long ago it was raised, by our own time, in milliseconds.
    #[must_use]
    pub const fn age_ms(&self, now: Now) -> u64 {
        self.age.elapsed_ms(now)
    }

    /// Tells whether it waits for somebody to see it.
    #[must_use]
    pub const fn is_unseen(&self) -> bool {
        matches!(self.state(), State::Unacknowledged | State::ClearedUnacknowledged)
    }

    const fn next(&self) -> Option<Deadline> {
        match (&self.shelf, self.is_unseen(), self.call) {
            (Some(shelf), _, _) => Some(shelf.until),
            (None, true, Call::First(deadline, _) | Call::Second(deadline)) => Some(deadline),
            _ => None,
        }
    }
}

impl Call {
    const fn new(now: Now, class: Class) -> Self {
        let (first_ms, second_ms) = class.acknowledge_within_ms();
        Self::First(Deadline::after(now, first_ms), Deadline::after(now, second_ms))
    }
}

impl Alarms {
    /// Returns no alarms.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises an alarm, or counts its cause in the one there is.
    ///
    /// A cause that an officer has seen and that still lasts is counted without noise; the same
    /// holds on a shelf.
    pub fn raise(&mut self, now: Now, cause: Cause) -> Option<Change> {
        if let Some(alarm) = self.alarms.get_mut(&cause) {
            self.quiet_until_ms = 0;
            alarm.count = alarm.count.saturating_add(1);
            alarm.last_wall_ms = now.wall_ms;
            let returned = alarm.presence == Presence::Cleared;
            alarm.presence = Presence::Active;
            let kind = if returned && alarm.shelf.is_none() {
                ChangeKind::Returned
            } else if alarm.count.is_power_of_two() {
                ChangeKind::Repeated { count: alarm.count }
            } else {
                return None;
            };
            return Some(Change { cause, kind });
        }
        let class = cause.class();
        let held = self.of_class.get(&class).copied().unwrap_or(0);
        if held >= ALARMS_PER_CLASS_MAX && !matches!(cause, Cause::TooMany { .. }) {
            return self.raise(now, Cause::TooMany { class });
        }
        let unseen = self.alarms.values().any(Alarm::is_unseen);
        let outset = if unseen { Outset::Later } else { Outset::FirstOut };
        let alarm = Alarm {
            cause,
            serial: self.next_serial,
            outset,
            count: 1,
            raised_wall_ms: now.wall_ms,
            last_wall_ms: now.wall_ms,
            seen_by: None,
            shelf: None,
            presence: Presence::Active,
            age: Stopwatch::start(now),
            call: Call::new(now, class),
        };
        self.next_serial = self.next_serial.saturating_add(1);
        self.insert(alarm);
        Some(Change { cause, kind: ChangeKind::Raised(outset) })
    }

    /// Notes that a cause is gone. An alarm that nobody has seen stays until somebody does.
    pub fn clear(&mut self, cause: Cause) -> Option<Change> {
        let alarm = self.alarms.get_mut(&cause)?;
        self.quiet_until_ms = 0;
        if alarm.presence == Presence::Cleared {
            return None;
        }
        alarm.presence = Presence::Cleared;
        let kind = if alarm.seen_by.is_some() {
            self.remove(cause);
            ChangeKind::Normal
        } else {
            ChangeKind::Cleared
        };
        Some(Change { cause, kind })
    }

    /// Notes that an officer has seen an alarm. This acknowledges no message.
    ///
    /// Ends an alarm whose cause is gone or was an occurrence. Takes one off the shelf.
    ///
    /// # Errors
    ///
    /// [`AlarmError::LocalNoAlarm`], [`AlarmError::LocalAlreadySeen`].
    pub fn acknowledge(
        &mut self,
        cause: Cause,
        officer: OfficerIndex,
    ) -> Result<Vec<Change>, AlarmError> {
        let alarm = self.alarms.get_mut(&cause).ok_or(AlarmError::LocalNoAlarm)?;
        self.quiet_until_ms = 0;
        if alarm.seen_by.is_some() && alarm.shelf.is_none() {
            return Err(AlarmError::LocalAlreadySeen);
        }
        alarm.seen_by = Some(officer);
        alarm.shelf = None;
        let mut changes = vec![Change { cause, kind: ChangeKind::Seen(officer) }];
        if alarm.presence == Presence::Cleared || cause.nature() == Nature::Occurrence {
            self.remove(cause);
            changes.push(Change { cause, kind: ChangeKind::Normal });
        }
        Ok(changes)
    }

    fn insert(&mut self, alarm: Alarm) {
        let cause = alarm.cause;
        let next_ms = alarm.next().map_or(u64::MAX, Deadline::mono_ms);
        self.quiet_until_ms = self.quiet_until_ms.min(next_ms);
        if self.alarms.insert(cause, alarm).is_none() {
            *self.of_class.entry(cause.class()).or_default() += 1;
        }
    }

    fn remove(&mut self, cause: Cause) {
        if self.alarms.remove(&cause).is_some()
            && let Some(held) = self.of_class.get_mut(&cause.class())
        {
            *held = held.saturating_sub(1);
        }
    }

    /// Puts an alarm aside for `ms` milliseconds. Shelving is not seeing: it comes back unseen.
    ///
    /// # Errors
    ///
    /// [`AlarmError`] if there is no such alarm, the time is too long for its class, or there is no
    /// reason.
    pub fn shelve(
        &mut self,
        now: Now,
        cause: Cause,
        officer: OfficerIndex,
        reason: &str,
        ms: u64,
    ) -> Result<Change, AlarmError> {
        let class = cause.class();
        let max_ms = class.shelf_max_ms();
        let alarm = self.alarms.get_mut(&cause).ok_or(AlarmError::LocalNoAlarm)?;
        self.quiet_until_ms = 0;
        if ms > max_ms || max_ms == 0 {
            return Err(AlarmError::LocalShelfTooLong { class, max_ms });
        }
        if reason.trim().is_empty() || reason.len() > REASON_MAX {
            return Err(AlarmError::LocalReason { max: REASON_MAX });
        }
        let until = Deadline::after(now, ms);
        alarm.shelf = Some(Shelf { officer, reason: reason.to_owned(), until });
        alarm.seen_by = None;
        Ok(Change { cause, kind: ChangeKind::Shelved(officer) })
    }

    /// Returns what the time has brought: alarms back from the shelf, calls for those unseen.
    pub fn due(&mut self, now: Now) -> Vec<Change> {
        let mut changes = Vec::new();
        if now.mono_ms < self.quiet_until_ms {
            return changes;
        }
        for (cause, alarm) in &mut self.alarms {
            let mut tell = |kind| changes.push(Change { cause: *cause, kind });
            if alarm.shelf.as_ref().is_some_and(|shelf| shelf.until.is_due(now)) {
                alarm.shelf = None;
                alarm.call = Call::new(now, cause.class());
                tell(ChangeKind::Unshelved);
            }
            if !alarm.is_unseen() {
                continue;
            }
            if let Call::First(first, second) = alarm.call
                && first.is_due(now)
            {
                alarm.call = Call::Second(second);
                tell(ChangeKind::Overdue(Overdue::First));
            }
            if let Call::Second(second) = alarm.call
                && second.is_due(now)
            {
                alarm.call = Call::Made;
                tell(ChangeKind::Overdue(Overdue::Second));
            }
        }
        self.quiet_until_ms = self.next_due().unwrap_or(u64::MAX);
        changes
    }

    /// Returns when [`Alarms::due`] will next bring something, in milliseconds since start.
    #[must_use]
    pub fn next_due(&self) -> Option<u64> {
        self.alarms.values().filter_map(Alarm::next).min().map(Deadline::mono_ms)
    }

    /// Returns one alarm.
    #[must_use]
    pub fn get(&self, cause: Cause) -> Option<&Alarm> {
        self.alarms.get(&cause)
    }

    /// Tells whether a cause is present, seen or not.
    #[must_use]
    pub fn is_present(&self, cause: Cause) -> bool {
        self.get(cause).is_some_and(|alarm| alarm.presence == Presence::Active)
    }

    /// Returns the cause with this key, if there is such an alarm.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<Cause> {
        self.alarms.keys().find(|cause| cause.key() == key).copied()
    }

    /// Returns every alarm in the order in which a desk shows them: unseen first, then by class,
    /// then as they came.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Alarm> {
        let mut alarms: Vec<_> = self.alarms.values().collect();
        alarms.sort_by_key(|alarm| (!alarm.is_unseen(), alarm.cause.class(), alarm.serial));
        alarms
    }
}
