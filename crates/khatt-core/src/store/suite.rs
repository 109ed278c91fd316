//! The conformance suite: what every back end must do, as cases that run against any of them.
//!
//! A back end's tests call [`run`] with a way to make an empty store. It leaves durability against
//! power cuts to each back end's own crash tests.

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
    (
        "empty store answers with nothing",
        empty_store_answers_with_nothing,
    ),
    ("entries come back as they were written", entries_come_back),
    ("log grows over many batches", log_grows_over_many_batches),
    ("gap is refused", gap_is_refused),
    ("entry already stored is refused", repeated_entry_is_refused),
    (
        "entry with another leaf's hash is refused",
        wrong_hash_is_refused,
    ),
    (
        "head that the entries do not lead to is refused",
        wrong_head_is_refused,
    ),
    (
        "extended log without its head is refused",
        missing_head_is_refused,
    ),
    (
        "refused batch leaves nothing behind",
        refused_batch_leaves_nothing,
    ),
    (
        "second checkpoint with another root is refused",
        second_root_is_refused,
    ),
    (
        "same checkpoint again changes nothing",
        same_checkpoint_is_accepted,
    ),
    ("checkpoints come in ranges", checkpoints_come_in_ranges),
    ("state changes apply in order", state_changes_apply_in_order),
    ("state comes by prefix and ascending", state_comes_by_prefix),
    ("evidence stays for good", evidence_stays),
    ("reads stop at the end and at the limit", reads_have_limits),
    ("lines stay apart", lines_stay_apart),
    ("one batch extends several logs", several_logs_in_one_batch),
    ("empty batch is accepted", empty_batch_is_accepted),
    ("large entry comes back", large_entry_comes_back),
    ("reopened store keeps all", reopened_store_keeps_all),
    ("reopened store continues", reopened_store_continues),
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
        .map_or_else(Frontier::new, |head| {
            Frontier::decode(&head.frontier).expect("frontier")
        });
    let mut entries = Vec::new();
    for leaf in leaves {
        let hash = leaf_hash(leaf);
        entries.push(StoredEntry {
            id: EntryId {
                log,
                index: frontier.size(),
            },
            leaf: leaf.to_vec(),
            leaf_hash: hash,
            open: (!leaf.is_empty()).then(|| Sealed([*leaf, *leaf].concat())),
        });
        frontier.append(hash);
    }
    let head = Head {
        log,
        size: frontier.size(),
        root: frontier.root(),
        frontier: frontier.encode(),
    };
    Batch {
        entries,
        heads: vec![head],
        ..Batch::default()
    }
}

const LINE: LineId = LineId([0x4b; 32]);
const OTHER_LINE: LineId = LineId([0x4c; 32]);
const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);

fn append(store: &mut dyn Twin, line: LineId, log: PostIndex, leaves: &[&[u8]]) {
    let batch = batch_of(&*store.reader(), line, log, leaves);
    store
        .writer()
        .commit(line, &batch)
        .expect("batch is stored");
}

fn size(store: &dyn Twin, line: LineId, log: PostIndex) -> u64 {
    let heads = store.reader().heads(line).expect("heads can be read");
    heads
        .iter()
        .find(|head| head.log == log)
        .map_or(0, |head| head.size)
}

fn refused(store: &mut dyn Twin, batch: &Batch, log: PostIndex, stored: u64) {
    let before = store.reader().heads(LINE);
    let outcome = store.writer().commit(LINE, batch);
    assert_eq!(
        outcome,
        Err(CommitError::LocalOutOfOrder { log, size: stored })
    );
    assert_eq!(store.reader().heads(LINE), before);
}

fn checkpoint(log: PostIndex, size: u64, mark: u8) -> StoredCheckpoint {
    StoredCheckpoint {
        log,
        size,
        root: Hash([mark; 32]),
        signature: [mark; 64],
    }
}

fn checkpoints(kept: &[StoredCheckpoint]) -> Batch {
    Batch {
        checkpoints: kept.to_vec(),
        ..Batch::default()
    }
}

fn put(key: &str, value: &[u8]) -> StateChange {
    StateChange::Put(key.to_owned(), Sealed(value.to_vec()))
}

