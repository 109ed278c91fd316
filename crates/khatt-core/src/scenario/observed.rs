//! What a host saw while it played a scenario: kept as facts that the player looks up.

use std::collections::{BTreeMap, BTreeSet};

use khatt_record::EntryId;

use super::expect::{Expect, ReadBackResult};
use super::name::{Name, Word};

/// One thing that a host saw. Posts and steps are named as the scenario names them.
///
/// A host reports what the posts show, not what it did: a message is stored at a post when that
/// post's engine says so.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// The act of a step is an entry in the acting post's log.
    Recorded {
        /// The step.
        step: Name,
        /// The entry.
        entry: EntryId,
    },
    /// The act of a step is done; it makes no entry that others could refer to.
    Done {
        /// The step.
        step: Name,
    },
    /// The act of a step was refused by the acting post.
    Refused {
        /// The step.
        step: Name,
        /// The stable code of the error.
        code: Word,
    },
    /// A post holds the open text of a message that another post wrote.
    Stored {
        /// The message.
        entry: EntryId,
        /// The post that holds it.
        at: Name,
    },
    /// A post knows that a level of the acknowledgement ladder is reached.
    Level {
        /// The message.
        entry: EntryId,
        /// 0 to 6.
        level: u8,
        /// The post whose level it is.
        by: Name,
        /// The post that knows it.
        at: Name,
    },
    /// The author's post compared a read-back.
    ReadBack {
        /// The message that was read back.
        entry: EntryId,
        /// The post that read it back.
        by: Name,
        /// What the comparison found.
        result: ReadBackResult,
    },
    /// A line test was answered.
    TestAnswered {
        /// The post that tested.
        post: Name,
        /// The post that answered.
        by: Name,
    },
    /// An alarm stands at a post.
    Alarm {
        /// The post.
        at: Name,
        /// The alarm's code.
        code: Word,
    },
    /// An alarm stands no longer.
    Cleared {
        /// The post.
        at: Name,
        /// The alarm's code.
        code: Word,
    },
}

/// Everything that a host saw so far. It only grows; reporting a fact twice changes nothing,
/// except that read-backs and line tests are counted one by one.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    reports: BTreeMap<Name, Report>,
    stored: BTreeSet<(EntryId, Name)>,
    levels: BTreeSet<(EntryId, Name, Name, u8)>,
    read_backs: BTreeMap<(EntryId, Name), Vec<ReadBackResult>>,
    tests: BTreeMap<(Name, Name), usize>,
    alarms: BTreeMap<(Name, Word), AlarmState>,
}

/// How the act of a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Recorded(EntryId),
    Done,
    Refused(Word),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AlarmState {
    Standing,
    Cleared,
}

impl Observed {
    /// Returns a host's record with nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes down one thing that was seen.
    pub fn note(&mut self, observation: Observation) {
        match observation {
            Observation::Recorded { step, entry } => {
                self.reports.entry(step).or_insert(Report::Recorded(entry));
            }
            Observation::Done { step } => {
                self.reports.entry(step).or_insert(Report::Done);
            }
            Observation::Refused { step, code } => {
                self.reports.entry(step).or_insert(Report::Refused(code));
            }
            Observation::Stored { entry, at } => {
                self.stored.insert((entry, at));
            }
            Observation::Level { entry, level, by, at } => {
                self.levels.insert((entry, by, at, level));
            }
            Observation::ReadBack { entry, by, result } => {
                self.read_backs.entry((entry, by)).or_default().push(result);
            }
            Observation::TestAnswered { post, by } => {
                let count = self.tests.entry((post, by)).or_default();
                *count = count.saturating_add(1);
            }
            Observation::Alarm { at, code } => {
                self.alarms.insert((at, code), AlarmState::Standing);
            }
            Observation::Cleared { at, code } => {
                self.alarms.insert((at, code), AlarmState::Cleared);
            }
        }
    }

    /// Returns the entry that a step's act became.
    #[must_use]
    pub fn entry_of(&self, step: &Name) -> Option<EntryId> {
        match self.reports.get(step) {
            Some(Report::Recorded(entry)) => Some(*entry),
            _ => None,
        }
    }

