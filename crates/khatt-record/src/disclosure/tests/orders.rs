//! Logs of a later generation than the charter's, and officers whose keys an order changed.

use std::sync::Arc;

use super::*;
use crate::charter::{OfficerKey, Roles, Scheme, hash_bytes};
use crate::ids::PartyIndex;
use crate::key_order::{KeyChange, NewGeneration, OfficerChange, SignedKeyOrder};
use crate::keys_in_force::KeysInForce;
use crate::testing::ROOTS;

const PARTY: PartyIndex = PartyIndex(0);

/// North's releasing officer gets a new key, and then North's post a new generation.
pub(super) fn orders(charter: &SignedCharter) -> Vec<SignedKeyOrder> {
    let officer = KeyChange::Officer(OfficerChange {
        officer: OfficerIndex(1),
        title: "releasing".to_owned(),
        roles: Roles::RELEASING,
        keys: vec![OfficerKey { scheme: Scheme::Ed25519, key: signer(48).public() }],
    });
    let generation = KeyChange::Generation(Box::new(NewGeneration {
        post: NORTH,
        generation: 1,
        log_key: signer(51).public(),
        next_log_digest: hash_bytes(&signer(53).public()),
        pq_key: vec![],
        tls_key: signer(35).public(),
        prekey: vec![9; 1216],
        addresses: vec!["north.example:4801".to_owned()],
    }));
    signed_orders(charter, [officer, generation])
}

fn signed_orders(
    charter: &SignedCharter,
    changes: impl IntoIterator<Item = KeyChange>,
) -> Vec<SignedKeyOrder> {
    let mut keys = KeysInForce::new(charter.clone());
    let mut orders = Vec::new();
    for change in changes {
        let mut order = SignedKeyOrder::new(keys.next_order(PARTY, 5, change).unwrap());
        keys.sign(&mut order, &signer(ROOTS[0])).unwrap();
        keys.apply(&Arc::new(order.clone())).unwrap();
        orders.push(order);
    }
    orders
}

/// An entry of North's second generation, with the orders that led to it.
pub(super) fn second_generation(charter: &SignedCharter) -> Disclosure {
    let (header, open) = message(charter, 200, b"the disclosed body");
    let origin = Origin::of(charter.line_id(), charter.kind(), NORTH, 1);
    let one = disclosure_of(charter, 20, (&header, &open), (origin, 1, 51));
    Disclosure { orders: orders(charter), ..one }
}

/// An entry that North's releasing officer released with the key of the first of those orders.
pub(super) fn later_key(charter: &SignedCharter) -> Disclosure {
    let (header, open) = message_by(charter, 200, b"the disclosed body", [41, 48]);
    let origin = charter.origin(NORTH).unwrap();
    let one = disclosure_of(charter, 20, (&header, &open), (origin, 0, 11));
    let (salt, draft_id) = (open.seed.auth_salt(), open.seed.draft_id());
    let officers = Some(OfficersPart { salt, draft_id, auth: open.auth.clone() });
    Disclosure { orders: orders(charter)[..1].to_vec(), officers, ..one }
}

#[test]
fn later_generation_is_known_by_the_orders_that_led_to_it() {
    let charter = line();
    let one = second_generation(&charter);
    assert_eq!(
        check(&one, &given(&charter)).unwrap().answer(),
        Answer::PartiesEstablished,
        "what its own post could sign with the new key alone"
    );
    let without = Disclosure { orders: vec![], ..one.clone() };
    assert_eq!(check(&without, &given(&charter)).unwrap_err(), "disclosure.other-key");
    let half = Disclosure { orders: one.orders[..1].to_vec(), ..one.clone() };
    assert_eq!(check(&half, &given(&charter)).unwrap_err(), "disclosure.other-key");
    let gap = Disclosure { orders: one.orders[1..].to_vec(), ..one.clone() };
    assert_eq!(check(&gap, &given(&charter)).unwrap_err(), "disclosure.order");
    assert_eq!(
        check(&without, &Anchor::Nothing).unwrap().answer(),
        Answer::ConsistentOnly,
        "who gives no charter learns nothing of whose key it is"
    );
    // Entries of the first generation stay what they were.
    let first = Disclosure { orders: one.orders.clone(), ..disclosure(&charter, 20) };
    assert!(check(&first, &given(&charter)).is_ok());
}

#[test]
fn orders_that_their_party_did_not_sign_are_refused() {
    let charter = line();
    let one = second_generation(&charter);
    let mut by_south = SignedKeyOrder::new(one.orders[0].order().clone());
    let mut keys = KeysInForce::new(charter.clone());
    assert!(keys.sign(&mut by_south, &signer(ROOTS[1])).is_err(), "South has no key for it");
    let forged = Disclosure { orders: vec![by_south], ..one.clone() };
    assert_eq!(check(&forged, &given(&charter)).unwrap_err(), "disclosure.order");
    // Those of another line that has the same parties and keys.
    let mut nonce = self::charter(Kind::Real);
    nonce.nonce = [8; 16];
    let foreign = Disclosure { orders: orders(&sign(nonce)), ..one.clone() };
    assert_eq!(check(&foreign, &given(&charter)).unwrap_err(), "disclosure.order");
    let mut twice = one.clone();
    twice.orders.insert(0, one.orders[0].clone());
    assert_eq!(check(&twice, &given(&charter)).unwrap_err(), "disclosure.extra");
    keys.apply(&Arc::new(one.orders[0].clone())).unwrap();
}

#[test]
fn post_that_the_orders_cut_off_signs_nothing_that_counts() {
    let charter = line();
    let orders = signed_orders(&charter, [KeyChange::CutOff { post: NORTH }]);
    let one = Disclosure { orders, ..disclosure(&charter, 20) };
    assert_eq!(check(&one, &given(&charter)).unwrap_err(), "disclosure.other-key");
}

#[test]
fn officers_key_of_an_order_counts_with_that_order_only() {
    let charter = line();
    let one = later_key(&charter);
    let report = check(&one, &given(&charter)).unwrap();
    let both = vec![(OfficerIndex(0), Role::Draft), (OfficerIndex(1), Role::Release)];
    assert_eq!(report.officers, OfficersShown::Signed(both.clone()));
    let without = Disclosure { orders: vec![], ..one.clone() };
    assert_eq!(check(&without, &given(&charter)).unwrap_err(), "disclosure.officers");
    // One who signed before an order changed the key has signed all the same.
    let before = Disclosure { orders: orders(&charter), ..with_officers(&charter) };
    assert_eq!(check(&before, &given(&charter)).unwrap().officers, OfficersShown::Signed(both));
}