fn state(store: &dyn Twin, line: LineId, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let held = store
        .reader()
        .state(line, prefix)
        .expect("state can be read");
    held.iter()
        .map(|(key, value)| (key.clone(), value.0.clone()))
        .collect()
}

fn pairs(expected: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    expected
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.to_vec()))
        .collect()
}

fn empty_store_answers_with_nothing(store: Box<dyn Twin>) {
    let reader = store.reader();
    assert_eq!(reader.heads(LINE), Ok(Vec::new()));
    assert_eq!(
        reader.entry(
            LINE,
            EntryId {
                log: NORTH,
                index: 0
            }
        ),
        Ok(None)
    );
    assert_eq!(reader.entries(LINE, NORTH, 0, 10), Ok(Vec::new()));
    assert_eq!(reader.leaf_hashes(LINE, NORTH, 0, 10), Ok(Vec::new()));
    assert_eq!(reader.checkpoint(LINE, NORTH, 0), Ok(None));
    assert_eq!(reader.checkpoints(LINE, NORTH, 0, 10), Ok(Vec::new()));
    assert_eq!(reader.state(LINE, ""), Ok(Vec::new()));
    assert_eq!(reader.evidence(LINE), Ok(Vec::new()));
}

fn entries_come_back(mut store: Box<dyn Twin>) {
    let batch = batch_of(&*store.reader(), LINE, NORTH, &[b"first", b"", b"third"]);
    store
        .writer()
        .commit(LINE, &batch)
        .expect("batch is stored");
    let reader = store.reader();
    assert_eq!(
        reader.entries(LINE, NORTH, 0, 10).as_deref(),
        Ok(&*batch.entries)
    );
    for entry in &batch.entries {
        assert_eq!(reader.entry(LINE, entry.id), Ok(Some(entry.clone())));
    }
    assert_eq!(reader.heads(LINE).as_deref(), Ok(&*batch.heads));
    let hashes: Vec<Hash> = batch.entries.iter().map(|entry| entry.leaf_hash).collect();
    assert_eq!(reader.leaf_hashes(LINE, NORTH, 0, 10), Ok(hashes));
}

fn log_grows_over_many_batches(mut store: Box<dyn Twin>) {
    for count in 1..=20_u64 {
        append(&mut *store, LINE, NORTH, &[&count.to_be_bytes()]);
        assert_eq!(size(&*store, LINE, NORTH), count);
    }
    let mut frontier = Frontier::new();
    for hash in store
        .reader()
        .leaf_hashes(LINE, NORTH, 0, 99)
        .expect("hashes can be read")
    {
        frontier.append(hash);
    }
    let head = store.reader().heads(LINE).expect("heads can be read");
    assert_eq!(head.first().map(|head| head.root), Some(frontier.root()));
}

fn gap_is_refused(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"a"]);
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"b", b"c"]);
    batch.entries.remove(0);
    refused(&mut *store, &batch, NORTH, 1);
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"b", b"c", b"d"]);
    batch.entries.remove(1);
    refused(&mut *store, &batch, NORTH, 1);
}

fn repeated_entry_is_refused(mut store: Box<dyn Twin>) {
    let batch = batch_of(&*store.reader(), LINE, NORTH, &[b"a"]);
    store
        .writer()
        .commit(LINE, &batch)
        .expect("batch is stored");
    refused(&mut *store, &batch, NORTH, 1);
    let mut twice = batch_of(&*store.reader(), LINE, NORTH, &[b"b"]);
    let again = twice.entries.clone();
    twice.entries.extend(again);
    refused(&mut *store, &twice, NORTH, 1);
}

fn wrong_hash_is_refused(mut store: Box<dyn Twin>) {
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"a"]);
    if let Some(entry) = batch.entries.first_mut() {
        entry.leaf = b"b".to_vec();
    }
    refused(&mut *store, &batch, NORTH, 0);
}

fn wrong_head_is_refused(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"a"]);
    let good = batch_of(&*store.reader(), LINE, NORTH, &[b"b"]);
    let spoils: [fn(&mut Head); 3] = [
        |head| head.size = head.size.saturating_add(1),
        |head| head.root = Hash([1; 32]),
        |head| head.frontier = Frontier::new().encode(),
    ];
    for spoil in spoils {
        let mut batch = good.clone();
        batch.heads.iter_mut().for_each(spoil);
        refused(&mut *store, &batch, NORTH, 1);
    }
    let mut bare = good.clone();
    bare.entries.clear();
    refused(&mut *store, &bare, NORTH, 1);
    store
        .writer()
        .commit(LINE, &good)
        .expect("the batch itself is good");
}

