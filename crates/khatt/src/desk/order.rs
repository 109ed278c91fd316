//! The order of display, kept as it grows: a page asks for the newest and the record is not read anew.
//!
//! Entries are merged in the order of `spec/order.md`. What lies more than [`TAIL_MAX`] entries back is
//! taken for settled and never merged again; a message that was written without knowledge of so many
//! would stand a little later here than a command lists it.

use std::collections::{BTreeMap, VecDeque};

use khatt_core::store::{Reader, StoredEntry};
use khatt_record::{
    Entry, EntryId, PartyIndex, PostIndex, SignedCharter,
    entry::Act,
    order::{Merge, Node, Step},
};
use khatt_store::SqliteReader;

use crate::trouble::Trouble;

/// Entries at the end that are merged again each time.
const TAIL_MAX: usize = 512;
/// Entries read at once.
const PAGE: usize = 256;

/// A message in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) id: EntryId,
    /// Whether it is of the line's own traffic.
    pub(super) service: bool,
}

/// The order as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// How many entries of each log lie in the settled part.
    settled: Vec<u64>,
    /// Messages of the settled part.
    messages: Vec<Placed>,
    /// Messages after it.
    tail: Vec<Placed>,
}

impl Order {
    /// Reads what has come.
    pub(super) fn refresh(
        &mut self,
        reader: &SqliteReader,
        charter: &SignedCharter,
    ) -> Result<(), Trouble> {
        let posts = &charter.charter().posts;
        let parties: Vec<PartyIndex> = posts.iter().map(|post| post.party).collect();
        self.settled.resize(parties.len(), 0);
        let mut merge = Merge::resume(&parties, &self.settled);
        let mut pages: Vec<VecDeque<StoredEntry>> =
            parties.iter().map(|_| VecDeque::new()).collect();
        let mut next = self.settled.clone();
        let mut acts: BTreeMap<EntryId, Act> = BTreeMap::new();
        let mut shown: VecDeque<(EntryId, Option<Placed>)> = VecDeque::new();
        loop {
            match merge.step() {
                Step::Show(id) => {
                    let placed = acts
                        .remove(&id)
                        .map(|act| Placed { id, service: super::act_of(act).is_service() });
                    shown.push_back((id, placed));
                    if shown.len() > TAIL_MAX {
                        self.settle(shown.pop_front());
                    }
                }
                Step::Wants(log) => {
                    let Some((page, from)) = slot(&mut pages, &mut next, log) else {
                        merge.end(log);
                        continue;
                    };
                    if page.is_empty() {
                        page.extend(reader.entries(charter.line_id(), log, *from, PAGE)?);
                    }
                    let Some(stored) = page.pop_front() else {
                        merge.end(log);
                        continue;
                    };
                    *from = stored.id.index + 1;
                    let entry = Entry::decode(&stored.leaf, parties.len(), log)
                        .map_err(|error| Trouble::new(error.code(), &error.to_string()))?;
                    if let Entry::Message(header) = &entry {
                        acts.insert(stored.id, header.act);
                    }
                    merge
                        .offer(&Node::of(stored.id, &entry))
                        .map_err(|error| Trouble::new(error.code(), &error.to_string()))?;
                }
                Step::Done => {
                    self.tail = shown.into_iter().filter_map(|(_, placed)| placed).collect();
                    return Ok(());
                }
            }
        }
    }

    /// Returns messages, newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = Placed> {
        self.tail.iter().rev().chain(self.messages.iter().rev()).copied()
    }

    fn settle(&mut self, first: Option<(EntryId, Option<Placed>)>) {
        let Some((id, placed)) = first else { return };
        if let Some(count) = self.settled.get_mut(id.log.index()) {
            *count = (*count).max(id.index + 1);
        }
        self.messages.extend(placed);
    }
}

fn slot<'a>(
    pages: &'a mut [VecDeque<StoredEntry>],
    next: &'a mut [u64],
    log: PostIndex,
) -> Option<(&'a mut VecDeque<StoredEntry>, &'a mut u64)> {
    Some((pages.get_mut(log.index())?, next.get_mut(log.index())?))
}
