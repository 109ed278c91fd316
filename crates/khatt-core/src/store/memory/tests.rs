use super::super::suite::{self, Twin, batch_of};
use super::*;

struct InMemory(MemoryStore);

impl Twin for InMemory {
    fn writer(&mut self) -> &mut dyn Writer {
        &mut self.0
    }

    fn reader(&self) -> Box<dyn Reader + '_> {
        Box::new(self.0.clone())
    }

    fn reopen(self: Box<Self>) -> Box<dyn Twin> {
        self.0.crash();
        self
    }
}

const LINE: LineId = LineId([7; 32]);
const NORTH: PostIndex = PostIndex(0);

#[test]
fn memory_passes_the_suite() {
    suite::run(&mut || Box::new(InMemory(MemoryStore::new())));
}

#[test]
fn full_disk_stores_nothing_and_the_same_batch_goes_in_later() {
    let mut store = MemoryStore::new();
    let batch = batch_of(&store, LINE, NORTH, &[b"one"]);
    store.fail_next(Failure::Full);
    assert_eq!(store.commit(LINE, &batch), Err(CommitError::LocalFull));
    assert_eq!(store.heads(LINE), Ok(Vec::new()));
    assert_eq!(store.commit(LINE, &batch), Ok(()));
    assert_eq!(store.heads(LINE).unwrap().first().unwrap().size, 1);
}

#[test]
fn failed_store_answers_nothing_until_it_is_started_again() {
    for (failure, kept) in [(Failure::FatalBefore, 0), (Failure::FatalAfter, 1)] {
        let mut store = MemoryStore::new();
        let batch = batch_of(&store, LINE, NORTH, &[b"one"]);
        store.fail_next(failure);
        assert!(matches!(store.commit(LINE, &batch), Err(CommitError::LocalFatal(_))));
        assert!(matches!(store.commit(LINE, &batch), Err(CommitError::LocalFatal(_))));
        assert!(matches!(store.heads(LINE), Err(ReadError::LocalFatal(_))));
        store.crash();
        assert_eq!(store.entries(LINE, NORTH, 0, 9).unwrap().len(), kept);
    }
}

#[test]
fn rotten_leaf_is_named_and_not_served() {
    let mut store = MemoryStore::new();
    let batch = batch_of(&store, LINE, NORTH, &[b"one", b"two"]);
    store.commit(LINE, &batch).unwrap();
    let id = EntryId { log: NORTH, index: 1 };
    assert!(store.rot(LINE, id));
    assert!(!store.rot(LINE, EntryId { log: NORTH, index: 2 }));
    let damaged = Err(ReadError::LocalDamaged { what: "entry 0/1 leaf".into() });
    assert_eq!(store.entry(LINE, id), damaged);
    assert!(store.entry(LINE, EntryId { log: NORTH, index: 0 }).unwrap().is_some());
}

#[test]
fn restored_copy_has_forgotten_what_came_later() {
    let mut store = MemoryStore::new();
    store.commit(LINE, &batch_of(&store, LINE, NORTH, &[b"one"])).unwrap();
    let snapshot = store.copy();
    store.commit(LINE, &batch_of(&store, LINE, NORTH, &[b"two"])).unwrap();
    assert_eq!(store.heads(LINE).unwrap().first().unwrap().size, 2);
    store.restore(&snapshot);
    assert_eq!(store.heads(LINE).unwrap().first().unwrap().size, 1);
}
