//! The keys in force while a record is read: key orders, generations, posts that were cut off
//! (`spec/key-order.md §4`, `§7`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::report::FaultKind;
use super::work::Findings;
use crate::charter::{AmendError, SignedCharter};
use crate::entry::{Keys, Seen};
use crate::ids::{EntryId, PartyIndex, PostIndex};
use crate::key_order::{KeyChange, KeyOrderError, SignedKeyOrder};
use crate::keys_in_force::{Applied, Generation, KeysInForce};

/// Every key order of the file, by the log that holds it.
pub(super) struct Orders {
    by_log: Vec<Vec<(u64, Arc<SignedKeyOrder>)>>,
    /// The keys by all orders that the file came to, whoever has seen them.
    pub(super) all: KeysInForce,
    waiting: Waiting,
    forks: BTreeSet<(PartyIndex, u32)>,
}

/// Orders that wait for those before them, and how all are taken.
#[derive(Default)]
struct Waiting(Vec<Arc<SignedKeyOrder>>);

impl Waiting {
    /// Applies an order, and those that waited for it; gives back every fork that this shows.
    fn apply(
        &mut self,
        keys: &mut KeysInForce,
        order: &Arc<SignedKeyOrder>,
    ) -> (Result<(), KeyOrderError>, Vec<(PartyIndex, u32)>) {
        let mut forks = Vec::new();
        let applied = self.one(keys, order, &mut forks);
        let mut moved = matches!(applied, Ok(true));
        while std::mem::take(&mut moved) {
            let mut waiting = std::mem::take(&mut self.0);
            waiting.sort_by_key(|order| (order.order().party, order.order().number));
            for order in waiting {
                moved |= matches!(self.one(keys, &order, &mut forks), Ok(true));
            }
        }
        (applied.map(|_| ()), forks)
    }

    /// Applies one; tells whether it is in force now and was not before.
    fn one(
        &mut self,
        keys: &mut KeysInForce,
        order: &Arc<SignedKeyOrder>,
        forks: &mut Vec<(PartyIndex, u32)>,
    ) -> Result<bool, KeyOrderError> {
        match keys.apply(order) {
            Err(KeyOrderError::PeerWaits { .. }) => {
                self.0.push(Arc::clone(order));
                Ok(false)
            }
            Ok(Applied::Forked(_)) => {
                forks.push((order.order().party, order.order().number));
                Ok(false)
            }
            Ok(applied) => Ok(matches!(applied, Applied::InForce | Applied::Displaced(_))),
            Err(error) => Err(error),
        }
    }
}

/// What one post went by while it wrote its log.
pub(super) struct View {
    pub(super) keys: Arc<KeysInForce>,
    taken: BTreeSet<EntryId>,
    /// How many orders of each log stand within the prefix that was seen of it.
    passed: Vec<usize>,
    waiting: Waiting,
    cut_off: BTreeSet<PostIndex>,
}

/// The generations of one log as the log itself began them.
pub(super) struct Generations {
    begun: Vec<(u64, Arc<Generation>)>,
    /// What other posts had seen of the log when it was cut off.
    cut_at: Option<u64>,
    after_cut_off: u64,
}

impl Orders {
    pub(super) fn new(charter: &Arc<SignedCharter>) -> Self {
        let by_log = vec![Vec::new(); crate::entry::POSTS_MAX];
        let all = KeysInForce::new(Arc::clone(charter));
        Self { by_log, all, waiting: Waiting::default(), forks: BTreeSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_log.iter().all(Vec::is_empty)
    }

    /// Takes an order where it stands, and tells of a fork that it shows.
    fn add(&mut self, at: EntryId, order: &Arc<SignedKeyOrder>, found: &mut Findings) {
        if let Some(list) = self.by_log.get_mut(at.log.index()) {
            list.push((at.index, Arc::clone(order)));
        }
        // What is wrong with it is told where its log takes it.
        let (_, forks) = self.waiting.apply(&mut self.all, order);
        for (party, number) in forks {
            if self.forks.insert((party, number)) {
                found.accuse(party, at, FaultKind::KeyOrderFork);
            }
        }
    }

    /// Takes a further charter of the file, on the orders that stand before it.
    ///
    /// Whether its root keys were in force is judged where a post goes by it.
    pub(super) fn amend(&mut self, next: &Arc<SignedCharter>) -> Result<(), AmendError> {
        self.all = self.all.amended_whenever(Arc::clone(next))?;
        Ok(())
    }
}

impl View {
    pub(super) fn new(keys: KeysInForce) -> Self {
        Self {
            keys: Arc::new(keys),
            taken: BTreeSet::new(),
            passed: vec![0; crate::entry::POSTS_MAX],
            waiting: Waiting::default(),
            cut_off: BTreeSet::new(),
        }
    }

    /// Brings into force what an entry of this post has seen.
    pub(super) fn learn(&mut self, seen: &Seen, orders: &Orders) {
        if orders.is_empty() {
            return;
        }
        let mut new = self.unheard(seen, orders);
        new.sort_by_key(|(at, order)| (order.order().party, order.order().number, *at));
        for (at, order) in new {
            self.taken.insert(at);
            // What is wrong with an order was told where it stands.
            let _ = self.apply(&order);
        }
    }