fn missing_head_is_refused(mut store: Box<dyn Twin>) {
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"a"]);
    batch.heads.clear();
    refused(&mut *store, &batch, NORTH, 0);
}

fn refused_batch_leaves_nothing(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"a"]);
    store
        .writer()
        .commit(LINE, &checkpoints(&[checkpoint(NORTH, 1, 1)]))
        .expect("stored");
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"b"]);
    batch.state.push(put("key", b"value"));
    batch.evidence.push(("proof".to_owned(), b"bytes".to_vec()));
    batch.checkpoints.push(checkpoint(SOUTH, 4, 4));
    batch.checkpoints.push(checkpoint(NORTH, 1, 2));
    refused(&mut *store, &batch, NORTH, 1);
    let reader = store.reader();
    assert_eq!(
        reader.entries(LINE, NORTH, 0, 10).map(|held| held.len()),
        Ok(1)
    );
    assert_eq!(reader.state(LINE, ""), Ok(Vec::new()));
    assert_eq!(reader.evidence(LINE), Ok(Vec::new()));
    assert_eq!(reader.checkpoint(LINE, SOUTH, 4), Ok(None));
}

fn second_root_is_refused(mut store: Box<dyn Twin>) {
    store
        .writer()
        .commit(LINE, &checkpoints(&[checkpoint(SOUTH, 5, 1)]))
        .expect("stored");
    refused(
        &mut *store,
        &checkpoints(&[checkpoint(SOUTH, 5, 2)]),
        SOUTH,
        5,
    );
    let both = checkpoints(&[checkpoint(SOUTH, 6, 1), checkpoint(SOUTH, 6, 2)]);
    refused(&mut *store, &both, SOUTH, 6);
    assert_eq!(
        store.reader().checkpoint(LINE, SOUTH, 5),
        Ok(Some(checkpoint(SOUTH, 5, 1)))
    );
    assert_eq!(store.reader().checkpoint(LINE, SOUTH, 6), Ok(None));
    refused(
        &mut *store,
        &checkpoints(&[checkpoint(SOUTH, u64::MAX, 1)]),
        SOUTH,
        u64::MAX,
    );
}

fn same_checkpoint_is_accepted(mut store: Box<dyn Twin>) {
    let kept = checkpoint(SOUTH, 5, 1);
    store
        .writer()
        .commit(LINE, &checkpoints(&[kept, kept]))
        .expect("stored");
    let signed_again = StoredCheckpoint {
        signature: [9; 64],
        ..kept
    };
    store
        .writer()
        .commit(LINE, &checkpoints(&[kept, signed_again]))
        .expect("accepted again");
    assert_eq!(
        store.reader().checkpoints(LINE, SOUTH, 0, 9),
        Ok(vec![kept])
    );
}

fn checkpoints_come_in_ranges(mut store: Box<dyn Twin>) {
    let kept: Vec<_> = [9, 1, 5]
        .iter()
        .map(|size| checkpoint(SOUTH, *size, 1))
        .collect();
    store
        .writer()
        .commit(LINE, &checkpoints(&kept))
        .expect("stored");
    store
        .writer()
        .commit(LINE, &checkpoints(&[checkpoint(NORTH, 7, 2)]))
        .expect("stored");
    let sizes = |from, max| -> Vec<u64> {
        let held = store
            .reader()
            .checkpoints(LINE, SOUTH, from, max)
            .expect("can be read");
        held.iter().map(|kept| kept.size).collect()
    };
    assert_eq!(sizes(0, 10), [1, 5, 9]);
    assert_eq!(sizes(5, 10), [5, 9]);
    assert_eq!(sizes(2, 1), [5]);
    assert_eq!(sizes(10, 10), [0_u64; 0]);
    assert_eq!(store.reader().checkpoint(LINE, SOUTH, 7), Ok(None));
}

