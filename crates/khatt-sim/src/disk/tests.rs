use khatt_core::store::suite::{self, Twin, batch_of};

use super::*;

const LINE: LineId = LineId([9; 32]);
const NORTH: PostIndex = PostIndex(0);

impl Twin for Disk {
    fn writer(&mut self) -> &mut dyn Writer {
        self
    }

    fn reader(&self) -> Box<dyn Reader + '_> {
        Box::new(self.clone())
    }

    fn reopen(self: Box<Self>) -> Box<dyn Twin> {
        self.open().expect("opens");
        self
    }
}

fn size(disk: &Disk) -> u64 {
    disk.heads(LINE).unwrap().first().map_or(0, |head| head.size)
}

#[test]
fn virtual_disk_passes_the_suite_of_every_store() {
    suite::run(&mut || Box::new(Disk::default()));
}

#[test]
fn power_cut_at_any_point_leaves_all_of_a_batch_or_nothing() {
    for point in Point::ALL {
        for number in 0..40 {
            let mut disk = Disk::default();
            let first = batch_of(&disk, LINE, NORTH, &[b"one"]);
            disk.commit(LINE, &first).unwrap();
            let long = [7; 2000];
            let second = batch_of(&disk, LINE, NORTH, &[b"two", &long]);
            disk.begin(LINE, &second).unwrap();
            if point == Point::Told {
                disk.finish(LINE, &second);
            }
            disk.cut_power(Some(point), &mut Draw::of(number, "cut", 0));
            disk.open().unwrap();
            let expected: &[u64] = match point {
                Point::BeforeWrite | Point::TornWrite | Point::LostWrite => &[1],
                Point::Durable | Point::KeptHead | Point::Told => &[3],
                Point::KeptWrite | Point::Synced | Point::TornHead => &[3],
            };
            assert!(expected.contains(&size(&disk)), "{point:?}: {}", size(&disk));
            assert_eq!(disk.durable(LINE, NORTH), size(&disk));
            let third = batch_of(&disk, LINE, NORTH, &[b"three"]);
            disk.commit(LINE, &third).expect("goes on");
        }
    }
}

#[test]
fn head_file_brings_back_the_newest_batch_and_tells_of_more() {
    for (cut, opens) in [(1, true), (2, false)] {
        let mut disk = Disk::default();
        let mut ends = vec![0];
        for leaf in [b"one", b"two", b"six"] {
            let batch = batch_of(&disk, LINE, NORTH, &[leaf]);
            disk.commit(LINE, &batch).unwrap();
            ends.push(disk.lock().journal.len());
        }
        disk.lock().journal.truncate(ends[3 - cut]);
        assert_eq!(disk.open().is_ok(), opens);
        assert_eq!(size(&disk), if opens { 3 } else { 1 });
    }
}

#[test]
fn what_is_not_synced_is_not_durable_and_rot_is_told() {
    let mut disk = Disk::default();
    let batch = batch_of(&disk, LINE, NORTH, &[b"one"]);
    disk.begin(LINE, &batch).unwrap();
    assert_eq!(disk.durable(LINE, NORTH), 0);
    disk.finish(LINE, &batch);
    assert_eq!(disk.durable(LINE, NORTH), 1);
    let id = EntryId { log: NORTH, index: 0 };
    assert!(disk.rot(LINE, id));
    disk.open().unwrap();
    assert!(matches!(disk.entry(LINE, id), Err(ReadError::LocalDamaged { .. })));
    disk.mend();
    assert!(disk.entry(LINE, id).is_ok());
    disk.set_full(true);
    let more = batch_of(&disk, LINE, NORTH, &[b"two"]);
    assert_eq!(disk.commit(LINE, &more), Err(CommitError::LocalFull));
}
