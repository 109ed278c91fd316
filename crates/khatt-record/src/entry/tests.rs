use proptest::prelude::*;

use super::*;

const POSTS: usize = 3;
const OWN: PostIndex = PostIndex(1);

fn logs() -> impl Strategy<Value = SeenLog> {
    (0_u64..1 << 40, prop::collection::btree_set(1_u64..1 << 40, 0..5)).prop_map(
        |(prefix, more)| SeenLog {
            prefix,
            beyond: more.into_iter().map(|step| prefix + step).collect(),
        },
    )
}

fn seens() -> impl Strategy<Value = Seen> {
    (logs(), logs()).prop_map(|(first, second)| {
        let mut seen = Seen::none(POSTS, OWN);
        seen.set(PostIndex(0), first);
        seen.set(PostIndex(2), second);
        seen
    })
}

fn others() -> impl Strategy<Value = PostIndex> {
    prop_oneof![Just(PostIndex(0)), Just(PostIndex(2))]
}

fn hashes() -> impl Strategy<Value = Hash> {
    prop::array::uniform32(0_u8..).prop_map(Hash)
}

fn threads() -> impl Strategy<Value = Option<EntryId>> {
    prop::option::of(
        (0_u8..3, 0_u64..).prop_map(|(log, index)| EntryId { log: PostIndex(log), index }),
    )
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Release),
        Just(Act::Acknowledge),
        Just(Act::Service),
        Just(Act::Disclose),
        Just(Act::Erase)
    ]
}

fn entries() -> impl Strategy<Value = Entry> {
    (0..TIME_MAX_MS, seens()).prop_flat_map(|(t_ms, seen)| {
        let with = move || (t_ms, seen.clone());
        let (a, b, c, d, e, f, g, h) =
            (with(), with(), with(), with(), with(), with(), with(), with());
        prop_oneof![
            (hashes(), 0_u32..).prop_map(move |(line, generation)| {
                let (t_ms, seen) = a.clone();
                Entry::Open(Open { t_ms, seen, line: LineId(line.0), post: OWN, generation })
            }),
            (acts(), 0_u64..4, threads(), hashes(), hashes()).prop_map(
                move |(act, precedence, thread, c_body, c_auth)| {
                    let (t_ms, seen) = b.clone();
                    let precedence = Precedence::try_from(precedence).unwrap();
                    Entry::Message(MessageHeader {
                        t_ms,
                        seen,
                        act,
                        precedence,
                        thread,
                        c_body,
                        c_auth,
                    })
                }
            ),
            (others(), 1_u64.., hashes()).prop_map(move |(log, size, root)| {
                let (t_ms, seen) = c.clone();
                Entry::Receipt(Receipt { t_ms, seen, log, size, root })
            }),
            (0_u32.., 0_u8..).prop_map(move |(epoch_no, fill)| {
                let (t_ms, seen) = d.clone();
                let recipient = |post| EpochRecipient {
                    post: PostIndex(post),
                    prekey_no: epoch_no,
                    capsule: Box::new([fill; CAPSULE_LEN]),
                };
                Entry::Epoch(Epoch {
                    t_ms,
                    seen,
                    epoch_no,
                    recipients: vec![recipient(0), recipient(2)],
                })
            }),
            (0_u32.., 0_u8..).prop_map(move |(prekey_no, fill)| {
                let (t_ms, seen) = e.clone();
                Entry::Prekey(Prekey { t_ms, seen, prekey_no, key: Box::new([fill; PREKEY_LEN]) })
            }),
            (others(), 0_u64..1 << 50, 1_u64..99, hashes()).prop_map(
                move |(log, index, more, root)| {
                    let (t_ms, seen) = f.clone();
                    let entry = EntryId { log, index };
                    Entry::Ahead(Ahead { t_ms, seen, entry, size: index + more, root })
                }
            ),
            (others(), 0_u64.., 0_u16..).prop_map(move |(log, index, reason)| {
                let (t_ms, seen) = g.clone();
                let entry = EntryId { log, index };
                Entry::Refusal(Refusal { t_ms, seen, entry, reason: RefusalReason(reason) })
            }),
            hashes().prop_map(move |charter| {
                let (t_ms, seen) = h.clone();
                Entry::Amend(Amend { t_ms, seen, charter })
            }),
        ]
    })
}