fn state_changes_apply_in_order(mut store: Box<dyn Twin>) {
    let changes = vec![
        put("a", b"1"),
        put("a", b"2"),
        put("b", b"1"),
        StateChange::Delete("b".to_owned()),
        StateChange::Delete("never there".to_owned()),
        StateChange::Delete("c".to_owned()),
        put("c", b""),
    ];
    store
        .writer()
        .commit(
            LINE,
            &Batch {
                state: changes,
                ..Batch::default()
            },
        )
        .expect("stored");
    assert_eq!(state(&*store, LINE, ""), pairs(&[("a", b"2"), ("c", b"")]));
    let changes = vec![put("c", b"3"), StateChange::Delete("a".to_owned())];
    store
        .writer()
        .commit(
            LINE,
            &Batch {
                state: changes,
                ..Batch::default()
            },
        )
        .expect("stored");
    assert_eq!(state(&*store, LINE, ""), pairs(&[("c", b"3")]));
}

fn state_comes_by_prefix(mut store: Box<dyn Twin>) {
    let keys = [
        "draft/2",
        "draft/10",
        "draft",
        "drafts",
        "alarm/1",
        "draft/\u{10ffff}",
        "%",
        "_",
    ];
    let changes = keys.iter().map(|key| put(key, key.as_bytes())).collect();
    store
        .writer()
        .commit(
            LINE,
            &Batch {
                state: changes,
                ..Batch::default()
            },
        )
        .expect("stored");
    let held = |prefix| -> Vec<String> {
        state(&*store, LINE, prefix)
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    };
    assert_eq!(held("draft/"), ["draft/10", "draft/2", "draft/\u{10ffff}"]);
    assert_eq!(
        held("draft"),
        ["draft", "draft/10", "draft/2", "draft/\u{10ffff}", "drafts"]
    );
    assert_eq!(held("%"), ["%"]);
    assert_eq!(held("_"), ["_"]);
    assert_eq!(held("").len(), keys.len());
    assert_eq!(held("zebra"), Vec::<String>::new());
}

fn evidence_stays(mut store: Box<dyn Twin>) {
    let kept = |name: &str, proof: &[u8]| Batch {
        evidence: vec![(name.to_owned(), proof.to_vec())],
        ..Batch::default()
    };
    store
        .writer()
        .commit(LINE, &kept("fork/1", b"first"))
        .expect("stored");
    store
        .writer()
        .commit(LINE, &kept("fork/1", b"second"))
        .expect("accepted, but the first stays");
    store
        .writer()
        .commit(LINE, &kept("fork/0", b""))
        .expect("stored");
    let expected = pairs(&[("fork/0", b""), ("fork/1", b"first")]);
    assert_eq!(store.reader().evidence(LINE), Ok(expected));
}

fn reads_have_limits(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"0", b"1", b"2", b"3", b"4"]);
    let reader = store.reader();
    let indices = |from, max| -> Vec<u64> {
        let held = reader.entries(LINE, NORTH, from, max).expect("can be read");
        let hashes = reader
            .leaf_hashes(LINE, NORTH, from, max)
            .expect("can be read");
        assert!(held.iter().map(|entry| entry.leaf_hash).eq(hashes));
        held.iter().map(|entry| entry.id.index).collect()
    };
    assert_eq!(indices(0, 2), [0, 1]);
    assert_eq!(indices(3, 10), [3, 4]);
    assert_eq!(indices(4, 0), [0_u64; 0]);
    assert_eq!(indices(5, 10), [0_u64; 0]);
    assert_eq!(indices(u64::MAX, usize::MAX), [0_u64; 0]);
    assert_eq!(
        reader.entry(
            LINE,
            EntryId {
                log: NORTH,
                index: 5
            }
        ),
        Ok(None)
    );
    assert_eq!(
        reader.entry(
            LINE,
            EntryId {
                log: SOUTH,
                index: 0
            }
        ),
        Ok(None)
    );
}

