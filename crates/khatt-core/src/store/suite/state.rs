//! State and evidence, lines kept apart, and all of it after opening again.

use khatt_record::EntryId;

use super::{
    LINE, NORTH, OTHER_LINE, Twin, append, batch_of, checkpoint, checkpoints, pairs, put, refused,
    size, state,
};
use crate::store::{Batch, StateChange};

pub(super) fn state_changes_apply_in_order(mut store: Box<dyn Twin>) {
    let changes = vec![
        put("a", b"1"),
        put("a", b"2"),
        put("b", b"1"),
        StateChange::Delete("b".to_owned()),
        StateChange::Delete("never there".to_owned()),
        StateChange::Delete("c".to_owned()),
        put("c", b""),
    ];
    store.writer().commit(LINE, &Batch { state: changes, ..Batch::default() }).expect("stored");
    assert_eq!(state(&*store, LINE, ""), pairs(&[("a", b"2"), ("c", b"")]));
    let changes = vec![put("c", b"3"), StateChange::Delete("a".to_owned())];
    store.writer().commit(LINE, &Batch { state: changes, ..Batch::default() }).expect("stored");
    assert_eq!(state(&*store, LINE, ""), pairs(&[("c", b"3")]));
}

pub(super) fn state_comes_by_prefix(mut store: Box<dyn Twin>) {
    let keys = ["draft/2", "draft/10", "draft", "drafts", "alarm/1", "draft/\u{10ffff}", "%", "_"];
    let changes = keys.iter().map(|key| put(key, key.as_bytes())).collect();
    store.writer().commit(LINE, &Batch { state: changes, ..Batch::default() }).expect("stored");
    let held = |prefix| -> Vec<String> {
        state(&*store, LINE, prefix).into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(held("draft/"), ["draft/10", "draft/2", "draft/\u{10ffff}"]);
    assert_eq!(held("draft"), ["draft", "draft/10", "draft/2", "draft/\u{10ffff}", "drafts"]);
    assert_eq!(held("%"), ["%"]);
    assert_eq!(held("_"), ["_"]);
    assert_eq!(held("").len(), keys.len());
    assert_eq!(held("zebra"), Vec::<String>::new());
}

pub(super) fn evidence_stays(mut store: Box<dyn Twin>) {
    let kept = |name: &str, proof: &[u8]| Batch {
        evidence: vec![(name.to_owned(), proof.to_vec())],
        ..Batch::default()
    };
    store.writer().commit(LINE, &kept("fork/1", b"first")).expect("stored");
    store.writer().commit(LINE, &kept("fork/1", b"second")).expect("accepted, but the first stays");
    store.writer().commit(LINE, &kept("fork/0", b"")).expect("stored");
    let expected = pairs(&[("fork/0", b""), ("fork/1", b"first")]);
    assert_eq!(store.reader().evidence(LINE), Ok(expected));
}

pub(super) fn lines_stay_apart(mut store: Box<dyn Twin>) {
    append(&mut *store, LINE, NORTH, &[b"a", b"b"]);
    append(&mut *store, OTHER_LINE, NORTH, &[b"c"]);
    let change = Batch { state: vec![put("key", b"value")], ..Batch::default() };
    store.writer().commit(OTHER_LINE, &change).expect("stored");
    store.writer().commit(LINE, &checkpoints(&[checkpoint(NORTH, 2, 1)])).expect("stored");
    assert_eq!((size(&*store, LINE, NORTH), size(&*store, OTHER_LINE, NORTH)), (2, 1));
    assert_eq!(store.reader().checkpoint(OTHER_LINE, NORTH, 2), Ok(None));
    assert_eq!(state(&*store, LINE, ""), pairs(&[]));
    assert_eq!(state(&*store, OTHER_LINE, ""), pairs(&[("key", b"value")]));
    let first = store.reader().entry(OTHER_LINE, EntryId { log: NORTH, index: 0 });
    assert_eq!(first.map(|entry| entry.map(|entry| entry.leaf)), Ok(Some(b"c".to_vec())));
}

pub(super) fn reopened_store_keeps_all(mut store: Box<dyn Twin>) {
    let mut batch = batch_of(&*store.reader(), LINE, NORTH, &[b"a", b"b"]);
    batch.checkpoints.push(checkpoint(NORTH, 2, 1));
    batch.state.push(put("key", b"value"));
    batch.evidence.push(("proof".to_owned(), b"bytes".to_vec()));
    store.writer().commit(LINE, &batch).expect("stored");
    let store = store.reopen();
    let reader = store.reader();
    assert_eq!(reader.heads(LINE).as_deref(), Ok(&*batch.heads));
    assert_eq!(reader.entries(LINE, NORTH, 0, 9).as_deref(), Ok(&*batch.entries));
    assert_eq!(reader.checkpoints(LINE, NORTH, 0, 9).as_deref(), Ok(&*batch.checkpoints));
    assert_eq!(state(&*store, LINE, ""), pairs(&[("key", b"value")]));
    assert_eq!(reader.evidence(LINE).as_deref(), Ok(&*batch.evidence));
}

pub(super) fn reopened_store_continues(mut store: Box<dyn Twin>) {
    for count in 1..=5_u64 {
        append(&mut *store, LINE, NORTH, &[&count.to_be_bytes()]);
        let repeated = batch_of(&*store.reader(), LINE, NORTH, &[b"x"]);
        store = store.reopen();
        assert_eq!(size(&*store, LINE, NORTH), count);
        store.writer().commit(OTHER_LINE, &Batch::default()).expect("nothing to store");
        let mut gap = repeated;
        gap.entries.iter_mut().for_each(|entry| entry.id.index = count.saturating_add(1));
        refused(&mut *store, &gap, NORTH, count);
    }
}
