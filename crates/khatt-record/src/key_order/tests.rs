use proptest::prelude::*;

use super::*;
use crate::charter::{PQ_KEY_LEN, Scheme};
use crate::keys::{PostSigner, SoftwareSigner};
use crate::testing::signer;

fn order(change: KeyChange) -> KeyOrder {
    KeyOrder {
        line: LineId([3; 32]),
        party: PartyIndex(1),
        number: 7,
        previous: Hash([4; 32]),
        t_ms: 1_700_000_000_000,
        change,
    }
}

fn changes() -> Vec<KeyChange> {
    let public = |number: u8| signer(number).public();
    let key = |number| OfficerKey { scheme: Scheme::Ed25519, key: public(number) };
    let officer = |keys| OfficerChange {
        officer: OfficerIndex(2_048),
        title: "South duty".to_owned(),
        roles: Roles::WATCH,
        keys,
    };
    let generation = |pq_key| {
        KeyChange::Generation(Box::new(NewGeneration {
            post: PostIndex(1),
            generation: 1,
            log_key: public(52),
            next_log_digest: Hash([5; 32]),
            pq_key,
            tls_key: public(53),
            prekey: vec![6; 1216],
            addresses: vec!["south.example:4800".to_owned()],
        }))
    };
    let connection = NewConnection { post: PostIndex(1), tls_key: public(54), addresses: vec![] };
    let recovery = Recovery { needed: 2, keys: vec![public(56), public(57), public(58)] };
    vec![
        KeyChange::Officer(officer(vec![key(70), key(71)])),
        KeyChange::Officer(OfficerChange { roles: Roles::NONE, ..officer(vec![]) }),
        generation(vec![]),
        generation(vec![7; PQ_KEY_LEN]),
        KeyChange::Connection(connection),
        KeyChange::Root { root_key: public(55), recovery },
        KeyChange::Root { root_key: public(55), recovery: Recovery::none() },
        KeyChange::CutOff { post: PostIndex(0) },
    ]
}

#[test]
fn every_kind_of_order_round_trips() {
    for change in changes() {
        let order = order(change);
        let body = order.encode();
        assert_eq!(KeyOrder::decode(&body), Ok(order.clone()));
        let file = SignedKeyOrder::new(order).to_bytes();
        let read = SignedKeyOrder::from_bytes(&file).unwrap();
        assert_eq!(read.to_bytes(), file);
        assert!(read.signers().next().is_none());
    }
}

#[test]
fn an_order_has_a_number_of_the_chain() {
    for number in [0, ORDERS_MAX + 1] {
        let order = KeyOrder { number, ..order(KeyChange::CutOff { post: PostIndex(0) }) };
        assert!(matches!(KeyOrder::decode(&order.encode()), Err(DecodeError::PeerTooLarge { .. })));
    }
}

#[test]
fn a_key_for_cosignatures_is_whole_or_not_there() {
    let Some(KeyChange::Generation(mut next)) = changes().into_iter().nth(3) else { panic!() };
    next.pq_key.truncate(100);
    let order = order(KeyChange::Generation(next));
    assert!(matches!(KeyOrder::decode(&order.encode()), Err(DecodeError::PeerOtherLength { .. })));
}

#[test]
fn files_of_one_order_join_and_others_do_not() {
    let mut one = SignedKeyOrder::new(order(KeyChange::CutOff { post: PostIndex(0) }));
    let mut other = one.clone();
    let line = crate::testing::line();
    let keys = crate::KeysInForce::new(line);
    let first = keys.next_order(PartyIndex(0), 0, KeyChange::CutOff { post: PostIndex(0) });
    let mut unrelated = SignedKeyOrder::new(first.unwrap());
    keys.sign(&mut unrelated, &signer(1)).unwrap();
    assert_eq!(one.merge(&unrelated), Err(KeyOrderError::PeerOtherPredecessor(1)));
    let mut signed = unrelated.clone();
    keys.sign(&mut signed, &signer(81)).unwrap();
    unrelated.merge(&signed).unwrap();
    assert_eq!(unrelated, signed);
    assert_eq!(signed.signers().collect::<Vec<_>>(), [KeySigner::ROOT, KeySigner::recovery(0)]);
    other.merge(&one.clone()).unwrap();
    assert_eq!(other, one);
    let stranger = SoftwareSigner::from_seed([99; 32]);
    assert_eq!(keys.sign(&mut signed, &stranger), Err(KeyOrderError::LocalOtherKey));
}

#[test]
fn numbers_of_added_officers_are_their_partys_own() {
    assert_eq!(added_place(OfficerIndex(511)), None);
    for (party, nth) in [(0, 0), (1, 5), (7, ADDED_MAX - 1)] {
        let officer = added_officer(PartyIndex(party), nth);
        assert_eq!(added_place(officer), Some((PartyIndex(party), nth)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn bytes_from_anybody_never_panic(bytes in prop::collection::vec(0_u8.., 0..200)) {
        let _ = KeyOrder::decode(&bytes);
        let _ = SignedKeyOrder::from_bytes(&bytes);
        let _ = KeyOrderFork::decode(&bytes);
    }

    #[test]
    fn what_is_read_is_written_again_in_the_same_bytes(
        which in 0_usize..8, at in 0_usize..4_000, bit in 0_u8..8,
    ) {
        let mut body = order(changes()[which].clone()).encode();
        let at = at % body.len();
        body[at] ^= 1 << bit;
        if let Ok(order) = KeyOrder::decode(&body) {
            prop_assert_eq!(order.encode(), body);
        }
    }
}
