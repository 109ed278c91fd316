use std::fs;
use std::path::Path;

use khatt_core::store::suite::batch_of;
use khatt_core::store::{CommitError, ReadError, Reader, Writer};
use khatt_record::EntryId;
use khatt_store::{Damage, OpenOutcome};

use crate::support::{
    Everything, Folder, LINE, NORTH, Numbers, SOUTH, busy_batch, copy, everything, fill_store,
    open, scrub,
};

const FLIPS: u64 = 200;

/// How a flipped bit came to light, if it did.
#[derive(Debug, Default)]
struct Count {
    unaffected: u64,
    at_open: u64,
    when_read: u64,
    by_scrub: u64,
}

/// Flips one bit and looks at what the store then does. Wrong data or an unnoticed loss panics.
fn flip_and_look(dir: &Path, truth: &Everything, count: &mut Count, what: &str) {
    let store = match open(dir) {
        Ok(store) => store,
        Err(error) => {
            assert!(error.code().starts_with("KS-12"));
            count.at_open += 1;
            return;
        }
    };
    let damaged = !matches!(store.outcome(), OpenOutcome::Intact | OpenOutcome::Recovered { .. });
    let reader = store.reader().unwrap();
    match everything(&reader) {
        Ok(served) if served == *truth => {
            if damaged {
                count.at_open += 1;
            } else if scrub(&reader, 50).is_empty() {
                count.unaffected += 1;
            } else {
                count.by_scrub += 1;
            }
        }
        Ok(served) => {
            // Less may be served only if the loss is known; what is served must be true.
            let scrubbed = scrub(&reader, 50);
            assert!(damaged || !scrubbed.is_empty(), "{what}: silent loss");
            for ((entries, _, checkpoints), (true_entries, _, true_checkpoints)) in
                served.1.iter().zip(&truth.1)
            {
                assert!(entries.iter().all(|entry| true_entries.contains(entry)), "{what}");
                assert!(checkpoints.iter().all(|kept| true_checkpoints.contains(kept)), "{what}");
            }
            count.at_open += 1;
        }
        Err(error) => {
            assert!(matches!(error, ReadError::LocalDamaged { .. }), "{what}: {error}");
            if damaged { count.at_open += 1 } else { count.when_read += 1 }
        }
    }
}

fn flip(path: &Path, bit: u64) {
    let mut bytes = fs::read(path).unwrap();
    bytes[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
    fs::write(path, bytes).unwrap();
}

#[test]
fn flipped_bit_in_the_database_is_never_served_and_never_hides_a_loss() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 150);
    let truth = everything(&store.reader().unwrap()).unwrap();
    drop(store);
    let bits = fs::metadata(folder.post().join("post.db")).unwrap().len() * 8;
    let (mut numbers, mut count) = (Numbers(41), Count::default());
    for round in 0..FLIPS {
        let damaged = Folder::new();
        copy(&folder.post(), &damaged.post());
        let bit = numbers.below(bits);
        flip(&damaged.post().join("post.db"), bit);
        flip_and_look(&damaged.post(), &truth, &mut count, &format!("round {round} bit {bit}"));
    }
    assert!(count.when_read + count.by_scrub + count.at_open > FLIPS / 4, "{count:?}");
    assert!(count.unaffected < FLIPS * 3 / 4, "{count:?}");
}

#[test]
fn flipped_bit_in_the_write_ahead_file_is_filled_in_and_told() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 12);
    let truth = everything(&store.reader().unwrap()).unwrap();
    // As after kill -9: the write-ahead file has not been moved into the database.
    let crashed = Folder::new();
    copy(&folder.post(), &crashed.post());
    let bits = fs::metadata(crashed.post().join("post.db-wal")).unwrap().len() * 8;
    assert!(bits > 50 * 4096 * 8, "the write-ahead file holds much");
    let (mut numbers, mut filled_in) = (Numbers(43), 0);
    for round in 0..FLIPS {
        let damaged = Folder::new();
        copy(&crashed.post(), &damaged.post());
        let bit = numbers.below(bits);
        flip(&damaged.post().join("post.db-wal"), bit);
        let store = damaged.open();
        let what = format!("round {round} bit {bit}");
        match store.outcome() {
            OpenOutcome::Intact => {}
            OpenOutcome::Recovered { refilled } => filled_in += u64::from(*refilled > 0),
            other => panic!("{what}: {other:?}"),
        }
        assert!(store.is_writable(), "{what}");
        let reader = store.reader().unwrap();
        assert_eq!(everything(&reader).unwrap(), truth, "{what}");
        assert_eq!(scrub(&reader, 1000), [], "{what}");
    }
    assert!(filled_in > FLIPS * 3 / 4, "{filled_in}");
}

