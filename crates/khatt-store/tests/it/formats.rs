//! Every kept store opens, reads as it was written, and goes on: `tests/formats/`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use khatt_core::store::{Reader, Writer};
use khatt_store::{OpenError, OpenOutcome, SqliteReader, SqliteStore};

use crate::support::{
    Folder, LINE, NORTH, PASSPHRASE, busy_batch, copy, everything, fill_store, open, options, scrub,
};

const SECRET: (&str, &[u8]) = ("log", b"a secret of the post");

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats")
}

/// Everything that a store holds of the line, as text: the same for every version.
fn told(reader: &SqliteReader) -> String {
    let (heads, logs, state, evidence) = everything(reader).unwrap();
    let mut text = String::new();
    for head in heads {
        writeln!(text, "head {} {} {}", head.log, head.size, head.root).unwrap();
    }
    for (entries, _, checkpoints) in logs {
        for entry in entries {
            let open = entry.open.map(|open| String::from_utf8_lossy(&open.0).into_owned());
            writeln!(text, "entry {} {} {open:?}", entry.id, entry.leaf_hash).unwrap();
        }
        for kept in checkpoints {
            writeln!(text, "checkpoint {} {} {}", kept.log, kept.size, kept.root).unwrap();
        }
    }
    for (key, value) in state {
        writeln!(text, "state {key} {}", String::from_utf8_lossy(&value.0)).unwrap();
    }
    for (name, proof) in evidence {
        writeln!(text, "evidence {name} {}", proof.len()).unwrap();
    }
    text
}

#[test]
fn store_of_every_kept_version_opens_reads_alike_and_goes_on() {
    let mut versions = 0;
    for item in fs::read_dir(kept()).unwrap() {
        let from = item.unwrap().path();
        if !from.is_dir() {
            continue;
        }
        let named = from.file_name().unwrap().to_string_lossy().into_owned();
        let folder = Folder::new();
        copy(&from, &folder.post());
        let expected = fs::read_to_string(folder.post().join("expected.txt")).unwrap();
        let backed_up = folder.post().with_file_name("before.db");
        let moved = SqliteStore::upgrade(&folder.post(), PASSPHRASE, &options(), |reader| {
            reader.snapshot(&backed_up, 0).unwrap();
            Ok::<_, OpenError>(())
        });
        let (before, after) = moved.unwrap();
        assert_eq!(format!("store-{before}"), named);
        assert_eq!(backed_up.exists(), before != after, "a copy is made before tables are moved");
        let mut store = folder.open();
        assert_eq!(*store.outcome(), OpenOutcome::Intact, "{named}");
        let reader = store.reader().unwrap();
        assert_eq!(told(&reader), expected, "{named}");
        assert_eq!(scrub(&reader, 50), [], "{named}");
        assert_eq!(*store.secret(SECRET.0).unwrap().unwrap().0, *SECRET.1);
        let size = reader.heads(LINE).unwrap()[0].size;
        store.commit(LINE, &busy_batch(&reader, NORTH, size)).unwrap();
        drop((reader, store));
        assert_eq!(folder.open().reader().unwrap().heads(LINE).unwrap()[0].size, size + 1);
        versions += 1;
    }
    assert!(versions > 0, "no version is kept");
}

/// `KHATT_WRITE_FORMAT=1` keeps a store of this version, once, before it is released.
#[test]
fn store_of_this_version_is_kept() {
    let folder = Folder::new();
    let (version, _) = {
        let mut store = folder.create();
        fill_store(&mut store, 20);
        // The head file then holds the batch of one commit, and not of forty.
        store.idle().unwrap();
        store.put_secret(SECRET.0, SECRET.1).unwrap();
        let expected = told(&store.reader().unwrap());
        drop(store);
        fs::write(folder.post().join("expected.txt"), expected).unwrap();
        SqliteStore::upgrade::<OpenError>(&folder.post(), PASSPHRASE, &options(), |_| Ok(()))
            .unwrap()
    };
    let place = kept().join(format!("store-{version}"));
    if std::env::var_os("KHATT_WRITE_FORMAT").is_some() {
        assert!(!place.exists(), "what is kept is never written again");
        drop(open(&folder.post()).unwrap());
        let _ = fs::remove_file(folder.post().join("post.lock"));
        copy(&folder.post(), &place);
    }
    assert!(place.is_dir(), "KHATT_WRITE_FORMAT=1 keeps {}", place.display());
}
