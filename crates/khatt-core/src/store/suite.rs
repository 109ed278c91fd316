//! The conformance suite: what every back end must do, as cases that run against any of them.
//!
//! A back end's tests call [`run`] with a way to make an empty store. It leaves durability against
//! power cuts to each back end's own crash tests.

mod checkpoints;
mod logs;
mod refusals;
mod state;

use khatt_record::merkle::{Frontier, leaf_hash};
use khatt_record::{EntryId, Hash, LineId, PostIndex};

use super::{
    Batch, CommitError, Head, Reader, Sealed, StateChange, StoredCheckpoint, StoredEntry, Writer,
};

/// A store under test: its writing and its reading side, and a way to close and open it again.
pub trait Twin {
    /// Returns the writing side.
    fn writer(&mut self) -> &mut dyn Writer;
    /// Returns a reading side that sees what is durable.
    fn reader(&self) -> Box<dyn Reader + '_>;
    /// Closes the store and opens it again.
    #[must_use]
    fn reopen(self: Box<Self>) -> Box<dyn Twin>;
}

/// One case: its name, which says what must hold, and its body.
pub type Case = (&'static str, fn(Box<dyn Twin>));

/// Every case, each to be run on an empty store.
pub const CASES: &[Case] = &[
    ("empty store answers with nothing", logs::empty_store_answers_with_nothing),
    ("entries come back as they were written", logs::entries_come_back),
    ("log grows over many batches", logs::log_grows_over_many_batches),
    ("gap is refused", refusals::gap_is_refused),
    ("entry already stored is refused", refusals::repeated_entry_is_refused),
    ("entry with another leaf's hash is refused", refusals::wrong_hash_is_refused),
    ("head that the entries do not lead to is refused", refusals::wrong_head_is_refused),
    ("extended log without its head is refused", refusals::missing_head_is_refused),
    ("refused batch leaves nothing behind", refusals::refused_batch_leaves_nothing),
    ("second checkpoint with another root is refused", checkpoints::second_root_is_refused),
    ("same checkpoint again changes nothing", checkpoints::same_checkpoint_is_accepted),
    ("checkpoints come in ranges", checkpoints::checkpoints_come_in_ranges),
    ("state changes apply in order", state::state_changes_apply_in_order),
    ("state comes by prefix and ascending", state::state_comes_by_prefix),
    ("evidence stays for good", state::evidence_stays),
    ("erased open part is gone and nothing else", logs::erased_open_part_is_gone),
    ("reads stop at the end and at the limit", logs::reads_have_limits),
    ("lines stay apart", state::lines_stay_apart),
    ("one batch extends several logs", logs::several_logs_in_one_batch),
    ("empty batch is accepted", logs::empty_batch_is_accepted),
    ("large entry comes back", logs::large_entry_comes_back),
    ("reopened store keeps all", state::reopened_store_keeps_all),
    ("reopened store continues", state::reopened_store_continues),
];

/// Runs every case, each on a store made anew.
///
/// # Panics
///
/// At the first case that does not hold. Only tests call this.
pub fn run(make: &mut dyn FnMut() -> Box<dyn Twin>) {
    for (name, case) in CASES {
        let store = make();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(store)));
        assert!(outcome.is_ok(), "store case does not hold: {name}");
    }
}

/// Returns the batch that appends these leaves to a log as it stands in the store.
///
/// Each entry's open part is its leaf doubled, except that an empty leaf has none.
///
/// # Panics
///
/// If the store cannot be read. Only tests call this.
#[must_use]
pub fn batch_of(reader: &dyn Reader, line: LineId, log: PostIndex, leaves: &[&[u8]]) -> Batch {
    let heads = reader.heads(line).expect("heads can be read");
    let mut frontier = heads
        .iter()
        .find(|head| head.log == log)
        .map_or_else(Frontier::new, |head| Frontier::decode(&head.frontier).expect("frontier"));
    let mut entries = Vec::new();
    for leaf in leaves {
        let hash = leaf_hash(leaf);
        entries.push(StoredEntry {
            id: EntryId { log, index: frontier.size() },
            leaf: leaf.to_vec(),
            leaf_hash: hash,
            open: (!leaf.is_empty()).then(|| Sealed([*leaf, *leaf].concat())),
        });
        frontier.append(hash);
    }
    let head =
        Head { log, size: frontier.size(), root: frontier.root(), frontier: frontier.encode() };
    Batch { entries, heads: vec![head], ..Batch::default() }
}

const LINE: LineId = LineId([0x4b; 32]);
const OTHER_LINE: LineId = LineId([0x4c; 32]);
const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);

fn append(store: &mut dyn Twin, line: LineId, log: PostIndex, leaves: &[&[u8]]) {
    let batch = batch_of(&*store.reader(), line, log, leaves);
    store.writer().commit(line, &batch).expect("batch is stored");
}

fn size(store: &dyn Twin, line: LineId, log: PostIndex) -> u64 {
    let heads = store.reader().heads(line).expect("heads can be read");
    heads.iter().find(|head| head.log == log).map_or(0, |head| head.size)
}

fn refused(store: &mut dyn Twin, batch: &Batch, log: PostIndex, stored: u64) {
    let before = store.reader().heads(LINE);
    let outcome = store.writer().commit(LINE, batch);
    assert_eq!(outcome, Err(CommitError::LocalOutOfOrder { log, size: stored }));
    assert_eq!(store.reader().heads(LINE), before);
}

fn checkpoint(log: PostIndex, size: u64, mark: u8) -> StoredCheckpoint {
    StoredCheckpoint { log, size, root: Hash([mark; 32]), signature: [mark; 64] }
}

fn checkpoints(kept: &[StoredCheckpoint]) -> Batch {
    Batch { checkpoints: kept.to_vec(), ..Batch::default() }
}

fn put(key: &str, value: &[u8]) -> StateChange {
    StateChange::Put(key.to_owned(), Sealed(value.to_vec()))
}

fn state(store: &dyn Twin, line: LineId, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let held = store.reader().state(line, prefix).expect("state can be read");
    held.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect()
}

fn pairs(expected: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    expected.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect()
}
