//! The part of a verification that has to go in order: trees, `seen`, receipts, opening entries.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::blame::Proof;
use super::keys::{Generations, Orders, View};
use super::report::FaultKind;
use super::work::{Findings, Job, Rooted};
use crate::charter::SignedCharter;
use crate::commit::OpenPart;
use crate::cosign::{CosignError, Cosignature, CosignedBy, CosignerName};
use crate::entry::{Entry, POSTS_MAX, Seen};
use crate::file::RowOpen;
use crate::ids::{EntryId, Hash, PostIndex};
use crate::keys_in_force::{Generation, KeysInForce};
use crate::merkle::{Frontier, empty_root, leaf_hash};

/// How many of a log's latest roots are at hand; older ones are looked up in a second pass.
const ROOTS_MAX: usize = 16_384;
/// How many lookups of older roots a second pass takes.
const LATE_MAX: usize = 65_536;
/// Among how many of a log's latest messages a repeated one is noticed.
const RECENT_MAX: usize = 4_096;
/// How many entries that a log refuses are remembered.
const REFUSED_MAX: usize = 65_536;

/// What is known of one log while it is read.
pub(super) struct Log {
    pub(super) frontier: Frontier,
    /// The roots at the latest sizes, the last at the present one.
    roots: VecDeque<Hash>,
    seen: Option<Seen>,
    recent: VecDeque<Hash>,
    recent_set: BTreeSet<Hash>,
    /// How many entries of each other log its receipts cover.
    receipted: BTreeMap<PostIndex, u64>,
    /// The entries that it refused by name.
    refused: BTreeSet<EntryId>,
    /// Which charter of the file its author goes by.
    pub(super) charter: usize,
    /// Whether a later charter than the first added its post.
    pub(super) added: bool,
    /// The first entry that names a charter which the file does not have there, or that may not follow.
    pub(super) amend_unknown: Option<u64>,
    /// The first entry that names entries which the file does not have there.
    pub(super) seen_beyond: Option<u64>,
    /// By which keys its author's entries are judged.
    pub(super) view: View,
    /// By which keys its checkpoints are judged.
    pub(super) generations: Generations,
    pub(super) key_orders: u64,
    pub(super) messages: u64,
    pub(super) closed: u64,
    pub(super) withheld: u64,
    pub(super) receipts: u64,
    pub(super) unknown: u64,
}

/// A root that has to be looked up in a second pass.
pub(super) struct Late {
    pub(super) log: PostIndex,
    pub(super) size: u64,
    pub(super) what: LateWhat,
}

pub(super) enum LateWhat {
    /// A receipt at this entry names this root.
    Receipt { at: EntryId, root: Hash },
    /// A post cosigned this size, under this key and origin.
    Cosignature { one: Box<Cosignature>, signer: CosignedBy },
    /// A post signed this size in this generation, or in one of those that ended before.
    Checkpoint {
        signature: [u8; 64],
        /// The root that its row gives.
        given: Option<Hash>,
        signer: Option<Arc<Generation>>,
        ended: Vec<Arc<Generation>>,
    },
}

/// All logs while the file is read.
pub(super) struct Walk {
    pub(super) charters: Vec<Arc<SignedCharter>>,
    pub(super) logs: Vec<Log>,
    pub(super) late: Vec<Late>,
    /// Whether a charter of the file was passed over.
    pub(super) charter_refused: bool,
    pub(super) orders: Orders,
    newest: EntryId,
}

impl Log {
    fn new(keys: KeysInForce, log: PostIndex) -> Self {
        Self {
            generations: Generations::new(&keys, log),
            view: View::new(keys),
            key_orders: 0,
            frontier: Frontier::new(),
            roots: VecDeque::from([empty_root()]),
            seen: None,
            recent: VecDeque::new(),
            recent_set: BTreeSet::new(),
            receipted: BTreeMap::new(),
            refused: BTreeSet::new(),
            charter: 0,
            added: false,
            amend_unknown: None,
            seen_beyond: None,
            messages: 0,
            closed: 0,
            withheld: 0,
            receipts: 0,
            unknown: 0,
        }
    }

    fn append(&mut self, leaf: &[u8]) {
        self.frontier.append(leaf_hash(leaf));
        if self.roots.len() >= ROOTS_MAX {
            self.roots.pop_front();
        }
        self.roots.push_back(self.frontier.root());
    }

    /// The root at `size`, if it is at hand.
    fn root_at(&self, size: u64) -> Option<Hash> {
        let back = usize::try_from(self.frontier.size().checked_sub(size)?).ok()?;
        let place = self.roots.len().checked_sub(1)?.checked_sub(back)?;
        self.roots.get(place).copied()
    }

