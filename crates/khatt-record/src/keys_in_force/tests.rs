//! The threats that key orders answer, each by its name.

use super::*;
use crate::auth::{Auth, AuthError, OfficerSignature, check_auth};
use crate::charter::{AmendError, Charter, CharterDraft, OfficerKey, Roles, Scheme, hash_bytes};
use crate::commit::{OpenPart, Seed, body_commitment};
use crate::entry::{Act, MessageHeader, Seen};
use crate::ids::{Kind, Precedence};
use crate::key_order::{
    KeyChange, KeyOrderError as E, KeySigner, NewGeneration, OfficerChange, added_officer,
};
use crate::keys::PostSigner;
use crate::statement::{KeyId, Role, Statement, release_digest};
use crate::testing::{RECOVERY, ROOTS, charter, line, sign as sign_charter, signer};

const NORTH: PartyIndex = PartyIndex(0);
const SOUTH: PartyIndex = PartyIndex(1);
const POST: PostIndex = PostIndex(0);

fn keys() -> KeysInForce {
    KeysInForce::new(line())
}

fn key(number: u8) -> OfficerKey {
    OfficerKey { scheme: Scheme::Ed25519, key: signer(number).public() }
}

/// An order of North after those in force, signed with these test keys.
fn signed(keys: &KeysInForce, change: KeyChange, by: &[u8]) -> Arc<SignedKeyOrder> {
    signed_by(keys, NORTH, change, by)
}

fn signed_by(
    keys: &KeysInForce,
    party: PartyIndex,
    change: KeyChange,
    by: &[u8],
) -> Arc<SignedKeyOrder> {
    let mut order = SignedKeyOrder::new(keys.next_order(party, 5, change).unwrap());
    for number in by {
        keys.sign(&mut order, &signer(*number)).unwrap();
    }
    Arc::new(order)
}

/// North's recovery keys with these places.
fn quorum(places: &[usize]) -> Vec<u8> {
    places.iter().map(|place| RECOVERY[*place] + ROOTS[0]).collect()
}

fn officer(number: u16, keys: &[u8]) -> KeyChange {
    KeyChange::Officer(OfficerChange {
        officer: OfficerIndex(number),
        title: "duty".to_owned(),
        roles: Roles::WATCH.with(Roles::RELEASING),
        keys: keys.iter().map(|number| key(*number)).collect(),
    })
}

fn generation(number: u32, log: u8, next: u8) -> KeyChange {
    KeyChange::Generation(Box::new(NewGeneration {
        post: POST,
        generation: number,
        log_key: signer(log).public(),
        next_log_digest: hash_bytes(&signer(next).public()),
        pq_key: vec![],
        tls_key: signer(log + 100).public(),
        prekey: vec![9; 1216],
        addresses: vec!["north.example:4801".to_owned()],
    }))
}

const CUT_OFF: KeyChange = KeyChange::CutOff { post: POST };

fn root(number: u8) -> KeyChange {
    KeyChange::Root { root_key: signer(number).public(), recovery: Recovery::none() }
}

/// A ROUTINE message of North's post, which one officer releases with this key at this place.
fn message(by: OfficerIndex, place: u8, key: u8) -> (MessageHeader, OpenPart) {
    let (body, seed, t_ms) = (b"stand by".to_vec(), Seed::new([8; 16]), 1_700_000_000_000);
    let c_body = body_commitment(&seed.body_salt(), &body);
    let statement = Statement {
        line: line().line_id(),
        kind: Kind::Real,
        post: POST,
        act: Act::Release,
        draft_id: seed.draft_id(),
        digest: release_digest(c_body, Precedence::Routine, None),
        role: Role::Release,
        not_after_ms: t_ms + 600_000,
    };
    let kid = KeyId { officer: by, key: place };
    let auth = Auth(vec![OfficerSignature::make(&statement, kid, &signer(key))]);
    let open = OpenPart { body, auth: auth.encode(t_ms).unwrap(), seed };
    let (c_body, c_auth) = open.commitments();
    let header = MessageHeader {
        t_ms,
        seen: Seen::none(2, POST),
        act: Act::Release,
        precedence: Precedence::Routine,
        thread: None,
        c_body,
        c_auth,
    };
    (header, open)
}

