//! How logs come back, and how far they may be read.

use khatt_record::merkle::Frontier;
use khatt_record::{EntryId, Hash, PostIndex};

use super::{LINE, NORTH, SOUTH, Twin, append, batch_of, size};
use crate::store::{Batch, Sealed};

pub(super) fn empty_store_answers_with_nothing(store: Box<dyn Twin>) {
    let reader = store.reader();
    assert_eq!(reader.heads(LINE), Ok(Vec::new()));
    assert_eq!(reader.entry(LINE, EntryId { log: NORTH, index: 0 }), Ok(None));
    assert_eq!(reader.entries(LINE, NORTH, 0, 10), Ok(Vec::new()));
    assert_eq!(reader.leaf_hashes(LINE, NORTH, 0, 10), Ok(Vec::new()));
    assert_eq!(reader.checkpoint(LINE, NORTH, 0), Ok(None));
    assert_eq!(reader.checkpoints(LINE, NORTH, 0, 10), Ok(Vec::new()));
    assert_eq!(reader.state(LINE, ""), Ok(Vec::new()));
    assert_eq!(reader.evidence(LINE), Ok(Vec::new()));
}

pub(super) fn entries_come_back(mut store: Box<dyn Twin>) {
    let batch = batch_of(&*store.reader(), LINE, NORTH, &[b"first", b"", b"third"]);
    store.writer().commit(LINE, &batch).expect("batch is stored");
    let reader = store.reader();
    assert_eq!(reader.entries(LINE, NORTH, 0, 10).as_deref(), Ok(&*batch.entries));
    for entry in &batch.entries {
        assert_eq!(reader.entry(LINE, entry.id), Ok(Some(entry.clone())));
    }
    assert_eq!(reader.heads(LINE).as_deref(), Ok(&*batch.heads));
    let hashes: Vec<Hash> = batch.entries.iter().map(|entry| entry.leaf_hash).collect();
    assert_eq!(reader.leaf_hashes(LINE, NORTH, 0, 10), Ok(hashes));
}

pub(super) fn log_grows_over_many_batches(mut store: Box<dyn Twin>) {
    for count in 1..=20_u64 {
        append(&mut *store, LINE, NORTH, &[&count.to_be_bytes()]);
        assert_eq!(size(&*store, LINE, NORTH), count);
    }
    let mut frontier = Frontier::new();
    for hash in store.reader().leaf_hashes(LINE, NORTH, 0, 99).expect("hashes can be read") {
        frontier.append(hash);
    }
    let head = store.reader().heads(LINE).expect("heads can be read");
    assert_eq!(head.first().map(|head| head.root), Some(frontier.root()));
}

pub(super) fn reads_have_limits(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"0", b"1", b"2", b"3", b"4"]);
    let reader = store.reader();
    let indices = |from, max| -> Vec<u64> {
        let held = reader.entries(LINE, NORTH, from, max).expect("can be read");
        let hashes = reader.leaf_hashes(LINE, NORTH, from, max).expect("can be read");
        assert!(held.iter().map(|entry| entry.leaf_hash).eq(hashes));
        held.iter().map(|entry| entry.id.index).collect()
    };
    assert_eq!(indices(0, 2), [0, 1]);
    assert_eq!(indices(3, 10), [3, 4]);
    assert_eq!(indices(4, 0), [0_u64; 0]);
    assert_eq!(indices(5, 10), [0_u64; 0]);
    assert_eq!(indices(u64::MAX, usize::MAX), [0_u64; 0]);
    assert_eq!(reader.entry(LINE, EntryId { log: NORTH, index: 5 }), Ok(None));
    assert_eq!(reader.entry(LINE, EntryId { log: SOUTH, index: 0 }), Ok(None));
}

pub(super) fn several_logs_in_one_batch(mut store: Box<dyn Twin>) {
    let north = batch_of(&*store.reader(), LINE, NORTH, &[b"n0", b"n1"]);
    let south = batch_of(&*store.reader(), LINE, SOUTH, &[b"s0", b"s1"]);
    let mut batch = Batch::default();
    for (one, other) in north.entries.iter().zip(&south.entries) {
        batch.entries.extend([other.clone(), one.clone()]);
    }
    batch.heads = [south.heads, north.heads].concat();
    store.writer().commit(LINE, &batch).expect("stored");
    let logs: Vec<PostIndex> =
        store.reader().heads(LINE).expect("can be read").iter().map(|head| head.log).collect();
    assert_eq!(logs, [NORTH, SOUTH]);
    assert_eq!((size(&*store, LINE, NORTH), size(&*store, LINE, SOUTH)), (2, 2));
}

pub(super) fn empty_batch_is_accepted(mut store: Box<dyn Twin>) {
    store.writer().commit(LINE, &Batch::default()).expect("nothing to store");
    assert_eq!(store.reader().heads(LINE), Ok(Vec::new()));
}

pub(super) fn large_entry_comes_back(mut store: Box<dyn Twin>) {
    let leaf: Vec<u8> = (0..=u8::MAX).cycle().take(300_000).collect();
    append(&mut *store, LINE, NORTH, &[b"before", &leaf, b"after"]);
    let held = store.reader().entry(LINE, EntryId { log: NORTH, index: 1 }).expect("can be read");
    let held = held.expect("is there");
    assert!(held.leaf == leaf, "leaf differs");
    assert!(held.open == Some(Sealed([&*leaf, &*leaf].concat())), "open part differs");
}

pub(super) fn erased_open_part_is_gone(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"one", b"two", b"three"]);
    let erase = |index| EntryId { log: NORTH, index };
    let before = store.reader().entries(LINE, NORTH, 0, 9).expect("read");
    assert!(before.iter().all(|entry| entry.open.is_some()));
    // The last one is of the same batch, and one was never stored.
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"four"]);
    batch.erase = vec![erase(1), erase(3), erase(9), EntryId { log: SOUTH, index: 0 }];
    store.writer().commit(LINE, &batch).expect("stored");
    for _ in 0..2 {
        let after = store.reader().entries(LINE, NORTH, 0, 9).expect("read");
        let held: Vec<bool> = after.iter().map(|entry| entry.open.is_some()).collect();
        assert_eq!(held, [true, false, true, false]);
        for (entry, was) in after.iter().zip(&before) {
            assert_eq!(
                (entry.id, &entry.leaf, entry.leaf_hash),
                (was.id, &was.leaf, was.leaf_hash)
            );
        }
        // Again changes nothing.
        let batch = Batch { erase: vec![erase(1)], ..Batch::default() };
        store.writer().commit(LINE, &batch).expect("stored");
        store = store.reopen();
    }
}
