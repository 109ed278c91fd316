//! The order in which entries are shown: settled is settled, at every post alike.

use std::collections::BTreeSet;

use khatt_record::{
    EntryId, PostIndex,
    order::{Node, order},
};

use crate::world::World;

/// Entries after which the order is looked at again.
const EVERY: usize = 24;

/// What a post showed when it was looked at last.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    entries: Vec<EntryId>,
    settled: usize,
    /// Entries that were held then.
    held: usize,
}

impl World {
    /// Looks at the order of display at one post, every so many entries.
    pub(super) fn check_order(&mut self, post: PostIndex) {
        let held: usize = self.watch.held[post.index()].iter().map(Vec::len).sum();
        if held >= self.watch.order[post.index()].held + EVERY {
            self.check_order_now(post);
        }
    }

    pub(super) fn check_order_now(&mut self, post: PostIndex) {
        self.tally.check("settled order never changes");
        let hashes = self.watch.held[post.index()].iter().flatten();
        let nodes: Vec<Node> =
            hashes.filter_map(|hash| self.watch.nodes.get(hash)).cloned().collect();
        let held = self.watch.held[post.index()].iter().map(Vec::len).sum();
        let now = order(&self.watch.parties, &[], &nodes);
        let before = std::mem::take(&mut self.watch.order[post.index()]);
        if now.settled < before.settled
            || now.shown.get(..before.settled) != before.entries.get(..before.settled)
        {
            let what = format!("of {} settled entries some moved", before.settled);
            return self.broken(post, "display order never changes in its settled part", what);
        }
        let known: BTreeSet<EntryId> = before.entries.iter().copied().collect();
        let again = now.shown.iter().filter(|id| known.contains(id));
        if !again.eq(&before.entries) {
            let what = "entries that were shown changed places".to_owned();
            return self.broken(post, "new entries move none that are there", what);
        }
        let shown = Shown { entries: now.shown, settled: now.settled, held };
        // Where a peer shows different posts different histories, they are different.
        if self.watch.hostile.is_empty() && self.watch.rewritten.is_empty() {
            for other in self.all_posts() {
                let theirs = &self.watch.order[other.index()];
                let both = theirs.settled.min(shown.settled);
                if other != post && theirs.entries.get(..both) != shown.entries.get(..both) {
                    let what = format!("{other} shows settled entries in another order");
                    return self.broken(post, "both sides read the same", what);
                }
            }
        }
        self.watch.order[post.index()] = shown;
    }
}
