//! Who is at fault for what was found: a post only for what its own signatures prove
//! (`spec/verify.md §8`).
//!
//! Whoever holds a file can alter entries, leave rows out or put them in another order. So it is
//! settled when all rows were read, by what the checkpoints that verify cover.

use super::report::{Blame, Fault, FaultKind};
use super::walk::Walk;
use super::work::Findings;
use crate::ids::{EntryId, PartyIndex, PostIndex};

/// A fault, and what has to be so for somebody to be named for it.
pub(super) struct Found {
    pub(super) at: EntryId,
    pub(super) kind: FaultKind,
    pub(super) proof: Proof,
}

/// What proves a fault.
#[derive(Clone, Copy)]
pub(super) enum Proof {
    /// Nothing that anybody signed.
    Nothing,
    /// Signatures of the post that were checked where the fault was found.
    Given,
    /// Signatures of this party that were checked where the fault was found.
    Party(PartyIndex),
    /// The post's signature over the entries of the file at that size or a larger one, which
    /// contradicts the one that was found.
    Contradicted,
    /// The post's signature over the entry.
    Entry,
    /// That, and the signatures over the orders by which the keys in force are judged.
    EntryAndKeys,
    /// The post's signature over the entry, and another post's over this many of its entries.
    EntryAnd { log: PostIndex, size: u64 },
}

impl Proof {
    /// What proves a fault of this kind, where nothing else is said.
    pub(super) const fn of(kind: &FaultKind) -> Self {
        match kind {
            FaultKind::Forked => Self::Given,
            FaultKind::CheckpointOtherRoot => Self::Contradicted,
            FaultKind::Malformed(_)
            | FaultKind::Opening
            | FaultKind::SeenShrank
            | FaultKind::ThreadUnknown
            | FaultKind::RefusalUnknown
            | FaultKind::RefusalLate
            | FaultKind::ReceiptRefused
            | FaultKind::ActForm
            | FaultKind::Repeated
            | FaultKind::BodyMalformed
            | FaultKind::RenderingDiffers => Self::Entry,
            FaultKind::Officers(_)
            | FaultKind::KeyOrder(_)
            | FaultKind::GenerationEnded
            | FaultKind::CutOff
            | FaultKind::AmendRefused(_) => Self::EntryAndKeys,
            _ => Self::Nothing,
        }
    }
}

/// The faults in the order of the file, each once, with who is at fault.
pub(super) fn told(walk: &Walk, found: &mut Findings) -> Vec<Fault> {
    let all = std::mem::take(&mut found.faults);
    let mut faults: Vec<_> = all
        .into_iter()
        .map(|one| Fault { blame: blame(&one, walk, found), at: one.at, kind: one.kind })
        .collect();
    let rank = |blame: Blame| match blame {
        Blame::Party(party) => (0, party.0),
        Blame::Post(post) => (1, post.0),
        Blame::File => (2, 0),
    };
    faults.sort_by_key(|fault| (fault.at, fault.kind.code(), rank(fault.blame)));
    let before = faults.len();
    faults.dedup_by(|next, one| {
        (next.at, next.kind.code()) == (one.at, one.kind.code())
            && (next.blame == one.blame || next.blame == Blame::File)
    });
    let twice = before.saturating_sub(faults.len());
    found.fault_count = found.fault_count.saturating_sub(twice as u64);
    faults
}

fn blame(one: &Found, walk: &Walk, found: &Findings) -> Blame {
    let EntryId { log, index } = one.at;
    let signed = |log: PostIndex| found.posts.get(log.index()).map_or(0, |post| post.signed);
    let entry = || index < signed(log) && charters_known(one.at, walk);
    let proven = match one.proof {
        Proof::Nothing => false,
        Proof::Party(party) => return Blame::Party(party),
        Proof::Given => true,
        Proof::Contradicted => index <= signed(log),
        Proof::Entry => entry(),
        Proof::EntryAndKeys => entry() && keys_known(one.at, walk, &signed),
        Proof::EntryAnd { log: about, size } => entry() && size <= signed(about),
    };
    if proven { Blame::Post(log) } else { Blame::File }
}

/// Tells whether the file has the charters that an entry's author went by.
fn charters_known(at: EntryId, walk: &Walk) -> bool {
    let state = walk.logs.get(at.log.index());
    let unknown = state.and_then(|state| state.amend_unknown);
    !walk.charter_refused && unknown.is_none_or(|from| at.index <= from)
}

/// Tells whether the file has the key orders that an entry's author went by, as they were signed.
fn keys_known(at: EntryId, walk: &Walk, signed: &dyn Fn(PostIndex) -> u64) -> bool {
    let Some(state) = walk.logs.get(at.log.index()) else {
        return false;
    };
    let logs = (0..=u8::MAX).map(PostIndex).zip(&walk.logs);
    let all_signed = logs.into_iter().all(|(log, state)| state.frontier.size() <= signed(log));
    // What a post that was added went by at first depends on where its charter stands in the file.
    let joined_by_order = state.added && !walk.orders.is_empty();
    all_signed && state.seen_beyond.is_none_or(|from| at.index < from) && !joined_by_order
}
