use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::commit::{OpenPart, Seed};
use crate::cosign::Cosignature;
use crate::entry::{Act, Entry, Epoch, EpochRecipient, MessageHeader, Seen, SeenLog};
use crate::ids::{Hash, Kind, LineId, PostIndex, Precedence};
use crate::pq::PqSignature;

mod capsules;
mod oracles;
mod refusals;

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const T_MS: u64 = 1_700_000_000_000;

/// Entropy that a test can repeat: SHA-256 of a seed and a count.
pub(super) struct Seeded {
    seed: u64,
    count: u64,
}

impl Seeded {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, count: 0 }
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let mut hasher = Sha256::new();
            hasher.update(self.seed.to_be_bytes());
            hasher.update(self.count.to_be_bytes());
            self.count += 1;
            let digest = <[u8; 32]>::from(hasher.finalize());
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

fn north() -> FrameContext {
    FrameContext { line: LineId([7; 32]), kind: Kind::Real, sender: NORTH, posts: 2 }
}

fn seen(prefix: u64) -> Seen {
    let mut seen = Seen::none(2, NORTH);
    seen.set(SOUTH, SeenLog::prefix(prefix));
    seen
}

fn epoch(seed: u64) -> (SendEpoch, ReceiveEpoch) {
    let number = EpochNumber::new(3).unwrap();
    let send = SendEpoch::open(number, &mut Seeded::new(seed));
    let receive = ReceiveEpoch { secret: send.secret().clone(), number };
    (send, receive)
}

fn message(index: u64, body: usize, auth: usize) -> Item {
    let open = OpenPart { seed: Seed::new([9; 16]), body: vec![1; body], auth: vec![2; auth] };
    let (c_body, c_auth) = open.commitments();
    let header = MessageHeader {
        t_ms: T_MS,
        seen: seen(5_000),
        act: Act::Release,
        precedence: Precedence::Flash,
        thread: None,
        c_body,
        c_auth,
    };
    Item::Message(LeanMessage { index, header, open })
}

fn receipt(index: u64, size: u64) -> Item {
    Item::ReceiptLean(LeanReceipt { index, t_ms: T_MS, seen: seen(5_000), log: SOUTH, size })
}

fn signature(size: u64) -> Item {
    Item::Sig { log: NORTH, size, signature: [5; 64] }
}

fn cosignature() -> Item {
    Item::Cosignature(Cosignature {
        post: NORTH,
        generation: 0,
        log: SOUTH,
        size: 300,
        time_s: 1_700_000_000,
        signature: PqSignature::from_slice(&[8; 2420]).unwrap(),
    })
}

fn every_item() -> Vec<Item> {
    vec![
        message(41, 330, 150),
        signature(42),
        receipt(42, 5_000),
        receipt(43, 4_990),
        signature(44),
        Item::Sig { log: SOUTH, size: 44, signature: [6; 64] },
        Item::Leaf { log: SOUTH, index: 9, leaf: vec![1, 2, 3] },
        Item::Leaf { log: NORTH, index: 44, leaf: vec![1, 2, 3] },
        Item::Opened {
            log: SOUTH,
            index: 10,
            leaf: vec![4; 90],
            open: OpenPart { seed: Seed::new([1; 16]), body: vec![], auth: vec![1] },
        },
        Item::Have(vec![Standing { log: NORTH, size: 45, root: [1; 8] }]),
        Item::Want { log: SOUTH, from: 0, to: u64::MAX },
        Item::Proof { log: NORTH, index: 4, size: 5, hashes: vec![Hash([2; 32]); 3] },
        Item::Evidence(vec![1]),
        Item::CheckpointFull { log: SOUTH, size: 1, root: Hash([3; 32]), signature: [4; 64] },
        Item::Charter(vec![2; 300]),
        Item::KeyOrder(vec![3; 300]),
        Item::Reject { log: SOUTH, index: 1, code: 2 },
        cosignature(),
        Item::Cosigned(vec![(NORTH, 0), (SOUTH, 300)]),
        Item::Pad(17),
    ]
}