    pub(super) fn report(&self, step: &Name) -> Option<&Report> {
        self.reports.get(step)
    }

    pub(super) fn is_stored(&self, entry: EntryId, at: &Name) -> bool {
        self.stored.contains(&(entry, at.clone()))
    }

    /// Counts what only happens again and again, so that a later look can tell new from old.
    pub(super) fn count(&self, what: &Expect) -> usize {
        match what {
            Expect::ReadBack { of, by, .. } => self.results(of, by).len(),
            Expect::TestAnswered { post, by } => {
                self.tests.get(&(post.clone(), by.clone())).copied().unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Says whether a row holds now. Of what is counted, the first `before` are not looked at.
    /// A `Never` holds as long as its level is not reached, a `Refused` once the report says so.
    pub(super) fn holds(&self, step: &Name, what: &Expect, before: usize) -> bool {
        match what {
            Expect::Stored { of, at } => {
                self.entry_of(of).is_some_and(|entry| self.is_stored(entry, at))
            }
            Expect::Level { of, level, by, at } => self.reached(of, *level, by, at),
            Expect::Never { of, level, by, at } => !self.reached(of, *level, by, at),
            Expect::ReadBack { of, by, result } => {
                self.results(of, by).get(before..).is_some_and(|new| new.contains(result))
            }
            Expect::TestAnswered { .. } => self.count(what) > before,
            Expect::Alarm { at, code } => self.alarm(at, code) == Some(AlarmState::Standing),
            Expect::Cleared { at, code } => self.alarm(at, code) == Some(AlarmState::Cleared),
            Expect::Refused { code } => self.report(step) == Some(&Report::Refused(code.clone())),
        }
    }

    /// Says in words what was seen where a row looks.
    pub(super) fn instead(&self, what: &Expect) -> String {
        let list = |items: Vec<String>, none: &str| {
            if items.is_empty() { none.to_owned() } else { items.join(", ") }
        };
        match what {
            Expect::Stored { of, .. } => match self.entry_of(of) {
                None => format!("no entry of `{of}`"),
                Some(entry) => {
                    let posts = self.stored.iter().filter(|(id, _)| *id == entry);
                    let posts = posts.map(|(_, at)| at.to_string()).collect();
                    format!("entry {entry} stored at {}", list(posts, "no other post"))
                }
            },
            Expect::Level { of, by, at, .. } | Expect::Never { of, by, at, .. } => {
                let entry = self.entry_of(of);
                let known = self
                    .levels
                    .iter()
                    .filter(|(id, b, a, _)| Some(*id) == entry && b == by && a == at);
                list(known.map(|(_, _, _, level)| format!("A{level}")).collect(), "no level")
            }
            Expect::ReadBack { of, by, .. } => {
                list(self.results(of, by).iter().map(ToString::to_string).collect(), "no read-back")
            }
            Expect::TestAnswered { .. } => "no new answer".to_owned(),
            Expect::Alarm { at, .. } | Expect::Cleared { at, .. } => {
                let standing = self
                    .alarms
                    .iter()
                    .filter(|((post, _), state)| post == at && **state == AlarmState::Standing);
                let standing = standing.map(|((_, code), _)| code.as_str().to_owned()).collect();
                format!("standing there: {}", list(standing, "no alarm"))
            }
            Expect::Refused { .. } => "the act done".to_owned(),
        }
    }

    fn reached(&self, of: &Name, level: u8, by: &Name, at: &Name) -> bool {
        self.entry_of(of)
            .is_some_and(|entry| self.levels.contains(&(entry, by.clone(), at.clone(), level)))
    }

    fn results(&self, of: &Name, by: &Name) -> &[ReadBackResult] {
        let results = self.entry_of(of).and_then(|entry| self.read_backs.get(&(entry, by.clone())));
        results.map_or(&[], Vec::as_slice)
    }

    fn alarm(&self, at: &Name, code: &Word) -> Option<AlarmState> {
        self.alarms.get(&(at.clone(), code.clone())).copied()
    }
}