fn check(keys: &KeysInForce, by: u16, place: u8, key: u8) -> Result<(), AuthError> {
    let (header, open) = message(OfficerIndex(by), place, key);
    check_auth(keys, POST, &header, &open).map(drop)
}

#[test]
fn without_orders_the_charter_is_in_force() {
    let keys = keys();
    assert_eq!(keys.officers().count(), 6);
    assert_eq!(keys.officer(OfficerIndex(1)), line().officer(OfficerIndex(1)));
    assert_eq!(keys.log_key(POST), line().log_key(POST));
    assert_eq!(keys.origin(POST), line().origin(POST).as_ref());
    assert_eq!((keys.generation(POST), keys.is_cut_off(POST)), (Some(0), false));
    assert_eq!(keys.root_key(SOUTH), Some(&signer(ROOTS[1]).public()));
    assert_eq!(keys.generation(PostIndex(9)), None);
    assert_eq!(check(&keys, 1, 0, 42), Ok(()));
}

#[test]
fn lost_laptop_counts_for_nothing_after_the_order_and_counts_before_it() {
    let mut keys = keys();
    let before = keys.clone();
    let order = signed(&keys, officer(1, &[70]), &[1]);
    assert_eq!(keys.apply(&order), Ok(Applied::InForce));
    assert_eq!(keys.apply(&order), Ok(Applied::Already));
    assert_eq!(check(&before, 1, 0, 42), Ok(()));
    let refused = Err(AuthError::PeerBadSignature(OfficerIndex(1)));
    assert_eq!(check(&keys, 1, 0, 42), refused);
    assert_eq!(check(&keys, 1, 0, 70), Ok(()));
    assert_eq!(check(&before, 1, 0, 70), refused);
}

#[test]
fn one_who_is_no_longer_an_officer_signs_nothing() {
    let mut keys = keys();
    let gone = OfficerChange {
        officer: OfficerIndex(1),
        title: "releasing".to_owned(),
        roles: Roles::NONE,
        keys: vec![],
    };
    keys.apply(&signed(&keys, KeyChange::Officer(gone), &[1])).unwrap();
    assert_eq!(check(&keys, 1, 0, 42), Err(AuthError::PeerOtherRole(OfficerIndex(1))));
}

#[test]
fn rogue_officer_with_two_keys_is_one_officer() {
    let mut keys = keys();
    keys.apply(&signed(&keys, officer(1, &[42, 70]), &[1])).unwrap();
    assert_eq!(check(&keys, 1, 1, 70), Ok(()));
    let (mut header, mut open) = message(OfficerIndex(1), 0, 42);
    let (_, other) = message(OfficerIndex(1), 1, 70);
    let mut both = Auth::decode(&open.auth, header.t_ms).unwrap();
    both.0.extend(Auth::decode(&other.auth, header.t_ms).unwrap().0);
    open.auth = both.encode(header.t_ms).unwrap();
    (header.c_body, header.c_auth) = open.commitments();
    let twice = Err(AuthError::PeerSignedTwice(OfficerIndex(1)));
    assert_eq!(check_auth(&keys, POST, &header, &open).map(drop), twice);
    // And after one of them is dropped, only the other counts.
    keys.apply(&signed(&keys, officer(1, &[70]), &[1])).unwrap();
    assert_eq!(check(&keys, 1, 0, 42), Err(AuthError::PeerBadSignature(OfficerIndex(1))));
    assert_eq!(check(&keys, 1, 1, 70), Err(AuthError::PeerNoSuchOfficer(OfficerIndex(1))));
    assert_eq!(check(&keys, 1, 0, 70), Ok(()));
}

