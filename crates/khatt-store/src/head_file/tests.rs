use khatt_core::store::{Batch, Sealed, StateChange};
use khatt_record::LineId;

use super::*;
use crate::books::LineBook;

const LINE: LineId = LineId([4; 32]);

fn fill() -> Fill {
    let mut next = 0_u64;
    Box::new(move |out| {
        for byte in out {
            next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (next >> 56) as u8;
        }
    })
}

fn books(sequence: u64) -> Books {
    let mut books = Books::new([1; 16]);
    let mut book = LineBook::new(1);
    book.sequence = sequence;
    books.set(LINE, book);
    books
}

fn batch(sequence: u64, len: usize) -> Batch {
    let put = StateChange::Put(sequence.to_string(), Sealed(vec![b's'; len]));
    Batch { state: vec![put], ..Batch::default() }
}

struct Rig {
    folder: tempfile::TempDir,
    vault: Vault,
    fill: Fill,
    head_file: HeadFile,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (vault, mut fill) = (Vault::new(&[7; 32]), fill());
        HeadFile::create(folder.path(), &books(0), &vault, &mut fill).unwrap();
        let (head_file, _) = HeadFile::open(folder.path(), &vault).unwrap();
        Self { folder, vault, fill, head_file }
    }

    /// Writes the record of a commit; returns whether room had to be made.
    fn commit(&mut self, sequence: u64, len: usize) -> bool {
        let batch = batch(sequence, len);
        let (previous, seed) = (books(sequence - 1).digest(), [sequence as u8; 32]);
        let replayable = Replayable { line: LINE, previous: &previous, seed: &seed, batch: &batch };
        let record =
            HeadFile::record(&books(sequence), Some(replayable), &self.vault, &mut self.fill);
        let record = record.unwrap();
        let full = !self.head_file.has_room(&record);
        if full {
            self.head_file.settled();
        }
        assert!(self.head_file.has_room(&record));
        self.head_file.write(&record, Syncs::Full).unwrap();
        full
    }

    fn found(&self) -> Found {
        HeadFile::open(self.folder.path(), &self.vault).unwrap().1.unwrap()
    }
}

#[test]
fn what_is_needed_stays_while_the_ring_turns() {
    let mut rig = Rig::new();
    let (mut settled, mut turns) = (0, 0);
    for sequence in 1..=900 {
        if rig.commit(sequence, (sequence as usize * 977) % 20_000) {
            settled = sequence - 1;
            turns += 1;
        }
        if sequence % 10 == 0 {
            let found = rig.found();
            assert_eq!(found.newest.heads, Heads::of(&books(sequence)));
            let after = found.after(settled, &rig.vault).unwrap();
            assert_eq!(after.len() as u64, sequence - settled);
            for (record, sequence) in after.iter().zip(settled + 1..) {
                let replay = record.replay.as_ref().unwrap();
                let len = (sequence as usize * 977) % 20_000;
                assert_eq!((replay.line, &replay.batch), (LINE, &batch(sequence, len)));
                assert_eq!(replay.previous, books(sequence - 1).digest());
            }
        }
    }
    assert!(turns > 2, "the ring turned {turns} times");
}

#[test]
fn record_torn_anywhere_leaves_the_one_before_even_where_the_ring_turns() {
    let mut rig = Rig::new();
    let path = rig.folder.path().join(FILE);
    let mut sequence = 0;
    let mut turned = 0;
    while turned < 2 {
        sequence += 1;
        let before = std::fs::read(&path).unwrap();
        let start = rig.head_file.next;
        rig.commit(sequence, 300_000 + (sequence as usize % 7) * 10_000);
        turned += u32::from(rig.head_file.next < start);
        let after = std::fs::read(&path).unwrap();
        let changed: Vec<usize> = (0..RING_LEN)
            .step_by(512)
            .filter(|at| before[*at..][..512] != after[*at..][..512])
            .collect();
        for cut in [1, changed.len() / 2, changed.len() - 2] {
            let mut torn = before.clone();
            // A disk writes sectors in any order.
            for at in changed.iter().rev().take(cut) {
                torn[*at..][..512].copy_from_slice(&after[*at..][..512]);
            }
            std::fs::write(&path, &torn).unwrap();
            let found = rig.found();
            assert_eq!(found.newest.heads.sequence, sequence - 1, "{cut}");
        }
        std::fs::write(&path, &after).unwrap();
    }
}

#[test]
fn cleared_ring_holds_one_record_and_no_batch() {
    let mut rig = Rig::new();
    assert!(!rig.head_file.holds_batches());
    for (first, count) in [(1, 3), (4, 700), (704, 2)] {
        for sequence in first..first + count {
            rig.commit(sequence, 9000);
        }
        assert!(rig.head_file.holds_batches());
        let last = first + count - 1;
        rig.head_file.clear(&books(last), &rig.vault, &mut rig.fill, Syncs::Full).unwrap();
        assert!(!rig.head_file.holds_batches());
        let bytes = std::fs::read(rig.folder.path().join(FILE)).unwrap();
        let used = bytes.chunks(BLOCK_LEN).filter(|block| block.iter().any(|byte| *byte != 0));
        assert_eq!(used.count(), 1);
        let found = rig.found();
        assert_eq!(found.newest, Record { heads: Heads::of(&books(last)), replay: None });
        let (again, _) = HeadFile::open(rig.folder.path(), &rig.vault).unwrap();
        assert!(!again.holds_batches());
    }
}

#[test]
fn gap_in_the_records_is_no_refill() {
    let mut rig = Rig::new();
    for sequence in 1..=5 {
        rig.commit(sequence, 100);
    }
    assert_eq!(rig.found().after(2, &rig.vault).unwrap().len(), 3);
    assert_eq!(rig.found().after(5, &rig.vault).unwrap().len(), 0);
    let path = rig.folder.path().join(FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4 * BLOCK_LEN + 100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(rig.found().after(2, &rig.vault).is_none());
    assert_eq!(rig.found().after(4, &rig.vault).unwrap().len(), 1);
}

#[test]
fn full_disk_leaves_no_head_file() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut head_file = HeadFile::of_file(full);
    let vault = Vault::new(&[7; 32]);
    let record = HeadFile::record(&books(1), None, &vault, &mut fill()).unwrap();
    let error = head_file.write(&record, Syncs::Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
