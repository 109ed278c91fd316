//! What must hold at every post after every step, and what must hold in the end.
//!
//! The checkers know what the engines cannot: what every other post holds, what officers meant, and
//! what went wrong by the plan. They look at durable bytes, at frames as they leave and at what
//! people are told, never into an engine.
//!
//! | Part | Promise |
//! |---|---|
//! | `batches` | nothing durable is lost or rewritten; nothing is held that its author did not write or officers did not sign |
//! | `frames` | nothing leaves a post before it is durable there |
//! | `events` | nothing is shown as received or read that was not; every alarm has a cause |
//! | `order` | display order never changes in its settled part, and is the same everywhere |
//! | `ending` | once faults stop everything arrives, forks are proved, alarms clear |

use std::collections::{BTreeMap, BTreeSet};

use khatt_core::line::DraftId;
use khatt_forms::Filled;
use khatt_record::{
    EntryId, Hash, LineId, PartyIndex, PostIndex, SignedCharter,
    order::Node,
    seal::{FrameContext, ReceiveEpoch},
};

use crate::{net::Way, officers::Waiting};

mod batches;
mod ending;
mod events;
mod frames;
mod order;

/// What the checkers know.
pub(crate) struct Watch {
    pub(crate) line: LineId,
    charter: SignedCharter,
    parties: Vec<PartyIndex>,
    /// Every log as its author first made it durable.
    written: Vec<Vec<Hash>>,
    /// What each post holds of each log.
    held: Vec<Vec<Vec<Hash>>>,
    /// What the order needs to know of an entry, by its leaf's hash.
    nodes: BTreeMap<Hash, Node>,
    /// Messages that each post holds, in the order in which they came.
    messages: Vec<Vec<EntryId>>,
    /// Messages of which a peer's receipt was shown to their author, by who gave it.
    receipted: Vec<BTreeSet<EntryId>>,
    /// What officers of each post have signed so that it may leave.
    allowed: Vec<BTreeMap<DraftId, Filled>>,
    /// Drafts that are in a log.
    released: Vec<BTreeMap<DraftId, EntryId>>,
    /// Steps that officers meant to take.
    meant: BTreeSet<(PostIndex, EntryId, u8)>,
    /// What officers read back wrongly.
    misread: BTreeSet<(PostIndex, EntryId)>,
    /// Entries that came ahead and are durable as such.
    ahead: Vec<BTreeSet<String>>,
    order: Vec<order::Shown>,
    /// What opens a post's frames.
    epochs: Vec<BTreeMap<u16, ReceiveEpoch>>,
    /// Posts whose machine was put back to an earlier state.
    restored: BTreeSet<PostIndex>,
    /// Posts whose own log has two versions at home, of which one never left.
    rewritten: BTreeSet<PostIndex>,
    /// Posts that run a program of somebody else.
    hostile: BTreeSet<PostIndex>,
    stepped: BTreeSet<PostIndex>,
    full: BTreeSet<PostIndex>,
    rotten: BTreeSet<PostIndex>,
    disturbed: BTreeSet<Way>,
    doubled: BTreeSet<Way>,
    altered: BTreeSet<Way>,
    drilled: BTreeSet<Way>,
    /// Logs of which somebody holds a message without its text.
    withheld: BTreeSet<PostIndex>,
    /// Messages that nobody released, by whom they were sent to.
    unreleased: BTreeSet<(PostIndex, EntryId)>,
}

impl Watch {
    pub(crate) fn new(charter: &SignedCharter) -> Self {
        let posts = charter.post_count();
        Self {
            line: charter.line_id(),
            parties: charter.charter().posts().map(|(_, post)| post.party).collect(),
            charter: charter.clone(),
            written: vec![Vec::new(); posts],
            held: vec![vec![Vec::new(); posts]; posts],
            nodes: BTreeMap::new(),
            messages: vec![Vec::new(); posts],
            receipted: vec![BTreeSet::new(); posts],
            allowed: vec![BTreeMap::new(); posts],
            released: vec![BTreeMap::new(); posts],
            meant: BTreeSet::new(),
            misread: BTreeSet::new(),
            ahead: vec![BTreeSet::new(); posts],
            order: vec![order::Shown::default(); posts],
            epochs: vec![BTreeMap::new(); posts],
            restored: BTreeSet::new(),
            rewritten: BTreeSet::new(),
            hostile: BTreeSet::new(),
            stepped: BTreeSet::new(),
            full: BTreeSet::new(),
            rotten: BTreeSet::new(),
            disturbed: BTreeSet::new(),
            doubled: BTreeSet::new(),
            altered: BTreeSet::new(),
            drilled: BTreeSet::new(),
            withheld: BTreeSet::new(),
            unreleased: BTreeSet::new(),
        }
    }

    /// Officers of a post mean to take a step on a message.
    pub(crate) fn meant(&mut self, post: PostIndex, entry: EntryId, level: u8) {
        self.meant.insert((post, entry, level));
    }

    /// An officer of a post reads back what was not said.
    pub(crate) fn misread(&mut self, post: PostIndex, entry: EntryId) {
        self.misread.insert((post, entry));
    }

    /// Returns what a post's officers have read back wrongly, right or not since.
    pub(crate) fn misread_by(&self, post: PostIndex) -> Vec<EntryId> {
        self.misread.iter().filter(|(by, _)| *by == post).map(|(_, entry)| *entry).collect()
    }

    /// With this signature a draft may leave.
    pub(crate) fn allowed(&mut self, post: PostIndex, draft: DraftId, waiting: &Waiting) {
        self.allowed[post.index()].insert(draft, waiting.filled.clone());
    }

    /// Returns the newest message that a post holds: a peer's (1) or its own (2).
    pub(crate) fn newest_message(&self, post: PostIndex, whose: u8) -> Option<EntryId> {
        let held = self.messages[post.index()].iter().rev().copied();
        match whose {
            1 => held.into_iter().find(|id| id.log != post),
            2 => held.into_iter().find(|id| id.log == post),
            _ => None,
        }
    }

    pub(crate) fn restored(&mut self, post: PostIndex) {
        self.restored.insert(post);
    }

    pub(crate) fn taken_over(&mut self, post: PostIndex) {
        self.hostile.insert(post);
    }

    pub(crate) fn stepped(&mut self, post: PostIndex) {
        self.stepped.insert(post);
    }

    pub(crate) fn full(&mut self, post: PostIndex) {
        self.full.insert(post);
    }

    pub(crate) fn rotted(&mut self, post: PostIndex) {
        self.rotten.insert(post);
    }

    pub(crate) fn disturbed(&mut self, way: Way) {
        self.disturbed.insert(way);
    }

    pub(crate) fn weather(&mut self, way: Way, twice: u64, altered: u64) {
        if twice > 0 {
            self.doubled.insert(way);
        }
        if altered > 0 {
            self.altered.insert(way);
        }
    }

    /// A hostile program sends a message that nobody released.
    pub(crate) fn unreleased(&mut self, to: PostIndex, entry: EntryId) {
        self.unreleased.insert((to, entry));
    }

    pub(crate) fn other_line(&mut self, way: Way) {
        self.drilled.insert(way);
    }

    /// Tells whether a post's log is its party's own word and nobody else's.
    pub(crate) fn is_honest(&self, post: PostIndex) -> bool {
        !self.hostile.contains(&post)
    }

    fn context(&self, sender: PostIndex) -> FrameContext {
        FrameContext {
            line: self.line,
            kind: self.charter.kind(),
            sender,
            posts: self.charter.post_count(),
        }
    }
}
