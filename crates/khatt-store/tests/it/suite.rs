use khatt_core::store::suite::{self, Twin};
use khatt_core::store::{Reader, Writer};
use khatt_store::{OpenOutcome, SqliteStore};

use crate::support::{Folder, LINE, fill_store, scrub};

struct OnDisk {
    store: Option<SqliteStore>,
    folder: Folder,
}

impl Twin for OnDisk {
    fn writer(&mut self) -> &mut dyn Writer {
        self.store.as_mut().unwrap()
    }

    fn reader(&self) -> Box<dyn Reader + '_> {
        Box::new(self.store.as_ref().unwrap().reader().unwrap())
    }

    fn reopen(mut self: Box<Self>) -> Box<dyn Twin> {
        self.store = None;
        let store = self.folder.open();
        assert_eq!(store.outcome(), &OpenOutcome::Intact);
        self.store = Some(store);
        self
    }
}

#[test]
fn sqlite_passes_the_suite() {
    suite::run(&mut || {
        let folder = Folder::new();
        Box::new(OnDisk { store: Some(folder.create()), folder })
    });
}

#[test]
fn scrub_of_a_sound_store_reads_everything_and_finds_nothing() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 40);
    let reader = store.reader().unwrap();
    for rows in [1, 7, 1_000_000] {
        assert_eq!(scrub(&reader, rows), []);
    }
    let step = reader.scrub(khatt_store::ScrubPosition::default(), u64::MAX).unwrap();
    assert!(step.rows > 80 + 80, "entries and checkpoints of both logs");
    assert!(step.next.is_none());
}

#[test]
fn reader_on_another_thread_sees_commits_at_once() {
    let folder = Folder::new();
    let mut store = folder.create();
    let reader = store.reader().unwrap();
    fill_store(&mut store, 2);
    let sizes = std::thread::spawn(move || reader.heads(LINE).unwrap()).join().unwrap();
    assert_eq!(sizes.iter().map(|head| head.size).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn secrets_come_back_and_are_not_in_the_files() {
    let folder = Folder::new();
    let secret = b"an Ed25519 seed of thirty-two b.";
    {
        let mut store = folder.create();
        assert_eq!(store.secret("log").unwrap(), None);
        store.put_secret("log", b"first").unwrap();
        store.put_secret("log", secret).unwrap();
        store.put_secret("gone", b"x").unwrap();
        store.delete_secret("gone").unwrap();
    }
    let store = folder.open();
    assert_eq!(store.secret("log").unwrap().unwrap().0, secret);
    assert_eq!(store.secret("gone").unwrap(), None);
    for item in std::fs::read_dir(folder.post()).unwrap() {
        let bytes = std::fs::read(item.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}
