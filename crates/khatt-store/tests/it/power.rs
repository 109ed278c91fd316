//! Power cuts: what was never synced is gone or torn, and nothing acknowledged may be.

use std::fs;
use std::path::Path;

use khatt_core::store::suite::batch_of;
use khatt_core::store::{Reader, Writer};
use khatt_store::{OpenOutcome, SqliteStore};

use crate::support::{
    Everything, Folder, LINE, NORTH, Numbers, SOUTH, busy_batch, copy, everything, open, scrub,
};

/// What was in the write-ahead file when it was last synced, as far as the test knows.
struct Disk {
    folder: Folder,
    synced_wal: Vec<u8>,
    synced_db: Vec<u8>,
}

impl Disk {
    /// Takes the two files as they are now for what the disk has.
    fn sync(&mut self) {
        self.synced_wal = fs::read(self.folder.post().join("post.db-wal")).unwrap();
        self.synced_db = fs::read(self.folder.post().join("post.db")).unwrap();
    }

    /// Makes the folder as it is after a power cut that kept each sector of the write-ahead file
    /// that was not synced, or not, by chance.
    fn cut(&self, kept_per_cent: u64, numbers: &mut Numbers) -> Folder {
        let after = Folder::new();
        copy(&self.folder.post(), &after.post());
        let path = after.post().join("post.db-wal");
        let now = fs::read(&path).unwrap();
        let mut disk = self.synced_wal.clone();
        disk.resize(now.len().max(disk.len()), 0);
        for (old, new) in disk.chunks_mut(512).zip(now.chunks(512)) {
            if numbers.below(100) < kept_per_cent {
                old[..new.len()].copy_from_slice(new);
            }
        }
        if kept_per_cent == 0 {
            disk.truncate(self.synced_wal.len());
        }
        fs::write(&path, disk).unwrap();
        after
    }
}

/// Opens what a power cut left, which must be everything, and goes on with it.
fn check(dir: &Path, truth: &Everything, what: &str) -> u64 {
    let mut store = open(dir).unwrap();
    let refilled = if let OpenOutcome::Recovered { refilled } = store.outcome() {
        *refilled
    } else {
        assert_eq!(store.outcome(), &OpenOutcome::Intact, "{what}");
        0
    };
    let reader = store.reader().unwrap();
    assert_eq!(&everything(&reader).unwrap(), truth, "{what}");
    assert_eq!(scrub(&reader, 1000), [], "{what}");
    let next = batch_of(&reader, LINE, SOUTH, &[b"next"]);
    store.commit(LINE, &next).unwrap();
    drop((store, reader));
    assert_eq!(open(dir).unwrap().outcome(), &OpenOutcome::Intact, "{what}");
    refilled
}

#[test]
fn power_cut_after_any_commit_loses_nothing_that_was_acknowledged() {
    let mut numbers = Numbers(51);
    let mut disk = Disk { folder: Folder::new(), synced_wal: vec![], synced_db: vec![] };
    let mut store = disk.folder.create();
    disk.sync();
    let mut refilled = 0;
    for index in 0..40 {
        let reader = store.reader().unwrap();
        store.commit(LINE, &busy_batch(&reader, NORTH, index)).unwrap();
        let truth = everything(&reader).unwrap();
        for kept_per_cent in [0, 60, 97] {
            let after = disk.cut(kept_per_cent, &mut numbers);
            let what = format!("commit {index}, {kept_per_cent} kept");
            refilled += check(&after.post(), &truth, &what);
        }
        if index == 25 {
            store.idle().unwrap();
            disk.sync();
        }
    }
    assert!(refilled > 100, "{refilled}");
}

#[test]
fn power_cut_before_the_database_follows_loses_nothing_that_was_secured() {
    let mut numbers = Numbers(59);
    let mut disk = Disk { folder: Folder::new(), synced_wal: vec![], synced_db: vec![] };
    let mut store = disk.folder.create();
    disk.sync();
    let mut refilled = 0;
    for index in 0..20 {
        let reader = store.reader().unwrap();
        let before = everything(&reader).unwrap();
        store.secure(LINE, &busy_batch(&reader, NORTH, index)).unwrap();
        assert!(store.must_follow());
        assert_eq!(everything(&reader).unwrap(), before, "not to be read yet");
        let cuts = [0, 60, 100].map(|kept| disk.cut(kept, &mut numbers));
        store.follow().unwrap();
        let truth = everything(&reader).unwrap();
        assert_ne!(truth, before);
        for after in cuts {
            refilled += check(&after.post(), &truth, &format!("commit {index}"));
        }
        if index == 12 {
            store.idle().unwrap();
            disk.sync();
        }
    }
    assert!(refilled > 60, "{refilled}");
}

