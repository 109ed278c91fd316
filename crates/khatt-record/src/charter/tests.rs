use proptest::prelude::*;

use super::*;
use crate::keys::PostSigner;
use crate::keys_in_force::KeysInForce;
use crate::testing::{ROOTS, charter, line, signer};

fn broken(change: impl FnOnce(&mut Charter)) -> Result<(), CharterError> {
    let mut charter = charter(Kind::Real);
    change(&mut charter);
    charter.check()
}

/// A successor of the line's charter with a change.
fn next(change: impl FnOnce(&mut Charter)) -> SignedCharter {
    let mut draft = amendment(change);
    for root in ROOTS {
        draft.sign(&signer(root)).unwrap();
    }
    draft.complete().unwrap()
}

fn amendment(change: impl FnOnce(&mut Charter)) -> CharterDraft {
    let mut amendment = charter(Kind::Real);
    amendment.first = Some(line().line_id());
    amendment.previous = Some(line().hash());
    change(&mut amendment);
    CharterDraft::new(amendment).unwrap()
}

#[test]
fn a_charter_round_trips_and_keeps_its_hash() {
    let one = charter(Kind::Real);
    one.check().unwrap();
    assert_eq!(Charter::decode(&one.encode()), Ok(one.clone()));
    assert_eq!(one.line_id().0, one.hash().0);
    let amendment =
        Charter { first: Some(one.line_id()), previous: Some(one.hash()), ..one.clone() };
    assert_eq!(Charter::decode(&amendment.encode()), Ok(amendment.clone()));
    assert_eq!(amendment.line_id(), one.line_id());
    assert_ne!(charter(Kind::Drill).hash(), one.hash());
}

#[test]
fn each_rule_refuses() {
    use CharterError as E;
    let north = || "North".to_owned();
    assert_eq!(broken(|_| {}), Ok(()));
    assert_eq!(broken(|c| c.version = 2), Err(E::PeerUnknownVersion));
    assert_eq!(broken(|c| c.suite = 2), Err(E::PeerUnknownVersion));
    assert_eq!(broken(|c| c.parties.truncate(1)), Err(E::PeerPartyCount(1)));
    assert_eq!(broken(|c| c.posts.clear()), Err(E::PeerPostCount(0)));
    assert_eq!(broken(|c| c.parties[1].name = north()), Err(E::PeerNameTwice(north())));
    assert_eq!(
        broken(|c| c.parties[1].name = "NORTH".into()),
        Err(E::PeerNameTwice("NORTH".into()))
    );
    for name in ["", " North", "No\u{202e}rth", "No\nrth", "No  rth", "No\u{200b}rth"] {
        let error = Err(E::PeerUnusableName(name.to_owned()));
        assert_eq!(broken(|c| c.parties[0].name = name.to_owned()), error);
        assert_eq!(broken(|c| c.officers[0].title = name.to_owned()), error);
    }
    assert_eq!(
        broken(|c| c.posts[1].party = PartyIndex(2)),
        Err(E::PeerNoSuchParty(PartyIndex(2)))
    );
    let alone = broken(|c| c.posts[1].party = PartyIndex(0));
    assert_eq!(alone, Err(E::PeerPartyWithoutPost(PartyIndex(1))));
    assert_eq!(broken(|c| c.posts[0].log_key = [0; 32]), Err(E::PeerUnusableKey));
    assert_eq!(broken(|c| c.posts[0].prekey.truncate(9)), Err(E::PeerUnusableKey));
    assert_eq!(broken(|c| c.posts[0].log_key = c.posts[0].tls_key), Err(E::PeerKeyTwice));
    assert_eq!(broken(|c| c.posts[0].pq_key.clear()), Ok(()));
    assert_eq!(broken(|c| c.posts[0].pq_key.truncate(9)), Err(E::PeerUnusableKey));
    assert_eq!(broken(|c| c.posts[0].pq_key = c.posts[1].pq_key.clone()), Err(E::PeerKeyTwice));
    assert_eq!(broken(|c| c.officers[3].keys = c.officers[0].keys.clone()), Err(E::PeerKeyTwice));
    let keyless = broken(|c| c.officers[0].keys.clear());
    assert_eq!(keyless, Err(E::PeerOfficerWithoutKey(OfficerIndex(0))));
    for signatures in [0, 3, 9] {
        assert!(matches!(
            broken(|c| c.release[1].signatures = signatures),
            Err(E::PeerUnsatisfiable { precedence: Precedence::Immediate, .. })
        ));
    }
    assert_eq!(broken(|c| c.languages.clear()), Err(E::PeerLanguages));
    assert_eq!(broken(|c| c.languages.push("en".into())), Err(E::PeerLanguages));
    assert_eq!(broken(|c| c.forms.push(c.forms[0])), Err(E::PeerForms));
    assert_eq!(broken(|c| c.floor.forms.push(2)), Err(E::PeerForms));
    assert_eq!(broken(|c| c.witnesses.push("harbour".into())), Err(E::PeerWitness));
    assert_eq!(broken(|c| c.clocks[0].acknowledge_s = 0), Err(E::PeerNumbers("clocks")));
    assert_eq!(broken(|c| c.line_test.answer_s = 9999), Err(E::PeerNumbers("line tests")));
    assert_eq!(broken(|c| c.quotas.flash_per_hour = 0), Err(E::PeerNumbers("quotas")));
    assert_eq!(broken(|c| c.first = Some(LineId([1; 32]))), Err(E::PeerHalfAmendment));
    let north = PartyIndex(0);
    assert_eq!(broken(|c| c.parties[0].recovery.needed = 4), Err(E::PeerRecovery(north)));
    assert_eq!(broken(|c| c.parties[0].recovery.needed = 0), Err(E::PeerRecovery(north)));
    assert_eq!(broken(|c| c.parties[0].recovery.keys.clear()), Err(E::PeerRecovery(north)));
    let root = |c: &mut Charter| c.parties[0].recovery.keys[0] = c.parties[1].root_key;
    assert_eq!(broken(root), Err(E::PeerKeyTwice));
    assert_eq!(broken(|c| c.parties[0].orders = 1), Err(E::PeerOrders(north)));
    assert_eq!(broken(|c| c.posts[0].generation = 1), Err(E::PeerGeneration(PostIndex(0))));
}

