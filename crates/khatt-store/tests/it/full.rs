use khatt_core::store::suite::batch_of;
use khatt_core::store::{CommitError, Reader, Writer};
use khatt_store::{OpenOutcome, Options, SqliteStore};

use crate::support::{
    Folder, LINE, NORTH, PASSPHRASE, busy_batch, everything, fill, fill_store, leaf, options, scrub,
};

#[test]
fn full_store_refuses_keeps_everything_and_goes_on_when_there_is_room() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 20);
    drop(store);
    let tight = Options { pages_max: Some(60), ..options() };
    let mut store = SqliteStore::open(&folder.post(), PASSPHRASE, fill(3), &tight).unwrap();
    let reader = store.reader().unwrap();
    let mut size = 20;
    let refused = loop {
        let batch = busy_batch(&reader, NORTH, size);
        match store.commit(LINE, &batch) {
            Ok(()) => size += 1,
            Err(error) => break (batch, error),
        }
        assert!(size < 10_000, "the store never became full");
    };
    assert_eq!(refused.1, CommitError::LocalFull);
    assert!(size > 20, "some fitted");
    let big = batch_of(&reader, LINE, NORTH, &[&vec![7; 200_000]]);
    assert_eq!(store.commit(LINE, &big), Err(CommitError::LocalFull));
    let kept = everything(&reader).unwrap();
    assert_eq!(kept.0[0].size, size);
    assert_eq!(scrub(&reader, 100), []);
    drop((store, reader));

    let mut store = folder.open();
    let reader = store.reader().unwrap();
    assert_eq!(everything(&reader).unwrap(), kept);
    store.commit(LINE, &refused.0).unwrap();
    let last = reader.entries(LINE, NORTH, size, 9).unwrap();
    assert_eq!(last[0].leaf, leaf(NORTH, size));
}

#[test]
fn secured_batch_waits_for_room_and_is_not_lost() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 20);
    drop(store);
    let tight = Options { pages_max: Some(60), ..options() };
    let mut store = SqliteStore::open(&folder.post(), PASSPHRASE, fill(3), &tight).unwrap();
    let reader = store.reader().unwrap();
    let mut size = 20;
    loop {
        store.secure(LINE, &busy_batch(&reader, NORTH, size)).unwrap();
        match store.follow() {
            Ok(()) => size += 1,
            Err(error) => break assert_eq!(error, CommitError::LocalFull),
        }
        assert!(size < 10_000, "the store never became full");
    }
    let kept = everything(&reader).unwrap();
    assert_eq!(kept.0[0].size, size);
    let next = batch_of(&reader, LINE, NORTH, &[b"next"]);
    assert_eq!(store.secure(LINE, &next), Err(CommitError::LocalFull), "one waits already");
    assert_eq!(store.commit(LINE, &next), Err(CommitError::LocalFull));
    assert!(store.must_follow());
    assert_eq!(everything(&reader).unwrap(), kept);
    drop((store, reader));

    let mut store = folder.open();
    assert_eq!(store.outcome(), &OpenOutcome::Recovered { refilled: 1 });
    let reader = store.reader().unwrap();
    let last = reader.entries(LINE, NORTH, size, 9).unwrap();
    assert_eq!(last[0].leaf, leaf(NORTH, size));
    assert_eq!(scrub(&reader, 100), []);
    store.commit(LINE, &batch_of(&reader, LINE, NORTH, &[b"next"])).unwrap();
}