#[test]
fn database_follows_before_anything_else_is_written_and_at_the_end() {
    let folder = Folder::new();
    let mut store: SqliteStore = folder.create();
    let reader = store.reader().unwrap();
    let size =
        |reader: &dyn Reader| reader.heads(LINE).unwrap().first().map_or(0, |head| head.size);
    let before = store.syncs();
    store.secure(LINE, &busy_batch(&reader, NORTH, 0)).unwrap();
    assert_eq!(store.syncs() - before, 1);
    store.put_secret("one", b"secret").unwrap();
    assert_eq!(size(&reader), 1);
    store.secure(LINE, &busy_batch(&reader, NORTH, 1)).unwrap();
    store.idle().unwrap();
    assert_eq!(size(&reader), 2);
    let third = busy_batch(&reader, NORTH, 2);
    store.secure(LINE, &third).unwrap();
    // Refused for what it says, and the one before follows all the same.
    assert!(store.secure(LINE, &third).is_err());
    assert_eq!(size(&reader), 3);
    let big = batch_of(&reader, LINE, NORTH, &[&vec![7; 700_000]]);
    store.secure(LINE, &big).unwrap();
    assert!(!store.must_follow(), "too big for the head file: committed whole");
    store.secure(LINE, &busy_batch(&reader, NORTH, 4)).unwrap();
    drop(store);
    assert_eq!(size(&reader), 5);
    drop(reader);
    assert_eq!(open(&folder.post()).unwrap().outcome(), &OpenOutcome::Intact);
}

#[test]
fn power_cut_while_commits_are_made_again_loses_nothing() {
    let folder = Folder::new();
    let mut store = folder.create();
    for index in 0..9 {
        let reader = store.reader().unwrap();
        store.commit(LINE, &busy_batch(&reader, NORTH, index)).unwrap();
    }
    let truth = everything(&store.reader().unwrap()).unwrap();
    let crashed = Folder::new();
    copy(&folder.post(), &crashed.post());
    fs::remove_file(crashed.post().join("post.db-wal")).unwrap();
    // What is made again is the same to the byte, so any part of it may be there already.
    drop(crashed.open());
    let again = Folder::new();
    copy(&folder.post(), &again.post());
    fs::remove_file(again.post().join("post.db-wal")).unwrap();
    let store_again = again.open();
    assert_eq!(store_again.outcome(), &OpenOutcome::Recovered { refilled: 9 });
    let whole = fs::read(again.post().join("post.db-wal")).unwrap();
    let half = Folder::new();
    copy(&again.post(), &half.post());
    fs::write(half.post().join("post.db-wal"), &whole[..whole.len() / 2]).unwrap();
    assert!(check(&half.post(), &truth, "half") > 0);
}

#[test]
fn commit_too_big_for_the_head_file_is_synced_in_the_database() {
    let mut numbers = Numbers(53);
    let mut disk = Disk { folder: Folder::new(), synced_wal: vec![], synced_db: vec![] };
    let mut store = disk.folder.create();
    let reader = store.reader().unwrap();
    store.commit(LINE, &busy_batch(&reader, NORTH, 0)).unwrap();
    let before = store.syncs();
    let big = batch_of(&reader, LINE, NORTH, &[&vec![7; 700_000]]);
    store.commit(LINE, &big).unwrap();
    assert_eq!(store.syncs() - before, 2, "the write-ahead file, then the head file");
    disk.sync();
    for index in 2..5 {
        store.commit(LINE, &busy_batch(&reader, NORTH, index)).unwrap();
    }
    let truth = everything(&reader).unwrap();
    for kept_per_cent in [0, 50] {
        let after = disk.cut(kept_per_cent, &mut numbers);
        check(&after.post(), &truth, &format!("{kept_per_cent} kept"));
    }
}

#[test]
fn turning_ring_never_forgets_what_the_disk_may_lack() {
    let mut numbers = Numbers(57);
    let mut disk = Disk { folder: Folder::new(), synced_wal: vec![], synced_db: vec![] };
    let mut store = disk.folder.create();
    disk.sync();
    let reader = store.reader().unwrap();
    for index in 0..14 {
        let before = store.syncs();
        let batch = batch_of(&reader, LINE, NORTH, &[&vec![index as u8; 200_000]]);
        store.commit(LINE, &batch).unwrap();
        let truth = everything(&reader).unwrap();
        if store.syncs() - before > 1 {
            // The store synced the write-ahead file, or moved pages: the test cannot tell where
            // within the commit, so it takes the files as they are.
            disk.sync();
        }
        let after = disk.cut(0, &mut numbers);
        fs::write(after.post().join("post.db"), &disk.synced_db).unwrap();
        check(&after.post(), &truth, &format!("commit {index}"));
    }
}

#[test]
fn ordinary_commit_syncs_once() {
    let folder = Folder::new();
    let mut store: SqliteStore = folder.create();
    let reader = store.reader().unwrap();
    store.commit(LINE, &busy_batch(&reader, NORTH, 0)).unwrap();
    let before = store.syncs();
    for index in 1..6 {
        store.commit(LINE, &busy_batch(&reader, NORTH, index)).unwrap();
    }
    assert_eq!(store.syncs() - before, 5);
    assert_eq!(reader.heads(LINE).unwrap()[0].size, 6);
}
