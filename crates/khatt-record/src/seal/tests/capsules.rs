//! Capsules, and frames that bring one along.

use super::*;

fn place() -> CapsuleContext {
    CapsuleContext {
        line: LineId([7; 32]),
        kind: Kind::Real,
        sender: NORTH,
        recipient: SOUTH,
        epoch: EpochNumber::new(3).unwrap(),
        prekey_no: 4,
    }
}

#[test]
fn capsule_opens_only_in_its_place() {
    let (secret, public) = PrekeySecret::generate(&mut Seeded::new(1));
    let epoch = EpochSecret::generate(&mut Seeded::new(2));
    let capsule = seal_capsule(&epoch, &place(), &public, &mut Seeded::new(3)).unwrap();
    assert_eq!(open_capsule(&secret, &place(), &capsule).unwrap().secret, epoch);
    let others = [
        CapsuleContext { line: LineId([8; 32]), ..place() },
        CapsuleContext { kind: Kind::Drill, ..place() },
        CapsuleContext { sender: SOUTH, ..place() },
        CapsuleContext { recipient: NORTH, ..place() },
        CapsuleContext { epoch: EpochNumber::new(4).unwrap(), ..place() },
        CapsuleContext { prekey_no: 5, ..place() },
    ];
    for other in others {
        let refused = open_capsule(&secret, &other, &capsule);
        assert_eq!(refused, Err(CapsuleError::PeerCapsuleUnopenable), "{other:?}");
    }
    let stranger = PrekeySecret::from_seed([3; 32]);
    assert!(open_capsule(&stranger, &place(), &capsule).is_err());
}

#[test]
fn capsule_with_any_altered_byte_is_refused() {
    let (secret, public) = PrekeySecret::generate(&mut Seeded::new(1));
    let epoch = EpochSecret::generate(&mut Seeded::new(2));
    let capsule = seal_capsule(&epoch, &place(), &public, &mut Seeded::new(3)).unwrap();
    // Each opening costs a decapsulation; every eleventh byte reaches all parts of a capsule.
    for at in (0..CAPSULE_LEN).step_by(11).chain([1_088, 1_119, 1_120, CAPSULE_LEN - 1]) {
        for bit in [0x01, 0x80] {
            let mut altered = capsule;
            altered[at] ^= bit;
            assert!(open_capsule(&secret, &place(), &altered).is_err(), "byte {at}");
        }
    }
}

#[test]
fn same_entropy_gives_the_same_capsule() {
    let (_, public) = PrekeySecret::generate(&mut Seeded::new(1));
    let epoch = EpochSecret::from_bytes([1; 32]);
    let seal = |seed| seal_capsule(&epoch, &place(), &public, &mut Seeded::new(seed)).unwrap();
    assert_eq!(seal(5), seal(5));
    assert_ne!(seal(5), seal(6));
}

#[test]
fn prekey_that_is_no_key_is_refused() {
    let epoch = EpochSecret::from_bytes([1; 32]);
    let mut entropy = Seeded::new(1);
    // Coefficients of an encapsulation key are below the modulus 3329 (FIPS 203 §7.2).
    for bad in [vec![0xFF; PREKEY_LEN], vec![0; PREKEY_LEN - 1], vec![0; PREKEY_LEN + 1], vec![]] {
        let refused = seal_capsule(&epoch, &place(), &bad, &mut entropy);
        assert_eq!(refused, Err(CapsuleError::PeerPrekeyInvalid));
    }
}

#[test]
fn first_frame_brings_its_epoch_and_carries_the_capsule_once() {
    let (secret, public) = PrekeySecret::generate(&mut Seeded::new(1));
    let (mut send, _) = epoch(5);
    let (leaf, capsule) = epoch_leaf(&send, &public, 6);
    let items = vec![
        Item::Leaf { log: NORTH, index: 1, leaf: leaf.clone() },
        message(2, 330, 151),
        signature(3),
    ];
    let frame = seal_capsule_frame(&mut send, &north(), &capsule, &items).unwrap();
    let plain = items::encode(&items, &north(), None).unwrap();
    assert!(frame.len() < plain.len() + FRAME_OVERHEAD + 16, "{} bytes", frame.len());

    let stranger = PrekeySecret::from_seed([8; 32]);
    let prekeys = [(3, &stranger), (4, &secret)];
    let opened = open_capsule_frame(&prekeys, SOUTH, 2, &north(), &frame).unwrap();
    assert_eq!(opened.items, items);
    assert_eq!(opened.prekey_no, 4);
    assert_eq!(&opened.epoch.secret, send.secret());

    // The further frames of the epoch open with what the capsule gave.
    let next = seal_frame(&mut send, &north(), &[message(3, 9, 9)]).unwrap();
    assert_eq!(open_frame(&opened.epoch, &north(), &next).unwrap(), [message(3, 9, 9)]);
    let wrong = open_capsule_frame(&prekeys[..1], SOUTH, 2, &north(), &frame);
    assert_eq!(wrong, Err(FrameError::PeerCapsuleUnopenable));
}

#[test]
fn capsule_of_another_frame_is_refused() {
    let (secret, public) = PrekeySecret::generate(&mut Seeded::new(1));
    let (mut send, _) = epoch(5);
    let (_, capsule) = epoch_leaf(&send, &public, 6);
    let (_, again) = epoch_leaf(&send, &public, 7);
    let mut frame = seal_capsule_frame(&mut send, &north(), &capsule, &[Item::Pad(3)]).unwrap();
    // A second capsule of the same secret opens, but is not the one that the frame is bound to.
    frame[15..15 + CAPSULE_LEN].copy_from_slice(&again);
    let refused = open_capsule_frame(&[(4, &secret)], SOUTH, 2, &north(), &frame);
    assert_eq!(refused, Err(FrameError::CarrierUnopenable));
}

#[test]
fn two_bytes_of_epoch_number_mean_the_nearest() {
    let nearest = |wire, around| EpochNumber::nearest(wire, around).map(EpochNumber::get);
    assert_eq!(nearest(1, 0), Some(1));
    assert_eq!(nearest(0, 0), Some(0x1_0000));
    assert_eq!(nearest(0, 0xFFFF), Some(0x1_0000));
    assert_eq!(nearest(0xFFFF, 0x1_0001), Some(0xFFFF));
    assert_eq!(nearest(7, 0x2_0000), Some(0x2_0007));
    assert_eq!(nearest(2, u32::MAX), Some(0xFFFF_0002));
    for number in [1, 0xFFFF, 0x1_0000, 0x12_3456, u32::MAX] {
        let epoch = EpochNumber::new(number).unwrap();
        assert_eq!(EpochNumber::nearest(epoch.on_wire(), number), Some(epoch));
        assert_eq!(EpochNumber::nearest(epoch.on_wire(), number - 1), Some(epoch));
    }
    assert_eq!(EpochNumber::new(0), None);
    assert_eq!(EpochNumber::new(u32::MAX).unwrap().next(), None);
}
