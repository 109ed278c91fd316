//! The order in which entries of several logs are shown (`spec/order.md`).
//!
//! An entry comes after all that its author had written or held before it; entries that did not
//! know of each other are picked by claimed time, then party, then post. Adding entries never
//! changes the order of those already there, and what every post has passed is settled: nothing
//! can come before it any more. Whether a claim to have seen an entry is true is left to others,
//! and so are entries that came ahead of their predecessors: they have no place yet.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::entry::{Entry, Seen};
use crate::ids::{EntryId, PartyIndex, PostIndex};

/// What the order needs to know of an entry.
///
/// An entry that another one refers to was seen by its author, so references add nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The entry.
    pub id: EntryId,
    /// Its author's clock, in milliseconds since 1970 UTC.
    pub t_ms: u64,
    /// What its author held of every other log.
    pub seen: Seen,
}

/// Why a node was not taken.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum OrderError {
    /// A log that the line does not have.
    #[error("local node is of log {0}, which the line does not have")]
    LocalNoSuchLog(PostIndex),
    /// Not the next entry of its log, or the one before it still waits.
    #[error("local node {0} is not the next of its log")]
    LocalNotNext(EntryId),
}

impl OrderError {
    /// Returns the stable code of this error, which is also the key of its text.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalNoSuchLog(_) => "order.no-such-log",
            Self::LocalNotNext(_) => "order.not-next",
        }
    }
}

/// What [`Merge::step`] comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The next entry to be shown.
    Show(EntryId),
    /// The next entry of this log is needed, or word that there is none.
    Wants(PostIndex),
    /// Nothing more can be shown: every log has ended or waits for entries that are not held.
    Done,
}

/// Merges logs into the order of display, one entry at a time, in memory that does not grow.
#[derive(Clone, Debug)]
pub struct Merge {
    logs: Vec<Log>,
}

#[derive(Clone, Debug)]
struct Log {
    party: PartyIndex,
    /// How many entries were shown.
    shown: u64,
    /// The next entry: its time, and how many entries of each log come before it.
    head: Option<(u64, Vec<u64>)>,
    ended: bool,
    /// How many entries of each log come before the last one offered.
    before: Vec<u64>,
}

impl Node {
    /// Takes from an entry what the order needs.
    #[must_use]
    pub fn of(id: EntryId, entry: &Entry) -> Self {
        Self { id, t_ms: entry.t_ms(), seen: entry.seen().clone() }
    }
}

impl Merge {
    /// Starts at the first entries of the logs; `parties` says for each post whose it is.
    #[must_use]
    pub fn new(parties: &[PartyIndex]) -> Self {
        Self::resume(parties, &[])
    }

    /// Starts after a prefix of the display order that holds `shown` entries of each log.
    ///
    /// The result is the rest of the whole order only if it was such a prefix.
    #[must_use]
    pub fn resume(parties: &[PartyIndex], shown: &[u64]) -> Self {
        let count = |post: usize| shown.get(post).copied().unwrap_or(0);
        let log = |(post, party): (usize, &PartyIndex)| Log {
            party: *party,
            shown: count(post),
            head: None,
            ended: false,
            before: vec![0; parties.len()],
        };
        Self { logs: parties.iter().enumerate().map(log).collect() }
    }

    /// Gives the next entry of a log. A log that had ended goes on.
    ///
    /// # Errors
    ///
    /// [`OrderError`] if it is not the next of its log.
    pub fn offer(&mut self, node: &Node) -> Result<(), OrderError> {
        let post = node.id.log;
        let log = self.logs.get_mut(post.index()).ok_or(OrderError::LocalNoSuchLog(post))?;
        if log.head.is_some() || log.shown != node.id.index {
            return Err(OrderError::LocalNotNext(node.id));
        }
        // What an author held once it holds for ever: a later entry that claims less gains nothing.
        for (other, held) in node.seen.iter() {
            if let Some(count) = log.before.get_mut(other.index()) {
                *count = (*count).max(held.end());
            }
        }
        log.head = Some((node.t_ms, log.before.clone()));
        log.ended = false;
        Ok(())
    }

    /// Says that a log has no more entries for now.
    pub fn end(&mut self, log: PostIndex) {
        if let Some(log) = self.logs.get_mut(log.index()) {
            log.ended = true;
        }
    }