#[test]
fn flipped_bit_in_the_write_ahead_file_is_a_known_loss_where_the_head_file_has_no_batch() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 3);
    let reader = store.reader().unwrap();
    // Too big for the head file: it says where the logs stand, and no more.
    let batch = batch_of(&reader, LINE, NORTH, &[&vec![7; 600_000]]);
    store.commit(LINE, &batch).unwrap();
    let truth = everything(&reader).unwrap();
    let crashed = Folder::new();
    copy(&folder.post(), &crashed.post());
    let path = crashed.post().join("post.db-wal");
    let bits = fs::metadata(&path).unwrap().len() * 8;
    let (mut numbers, mut count) = (Numbers(44), Count::default());
    for round in 0..20 {
        let damaged = Folder::new();
        copy(&crashed.post(), &damaged.post());
        let bit = numbers.below(bits);
        flip(&damaged.post().join("post.db-wal"), bit);
        flip_and_look(&damaged.post(), &truth, &mut count, &format!("round {round} bit {bit}"));
    }
    assert_eq!(count.when_read + count.by_scrub, 0, "losses are known at once: {count:?}");
    assert!(count.at_open > 15, "{count:?}");
}

#[test]
fn flipped_bit_in_head_or_key_file_loses_nothing() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 5);
    let truth = everything(&store.reader().unwrap()).unwrap();
    drop(store);
    let bytes = fs::read(folder.post().join("heads")).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64;
    let mut numbers = Numbers(47);
    let (mut intact, mut recovered) = (0, 0);
    for (name, bits) in [("heads", used * 8), ("post.key", 128 * 8)] {
        for _ in 0..60 {
            let damaged = Folder::new();
            copy(&folder.post(), &damaged.post());
            flip(&damaged.post().join(name), numbers.below(bits));
            match open(&damaged.post()) {
                Ok(store) => {
                    assert!(store.is_writable());
                    assert_eq!(everything(&store.reader().unwrap()).unwrap(), truth);
                    // Only the newest record says something that no other does.
                    match store.outcome() {
                        OpenOutcome::Intact => intact += 1,
                        OpenOutcome::Recovered { refilled: 0 } => recovered += 1,
                        other => panic!("{other:?}"),
                    }
                    drop(store);
                    assert_eq!(damaged.open().outcome(), &OpenOutcome::Intact, "written again");
                }
                Err(error) => assert_eq!(name, "post.key", "{error}"),
            }
        }
    }
    assert!(intact > 20 && recovered > 0, "{intact} {recovered}");
}

#[test]
fn lost_write_ahead_file_is_named_and_writing_waits_for_a_decision() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 3);
    store.idle().unwrap();
    let reader = store.reader().unwrap();
    for index in 3..5 {
        store.commit(LINE, &busy_batch(&reader, NORTH, index)).unwrap();
    }
    let crashed = Folder::new();
    copy(&folder.post(), &crashed.post());
    fs::remove_file(crashed.post().join("post.db-wal")).unwrap();
    let sound = Folder::new();
    copy(&crashed.post(), &sound.post());
    assert_eq!(sound.open().outcome(), &OpenOutcome::Recovered { refilled: 2 });

    // Of the two records with what is missing, the first is damaged as well.
    let heads = crashed.post().join("heads");
    let bytes = fs::read(&heads).unwrap();
    let records: Vec<u64> = (0..)
        .zip(bytes.chunks(4096))
        .filter(|(_, block)| block.starts_with(b"KHATHEAD"))
        .map(|(block, _)| block)
        .collect();
    assert_eq!(records.len(), 3, "where the store rested, and two commits");
    flip(&heads, records[1] * 4096 * 8 + 999);

    let mut store = open(&crashed.post()).unwrap();
    let lost = vec![
        Damage::LostEntries { line: LINE, log: NORTH, had: 5, found: 3 },
        Damage::LostCommits { had: 8, found: 6 },
    ];
    assert_eq!(store.outcome(), &OpenOutcome::Damaged(lost.clone()));
    assert!(!store.is_writable());
    let reader = store.reader().unwrap();
    assert_eq!(reader.entries(LINE, NORTH, 0, 9).unwrap().len(), 3, "what is left can be read");
    let batch = batch_of(&reader, LINE, NORTH, &[b"next"]);
    assert!(matches!(store.commit(LINE, &batch), Err(CommitError::LocalFatal(_))));
    drop((store, reader));

    let mut store = open(&crashed.post()).unwrap();
    assert_eq!(store.outcome(), &OpenOutcome::Damaged(lost), "the loss is not forgotten");
    store.dangerous_accept_loss().unwrap();
    store.commit(LINE, &batch).unwrap();
    drop(store);
    assert_eq!(open(&crashed.post()).unwrap().outcome(), &OpenOutcome::Intact);
}