fn message() -> Entry {
    let seen = Seen::none(2, PostIndex(0));
    Entry::Message(MessageHeader {
        t_ms: 1_700_000_000_000,
        seen,
        act: Act::Release,
        precedence: Precedence::Flash,
        thread: None,
        c_body: Hash([1; 32]),
        c_auth: Hash([2; 32]),
    })
}

#[test]
fn a_message_is_as_short_as_promised() {
    assert!(message().encode().len() <= 87, "{}", message().encode().len());
}

#[test]
fn an_unknown_type_is_kept_as_it_came() {
    let mut out = Writer::new();
    out.array(6).uint(1).uint(7).uint(5).array(1).uint(3).array(1).text("new").bytes(b"more");
    let bytes = out.finish();
    let entry = Entry::decode(&bytes, 2, PostIndex(0)).unwrap();
    assert_eq!((entry.type_number(), entry.t_ms()), (7, 5));
    assert!(entry.seen().has(EntryId { log: PostIndex(1), index: 2 }));
    assert_eq!(entry.encode(), bytes);
    let deep = [&[0x85, 1, 7, 5, 0x81, 0][..], &[0x81, 0x81, 0x81, 0x81, 0]].concat();
    assert!(matches!(Entry::decode(&deep, 2, PostIndex(0)), Err(DecodeError::PeerTooDeep { .. })));
}

#[test]
fn a_view_answers_for_prefix_and_beyond() {
    let mut seen = Seen::none(3, PostIndex(1));
    seen.set(PostIndex(2), SeenLog { prefix: 4, beyond: vec![6, 9] });
    let has = |log, index| seen.has(EntryId { log: PostIndex(log), index });
    assert!(has(2, 3) && has(2, 6) && has(2, 9));
    assert!(!has(2, 4) && !has(2, 5) && !has(2, 10) && !has(0, 0) && !has(1, 0) && !has(3, 0));
    assert_eq!(seen.of(PostIndex(2)).unwrap().end(), 10);
    let later = SeenLog::prefix(9);
    assert!(!later.covers(seen.of(PostIndex(2)).unwrap()));
    assert!(SeenLog::prefix(10).covers(seen.of(PostIndex(2)).unwrap()));
}

proptest! {
    #[test]
    fn every_entry_round_trips(entry in entries()) {
        let bytes = entry.encode();
        prop_assert_eq!(Entry::decode(&bytes, POSTS, OWN), Ok(entry));
    }

    #[test]
    fn a_changed_entry_is_refused_or_another_entry(entry in entries(), at in 0_usize..400, bit in 0_u8..8) {
        let mut bytes = entry.encode();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Entry::decode(&bytes, POSTS, OWN) {
            prop_assert_ne!(&other, &entry);
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn a_cut_or_longer_entry_is_refused(entry in entries(), cut in 1_usize..200) {
        let mut bytes = entry.encode();
        let keep = bytes.len().saturating_sub(cut);
        prop_assert!(Entry::decode(&bytes[..keep], POSTS, OWN).is_err());
        bytes.push(0);
        prop_assert!(Entry::decode(&bytes, POSTS, OWN).is_err());
    }

    #[test]
    fn bytes_from_anybody_never_panic(
        mut bytes in prop::collection::vec(prop_oneof![0_u8..24, 0_u8.., 0x80_u8..0x84], 0..80),
        posts in 0_usize..20,
        own in 0_u8..,
    ) {
        let _ = Entry::decode(&bytes, posts, PostIndex(own));
        bytes.splice(0..0, [0x89, 1, 1]);
        let _ = Entry::decode(&bytes, posts, PostIndex(own));
    }
}