#[test]
fn two_parties_add_officers_without_taking_each_others_numbers() {
    let (mut one, mut other) = (keys(), keys());
    let north = added_officer(NORTH, 0);
    let ours = signed(&one, officer(north.0, &[70]), &[1]);
    let theirs = signed_by(&one, SOUTH, officer(added_officer(SOUTH, 0).0, &[71]), &[2]);
    for order in [&ours, &theirs] {
        one.apply(order).unwrap();
    }
    for order in [&theirs, &ours] {
        other.apply(order).unwrap();
    }
    let rows = |keys: &KeysInForce| {
        keys.officers().map(|(index, row)| (index, row.clone())).collect::<Vec<_>>()
    };
    assert_eq!(rows(&one), rows(&other));
    assert_eq!(one.officers().count(), 8);
    assert_eq!(check(&one, north.0, 0, 70), Ok(()));
    assert_eq!(one.next_officer(NORTH), added_officer(NORTH, 1));
    for number in [north.0 + 2, added_officer(SOUTH, 1).0, 3, 6] {
        let refused = Err(E::PeerOtherOfficer(OfficerIndex(number)));
        assert_eq!(one.apply(&signed(&one, officer(number, &[72]), &[1])), refused);
    }
}

#[test]
fn order_of_another_line_or_kind_or_party_is_refused() {
    let mut here = keys();
    let drill = KeysInForce::new(sign_charter(charter(Kind::Drill)));
    let order = signed(&drill, CUT_OFF, &[1]);
    assert_eq!(here.apply(&order), Err(E::PeerOtherLine));
    // The body names our line, but the signature is of the other kind.
    let mut body = here.next_order(NORTH, 5, CUT_OFF).unwrap();
    body.number = 1;
    let mut forged = SignedKeyOrder::new(body);
    let authority =
        crate::key_order::Authority { root_key: &signer(1).public(), recovery: &Recovery::none() };
    forged.sign_as(Kind::Drill, authority, &signer(1)).unwrap();
    assert_eq!(here.apply(&Arc::new(forged)), Err(E::PeerBadSignature(0)));
    // South orders what is North's.
    let theirs = signed_by(&here, SOUTH, CUT_OFF, &[2]);
    assert_eq!(here.apply(&theirs), Err(E::PeerOtherPost(POST)));
    let theirs = signed_by(&here, SOUTH, officer(1, &[70]), &[2]);
    assert_eq!(here.apply(&theirs), Err(E::PeerOtherOfficer(OfficerIndex(1))));
    // And South cannot sign in North's name.
    let mut ours = SignedKeyOrder::new(here.next_order(NORTH, 5, CUT_OFF).unwrap());
    assert_eq!(here.sign(&mut ours, &signer(2)), Err(E::LocalOtherKey));
    assert_eq!(here.apply(&Arc::new(ours)), Err(E::PeerUnauthorised));
    assert!(!here.is_cut_off(POST));
}

#[test]
fn orders_wait_for_those_before_them_and_are_not_taken_twice() {
    let (mut author, mut other) = (keys(), keys());
    let first = signed(&author, officer(1, &[70]), &[1]);
    author.apply(&first).unwrap();
    let second = signed(&author, officer(1, &[71]), &[1]);
    author.apply(&second).unwrap();
    assert_eq!(other.apply(&second), Err(E::PeerWaits { number: 2, next: 1 }));
    assert_eq!(other.apply(&first), Ok(Applied::InForce));
    assert_eq!(other.apply(&second), Ok(Applied::InForce));
    // An old order again does not bring the old key back.
    assert_eq!(other.apply(&first), Ok(Applied::Already));
    assert_eq!(check(&other, 1, 0, 71), Ok(()));
    assert_eq!(check(&other, 1, 0, 70), Err(AuthError::PeerBadSignature(OfficerIndex(1))));
}