    /// Returns the next entry to be shown, or says what is needed to know it.
    pub fn step(&mut self) -> Step {
        let posts = || (0..=u8::MAX).map(PostIndex);
        let open = posts().zip(&self.logs).find(|(_, log)| log.head.is_none() && !log.ended);
        if let Some((post, _)) = open {
            return Step::Wants(post);
        }
        let ready = posts().zip(&self.logs).filter_map(|(post, log)| {
            let (t_ms, before) = log.head.as_ref()?;
            let mut needs = before.iter().zip(&self.logs);
            needs.all(|(count, other)| other.shown >= *count).then_some((*t_ms, log.party, post))
        });
        let Some((_, _, post)) = ready.min() else {
            return Step::Done;
        };
        let Some(log) = self.logs.get_mut(post.index()) else {
            return Step::Done;
        };
        let id = EntryId { log: post, index: log.shown };
        log.head = None;
        log.shown = log.shown.saturating_add(1);
        Step::Show(id)
    }

    /// Returns how many entries of each log were shown.
    #[must_use]
    pub fn shown(&self) -> Vec<u64> {
        self.logs.iter().map(|log| log.shown).collect()
    }

    /// Returns the entries that were offered and wait for others that are not held.
    #[must_use]
    pub fn waiting(&self) -> Vec<EntryId> {
        let waits = |(log, held): (PostIndex, &Log)| {
            held.head.as_ref().map(|_| EntryId { log, index: held.shown })
        };
        (0..=u8::MAX).map(PostIndex).zip(&self.logs).filter_map(waits).collect()
    }

    /// Returns, for each log, how many of its entries every other post has passed.
    ///
    /// Every later entry of any post comes after these, and after all that is shown before any of
    /// them: up to the last of them the order is final.
    #[must_use]
    pub fn settled(&self) -> Vec<u64> {
        let passed = |log: usize| {
            let others = self.logs.iter().enumerate().filter(|(post, _)| *post != log);
            let counts = others.map(|(_, other)| other.before.get(log).copied().unwrap_or(0));
            let shown = self.logs.get(log).map_or(0, |log| log.shown);
            counts.min().map_or(shown, |least| least.min(shown))
        };
        (0..self.logs.len()).map(passed).collect()
    }
}

/// The order of entries that are all in memory.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Order {
    /// Entries in the order of display.
    pub shown: Vec<EntryId>,
    /// Entries that wait for others that are not among those given, by log and index.
    pub waiting: Vec<EntryId>,
    /// How many entries of `shown`, from the first, are settled: their order is final.
    pub settled: usize,
}

/// Orders entries that are all in memory, given in any order.
///
/// `shown` says how many entries of each log come before those given, as for [`Merge::resume`].
#[must_use]
pub fn order(parties: &[PartyIndex], shown: &[u64], nodes: &[Node]) -> Order {
    let by_id: BTreeMap<EntryId, &Node> = nodes.iter().map(|node| (node.id, node)).collect();
    let mut merge = Merge::resume(parties, shown);
    let mut result = Order::default();
    loop {
        match merge.step() {
            Step::Show(id) => result.shown.push(id),
            Step::Wants(log) => {
                let index = merge.shown().get(log.index()).copied().unwrap_or(0);
                let next = by_id.get(&EntryId { log, index });
                if next.is_none_or(|node| merge.offer(node).is_err()) {
                    merge.end(log);
                }
            }
            Step::Done => break,
        }
    }
    let counts = merge.shown();
    let count = |log: PostIndex| counts.get(log.index()).copied().unwrap_or(0);
    result.waiting = by_id.keys().copied().filter(|id| id.index >= count(id.log)).collect();
    result.settled = settled_prefix(&result.shown, &merge.settled());
    result
}

/// Returns how many entries of a display order, from the first, are settled.
///
/// `settled` says for each log how many of its entries every other post has passed.
#[must_use]
pub fn settled_prefix(shown: &[EntryId], settled: &[u64]) -> usize {
    let passed = |id: &EntryId| settled.get(id.log.index()).is_some_and(|count| id.index < *count);
    shown.iter().rposition(passed).map_or(0, |last| last.saturating_add(1))
}

/// Tells whether two entries were written without knowledge of each other.
#[must_use]
pub fn concurrent(a: &Node, b: &Node) -> bool {
    a.id.log != b.id.log && !knows(a, b.id) && !knows(b, a.id)
}

/// Whoever holds an entry knows of every earlier one in the same log, held or not.
fn knows(node: &Node, other: EntryId) -> bool {
    node.seen.of(other.log).is_some_and(|held| other.index < held.end())
}

#[cfg(test)]
mod tests;
