//! Batches that do not continue what is stored: refused whole, and nothing of them kept.

use khatt_record::Hash;
use khatt_record::merkle::Frontier;

use super::{LINE, NORTH, SOUTH, Twin, append, batch_of, checkpoint, checkpoints, put, refused};
use crate::store::Head;

pub(super) fn gap_is_refused(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"a"]);
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"b", b"c"]);
    batch.entries.remove(0);
    refused(&mut *store, &batch, NORTH, 1);
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"b", b"c", b"d"]);
    batch.entries.remove(1);
    refused(&mut *store, &batch, NORTH, 1);
}

pub(super) fn repeated_entry_is_refused(mut store: Box<dyn Twin>) {
    let batch = batch_of(&*store.reader(), LINE, NORTH, &[b"a"]);
    store.writer().commit(LINE, &batch).expect("batch is stored");
    refused(&mut *store, &batch, NORTH, 1);
    let mut twice = batch_of(&*store.reader(), LINE, NORTH, &[b"b"]);
    let again = twice.entries.clone();
    twice.entries.extend(again);
    refused(&mut *store, &twice, NORTH, 1);
}

pub(super) fn wrong_hash_is_refused(mut store: Box<dyn Twin>) {
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"a"]);
    if let Some(entry) = batch.entries.first_mut() {
        entry.leaf = b"b".to_vec();
    }
    refused(&mut *store, &batch, NORTH, 0);
}

pub(super) fn wrong_head_is_refused(mut store: Box<dyn Twin>) {
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
    store.writer().commit(LINE, &good).expect("the batch itself is good");
}

pub(super) fn missing_head_is_refused(mut store: Box<dyn Twin>) {
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"a"]);
    batch.heads.clear();
    refused(&mut *store, &batch, NORTH, 0);
}

pub(super) fn refused_batch_leaves_nothing(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"a"]);
    store.writer().commit(LINE, &checkpoints(&[checkpoint(NORTH, 1, 1)])).expect("stored");
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"b"]);
    batch.state.push(put("key", b"value"));
    batch.evidence.push(("proof".to_owned(), b"bytes".to_vec()));
    batch.checkpoints.push(checkpoint(SOUTH, 4, 4));
    batch.checkpoints.push(checkpoint(NORTH, 1, 2));
    refused(&mut *store, &batch, NORTH, 1);
    let reader = store.reader();
    assert_eq!(reader.entries(LINE, NORTH, 0, 10).map(|held| held.len()), Ok(1));
    assert_eq!(reader.state(LINE, ""), Ok(Vec::new()));
    assert_eq!(reader.evidence(LINE), Ok(Vec::new()));
    assert_eq!(reader.checkpoint(LINE, SOUTH, 4), Ok(None));
}
