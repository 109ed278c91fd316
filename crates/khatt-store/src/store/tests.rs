use khatt_core::store::suite::batch_of;

use super::*;
use crate::PassphraseCost;

#[test]
fn failed_head_file_ends_writing_and_the_commit_is_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("north");
    let passphrase_cost = PassphraseCost::DANGEROUS_LEAST;
    let options = Options { passphrase_cost, ballast_bytes: 0, ..Options::default() };
    let fill = || -> Fill { Box::new(|out| out.fill(7)) };
    let (line, log) = (LineId([1; 32]), PostIndex(0));
    let mut store = SqliteStore::create(&dir, b"north", fill(), &options).unwrap();
    let batch = batch_of(&store.reader().unwrap(), line, log, &[b"one"]);
    store.commit(line, &batch).unwrap();

    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    store.head_file = Some(HeadFile::of_file(full));
    let batch = batch_of(&store.reader().unwrap(), line, log, &[b"two"]);
    assert!(matches!(store.commit(line, &batch), Err(CommitError::LocalFatal(_))));
    assert!(!store.is_writable());
    assert!(matches!(store.commit(line, &Batch::default()), Err(CommitError::LocalFatal(_))));
    assert!(matches!(store.idle(), Err(CommitError::LocalFatal(_))));
    assert!(matches!(store.dangerous_accept_loss(), Err(CommitError::LocalFatal(_))));
    drop(store);

    let mut store = SqliteStore::open(&dir, b"north", fill(), &options).unwrap();
    assert_eq!(store.outcome(), &OpenOutcome::Recovered { refilled: 0 });
    let reader = store.reader().unwrap();
    assert_eq!(khatt_core::store::Reader::entries(&reader, line, log, 0, 9).unwrap().len(), 2);
    let next = batch_of(&reader, line, log, &[b"three"]);
    store.commit(line, &next).unwrap();
}