fn lines_stay_apart(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"a", b"b"]);
    append(&mut *store, OTHER_LINE, NORTH, &[b"c"]);
    let change = Batch {
        state: vec![put("key", b"value")],
        ..Batch::default()
    };
    store.writer().commit(OTHER_LINE, &change).expect("stored");
    store
        .writer()
        .commit(LINE, &checkpoints(&[checkpoint(NORTH, 2, 1)]))
        .expect("stored");
    assert_eq!(
        (size(&*store, LINE, NORTH), size(&*store, OTHER_LINE, NORTH)),
        (2, 1)
    );
    assert_eq!(store.reader().checkpoint(OTHER_LINE, NORTH, 2), Ok(None));
    assert_eq!(state(&*store, LINE, ""), pairs(&[]));
    assert_eq!(state(&*store, OTHER_LINE, ""), pairs(&[("key", b"value")]));
    let first = store.reader().entry(
        OTHER_LINE,
        EntryId {
            log: NORTH,
            index: 0,
        },
    );
    assert_eq!(
        first.map(|entry| entry.map(|entry| entry.leaf)),
        Ok(Some(b"c".to_vec()))
    );
}

fn several_logs_in_one_batch(mut store: Box<dyn Twin>) {
    let north = batch_of(&*store.reader(), LINE, NORTH, &[b"n0", b"n1"]);
    let south = batch_of(&*store.reader(), LINE, SOUTH, &[b"s0", b"s1"]);
    let mut batch = Batch::default();
    for (one, other) in north.entries.iter().zip(&south.entries) {
        batch.entries.extend([other.clone(), one.clone()]);
    }
    batch.heads = [south.heads, north.heads].concat();
    store.writer().commit(LINE, &batch).expect("stored");
    let logs: Vec<PostIndex> = store
        .reader()
        .heads(LINE)
        .expect("can be read")
        .iter()
        .map(|head| head.log)
        .collect();
    assert_eq!(logs, [NORTH, SOUTH]);
    assert_eq!(
        (size(&*store, LINE, NORTH), size(&*store, LINE, SOUTH)),
        (2, 2)
    );
}

fn empty_batch_is_accepted(mut store: Box<dyn Twin>) {
    store
        .writer()
        .commit(LINE, &Batch::default())
        .expect("nothing to store");
    assert_eq!(store.reader().heads(LINE), Ok(Vec::new()));
}

fn large_entry_comes_back(mut store: Box<dyn Twin>) {
    let leaf: Vec<u8> = (0..=u8::MAX).cycle().take(300_000).collect();
    append(&mut *store, LINE, NORTH, &[b"before", &leaf, b"after"]);
    let held = store
        .reader()
        .entry(
            LINE,
            EntryId {
                log: NORTH,
                index: 1,
            },
        )
        .expect("can be read");
    let held = held.expect("is there");
    assert!(held.leaf == leaf, "leaf differs");
    assert!(
        held.open == Some(Sealed([&*leaf, &*leaf].concat())),
        "open part differs"
    );
}

fn reopened_store_keeps_all(mut store: Box<dyn Twin>) {
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"a", b"b"]);
    batch.checkpoints.push(checkpoint(NORTH, 2, 1));
    batch.state.push(put("key", b"value"));
    batch.evidence.push(("proof".to_owned(), b"bytes".to_vec()));
    store.writer().commit(LINE, &batch).expect("stored");
    let store = store.reopen();
    let reader = store.reader();
    assert_eq!(reader.heads(LINE).as_deref(), Ok(&*batch.heads));
    assert_eq!(
        reader.entries(LINE, NORTH, 0, 9).as_deref(),
        Ok(&*batch.entries)
    );
    assert_eq!(
        reader.checkpoints(LINE, NORTH, 0, 9).as_deref(),
        Ok(&*batch.checkpoints)
    );
    assert_eq!(state(&*store, LINE, ""), pairs(&[("key", b"value")]));
    assert_eq!(reader.evidence(LINE).as_deref(), Ok(&*batch.evidence));
}

fn reopened_store_continues(mut store: Box<dyn Twin>) {
    for count in 1..=5_u64 {
        append(&mut *store, LINE, NORTH, &[&count.to_be_bytes()]);
        let repeated = batch_of(&*store.reader(), LINE, NORTH, &[b"x"]);
        store = store.reopen();
        assert_eq!(size(&*store, LINE, NORTH), count);
        store
            .writer()
            .commit(OTHER_LINE, &Batch::default())
            .expect("nothing to store");
        let mut gap = repeated;
        gap.entries
            .iter_mut()
            .for_each(|entry| entry.id.index = count.saturating_add(1));
        refused(&mut *store, &gap, NORTH, count);
    }
}