#[test]
fn stolen_post_is_cut_off_until_its_next_generation() {
    let mut keys = keys();
    keys.apply(&signed(&keys, CUT_OFF, &quorum(&[0, 2]))).unwrap();
    assert!(keys.is_cut_off(POST) && !keys.is_cut_off(PostIndex(1)));
    keys.apply(&signed(&keys, generation(1, 51, 52), &[1])).unwrap();
    assert!(!keys.is_cut_off(POST));
    assert_eq!(keys.generation(POST), Some(1));
    assert_eq!(keys.log_key(POST).unwrap().as_bytes(), &signer(51).public());
    assert_eq!(keys.connection_key(POST), Some(&signer(151).public()));
    assert_eq!(keys.addresses(POST), ["north.example:4801".to_owned()]);
    assert_eq!(keys.prekey(POST), Some((65_536, [9; 1216].as_slice())));
    let [old, new] = keys.generations(POST) else { panic!("two generations") };
    assert_eq!((old.origin.clone(), old.number), (line().origin(POST).unwrap(), 0));
    assert_ne!(new.origin, old.origin);
}

#[test]
fn thief_with_the_post_cannot_give_it_a_generation() {
    let mut keys = keys();
    // Another key than the one announced, whoever signs.
    let refused = Err(E::PeerUnannouncedKey(POST));
    assert_eq!(keys.apply(&signed(&keys, generation(1, 55, 52), &[1])), refused);
    let skipped = Err(E::PeerOtherGeneration(POST));
    assert_eq!(keys.apply(&signed(&keys, generation(2, 51, 52), &[1])), skipped);
    // The announced key, signed by one recovery key of the two that it takes.
    let one = signed(&keys, generation(1, 51, 52), &quorum(&[1]));
    assert_eq!(keys.apply(&one), Err(E::PeerUnauthorised));
    assert_eq!(keys.generation(POST), Some(0));
    // The same order with both is in force.
    let both = signed(&keys, generation(1, 51, 52), &quorum(&[1, 0]));
    assert_eq!(keys.apply(&both), Ok(Applied::InForce));
}

#[test]
fn recovery_keys_alone_appoint_no_officer() {
    let mut keys = keys();
    let order = signed(&keys, officer(1, &[70]), &quorum(&[0, 1, 2]));
    assert_eq!(keys.apply(&order), Err(E::PeerUnauthorised));
    let with_root = signed(&keys, officer(1, &[70]), &[quorum(&[0, 1]), vec![1]].concat());
    assert_eq!(keys.apply(&with_root), Ok(Applied::InForce));
}

#[test]
fn old_root_key_signs_nothing_after_its_successor() {
    let mut keys = keys();
    keys.apply(&signed(&keys, root(73), &[1])).unwrap();
    assert_eq!(keys.root_key(NORTH), Some(&signer(73).public()));
    let mut order = SignedKeyOrder::new(keys.next_order(NORTH, 5, CUT_OFF).unwrap());
    assert_eq!(keys.sign(&mut order, &signer(1)), Err(E::LocalOtherKey));
    let old = signer(1).public();
    let authority = crate::key_order::Authority { root_key: &old, recovery: &Recovery::none() };
    order.sign_as(Kind::Real, authority, &signer(1)).unwrap();
    assert_eq!(keys.apply(&Arc::new(order)), Err(E::PeerBadSignature(0)));
    assert_eq!(keys.apply(&signed(&keys, CUT_OFF, &[73])), Ok(Applied::InForce));
}

#[test]
fn forked_key_orders_accuse_the_party_and_stop_its_chain() {
    let mut keys = keys();
    let (one, other) = (signed(&keys, officer(1, &[70]), &[1]), signed(&keys, CUT_OFF, &[1]));
    keys.apply(&one).unwrap();
    let Ok(Applied::Forked(proof)) = keys.apply(&other) else { panic!("a fork") };
    assert_eq!(KeyOrderFork::decode(&proof.encode()), Ok((*proof).clone()));
    for view in [&keys, &self::keys()] {
        assert_eq!(proof.verify(view), Ok(NORTH));
    }
    // The first taken stays, and nothing after it is taken.
    assert_eq!((check(&keys, 1, 0, 70), keys.is_cut_off(POST)), (Ok(()), false));
    assert_eq!(keys.forked(NORTH), Some(1));
    let stopped = Err(E::PeerForkedBefore { party: NORTH, number: 1 });
    assert_eq!(keys.apply(&signed(&keys, CUT_OFF, &[1])), stopped);
    assert_eq!(keys.apply(&signed(&keys, CUT_OFF, &quorum(&[0, 1]))), stopped);
    // Until the recovery quorum gives the party another root key.
    keys.apply(&signed(&keys, root(73), &quorum(&[0, 1]))).unwrap();
    assert_eq!(keys.apply(&signed(&keys, CUT_OFF, &[73])), Ok(Applied::InForce));
}