    /// The orders that `seen` names and that were not taken. Each is passed over once only.
    fn unheard(&mut self, seen: &Seen, orders: &Orders) -> Vec<(EntryId, Arc<SignedKeyOrder>)> {
        let mut new = Vec::new();
        for (log, held) in seen.iter() {
            let list = orders.by_log.get(log.index()).map_or(&[][..], Vec::as_slice);
            let Some(passed) = self.passed.get_mut(log.index()) else {
                continue;
            };
            let rest = list.get(*passed..).unwrap_or_default();
            let within = rest.partition_point(|(index, _)| *index < held.prefix);
            *passed = passed.saturating_add(within);
            let beyond = held.beyond.iter().filter_map(|index| {
                let place = list.binary_search_by_key(index, |(at, _)| *at).ok()?;
                list.get(place)
            });
            for (index, order) in rest.iter().take(within).chain(beyond) {
                let at = EntryId { log, index: *index };
                if !self.taken.contains(&at) {
                    new.push((at, Arc::clone(order)));
                }
            }
        }
        new
    }

    /// Applies an order, and those that waited for it.
    fn apply(&mut self, order: &Arc<SignedKeyOrder>) -> Result<(), KeyOrderError> {
        self.waiting.apply(Arc::make_mut(&mut self.keys), order).0
    }

    /// Takes an order in this post's own log.
    pub(super) fn take_own(
        &mut self,
        at: EntryId,
        entry: &Keys,
        orders: &mut Orders,
        found: &mut Findings,
    ) -> Option<Arc<SignedKeyOrder>> {
        let order = match SignedKeyOrder::from_bytes(&entry.order) {
            Ok(order) => Arc::new(order),
            Err(error) => {
                found.fault(at, FaultKind::KeyOrder(error.into()));
                return None;
            }
        };
        orders.add(at, &order, found);
        self.taken.insert(at);
        match self.apply(&order) {
            Ok(()) | Err(KeyOrderError::PeerForkedBefore { .. }) => {}
            Err(error) => found.fault(at, FaultKind::KeyOrder(error)),
        }
        Some(order)
    }

    /// Goes by the next charters of the file, one after another.
    pub(super) fn amend(&mut self, next: &[Arc<SignedCharter>]) -> Result<(), AmendError> {
        let mut keys = KeysInForce::clone(&self.keys);
        for charter in next {
            keys = keys.amended(Arc::clone(charter))?;
        }
        self.keys = Arc::new(keys);
        Ok(())
    }

    /// The posts that this one has just learned to be cut off.
    pub(super) fn newly_cut_off(&mut self, posts: usize) -> Vec<PostIndex> {
        let all = (0..=u8::MAX).take(posts).map(PostIndex);
        let now: BTreeSet<_> = all.filter(|post| self.keys.is_cut_off(*post)).collect();
        let new = now.difference(&self.cut_off).copied().collect();
        self.cut_off = now;
        new
    }
}

impl Generations {
    pub(super) fn new(keys: &KeysInForce, log: PostIndex) -> Self {
        let first = keys.generations(log).first().cloned().map(Arc::new);
        Self {
            begun: first.map(|one| (0, one)).into_iter().collect(),
            cut_at: None,
            after_cut_off: 0,
        }
    }

    /// The generation that signs the log at a size.
    pub(super) fn at(&self, size: u64) -> Option<&Arc<Generation>> {
        let held = self.begun.iter().rev().find(|(from, _)| *from < size);
        held.or(self.begun.first()).map(|(_, one)| one)
    }

    /// The generations that ended at or before a size: what they sign of it counts for nothing.
    pub(super) fn ended(&self, size: u64) -> Vec<Arc<Generation>> {
        let now = self.at(size).map(|one| one.number);
        let before = self.begun.iter().filter(|(_, one)| Some(one.number) < now);
        before.map(|(_, one)| Arc::clone(one)).collect()
    }

    /// The number of the generation in which the log goes on.
    pub(super) fn number(&self) -> u32 {
        self.begun.last().map_or(0, |(_, one)| one.number)
    }

    /// Checks an entry against what its author knew of its own post's keys, and begins a
    /// generation where the entry does. `before` is what was in force for the entry, `keys` what is after it.
    pub(super) fn check(
        &mut self,
        at: EntryId,
        order: Option<&SignedKeyOrder>,
        (before, keys): (&KeysInForce, &KeysInForce),
        found: &mut Findings,
    ) {
        let now = keys.generations(at.log).last();
        let later = now.filter(|one| one.number > self.number());
        let begins = order.is_some_and(|order| {
            matches!(&order.order().change, KeyChange::Generation(next)
                if next.post == at.log && later.is_some_and(|one| one.number == next.generation))
        });
        if begins && let Some(one) = later {
            self.begun.push((at.index, Arc::new(one.clone())));
            self.after_cut_off = self.after(at.index);
            self.cut_at = None;
        } else if later.is_some() {
            found.fault(at, FaultKind::GenerationEnded);
        } else if before.is_cut_off(at.log) {
            found.fault(at, FaultKind::CutOff);
        }
    }

    /// Another post has learned that this log was cut off, holding so many of its entries.
    pub(super) fn cut_off(&mut self, by: &KeysInForce, log: PostIndex, held: u64) {
        if by.generation(log) == Some(self.number()) {
            self.cut_at = Some(self.cut_at.map_or(held, |before| before.max(held)));
        }
    }

    /// How many of the log's entries no other post had seen when it was cut off.
    pub(super) fn after(&self, size: u64) -> u64 {
        let since = self.cut_at.map_or(0, |cut| size.saturating_sub(cut));
        self.after_cut_off.saturating_add(since)
    }
}