#[test]
fn every_item_comes_back_as_it_was_sealed() {
    let (mut send, receive) = epoch(1);
    let frame = seal_frame(&mut send, &north(), &every_item()).unwrap();
    assert_eq!(open_frame(&receive, &north(), &frame).unwrap(), every_item());
}

#[test]
fn frame_costs_exactly_31_bytes() {
    let (mut send, _) = epoch(1);
    for items in [vec![], vec![Item::Pad(0)], every_item()] {
        let plain = items::encode(&items, &north(), None).unwrap();
        let frame = seal_frame(&mut send, &north(), &items).unwrap();
        assert_eq!(frame.len(), plain.len() + 31);
    }
    assert_eq!(FRAME_OVERHEAD, 31);
}

#[test]
fn cosignature_frame_is_2466_bytes_and_the_senders_own() {
    let (mut send, _) = epoch(1);
    assert_eq!(seal_frame(&mut send, &north(), &[cosignature()]).unwrap().len(), 2466);
    let Item::Cosignature(one) = cosignature() else { unreachable!() };
    let of_another = Item::Cosignature(Cosignature { post: SOUTH, ..one });
    assert!(seal_frame(&mut send, &north(), &[of_another]).is_err());
}

#[test]
fn receipt_frame_is_at_most_120_bytes() {
    let (mut send, _) = epoch(1);
    let frame = seal_frame(&mut send, &north(), &[receipt(5_000, 5_000), signature(5_001)]);
    let length = frame.unwrap().len();
    assert!(length <= 120, "{length} bytes");
}

#[test]
fn message_frame_with_two_officers_is_at_most_700_bytes() {
    let (mut send, _) = epoch(1);
    // Two officers' signatures of 64 bytes with their heads and fields.
    let frame = seal_frame(&mut send, &north(), &[message(5_000, 330, 151), signature(5_001)]);
    let length = frame.unwrap().len();
    assert!(length <= 700, "{length} bytes");
}

#[test]
fn frames_open_in_any_order_and_more_than_once() {
    let (mut send, receive) = epoch(1);
    let frames: Vec<_> = (0..20)
        .map(|index| seal_frame(&mut send, &north(), &[message(index, 3, 3)]).unwrap())
        .collect();
    for pass in 0..2 {
        for (index, frame) in frames.iter().enumerate().rev() {
            let items = open_frame(&receive, &north(), frame).unwrap();
            assert_eq!(items, [message(index as u64, 3, 3)], "pass {pass}");
        }
    }
}

#[test]
fn lean_message_gives_the_leaf_its_author_signed() {
    let (mut send, receive) = epoch(1);
    let sealed = message(8, 40, 20);
    let Item::Message(lean) = &sealed else { unreachable!() };
    let frame = seal_frame(&mut send, &north(), std::slice::from_ref(&sealed)).unwrap();
    let opened = open_frame(&receive, &north(), &frame).unwrap();
    let [Item::Message(got)] = opened.as_slice() else { panic!("one message") };
    assert_eq!(got.entry().encode(), lean.entry().encode());
}

#[test]
fn new_process_start_never_repeats_a_key() {
    let number = EpochNumber::new(1).unwrap();
    let secret = EpochSecret::from_bytes([4; 32]);
    let mut entropy = Seeded::new(9);
    let mut before = SendEpoch::resume(secret.clone(), number, &mut entropy);
    let mut after = SendEpoch::resume(secret, number, &mut entropy);
    let first = seal_frame(&mut before, &north(), &[Item::Pad(64)]).unwrap();
    let second = seal_frame(&mut after, &north(), &[Item::Pad(64)]).unwrap();
    assert_eq!(peek(&first).unwrap().counter, peek(&second).unwrap().counter);
    // Under one key and nonce the two ciphertexts of one plaintext would be equal.
    assert_ne!(first[15..], second[15..]);
}

