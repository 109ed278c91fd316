//! Times one commit of one 600-byte entry against the floor of the same disk, in the same run.
//!
//! The floor is what two files cost that are both synced: append 4 KiB to one and sync, write 4 KiB
//! in place in the other and sync. A commit syncs one in place, and should stay below. Both are measured in turns, because the same disk may be ten times
//! slower a minute later. Then the log is filled up and the store opened again. Usage:
//! `commit_bench [DIR] [ROUNDS] [ENTRIES]`; DIR must be on the disk to measure.

#![expect(clippy::unwrap_used, reason = "an example that may stop at any failure")]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use khatt_core::store::{Batch, Head, Sealed, StoredEntry, Writer};
use khatt_record::merkle::{Frontier, leaf_hash};
use khatt_record::{EntryId, LineId, PostIndex};
use khatt_store::{Fill, Options, PassphraseCost, SqliteStore};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().unwrap_or_else(|| ".".to_owned());
    let rounds: usize = arguments.next().map_or(2000, |rounds| rounds.parse().unwrap());
    let entries: u64 = arguments.next().map_or(100_000, |entries| entries.parse().unwrap());
    let folder = tempfile::tempdir_in(Path::new(&dir)).unwrap();
    let options =
        Options { passphrase_cost: PassphraseCost::DANGEROUS_LEAST, ..Options::default() };
    let post = folder.path().join("north");
    let mut store = SqliteStore::create(&post, b"north", fill(), &options).unwrap();
    let mut floor = Floor::new(folder.path());
    let mut frontier = Frontier::new();
    let (mut commits, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let batch = batch(&mut frontier, 1);
        commits.push(timed(|| store.commit(LineId([1; 32]), &batch).unwrap()));
        floors.push(timed(|| floor.step()));
    }
    let floor = row("floor", &mut floors);
    let commit = row("commit", &mut commits);
    println!("ratio   p50 {:.2}  p99 {:.2}", commit.0 / floor.0, commit.1 / floor.1);
    while frontier.size() < entries {
        let batch = batch(&mut frontier, 1000);
        store.commit(LineId([1; 32]), &batch).unwrap();
    }
    drop(store);
    let start = Instant::now();
    let store = SqliteStore::open(&post, b"north", fill(), &options).unwrap();
    println!("open of {} entries {:?} {:?}", frontier.size(), start.elapsed(), store.outcome());
}

/// The times do not depend on how random the nonces are.
fn fill() -> Fill {
    let mut counter = 0_u64;
    Box::new(move |out: &mut [u8]| {
        for part in out.chunks_mut(8) {
            counter = counter.wrapping_add(1);
            part.copy_from_slice(counter.to_be_bytes().get(..part.len()).unwrap());
        }
    })
}

/// Messages with a leaf of 180 bytes and an open part of 420 each.
fn batch(frontier: &mut Frontier, count: usize) -> Batch {
    let log = PostIndex(0);
    let mut entries = Vec::new();
    for _ in 0..count {
        let id = EntryId { log, index: frontier.size() };
        let mut leaf = id.to_string().into_bytes();
        leaf.resize(180, b'.');
        let hash = leaf_hash(&leaf);
        frontier.append(hash);
        entries.push(StoredEntry {
            id,
            leaf,
            leaf_hash: hash,
            open: Some(Sealed(vec![b'o'; 420])),
        });
    }
    let head =
        Head { log, size: frontier.size(), root: frontier.root(), frontier: frontier.encode() };
    Batch { entries, heads: vec![head], ..Batch::default() }
}

struct Floor {
    appended: File,
    in_place: File,
    round: u64,
}

impl Floor {
    fn new(dir: &Path) -> Self {
        let file = |name| {
            let path = dir.join(name);
            OpenOptions::new().create_new(true).read(true).append(false).write(true).open(path)
        };
        let in_place: File = file("in place").unwrap();
        in_place.write_all_at(&[0; 8192], 0).unwrap();
        in_place.sync_all().unwrap();
        Self { appended: file("appended").unwrap(), in_place, round: 0 }
    }

    fn step(&mut self) {
        self.round += 1;
        self.appended.write_all(&[self.round as u8; 4096]).unwrap();
        self.appended.sync_data().unwrap();
        self.in_place.write_all_at(&[self.round as u8; 4096], self.round % 2 * 4096).unwrap();
        self.in_place.sync_data().unwrap();
    }
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// Prints median and 99th percentile in microseconds, and returns them.
fn row(name: &str, times: &mut [Duration]) -> (f64, f64) {
    times.sort();
    let at = |share: usize| {
        let place = times.len().saturating_sub(1).saturating_mul(share) / 100;
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    let (half, most) = (at(50), at(99));
    println!("{name:7} p50 {half:.0} us  p99 {most:.0} us");
    (half, most)
}
