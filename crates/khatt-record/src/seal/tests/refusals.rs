//! What a receiver must not take.

use super::*;
use crate::cbor::Writer;

#[test]
fn every_flipped_bit_is_refused() {
    let (mut send, receive) = epoch(1);
    let frame =
        seal_frame(&mut send, &north(), &[receipt(5_000, 5_000), signature(5_001)]).unwrap();
    for at in 0..frame.len() {
        for bit in 0..8 {
            let mut altered = frame.clone();
            altered[at] ^= 1 << bit;
            assert!(open_frame(&receive, &north(), &altered).is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn every_cut_is_refused() {
    let (mut send, receive) = epoch(1);
    let frame = seal_frame(&mut send, &north(), &[signature(1)]).unwrap();
    for end in 0..frame.len() {
        assert!(open_frame(&receive, &north(), &frame[..end]).is_err(), "{end} bytes");
    }
    let longer = [frame.as_slice(), &[0]].concat();
    assert_eq!(open_frame(&receive, &north(), &longer), Err(FrameError::CarrierUnopenable));
}

#[test]
fn another_line_kind_sender_or_epoch_is_refused() {
    let (mut send, receive) = epoch(1);
    let frame = seal_frame(&mut send, &north(), &[Item::Pad(9)]).unwrap();
    let others = [
        FrameContext { line: LineId([8; 32]), ..north() },
        FrameContext { kind: Kind::Drill, ..north() },
        FrameContext { sender: SOUTH, ..north() },
    ];
    for other in others {
        let refused = open_frame(&receive, &other, &frame);
        assert_eq!(refused, Err(FrameError::CarrierUnopenable), "{other:?}");
    }
    let next = ReceiveEpoch { number: EpochNumber::new(4).unwrap(), ..receive.clone() };
    assert_eq!(open_frame(&next, &north(), &frame), Err(FrameError::LocalOtherEpoch));
    // The same two bytes of number, but another epoch.
    let far = ReceiveEpoch { number: EpochNumber::new(0x1_0003).unwrap(), ..receive };
    assert_eq!(open_frame(&far, &north(), &frame), Err(FrameError::CarrierUnopenable));
}

#[test]
fn unknown_suites_are_named() {
    let (mut send, receive) = epoch(1);
    let mut frame = seal_frame(&mut send, &north(), &[]).unwrap();
    for flags in [0x00, 0x02, 0x12, 0x21, 0x81, 0xFF] {
        frame[0] = flags;
        assert_eq!(peek(&frame), Err(FrameError::PeerUnknownSuite(flags)));
        assert!(open_frame(&receive, &north(), &frame).is_err());
    }
}

#[test]
fn caps_hold_on_both_sides() {
    let (mut send, receive) = epoch(1);
    let many = vec![Item::Pad(0); ITEMS_MAX];
    let frame = seal_frame(&mut send, &north(), &many).unwrap();
    assert_eq!(open_frame(&receive, &north(), &frame).unwrap().len(), ITEMS_MAX);
    let more = vec![Item::Pad(0); ITEMS_MAX + 1];
    let refused = seal_frame(&mut send, &north(), &more);
    assert_eq!(refused, Err(FrameError::LocalItems(ItemsError::TooMany)));
    let plain = [0x82, 0x00, 0x40].repeat(ITEMS_MAX + 1);
    assert_eq!(items::decode(&plain, &north(), None), Err(ItemsError::TooMany));

    // A pad of five bytes of heads fills a frame to the last byte.
    let full = Item::Pad(FRAME_MAX - FRAME_OVERHEAD - 7);
    let frame = seal_frame(&mut send, &north(), std::slice::from_ref(&full)).unwrap();
    assert_eq!(frame.len(), FRAME_MAX);
    assert_eq!(open_frame(&receive, &north(), &frame).unwrap(), [full]);
    let over = Item::Pad(FRAME_MAX - FRAME_OVERHEAD - 6);
    assert!(seal_frame(&mut send, &north(), &[over]).is_err());
    assert_eq!(peek(&vec![1; FRAME_MAX + 1]), Err(FrameError::CarrierOversize));

    let hashes = vec![Hash([0; 32]); items::PROOF_MAX + 1];
    let proof = Item::Proof { log: NORTH, index: 0, size: 1, hashes };
    assert!(seal_frame(&mut send, &north(), &[proof]).is_err());
}

#[test]
fn message_whose_commitments_differ_is_not_sealed() {
    let (mut send, _) = epoch(1);
    let Item::Message(mut lean) = message(1, 3, 3) else { unreachable!() };
    lean.open.body.push(1);
    let refused = seal_frame(&mut send, &north(), &[Item::Message(lean)]);
    assert_eq!(refused, Err(FrameError::LocalItems(ItemsError::CommitmentDiffers)));
}

#[test]
fn receipt_beyond_what_was_seen_is_refused() {
    let refused = items::encode(&[receipt(1, 5_001)], &north(), None);
    assert_eq!(refused, Err(ItemsError::ReceiptBeyondSeen));
    let plain = items::encode(&[receipt(1, 5_000)], &north(), None).unwrap();
    let mut beyond = plain.clone();
    // The last byte is the lag; a lag above the prefix would be a size below nothing.
    assert_eq!(beyond.pop(), Some(0));
    beyond.extend_from_slice(&[0x19, 0x13, 0x89]);
    assert_eq!(items::decode(&beyond, &north(), None), Err(ItemsError::ReceiptBeyondSeen));
    // A receipt of nothing is no entry.
    beyond.truncate(plain.len() - 1);
    beyond.extend_from_slice(&[0x19, 0x13, 0x88]);
    assert!(matches!(items::decode(&beyond, &north(), None), Err(ItemsError::Malformed(_))));
}

#[test]
fn second_ways_to_say_the_same_are_refused() {
    let long_form = |out: &mut Writer| {
        out.array(4).uint(5).uint(0).uint(2).bytes(&[5; 64]);
    };
    let mut plain = Writer::new();
    plain.array(4).uint(2).uint(0).uint(1).bytes(&[1]);
    long_form(&mut plain);
    assert_eq!(items::decode(&plain.finish(), &north(), None), Err(ItemsError::NotCanonical));

    let mut nothing_before = Writer::new();
    nothing_before.array(2).uint(5).bytes(&[5; 64]);
    let refused = items::decode(&nothing_before.finish(), &north(), None);
    assert_eq!(refused, Err(ItemsError::NotCanonical));

    let mut pad = Writer::new();
    pad.array(2).uint(0).bytes(&[0, 1]);
    assert_eq!(items::decode(&pad.finish(), &north(), None), Err(ItemsError::NotCanonical));

    let capsule = [9; CAPSULE_LEN];
    let mut whole = Writer::new();
    whole.array(4).uint(2).uint(0).uint(1).bytes(&capsule);
    let whole = whole.finish();
    assert!(items::decode(&whole, &north(), None).is_ok());
    assert_eq!(items::decode(&whole, &north(), Some(&capsule)), Err(ItemsError::NotCanonical));

    let mut cut = Writer::new();
    cut.array(4).uint(13).uint(1).bytes(&[]).bytes(&[]);
    let cut = cut.finish();
    assert!(items::decode(&cut, &north(), Some(&capsule)).is_ok());
    assert_eq!(items::decode(&cut, &north(), None), Err(ItemsError::NotCanonical));
}

#[test]
fn unknown_items_and_wrong_lengths_are_refused() {
    let mut unknown = Writer::new();
    unknown.array(2).uint(99).uint(1);
    assert_eq!(items::decode(&unknown.finish(), &north(), None), Err(ItemsError::Unknown(99)));
    let mut short = Writer::new();
    short.array(3).uint(7).uint(1).uint(1);
    assert_eq!(items::decode(&short.finish(), &north(), None), Err(ItemsError::OtherLength(7)));
}