#[test]
fn proof_of_forked_orders_accuses_nobody_if_it_is_wrong() {
    use crate::key_order::KeyOrderForkError as F;
    let keys = keys();
    let (one, other) = (signed(&keys, officer(1, &[70]), &[1]), signed(&keys, CUT_OFF, &[1]));
    let theirs = signed_by(&keys, SOUTH, officer(4, &[71]), &[2]);
    let proof = |one: &Arc<SignedKeyOrder>, other: &Arc<SignedKeyOrder>| KeyOrderFork {
        one: SignedKeyOrder::clone(one),
        other: SignedKeyOrder::clone(other),
    };
    assert_eq!(proof(&one, &one).verify(&keys), Err(F::PeerNoContradiction));
    assert_eq!(proof(&one, &theirs).verify(&keys), Err(F::PeerNoContradiction));
    let unsigned = Arc::new(SignedKeyOrder::new(other.order().clone()));
    let refused = Err(F::PeerOrder(E::PeerUnauthorised));
    assert_eq!(proof(&one, &unsigned).verify(&keys), refused);
    let by_quorum = signed(&keys, CUT_OFF, &quorum(&[0, 1]));
    assert_eq!(proof(&one, &by_quorum).verify(&keys), Err(F::PeerOutranked));
}

#[test]
fn thief_of_the_root_key_is_overruled_by_the_recovery_quorum() {
    let mut keys = keys();
    let ours = signed(&keys, root(73), &quorum(&[0, 1]));
    let thief = signed(&keys, root(74), &[1]);
    keys.apply(&thief).unwrap();
    let second = signed(&keys, officer(1, &[75]), &[74]);
    keys.apply(&second).unwrap();
    assert_eq!(check(&keys, 1, 0, 75), Ok(()));
    let displaced = vec![Arc::clone(&thief), Arc::clone(&second)];
    assert_eq!(keys.apply(&ours), Ok(Applied::Displaced(displaced)));
    assert_eq!(keys.root_key(NORTH), Some(&signer(73).public()));
    assert_eq!(check(&keys, 1, 0, 42), Ok(()));
    // What the thief signed comes to nothing, in whatever order it comes.
    assert_eq!(keys.apply(&thief), Ok(Applied::Outranked));
    assert_eq!(keys.apply(&second), Err(E::PeerBadSignature(0)));
    assert_eq!(keys.forked(NORTH), None);
    assert_eq!(keys.apply(&signed(&keys, CUT_OFF, &[73])), Ok(Applied::InForce));
}

#[test]
fn recovery_keys_of_long_ago_cannot_go_back_behind_what_the_quorum_signed() {
    let mut keys = keys();
    let stale = signed(&keys, root(74), &quorum(&[0, 1]));
    keys.apply(&signed(&keys, officer(1, &[70]), &[1])).unwrap();
    let both = [quorum(&[0, 1]), vec![1]].concat();
    keys.apply(&signed(&keys, root(73), &both)).unwrap();
    assert_eq!(keys.apply(&stale), Ok(Applied::Outranked));
    assert_eq!(keys.root_key(NORTH), Some(&signer(73).public()));
}