#[test]
fn all_parties_sign_before_a_charter_is_used() {
    let mut draft = CharterDraft::new(charter(Kind::Real)).unwrap();
    assert_eq!(draft.missing(), [PartyIndex(0), PartyIndex(1)]);
    assert_eq!(draft.sign(&signer(ROOTS[1])), Ok(PartyIndex(1)));
    assert_eq!(draft.sign(&signer(99)), Err(SignError::LocalOtherKey));
    let half = draft.to_bytes();
    assert_eq!(SignedCharter::from_bytes(&half), Err(SignError::PeerUnsigned(PartyIndex(0))));
    let mut other = CharterDraft::new(charter(Kind::Real)).unwrap();
    other.sign(&signer(ROOTS[0])).unwrap();
    other.merge(&CharterDraft::from_bytes(&half).unwrap()).unwrap();
    let signed = other.complete().unwrap();
    assert_eq!(SignedCharter::from_bytes(signed.to_bytes()), Ok(signed.clone()));
    assert_eq!(signed, line());
}

#[test]
fn a_signature_is_for_one_charter_of_one_kind() {
    let message = signature_message(Kind::Drill, charter(Kind::Real).hash());
    let mut draft = CharterDraft::new(charter(Kind::Real)).unwrap();
    assert_eq!(
        draft.add_signature(PartyIndex(0), signer(1).sign(&message)),
        Err(SignError::PeerBadSignature(PartyIndex(0)))
    );
    let mut drill = CharterDraft::new(charter(Kind::Drill)).unwrap();
    drill.sign(&signer(1)).unwrap();
    assert_eq!(draft.merge(&drill), Err(SignError::PeerBadSignature(PartyIndex(0))));
    let mut file = line().to_bytes().to_vec();
    *file.last_mut().unwrap() ^= 1;
    assert_eq!(SignedCharter::from_bytes(&file), Err(SignError::PeerBadSignature(PartyIndex(1))));
}

#[test]
fn an_amendment_may_change_rules_and_add_but_not_replace() {
    let old = line();
    let check =
        |change: fn(&mut Charter)| KeysInForce::new(old.clone()).amended(next(change)).map(drop);
    assert_eq!(check(|c| c.line_test.interval_s = 600), Ok(()));
    assert_eq!(check(|c| c.officers[2].roles = Roles::NONE), Ok(()));
    let more = check(|c| {
        let key = OfficerKey { scheme: Scheme::Ed25519, key: signer(71).public() };
        c.officers[0].keys.push(key);
    });
    assert_eq!(more, Ok(()));
}

