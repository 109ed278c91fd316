use std::os::unix::fs::PermissionsExt;

use khatt_store::{OpenError, Options, SqliteStore};

use crate::support::{Folder, PASSPHRASE, fill, fill_store, open, options};

#[test]
fn folder_and_files_are_closed_to_others() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 1);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&folder.post()) & 0o777, 0o700);
    let mut names = Vec::new();
    for item in std::fs::read_dir(folder.post()).unwrap() {
        let item = item.unwrap();
        assert_eq!(mode(&item.path()) & 0o777, 0o600, "{:?}", item.file_name());
        names.push(item.file_name().into_string().unwrap());
    }
    names.sort();
    let expected = ["heads", "post.db", "post.db-shm", "post.db-wal", "post.key", "post.lock"];
    assert_eq!(names, expected);
    assert!(!folder.post().with_extension("tmp").exists());
}

#[test]
fn second_opener_is_told_that_the_folder_is_held() {
    let folder = Folder::new();
    let store = folder.create();
    assert_eq!(open(&folder.post()).err(), Some(OpenError::LocalInUse));
    let reader = store.reader().unwrap();
    drop(store);
    assert_eq!(open(&folder.post()).err(), Some(OpenError::LocalInUse), "a reader still reads");
    drop(reader);
    folder.open();
}

#[test]
fn store_is_created_only_in_an_empty_folder() {
    let folder = Folder::new();
    std::fs::create_dir(folder.post()).unwrap();
    drop(folder.create());
    let again = SqliteStore::create(&folder.post(), PASSPHRASE, fill(1), &options());
    assert_eq!(again.err(), Some(OpenError::LocalExists));
    folder.open();
}

#[test]
fn interrupted_creation_is_cleared_away() {
    let folder = Folder::new();
    let building = folder.post().with_file_name("north.tmp");
    std::fs::create_dir(&building).unwrap();
    for name in ["post.db", "post.db-wal", "heads", "post.key", "ballast"] {
        std::fs::write(building.join(name), b"half").unwrap();
    }
    drop(folder.create());
    folder.open();
    assert!(!building.exists());
}

#[test]
fn absent_store_and_absent_files_are_named() {
    let folder = Folder::new();
    let missing = |file| Some(OpenError::LocalMissing { file });
    assert_eq!(open(&folder.post()).err(), missing("post.key"));
    drop(folder.create());
    std::fs::remove_file(folder.post().join("post.db")).unwrap();
    assert_eq!(open(&folder.post()).err(), missing("post.db"));
}

#[test]
fn wrong_passphrase_opens_nothing_and_a_new_one_replaces_the_old() {
    let folder = Folder::new();
    let mut store = folder.create();
    let wrong = Some(OpenError::LocalWrongPassphrase);
    assert_eq!(store.change_passphrase(b"guess", b"new", &options()).err(), wrong);
    store.change_passphrase(PASSPHRASE, b"new", &options()).unwrap();
    drop(store);
    assert_eq!(open(&folder.post()).err(), wrong);
    SqliteStore::open(&folder.post(), b"new", fill(2), &options()).unwrap();
}

#[test]
fn files_of_different_stores_do_not_go_together() {
    let (one, other) = (Folder::new(), Folder::new());
    drop(one.create());
    drop(SqliteStore::create(&other.post(), PASSPHRASE, fill(9), &options()).unwrap());
    for name in ["post.key", "post.db"] {
        let folder = Folder::new();
        crate::support::copy(&one.post(), &folder.post());
        std::fs::copy(other.post().join(name), folder.post().join(name)).unwrap();
        assert!(matches!(open(&folder.post()), Err(OpenError::LocalDamaged { .. })), "{name}");
    }
}

#[test]
fn ballast_is_reserved_and_released() {
    let folder = Folder::new();
    let options = Options { ballast_bytes: 1 << 20, ..options() };
    let store = SqliteStore::create(&folder.post(), PASSPHRASE, fill(1), &options).unwrap();
    let ballast = folder.post().join("ballast");
    assert_eq!(std::fs::metadata(&ballast).unwrap().len(), 1 << 20);
    store.release_ballast().unwrap();
    assert!(!ballast.exists());
    store.release_ballast().unwrap();
    store.reserve_ballast(4096).unwrap();
    assert_eq!(std::fs::metadata(&ballast).unwrap().len(), 4096);
}

#[test]
fn store_of_the_first_layout_is_refused_by_name() {
    let folder = Folder::new();
    drop(folder.create());
    let conn = rusqlite::Connection::open(folder.post().join("post.db")).unwrap();
    conn.execute("UPDATE store SET version = 1, min_reader_version = 1", []).unwrap();
    drop(conn);
    let refused = open(&folder.post()).err();
    assert_eq!(refused, Some(OpenError::LocalOutdated { found: 1, known: 2 }));
    assert_eq!(refused.unwrap().code(), "KS-1214");
}

#[test]
fn secret_that_was_deleted_leaves_the_head_file_when_the_store_rests() {
    let folder = Folder::new();
    let mut store = folder.create();
    let blocks = || {
        let bytes = std::fs::read(folder.post().join("heads")).unwrap();
        bytes.chunks(4096).filter(|block| block.iter().any(|byte| *byte != 0)).count()
    };
    store.put_secret("epoch", b"secret").unwrap();
    store.delete_secret("epoch").unwrap();
    assert!(blocks() > 1);
    store.idle().unwrap();
    assert_eq!(blocks(), 1);
    let synced = store.syncs();
    store.idle().unwrap();
    assert_eq!(store.syncs(), synced, "it rests already");
    drop(store);
    folder.open();
}