#[test]
fn keys_of_the_party_stand_in_one_place() {
    let mut keys = keys();
    for used in [1, 11, 21, 31, 41, 81] {
        let order = signed(&keys, officer(1, &[used]), &[1]);
        assert_eq!(keys.apply(&order), Err(E::PeerKeyTwice), "{used}");
    }
    assert_eq!(keys.apply(&signed(&keys, officer(1, &[70, 70]), &[1])), Err(E::PeerKeyTwice));
    let mut weak = officer(1, &[70]);
    let KeyChange::Officer(change) = &mut weak else { unreachable!() };
    change.keys[0].key = [0; 32];
    assert_eq!(keys.apply(&signed(&keys, weak, &[1])), Err(E::PeerUnusableKey));
    // Another party's keys are not looked at: it could otherwise make a revocation fail.
    assert_eq!(keys.apply(&signed(&keys, officer(1, &[44]), &[1])), Ok(Applied::InForce));
}

#[test]
fn key_for_cosignatures_stands_with_one_post() {
    let mut own = charter(Kind::Real);
    own.posts[1].party = NORTH;
    own.posts.push(crate::charter::Post {
        party: SOUTH,
        name: "South watch".to_owned(),
        log_key: signer(13).public(),
        cosign_key: signer(23).public(),
        tls_key: signer(33).public(),
        pq_key: vec![],
        ..own.posts[0].clone()
    });
    own.posts[1].name = "North reserve".to_owned();
    let mut keys = KeysInForce::new(sign_charter(own));
    let taken = keys.pq_key(PostIndex(1)).unwrap().to_vec();
    let KeyChange::Generation(mut next) = generation(1, 51, 52) else { unreachable!() };
    next.pq_key = taken;
    let twice = signed(&keys, KeyChange::Generation(next.clone()), &[1]);
    assert_eq!(keys.apply(&twice), Err(E::PeerKeyTwice));
    next.pq_key = vec![77; crate::charter::PQ_KEY_LEN];
    let good = signed(&keys, KeyChange::Generation(next.clone()), &[1]);
    keys.apply(&good).unwrap();
    assert_eq!(keys.pq_key(POST), Some(next.pq_key.as_slice()));
}

fn amend(keys: &KeysInForce, change: impl FnOnce(&mut Charter), by: &[u8]) -> SignedCharter {
    let mut next = keys.charter().charter().clone();
    next.first = Some(keys.line_id());
    next.previous = Some(keys.charter().hash());
    change(&mut next);
    let mut draft = CharterDraft::new(next).unwrap();
    for number in by {
        draft.sign(&signer(*number)).unwrap();
    }
    draft.complete().unwrap()
}

#[test]
fn downgraded_charter_does_not_bring_a_revoked_key_back() {
    let mut keys = keys();
    // Drawn up before the order, adopted after it: the order stands over it.
    let old = amend(&keys, |next| next.line_test.interval_s = 600, &ROOTS);
    keys.apply(&signed(&keys, officer(1, &[70]), &[1])).unwrap();
    let amended = keys.amended(old).unwrap();
    assert_eq!(check(&amended, 1, 0, 42), Err(AuthError::PeerBadSignature(OfficerIndex(1))));
    assert_eq!(check(&amended, 1, 0, 70), Ok(()));
    // One that says it stands on the order must have what the order said.
    let stands = |next: &mut Charter| next.parties[0].orders = 1;
    let other = Err(AmendError::PeerOtherOfficer(OfficerIndex(1)));
    assert_eq!(keys.amended(amend(&keys, stands, &ROOTS)).map(drop), other);
    let good = amend(
        &keys,
        |next| {
            stands(next);
            next.officers[1].keys = vec![key(70), key(71)];
        },
        &ROOTS,
    );
    let next = keys.amended(good).unwrap();
    assert_eq!(check(&next, 1, 1, 71), Ok(()));
    // And the next one cannot stand on less.
    let less = amend(&next, |next| next.parties[0].orders = 0, &ROOTS);
    assert_eq!(next.amended(less).map(drop), Err(AmendError::PeerOtherOrders(NORTH)));
    // The chain goes on under the new charter.
    let mut next = next;
    assert_eq!(next.apply(&signed(&next, CUT_OFF, &[1])), Ok(Applied::InForce));
}