    /// Notes a commitment and tells whether it came lately.
    fn is_repeated(&mut self, commitment: Hash) -> bool {
        if !self.recent_set.insert(commitment) {
            return true;
        }
        self.recent.push_back(commitment);
        if self.recent.len() > RECENT_MAX
            && let Some(old) = self.recent.pop_front()
        {
            self.recent_set.remove(&old);
        }
        false
    }
}

impl Walk {
    pub(super) fn new(charter: Arc<SignedCharter>) -> Self {
        let orders = Orders::new(&charter);
        let posts = (0..=u8::MAX).take(charter.post_count()).map(PostIndex);
        let logs = posts.map(|post| Log::new(orders.all.clone(), post)).collect();
        Self {
            orders,
            charters: vec![charter],
            logs,
            late: Vec::new(),
            charter_refused: false,
            newest: EntryId { log: PostIndex(0), index: 0 },
        }
    }

    /// The entry that was read last.
    pub(super) const fn newest(&self) -> EntryId {
        self.newest
    }

    /// Takes a further charter of the file.
    pub(super) fn amend(&mut self, file: &[u8], found: &mut Findings) {
        let at = EntryId { log: PostIndex(0), index: 0 };
        let Ok(next) = SignedCharter::from_bytes(file) else {
            self.charter_refused = true;
            return found.fault(at, FaultKind::CharterRefused);
        };
        let next = Arc::new(next);
        if let Some(last) = self.charters.last()
            && let Err(error) = last.check_follows(&next).and_then(|()| self.orders.amend(&next))
        {
            self.charter_refused = true;
            return found.fault(at, FaultKind::CharterSuccession(error));
        }
        while self.logs.len() < next.post_count().min(POSTS_MAX) {
            // A post that this charter adds goes by it from its first entry.
            let post = PostIndex(u8::try_from(self.logs.len()).unwrap_or(u8::MAX));
            let log = Log::new(self.orders.all.clone(), post);
            self.logs.push(Log { charter: self.charters.len(), added: true, ..log });
            found.posts.push(Default::default());
        }
        self.charters.push(next);
    }

    /// Takes the next entry of a log; gives back what has to be checked elsewhere.
    pub(super) fn entry(
        &mut self,
        log: PostIndex,
        leaf: &[u8],
        open: RowOpen,
        found: &mut Findings,
    ) -> Option<Job> {
        let Some(state) = self.logs.get_mut(log.index()) else {
            found.fault(EntryId { log, index: 0 }, FaultKind::NoSuchPost);
            return None;
        };
        let at = EntryId { log, index: state.frontier.size() };
        state.append(leaf);
        self.newest = at;
        let posts = self.charters.get(state.charter).map_or(0, |charter| charter.post_count());
        let entry = match Entry::decode(leaf, posts, log) {
            Ok(entry) => entry,
            Err(error) => {
                found.fault(at, FaultKind::Malformed(error));
                return None;
            }
        };
        self.check_seen(at, entry.seen(), found);
        self.check_opening(at, &entry, found);
        let part = self.take_open(at, &entry, open, found);
        // By what was in force before this entry its message is judged.
        let keys = self.check_keys(at, &entry, found)?;
        self.check_kind(at, &entry, found);
        match (entry, part) {
            (Entry::Message(header), Some(part)) => Some(Job::Message { at, header, part, keys }),
            _ => None,
        }
    }

    /// Takes a checkpoint; gives back what has to be checked elsewhere.
    pub(super) fn checkpoint(
        &mut self,
        log: PostIndex,
        size: u64,
        signature: [u8; 64],
        root: Option<Hash>,
        found: &mut Findings,
    ) -> Option<Job> {
        let at = EntryId { log, index: size };
        let Some(state) = self.logs.get(log.index()) else {
            found.fault(at, FaultKind::NoSuchPost);
            return None;
        };
        let signer = state.generations.at(size).cloned();
        let ended = state.generations.ended(size);
        if size == 0 || size > state.frontier.size() {
            found.fault(at, FaultKind::CheckpointBeyond);
            return None;
        }
        let Some(actual) = state.root_at(size) else {
            let what = LateWhat::Checkpoint { signature, given: root, signer, ended };
            self.later(Late { log, size, what }, at, found);
            return None;
        };
        let (root, rooted) = rooted(actual, root).or_else(|| {
            found.fault(at, FaultKind::CheckpointSignature);
            None
        })?;
        Some(Job::Checkpoint { log, size, root, signature, rooted, signer, ended })
    }

