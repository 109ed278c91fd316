//! Copies of a store in use, and stores made of copies.

use std::fs;
use std::path::{Path, PathBuf};

use khatt_core::store::{Reader, Writer};
use khatt_store::{
    BackupError, Fill, OpenError, OpenOutcome, RESTORED_KEY, RestoreError, Restored, STORE_LINE,
    SqliteStore,
};

use crate::support::{
    Folder, LINE, NORTH, PASSPHRASE, busy_batch, everything, fill, fill_store, options, scrub,
};

const MANIFEST: &[u8] = b"what the backup says of itself";
const TIMES: (u64, u64) = (1_700_000_000_000, 1_700_000_360_000);

fn fresh() -> Fill {
    fill(77)
}

/// Copies the store's key and a snapshot of its database into a folder of their own.
fn backup(store: &SqliteStore, from: &Path, to: &Path) -> (Vec<u8>, khatt_store::Snapshot) {
    let reader = store.reader().unwrap();
    fs::create_dir_all(to).unwrap();
    fs::copy(from.join("post.key"), to.join("post.key")).unwrap();
    let snapshot = reader.snapshot(&to.join("post.db"), 0).unwrap();
    (reader.seal_manifest(MANIFEST, fresh()).unwrap(), snapshot)
}

fn restore(dir: &Path, seal: &[u8]) -> Result<SqliteStore, RestoreError> {
    SqliteStore::restore(dir, PASSPHRASE, (MANIFEST, seal), TIMES, fresh, &options())
}

fn beside(folder: &Folder, name: &str) -> PathBuf {
    folder.post().with_file_name(name)
}

#[test]
fn copy_of_a_store_in_use_restores_to_what_was_committed_by_then() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 40);
    let truth = everything(&store.reader().unwrap()).unwrap();
    let copy = beside(&folder, "copy");
    let (seal, snapshot) = backup(&store, &folder.post(), &copy);
    // The writer goes on, and the copy stays as it was.
    let batch = busy_batch(&store.reader().unwrap(), NORTH, 40);
    store.commit(LINE, &batch).unwrap();
    assert_eq!((snapshot.sequence, snapshot.damage.len()), (80, 0));
    assert_eq!(snapshot.lines, [(LINE, truth.0.clone())]);
    assert!(snapshot.rows > 80, "{}", snapshot.rows);

    let restored = restore(&copy, &seal).unwrap();
    assert_eq!(*restored.outcome(), OpenOutcome::Intact);
    let reader = restored.reader().unwrap();
    let mark = reader.state(LINE, RESTORED_KEY).unwrap().remove(0).1;
    let wanted = Restored { backup_ms: TIMES.0, restored_ms: TIMES.1, sequence: 80 };
    assert_eq!(Restored::from_bytes(&mark.0), Some(wanted));
    let (heads, logs, state, evidence) = everything(&reader).unwrap();
    let state: Vec<_> = state.into_iter().filter(|(key, _)| key != RESTORED_KEY).collect();
    assert_eq!((heads, logs, state, evidence), truth);
    assert_eq!(scrub(&reader, 50), []);
}

#[test]
fn secrets_of_the_post_come_back_and_stay_sealed_in_the_copy() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 3);
    store.put_secret("log", b"the seed of the signing key").unwrap();
    let copy = beside(&folder, "copy");
    let (seal, _) = backup(&store, &folder.post(), &copy);
    let bytes = fs::read(copy.join("post.db")).unwrap();
    for secret in [&b"the seed of the signing key"[..], b"value at 2"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
    let restored = restore(&copy, &seal).unwrap();
    let secret = restored.secret("log").unwrap().unwrap();
    assert_eq!(*secret.0, *b"the seed of the signing key");
    let marked = restored.reader().unwrap().state(STORE_LINE, RESTORED_KEY).unwrap();
    assert_eq!(marked.len(), 1, "the post itself is marked as its lines are");
}

#[test]
fn backup_that_is_not_this_stores_own_is_refused_before_it_is_read() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 3);
    let copy = beside(&folder, "copy");
    let (mut seal, _) = backup(&store, &folder.post(), &copy);
    // Bytes that SQLite must never be given, since the seal is looked at first.
    fs::write(copy.join("post.db"), b"no database at all").unwrap();
    seal[30] ^= 1;
    assert_eq!(restore(&copy, &seal).unwrap_err(), RestoreError::LocalSeal);
    let wrong = SqliteStore::restore(&copy, b"wrong", (MANIFEST, &seal), TIMES, fresh, &options());
    assert_eq!(wrong.unwrap_err(), RestoreError::Open(OpenError::LocalWrongPassphrase));
}

#[test]
fn database_of_another_store_is_refused() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 3);
    let copy = beside(&folder, "copy");
    let (seal, _) = backup(&store, &folder.post(), &copy);
    let other = SqliteStore::create(&beside(&folder, "other"), PASSPHRASE, fill(9), &options());
    let other = other.unwrap().reader().unwrap();
    fs::remove_file(copy.join("post.db")).unwrap();
    other.snapshot(&copy.join("post.db"), 0).unwrap();
    assert_eq!(restore(&copy, &seal).unwrap_err(), RestoreError::LocalOtherStore);
}

#[test]
fn damage_is_copied_by_name_and_refused_where_it_would_be_signed_over() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 20);
    drop(store);
    let db = folder.post().join("post.db");
    let mut bytes = fs::read(&db).unwrap();
    let needle = b"log 0 entry 7 ";
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    bytes[at + 4] ^= 2;
    fs::write(&db, bytes).unwrap();
    let store = folder.open();
    let copy = beside(&folder, "copy");
    let (seal, snapshot) = backup(&store, &folder.post(), &copy);
    assert_eq!(snapshot.damage.len(), 1, "{:?}", snapshot.damage);
    assert_eq!(snapshot.damage[0].code(), "KS-1304");
    // An altered entry is healed from a peer: it keeps nobody from coming back.
    match restore(&copy, &seal) {
        Ok(restored) => assert_eq!(scrub(&restored.reader().unwrap(), 50).len(), 1),
        Err(RestoreError::LocalDamaged(damage)) => assert_eq!(damage.code(), "KS-1304"),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn copy_leaves_the_reserve_alone_and_nothing_behind() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 3);
    let to = beside(&folder, "copy.db");
    let refused = store.reader().unwrap().snapshot(&to, u64::MAX / 2).unwrap_err();
    assert!(matches!(refused, BackupError::LocalNoRoom { .. }), "{refused}");
    assert!(!to.exists());
    fs::write(&to, b"somebody's").unwrap();
    let refused = store.reader().unwrap().snapshot(&to, 0).unwrap_err();
    assert_eq!(refused.code(), "KS-1212");
}

#[test]
fn store_of_this_version_is_not_upgraded_and_needs_no_copy() {
    let folder = Folder::new();
    drop(folder.create());
    let upgrade = || {
        SqliteStore::upgrade::<OpenError>(&folder.post(), PASSPHRASE, &options(), |_| {
            panic!("a copy was asked for")
        })
    };
    let (from, to) = upgrade().unwrap();
    assert_eq!(from, to);
    let held = folder.open();
    assert_eq!(upgrade().unwrap_err(), OpenError::LocalInUse);
    drop(held);
}