#[test]
fn repeats_are_told_from_first_arrivals() {
    let mut windows = ReplayWindows::new();
    let number = EpochNumber::new(1).unwrap();
    let mut note = |counter| windows.note(NORTH, number, [1; 8], counter);
    assert_eq!(note(5), Arrival::First);
    assert_eq!(note(5), Arrival::Repeat);
    assert_eq!(note(3), Arrival::First);
    assert_eq!(note(3), Arrival::Repeat);
    assert_eq!(note(1_500), Arrival::First);
    assert_eq!(note(5), Arrival::Unknown);
    assert_eq!(note(600), Arrival::First);
    assert_eq!(note(u32::MAX), Arrival::First);
    assert_eq!(note(u32::MAX), Arrival::Repeat);
    assert_eq!(note(u32::MAX - 1_023), Arrival::First);
    assert_eq!(windows.note(SOUTH, number, [1; 8], 5), Arrival::First);
    assert_eq!(windows.note(NORTH, number, [2; 8], u32::MAX), Arrival::First);
}

#[test]
fn nothing_secret_is_printed() {
    let (send, receive) = epoch(1);
    let secret = format!("{:?}", receive.secret.expose());
    for text in [format!("{send:?}"), format!("{receive:?}"), format!("{:?}", message(1, 3, 3))] {
        assert!(!text.contains(&secret), "{text}");
        assert!(!text.contains("1, 1, 1"), "{text}");
    }
    assert_eq!(format!("{:?}", PrekeySecret::from_seed([1; 32])), "PrekeySecret(redacted)");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (_, receive) = epoch(1);
        let _ = peek(&bytes);
        let _ = open_frame(&receive, &north(), &bytes);
        let capsule = [1; CAPSULE_LEN];
        for capsule in [None, Some(&capsule)] {
            if let Ok(items) = items::decode(&bytes, &north(), capsule) {
                prop_assert_eq!(items::encode(&items, &north(), capsule).unwrap(), bytes.clone());
            }
        }
    }

    #[test]
    fn altered_items_are_refused_or_have_another_meaning(at in 0_usize..1_000, to: u8) {
        let plain = items::encode(&every_item(), &north(), None).unwrap();
        let mut altered = plain.clone();
        let at = at % altered.len();
        altered[at] = to;
        if let Ok(items) = items::decode(&altered, &north(), None) {
            prop_assert_eq!(items::encode(&items, &north(), None).unwrap(), altered);
        }
    }

    #[test]
    fn messages_of_any_size_come_back(
        index in 0_u64..=u64::MAX - 1,
        body in prop::collection::vec(any::<u8>(), 0..2_000),
        auth in prop::collection::vec(any::<u8>(), 0..300),
        prefix: u64,
        seed: [u8; 16],
        t_ms in 0_u64..1 << 48,
    ) {
        let open = OpenPart { seed: Seed::new(seed), body, auth };
        let (c_body, c_auth) = open.commitments();
        let header = MessageHeader {
            t_ms,
            seen: seen(prefix),
            act: Act::Acknowledge,
            precedence: Precedence::Routine,
            thread: Some(crate::ids::EntryId { log: SOUTH, index }),
            c_body,
            c_auth,
        };
        let items = [Item::Message(LeanMessage { index, header, open }), signature(index + 1)];
        let (mut send, receive) = epoch(2);
        let frame = seal_frame(&mut send, &north(), &items).unwrap();
        prop_assert_eq!(open_frame(&receive, &north(), &frame).unwrap(), items);
    }
}

/// An epoch entry of North for South, its leaf, and the capsule in it.
fn epoch_leaf(send: &SendEpoch, prekey: &[u8], seed: u64) -> (Vec<u8>, [u8; CAPSULE_LEN]) {
    let place = CapsuleContext {
        line: north().line,
        kind: north().kind,
        sender: NORTH,
        recipient: SOUTH,
        epoch: send.number(),
        prekey_no: 4,
    };
    let capsule = seal_capsule(send.secret(), &place, prekey, &mut Seeded::new(seed)).unwrap();
    let entry = Entry::Epoch(Epoch {
        t_ms: T_MS,
        seen: seen(1),
        epoch_no: send.number().get(),
        recipients: vec![EpochRecipient { post: SOUTH, prekey_no: 4, capsule: Box::new(capsule) }],
    });
    (entry.encode(), capsule)
}