#[test]
fn rolled_back_database_is_named_even_when_no_log_is_shorter() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 2);
    store.put_secret("log", b"old").unwrap();
    store.idle().unwrap();
    let old = fs::read(folder.post().join("post.db")).unwrap();
    store.put_secret("log", b"new").unwrap();
    // From now on the head file has no batch to fill it in with.
    store.idle().unwrap();
    drop(store);
    fs::write(folder.post().join("post.db"), old).unwrap();
    let store = folder.open();
    let lost = OpenOutcome::Damaged(vec![Damage::LostCommits { had: 6, found: 5 }]);
    assert_eq!(store.outcome(), &lost);
}

#[test]
fn missing_or_old_head_file_is_damage() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 1);
    let early = fs::read(folder.post().join("heads")).unwrap();
    let reader = store.reader().unwrap();
    for index in 1..4 {
        store.commit(LINE, &busy_batch(&reader, NORTH, index)).unwrap();
    }
    drop((store, reader));
    let heads = folder.post().join("heads");
    let outcome = |what| OpenOutcome::Damaged(vec![Damage::HeadFile { what }]);
    fs::write(&heads, early).unwrap();
    assert_eq!(folder.open().outcome(), &outcome("older than the database"));
    fs::write(&heads, b"short").unwrap();
    assert_eq!(folder.open().outcome(), &outcome("unreadable"));
    fs::remove_file(&heads).unwrap();
    let mut store = folder.open();
    assert_eq!(store.outcome(), &outcome("missing"));
    store.dangerous_accept_loss().unwrap();
    drop(store);
    assert_eq!(folder.open().outcome(), &OpenOutcome::Intact);
}

#[test]
fn commit_without_its_head_file_write_is_recovered() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 2);
    let before = fs::read(folder.post().join("heads")).unwrap();
    let reader = store.reader().unwrap();
    store.commit(LINE, &busy_batch(&reader, NORTH, 2)).unwrap();
    drop((store, reader));
    fs::write(folder.post().join("heads"), before).unwrap();
    let store = folder.open();
    assert_eq!(store.outcome(), &OpenOutcome::Recovered { refilled: 0 });
    drop(store);
    assert_eq!(folder.open().outcome(), &OpenOutcome::Intact);
}

/// Changes the database behind the store's back, as a disk or a stranger with a tool would.
fn tamper(folder: &Folder, statement: &str) {
    let conn = rusqlite::Connection::open(folder.post().join("post.db")).unwrap();
    assert!(conn.execute(statement, []).unwrap() > 0, "{statement}");
}