#[test]
fn amendment_signed_with_a_root_key_of_before_is_refused() {
    let mut keys = keys();
    let old = amend(&keys, |next| next.line_test.interval_s = 600, &ROOTS);
    keys.apply(&signed(&keys, root(73), &[1])).unwrap();
    assert_eq!(keys.amended(old).map(drop), Err(AmendError::PeerOtherRoot(NORTH)));
    let new = amend(
        &keys,
        |next| {
            next.parties[0].root_key = signer(73).public();
            next.parties[0].recovery = Recovery::none();
            next.parties[0].orders = 1;
        },
        &[73, 2],
    );
    assert!(keys.amended(new).is_ok());
}

#[test]
fn amendment_keeps_the_generation_that_an_order_began() {
    let mut keys = keys();
    keys.apply(&signed(&keys, generation(1, 51, 52), &[1])).unwrap();
    let stale = amend(&keys, |next| next.parties[0].orders = 1, &ROOTS);
    assert_eq!(keys.amended(stale).map(drop), Err(AmendError::PeerUnannouncedKey(POST)));
    let good = amend(
        &keys,
        |next| {
            next.parties[0].orders = 1;
            next.posts[0].generation = 1;
            next.posts[0].log_key = signer(51).public();
            next.posts[0].next_log_digest = hash_bytes(&signer(52).public());
        },
        &ROOTS,
    );
    let amended = keys.amended(good).unwrap();
    assert_eq!(amended.generations(POST), keys.generations(POST));
    // One drawn up before it leaves it in force.
    let before = amend(&self::keys(), |next| next.line_test.interval_s = 600, &ROOTS);
    assert_eq!(keys.amended(before).unwrap().generation(POST), Some(1));
}

#[test]
fn two_amendments_accuse_by_the_root_key_in_force() {
    use crate::charter::{CharterFork, CharterForkError};
    let mut keys = keys();
    let draft = |interval, by: &[u8]| {
        let next = amend(&self::keys(), |next| next.line_test.interval_s = interval, by);
        CharterDraft::from_bytes(next.to_bytes()).unwrap()
    };
    let fork = CharterFork { one: draft(600, &ROOTS), other: draft(601, &ROOTS) };
    assert_eq!(fork.verify(&keys), Ok(vec![NORTH, SOUTH]));
    keys.apply(&signed(&keys, root(73), &[1])).unwrap();
    assert_eq!(fork.verify(&keys), Ok(vec![NORTH, SOUTH]));
    // A forger's root key accuses nobody.
    let forged = |interval| {
        let change = |next: &mut Charter| {
            next.line_test.interval_s = interval;
            next.parties[0].root_key = signer(74).public();
        };
        let mut next = keys.charter().charter().clone();
        next.first = Some(keys.line_id());
        next.previous = Some(keys.charter().hash());
        change(&mut next);
        let mut draft = CharterDraft::new(next).unwrap();
        draft.sign(&signer(74)).unwrap();
        draft
    };
    let fork = CharterFork { one: forged(600), other: forged(601) };
    assert_eq!(fork.verify(&keys), Err(CharterForkError::PeerNobody));
}

#[test]
fn signatures_of_two_files_of_one_order_add_up() {
    let mut keys = keys();
    let by_root = signed(&keys, CUT_OFF, &[1]);
    let by_quorum = signed(&keys, CUT_OFF, &quorum(&[0, 1]));
    keys.apply(&by_root).unwrap();
    assert_eq!(keys.apply(&by_quorum), Ok(Applied::Already));
    let held = keys.orders(NORTH).next().unwrap();
    assert_eq!(held.signers().count(), 3);
    assert!(held.signers().any(|signer| signer == KeySigner::ROOT));
    // Now it has the quorum's weight: a thief's order of that number is outranked, no fork.
    let thief = signed(&self::keys(), root(74), &[1]);
    assert_eq!(keys.apply(&thief), Ok(Applied::Outranked));
}
