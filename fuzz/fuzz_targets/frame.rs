//! A frame: ours opens as it was, and not with any bit changed; made-up ones do not open.
#![no_main]

use khatt_record::seal::{
    EpochNumber, EpochSecret, FrameContext, Item, ReceiveEpoch, SendEpoch, items, open_frame, peek,
    seal_frame,
};
use khatt_record::{Kind, LineId, PostIndex};
use libfuzzer_sys::fuzz_target;

/// The same bytes every time: a found input must be found again.
struct Fixed;

impl khatt_record::seal::Entropy for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(9);
    }
}

fuzz_target!(|input: (u16, &[u8])| {
    let (place, bytes) = input;
    let context = FrameContext {
        line: LineId([1; 32]),
        kind: Kind::Rehearsal,
        sender: PostIndex(0),
        posts: 2,
    };
    let number = EpochNumber::new(1).expect("1 is a number of an epoch");
    let receiver = ReceiveEpoch {
        secret: EpochSecret::from_bytes([3; 32]),
        number,
    };
    let _ = peek(bytes);
    assert!(open_frame(&receiver, &context, bytes).is_err());

    let Ok(sent): Result<Vec<Item>, _> = items::decode(bytes, &context, None) else {
        return;
    };
    let mut sender = SendEpoch::resume(EpochSecret::from_bytes([3; 32]), number, &mut Fixed);
    let mut frame = seal_frame(&mut sender, &context, &sent).expect("what decoded can be sealed");
    assert_eq!(open_frame(&receiver, &context, &frame).as_ref(), Ok(&sent));
    let bit = usize::from(place) % (frame.len() * 8);
    frame[bit / 8] ^= 1 << (bit % 8);
    assert!(open_frame(&receiver, &context, &frame).is_err());
});