#[test]
fn altered_rows_are_named_by_the_read_that_meets_them() {
    let cases = [
        ("UPDATE entry SET leaf = x'00' WHERE log = 0 AND entry_index = 17", "entry 0/17 leaf"),
        (
            "UPDATE entry SET sealed = (SELECT sealed FROM entry WHERE log = 0 AND entry_index = 3)
             WHERE log = 0 AND entry_index = 17",
            "entry 0/17 open part",
        ),
        ("DELETE FROM entry WHERE log = 0 AND entry_index = 17", "entry 0/17 missing"),
        (
            "UPDATE checkpoint SET root = zeroblob(32) WHERE log = 1 AND size = 4",
            "checkpoint of log 1 at size 4",
        ),
        ("UPDATE state SET sealed = zeroblob(60) WHERE key = 'epoch/1'", "state epoch/1"),
        ("DELETE FROM evidence WHERE name = 'fork/0/0'", "table evidence"),
        ("UPDATE head SET size = 19 WHERE log = 1", "head of log 1"),
        ("DELETE FROM head WHERE log = 1", "table head"),
        ("UPDATE line SET state_count = 2 WHERE line_no = 1", "line 1"),
    ];
    let sound = Folder::new();
    let mut store = sound.create();
    fill_store(&mut store, 20);
    drop(store);
    for (statement, what) in cases {
        let folder = Folder::new();
        copy(&sound.post(), &folder.post());
        let store = folder.open();
        let reader = store.reader().unwrap();
        tamper(&folder, statement);
        let named = ReadError::LocalDamaged { what: what.to_owned() };
        assert_eq!(everything(&reader).err(), Some(named), "{statement}");
        assert!(!scrub(&reader, 7).is_empty(), "{statement}");
        drop((store, reader));
        match open(&folder.post()) {
            // Old checkpoints are left to the scrub.
            Ok(store) if what.starts_with("checkpoint") => {
                assert_eq!(store.outcome(), &OpenOutcome::Intact);
            }
            Ok(store) => assert!(matches!(store.outcome(), OpenOutcome::Damaged(_)), "{statement}"),
            Err(error) => assert_eq!(error.code(), "KS-1210", "{statement}"),
        }
    }
}

#[test]
fn rows_that_vanish_or_come_back_old_are_found_by_scrub_and_at_open() {
    let cases = [
        ("DELETE FROM state WHERE key = 'epoch/0'", "state", true),
        ("DELETE FROM checkpoint WHERE log = 0 AND size = 5", "checkpoint", false),
    ];
    for (statement, table, at_open) in cases {
        let folder = Folder::new();
        let mut store = folder.create();
        fill_store(&mut store, 20);
        tamper(&folder, statement);
        let found = vec![Damage::Table { table, line: LINE }];
        assert_eq!(scrub(&store.reader().unwrap(), 50), found);
        drop(store);
        let store = folder.open();
        assert_eq!(matches!(store.outcome(), OpenOutcome::Damaged(_)), at_open, "{statement}");
    }
}

#[test]
fn damaged_entry_is_healed_only_with_what_was_there() {
    let folder = Folder::new();
    let mut store = folder.create();
    fill_store(&mut store, 20);
    let reader = store.reader().unwrap();
    let id = EntryId { log: SOUTH, index: 7 };
    let entry = reader.entry(LINE, id).unwrap().unwrap();
    let wrong = reader.entry(LINE, EntryId { log: SOUTH, index: 8 }).unwrap().unwrap();
    tamper(&folder, "UPDATE entry SET leaf = zeroblob(9) WHERE log = 1 AND entry_index = 7");
    tamper(&folder, "DELETE FROM entry WHERE log = 1 AND entry_index = 19");
    assert_eq!(scrub(&reader, 50).len(), 2);
    let wrong = khatt_core::store::StoredEntry { id, ..wrong };
    let refused = Err(CommitError::LocalOutOfOrder { log: SOUTH, size: 20 });
    assert_eq!(store.heal(LINE, SOUTH, &[wrong]), refused);
    assert_eq!(
        store.heal(LINE, SOUTH, std::slice::from_ref(&entry)),
        refused,
        "another one is missing"
    );
    let last = khatt_core::store::StoredEntry {
        id: EntryId { log: SOUTH, index: 19 },
        leaf: crate::support::leaf(SOUTH, 19),
        leaf_hash: khatt_record::merkle::leaf_hash(&crate::support::leaf(SOUTH, 19)),
        open: None,
    };
    store.heal(LINE, SOUTH, &[entry.clone(), last]).unwrap();
    assert_eq!(reader.entry(LINE, id).unwrap(), Some(entry));
    assert_eq!(scrub(&reader, 50), []);
    drop((store, reader));
    assert_eq!(folder.open().outcome(), &OpenOutcome::Intact);
}
