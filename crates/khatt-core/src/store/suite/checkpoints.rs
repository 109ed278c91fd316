//! Checkpoints: one root for each size, read in ranges.

use super::{LINE, NORTH, SOUTH, Twin, checkpoint, checkpoints, refused};
use crate::store::StoredCheckpoint;

pub(super) fn second_root_is_refused(mut store: Box<dyn Twin>) {
    store.writer().commit(LINE, &checkpoints(&[checkpoint(SOUTH, 5, 1)])).expect("stored");
    refused(&mut *store, &checkpoints(&[checkpoint(SOUTH, 5, 2)]), SOUTH, 5);
    let both = checkpoints(&[checkpoint(SOUTH, 6, 1), checkpoint(SOUTH, 6, 2)]);
    refused(&mut *store, &both, SOUTH, 6);
    assert_eq!(store.reader().checkpoint(LINE, SOUTH, 5), Ok(Some(checkpoint(SOUTH, 5, 1))));
    assert_eq!(store.reader().checkpoint(LINE, SOUTH, 6), Ok(None));
    refused(&mut *store, &checkpoints(&[checkpoint(SOUTH, u64::MAX, 1)]), SOUTH, u64::MAX);
}

pub(super) fn same_checkpoint_is_accepted(mut store: Box<dyn Twin>) {
    let kept = checkpoint(SOUTH, 5, 1);
    store.writer().commit(LINE, &checkpoints(&[kept, kept])).expect("stored");
    let signed_again = StoredCheckpoint { signature: [9; 64], ..kept };
    store.writer().commit(LINE, &checkpoints(&[kept, signed_again])).expect("accepted again");
    assert_eq!(store.reader().checkpoints(LINE, SOUTH, 0, 9), Ok(vec![kept]));
}

pub(super) fn checkpoints_come_in_ranges(mut store: Box<dyn Twin>) {
    let kept: Vec<_> = [9, 1, 5].iter().map(|size| checkpoint(SOUTH, *size, 1)).collect();
    store.writer().commit(LINE, &checkpoints(&kept)).expect("stored");
    store.writer().commit(LINE, &checkpoints(&[checkpoint(NORTH, 7, 2)])).expect("stored");
    let sizes = |from, max| -> Vec<u64> {
        let held = store.reader().checkpoints(LINE, SOUTH, from, max).expect("can be read");
        held.iter().map(|kept| kept.size).collect()
    };
    assert_eq!(sizes(0, 10), [1, 5, 9]);
    assert_eq!(sizes(5, 10), [5, 9]);
    assert_eq!(sizes(2, 1), [5]);
    assert_eq!(sizes(10, 10), [0_u64; 0]);
    assert_eq!(store.reader().checkpoint(LINE, SOUTH, 7), Ok(None));
}