    /// Takes a cosignature; gives back what has to be checked elsewhere.
    pub(super) fn cosignature(&mut self, one: Cosignature, found: &mut Findings) -> Option<Job> {
        let (log, size) = (one.log, one.size);
        let at = EntryId { log, index: size };
        let Some(state) = self.logs.get(log.index()) else {
            found.fault(at, FaultKind::Cosignature(CosignError::PeerNoSuchPost));
            return None;
        };
        if size == 0 || size > state.frontier.size() {
            found.fault(at, FaultKind::CosignatureBeyond);
            return None;
        }
        let generations = self.orders.all.generations(one.post);
        let cosigner = generations.iter().find(|held| held.number == one.generation);
        let (Some(cosigner), Some(log_signer)) = (cosigner, state.generations.at(size)) else {
            let known = !generations.is_empty();
            let error = if known { CosignError::PeerNoKey } else { CosignError::PeerNoSuchPost };
            found.fault(at, FaultKind::Cosignature(error));
            return None;
        };
        let signer = CosignedBy {
            cosigner: CosignerName::of(
                self.orders.all.line_id(),
                self.orders.all.charter().kind(),
                one.post,
                one.generation,
            ),
            key: cosigner.pq_key.clone(),
            origin: log_signer.origin.clone(),
        };
        let one = Box::new(one);
        let Some(root) = state.root_at(size) else {
            let what = LateWhat::Cosignature { one, signer };
            self.later(Late { log, size, what }, at, found);
            return None;
        };
        Some(Job::Cosignature { one, signer, root })
    }

    fn check_seen(&mut self, at: EntryId, seen: &Seen, found: &mut Findings) {
        let size_of = |log: PostIndex| self.logs.get(log.index()).map_or(0, |l| l.frontier.size());
        if seen.iter().any(|(log, held)| held.end() > size_of(log)) {
            found.fault(at, FaultKind::SeenBeyond);
            if let Some(state) = self.logs.get_mut(at.log.index()) {
                state.seen_beyond.get_or_insert(at.index);
            }
        }
        if let Some(state) = self.logs.get_mut(at.log.index()) {
            if state.seen.as_ref().is_some_and(|before| !seen.covers(before)) {
                found.fault(at, FaultKind::SeenShrank);
            }
            state.seen = Some(seen.clone());
        }
    }

    /// Brings into force what the entry's author has seen, and what the entry itself orders.
    ///
    /// Returns the keys that were in force for the entry.
    fn check_keys(
        &mut self,
        at: EntryId,
        entry: &Entry,
        found: &mut Findings,
    ) -> Option<Arc<KeysInForce>> {
        let state = self.logs.get_mut(at.log.index())?;
        state.view.learn(entry.seen(), &self.orders);
        let keys = Arc::clone(&state.view.keys);
        let mut order = None;
        if let Entry::Keys(held) = entry {
            state.key_orders += 1;
            order = state.view.take_own(at, held, &mut self.orders, found);
        }
        state.generations.check(at, order.as_deref(), (&keys, &state.view.keys), found);
        let posts = self.charters.last().map_or(0, |charter| charter.post_count());
        let state = self.logs.get_mut(at.log.index())?;
        let cut_off = state.view.newly_cut_off(posts);
        let by = Arc::clone(&state.view.keys);
        for log in cut_off {
            let held = entry.seen().of(log).map_or(0, |held| held.prefix);
            if log != at.log
                && let Some(other) = self.logs.get_mut(log.index())
            {
                other.generations.cut_off(&by, log, held);
            }
        }
        Some(keys)
    }

    fn check_opening(&self, at: EntryId, entry: &Entry, found: &mut Findings) {
        let good = match entry {
            Entry::Open(open) => {
                at.index == 0
                    && self.charters.last().is_some_and(|charter| charter.line_id() == open.line)
                    && self.charters.iter().any(|charter| {
                        charter.post(at.log).is_some_and(|post| post.generation == open.generation)
                    })
            }
            _ => at.index != 0,
        };
        if !good {
            found.fault(at, FaultKind::Opening);
        }
    }

    fn take_open(
        &mut self,
        at: EntryId,
        entry: &Entry,
        open: RowOpen,
        found: &mut Findings,
    ) -> Option<OpenPart> {
        let Entry::Message(header) = entry else {
            if open != RowOpen::Nothing {
                found.fault(at, FaultKind::OpenMisplaced);
            }
            return None;
        };
        let state = self.logs.get_mut(at.log.index())?;
        state.messages += 1;
        if state.is_repeated(header.c_body) {
            found.fault(at, FaultKind::Repeated);
        }
        match open {
            RowOpen::Open(part) => return Some(part),
            RowOpen::Nothing => state.closed += 1,
            RowOpen::Withheld => state.withheld += 1,
        }
        None
    }

