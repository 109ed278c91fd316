//! What the tests share: folders, seeded bytes, and batches.

use std::path::{Path, PathBuf};

use khatt_core::store::suite::batch_of;
use khatt_core::store::{Batch, Reader, Sealed, StateChange, StoredCheckpoint, Writer};
use khatt_record::{Hash, LineId, PostIndex};
use khatt_store::{Fill, OpenError, Options, PassphraseCost, SqliteReader, SqliteStore};

pub(crate) const LINE: LineId = LineId([0x11; 32]);
pub(crate) const NORTH: PostIndex = PostIndex(0);
pub(crate) const SOUTH: PostIndex = PostIndex(1);
pub(crate) const PASSPHRASE: &[u8] = b"north keeps this";

/// A folder that goes away with the test, and the store's place in it.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn post(&self) -> PathBuf {
        self.0.path().join("north")
    }

    pub(crate) fn create(&self) -> SqliteStore {
        SqliteStore::create(&self.post(), PASSPHRASE, fill(1), &options()).unwrap()
    }

    pub(crate) fn open(&self) -> SqliteStore {
        open(&self.post()).unwrap()
    }
}

pub(crate) fn open(dir: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(dir, PASSPHRASE, fill(2), &options())
}

pub(crate) fn options() -> Options {
    Options {
        passphrase_cost: PassphraseCost::DANGEROUS_LEAST,
        ballast_bytes: 0,
        ..Options::default()
    }
}

/// A small generator of repeatable numbers (SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

pub(crate) fn fill(seed: u64) -> Fill {
    let mut numbers = Numbers(seed);
    Box::new(move |out| out.iter_mut().for_each(|byte| *byte = numbers.next() as u8))
}

/// The leaf that the tests put at an index of a log: its content says where it belongs.
pub(crate) fn leaf(log: PostIndex, index: u64) -> Vec<u8> {
    let mut leaf = format!("log {log} entry {index} ").into_bytes();
    leaf.resize(120 + (index % 5) as usize * 40, b'.');
    leaf
}

/// A batch as a busy line writes it: an entry, its checkpoint, and changed working state.
pub(crate) fn busy_batch(reader: &SqliteReader, log: PostIndex, index: u64) -> Batch {
    let mut batch = batch_of(reader, LINE, log, &[&leaf(log, index)]);
    let head = &batch.heads[0];
    assert_eq!(head.size, index + 1);
    let checkpoint =
        StoredCheckpoint { log, size: head.size, root: head.root, signature: [index as u8; 64] };
    batch.checkpoints.push(checkpoint);
    let value = format!("value at {index}");
    let changes = [format!("obligation/{}", index % 7), format!("epoch/{log}")];
    for key in changes {
        batch.state.push(StateChange::Put(key, Sealed(value.clone().into_bytes())));
    }
    if index.is_multiple_of(3) {
        batch.state.push(StateChange::Delete(format!("obligation/{}", (index + 1) % 7)));
    }
    if index.is_multiple_of(16) {
        batch.evidence.push((format!("fork/{log}/{index}"), leaf(log, index)));
    }
    batch
}

/// Writes `count` busy batches to each of two logs.
pub(crate) fn fill_store(store: &mut SqliteStore, count: u64) {
    let reader = store.reader().unwrap();
    for index in 0..count {
        for log in [NORTH, SOUTH] {
            let batch = busy_batch(&reader, log, index);
            store.commit(LINE, &batch).unwrap();
        }
    }
}

/// Everything that a reader serves of the line, or the first error.
pub(crate) fn everything(reader: &dyn Reader) -> Result<Everything, khatt_core::store::ReadError> {
    let heads = reader.heads(LINE)?;
    let mut logs = Vec::new();
    for log in [NORTH, SOUTH] {
        logs.push((
            reader.entries(LINE, log, 0, usize::MAX)?,
            reader.leaf_hashes(LINE, log, 0, usize::MAX)?,
            reader.checkpoints(LINE, log, 0, usize::MAX)?,
        ));
    }
    Ok((heads, logs, reader.state(LINE, "")?, reader.evidence(LINE)?))
}

pub(crate) type Everything = (
    Vec<khatt_core::store::Head>,
    Vec<(Vec<khatt_core::store::StoredEntry>, Vec<Hash>, Vec<StoredCheckpoint>)>,
    Vec<(String, Sealed)>,
    Vec<(String, Vec<u8>)>,
);

/// Scrubs everything in steps of `rows`, and returns all damage.
pub(crate) fn scrub(reader: &SqliteReader, rows: u64) -> Vec<khatt_store::Damage> {
    let mut damage = Vec::new();
    let mut position = khatt_store::ScrubPosition::default();
    loop {
        let step = reader.scrub(position, rows).unwrap();
        damage.extend(step.damage);
        match step.next {
            Some(next) => position = next,
            None => return damage,
        }
    }
}

/// Copies the files of a folder, without its lock.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        if item.file_name() != "post.db-shm" {
            std::fs::copy(item.path(), to.join(item.file_name())).unwrap();
        }
    }
}
