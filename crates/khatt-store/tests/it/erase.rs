//! An erased open part is in no file of the folder any more, sealed or not.

use std::collections::HashSet;
use std::path::Path;

use khatt_core::store::suite::batch_of;
use khatt_core::store::{Batch, Reader as _, Writer as _};
use khatt_record::EntryId;

use crate::support::{Folder, LINE, NORTH, fill_store, leaf, scrub};

/// Reads the sealed column of an entry as it lies on the disk.
fn sealed(dir: &Path, index: u64) -> Vec<u8> {
    let conn = rusqlite::Connection::open(dir.join("post.db")).unwrap();
    let select = "SELECT sealed FROM entry WHERE log = 0 AND entry_index = ?1";
    conn.query_row(select, [index as i64], |row| row.get(0)).unwrap()
}

/// Names the files that hold any of these parts of 32 bytes, at whatever place.
fn files_holding(dir: &Path, parts: &HashSet<&[u8]>) -> Vec<String> {
    let mut holding = Vec::new();
    for item in std::fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        let held = std::fs::read(&path).unwrap();
        if held.windows(32).any(|part| parts.contains(part)) {
            holding.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    holding
}

#[test]
fn no_file_holds_what_was_erased() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 40);
    let reader = store.reader().unwrap();
    // One within a page, and one that fills several.
    let long = vec![b'x'; 20_000];
    store.commit(LINE, &batch_of(&reader, LINE, NORTH, &[&long])).unwrap();
    let wanted = [17, 40];
    let before: Vec<Vec<u8>> = wanted.iter().map(|at| sealed(&folder.post(), *at)).collect();
    for sealed in &before {
        // The middle of it, so that a page's own border cannot hide it.
        let part = &sealed[sealed.len() / 2..][..32];
        assert!(
            !files_holding(&folder.post(), &HashSet::from([part])).is_empty(),
            "it is there to be found"
        );
    }
    let erase = wanted.map(|index| EntryId { log: NORTH, index }).to_vec();
    store.commit(LINE, &Batch { erase, ..Batch::default() }).unwrap();
    store.idle().unwrap();
    let parts = before.iter().flat_map(|sealed| sealed.chunks_exact(32)).collect();
    assert_eq!(files_holding(&folder.post(), &parts), Vec::<String>::new());
    let entry = reader.entry(LINE, EntryId { log: NORTH, index: 17 }).unwrap().unwrap();
    assert_eq!((entry.leaf, entry.open), (leaf(NORTH, 17), None));
    assert_eq!(scrub(&reader, 1000), [], "and nothing else is missing");
    drop((reader, store));
    assert_eq!(*folder.open().outcome(), khatt_store::OpenOutcome::Intact);
}

#[test]
fn reader_in_the_way_only_puts_it_off() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 3);
    let before = sealed(&folder.post(), 1);
    let other = rusqlite::Connection::open(folder.post().join("post.db")).unwrap();
    other.execute_batch("BEGIN; SELECT count(*) FROM entry").unwrap();
    let erase = vec![EntryId { log: NORTH, index: 1 }];
    store.commit(LINE, &Batch { erase, ..Batch::default() }).unwrap();
    other.execute_batch("COMMIT").unwrap();
    store.idle().unwrap();
    let part = &before[before.len() / 2..][..32];
    assert_eq!(files_holding(&folder.post(), &HashSet::from([part])), Vec::<String>::new());
}

#[test]
fn ring_keeps_no_batch_after_an_erasure() {
    let records = |dir: &Path| {
        let ring = std::fs::read(dir.join("heads")).unwrap();
        ring.windows(8).filter(|part| part == b"KHATHEAD").count()
    };
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 3);
    assert!(records(&folder.post()) > 1, "batches lie in it");
    // What is sealed of each batch, from behind what its record says in the clear.
    let ring = std::fs::read(folder.post().join("heads")).unwrap();
    let begins = ring.windows(8).enumerate().filter(|(_, part)| *part == b"KHATHEAD");
    let parts = begins.flat_map(|(at, _)| ring[at + 64..][..256].chunks_exact(32));
    let sealed: HashSet<&[u8]> = parts.filter(|part| !part.contains(&0)).collect();
    assert_eq!(files_holding(&folder.post(), &sealed), ["heads"], "they are there to be found");
    let erase = vec![EntryId { log: NORTH, index: 1 }];
    store.commit(LINE, &Batch { erase, ..Batch::default() }).unwrap();
    assert_eq!(records(&folder.post()), 1, "and none once it has committed");
    assert_eq!(files_holding(&folder.post(), &sealed), Vec::<String>::new());
    drop(store);
    let reader = folder.open().reader().unwrap();
    let entry = reader.entry(LINE, EntryId { log: NORTH, index: 1 }).unwrap().unwrap();
    assert_eq!((entry.leaf, entry.open), (leaf(NORTH, 1), None), "a start brings nothing back");
}