    /// Checks what the fields of each type of entry refer to.
    fn check_kind(&mut self, at: EntryId, entry: &Entry, found: &mut Findings) {
        match entry {
            Entry::Message(message) => {
                let known = |id: EntryId| {
                    if id.log == at.log { id.index < at.index } else { message.seen.has(id) }
                };
                if message.thread.is_some_and(|id| !known(id)) {
                    found.fault(at, FaultKind::ThreadUnknown);
                }
            }
            Entry::Receipt(receipt) => {
                let held = receipt.seen.of(receipt.log).map_or(0, |held| held.prefix);
                if receipt.size > held {
                    found.fault_by(at, FaultKind::ReceiptBeyond, Proof::Entry);
                }
                if let Some(state) = self.logs.get_mut(at.log.index()) {
                    let covered = state.receipted.entry(receipt.log).or_default();
                    *covered = receipt.size.max(*covered);
                }
                self.receipt(at, receipt.log, receipt.size, receipt.root, found);
            }
            Entry::Ahead(ahead) => {
                if !ahead.seen.has(ahead.entry) {
                    found.fault_by(at, FaultKind::ReceiptBeyond, Proof::Entry);
                }
                let state = self.logs.get(at.log.index());
                if state.is_some_and(|state| state.refused.contains(&ahead.entry)) {
                    found.fault(at, FaultKind::ReceiptRefused);
                }
                self.receipt(at, ahead.entry.log, ahead.size, ahead.root, found);
            }
            Entry::Refusal(refusal) => {
                if !refusal.seen.has(refusal.entry) {
                    found.fault(at, FaultKind::RefusalUnknown);
                }
                if let Some(state) = self.logs.get_mut(at.log.index()) {
                    let of = refusal.entry;
                    let covered = state.receipted.get(&of.log).copied().unwrap_or_default();
                    // A refusal again, as after a restore, takes nothing back.
                    if state.refused.len() < REFUSED_MAX
                        && state.refused.insert(of)
                        && of.index < covered
                    {
                        found.fault(at, FaultKind::RefusalLate);
                    }
                }
            }
            Entry::Amend(amend) => {
                let next = self.charters.iter().position(|c| c.hash() == amend.charter);
                match (next, self.logs.get_mut(at.log.index())) {
                    (Some(next), Some(state)) if next > state.charter => {
                        let from = state.charter.saturating_add(1);
                        let charters = self.charters.get(from..=next).unwrap_or_default();
                        match state.view.amend(charters) {
                            Ok(()) => state.charter = next,
                            Err(error) => {
                                state.amend_unknown.get_or_insert(at.index);
                                found.fault(at, FaultKind::AmendRefused(error));
                            }
                        }
                    }
                    (_, state) => {
                        if let Some(state) = state {
                            state.amend_unknown.get_or_insert(at.index);
                        }
                        found.fault(at, FaultKind::AmendUnknown);
                    }
                }
            }
            Entry::Unknown(_) => {
                if let Some(state) = self.logs.get_mut(at.log.index()) {
                    state.unknown += 1;
                }
            }
            _ => {}
        }
    }

    fn receipt(
        &mut self,
        at: EntryId,
        log: PostIndex,
        size: u64,
        root: Hash,
        found: &mut Findings,
    ) {
        match self.logs.get(log.index()).and_then(|state| state.root_at(size)) {
            Some(actual) if actual == root => {
                if let Some(state) = self.logs.get_mut(at.log.index()) {
                    state.receipts += 1;
                }
            }
            Some(_) => found.fault_by(at, FaultKind::ReceiptRoot, Proof::EntryAnd { log, size }),
            // Of long ago, or of a size that the file has not come to.
            None => {
                let what = LateWhat::Receipt { at, root };
                self.later(Late { log, size, what }, at, found);
            }
        }
    }

    fn later(&mut self, late: Late, at: EntryId, found: &mut Findings) {
        if self.late.len() < LATE_MAX {
            self.late.push(late);
        } else {
            found.fault(at, FaultKind::TooManyLate);
        }
    }
}

/// The root that a checkpoint is over, and where it comes from; `None` if its row gives the root
/// that the entries have, which is not given.
pub(super) fn rooted(actual: Hash, given: Option<Hash>) -> Option<(Hash, Rooted)> {
    match given {
        None => Some((actual, Rooted::Entries)),
        Some(root) if root == actual => None,
        Some(root) => Some((root, Rooted::Row)),
    }
}