#[test]
fn an_amendment_names_its_predecessor_and_keeps_what_it_must() {
    use AmendError as E;
    let old = line();
    let check =
        |change: fn(&mut Charter)| KeysInForce::new(old.clone()).amended(next(change)).map(drop);
    assert_eq!(check(|c| c.previous = Some(Hash([1; 32]))), Err(E::PeerOtherPredecessor));
    assert_eq!(check(|c| c.first = Some(LineId([1; 32]))), Err(E::PeerOtherPredecessor));
    assert_eq!(check(|c| c.kind = Kind::Drill), Err(E::PeerOtherKind));
    assert_eq!(check(|c| c.parties[0].name = "West".into()), Err(E::PeerOtherParties));
    assert_eq!(check(|c| c.posts.swap(0, 1)), Err(E::PeerOtherPost(PostIndex(0))));
    assert_eq!(
        check(|c| c.posts[0].log_key = signer(77).public()),
        Err(E::PeerUnannouncedKey(PostIndex(0)))
    );
    assert_eq!(
        check(|c| c.posts[0].log_key = signer(51).public()),
        Err(E::PeerUnannouncedKey(PostIndex(0)))
    );
    let announced = check(|c| {
        c.posts[0].log_key = signer(51).public();
        c.posts[0].generation = 1;
    });
    // Only a key order begins a generation, because only that says at which entry.
    assert_eq!(announced, Err(E::PeerUnannouncedKey(PostIndex(0))));
    let root = |c: &mut Charter| c.parties[1].root_key = signer(79).public();
    let mut draft = amendment(root);
    draft.sign(&signer(1)).unwrap();
    draft.sign(&signer(79)).unwrap();
    let other = KeysInForce::new(old.clone()).amended(draft.complete().unwrap()).map(drop);
    assert_eq!(other, Err(E::PeerOtherRoot(PartyIndex(1))));
    assert_eq!(check(|c| c.parties[0].orders = 1), Err(E::PeerOtherOrders(PartyIndex(0))));
    assert_eq!(check(|c| c.parties[0].recovery = Recovery::none()), Ok(()));
    assert_eq!(
        check(|c| c.officers[0].keys[0].key = signer(78).public()),
        Err(E::PeerOtherOfficer(OfficerIndex(0)))
    );
    assert_eq!(check(|c| drop(c.officers.pop())), Err(E::PeerOtherOfficer(OfficerIndex(5))));
}

#[test]
fn two_signed_successors_accuse_whoever_signed_both() {
    let old = line();
    let draft = |nonce: u8, roots: &[u8]| {
        let mut amendment = charter(Kind::Real);
        amendment.first = Some(old.line_id());
        amendment.previous = Some(old.hash());
        amendment.nonce = [nonce; 16];
        let mut draft = CharterDraft::new(amendment).unwrap();
        for root in roots {
            draft.sign(&signer(*root)).unwrap();
        }
        draft
    };
    let fork = |one, other| CharterFork { one, other }.verify(&KeysInForce::new(old.clone()));
    assert_eq!(fork(draft(1, &[1]), draft(2, &[1, 2])), Ok(vec![PartyIndex(0)]));
    assert_eq!(fork(draft(1, &[1]), draft(2, &[2])), Err(CharterForkError::PeerNobody));
    assert_eq!(fork(draft(1, &[1]), draft(1, &[1])), Err(CharterForkError::PeerSame));
    let unrelated = CharterDraft::new(charter(Kind::Real)).unwrap();
    assert_eq!(fork(draft(1, &[1]), unrelated), Err(CharterForkError::PeerOtherPredecessor));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_changed_file_is_refused_or_still_the_same_charter(at in 0_usize..10_000, bit in 0_u8..8) {
        let mut file = line().to_bytes().to_vec();
        let at = at % file.len();
        file[at] ^= 1 << bit;
        prop_assert!(SignedCharter::from_bytes(&file).is_err());
    }

    #[test]
    fn bytes_from_anybody_never_panic(bytes in prop::collection::vec(0_u8.., 0..120)) {
        let _ = Charter::decode(&bytes);
        let _ = SignedCharter::from_bytes(&bytes);
    }
}
